/* rate - a token bucket per key, for a bounded number of keys.  Room: net.
 *
 * A key is a small byte string (an address, a requester).  Each starts with a full bucket.  When
 * the table is full of buckets that are not yet full again, the key shares one overflow bucket with
 * all other newcomers, so that a flood of keys cannot grow memory or push out those who are
 * limited. Thread-safe. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"

typedef struct rate rate;

/* per_second > 0 tokens flow in up to burst >= 1; at most keys_max >= 1 keys are told apart. */
MUST_CHECK enum err_code rate_new(double per_second, double burst, size_t keys_max, rate **ret,
                                  struct err *e);
void rate_free(rate *r);
DEFINE_AUTO(rate, rate_free);

/* Take one token of key at this monotonic time.  False: none left, and *ret_retry_s (at least 1)
 * says after how many seconds there will be one. */
bool rate_take(rate *r, struct bytes key, uint64_t now_ns, unsigned *ret_retry_s);
