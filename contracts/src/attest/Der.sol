// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Time} from "./Time.sol";

/// The part of DER and X.509 that Intel's certificates and revocation lists are made of.  Whatever differs
/// in form is refused: another algorithm, another curve, a length that is not the shortest.
library Der {
    uint8 internal constant INTEGER = 0x02;
    uint8 internal constant BIT_STRING = 0x03;
    uint8 internal constant OCTET_STRING = 0x04;
    uint8 internal constant OID = 0x06;
    uint8 internal constant ENUMERATED = 0x0a;
    uint8 internal constant SEQUENCE = 0x30;

    /// SEQUENCE { ecdsa-with-SHA256 }, 12 bytes.
    bytes32 private constant ECDSA_SHA256 = hex"300a06082a8648ce3d040302";
    /// SubjectPublicKeyInfo of an uncompressed point of P-256 up to the point, 27 bytes.
    bytes32 private constant P256_KEY = hex"3059301306072a8648ce3d020106082a8648ce3d03010703420004";

    error BadDer(uint256 offset);

    /// What is to be checked with the issuer's key.
    struct Signed {
        bytes32 hash; // SHA-256 of what is signed
        bytes32 r;
        bytes32 s;
        uint256 start; // of the content of what is signed
        uint256 end;
    }

    struct Cert {
        Signed signed;
        uint256 serial;
        bytes32 issuer; // keccak256 of the content of the name
        bytes32 subject;
        uint64 notBefore;
        uint64 notAfter; // the last second
        bytes32 x;
        bytes32 y;
        uint256 extensions; // content of the SEQUENCE of extensions
        uint256 extensionsEnd;
    }

    /// The content of the element at `at`, which has this tag and ends where its parent ends or before.
    /// A parent ends within `d`, so an element does.
    function get(bytes memory d, uint256 off, uint256 parentEnd, uint8 tag)
        internal
        pure
        returns (uint256 start, uint256 end)
    {
        uint256 found;
        (found, start, end) = any(d, off, parentEnd);
        if (found != tag) revert BadDer(off);
    }

    function any(bytes memory d, uint256 off, uint256 parentEnd)
        internal
        pure
        returns (uint256 tag, uint256 start, uint256 end)
    {
        bool bad;
        assembly ("memory-safe") {
            let w := mload(add(add(d, 32), off))
            tag := byte(0, w)
            let n := byte(1, w)
            start := add(off, 2)
            switch lt(n, 0x80)
            case 0 {
                switch n
                case 0x81 {
                    n := byte(2, w)
                    start := add(off, 3)
                    bad := lt(n, 0x80)
                }
                case 0x82 {
                    n := and(shr(224, w), 0xffff)
                    start := add(off, 4)
                    bad := lt(n, 0x100)
                }
                default { bad := 1 }
            }
            end := add(start, n)
            bad := or(bad, gt(end, parentEnd))
        }
        if (bad) revert BadDer(off);
    }

    /// 32 bytes at `at`; what lies behind the end of `d` is the caller's to mask.
    function word(bytes memory d, uint256 off) internal pure returns (bytes32 w) {
        assembly ("memory-safe") {
            w := mload(add(add(d, 32), off))
        }
    }

    function hash(bytes memory d, uint256 start, uint256 end) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            h := keccak256(add(add(d, 32), start), sub(end, start))
        }
    }

    function sha256Of(bytes memory d, uint256 start, uint256 end)
        internal
        view
        returns (bytes32 h)
    {
        assembly ("memory-safe") {
            if iszero(staticcall(gas(), 2, add(add(d, 32), start), sub(end, start), 0, 32)) {
                revert(0, 0)
            }
            h := mload(0)
        }
    }

    /// A positive INTEGER of at most 32 bytes, by its content.
    function uintOf(bytes memory d, uint256 start, uint256 end) internal pure returns (uint256 n) {
        uint256 size = end - start;
        if (size == 0 || size > 33) revert BadDer(start);
        n = uint256(word(d, start));
        if (n >> 255 == 1) revert BadDer(start); // negative
        if (size == 33) {
            if (n >> 248 != 0) revert BadDer(start);
            return uint256(word(d, start + 1));
        }
        n >>= 8 * (32 - size);
    }

    /// SEQUENCE { what is signed, ecdsa-with-SHA256, BIT STRING { SEQUENCE { r, s } } } and nothing behind.
    function signed(bytes memory d) internal view returns (Signed memory t) {
        (uint256 off, uint256 end) = get(d, 0, d.length, SEQUENCE);
        if (end != d.length) revert BadDer(end);
        (t.start, t.end) = get(d, off, end, SEQUENCE);
        t.hash = sha256Of(d, off, t.end);
        off = algorithm(d, t.end, end);
        (uint256 s, uint256 e) = get(d, off, end, BIT_STRING);
        if (e != end || uint8(word(d, s)[0]) != 0) revert BadDer(s);
        (s, off) = get(d, s + 1, e, SEQUENCE);
        if (off != e) revert BadDer(off);
        (s, off) = get(d, s, e, INTEGER);
        t.r = bytes32(uintOf(d, s, off));
        (s, off) = get(d, off, e, INTEGER);
        t.s = bytes32(uintOf(d, s, off));
        if (off != e) revert BadDer(off);
    }

    /// The place behind the one algorithm that there may be.
    function algorithm(bytes memory d, uint256 off, uint256 end) internal pure returns (uint256) {
        if (end < off + 12 || bytes12(word(d, off)) != bytes12(ECDSA_SHA256)) revert BadDer(off);
        return off + 12;
    }

    /// A certificate of version 3 with a key on P-256; whose it is and whether it may is the caller's.
    function cert(bytes memory d) internal view returns (Cert memory c) {
        c.signed = signed(d);
        uint256 end = c.signed.end;
        uint256 off = c.signed.start;
        if (bytes5(word(d, off)) != hex"a003020102") revert BadDer(off);
        (uint256 s, uint256 e) = get(d, off + 5, end, INTEGER);
        c.serial = uintOf(d, s, e);
        off = algorithm(d, e, end);
        (s, off) = get(d, off, end, SEQUENCE);
        c.issuer = hash(d, s, off);
        (s, e) = get(d, off, end, SEQUENCE);
        (c.notBefore, off) = time(d, s, e);
        (c.notAfter, off) = time(d, off, e);
        if (off != e) revert BadDer(off);
        (s, off) = get(d, e, end, SEQUENCE);
        c.subject = hash(d, s, off);
        if (end < off + 91 || bytes27(word(d, off)) != bytes27(P256_KEY)) revert BadDer(off);
        (c.x, c.y) = (word(d, off + 27), word(d, off + 59));
        (s, e) = get(d, off + 91, end, 0xa3);
        if (e != end) revert BadDer(e);
        (c.extensions, c.extensionsEnd) = get(d, s, e, SEQUENCE);
        if (c.extensionsEnd != e) revert BadDer(c.extensionsEnd);
    }

    /// UTCTime of this century or GeneralizedTime, in seconds since 1970.
    function time(bytes memory d, uint256 off, uint256 parentEnd)
        internal
        pure
        returns (uint64 t, uint256 next)
    {
        (uint256 tag, uint256 s, uint256 e) = any(d, off, parentEnd);
        bytes32 w = word(d, s);
        bool good;
        if (tag == 0x17 && e - s == 13) {
            (good, t) = Time.compact(bytes32(bytes2("20")) | (w >> 16));
        } else if (tag == 0x18 && e - s == 15) {
            (good, t) = Time.compact(w);
        }
        if (!good) revert BadDer(s);
        return (t, e);
    }
}
