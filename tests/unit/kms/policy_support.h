/* policy_support - what tests need of attestation policies that contracts name.  Room: tests. */
#pragma once
#include "unit/kms/release_support.h"

/* Simulated collateral is of evaluation 17. */
static inline struct attest_policy wants_evaluation(uint32_t n)
{
    struct attest_policy p = attest_policy_default;

    p.min_evaluation_number = n;
    return p;
}

static inline struct hash32 hash_of(const struct attest_policy *p)
{
    struct hash32 h;
    struct err e = {0};

    world_must(attest_policy_hash(p, &h, &e), &e, "hash");
    return h;
}

static inline void set_hash(struct world *w, const struct addr *contract, uint16_t id,
                            struct hash32 hash)
{
    const struct hash32 key = gov_word_u64(id);

    world_set(w, contract, gov_slot_entry(GOV_SLOT_POLICY_HASHES, &key, 0), hash);
}

/* The contract names it, and has its body. */
static inline void publish(struct world *w, const struct addr *contract, uint16_t id,
                           const struct attest_policy *p)
{
    struct err e = {0};

    set_hash(w, contract, id, hash_of(p));
    buf_clear(&w->artifact);
    world_must(attest_policy_body(p, &w->artifact, &e), &e, "body");
    w->artifact_of = *contract;
}

static inline void identity_under(struct world *w, uint16_t id)
{
    const struct hash32 identity = world_identity(w, &w->app_a, &w->td_a, false);

    world_set_identity(w, &w->app_a, &identity, world_policy(GOV_ALLOWED, id, 1, 0));
}
