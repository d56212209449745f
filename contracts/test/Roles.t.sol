// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Authority} from "../src/Authority.sol";
import {Directory} from "../src/Directory.sol";
import {KMS} from "../src/KMS.sol";
import {Registry} from "../src/Registry.sol";
import {AppPKI, DCAPEvent, OnboardRequest} from "../src/Types.sol";
import {Workload} from "../src/Workload.sol";
import {Base} from "./Base.sol";
import {ScriptedVerifier} from "./Scripted.sol";

/// Every function that changes state × every kind of caller, on both contracts.  A row says who may; all
/// others must be refused for want of authority, not for another reason.  A function that no row names
/// fails the test.
contract RolesTest is Base {
    address private constant HEIR = address(0x4E14);
    address private constant INSTANCE = address(0x1457);
    address private constant EX_OWNER = address(0xE0);

    uint16 private constant O = 1;
    uint16 private constant C = 2;
    uint16 private constant G = 4;
    uint16 private constant P = 8; // operator
    uint16 private constant M = 16;
    uint16 private constant I = 32; // instance
    uint16 private constant H = 64; // heir: ownership is offered to it
    uint16 private constant ALL = 0x1ff;

    address[9] private actors =
        [OWNER, CURATOR, GUARDIAN, OPERATOR, METADATA, INSTANCE, HEIR, EX_OWNER, STRANGER];

    enum Before {
        NOTHING,
        DELAY, // so that settings and PKI wait and are due, and a successor waits
        HANDOVER
    }

    struct Row {
        string name;
        bytes data;
        uint16 may;
        Before before;
    }

    Row[] private rows;
    ScriptedVerifier private scripted;
    KMS private c; // either contract: the functions of both are asked by calldata

    function setUp() public {
        vm.warp(T0);
    }

    // ---- the two contracts, each by one test, so that a mutation names it ----

    function test_role_matrix_of_the_kms_contract() public {
        prepare("KMS", 2);
        common();
        kms2();
        complete("KMS", "KMS of scheme 1 has: allowlistDCAP allowlistMAA");
        run();
    }

    function test_role_matrix_of_the_kms_contract_of_scheme_1() public {
        prepare("KMS", 1);
        row("allowlistDCAP", abi.encodeCall(KMS.allowlistDCAP, (dcapReport("a"))), O | C);
        row("allowlistMAA", abi.encodeCall(KMS.allowlistMAA, (maaReport("a"))), O | C);
        row("allowlistIdentity", abi.encodeCall(KMS.allowlistIdentity, ("new")), O | C);
        run();
    }

    function test_role_matrix_of_the_registry() public {
        prepare("Registry", 2);
        common();
        registry2();
        complete("Registry", "Registry of scheme 1 has: setConfigForDCAP setConfigForMAA");
        run();
    }

    function test_role_matrix_of_the_registry_of_scheme_1() public {
        prepare("Registry", 1);
        DCAPEvent[] memory log = new DCAPEvent[](0);
        bytes32 config = "config";
        row(
            "setConfigForDCAP",
            abi.encodeCall(Registry.setConfigForDCAP, (dcapReport("a"), log, config)),
            O | C
        );
        row(
            "setConfigForMAA",
            abi.encodeCall(Registry.setConfigForMAA, (maaReport("a"), config)),
            O | C
        );
        run();
    }

    // ---- rows ----

    function common() private {
        row("grantRole", abi.encodeCall(c.grantRole, (ROLE_CURATOR, address(1))), O);
        row("grantRole", abi.encodeCall(c.grantRole, (ROLE_OPERATOR, address(1))), O);
        row("revokeRole", abi.encodeCall(c.revokeRole, (ROLE_INSTANCE, INSTANCE)), O);
        row("revokeRole", abi.encodeCall(c.revokeRole, (ROLE_OPERATOR, OPERATOR)), O);
        row("renounceRole", abi.encodeCall(c.renounceRole, (ROLE_INSTANCE, INSTANCE)), I);
        row("transferOwnership", abi.encodeCall(c.transferOwnership, (address(1))), O);
        row("acceptOwnership", abi.encodeCall(c.acceptOwnership, ()), H, Before.HANDOVER);

        row("allow", abi.encodeCall(Authority.allow, (IDENTITY, "new", 0, 0)), O | C);
        row("allow", abi.encodeCall(Authority.allow, (OPERATORS, word(address(1)), 0, 0)), O);
        row("allow", abi.encodeCall(Authority.allow, (VERIFIER, word(address(1)), 0, 0)), O);
        row("allow", abi.encodeCall(Authority.allow, (CURATORS, word(address(1)), 0, 0)), O);
        row("allow", abi.encodeCall(Authority.allow, (IDENTITY, "frozen", 0, 0)), O);
        row("revoke", abi.encodeCall(Authority.revoke, (IDENTITY, "allowed")), O | G);
        row("revoke", abi.encodeCall(Authority.revoke, (OPERATORS, word(OPERATOR))), O | G);
        row("revoke", abi.encodeCall(Authority.revoke, (VERIFIER, word(address(scripted)))), O | G);
        row("revoke", abi.encodeCall(Authority.revoke, (CURATORS, word(CURATOR))), O | G);
        row("revokeRole", abi.encodeCall(c.revokeRole, (ROLE_CURATOR, CURATOR)), O);
        row("freeze", abi.encodeCall(Authority.freeze, (IDENTITY, "allowed")), O | G);

        row("setPaused", abi.encodeCall(Authority.setPaused, (true)), O | G);
        row("setPaused", abi.encodeCall(Authority.setPaused, (false)), O);
        row("setOperatorRequired", abi.encodeCall(Authority.setOperatorRequired, (true)), O);
        row("setDelay", abi.encodeCall(Authority.setDelay, (1)), O);
        row("setIdentityRules", abi.encodeCall(Authority.setIdentityRules, (true, true, 1)), O);
        row("raiseEpoch", abi.encodeCall(Authority.raiseEpoch, ()), O);
        row("applySettings", abi.encodeCall(Authority.applySettings, ()), ALL, Before.DELAY);
        row("cancelSettings", abi.encodeCall(Authority.cancelSettings, ()), O | G, Before.DELAY);
        row("setPolicyHash", abi.encodeCall(Authority.setPolicyHash, (1, "hash")), O);
        row("setPredecessor", abi.encodeCall(Authority.setPredecessor, (address(1))), O);
        row("setSuccessor", abi.encodeCall(Authority.setSuccessor, (address(1))), O);
        row("cancelSuccessor", abi.encodeCall(Authority.cancelSuccessor, ()), O | G, Before.DELAY);

        row("setPKI", abi.encodeCall(Directory.setPKI, (AppPKI("ca", "key", "quote"))), O);
        row("setPKIV2", abi.encodeCall(Directory.setPKIV2, ("ca", "key")), O);
        row("applyPKI", abi.encodeCall(Directory.applyPKI, ()), ALL, Before.DELAY);
        row("cancelPKI", abi.encodeCall(Directory.cancelPKI, ()), O | G, Before.DELAY);
        row(
            "registerInstanceDomainName",
            abi.encodeCall(Directory.registerInstanceDomainName, ("new")),
            P
        );
        row(
            "removeInstanceDomainName",
            abi.encodeCall(Directory.removeInstanceDomainName, ("operators")),
            O | G | P
        );
        row("addArtifact", abi.encodeCall(Directory.addArtifact, ("artifact")), O | M);
        row("publishArtifact", abi.encodeCall(Directory.publishArtifact, ("artifact")), O | M);
        row("setDemands", abi.encodeCall(Directory.setDemands, (3)), O);
        attested();
    }

    /// Whoever runs a machine that is allowed may show it; what it shows is worth nothing to others.
    function attested() private {
        bytes32[2] memory any;
        row(
            "verifyAndPropose",
            abi.encodeCall(
                Workload.verifyAndPropose, (address(scripted), "new", any, "hash", 0, 0)
            ),
            O | C
        );
        row(
            "attest",
            abi.encodeCall(
                Workload.attest, (address(scripted), "allowed", "hash", "purpose", block.number - 1)
            ),
            ALL
        );
    }

    function kms2() private {
        bytes8 x = "xfam";
        row("allowlistIdentity", abi.encodeCall(KMS.allowlistIdentity, ("new")), O | C);
        row(
            "allowlistDCAPV2",
            abi.encodeCall(KMS.allowlistDCAPV2, (dcapReport("a"), x, x, "hash")),
            O | C
        );
        row(
            "allowlistAzureV2",
            abi.encodeCall(KMS.allowlistAzureV2, (bytes48("m"), maaReport("a"), x, x, "hash")),
            O | C
        );
        row(
            "removeAllowlistedIdentity",
            abi.encodeCall(KMS.removeAllowlistedIdentity, ("allowed")),
            O | G
        );
        row("AllowApplication", abi.encodeCall(KMS.AllowApplication, (address(this))), O | C);
        row(
            "allow",
            abi.encodeCall(Authority.allow, (APPLICATION, word(address(this)), 0, 0)),
            O | C
        );
        row("allow", abi.encodeCall(Authority.allow, (FIRMWARE, "mrtd", 0, 0)), O | C);
        row("allow", abi.encodeCall(Authority.allow, (PARAVISOR, "mrtd", 0, 0)), O | C);
        row(
            "RemoveAllowlistedApplication",
            abi.encodeCall(KMS.RemoveAllowlistedApplication, (address(c))),
            O | G
        );
        row("commitRoot", abi.encodeCall(KMS.commitRoot, ("id", "commitment")), O);
        row(
            "requestOnboard",
            abi.encodeCall(KMS.requestOnboard, (OnboardRequest("key", 2, OPERATOR, "quote"))),
            P
        );
        bytes32 open = c.HashOnboardRequest(OnboardRequest("key", 1, OPERATOR, "quote"));
        row("closeOnboardRequest", abi.encodeCall(KMS.closeOnboardRequest, (open)), O | G | P);
    }

    function registry2() private {
        bytes8 x = "xfam";
        row(
            "setConfigForIdentity",
            abi.encodeCall(Registry.setConfigForIdentity, ("new", "config")),
            O | C
        );
        row(
            "setConfigForDCAPV2",
            abi.encodeCall(Registry.setConfigForDCAPV2, (dcapReport("a"), x, x, "config")),
            O | C
        );
        row(
            "setConfigForAzureV2",
            abi.encodeCall(
                Registry.setConfigForAzureV2, (bytes48("m"), maaReport("a"), x, x, "config")
            ),
            O | C
        );
        row(
            "removeConfigMapForIdentity",
            abi.encodeCall(Registry.removeConfigMapForIdentity, ("allowed")),
            O | G
        );
        row("setStorageBackend", abi.encodeCall(Registry.setStorageBackend, ("ipfs://a")), O);
        row(
            "removeStorageBackend",
            abi.encodeCall(Registry.removeStorageBackend, ("ipfs://there")),
            O
        );
    }

    function row(string memory name, bytes memory data, uint16 may) private {
        rows.push(Row(name, data, may, Before.NOTHING));
    }

    function row(string memory name, bytes memory data, uint16 may, Before before) private {
        rows.push(Row(name, data, may, before));
    }

    // ---- the state that every row finds ----

    function prepare(string memory name, uint8 scheme) private {
        bool isKms = keccak256(bytes(name)) == keccak256("KMS");
        vm.roll(1000);
        scripted = new ScriptedVerifier();
        c = KMS(deploy(name, EX_OWNER, scheme));
        // The owner of before had every role by name as well.
        vm.prank(EX_OWNER);
        c.transferOwnership(OWNER);
        vm.startPrank(OWNER);
        c.acceptOwnership();
        c.grantRole(ROLE_CURATOR, EX_OWNER);
        c.grantRole(ROLE_GUARDIAN, EX_OWNER);
        c.grantRole(ROLE_METADATA, EX_OWNER);
        c.grantRole(ROLE_INSTANCE, EX_OWNER);
        c.grantRole(ROLE_OPERATOR, EX_OWNER);
        c.transferOwnership(EX_OWNER);
        vm.stopPrank();
        vm.startPrank(EX_OWNER);
        c.acceptOwnership();
        c.transferOwnership(OWNER);
        vm.stopPrank();
        vm.prank(OWNER);
        c.acceptOwnership();

        staff(c);
        vm.startPrank(OWNER);
        c.grantRole(ROLE_INSTANCE, INSTANCE);
        c.allow(IDENTITY, "allowed", 0, 0);
        c.freeze(IDENTITY, "frozen");
        // The owner is no operator unless it is made one.
        if (scheme == 2) c.setIdentityRules(false, isKms, 1);
        c.allow(VERIFIER, word(address(scripted)), 0, 0);
        if (scheme == 2) {
            bytes32[2] memory any;
            c.verifyAndPropose(address(scripted), "allowed", any, "hash", 0, 0);
        }
        if (isKms) c.AllowApplication(address(c));
        else Registry(address(c)).setConfigForIdentity("allowed", "config");
        if (!isKms) Registry(address(c)).setStorageBackend("ipfs://there");
        vm.stopPrank();
        vm.startPrank(OPERATOR);
        c.registerInstanceDomainName("operators");
        if (isKms) c.requestOnboard(OnboardRequest("key", 1, OPERATOR, "quote"));
        vm.stopPrank();
    }

    function bring(Before before) private {
        if (before == Before.NOTHING) return;
        vm.startPrank(OWNER);
        if (before == Before.HANDOVER) {
            c.transferOwnership(HEIR);
        } else {
            c.setDelay(100);
            c.setPaused(true);
            c.setPaused(false);
            c.setPKIV2("ca", "key");
            vm.warp(T0 + 100);
            c.setSuccessor(address(1));
        }
        vm.stopPrank();
    }

    // ---- running ----

    function run() private {
        for (uint256 i; i < rows.length; ++i) {
            for (uint256 a; a < actors.length; ++a) {
                uint256 snapshot = vm.snapshotState();
                bring(rows[i].before);
                try_(rows[i], actors[a], (rows[i].may >> a) & 1 == 1);
                vm.revertToState(snapshot);
                vm.warp(T0);
            }
        }
    }

    function try_(Row storage r, address actor, bool may) private {
        string memory what = string.concat(r.name, " by ", vm.toString(actor));
        uint256 before = version();
        vm.recordLogs();
        vm.prank(actor);
        (bool done, bytes memory answer) = address(c).call(r.data);
        if (!may) {
            ok(!done, string.concat(what, " is refused"));
            bytes4 why = bytes4(answer);
            bool authority = why == IAccessControl.AccessControlUnauthorizedAccount.selector
                || why == Ownable.OwnableUnauthorizedAccount.selector
                || why == IAccessControl.AccessControlBadConfirmation.selector
                || (why == Authority.IsFrozen.selector && actor == CURATOR);
            ok(authority, string.concat(what, " is refused for want of authority"));
            return;
        }
        ok(done, string.concat(what, " is done"));
        // What was done is told, and counted where a reader of storage cares.
        ok(vm.getRecordedLogs().length > 0, string.concat(what, " emits an event"));
        bool counted = keccak256(bytes(r.name)) != keccak256("transferOwnership");
        if (counted) ok(version() > before, string.concat(what, " raises the version"));
    }

    function version() private view returns (uint64) {
        return uint64(uint256(vm.load(address(c), bytes32(uint256(3)))) >> 168);
    }

    /// Each function of the ABI that can change something has a row.
    function complete(string memory name, string memory elsewhere) private view {
        string memory json = vm.readFile(string.concat("artifacts/", name, ".json"));
        uint256 seen;
        for (uint256 i;; ++i) {
            string memory at_ = string.concat(".abi[", vm.toString(i), "]");
            if (!vm.keyExistsJson(json, at_)) break;
            if (!vm.keyExistsJson(json, string.concat(at_, ".stateMutability"))) continue;
            string memory kind = vm.parseJsonString(json, string.concat(at_, ".type"));
            string memory mutability =
                vm.parseJsonString(json, string.concat(at_, ".stateMutability"));
            if (keccak256(bytes(kind)) == keccak256("constructor")) continue;
            ok(keccak256(bytes(mutability)) != keccak256("payable"), "nothing takes money");
            if (keccak256(bytes(mutability)) != keccak256("nonpayable")) continue;
            ++seen;
            string memory f = vm.parseJsonString(json, string.concat(at_, ".name"));
            ok(hasRow(f) || contains(elsewhere, f), string.concat(f, " has a row"));
        }
        ok(seen > 30, "the ABI was read");
    }

    function hasRow(string memory name) private view returns (bool) {
        for (uint256 i; i < rows.length; ++i) {
            if (keccak256(bytes(rows[i].name)) == keccak256(bytes(name))) return true;
        }
        return false;
    }

    function contains(string memory text, string memory part) private pure returns (bool) {
        bytes memory t = bytes(text);
        bytes memory p = bytes(part);
        for (uint256 i; i + p.length <= t.length; ++i) {
            uint256 k;
            while (k < p.length && t[i + k] == p[k]) ++k;
            if (k == p.length) return true;
        }
        return false;
    }

    // ---- one authority ----

    function test_nobody_is_given_the_admin_role() public {
        prepare("KMS", 2);
        vm.startPrank(OWNER);
        vm.expectRevert(Authority.OneAuthority.selector);
        c.grantRole(ADMIN, STRANGER);
        vm.expectRevert(Authority.OneAuthority.selector);
        c.revokeRole(ADMIN, OWNER);
        vm.expectRevert(Authority.OneAuthority.selector);
        c.renounceRole(ADMIN, OWNER);
        ok(
            c.hasRole(ADMIN, OWNER) && !c.hasRole(ADMIN, STRANGER),
            "the owner has it, others do not"
        );
    }

    function test_ownership_cannot_be_dropped() public {
        prepare("KMS", 2);
        vm.prank(OWNER);
        vm.expectRevert(Authority.OneAuthority.selector);
        c.renounceOwnership();
        eq(c.owner(), OWNER, "owner");
    }

    function test_ownership_takes_two_steps() public {
        prepare("KMS", 2);
        vm.prank(OWNER);
        c.transferOwnership(HEIR);
        eq(c.owner(), OWNER, "until it is accepted the owner stays");
        eq(c.pendingOwner(), HEIR, "the heir is named");
        vm.prank(HEIR);
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        c.raiseEpoch();
        vm.prank(HEIR);
        c.acceptOwnership();
        eq(c.owner(), HEIR, "then the heir is the owner");
        vm.prank(HEIR);
        c.raiseEpoch();
    }

    function test_an_owner_who_hands_over_keeps_no_role() public {
        prepare("KMS", 2);
        bytes32[6] memory all =
            [ADMIN, ROLE_CURATOR, ROLE_GUARDIAN, ROLE_METADATA, ROLE_OPERATOR, ROLE_INSTANCE];
        for (uint256 i; i < all.length; ++i) {
            ok(!c.hasRole(all[i], EX_OWNER), "the owner of before has no role");
        }
        ok(!c.IdentityAllowed("x", EX_OWNER), "nor can it vouch as an operator");
    }

    function test_the_owner_cannot_lose_what_comes_with_ownership() public {
        prepare("KMS", 2);
        vm.prank(OWNER);
        vm.expectRevert(Authority.OneAuthority.selector);
        c.revokeRole(ROLE_GUARDIAN, OWNER);
        ok(c.hasRole(ROLE_GUARDIAN, OWNER), "the owner can still deny");
    }

    function test_a_granted_operator_role_is_the_policy_word() public {
        prepare("KMS", 2);
        vm.startPrank(OWNER);
        c.setDelay(10);
        c.grantRole(ROLE_OPERATOR, STRANGER);
        ok(!c.hasRole(ROLE_OPERATOR, STRANGER), "not before the delay");
        vm.warp(T0 + 10);
        ok(c.hasRole(ROLE_OPERATOR, STRANGER), "after the delay");
        c.freeze(OPERATORS, word(STRANGER));
        ok(!c.hasRole(ROLE_OPERATOR, STRANGER), "frozen");
        eq(c.policyOf(OPERATORS, word(STRANGER)).state, 3, "state");
    }

    function test_nobody_stands_for_the_zero_address() public {
        prepare("KMS", 2);
        vm.startPrank(OWNER);
        vm.expectRevert(Authority.BadSubject.selector);
        c.grantRole(ROLE_OPERATOR, address(0));
        vm.expectRevert(Authority.BadSubject.selector);
        c.allow(OPERATORS, bytes32(uint256(1) << 160), 0, 0);
    }

    function test_an_operator_may_step_down() public {
        prepare("KMS", 2);
        vm.prank(OPERATOR);
        c.renounceRole(ROLE_OPERATOR, OPERATOR);
        eq(c.policyOf(OPERATORS, word(OPERATOR)).state, 2, "revoked");
    }
}
