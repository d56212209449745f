// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DCAPReport, MAAReport} from "./Types.sol";

/// The formulas of identities; all of them hold for the contract that asks, on its chain.
library Identity {
    uint256 private constant REGISTER = 48;

    error WrongLength(string register, uint256 found);
    error NoPcrMask();

    /// The reference's: RTMR0 to 2 and nothing else.
    function dcap1(DCAPReport calldata r) internal view returns (bytes32) {
        check(r);
        return keccak256(abi.encodePacked(address(this), r.RTMRs[0], r.RTMRs[1], r.RTMRs[2]));
    }

    function maa1(MAAReport calldata r) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(address(this), r.PCRs[4], r.PCRs[9], r.PCRs[11]));
    }

    function dcap2(DCAPReport calldata r, bytes8 tdAttributes, bytes8 xfam, bool rtmr3)
        internal
        view
        returns (bytes32)
    {
        check(r);
        return keccak256(
            bytes.concat(
                keccak256("teereg/tdx/2"),
                bytes32(block.chainid),
                bytes20(address(this)),
                fixedPart(r, tdAttributes, xfam),
                rtmr3 ? r.RTMRs[3] : bytes(new bytes(REGISTER))
            )
        );
    }

    function azure2(
        bytes calldata mrTd,
        MAAReport calldata r,
        bytes8 tdAttributes,
        bytes8 xfam,
        uint32 mask
    ) internal view returns (bytes32) {
        return keccak256(
            bytes.concat(
                keccak256("teereg/azure-tdx/2"),
                bytes32(block.chainid),
                bytes20(address(this)),
                azureMeasurements(mrTd, r, tdAttributes, xfam, mask)
            )
        );
    }

    function principal(bytes32 identity, bytes32 configHash) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256("teereg/principal/2"), identity, configHash));
    }

    /// What event IdentityMeasured carries for a TD: everything, RTMR3 too.
    function measurements(DCAPReport calldata r, bytes8 tdAttributes, bytes8 xfam)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(fixedPart(r, tdAttributes, xfam), r.RTMRs[3]);
    }

    /// What an Azure identity is made of, and its event carries.
    function azureMeasurements(
        bytes calldata mrTd,
        MAAReport calldata r,
        bytes8 tdAttributes,
        bytes8 xfam,
        uint32 mask
    ) internal pure returns (bytes memory out) {
        if (mrTd.length != REGISTER) revert WrongLength("MRTD", mrTd.length);
        if (mask == 0) revert NoPcrMask();
        out = bytes.concat(tdAttributes, xfam, mrTd, bytes4(mask));
        for (uint256 i; i < 24; ++i) {
            if (mask >> i & 1 == 1) out = bytes.concat(out, r.PCRs[i]);
        }
    }

    function fixedPart(DCAPReport calldata r, bytes8 tdAttributes, bytes8 xfam)
        private
        pure
        returns (bytes memory)
    {
        bytes memory launch = bytes.concat(r.mrTd, r.mrConfigId, r.mrOwner, r.mrConfigOwner);
        return bytes.concat(tdAttributes, xfam, launch, r.RTMRs[0], r.RTMRs[1], r.RTMRs[2]);
    }

    function check(DCAPReport calldata r) private pure {
        if (r.mrTd.length != REGISTER) revert WrongLength("MRTD", r.mrTd.length);
        if (r.mrOwner.length != REGISTER) revert WrongLength("MROWNER", r.mrOwner.length);
        if (r.mrConfigId.length != REGISTER) revert WrongLength("MRCONFIGID", r.mrConfigId.length);
        if (r.mrConfigOwner.length != REGISTER) {
            revert WrongLength("MROWNERCONFIG", r.mrConfigOwner.length);
        }
        for (uint256 i; i < 4; ++i) {
            if (r.RTMRs[i].length != REGISTER) revert WrongLength("RTMR", r.RTMRs[i].length);
        }
    }
}
