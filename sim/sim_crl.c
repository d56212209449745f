/* Certificate revocation lists of the simulation. */
#include "base/clock.h"
#include "crypto/der.h"
#include "sim_cert.h"

#define PART BUF(SIM_CERT_MAX)

enum { CE_CRL_NUMBER = 20, CE_REASON = 21 };

/* UTCTime, from the digits of 2026-01-31T00:00:00Z. */
static void put_time(struct buf *out, int64_t unix_seconds)
{
    char text[21], utc[14];
    size_t n = 0;

    clock_format(unix_seconds, text);
    for (const char *p = text + 2; *p && n < sizeof utc - 1; p++)
        if ((*p >= '0' && *p <= '9') || *p == 'Z')
            utc[n++] = *p;
    utc[n] = 0;
    der_put(out, DER_UTC_TIME, bytes_of_str(utc));
}

static void put_entry(struct buf *out, const uint8_t serial[static SIM_SERIAL_LEN], int64_t at)
{
    struct buf reason AUTO_CALL(buf_done) = PART;
    struct buf extension AUTO_CALL(buf_done) = PART;
    struct buf entry AUTO_CALL(buf_done) = PART;

    der_put(&reason, DER_ENUMERATED, BYTES(((const uint8_t[]){1}))); /* keyCompromise */
    sim_ce_put(&extension, CE_REASON, false, &reason);
    der_put(&entry, DER_INTEGER, (struct bytes){serial, SIM_SERIAL_LEN});
    put_time(&entry, at);
    der_put(&entry, DER_SEQUENCE, buf_bytes(&extension));
    der_put(out, DER_SEQUENCE, buf_bytes(&entry));
}

static enum err_code put_extensions(struct buf *out, const EVP_PKEY *issuer, struct err *e)
{
    struct buf number AUTO_CALL(buf_done) = PART;
    struct buf list AUTO_CALL(buf_done) = PART;
    struct buf seq AUTO_CALL(buf_done) = PART;

    der_put(&number, DER_INTEGER, BYTES(((const uint8_t[]){1})));
    sim_ce_put(&list, CE_CRL_NUMBER, false, &number);
    TRY(sim_aki_put(&list, issuer, e));
    der_put(&seq, DER_SEQUENCE, buf_bytes(&list));
    der_put(out, DER_CONTEXT_0, buf_bytes(&seq));
    return buf_check(out, e);
}

enum err_code sim_crl_make(const struct sim_crl_spec *spec, const EVP_PKEY *issuer_key,
                           const EVP_PKEY *signature_key, struct buf *ret, struct err *e)
{
    struct buf fields AUTO_CALL(buf_done) = PART;
    struct buf entries AUTO_CALL(buf_done) = PART;

    der_put(&fields, DER_INTEGER, BYTES(((const uint8_t[]){1}))); /* version 2 */
    sim_signature_algorithm_put(&fields);
    sim_name_put(&fields, spec->issuer);
    put_time(&fields, spec->this_update);
    put_time(&fields, spec->next_update);
    for (size_t i = 0; i < spec->n; i++)
        put_entry(&entries, spec->revoked[i], spec->this_update);
    if (spec->n > 0) /* RFC 5280: no empty list */
        der_put(&fields, DER_SEQUENCE, buf_bytes(&entries));
    TRY(put_extensions(&fields, issuer_key, e));
    return sim_signed_put(ret, &fields, signature_key, e);
}
