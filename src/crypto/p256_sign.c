/* Signatures and key agreement with whole keys; the fast path of verification is p256_pub.c. */
#include <gcrypt.h>
#include <pthread.h>

#include "crypto/digest.h"
#include "crypto/ossl.h"
#include "crypto/p256.h"

#define DER_SIG_MAX 72

enum err_code p256_sign(EVP_PKEY *key, struct bytes msg, struct buf *ret_der, struct err *e)
{
    AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
    uint8_t sig[DER_SIG_MAX];
    size_t n = sizeof sig;

    if (!p256_is_key(key))
        return err_set(e, ERR_INVALID, "not a P-256 key");
    if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, sig, &n, msg.p, msg.n) != 1)
        return ossl_err(e, ERR_INTERNAL, "ECDSA signature");
    buf_put(ret_der, (struct bytes){sig, n});
    return buf_check(ret_der, e);
}

enum err_code p256_verify(EVP_PKEY *key, struct bytes msg, struct bytes sig_der, struct err *e)
{
    AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();

    if (!p256_is_key(key))
        return err_set(e, ERR_INVALID, "not a P-256 key");
    if (!ctx || EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) != 1)
        return ossl_err(e, ERR_INTERNAL, "ECDSA verification");
    if (EVP_DigestVerify(ctx, sig_der.p, sig_der.n, msg.p, msg.n) != 1) {
        ossl_forget();
        return err_set(e, ERR_VERIFY, "the signature does not hold");
    }
    return ERR_OK;
}

enum err_code p256_ecdh(EVP_PKEY *own, EVP_PKEY *peer, secret **ret, struct err *e)
{
    AUTO(EVP_PKEY_CTX) ctx = NULL;
    AUTO(secret) x = NULL;
    size_t n = 32;

    if (!p256_is_key(own) || !p256_is_key(peer))
        return err_set(e, ERR_INVALID, "not a P-256 key");
    TRY(secret_new(n, &x, e));
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    /* A peer is on the curve from when it was read, and every point there but infinity (which has
     * no uncompressed form) is of the group's order: to check that again costs as much as the rest.
     */
    if (!ctx || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1 ||
        EVP_PKEY_derive(ctx, x->p, &n) != 1 || n != x->n)
        return ossl_err(e, ERR_INVALID, "ECDH");
    *ret = TAKE(x);
    return ERR_OK;
}

/* RFC 6979: OpenSSL 3.0 cannot, so libgcrypt signs.  Its own secure memory is not enough: taking an
 * S-expression apart copies the key into ordinary memory, which is freed unwiped.  So all that it
 * allocates comes from the heap of secrets. */
typedef struct gcry_sexp gcry_sexp;
DEFINE_AUTO(gcry_sexp, gcry_sexp_release);

static void *gcrypt_alloc(size_t n)
{
    return OPENSSL_secure_malloc(n ? n : 1);
}

static int gcrypt_is_secure(const void *p)
{
    return CRYPTO_secure_allocated(p);
}

/* What it made before these were set came from malloc. */
static void gcrypt_free(void *p)
{
    if (CRYPTO_secure_allocated(p))
        OPENSSL_secure_clear_free(p, OPENSSL_secure_actual_size(p));
    else
        free(p);
}

static void *gcrypt_realloc(void *p, size_t n)
{
    void *bigger;
    size_t was;

    if (!p)
        return gcrypt_alloc(n);
    if (!CRYPTO_secure_allocated(p))
        return realloc(p, n);
    was = OPENSSL_secure_actual_size(p);
    if (n <= was)
        return p;
    bigger = gcrypt_alloc(n);
    if (bigger) {
        memcpy(bigger, p, was);
        gcrypt_free(p);
    }
    return bigger;
}

static bool gcrypt_ready;
static pthread_once_t gcrypt_once = PTHREAD_ONCE_INIT;

static void gcrypt_load(void)
{
    struct err e;

    if (secret_memory_init(&e) != ERR_OK)
        return;
    gcry_set_allocation_handler(gcrypt_alloc, gcrypt_alloc, gcrypt_is_secure, gcrypt_realloc,
                                gcrypt_free);
    if (!gcry_check_version("1.8.0"))
        return;
    gcry_control(GCRYCTL_DISABLE_SECMEM);
    gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    gcrypt_ready = true;
}

static BIGNUM *number_of(gcry_sexp_t sig, const char *name)
{
    AUTO(gcry_sexp) part = gcry_sexp_find_token(sig, name, 0);
    size_t n = 0;
    const char *p = part ? gcry_sexp_nth_data(part, 1, &n) : NULL;

    return p && n <= 33 ? BN_bin2bn((const uint8_t *)p, (int)n, NULL) : NULL;
}

/* DER of (r, s) with s at most half of the order: the lower of the two that verify. */
static enum err_code put_low_s(gcry_sexp_t sig, struct buf *ret_der, struct err *e)
{
    const BIGNUM *order = EC_GROUP_get0_order(ossl_p256());
    AUTO(ECDSA_SIG) der = ECDSA_SIG_new();
    AUTO(BIGNUM) r = number_of(sig, "r");
    AUTO(BIGNUM) s = number_of(sig, "s");
    AUTO(BIGNUM) other = BN_new();
    uint8_t out[DER_SIG_MAX + 8], *at = out;
    int n;

    if (!der || !r || !s || !other || !BN_sub(other, order, s))
        return ossl_err(e, ERR_INTERNAL, "RFC 6979 signature");
    if (!ECDSA_SIG_set0(der, r, BN_cmp(other, s) < 0 ? other : s))
        return ossl_err(e, ERR_INTERNAL, "RFC 6979 signature");
    r = NULL; /* the signature owns r and the s it took */
    if (ECDSA_SIG_get0_s(der) == other)
        other = NULL;
    else
        s = NULL;
    n = i2d_ECDSA_SIG(der, NULL);
    if (n <= 0 || n > DER_SIG_MAX || i2d_ECDSA_SIG(der, &at) != n)
        return ossl_err(e, ERR_INTERNAL, "RFC 6979 signature");
    buf_put(ret_der, (struct bytes){out, (size_t)n});
    return buf_check(ret_der, e);
}

enum err_code p256_sign_deterministic(const EVP_PKEY *key, struct bytes msg, struct buf *ret_der,
                                      struct err *e)
{
    AUTO(secret) d = NULL;
    AUTO(gcry_sexp) priv = NULL;
    AUTO(gcry_sexp) data = NULL;
    AUTO(gcry_sexp) sig = NULL;
    struct hash32 digest;

    pthread_once(&gcrypt_once, gcrypt_load);
    if (!gcrypt_ready)
        return err_set(e, ERR_NOMEM, "libgcrypt could not start with locked memory");
    TRY(p256_scalar(key, &d, e));
    sha256(msg, &digest);
    if (gcry_sexp_build(&priv, NULL, "(private-key (ecc (curve \"NIST P-256\") (d %b)))", (int)d->n,
                        d->p) != 0 ||
        gcry_sexp_build(&data, NULL, "(data (flags rfc6979) (hash sha256 %b))", 32, digest.b) !=
            0 ||
        gcry_pk_sign(&sig, data, priv) != 0)
        return err_set(e, ERR_INTERNAL, "RFC 6979 signature: libgcrypt refused");
    return put_low_s(sig, ret_der, e);
}
