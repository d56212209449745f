// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Unpadded base64url (RFC 4648 §5), 32 characters at a time.
library Base64Url {
    uint256 private constant ONES =
        0x0101010101010101010101010101010101010101010101010101010101010101;

    error BadBase64();

    /// The text from `from` to `to` (addresses in memory).  The last character carries no bits that are not
    /// used, so that each value has one text.
    function decode(uint256 from, uint256 to) internal pure returns (bytes memory out) {
        unchecked {
            uint256 n = to - from;
            if (to < from || n % 4 == 1) revert BadBase64();
            uint256 size = n * 3 / 4;
            out = new bytes(size + 32); // the last word is written whole
            uint256 put;
            assembly ("memory-safe") {
                mstore(out, size)
                put := add(out, 32)
            }
            for (; n >= 32; n -= 32) {
                uint256 w;
                assembly ("memory-safe") {
                    w := mload(from)
                }
                w = _word(w);
                assembly ("memory-safe") {
                    mstore(put, w)
                }
                (from, put) = (from + 32, put + 24);
            }
            if (n == 0) return out;
            uint256 last;
            assembly ("memory-safe") {
                last := mload(from)
            }
            uint256 kept = 8 * n;
            // 'A' stands for zero behind the end
            last = last >> (256 - kept) << (256 - kept) | (ONES * 0x41) >> kept;
            last = _word(last);
            if (last << (8 * (n * 3 / 4)) != 0) revert BadBase64();
            assembly ("memory-safe") {
                mstore(put, last)
            }
        }
    }

    /// 32 characters to 24 bytes, first in the word.
    function _word(uint256 c) private pure returns (uint256 v) {
        bool bad;
        assembly ("memory-safe") {
            let tops := shl(7, ONES)
            bad := and(c, tops)
            // x >= k in every lane below 128: the top bit of x + (128 - k)
            let lower := and(add(c, mul(ONES, 31)), not(add(c, mul(ONES, 5)))) // 97 to 122
            let upper := and(add(c, mul(ONES, 63)), not(add(c, mul(ONES, 37)))) // 65 to 90
            let digit := and(add(c, mul(ONES, 80)), not(add(c, mul(ONES, 70)))) // 48 to 57
            let dash := and(add(c, mul(ONES, 83)), not(add(c, mul(ONES, 82)))) // 45
            let under := and(add(c, mul(ONES, 33)), not(add(c, mul(ONES, 32)))) // 95
            lower := and(shr(7, lower), ONES)
            upper := and(shr(7, upper), ONES)
            digit := and(shr(7, digit), ONES)
            dash := and(shr(7, dash), ONES)
            under := and(shr(7, under), ONES)
            bad := or(bad, xor(or(or(or(lower, upper), or(digit, dash)), under), ONES))
            v := add(c, add(mul(digit, 4), mul(dash, 17)))
            v := sub(v, add(add(mul(upper, 65), mul(lower, 71)), mul(under, 32)))
            // Six bits of each lane, together
            v := or(
                shr(2, and(v, 0x3f003f003f003f003f003f003f003f003f003f003f003f003f003f003f003f00)),
                and(v, 0x003f003f003f003f003f003f003f003f003f003f003f003f003f003f003f003f)
            )
            v := or(
                shr(4, and(v, 0x0fff00000fff00000fff00000fff00000fff00000fff00000fff00000fff0000)),
                and(v, 0x00000fff00000fff00000fff00000fff00000fff00000fff00000fff00000fff)
            )
            v := or(
                shr(8, and(v, 0x00ffffff0000000000ffffff0000000000ffffff0000000000ffffff00000000)),
                and(v, 0x0000000000ffffff0000000000ffffff0000000000ffffff0000000000ffffff)
            )
            v := or(
                shr(16, and(v, 0x0000ffffffffffff00000000000000000000ffffffffffff0000000000000000)),
                and(v, 0x00000000000000000000ffffffffffff00000000000000000000ffffffffffff)
            )
            v := or(
                shr(32, and(v, 0x00000000ffffffffffffffffffffffff00000000000000000000000000000000)),
                and(v, 0x0000000000000000000000000000000000000000ffffffffffffffffffffffff)
            )
            v := shl(64, v)
        }
        if (bad) revert BadBase64();
    }
}
