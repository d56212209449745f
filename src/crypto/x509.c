/* Reading and checking; x509_issue.c makes leaves, x509_ca.c the CA, csr.c requests. */
#include "crypto/x509.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "crypto/ossl.h"

DEFINE_AUTO(ASN1_OBJECT, ASN1_OBJECT_free);
DEFINE_AUTO(X509_STORE, X509_STORE_free);
DEFINE_AUTO(X509_STORE_CTX, X509_STORE_CTX_free);

enum err_code x509_der(const X509 *c, struct buf *ret, struct err *e)
{
    uint8_t *at;
    int n = i2d_X509(c, NULL);

    if (n <= 0)
        return ossl_err(e, ERR_INTERNAL, "encode certificate");
    buf_reserve(ret, (size_t)n);
    TRY(buf_check(ret, e));
    at = ret->p + ret->n;
    if (i2d_X509(c, &at) != n)
        return ossl_err(e, ERR_INTERNAL, "encode certificate");
    ret->n += (size_t)n;
    return ERR_OK;
}

enum err_code x509_parse(struct bytes der, X509 **ret, struct err *e)
{
    struct buf again AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    AUTO(X509) c = NULL;
    const uint8_t *at = der.p;

    if (der.n == 0 || der.n > X509_DER_MAX)
        return err_set(e, ERR_TOO_LARGE, "certificate of %zu bytes (1 to %d)", der.n, X509_DER_MAX);
    c = d2i_X509(NULL, &at, (long)der.n);
    if (!c)
        return ossl_err(e, ERR_INVALID, "certificate");
    /* Encoded anew, and not from what OpenSSL kept of the input: shows BER, and bytes after it. */
    if (i2d_re_X509_tbs(c, NULL) <= 0)
        return ossl_err(e, ERR_INVALID, "certificate");
    TRY(x509_der(c, &again, e));
    if (!bytes_eq(buf_bytes(&again), der))
        return err_set(e, ERR_INVALID, "certificate: not exactly one DER value");
    *ret = TAKE(c);
    return ERR_OK;
}

enum err_code x509_spki(const X509 *c, uint8_t ret[static P256_SPKI_LEN], struct err *e)
{
    AUTO(EVP_PKEY) key = NULL;
    uint8_t *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c), &der);
    enum err_code code;

    if (n <= 0)
        return ossl_err(e, ERR_INVALID, "key of the certificate");
    code = p256_from_spki((struct bytes){der, (size_t)n}, &key, e);
    OPENSSL_free(der);
    TRY_IN(e, code, "key of the certificate");
    return p256_spki(key, ret, e);
}

enum err_code x509_extension(const X509 *c, const char *oid, struct bytes *ret, struct err *e)
{
    AUTO(ASN1_OBJECT) obj = OBJ_txt2obj(oid, 1);
    const ASN1_OCTET_STRING *value;
    int at;

    if (!obj)
        return ossl_err(e, ERR_INTERNAL, "OID");
    at = X509_get_ext_by_OBJ(c, obj, -1);
    if (at < 0) {
        ossl_forget();
        return err_set(e, ERR_NOT_FOUND, "the certificate has no extension %s", oid);
    }
    if (X509_get_ext_by_OBJ(c, obj, at) >= 0)
        return err_set(e, ERR_INVALID, "the certificate has extension %s twice", oid);
    value = X509_EXTENSION_get_data(X509_get_ext(c, at));
    *ret = (struct bytes){ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
    return ERR_OK;
}

enum err_code x509_verify_leaf(const X509 *leaf, const X509 *ca, int64_t now, struct err *e)
{
    AUTO(X509_STORE) store = X509_STORE_new();
    AUTO(X509_STORE_CTX) ctx = X509_STORE_CTX_new();
    /* The store counts references and caches what it parsed; the certificates stay what they are.
     */
    X509 *trusted = (X509 *)ca, *subject = (X509 *)leaf;

    if (!store || !ctx || X509_STORE_add_cert(store, trusted) != 1 ||
        X509_STORE_CTX_init(ctx, store, subject, NULL) != 1)
        return ossl_err(e, ERR_INTERNAL, "certificate check");
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
    X509_STORE_CTX_set_time(ctx, 0, (time_t)now);
    X509_STORE_CTX_set_depth(ctx, 0); /* nothing between the two */
    if (X509_verify_cert(ctx) != 1) {
        int why = X509_STORE_CTX_get_error(ctx);

        ossl_forget();
        return err_set(e, ERR_VERIFY, "certificate: %s", X509_verify_cert_error_string(why));
    }
    /* A trusted certificate given as its own leaf would be a chain of one. */
    if (X509_check_ca(subject) != 0 || X509_cmp(leaf, ca) == 0)
        return err_set(e, ERR_VERIFY, "certificate: it is a CA, not a leaf");
    return ERR_OK;
}
