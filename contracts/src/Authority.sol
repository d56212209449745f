// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Layout} from "./Layout.sol";
import {Head, Pending, Policy, Successor, Timed} from "./Types.sol";

/// Who may do what, when a grant begins, and the settings.
///
/// One authority: the owner.  DEFAULT_ADMIN_ROLE is the owner's other name and nobody can be given it;
/// curators propose grants, which wait `delay` as the owner's do; guardians only deny, at once.  An owner
/// who hands over keeps nothing.
abstract contract Authority is Layout {
    bytes32 public constant ROLE_OPERATOR = keccak256("ROLE_OPERATOR");
    bytes32 public constant ROLE_METADATA = keccak256("ROLE_METADATA");
    bytes32 public constant ROLE_INSTANCE = keccak256("ROLE_INSTANCE");
    bytes32 public constant ROLE_CURATOR = keccak256("ROLE_CURATOR");
    bytes32 public constant ROLE_GUARDIAN = keccak256("ROLE_GUARDIAN");

    uint8 internal constant NONE = 0;
    uint8 internal constant ALLOWED = 1;
    uint8 internal constant REVOKED = 2;
    uint8 internal constant FROZEN = 3;

    uint8 internal constant KIND_IDENTITY = 1;
    uint8 internal constant KIND_OPERATOR = 2;
    uint8 internal constant KIND_VERIFIER = 6; // 3 to 5 are the KMS contract's
    uint8 internal constant KIND_CURATOR = 7;

    event PolicyChanged(
        uint8 indexed kind,
        bytes32 indexed subject,
        uint8 state,
        uint16 policyId,
        uint64 activeFrom,
        uint64 notAfter,
        uint32 version,
        address actor
    );
    event SettingsChanged(Head head, address actor);
    event SettingsProposed(Pending pending, address actor);
    event SettingsCancelled(address actor);
    event PredecessorSet(address predecessor, address actor);
    event SuccessorProposed(address successor, uint64 from, address actor);
    event SuccessorCancelled(address successor, address actor);
    event PolicyHashSet(uint16 indexed policyId, bytes32 hash, uint64 from, address actor);

    error WrongScheme();
    error OneAuthority();
    error UnknownKind(uint8 kind);
    error BadSubject();
    error IsFrozen();
    error Ended();
    error NothingWaits();
    error TooEarly(uint64 from);
    error AlreadySet();
    error BadTime();
    error BadRules();

    constructor(address owner_, uint8 scheme, bool principal) Ownable(owner_) {
        if (scheme != 1 && scheme != 2) revert WrongScheme();
        (_head.scheme, _head.principal, _head.layoutId) = (scheme, principal, 2);
        emit SettingsChanged(_head, msg.sender);
        _grantRole(ROLE_OPERATOR, owner_);
    }

    // ---- roles ----

    modifier onlyCurator() {
        _checkRole(ROLE_CURATOR);
        _;
    }

    modifier onlyGuardian() {
        _checkRole(ROLE_GUARDIAN);
        _;
    }

    /// Nothing is granted by a contract whose successor took over.
    modifier notEnded() {
        if (_ended()) revert Ended();
        _;
    }

    function hasRole(bytes32 role, address account) public view override returns (bool) {
        if (role == DEFAULT_ADMIN_ROLE) return account == owner();
        if (role == ROLE_OPERATOR) return _active(_operators[account]);
        if (role == ROLE_CURATOR) return account == owner() || _active(_curators[account]);
        return (account == owner() && _ofOwner(role)) || super.hasRole(role, account);
    }

    /// Somebody must always be able to deny: ownership is handed over, never dropped.
    function renounceOwnership() public pure override {
        revert OneAuthority();
    }

    function _ofOwner(bytes32 role) private pure returns (bool) {
        return role == ROLE_CURATOR || role == ROLE_GUARDIAN || role == ROLE_METADATA;
    }

    /// The kind of the roles that are policy words, and so wait as every grant does; else 0.
    function _kindOf(bytes32 role) private pure returns (uint8) {
        if (role == ROLE_OPERATOR) return KIND_OPERATOR;
        return role == ROLE_CURATOR ? KIND_CURATOR : 0;
    }

    function _roleOf(uint8 kind) private pure returns (bytes32) {
        if (kind == KIND_OPERATOR) return ROLE_OPERATOR;
        return kind == KIND_CURATOR ? ROLE_CURATOR : bytes32(0);
    }

    function _grantRole(bytes32 role, address account) internal override returns (bool changed) {
        if (role == DEFAULT_ADMIN_ROLE) revert OneAuthority();
        uint8 kind = _kindOf(role);
        if (kind != 0) {
            changed = _allow(kind, _word(account), 0, 0);
            if (changed) emit RoleGranted(role, account, msg.sender);
            return changed;
        }
        changed = super._grantRole(role, account);
        if (changed) _count();
    }

    function _revokeRole(bytes32 role, address account) internal override returns (bool changed) {
        if (role == DEFAULT_ADMIN_ROLE) revert OneAuthority();
        if (account == owner() && _ofOwner(role)) revert OneAuthority();
        uint8 kind = _kindOf(role);
        if (kind != 0) {
            bool had = _policy(kind, _word(account)).state == ALLOWED;
            changed = _deny(kind, _word(account), REVOKED);
            if (changed && had) emit RoleRevoked(role, account, msg.sender);
            return changed;
        }
        changed = super._revokeRole(role, account);
        if (changed) _count();
    }

    function _transferOwnership(address newOwner) internal override {
        address old = owner();
        super._transferOwnership(newOwner);
        if (old == address(0) || old == newOwner) return;
        _count();
        _revokeRole(ROLE_CURATOR, old);
        _revokeRole(ROLE_GUARDIAN, old);
        _revokeRole(ROLE_METADATA, old);
        _revokeRole(ROLE_INSTANCE, old);
        _revokeRole(ROLE_OPERATOR, old);
    }

    // ---- policy words ----

    /// Allows a subject under a policy until `notAfter` (0: no end), from now + delay.  Kinds: 1 identity
    /// or principal, 2 operator, 6 verifier of evidence, 7 curator (by the owner alone: who may propose,
    /// and who is asked); in the KMS contract also 3 application, 4 firmware, 5 paravisor.  A subject that
    /// is allowed under the same policy for at least as long keeps its beginning.
    function allow(uint8 kind, bytes32 subject, uint16 policyId, uint64 notAfter)
        external
        onlyCurator
    {
        if (kind == KIND_OPERATOR || kind >= KIND_VERIFIER) _checkOwner();
        bytes32 role = _roleOf(kind);
        if (_allow(kind, subject, policyId, notAfter) && role != 0) {
            emit RoleGranted(role, address(uint160(uint256(subject))), msg.sender);
        }
    }

    function revoke(uint8 kind, bytes32 subject) external onlyGuardian {
        _denyByName(kind, subject, REVOKED);
    }

    /// Like revoke, but only the owner can allow it again.
    function freeze(uint8 kind, bytes32 subject) external onlyGuardian {
        _denyByName(kind, subject, FROZEN);
    }

    function policyOf(uint8 kind, bytes32 subject) external view returns (Policy memory) {
        return _policy(kind, subject);
    }

    /// True when a release may rest on this subject now, as far as this word is concerned.
    function _active(Policy storage p) internal view returns (bool) {
        return p.state == ALLOWED && block.timestamp >= p.activeFrom
            && (p.notAfter == 0 || block.timestamp <= p.notAfter);
    }

    /// The word of a subject; the contracts add their own kinds.
    function _policy(uint8 kind, bytes32 subject) internal view virtual returns (Policy storage) {
        if (kind == KIND_IDENTITY) return _identities[subject];
        if (kind == KIND_OPERATOR) return _operators[_address(subject)];
        if (kind == KIND_VERIFIER) return _verifiers[_address(subject)];
        if (kind == KIND_CURATOR) return _curators[_address(subject)];
        revert UnknownKind(kind);
    }

    function _allow(uint8 kind, bytes32 subject, uint16 policyId, uint64 notAfter)
        internal
        virtual
        returns (bool changed)
    {
        if (_ended()) revert Ended();
        if (subject == 0) revert BadSubject(); // as an operator it would stand for everybody
        Policy storage kept = _policy(kind, subject);
        Policy memory p = kept;
        if (p.state == FROZEN && msg.sender != owner()) revert IsFrozen();
        if (notAfter != 0 && notAfter < block.timestamp) revert BadTime();
        uint64 from = _after();
        bool expired = p.notAfter != 0 && block.timestamp > p.notAfter;
        if (p.state == ALLOWED && p.policyId == policyId && !expired) {
            if (p.notAfter == notAfter) return false;
            if (notAfter != 0 && (p.notAfter == 0 || notAfter < p.notAfter)) from = p.activeFrom;
        }
        if (notAfter != 0 && notAfter < from) revert BadTime();
        (p.state, p.policyId, p.activeFrom, p.notAfter) = (ALLOWED, policyId, from, notAfter);
        _changed(kind, subject, kept, p);
        return true;
    }

    function _deny(uint8 kind, bytes32 subject, uint8 state) internal returns (bool changed) {
        Policy storage kept = _policy(kind, subject);
        Policy memory p = kept;
        // What was never set, or is denied as hard already, has nothing to lose.  Freezing it is still
        // worth a word: it keeps a waiting proposal out.
        if (p.state == state || (state == REVOKED && p.state != ALLOWED)) return false;
        (p.state, p.activeFrom, p.notAfter) = (state, 0, 0);
        _changed(kind, subject, kept, p);
        return true;
    }

    function _denyByName(uint8 kind, bytes32 subject, uint8 state) private {
        bool wasAllowed = _policy(kind, subject).state == ALLOWED;
        bytes32 role = _roleOf(kind);
        if (_deny(kind, subject, state) && role != 0 && wasAllowed) {
            emit RoleRevoked(role, address(uint160(uint256(subject))), msg.sender);
        }
    }

    function _changed(uint8 kind, bytes32 subject, Policy storage kept, Policy memory p) private {
        ++p.version;
        // One word, written once.
        assembly ("memory-safe") {
            let w := or(mload(p), shl(8, mload(add(p, 32))))
            w := or(w, or(shl(24, mload(add(p, 64))), shl(88, mload(add(p, 96)))))
            sstore(kept.slot, or(w, shl(152, mload(add(p, 128)))))
        }
        _count();
        emit PolicyChanged(
            kind, subject, p.state, p.policyId, p.activeFrom, p.notAfter, p.version, msg.sender
        );
    }

    // ---- settings: what tightens holds at once, what loosens waits and is then applied ----

    function identityScheme() public view returns (uint8) {
        return _head.scheme;
    }

    function layoutId() external view returns (uint16) {
        return _head.layoutId;
    }

    function settings() external view returns (Head memory) {
        return _head;
    }

    function pendingSettings() external view returns (Pending memory) {
        return _pending;
    }

    /// A guardian pauses; only the owner ends a pause.
    function setPaused(bool paused) external onlyGuardian {
        if (!paused) _checkOwner();
        Pending memory p = _proposal();
        p.paused = paused;
        if (paused) _tighten(p, p.paused, _head.operatorRequired, _head.delay);
        else _propose(p);
    }

    function setOperatorRequired(bool required) external onlyOwner {
        Pending memory p = _proposal();
        p.operatorRequired = required;
        if (required) _tighten(p, _head.paused, true, _head.delay);
        else _propose(p);
    }

    function setDelay(uint32 delay) external onlyOwner {
        Pending memory p = _proposal();
        p.delay = delay;
        if (delay >= _head.delay) _tighten(p, _head.paused, _head.operatorRequired, delay);
        else _propose(p);
    }

    /// What an identity is made of; those that were allowed under other rules no longer match a quote.
    function setIdentityRules(bool rtmr3, bool principal, uint32 pcrMask) external onlyOwner {
        if (pcrMask >> 24 != 0) revert BadRules();
        if (_head.scheme == 1 && (rtmr3 || principal || pcrMask != 0)) revert WrongScheme();
        Pending memory p = _proposal();
        (p.rtmr3, p.principal, p.pcrMask) = (rtmr3, principal, pcrMask);
        _propose(p);
    }

    /// New keys for the application; the old ones are given to nobody any more.
    function raiseEpoch() external onlyOwner notEnded {
        ++_head.epoch;
        _count();
        emit SettingsChanged(_head, msg.sender);
    }

    /// Anybody may bring into force what has waited long enough.
    function applySettings() external {
        Pending memory p = _pending;
        if (p.from == 0) revert NothingWaits();
        if (block.timestamp < p.from) revert TooEarly(p.from);
        _apply(p);
    }

    function cancelSettings() external onlyGuardian {
        if (_pending.from == 0) revert NothingWaits();
        delete _pending;
        _count();
        emit SettingsCancelled(msg.sender);
    }

    /// What the settings would be after all that waits.
    function _proposal() private view returns (Pending memory p) {
        p = _pending;
        if (p.from != 0) return p;
        Head storage h = _head;
        (p.rtmr3, p.principal, p.operatorRequired) = (h.rtmr3, h.principal, h.operatorRequired);
        (p.paused, p.pcrMask, p.delay) = (h.paused, h.pcrMask, h.delay);
    }

    function _propose(Pending memory p) private notEnded {
        _checkRules(p);
        if (_head.delay == 0) return _apply(p);
        p.from = _after();
        _pending = p;
        _count();
        emit SettingsProposed(p, msg.sender);
    }

    /// Changes the head now, and what waits so that it does not undo this.
    function _tighten(Pending memory p, bool paused, bool required, uint32 delay) private {
        (_head.paused, _head.operatorRequired, _head.delay) = (paused, required, delay);
        _count();
        emit SettingsChanged(_head, msg.sender);
        if (p.from == 0) return;
        _pending = p;
        emit SettingsProposed(p, msg.sender);
    }

    function _apply(Pending memory p) private {
        Head storage h = _head;
        (h.rtmr3, h.principal, h.operatorRequired) = (p.rtmr3, p.principal, p.operatorRequired);
        (h.paused, h.pcrMask, h.delay) = (p.paused, p.pcrMask, p.delay);
        delete _pending;
        _count();
        emit SettingsChanged(h, msg.sender);
    }

    /// Rules that a contract cannot take.
    function _checkRules(Pending memory p) internal view virtual {}

    // ---- policies by number: hash of the policy's text; 0 is the default ----

    function setPolicyHash(uint16 policyId, bytes32 hash) external onlyOwner notEnded {
        uint64 from = _setTimed(_policyHashes[policyId], hash);
        _count();
        emit PolicyHashSet(policyId, hash, from, msg.sender);
    }

    function policyHash(uint16 policyId) external view returns (bytes32) {
        return _timed(_policyHashes[policyId]);
    }

    // ---- lineage ----

    function predecessor() external view returns (address) {
        return _predecessor;
    }

    /// The successor and when it takes over; until then it may be taken back and counts for nothing.
    function successor() external view returns (address account, uint64 from) {
        return (_successor.account, _successor.from);
    }

    /// Once; it counts only where that contract names this one as its successor.
    function setPredecessor(address old) external onlyOwner {
        if (_predecessor != address(0)) revert AlreadySet();
        if (old == address(0) || old == address(this)) revert BadSubject();
        _predecessor = old;
        _count();
        emit PredecessorSet(old, msg.sender);
    }

    /// Once, after the full delay: then this contract grants nothing more.
    function setSuccessor(address next) external onlyOwner {
        if (_successor.account != address(0)) revert AlreadySet();
        if (next == address(0) || next == address(this)) revert BadSubject();
        _successor = Successor(next, _after());
        _count();
        emit SuccessorProposed(next, _successor.from, msg.sender);
    }

    function cancelSuccessor() external onlyGuardian {
        address next = _successor.account;
        if (next == address(0)) revert NothingWaits();
        if (_ended()) revert AlreadySet();
        delete _successor;
        _count();
        emit SuccessorCancelled(next, msg.sender);
    }

    // ---- helpers ----

    function _ended() internal view returns (bool) {
        return _successor.account != address(0) && block.timestamp >= _successor.from;
    }

    /// Nothing is granted while paused, nor after the end.
    function _granting() internal view returns (bool) {
        return !_head.paused && !_ended();
    }

    function _operatorAllowed(address operator) internal view returns (bool) {
        return !_head.operatorRequired || _active(_operators[operator]);
    }

    /// When a grant of now begins.
    function _after() internal view returns (uint64) {
        return uint64(block.timestamp) + _head.delay;
    }

    /// One more change: a reader can tell an older state from a newer one.
    function _count() internal {
        ++_head.version;
    }

    function _timed(Timed storage t) internal view returns (bytes32) {
        return t.nextFrom != 0 && block.timestamp >= t.nextFrom ? t.next : t.current;
    }

    /// Going back to what is in force holds at once; any other value waits, zero too: a policy that is
    /// taken away demands nothing any more.
    function _setTimed(Timed storage t, bytes32 value) internal returns (uint64 from) {
        bytes32 now_ = _timed(t);
        from = uint64(block.timestamp);
        if (value == now_ || _head.delay == 0) {
            (t.current, t.next, t.nextFrom) = (value, 0, 0);
        } else {
            from = _after();
            (t.current, t.next, t.nextFrom) = (now_, value, from);
        }
    }

    function _word(address a) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(a)));
    }

    function _address(bytes32 word) internal pure returns (address) {
        if (uint256(word) >> 160 != 0) revert BadSubject();
        return address(uint160(uint256(word)));
    }
}
