/* The story of a release in version 1's form.  kms_release_v1, at the end, tells it; each step
 * above it is one sentence. */
#include "kms/release_v1.h"

#include "attest/proxy_headers.h"
#include "crypto/pem.h"
#include "kms/msg.h"
#include "kms/release_steps.h"

#define PEM_MAX 16384

/* What is known about the request so far; every step reads what earlier ones wrote. */
struct story {
    const struct release_v1_request *request;
    EVP_PKEY *subject_key;    /* of the CSR: who the certificate will be for */
    struct measurements told; /* by the proxy */

    struct kms_app_standing standing;
    struct hash32 identity;
    struct addr nobody; /* version 1 has no operator here */
    struct kms_identity_standing permission;

    const kms_app *keys;
    struct ca_issued certificate;
    struct buf answer; /* holds the key */
    struct audit_receipt receipt;
};

static void story_done(struct story *s)
{
    EVP_PKEY_free(s->subject_key);
    kms_app_put_auto(&s->keys);
    ca_issued_done(&s->certificate);
    buf_done_wipe(&s->answer);
}

/* ---- the steps ---- */

/* What the proxy verified, as it says. */
static enum err_code read_headers(struct story *s, enum kms_reason *why, struct err *e)
{
    return kms_because(KMS_HEADERS_MALFORMED, why,
                       proxy_headers_read(s->request->type, s->request->measurements, &s->told, e));
}

/* Whoever signed the CSR holds its key; nothing else of it counts. */
static enum err_code read_request(struct story *s, enum kms_reason *why, struct err *e)
{
    struct buf csr AUTO_CALL(buf_done) = BUF(MSG_CSR_MAX);

    TRY(kms_because(KMS_MALFORMED_REQUEST, why, msg_secrets_v1_request(s->request->body, &csr, e)));
    return kms_because(KMS_CSR_INVALID, why, csr_parse(buf_bytes(&csr), &s->subject_key, e));
}

/* Is the application allowed at the newest finalized block?  What that block says holds for all
 * that follows. */
static enum err_code ask_about_app(const struct release_v1_ctx *ctx, struct story *s,
                                   enum kms_reason *why, struct err *e)
{
    return kms_decide_app(&ctx->authority, &s->request->app, s->told.mrtd, &s->standing, why, e);
}

/* A contract of scheme 2 lists what was attested to us, and that alone. */
static enum err_code require_scheme_1(struct story *s, enum kms_reason *why, struct err *e)
{
    const struct gov_head *head = &s->standing.registry.head;

    if (head->scheme == 1 && !head->principal)
        return ERR_OK;
    return kms_because(KMS_SCHEME_NOT_V1, why,
                       err_set(e, ERR_DENIED,
                               "the application's contract is of scheme %u: identities from a "
                               "proxy's headers are for scheme 1 alone; its instances ask "
                               "/api/v2/secrets",
                               head->scheme));
}

static enum err_code derive_identity(const struct release_v1_ctx *ctx, struct story *s,
                                     enum kms_reason *why, struct err *e)
{
    static const struct hash32 no_config; /* what is listed is no principal */

    return kms_decide_name(&ctx->authority, &s->request->app, &s->standing,
                           &s->standing.registry.head, &s->told, &no_config, &s->identity, why, e);
}

static enum err_code require_no_operator(struct story *s, enum kms_reason *why, struct err *e)
{
    if (!s->standing.registry.head.operator_required)
        return ERR_OK;
    return kms_because(KMS_OPERATOR_V1, why,
                       err_set(e, ERR_DENIED,
                               "the application wants an operator's authorisation: version 1's "
                               "signature says neither for which application, nor until when, and "
                               "is not accepted; its instances ask /api/v2/secrets"));
}

static enum err_code ask_about_identity(const struct release_v1_ctx *ctx, struct story *s,
                                        enum kms_reason *why, struct err *e)
{
    const struct kms_subject who = {.name = s->identity, .measured = &s->told};

    return kms_decide_identity(&ctx->authority, &s->request->app, &s->standing, &who,
                               &s->permission, why, e);
}

/* A policy judges what a quote says; a proxy's headers say nothing of the platform. */
static enum err_code require_no_policy(struct story *s, enum kms_reason *why, struct err *e)
{
    if (s->permission.demands.n == 0)
        return ERR_OK;
    return kms_because(KMS_POLICY_V1, why,
                       err_set(e, ERR_DENIED,
                               "the %s is allowed under attestation policy %u, and a proxy's "
                               "headers say nothing that it could judge; its instances ask "
                               "/api/v2/secrets",
                               s->permission.demands.list[0].of, s->permission.demands.list[0].id));
}

static struct release_to recipient(const struct story *s)
{
    return (struct release_to){
        .app = &s->request->app,
        .subject_key = s->subject_key,
        .standing = &s->standing,
        .identity = &s->identity,
        .operator_ = &s->nobody,
        .not_after = s->permission.not_after,
    };
}

static enum err_code issue(const struct release_v1_ctx *ctx, struct story *s, enum kms_reason *why,
                           struct err *e)
{
    const struct release_to to = recipient(s);

    return release_issue(&ctx->authority, &to, &s->keys, &s->certificate, why, e);
}

/* Written before it is on record, because it needs a quote, which may fail; it leaves afterwards.
 */
static enum err_code write_answer(const struct release_v1_ctx *ctx, struct story *s,
                                  enum kms_reason *why, struct err *e)
{
    struct buf certificate AUTO_CALL(buf_done) = BUF(PEM_MAX);
    struct buf quote AUTO_CALL(buf_done) = BUF(EVIDENCE_QUOTE_MAX);
    AUTO(secret) key = NULL;
    struct report_data rd;

    pem_put(&certificate, "CERTIFICATE", buf_bytes(&s->certificate.der));
    TRY(kms_because(KMS_ISSUE_FAILED, why, buf_check(&certificate, e)));
    TRY(kms_because(KMS_ISSUE_FAILED, why, p256_private_pem(s->keys->encrypt_key, &key, e)));
    report_data_v1_secrets(&s->request->app, &s->nobody, buf_bytes(&certificate), secret_bytes(key),
                           &rd);
    TRY(kms_because(KMS_QUOTE_FAILED, why, quote_provider_quote(ctx->quotes, &rd, &quote, e)));

    const struct msg_secrets_v1 m = {
        .private_pem = secret_bytes(key),
        .certificate_pem = buf_bytes(&certificate),
        .operator_ = s->nobody,
        .quote = buf_bytes(&quote),
    };

    buf_reserve(&s->answer, MSG_V1_ANSWER_MAX);
    return kms_because(KMS_SEAL_FAILED, why, msg_secrets_v1_encode(&m, &s->answer, e));
}

/* The proxy's word is on record as such. */
static enum err_code record(const struct release_v1_ctx *ctx, struct story *s, enum kms_reason *why,
                            struct err *e)
{
    const struct release_to to = recipient(s);
    const struct audit_field more[] = {
        {.name = "via", .kind = AUDIT_STR, .str = "proxy"},
        {.name = "type", .kind = AUDIT_STR, .str = proxy_headers_type(&s->told)},
    };

    return release_record(ctx->audit, "release-v1", &to, &s->certificate, more, 2, &s->receipt, why,
                          e);
}

/* ---- the story ---- */

static enum err_code tell(const struct release_v1_ctx *ctx, struct story *s, enum kms_reason *why,
                          struct err *e)
{
    TRY(read_headers(s, why, e));
    TRY(read_request(s, why, e));
    TRY(ask_about_app(ctx, s, why, e));
    TRY(require_scheme_1(s, why, e));
    TRY(derive_identity(ctx, s, why, e));
    TRY(require_no_operator(s, why, e));
    TRY(ask_about_identity(ctx, s, why, e));
    TRY(require_no_policy(s, why, e));
    TRY(issue(ctx, s, why, e));
    TRY(write_answer(ctx, s, why, e));
    return record(ctx, s, why, e);
}

enum err_code kms_release_v1(const struct release_v1_ctx *ctx,
                             const struct release_v1_request *request, struct buf *ret_answer,
                             struct release_outcome *ret_outcome, struct err *e)
{
    struct story s AUTO_CALL(story_done) = {.request = request, .answer = BUF(MSG_V1_ANSWER_MAX)};
    enum kms_reason why = KMS_GRANTED;
    enum err_code rc = tell(ctx, &s, &why, e);

    if (rc == ERR_OK) {
        buf_done_wipe(ret_answer);
        *ret_answer = s.answer;
        s.answer = BUF(0);
    } else {
        audit_refused(ctx->audit, kms_reason_name(why));
    }
    *ret_outcome = (struct release_outcome){
        .why = why,
        .identity = s.identity,
        .at = s.standing.at,
        .receipt = s.receipt,
    };
    return rc;
}
