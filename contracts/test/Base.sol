// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KMS} from "../src/KMS.sol";
import {Registry} from "../src/Registry.sol";
import {DCAPReport, MAAReport} from "../src/Types.sol";

/// The part of forge's cheat codes that our tests use.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 time) external;
    function roll(uint256 number) external;
    function chainId(uint256 id) external;
    function load(address target, bytes32 slot) external view returns (bytes32);
    function store(address target, bytes32 slot, bytes32 value) external;
    function etch(address target, bytes calldata code) external;
    function assume(bool condition) external pure;
    function expectRevert() external;
    function expectRevert(bytes4 selector) external;
    function expectRevert(bytes calldata data) external;
    function expectPartialRevert(bytes4 selector) external;
    function expectEmit(address emitter) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function snapshotState() external returns (uint256);
    function revertToState(uint256 id) external returns (bool);
    function readFile(string calldata path) external view returns (string memory);
    function getCode(string calldata artifact) external view returns (bytes memory);
    function envOr(string calldata name, bool fallback_) external view returns (bool);
    function keyExistsJson(string calldata json, string calldata key) external view returns (bool);
    function parseJsonBytes(string calldata json, string calldata key)
        external
        pure
        returns (bytes memory);
    function parseJsonBytes32(string calldata json, string calldata key)
        external
        pure
        returns (bytes32);
    function parseJsonBytes32Array(string calldata json, string calldata key)
        external
        pure
        returns (bytes32[] memory);
    function parseJsonAddress(string calldata json, string calldata key)
        external
        pure
        returns (address);
    function parseJsonUint(string calldata json, string calldata key)
        external
        pure
        returns (uint256);
    function parseJsonInt(string calldata json, string calldata key) external pure returns (int256);
    function parseJsonBool(string calldata json, string calldata key) external pure returns (bool);
    function parseJsonString(string calldata json, string calldata key)
        external
        pure
        returns (string memory);
    function parseBytes(string calldata text) external pure returns (bytes memory);
    function parseBytes32(string calldata text) external pure returns (bytes32);
    function parseAddress(string calldata text) external pure returns (address);
    function parseUint(string calldata text) external pure returns (uint256);
    function toString(uint256 n) external pure returns (string memory);
    function toString(address a) external pure returns (string memory);
    function toString(bytes32 word) external pure returns (string memory);
}

/// What all tests share: who acts, how a contract is made, how a failure reads.  Times are absolute:
/// the compiler may take the clock to stand still within one call.
abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant T0 = 1_700_000_000;

    address internal constant OWNER = address(0xA11CE);
    address internal constant CURATOR = address(0xC0);
    address internal constant GUARDIAN = address(0x60);
    address internal constant OPERATOR = address(0x09);
    address internal constant METADATA = address(0x3E);
    address internal constant STRANGER = address(0x57);

    bytes32 internal constant ADMIN = 0;
    bytes32 internal constant ROLE_OPERATOR = keccak256("ROLE_OPERATOR");
    bytes32 internal constant ROLE_METADATA = keccak256("ROLE_METADATA");
    bytes32 internal constant ROLE_INSTANCE = keccak256("ROLE_INSTANCE");
    bytes32 internal constant ROLE_CURATOR = keccak256("ROLE_CURATOR");
    bytes32 internal constant ROLE_GUARDIAN = keccak256("ROLE_GUARDIAN");

    uint8 internal constant IDENTITY = 1;
    uint8 internal constant OPERATORS = 2;
    uint8 internal constant APPLICATION = 3;
    uint8 internal constant FIRMWARE = 4;
    uint8 internal constant PARAVISOR = 5;
    uint8 internal constant VERIFIER = 6;
    uint8 internal constant CURATORS = 7;

    error Failed(string what, string found, string expected);

    // ---- making ----

    /// With TEEREG_COMMITTED=true the bytecode that is committed and deployed, else that of this build.
    function deploy(string memory name, address owner, uint8 scheme)
        internal
        returns (address made)
    {
        bytes memory code;
        if (vm.envOr("TEEREG_COMMITTED", false)) {
            string memory json = vm.readFile(string.concat("artifacts/", name, ".json"));
            code = vm.parseJsonBytes(json, ".bytecode");
        } else {
            code = vm.getCode(string.concat(name, ".sol:", name));
        }
        code = bytes.concat(code, abi.encode(owner, scheme));
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
            if iszero(made) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }

    function newKms(address owner, uint8 scheme) internal returns (KMS) {
        return KMS(deploy("KMS", owner, scheme));
    }

    function newRegistry(address owner, uint8 scheme) internal returns (Registry) {
        return Registry(deploy("Registry", owner, scheme));
    }

    /// Gives every role to the actor of its name.
    function staff(KMS c) internal {
        vm.startPrank(c.owner());
        c.grantRole(ROLE_CURATOR, CURATOR);
        c.grantRole(ROLE_GUARDIAN, GUARDIAN);
        c.grantRole(ROLE_OPERATOR, OPERATOR);
        c.grantRole(ROLE_METADATA, METADATA);
        vm.stopPrank();
    }

    // ---- measurements ----

    function bytes48(bytes32 seed) internal pure returns (bytes memory) {
        return bytes.concat(
            keccak256(bytes.concat(seed, "0")), bytes16(keccak256(bytes.concat(seed, "1")))
        );
    }

    function dcapReport(bytes32 seed) internal pure returns (DCAPReport memory r) {
        r.mrTd = bytes48(keccak256(bytes.concat(seed, "mrtd")));
        for (uint256 i; i < 4; ++i) {
            r.RTMRs[i] = bytes48(keccak256(bytes.concat(seed, "rtmr", bytes1(uint8(i)))));
        }
        r.mrOwner = bytes48(keccak256(bytes.concat(seed, "mrowner")));
        r.mrConfigId = bytes48(keccak256(bytes.concat(seed, "mrconfigid")));
        r.mrConfigOwner = bytes48(keccak256(bytes.concat(seed, "mrconfigowner")));
    }

    function maaReport(bytes32 seed) internal pure returns (MAAReport memory r) {
        for (uint256 i; i < 24; ++i) {
            r.PCRs[i] = keccak256(bytes.concat(seed, "pcr", bytes1(uint8(i))));
        }
    }

    // ---- saying ----

    function word(address a) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(a)));
    }

    function ok(bool condition, string memory what) internal pure {
        if (!condition) revert Failed(what, "no", "yes");
    }

    function eq(uint256 found, uint256 expected, string memory what) internal pure {
        if (found != expected) revert Failed(what, vm.toString(found), vm.toString(expected));
    }

    function eq(bytes32 found, bytes32 expected, string memory what) internal pure {
        if (found != expected) revert Failed(what, vm.toString(found), vm.toString(expected));
    }

    function eq(address found, address expected, string memory what) internal pure {
        if (found != expected) revert Failed(what, vm.toString(found), vm.toString(expected));
    }

    function eq(string memory found, string memory expected, string memory what) internal pure {
        if (keccak256(bytes(found)) != keccak256(bytes(expected))) {
            revert Failed(what, found, expected);
        }
    }

    function eq(bytes memory found, bytes memory expected, string memory what) internal pure {
        eq(keccak256(found), keccak256(expected), what);
    }
}
