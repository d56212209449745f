// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KMS} from "../src/KMS.sol";
import {Registry} from "../src/Registry.sol";
import {AppPKI, OnboardRequest} from "../src/Types.sol";
import {Base} from "./Base.sol";
import {ScriptedVerifier} from "./Scripted.sol";

/// LAYOUT.md, line by line, read back from storage as a chain view reads it.
contract LayoutTest is Base {
    KMS private kms;
    Registry private registry;

    function setUp() public {
        vm.warp(T0);
        kms = newKms(OWNER, 2);
        registry = newRegistry(OWNER, 2);
        staff(kms);
    }

    function slot(address c, uint256 n) private view returns (uint256) {
        return uint256(vm.load(c, bytes32(n)));
    }

    function entry(address c, bytes32 key, uint256 n, uint256 offset)
        private
        view
        returns (uint256)
    {
        return slot(c, uint256(keccak256(abi.encode(key, n))) + offset);
    }

    function bits(uint256 w, uint256 low, uint256 count) private pure returns (uint256) {
        return (w >> low) & ((1 << count) - 1);
    }

    function policy(
        uint256 w,
        uint256 state,
        uint256 id,
        uint256 from,
        uint256 notAfter,
        uint256 version
    ) private pure {
        eq(bits(w, 0, 8), state, "policy: bits 0-7, state");
        eq(bits(w, 8, 16), id, "policy: bits 8-23, policy");
        eq(bits(w, 24, 64), from, "policy: bits 24-87, activeFrom");
        eq(bits(w, 88, 64), notAfter, "policy: bits 88-151, notAfter");
        eq(bits(w, 152, 32), version, "policy: bits 152-183, version");
        eq(w >> 184, 0, "policy: the rest is zero");
    }

    function test_slots_1_and_2_hold_the_owners() public {
        eq(slot(address(kms), 1), uint160(OWNER), "slot 1");
        eq(slot(address(kms), 2), 0, "slot 2");
        vm.prank(OWNER);
        kms.transferOwnership(STRANGER);
        eq(slot(address(kms), 2), uint160(STRANGER), "slot 2 while ownership moves");
    }

    function test_slot_3_is_the_head_after_deployment() public {
        uint256 h = slot(address(newRegistry(OWNER, 1)), 3);
        eq(bits(h, 0, 8), 1, "scheme of a contract of scheme 1");
        eq(bits(h, 16, 8), 0, "principal flag of a registry");
        h = slot(address(newKms(OWNER, 1)), 3);
        eq(bits(h, 16, 8), 0, "principal flag of a KMS contract of scheme 1");
        h = slot(address(newKms(OWNER, 2)), 3);
        eq(bits(h, 0, 8), 2, "scheme");
        eq(bits(h, 8, 8), 0, "RTMR3 flag");
        eq(bits(h, 16, 8), 1, "principal flag of a KMS contract of scheme 2");
        eq(bits(h, 24, 8), 0, "operatorRequired");
        eq(bits(h, 32, 8), 0, "paused");
        eq(bits(h, 40, 32), 0, "PCR mask");
        eq(bits(h, 72, 64), 0, "epoch");
        eq(bits(h, 136, 32), 0, "delay");
        eq(bits(h, 232, 16), 2, "layout id");
        eq(h >> 248, 0, "the rest is zero");
    }

    function test_each_setting_has_its_own_bits_in_slot_3() public {
        address c = address(registry);
        vm.startPrank(OWNER);
        registry.setIdentityRules(true, false, 0);
        eq(bits(slot(c, 3), 8, 24), 1, "RTMR3 flag is bits 8-15");
        registry.setIdentityRules(false, true, 0);
        eq(bits(slot(c, 3), 8, 24), 1 << 8, "principal flag is bits 16-23");
        registry.setIdentityRules(false, false, 0x00800a11);
        eq(bits(slot(c, 3), 40, 32), 0x00800a11, "PCR mask is bits 40-71");
        registry.setOperatorRequired(true);
        eq(bits(slot(c, 3), 24, 16), 1, "operatorRequired is bits 24-31");
        registry.setPaused(true);
        eq(bits(slot(c, 3), 24, 16), 0x0101, "paused is bits 32-39");
        registry.raiseEpoch();
        registry.raiseEpoch();
        eq(bits(slot(c, 3), 72, 64), 2, "epoch is bits 72-135");
        uint256 version = bits(slot(c, 3), 168, 64);
        registry.setDelay(0xfffefdfc);
        eq(bits(slot(c, 3), 136, 32), 0xfffefdfc, "delay is bits 136-167");
        eq(bits(slot(c, 3), 168, 64), version + 1, "version is bits 168-231");
        eq(bits(slot(c, 3), 0, 8), 2, "the scheme did not move");
        eq(slot(c, 3) >> 232, 2, "nor the layout id");
    }

    function test_slot_4_holds_the_settings_that_wait() public {
        address c = address(registry);
        vm.startPrank(OWNER);
        registry.setDelay(1000);
        registry.setPaused(true);
        registry.setOperatorRequired(true);
        eq(slot(c, 4), 0, "nothing waits");
        registry.setIdentityRules(true, true, 0x00800a11);
        uint256 p = slot(c, 4);
        eq(bits(p, 0, 32), 0x01010101, "bits 0-31: RTMR3, principal, operatorRequired, paused");
        eq(bits(p, 32, 32), 0x00800a11, "bits 32-63: PCR mask");
        eq(bits(p, 64, 32), 1000, "bits 64-95: delay");
        eq(bits(p, 96, 64), T0 + 1000, "bits 96-159: from");
        eq(p >> 160, 0, "the rest is zero");
        registry.setOperatorRequired(false);
        eq(bits(slot(c, 4), 0, 32), 0x01000101, "bits 16-23: operatorRequired");
        registry.setPaused(false);
        eq(bits(slot(c, 4), 0, 32), 0x00000101, "bits 24-31: paused");
        registry.setIdentityRules(true, false, 0);
        eq(bits(slot(c, 4), 0, 32), 0x00000001, "bits 0-7: RTMR3, bits 8-15: principal");
        registry.setDelay(10);
        eq(bits(slot(c, 4), 64, 32), 10, "bits 64-95: the lower delay");
    }

    function test_slots_5_and_6_hold_the_line() public {
        vm.startPrank(OWNER);
        registry.setPredecessor(address(0x01D));
        eq(slot(address(registry), 5), 0x01D, "slot 5");
        registry.setDelay(77);
        registry.setSuccessor(address(0x2E3));
        eq(bits(slot(address(registry), 6), 0, 160), 0x2E3, "slot 6: address");
        eq(slot(address(registry), 6) >> 160, T0 + 77, "slot 6: from");
    }

    function test_slots_7_8_15_and_16_hold_the_pki() public {
        bytes memory ca = "ca certificate";
        bytes memory key = "public key";
        bytes memory body = bytes.concat(hex"00", abi.encode(AppPKI(ca, key, "")));
        vm.startPrank(OWNER);
        registry.setPKIV2(ca, key);
        eq(slot(address(registry), 7), uint256(keccak256(abi.encode(ca, key))), "slot 7");
        eq(
            address(uint160(slot(address(registry), 8))).code,
            body,
            "slot 8: a STOP, then abi.encode"
        );
        registry.setDelay(5);
        registry.setPKIV2(ca, "another key");
        eq(slot(address(registry), 7), uint256(keccak256(abi.encode(ca, key))), "slot 7 waits");
        eq(
            slot(address(registry), 15),
            uint256(keccak256(abi.encode(ca, bytes("another key")))),
            "slot 15"
        );
        ok(
            address(uint160(slot(address(registry), 16))).code.length > 1,
            "slot 16: address of the body"
        );
        eq(slot(address(registry), 16) >> 160, T0 + 5, "slot 16: from");
    }

    function test_slots_9_and_10_are_hashes_of_the_lists() public {
        address c = address(registry);
        string[] memory list = new string[](2);
        (list[0], list[1]) = ("onchain://0x00", "ipfs://gateway:5001/");
        vm.startPrank(OWNER);
        registry.setStorageBackend(list[0]);
        registry.setStorageBackend(list[1]);
        eq(slot(c, 9), uint256(keccak256(abi.encode(list))), "slot 9");
        eq(slot(c, 19), 2, "slot 19: how many");
        registry.removeStorageBackend(list[0]);
        registry.removeStorageBackend(list[1]);
        eq(slot(c, 9), 0, "slot 9 of an empty list");

        (list[0], list[1]) = ("a.example", "b.example:8443");
        registry.registerInstanceDomainName(list[0]);
        registry.registerInstanceDomainName(list[1]);
        eq(slot(c, 10), uint256(keccak256(abi.encode(list))), "slot 10");
        eq(slot(c, 17), 2, "slot 17: how many");
        uint256 w = entry(c, keccak256("a.example"), 18, 0);
        eq(bits(w, 0, 160), uint160(OWNER), "slot 18: who registered it");
        eq(bits(w, 160, 64), T0 + 1 days, "until when");
        eq(w >> 224, 0, "the rest is zero");
    }

    function test_slot_11_holds_policy_hashes() public {
        bytes32 key = bytes32(uint256(0xfedc));
        vm.startPrank(OWNER);
        registry.setPolicyHash(0xfedc, "first");
        registry.setDelay(9);
        registry.setPolicyHash(0xfedc, "second");
        eq(entry(address(registry), key, 11, 0), uint256(bytes32("first")), "current");
        eq(entry(address(registry), key, 11, 1), uint256(bytes32("second")), "next");
        eq(entry(address(registry), key, 11, 2), T0 + 9, "nextFrom");
    }

    function test_slots_12_and_13_hold_policy_words() public {
        address c = address(registry);
        vm.startPrank(OWNER);
        registry.allow(IDENTITY, "x", 0xabcd, 0);
        policy(entry(c, "x", 12, 0), 1, 0xabcd, T0, 0, 1);
        registry.setDelay(60);
        registry.allow(IDENTITY, "x", 0xabce, uint64(T0 + 100_000));
        policy(entry(c, "x", 12, 0), 1, 0xabce, T0 + 60, T0 + 100_000, 2);
        registry.freeze(IDENTITY, "x");
        policy(entry(c, "x", 12, 0), 3, 0xabce, 0, 0, 3);
        registry.allow(OPERATORS, word(OPERATOR), 7, 0);
        policy(entry(c, word(OPERATOR), 13, 0), 1, 7, T0 + 60, 0, 1);
        registry.revoke(OPERATORS, word(OPERATOR));
        policy(entry(c, word(OPERATOR), 13, 0), 2, 7, 0, 0, 2);
        policy(entry(c, word(OWNER), 13, 0), 1, 0, T0, 0, 1); // of the constructor
    }

    function test_slot_14_points_to_artifacts() public {
        bytes memory data = "an artifact";
        vm.prank(OWNER);
        registry.addArtifact(data);
        address at_ = address(uint160(entry(address(registry), sha256(data), 14, 0)));
        eq(at_.code, bytes.concat(hex"00", data), "the code is a STOP and the artifact");
    }

    function test_slots_20_to_22_hold_what_is_demanded() public {
        address c = address(registry);
        vm.startPrank(OWNER);
        registry.setDemands(3);
        eq(slot(c, 20), 3, "current");
        registry.setDelay(60);
        registry.setDemands(2);
        eq(slot(c, 20), 3, "current");
        eq(slot(c, 21), 2, "next");
        eq(slot(c, 22), T0 + 60, "nextFrom");
    }

    function test_slots_23_and_24_hold_verifiers_and_curators() public {
        address c = address(registry);
        vm.startPrank(OWNER);
        registry.setDelay(60);
        registry.allow(VERIFIER, word(STRANGER), 0, 0);
        policy(entry(c, word(STRANGER), 23, 0), 1, 0, T0 + 60, 0, 1);
        registry.grantRole(ROLE_CURATOR, STRANGER);
        policy(entry(c, word(STRANGER), 24, 0), 1, 0, T0 + 60, 0, 1);
    }

    function test_slot_25_holds_who_has_shown_a_machine() public {
        address c = address(registry);
        vm.roll(1000);
        ScriptedVerifier v = new ScriptedVerifier();
        bytes32[2] memory any;
        vm.startPrank(OWNER);
        registry.allow(VERIFIER, word(address(v)), 0, 0);
        registry.verifyAndPropose(address(v), "x", any, 0, 0, 0);
        registry.attest(address(v), "x", 0, "purpose", 999);
        bytes32 key = keccak256(abi.encode(OWNER, bytes32("purpose")));
        eq(entry(c, key, 25, 0), T0 + 1 hours, "until when");
    }

    function test_slot_26_says_which_block_published_an_artifact() public {
        vm.roll(1234);
        vm.prank(OWNER);
        registry.publishArtifact("an artifact");
        eq(entry(address(registry), sha256("an artifact"), 26, 0), 1234, "block");
    }

    function test_slots_27_to_31_are_zero() public view {
        for (uint256 i = 27; i < 32; ++i) {
            eq(slot(address(kms), i) | slot(address(registry), i), 0, "a slot kept free");
        }
    }

    function test_kms_slot_32_holds_applications() public {
        vm.prank(OWNER);
        kms.AllowApplication(address(registry));
        bytes32 key = word(address(registry));
        policy(entry(address(kms), key, 32, 0), 1, 0, T0, 0, 1);
        eq(entry(address(kms), key, 32, 1), uint256(address(registry).codehash), "code hash");
        eq(entry(address(kms), key, 32, 2), 2, "layout id");
    }

    function test_kms_slots_33_and_34_hold_the_root() public {
        vm.prank(OWNER);
        kms.commitRoot("root id", "commitment");
        eq(slot(address(kms), 33), uint256(bytes32("root id")), "slot 33");
        eq(slot(address(kms), 34), uint256(bytes32("commitment")), "slot 34");
    }

    function test_kms_slots_35_and_36_hold_firmware_and_paravisors() public {
        vm.startPrank(OWNER);
        kms.allow(FIRMWARE, "mrtd hash", 1, 0);
        policy(entry(address(kms), "mrtd hash", 35, 0), 1, 1, T0, 0, 1);
        eq(entry(address(kms), "mrtd hash", 36, 0), 0, "the lists are two");
        kms.allow(PARAVISOR, "mrtd hash", 2, 0);
        policy(entry(address(kms), "mrtd hash", 36, 0), 1, 2, T0, 0, 1);
    }

    function test_kms_slot_37_holds_onboarding_requests() public {
        vm.startPrank(OPERATOR);
        bytes32 id = kms.requestOnboard(OnboardRequest("key", 5, OPERATOR, "quote"));
        uint256 w = entry(address(kms), id, 37, 0);
        ok(address(uint160(w)).code.length > 1, "address of the body");
        eq(bits(w, 160, 64), T0 + 1 days, "expiry");
        eq(w >> 224, 0, "not closed");
        kms.closeOnboardRequest(id);
        eq(entry(address(kms), id, 37, 0) >> 224, 1, "closed");
    }

    function test_registry_slot_32_holds_configs() public {
        vm.startPrank(OWNER);
        registry.setConfigForIdentity("x", "first");
        registry.setDelay(9);
        registry.setConfigForIdentity("x", "second");
        eq(entry(address(registry), "x", 32, 0), uint256(bytes32("first")), "current");
        eq(entry(address(registry), "x", 32, 1), uint256(bytes32("second")), "next");
        eq(entry(address(registry), "x", 32, 2), T0 + 9, "nextFrom");
    }

    function test_code_does_not_depend_on_who_deploys_what_for_whom() public {
        eq(
            address(newKms(OWNER, 1)).codehash,
            address(newKms(STRANGER, 2)).codehash,
            "of the KMS contract"
        );
        eq(
            address(newRegistry(OWNER, 2)).codehash,
            address(newRegistry(STRANGER, 1)).codehash,
            "of the Registry"
        );
        bytes memory code = address(kms).code;
        ok(code.length > 1000, "the code is there");
        // CBOR metadata ends in its own length, and begins with a map that names solc.
        for (uint256 i; i + 4 < code.length; ++i) {
            bool named = code[i] == 0x64 && code[i + 1] == "s" && code[i + 2] == "o"
                && code[i + 3] == "l" && code[i + 4] == "c";
            ok(!named, "no metadata in the code");
        }
    }
}
