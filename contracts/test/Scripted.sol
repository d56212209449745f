// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttestationVerifier} from "../src/Interfaces.sol";

/// A verifier that measures whatever it is given as a TD: what the contracts do with a verifier's word is
/// tested with it, and what a verifier finds with the real ones.
contract ScriptedVerifier is IAttestationVerifier {
    bytes32[2] public asked;
    bytes public made;
    uint8 public kind = 1;
    uint32 public mask;

    error Refused();

    /// From now on this is the answer, whatever the evidence.
    function say(uint8 kind_, bytes calldata measurements) external {
        (kind, made) = (kind_, measurements);
    }

    function verify(bytes calldata evidence, bytes32[2] calldata reportData, uint32 pcrMask)
        external
        returns (uint8, bytes memory m)
    {
        if (keccak256(evidence) == keccak256("bad")) revert Refused();
        (asked, mask) = (reportData, pcrMask);
        m = made;
        if (m.length == 0) {
            m = new bytes(400);
            for (uint256 i; i < evidence.length && i < 400; ++i) {
                m[i] = evidence[i];
            }
        }
        return (kind, m);
    }
}
