// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "./Authority.sol";
import {Blob} from "./Blob.sol";
import {IOnchainDiscovery} from "./Interfaces.sol";
import {Names} from "./Names.sol";
import {AppPKI, PendingPki} from "./Types.sol";

/// What others find here: the application's certificate authority and key, its instances' names, and
/// artifacts by their SHA-256.  Bodies are large, so that a reader takes them from anywhere and checks
/// them against one word of storage.
abstract contract Directory is Authority, IOnchainDiscovery {
    uint256 public constant MAX_BYTES_SIZE = 20480; // of the reference; larger ones fit up to Blob.MAX
    uint256 internal constant MAX_LIST = 32;

    event PKIUpdated(address updater, AppPKI pki);
    event PKIProposed(bytes32 pkiHash, uint64 from, address actor);
    event PKICancelled(bytes32 pkiHash, address actor);
    event InstanceDomainRegistered(string domain, address registrar);
    event InstanceDomainRemoved(string domain, address actor);
    event ArtifactAdded(bytes32 artifactHash, address contributor);

    error Empty();
    error ListFull();
    error NotYours();
    error Unknown();

    // ---- PKI ----

    function setPKI(AppPKI calldata pki) external onlyOwner notEnded {
        _proposePki(pki.ca, pki.pubkey, pki.attestation);
    }

    /// DER of the certificate and of the key.  Evidence is not kept: a client asks the KMS for its own.
    function setPKIV2(bytes calldata caDer, bytes calldata spkiDer) external onlyOwner notEnded {
        _proposePki(caDer, spkiDer, "");
    }

    /// Anybody may bring into force what has waited long enough.
    function applyPKI() external notEnded {
        PendingPki memory p = _pendingPki;
        if (p.from == 0) revert NothingWaits();
        if (block.timestamp < p.from) revert TooEarly(p.from);
        _applyPki(p);
    }

    function cancelPKI() external onlyGuardian {
        bytes32 hash = _pendingPki.hash;
        if (_pendingPki.from == 0) revert NothingWaits();
        delete _pendingPki;
        _count();
        emit PKICancelled(hash, msg.sender);
    }

    function PKI() public view returns (AppPKI memory pki) {
        if (_pkiBody != address(0)) pki = abi.decode(Blob.read(_pkiBody), (AppPKI));
    }

    function app_pki()
        external
        view
        returns (bytes memory ca, bytes memory pubkey, bytes memory attestation)
    {
        AppPKI memory pki = PKI();
        return (pki.ca, pki.pubkey, pki.attestation);
    }

    /// keccak256(abi.encode(bytes ca, bytes pubkey)).
    function pkiHash() external view returns (bytes32) {
        return _pkiHash;
    }

    function pendingPKI() external view returns (PendingPki memory) {
        return _pendingPki;
    }

    function _proposePki(bytes calldata ca, bytes calldata pubkey, bytes memory attestation)
        private
    {
        if (ca.length == 0 || pubkey.length == 0) revert Empty();
        PendingPki memory p;
        p.hash = keccak256(abi.encode(ca, pubkey));
        p.body = Blob.write(abi.encode(AppPKI(ca, pubkey, attestation)));
        p.from = _after();
        if (_head.delay == 0) return _applyPki(p);
        _pendingPki = p;
        _count();
        emit PKIProposed(p.hash, p.from, msg.sender);
    }

    function _applyPki(PendingPki memory p) private {
        (_pkiHash, _pkiBody) = (p.hash, p.body);
        delete _pendingPki;
        _count();
        emit PKIUpdated(msg.sender, PKI());
    }

    // ---- names of instances, host or host:port ----

    /// An operator's own name may be registered again; another's may not be taken.
    function registerInstanceDomainName(string calldata domain)
        external
        onlyRole(ROLE_OPERATOR)
        notEnded
    {
        Names.checkHost(domain);
        bytes32 key = keccak256(bytes(domain));
        address registrar = _registrars[key];
        if (registrar == msg.sender) return;
        if (registrar != address(0)) revert NotYours();
        if (_domains.length == MAX_LIST) revert ListFull();
        _domains.push(domain);
        _registrars[key] = msg.sender;
        _domainsHash = _listHash(_domains);
        _count();
        emit InstanceDomainRegistered(domain, msg.sender);
    }

    /// By who registered it, or a guardian.
    function removeInstanceDomainName(string calldata domain) external {
        bytes32 key = keccak256(bytes(domain));
        address registrar = _registrars[key];
        if (registrar == address(0)) revert Unknown();
        if (registrar != msg.sender) _checkRole(ROLE_GUARDIAN);
        delete _registrars[key];
        _take(_domains, domain);
        _domainsHash = _listHash(_domains);
        _count();
        emit InstanceDomainRemoved(domain, msg.sender);
    }

    function InstanceDomainNames() external view returns (string[] memory) {
        return _domains;
    }

    function m_instanceDomainNames(uint256 index) external view returns (string memory) {
        return _domains[index];
    }

    function domainsHash() external view returns (bytes32) {
        return _domainsHash;
    }

    // ---- artifacts ----

    /// Once written, an artifact stays: its name is its SHA-256.
    function addArtifact(bytes calldata data)
        external
        onlyRole(ROLE_METADATA)
        notEnded
        returns (bytes32 id)
    {
        id = sha256(data);
        if (_artifacts[id] != address(0)) return id;
        _artifacts[id] = Blob.write(data);
        _count();
        emit ArtifactAdded(id, msg.sender);
    }

    function getArtifact(bytes32 id) external view returns (bytes memory) {
        if (_artifacts[id] == address(0)) revert Unknown();
        return Blob.read(_artifacts[id]);
    }

    /// Empty where there is none.
    function artifacts(bytes32 id) external view returns (bytes memory) {
        return Blob.read(_artifacts[id]);
    }

    // ---- lists of names ----

    /// keccak256(abi.encode(string[])); zero for an empty list.
    function _listHash(string[] storage list) internal view returns (bytes32) {
        return list.length == 0 ? bytes32(0) : keccak256(abi.encode(list));
    }

    /// False when it is not in the list; its place is taken by the last one.
    function _take(string[] storage list, string calldata value) internal returns (bool) {
        bytes32 wanted = keccak256(bytes(value));
        uint256 n = list.length;
        for (uint256 i; i < n; ++i) {
            if (keccak256(bytes(list[i])) != wanted) continue;
            if (i != n - 1) list[i] = list[n - 1];
            list.pop();
            return true;
        }
        return false;
    }
}
