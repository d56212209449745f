// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// RSASSA-PKCS1-v1_5 with SHA-256 and e = 65537 (RFC 8017 §8.2.2), by the modexp precompile.
library Rsa {
    /// DigestInfo of SHA-256 up to the hash, behind 00.
    uint256 private constant DIGEST_INFO = 0x3031300d060960864801650304020105000420;

    /// The whole encoded message is compared, so nothing is parsed.  Moduli of 2048 to 4096 bits.
    function verify(bytes32 hash, bytes memory signature, bytes memory modulus)
        internal
        view
        returns (bool good)
    {
        uint256 n = modulus.length;
        if (n < 256 || n > 512 || n % 32 != 0 || signature.length != n) return false;
        if (modulus[0] & 0x80 == 0 || modulus[n - 1] & 0x01 == 0) return false;
        if (!_below(signature, modulus)) return false;
        bytes memory m = new bytes(n);
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, n)
            mstore(add(free, 32), 3)
            mstore(add(free, 64), n)
            mcopy(add(free, 96), add(signature, 32), n)
            mstore(add(add(free, 96), n), shl(232, 0x010001))
            mcopy(add(add(free, 99), n), add(modulus, 32), n)
            good := staticcall(gas(), 5, free, add(99, add(n, n)), add(m, 32), n)
            good := and(good, eq(returndatasize(), n))
            // 00 01 ff .. ff 00 DigestInfo hash: the last two words, the first, and those between
            let p := add(m, 32)
            let end := add(p, n)
            good := and(good, eq(mload(sub(end, 32)), hash))
            good := and(good, eq(mload(sub(end, 64)), or(shl(160, not(0)), DIGEST_INFO)))
            good := and(good, eq(mload(p), shr(15, not(0))))
            let middle := not(0)
            for { p := add(p, 32) } lt(p, sub(end, 64)) { p := add(p, 32) } {
                middle := and(middle, mload(p))
            }
            good := and(good, iszero(not(middle)))
        }
    }

    /// a < b, of one length that is a multiple of 32.
    function _below(bytes memory a, bytes memory b) private pure returns (bool) {
        for (uint256 i = 32; i <= a.length; i += 32) {
            uint256 x;
            uint256 y;
            assembly ("memory-safe") {
                x := mload(add(a, i))
                y := mload(add(b, i))
            }
            if (x != y) return x < y;
        }
        return false;
    }
}
