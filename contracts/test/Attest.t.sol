// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "../src/Authority.sol";
import {Directory} from "../src/Directory.sol";
import {Identity} from "../src/Identity.sol";
import {KMS} from "../src/KMS.sol";
import {Registry} from "../src/Registry.sol";
import {OnboardRequest} from "../src/Types.sol";
import {Workload} from "../src/Workload.sol";
import {Base} from "./Base.sol";
import {ScriptedVerifier} from "./Scripted.sol";

/// What the contracts do with a verifier's word: propose, and ask for evidence before registering.
contract AttestTest is Base {
    KMS private k;
    Registry private r;
    ScriptedVerifier private v;
    bytes32[2] private any;

    function setUp() public {
        vm.warp(T0);
        vm.roll(1000);
        k = newKms(OWNER, 2);
        r = newRegistry(OWNER, 2);
        staff(k);
        staff(KMS(address(r)));
        v = new ScriptedVerifier();
        vm.startPrank(OWNER);
        k.allow(VERIFIER, word(address(v)), 0, 0);
        r.allow(VERIFIER, word(address(v)), 0, 0);
        vm.stopPrank();
    }

    function tdx(address on_, bytes memory evidence, bool rtmr3) private view returns (bytes32) {
        bytes memory m = bytes.concat(evidence, new bytes(400 - evidence.length));
        if (!rtmr3) {
            for (uint256 i = 352; i < 400; ++i) {
                m[i] = 0;
            }
        }
        return
            keccak256(
                bytes.concat(keccak256("teereg/tdx/2"), bytes32(block.chainid), bytes20(on_), m)
            );
    }

    function binding(address on_, address sender, bytes32 purpose, uint256 n)
        private
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256("teereg/attest/1"), block.chainid, on_, sender, purpose, blockhash(n)
            )
        );
    }

    // ---- proposing ----

    function test_what_verifies_is_proposed_and_waits_as_ever() public {
        vm.prank(OWNER);
        r.setDelay(60);
        any = [bytes32("report"), "data"];
        vm.prank(CURATOR);
        bytes32 id = r.verifyAndPropose(address(v), "quote", any, 0, 7, 0);
        eq(id, tdx(address(r), "quote", false), "identity");
        eq(v.asked(0), "report", "the report data is the verifier's to check");
        eq(v.asked(1), "data", "all of it");
        ok(!r.IdentityAllowed(id, STRANGER), "a quote that verifies allows nothing");
        eq(r.policyOf(IDENTITY, id).activeFrom, T0 + 60, "begins");
        eq(r.policyOf(IDENTITY, id).policyId, 7, "policy");
        vm.warp(T0 + 60);
        ok(r.IdentityAllowed(id, STRANGER), "after the delay it is allowed");
    }

    function test_a_kms_that_verifies_is_proposed_as_a_principal() public {
        vm.prank(CURATOR);
        bytes32 p = k.verifyAndPropose(address(v), "quote", any, "config", 0, 0);
        eq(p, k.principalOf(tdx(address(k), "quote", false), "config"), "principal");
        ok(k.IdentityAllowed(p, STRANGER), "listed as that");
        ok(!k.IdentityAllowed(tdx(address(k), "quote", false), STRANGER), "and not bare");
    }

    function test_what_does_not_verify_is_not_proposed() public {
        vm.prank(CURATOR);
        vm.expectRevert(ScriptedVerifier.Refused.selector);
        r.verifyAndPropose(address(v), "bad", any, 0, 0, 0);
    }

    function test_only_a_verifier_that_is_active_is_asked() public {
        ScriptedVerifier other = new ScriptedVerifier();
        vm.prank(CURATOR);
        vm.expectRevert(Workload.NotAllowed.selector);
        r.verifyAndPropose(address(other), "quote", any, 0, 0, 0);
        vm.startPrank(OWNER);
        r.setDelay(60);
        r.allow(VERIFIER, word(address(other)), 0, 0);
        vm.stopPrank();
        vm.prank(CURATOR);
        vm.expectRevert(Workload.NotAllowed.selector);
        r.verifyAndPropose(address(other), "quote", any, 0, 0, 0);
        vm.warp(T0 + 60);
        vm.prank(CURATOR);
        r.verifyAndPropose(address(other), "quote", any, 0, 0, 0);
        vm.prank(GUARDIAN);
        r.revoke(VERIFIER, word(address(other)));
        vm.prank(CURATOR);
        vm.expectRevert(Workload.NotAllowed.selector);
        r.verifyAndPropose(address(other), "quote", any, 0, 0, 0);
    }

    function test_a_frozen_identity_is_not_thawed_by_its_quote() public {
        bytes32 id = tdx(address(r), "quote", false);
        vm.prank(GUARDIAN);
        r.freeze(IDENTITY, id);
        vm.prank(CURATOR);
        vm.expectRevert(Authority.IsFrozen.selector);
        r.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
    }

    function test_rtmr3_counts_where_the_settings_say_so() public {
        bytes memory quote = new bytes(400);
        quote[399] = 0x01;
        vm.startPrank(OWNER);
        eq(
            r.verifyAndPropose(address(v), quote, any, 0, 0, 0),
            tdx(address(r), quote, false),
            "without"
        );
        r.setIdentityRules(true, false, 0);
        eq(
            r.verifyAndPropose(address(v), quote, any, 0, 0, 0),
            tdx(address(r), quote, true),
            "with"
        );
    }

    function test_an_azure_machine_is_measured_under_the_contracts_mask() public {
        bytes memory m = bytes.concat(new bytes(64), bytes4(uint32(0x10)), new bytes(32));
        v.say(2, m);
        vm.startPrank(OWNER);
        vm.expectRevert(Identity.NoPcrMask.selector);
        r.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
        r.setIdentityRules(false, false, 0x10);
        bytes32 id = r.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
        eq(v.mask(), 0x10, "the verifier is told the mask");
        bytes32 expected = keccak256(
            bytes.concat(
                keccak256("teereg/azure-tdx/2"), bytes32(block.chainid), bytes20(address(r)), m
            )
        );
        eq(id, expected, "identity");
        // A verifier that measured under another mask, or too little, is not believed.
        r.setIdentityRules(false, false, 0x20);
        vm.expectPartialRevert(Identity.WrongLength.selector);
        r.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
        r.setIdentityRules(false, false, 0x30);
        v.say(2, bytes.concat(new bytes(64), bytes4(uint32(0x30)), new bytes(32)));
        vm.expectPartialRevert(Identity.WrongLength.selector);
        r.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
    }

    function test_measurements_of_an_unknown_kind_or_length_are_refused() public {
        vm.startPrank(OWNER);
        v.say(3, new bytes(400));
        vm.expectPartialRevert(Authority.UnknownKind.selector);
        r.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
        v.say(1, new bytes(399));
        vm.expectPartialRevert(Identity.WrongLength.selector);
        r.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
    }

    function test_under_scheme_1_nothing_is_verified() public {
        Registry old = newRegistry(OWNER, 1);
        vm.startPrank(OWNER);
        old.allow(VERIFIER, word(address(v)), 0, 0);
        vm.expectRevert(Authority.WrongScheme.selector);
        old.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
    }

    // ---- what is demanded ----

    function test_demands_grow_at_once_and_shrink_after_the_delay() public {
        vm.startPrank(OWNER);
        r.setDelay(60);
        r.setDemands(2);
        eq(r.demands(), 2, "at once");
        r.setDemands(1);
        eq(r.demands(), 2, "another demand replaces one: waits");
        r.setDemands(3);
        eq(r.demands(), 3, "more: at once, and what waited is taken back");
        r.setDemands(0);
        vm.warp(T0 + 59);
        eq(r.demands(), 3, "until the delay has passed");
        vm.warp(T0 + 60);
        eq(r.demands(), 0, "then it is dropped");
    }

    function test_a_name_needs_a_machine_where_that_is_demanded() public {
        vm.startPrank(OWNER);
        r.setDemands(2);
        r.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
        vm.stopPrank();
        bytes32 purpose = keccak256("a.example");
        vm.startPrank(OPERATOR);
        vm.expectRevert(Directory.NotAttested.selector);
        r.registerInstanceDomainName("a.example");
        r.attest(address(v), "quote", 0, purpose, 990);
        eq(v.asked(0), binding(address(r), OPERATOR, purpose, 990), "report data, first half");
        eq(v.asked(1), 0, "report data, second half");
        r.registerInstanceDomainName("a.example");
        vm.expectRevert(Directory.NotAttested.selector);
        r.registerInstanceDomainName("b.example");
        vm.stopPrank();
        vm.prank(OWNER);
        vm.expectRevert(Directory.NotAttested.selector);
        r.registerInstanceDomainName("a.example");
        vm.warp(T0 + 1 hours + 1);
        vm.prank(OPERATOR);
        vm.expectRevert(Directory.NotAttested.selector);
        r.registerInstanceDomainName("a.example");
    }

    function test_only_an_allowed_machine_counts() public {
        vm.startPrank(OPERATOR);
        vm.expectRevert(Workload.NotAllowed.selector);
        r.attest(address(v), "quote", 0, "purpose", 990);
        vm.stopPrank();
        vm.startPrank(OWNER);
        r.setDelay(60);
        r.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
        vm.stopPrank();
        vm.prank(OPERATOR);
        vm.expectRevert(Workload.NotAllowed.selector);
        r.attest(address(v), "quote", 0, "purpose", 990);
        vm.warp(T0 + 60);
        vm.prank(OPERATOR);
        r.attest(address(v), "quote", 0, "purpose", 990);
        vm.prank(GUARDIAN);
        r.setPaused(true);
        vm.prank(OPERATOR);
        vm.expectRevert(Workload.NotAllowed.selector);
        r.attest(address(v), "quote", 0, "purpose", 990);
    }

    function test_evidence_is_younger_than_256_blocks() public {
        vm.startPrank(OWNER);
        r.verifyAndPropose(address(v), "quote", any, 0, 0, 0);
        vm.expectRevert(Authority.BadTime.selector);
        r.attest(address(v), "quote", 0, "purpose", 1000);
        vm.expectRevert(Authority.BadTime.selector);
        r.attest(address(v), "quote", 0, "purpose", 743);
        r.attest(address(v), "quote", 0, "purpose", 744);
    }

    function test_an_onboarding_request_needs_a_machine_where_that_is_demanded() public {
        OnboardRequest memory q = OnboardRequest("key", 1, OPERATOR, "quote");
        vm.startPrank(OWNER);
        k.setDemands(1);
        k.verifyAndPropose(address(v), "kms", any, "config", 0, 0);
        vm.stopPrank();
        vm.startPrank(OPERATOR);
        k.registerInstanceDomainName("a.example"); // that is another demand
        vm.expectRevert(Directory.NotAttested.selector);
        k.requestOnboard(q);
        bytes32 id = k.HashOnboardRequest(q);
        vm.expectRevert(Workload.NotAllowed.selector);
        k.attest(address(v), "kms", "other config", id, 990);
        k.attest(address(v), "kms", "config", id, 990);
        q.nonce = 2;
        vm.expectRevert(Directory.NotAttested.selector);
        k.requestOnboard(q);
        q.nonce = 1;
        eq(k.requestOnboard(q), id, "the request that was attested");
    }

    // ---- curators ----

    function test_a_curator_proposes_after_the_delay_of_its_grant() public {
        vm.startPrank(OWNER);
        r.setDelay(60);
        r.grantRole(ROLE_CURATOR, STRANGER);
        vm.stopPrank();
        ok(!r.hasRole(ROLE_CURATOR, STRANGER), "not before the delay");
        vm.warp(T0 + 60);
        ok(r.hasRole(ROLE_CURATOR, STRANGER), "after it");
        vm.prank(STRANGER);
        r.allow(IDENTITY, "x", 0, 0);
        vm.prank(GUARDIAN);
        r.revoke(CURATORS, word(STRANGER));
        ok(!r.hasRole(ROLE_CURATOR, STRANGER), "a guardian takes it away at once");
    }

    function test_a_curator_makes_no_curators_and_admits_no_verifier() public {
        vm.startPrank(CURATOR);
        vm.expectPartialRevert(bytes4(keccak256("OwnableUnauthorizedAccount(address)")));
        r.allow(CURATORS, word(STRANGER), 0, 0);
        vm.expectPartialRevert(bytes4(keccak256("OwnableUnauthorizedAccount(address)")));
        r.allow(VERIFIER, word(STRANGER), 0, 0);
    }

    function testFuzz_no_answer_of_a_verifier_allows_before_the_delay(
        bytes calldata evidence,
        uint8 kind,
        bytes calldata measured,
        uint32 delay
    ) public {
        delay = delay % 1e9 + 1;
        vm.startPrank(OWNER);
        r.setIdentityRules(false, false, 0x10);
        r.setDelay(delay);
        vm.stopPrank();
        v.say(kind % 4, measured);
        vm.prank(CURATOR);
        try r.verifyAndPropose(address(v), evidence, any, 0, 0, 0) returns (bytes32 id) {
            vm.warp(T0 + delay - 1);
            ok(!r.IdentityAllowed(id, OPERATOR), "before the delay");
            vm.warp(T0 + delay);
            ok(r.IdentityAllowed(id, OPERATOR), "after the delay");
        } catch {}
    }
}
