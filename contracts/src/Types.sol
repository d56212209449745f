// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// ---- of the reference's ABI: names, order and types are permanent ----

struct DCAPEvent {
    uint32 Index;
    uint32 EventType;
    bytes EventPayload;
    bytes32 Digest;
}

struct DCAPReport {
    bytes mrTd;
    bytes[4] RTMRs;
    bytes mrOwner;
    bytes mrConfigId;
    bytes mrConfigOwner;
}

struct MAAReport {
    bytes32[24] PCRs;
}

struct AppPKI {
    bytes ca;
    bytes pubkey;
    bytes attestation;
}

struct OnboardRequest {
    bytes pubkey;
    int256 nonce;
    address operator;
    bytes attestation;
}

// ---- ours; how they lie in storage is written in LAYOUT.md ----

/// One word answers one question: is this subject allowed, under which policy, from when, until when?
struct Policy {
    uint8 state; // NONE, ALLOWED, REVOKED, FROZEN
    uint16 policyId;
    uint64 activeFrom;
    uint64 notAfter; // the last second; 0: no end
    uint32 version; // counts the changes of this word
}

/// The contract's settings in one word.
struct Head {
    uint8 scheme; // of identities: 1 (the reference's formula) or 2
    bool rtmr3; // RTMR3 is part of an identity
    bool principal; // the allow-list holds principals, not identities
    bool operatorRequired;
    bool paused; // nothing is granted
    uint32 pcrMask; // PCRs of an Azure identity, bit i = PCR i; 0: there is none
    uint64 epoch;
    uint32 delay; // seconds that every grant waits
    uint64 version; // counts all changes of the contract
    uint16 layoutId; // 2
}

/// Settings that wait; only `applySettings` brings them into force, so a decision reads the head alone.
struct Pending {
    bool rtmr3;
    bool principal;
    bool operatorRequired;
    bool paused;
    uint32 pcrMask;
    uint32 delay;
    uint64 from; // 0: nothing waits
}

struct Successor {
    address account;
    uint64 from;
}

/// A value and the one that follows it; in force is `next` from `nextFrom` on (0: nothing waits).
struct Timed {
    bytes32 current;
    bytes32 next;
    uint64 nextFrom;
}

/// Who registered a name, and the last second of it without a heartbeat.
struct Registrar {
    address account;
    uint64 until;
}

/// A waiting PKI: until `applyPKI` the one before holds.
struct PendingPki {
    bytes32 hash;
    address body;
    uint64 from;
}

struct Application {
    Policy policy;
    bytes32 codeHash; // of the application's contract when it was allowed
    uint16 layoutId; // 1: the reference's, 2: ours
}

struct Onboarding {
    address body; // code that holds the request; zero: none
    uint64 expiry;
    bool closed;
}
