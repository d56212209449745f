/* collateral_fetch - one object from the first origin that has a good one.  Room: attest. */
#pragma once
#include "attest/collateral_floor.h"
#include "attest/collateral_origin.h"
#include "base/clock.h"

/* Of what is fetched. */
struct collateral_sources {
    const struct collateral_origin *origins;
    size_t n_origins;
    const struct attest_roots *roots;
    collateral_cache *cache;
    collateral_floors *floors;
    const struct clock *clock;
};

struct collateral_catch {
    collateral_object *object; /* NULL: none */
    struct collateral_text text;
    const struct collateral_origin *origin;
    enum attest_fault fault; /* of the last one that did not verify */
    struct err e;
};
void collateral_catch_done(struct collateral_catch *c);

/* Verified, under key's root, for key's platform, with an evaluation number that is not below the
 * floor.  The first that is in force; else the newest that any origin has.  end_ns: by the system's
 * monotonic clock.  ret begins as zero. */
void collateral_fetch(const struct collateral_sources *from, enum collateral_kind kind,
                      const struct collateral_query *key, uint64_t end_ns,
                      struct collateral_catch *ret);
/* 0 for a kind that has none. */
uint32_t collateral_number(const collateral_object *o);
