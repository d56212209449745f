/* store - content by its SHA-256 from several backends, hashed here whatever they say.
 * Room: store.
 *
 * The id of content is the SHA-256 of its raw bytes, written as 64 lower-case hex digits.  Backends
 * are asked in the order they were added; one that fails or lies is passed over for the next.
 * One thread at a time.  Source: docs/WIRE.md, "Storage". */
#pragma once
#include "base/clock.h"
#include "store/backend.h"

#define STORE_BACKENDS_MAX 33 /* the operator's and those of a contract */

/* What one store may fetch in its life (one resolution of a configuration); zero: the default. */
struct store_limits {
    size_t object_max; /* bytes of one object; 1 MiB */
    size_t total_max;  /* bytes of all objects; 16 MiB */
    size_t count_max;  /* objects fetched; 1024 */
    unsigned total_ms; /* from store_new to the start of the last attempt; 120 000 */
};
#define STORE_OBJECT_MAX ((size_t)1 << 20)

typedef struct store store;

/* limits may be NULL (all defaults); clock is borrowed. */
MUST_CHECK enum err_code store_new(const struct store_limits *limits, const struct clock *clock,
                                   store **ret, struct err *e);
void store_free(store *s);
DEFINE_AUTO(store, store_free);

/* Takes over what *b holds and empties it, also on failure (ERR_TOO_LARGE: too many). */
MUST_CHECK enum err_code store_add(store *s, struct store_backend *b, struct err *e);

void store_id_of(struct bytes content, struct hash32 *ret);

/* The content whose SHA-256 is id, appended to ret.  When no backend gives it the message says why
 * for each; ERR_NOT_FOUND: nobody has it; ERR_VERIFY: somebody gave other bytes; ERR_TOO_LARGE: a
 * limit of this store, or of ret; ERR_TIMEOUT: its time is over; otherwise ERR_UPSTREAM. */
MUST_CHECK enum err_code store_fetch(store *s, enum store_kind kind, const struct hash32 *id,
                                     struct buf *ret, struct err *e);

/* Puts content into every backend that takes any; ERR_OK when at least one did, ERR_UPSTREAM (with
 * each one's reason) when none did. */
MUST_CHECK enum err_code store_put(store *s, enum store_kind kind, struct bytes content,
                                   struct hash32 *ret_id, struct err *e);
