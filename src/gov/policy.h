/* policy - the policy word: one storage word answers one question of a release.  Room: gov.
 *
 * Low bit first: u8 state, u16 policy, u64 activeFrom, u64 notAfter (0: none), u32 version, zeros.
 * Source: docs/WIRE.md, "Contract state that decisions need"; contracts/LAYOUT.md. */
#pragma once
#include <stdio.h>
#include "base/bytes.h"
#include "base/err.h"

enum gov_state { GOV_NONE = 0, GOV_ALLOWED = 1, GOV_REVOKED = 2, GOV_FROZEN = 3 };

struct gov_policy {
    enum gov_state state;
    uint16_t policy_id;
    uint64_t active_from, not_after; /* seconds since 1970; the last second is not_after itself */
    uint32_t version;
};

/* ERR_INVALID: a state that does not exist, or bits where zeros must be. */
MUST_CHECK enum err_code gov_policy_decode(const struct hash32 *word, struct gov_policy *ret,
                                           struct err *e);

/* The two times of a decision: "not before" asks the chain, "not after" whoever is later. */
struct gov_time {
    uint64_t block; /* of the finalized block that the word was read at */
    uint64_t now;   /* max(the TEE's clock, block) */
};
struct gov_time gov_time_of(uint64_t block_timestamp, int64_t clock_now);

enum gov_refusal {
    GOV_ACTIVE = 0, /* no refusal */
    GOV_NEVER_SET,
    GOV_IS_REVOKED,
    GOV_IS_FROZEN,
    GOV_NOT_YET,
    GOV_EXPIRED,
};
enum gov_refusal gov_policy_active(const struct gov_policy *p, const struct gov_time *t);
/* "never-set", "revoked", ...: for audit records and JSON. */
const char *gov_refusal_name(enum gov_refusal r);
/* ERR_DENIED "identity: revoked" / "operator 0x..: not active until 2026-11-23T21:00:00Z" ... */
MUST_CHECK enum err_code gov_policy_check(const struct gov_policy *p, const struct gov_time *t,
                                          const char *subject, struct err *e);
