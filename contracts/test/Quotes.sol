// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Collateral} from "../src/attest/Collateral.sol";
import {TdxVerifier} from "../src/attest/TdxVerifier.sol";
import {Base} from "./Base.sol";

interface VmFiles {
    function readFileBinary(string calldata path) external view returns (bytes memory);
}

/// The same statements under the root of tests/vectors/dcap/roots, whose key is nobody's secret.
contract TestRootCollateral is Collateral {
    function _root() internal pure override returns (bytes32 x, bytes32 y) {
        x = 0x7a8621dbf20f66df12b8fbba5994ebfb6b7db6c9c4eaccca7d3977e52be6a3ab;
        y = 0x6575c33f08b13aa276fd90aabbe111de83389c74ab770ef38e43feffaa24e2e1;
    }
}

/// Real quotes and collateral of tests/vectors/dcap, made into what is sent onchain.
abstract contract Quotes is Base {
    string internal constant DIR = "../tests/vectors/dcap/";

    /// Deploys TdxVerifier with the policy of every day: UpToDate, SEPT_VE_DISABLE set, PKS allowed.
    function tdxVerifier(Collateral c) internal returns (TdxVerifier) {
        return tdxVerifier(c, 1 << 1, 0);
    }

    function tdxVerifier(Collateral c, uint16 statuses, uint32 least)
        internal
        returns (TdxVerifier)
    {
        bytes memory args = abi.encode(c, statuses, least, uint64(1 << 28), uint64(5 << 28));
        return TdxVerifier(create(code("TdxVerifier"), args));
    }

    function newCollateral() internal returns (Collateral) {
        return Collateral(create(code("Collateral"), ""));
    }

    /// With TEEREG_COMMITTED=true the bytecode that is committed.
    function code(string memory name) internal view returns (bytes memory) {
        if (!vm.envOr("TEEREG_COMMITTED", false)) {
            return vm.getCode(string.concat(name, ".sol:", name));
        }
        return
            vm.parseJsonBytes(vm.readFile(string.concat("artifacts/", name, ".json")), ".bytecode");
    }

    function create(bytes memory init, bytes memory args) internal returns (address made) {
        init = bytes.concat(init, args);
        assembly ("memory-safe") {
            made := create(0, add(init, 32), mload(init))
            if iszero(made) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }

    function file(string memory name) internal view returns (bytes memory) {
        return VmFiles(address(vm)).readFileBinary(string.concat(DIR, name));
    }

    // ---- quotes ----

    /// The quote up to its certification data, and the DER of the first certificate in that.
    function split(bytes memory q) internal pure returns (bytes memory quote, bytes memory pck) {
        uint256 body = q[0] == 0x05 ? 54 + le(q, 50, 4) : 48 + 584;
        uint256 n = body + 4 + 590 + le(q, body + 4 + 582, 2);
        quote = slice(q, 0, n);
        pck = pem(slice(q, n, q.length - n), 0);
    }

    function evidence(bytes memory q) internal pure returns (bytes memory) {
        (bytes memory quote, bytes memory pck) = split(q);
        return abi.encode(quote, pck);
    }

    function reportData(bytes memory q) internal pure returns (bytes32[2] memory) {
        uint256 body = q[0] == 0x05 ? 54 : 48;
        bytes memory d = slice(q, body + 520, 64);
        return abi.decode(d, (bytes32[2]));
    }

    function le(bytes memory d, uint256 off, uint256 n) internal pure returns (uint256 v) {
        for (uint256 i = n; i > 0; --i) {
            v = v << 8 | uint8(d[off + i - 1]);
        }
    }

    function slice(bytes memory d, uint256 off, uint256 n) internal pure returns (bytes memory s) {
        require(off + n <= d.length, "slice");
        s = new bytes(n);
        assembly ("memory-safe") {
            mcopy(add(s, 32), add(add(d, 32), off), n)
        }
    }

    // ---- PEM ----

    bytes private constant BEGIN = "-----BEGIN CERTIFICATE-----";
    bytes private constant END = "-----END CERTIFICATE-----";

    /// DER of the certificate of this number.
    function pem(bytes memory text, uint256 number) internal pure returns (bytes memory) {
        uint256 from = find(text, BEGIN, 0);
        for (uint256 i; i < number; ++i) {
            from = find(text, BEGIN, from + 1);
        }
        from += BEGIN.length;
        uint256 to = find(text, END, from);
        bytes memory b = new bytes(to - from);
        uint256 n;
        for (uint256 i = from; i < to; ++i) {
            if (text[i] > 0x20) b[n++] = text[i];
        }
        assembly ("memory-safe") {
            mstore(b, n)
        }
        return Base64.decode(string(b));
    }

    function find(bytes memory text, bytes memory part, uint256 from)
        internal
        pure
        returns (uint256)
    {
        bytes32 wanted = keccak256(part);
        uint256 n = part.length;
        for (uint256 i = from; i + n <= text.length; ++i) {
            if (text[i] != part[0]) continue;
            bytes32 h;
            assembly ("memory-safe") {
                h := keccak256(add(add(text, 32), i), n)
            }
            if (h == wanted) return i;
        }
        revert("not found");
    }

    // ---- collateral ----

    struct Bundle {
        bytes rootCrl;
        bytes ca;
        bytes pckCrl;
        Signed tcb;
        Signed qe;
    }

    struct Signed {
        bytes json;
        bytes32 r;
        bytes32 s;
        bytes signer;
    }

    function bundle(string memory name) internal view returns (Bundle memory b) {
        string memory json = vm.readFile(string.concat(DIR, name));
        b.rootCrl = vm.parseBytes(member(json, ".root_ca_crl"));
        b.ca = pem(bytes(member(json, ".pck_crl_issuer_chain")), 0);
        b.pckCrl = vm.parseBytes(member(json, ".pck_crl"));
        b.tcb = signed(json, ".tcb_info");
        b.qe = signed(json, ".qe_identity");
    }

    function member(string memory json, string memory key) private view returns (string memory) {
        return vm.keyExistsJson(json, key) ? vm.parseJsonString(json, key) : "";
    }

    function signed(string memory json, string memory key) private view returns (Signed memory s) {
        s.json = bytes(member(json, key));
        bytes memory sig = vm.parseBytes(member(json, string.concat(key, "_signature")));
        require(sig.length == 64, "signature length");
        (s.r, s.s) = abi.decode(sig, (bytes32, bytes32));
        s.signer = pem(bytes(member(json, string.concat(key, "_issuer_chain"))), 0);
    }

    function post(Collateral c, Bundle memory b) internal {
        c.postRootCrl(b.rootCrl);
        c.postPckCrl(c.postPckCa(b.ca), b.pckCrl);
        c.postTcbInfo(b.tcb.json, b.tcb.r, b.tcb.s, b.tcb.signer);
        c.postQeIdentity(b.qe.json, b.qe.r, b.qe.s, b.qe.signer);
    }
}
