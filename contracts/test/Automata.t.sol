// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AutomataVerifier, IAutomataDcapAttestation} from "../src/attest/AutomataVerifier.sol";
import {Quotes} from "./Quotes.sol";

/// Answers as automata-dcap-attestation 1.1 does: version, body type, status, FMSPC, body, advisories.
contract ScriptedAutomata is IAutomataDcapAttestation {
    bool private genuine = true;
    bytes private output;
    uint256 private fee;

    function say(bool genuine_, bytes calldata output_, uint256 fee_) external {
        (genuine, output, fee) = (genuine_, output_, fee_);
    }

    function verifyAndAttestOnChain(bytes calldata) external payable returns (bool, bytes memory) {
        require(msg.value >= fee, "fee");
        return (genuine, output);
    }
}

contract AutomataTest is Quotes {
    ScriptedAutomata private a;
    AutomataVerifier private v;
    bytes private q;

    function setUp() public {
        a = new ScriptedAutomata();
        bytes memory args = abi.encode(a, uint16(1), uint64(1 << 28), uint64(5 << 28));
        v = AutomataVerifier(create(code("AutomataVerifier"), args));
        q = file("quotes/tdx_v4_b0c06f_phala.bin");
        a.say(true, output(q, 0), 0);
    }

    function output(bytes memory quote, uint8 status) private pure returns (bytes memory) {
        bool five = quote[0] == 0x05;
        uint16 kind = five ? uint16(le(quote, 48, 2)) : 2;
        bytes memory body = slice(quote, five ? 54 : 48, kind == 3 ? 648 : 584);
        return abi.encodePacked(
            uint16(five ? 5 : 4), kind, status, hex"b0c06f000000", body, abi.encode(new string[](0))
        );
    }

    function refuse(bytes memory out, bytes memory why) private {
        a.say(true, out, 0);
        vm.expectRevert(why);
        v.verify(q, reportData(q), 0);
    }

    /// The output with one byte set.
    function with(uint256 off, uint8 value) private view returns (bytes memory out) {
        out = output(q, 0);
        out[off] = bytes1(value);
    }

    function test_what_automata_finds_genuine_is_measured() public {
        (uint8 kind, bytes memory m) = v.verify(q, reportData(q), 0);
        eq(kind, 1, "kind");
        eq(m, slice(q, 48 + 120, 400), "attributes to RTMR3");
        bytes memory five = file("quotes/tdx_v5_b3_90c06f_google.bin");
        a.say(true, output(five, 0), 0);
        (, m) = v.verify(five, reportData(five), 0);
        eq(m, slice(five, 54 + 120, 400), "of version 5");
    }

    function test_what_automata_does_not_find_genuine_is_refused() public {
        a.say(false, output(q, 0), 0);
        vm.expectRevert(AutomataVerifier.NotGenuine.selector);
        v.verify(q, reportData(q), 0);
    }

    function test_what_automata_does_not_look_at_is_checked() public {
        refuse(output(q, 1), abi.encodeWithSelector(AutomataVerifier.TcbRefused.selector, 1));
        refuse(output(q, 200), abi.encodeWithSelector(AutomataVerifier.TcbRefused.selector, 200));
        refuse(with(1, 3), abi.encodePacked(AutomataVerifier.NotTdx.selector));
        refuse(with(3, 1), abi.encodePacked(AutomataVerifier.NotTdx.selector));
        refuse(with(11 + 120, 1), abi.encodePacked(AutomataVerifier.Debuggable.selector));
        refuse(with(11 + 121, 1), abi.encodePacked(AutomataVerifier.BadAttributes.selector));
        refuse(with(11 + 123, 0), abi.encodePacked(AutomataVerifier.BadAttributes.selector));
        refuse(with(11 + 123, 0x30), abi.encodePacked(AutomataVerifier.BadAttributes.selector));
        refuse(with(11 + 128, 0xe6), abi.encodePacked(AutomataVerifier.BadXfam.selector));
        refuse(with(11 + 135, 0x80), abi.encodePacked(AutomataVerifier.BadXfam.selector));
        refuse(with(11 + 520, 0), abi.encodePacked(AutomataVerifier.BadReportData.selector));
        refuse(with(11 + 583, 0xff), abi.encodePacked(AutomataVerifier.BadReportData.selector));
        refuse(slice(output(q, 0), 0, 594), abi.encodePacked(AutomataVerifier.BadOutput.selector));
        refuse("", abi.encodePacked(AutomataVerifier.BadOutput.selector));
    }

    function test_a_service_td_is_refused() public {
        bytes memory five = file("quotes/tdx_v5_b3_90c06f_alibaba.bin");
        a.say(true, output(five, 0), 0);
        vm.expectRevert(AutomataVerifier.BadServiceTd.selector);
        v.verify(five, reportData(five), 0);
    }

    function test_where_a_fee_is_asked_nothing_verifies() public {
        a.say(true, output(q, 0), 1);
        vm.expectRevert();
        v.verify(q, reportData(q), 0);
    }

    function test_a_policy_cannot_allow_what_is_never_safe() public {
        vm.expectRevert(AutomataVerifier.BadPolicy.selector);
        new AutomataVerifier(a, 1 << 7, 0, 0);
        vm.expectRevert(AutomataVerifier.BadPolicy.selector);
        new AutomataVerifier(a, 1, 0, 1);
        vm.expectRevert(AutomataVerifier.BadPolicy.selector);
        new AutomataVerifier(a, 1, 0, 1 << 29);
        vm.expectRevert(AutomataVerifier.BadPolicy.selector);
        new AutomataVerifier(a, 1, 1 << 28, 0);
    }

    function testFuzz_any_output_is_refused_or_measured(bytes calldata out) public {
        a.say(true, out, 0);
        bytes32[2] memory d;
        try v.verify(q, d, 0) returns (uint8, bytes memory m) {
            eq(m.length, 400, "length");
        } catch {}
    }
}
