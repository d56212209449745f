// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttestationVerifier} from "../Interfaces.sol";
import {Collateral} from "./Collateral.sol";
import {Der} from "./Der.sol";
import {P256} from "./P256.sol";

/// Verifies a TDX quote (versions 4 and 5) down to Intel's root, with collateral that is posted before.
/// The evidence is `abi.encode(bytes quote, bytes pck)`: the quote up to its certification data, which no
/// signature covers, and the DER of the PCK certificate that stands in it.  What is checked, in order, is
/// listed in VERIFIERS.md; each refusal has a name of its own.
contract TdxVerifier is IAttestationVerifier {
    bytes32 private constant LEAF =
        0xbb40b732b8b86e893fcaf9afae2155dc0437638b4f6c2b906bb7db1f39b992da;
    bytes16 private constant VENDOR = 0x939a7233f79c4ca9940a0db3957f0607;
    /// x87 and SSE are always on; any bit beyond these is not known.
    uint64 private constant XFAM_FIXED = 0x3;
    uint64 private constant XFAM_KNOWN = 0x6dbe7;
    uint64 private constant MIGRATABLE = 1 << 29;

    uint8 private constant UP_TO_DATE = 1;
    uint8 private constant SW_HARDENING = 2;
    uint8 private constant CONFIGURATION = 3;
    uint8 private constant CONFIGURATION_SW_HARDENING = 4;
    uint8 private constant OUT_OF_DATE = 5;
    uint8 private constant OUT_OF_DATE_CONFIGURATION = 6;
    uint8 private constant REVOKED = 7;
    uint8 private constant RELAUNCH = 8;
    uint8 private constant RELAUNCH_CONFIGURATION = 9;

    Collateral public immutable COLLATERAL;
    /// Bit i: the TCB status i is accepted, as numbered above.
    uint16 public immutable STATUSES;
    /// The least TCB evaluation data number, of the TCB info and of the QE identity.
    uint32 public immutable LEAST_NUMBER;
    /// Bits of TDATTRIBUTES that must be set and that may be, of the value as a little-endian number.
    uint64 public immutable ATTRIBUTES_REQUIRED;
    uint64 public immutable ATTRIBUTES_ALLOWED;

    error BadPolicy();
    error Truncated();
    error BadVersion();
    error BadKeyType();
    error NotTdx();
    error BadVendor();
    error BadBody();
    error BadCertification();
    error BadQuoteSignature();
    error BadQeBinding();
    error BadQeSignature();
    error BadPckName();
    error BadPckSignature();
    error BadPckExtension();
    error PckNotValidNow();
    error WrongPlatform();
    error BadQeIdentity();
    error QeNotSupported();
    error BadModule();
    error TcbNotSupported();
    error TcbRefused(uint8 status);
    error NumberTooLow(uint32 found);
    error Debuggable();
    error BadAttributes();
    error BadXfam();
    error BadServiceTd();
    error BadReportData();

    /// Never accepted by any policy: a debuggable TD, one that could migrate, a TCB that is revoked.
    constructor(
        Collateral collateral,
        uint16 statuses,
        uint32 leastNumber,
        uint64 attributesRequired,
        uint64 attributesAllowed
    ) {
        if (statuses & 1 != 0 || statuses >> REVOKED & 1 != 0 || statuses >> 10 != 0) {
            revert BadPolicy();
        }
        if (attributesAllowed & (0xff | MIGRATABLE) != 0) revert BadPolicy();
        if (attributesRequired & ~attributesAllowed != 0) revert BadPolicy();
        COLLATERAL = collateral;
        STATUSES = statuses;
        LEAST_NUMBER = leastNumber;
        ATTRIBUTES_REQUIRED = attributesRequired;
        ATTRIBUTES_ALLOWED = attributesAllowed;
    }

    /// What is found in a quote, and where.
    struct Found {
        bytes q;
        uint256 body; // offset of the TD report
        uint256 signature; // of the signature data, behind its length
        bool td15;
        bytes6 fmspc;
        uint256 pceId;
        uint256 pcesvn;
        uint256 svns; // of the PCK certificate, in lanes of 16 bits
    }

    /// The PCR mask is of no concern to a TD without a vTPM.
    function verify(bytes calldata evidence, bytes32[2] calldata reportData, uint32)
        external
        view
        override
        returns (uint8 kind, bytes memory measurements)
    {
        (bytes memory q, bytes memory pck) = abi.decode(evidence, (bytes, bytes));
        uint8 status;
        (status, measurements) = judge(q, pck, reportData);
        if (STATUSES >> status & 1 == 0) revert TcbRefused(status);
        return (1, measurements);
    }

    /// As `verify`, but says the TCB status instead of refusing it (Revoked is refused by both).
    function judge(bytes memory q, bytes memory pck, bytes32[2] calldata reportData)
        public
        view
        returns (uint8 status, bytes memory measurements)
    {
        Found memory f;
        f.q = q;
        _parse(f);
        _quoteSignature(f);
        Der.Cert memory leaf = Der.cert(pck);
        if (leaf.subject != LEAF) revert BadPckName();
        _extension(f, pck, leaf);
        (bytes memory ca, bytes memory tcb, bytes memory qe) =
            COLLATERAL.current(leaf.issuer, leaf.serial, f.fmspc);
        _chain(f, leaf, ca);
        uint8 qeStatus = _quotingEnclave(f, qe);
        status = _platform(f, tcb, qeStatus);
        _policy(f);
        if (_at(f, f.body + 520) != reportData[0] || _at(f, f.body + 552) != reportData[1]) {
            revert BadReportData();
        }
        measurements = _measurements(f);
    }

    function _at(Found memory f, uint256 offset) private pure returns (bytes32) {
        return Der.word(f.q, offset);
    }

    /// n little-endian bytes.
    function _le(Found memory f, uint256 offset, uint256 n) private pure returns (uint256 v) {
        uint256 w = uint256(_at(f, offset));
        for (uint256 i = n; i > 0; --i) {
            v = v << 8 | (w >> (256 - 8 * i) & 0xff);
        }
    }

    // ---- form ----

    function _parse(Found memory f) private pure {
        uint256 n = f.q.length;
        if (n < 770) revert Truncated();
        uint256 version = _le(f, 0, 2);
        if (version != 4 && version != 5) revert BadVersion();
        if (_le(f, 2, 2) != 2) revert BadKeyType();
        if (_le(f, 4, 4) != 0x81) revert NotTdx();
        if (bytes16(_at(f, 12)) != VENDOR) revert BadVendor();
        (uint256 body, uint256 size) = (48, 584);
        if (version == 5) {
            uint256 kind = _le(f, 48, 2);
            (body, size) = (54, _le(f, 50, 4));
            f.td15 = kind == 3;
            if (!(kind == 2 && size == 584) && !(kind == 3 && size == 648)) revert BadBody();
        }
        f.body = body;
        uint256 off = body + size + 4;
        f.signature = off;
        // signature 64, key 64, type and size 6, QE report 384, its signature 64, size of the auth data 2
        if (n < off + 584) revert Truncated();
        uint256 all = _le(f, off - 4, 4);
        uint256 auth = _le(f, off + 582, 2);
        if (auth > 1024 || n < off + 590 + auth) revert Truncated();
        if (_le(f, off + 128, 2) != 6 || _le(f, off + 584 + auth, 2) != 5) {
            revert BadCertification();
        }
        // Each length says the same as the others: what they surround ends where they end.
        if (_le(f, off + 130, 4) + 134 != all) revert BadCertification();
        if (_le(f, off + 586 + auth, 4) + 590 + auth != all) revert BadCertification();
    }

    // ---- signatures ----

    /// By the attestation key, over header and TD report; and the key is the quoting enclave's.
    function _quoteSignature(Found memory f) private view {
        uint256 off = f.signature;
        (bytes32 x, bytes32 y) = (_at(f, off + 64), _at(f, off + 96));
        bytes32 hash = Der.sha256Of(f.q, 0, off - 4);
        if (!P256.verify(hash, _at(f, off), _at(f, off + 32), x, y)) revert BadQuoteSignature();
        uint256 auth = _le(f, off + 582, 2);
        bytes memory bound = new bytes(64 + auth);
        bytes memory q = f.q;
        assembly ("memory-safe") {
            let from := add(add(q, 32), off)
            mcopy(add(bound, 32), add(from, 64), 64)
            mcopy(add(bound, 96), add(from, 584), auth)
        }
        if (_at(f, off + 454) != sha256(bound) || _at(f, off + 486) != 0) revert BadQeBinding();
    }

    /// The PCK certificate under its authority, and the quoting enclave's report under the PCK.
    function _chain(Found memory f, Der.Cert memory leaf, bytes memory ca) private view {
        Der.Signed memory s = leaf.signed;
        if (!P256.verify(s.hash, s.r, s.s, Der.word(ca, 0), Der.word(ca, 32))) {
            revert BadPckSignature();
        }
        if (block.timestamp < leaf.notBefore || block.timestamp > leaf.notAfter) {
            revert PckNotValidNow();
        }
        uint256 off = f.signature;
        bytes32 hash = Der.sha256Of(f.q, off + 134, off + 518);
        if (!P256.verify(hash, _at(f, off + 518), _at(f, off + 550), leaf.x, leaf.y)) {
            revert BadQeSignature();
        }
    }

    // ---- the SGX extension of the PCK certificate ----

    function _extension(Found memory f, bytes memory d, Der.Cert memory c) private pure {
        uint256 off = c.extensions;
        uint256 end = c.extensionsEnd;
        while (off < end) {
            (uint256 s, uint256 e) = Der.get(d, off, end, Der.SEQUENCE);
            off = e;
            // OID 1.2.840.113741.1.13.1, not critical: 06 09 and nine bytes, then the OCTET STRING
            if (bytes11(Der.word(d, s)) != hex"06092a864886f84d010d01") continue;
            (s, e) = Der.get(d, s + 11, e, Der.OCTET_STRING);
            (s, e) = Der.get(d, s, e, Der.SEQUENCE);
            _members(f, d, s, e);
            return;
        }
        revert BadPckExtension();
    }

    function _members(Found memory f, bytes memory d, uint256 off, uint256 end) private pure {
        uint256 seen;
        while (off < end) {
            (uint256 s, uint256 e) = Der.get(d, off, end, Der.SEQUENCE);
            off = e;
            bytes32 w = Der.word(d, s);
            if (bytes11(w) != hex"060a2a864886f84d010d01") revert BadPckExtension();
            uint256 member = uint8(w[11]);
            s += 12;
            if (seen >> member & 1 == 1) revert BadPckExtension();
            seen |= 1 << member;
            if (member == 2) {
                (s, e) = Der.get(d, s, e, Der.SEQUENCE);
                _tcb(f, d, s, e);
            } else if (member == 3 || member == 4) {
                (s, e) = Der.get(d, s, e, Der.OCTET_STRING);
                if (e - s != (member == 3 ? 2 : 6)) revert BadPckExtension();
                if (member == 3) f.pceId = uint256(Der.word(d, s)) >> 240;
                else f.fmspc = bytes6(Der.word(d, s));
            }
        }
        if (seen & 0x1c != 0x1c) revert BadPckExtension();
    }

    /// Members 1 to 16 are the components, 17 the PCESVN, 18 the CPUSVN, which says the same once more.
    function _tcb(Found memory f, bytes memory d, uint256 off, uint256 end) private pure {
        uint256 seen;
        uint256 svns;
        uint256 pcesvn;
        bool bad;
        assembly ("memory-safe") {
            for {} lt(off, end) {} {
                // 30 len, 06 0b and eleven bytes of which the last is the member, tag, size, value
                let w := mload(add(add(d, 32), off))
                let size := byte(1, w)
                let member := byte(14, w)
                let n := byte(16, w)
                bad := or(bad, iszero(eq(byte(0, w), 0x30)))
                bad := or(
                    bad,
                    iszero(
                        eq(and(shr(144, w), 0xffffffffffffffffffffffff), 0x060b2a864886f84d010d0102)
                    )
                )
                bad := or(bad, iszero(eq(size, add(n, 15))))
                bad := or(bad, gt(size, 31))
                off := add(add(off, 2), size)
                let bit := shl(member, 1)
                bad := or(bad, and(seen, bit))
                seen := or(seen, bit)
                if lt(member, 18) {
                    // INTEGER of at most three bytes, of which a third is a leading zero
                    let v := shr(sub(256, mul(8, n)), shl(136, w))
                    bad := or(bad, iszero(eq(byte(15, w), 0x02)))
                    bad := or(bad, or(iszero(n), gt(n, 3)))
                    switch eq(member, 17)
                    case 1 {
                        bad := or(bad, gt(v, 0xffff))
                        pcesvn := v
                    }
                    default {
                        bad := or(bad, or(gt(v, 0xff), iszero(member)))
                        svns := or(svns, shl(mul(16, sub(16, member)), v))
                    }
                }
            }
            // Each of 1 to 18, and nothing behind the last
            bad := or(bad, iszero(eq(seen, 0x7fffe)))
            bad := or(bad, iszero(eq(off, end)))
        }
        if (bad) revert BadPckExtension();
        (f.svns, f.pcesvn) = (svns, pcesvn);
    }

    // ---- the quoting enclave ----

    function _quotingEnclave(Found memory f, bytes memory qe) private pure returns (uint8) {
        uint256 report = f.signature + 134;
        uint256 w = uint256(Der.word(qe, 64));
        // MISCSELECT, ATTRIBUTES, MRSIGNER, ISVPRODID
        uint256 misc = uint256(_at(f, report + 16)) >> 224;
        bool good = misc & (w >> 32 & 0xffffffff) == w >> 64 & 0xffffffff;
        uint256 expected = uint256(Der.word(qe, 96));
        uint256 attributes = uint256(_at(f, report + 48)) >> 128;
        good = good && attributes & (expected & type(uint128).max) == expected >> 128;
        // DEBUG, whatever the mask
        good = good && attributes >> 120 & 2 == 0;
        good = good && _at(f, report + 128) == Der.word(qe, 128);
        good = good && _le(f, report + 256, 2) == w >> 16 & 0xffff;
        if (!good) revert BadQeIdentity();
        (bool found, uint8 status,) = _svnLevel(qe, 160, w & 0xffff, _le(f, report + 258, 2));
        if (!found) revert QeNotSupported();
        return status;
    }

    /// The first level, of those that descend, whose isvsvn is not above `svn`; and the place behind all.
    function _svnLevel(bytes memory body, uint256 off, uint256 n, uint256 svn)
        private
        pure
        returns (bool found, uint8 status, uint256 next)
    {
        next = off + 32 * n;
        for (; off < next; off += 32) {
            uint256 w = uint256(Der.word(body, off));
            if (svn >= w >> 128) return (true, uint8(w >> 64), next);
        }
    }

    // ---- TCB ----

    function _platform(Found memory f, bytes memory tcb, uint8 qeStatus)
        private
        view
        returns (uint8 status)
    {
        (,, uint32 number) = COLLATERAL.tcbInfo(f.fmspc);
        (,, uint32 qeNumber) = COLLATERAL.qeIdentity();
        if (qeNumber < number) number = qeNumber;
        if (number < LEAST_NUMBER) revert NumberTooLow(number);
        uint256 w = uint256(Der.word(tcb, 64));
        if (bytes6(bytes32(w << 160)) != f.fmspc || w >> 32 & 0xffff != f.pceId) {
            revert WrongPlatform();
        }
        status = _evaluate(f, tcb, f.body, qeStatus);
        if (f.td15) {
            // What runs now, if the module was updated since the launch
            uint8 later = _evaluate(f, tcb, f.body + 584, qeStatus);
            if (later == REVOKED) revert TcbRefused(REVOKED);
            bool old = status == OUT_OF_DATE || status == OUT_OF_DATE_CONFIGURATION;
            if (old && later <= CONFIGURATION_SW_HARDENING) {
                bool configuration = status == OUT_OF_DATE_CONFIGURATION || later >= CONFIGURATION;
                status = configuration ? RELAUNCH_CONFIGURATION : RELAUNCH;
            }
        }
        if (status == REVOKED) revert TcbRefused(REVOKED);
    }

    /// Intel's rules for the 16 SVNs at `at`: the module, the platform's level, and all merged.
    function _evaluate(Found memory f, bytes memory tcb, uint256 off, uint8 qeStatus)
        private
        pure
        returns (uint8 status)
    {
        uint256 w = uint256(Der.word(tcb, 64));
        uint256 svns = _lanes(uint256(_at(f, off)) >> 128);
        (uint8 module, uint256 levels) =
            _module(f, tcb, w >> 16 & 0xffff, svns >> 224 & 0xffff, svns >> 240);
        status = _level(f, tcb, levels, w & 0xffff, svns);
        return _merge(_merge(status, module), qeStatus);
    }

    /// 16 bytes as 16 lanes of 16 bits.
    function _lanes(uint256 v) private pure returns (uint256) {
        unchecked {
            v = (v | v << 64) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            v = (v | v << 32) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
            v = (v | v << 16) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
            return (v | v << 8) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
        }
    }

    /// The module of this version: who signed it, its attributes, its level; and where the platform's
    /// levels begin.
    function _module(
        Found memory f,
        bytes memory tcb,
        uint256 modules,
        uint256 version,
        uint256 svn
    ) private pure returns (uint8 status, uint256 off) {
        off = 96;
        bool known;
        for (uint256 i; i < modules; ++i) {
            uint256 w = uint256(Der.word(tcb, off + 64));
            uint256 n = w & 0xffff;
            if (w >> 16 == version) {
                if (known) revert BadModule();
                known = true;
                status = UP_TO_DATE;
                _moduleIs(f, tcb, off);
                if (version != 0) {
                    bool found;
                    (found, status,) = _svnLevel(tcb, off + 96, n, svn);
                    if (!found) revert TcbNotSupported();
                }
            }
            off += 96 + 32 * n;
        }
        if (!known) revert BadModule();
    }

    function _moduleIs(Found memory f, bytes memory tcb, uint256 off) private pure {
        uint256 seam = f.body + 64; // MRSIGNERSEAM 48, SEAMATTRIBUTES 8
        uint256 mid = uint256(Der.word(tcb, off + 32));
        bool good = _at(f, seam) == Der.word(tcb, off);
        good = good && bytes16(_at(f, seam + 32)) == bytes16(bytes32(mid));
        uint256 attributes = uint256(_at(f, seam + 48)) >> 192;
        good = good && attributes & (mid & type(uint64).max) == mid >> 64 & type(uint64).max;
        if (!good || attributes != 0) revert BadModule();
    }

    /// The first of the descending levels that the PCK's SVNs and the TD's all reach.
    function _level(Found memory f, bytes memory tcb, uint256 off, uint256 n, uint256 svns)
        private
        pure
        returns (uint8)
    {
        // With a versioned module its two SVNs are the module's matter.
        if (svns >> 224 & 0xffff != 0) svns |= 0x7fff7fff << 224;
        uint256 tops = 0x8000800080008000800080008000800080008000800080008000800080008000;
        uint256 pck = f.svns | tops;
        svns |= tops;
        for (uint256 end = off + 96 * n; off < end; off += 96) {
            uint256 rest = uint256(Der.word(tcb, off + 64));
            unchecked {
                // A lane's top bit stays where it is not below the level's; no lane borrows of another.
                uint256 both =
                    (pck - uint256(Der.word(tcb, off))) & (svns - uint256(Der.word(tcb, off + 32)));
                if (both & tops == tops && f.pcesvn >= rest >> 128) return uint8(rest >> 64);
            }
        }
        revert TcbNotSupported();
    }

    function _merge(uint8 status, uint8 part) private pure returns (uint8) {
        if (part == REVOKED || status == REVOKED) return REVOKED;
        if (part == UP_TO_DATE) return status;
        // Whatever else a part says counts as out of date.
        if (status == UP_TO_DATE || status == SW_HARDENING) return OUT_OF_DATE;
        if (status == CONFIGURATION || status == CONFIGURATION_SW_HARDENING) {
            return OUT_OF_DATE_CONFIGURATION;
        }
        return status;
    }

    // ---- what a TD may be ----

    function _policy(Found memory f) private view {
        uint256 attributes = _le(f, f.body + 120, 8);
        if (attributes & 0xff != 0) revert Debuggable();
        if (attributes & ATTRIBUTES_REQUIRED != ATTRIBUTES_REQUIRED) revert BadAttributes();
        if (attributes & ~uint256(ATTRIBUTES_ALLOWED) != 0) revert BadAttributes();
        uint256 xfam = _le(f, f.body + 128, 8);
        if (xfam & XFAM_FIXED != XFAM_FIXED || xfam & ~uint256(XFAM_KNOWN) != 0) revert BadXfam();
        if (f.td15 && (_at(f, f.body + 600) != 0 || bytes16(_at(f, f.body + 632)) != 0)) {
            revert BadServiceTd();
        }
    }

    /// TDATTRIBUTES ‖ XFAM ‖ MRTD ‖ MRCONFIGID ‖ MROWNER ‖ MROWNERCONFIG ‖ RTMR0 to 3: as they lie there.
    function _measurements(Found memory f) private pure returns (bytes memory m) {
        m = new bytes(400);
        bytes memory q = f.q;
        uint256 from = f.body + 120;
        assembly ("memory-safe") {
            mcopy(add(m, 32), add(add(q, 32), from), 400)
        }
    }
}
