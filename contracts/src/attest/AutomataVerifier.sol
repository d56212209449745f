// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttestationVerifier} from "../Interfaces.sol";
import {Der} from "./Der.sol";

/// The entry of automata-dcap-attestation 1.1, as deployed by Automata.
interface IAutomataDcapAttestation {
    function verifyAndAttestOnChain(bytes calldata rawQuote)
        external
        payable
        returns (bool success, bytes memory output);
}

/// Asks Automata's deployed verifier.  The evidence is the raw quote, with its PEM chain.  Signatures,
/// chain, revocation, TCB and the quoting enclave are that contract's word, and so is its collateral; what
/// it does not look at - status, attributes, XFAM, service TD, report data - is checked here on the body
/// that it returns.  No fee is paid: where one is asked, the call reverts.
contract AutomataVerifier is IAttestationVerifier {
    uint64 private constant XFAM_FIXED = 0x3;
    uint64 private constant XFAM_KNOWN = 0x6dbe7;
    uint64 private constant MIGRATABLE = 1 << 29;
    uint256 private constant PREFIX = 11; // version 2, body type 2, status 1, FMSPC 6

    IAutomataDcapAttestation public immutable VERIFIER;
    /// Bit i: Automata's TCB status i is accepted (0 is UpToDate).
    uint16 public immutable STATUSES;
    uint64 public immutable ATTRIBUTES_REQUIRED;
    uint64 public immutable ATTRIBUTES_ALLOWED;

    error BadPolicy();
    error NotGenuine();
    error BadOutput();
    error NotTdx();
    error TcbRefused(uint8 status);
    error Debuggable();
    error BadAttributes();
    error BadXfam();
    error BadServiceTd();
    error BadReportData();

    constructor(
        IAutomataDcapAttestation verifier,
        uint16 statuses,
        uint64 attributesRequired,
        uint64 attributesAllowed
    ) {
        // 7 is Revoked, 8 an enclave of no known level
        if (statuses & 0x180 != 0) revert BadPolicy();
        if (attributesAllowed & (0xff | MIGRATABLE) != 0) revert BadPolicy();
        if (attributesRequired & ~attributesAllowed != 0) revert BadPolicy();
        VERIFIER = verifier;
        STATUSES = statuses;
        ATTRIBUTES_REQUIRED = attributesRequired;
        ATTRIBUTES_ALLOWED = attributesAllowed;
    }

    function verify(bytes calldata evidence, bytes32[2] calldata reportData, uint32)
        external
        override
        returns (uint8 kind, bytes memory measurements)
    {
        (bool genuine, bytes memory out) = VERIFIER.verifyAndAttestOnChain(evidence);
        if (!genuine) revert NotGenuine();
        return (1, _judge(out, reportData));
    }

    function _judge(bytes memory out, bytes32[2] calldata reportData)
        private
        view
        returns (bytes memory m)
    {
        if (out.length < PREFIX + 584) revert BadOutput();
        bytes32 w = Der.word(out, 0);
        uint256 version = uint16(bytes2(w));
        uint256 body = uint16(bytes2(w << 16));
        if ((version != 4 && version != 5) || (body != 2 && body != 3)) revert NotTdx();
        uint8 status = uint8(w[4]);
        if (status > 15 || STATUSES >> status & 1 == 0) revert TcbRefused(status);
        uint64 attributes = _le(out, PREFIX + 120);
        if (attributes & 0xff != 0) revert Debuggable();
        if (attributes & ATTRIBUTES_REQUIRED != ATTRIBUTES_REQUIRED) revert BadAttributes();
        if (attributes & ~ATTRIBUTES_ALLOWED != 0) revert BadAttributes();
        uint64 xfam = _le(out, PREFIX + 128);
        if (xfam & XFAM_FIXED != XFAM_FIXED || xfam & ~XFAM_KNOWN != 0) revert BadXfam();
        if (body == 3) {
            if (out.length < PREFIX + 648) revert BadOutput();
            bool none =
                Der.word(out, PREFIX + 600) == 0 && bytes16(Der.word(out, PREFIX + 632)) == 0;
            if (!none) revert BadServiceTd();
        }
        if (
            Der.word(out, PREFIX + 520) != reportData[0]
                || Der.word(out, PREFIX + 552) != reportData[1]
        ) revert BadReportData();
        m = new bytes(400);
        assembly ("memory-safe") {
            mcopy(add(m, 32), add(out, 163), 400) // 32 + PREFIX + 120
        }
    }

    function _le(bytes memory d, uint256 off) private pure returns (uint64 v) {
        uint256 w = uint256(Der.word(d, off));
        for (uint256 i; i < 8; ++i) {
            v |= uint64((w >> (248 - 8 * i) & 0xff) << (8 * i));
        }
    }
}
