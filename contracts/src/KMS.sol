// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "./Authority.sol";
import {Blob} from "./Blob.sol";
import {Identity} from "./Identity.sol";
import {
    Application,
    DCAPReport,
    MAAReport,
    OnboardRequest,
    Onboarding,
    Pending,
    Policy
} from "./Types.sol";
import {Workload} from "./Workload.sol";

/// Governs the KMS: which KMS may hold the root key, which applications it serves.
contract KMS is Workload {
    mapping(address => Application) internal _applications; // 32
    bytes32 internal _rootId; // 33
    bytes32 internal _commitment; // 34
    mapping(bytes32 => Policy) internal _firmware; // 35, by keccak256(MRTD)
    mapping(bytes32 => Policy) internal _paravisors; // 36, by keccak256(MRTD)
    mapping(bytes32 => Onboarding) internal _onboardings; // 37

    uint8 internal constant KIND_APPLICATION = 3;
    uint8 internal constant KIND_FIRMWARE = 4;
    uint8 internal constant KIND_PARAVISOR = 5;

    uint64 public constant ONBOARD_LIFETIME = 1 days;

    event IdentityAllowlisted(bytes32 identity, address setter);
    event PrincipalNamed(
        bytes32 indexed principal, bytes32 indexed identity, bytes32 configHash, address actor
    );
    event ApplicationCode(address indexed app, bytes32 codeHash, uint16 layoutId_);
    event RootCommitted(bytes32 rootId, bytes32 commitment, address actor);
    event OnboardRequested(bytes32 indexed request, address indexed operator, uint64 expiry);
    event OnboardClosed(bytes32 indexed request, address actor);

    error NoCode();
    error UnknownLayout(uint16 layoutId_);
    error BadNonce();
    error OperatorMustBeSender();

    /// Principals under scheme 2: nobody can ask about a KMS and forget its configuration.
    constructor(address owner_, uint8 scheme) Authority(owner_, scheme, scheme == 2) {}

    // ---- which KMS ----

    /// An identity of scheme 1, a principal of scheme 2.
    function allowlistIdentity(bytes32 identity) external onlyCurator {
        _allowlist(identity);
    }

    function allowlistDCAP(DCAPReport calldata report)
        external
        onlyCurator
        onlyScheme(1)
        returns (bytes32 identity)
    {
        identity = Identity.dcap1(report);
        _allowlist(identity);
    }

    function allowlistMAA(MAAReport calldata report)
        external
        onlyCurator
        returns (bytes32 identity)
    {
        identity = MAAIdentity(report);
        _allowlist(identity);
    }

    function allowlistDCAPV2(
        DCAPReport calldata report,
        bytes8 tdAttributes,
        bytes8 xfam,
        bytes32 configHash
    ) external onlyCurator returns (bytes32 principal) {
        return _allowlistPrincipal(_measuredTdx(report, tdAttributes, xfam), configHash);
    }

    function allowlistAzureV2(
        bytes calldata mrTd,
        MAAReport calldata report,
        bytes8 tdAttributes,
        bytes8 xfam,
        bytes32 configHash
    ) external onlyCurator returns (bytes32 principal) {
        return _allowlistPrincipal(_measuredAzure(mrTd, report, tdAttributes, xfam), configHash);
    }

    function removeAllowlistedIdentity(bytes32 identity) external onlyGuardian {
        _deny(KIND_IDENTITY, identity, REVOKED);
    }

    function allowlistedIdentities(bytes32 identity) external view returns (bool) {
        return _active(_identities[identity]);
    }

    function _allowlist(bytes32 identity) private {
        if (_allow(KIND_IDENTITY, identity, 0, 0)) emit IdentityAllowlisted(identity, msg.sender);
    }

    function _allowlistPrincipal(bytes32 identity, bytes32 configHash)
        private
        returns (bytes32 principal)
    {
        principal = principalOf(identity, configHash);
        emit PrincipalNamed(principal, identity, configHash, msg.sender);
        _allowlist(principal);
    }

    // ---- which applications ----

    /// Records the code that the contract has now and which layout it says it has.
    function AllowApplication(address app) external onlyCurator {
        _allow(KIND_APPLICATION, _word(app), 0, 0);
    }

    function RemoveAllowlistedApplication(address app) external onlyGuardian {
        _deny(KIND_APPLICATION, _word(app), REVOKED);
    }

    function ApplicationAllowed(address app) external view returns (bool) {
        return _granting() && _active(_applications[app].policy);
    }

    /// The code and layout recorded when it was allowed; a reader refuses any other code.
    function applicationCode(address app)
        external
        view
        returns (bytes32 codeHash, uint16 layoutId_)
    {
        return (_applications[app].codeHash, _applications[app].layoutId);
    }

    function _allow(uint8 kind, bytes32 subject, uint16 policyId, uint64 notAfter)
        internal
        override
        returns (bool changed)
    {
        if (kind != KIND_APPLICATION) {
            return super._allow(kind, subject, policyId, notAfter);
        }
        address app = _address(subject);
        if (app.code.length == 0) revert NoCode();
        Application storage a = _applications[app];
        bytes32 codeHash = app.codehash;
        uint16 layoutId_ = _layoutOf(app);
        if (a.codeHash != codeHash || a.layoutId != layoutId_) {
            // Other code is another grant: it begins after the delay, whatever was allowed before.
            if (a.policy.state == ALLOWED) a.policy.state = NONE;
            (a.codeHash, a.layoutId) = (codeHash, layoutId_);
            emit ApplicationCode(app, codeHash, layoutId_);
        }
        return super._allow(kind, subject, policyId, notAfter);
    }

    /// 2 for ours; a contract that does not know the question, or answers oddly, is the reference's.
    function _layoutOf(address app) private view returns (uint16) {
        bytes4 question = this.layoutId.selector;
        bool ok;
        uint256 answer;
        // At most one word is taken of whatever an unknown contract returns.
        assembly ("memory-safe") {
            mstore(0, question)
            ok := staticcall(30000, app, 0, 4, 0, 32)
            ok := and(ok, eq(returndatasize(), 32))
            answer := mload(0)
        }
        if (!ok) return 1;
        if (answer != 2) revert UnknownLayout(uint16(answer));
        return 2;
    }

    function _policy(uint8 kind, bytes32 subject) internal view override returns (Policy storage) {
        if (kind == KIND_APPLICATION) return _applications[_address(subject)].policy;
        if (kind == KIND_FIRMWARE) return _firmware[subject];
        if (kind == KIND_PARAVISOR) return _paravisors[subject];
        return super._policy(kind, subject);
    }

    function _checkRules(Pending memory p) internal view override {
        if (_head.scheme == 2 && !p.principal) revert BadRules();
    }

    // ---- the root key ----

    /// Once and for ever: a KMS whose root does not match never goes live.
    function commitRoot(bytes32 rootId_, bytes32 commitment_) external onlyOwner notEnded {
        if (_commitment != 0) revert AlreadySet();
        if (rootId_ == 0 || commitment_ == 0) revert Empty();
        (_rootId, _commitment) = (rootId_, commitment_);
        _count();
        emit RootCommitted(rootId_, commitment_, msg.sender);
    }

    function rootId() external view returns (bytes32) {
        return _rootId;
    }

    function commitment() external view returns (bytes32) {
        return _commitment;
    }

    // ---- onboarding of further KMS nodes ----

    function HashOnboardRequest(OnboardRequest calldata request) public pure returns (bytes32) {
        return
            keccak256(
                abi.encode(request.pubkey, request.nonce, request.operator, request.attestation)
            );
    }

    /// A request lives for a day and counts once: closed, it cannot be asked for again.
    function requestOnboard(OnboardRequest calldata request)
        external
        onlyRole(ROLE_OPERATOR)
        notEnded
        returns (bytes32 id)
    {
        if (request.operator != msg.sender) revert OperatorMustBeSender();
        if (request.nonce <= 0) revert BadNonce();
        id = HashOnboardRequest(request);
        _demand(DEMAND_ONBOARDING, id);
        Onboarding storage o = _onboardings[id];
        if (o.body != address(0)) revert AlreadySet();
        uint64 expiry = uint64(block.timestamp) + ONBOARD_LIFETIME;
        (o.body, o.expiry) = (Blob.write(abi.encode(request)), expiry);
        _count();
        emit OnboardRequested(id, msg.sender, expiry);
    }

    /// By the operator who asked, when it was served or is not wanted, or by a guardian.
    function closeOnboardRequest(bytes32 id) external {
        Onboarding storage o = _onboardings[id];
        if (o.body == address(0)) revert Unknown();
        if (o.closed) revert AlreadySet();
        address operator;
        bytes memory request = Blob.read(o.body);
        assembly ("memory-safe") {
            operator := mload(add(request, 128)) // after the offset, pubkey's offset and the nonce
        }
        if (operator != msg.sender) _checkRole(ROLE_GUARDIAN);
        o.closed = true;
        _count();
        emit OnboardClosed(id, msg.sender);
    }

    /// All zero where there is none.
    function fetchOnboardRequest(bytes32 id) external view returns (OnboardRequest memory) {
        Blob.answer(_requestEncoded(id), 0);
    }

    function onboardRequests(bytes32 id)
        external
        view
        returns (bytes memory, int256, address, bytes memory)
    {
        Blob.answer(_requestEncoded(id), 32);
    }

    function _requestEncoded(bytes32 id) private view returns (bytes memory) {
        address body = _onboardings[id].body;
        OnboardRequest memory none;
        return body == address(0) ? abi.encode(none) : Blob.read(body);
    }

    function onboardState(bytes32 id) external view returns (Onboarding memory) {
        return _onboardings[id];
    }

    /// The reference declared this list and never filled it.
    function storageBackends(uint256) external pure returns (string memory) {
        revert Unknown();
    }
}
