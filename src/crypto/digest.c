#include "crypto/digest.h"

#include <nettle/sha3.h>
#include <pthread.h>

#include "crypto/ossl.h"

/* Fetching an algorithm by name costs more than hashing a short message: once per process. */
static EVP_MD *md256, *md384;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    md256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    md384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
    if (!md256 || !md384)
        ossl_die("OpenSSL has no SHA-2");
}

static void hash_parts(EVP_MD *const *md, const struct bytes *parts, size_t n, uint8_t *ret)
{
    AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
    bool ok;

    pthread_once(&once, load);
    ok = ctx && EVP_DigestInit_ex2(ctx, *md, NULL);
    for (size_t i = 0; ok && i < n; i++)
        ok = parts[i].n == 0 || EVP_DigestUpdate(ctx, parts[i].p, parts[i].n);
    if (!ok || !EVP_DigestFinal_ex(ctx, ret, NULL))
        ossl_die("OpenSSL cannot hash");
}

void sha256_parts(const struct bytes *parts, size_t n, struct hash32 *ret)
{
    hash_parts(&md256, parts, n, ret->b);
}

void sha256(struct bytes data, struct hash32 *ret)
{
    hash_parts(&md256, &data, 1, ret->b);
}

void sha384(struct bytes data, uint8_t ret[static 48])
{
    hash_parts(&md384, &data, 1, ret);
}

/* FIPS 202 §4: rate 1088 bits, capacity 512. */
#define RATE 136

static void absorb(struct sha3_state *st, size_t at, uint8_t v)
{
    st->a[at / 8] ^= (uint64_t)v << (8 * (at % 8));
}

static void absorb_word(struct sha3_state *st, size_t at, const uint8_t p[static 8])
{
    uint64_t word = 0;

    for (int i = 7; i >= 0; i--)
        word = word << 8 | p[i];
    st->a[at / 8] ^= word;
}

void keccak_sponge256(const struct bytes *parts, size_t n, uint8_t pad, struct hash32 *ret)
{
    struct sha3_state st = {{0}};
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        struct bytes b = parts[i];

        while (b.n > 0) {
            size_t step = at % 8 == 0 && b.n >= 8 ? 8 : 1; /* RATE is a multiple of both */

            if (step == 8)
                absorb_word(&st, at, b.p);
            else
                absorb(&st, at, *b.p);
            b = (struct bytes){b.p + step, b.n - step};
            at += step;
            if (at == RATE) {
                sha3_permute(&st);
                at = 0;
            }
        }
    }
    absorb(&st, at, pad);
    absorb(&st, RATE - 1, 0x80);
    sha3_permute(&st);
    for (size_t i = 0; i < sizeof ret->b; i++)
        ret->b[i] = (uint8_t)(st.a[i / 8] >> (8 * (i % 8)));
}

void keccak256_parts(const struct bytes *parts, size_t n, struct hash32 *ret)
{
    keccak_sponge256(parts, n, 0x01, ret);
}

void keccak256(struct bytes data, struct hash32 *ret)
{
    keccak_sponge256(&data, 1, 0x01, ret);
}

/* FIPS 198: the key padded to a block, once with 0x36 inside and once with 0x5c outside. */
static void hmac_parts(struct bytes key, const struct bytes *parts, size_t n, struct hash32 *ret)
{
    AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
    uint8_t block[64] = {0};
    WIPE_AT_EXIT(block);
    struct hash32 inner;
    WIPE_AT_EXIT(inner);
    bool ok;

    if (key.n > sizeof block) {
        sha256(key, &inner);
        memcpy(block, inner.b, sizeof inner.b);
    } else if (key.n > 0) {
        memcpy(block, key.p, key.n);
    }
    pthread_once(&once, load);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36;
    ok = ctx && EVP_DigestInit_ex2(ctx, md256, NULL) && EVP_DigestUpdate(ctx, block, sizeof block);
    for (size_t i = 0; ok && i < n; i++)
        ok = parts[i].n == 0 || EVP_DigestUpdate(ctx, parts[i].p, parts[i].n);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    ok = ok && EVP_DigestFinal_ex(ctx, inner.b, NULL) && EVP_DigestInit_ex2(ctx, md256, NULL) &&
         EVP_DigestUpdate(ctx, block, sizeof block) &&
         EVP_DigestUpdate(ctx, inner.b, sizeof inner.b) && EVP_DigestFinal_ex(ctx, ret->b, NULL);
    if (!ok)
        ossl_die("OpenSSL cannot hash");
}

void hmac_sha256(struct bytes key, struct bytes data, struct hash32 *ret)
{
    hmac_parts(key, &data, 1, ret);
}

void hkdf_sha256_extract(struct bytes salt, struct bytes ikm, struct hash32 *ret)
{
    hmac_parts(salt, &ikm, 1, ret); /* no salt is 32 zero bytes, as HMAC pads it anyway */
}

enum err_code hkdf_sha256_expand(const struct hash32 *prk, struct bytes info, uint8_t *ret,
                                 size_t n, struct err *e)
{
    struct hash32 t = {{0}};
    WIPE_AT_EXIT(t);
    size_t t_n = 0;

    if (n > 255 * sizeof t.b)
        return err_set(e, ERR_TOO_LARGE, "HKDF of %zu bytes: at most %zu", n, 255 * sizeof t.b);
    for (uint8_t i = 1; n > 0; i++) {
        const struct bytes parts[] = {{t.b, t_n}, info, {&i, 1}};
        size_t step = n < sizeof t.b ? n : sizeof t.b;

        hmac_parts(BYTES_OF(*prk), parts, 3, &t);
        memcpy(ret, t.b, step);
        t_n = sizeof t.b;
        ret += step;
        n -= step;
    }
    return ERR_OK;
}

enum err_code hkdf_sha256(struct bytes ikm, struct bytes salt, struct bytes info, uint8_t *ret,
                          size_t n, struct err *e)
{
    struct hash32 prk;
    WIPE_AT_EXIT(prk);

    hkdf_sha256_extract(salt, ikm, &prk);
    return hkdf_sha256_expand(&prk, info, ret, n, e);
}
