#include "sim_cert.h"

#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/x509.h"

#define PART BUF(SIM_CERT_MAX)

/* AlgorithmIdentifier ecdsa-with-SHA256 */
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t version3[] = {0xa0, 0x03, 0x02, 0x01, 0x02};
static const uint8_t oid_sgx[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
static const uint8_t yes[] = {0xff};

/* X.520 attributes and X.509 extensions: the last octet of 2.5.4.N and 2.5.29.N. */
enum { AT_CN = 3, AT_COUNTRY = 6, AT_LOCALITY = 7, AT_STATE = 8, AT_ORGANISATION = 10 };
enum { CE_SKI = 14, CE_KEY_USAGE = 15, CE_CONSTRAINTS = 19, CE_CRL = 31, CE_AKI = 35 };

static void put_rdn(struct buf *out, uint8_t type, uint8_t tag, const char *value)
{
    struct buf attr AUTO_CALL(buf_done) = PART;
    struct buf seq AUTO_CALL(buf_done) = PART;

    buf_put(&attr, BYTES(((const uint8_t[]){0x06, 0x03, 0x55, 0x04, type})));
    der_put(&attr, tag, bytes_of_str(value));
    der_put(&seq, DER_SEQUENCE, buf_bytes(&attr));
    der_put(out, DER_SET, buf_bytes(&seq));
}

static void put_name(struct buf *out, const char *common_name)
{
    struct buf rdns AUTO_CALL(buf_done) = PART;

    put_rdn(&rdns, AT_CN, DER_UTF8, common_name);
    put_rdn(&rdns, AT_ORGANISATION, DER_UTF8, "SIMULATED by teereg-sim, not Intel");
    put_rdn(&rdns, AT_LOCALITY, DER_UTF8, "Santa Clara");
    put_rdn(&rdns, AT_STATE, DER_UTF8, "CA");
    put_rdn(&rdns, AT_COUNTRY, DER_PRINTABLE, "US");
    der_put(out, DER_SEQUENCE, buf_bytes(&rdns));
}

static void put_validity(struct buf *out, const struct sim_cert_spec *spec)
{
    struct buf seq AUTO_CALL(buf_done) = PART;

    der_put(&seq, DER_UTC_TIME,
            bytes_of_str(spec->not_before ? spec->not_before : "240101000000Z"));
    der_put(&seq, DER_UTC_TIME, bytes_of_str(spec->not_after ? spec->not_after : "491231235959Z"));
    der_put(out, DER_SEQUENCE, buf_bytes(&seq));
}

static void put_extension(struct buf *out, struct bytes oid, bool critical, const struct buf *value)
{
    struct buf seq AUTO_CALL(buf_done) = PART;

    buf_put(&seq, oid);
    if (critical)
        der_put(&seq, DER_BOOLEAN, BYTES(yes));
    der_put(&seq, DER_OCTET_STRING, buf_bytes(value));
    der_put(out, DER_SEQUENCE, buf_bytes(&seq));
}

static void put_ce(struct buf *out, uint8_t ce, bool critical, const struct buf *value)
{
    put_extension(out, BYTES(((const uint8_t[]){0x06, 0x03, 0x55, 0x1d, ce})), critical, value);
}

/* DistributionPoint { fullName { URI } }: three nested context tags inside two sequences. */
static void put_crl(struct buf *out, const char *uri)
{
    static const uint8_t tags[] = {0x86, 0xa0, 0xa0, DER_SEQUENCE, DER_SEQUENCE};
    struct buf value AUTO_CALL(buf_done) = PART;

    buf_put_str(&value, uri);
    for (size_t i = 0; i < sizeof tags; i++) {
        struct buf inner AUTO_CALL(buf_done) = PART;

        buf_put(&inner, buf_bytes(&value));
        buf_clear(&value);
        der_put(&value, tags[i], buf_bytes(&inner));
    }
    put_ce(out, CE_CRL, false, &value);
}

static void put_constraints(struct buf *out, const struct sim_cert_spec *spec)
{
    struct buf seq AUTO_CALL(buf_done) = PART;
    struct buf value AUTO_CALL(buf_done) = PART;

    if (spec->is_ca) {
        der_put(&seq, DER_BOOLEAN, BYTES(yes));
        der_put(&seq, DER_INTEGER, BYTES(((const uint8_t[]){(uint8_t)spec->path_length})));
    }
    der_put(&value, DER_SEQUENCE, buf_bytes(&seq));
    put_ce(out, CE_CONSTRAINTS, true, &value);
}

/* First 20 bytes of SHA-256 of the 65-byte point (RFC 7093 method 1). */
static enum err_code put_key_ids(struct buf *out, const EVP_PKEY *key, const EVP_PKEY *issuer,
                                 const char *crl, struct err *e)
{
    struct buf aki AUTO_CALL(buf_done) = PART;
    struct buf aki_seq AUTO_CALL(buf_done) = PART;
    struct buf ski AUTO_CALL(buf_done) = PART;
    uint8_t point[P256_POINT_LEN];
    struct hash32 h;

    TRY(p256_point(issuer, point, e));
    sha256(BYTES(point), &h);
    der_put(&aki, 0x80, (struct bytes){h.b, X509_KEY_ID_LEN});
    der_put(&aki_seq, DER_SEQUENCE, buf_bytes(&aki));
    put_ce(out, CE_AKI, false, &aki_seq);
    put_crl(out, crl);
    TRY(p256_point(key, point, e));
    sha256(BYTES(point), &h);
    der_put(&ski, DER_OCTET_STRING, (struct bytes){h.b, X509_KEY_ID_LEN});
    put_ce(out, CE_SKI, false, &ski);
    return ERR_OK;
}

static enum err_code put_extensions(struct buf *out, const struct sim_cert_spec *spec,
                                    const EVP_PKEY *key, const EVP_PKEY *issuer, struct err *e)
{
    struct buf list AUTO_CALL(buf_done) = PART;
    struct buf seq AUTO_CALL(buf_done) = PART;
    struct buf usage AUTO_CALL(buf_done) = PART;
    struct buf sgx AUTO_CALL(buf_done) = PART;

    TRY(put_key_ids(&list, key, issuer, spec->crl, e));
    der_put(&usage, DER_BIT_STRING, BYTES(((const uint8_t[]){spec->usage_bits, spec->key_usage})));
    put_ce(&list, CE_KEY_USAGE, true, &usage);
    put_constraints(&list, spec);
    buf_put(&sgx, spec->sgx);
    for (int i = 0; spec->sgx.n > 0 && i < (spec->sgx_twice ? 2 : 1); i++)
        put_extension(&list, BYTES(oid_sgx), false, &sgx);
    der_put(&seq, DER_SEQUENCE, buf_bytes(&list));
    der_put(out, DER_CONTEXT_0 + 3, buf_bytes(&seq));
    return buf_check(out, e);
}

enum err_code sim_cert_make(const struct sim_cert_spec *spec, const EVP_PKEY *key,
                            const EVP_PKEY *issuer_key, const EVP_PKEY *signature_key,
                            struct buf *ret, struct err *e)
{
    struct buf fields AUTO_CALL(buf_done) = PART;
    struct buf tbs AUTO_CALL(buf_done) = PART;
    struct buf bits AUTO_CALL(buf_done) = PART;
    struct buf cert AUTO_CALL(buf_done) = PART;
    uint8_t spki[P256_SPKI_LEN];
    struct hash32 serial;

    TRY(p256_spki(key, spki, e));
    sha256(BYTES(spki), &serial);
    serial.b[0] = (uint8_t)((serial.b[0] & 0x3f) | 0x40); /* positive, and always 16 bytes */

    buf_put(&fields, BYTES(version3));
    der_put(&fields, DER_INTEGER, (struct bytes){serial.b, 16});
    buf_put(&fields, BYTES(ecdsa_sha256));
    put_name(&fields, spec->issuer);
    put_validity(&fields, spec);
    put_name(&fields, spec->subject);
    buf_put(&fields, BYTES(spki));
    TRY(put_extensions(&fields, spec, key, issuer_key, e));
    der_put(&tbs, DER_SEQUENCE, buf_bytes(&fields));
    TRY(buf_check(&tbs, e));

    buf_put_u8(&bits, 0); /* no unused bits */
    TRY(p256_sign_deterministic(signature_key, buf_bytes(&tbs), &bits, e));
    buf_put(&cert, buf_bytes(&tbs));
    buf_put(&cert, BYTES(ecdsa_sha256));
    der_put(&cert, DER_BIT_STRING, buf_bytes(&bits));
    TRY(buf_check(&cert, e));
    der_put(ret, DER_SEQUENCE, buf_bytes(&cert));
    return buf_check(ret, e);
}
