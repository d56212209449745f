/* bytes - borrowed bytes and small fixed values.  Room: base.
 *
 * struct bytes borrows: it is never freed and lives no longer than what it points into.
 * Fixed values are structs, so that they copy by assignment and cannot be swapped by mistake. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *p;
    size_t n;
};

struct hash32 {
    uint8_t b[32];
};

struct addr {
    uint8_t b[20];
};

#define BYTES(array)  ((struct bytes){(const uint8_t *)(array), sizeof(array)})
#define BYTES_OF(val) ((struct bytes){(val).b, sizeof(val).b}) /* hash32, addr */

static inline struct bytes bytes_of_str(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* Not constant time: for public bytes only (secrets: secret_eq, CRYPTO_memcmp). */
static inline bool bytes_eq(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || __builtin_memcmp(a.p, b.p, a.n) == 0);
}

static inline bool hash32_eq(const struct hash32 *a, const struct hash32 *b)
{
    return __builtin_memcmp(a->b, b->b, sizeof a->b) == 0;
}

static inline bool addr_eq(const struct addr *a, const struct addr *b)
{
    return __builtin_memcmp(a->b, b->b, sizeof a->b) == 0;
}

static inline bool bytes_all_zero(struct bytes b)
{
    uint8_t any = 0;

    for (size_t i = 0; i < b.n; i++)
        any |= b.p[i];
    return any == 0;
}

static inline bool hash32_is_zero(const struct hash32 *h)
{
    return bytes_all_zero(BYTES_OF(*h));
}

static inline bool addr_is_zero(const struct addr *a)
{
    return bytes_all_zero(BYTES_OF(*a));
}
