/* contract - what both contracts have in common: settings, lineage, slots.  Room: gov.
 *
 * Source: contracts/LAYOUT.md (layout id 2). */
#pragma once
#include "chain/counter.h"
#include "chain/view.h"
#include "gov/policy.h"

enum gov_layout {
    GOV_LAYOUT_REFERENCE = 1, /* the first contracts; refused by name (ERR_DENIED) */
    GOV_LAYOUT_TEEREG = 2,
};

struct gov_head {
    uint8_t scheme;         /* of identities: 1 or 2 */
    bool rtmr3;             /* RTMR3 is part of an identity */
    bool principal;         /* the allow-list holds principals, not identities */
    bool operator_required; /* the operator's policy word must be active too */
    bool paused;            /* nothing is granted */
    uint32_t pcr_mask;      /* of an Azure identity; 0: there is none */
    uint64_t epoch;
    uint32_t delay;   /* seconds that every grant waits */
    uint64_t version; /* counts all changes of the contract */
    uint16_t layout;  /* enum gov_layout; 0: not a contract of ours */
};

/* Neighbours in the lineage; zero addresses where there are none. */
struct gov_line {
    struct addr predecessor;
    struct addr successor;
    uint64_t successor_from; /* until then it may be taken back and counts for nothing */
};

/* A value that may have another waiting. */
struct gov_timed {
    struct hash32 current, next;
    uint64_t next_from; /* 0: nothing waits */
};

MUST_CHECK enum err_code gov_head_decode(const struct hash32 *word, struct gov_head *ret,
                                         struct err *e);
/* Settings that wait, all together, with the word in GOV_SLOT_PENDING. */
struct gov_pending {
    bool rtmr3, principal, operator_required, paused;
    uint32_t pcr_mask, delay;
    uint64_t from; /* 0: nothing waits */
};
MUST_CHECK enum err_code gov_pending_decode(const struct hash32 *word, struct gov_pending *ret,
                                            struct err *e);
/* The value that holds at the block's time. */
struct hash32 gov_timed_at(const struct gov_timed *t, uint64_t block_timestamp);
/* True when the successor took over: this contract grants nothing more. */
bool gov_line_ended(const struct gov_line *l, uint64_t block_timestamp);
/* ERR_DENIED when the contract is paused or ended, or `delay` is under min_delay; name is for the
 * message ("KMS contract", "application"). */
MUST_CHECK enum err_code gov_contract_live(const struct gov_head *h, const struct gov_line *l,
                                           const struct gov_time *t, uint32_t min_delay,
                                           const char *name, struct err *e);

/* ---- slots ---- */

/* Slots that both contracts begin with, then those that each has alone.  Firmware and paravisors
 * are kept by keccak256(MRTD). */
enum gov_slot {
    GOV_SLOT_ROLES = 0, /* mapping(bytes32 => RoleData), OpenZeppelin's AccessControl */
    GOV_SLOT_OWNER = 1,
    GOV_SLOT_PENDING_OWNER = 2,
    GOV_SLOT_HEAD = 3,
    GOV_SLOT_PENDING = 4,
    GOV_SLOT_PREDECESSOR = 5,
    GOV_SLOT_SUCCESSOR = 6,
    GOV_SLOT_PKI_HASH = 7,
    GOV_SLOT_PKI_BODY = 8, /* address; its code after one byte is abi.encode of the PKI */
    GOV_SLOT_BACKENDS_HASH = 9,
    GOV_SLOT_DOMAINS_HASH = 10,
    GOV_SLOT_POLICY_HASHES = 11, /* mapping(uint16 => Timed) */
    GOV_SLOT_IDENTITIES = 12,    /* mapping(bytes32 => Policy) */
    GOV_SLOT_OPERATORS = 13,     /* mapping(address => Policy) */
    GOV_SLOT_ARTIFACTS = 14,     /* mapping(bytes32 => address) */
    GOV_SLOT_PENDING_PKI = 15,   /* two words */
    GOV_SLOT_DOMAINS = 17,       /* string[]: how many there are */
    GOV_SLOT_REGISTRARS = 18,    /* mapping(bytes32 => Registrar), by keccak256 of the name */
    GOV_SLOT_DEMANDS = 20,       /* Timed */
    GOV_SLOT_VERIFIERS = 23,     /* mapping(address => Policy) */
    GOV_SLOT_CURATORS = 24,      /* mapping(address => Policy) */
    GOV_SLOT_PUBLISHED = 26,     /* mapping(bytes32 => uint64): the block whose log has it */

    GOV_KMS_SLOT_APPLICATIONS = 32, /* mapping(address => Application) */
    GOV_KMS_SLOT_ROOT_ID = 33,
    GOV_KMS_SLOT_COMMITMENT = 34,
    GOV_KMS_SLOT_FIRMWARE = 35,    /* mapping(bytes32 => Policy) */
    GOV_KMS_SLOT_PARAVISORS = 36,  /* mapping(bytes32 => Policy) */
    GOV_KMS_SLOT_ONBOARDINGS = 37, /* mapping(bytes32 => Onboarding) */

    GOV_REGISTRY_SLOT_CONFIGS = 32, /* mapping(bytes32 => Timed) */
};

struct hash32 gov_slot(uint64_t n);
/* Where a contract counts its changes: it never goes back, and decides nothing. */
struct chain_counter gov_change_counter(const struct addr *contract);
/* keccak256(key . n): a mapping's entry; plus `offset` for later words of a struct in it. */
struct hash32 gov_slot_entry(uint64_t n, const struct hash32 *key, uint64_t offset);
/* The word `offset` after the first of a struct. */
struct hash32 gov_slot_after(const struct hash32 *first, uint64_t offset);
struct hash32 gov_slot_of_addr(uint64_t n, const struct addr *key, uint64_t offset);
/* A number or an address as the 32 bytes it fills in a slot or key. */
struct hash32 gov_word_u64(uint64_t v);
struct hash32 gov_word_addr(const struct addr *a);
/* ERR_INVALID when the upper bits, 192 or 96, are not zero. */
MUST_CHECK enum err_code gov_word_to_u64(const struct hash32 *w, uint64_t *ret, struct err *e);
MUST_CHECK enum err_code gov_word_to_addr(const struct hash32 *w, struct addr *ret, struct err *e);
