/* challenge - stateless nonces that nobody else can make, each good once.  Room: kms.
 *
 * nonce[32] = random[12] || u32be expiry || HMAC-SHA256(key, "teereg-challenge-v2\0" || u8 len ||
 * purpose || app[20] || random || expiry)[0..15].  Checking needs no state; only spent ones are
 * remembered, until they expire, in a bounded set; time never goes back for them.  All functions
 * may be called from any thread. */
#pragma once
#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "crypto/secret.h"

#define CHALLENGE_LIFETIME_S  60
#define CHALLENGE_PURPOSE_MAX 64
#define CHALLENGE_SPENT_MAX   (1u << 19) /* by default: 8700 a second for a minute, 16 bytes each */

typedef struct challenges challenges;
/* key: 32 bytes, copied.  clock is borrowed.  max_spent 0: CHALLENGE_SPENT_MAX. */
MUST_CHECK enum err_code challenges_new(struct bytes key, const struct clock *clock,
                                        size_t max_spent, challenges **ret, struct err *e);
void challenges_free(challenges *c);
DEFINE_AUTO(challenges, challenges_free);

/* ERR_INVALID when purpose is empty or longer than CHALLENGE_PURPOSE_MAX. */
MUST_CHECK enum err_code challenge_make(challenges *c, const char *purpose, const struct addr *app,
                                        struct hash32 *ret, uint32_t *ret_expires, struct err *e);
/* MAC and expiry, nothing is remembered.  ERR_VERIFY: not ours, or for another purpose or
 * application; ERR_TIMEOUT: expired (or from further ahead than any node would make). */
MUST_CHECK enum err_code challenge_check(challenges *c, const struct hash32 *nonce,
                                         const char *purpose, const struct addr *app,
                                         struct err *e);
/* Of a nonce that was checked, exactly one caller gets ERR_OK; ERR_DENIED: it was spent already, or
 * expired meanwhile; ERR_BUSY: too many are remembered (nothing is forgotten early). */
MUST_CHECK enum err_code challenge_spend(challenges *c, const struct hash32 *nonce, struct err *e);

/* For vectors: with a given random and expiry. */
MUST_CHECK enum err_code challenge_make_with(struct bytes key, const char *purpose,
                                             const struct addr *app,
                                             const uint8_t random[static 12], uint32_t expiry,
                                             struct hash32 *ret, struct err *e);
