// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// A reader of JSON as Intel and Microsoft write it: without white space and without escapes.  Places are
/// addresses in memory and only grow.  The reader must end at the end of the text and check that it did:
/// then every place was inside, and what lay behind was never read as text.  What is skipped is matched
/// (brackets, strings), not judged.
library Json {
    uint256 private constant LOW =
        0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f;
    uint256 private constant QUOTES =
        0x2222222222222222222222222222222222222222222222222222222222222222;
    uint256 private constant ESCAPES =
        0x5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c;
    uint256 private constant MAX_DEPTH = 16;

    error BadJson(uint256 place);

    struct Text {
        uint256 from; // of the content of a string
        uint256 to;
    }

    function span(bytes memory text) internal pure returns (uint256 p, uint256 end) {
        assembly ("memory-safe") {
            p := add(text, 32)
            end := add(p, mload(text))
        }
    }

    /// As `span`, of a text in which no character is escaped: a string ends at the next quote.
    function plain(bytes memory text) internal pure returns (uint256 p, uint256 end) {
        (p, end) = span(text);
        if (find(p, end, ESCAPES) < end) revert BadJson(p);
    }

    function peek(uint256 p) internal pure returns (uint256 c) {
        assembly ("memory-safe") {
            c := byte(0, mload(p))
        }
    }

    /// The first place from `p` on with the character that the word repeats; `end` or behind it: none.
    function find(uint256 p, uint256 end, uint256 character) private pure returns (uint256 off) {
        assembly ("memory-safe") {
            off := p
            for {} lt(off, end) { off := add(off, 32) } {
                let x := xor(mload(off), character)
                // 0x80 in each byte that is zero, exactly
                x := not(or(or(add(and(x, LOW), LOW), x), LOW))
                if x {
                    off := add(off, shr(3, clz(x)))
                    break
                }
            }
        }
    }

    /// The place behind this character.
    function eat(uint256 p, uint256, uint8 c) internal pure returns (uint256) {
        if (peek(p) != c) revert BadJson(p);
        return p + 1;
    }

    /// After a member: false at the closing bracket, and the place behind it or behind the comma.
    function more(uint256 p, uint256, uint8 closing)
        internal
        pure
        returns (bool yes, uint256 next)
    {
        uint256 c = peek(p);
        yes = c == 0x2c;
        if (!yes && c != closing) revert BadJson(p);
        unchecked {
            next = p + 1;
        }
    }

    /// The content of a string, and the place behind it.
    function str(uint256 p, uint256 end) internal pure returns (Text memory t, uint256 next) {
        if (peek(p) != 0x22) revert BadJson(p);
        unchecked {
            t.from = p + 1;
            t.to = find(p + 1, end, QUOTES);
            if (t.to >= end) revert BadJson(p);
            next = t.to + 1;
        }
    }

    /// keccak256 of a member's name, and the place of its value.
    function key(uint256 p, uint256 end) internal pure returns (bytes32 name, uint256 next) {
        (name, next) = strHash(p, end);
        if (peek(next) != 0x3a) revert BadJson(next);
        unchecked {
            ++next;
        }
    }

    /// keccak256 of a string's content, and the place behind it.
    function strHash(uint256 p, uint256 end) internal pure returns (bytes32 h, uint256 next) {
        if (peek(p) != 0x22) revert BadJson(p);
        unchecked {
            uint256 to = find(p + 1, end, QUOTES);
            if (to >= end) revert BadJson(p);
            assembly ("memory-safe") {
                h := keccak256(add(p, 1), sub(to, add(p, 1)))
            }
            next = to + 1;
        }
    }

    /// A number of 0 to 10^15 in digits alone.
    function num(uint256 p, uint256) internal pure returns (uint256 n, uint256 next) {
        assembly ("memory-safe") {
            for { next := p } 1 { next := add(next, 1) } {
                let c := sub(byte(0, mload(next)), 0x30)
                if gt(c, 9) { break }
                n := add(mul(n, 10), c)
            }
        }
        uint256 digits = next - p;
        if (digits == 0 || digits > 15 || (digits > 1 && peek(p) == 0x30)) revert BadJson(p);
    }

    function boolean(uint256 p, uint256) internal pure returns (bool yes, uint256 next) {
        uint256 w;
        assembly ("memory-safe") {
            w := mload(p)
        }
        yes = w >> 224 == 0x74727565;
        if (!yes && w >> 216 != 0x66616c7365) revert BadJson(p);
        unchecked {
            next = p + (yes ? 4 : 5);
        }
    }

    /// A string of 2n hexadecimal digits, n at most 32, as the first n bytes of the word.
    function hexWord(uint256 p, uint256 end, uint256 n)
        internal
        pure
        returns (bytes32 w, uint256 next)
    {
        Text memory t;
        (t, next) = str(p, end);
        if (t.to - t.from != 2 * n) revert BadJson(p);
        w = unhex(t.from, n);
    }

    /// A string of 96 digits as its first 32 and last 16 bytes.
    function hex48(uint256 p, uint256 end)
        internal
        pure
        returns (bytes32 hi, bytes32 lo, uint256 next)
    {
        Text memory t;
        (t, next) = str(p, end);
        if (t.to - t.from != 96) revert BadJson(p);
        (hi, lo) = (unhex(t.from, 32), unhex(t.from + 64, 16));
    }

    /// n bytes (at most 32) of the digits at `p`.
    function unhex(uint256 p, uint256 n) internal pure returns (bytes32 out) {
        unchecked {
            for (uint256 done; done < n; done += 16) {
                uint256 some = n - done < 16 ? n - done : 16;
                uint256 w;
                assembly ("memory-safe") {
                    w := mload(add(p, shl(1, done)))
                }
                // Only the digits asked for are judged: the others become zeros.
                w = (w >> (256 - 16 * some)) << (256 - 16 * some);
                if (some < 16) {
                    w |= 0x3030303030303030303030303030303030303030303030303030303030303030
                        & ((1 << (256 - 16 * some)) - 1);
                }
                out |= bytes32(_unhexWord(w, p)) >> (8 * done);
            }
        }
    }

    /// 32 digits to 16 bytes, all lanes at once.
    function _unhexWord(uint256 w, uint256 p) private pure returns (uint256 out) {
        unchecked {
            uint256 ones = 0x0101010101010101010101010101010101010101010101010101010101010101;
            if (w & (ones << 7) != 0) revert BadJson(p);
            uint256 letter = (w >> 6) & ones; // 'A' to 'F' and 'a' to 'f' have bit 6
            uint256 v = (w & (ones * 0x0f)) + letter * 9;
            // To be sure, the digit is written again and compared, letters in lower case.
            uint256 over = ((v + ones * 6) >> 4) & ones; // 10 and more
            uint256 again = v + ones * 0x30 + over * 39;
            if (over & letter != letter || v & (ones * 0xf0) != 0) revert BadJson(p);
            if (again != w | (letter << 5)) revert BadJson(p);
            // nibbles to bytes, then bytes together
            v = (v | (v >> 4)) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
            v = (v | (v >> 8)) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
            v = (v | (v >> 16)) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
            v = (v | (v >> 32)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            v = (v | (v >> 64)) & 0xffffffffffffffffffffffffffffffff;
            out = v << 128;
        }
    }

    /// The place behind any value.
    function skip(uint256 p, uint256 end) internal pure returns (uint256) {
        unchecked {
            uint256 c = peek(p);
            if (c == 0x22) {
                c = find(p + 1, end, QUOTES);
                if (c >= end) revert BadJson(p);
                return c + 1;
            }
            if (c != 0x7b && c != 0x5b) return _scalar(p, end, c);
            uint256 open = 1; // a bit for each bracket that is open, below a leading one: 1 for {
            uint256 depth;
            while (p < end) {
                c = peek(p);
                if (c == 0x22) {
                    p = find(p + 1, end, QUOTES) + 1;
                } else if (c == 0x2c || c == 0x3a) {
                    ++p;
                } else if (c == 0x7b || c == 0x5b) {
                    if (++depth > MAX_DEPTH) revert BadJson(p);
                    open = (open << 1) | (c == 0x7b ? 1 : 0);
                    ++p;
                } else if (c == 0x7d || c == 0x5d) {
                    if ((open & 1 == 1) != (c == 0x7d)) revert BadJson(p);
                    open >>= 1;
                    ++p;
                    if (--depth == 0) return p;
                } else {
                    p = _scalar(p, end, c);
                }
            }
            revert BadJson(p);
        }
    }

    /// The place behind a number or a word.
    function _scalar(uint256 p, uint256 end, uint256 c) private pure returns (uint256 next) {
        if (c == 0x74 || c == 0x66) {
            (, next) = boolean(p, end);
            return next;
        }
        unchecked {
            for (next = p; next < end; ++next) {
                c = peek(next);
                bool plain_ = (c >= 0x30 && c <= 0x39) || (c >= 0x61 && c <= 0x7a) || c == 0x2d
                    || c == 0x2b || c == 0x2e || c == 0x45;
                if (!plain_) break;
            }
        }
        if (next == p) revert BadJson(p);
    }
}
