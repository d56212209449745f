// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "./Authority.sol";
import {Identity} from "./Identity.sol";
import {IConfigGovernance} from "./Interfaces.sol";
import {Names} from "./Names.sol";
import {DCAPEvent, DCAPReport, MAAReport, Timed} from "./Types.sol";
import {Workload} from "./Workload.sol";

/// Governs one application: which workloads are it, and what they are configured with.
contract Registry is Workload, IConfigGovernance {
    mapping(bytes32 => Timed) internal _configs; // 32

    event IdentityConfigSet(bytes32 identity, bytes32 configHash, address setter);
    event IdentityConfigTimed(bytes32 indexed identity, bytes32 configHash, uint64 from);
    event StorageBackendSet(string backend, address setter);
    event StorageBackendRemoved(string backend, address remover);

    error PrincipalNeeded();

    constructor(address owner_, uint8 scheme) Authority(owner_, scheme, false) {}

    // ---- configurations ----

    /// Zero, and no revert, for an identity that is not allowed.
    function ConfigForIdentity(bytes32 identity, address operator) external view returns (bytes32) {
        return IdentityAllowed(identity, operator) ? _timed(_configs[identity]) : bytes32(0);
    }

    /// Also allows the identity (a principal, where the settings say so), if it is not allowed yet.
    function setConfigForIdentity(bytes32 identity, bytes32 configHash) external onlyCurator {
        _setConfig(identity, configHash);
    }

    function setConfigForDCAP(DCAPReport calldata report, DCAPEvent[] calldata, bytes32 configHash)
        external
        onlyCurator
        onlyScheme(1)
    {
        _setConfig(Identity.dcap1(report), configHash);
    }

    function setConfigForMAA(MAAReport calldata report, bytes32 configHash) external onlyCurator {
        _setConfig(MAAIdentity(report), configHash);
    }

    function setConfigForDCAPV2(
        DCAPReport calldata report,
        bytes8 tdAttributes,
        bytes8 xfam,
        bytes32 configHash
    ) external onlyCurator returns (bytes32 identity) {
        _noPrincipal();
        identity = _measuredTdx(report, tdAttributes, xfam);
        _setConfig(identity, configHash);
    }

    function setConfigForAzureV2(
        bytes calldata mrTd,
        MAAReport calldata report,
        bytes8 tdAttributes,
        bytes8 xfam,
        bytes32 configHash
    ) external onlyCurator returns (bytes32 identity) {
        _noPrincipal();
        identity = _measuredAzure(mrTd, report, tdAttributes, xfam);
        _setConfig(identity, configHash);
    }

    /// Takes the configuration away and revokes the identity, at once.
    function removeConfigMapForIdentity(bytes32 identity) external onlyGuardian {
        _deny(KIND_IDENTITY, identity, REVOKED);
        Timed storage t = _configs[identity];
        if (t.current == 0 && t.next == 0) return;
        delete _configs[identity];
        _count();
        emit IdentityConfigSet(identity, 0, msg.sender);
    }

    function identityConfigMap(bytes32 identity) external view returns (bytes32) {
        return _timed(_configs[identity]);
    }

    /// A contract whose list holds principals needs a configuration hash as well: compute the principal
    /// (`principalOf`) and use setConfigForIdentity.
    function _noPrincipal() private view {
        if (_head.principal) revert PrincipalNeeded();
    }

    function _setConfig(bytes32 identity, bytes32 configHash) private {
        if (configHash == 0) revert Empty();
        uint16 policyId = _identities[identity].policyId;
        _allow(KIND_IDENTITY, identity, policyId, _keptEnd(identity));
        uint64 from = _setTimed(_configs[identity], configHash);
        _count();
        emit IdentityConfigSet(identity, configHash, msg.sender);
        emit IdentityConfigTimed(identity, configHash, from);
    }

    /// The end of a permission that is running; a new one has none.
    function _keptEnd(bytes32 identity) private view returns (uint64) {
        uint64 end = _identities[identity].notAfter;
        return end != 0 && block.timestamp > end ? 0 : end;
    }

    // ---- where configurations and secrets are found ----

    /// Credentials in a URI are refused.  A backend that is there already stays where it is.
    function setStorageBackend(string calldata uri) external onlyOwner notEnded {
        Names.checkUri(uri);
        uint256 n = _backends.length;
        for (uint256 i; i < n; ++i) {
            if (keccak256(bytes(_backends[i])) == keccak256(bytes(uri))) return;
        }
        if (n == MAX_LIST) revert ListFull();
        _backends.push(uri);
        _backendsHash = _listHash(_backends);
        _count();
        emit StorageBackendSet(uri, msg.sender);
    }

    function removeStorageBackend(string calldata uri) external onlyOwner {
        if (!_take(_backends, uri)) revert Unknown();
        _backendsHash = _listHash(_backends);
        _count();
        emit StorageBackendRemoved(uri, msg.sender);
    }

    function StorageBackends() external view returns (string[] memory) {
        return _backends;
    }

    function m_storageBackends(uint256 index) external view returns (string memory) {
        return _backends[index];
    }

    function backendsHash() external view returns (bytes32) {
        return _backendsHash;
    }

    function supportsInterface(bytes4 id) public view override returns (bool) {
        return id == type(IConfigGovernance).interfaceId || super.supportsInterface(id);
    }
}
