#include "base/rd.h"
#include "crypto/der.h"
#include "crypto/ossl.h"
#include "crypto/x509.h"

DEFINE_AUTO(X509_NAME, X509_NAME_free);

/* ---- reading: nothing of a request counts but its key, so nothing else is taken apart ---- */

/* INTEGER 0: version 1 */
static const uint8_t version1[] = {0x02, 0x01, 0x00};
/* AlgorithmIdentifier ecdsa-with-SHA256 */
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
#define DER_ATTRIBUTES 0xa0 /* [0], constructed */

/* The next value: its contents, and with its tag and length.  Poisons r where the tag is another
 * or the length is not the shortest (X.690 §10.1). */
static struct bytes take(struct rd *r, uint8_t tag, struct bytes *ret_whole)
{
    const uint8_t *start = r->p;
    uint8_t found = rd_u8(r), first = rd_u8(r);
    size_t n = first;
    struct bytes body;

    if (first == 0x81)
        n = rd_u8(r);
    else if (first == 0x82)
        n = rd_u16be(r);
    if (found != tag || (first > 0x80 && n < 0x80) || (first == 0x82 && n < 0x100) ||
        first == 0x80 || first > 0x82)
        r->bad = true;
    body = rd_take(r, n);
    if (ret_whole && rd_ok(r))
        *ret_whole = (struct bytes){start, (size_t)(r->p - start)};
    return body;
}

struct request {
    struct bytes tbs; /* what is signed */
    struct bytes spki, algorithm, signature;
};

/* CertificationRequest (RFC 2986 §4.2) */
static bool read_request(struct bytes der, struct request *ret)
{
    struct rd all = rd_of(der), r, tbs;
    struct bytes version, bits;

    r = rd_of(take(&all, DER_SEQUENCE, NULL));
    tbs = rd_of(take(&r, DER_SEQUENCE, &ret->tbs));
    take(&r, DER_SEQUENCE, &ret->algorithm);
    bits = take(&r, DER_BIT_STRING, NULL);

    version = rd_take(&tbs, sizeof version1);
    take(&tbs, DER_SEQUENCE, NULL); /* subject */
    take(&tbs, DER_SEQUENCE, &ret->spki);
    take(&tbs, DER_ATTRIBUTES, NULL);
    if (!rd_end(&all) || !rd_end(&r) || !rd_end(&tbs) || !bytes_eq(version, BYTES(version1)) ||
        bits.n == 0 || bits.p[0] != 0 /* unused bits */)
        return false;
    ret->signature = (struct bytes){bits.p + 1, bits.n - 1};
    return true;
}

enum err_code csr_parse(struct bytes der, EVP_PKEY **ret, struct err *e)
{
    AUTO(EVP_PKEY) key = NULL;
    struct request req = {0};

    if (der.n == 0 || der.n > X509_DER_MAX)
        return err_set(e, ERR_TOO_LARGE, "certificate request of %zu bytes (1 to %d)", der.n,
                       X509_DER_MAX);
    if (!read_request(der, &req))
        return err_set(e, ERR_INVALID, "certificate request: not exactly one of version 1 in DER");
    if (!bytes_eq(req.algorithm, BYTES(ecdsa_sha256)))
        return err_set(e, ERR_INVALID, "certificate request: not signed by ECDSA with SHA-256");
    TRY_IN(e, p256_from_spki(req.spki, &key, e), "key of the certificate request");
    TRY_IN(e, p256_verify(key, req.tbs, req.signature, e), "certificate request");
    *ret = TAKE(key);
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
