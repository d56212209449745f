// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// ECDSA over P-256 by the precompile at 0x100 (EIP-7951; RIP-7212 elsewhere).
library P256 {
    /// False, too, where the chain has no such precompile.  A signature and its mirror (n - s) both pass,
    /// as with every verifier of quotes: nothing may be counted by the bytes of a signature.
    function verify(bytes32 hash, bytes32 r, bytes32 s, bytes32 x, bytes32 y)
        internal
        view
        returns (bool good)
    {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, hash)
            mstore(add(m, 32), r)
            mstore(add(m, 64), s)
            mstore(add(m, 96), x)
            mstore(add(m, 128), y)
            mstore(0, 0)
            good := staticcall(gas(), 0x100, m, 160, 0, 32)
            // A bad signature is answered with nothing.
            good := and(and(good, eq(returndatasize(), 32)), eq(mload(0), 1))
        }
    }
}
