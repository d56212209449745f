// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KMS} from "../src/KMS.sol";
import {Registry} from "../src/Registry.sol";
import {AppPKI, OnboardRequest} from "../src/Types.sol";
import {Collateral} from "../src/attest/Collateral.sol";
import {TdxVerifier} from "../src/attest/TdxVerifier.sol";
import {MaaVerifier} from "../src/attest/MaaVerifier.sol";
import {Tokens} from "./Maa.t.sol";

interface VmGas {
    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    function lastCallGas() external view returns (Gas memory);
}

/// What transactions cost, each as a transaction of its own (so with its 21,000 and its calldata).
/// `contracts/gas` prints the table of README.md.
contract GasTest is Tokens {
    KMS private k;
    Registry private r;

    function setUp() public {
        vm.warp(T0);
        k = newKms(OWNER, 2);
        r = newRegistry(OWNER, 2);
        staff(k);
        staff(KMS(address(r)));
    }

    function say(string memory what, uint256 most) private view {
        uint256 used = VmGas(address(vm)).lastCallGas().gasTotalUsed;
        (bool done,) = 0x000000000000000000636F6e736F6c652e6c6f67
        .staticcall(
            abi.encodeWithSignature("log(string,uint256)", string.concat("gas: ", what), used)
        );
        ok(done && used > 0, "measured");
        // The bounds are of what is deployed.
        if (used > most && vm.envOr("TEEREG_COMMITTED", false)) {
            revert Failed(what, vm.toString(used), string.concat("at most ", vm.toString(most)));
        }
    }

    /// forge-config: default.isolate = true
    function test_gas_of_transactions() public {
        vm.startPrank(OWNER);
        k.AllowApplication(address(r));
        say("AllowApplication", 150_000);
        k.allowlistDCAPV2(dcapReport("a"), "a", "x", "config");
        say("allowlistDCAPV2", 115_000);
        k.commitRoot("id", "commitment");
        say("commitRoot", 80_000);
        r.setConfigForDCAPV2(dcapReport("a"), "a", "x", "config");
        say("setConfigForDCAPV2", 135_000);
        k.allow(IDENTITY, keccak256("x"), 0, 0);
        say("allow, KMS", 60_000);
        r.allow(IDENTITY, keccak256("x"), 0, 0);
        say("allow, Registry", 80_000);
        r.setConfigForIdentity(keccak256("y"), "config");
        say("setConfigForIdentity", 90_000);
        r.revoke(IDENTITY, keccak256("y"));
        say("revoke by the owner", 41_000);
        vm.stopPrank();
        vm.startPrank(GUARDIAN);
        r.revoke(IDENTITY, keccak256("x"));
        say("revoke by a guardian", 43_000);
        vm.stopPrank();
        vm.startPrank(OWNER);
        r.setPKIV2(new bytes(400), new bytes(91));
        say("setPKIV2, 491 bytes", 350_000);
        r.setPKI(AppPKI(new bytes(700), new bytes(91), new bytes(5000)));
        say("setPKI with a quote, 5,791 bytes", 1_550_000);
        r.setStorageBackend("onchain://0x5FbDB2315678afecb367f032d93F642f64180aa3");
        say("setStorageBackend", 180_000);
        r.registerInstanceDomainName("kms-1.example:8443");
        say("registerInstanceDomainName", 150_000);
        r.registerInstanceDomainName("kms-1.example:8443");
        say("heartbeat of a name", 55_000);
        r.addArtifact(new bytes(1024));
        say("addArtifact, 1,024 bytes", 340_000);
        r.addArtifact(new bytes(20480));
        say("addArtifact, 20,480 bytes", 4_700_000);
        bytes memory artifact = new bytes(20480);
        for (uint256 i; i < 20480; ++i) {
            artifact[i] = 0x55;
        }
        r.publishArtifact(artifact);
        say("publishArtifact, 20,480 bytes", 1_000_000);
        vm.stopPrank();
        vm.startPrank(OPERATOR);
        k.requestOnboard(OnboardRequest(new bytes(91), 1, OPERATOR, new bytes(5000)));
        say("requestOnboard with a quote", 1_350_000);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_tdx_quote() public {
        vm.warp(1750800000);
        Collateral c = newCollateral();
        Bundle memory b = bundle("collateral/phala_b0c06f_2025-06.json");
        c.postRootCrl(b.rootCrl);
        say("post a root CRL", 200_000);
        bytes32 ca = c.postPckCa(b.ca);
        say("post a PCK CA", 300_000);
        c.postPckCrl(ca, b.pckCrl);
        say("post a PCK CRL, 3 KB", 2_500_000);
        c.postTcbInfo(b.tcb.json, b.tcb.r, b.tcb.s, b.tcb.signer);
        say("post TCB info, 5 KB", 2_500_000);
        c.postQeIdentity(b.qe.json, b.qe.r, b.qe.s, b.qe.signer);
        say("post a QE identity", 500_000);
        TdxVerifier v = tdxVerifier(c);
        vm.startPrank(OWNER);
        r.allow(VERIFIER, word(address(v)), 0, 0);
        k.allow(VERIFIER, word(address(v)), 0, 0);
        bytes memory q = file("quotes/tdx_v4_b0c06f_phala.bin");
        bytes memory e = evidence(q);
        bytes32[2] memory d = reportData(q);
        (bool done,) = address(v).call(abi.encodeCall(v.verify, (e, d, 0)));
        ok(done, "verified");
        say("verify a TDX quote", 300_000);
        r.verifyAndPropose(address(v), e, d, 0, 0, 0);
        say("verifyAndPropose, TDX, Registry", 300_000);
        k.verifyAndPropose(address(v), e, d, "config", 0, 0);
        say("verifyAndPropose, TDX, KMS", 300_000);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_maa_token() public {
        readVectors();
        vm.warp(now_());
        MaaVerifier v = maaVerifier(0);
        vm.startPrank(OWNER);
        addKey(v, now_() + 1 days);
        r.allow(VERIFIER, word(address(v)), 0, 0);
        k.allow(VERIFIER, word(address(v)), 0, 0);
        r.setIdentityRules(false, false, 0x10);
        k.setIdentityRules(false, true, 0x10);
        bytes memory e = evidenceOf(".good[2]");
        (bool done,) = address(v).call(abi.encodeCall(v.verify, (e, report, 0x10)));
        ok(done, "verified");
        say("verify a MAA token of 6.5 KB and a vTPM quote", 500_000);
        r.verifyAndPropose(address(v), e, report, 0, 0, 0);
        say("verifyAndPropose, MAA, Registry", 560_000);
        k.verifyAndPropose(address(v), e, report, "config", 0, 0);
        say("verifyAndPropose, MAA, KMS", 560_000);
    }
}
