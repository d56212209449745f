#include "kms/ca.h"

#include <inttypes.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "base/codec.h"
#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#define ISSUED_MAX 4096

void ca_name(const struct addr *app_id, uint64_t epoch, char ret[static CA_NAME_MAX + 1])
{
    char hex[HEX_LEN(sizeof app_id->b)];

    hex_encode(BYTES_OF(*app_id), hex);
    snprintf(ret, CA_NAME_MAX + 1, "teereg-ca-%s-%" PRIu64, hex, epoch);
}

void ca_instance_name(const struct addr *app, char ret[static CA_INSTANCE_NAME_LEN])
{
    char hex[HEX_LEN(sizeof app->b)];

    hex_encode(BYTES_OF(*app), hex);
    snprintf(ret, CA_INSTANCE_NAME_LEN, "%s.app", hex);
}

enum err_code ca_certificate(EVP_PKEY *ca_key, const struct addr *app_id, uint64_t epoch,
                             struct buf *ret_der, struct err *e)
{
    char name[CA_NAME_MAX + 1];

    ca_name(app_id, epoch, name);
    return x509_ca(ca_key, name, ret_der, e);
}

void ca_issued_done(struct ca_issued *c)
{
    buf_done(&c->der);
    *c = (struct ca_issued){0};
}

/* ---- the certificate of an instance, written byte by byte: every field is known beforehand, and
 * a release has no time for a library that finds them out (golden shape: tests/unit/kms/test_ca.c)
 */

/* [0] version v3 */
static const uint8_t version3[] = {0xa0, 0x03, 0x02, 0x01, 0x02};
/* AlgorithmIdentifier ecdsa-with-SHA256 */
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t oid_cn[] = {0x06, 0x03, 0x55, 0x04, 0x03};
/* Extensions: basicConstraints critical, CA:FALSE; keyUsage critical, digitalSignature;
 * extendedKeyUsage serverAuth, clientAuth. */
static const uint8_t ext_fixed[] = {
    0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x02, 0x30, 0x00, /**/
    0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x07, 0x80,
    0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d, 0x25, 0x04, 0x16, 0x30, 0x14, 0x06, 0x08, 0x2b, 0x06, 0x01,
    0x05, 0x05, 0x07, 0x03, 0x01, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02,
};
static const uint8_t oid_alt_name[] = {0x06, 0x03, 0x55, 0x1d, 0x11};
/* subjectKeyIdentifier and authorityKeyIdentifier, each up to its 20 bytes */
static const uint8_t ext_ski[] = {0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04, 0x14};
static const uint8_t ext_aki[] = {0x30, 0x1f, 0x06, 0x03, 0x55, 0x1d, 0x23,
                                  0x04, 0x18, 0x30, 0x16, 0x80, 0x14};
#define DNS_NAME   0x82 /* [2] of GeneralName */
#define EXTENSIONS 0xa3
#define SERIAL_LEN 16

/* Wraps what inner holds, and empties it. */
static void wrap(struct buf *out, uint8_t tag, struct buf *inner)
{
    if (inner->bad)
        out->bad = true;
    der_put(out, tag, buf_bytes(inner));
    buf_clear(inner);
}

static void put_common_name(struct buf *out, const char *name)
{
    struct buf a AUTO_CALL(buf_done) = BUF(ISSUED_MAX);
    struct buf b AUTO_CALL(buf_done) = BUF(ISSUED_MAX);

    buf_put(&a, BYTES(oid_cn));
    der_put(&a, DER_UTF8, bytes_of_str(name));
    wrap(&b, DER_SEQUENCE, &a);
    wrap(&a, DER_SET, &b);
    wrap(out, DER_SEQUENCE, &a);
}

/* RFC 5280 §4.1.2.5: UTCTime through 2049. */
static enum err_code put_time(struct buf *out, int64_t t, struct err *e)
{
    const time_t at = (time_t)t;
    char text[32];
    struct tm tm;

    if (t < 0 || !gmtime_r(&at, &tm) || tm.tm_year >= 8100)
        return err_set(e, ERR_INVALID, "the clock says %lld: no certificate can be dated",
                       (long long)t);
    strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm);
    if (tm.tm_year < 150)
        der_put(out, DER_UTC_TIME, bytes_of_str(text + 2));
    else
        der_put(out, DER_GENERALIZED_TIME, bytes_of_str(text));
    return ERR_OK;
}

static enum err_code put_validity(struct buf *out, int64_t from, int64_t to, struct err *e)
{
    struct buf a AUTO_CALL(buf_done) = BUF(ISSUED_MAX);

    TRY(put_time(&a, from, e));
    TRY(put_time(&a, to, e));
    wrap(out, DER_SEQUENCE, &a);
    return ERR_OK;
}

static enum err_code put_extensions(struct buf *out, const char *dns_name,
                                    const uint8_t spki[static P256_SPKI_LEN], const X509 *ca,
                                    struct err *e)
{
    const ASN1_OCTET_STRING *ca_id = X509_get0_subject_key_id((X509 *)(uintptr_t)ca);
    struct buf a AUTO_CALL(buf_done) = BUF(ISSUED_MAX);
    struct buf b AUTO_CALL(buf_done) = BUF(ISSUED_MAX);
    struct buf list AUTO_CALL(buf_done) = BUF(ISSUED_MAX);
    struct hash32 id;

    if (!ca_id || ASN1_STRING_length(ca_id) != X509_KEY_ID_LEN)
        return err_set(e, ERR_INTERNAL, "the CA has no key identifier of %d bytes",
                       X509_KEY_ID_LEN);
    sha256((struct bytes){spki + P256_SPKI_LEN - P256_POINT_LEN, P256_POINT_LEN}, &id);
    buf_put(&list, BYTES(ext_fixed));
    der_put(&a, DNS_NAME, bytes_of_str(dns_name));
    wrap(&b, DER_SEQUENCE, &a);
    buf_put(&a, BYTES(oid_alt_name));
    wrap(&a, DER_OCTET_STRING, &b);
    wrap(&list, DER_SEQUENCE, &a);
    buf_put(&list, BYTES(ext_ski));
    buf_put(&list, (struct bytes){id.b, X509_KEY_ID_LEN});
    buf_put(&list, BYTES(ext_aki));
    buf_put(&list, (struct bytes){ASN1_STRING_get0_data(ca_id), X509_KEY_ID_LEN});
    wrap(&a, DER_SEQUENCE, &list);
    wrap(out, EXTENSIONS, &a);
    return ERR_OK;
}

static enum err_code put_issuer(struct buf *out, const X509 *ca, struct err *e)
{
    const uint8_t *der = NULL;
    size_t n = 0;

    if (X509_NAME_get0_der(X509_get_subject_name(ca), &der, &n) != 1)
        return err_set(e, ERR_INTERNAL, "the CA has no name");
    buf_put(out, (struct bytes){der, n});
    return ERR_OK;
}

static enum err_code put_signed(struct buf *out, EVP_PKEY *ca_key, struct bytes fields,
                                struct err *e)
{
    struct buf cert AUTO_CALL(buf_done) = BUF(ISSUED_MAX);
    struct buf bits AUTO_CALL(buf_done) = BUF(ISSUED_MAX);

    der_put(&cert, DER_SEQUENCE, fields);
    TRY(buf_check(&cert, e));
    buf_put_u8(&bits, 0); /* no unused bits */
    TRY(p256_sign(ca_key, buf_bytes(&cert), &bits, e));
    buf_put(&cert, BYTES(ecdsa_sha256));
    wrap(&cert, DER_BIT_STRING, &bits);
    wrap(out, DER_SEQUENCE, &cert);
    return buf_check(out, e);
}

enum err_code ca_issue(EVP_PKEY *ca_key, const X509 *ca, EVP_PKEY *subject_key,
                       const struct ca_policy *policy, struct ca_issued *ret, struct err *e)
{
    struct ca_issued issued AUTO_CALL(ca_issued_done) = {
        .der = BUF(ISSUED_MAX),
        .serial_len = SERIAL_LEN,
        .not_after = policy->now + CA_LIFETIME_S,
    };
    struct buf fields AUTO_CALL(buf_done) = BUF(ISSUED_MAX);
    uint8_t spki[P256_SPKI_LEN];
    char name[CA_INSTANCE_NAME_LEN];

    if (policy->not_after && policy->not_after < issued.not_after)
        issued.not_after = policy->not_after;
    if (issued.not_after <= policy->now)
        return err_set(e, ERR_DENIED, "the permission has ended: no certificate");
    TRY(p256_spki(subject_key, spki, e));
    ca_instance_name(&policy->app, name);
    random_bytes(issued.serial, SERIAL_LEN);
    issued.serial[0] = (issued.serial[0] & 0x3f) | 0x40; /* positive, and always 16 bytes */

    buf_put(&fields, BYTES(version3));
    der_put(&fields, DER_INTEGER, (struct bytes){issued.serial, SERIAL_LEN});
    buf_put(&fields, BYTES(ecdsa_sha256));
    TRY(put_issuer(&fields, ca, e));
    TRY(put_validity(&fields, policy->now - CA_BACKDATE_S, issued.not_after, e));
    put_common_name(&fields, name);
    buf_put(&fields, BYTES(spki));
    TRY(put_extensions(&fields, name, spki, ca, e));
    TRY(buf_check(&fields, e));
    TRY(put_signed(&issued.der, ca_key, buf_bytes(&fields), e));
    *ret = issued;
    issued = (struct ca_issued){0};
    return ERR_OK;
}
