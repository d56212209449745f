/* facts - what was read of the contracts at one block, for the next one who asks.  Room: chain.
 *
 * A table of bounded size; what does not fit is not remembered.  Its order is seeded, so that
 * nobody who chooses addresses can make it slow.  Not thread-safe: the view that owns it locks. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"

struct fact_key {
    struct addr contract;
    bool code;          /* the keccak256 of the contract's code; else a storage slot */
    struct hash32 slot; /* zero for code */
};

typedef struct facts facts;
MUST_CHECK enum err_code facts_new(facts **ret, struct err *e);
void facts_free(facts *f);
DEFINE_AUTO(facts, facts_free);

/* True and the value when it is known; remembers that it was asked for. */
bool facts_get(facts *f, const struct fact_key *key, struct hash32 *ret);
/* A table of FACTS_MAX begins anew: a flood of keys must not keep out those that follow. */
void facts_put(facts *f, const struct fact_key *key, const struct hash32 *value);
/* Up to max keys that are worth reading again at the next block: those asked for at this one or at
 * one of the FACTS_IDLE_MAX before; the ones that were asked for here come first. */
size_t facts_wanted(const facts *f, struct fact_key *ret, size_t max);
/* Up to max of all that is known, with its values. */
size_t facts_all(const facts *f, struct fact_key *ret, struct hash32 *ret_values, size_t max);
/* Takes over from the table of the block before how long each key has been idle. */
void facts_age(facts *f, const facts *before);

#define FACTS_MAX      1024
#define FACTS_IDLE_MAX 32 /* blocks */
