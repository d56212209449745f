// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Unpadded base64url (RFC 4648 §5), 32 characters at a time.
library Base64Url {
    uint256 private constant ONES =
        0x0101010101010101010101010101010101010101010101010101010101010101;

    error BadBase64();

    /// Writes `data` as text to `put`, an address in memory with room for a word more; the end of the text.
    function encode(bytes memory data, uint256 put) internal pure returns (uint256 end) {
        unchecked {
            uint256 n = data.length;
            end = put + (n * 4 + 2) / 3;
            for (uint256 off; off < n; off += 24) {
                assembly ("memory-safe") {
                    let v := shr(64, mload(add(add(data, 32), off)))
                    // What lies behind the last byte is no part of it.
                    let left := sub(n, off)
                    if lt(left, 24) {
                        let cut := sub(192, mul(8, left))
                        v := shl(cut, shr(cut, v))
                    }
                    // Six bits to a lane
                    v := or(
                        shl(32, and(v, 0xffffffffffffffffffffffff000000000000000000000000)),
                        and(v, 0xffffffffffffffffffffffff)
                    )
                    v := or(
                        shl(
                            16,
                            and(
                                v,
                                0x00000000ffffffffffff00000000000000000000ffffffffffff000000000000
                            )
                        ),
                        and(v, 0x00000000000000000000ffffffffffff00000000000000000000ffffffffffff)
                    )
                    v := or(
                        shl(
                            8,
                            and(
                                v,
                                0x0000ffffff0000000000ffffff0000000000ffffff0000000000ffffff000000
                            )
                        ),
                        and(v, 0x0000000000ffffff0000000000ffffff0000000000ffffff0000000000ffffff)
                    )
                    v := or(
                        shl(
                            4,
                            and(
                                v,
                                0x00fff00000fff00000fff00000fff00000fff00000fff00000fff00000fff000
                            )
                        ),
                        and(v, 0x00000fff00000fff00000fff00000fff00000fff00000fff00000fff00000fff)
                    )
                    v := or(
                        shl(
                            2,
                            and(
                                v,
                                0x0fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc0
                            )
                        ),
                        and(v, 0x003f003f003f003f003f003f003f003f003f003f003f003f003f003f003f003f)
                    )
                    // A-Z a-z 0-9 - _ begin at 0, 26, 52, 62, 63: the top bit of v + (128 - k) says v >= k
                    let more :=
                        add(
                            mul(
                                6,
                                and(
                                    shr(
                                        7,
                                        add(
                                            v,
                                            0x6666666666666666666666666666666666666666666666666666666666666666
                                        )
                                    ),
                                    ONES
                                )
                            ),
                            mul(
                                49,
                                and(
                                    shr(
                                        7,
                                        add(
                                            v,
                                            0x4141414141414141414141414141414141414141414141414141414141414141
                                        )
                                    ),
                                    ONES
                                )
                            )
                        )
                    let less :=
                        add(
                            mul(
                                75,
                                and(
                                    shr(
                                        7,
                                        add(
                                            v,
                                            0x4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c
                                        )
                                    ),
                                    ONES
                                )
                            ),
                            mul(
                                13,
                                and(
                                    shr(
                                        7,
                                        add(
                                            v,
                                            0x4242424242424242424242424242424242424242424242424242424242424242
                                        )
                                    ),
                                    ONES
                                )
                            )
                        )
                    v := add(
                        add(v, 0x4141414141414141414141414141414141414141414141414141414141414141),
                        more
                    )
                    mstore(put, sub(v, less))
                }
                put += 32;
            }
        }
    }

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
            // The top bit of x + (128 - k) says x >= k, in every lane below 128.  What each of the five ranges
            // (- 0-9 A-Z _ a-z) adds to the offset of the one before it, and how often a bound is passed:
            // an odd number of times inside a range.
            let t := add(c, 0x5353535353535353535353535353535353535353535353535353535353535353) // 45
            let odd := t
            v := add(c, mul(17, and(shr(7, t), ONES)))
            t := add(c, 0x5050505050505050505050505050505050505050505050505050505050505050) // 48
            odd := xor(odd, t)
            let less := mul(13, and(shr(7, t), ONES))
            t := add(c, 0x3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f) // 65
            odd := xor(odd, t)
            less := add(less, mul(69, and(shr(7, t), ONES)))
            t := add(c, 0x2121212121212121212121212121212121212121212121212121212121212121) // 95
            odd := xor(odd, t)
            v := add(v, mul(33, and(shr(7, t), ONES)))
            t := add(c, 0x1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f) // 97
            odd := xor(odd, t)
            less := add(less, mul(39, and(shr(7, t), ONES)))
            odd := xor(
                odd,
                add(c, 0x5252525252525252525252525252525252525252525252525252525252525252)
            ) // 46
            odd := xor(
                odd,
                add(c, 0x4646464646464646464646464646464646464646464646464646464646464646)
            ) // 58
            odd := xor(
                odd,
                add(c, 0x2525252525252525252525252525252525252525252525252525252525252525)
            ) // 91
            odd := xor(
                odd,
                add(c, 0x2020202020202020202020202020202020202020202020202020202020202020)
            ) // 96
            odd := xor(
                odd,
                add(c, 0x0505050505050505050505050505050505050505050505050505050505050505)
            ) // 123
            v := sub(v, less)
            let tops := shl(7, ONES)
            bad := or(and(c, tops), xor(and(odd, tops), tops))
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
