// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Head, Pending, PendingPki, Policy, Registrar, Successor, Timed} from "./Types.sol";

/// The storage that both contracts begin with, in the order of LAYOUT.md (layout id 2).  Other programs
/// read it by slot with proofs: nothing may move.  What one contract has alone begins at slot 32.
abstract contract Layout is AccessControl, Ownable2Step {
    // 0 _roles, 1 _owner, 2 _pendingOwner
    Head internal _head; // 3
    Pending internal _pending; // 4
    address internal _predecessor; // 5
    Successor internal _successor; // 6
    bytes32 internal _pkiHash; // 7
    address internal _pkiBody; // 8
    bytes32 internal _backendsHash; // 9
    bytes32 internal _domainsHash; // 10
    mapping(uint16 => Timed) internal _policyHashes; // 11
    mapping(bytes32 => Policy) internal _identities; // 12
    mapping(address => Policy) internal _operators; // 13
    mapping(bytes32 => address) internal _artifacts; // 14
    PendingPki internal _pendingPki; // 15, 16
    string[] internal _domains; // 17
    mapping(bytes32 => Registrar) internal _registrars; // 18, by hash of the name
    string[] internal _backends; // 19
    Timed internal _demands; // 20 to 22
    mapping(address => Policy) internal _verifiers; // 23
    mapping(address => Policy) internal _curators; // 24
    mapping(bytes32 => uint64) internal _attested; // 25, by hash of who asked and for what
    mapping(bytes32 => uint64) internal _published; // 26, by SHA-256
    uint256[5] private _reserved; // 27 to 31
}
