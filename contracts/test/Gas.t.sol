// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KMS} from "../src/KMS.sol";
import {Registry} from "../src/Registry.sol";
import {AppPKI, OnboardRequest} from "../src/Types.sol";
import {Base} from "./Base.sol";

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
contract GasTest is Base {
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
        if (used > most) {
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
        r.allow(IDENTITY, "x", 0, 0);
        say("allow", 70_000);
        r.revoke(IDENTITY, "x");
        say("revoke", 50_000);
        r.setPKIV2(new bytes(400), new bytes(91));
        say("setPKIV2, 491 bytes", 350_000);
        r.setPKI(AppPKI(new bytes(700), new bytes(91), new bytes(5000)));
        say("setPKI with a quote, 5,791 bytes", 1_550_000);
        r.setStorageBackend("onchain://0x5FbDB2315678afecb367f032d93F642f64180aa3");
        say("setStorageBackend", 180_000);
        r.registerInstanceDomainName("kms-1.example:8443");
        say("registerInstanceDomainName", 150_000);
        r.addArtifact(new bytes(1024));
        say("addArtifact, 1,024 bytes", 340_000);
        r.addArtifact(new bytes(20480));
        say("addArtifact, 20,480 bytes", 4_700_000);
        vm.stopPrank();
        vm.startPrank(OPERATOR);
        k.requestOnboard(OnboardRequest(new bytes(91), 1, OPERATOR, new bytes(5000)));
        say("requestOnboard with a quote", 1_350_000);
    }
}
