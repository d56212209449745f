#include "kms/release_steps.h"

#include "crypto/digest.h"

int64_t release_time_for_evidence(const struct kms_authority *a)
{
    const int64_t clock = clock_unix(a->clock);
    struct finalized_block at;
    struct err ignored;

    if (chain_view_finalized(a->view, &at, &ignored) != ERR_OK)
        return clock;
    return (int64_t)gov_time_of(at.timestamp, clock).now;
}

enum err_code release_paravisor(const struct kms_app_standing *standing,
                                const struct measurements *m, enum kms_reason *why, struct err *e)
{
    if (m->kind != TEE_AZURE_TDX)
        return ERR_OK;
    return kms_because(
        KMS_PARAVISOR_NOT_ALLOWED, why,
        gov_policy_check(&standing->kms.paravisor, &standing->time, "paravisor (MRTD)", e));
}

enum err_code release_issue(const struct kms_authority *a, const struct release_to *to,
                            const kms_app **ret_keys, struct ca_issued *ret_certificate,
                            enum kms_reason *why, struct err *e)
{
    const struct kms_app_standing *s = to->standing;
    const struct ca_policy policy = {
        .app = *to->app,
        .now = (int64_t)s->time.now,
        .not_after = to->not_after,
    };
    const kms_app *keys AUTO_CALL(kms_app_put_auto) = NULL;

    TRY(kms_because(KMS_ISSUE_FAILED, why, kms_apps_get(a->apps, &s->app_id, s->epoch, &keys, e)));
    TRY(kms_because(
        KMS_ISSUE_FAILED, why,
        ca_issue(keys->ca_key, keys->ca, to->subject_key, &policy, ret_certificate, e)));
    *ret_keys = TAKE(keys);
    return ERR_OK;
}

enum err_code release_record(audit *log, const char *event, const struct release_to *to,
                             const struct ca_issued *certificate, const struct audit_field *more,
                             size_t n_more, struct audit_receipt *ret, enum kms_reason *why,
                             struct err *e)
{
    const struct kms_app_standing *s = to->standing;
    uint8_t spki[P256_SPKI_LEN];
    struct hash32 key;
    struct audit_field fields[RELEASE_FIELDS_MAX] = {
        {.name = "app", .kind = AUDIT_HEX0X, .bytes = BYTES_OF(*to->app)},
        {.name = "app_id", .kind = AUDIT_HEX0X, .bytes = BYTES_OF(s->app_id)},
        {.name = "epoch", .kind = AUDIT_U64, .u64 = s->epoch},
        {.name = "identity", .kind = AUDIT_HEX, .bytes = BYTES_OF(*to->identity)},
        {.name = "operator", .kind = AUDIT_HEX0X, .bytes = BYTES_OF(*to->operator_)},
        {.name = "block", .kind = AUDIT_U64, .u64 = s->at.ref.number},
        {.name = "block_hash", .kind = AUDIT_HEX0X, .bytes = BYTES_OF(s->at.ref.hash)},
        {.name = "key", .kind = AUDIT_HEX, .bytes = BYTES_OF(key)},
        {.name = "serial",
         .kind = AUDIT_HEX,
         .bytes = {certificate->serial, certificate->serial_len}},
    };
    size_t n = 9;

    if (n_more > RELEASE_FIELDS_MAX - n)
        return kms_because(KMS_AUDIT_FAILED, why,
                           err_set(e, ERR_INTERNAL, "a record of %zu fields", n + n_more));
    TRY(kms_because(KMS_AUDIT_FAILED, why, p256_spki(to->subject_key, spki, e)));
    sha256(BYTES(spki), &key);
    for (size_t i = 0; i < n_more; i++)
        fields[n++] = more[i];
    return kms_because(KMS_AUDIT_FAILED, why, audit_append(log, event, fields, n, ret, e));
}
