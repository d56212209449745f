// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AppPKI, DCAPEvent, DCAPReport, MAAReport} from "./Types.sol";

/// Which measured workloads may run.
interface IWorkloadGovernance {
    function DCAPIdentity(DCAPReport memory report, DCAPEvent[] memory eventLog)
        external
        view
        returns (bytes32 identity);

    function MAAIdentity(MAAReport memory report) external view returns (bytes32 identity);

    /// Never reverts.
    function IdentityAllowed(bytes32 identity, address operator) external view returns (bool);
}

/// What an allowed workload is configured with.
interface IConfigGovernance {
    /// SHA-256 of the template; zero when the identity is not allowed.  Never reverts.
    function ConfigForIdentity(bytes32 identity, address operator) external view returns (bytes32);

    function StorageBackends() external view returns (string[] memory);
}

/// Where its instances are, and by which key they are known.
interface IOnchainDiscovery {
    function PKI() external view returns (AppPKI memory);

    function InstanceDomainNames() external view returns (string[] memory);
}

/// Judges evidence of a machine onchain: a contract of its own, allowed by the owner as kind 6.
interface IAttestationVerifier {
    /// Reverts, with the reason, unless `evidence` is genuine now and carries `reportData`.  Kind and
    /// measurements are those of event IdentityMeasured (LAYOUT.md); `pcrMask` says which PCRs an Azure
    /// identity is made of.  It says what runs there, never that it may.
    function verify(bytes calldata evidence, bytes32[2] calldata reportData, uint32 pcrMask)
        external
        returns (uint8 kind, bytes memory measurements);
}
