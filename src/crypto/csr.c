#include "crypto/ossl.h"
#include "crypto/x509.h"

DEFINE_AUTO(X509_NAME, X509_NAME_free);

/* Re-encoding everything, and not what OpenSSL kept of the input, shows whether it was DER. */
static enum err_code check_der(X509_REQ *req, struct bytes der, struct err *e)
{
    struct buf again AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    uint8_t *at;
    int n;

    if (i2d_re_X509_REQ_tbs(req, NULL) <= 0 || (n = i2d_X509_REQ(req, NULL)) <= 0)
        return ossl_err(e, ERR_INVALID, "certificate request");
    if ((size_t)n != der.n)
        return err_set(e, ERR_INVALID, "certificate request: not exactly one DER value");
    buf_reserve(&again, der.n);
    TRY(buf_check(&again, e));
    at = again.p;
    if (i2d_X509_REQ(req, &at) != n || !bytes_eq((struct bytes){again.p, der.n}, der))
        return err_set(e, ERR_INVALID, "certificate request: not exactly one DER value");
    return ERR_OK;
}

enum err_code csr_key(const X509_REQ *req, EVP_PKEY **ret, struct err *e)
{
    uint8_t *der = NULL;
    int n = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY((X509_REQ *)req), &der);
    enum err_code code;

    if (n <= 0)
        return ossl_err(e, ERR_INVALID, "key of the certificate request");
    code = p256_from_spki((struct bytes){der, (size_t)n}, ret, e);
    OPENSSL_free(der);
    TRY_IN(e, code, "key of the certificate request");
    return ERR_OK;
}

enum err_code csr_parse(struct bytes der, X509_REQ **ret, struct err *e)
{
    AUTO(X509_REQ) req = NULL;
    AUTO(EVP_PKEY) key = NULL;
    const uint8_t *at = der.p;

    if (der.n == 0 || der.n > X509_DER_MAX)
        return err_set(e, ERR_TOO_LARGE, "certificate request of %zu bytes (1 to %d)", der.n,
                       X509_DER_MAX);
    req = d2i_X509_REQ(NULL, &at, (long)der.n);
    if (!req)
        return ossl_err(e, ERR_INVALID, "certificate request");
    TRY(check_der(req, der, e));
    if (X509_REQ_get_version(req) != 0)
        return err_set(e, ERR_INVALID, "certificate request: unknown version");
    if (X509_REQ_get_signature_nid(req) != NID_ecdsa_with_SHA256)
        return err_set(e, ERR_INVALID, "certificate request: not signed by ECDSA with SHA-256");
    TRY(csr_key(req, &key, e));
    if (X509_REQ_verify(req, key) != 1) {
        ossl_forget();
        return err_set(e, ERR_VERIFY, "certificate request: its signature does not hold");
    }
    *ret = TAKE(req);
    return ERR_OK;
}

enum err_code csr_make(EVP_PKEY *key, const char *common_name, struct buf *ret_der, struct err *e)
{
    AUTO(X509_REQ) req = X509_REQ_new();
    AUTO(X509_NAME) name = X509_NAME_new();
    uint8_t *der = NULL;
    int n;

    if (!p256_is_key(key))
        return err_set(e, ERR_INVALID, "not a P-256 key");
    if (!req || !name || !X509_REQ_set_version(req, 0) ||
        !X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                    (const uint8_t *)common_name, -1, -1, 0) ||
        !X509_REQ_set_subject_name(req, name) || !X509_REQ_set_pubkey(req, key) ||
        !X509_REQ_sign(req, key, EVP_sha256()) || (n = i2d_X509_REQ(req, &der)) <= 0)
        return ossl_err(e, ERR_INVALID, "make a certificate request");
    buf_put(ret_der, (struct bytes){der, (size_t)n});
    OPENSSL_free(der);
    return buf_check(ret_der, e);
}
