// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "../src/Authority.sol";
import {Directory} from "../src/Directory.sol";
import {KMS} from "../src/KMS.sol";
import {Registry} from "../src/Registry.sol";
import {Workload} from "../src/Workload.sol";
import {DCAPReport, MAAReport, OnboardRequest, Onboarding} from "../src/Types.sol";
import {Base} from "./Base.sol";

/// Contracts that an application could be, each odd in another way.
contract Silent {
    fallback() external {}
}

contract Reverting {
    fallback() external {
        revert("no");
    }
}

contract Burning {
    fallback() external {
        while (true) {}
    }
}

contract Flooding {
    fallback() external {
        assembly {
            return(0, 0x1000)
        }
    }
}

contract Saying {
    uint256 private immutable ANSWER;

    constructor(uint256 answer) {
        ANSWER = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return abi.encode(ANSWER);
    }
}

/// The KMS contract, and what a Registry does with identities.
contract KmsTest is Base {
    bytes8 private constant ATTRIBUTES = hex"0000001000000000";
    bytes8 private constant XFAM = hex"e702060000000000";

    KMS private k;
    Registry private r;

    function setUp() public {
        vm.warp(T0);
        k = newKms(OWNER, 2);
        r = newRegistry(OWNER, 2);
        staff(k);
        staff(KMS(address(r)));
    }

    // ---- principals and identities ----

    function test_a_kms_is_allowed_as_a_principal_only() public {
        vm.prank(CURATOR);
        bytes32 principal = k.allowlistDCAPV2(dcapReport("a"), ATTRIBUTES, XFAM, "config");
        bytes32 identity = k.DCAPIdentityV2(dcapReport("a"), ATTRIBUTES, XFAM);
        eq(principal, k.principalOf(identity, "config"), "principal");
        ok(k.IdentityAllowed(principal, address(0)), "the pair is allowed");
        ok(k.allowlistedIdentities(principal), "by the reference's name too");
        ok(!k.IdentityAllowed(identity, address(0)), "the identity alone is not");
        ok(
            !k.IdentityAllowed(k.principalOf(identity, "other"), address(0)),
            "nor with another configuration"
        );
        vm.prank(GUARDIAN);
        k.removeAllowlistedIdentity(principal);
        ok(!k.IdentityAllowed(principal, address(0)), "removed");
    }

    function test_a_kms_contract_of_scheme_2_cannot_forget_principals() public {
        vm.startPrank(OWNER);
        vm.expectRevert(Authority.BadRules.selector);
        k.setIdentityRules(false, false, 0);
        k.setDelay(10);
        vm.expectRevert(Authority.BadRules.selector);
        k.setIdentityRules(false, false, 0);
    }

    function test_allow_allow_remove_of_a_kms_is_removed() public {
        vm.startPrank(OWNER);
        k.allowlistIdentity("principal");
        k.allowlistIdentity("principal");
        k.removeAllowlistedIdentity("principal");
        ok(!k.IdentityAllowed("principal", OWNER), "removed");
    }

    function measurementsOf(DCAPReport memory m) private pure returns (bytes memory) {
        return bytes.concat(
            bytes.concat(ATTRIBUTES, XFAM, m.mrTd, m.mrConfigId, m.mrOwner, m.mrConfigOwner),
            bytes.concat(m.RTMRs[0], m.RTMRs[1], m.RTMRs[2], m.RTMRs[3])
        );
    }

    function test_measurements_of_a_tdx_kms_are_told() public {
        DCAPReport memory m = dcapReport("a");
        bytes32 identity = k.DCAPIdentityV2(m, ATTRIBUTES, XFAM);
        bytes32 principal = k.principalOf(identity, "config");
        vm.expectEmit(address(k));
        emit Workload.IdentityMeasured(identity, 1, measurementsOf(m));
        vm.expectEmit(address(k));
        emit KMS.PrincipalNamed(principal, identity, "config", CURATOR);
        vm.expectEmit(address(k));
        emit Authority.PolicyChanged(1, principal, 1, 0, uint64(T0), 0, 1, CURATOR);
        vm.expectEmit(address(k));
        emit KMS.IdentityAllowlisted(principal, CURATOR);
        vm.prank(CURATOR);
        k.allowlistDCAPV2(m, ATTRIBUTES, XFAM, "config");
    }

    function test_measurements_of_an_azure_instance_are_told() public {
        MAAReport memory m = maaReport("a");
        bytes memory mrtd = bytes48("paravisor");
        vm.prank(OWNER);
        r.setIdentityRules(false, false, 1 << 23 | 1 << 4);
        bytes32 identity = r.AzureIdentityV2(mrtd, m, ATTRIBUTES, XFAM);
        vm.expectEmit(address(r));
        emit Workload.IdentityMeasured(
            identity, 2, bytes.concat(ATTRIBUTES, XFAM, mrtd, hex"00800010", m.PCRs[4], m.PCRs[23])
        );
        vm.prank(CURATOR);
        r.setConfigForAzureV2(mrtd, m, ATTRIBUTES, XFAM, "config");
        eq(r.ConfigForIdentity(identity, address(0)), "config", "configuration");
    }

    function test_an_azure_kms_is_allowed_as_a_principal() public {
        vm.prank(OWNER);
        k.setIdentityRules(false, true, 1);
        vm.prank(CURATOR);
        bytes32 p = k.allowlistAzureV2(bytes48("m"), maaReport("a"), ATTRIBUTES, XFAM, "config");
        bytes32 identity = k.AzureIdentityV2(bytes48("m"), maaReport("a"), ATTRIBUTES, XFAM);
        eq(p, k.principalOf(identity, "config"), "principal");
        ok(k.IdentityAllowed(p, address(0)), "allowed");
    }

    function test_an_instance_is_allowed_and_configured_in_one_step() public {
        DCAPReport memory m = dcapReport("a");
        bytes32 identity = r.DCAPIdentityV2(m, ATTRIBUTES, XFAM);
        vm.expectEmit(address(r));
        emit Workload.IdentityMeasured(identity, 1, measurementsOf(m));
        vm.expectEmit(address(r));
        emit Registry.IdentityConfigSet(identity, "config", CURATOR);
        vm.expectEmit(address(r));
        emit Registry.IdentityConfigTimed(identity, "config", uint64(T0));
        vm.prank(CURATOR);
        eq(r.setConfigForDCAPV2(m, ATTRIBUTES, XFAM, "config"), identity, "identity");
        ok(r.IdentityAllowed(identity, address(0)), "allowed");
        eq(r.ConfigForIdentity(identity, address(0)), "config", "configured");
    }

    function test_a_registry_of_principals_takes_no_bare_measurements() public {
        vm.prank(OWNER);
        r.setIdentityRules(false, true, 1);
        vm.startPrank(CURATOR);
        vm.expectRevert(Registry.PrincipalNeeded.selector);
        r.setConfigForDCAPV2(dcapReport("a"), ATTRIBUTES, XFAM, "config");
        vm.expectRevert(Registry.PrincipalNeeded.selector);
        r.setConfigForAzureV2(bytes48("m"), maaReport("a"), ATTRIBUTES, XFAM, "config");
        bytes32 identity = r.DCAPIdentityV2(dcapReport("a"), ATTRIBUTES, XFAM);
        bytes32 principal = r.principalOf(identity, "hash");
        r.setConfigForIdentity(principal, "config");
        eq(r.ConfigForIdentity(principal, address(0)), "config", "by the principal");
        eq(r.ConfigForIdentity(identity, address(0)), 0, "not by the identity");
    }

    function test_setting_a_configuration_keeps_policy_and_end() public {
        vm.startPrank(CURATOR);
        r.allow(IDENTITY, "x", 5, uint64(T0 + 100));
        r.setConfigForIdentity("x", "config");
        eq(r.policyOf(IDENTITY, "x").policyId, 5, "policy");
        eq(r.policyOf(IDENTITY, "x").notAfter, T0 + 100, "end");
    }

    // ---- applications ----

    function test_an_application_is_allowed_with_its_code_and_layout() public {
        vm.prank(CURATOR);
        k.AllowApplication(address(r));
        ok(k.ApplicationAllowed(address(r)), "allowed");
        (bytes32 codeHash, uint16 layoutId) = k.applicationCode(address(r));
        eq(codeHash, address(r).codehash, "code hash");
        eq(layoutId, 2, "layout");
        ok(!k.ApplicationAllowed(STRANGER), "others are not");
    }

    function test_allow_allow_remove_of_an_application_is_removed() public {
        vm.startPrank(OWNER);
        k.AllowApplication(address(r));
        k.AllowApplication(address(r));
        k.RemoveAllowlistedApplication(address(r));
        ok(!k.ApplicationAllowed(address(r)), "removed");
    }

    function test_a_paused_or_ended_kms_contract_allows_no_application() public {
        vm.startPrank(OWNER);
        k.AllowApplication(address(r));
        k.setPaused(true);
        ok(!k.ApplicationAllowed(address(r)), "paused");
        k.setPaused(false);
        ok(k.ApplicationAllowed(address(r)), "running again");
        k.setSuccessor(STRANGER);
        ok(!k.ApplicationAllowed(address(r)), "ended");
    }

    function test_an_address_without_code_is_no_application() public {
        vm.prank(OWNER);
        vm.expectRevert(KMS.NoCode.selector);
        k.AllowApplication(STRANGER);
    }

    function test_a_contract_that_answers_oddly_is_of_layout_1() public {
        address[4] memory odd = [
            address(new Silent()),
            address(new Reverting()),
            address(new Burning()),
            address(new Flooding())
        ];
        for (uint256 i; i < odd.length; ++i) {
            uint256 gas = gasleft();
            vm.prank(OWNER);
            k.AllowApplication(odd[i]);
            ok(gas - gasleft() < 250_000, "it costs little whatever the contract does");
            (bytes32 codeHash, uint16 layoutId) = k.applicationCode(odd[i]);
            eq(codeHash, odd[i].codehash, "code hash");
            eq(layoutId, 1, "layout");
        }
    }

    function test_a_layout_from_the_future_is_refused() public {
        Saying three = new Saying(3);
        Saying two = new Saying(2);
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(KMS.UnknownLayout.selector, uint16(3)));
        k.AllowApplication(address(three));
        k.AllowApplication(address(two));
        (, uint16 layoutId) = k.applicationCode(address(two));
        eq(layoutId, 2, "layout");
    }

    function test_allowing_again_records_code_that_changed() public {
        vm.prank(OWNER);
        k.AllowApplication(address(r));
        vm.etch(address(r), address(new Silent()).code);
        vm.expectEmit(address(k));
        emit KMS.ApplicationCode(address(r), address(r).codehash, 1);
        vm.prank(OWNER);
        k.AllowApplication(address(r));
    }

    function test_changed_code_waits_as_a_new_grant() public {
        vm.startPrank(OWNER);
        k.AllowApplication(address(r));
        k.setDelay(100);
        vm.etch(address(r), address(new Silent()).code);
        k.AllowApplication(address(r));
        ok(!k.ApplicationAllowed(address(r)), "the new code waits");
        vm.warp(T0 + 100);
        ok(k.ApplicationAllowed(address(r)), "after the delay");
    }

    function test_firmware_and_paravisors_are_lists_of_their_own() public {
        vm.startPrank(CURATOR);
        k.allow(FIRMWARE, "mrtd", 0, 0);
        eq(k.policyOf(FIRMWARE, "mrtd").state, 1, "firmware");
        eq(k.policyOf(PARAVISOR, "mrtd").state, 0, "paravisors");
        eq(k.policyOf(IDENTITY, "mrtd").state, 0, "identities");
        vm.stopPrank();
        vm.prank(GUARDIAN);
        k.revoke(FIRMWARE, "mrtd");
        eq(k.policyOf(FIRMWARE, "mrtd").state, 2, "revoked");
    }

    // ---- the root ----

    function test_the_root_is_committed_once() public {
        vm.startPrank(OWNER);
        vm.expectRevert(Directory.Empty.selector);
        k.commitRoot(0, "commitment");
        vm.expectRevert(Directory.Empty.selector);
        k.commitRoot("id", 0);
        vm.expectEmit(address(k));
        emit KMS.RootCommitted("id", "commitment", OWNER);
        k.commitRoot("id", "commitment");
        vm.expectRevert(Authority.AlreadySet.selector);
        k.commitRoot("id", "commitment");
        vm.expectRevert(Authority.AlreadySet.selector);
        k.commitRoot("another", "root");
        eq(k.rootId(), "id", "root id");
        eq(k.commitment(), "commitment", "commitment");
    }

    // ---- onboarding ----

    function request(int256 nonce) private pure returns (OnboardRequest memory) {
        return OnboardRequest("key", nonce, OPERATOR, "quote");
    }

    function test_the_hash_of_a_request_is_the_references() public view {
        string memory json = vm.readFile("../tests/vectors/reference/vectors.json");
        OnboardRequest memory q;
        q.pubkey = bytes(vm.parseJsonString(json, ".onboard_request_hash[0].pubkey_utf8"));
        q.nonce = vm.parseJsonInt(json, ".onboard_request_hash[0].nonce");
        q.operator = vm.parseJsonAddress(json, ".onboard_request_hash[0].operator");
        q.attestation = vm.parseJsonBytes(json, ".onboard_request_hash[0].attestation");
        string memory expected = vm.parseJsonString(json, ".onboard_request_hash[0].keccak256");
        eq(k.HashOnboardRequest(q), vm.parseBytes32(string.concat("0x", expected)), "hash");
    }

    function test_a_request_is_kept_until_it_is_closed() public {
        vm.prank(OPERATOR);
        bytes32 id = k.requestOnboard(request(1));
        eq(id, k.HashOnboardRequest(request(1)), "id");
        eq(abi.encode(k.fetchOnboardRequest(id)), abi.encode(request(1)), "fetchOnboardRequest");
        (bytes memory key, int256 nonce, address operator, bytes memory quote) =
            k.onboardRequests(id);
        eq(
            abi.encode(OnboardRequest(key, nonce, operator, quote)),
            abi.encode(request(1)),
            "onboardRequests"
        );
        Onboarding memory o = k.onboardState(id);
        eq(o.expiry, T0 + 1 days, "expiry");
        ok(!o.closed, "open");
        vm.prank(OPERATOR);
        k.closeOnboardRequest(id);
        ok(k.onboardState(id).closed, "closed");
        vm.startPrank(OPERATOR);
        vm.expectRevert(Authority.AlreadySet.selector);
        k.closeOnboardRequest(id);
        vm.expectRevert(Authority.AlreadySet.selector);
        k.requestOnboard(request(1));
    }

    function test_requests_are_the_senders_own_and_their_nonce_is_positive() public {
        vm.startPrank(OWNER);
        vm.expectRevert(KMS.OperatorMustBeSender.selector);
        k.requestOnboard(request(1));
        vm.stopPrank();
        vm.startPrank(OPERATOR);
        vm.expectRevert(KMS.BadNonce.selector);
        k.requestOnboard(request(0));
        vm.expectRevert(KMS.BadNonce.selector);
        k.requestOnboard(request(-1));
    }

    function test_an_unknown_request_is_all_zero() public {
        OnboardRequest memory none;
        eq(abi.encode(k.fetchOnboardRequest("none")), abi.encode(none), "fetchOnboardRequest");
        vm.prank(OWNER);
        vm.expectRevert(Directory.Unknown.selector);
        k.closeOnboardRequest("none");
    }

    function test_the_dead_list_of_the_reference_is_empty() public {
        vm.expectRevert(Directory.Unknown.selector);
        k.storageBackends(0);
    }
}
