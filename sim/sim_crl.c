/* Revocation lists of the throw-away root and of the PCK CAs. */
#include "base/clock.h"
#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/p256.h"
#include "crypto/x509.h"
#include "sim_vendor.h"

static void put_time(struct buf *out, int64_t when)
{
    char text[21], utc[14];

    clock_format(when, text); /* 2026-01-31T00:00:00Z to 260131000000Z */
    for (size_t i = 2, n = 0; i < 20; i++)
        if (text[i] != '-' && text[i] != ':' && text[i] != 'T')
            utc[n++] = text[i];
    der_put(out, DER_UTC_TIME, (struct bytes){(const uint8_t *)utc, 13});
}

static void put_revoked(struct buf *out, struct bytes serial, int64_t when)
{
    struct buf entry AUTO_CALL(buf_done) = BUF(256);
    struct buf list AUTO_CALL(buf_done) = BUF(256);

    der_put(&entry, DER_INTEGER, serial);
    put_time(&entry, when);
    der_put(&list, DER_SEQUENCE, buf_bytes(&entry));
    der_put(out, DER_SEQUENCE, buf_bytes(&list));
}

/* CRL number 1, and the key identifier of the issuer as sim_cert.c makes it. */
static enum err_code put_extensions(struct buf *out, const EVP_PKEY *issuer, struct err *e)
{
    static const uint8_t number[] = {0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d,
                                     0x14, 0x04, 0x03, 0x02, 0x01, 0x01};
    static const uint8_t begin[] = {0x30, 0x1f, 0x06, 0x03, 0x55, 0x1d,           0x23,
                                    0x04, 0x18, 0x30, 0x16, 0x80, X509_KEY_ID_LEN};
    struct buf list AUTO_CALL(buf_done) = BUF(128);
    struct buf sequence AUTO_CALL(buf_done) = BUF(128);
    uint8_t point[P256_POINT_LEN];
    struct hash32 h;

    TRY(p256_point(issuer, point, e));
    sha256(BYTES(point), &h);
    buf_put(&list, BYTES(number));
    buf_put(&list, BYTES(begin));
    buf_put(&list, (struct bytes){h.b, X509_KEY_ID_LEN});
    der_put(&sequence, DER_SEQUENCE, buf_bytes(&list));
    der_put(out, DER_CONTEXT_0, buf_bytes(&sequence));
    return ERR_OK;
}

/* RFC 5280, 5.1: of this issuer, with at most one serial in it; key signs, rightly or not. */
static enum err_code make_crl(const struct sim_vendor *v, struct bytes issuer_name,
                              const EVP_PKEY *issuer, const EVP_PKEY *key, struct bytes revoked,
                              struct buf *ret, struct err *e)
{
    static const uint8_t version[] = {0x02, 0x01, 0x01};
    static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                        0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    const bool expired = v->spec->fault == SIM_CRL_EXPIRED;
    struct buf inner AUTO_CALL(buf_done) = BUF(4096);
    struct buf tbs AUTO_CALL(buf_done) = BUF(4096);
    struct buf whole AUTO_CALL(buf_done) = BUF(4096);
    struct buf sig AUTO_CALL(buf_done) = BUF(128);
    struct buf bits AUTO_CALL(buf_done) = BUF(128);

    buf_put(&inner, BYTES(version));
    buf_put(&inner, BYTES(algorithm));
    buf_put(&inner, issuer_name);
    put_time(&inner, expired ? v->issued - 60 * SIM_DAY_S : v->issued);
    put_time(&inner, expired ? v->issued : v->until);
    if (revoked.n)
        put_revoked(&inner, revoked, v->issued);
    TRY(put_extensions(&inner, issuer, e));
    der_put(&tbs, DER_SEQUENCE, buf_bytes(&inner));
    TRY(buf_check(&tbs, e));
    TRY(p256_sign_deterministic(key, buf_bytes(&tbs), &sig, e));
    buf_put_u8(&bits, 0);
    buf_put(&bits, buf_bytes(&sig));
    buf_put(&whole, buf_bytes(&tbs));
    buf_put(&whole, BYTES(algorithm));
    der_put(&whole, DER_BIT_STRING, buf_bytes(&bits));
    der_put(ret, DER_SEQUENCE, buf_bytes(&whole));
    return buf_check(ret, e);
}

enum err_code sim_root_crl(const struct sim_vendor *v, struct buf *ret, struct err *e)
{
    const enum sim_collateral_fault fault = v->spec->fault;
    struct pck_cert root, ca, signer;
    struct bytes revoked = {0};

    TRY(pck_cert_parse(buf_bytes(&v->root_der), &root, e));
    TRY(pck_cert_parse(buf_bytes(&v->ca_der), &ca, e));
    TRY(pck_cert_parse(buf_bytes(&v->signer_der), &signer, e));
    if (fault == SIM_SIGNER_REVOKED || fault == SIM_CA_REVOKED)
        revoked = fault == SIM_CA_REVOKED ? ca.serial : signer.serial;
    return make_crl(v, root.subject, v->root, fault == SIM_ROOT_CRL_SIG ? v->other : v->root,
                    revoked, ret, e);
}

enum err_code sim_pck_crl(const struct sim_vendor *v, struct buf *ret, struct err *e)
{
    const enum sim_collateral_fault fault = v->spec->fault;
    struct pck_cert ca, leaf;

    TRY(pck_cert_parse(buf_bytes(&v->ca_der), &ca, e));
    TRY(pck_cert_parse(buf_bytes(&v->leaf_der), &leaf, e));
    return make_crl(v, ca.subject, v->ca, fault == SIM_PCK_CRL_SIG ? v->other : v->ca,
                    fault == SIM_LEAF_REVOKED ? leaf.serial : (struct bytes){0}, ret, e);
}
