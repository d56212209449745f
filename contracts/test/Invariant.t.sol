// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Registry} from "../src/Registry.sol";
import {Head, Policy} from "../src/Types.sol";
import {Base} from "./Base.sol";
import {ScriptedVerifier} from "./Scripted.sol";

/// Does anything to a contract in any order, and keeps its own simple account of what must hold.  It never
/// asks the contract for its delay: a shorter one that did not wait would be found nowhere.
contract Handler is Base {
    Registry public immutable R;
    ScriptedVerifier public immutable V;
    bytes32[3] public ids = [bytes32("x"), "y", "z"];
    uint256 public time = T0;

    mapping(bytes32 => uint256) public grantedAt; // 0: not granted, or denied since
    mapping(bytes32 => bool) public frozen;
    uint64 public version;
    bool public versionFell;

    // The settings as they must be, and those that wait (from 0: nothing does).
    uint256 public delayNow;
    bool public pausedNow;
    uint256 private nextDelay;
    bool private nextPaused;
    uint256 private nextFrom;

    uint256 private curatorFrom = T0; // 0: is none

    struct Template {
        bytes32 current;
        bytes32 next;
        uint256 from; // 0: nothing waits
    }

    mapping(bytes32 => Template) private templates;

    constructor(Registry r, ScriptedVerifier v) {
        (R, V) = (r, v);
        // The third identity is the one that the verifier finds in "quote".
        bytes memory m = bytes.concat("quote", new bytes(395));
        bytes32 tag = keccak256("teereg/tdx/2");
        ids[2] = keccak256(bytes.concat(tag, bytes32(block.chainid), bytes20(address(r)), m));
    }

    modifier step(uint32 wait) {
        time += wait % 5000;
        vm.warp(time);
        _;
        uint64 now_ = R.settings().version;
        if (now_ < version) versionFell = true;
        version = now_;
    }

    // ---- granting ----

    function allow(uint8 i, uint32 wait, bool byOwner) external step(wait) {
        bytes32 id = ids[i % 3];
        bool may = mayGrant(id, byOwner);
        vm.prank(byOwner ? OWNER : CURATOR);
        try R.allow(IDENTITY, id, 0, 0) {
            granted(id, may);
        } catch {
            ok(!may, "refused without a reason");
        }
    }

    /// A quote that verifies grants what a curator grants, and no sooner.
    function verified(uint32 wait, bool byOwner) external step(wait) {
        bytes32 id = ids[2];
        bool may = mayGrant(id, byOwner);
        bytes32[2] memory any;
        vm.prank(byOwner ? OWNER : CURATOR);
        try R.verifyAndPropose(address(V), "quote", any, 0, 0, 0) {
            granted(id, may);
        } catch {
            ok(!may, "refused without a reason");
        }
    }

    function configure(uint8 i, uint32 wait, bool byOwner, bool other) external step(wait) {
        bytes32 id = ids[i % 3];
        bytes32 wanted = other ? bytes32("one") : bytes32("two");
        bool may = mayGrant(id, byOwner);
        vm.prank(byOwner ? OWNER : CURATOR);
        try R.setConfigForIdentity(id, wanted) {
            granted(id, may);
            Template storage t = templates[id];
            bytes32 now_ = template(id);
            if (wanted == now_ || delayNow == 0) (t.current, t.next, t.from) = (wanted, 0, 0);
            else (t.current, t.next, t.from) = (now_, wanted, time + delayNow);
        } catch {
            ok(!may, "refused without a reason");
        }
    }

    function mayGrant(bytes32 id, bool byOwner) private view returns (bool) {
        return byOwner || (!frozen[id] && curatorFrom != 0 && time >= curatorFrom);
    }

    function granted(bytes32 id, bool may) private {
        ok(may, "granted by who may not, or thawed by a curator");
        if (grantedAt[id] == 0) grantedAt[id] = time + delayNow;
        frozen[id] = false;
    }

    function template(bytes32 id) public view returns (bytes32) {
        Template memory t = templates[id];
        return t.from != 0 && time >= t.from ? t.next : t.current;
    }

    function dismiss(uint32 wait, uint8 how) external step(wait) {
        if (how % 3 == 0) {
            if (curatorFrom == 0 || time < curatorFrom) return; // it is still denied below
            vm.prank(CURATOR);
            R.renounceRole(ROLE_CURATOR, CURATOR);
        } else if (how % 3 == 1) {
            vm.prank(GUARDIAN);
            R.revoke(CURATORS, word(CURATOR));
        } else {
            vm.prank(OWNER);
            R.revokeRole(ROLE_CURATOR, CURATOR);
        }
        curatorFrom = 0;
    }

    function hire(uint32 wait) external step(wait) {
        vm.prank(OWNER);
        R.grantRole(ROLE_CURATOR, CURATOR);
        if (curatorFrom == 0) curatorFrom = time + delayNow;
    }

    /// A guardian can take away, and add nothing.
    function guardianAdds(uint8 i, uint32 wait) external step(wait) {
        bytes32 id = ids[i % 3];
        bytes32 before = state(id);
        bytes32[2] memory any;
        vm.startPrank(GUARDIAN);
        try R.allow(IDENTITY, id, 0, 0) {} catch {}
        try R.allow(CURATORS, word(GUARDIAN), 0, 0) {} catch {}
        try R.allow(VERIFIER, word(GUARDIAN), 0, 0) {} catch {}
        try R.allow(OPERATORS, word(GUARDIAN), 0, 0) {} catch {}
        try R.verifyAndPropose(address(V), "quote", any, 0, 0, 0) {} catch {}
        try R.setConfigForIdentity(id, "theirs") {} catch {}
        try R.setPaused(false) {} catch {}
        try R.setDelay(0) {} catch {}
        try R.setDemands(0) {} catch {}
        try R.grantRole(ROLE_CURATOR, GUARDIAN) {} catch {}
        try R.grantRole(ROLE_GUARDIAN, STRANGER) {} catch {}
        try R.setSuccessor(STRANGER) {} catch {}
        try R.setPKIV2("ca", "key") {} catch {}
        try R.setPolicyHash(0, "theirs") {} catch {}
        vm.stopPrank();
        eq(state(id), before, "a guardian added something");
        (address next,) = R.successor();
        ok(next == address(0) && R.policyHash(0) == 0, "or a successor, or a policy");
        ok(R.pendingPKI().from == 0 && R.pkiHash() == 0, "or a PKI");
        ok(!R.hasRole(ROLE_GUARDIAN, STRANGER), "or somebody");
    }

    function state(bytes32 id) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                R.settings(),
                R.pendingSettings(),
                R.policyOf(IDENTITY, id),
                R.policyOf(CURATORS, word(GUARDIAN)),
                R.policyOf(VERIFIER, word(GUARDIAN)),
                R.policyOf(OPERATORS, word(GUARDIAN)),
                R.identityConfigMap(id),
                R.owner()
            )
        );
    }

    function deny(uint8 i, uint32 wait, bool hard) external step(wait) {
        bytes32 id = ids[i % 3];
        vm.prank(GUARDIAN);
        if (hard) R.freeze(IDENTITY, id);
        else R.revoke(IDENTITY, id);
        if (hard) frozen[id] = true;
        grantedAt[id] = 0;
    }

    function unconfigure(uint8 i, uint32 wait) external step(wait) {
        bytes32 id = ids[i % 3];
        vm.prank(GUARDIAN);
        R.removeConfigMapForIdentity(id);
        grantedAt[id] = 0;
        delete templates[id];
    }

    // ---- settings ----

    function pause(uint32 wait) external step(wait) {
        vm.prank(GUARDIAN);
        R.setPaused(true);
        (pausedNow, nextPaused) = (true, true);
    }

    function unpause(uint32 wait) external step(wait) {
        vm.prank(OWNER);
        R.setPaused(false);
        propose(false, nextFrom == 0 ? delayNow : nextDelay);
    }

    function delay(uint32 wait, uint32 seconds_) external step(wait) {
        seconds_ = seconds_ % 20000;
        vm.prank(OWNER);
        R.setDelay(seconds_);
        if (seconds_ >= delayNow) (delayNow, nextDelay) = (seconds_, seconds_);
        else propose(nextFrom == 0 ? pausedNow : nextPaused, seconds_);
    }

    function propose(bool paused, uint256 delay_) private {
        if (delayNow == 0) (pausedNow, nextFrom) = (paused, 0);
        else (nextPaused, nextDelay, nextFrom) = (paused, delay_, time + delayNow);
    }

    function apply_(uint32 wait) external step(wait) {
        bool due = nextFrom != 0 && time >= nextFrom;
        try R.applySettings() {
            ok(due, "applied before its time");
            (pausedNow, delayNow, nextFrom) = (nextPaused, nextDelay, 0);
        } catch {
            ok(!due, "refused without a reason");
        }
    }

    function cancel(uint32 wait) external step(wait) {
        if (nextFrom == 0) return;
        vm.prank(GUARDIAN);
        R.cancelSettings();
        nextFrom = 0;
    }

    /// Somebody without any role tries everything that matters.
    function attack(uint8 i, uint32 wait, address who) external step(wait) {
        if (who == OWNER || who == CURATOR || who == GUARDIAN) return;
        bytes32 before =
            keccak256(abi.encode(R.settings(), R.policyOf(IDENTITY, ids[i % 3]), R.owner()));
        vm.startPrank(who);
        try R.allow(IDENTITY, ids[i % 3], 0, 0) {} catch {}
        try R.revoke(IDENTITY, ids[i % 3]) {} catch {}
        try R.setConfigForIdentity(ids[i % 3], "theirs") {} catch {}
        try R.setPaused(false) {} catch {}
        try R.setDelay(0) {} catch {}
        try R.grantRole(ROLE_CURATOR, who) {} catch {}
        try R.acceptOwnership() {} catch {}
        try R.transferOwnership(who) {} catch {}
        vm.stopPrank();
        bytes32 after_ =
            keccak256(abi.encode(R.settings(), R.policyOf(IDENTITY, ids[i % 3]), R.owner()));
        eq(after_, before, "somebody without a role changed something");
    }
}

contract InvariantTest is Base {
    Registry private r;
    Handler private handler;

    function setUp() public {
        vm.warp(T0);
        r = newRegistry(OWNER, 2);
        ScriptedVerifier v = new ScriptedVerifier();
        handler = new Handler(r, v);
        vm.startPrank(OWNER);
        r.allow(VERIFIER, word(address(v)), 0, 0);
        r.grantRole(ROLE_CURATOR, CURATOR);
        r.grantRole(ROLE_GUARDIAN, GUARDIAN);
        vm.stopPrank();
    }

    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(handler);
    }

    function invariant_nothing_is_allowed_that_was_not_granted_and_has_waited() public {
        vm.warp(handler.time());
        for (uint256 i; i < 3; ++i) {
            bytes32 id = handler.ids(i);
            uint256 from = handler.grantedAt(id);
            bool expected = from != 0 && handler.time() >= from && !handler.pausedNow();
            ok(
                r.IdentityAllowed(id, address(0)) == expected,
                "allowed exactly what was granted and waited"
            );
            eq(
                r.ConfigForIdentity(id, address(0)),
                expected ? handler.template(id) : bytes32(0),
                "the template that waited"
            );
        }
    }

    /// No path ends a pause or shortens the delay before what was in force has passed.
    function invariant_settings_loosen_after_the_delay_alone() public view {
        eq(r.settings().delay, handler.delayNow(), "delay");
        ok(r.settings().paused == handler.pausedNow(), "paused");
    }

    function invariant_the_version_never_falls() public view {
        ok(!handler.versionFell(), "version");
    }

    function invariant_the_scheme_and_layout_never_change() public view {
        Head memory h = r.settings();
        eq(h.scheme, 2, "scheme");
        eq(h.layoutId, 2, "layout");
        eq(r.owner(), OWNER, "owner");
    }
}
