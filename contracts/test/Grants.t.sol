// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "../src/Authority.sol";
import {KMS} from "../src/KMS.sol";
import {Registry} from "../src/Registry.sol";
import {Head, Pending, Policy} from "../src/Types.sol";
import {Base} from "./Base.sol";

/// Grants wait, denials do not; the settings; the lineage.
contract GrantsTest is Base {
    bytes32 private constant X = "identity";
    uint32 private constant DELAY = 1000;

    Registry private r;

    function setUp() public {
        vm.warp(T0);
        r = newRegistry(OWNER, 2);
        staff(KMS(address(r)));
    }

    function delayed() private {
        vm.prank(OWNER);
        r.setDelay(DELAY);
    }

    function allowed() private view returns (bool) {
        return r.IdentityAllowed(X, address(0));
    }

    // ---- policy words ----

    function test_without_a_delay_a_grant_holds_at_once() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        ok(allowed(), "allowed");
    }

    function test_a_grant_waits_for_the_delay() public {
        delayed();
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        vm.warp(T0 + DELAY - 1);
        ok(!allowed(), "a second early");
        vm.warp(T0 + DELAY);
        ok(allowed(), "in time");
    }

    function test_a_grant_of_the_owner_waits_as_well() public {
        delayed();
        vm.prank(OWNER);
        r.setConfigForIdentity(X, "config");
        ok(!allowed(), "at once");
        eq(r.ConfigForIdentity(X, address(0)), 0, "no configuration yet");
    }

    function test_a_revocation_holds_at_once() public {
        delayed();
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        vm.warp(T0 + DELAY);
        vm.prank(GUARDIAN);
        r.revoke(IDENTITY, X);
        ok(!allowed(), "revoked");
    }

    function test_a_revocation_stops_a_grant_that_waits() public {
        delayed();
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        vm.prank(GUARDIAN);
        r.revoke(IDENTITY, X);
        vm.warp(T0 + DELAY);
        ok(!allowed(), "revoked before it began");
    }

    function test_after_a_revocation_the_delay_runs_again() public {
        delayed();
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        vm.warp(T0 + 2000);
        vm.prank(GUARDIAN);
        r.revoke(IDENTITY, X);
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        ok(!allowed(), "not yet");
        vm.warp(T0 + 2000 + DELAY);
        ok(allowed(), "after the delay");
    }

    function test_allow_allow_remove_is_removed() public {
        vm.startPrank(OWNER);
        r.setConfigForIdentity(X, "config");
        r.setConfigForIdentity(X, "config");
        r.removeConfigMapForIdentity(X);
        ok(!allowed(), "identity");
        eq(r.identityConfigMap(X), 0, "configuration");
    }

    function test_a_freeze_holds_until_the_owner_ends_it() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        vm.prank(GUARDIAN);
        r.freeze(IDENTITY, X);
        ok(!allowed(), "frozen");
        vm.startPrank(CURATOR);
        vm.expectRevert(Authority.IsFrozen.selector);
        r.allow(IDENTITY, X, 0, 0);
        vm.expectRevert(Authority.IsFrozen.selector);
        r.setConfigForIdentity(X, "config");
        vm.stopPrank();
        vm.prank(OWNER);
        r.allow(IDENTITY, X, 0, 0);
        ok(allowed(), "the owner ended it");
    }

    function test_what_was_never_allowed_can_be_frozen() public {
        vm.prank(GUARDIAN);
        r.freeze(IDENTITY, X);
        vm.prank(CURATOR);
        vm.expectRevert(Authority.IsFrozen.selector);
        r.allow(IDENTITY, X, 0, 0);
    }

    function test_a_revocation_does_not_soften_a_freeze() public {
        vm.startPrank(GUARDIAN);
        r.freeze(IDENTITY, X);
        r.revoke(IDENTITY, X);
        eq(r.policyOf(IDENTITY, X).state, 3, "state");
    }

    function test_allowing_again_changes_nothing() public {
        vm.startPrank(CURATOR);
        r.allow(IDENTITY, X, 3, 0);
        Policy memory before = r.policyOf(IDENTITY, X);
        vm.warp(T0 + 50);
        vm.recordLogs();
        r.allow(IDENTITY, X, 3, 0);
        eq(vm.getRecordedLogs().length, 0, "no event");
        eq(abi.encode(r.policyOf(IDENTITY, X)), abi.encode(before), "the same word");
    }

    function test_another_policy_waits_as_a_new_grant() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 3, 0);
        delayed();
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 4, 0);
        ok(!allowed(), "the new policy has not begun, and the old one is gone");
        vm.warp(T0 + DELAY);
        ok(allowed(), "begun");
        eq(r.policyOf(IDENTITY, X).policyId, 4, "policy");
    }

    function test_an_end_is_its_last_second() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, uint64(T0 + 10));
        vm.warp(T0 + 10);
        ok(allowed(), "the last second");
        vm.warp(T0 + 11);
        ok(!allowed(), "after it");
    }

    function test_an_earlier_end_keeps_the_beginning() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        delayed();
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, uint64(T0 + 5000));
        ok(allowed(), "still allowed");
        eq(r.policyOf(IDENTITY, X).notAfter, T0 + 5000, "end");
    }

    function test_a_later_end_waits_as_a_new_grant() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, uint64(T0 + 5000));
        delayed();
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, uint64(T0 + 5001));
        eq(r.policyOf(IDENTITY, X).activeFrom, T0 + DELAY, "beginning");
    }

    function test_no_end_is_later_than_any_end() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, uint64(T0 + 5000));
        delayed();
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        eq(r.policyOf(IDENTITY, X).activeFrom, T0 + DELAY, "beginning");
    }

    function test_what_has_ended_begins_anew_after_the_delay() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, uint64(T0 + 10));
        delayed();
        vm.warp(T0 + 20);
        vm.prank(CURATOR);
        r.setConfigForIdentity(X, "config");
        eq(r.policyOf(IDENTITY, X).activeFrom, T0 + 20 + DELAY, "beginning");
        eq(r.policyOf(IDENTITY, X).notAfter, 0, "end");
    }

    function test_an_end_before_the_beginning_is_refused() public {
        delayed();
        vm.startPrank(CURATOR);
        vm.expectRevert(Authority.BadTime.selector);
        r.allow(IDENTITY, X, 0, uint64(T0 + DELAY - 1));
        vm.expectRevert(Authority.BadTime.selector);
        r.allow(IDENTITY, X, 0, 1);
    }

    function test_a_subject_of_zero_is_refused() public {
        vm.prank(CURATOR);
        vm.expectRevert(Authority.BadSubject.selector);
        r.allow(IDENTITY, 0, 0, 0);
    }

    function test_a_registry_knows_no_applications_nor_firmware() public {
        for (uint8 kind; kind < 9; ++kind) {
            if (kind == IDENTITY || kind == OPERATORS || kind == VERIFIER || kind == CURATORS) {
                continue;
            }
            vm.prank(OWNER);
            vm.expectRevert(abi.encodeWithSelector(Authority.UnknownKind.selector, kind));
            r.allow(kind, X, 0, 0);
        }
    }

    // ---- operators ----

    function test_without_operatorRequired_the_operator_is_ignored() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        ok(r.IdentityAllowed(X, STRANGER), "anybody");
        ok(r.IdentityAllowed(X, address(0)), "nobody");
    }

    function test_with_operatorRequired_only_an_active_operator_counts() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        vm.prank(OWNER);
        r.setOperatorRequired(true);
        ok(r.IdentityAllowed(X, OPERATOR), "an operator");
        ok(!r.IdentityAllowed(X, STRANGER), "a stranger");
        ok(!r.IdentityAllowed(X, address(0)), "nobody");
        vm.prank(GUARDIAN);
        r.revoke(OPERATORS, word(OPERATOR));
        ok(!r.IdentityAllowed(X, OPERATOR), "an operator who was revoked");
    }

    // ---- timed values ----

    function test_another_configuration_waits_and_the_old_one_holds() public {
        vm.prank(CURATOR);
        r.setConfigForIdentity(X, "old");
        delayed();
        vm.prank(CURATOR);
        r.setConfigForIdentity(X, "new");
        vm.warp(T0 + DELAY - 1);
        eq(r.ConfigForIdentity(X, address(0)), "old", "a second early");
        vm.warp(T0 + DELAY);
        eq(r.ConfigForIdentity(X, address(0)), "new", "in time");
        vm.prank(CURATOR);
        r.setConfigForIdentity(X, "third");
        eq(r.ConfigForIdentity(X, address(0)), "new", "what took over is now the old one");
        vm.warp(T0 + 2 * DELAY);
        eq(r.ConfigForIdentity(X, address(0)), "third", "in time again");
    }

    function test_setting_the_configuration_in_force_takes_back_what_waits() public {
        vm.prank(CURATOR);
        r.setConfigForIdentity(X, "old");
        delayed();
        vm.startPrank(CURATOR);
        r.setConfigForIdentity(X, "new");
        r.setConfigForIdentity(X, "old");
        vm.warp(T0 + DELAY);
        eq(r.ConfigForIdentity(X, address(0)), "old", "nothing took over");
    }

    function test_removing_takes_away_what_waits() public {
        delayed();
        vm.prank(CURATOR);
        r.setConfigForIdentity(X, "new");
        vm.prank(GUARDIAN);
        r.removeConfigMapForIdentity(X);
        vm.warp(T0 + DELAY);
        eq(r.identityConfigMap(X), 0, "nothing took over");
    }

    function test_a_configuration_of_zero_is_refused() public {
        vm.prank(CURATOR);
        vm.expectRevert();
        r.setConfigForIdentity(X, 0);
    }

    function test_a_policy_hash_waits_and_so_does_its_removal() public {
        vm.prank(OWNER);
        r.setPolicyHash(0, "old");
        delayed();
        vm.prank(OWNER);
        r.setPolicyHash(0, "new");
        eq(r.policyHash(0), "old", "waits");
        vm.warp(T0 + DELAY);
        eq(r.policyHash(0), "new", "in time");
        vm.prank(OWNER);
        r.setPolicyHash(0, 0);
        eq(r.policyHash(0), "new", "demanded until the delay is over");
        vm.warp(T0 + 2 * DELAY);
        eq(r.policyHash(0), 0, "gone in time");
    }

    // ---- settings ----

    function test_a_pause_denies_at_once_and_ends_after_the_delay() public {
        vm.prank(CURATOR);
        r.setConfigForIdentity(X, "config");
        delayed();
        vm.prank(GUARDIAN);
        r.setPaused(true);
        ok(!allowed(), "paused");
        eq(r.ConfigForIdentity(X, address(0)), 0, "no configuration while paused");
        vm.prank(OWNER);
        r.setPaused(false);
        ok(!allowed(), "the end waits");
        vm.warp(T0 + DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(Authority.TooEarly.selector, T0 + DELAY));
        r.applySettings();
        vm.warp(T0 + DELAY);
        ok(!allowed(), "until it is applied");
        vm.prank(STRANGER);
        r.applySettings();
        ok(allowed(), "by anybody");
    }

    function test_a_new_pause_outlives_an_older_end_of_it() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        delayed();
        vm.prank(GUARDIAN);
        r.setPaused(true);
        vm.prank(OWNER);
        r.setPaused(false);
        vm.prank(GUARDIAN);
        r.setPaused(true);
        vm.warp(T0 + DELAY);
        r.applySettings();
        ok(!allowed(), "still paused");
    }

    function test_raising_the_delay_holds_at_once_and_lowering_it_waits() public {
        delayed();
        eq(r.settings().delay, DELAY, "raised");
        vm.prank(OWNER);
        r.setDelay(10);
        eq(r.settings().delay, DELAY, "lowering waits");
        vm.warp(T0 + DELAY);
        r.applySettings();
        eq(r.settings().delay, 10, "lowered");
    }

    function test_raising_the_delay_takes_back_a_lowering() public {
        delayed();
        vm.startPrank(OWNER);
        r.setDelay(10);
        r.setDelay(DELAY + 1);
        vm.warp(T0 + DELAY);
        r.applySettings();
        eq(r.settings().delay, DELAY + 1, "delay");
    }

    function test_requiring_operators_holds_at_once_and_dropping_it_waits() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, X, 0, 0);
        delayed();
        vm.startPrank(OWNER);
        r.setOperatorRequired(true);
        ok(!allowed(), "required");
        r.setOperatorRequired(false);
        ok(!allowed(), "dropping it waits");
        vm.warp(T0 + DELAY);
        r.applySettings();
        ok(allowed(), "dropped");
    }

    function test_rules_of_identities_wait() public {
        delayed();
        vm.startPrank(OWNER);
        r.setIdentityRules(true, true, 7);
        ok(!r.settings().rtmr3, "waits");
        vm.warp(T0 + DELAY);
        r.applySettings();
        Head memory h = r.settings();
        ok(h.rtmr3 && h.principal && h.pcrMask == 7, "in force");
        eq(r.pendingSettings().from, 0, "nothing waits any more");
    }

    function test_each_proposal_joins_what_waits_and_begins_the_delay_anew() public {
        delayed();
        vm.startPrank(OWNER);
        r.setIdentityRules(true, false, 0);
        vm.warp(T0 + 500);
        r.setDelay(0);
        Pending memory p = r.pendingSettings();
        ok(p.rtmr3 && p.delay == 0, "both");
        eq(p.from, T0 + 500 + DELAY, "from");
    }

    function test_what_waits_can_be_cancelled_once() public {
        delayed();
        vm.prank(OWNER);
        r.setDelay(0);
        vm.prank(GUARDIAN);
        r.cancelSettings();
        vm.warp(T0 + DELAY);
        vm.expectRevert(Authority.NothingWaits.selector);
        r.applySettings();
        vm.prank(GUARDIAN);
        vm.expectRevert(Authority.NothingWaits.selector);
        r.cancelSettings();
    }

    function test_what_was_applied_is_not_applied_again() public {
        delayed();
        vm.prank(OWNER);
        r.setIdentityRules(true, false, 0);
        vm.warp(T0 + DELAY);
        r.applySettings();
        vm.expectRevert(Authority.NothingWaits.selector);
        r.applySettings();
    }

    function test_pcrs_above_23_do_not_exist() public {
        vm.prank(OWNER);
        vm.expectRevert(Authority.BadRules.selector);
        r.setIdentityRules(false, false, 1 << 24);
    }

    function test_rules_of_scheme_2_are_refused_by_a_contract_of_scheme_1() public {
        Registry old = newRegistry(OWNER, 1);
        vm.startPrank(OWNER);
        vm.expectRevert(Authority.WrongScheme.selector);
        old.setIdentityRules(true, false, 0);
        vm.expectRevert(Authority.WrongScheme.selector);
        old.setIdentityRules(false, true, 0);
        vm.expectRevert(Authority.WrongScheme.selector);
        old.setIdentityRules(false, false, 1);
    }

    function test_other_schemes_cannot_be_deployed() public {
        vm.expectRevert();
        this.deployScheme(0);
        vm.expectRevert();
        this.deployScheme(3);
        this.deployScheme(1);
    }

    function deployScheme(uint8 scheme) external returns (address) {
        return address(newRegistry(OWNER, scheme));
    }

    // ---- lineage ----

    function test_a_successor_takes_over_after_the_delay_and_ends_all_grants() public {
        vm.prank(CURATOR);
        r.setConfigForIdentity(X, "config");
        delayed();
        vm.prank(OWNER);
        r.setSuccessor(STRANGER);
        vm.warp(T0 + DELAY - 1);
        ok(allowed(), "until then it counts for nothing");
        vm.warp(T0 + DELAY);
        ok(!allowed(), "nothing is granted more");
        eq(r.ConfigForIdentity(X, address(0)), 0, "no configuration");
        vm.startPrank(OWNER);
        vm.expectRevert(Authority.Ended.selector);
        r.allow(IDENTITY, "other", 0, 0);
        vm.expectRevert(Authority.Ended.selector);
        r.grantRole(ROLE_OPERATOR, STRANGER);
        vm.expectRevert(Authority.Ended.selector);
        r.setPKIV2("ca", "key");
        vm.expectRevert(Authority.Ended.selector);
        r.raiseEpoch();
        r.revoke(IDENTITY, X); // denying is possible for ever
    }

    function test_a_successor_is_set_once() public {
        vm.startPrank(OWNER);
        r.setSuccessor(STRANGER);
        vm.expectRevert(Authority.AlreadySet.selector);
        r.setSuccessor(OPERATOR);
        vm.expectRevert(Authority.AlreadySet.selector);
        r.cancelSuccessor();
        (address next,) = r.successor();
        eq(next, STRANGER, "successor");
    }

    function test_a_successor_that_waits_is_not_replaced_but_taken_back() public {
        delayed();
        vm.prank(OWNER);
        r.setSuccessor(STRANGER);
        vm.prank(OWNER);
        vm.expectRevert(Authority.AlreadySet.selector);
        r.setSuccessor(OPERATOR);
        vm.prank(GUARDIAN);
        r.cancelSuccessor();
        vm.prank(OWNER);
        r.setSuccessor(OPERATOR);
        (address next, uint64 from) = r.successor();
        eq(next, OPERATOR, "successor");
        eq(from, T0 + DELAY, "from");
    }

    function test_no_contract_succeeds_itself_or_nobody() public {
        vm.startPrank(OWNER);
        vm.expectRevert(Authority.BadSubject.selector);
        r.setSuccessor(address(r));
        vm.expectRevert(Authority.BadSubject.selector);
        r.setSuccessor(address(0));
        vm.expectRevert(Authority.BadSubject.selector);
        r.setPredecessor(address(r));
        vm.expectRevert(Authority.BadSubject.selector);
        r.setPredecessor(address(0));
        vm.expectRevert(Authority.NothingWaits.selector);
        r.cancelSuccessor();
    }

    function test_a_predecessor_is_set_once() public {
        vm.startPrank(OWNER);
        r.setPredecessor(STRANGER);
        vm.expectRevert(Authority.AlreadySet.selector);
        r.setPredecessor(OPERATOR);
        eq(r.predecessor(), STRANGER, "predecessor");
    }

    // ---- under any arguments ----

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_IdentityAllowed_and_ConfigForIdentity_never_revert(
        bytes32 identity,
        address operator,
        uint40 time
    ) public {
        for (uint256 state; state < 64; ++state) {
            uint256 snapshot = vm.snapshotState();
            vm.warp(T0);
            vm.startPrank(OWNER);
            if (state & 1 != 0) r.setConfigForIdentity(X, "config");
            if (state & 2 != 0) r.setOperatorRequired(true);
            if (state & 4 != 0) r.setPaused(true);
            if (state & 8 != 0) r.setSuccessor(STRANGER);
            if (state & 16 != 0) r.removeConfigMapForIdentity(X);
            vm.stopPrank();
            vm.warp(T0 + time);
            bytes32 asked = state & 32 != 0 ? X : identity;
            bool yes = r.IdentityAllowed(asked, operator);
            bytes32 config = r.ConfigForIdentity(asked, operator);
            ok(yes || config == 0, "no configuration without permission");
            ok(!yes || asked == X, "nothing is allowed that nobody allowed");
            vm.revertToState(snapshot);
        }
    }

    function testFuzz_a_grant_never_begins_before_the_delay(
        uint32 delay,
        uint32 wait,
        bytes32 identity
    ) public {
        vm.assume(identity != 0);
        vm.prank(OWNER);
        r.setDelay(delay);
        vm.prank(CURATOR);
        r.allow(IDENTITY, identity, 0, 0);
        vm.warp(T0 + wait);
        ok(
            r.IdentityAllowed(identity, address(0)) == (wait >= delay),
            "allowed exactly from the delay on"
        );
    }
}
