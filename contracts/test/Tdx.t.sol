// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Collateral} from "../src/attest/Collateral.sol";
import {Der} from "../src/attest/Der.sol";
import {TdxVerifier} from "../src/attest/TdxVerifier.sol";
import {Quotes, TestRootCollateral} from "./Quotes.sol";

/// TdxVerifier and Collateral on the quotes and collateral of tests/vectors/dcap.
contract TdxTest is Quotes {
    string private constant QUOTE = "quotes/tdx_v4_b0c06f_phala.bin";
    string private constant BUNDLE = "collateral/phala_b0c06f_2025-06.json";
    uint256 private constant WHEN = 1750800000;
    bytes32 private constant PLATFORM =
        0x3c8511c76f3270439912629baf69128e99d29d804e0da6cc45bcbb389b25afee;

    Collateral private c;
    TdxVerifier private v;
    bytes private q;

    function setUp() public {
        vm.warp(WHEN);
        c = newCollateral();
        post(c, bundle(BUNDLE));
        v = tdxVerifier(c);
        q = file(QUOTE);
    }

    // ---- every case of cases.json ----

    /// One step for try: what is posted and judged by nobody else.
    function attempt(string memory quote, string memory collateral, bool testRoot)
        external
        returns (uint8 status)
    {
        Collateral store = testRoot ? new TestRootCollateral() : newCollateral();
        post(store, bundle(collateral));
        TdxVerifier judge = tdxVerifier(store);
        bytes memory raw = file(quote);
        (bytes memory cut, bytes memory pck) = split(raw);
        (status,) = judge.judge(cut, pck, reportData(raw));
    }

    string[10] private names = [
        "",
        "UpToDate",
        "SWHardeningNeeded",
        "ConfigurationNeeded",
        "ConfigurationAndSWHardeningNeeded",
        "OutOfDate",
        "OutOfDateConfigurationNeeded",
        "Revoked",
        "TDRelaunchAdvised",
        "TDRelaunchAdvisedConfigurationNeeded"
    ];

    mapping(string => bytes4) private why;

    /// What a case must be refused with, where that is a word of ours and not of the test's own parser.
    function reasons() private {
        why["n01_reportdata_bit"] = TdxVerifier.BadQuoteSignature.selector;
        why["n02_header_userdata_bit"] = TdxVerifier.BadQuoteSignature.selector;
        why["n08_sig_r_plus_n_overflow"] = TdxVerifier.BadQuoteSignature.selector;
        why["n10_ak_offcurve"] = TdxVerifier.BadQuoteSignature.selector;
        why["n13_qe_auth_changed"] = TdxVerifier.BadQeBinding.selector;
        why["n14_qe_auth_empty"] = TdxVerifier.BadQeBinding.selector;
        why["n16_qe_sig_bit"] = TdxVerifier.BadQeSignature.selector;
        why["n17_pck_chain_of_other_platform"] = TdxVerifier.BadQeSignature.selector;
        why["n19_attacker_leaf_ca_real_root"] = TdxVerifier.BadPckSignature.selector;
        why["n20_attacker_leaf_real_ca_root"] = TdxVerifier.BadPckSignature.selector;
        why["n24_inner_type_6_nested"] = TdxVerifier.BadCertification.selector;
        why["n30_outer_cd_len_minus1"] = TdxVerifier.BadCertification.selector;
        why["n32_inner_cd_len_huge"] = TdxVerifier.BadCertification.selector;
        why["n33_inner_cd_len_minus1"] = TdxVerifier.BadCertification.selector;
        why["n36_version_3"] = TdxVerifier.BadVersion.selector;
        why["n39_akt_3"] = TdxVerifier.BadKeyType.selector;
        why["n40_tee_0"] = TdxVerifier.NotTdx.selector;
        why["n42_vendor"] = TdxVerifier.BadVendor.selector;
        why["n44_v5_bodytype1"] = TdxVerifier.BadBody.selector;
        why["c01_tcbinfo_status_flipped"] = Collateral.BadSignature.selector;
        why["c02_tcbinfo_reserialised_spaces"] = Collateral.BadSignature.selector;
        why["c03_tcbinfo_nextupdate_extended"] = Collateral.BadSignature.selector;
        why["c05_tcbinfo_sig_zero"] = Collateral.BadSignature.selector;
        why["c07_qe_identity_sgx_for_tdx"] = Collateral.BadValue.selector;
        why["c08_tcbinfo_sgx_for_tdx"] = Collateral.BadValue.selector;
        why["c10_pck_crl_sig_bit"] = Collateral.BadSignature.selector;
        why["c13_root_crl_is_pck_crl"] = Collateral.BadSignature.selector;
        why["c14_before_issue"] = Collateral.NotValidNow.selector;
        why["c15_after_nextupdate"] = Collateral.NotValidNow.selector;
        why["c16_year_2036"] = Collateral.NotValidNow.selector;
        why["c17_epoch_0"] = Collateral.NotValidNow.selector;
        why["c18_tcbinfo_attacker_signing_chain"] = Collateral.BadSignature.selector;
        why["c21_tcbinfo_duplicate_key"] = Collateral.BadSignature.selector;
        why["c23_tcbinfo_deep_nesting"] = Collateral.TooMany.selector;
        why["t02_pck_revoked"] = Collateral.IsRevoked.selector;
        why["t03_pck_ca_revoked"] = Collateral.IsRevoked.selector;
        why["t04_tcb_signer_revoked"] = Collateral.IsRevoked.selector;
        why["t05_crl_expired"] = Collateral.NotValidNow.selector;
        why["t06_platform_Bogus"] = Collateral.BadValue.selector;
        why["t07_platform_Bogus_module_OutOfDate"] = Collateral.BadValue.selector;
        why["t08_module_revoked"] = TdxVerifier.TcbRefused.selector;
        why["t09_module_identity_missing"] = TdxVerifier.BadModule.selector;
        why["t10_module_isvsvn_too_high"] = Collateral.Unsorted.selector;
        why["t11_mrsigner_mismatch"] = TdxVerifier.BadModule.selector;
        why["t13_levels_empty"] = Collateral.Missing.selector;
        why["t15_pceid_mismatch"] = TdxVerifier.WrongPlatform.selector;
        why["t16_tcbtype_1"] = Collateral.BadValue.selector;
        why["t19_svn_300"] = Collateral.BadValue.selector;
        why["t22_qe_isvsvn_high"] = TdxVerifier.QeNotSupported.selector;
        why["t24_qe_revoked"] = TdxVerifier.TcbRefused.selector;
        why["t25_qe_attributes"] = TdxVerifier.BadQeIdentity.selector;
        why["t27_qe_id_QE"] = Collateral.BadValue.selector;
        why["t31_ak_offcurve"] = TdxVerifier.BadQuoteSignature.selector;
        why["t32_ak_zero"] = TdxVerifier.BadQuoteSignature.selector;
        why["t35_debug"] = TdxVerifier.Debuggable.selector;
        why["t38_attr_reserved_bit8"] = TdxVerifier.BadAttributes.selector;
        why["t39_sept_ve_off"] = TdxVerifier.BadAttributes.selector;
        why["t40_perfmon"] = TdxVerifier.BadAttributes.selector;
        why["t41_seamattributes"] = TdxVerifier.BadModule.selector;
        why["t42_mrsignerseam"] = TdxVerifier.BadModule.selector;
        why["t43_teetcbsvn_version_5"] = TdxVerifier.BadModule.selector;
        why["t44_teetcbsvn0_zero"] = TdxVerifier.TcbNotSupported.selector;
        why["t45_xfam_bit0_clear"] = TdxVerifier.BadXfam.selector;
    }

    function test_every_case_of_the_vectors_is_judged_as_it_must_be() public {
        reasons();
        string memory json = vm.readFile(string.concat(DIR, "cases.json"));
        uint256 accepted;
        uint256 named;
        uint256 i;
        for (; vm.keyExistsJson(json, string.concat("[", vm.toString(i), "]")); ++i) {
            string memory one = string.concat("[", vm.toString(i), "]");
            string memory name = vm.parseJsonString(json, string.concat(one, ".name"));
            string memory expect = vm.parseJsonString(json, string.concat(one, ".expect"));
            (bool judged, uint8 status, bytes memory reason) = runCase(json, one);
            uint256 wanted = expected(expect);
            // The certification data is covered by no signature: onchain nothing of it is needed but the PCK.
            bool unsigned = equal(name, "n21_chain_leaf_only") || equal(name, "n34_trunc_4900");
            if (unsigned) wanted = 1;
            if (wanted != 0) {
                ok(judged, string.concat(name, " is judged"));
                eq(names[status], names[wanted], name);
                ++accepted;
                continue;
            }
            ok(!judged, string.concat(name, " is refused"));
            if (why[name] == 0) continue;
            eq(bytes32(bytes4(reason)), bytes32(why[name]), name);
            ++named;
        }
        ok(i >= 105 && accepted >= 15 && named >= 60, "all cases were read");
    }

    function runCase(string memory json, string memory one)
        private
        returns (bool judged, uint8 status, bytes memory reason)
    {
        vm.warp(vm.parseJsonUint(json, string.concat(one, ".at")));
        bool testRoot = vm.keyExistsJson(json, string.concat(one, ".trust_root"));
        string memory quote = vm.parseJsonString(json, string.concat(one, ".quote"));
        string memory collateral;
        try this.read(json, string.concat(one, ".collateral")) returns (string memory x) {
            collateral = x;
        } catch {} // a case without collateral: refused for want of it
        try this.attempt(quote, collateral, testRoot) returns (uint8 s) {
            (judged, status) = (true, s);
        } catch (bytes memory r) {
            reason = r;
        }
    }

    function equal(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }

    function read(string memory json, string memory key) external pure returns (string memory) {
        return vm.parseJsonString(json, key);
    }

    /// The number of the status in "accept:STATUS" or "status:STATUS"; else 0.
    function expected(string memory expect) private view returns (uint256) {
        bytes memory b = bytes(expect);
        if (b.length < 8 || b[6] != ":") return 0;
        bytes32 h = keccak256(slice(b, 7, b.length - 7));
        for (uint256 i = 1; i < names.length; ++i) {
            if (keccak256(bytes(names[i])) == h) return i;
        }
        revert(expect);
    }

    // ---- what a verifier says of a real quote ----

    function real(string memory quote, string memory collateral, uint256 when, uint8 wanted)
        private
    {
        vm.warp(when);
        uint8 found = this.attempt(
            string.concat("quotes/", quote), string.concat("collateral/", collateral), false
        );
        eq(names[found], names[wanted], quote);
    }

    /// The same that `teereg evidence verify` says, which tests/interop compares with other verifiers.
    function test_real_quotes_have_the_status_that_intels_rules_give() public {
        string memory june = "phala_b0c06f_2025-06.json";
        real("tdx_v4_b0c06f_flashtest_12c1_a.bin", june, WHEN, 1);
        real("tdx_v4_b0c06f_flashtest_12c1_b.bin", june, WHEN, 1);
        real("tdx_v4_b0c06f_flashtest_46f6.bin", june, WHEN, 1);
        real("tdx_v4_b0c06f_flashtest_c200.bin", june, WHEN, 1);
        real("tdx_v4_b0c06f_flashtest_f200_a.bin", june, WHEN, 1);
        real("tdx_v4_b0c06f_flashtest_46f6.bin", "near_b0c06f_2026-08.json", 1787000000, 5);
        real("tdx_v5_b3_90c06f_google.bin", "phala_90c06f_2026-02.json", 1771500000, 1);
        real("tdx_v5_b3_90c06f_RELAUNCH_oe.bin", "phala_90c06f_2026-02.json", 1771500000, 8);
    }

    /// No level of the list is reached: by a component of the PCK or of the TD that is too low.
    function test_a_platform_below_every_level_is_refused() public {
        vm.expectRevert(TdxVerifier.TcbNotSupported.selector);
        this.attempt("quotes/tdx_v4_b0c06f_tappd.bin", BUNDLE, false);
        vm.warp(1787000000);
        vm.expectRevert(TdxVerifier.TcbNotSupported.selector);
        this.attempt("quotes/tdx_v4_b0c06f_tappd.bin", "collateral/near_b0c06f_2026-08.json", false);
        vm.warp(1771500000);
        vm.expectRevert(TdxVerifier.TcbNotSupported.selector);
        this.attempt(
            "quotes/tdx_v5_b3_90c06f_azure_outdated.bin",
            "collateral/phala_90c06f_2026-02.json",
            false
        );
    }

    function test_a_real_quote_is_measured() public view {
        (uint8 kind, bytes memory m) = v.verify(evidence(q), reportData(q), 0);
        eq(kind, 1, "kind");
        string memory json = vm.readFile(string.concat(DIR, "quotes/expected.json"));
        string[10] memory fields = [
            "tdAttributes",
            "xfam",
            "mrTd",
            "mrConfigId",
            "mrOwner",
            "mrOwnerConfig",
            "rtmr0",
            "rtmr1",
            "rtmr2",
            "rtmr3"
        ];
        bytes memory all;
        for (uint256 i; i < fields.length; ++i) {
            string memory at_ = string.concat(".['", QUOTE, "'].body.", fields[i]);
            all = bytes.concat(
                all, vm.parseBytes(string.concat("0x", vm.parseJsonString(json, at_)))
            );
        }
        eq(m, all, "as an independent parser read it");
    }

    function test_the_report_data_must_be_what_is_expected() public {
        bytes memory e = evidence(q);
        bytes32[2] memory d = reportData(q);
        d[1] ^= bytes32(uint256(1));
        vm.expectRevert(TdxVerifier.BadReportData.selector);
        v.verify(e, d, 0);
        d = reportData(q);
        d[0] ^= bytes32(uint256(1));
        vm.expectRevert(TdxVerifier.BadReportData.selector);
        v.verify(e, d, 0);
    }

    function test_a_status_outside_the_policy_is_refused() public {
        vm.warp(1771500000);
        Collateral store = newCollateral();
        post(store, bundle("collateral/phala_90c06f_2026-02.json"));
        bytes memory raw = file("quotes/tdx_v5_b3_90c06f_RELAUNCH_oe.bin");
        TdxVerifier strict = tdxVerifier(store);
        bytes memory e = evidence(raw);
        vm.expectRevert(abi.encodeWithSelector(TdxVerifier.TcbRefused.selector, 8));
        strict.verify(e, reportData(raw), 0);
        tdxVerifier(store, 1 << 8, 0).verify(e, reportData(raw), 0);
    }

    function test_a_least_evaluation_number_is_demanded() public {
        tdxVerifier(c, 2, 17).verify(evidence(q), reportData(q), 0);
        TdxVerifier more = tdxVerifier(c, 2, 18);
        bytes memory e = evidence(q);
        vm.expectRevert(abi.encodeWithSelector(TdxVerifier.NumberTooLow.selector, 17));
        more.verify(e, reportData(q), 0);
    }

    /// Whoever posts an older identity of the quoting enclave first must not undo a recovery.
    function test_a_least_evaluation_number_is_demanded_of_the_quoting_enclave_too() public {
        (,, uint32 number) = c.qeIdentity();
        eq(number, 17, "as Intel said");
        // Kept: number ‖ until ‖ body, in slot 5
        bytes32 kept = vm.load(address(c), bytes32(uint256(5)));
        uint256 older = uint256(kept) << 32 >> 32 | uint256(16) << 224;
        vm.store(address(c), bytes32(uint256(5)), bytes32(older));
        (,, number) = c.qeIdentity();
        eq(number, 16, "an older one");
        tdxVerifier(c, 2, 16).verify(evidence(q), reportData(q), 0);
        TdxVerifier more = tdxVerifier(c, 2, 17);
        bytes memory e = evidence(q);
        vm.expectRevert(abi.encodeWithSelector(TdxVerifier.NumberTooLow.selector, 16));
        more.verify(e, reportData(q), 0);
    }

    function test_a_policy_cannot_allow_what_is_never_safe() public {
        vm.expectRevert(TdxVerifier.BadPolicy.selector);
        new TdxVerifier(c, 1 << 7, 0, 0, 0); // Revoked
        vm.expectRevert(TdxVerifier.BadPolicy.selector);
        new TdxVerifier(c, 2, 0, 0, 1); // DEBUG
        vm.expectRevert(TdxVerifier.BadPolicy.selector);
        new TdxVerifier(c, 2, 0, 0, 1 << 29); // MIGRATABLE
        vm.expectRevert(TdxVerifier.BadPolicy.selector);
        new TdxVerifier(c, 2, 0, 1 << 28, 0); // required and not allowed
    }

    function test_a_service_td_is_refused() public {
        vm.warp(1771500000);
        Collateral store = newCollateral();
        post(store, bundle("collateral/phala_90c06f_2026-02.json"));
        TdxVerifier any = tdxVerifier(store, 0x37e, 0);
        bytes memory raw = file("quotes/tdx_v5_b3_90c06f_alibaba.bin");
        (bytes memory cut, bytes memory pck) = split(raw);
        vm.expectRevert(TdxVerifier.BadServiceTd.selector);
        any.judge(cut, pck, reportData(raw));
    }

    /// Cut anywhere, or with any one bit changed, nothing verifies.
    function testFuzz_a_changed_bit_is_refused(uint256 bit, bool inPck) public {
        (bytes memory cut, bytes memory pck) = split(q);
        bytes memory target = inPck ? pck : cut;
        bit = bit % (8 * target.length);
        // 20 bytes of the header and reserved fields are signed as well: no byte is left out.
        target[bit / 8] ^= bytes1(uint8(1 << bit % 8));
        vm.expectRevert();
        v.judge(cut, pck, reportData(q));
    }

    function testFuzz_a_cut_is_refused(uint256 n, bool inPck) public {
        (bytes memory cut, bytes memory pck) = split(q);
        bytes memory target = inPck ? pck : cut;
        n = n % target.length;
        assembly ("memory-safe") {
            mstore(target, n)
        }
        vm.expectRevert();
        v.judge(cut, pck, reportData(q));
    }

    function testFuzz_bytes_of_any_kind_are_refused(bytes calldata cut, bytes calldata pck) public {
        bytes32[2] memory d;
        vm.expectRevert();
        v.judge(cut, pck, d);
    }

    // ---- collateral: only forward, only while it is valid ----

    function test_older_statements_are_refused_and_younger_ones_taken() public {
        Bundle memory old = bundle(BUNDLE);
        vm.expectRevert(Collateral.NotNewer.selector);
        c.postRootCrl(old.rootCrl);
        vm.expectRevert(Collateral.NotNewer.selector);
        c.postPckCrl(PLATFORM, old.pckCrl);
        vm.expectRevert(Collateral.NotNewer.selector);
        c.postPckCa(old.ca);
        vm.expectRevert(Collateral.NotNewer.selector);
        c.postTcbInfo(old.tcb.json, old.tcb.r, old.tcb.s, old.tcb.signer);
        vm.expectRevert(Collateral.NotNewer.selector);
        c.postQeIdentity(old.qe.json, old.qe.r, old.qe.s, old.qe.signer);
        vm.warp(1787000000);
        Bundle memory b = bundle("collateral/near_b0c06f_2026-08.json");
        c.postRootCrl(b.rootCrl);
        c.postPckCrl(PLATFORM, b.pckCrl);
        c.postTcbInfo(b.tcb.json, b.tcb.r, b.tcb.s, b.tcb.signer);
        c.postQeIdentity(b.qe.json, b.qe.r, b.qe.s, b.qe.signer);
        (bytes memory cut, bytes memory pck) = split(q);
        (uint8 status,) = v.judge(cut, pck, reportData(q));
        eq(names[status], "OutOfDate", "the same quote a year later");
        bytes memory e = evidence(q);
        vm.expectRevert(abi.encodeWithSelector(TdxVerifier.TcbRefused.selector, 5));
        v.verify(e, reportData(q), 0);
    }

    function test_what_has_run_out_is_not_answered_with() public {
        (bytes memory cut, bytes memory pck) = split(q);
        // the last second of the first of the statements to run out, and the next
        (, uint64 until,) = c.tcbInfo(hex"b0c06f000000");
        (, uint64 other,) = c.qeIdentity();
        if (other < until) until = other;
        (, other,) = c.authorities(PLATFORM);
        if (other < until) until = other;
        vm.warp(until - 1);
        v.judge(cut, pck, reportData(q));
        vm.warp(until);
        vm.expectPartialRevert(Collateral.Missing.selector);
        v.judge(cut, pck, reportData(q));
    }

    function test_each_statement_is_needed() public {
        Bundle memory b = bundle(BUNDLE);
        Collateral empty = newCollateral();
        TdxVerifier w = tdxVerifier(empty);
        (bytes memory cut, bytes memory pck) = split(q);
        bytes4 missing = Collateral.Missing.selector;
        vm.expectRevert(abi.encodeWithSelector(missing, bytes32("root CRL")));
        w.judge(cut, pck, reportData(q));
        empty.postRootCrl(b.rootCrl);
        vm.expectRevert(abi.encodeWithSelector(missing, bytes32("PCK CA")));
        empty.postPckCrl(PLATFORM, b.pckCrl);
        empty.postPckCa(b.ca);
        vm.expectRevert(abi.encodeWithSelector(missing, bytes32("PCK CRL")));
        w.judge(cut, pck, reportData(q));
        empty.postPckCrl(PLATFORM, b.pckCrl);
        vm.expectRevert(abi.encodeWithSelector(missing, bytes32("TCB info")));
        w.judge(cut, pck, reportData(q));
        empty.postTcbInfo(b.tcb.json, b.tcb.r, b.tcb.s, b.tcb.signer);
        vm.expectRevert(abi.encodeWithSelector(missing, bytes32("QE identity")));
        w.judge(cut, pck, reportData(q));
        empty.postQeIdentity(b.qe.json, b.qe.r, b.qe.s, b.qe.signer);
        w.judge(cut, pck, reportData(q));
    }

    function test_a_certificate_serves_only_as_what_it_is() public {
        Bundle memory b = bundle(BUNDLE);
        vm.expectRevert(Collateral.WrongName.selector);
        c.postPckCa(b.tcb.signer);
        vm.expectRevert(Collateral.WrongName.selector);
        c.postTcbInfo(b.tcb.json, b.tcb.r, b.tcb.s, b.ca);
        vm.expectPartialRevert(Collateral.BadValue.selector);
        c.postQeIdentity(b.tcb.json, b.tcb.r, b.tcb.s, b.tcb.signer);
    }

    /// A serial that was listed once stays revoked, whatever later lists say.
    function test_a_revoked_certificate_stays_revoked() public {
        TestRootCollateral store = new TestRootCollateral();
        post(store, bundle("negative/t01_testroot_ok.collateral.json"));
        TdxVerifier w = tdxVerifier(store);
        bytes memory raw = file("negative/n18_attacker_pki_same_names.bin");
        (bytes memory cut, bytes memory pck) = split(raw);
        w.judge(cut, pck, reportData(raw));
        Der.Cert memory leaf = Der.cert(pck);
        bytes32 key = keccak256(abi.encode(leaf.issuer, leaf.serial));
        ok(!store.revoked(key), "not listed");
        vm.store(address(store), keccak256(abi.encode(key, 3)), bytes32(uint256(1)));
        ok(store.revoked(key), "listed");
        vm.expectRevert(Collateral.IsRevoked.selector);
        w.judge(cut, pck, reportData(raw));
    }
}
