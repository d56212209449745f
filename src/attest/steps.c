#include "attest/steps.h"

#include "crypto/digest.h"

const struct attest_policy attest_policy_default = {
    .attributes_required = TD_SEPT_VE_DISABLE,
    .attributes_allowed = TD_SEPT_VE_DISABLE | TD_PKS,
    .xfam_required = XFAM_FIXED,
    .xfam_allowed = XFAM_KNOWN,
    .service_td = false,
};

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
        return attest_fail(fault, e, FAULT_QUOTE_KEY, "attestation key: %s", why.msg);
    sha256(q->signed_part, &digest);
    if (p256_pub_verify_raw(key, &digest, q->signature, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_QUOTE_SIG, "quote by the attestation key: %s", why.msg);
    return ERR_OK;
}

/* ---- K ---- */

static uint64_t little(const uint8_t b[static 8])
{
    uint64_t v = 0;

    for (size_t i = 8; i > 0; i--)
        v = v << 8 | b[i - 1];
    return v;
}

#define TD_DEBUG ((uint64_t)1)

static enum err_code check_attributes(const struct td_report *td,
                                      const struct attest_policy *policy, enum attest_fault *fault,
                                      struct err *e)
{
    uint64_t found = little(td->td_attributes);
    uint64_t allowed = policy->attributes_allowed & TD_ATTRIBUTES_KNOWN;

    if (found & TD_DEBUG)
        return attest_fail(fault, e, FAULT_TD_DEBUG,
                           "a DEBUG TD: its host reads its memory (attributes 0x%016llx)",
                           (unsigned long long)found);
    if ((found & policy->attributes_required) != policy->attributes_required || found & ~allowed)
        return attest_fail(fault, e, FAULT_TD_ATTRIBUTES,
                           "attributes 0x%016llx, expected 0x%016llx set and none but 0x%016llx",
                           (unsigned long long)found,
                           (unsigned long long)policy->attributes_required,
                           (unsigned long long)allowed);
    return ERR_OK;
}

static enum err_code check_xfam(const struct td_report *td, const struct attest_policy *policy,
                                enum attest_fault *fault, struct err *e)
{
    uint64_t found = little(td->xfam), allowed = policy->xfam_allowed & XFAM_KNOWN;
    uint64_t required = policy->xfam_required | XFAM_FIXED;

    if ((found & required) != required || found & ~allowed)
        return attest_fail(fault, e, FAULT_TD_XFAM,
                           "XFAM 0x%016llx, expected 0x%016llx set and none but 0x%016llx",
                           (unsigned long long)found, (unsigned long long)required,
                           (unsigned long long)allowed);
    return ERR_OK;
}

enum err_code step_td_policy(const struct td_report *td, const struct attest_policy *policy,
                             enum attest_fault *fault, struct err *e)
{
    TRY(check_attributes(td, policy, fault, e));
    TRY(check_xfam(td, policy, fault, e));
    if (!bytes_all_zero(BYTES(td->mrsignerseam)))
        return attest_fail(fault, e, FAULT_TD_MRSIGNERSEAM,
                           "MRSIGNERSEAM is not zero: the TDX module is not Intel's");
    if (!bytes_all_zero(BYTES(td->seam_attributes)))
        return attest_fail(fault, e, FAULT_TD_SEAM_ATTRIBUTES,
                           "SEAMATTRIBUTES is not zero: the TDX module is no production one");
    if (!policy->service_td && !bytes_all_zero(BYTES(td->mrservicetd)))
        return attest_fail(fault, e, FAULT_TD_SERVICE,
                           "MRSERVICETD is not zero: another TD can change this one");
    return ERR_OK;
}

enum err_code step_report_data(const struct td_report *td, const struct report_data *expected,
                               enum attest_fault *fault, struct err *e)
{
    if (!secret_eq(BYTES(td->report_data), BYTES(expected->b)))
        return attest_fail(fault, e, FAULT_REPORT_DATA,
                           "the quote was made for another purpose, key, nonce or payload");
    return ERR_OK;
}
