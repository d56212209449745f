// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DCAPReport, MAAReport} from "./Types.sol";

/// The formulas of identities; all of them hold for the contract that asks, on its chain.
library Identity {
    uint256 private constant REGISTER = 48;
    uint256 private constant TDX_LENGTH = 16 + 8 * REGISTER;

    /// 0 MRTD, 1 to 4 RTMRs, 5 MRCONFIGID, 6 MROWNER, 7 MROWNERCONFIG; 8 all that a verifier returned.
    error WrongLength(uint256 register, uint256 found);
    error NoPcrMask();

    /// The reference's: RTMR0 to 2 and nothing else.
    function dcap1(DCAPReport calldata r) internal view returns (bytes32) {
        check(r);
        return keccak256(abi.encodePacked(address(this), r.RTMRs[0], r.RTMRs[1], r.RTMRs[2]));
    }

    function maa1(MAAReport calldata r) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(address(this), r.PCRs[4], r.PCRs[9], r.PCRs[11]));
    }

    /// Of a TD, from its measurements; without the flag RTMR3 counts as zero.
    function tdx2(bytes memory m, bool rtmr3) internal view returns (bytes32) {
        if (m.length != TDX_LENGTH) revert WrongLength(8, m.length);
        bytes memory all = sealed_(keccak256("teereg/tdx/2"), m);
        if (!rtmr3) {
            assembly ("memory-safe") {
                let end := add(add(all, 32), mload(all))
                mstore(sub(end, 48), 0)
                mstore(sub(end, 32), 0)
            }
        }
        return keccak256(all);
    }

    /// Of an Azure machine, from its measurements under this contract's mask.
    function azure2(bytes memory m, uint32 mask) internal view returns (bytes32) {
        if (mask == 0) revert NoPcrMask();
        if (m.length < 68) revert WrongLength(8, m.length);
        uint256 n = 68;
        for (uint256 i = mask; i != 0; i >>= 1) {
            n += (i & 1) * 32;
        }
        uint256 found;
        assembly ("memory-safe") {
            found := shr(224, mload(add(m, 96)))
        }
        if (m.length != n || found != mask) revert WrongLength(8, m.length);
        return keccak256(sealed_(keccak256("teereg/azure-tdx/2"), m));
    }

    function sealed_(bytes32 tag, bytes memory m) private view returns (bytes memory) {
        return bytes.concat(tag, bytes32(block.chainid), bytes20(address(this)), m);
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
        check(r);
        bytes memory launch = bytes.concat(r.mrTd, r.mrConfigId, r.mrOwner, r.mrConfigOwner);
        return
            bytes.concat(tdAttributes, xfam, launch, r.RTMRs[0], r.RTMRs[1], r.RTMRs[2], r.RTMRs[3]);
    }

    /// What an Azure identity is made of, and its event carries.
    function azureMeasurements(
        bytes calldata mrTd,
        MAAReport calldata r,
        bytes8 tdAttributes,
        bytes8 xfam,
        uint32 mask
    ) internal pure returns (bytes memory out) {
        checkOne(0, mrTd);
        if (mask == 0) revert NoPcrMask();
        out = bytes.concat(tdAttributes, xfam, mrTd, bytes4(mask));
        for (uint256 i; i < 24; ++i) {
            if (mask >> i & 1 == 1) out = bytes.concat(out, r.PCRs[i]);
        }
    }

    function check(DCAPReport calldata r) private pure {
        checkOne(0, r.mrTd);
        for (uint256 i; i < 4; ++i) {
            checkOne(1 + i, r.RTMRs[i]);
        }
        checkOne(5, r.mrConfigId);
        checkOne(6, r.mrOwner);
        checkOne(7, r.mrConfigOwner);
    }

    function checkOne(uint256 register, bytes calldata value) private pure {
        if (value.length != REGISTER) revert WrongLength(register, value.length);
    }
}
