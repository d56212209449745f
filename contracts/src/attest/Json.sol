// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// A reader of JSON as Intel and Microsoft write it: without white space.  Places are addresses in memory;
/// `end` is the first behind the text.  What is skipped is matched (brackets, strings), not judged.
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

    function peek(uint256 p) internal pure returns (uint256 c) {
        assembly ("memory-safe") {
            c := byte(0, mload(p))
        }
    }

    /// The place behind this character.
    function eat(uint256 p, uint256 end, uint8 c) internal pure returns (uint256) {
        if (p >= end || peek(p) != c) revert BadJson(p);
        return p + 1;
    }

    /// After a member: false at the closing bracket, and the place behind it or behind the comma.
    function more(uint256 p, uint256 end, uint8 closing) internal pure returns (bool, uint256) {
        if (p < end && peek(p) == closing) return (false, p + 1);
        return (true, eat(p, end, 0x2c));
    }

    /// The end of a string's content from `p` on: its closing quote, or a backslash.
    function _stop(uint256 p, uint256 end) private pure returns (uint256 off) {
        uint256 hit;
        unchecked {
            for (off = p; off < end; off += 32) {
                assembly ("memory-safe") {
                    let w := mload(off)
                    let q := xor(w, QUOTES)
                    let b := xor(w, ESCAPES)
                    // 0x80 in each byte that is zero, exactly
                    q := not(or(or(add(and(q, LOW), LOW), q), LOW))
                    b := not(or(or(add(and(b, LOW), LOW), b), LOW))
                    hit := or(q, b)
                }
                if (hit != 0) break;
            }
            if (hit >> 128 == 0) (off, hit) = (off + 16, hit << 128);
            if (hit >> 192 == 0) (off, hit) = (off + 8, hit << 64);
            if (hit >> 224 == 0) (off, hit) = (off + 4, hit << 32);
            if (hit >> 240 == 0) (off, hit) = (off + 2, hit << 16);
            if (hit >> 248 == 0) ++off;
        }
        if (off >= end) revert BadJson(p);
    }

    /// The content of a string without escapes, and the place behind it.
    function str(uint256 p, uint256 end) internal pure returns (Text memory t, uint256 next) {
        t.from = eat(p, end, 0x22);
        t.to = _stop(t.from, end);
        if (peek(t.to) != 0x22) revert BadJson(t.to);
        next = t.to + 1;
    }

    /// keccak256 of a member's name, and the place of its value.
    function key(uint256 p, uint256 end) internal pure returns (bytes32 name, uint256 next) {
        uint256 from = eat(p, end, 0x22);
        uint256 to = _stop(from, end);
        if (peek(to) != 0x22) revert BadJson(to);
        assembly ("memory-safe") {
            name := keccak256(from, sub(to, from))
        }
        next = eat(to + 1, end, 0x3a);
    }

    function strHash(uint256 p, uint256 end) internal pure returns (bytes32 h, uint256 next) {
        uint256 from = eat(p, end, 0x22);
        uint256 to = _stop(from, end);
        if (peek(to) != 0x22) revert BadJson(to);
        assembly ("memory-safe") {
            h := keccak256(from, sub(to, from))
        }
        next = to + 1;
    }

    /// A number of 0 to 10^15 in digits alone.
    function num(uint256 p, uint256 end) internal pure returns (uint256 n, uint256 next) {
        next = p;
        for (;; ++next) {
            uint256 c = peek(next);
            if (next >= end || c < 0x30 || c > 0x39) break;
            n = n * 10 + c - 0x30;
        }
        uint256 digits = next - p;
        if (digits == 0 || digits > 15 || (digits > 1 && peek(p) == 0x30)) revert BadJson(p);
    }

    function boolean(uint256 p, uint256 end) internal pure returns (bool yes, uint256 next) {
        uint256 w;
        assembly ("memory-safe") {
            w := mload(p)
        }
        yes = w >> 224 == 0x74727565;
        if (!yes && w >> 216 != 0x66616c7365) revert BadJson(p);
        next = p + (yes ? 4 : 5);
        if (next > end) revert BadJson(p);
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
            uint256 open = 1; // a bit for each bracket that is open, below a leading one: 1 for {
            uint256 depth;
            while (p < end) {
                uint256 c = peek(p);
                if (c == 0x22) {
                    p = _skipString(p, end);
                } else if (c == 0x7b || c == 0x5b) {
                    if (++depth > MAX_DEPTH) revert BadJson(p);
                    open = (open << 1) | (c == 0x7b ? 1 : 0);
                    ++p;
                    continue;
                } else if (c == 0x7d || c == 0x5d) {
                    if (depth == 0 || (open & 1 == 1) != (c == 0x7d)) revert BadJson(p);
                    open >>= 1;
                    --depth;
                    ++p;
                } else if (depth != 0 && (c == 0x2c || c == 0x3a)) {
                    ++p;
                    continue;
                } else {
                    uint256 from = p;
                    for (; p < end; ++p) {
                        c = peek(p);
                        bool plain = (c >= 0x30 && c <= 0x39) || (c >= 0x61 && c <= 0x7a)
                            || c == 0x2d || c == 0x2b || c == 0x2e || c == 0x45;
                        if (!plain) break;
                    }
                    if (p == from) revert BadJson(p);
                }
                if (depth == 0) return p;
            }
            revert BadJson(p);
        }
    }

    function _skipString(uint256 p, uint256 end) private pure returns (uint256) {
        p = _stop(p + 1, end);
        while (peek(p) != 0x22) p = _stop(p + 2, end); // a backslash and what it escapes
        return p + 1;
    }
}
