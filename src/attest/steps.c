#include "attest/steps.h"

#include "crypto/digest.h"

enum err_code step_qe_signature(const struct quote *q, const p256_pub *pck,
                                enum attest_fault *fault, struct err *e)
{
    struct hash32 digest;
    struct err why;

    sha256(q->qe_report, &digest);
    if (p256_pub_verify_raw(pck, &digest, q->qe_signature, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_QE_SIG, "QE report by the PCK key: %s", why.msg);
    return ERR_OK;
}

enum err_code step_qe_binding(const struct quote *q, enum attest_fault *fault, struct err *e)
{
    struct hash32 digest;

    SHA256_OF(&digest, q->attestation_key, q->qe_auth);
    if (!bytes_eq((struct bytes){q->qe.report_data, 32}, BYTES_OF(digest)) ||
        !bytes_all_zero((struct bytes){q->qe.report_data + 32, 32}))
        return attest_fail(fault, e, FAULT_QE_HASH,
                           "the QE report does not hold the attestation key");
    return ERR_OK;
}

enum err_code step_quote_signature(const struct quote *q, enum attest_fault *fault, struct err *e)
{
    AUTO(p256_pub) key = NULL;
    struct hash32 digest;
    struct err why;

    if (p256_pub_new(q->attestation_key, &key, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_QUOTE_SIG, "attestation key: %s", why.msg);
    sha256(q->signed_part, &digest);
    if (p256_pub_verify_raw(key, &digest, q->signature, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_QUOTE_SIG, "quote by the attestation key: %s", why.msg);
    return ERR_OK;
}

enum err_code step_report_data(const uint8_t found[static 64], const struct report_data *expected,
                               enum attest_fault *fault, struct err *e)
{
    if (!secret_eq((struct bytes){found, 64}, BYTES(expected->b)))
        return attest_fail(fault, e, FAULT_REPORT_DATA,
                           "the quote was made for another purpose, key, nonce or payload");
    return ERR_OK;
}
