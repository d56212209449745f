// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "../src/Authority.sol";
import {Identity} from "../src/Identity.sol";
import {KMS} from "../src/KMS.sol";
import {Registry} from "../src/Registry.sol";
import {DCAPEvent, DCAPReport, MAAReport} from "../src/Types.sol";
import {Base} from "./Base.sol";

/// The formulas of identities against vectors that this code did not make, and the wall between schemes.
contract IdentityTest is Base {
    string private v1;
    string private v2;

    function setUp() public {
        vm.warp(T0);
        v1 = vm.readFile("../tests/vectors/reference/vectors.json");
        v2 = vm.readFile("../tests/vectors/identity-v2.json");
    }

    /// The contract's code at the address that a vector names, with the settings it names.
    function at_(address where, uint8 scheme, bool rtmr3, uint32 mask)
        private
        returns (Registry r)
    {
        vm.etch(where, address(newRegistry(OWNER, scheme)).code);
        uint256 head =
            uint256(scheme) | (rtmr3 ? 1 << 8 : 0) | uint256(mask) << 40 | uint256(2) << 232;
        vm.store(where, bytes32(uint256(3)), bytes32(head));
        return Registry(where);
    }

    function hexOf(string memory json, string memory key) private pure returns (bytes memory) {
        return vm.parseBytes(string.concat("0x", vm.parseJsonString(json, key)));
    }

    function word32(bytes memory b) private pure returns (bytes32) {
        return bytes32(b);
    }

    function zeros() private pure returns (bytes memory) {
        return new bytes(48);
    }

    function test_v1_dcap_identity_is_the_references() public {
        address where = address(bytes20(hexOf(v1, ".identity.dcap.contract")));
        DCAPReport memory report = dcapReport("anything"); // RTMR3 and MRTD are not in it
        report.RTMRs[0] = hexOf(v1, ".identity.dcap.rtmr0");
        report.RTMRs[1] = hexOf(v1, ".identity.dcap.rtmr1");
        report.RTMRs[2] = hexOf(v1, ".identity.dcap.rtmr2");
        eq(
            at_(where, 1, false, 0).DCAPIdentity(report, new DCAPEvent[](0)),
            word32(hexOf(v1, ".identity.dcap.keccak256")),
            "identity"
        );
    }

    function test_v1_maa_identity_is_the_references() public {
        address where = address(bytes20(hexOf(v1, ".identity.maa.contract")));
        MAAReport memory report = maaReport("anything");
        report.PCRs[4] = word32(hexOf(v1, ".identity.maa.pcr4"));
        report.PCRs[9] = word32(hexOf(v1, ".identity.maa.pcr9"));
        report.PCRs[11] = word32(hexOf(v1, ".identity.maa.pcr11"));
        eq(
            at_(where, 1, false, 0).MAAIdentity(report),
            word32(hexOf(v1, ".identity.maa.keccak256")),
            "identity"
        );
    }

    function report2(string memory k) private view returns (DCAPReport memory report) {
        report.mrTd = vm.parseJsonBytes(v2, string.concat(k, ".mrtd"));
        report.mrConfigId = vm.parseJsonBytes(v2, string.concat(k, ".mrconfigid"));
        report.mrOwner = vm.parseJsonBytes(v2, string.concat(k, ".mrowner"));
        report.mrConfigOwner = vm.parseJsonBytes(v2, string.concat(k, ".mrownerconfig"));
        for (uint256 i; i < 4; ++i) {
            report.RTMRs[i] = vm.parseJsonBytes(v2, string.concat(k, ".rtmr[", vm.toString(i), "]"));
        }
    }

    function bytes8Of(string memory key) private view returns (bytes8) {
        return bytes8(vm.parseJsonBytes(v2, key));
    }

    function test_v2_dcap_identities_are_those_of_the_vectors() public {
        uint256 n;
        for (;; ++n) {
            string memory k = string.concat(".tdx[", vm.toString(n), "]");
            if (!vm.keyExistsJson(v2, k)) break;
            vm.chainId(vm.parseJsonUint(v2, string.concat(k, ".chain_id")));
            Registry r = at_(
                vm.parseJsonAddress(v2, string.concat(k, ".contract")),
                2,
                vm.parseJsonBool(v2, string.concat(k, ".rtmr3_flag")),
                0
            );
            eq(
                r.DCAPIdentityV2(
                    report2(k),
                    bytes8Of(string.concat(k, ".td_attributes")),
                    bytes8Of(string.concat(k, ".xfam"))
                ),
                vm.parseJsonBytes32(v2, string.concat(k, ".identity")),
                vm.parseJsonString(v2, string.concat(k, ".name"))
            );
        }
        eq(n, 9, "vectors");
    }

    function test_v2_azure_identities_are_those_of_the_vectors() public {
        uint256 n;
        for (;; ++n) {
            string memory k = string.concat(".azure[", vm.toString(n), "]");
            if (!vm.keyExistsJson(v2, k)) break;
            vm.chainId(vm.parseJsonUint(v2, string.concat(k, ".chain_id")));
            Registry r = at_(
                vm.parseJsonAddress(v2, string.concat(k, ".contract")),
                2,
                false,
                uint32(vm.parseJsonUint(v2, string.concat(k, ".mask")))
            );
            bytes32[] memory pcrs = vm.parseJsonBytes32Array(v2, string.concat(k, ".pcrs"));
            MAAReport memory report;
            for (uint256 i; i < 24; ++i) {
                report.PCRs[i] = pcrs[i];
            }
            eq(
                r.AzureIdentityV2(
                    vm.parseJsonBytes(v2, string.concat(k, ".mrtd")),
                    report,
                    bytes8Of(string.concat(k, ".td_attributes")),
                    bytes8Of(string.concat(k, ".xfam"))
                ),
                vm.parseJsonBytes32(v2, string.concat(k, ".identity")),
                vm.parseJsonString(v2, string.concat(k, ".name"))
            );
        }
        eq(n, 5, "vectors");
    }

    function test_principals_are_those_of_the_vectors() public {
        Registry r = newRegistry(OWNER, 2);
        uint256 n;
        for (;; ++n) {
            string memory k = string.concat(".principal[", vm.toString(n), "]");
            if (!vm.keyExistsJson(v2, k)) break;
            eq(
                r.principalOf(
                    vm.parseJsonBytes32(v2, string.concat(k, ".identity")),
                    vm.parseJsonBytes32(v2, string.concat(k, ".config_hash"))
                ),
                vm.parseJsonBytes32(v2, string.concat(k, ".principal")),
                "principal"
            );
        }
        eq(n, 3, "vectors");
    }

    // ---- the wall between schemes ----

    function test_under_scheme_2_the_v1_functions_of_a_kms_contract_revert() public {
        KMS c = newKms(OWNER, 2);
        vm.startPrank(OWNER);
        vm.expectRevert(Authority.WrongScheme.selector);
        c.DCAPIdentity(dcapReport("a"), new DCAPEvent[](0));
        vm.expectRevert(Authority.WrongScheme.selector);
        c.MAAIdentity(maaReport("a"));
        vm.expectRevert(Authority.WrongScheme.selector);
        c.allowlistDCAP(dcapReport("a"));
        vm.expectRevert(Authority.WrongScheme.selector);
        c.allowlistMAA(maaReport("a"));
        eq(c.identityScheme(), 2, "scheme");
    }

    function test_under_scheme_2_the_v1_functions_of_a_registry_revert() public {
        Registry c = newRegistry(OWNER, 2);
        vm.startPrank(OWNER);
        vm.expectRevert(Authority.WrongScheme.selector);
        c.DCAPIdentity(dcapReport("a"), new DCAPEvent[](0));
        vm.expectRevert(Authority.WrongScheme.selector);
        c.MAAIdentity(maaReport("a"));
        vm.expectRevert(Authority.WrongScheme.selector);
        c.setConfigForDCAP(dcapReport("a"), new DCAPEvent[](0), "config");
        vm.expectRevert(Authority.WrongScheme.selector);
        c.setConfigForMAA(maaReport("a"), "config");
    }

    function test_under_scheme_1_the_v2_functions_revert() public {
        KMS k = newKms(OWNER, 1);
        Registry r = newRegistry(OWNER, 1);
        vm.startPrank(OWNER);
        vm.expectRevert(Authority.WrongScheme.selector);
        k.DCAPIdentityV2(dcapReport("a"), 0, 0);
        vm.expectRevert(Authority.WrongScheme.selector);
        k.AzureIdentityV2(bytes48("m"), maaReport("a"), 0, 0);
        vm.expectRevert(Authority.WrongScheme.selector);
        k.allowlistDCAPV2(dcapReport("a"), 0, 0, "hash");
        vm.expectRevert(Authority.WrongScheme.selector);
        k.allowlistAzureV2(bytes48("m"), maaReport("a"), 0, 0, "hash");
        vm.expectRevert(Authority.WrongScheme.selector);
        r.setConfigForDCAPV2(dcapReport("a"), 0, 0, "config");
        vm.expectRevert(Authority.WrongScheme.selector);
        r.setConfigForAzureV2(bytes48("m"), maaReport("a"), 0, 0, "config");
        eq(r.identityScheme(), 1, "scheme");
    }

    // ---- what does not enter a hash of fixed places must be refused ----

    function test_a_register_of_another_length_is_refused() public {
        Registry r = newRegistry(OWNER, 2);
        Registry old = newRegistry(OWNER, 1);
        bytes memory short = new bytes(47);
        for (uint256 i; i < 8; ++i) {
            DCAPReport memory report = dcapReport("a");
            if (i < 4) report.RTMRs[i] = short;
            if (i == 4) report.mrTd = bytes.concat(bytes48("m"), hex"00");
            if (i == 5) report.mrOwner = short;
            if (i == 6) report.mrConfigId = "";
            if (i == 7) report.mrConfigOwner = short;
            vm.expectPartialRevert(Identity.WrongLength.selector);
            r.DCAPIdentityV2(report, 0, 0);
            vm.expectPartialRevert(Identity.WrongLength.selector);
            old.DCAPIdentity(report, new DCAPEvent[](0));
        }
        vm.prank(OWNER);
        r.setIdentityRules(false, false, 1);
        vm.expectRevert(abi.encodeWithSelector(Identity.WrongLength.selector, 0, 47));
        r.AzureIdentityV2(short, maaReport("a"), 0, 0);
    }

    function test_without_a_mask_there_is_no_azure_identity() public {
        Registry r = newRegistry(OWNER, 2);
        vm.expectRevert(Identity.NoPcrMask.selector);
        r.AzureIdentityV2(bytes48("m"), maaReport("a"), 0, 0);
    }

    function testFuzz_every_register_is_in_the_v2_identity(
        bytes32 seed,
        uint8 which,
        uint8 place,
        uint8 bit
    ) public {
        Registry r = newRegistry(OWNER, 2);
        vm.prank(OWNER);
        r.setIdentityRules(true, false, 0);
        DCAPReport memory report = dcapReport(seed);
        bytes8 attributes = bytes8(keccak256(bytes.concat(seed, "attributes")));
        bytes8 xfam = bytes8(keccak256(bytes.concat(seed, "xfam")));
        bytes32 before = r.DCAPIdentityV2(report, attributes, xfam);
        bytes1 flip = bytes1(uint8(1) << (bit % 8));
        which %= 10;
        if (which == 8) attributes ^= bytes8(flip) >> 8 * (place % 8);
        if (which == 9) xfam ^= bytes8(flip) >> 8 * (place % 8);
        bytes memory register = which < 4
            ? report.RTMRs[which]
            : which == 4
                ? report.mrTd
                : which == 5
                    ? report.mrOwner
                    : which == 6 ? report.mrConfigId : report.mrConfigOwner;
        if (which < 8) register[place % 48] ^= flip;
        ok(r.DCAPIdentityV2(report, attributes, xfam) != before, "one bit makes another identity");
    }
}
