// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Registry} from "../src/Registry.sol";
import {Head, Policy} from "../src/Types.sol";
import {Base} from "./Base.sol";
import {ScriptedVerifier} from "./Scripted.sol";

/// Does anything to a contract in any order, and keeps its own simple account of what must hold.
contract Handler is Base {
    Registry public immutable R;
    ScriptedVerifier public immutable V;
    bytes32[3] public ids = [bytes32("x"), "y", "z"];
    uint256 public time = T0;

    mapping(bytes32 => uint256) public grantedAt; // 0: not granted, or denied since
    mapping(bytes32 => bool) public frozen;
    uint64 public version;
    bool public versionFell;

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

    function allow(uint8 i, uint32 wait, bool byOwner) external step(wait) {
        bytes32 id = ids[i % 3];
        bool had = R.policyOf(IDENTITY, id).state == 1;
        vm.prank(byOwner ? OWNER : CURATOR);
        try R.allow(IDENTITY, id, 0, 0) {
            ok(byOwner || !frozen[id], "a curator thawed what was frozen");
            if (!had) grantedAt[id] = time + R.settings().delay;
            frozen[id] = false;
        } catch {
            ok(!byOwner && frozen[id], "refused without a reason");
        }
    }

    /// A quote that verifies grants what a curator grants, and no sooner.
    function verified(uint32 wait, bool byOwner) external step(wait) {
        bytes32 id = ids[2];
        bool had = R.policyOf(IDENTITY, id).state == 1;
        bytes32[2] memory any;
        vm.prank(byOwner ? OWNER : CURATOR);
        try R.verifyAndPropose(address(V), "quote", any, 0, 0, 0) {
            ok(byOwner || !frozen[id], "a quote thawed what was frozen");
            if (!had) grantedAt[id] = time + R.settings().delay;
            frozen[id] = false;
        } catch {
            ok(!byOwner && frozen[id], "refused without a reason");
        }
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
        vm.stopPrank();
        eq(state(id), before, "a guardian added something");
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

    function pause(uint32 wait) external step(wait) {
        vm.prank(GUARDIAN);
        R.setPaused(true);
    }

    function unpause(uint32 wait) external step(wait) {
        vm.prank(OWNER);
        R.setPaused(false);
    }

    function delay(uint32 wait, uint32 seconds_) external step(wait) {
        vm.prank(OWNER);
        R.setDelay(seconds_ % 20000);
    }

    function apply_(uint32 wait) external step(wait) {
        try R.applySettings() {} catch {}
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
        bool paused = r.settings().paused;
        for (uint256 i; i < 3; ++i) {
            bytes32 id = handler.ids(i);
            uint256 from = handler.grantedAt(id);
            bool expected = from != 0 && handler.time() >= from && !paused;
            ok(
                r.IdentityAllowed(id, address(0)) == expected,
                "allowed exactly what was granted and waited"
            );
        }
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
