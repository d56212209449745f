// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Blob} from "../Blob.sol";
import {Der} from "./Der.sol";
import {Json} from "./Json.sol";
import {P256} from "./P256.sol";
import {Time} from "./Time.sol";

/// Intel's statements about its platforms, as Intel signs them: revocation lists, the two authorities of
/// PCKs, TCB info and the quoting enclave's identity.  Anybody may post one; what is not signed by Intel,
/// not valid now, or older than what is kept, is refused, so nobody has to be trusted and nobody can go
/// back.  `current` answers only while everything it rests on is valid.
///
/// Whoever posts Intel's "early" TCB info makes it the one that counts here.
contract Collateral {
    // Names of certificates: keccak256 of the content of the Name.
    bytes32 internal constant ROOT =
        0x75eae14fff9a3ba2bfc247004c51ce204c9173d93b238f6632af004d1e54106a;
    bytes32 internal constant PLATFORM =
        0x3c8511c76f3270439912629baf69128e99d29d804e0da6cc45bcbb389b25afee;
    bytes32 internal constant PROCESSOR =
        0xafe60417275472544a674e02fa7220d94f8c60c147271d5737e50d278c1b6abf;
    bytes32 internal constant SIGNER =
        0xde79111755e1da8651557d4cdf51b5a32fdce8b3886a7d56bb305e1f68d6796a;

    uint256 internal constant MAX_LEVELS = 32;
    uint256 internal constant MAX_MODULES = 8;
    uint256 internal constant MAX_JSON = 16384;

    /// Where something verified is kept, and until when it counts.
    struct Kept {
        address body;
        uint64 until; // the first second that it does not
        uint32 number; // TCB evaluation data number
    }

    uint64 public rootCrlUntil; // the first second that it does not count
    uint64 public rootCrlFrom;
    mapping(bytes32 name => Kept) public authorities; // `until` of the revocation list
    mapping(bytes32 name => uint64) public crlFrom;
    mapping(bytes32 key => bool) public revoked; // by keccak256(issuer's name, serial); for ever
    mapping(bytes6 fmspc => Kept) public tcbInfo;
    Kept public qeIdentity;

    event Posted(
        bytes32 indexed what, bytes32 indexed of_, uint64 from, uint64 until, uint32 number
    );
    event Revoked(bytes32 indexed issuer, uint256 serial);

    error BadSignature();
    error WrongName();
    error NotValidNow();
    error IsRevoked();
    error NotNewer();
    error Missing(bytes32 what);
    error BadValue(bytes32 member);
    error TooMany(bytes32 member);
    error Unsorted(bytes32 member);

    // ---- whose signature counts ----

    /// The key of "Intel SGX Root CA"; everything here follows from it.
    function _root() internal pure virtual returns (bytes32 x, bytes32 y) {
        x = 0x0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5;
        y = 0x67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394;
    }

    function _byRoot(Der.Signed memory s) private view {
        (bytes32 x, bytes32 y) = _root();
        if (!P256.verify(s.hash, s.r, s.s, x, y)) revert BadSignature();
    }

    /// A certificate that the root signed, valid now and not revoked, of this name.
    function _underRoot(bytes calldata der) private view returns (Der.Cert memory c) {
        c = Der.cert(der);
        if (c.issuer != ROOT) revert WrongName();
        _byRoot(c.signed);
        if (block.timestamp < c.notBefore || block.timestamp > c.notAfter) revert NotValidNow();
        if (revoked[keccak256(abi.encode(ROOT, c.serial))]) revert IsRevoked();
    }

    // ---- revocation lists ----

    function postRootCrl(bytes calldata der) external {
        Der.Signed memory s = Der.signed(der);
        _byRoot(s);
        (rootCrlFrom, rootCrlUntil) = _list(der, s, ROOT, rootCrlFrom);
    }

    /// Of one of the two authorities of PCKs, posted before.
    function postPckCrl(bytes32 authority, bytes calldata der) external {
        Kept storage k = authorities[authority];
        if (k.body == address(0)) revert Missing("PCK CA");
        bytes memory ca = Blob.read(k.body);
        Der.Signed memory s = Der.signed(der);
        bytes32 x = Der.word(ca, 0);
        if (!P256.verify(s.hash, s.r, s.s, x, Der.word(ca, 32))) revert BadSignature();
        (crlFrom[authority], k.until) = _list(der, s, authority, crlFrom[authority]);
    }

    /// TBSCertList of version 2: issuer, times, serials, extensions.  A serial once listed stays revoked.
    function _list(bytes memory d, Der.Signed memory t, bytes32 issuer, uint64 last)
        private
        returns (uint64 from, uint64 until)
    {
        uint256 off = t.start;
        if (bytes3(Der.word(d, off)) != 0x020101) revert BadValue("version");
        off = Der.algorithm(d, off + 3, t.end);
        uint256 s;
        (s, off) = Der.get(d, off, t.end, Der.SEQUENCE);
        if (Der.hash(d, s, off) != issuer) revert WrongName();
        (from, off) = Der.time(d, off, t.end);
        (until, off) = Der.time(d, off, t.end);
        if (block.timestamp < from || block.timestamp >= until) revert NotValidNow();
        if (from <= last) revert NotNewer();
        if (uint8(Der.word(d, off)[0]) == Der.SEQUENCE) {
            (s, off) = Der.get(d, off, t.end, Der.SEQUENCE);
            while (s < off) s = _entry(d, s, off, issuer);
        }
        (, s) = Der.get(d, off, t.end, 0xa0);
        if (s != t.end) revert Der.BadDer(s);
        emit Posted("CRL", issuer, from, until, 0);
    }

    function _entry(bytes memory d, uint256 off, uint256 end, bytes32 issuer)
        private
        returns (uint256 next)
    {
        uint256 s;
        (s, next) = Der.get(d, off, end, Der.SEQUENCE);
        uint256 e;
        (s, e) = Der.get(d, s, next, Der.INTEGER);
        uint256 serial = Der.uintOf(d, s, e);
        bytes32 key = keccak256(abi.encode(issuer, serial));
        if (revoked[key]) return next;
        revoked[key] = true;
        emit Revoked(issuer, serial);
    }

    // ---- authorities of PCKs ----

    /// "Intel SGX PCK Platform CA" or "Intel SGX PCK Processor CA"; another key under the same name takes
    /// the place of the one before only if its certificate is younger.
    function postPckCa(bytes calldata der) external returns (bytes32 name) {
        Der.Cert memory c = _underRoot(der);
        name = c.subject;
        if (name != PLATFORM && name != PROCESSOR) revert WrongName();
        Kept storage k = authorities[name];
        if (k.body != address(0) && c.notBefore <= uint64(bytes8(Der.word(Blob.read(k.body), 64))))
        {
            revert NotNewer();
        }
        k.body = Blob.write(abi.encodePacked(c.x, c.y, c.notBefore, c.notAfter, c.serial));
        emit Posted("PCK CA", name, c.notBefore, c.notAfter, 0);
    }

    // ---- TCB info and the identity of the quoting enclave ----

    /// `json` is the text of the member `tcbInfo` as Intel serves it, `signer` the DER of the certificate
    /// "Intel SGX TCB Signing" that the answer names.
    function postTcbInfo(bytes calldata json, bytes32 r, bytes32 s, bytes calldata signer)
        external
    {
        Statement memory t = _statement(json, r, s, signer);
        _parseTcbInfo(t);
        Kept storage k = tcbInfo[t.fmspc];
        _newer(k, t);
        _keep(k, t);
        emit Posted("TCB info", t.fmspc, t.issued, t.next, t.number);
    }

    function postQeIdentity(bytes calldata json, bytes32 r, bytes32 s, bytes calldata signer)
        external
    {
        Statement memory t = _statement(json, r, s, signer);
        _parseQeIdentity(t);
        _newer(qeIdentity, t);
        _keep(qeIdentity, t);
        emit Posted("QE identity", 0, t.issued, t.next, t.number);
    }

    /// What is being read from signed JSON, and the words that are kept of it.
    struct Statement {
        uint256 p;
        uint256 end;
        uint256 serial; // of the signer's certificate
        uint64 signerUntil; // its last second
        uint64 issued;
        uint64 next;
        uint32 number;
        bytes6 fmspc;
        uint256 seen; // members, one bit each: none may come twice, none of ours may be missing
        uint256 n; // of levels in the list being read
        bytes words;
        uint256 used;
    }

    function _statement(bytes memory json, bytes32 r, bytes32 s, bytes calldata signer)
        private
        view
        returns (Statement memory t)
    {
        if (json.length > MAX_JSON) revert TooMany("bytes");
        Der.Cert memory c = _underRoot(signer);
        if (c.subject != SIGNER) revert WrongName();
        if (!P256.verify(sha256(json), r, s, c.x, c.y)) revert BadSignature();
        (t.p, t.end) = Json.plain(json);
        (t.serial, t.signerUntil) = (c.serial, c.notAfter);
        t.words = new bytes(8192);
    }

    function _newer(Kept storage k, Statement memory t) private view {
        if (block.timestamp < t.issued || block.timestamp >= t.next) revert NotValidNow();
        if (k.body == address(0)) return;
        uint64 last = uint64(bytes8(Der.word(Blob.read(k.body), 56)));
        if (t.issued <= last || t.number < k.number) revert NotNewer();
    }

    /// Word 0: serial of the signer; word 1: bytes 0-7 its last second, 24-31 issued; the rest as parsed.
    function _keep(Kept storage k, Statement memory t) private {
        bytes memory words = t.words;
        uint256 used = t.used;
        assembly ("memory-safe") {
            mstore(words, mul(used, 32))
        }
        uint256 second = uint256(t.signerUntil) << 192 | t.issued;
        k.body = Blob.write(bytes.concat(bytes32(t.serial), bytes32(second), words));
        (k.until, k.number) = (t.next, t.number);
    }

    function _push(Statement memory t, uint256 w) private pure {
        bytes memory words = t.words;
        uint256 off = t.used++;
        if (off >= 256) revert TooMany("words");
        assembly ("memory-safe") {
            mstore(add(add(words, 32), mul(off, 32)), w)
        }
    }

    function _poke(Statement memory t, uint256 off, uint256 w) private pure {
        bytes memory words = t.words;
        assembly ("memory-safe") {
            mstore(add(add(words, 32), mul(off, 32)), w)
        }
    }

    function _once(Statement memory t, uint256 bit, bytes32 member) private pure {
        if (t.seen >> bit & 1 == 1) revert BadValue(member);
        t.seen |= 1 << bit;
    }

    // ---- members that both statements have ----

    function _num(Statement memory t, uint256 most, bytes32 member)
        private
        pure
        returns (uint256 n)
    {
        (n, t.p) = Json.num(t.p, t.end);
        if (n > most) revert BadValue(member);
    }

    function _date(Statement memory t) private pure returns (uint64 when) {
        Json.Text memory x;
        (x, t.p) = Json.str(t.p, t.end);
        bytes32 w;
        uint256 from = x.from;
        assembly ("memory-safe") {
            w := mload(from)
        }
        bool good;
        (good, when) = Time.iso(w);
        if (!good || x.to - from != 20) revert BadValue("date");
    }

    function _equals(Statement memory t, bytes32 hash, bytes32 member) private pure {
        bytes32 found;
        (found, t.p) = Json.strHash(t.p, t.end);
        if (found != hash) revert BadValue(member);
    }

    /// Numbered as TdxVerifier judges them.
    function _status(Statement memory t) private pure returns (uint256) {
        bytes32 h;
        (h, t.p) = Json.strHash(t.p, t.end);
        if (h == keccak256("UpToDate")) return 1;
        if (h == keccak256("SWHardeningNeeded")) return 2;
        if (h == keccak256("ConfigurationNeeded")) return 3;
        if (h == keccak256("ConfigurationAndSWHardeningNeeded")) return 4;
        if (h == keccak256("OutOfDate")) return 5;
        if (h == keccak256("OutOfDateConfigurationNeeded")) return 6;
        if (h == keccak256("Revoked")) return 7;
        revert BadValue("tcbStatus");
    }

    /// Handles id, version, dates and number; bits 0 to 4.
    function _common(Statement memory t, bytes32 k, bytes32 id, uint256 version)
        private
        pure
        returns (bool)
    {
        if (k == keccak256("id")) {
            _once(t, 0, "id");
            _equals(t, id, "id");
        } else if (k == keccak256("version")) {
            _once(t, 1, "version");
            if (_num(t, version, "version") != version) revert BadValue("version");
        } else if (k == keccak256("issueDate")) {
            _once(t, 2, "issueDate");
            t.issued = _date(t);
        } else if (k == keccak256("nextUpdate")) {
            _once(t, 3, "nextUpdate");
            t.next = _date(t);
        } else if (k == keccak256("tcbEvaluationDataNumber")) {
            _once(t, 4, "tcbEvaluationDataNumber");
            t.number = uint32(_num(t, type(uint32).max, "tcbEvaluationDataNumber"));
        } else {
            return false;
        }
        return true;
    }

    /// The next member's name, or 0 at the end of the object.
    function _member(Statement memory t, bool first) private pure returns (bytes32 k) {
        bool more;
        if (first) {
            t.p = Json.eat(t.p, t.end, 0x7b);
            more = Json.peek(t.p) != 0x7d;
            if (!more) ++t.p;
        } else {
            (more, t.p) = Json.more(t.p, t.end, 0x7d);
        }
        if (more) (k, t.p) = Json.key(t.p, t.end);
    }

    /// Whether an array has one more element.
    function _element(Statement memory t, bool first) private pure returns (bool more) {
        if (!first) {
            (more, t.p) = Json.more(t.p, t.end, 0x5d);
            return more;
        }
        t.p = Json.eat(t.p, t.end, 0x5b);
        more = Json.peek(t.p) != 0x5d;
        if (!more) ++t.p;
    }

    function _skip(Statement memory t) private pure {
        t.p = Json.skip(t.p, t.end);
    }

    // ---- levels of modules and of the quoting enclave: isvsvn, status, date ----

    /// One word each: isvsvn << 128 | status << 64 | date; descending.  Says how many.
    function _svnLevels(Statement memory t) private pure returns (uint256 n) {
        uint256 above = type(uint256).max;
        for (bool first = true; _element(t, first); first = false) {
            if (++n > MAX_LEVELS) revert TooMany("tcbLevels");
            (uint256 svn, uint256 status, uint256 date) = _svnLevel(t);
            if (svn >= above) revert Unsorted("tcbLevels");
            above = svn;
            _push(t, svn << 128 | status << 64 | date);
        }
        if (n == 0) revert Missing("tcbLevels");
    }

    function _svnLevel(Statement memory t)
        private
        pure
        returns (uint256 svn, uint256 status, uint256 date)
    {
        uint256 seen;
        for (bytes32 k = _member(t, true); k != 0; k = _member(t, false)) {
            uint256 bit = 1;
            if (k == keccak256("tcb")) {
                if (_member(t, true) != keccak256("isvsvn")) revert BadValue("tcb");
                svn = _num(t, 0xffff, "isvsvn");
                if (_member(t, false) != 0) revert BadValue("tcb");
            } else if (k == keccak256("tcbStatus")) {
                (status, bit) = (_status(t), 2);
            } else if (k == keccak256("tcbDate")) {
                (date, bit) = (_date(t), 4);
            } else {
                _skip(t);
                continue;
            }
            if (seen & bit != 0) revert BadValue("tcbLevels");
            seen |= bit;
        }
        if (seen != 7) revert Missing("tcbLevels");
    }

    // ---- the quoting enclave ----

    /// Words from 2 on: miscselect and its mask (8 bytes) ‖ isvprodid (2) ‖ number of levels (2), in the low
    /// 12 bytes; attributes ‖ mask; mrsigner; levels.
    function _parseQeIdentity(Statement memory t) private pure {
        t.used = 3;
        uint256 misc;
        uint256 attributes;
        uint256 product;
        for (bytes32 k = _member(t, true); k != 0; k = _member(t, false)) {
            if (_common(t, k, keccak256("TD_QE"), 2)) continue;
            bytes32 w;
            if (k == keccak256("miscselect")) {
                _once(t, 5, "miscselect");
                (w, t.p) = Json.hexWord(t.p, t.end, 4);
                misc |= uint256(w) >> 192 & 0xffffffff00000000;
            } else if (k == keccak256("miscselectMask")) {
                _once(t, 6, "miscselectMask");
                (w, t.p) = Json.hexWord(t.p, t.end, 4);
                misc |= uint256(w) >> 224;
            } else if (k == keccak256("attributes")) {
                _once(t, 7, "attributes");
                (w, t.p) = Json.hexWord(t.p, t.end, 16);
                attributes |= uint256(w);
            } else if (k == keccak256("attributesMask")) {
                _once(t, 8, "attributesMask");
                (w, t.p) = Json.hexWord(t.p, t.end, 16);
                attributes |= uint256(w) >> 128;
            } else if (k == keccak256("mrsigner")) {
                _once(t, 9, "mrsigner");
                (w, t.p) = Json.hexWord(t.p, t.end, 32);
                _poke(t, 2, uint256(w));
            } else if (k == keccak256("isvprodid")) {
                _once(t, 10, "isvprodid");
                product = _num(t, 0xffff, "isvprodid");
            } else if (k == keccak256("tcbLevels")) {
                _once(t, 11, "tcbLevels");
                t.n = _svnLevels(t);
            } else {
                _skip(t);
            }
        }
        if (t.p != t.end) revert Json.BadJson(t.p);
        if (t.seen != 0xfff) revert Missing("member");
        _poke(t, 0, misc << 32 | product << 16 | t.n);
        _poke(t, 1, attributes);
    }

    // ---- the platform ----

    /// Words from 2 on: fmspc (6 bytes) ‖ pceId (2) ‖ modules (2) ‖ levels (2), in the low 12 bytes; the
    /// modules, the first of them `tdxModule`, each: mrsigner 0-31; mrsigner 32-47 ‖ attributes ‖ mask;
    /// version << 16 | number of levels; the levels; then the platform's levels, three words each.
    function _parseTcbInfo(Statement memory t) private pure {
        // Levels are read where they come, but kept behind the modules.
        uint256 atLevels;
        uint256 atModule;
        uint256 atModules;
        uint256 pce;
        t.used = 1;
        for (bytes32 k = _member(t, true); k != 0; k = _member(t, false)) {
            if (_common(t, k, keccak256("TDX"), 3)) continue;
            bytes32 w;
            if (k == keccak256("fmspc")) {
                _once(t, 5, "fmspc");
                (w, t.p) = Json.hexWord(t.p, t.end, 6);
                t.fmspc = bytes6(w);
            } else if (k == keccak256("pceId")) {
                _once(t, 6, "pceId");
                (w, t.p) = Json.hexWord(t.p, t.end, 2);
                pce = uint256(w) >> 240;
            } else if (k == keccak256("tcbType")) {
                _once(t, 7, "tcbType");
                _num(t, 0, "tcbType");
            } else if (k == keccak256("tdxModule")) {
                _once(t, 8, "tdxModule");
                atModule = t.p;
                _skip(t);
            } else if (k == keccak256("tdxModuleIdentities")) {
                _once(t, 9, "tdxModuleIdentities");
                atModules = t.p;
                _skip(t);
            } else if (k == keccak256("tcbLevels")) {
                _once(t, 10, "tcbLevels");
                atLevels = t.p;
                _skip(t);
            } else {
                _skip(t);
            }
        }
        if (t.p != t.end) revert Json.BadJson(t.p);
        if (t.seen | 1 << 9 != 0x7ff) revert Missing("member");
        t.p = atModule;
        _module(t, false);
        uint256 modules = 1;
        if (atModules != 0) {
            t.p = atModules;
            for (bool first = true; _element(t, first); first = false) {
                if (++modules > MAX_MODULES) revert TooMany("tdxModuleIdentities");
                _module(t, true);
            }
        }
        t.p = atLevels;
        _levels(t);
        _poke(t, 0, uint256(uint48(t.fmspc)) << 48 | pce << 32 | modules << 16 | t.n);
    }

    function _module(Statement memory t, bool named) private pure {
        uint256 off = t.used;
        t.used = off + 3;
        uint256 seen;
        uint256 mid;
        uint256 version;
        uint256 n;
        for (bytes32 k = _member(t, true); k != 0; k = _member(t, false)) {
            bytes32 w;
            uint256 bit = 1;
            if (k == keccak256("mrsigner")) {
                bytes32 low;
                (w, low, t.p) = Json.hex48(t.p, t.end);
                _poke(t, off, uint256(w));
                mid |= uint256(low);
            } else if (k == keccak256("attributes")) {
                (w, t.p) = Json.hexWord(t.p, t.end, 8);
                (mid, bit) = (mid | uint256(w) >> 128, 2);
            } else if (k == keccak256("attributesMask")) {
                (w, t.p) = Json.hexWord(t.p, t.end, 8);
                (mid, bit) = (mid | uint256(w) >> 192, 4);
            } else if (k == keccak256("id") && named) {
                (version, bit) = (_moduleVersion(t), 8);
            } else if (k == keccak256("tcbLevels") && named) {
                (n, bit) = (_svnLevels(t), 16);
            } else {
                _skip(t);
                continue;
            }
            if (seen & bit != 0) revert BadValue("tdxModule");
            seen |= bit;
        }
        if (seen != (named ? 31 : 7)) revert Missing("tdxModule");
        _poke(t, off + 1, mid);
        _poke(t, off + 2, version << 16 | n);
    }

    /// "TDX_" and two hexadecimal digits.
    function _moduleVersion(Statement memory t) private pure returns (uint256 version) {
        Json.Text memory x;
        (x, t.p) = Json.str(t.p, t.end);
        uint256 from = x.from;
        uint256 w;
        assembly ("memory-safe") {
            w := mload(from)
        }
        if (x.to - from != 6 || w >> 224 != 0x5444585f) revert BadValue("id");
        version = uint256(Json.unhex(from + 4, 1)) >> 248;
        if (version == 0) revert BadValue("id");
    }

    /// Three words each: SVNs of SGX, of TDX, in lanes of 16 bits; pcesvn << 128 | status << 64 | date.
    function _levels(Statement memory t) private pure {
        uint256 sgxAbove;
        uint256 tdxAbove;
        uint256 pceAbove;
        t.n = 0;
        for (bool first = true; _element(t, first); first = false) {
            if (++t.n > MAX_LEVELS) revert TooMany("tcbLevels");
            Level memory l = _level(t);
            if (!first) {
                bool below = l.sgx < sgxAbove
                    || (l.sgx == sgxAbove
                        && (l.pcesvn < pceAbove || (l.pcesvn == pceAbove && l.tdx < tdxAbove)));
                if (!below) revert Unsorted("tcbLevels");
            }
            (sgxAbove, tdxAbove, pceAbove) = (l.sgx, l.tdx, l.pcesvn);
            _push(t, l.sgx);
            _push(t, l.tdx);
            _push(t, l.pcesvn << 128 | l.status << 64 | l.date);
        }
        if (t.n == 0) revert Missing("tcbLevels");
    }

    struct Level {
        uint256 sgx;
        uint256 tdx;
        uint256 pcesvn;
        uint256 status;
        uint256 date;
        uint256 seen;
    }

    function _level(Statement memory t) private pure returns (Level memory l) {
        for (bytes32 k = _member(t, true); k != 0; k = _member(t, false)) {
            uint256 bit = 1;
            if (k == keccak256("tcb")) {
                _tcb(t, l);
            } else if (k == keccak256("tcbStatus")) {
                (l.status, bit) = (_status(t), 2);
            } else if (k == keccak256("tcbDate")) {
                (l.date, bit) = (_date(t), 4);
            } else {
                _skip(t);
                continue;
            }
            if (l.seen & bit != 0) revert BadValue("tcbLevels");
            l.seen |= bit;
        }
        if (l.seen != 0x3f) revert Missing("tcbLevels");
    }

    function _tcb(Statement memory t, Level memory l) private pure {
        for (bytes32 k = _member(t, true); k != 0; k = _member(t, false)) {
            uint256 bit = 8;
            if (k == keccak256("sgxtcbcomponents")) {
                l.sgx = _components(t);
            } else if (k == keccak256("tdxtcbcomponents")) {
                (l.tdx, bit) = (_components(t), 16);
            } else if (k == keccak256("pcesvn")) {
                (l.pcesvn, bit) = (_num(t, 0xffff, "pcesvn"), 32);
            } else {
                _skip(t);
                continue;
            }
            if (l.seen & bit != 0) revert BadValue("tcb");
            l.seen |= bit;
        }
    }

    /// Exactly 16, the first in the highest lane.
    function _components(Statement memory t) private pure returns (uint256 lanes) {
        uint256 n;
        for (bool first = true; _element(t, first); first = false) {
            bool seen;
            for (bytes32 k = _member(t, true); k != 0; k = _member(t, false)) {
                if (k != keccak256("svn")) {
                    _skip(t);
                    continue;
                }
                if (seen) revert BadValue("svn");
                seen = true;
                lanes = lanes << 16 | _num(t, 0xff, "svn");
            }
            if (!seen) revert Missing("svn");
            ++n;
        }
        if (n != 16) revert BadValue("components");
    }

    // ---- what holds now ----

    /// The bodies of everything that a quote of this platform is judged by.  Reverts when one is missing,
    /// not valid any more, or rests on a certificate that is revoked or expired.
    function current(bytes32 authority, uint256 leafSerial, bytes6 fmspc)
        external
        view
        returns (bytes memory ca, bytes memory tcb, bytes memory qe)
    {
        if (block.timestamp >= rootCrlUntil) revert Missing("root CRL");
        if (revoked[keccak256(abi.encode(authority, leafSerial))]) revert IsRevoked();
        ca = _body(authorities[authority], "PCK CRL");
        // x, y, not before, not after, serial
        if (block.timestamp > uint64(bytes8(Der.word(ca, 72)))) revert NotValidNow();
        if (revoked[keccak256(abi.encode(ROOT, uint256(Der.word(ca, 80))))]) revert IsRevoked();
        tcb = _signed(tcbInfo[fmspc], "TCB info");
        qe = _signed(qeIdentity, "QE identity");
    }

    function _body(Kept storage k, bytes32 what) private view returns (bytes memory) {
        if (block.timestamp >= k.until) revert Missing(what);
        return Blob.read(k.body);
    }

    function _signed(Kept storage k, bytes32 what) private view returns (bytes memory body) {
        body = _body(k, what);
        if (block.timestamp > uint64(bytes8(Der.word(body, 32)))) revert NotValidNow();
        if (revoked[keccak256(abi.encode(ROOT, uint256(Der.word(body, 0))))]) revert IsRevoked();
    }
}
