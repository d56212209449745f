// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Directory} from "./Directory.sol";
import {Identity} from "./Identity.sol";
import {IOnchainDiscovery, IWorkloadGovernance} from "./Interfaces.sol";
import {DCAPEvent, DCAPReport, MAAReport} from "./Types.sol";

/// Identities of workloads and whether they are allowed.  A contract has one scheme for its whole life:
/// under 2 the reference's formulas do not exist (its RTMRs alone can be forged by other firmware), and
/// under 1 ours do not.
abstract contract Workload is Directory, IWorkloadGovernance {
    /// What went into an identity that somebody allowed (LAYOUT.md says how it is laid out).
    event IdentityMeasured(bytes32 indexed identity, uint8 kind, bytes measurements);

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
        return Identity.dcap2(report, tdAttributes, xfam, _head.rtmr3);
    }

    /// The paravisor's MRTD and the PCRs of the contract's mask.
    function AzureIdentityV2(
        bytes calldata mrTd,
        MAAReport calldata report,
        bytes8 tdAttributes,
        bytes8 xfam
    ) public view onlyScheme(2) returns (bytes32) {
        return Identity.azure2(mrTd, report, tdAttributes, xfam, _head.pcrMask);
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

    function _measuredTdx(DCAPReport calldata report, bytes8 tdAttributes, bytes8 xfam)
        internal
        returns (bytes32 identity)
    {
        identity = DCAPIdentityV2(report, tdAttributes, xfam);
        emit IdentityMeasured(
            identity, MEASURED_TDX, Identity.measurements(report, tdAttributes, xfam)
        );
    }

    function _measuredAzure(
        bytes calldata mrTd,
        MAAReport calldata report,
        bytes8 tdAttributes,
        bytes8 xfam
    ) internal returns (bytes32 identity) {
        identity = AzureIdentityV2(mrTd, report, tdAttributes, xfam);
        emit IdentityMeasured(
            identity,
            MEASURED_AZURE,
            Identity.azureMeasurements(mrTd, report, tdAttributes, xfam, _head.pcrMask)
        );
    }
}
