// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Authority} from "../src/Authority.sol";
import {Registry} from "../src/Registry.sol";
import {KMS} from "../src/KMS.sol";
import {Base} from "./Base.sol";

/// OpenZeppelin's TimelockController, as it is, as the owner.
contract TimelockTest is Base {
    uint256 private constant WAIT = 100;
    Registry private r;
    TimelockController private lock;

    function setUp() public {
        vm.warp(T0);
        r = newRegistry(OWNER, 2);
        staff(KMS(address(r)));
        address[] memory proposers = new address[](1);
        address[] memory executors = new address[](1);
        (proposers[0], executors[0]) = (HEAD, STRANGER);
        lock = new TimelockController(WAIT, proposers, executors, address(0));
        vm.prank(OWNER);
        r.transferOwnership(address(lock));
    }

    address private constant HEAD = address(0x4EAD);

    function through(bytes memory data) private {
        vm.prank(HEAD);
        lock.schedule(address(r), 0, data, 0, 0, WAIT);
        vm.warp(block.timestamp + WAIT);
        vm.prank(STRANGER);
        lock.execute(address(r), 0, data, 0, 0);
    }

    function test_a_timelock_takes_over_and_rules() public {
        through(abi.encodeCall(r.acceptOwnership, ()));
        eq(r.owner(), address(lock), "owner");
        ok(r.hasRole(ADMIN, address(lock)) && !r.hasRole(ADMIN, OWNER), "the one authority");
        vm.prank(OWNER);
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        r.setDelay(0);
        vm.warp(T0 + 1000);
        vm.prank(HEAD);
        bytes memory raise = abi.encodeCall(Authority.setDelay, (60));
        lock.schedule(address(r), 0, raise, 0, 0, WAIT);
        vm.warp(T0 + 1000 + WAIT - 1);
        vm.prank(STRANGER);
        vm.expectPartialRevert(TimelockController.TimelockUnexpectedOperationState.selector);
        lock.execute(address(r), 0, raise, 0, 0);
        vm.warp(T0 + 1000 + WAIT);
        vm.prank(STRANGER);
        lock.execute(address(r), 0, raise, 0, 0);
        eq(r.settings().delay, 60, "delay");
    }

    /// The timelock's wait comes before the contract's own, and replaces nothing of it.
    function test_both_delays_are_waited_for() public {
        through(abi.encodeCall(r.acceptOwnership, ()));
        vm.warp(T0 + 1000);
        through(abi.encodeCall(Authority.setDelay, (60)));
        vm.warp(T0 + 2000);
        through(abi.encodeCall(Authority.allow, (IDENTITY, "x", 0, 0)));
        eq(r.policyOf(IDENTITY, "x").activeFrom, T0 + 2000 + WAIT + 60, "begins");
        vm.warp(T0 + 2000 + WAIT + 59);
        ok(!r.IdentityAllowed("x", OPERATOR), "before");
        vm.warp(T0 + 2000 + WAIT + 60);
        ok(r.IdentityAllowed("x", OPERATOR), "after");
    }

    /// Denying must not wait for a timelock: guardians do it at once.
    function test_guardians_deny_at_once_under_a_timelock() public {
        vm.prank(CURATOR);
        r.allow(IDENTITY, "x", 0, 0);
        through(abi.encodeCall(r.acceptOwnership, ()));
        vm.prank(GUARDIAN);
        r.revoke(IDENTITY, "x");
        ok(!r.IdentityAllowed("x", OPERATOR), "denied");
    }
}
