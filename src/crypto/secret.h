/* secret - bytes that must never be logged, swapped, dumped or left behind.  Room: crypto.
 *
 * They live in OpenSSL's secure heap: locked, excluded from dumps, between guard pages, wiped on
 * free.  No function prints one.  Small stack copies stand under WIPE_AT_EXIT. */
#pragma once
#include <openssl/crypto.h>
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"

#define SECRET_MAX 16384

struct secret {
    size_t n;
    uint8_t p[];
};
typedef struct secret secret;

/* At process start, before the first secret: RLIMIT_CORE 0, PR_SET_DUMPABLE 0, the secure heap.
 * Refuses (ERR_NOMEM, ERR_IO) when memory cannot be locked: the process must not go on.  Does its
 * work once; later calls repeat the first answer.  secret_new and the makers of private keys call
 * it too, so that there is no secret outside locked memory, whatever a caller forgot. */
MUST_CHECK enum err_code secret_memory_init(struct err *e);

MUST_CHECK enum err_code secret_new(size_t n, secret **ret,
                                    struct err *e); /* zeroed; n <= SECRET_MAX */
MUST_CHECK enum err_code secret_copy(struct bytes from, secret **ret, struct err *e);
void secret_free(secret *s); /* wipes; NULL is fine */
DEFINE_AUTO(secret, secret_free);

static inline struct bytes secret_bytes(const secret *s)
{
    return (struct bytes){s->p, s->n};
}

/* Constant time in the contents. */
static inline bool secret_eq(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

struct wipe {
    void *p;
    size_t n;
};
static inline void wipe_(struct wipe *w)
{
    OPENSSL_cleanse(w->p, w->n);
}
#define WIPE_AT_EXIT(array)                                                                        \
    __attribute__((cleanup(wipe_), unused)) struct wipe wipe_##array = {&(array), sizeof(array)}
