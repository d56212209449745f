// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Blob} from "../Blob.sol";
import {IAttestationVerifier} from "../Interfaces.sol";
import {Base64Url} from "./Base64Url.sol";
import {Der} from "./Der.sol";
import {Json} from "./Json.sol";
import {Rsa} from "./Rsa.sol";

/// Verifies an Azure TDX machine by a token of Microsoft Azure Attestation and a quote of its vTPM.  The
/// evidence is `abi.encode(Evidence)`: the token's three parts, each without its base64url, the TPMS_ATTEST
/// over all 24 SHA-256 PCRs, its signature, and the 24 values.  The signed text is written again from header
/// and payload, which costs less than to read it.  No token tells a PCR, so there is
/// no identity without the vTPM's quote; and no vTPM counts but the one whose key the token names.
///
/// Keys are the owner's to admit, after the delay, each with its issuer, the attestation policy of that
/// issuer and an end: whoever runs an instance of the service can make it say anything.
contract MaaVerifier is IAttestationVerifier, Ownable2Step {
    uint256 public constant MAX_TOKEN = 8192;
    uint64 public constant MAX_LIFETIME = 8 hours; // of a token
    uint64 public constant MAX_KEY_LIFETIME = 400 days;
    uint64 private constant MIGRATABLE = 1 << 29;
    uint64 private constant XFAM_FIXED = 0x3;
    uint64 private constant XFAM_KNOWN = 0x6dbe7;

    uint64 public immutable DELAY;
    /// As TdxVerifier's; Azure's machines have neither bit set.
    uint64 public immutable ATTRIBUTES_REQUIRED;
    uint64 public immutable ATTRIBUTES_ALLOWED;

    struct Key {
        address modulus; // its code
        uint64 from; // the first second
        uint64 until; // the last
        bytes32 issuer; // keccak256 of the claim iss
        bytes32 policy; // keccak256 of the claim x-ms-policy-hash
    }

    mapping(bytes32 kid => Key) public keys; // by keccak256 of the kid

    event KeyAdded(
        bytes32 indexed kidHash, string kid, string issuer, string policy, uint64 from, uint64 until
    );
    event KeyRemoved(bytes32 indexed kidHash);

    error BadPolicy();
    error BadKey();
    error BadToken();
    error BadHeader();
    error UnknownKey();
    error KeyNotValidNow();
    error BadTokenSignature();
    error WrongIssuer();
    error TokenNotValidNow();
    error BadClaim(bytes32 claim);
    error NotTdx();
    error WrongPolicy();
    error Debuggable();
    error BadAttributes();
    error BadXfam();
    error BadRegister(bytes32 register);
    error NoHclAkPub();
    error BadTpmQuote();
    error BadTpmSignature();
    error BadReportData();
    error BadPcrs();

    constructor(address owner_, uint64 delay, uint64 attributesRequired, uint64 attributesAllowed)
        Ownable(owner_)
    {
        if (attributesAllowed & (0xff | MIGRATABLE) != 0) revert BadPolicy();
        if (attributesRequired & ~attributesAllowed != 0) revert BadPolicy();
        DELAY = delay;
        ATTRIBUTES_REQUIRED = attributesRequired;
        ATTRIBUTES_ALLOWED = attributesAllowed;
    }

    // ---- keys ----

    /// `kid`, `issuer` and `policy` are the texts as they stand in a token (kid, iss, x-ms-policy-hash).  A kid
    /// that is there is not replaced: it is removed first, and waits again.
    function addKey(
        string calldata kid,
        string calldata issuer,
        string calldata policy,
        bytes calldata modulus,
        uint64 until
    ) external onlyOwner {
        uint256 n = modulus.length;
        if (n < 256 || n > 512 || n % 32 != 0) revert BadKey();
        if (modulus[0] & 0x80 == 0 || modulus[n - 1] & 0x01 == 0) revert BadKey();
        if (bytes(kid).length == 0 || bytes(issuer).length == 0 || bytes(policy).length == 0) {
            revert BadKey();
        }
        uint64 from = uint64(block.timestamp) + DELAY;
        if (until < from || until > from + MAX_KEY_LIFETIME) revert BadKey();
        bytes32 name = keccak256(bytes(kid));
        if (keys[name].modulus != address(0)) revert BadKey();
        keys[name] = Key(
            Blob.write(modulus), from, until, keccak256(bytes(issuer)), keccak256(bytes(policy))
        );
        emit KeyAdded(name, kid, issuer, policy, from, until);
    }

    function removeKey(string calldata kid) external onlyOwner {
        bytes32 name = keccak256(bytes(kid));
        if (keys[name].modulus == address(0)) revert UnknownKey();
        delete keys[name];
        emit KeyRemoved(name);
    }

    // ---- evidence ----

    struct Evidence {
        bytes header; // JSON
        bytes payload; // JSON
        bytes signature;
        bytes quote;
        bytes quoteSignature;
        bytes pcrs;
    }

    struct Claims {
        uint256 seen;
        uint64 exp;
        uint64 nbf;
        uint64 iat;
        bytes32 iss;
        bytes32 kind;
        bytes32 policy;
        uint256 runtime; // place of x-ms-runtime
        uint64 attributes;
        bytes8 xfam;
        bytes32 mrtdHigh;
        bytes32 mrtdLow;
    }

    function verify(bytes calldata evidence, bytes32[2] calldata reportData, uint32 pcrMask)
        external
        view
        override
        returns (uint8 kind, bytes memory measurements)
    {
        Evidence memory e = abi.decode(evidence, (Evidence));
        (Claims memory machine, bytes memory ak) = _token(e);
        if (!Rsa.verify(sha256(e.quote), e.quoteSignature, ak)) revert BadTpmSignature();
        _tpm(e.quote, e.pcrs, sha256(abi.encode(reportData)));
        return (2, _measurements(machine, e.pcrs, pcrMask));
    }

    // ---- the token ----

    function _token(Evidence memory e)
        private
        view
        returns (Claims memory machine, bytes memory ak)
    {
        if (e.header.length + e.payload.length > MAX_TOKEN) revert BadToken();
        Key memory key = keys[_header(e.header)];
        if (key.modulus == address(0)) revert UnknownKey();
        if (block.timestamp < key.from || block.timestamp > key.until) revert KeyNotValidNow();
        bytes32 hash = _signedHash(e.header, e.payload);
        if (!Rsa.verify(hash, e.signature, Blob.read(key.modulus))) revert BadTokenSignature();
        return _payload(e.payload, key);
    }

    /// SHA-256 of base64url(header) ‖ "." ‖ base64url(payload).
    function _signedHash(bytes memory header, bytes memory payload) private view returns (bytes32) {
        bytes memory text = new bytes((header.length + payload.length) * 4 / 3 + 128);
        uint256 from;
        assembly ("memory-safe") {
            from := add(text, 32)
        }
        uint256 dot = Base64Url.encode(header, from);
        assembly ("memory-safe") {
            mstore8(dot, 0x2e)
        }
        uint256 end = Base64Url.encode(payload, dot + 1);
        return Der.sha256Of(text, 0, end - from);
    }

    /// Exactly what the service writes: alg, jku, kid, typ.  jku is where anybody may claim to publish keys.
    function _header(bytes memory text) private pure returns (bytes32 kid) {
        (uint256 p, uint256 end) = Json.plain(text);
        p = Json.eat(p, end, 0x7b);
        uint256 seen;
        bool more = true;
        while (more) {
            bytes32 k;
            bytes32 h;
            (k, p) = Json.key(p, end);
            (h, p) = Json.strHash(p, end);
            uint256 bit;
            if (k == keccak256("alg")) {
                bit = 1;
                if (h != keccak256("RS256")) revert BadHeader();
            } else if (k == keccak256("kid")) {
                (bit, kid) = (2, h);
            } else if (k == keccak256("typ")) {
                bit = 4;
                if (h != keccak256("JWT")) revert BadHeader();
            } else if (k == keccak256("jku")) {
                bit = 8;
            } else {
                revert BadHeader();
            }
            if (seen & bit != 0) revert BadHeader();
            seen |= bit;
            (more, p) = Json.more(p, end, 0x7d);
        }
        if (p != end || seen & 3 != 3) revert BadHeader();
    }

    function _payload(bytes memory text, Key memory key)
        private
        view
        returns (Claims memory machine, bytes memory ak)
    {
        (uint256 p, uint256 end) = Json.plain(text);
        Claims memory c;
        Claims memory inner;
        p = _claims(c, inner, p, end);
        if (p != end) revert Json.BadJson(p);
        if (c.iss != key.issuer) revert WrongIssuer();
        _demand(c, EXP | NBF | IAT, "exp, nbf, iat");
        bool times = c.iat <= c.nbf && c.nbf <= block.timestamp && block.timestamp < c.exp
            && c.exp - c.iat <= MAX_LIFETIME;
        if (!times) revert TokenNotValidNow();
        _demand(c, VERSION, "x-ms-ver");
        if (c.policy != key.policy) revert WrongPolicy();
        machine = c;
        if (c.kind == keccak256("azurevm")) {
            // What is said of the machine below the guest; nothing beside it counts.
            machine = inner;
        }
        if (machine.kind != keccak256("tdxvm")) revert NotTdx();
        _demand(machine, COMPLIANT, "x-ms-compliance-status");
        _demand(machine, STATUS, "attester_tcb_status");
        _demand(machine, TDX, "tdx_");
        _policy(machine);
        if (machine.runtime == 0) revert NoHclAkPub();
        ak = _hclAkPub(machine.runtime, end);
    }

    function _demand(Claims memory c, uint256 bits, bytes32 what) private pure {
        if (c.seen & bits != bits) revert BadClaim(what);
    }

    uint256 private constant EXP = 1;
    uint256 private constant NBF = 2;
    uint256 private constant IAT = 4;
    uint256 private constant ISS = 8;
    uint256 private constant KIND = 16;
    uint256 private constant VERSION = 32;
    uint256 private constant POLICY = 64;
    uint256 private constant COMPLIANT = 128;
    uint256 private constant STATUS = 256;
    uint256 private constant TEE = 512;
    uint256 private constant RUNTIME = 1024;
    uint256 private constant NESTED = 1 << 32; // an object that is x-ms-isolation-tee itself
    uint256 private constant DEBUG = 2048; // and the seven bits above, for each claim about debugging
    uint256 private constant ATTRIBUTES = 1 << 20;
    uint256 private constant XFAM = 1 << 21;
    uint256 private constant MRTD = 1 << 22;
    uint256 private constant ZERO = 1 << 23; // and the five above: RTMR0 to 3, signer and attributes
    uint256 private constant TDX = 0x1ff << 20;

    /// The claims of one object that count, and of its x-ms-isolation-tee in `inner`; the first letters keep
    /// most others from being compared.
    function _claims(Claims memory c, Claims memory inner, uint256 p, uint256 end)
        private
        pure
        returns (uint256)
    {
        p = Json.eat(p, end, 0x7b);
        bool more = true;
        while (more) {
            bytes32 k;
            uint256 first = Json.peek(p + 1);
            (k, p) = Json.key(p, end);
            uint256 q;
            if (first == 0x74) {
                q = _tdx(c, k, p, end); // t
            } else if (first == 0x78) {
                q = _microsoft(c, k, p, end); // x
                if (k == keccak256("x-ms-isolation-tee") && c.seen & NESTED == 0) {
                    _once(c, TEE, "x-ms-isolation-tee");
                    inner.seen = NESTED;
                    q = _claims(inner, inner, p, end);
                }
            } else {
                q = _common(c, k, p, end);
            }
            p = q == 0 ? Json.skip(p, end) : q;
            (more, p) = Json.more(p, end, 0x7d);
        }
        return p;
    }

    function _once(Claims memory c, uint256 bit, bytes32 what) private pure {
        if (c.seen & bit != 0) revert BadClaim(what);
        c.seen |= bit;
    }

    function _common(Claims memory c, bytes32 k, uint256 p, uint256 end)
        private
        pure
        returns (uint256)
    {
        uint256 n;
        if (k == keccak256("exp")) {
            _once(c, EXP, "exp");
            (n, p) = Json.num(p, end);
            c.exp = uint64(n);
        } else if (k == keccak256("nbf")) {
            _once(c, NBF, "nbf");
            (n, p) = Json.num(p, end);
            c.nbf = uint64(n);
        } else if (k == keccak256("iat")) {
            _once(c, IAT, "iat");
            (n, p) = Json.num(p, end);
            c.iat = uint64(n);
        } else if (k == keccak256("iss")) {
            _once(c, ISS, "iss");
            (c.iss, p) = Json.strHash(p, end);
        } else if (k == keccak256("attester_tcb_status")) {
            return _word(c, STATUS, "attester_tcb_status", keccak256("UpToDate"), p, end);
        } else if (k == keccak256("dbgstat")) {
            return _word(c, DEBUG, "dbgstat", keccak256("disabled"), p, end);
        } else {
            return 0;
        }
        return p;
    }

    /// A claim that has but one good value.
    function _word(
        Claims memory c,
        uint256 bit,
        bytes32 what,
        bytes32 wanted,
        uint256 p,
        uint256 end
    ) private pure returns (uint256 next) {
        _once(c, bit, what);
        bytes32 h;
        (h, next) = Json.strHash(p, end);
        if (h != wanted) revert BadClaim(what);
    }

    function _microsoft(Claims memory c, bytes32 k, uint256 p, uint256 end)
        private
        pure
        returns (uint256)
    {
        if (k == keccak256("x-ms-attestation-type")) {
            _once(c, KIND, "x-ms-attestation-type");
            (c.kind, p) = Json.strHash(p, end);
            return p;
        }
        if (k == keccak256("x-ms-ver")) {
            return _word(c, VERSION, "x-ms-ver", keccak256("1.0"), p, end);
        }
        if (k == keccak256("x-ms-policy-hash")) {
            _once(c, POLICY, "x-ms-policy-hash");
            (c.policy, p) = Json.strHash(p, end);
            return p;
        }
        if (k == keccak256("x-ms-compliance-status")) {
            bytes32 good = keccak256("azure-compliant-cvm");
            return _word(c, COMPLIANT, "x-ms-compliance-status", good, p, end);
        }
        if (k == keccak256("x-ms-runtime")) {
            _once(c, RUNTIME, "x-ms-runtime");
            c.runtime = p;
        } else if (k == keccak256("x-ms-azurevm-bootdebug-enabled")) {
            return _debug(c, 1, false, p, end);
        } else if (k == keccak256("x-ms-azurevm-kerneldebug-enabled")) {
            return _debug(c, 2, false, p, end);
        } else if (k == keccak256("x-ms-azurevm-hypervisordebug-enabled")) {
            return _debug(c, 3, false, p, end);
        } else if (k == keccak256("x-ms-azurevm-debuggersdisabled")) {
            return _debug(c, 4, true, p, end);
        }
        return 0;
    }

    function _debug(Claims memory c, uint256 n, bool wanted, uint256 p, uint256 end)
        private
        pure
        returns (uint256 next)
    {
        _once(c, DEBUG << n, "debug");
        bool found;
        (found, next) = Json.boolean(p, end);
        if (found != wanted) revert Debuggable();
    }

    function _tdx(Claims memory c, bytes32 k, uint256 p, uint256 end)
        private
        pure
        returns (uint256)
    {
        bytes32 w;
        if (k == keccak256("tdx_mrtd")) {
            _once(c, MRTD, "tdx_mrtd");
            (c.mrtdHigh, c.mrtdLow, p) = Json.hex48(p, end);
        } else if (k == keccak256("tdx_td_attributes")) {
            _once(c, ATTRIBUTES, "tdx_td_attributes");
            (w, p) = Json.hexWord(p, end, 8);
            c.attributes = uint64(uint256(w) >> 192);
        } else if (k == keccak256("tdx_xfam")) {
            _once(c, XFAM, "tdx_xfam");
            (w, p) = Json.hexWord(p, end, 8);
            c.xfam = bytes8(w);
        } else if (k == keccak256("tdx_rtmr0")) {
            return _zero(c, 0, p, end);
        } else if (k == keccak256("tdx_rtmr1")) {
            return _zero(c, 1, p, end);
        } else if (k == keccak256("tdx_rtmr2")) {
            return _zero(c, 2, p, end);
        } else if (k == keccak256("tdx_rtmr3")) {
            return _zero(c, 3, p, end);
        } else if (k == keccak256("tdx_mrsignerseam")) {
            return _zero(c, 4, p, end); // Intel's module
        } else if (k == keccak256("tdx_seam_attributes")) {
            _once(c, ZERO << 5, "tdx_seam_attributes");
            (w, p) = Json.hexWord(p, end, 8);
            if (w != 0) revert BadRegister("tdx_seam_attributes");
        } else if (k == keccak256("tdx_td_attributes_debug")) {
            return _debug(c, 5, false, p, end);
        } else {
            return 0;
        }
        return p;
    }

    /// No paravisor extends an RTMR.
    function _zero(Claims memory c, uint256 n, uint256 p, uint256 end)
        private
        pure
        returns (uint256 next)
    {
        _once(c, ZERO << n, "tdx_rtmr");
        bytes32 high;
        bytes32 low;
        (high, low, next) = Json.hex48(p, end);
        if (high | low != 0) {
            revert BadRegister(n == 4 ? bytes32("tdx_mrsignerseam") : bytes32("tdx_rtmr"));
        }
    }

    function _policy(Claims memory c) private view {
        uint64 attributes = _reversed(c.attributes);
        if (attributes & 0xff != 0) revert Debuggable();
        if (attributes & ATTRIBUTES_REQUIRED != ATTRIBUTES_REQUIRED) revert BadAttributes();
        if (attributes & ~ATTRIBUTES_ALLOWED != 0) revert BadAttributes();
        uint64 xfam = _reversed(uint64(c.xfam));
        if (xfam & XFAM_FIXED != XFAM_FIXED || xfam & ~XFAM_KNOWN != 0) revert BadXfam();
    }

    function _reversed(uint64 v) private pure returns (uint64) {
        v = v << 32 | v >> 32;
        v = (v << 16 & 0xffff0000ffff0000) | (v >> 16 & 0x0000ffff0000ffff);
        return (v << 8 & 0xff00ff00ff00ff00) | (v >> 8 & 0x00ff00ff00ff00ff);
    }

    /// The one key HCLAkPub of x-ms-runtime, RSA with e = 65537.
    function _hclAkPub(uint256 p, uint256 end) private pure returns (bytes memory modulus) {
        p = Json.eat(p, end, 0x7b);
        bool found;
        bool more = Json.peek(p) != 0x7d;
        while (more) {
            bytes32 k;
            (k, p) = Json.key(p, end);
            if (k != keccak256("keys")) {
                p = Json.skip(p, end);
            } else {
                if (found) revert BadClaim("keys");
                found = true;
                (modulus, p) = _keys(p, end);
            }
            (more, p) = Json.more(p, end, 0x7d);
        }
        if (modulus.length == 0) revert NoHclAkPub();
    }

    function _keys(uint256 p, uint256 end) private pure returns (bytes memory modulus, uint256) {
        p = Json.eat(p, end, 0x5b);
        bool more = Json.peek(p) != 0x5d;
        if (!more) return (modulus, p + 1);
        while (more) {
            bytes memory one;
            (one, p) = _jwk(p, end);
            if (one.length != 0) {
                if (modulus.length != 0) revert NoHclAkPub(); // which of the two?
                modulus = one;
            }
            (more, p) = Json.more(p, end, 0x5d);
        }
        return (modulus, p);
    }

    /// The modulus, if the key is HCLAkPub; else empty.
    function _jwk(uint256 p, uint256 end) private pure returns (bytes memory modulus, uint256) {
        p = Json.eat(p, end, 0x7b);
        uint256 seen;
        bool ours;
        bool more = true;
        Json.Text memory n;
        while (more) {
            bytes32 k;
            bytes32 h;
            uint256 bit;
            (k, p) = Json.key(p, end);
            if (k == keccak256("n")) {
                bit = 1;
                (n, p) = Json.str(p, end);
            } else if (k == keccak256("kid")) {
                bit = 2;
                (h, p) = Json.strHash(p, end);
                ours = h == keccak256("HCLAkPub");
            } else if (k == keccak256("e")) {
                (h, p) = Json.strHash(p, end);
                bit = h == keccak256("AQAB") ? 4 : 16;
            } else if (k == keccak256("kty")) {
                (h, p) = Json.strHash(p, end);
                bit = h == keccak256("RSA") ? 8 : 32;
            } else {
                p = Json.skip(p, end);
            }
            if (seen & bit != 0) revert BadClaim("keys");
            seen |= bit;
            (more, p) = Json.more(p, end, 0x7d);
        }
        if (!ours) return ("", p);
        if (seen != 15) revert NoHclAkPub();
        modulus = Base64Url.decode(n.from, n.to);
        if (modulus.length == 0) revert NoHclAkPub();
        return (modulus, p);
    }

    // ---- the vTPM ----

    /// TPMS_ATTEST of a quote: over exactly one bank, SHA-256, all 24 PCRs, with this nonce.
    function _tpm(bytes memory q, bytes memory pcrs, bytes32 nonce) private pure {
        // magic 4, type 2, signer TPM2B, extraData TPM2B, clock 17, firmware 8, selection 4 + 6, digest TPM2B
        if (q.length < 8 || bytes6(Der.word(q, 0)) != 0xff5443478018) revert BadTpmQuote();
        uint256 off = 8 + (uint256(Der.word(q, 6)) >> 240);
        if (q.length < off + 103 || bytes2(Der.word(q, off)) != 0x0020) revert BadTpmQuote();
        if (Der.word(q, off + 2) != nonce) revert BadReportData();
        off += 34 + 25;
        // one bank; SHA-256; three bytes of bits, all set
        if (bytes10(Der.word(q, off)) != 0x00000001000b03ffffff) revert BadPcrs();
        off += 10;
        if (bytes2(Der.word(q, off)) != 0x0020 || q.length != off + 34) revert BadTpmQuote();
        if (pcrs.length != 768 || sha256(pcrs) != Der.word(q, off + 2)) revert BadPcrs();
    }

    /// TDATTRIBUTES ‖ XFAM ‖ MRTD ‖ mask ‖ the PCRs in the mask.
    function _measurements(Claims memory c, bytes memory pcrs, uint32 mask)
        private
        pure
        returns (bytes memory m)
    {
        if (mask >> 24 != 0) revert BadPcrs();
        m = new bytes(68 + 768);
        uint256 n = 68;
        bytes memory head = bytes.concat(
            bytes8(c.attributes), c.xfam, c.mrtdHigh, bytes16(c.mrtdLow), bytes4(mask)
        );
        assembly ("memory-safe") {
            mcopy(add(m, 32), add(head, 32), 68)
            for { let i := 0 } lt(i, 24) { i := add(i, 1) } {
                if and(shr(i, mask), 1) {
                    mcopy(add(add(m, 32), n), add(add(pcrs, 32), mul(i, 32)), 32)
                    n := add(n, 32)
                }
            }
            mstore(m, n)
        }
    }
}
