// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Base64Url} from "../src/attest/Base64Url.sol";
import {Json} from "../src/attest/Json.sol";
import {MaaVerifier} from "../src/attest/MaaVerifier.sol";
import {Rsa} from "../src/attest/Rsa.sol";
import {Quotes} from "./Quotes.sol";

/// Tokens and keys of tests/vectors/maa-onchain, made into evidence.
abstract contract Tokens is Quotes {
    bytes32[2] internal report;

    function vectors() internal view returns (string memory) {
        return vm.readFile("../tests/vectors/maa-onchain/vectors.json");
    }

    function readVectors() internal {
        report = abi.decode(vm.parseJsonBytes(vectors(), ".report_data"), (bytes32[2]));
    }

    /// SEPT_VE_DISABLE and PKS allowed, neither required.
    function maaVerifier(uint64 delay) internal returns (MaaVerifier) {
        bytes memory args = abi.encode(OWNER, delay, uint64(0), uint64(5 << 28));
        return MaaVerifier(create(code("MaaVerifier"), args));
    }

    function addKey(MaaVerifier v, uint64 until) internal {
        v.addKey(
            vm.parseJsonString(vectors(), ".kid"),
            vm.parseJsonString(vectors(), ".issuer"),
            vm.parseJsonString(vectors(), ".policy"),
            vm.parseJsonBytes(vectors(), ".modulus"),
            until
        );
    }

    function part(string memory all, string memory one, string memory name)
        private
        view
        returns (string memory)
    {
        string memory own = string.concat(one, name);
        return vm.keyExistsJson(all, own) ? own : string.concat(".good[0]", name);
    }

    function evidenceOf(string memory one) internal view returns (bytes memory) {
        return abi.encode(parts(vectors(), one));
    }

    function parts(string memory all, string memory one)
        internal
        view
        returns (MaaVerifier.Evidence memory e)
    {
        e = tokenParts(bytes(vm.parseJsonString(all, part(all, one, ".token"))));
        e.quote = vm.parseJsonBytes(all, part(all, one, ".quote"));
        e.quoteSignature = vm.parseJsonBytes(all, part(all, one, ".signature"));
        e.pcrs = vm.parseJsonBytes(all, part(all, one, ".pcrs"));
    }

    /// The three parts of a token, decoded; anything else than three of base64url fails.
    function tokenParts(bytes memory token) internal pure returns (MaaVerifier.Evidence memory e) {
        uint256 dot = find(token, ".", 0);
        uint256 dot2 = find(token, ".", dot + 1);
        e.header = url(slice(token, 0, dot));
        e.payload = url(slice(token, dot + 1, dot2 - dot - 1));
        e.signature = url(slice(token, dot2 + 1, token.length - dot2 - 1));
    }

    function url(bytes memory text) internal pure returns (bytes memory) {
        (uint256 p, uint256 end) = Json.span(text);
        return Base64Url.decode(p, end);
    }

    function now_() internal view returns (uint64) {
        return uint64(vm.parseJsonUint(vectors(), ".now"));
    }
}

contract MaaTest is Tokens {
    MaaVerifier private v;

    function setUp() public {
        readVectors();
        vm.warp(now_());
        v = maaVerifier(0);
        vm.prank(OWNER);
        addKey(v, now_() + 1 days);
    }

    // ---- tokens ----

    function test_a_machine_is_measured_by_token_and_vtpm() public view {
        bytes memory machine = vm.parseJsonBytes(vectors(), ".machine");
        bytes memory pcrs = vm.parseJsonBytes(vectors(), ".good[0].pcrs");
        for (uint256 i; i < 3; ++i) {
            string memory one = string.concat(".good[", vm.toString(i), "]");
            (uint8 kind, bytes memory m) = v.verify(evidenceOf(one), report, 0x800011);
            eq(kind, 2, "kind");
            bytes memory wanted = bytes.concat(
                machine,
                hex"00800011",
                slice(pcrs, 0, 32),
                slice(pcrs, 4 * 32, 32),
                slice(pcrs, 23 * 32, 32)
            );
            eq(m, wanted, "attributes, XFAM, MRTD, mask, PCRs 0, 4 and 23");
        }
    }

    function test_each_bad_case_is_refused_by_name() public {
        string memory all = vectors();
        uint256 i;
        for (;; ++i) {
            string memory one = string.concat(".bad[", vm.toString(i), "]");
            if (!vm.keyExistsJson(all, one)) break;
            string memory name = vm.parseJsonString(all, string.concat(one, ".name"));
            bytes memory e = abi.encode(parts(all, one));
            try v.verify(e, report, 1) {
                revert Failed(name, "accepted", "refused");
            } catch (bytes memory why) {
                bytes4 wanted =
                    bytes4(keccak256(bytes(vm.parseJsonString(all, string.concat(one, ".why")))));
                eq(bytes32(bytes4(why)), bytes32(wanted), name);
            }
        }
        ok(i >= 80, "all cases were read");
    }

    function test_the_report_data_is_the_nonce() public {
        bytes memory e = evidenceOf(".good[0]");
        bytes32[2] memory d = report;
        d[1] ^= bytes32(uint256(1));
        vm.expectRevert(MaaVerifier.BadReportData.selector);
        v.verify(e, d, 1);
    }

    function test_a_mask_has_24_bits() public {
        bytes memory e = evidenceOf(".good[0]");
        vm.expectRevert(MaaVerifier.BadPcrs.selector);
        v.verify(e, report, 1 << 24);
    }

    /// Real tokens, of SEV-SNP machines: everything of the token holds, and it is refused as no TDX.  The
    /// changed ones do not come so far.
    function test_real_tokens_come_as_far_as_they_must() public {
        string memory jwks = vm.readFile(string.concat(DIR, "maa/sharedeus2_J0pAPd_jwks.json"));
        string memory json = vm.readFile(string.concat(DIR, "maa/cases.json"));
        bytes memory n = url(bytes(vm.parseJsonString(jwks, ".keys[0].n")));
        string memory kid = vm.parseJsonString(jwks, ".keys[0].kid");
        uint256 far;
        uint256 i;
        for (; vm.keyExistsJson(json, string.concat("[", vm.toString(i), "]")); ++i) {
            string memory one = string.concat("[", vm.toString(i), "]");
            string memory name = vm.parseJsonString(json, string.concat(one, ".name"));
            vm.warp(vm.parseJsonUint(json, string.concat(one, ".at")));
            MaaVerifier w = maaVerifier(0);
            vm.prank(OWNER);
            w.addKey(
                kid,
                "https://sharedeus2.eus2.attest.azure.net",
                keccak256(bytes(name)) == keccak256("real2_ok")
                    ? "wm9mHlvTU82e8UqoOy1Yj1FBRSNkfe99-69IYDq9eWs"
                    : "QsNi9UE365SgcskuV_a4p-uFQyGlNcIlQkrsi0UIy7o",
                n,
                uint64(block.timestamp) + 1 days
            );
            string memory path = vm.parseJsonString(json, string.concat(one, ".token"));
            bytes memory token = trimmed(file(string.concat("maa/", path)));
            try this.verifyToken(w, token) {
                revert Failed(name, "accepted", "refused");
            } catch (bytes memory why) {
                bool good = keccak256(bytes(name)) == keccak256("real_ok")
                    || keccak256(bytes(name)) == keccak256("real2_ok");
                bool notTdx = bytes4(why) == MaaVerifier.NotTdx.selector;
                ok(notTdx == good, name);
                if (good) ++far;
            }
        }
        ok(far == 2 && i >= 20, "all cases were read");
    }

    function verifyToken(MaaVerifier w, bytes calldata token) external view {
        w.verify(abi.encode(tokenParts(token)), report, 1);
    }

    function trimmed(bytes memory t) private pure returns (bytes memory) {
        uint256 n = t.length;
        while (n > 0 && uint8(t[n - 1]) <= 0x20) --n;
        return slice(t, 0, n);
    }

    function testFuzz_a_changed_bit_of_the_evidence_is_refused(uint256 bit) public {
        string memory one = ".good[1]";
        MaaVerifier.Evidence memory e = parts(vectors(), one);
        bytes[6] memory all = [e.header, e.payload, e.signature, e.quote, e.quoteSignature, e.pcrs];
        uint256 n;
        for (uint256 i; i < 6; ++i) {
            n += 8 * all[i].length;
        }
        bit = bit % n;
        uint256 which;
        while (bit >= 8 * all[which].length) bit -= 8 * all[which++].length;
        all[which][bit / 8] ^= bytes1(uint8(1 << bit % 8));
        bytes memory changed = abi.encode(e); // the arrays are shared
        vm.expectRevert();
        v.verify(changed, report, 1);
    }

    function testFuzz_bytes_of_any_kind_are_refused(bytes calldata token, bytes calldata quote)
        public
    {
        bytes memory e = abi.encode(MaaVerifier.Evidence(token, quote, token, quote, token, quote));
        vm.expectRevert();
        v.verify(e, report, 1);
    }

    // ---- keys ----

    function test_a_key_waits_and_ends() public {
        MaaVerifier w = maaVerifier(60);
        vm.prank(OWNER);
        addKey(w, now_() + 3600);
        bytes memory e = evidenceOf(".good[0]");
        vm.expectRevert(MaaVerifier.KeyNotValidNow.selector);
        w.verify(e, report, 1);
        vm.warp(now_() + 60);
        w.verify(e, report, 1);
        vm.warp(now_() + 3600);
        w.verify(e, report, 1);
        vm.warp(now_() + 3601);
        vm.expectRevert(MaaVerifier.KeyNotValidNow.selector);
        w.verify(e, report, 1);
    }

    function test_a_key_is_removed_at_once_and_not_replaced() public {
        vm.startPrank(OWNER);
        vm.expectRevert(MaaVerifier.BadKey.selector);
        this.addKeyAsOwner(v, now_() + 1 days);
        v.removeKey(vm.parseJsonString(vectors(), ".kid"));
        vm.stopPrank();
        bytes memory e = evidenceOf(".good[0]");
        vm.expectRevert(MaaVerifier.UnknownKey.selector);
        v.verify(e, report, 1);
    }

    function addKeyAsOwner(MaaVerifier w, uint64 until) external {
        vm.stopPrank();
        vm.startPrank(OWNER);
        addKey(w, until);
    }

    function test_keys_are_the_owners() public {
        vm.prank(STRANGER);
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        v.addKey("a", "b", "c", new bytes(256), now_());
        vm.prank(STRANGER);
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        v.removeKey("a");
    }

    function test_a_key_has_2048_to_4096_bits_and_an_end() public {
        uint64 t = now_();
        vm.startPrank(OWNER);
        refuseKey(new bytes(256), t); // zero
        refuseKey(odd(255), t);
        refuseKey(odd(224), t);
        refuseKey(odd(544), t);
        refuseKey(odd(256), t - 1);
        refuseKey(odd(256), t + 400 days + 1);
        v.addKey("a", "b", "c", odd(512), t + 400 days);
    }

    function odd(uint256 n) private pure returns (bytes memory m) {
        m = new bytes(n);
        m[0] = 0x80;
        m[n - 1] = 0x01;
    }

    function refuseKey(bytes memory modulus, uint64 until) private {
        vm.expectRevert(MaaVerifier.BadKey.selector);
        v.addKey("a", "b", "c", modulus, until);
    }

    function test_a_policy_cannot_allow_what_is_never_safe() public {
        vm.expectRevert(MaaVerifier.BadPolicy.selector);
        new MaaVerifier(OWNER, 0, 0, 1);
        vm.expectRevert(MaaVerifier.BadPolicy.selector);
        new MaaVerifier(OWNER, 0, 0, 1 << 29);
        vm.expectRevert(MaaVerifier.BadPolicy.selector);
        new MaaVerifier(OWNER, 0, 1 << 28, 0);
    }

    // ---- the parts ----

    function testFuzz_base64url_is_openzeppelins(bytes memory data) public pure {
        eq(url(bytes(Base64.encodeURL(data))), data, "decoded");
        bytes memory text = new bytes(data.length * 4 / 3 + 64);
        (uint256 p,) = Json.span(text);
        uint256 n = Base64Url.encode(data, p) - p;
        assembly ("memory-safe") {
            mstore(text, n)
        }
        eq(text, bytes(Base64.encodeURL(data)), "encoded");
    }

    function test_every_byte_is_encoded() public pure {
        bytes memory data = new bytes(256);
        for (uint256 i; i < 256; ++i) {
            data[i] = bytes1(uint8(i));
        }
        testFuzz_base64url_is_openzeppelins(data);
    }

    function decodeText(bytes memory text) external pure returns (bytes memory) {
        (uint256 p, uint256 end) = Json.span(text);
        return Base64Url.decode(p, end);
    }

    /// What is decoded is written as it was: there is one text for each value, and no other character.
    function testFuzz_only_canonical_base64url_is_read(bytes memory text) public view {
        try this.decodeText(text) returns (bytes memory data) {
            eq(bytes(Base64.encodeURL(data)), text, "text");
        } catch {}
    }

    function test_every_character_is_read_or_refused() public view {
        for (uint256 c; c < 256; ++c) {
            for (uint256 at_; at_ < 36; at_ += 7) {
                bytes memory text = bytes("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
                text[at_] = bytes1(uint8(c));
                bool good = (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || (c >= 48 && c <= 57)
                    || c == 45 || c == 95;
                try this.decodeText(text) returns (bytes memory data) {
                    ok(good, "a character that is none was read");
                    eq(bytes(Base64.encodeURL(data)), text, "text");
                } catch {
                    ok(!good, "a character was refused");
                }
            }
        }
    }

    function unhex(bytes memory text) external pure returns (bytes32 w) {
        (uint256 p, uint256 end) = Json.span(text);
        (w,) = Json.hexWord(p, end, (text.length - 2) / 2);
    }

    function test_hexadecimal_is_read_in_both_cases_and_nothing_else_is() public view {
        for (uint256 c; c < 256; ++c) {
            bytes memory text = bytes('"00000000000000000000000000000000000000"');
            text[20] = bytes1(uint8(c));
            bool good = (c >= 48 && c <= 57) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70);
            try this.unhex(text) returns (bytes32 w) {
                ok(good, "no digit");
                uint256 digit = c <= 57 ? c - 48 : (c | 32) - 87;
                eq(uint256(w), digit << (256 - 4 * 20), "value");
            } catch {
                ok(!good, "a digit was refused");
            }
        }
    }

    function skip(bytes memory text) external pure returns (uint256 n) {
        (uint256 p, uint256 end) = Json.plain(text);
        n = Json.skip(p, end) - p;
    }

    function testFuzz_skipping_never_leaves_the_text(bytes memory text) public view {
        try this.skip(text) returns (uint256 n) {
            // As every reader does: what ends behind the end is refused.
            ok(n > 0 && n <= text.length + 5, "inside");
        } catch {}
    }

    function test_values_are_skipped_whole() public view {
        string[9] memory good = [
            "1",
            "-1.5E+3",
            "true",
            '"a"',
            '""',
            "[]",
            '{"a":[{"b":"]}"},2],"c":null}',
            "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
            '"a string that is longer than thirty-two bytes, as the loop goes by words"'
        ];
        for (uint256 i; i < good.length; ++i) {
            uint256 n = this.skip(bytes.concat(bytes(good[i]), ',"more":1'));
            eq(n, bytes(good[i]).length, good[i]);
        }
    }

    function testFuzz_rsa_refuses_what_is_not_signed(bytes32 hash, bytes memory signature)
        public
        view
    {
        bytes memory n = vm.parseJsonBytes(vectors(), ".modulus");
        if (signature.length > 256) return;
        bytes memory s = bytes.concat(new bytes(256 - signature.length), signature);
        ok(!Rsa.verify(hash, s, n), "a signature of chance");
    }
}
