/* collateral_store - what Intel says about platforms, fetched when it is needed, kept while it is
 * good.  Room: attest.
 *
 * The source (struct collateral_source) of every verifier of a process.  It holds verified objects,
 * a bounded number of them: TCB info by platform, the others once for all platforms.  An object it
 * does not hold is fetched from the origins in their order, by the call that needs it, within that
 * call's deadline; other calls for the same object wait for that one fetch.  No lock is held over a
 * fetch.  What could not be had is remembered for a while, longer each time.  Platforms it has
 * never heard of are looked up at a bounded rate; it is asked only about those whose certificate
 * chain was verified.
 *
 * A thread fetches each object anew about once a day, and earlier where it ends earlier, each at a
 * moment of its own.  When that fails, the old object goes on to be used: whether it is too old is
 * the verifier's question (nextUpdate and the policy's grace), age here is an alarm.  An object
 * does not replace one that was issued later, and none is taken whose evaluation number is below
 * what was seen before (collateral_floor.h).  Any thread. */
#pragma once
#include "attest/collateral_floor.h"
#include "attest/collateral_origin.h"
#include "base/clock.h"

#define COLLATERAL_ORIGINS_MAX  8
#define COLLATERAL_STORE_MAX    128 /* objects */
#define COLLATERAL_GET_MS       10000
#define COLLATERAL_REFRESH_S    86400
#define COLLATERAL_RETRY_S      60 /* after a failure; doubles up to */
#define COLLATERAL_RETRY_MOST_S 3600
#define COLLATERAL_NEWCOMERS    32 /* unknown platforms at once, ... */
#define COLLATERAL_NEWCOMER_S   60 /* ... and one more each so many seconds */

struct collateral_store_config {
    const struct attest_roots *roots; /* NULL: the compiled-in ones */
    collateral_cache *cache;          /* of verified objects; may be NULL */
    const struct clock *clock;
    const char *state_file; /* of evaluation numbers; NULL: none */
    unsigned get_ms;        /* of one call; 0: COLLATERAL_GET_MS */
    unsigned refresh_s;     /* 0: COLLATERAL_REFRESH_S */
    size_t max_objects;     /* at least 8; 0: COLLATERAL_STORE_MAX */
    unsigned newcomers;     /* 0: COLLATERAL_NEWCOMERS */
};

typedef struct collateral_store collateral_store;
/* Borrows roots, cache and clock. */
MUST_CHECK enum err_code collateral_store_new(const struct collateral_store_config *config,
                                              collateral_store **ret, struct err *e);
/* The next one that is asked; taken, also on failure.  Before the store is used. */
MUST_CHECK enum err_code collateral_store_add(collateral_store *s, struct collateral_origin *origin,
                                              struct err *e);
/* Ends the thread, if there is one. */
void collateral_store_free(collateral_store *s);
DEFINE_AUTO(collateral_store, collateral_store_free);

const struct clock *collateral_store_clock(const collateral_store *s);
/* Lives as long as the store. */
const struct collateral_source *collateral_store_source(collateral_store *s);
/* Objects of this platform are never dropped for others' (a node's own). */
void collateral_store_pin(collateral_store *s, const struct collateral_query *q);
/* What it holds for such a platform, as texts: to send along.  Fetches nothing. */
MUST_CHECK enum err_code collateral_store_bundle(collateral_store *s,
                                                 const struct collateral_query *q,
                                                 struct collateral_bundle *ret, struct err *e);

/* ---- refreshing ---- */

/* Fetches one object whose time has come; false: there is none.  What the thread does. */
bool collateral_store_refresh_one(collateral_store *s);
/* The thread; stop waits for the fetch that runs, so up to get_ms.  stop may be called twice. */
MUST_CHECK enum err_code collateral_store_start(collateral_store *s, struct err *e);
void collateral_store_stop(collateral_store *s);

/* ---- what can be seen of it ---- */

struct collateral_item {
    enum collateral_kind kind;
    struct collateral_query query; /* what the kind has no use for is zero */
    bool held;                     /* the next ones count */
    int64_t issued, next_update;   /* unix */
    int64_t fetched;               /* unix: when an origin had it the last time */
    uint32_t evaluation_number;    /* 0: none */
    char origin[256];
    unsigned failures;   /* in a row */
    char problem[512];   /* of the last try; empty: it was good */
    unsigned refresh_in; /* seconds */
};
size_t collateral_store_items(collateral_store *s, struct collateral_item *ret, size_t max);

struct collateral_store_stats {
    uint64_t hits, misses; /* objects that were held, and that were not */
    uint64_t fetched, failed;
    uint64_t waited;  /* for somebody else's fetch */
    uint64_t refused; /* platforms over the rate */
    uint64_t dropped; /* objects for others */
};
void collateral_store_stats(collateral_store *s, struct collateral_store_stats *ret);
/* Why the file of evaluation numbers could not be written; ERR_OK. */
MUST_CHECK enum err_code collateral_store_saved(collateral_store *s, struct err *e);
