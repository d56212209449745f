/* The CA certificate, written byte by byte: it is permanent, so no library may choose any of it. */
#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/x509.h"

#define PART_MAX 2048
#define CN_MAX   80

static const char serial_domain[] = "teereg-ca-serial-v2"; /* hashed with its NUL */

/* AlgorithmIdentifier ecdsa-with-SHA256 */
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
/* [0] version v3 */
static const uint8_t version3[] = {0xa0, 0x03, 0x02, 0x01, 0x02};
/* OID commonName */
static const uint8_t oid_cn[] = {0x06, 0x03, 0x55, 0x04, 0x03};
/* basicConstraints, critical: CA, pathlen 0 */
static const uint8_t ext_constraints[] = {0x30, 0x12, 0x06, 0x03, 0x55, 0x1d, 0x13,
                                          0x01, 0x01, 0xff, 0x04, 0x08, 0x30, 0x06,
                                          0x01, 0x01, 0xff, 0x02, 0x01, 0x00};
/* keyUsage, critical: keyCertSign, cRLSign */
static const uint8_t ext_usage[] = {0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01,
                                    0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x01, 0x06};
/* subjectKeyIdentifier, up to its 20 bytes */
static const uint8_t ext_ski[] = {0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04, 0x14};

static void put_serial(struct buf *out, const uint8_t spki[static P256_SPKI_LEN])
{
    struct hash32 h;

    SHA256_OF(&h, BYTES(serial_domain), ((struct bytes){spki, P256_SPKI_LEN}));
    h.b[0] = (uint8_t)((h.b[0] & 0x3f) | 0x40); /* positive, and always 16 bytes */
    der_put(out, DER_INTEGER, (struct bytes){h.b, 16});
}

/* SEQUENCE { SET { SEQUENCE { commonName, UTF8String } } } */
static void put_name(struct buf *out, const char *common_name)
{
    struct buf attr AUTO_CALL(buf_done) = BUF(PART_MAX);
    struct buf seq AUTO_CALL(buf_done) = BUF(PART_MAX);
    struct buf set AUTO_CALL(buf_done) = BUF(PART_MAX);

    buf_put(&attr, BYTES(oid_cn));
    der_put(&attr, DER_UTF8, bytes_of_str(common_name));
    der_put(&seq, DER_SEQUENCE, buf_bytes(&attr));
    der_put(&set, DER_SET, buf_bytes(&seq));
    der_put(out, DER_SEQUENCE, buf_bytes(&set));
}

static void put_validity(struct buf *out)
{
    struct buf seq AUTO_CALL(buf_done) = BUF(PART_MAX);

    der_put(&seq, DER_UTC_TIME, bytes_of_str("240101000000Z"));
    der_put(&seq, DER_GENERALIZED_TIME, bytes_of_str("99991231235959Z"));
    der_put(out, DER_SEQUENCE, buf_bytes(&seq));
}

static void put_extensions(struct buf *out, const uint8_t spki[static P256_SPKI_LEN])
{
    struct buf list AUTO_CALL(buf_done) = BUF(PART_MAX);
    struct buf seq AUTO_CALL(buf_done) = BUF(PART_MAX);
    struct hash32 h;

    sha256((struct bytes){spki + P256_SPKI_LEN - P256_POINT_LEN, P256_POINT_LEN}, &h);
    buf_put(&list, BYTES(ext_constraints));
    buf_put(&list, BYTES(ext_usage));
    buf_put(&list, BYTES(ext_ski));
    buf_put(&list, (struct bytes){h.b, X509_KEY_ID_LEN});
    der_put(&seq, DER_SEQUENCE, buf_bytes(&list));
    der_put(out, 0xa3, buf_bytes(&seq));
}

static enum err_code check_name(const char *common_name, struct err *e)
{
    size_t n = strlen(common_name);

    if (n == 0 || n > CN_MAX)
        return err_set(e, ERR_INVALID, "common name of %zu bytes (1 to %d)", n, CN_MAX);
    for (size_t i = 0; i < n; i++)
        if (common_name[i] < ' ' || common_name[i] > '~')
            return err_set(e, ERR_INVALID, "the common name is not printable ASCII");
    return ERR_OK;
}

enum err_code x509_ca(EVP_PKEY *key, const char *common_name, struct buf *ret_der, struct err *e)
{
    struct buf fields AUTO_CALL(buf_done) = BUF(PART_MAX);
    struct buf tbs AUTO_CALL(buf_done) = BUF(PART_MAX);
    struct buf bits AUTO_CALL(buf_done) = BUF(PART_MAX);
    struct buf cert AUTO_CALL(buf_done) = BUF(PART_MAX);
    uint8_t spki[P256_SPKI_LEN];

    TRY(check_name(common_name, e));
    TRY(p256_spki(key, spki, e));

    buf_put(&fields, BYTES(version3));
    put_serial(&fields, spki);
    buf_put(&fields, BYTES(ecdsa_sha256));
    put_name(&fields, common_name);
    put_validity(&fields);
    put_name(&fields, common_name);
    buf_put(&fields, BYTES(spki));
    put_extensions(&fields, spki);
    TRY(buf_check(&fields, e));
    der_put(&tbs, DER_SEQUENCE, buf_bytes(&fields));
    TRY(buf_check(&tbs, e));

    buf_put_u8(&bits, 0); /* no unused bits */
    TRY(p256_sign_deterministic(key, buf_bytes(&tbs), &bits, e));
    buf_put(&cert, buf_bytes(&tbs));
    buf_put(&cert, BYTES(ecdsa_sha256));
    der_put(&cert, DER_BIT_STRING, buf_bytes(&bits));
    TRY(buf_check(&cert, e));
    der_put(ret_der, DER_SEQUENCE, buf_bytes(&cert));
    return buf_check(ret_der, e);
}
