// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "./Authority.sol";
import {Blob} from "./Blob.sol";
import {IOnchainDiscovery} from "./Interfaces.sol";
import {Names} from "./Names.sol";
import {AppPKI, PendingPki, Registrar} from "./Types.sol";

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
    event InstanceDomainAlive(string domain, uint64 until);
    event DemandsSet(uint256 demands, uint64 from, address actor);
    event ArtifactPublished(bytes32 indexed artifactHash, bytes data, address contributor);
    event ArtifactAdded(bytes32 artifactHash, address contributor);

    uint256 internal constant DEMAND_ONBOARDING = 1; // of evidence, before an onboarding request
    uint256 internal constant DEMAND_NAME = 2; // before a name is registered, and with each heartbeat
    uint64 internal constant NAME_LIFETIME = 1 days;
    uint64 internal constant ATTESTED_LIFETIME = 1 hours;

    error Empty();
    error NotAttested();
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

    function PKI() external view returns (AppPKI memory) {
        Blob.answer(_pkiEncoded(), 0);
    }

    function app_pki() external view returns (bytes memory, bytes memory, bytes memory) {
        Blob.answer(_pkiEncoded(), 32);
    }

    /// abi.encode(AppPKI); empty members where there is none.
    function _pkiEncoded() private view returns (bytes memory) {
        AppPKI memory none;
        return _pkiBody == address(0) ? abi.encode(none) : Blob.read(_pkiBody);
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
        // emit PKIUpdated(msg.sender, PKI()), of the bytes as they are kept
        bytes memory data = _pkiEncoded();
        bytes32 topic = PKIUpdated.selector;
        assembly ("memory-safe") {
            let head := add(data, 32)
            let size := add(mload(data), 32)
            mstore(data, caller()) // where its length was
            mstore(head, 64)
            log1(data, size, topic)
        }
    }

    // ---- what must be shown by evidence first ----

    /// Bits: 1 onboarding requests, 2 names.  More is demanded at once, less after the delay.
    function setDemands(uint256 demands_) external onlyOwner {
        uint64 from = uint64(block.timestamp);
        uint256 now_ = uint256(_timed(_demands));
        if (demands_ & now_ == now_) {
            (_demands.current, _demands.next, _demands.nextFrom) = (bytes32(demands_), 0, 0);
        } else {
            from = _setTimed(_demands, bytes32(demands_));
        }
        _count();
        emit DemandsSet(demands_, from, msg.sender);
    }

    function demands() external view returns (uint256) {
        return uint256(_timed(_demands));
    }

    function _attestedKey(bytes32 purpose) internal view returns (bytes32) {
        return keccak256(abi.encode(msg.sender, purpose));
    }

    function _demand(uint256 what, bytes32 purpose) internal view {
        if (uint256(_timed(_demands)) & what == 0) return;
        if (block.timestamp > _attested[_attestedKey(purpose)]) revert NotAttested();
    }

    // ---- names of instances, host or host:port ----

    /// An operator's own name may be registered again, which is its heartbeat; another's may not be taken
    /// while it is alive.
    function registerInstanceDomainName(string calldata domain)
        external
        onlyRole(ROLE_OPERATOR)
        notEnded
    {
        Names.checkHost(domain);
        bytes32 key = keccak256(bytes(domain));
        _demand(DEMAND_NAME, key);
        Registrar memory r = _registrars[key];
        bool alive = block.timestamp <= r.until;
        if (alive && r.account != msg.sender) revert NotYours();
        uint64 until = uint64(block.timestamp) + NAME_LIFETIME;
        _registrars[key] = Registrar(msg.sender, until);
        _count();
        if (r.account == address(0)) {
            if (_domains.length == MAX_LIST) revert ListFull();
            _domains.push(domain);
            _domainsHash = _listHash(_domains);
        }
        if (r.account != msg.sender) emit InstanceDomainRegistered(domain, msg.sender);
        emit InstanceDomainAlive(domain, until);
    }

    /// By who registered it, or a guardian; by anybody when it is dead.
    function removeInstanceDomainName(string calldata domain) external {
        bytes32 key = keccak256(bytes(domain));
        Registrar memory r = _registrars[key];
        if (r.account == address(0)) revert Unknown();
        if (r.account != msg.sender && block.timestamp <= r.until) _checkRole(ROLE_GUARDIAN);
        delete _registrars[key];
        _take(_domains, domain);
        _domainsHash = _listHash(_domains);
        _count();
        emit InstanceDomainRemoved(domain, msg.sender);
    }

    /// Those whose heartbeat is not missing.
    function InstanceDomainNames() external view returns (string[] memory names) {
        names = _domains;
        uint256 n;
        for (uint256 i; i < names.length; ++i) {
            if (_alive(names[i])) names[n++] = names[i];
        }
        assembly ("memory-safe") {
            mstore(names, n)
        }
    }

    function _alive(string memory name) private view returns (bool) {
        return block.timestamp <= _registrars[keccak256(bytes(name))].until;
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

    /// As an event, at a fifth of the price: the log of the block in slot 26 carries it.
    function publishArtifact(bytes calldata data)
        external
        onlyRole(ROLE_METADATA)
        notEnded
        returns (bytes32 id)
    {
        id = sha256(data);
        _published[id] = uint64(block.number);
        _count();
        emit ArtifactPublished(id, data, msg.sender);
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
