#include "crypto/rsa.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "crypto/digest.h"
#include "crypto/ossl.h"
#include "crypto/pem.h"
#include "crypto/x509.h"

#define EXPONENT 65537

struct rsa_pub {
    EVP_PKEY *key;
    size_t n_modulus;
    uint8_t modulus[RSA_PUB_BYTES_MAX];
};

void rsa_pub_free(rsa_pub *k)
{
    if (k)
        EVP_PKEY_free(k->key);
    free(k);
}

/* From here on the key is one that this file verifies with, or there is none. */
static enum err_code wrap(EVP_PKEY *key, rsa_pub **ret, struct err *e)
{
    AUTO(BIGNUM) n = NULL;
    AUTO(BIGNUM) exponent = NULL;
    AUTO(rsa_pub) k = NULL;
    int bits;

    if (!EVP_PKEY_is_a(key, "RSA"))
        return err_set(e, ERR_VERIFY, "not an RSA key");
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
        return ossl_err(e, ERR_INVALID, "RSA key");
    bits = BN_num_bits(n);
    if (bits < RSA_PUB_BYTES_MIN * 8 || bits > RSA_PUB_BYTES_MAX * 8)
        return err_set(e, ERR_VERIFY, "an RSA key of %d bits, expected %d to %d", bits,
                       RSA_PUB_BYTES_MIN * 8, RSA_PUB_BYTES_MAX * 8);
    if (!BN_is_word(exponent, EXPONENT))
        return err_set(e, ERR_VERIFY, "an RSA key whose exponent is not %d", EXPONENT);
    k = calloc(1, sizeof *k);
    if (!k || EVP_PKEY_up_ref(key) != 1)
        return err_set(e, ERR_NOMEM, "RSA key");
    k->key = key;
    k->n_modulus = (size_t)BN_num_bytes(n);
    BN_bn2bin(n, k->modulus);
    *ret = TAKE(k);
    return ERR_OK;
}

enum err_code rsa_pub_of_numbers(struct bytes n, struct bytes exponent, rsa_pub **ret,
                                 struct err *e)
{
    AUTO(OSSL_PARAM_BLD) build = OSSL_PARAM_BLD_new();
    AUTO(OSSL_PARAM) params = NULL;
    AUTO(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    AUTO(EVP_PKEY) key = NULL;
    AUTO(BIGNUM) modulus = NULL;
    AUTO(BIGNUM) power = NULL;

    if (n.n == 0 || n.p[0] == 0 || exponent.n == 0 || exponent.p[0] == 0)
        return err_set(e, ERR_INVALID, "a number of an RSA key is empty or begins with a zero");
    if (n.n > RSA_PUB_BYTES_MAX || exponent.n > 8)
        return err_set(e, ERR_VERIFY, "an RSA key of %zu bytes, exponent of %zu", n.n, exponent.n);
    modulus = BN_bin2bn(n.p, (int)n.n, NULL);
    power = BN_bin2bn(exponent.p, (int)exponent.n, NULL);
    if (!build || !ctx || !modulus || !power ||
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, power) != 1)
        return ossl_err(e, ERR_NOMEM, "RSA key");
    params = OSSL_PARAM_BLD_to_param(build);
    if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return ossl_err(e, ERR_INVALID, "RSA key");
    return wrap(key, ret, e);
}

enum err_code rsa_pub_of_certificate(struct bytes der, rsa_pub **ret, struct err *e)
{
    AUTO(X509) c = NULL;
    EVP_PKEY *key;

    TRY(x509_parse(der, &c, e));
    key = X509_get0_pubkey(c);
    if (!key)
        return ossl_err(e, ERR_INVALID, "key of the certificate");
    TRY_IN(e, wrap(key, ret, e), "key of the certificate");
    return ERR_OK;
}

struct bytes rsa_pub_modulus(const rsa_pub *k)
{
    return (struct bytes){k->modulus, k->n_modulus};
}

/* The exponents are the same. */
bool rsa_pub_eq(const rsa_pub *a, const rsa_pub *b)
{
    return bytes_eq(rsa_pub_modulus(a), rsa_pub_modulus(b));
}

enum err_code rsa_pub_pem_hash(const rsa_pub *k, struct bytes tail, struct hash32 *ret,
                               struct err *e)
{
    struct buf pem AUTO_CALL(buf_done) = BUF(4096);
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(k->key, &der);

    if (n <= 0)
        return ossl_err(e, ERR_INTERNAL, "encode RSA key");
    pem_put(&pem, "PUBLIC KEY", (struct bytes){der, (size_t)n});
    OPENSSL_free(der);
    TRY(buf_check(&pem, e));
    SHA256_OF(ret, buf_bytes(&pem), tail);
    return ERR_OK;
}

/* Public bytes of one length: which is the larger number? */
static bool less(struct bytes a, struct bytes b)
{
    for (size_t i = 0; i < a.n; i++)
        if (a.p[i] != b.p[i])
            return a.p[i] < b.p[i];
    return false;
}

enum err_code rsa_pub_verify(const rsa_pub *k, const struct hash32 *digest, struct bytes signature,
                             struct err *e)
{
    AUTO(EVP_PKEY_CTX) ctx = NULL;

    if (signature.n != k->n_modulus)
        return err_set(e, ERR_VERIFY, "a signature of %zu bytes by a key of %zu", signature.n,
                       k->n_modulus);
    if (!less(signature, rsa_pub_modulus(k)))
        return err_set(e, ERR_VERIFY, "a signature that is not less than the modulus");
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);
    if (!ctx || EVP_PKEY_verify_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 ||
        EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) != 1)
        return ossl_err(e, ERR_NOMEM, "RSA verification");
    if (EVP_PKEY_verify(ctx, signature.p, signature.n, digest->b, sizeof digest->b) == 1)
        return ERR_OK;
    ossl_forget();
    return err_set(e, ERR_VERIFY, "the signature does not hold");
}
