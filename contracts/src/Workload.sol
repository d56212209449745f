// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Directory} from "./Directory.sol";
import {Identity} from "./Identity.sol";
import {IAttestationVerifier, IOnchainDiscovery, IWorkloadGovernance} from "./Interfaces.sol";
import {DCAPEvent, DCAPReport, MAAReport} from "./Types.sol";

/// Identities of workloads and whether they are allowed.  A contract has one scheme for its whole life:
/// under 2 the reference's formulas do not exist (its RTMRs alone can be forged by other firmware), and
/// under 1 ours do not.
abstract contract Workload is Directory, IWorkloadGovernance {
    /// What went into an identity that somebody allowed (LAYOUT.md says how it is laid out).
    event IdentityMeasured(bytes32 indexed identity, uint8 kind, bytes measurements);

    /// Evidence was genuine and its machine measured as `identity`.
    event EvidenceVerified(
        bytes32 indexed identity, address indexed verifier, bytes32 configHash, address actor
    );

    error NotAllowed();

    uint8 internal constant MEASURED_TDX = 1;
    uint8 internal constant MEASURED_AZURE = 2;

    modifier onlyScheme(uint8 scheme) {
        if (_head.scheme != scheme) revert WrongScheme();
        _;
    }

    /// The event log is not looked at; it stands in the reference's ABI.
    function DCAPIdentity(DCAPReport calldata report, DCAPEvent[] calldata)
        external
        view
        onlyScheme(1)
        returns (bytes32)
    {
        return Identity.dcap1(report);
    }

    function MAAIdentity(MAAReport calldata report) public view onlyScheme(1) returns (bytes32) {
        return Identity.maa1(report);
    }

    function DCAPIdentityV2(DCAPReport calldata report, bytes8 tdAttributes, bytes8 xfam)
        public
        view
        onlyScheme(2)
        returns (bytes32)
    {
        return Identity.tdx2(Identity.measurements(report, tdAttributes, xfam), _head.rtmr3);
    }

    /// The paravisor's MRTD and the PCRs of the contract's mask.
    function AzureIdentityV2(
        bytes calldata mrTd,
        MAAReport calldata report,
        bytes8 tdAttributes,
        bytes8 xfam
    ) public view onlyScheme(2) returns (bytes32) {
        uint32 mask = _head.pcrMask;
        return
            Identity.azure2(
                Identity.azureMeasurements(mrTd, report, tdAttributes, xfam, mask), mask
            );
    }

    /// An identity under one security configuration.
    function principalOf(bytes32 identity, bytes32 configHash) public pure returns (bytes32) {
        return Identity.principal(identity, configHash);
    }

    /// Where the settings say `principal`, `identity` is one.
    function IdentityAllowed(bytes32 identity, address operator) public view returns (bool) {
        return _granting() && _active(_identities[identity]) && _operatorAllowed(operator);
    }

    function supportsInterface(bytes4 id)
        public
        view
        virtual
        override(AccessControl)
        returns (bool)
    {
        return id == type(IWorkloadGovernance).interfaceId
            || id == type(IOnchainDiscovery).interfaceId || super.supportsInterface(id);
    }

    // ---- verified onchain ----

    /// Proposes what a quote shows, if `verifier` finds it genuine and its report data as given: saves the
    /// curator from copying registers, and nothing else.  What is allowed begins after the delay, as ever.
    /// Where the settings say `principal`, it is the identity under `configHash` that is listed.
    function verifyAndPropose(
        address verifier,
        bytes calldata evidence,
        bytes32[2] calldata reportData,
        bytes32 configHash,
        uint16 policyId,
        uint64 notAfter
    ) external onlyCurator returns (bytes32 subject) {
        subject = _verified(verifier, evidence, reportData, configHash);
        _allow(KIND_IDENTITY, subject, policyId, notAfter);
    }

    /// Shows that the sender runs a machine that is allowed here, for what it registers next (`purpose`: the
    /// id of an onboarding request, or the hash of a name).  The report data of the quote binds the
    /// sender, the purpose and a block of the last 256, so that neither another nor an old machine will do.
    function attest(
        address verifier,
        bytes calldata evidence,
        bytes32 configHash,
        bytes32 purpose,
        uint256 blockNumber
    ) external notEnded {
        bytes32[2] memory expected = [_binding(purpose, blockNumber), bytes32(0)];
        bytes32 subject = _verified(verifier, evidence, expected, configHash);
        if (!IdentityAllowed(subject, msg.sender)) revert NotAllowed();
        _attested[_attestedKey(purpose)] = uint64(block.timestamp) + ATTESTED_LIFETIME;
        _count();
    }

    /// The first half of the report data; the second is zero.
    function _binding(bytes32 purpose, uint256 blockNumber) private view returns (bytes32) {
        bytes32 hash = blockhash(blockNumber);
        if (hash == 0) revert BadTime();
        return keccak256(
            abi.encode(
                keccak256("teereg/attest/1"),
                block.chainid,
                address(this),
                msg.sender,
                purpose,
                hash
            )
        );
    }

    function _verified(
        address verifier,
        bytes calldata evidence,
        bytes32[2] memory reportData,
        bytes32 configHash
    ) private onlyScheme(2) returns (bytes32 subject) {
        if (!_active(_verifiers[verifier])) revert NotAllowed();
        uint32 mask = _head.pcrMask;
        (uint8 kind, bytes memory m) =
            IAttestationVerifier(verifier).verify(evidence, reportData, mask);
        if (kind == MEASURED_TDX) subject = Identity.tdx2(m, _head.rtmr3);
        else if (kind == MEASURED_AZURE) subject = Identity.azure2(m, mask);
        else revert UnknownKind(kind);
        emit IdentityMeasured(subject, kind, m);
        emit EvidenceVerified(subject, verifier, configHash, msg.sender);
        if (_head.principal) subject = principalOf(subject, configHash);
    }

    function _measuredTdx(DCAPReport calldata report, bytes8 tdAttributes, bytes8 xfam)
        internal
        onlyScheme(2)
        returns (bytes32 identity)
    {
        bytes memory m = Identity.measurements(report, tdAttributes, xfam);
        identity = Identity.tdx2(m, _head.rtmr3);
        emit IdentityMeasured(identity, MEASURED_TDX, m);
    }

    function _measuredAzure(
        bytes calldata mrTd,
        MAAReport calldata report,
        bytes8 tdAttributes,
        bytes8 xfam
    ) internal onlyScheme(2) returns (bytes32 identity) {
        uint32 mask = _head.pcrMask;
        bytes memory m = Identity.azureMeasurements(mrTd, report, tdAttributes, xfam, mask);
        identity = Identity.azure2(m, mask);
        emit IdentityMeasured(identity, MEASURED_AZURE, m);
    }
}
