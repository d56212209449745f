/* Keys: making, reading and writing them.  Signatures are in p256_sign.c. */
#include "crypto/p256.h"

#include <openssl/core_names.h>
#include <pthread.h>

#include "base/rd.h"
#include "crypto/ossl.h"
#include "crypto/pem.h"

/* SPKI of a P-256 point (RFC 5480): everything before 04 || X || Y. */
static const uint8_t spki_head[26] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

/* SEC1 ECPrivateKey (RFC 5915) as Go writes it: head, scalar, middle, point. */
static const uint8_t sec1_head[7] = {0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20};
static const uint8_t sec1_middle[17] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                        0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00};
#define SEC1_LEN     121
#define SEC1_PEM_LEN 227

static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

/* 0 < d < n without a branch on d: d - n borrows, and some bit of d is set. */
static bool scalar_in_range(const uint8_t d[static 32])
{
    unsigned borrow = 0, any = 0;

    for (size_t i = 32; i > 0; i--) {
        borrow = ((unsigned)d[i - 1] - order[i - 1] - borrow) >> 31;
        any |= d[i - 1];
    }
    return (borrow & ((0U - any) >> 31)) != 0;
}

/* A key pair from a point and its scalar. */
static enum err_code pair_of(struct bytes point65, const BIGNUM *scalar, EVP_PKEY **ret,
                             struct err *e)
{
    AUTO(OSSL_PARAM_BLD) bld = OSSL_PARAM_BLD_new();
    AUTO(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    AUTO(OSSL_PARAM) params = NULL;
    EVP_PKEY *key = NULL;

    if (!bld || !ctx ||
        !OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ||
        !OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point65.p, point65.n) ||
        !OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, scalar, 32))
        return ossl_err(e, ERR_NOMEM, "P-256 key");
    params = OSSL_PARAM_BLD_to_param(bld);
    if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
        return ossl_err(e, ERR_INVALID, "not a point of P-256");
    *ret = key;
    return ERR_OK;
}

/* A key that has the curve alone.  Others begin as its copy: to set a group up from its name costs
 * more than anything that is then done with the key. */
static EVP_PKEY *curve;
static pthread_once_t curve_once = PTHREAD_ONCE_INIT;

static void curve_load(void)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"prime256v1"}, 0),
        OSSL_PARAM_construct_end()};
    AUTO(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &curve, EVP_PKEY_KEY_PARAMETERS, params) != 1)
        ossl_die("OpenSSL has no P-256");
}

enum err_code p256_generate(EVP_PKEY **ret, struct err *e)
{
    AUTO(EVP_PKEY_CTX) ctx = NULL;
    EVP_PKEY *key = NULL;

    TRY(secret_memory_init(e));
    pthread_once(&curve_once, curve_load);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, curve, NULL);
    if (!ctx || EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_generate(ctx, &key) != 1)
        return ossl_err(e, ERR_INTERNAL, "generate a P-256 key");
    *ret = key;
    return ERR_OK;
}

enum err_code p256_from_scalar(struct bytes scalar32, EVP_PKEY **ret, struct err *e)
{
    const EC_GROUP *group = ossl_p256();
    AUTO(BIGNUM) d = NULL;
    AUTO(EC_POINT) q = EC_POINT_new(group);
    uint8_t point[P256_POINT_LEN];

    TRY(secret_memory_init(e));
    if (scalar32.n != 32)
        return err_set(e, ERR_INVALID, "a P-256 scalar has 32 bytes, not %zu", scalar32.n);
    if (!scalar_in_range(scalar32.p))
        return err_set(e, ERR_INVALID, "a P-256 scalar must be at least 1 and below the order");
    d = BN_secure_new();
    if (!d || !q || !BN_bin2bn(scalar32.p, 32, d))
        return ossl_err(e, ERR_NOMEM, "P-256 key");
    BN_set_flags(d, BN_FLG_CONSTTIME);
    if (!EC_POINT_mul(group, q, d, NULL, NULL, NULL) ||
        EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL) !=
            sizeof point)
        return ossl_err(e, ERR_INTERNAL, "P-256 key");
    return pair_of(BYTES(point), d, ret, e);
}

enum err_code p256_from_point(struct bytes point65, EVP_PKEY **ret, struct err *e)
{
    AUTO(EVP_PKEY) key = NULL;

    if (point65.n != P256_POINT_LEN || point65.p[0] != 4)
        return err_set(e, ERR_INVALID, "not an uncompressed P-256 point (%zu bytes)", point65.n);
    pthread_once(&curve_once, curve_load);
    key = EVP_PKEY_new();
    if (!key || EVP_PKEY_copy_parameters(key, curve) != 1)
        return ossl_err(e, ERR_NOMEM, "P-256 key");
    if (EVP_PKEY_set1_encoded_public_key(key, point65.p, point65.n) != 1)
        return ossl_err(e, ERR_INVALID, "not a point of P-256");
    *ret = TAKE(key);
    return ERR_OK;
}

enum err_code p256_from_spki(struct bytes der, EVP_PKEY **ret, struct err *e)
{
    if (der.n != P256_SPKI_LEN ||
        !bytes_eq((struct bytes){der.p, sizeof spki_head}, BYTES(spki_head)))
        return err_set(e, ERR_INVALID, "not the DER of a P-256 public key (%zu bytes)", der.n);
    return p256_from_point((struct bytes){der.p + sizeof spki_head, der.n - sizeof spki_head}, ret,
                           e);
}

bool p256_is_key(const EVP_PKEY *key)
{
    char name[32];
    size_t n;
    bool is = key && EVP_PKEY_is_a(key, "EC") &&
              EVP_PKEY_get_group_name(key, name, sizeof name, &n) == 1 &&
              bytes_eq(bytes_of_str(name), bytes_of_str("prime256v1"));

    ossl_forget();
    return is;
}

enum err_code p256_scalar(const EVP_PKEY *key, secret **ret, struct err *e)
{
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
    AUTO(secret) d = NULL;

    if (!p256_is_key(key))
        return err_set(e, ERR_INVALID, "not a P-256 key");
    TRY(secret_new(32, &d, e));
    params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, d->p, d->n);
    if (EVP_PKEY_get_params(key, params) != 1 || params[0].return_size != d->n)
        return ossl_err(e, ERR_INVALID, "the key has no private part");
    for (size_t i = 0; i < d->n / 2; i++) { /* OpenSSL's parameters are little-endian here */
        uint8_t low = d->p[i];

        d->p[i] = d->p[d->n - 1 - i];
        d->p[d->n - 1 - i] = low;
    }
    *ret = TAKE(d);
    return ERR_OK;
}

enum err_code p256_point(const EVP_PKEY *key, uint8_t ret[static P256_POINT_LEN], struct err *e)
{
    uint8_t point[P256_POINT_LEN];
    size_t n = 0;

    if (!p256_is_key(key))
        return err_set(e, ERR_INVALID, "not a P-256 key");
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n) !=
            1 ||
        n != sizeof point || point[0] != 4)
        return ossl_err(e, ERR_INVALID, "the key has no uncompressed point");
    memcpy(ret, point, sizeof point);
    return ERR_OK;
}

enum err_code p256_spki(const EVP_PKEY *key, uint8_t ret[static P256_SPKI_LEN], struct err *e)
{
    TRY(p256_point(key, ret + sizeof spki_head, e));
    memcpy(ret, spki_head, sizeof spki_head);
    return ERR_OK;
}

/* A buffer in a secret's memory: it can be filled but for the byte that a buffer keeps for a NUL,
 * cannot grow, and is not released by itself. */
static struct buf buf_over(secret *s)
{
    return (struct buf){.p = s->p, .cap = s->n - 1, .max = s->n - 1};
}

enum err_code p256_private_pem(const EVP_PKEY *key, secret **ret, struct err *e)
{
    AUTO(secret) d = NULL;
    AUTO(secret) der = NULL;
    AUTO(secret) pem = NULL;
    struct buf text;
    uint8_t *at;

    TRY(p256_scalar(key, &d, e));
    TRY(secret_new(SEC1_LEN, &der, e));
    at = der->p;
    memcpy(at, sec1_head, sizeof sec1_head);
    memcpy(at += sizeof sec1_head, d->p, 32);
    memcpy(at += 32, sec1_middle, sizeof sec1_middle);
    TRY(p256_point(key, at + sizeof sec1_middle, e));
    TRY(secret_new(SEC1_PEM_LEN + 1, &pem, e));
    text = buf_over(pem);
    pem_put(&text, "EC PRIVATE KEY", secret_bytes(der));
    TRY(buf_check(&text, e));
    pem->n = text.n;
    *ret = TAKE(pem);
    return ERR_OK;
}

enum err_code p256_from_private_pem(struct bytes pem, EVP_PKEY **ret, struct err *e)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(secret) room = NULL;
    uint8_t point[P256_POINT_LEN];
    struct bytes scalar;
    struct buf der;
    struct rd r;

    TRY(secret_new(SEC1_LEN + 1, &room, e));
    der = buf_over(room);
    TRY(pem_decode(pem, "EC PRIVATE KEY", &der, e));
    r = rd_of(buf_bytes(&der));
    if (!bytes_eq(rd_take(&r, sizeof sec1_head), BYTES(sec1_head)))
        return err_set(e, ERR_INVALID, "not a SEC1 P-256 private key with its public key");
    scalar = rd_take(&r, 32);
    if (!bytes_eq(rd_take(&r, sizeof sec1_middle), BYTES(sec1_middle)) || r.left != P256_POINT_LEN)
        return err_set(e, ERR_INVALID, "not a SEC1 P-256 private key with its public key");
    TRY(p256_from_scalar(scalar, &key, e));
    TRY(p256_point(key, point, e));
    if (!bytes_eq(rd_take(&r, P256_POINT_LEN), BYTES(point)))
        return err_set(e, ERR_INVALID, "the private key's public key is another one");
    *ret = TAKE(key);
    return ERR_OK;
}

enum err_code p256_public_pem(const EVP_PKEY *key, struct buf *ret, struct err *e)
{
    uint8_t spki[P256_SPKI_LEN];

    TRY(p256_spki(key, spki, e));
    pem_put(ret, "PUBLIC KEY", BYTES(spki));
    return buf_check(ret, e);
}

enum err_code p256_from_public_pem(struct bytes pem, EVP_PKEY **ret, struct err *e)
{
    struct buf der AUTO_CALL(buf_done) = BUF(512);

    TRY(pem_decode(pem, "PUBLIC KEY", &der, e));
    return p256_from_spki(buf_bytes(&der), ret, e);
}
