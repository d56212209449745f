/* The story of a release.  kms_release, at the end, tells it; each step above it is one sentence.
 */
#include "kms/release.h"

#include "crypto/digest.h"
#include "kms/msg.h"
#include "kms/operator.h"
#include "kms/release_steps.h"

/* What is known about the request so far; every step reads what earlier ones wrote. */
struct story {
    struct addr app; /* contract that was asked for */
    struct bytes body;
    struct msg_secrets_request request;

    struct evidence evidence;
    struct msg_secrets_payload payload; /* borrows from evidence */
    EVP_PKEY *subject_key;              /* of the CSR: who the certificate will be for */
    uint8_t subject_spki[P256_SPKI_LEN];
    verified_quote *quote;

    struct kms_app_standing standing;
    struct hash32 identity;         /* or principal: what the contract lists */
    struct addr voucher, operator_; /* who did vouch; the same where the contract wants one */
    bool vouched;
    struct kms_identity_standing permission;

    const kms_app *keys;
    struct ca_issued certificate;
    struct audit_receipt receipt;
    struct msg_answer answer;
};

static void story_done(struct story *s)
{
    msg_secrets_request_done(&s->request);
    evidence_done(&s->evidence);
    EVP_PKEY_free(s->subject_key);
    verified_quote_free(s->quote);
    kms_app_put_auto(&s->keys);
    ca_issued_done(&s->certificate);
    msg_answer_done(&s->answer);
}

/* ---- the steps ---- */

static enum err_code read_request(struct story *s, enum kms_reason *why, struct err *e)
{
    return kms_because(KMS_MALFORMED_REQUEST, why,
                       msg_secrets_request_decode(s->body, &s->request, e));
}

/* Is the challenge ours, for this application, and young enough?  Nothing is remembered yet. */
static enum err_code check_challenge(const struct release_ctx *ctx, struct story *s,
                                     enum kms_reason *why, struct err *e)
{
    enum err_code rc =
        challenge_check(ctx->challenges, &s->request.challenge, MSG_PURPOSE_SECRETS, &s->app, e);

    return kms_because(rc == ERR_TIMEOUT ? KMS_CHALLENGE_EXPIRED : KMS_CHALLENGE_FORGED, why, rc);
}

/* The payload names the key that everything will be bound to; whoever signed the CSR holds it. */
static enum err_code read_payload(struct story *s, enum kms_reason *why, struct err *e)
{
    AUTO(EVP_PKEY) hpke_key = NULL;

    TRY(kms_because(KMS_EVIDENCE_MALFORMED, why,
                    evidence_from_json(s->request.evidence, &s->evidence, e)));
    TRY(kms_because(KMS_PAYLOAD_MALFORMED, why,
                    msg_secrets_payload_decode(buf_bytes(&s->evidence.payload), &s->payload, e)));
    /* A point off the curve would be found when sealing: too late, the release would be on record.
     */
    TRY(kms_because(KMS_PAYLOAD_MALFORMED, why,
                    p256_from_point(s->payload.hpke_key, &hpke_key, e)));
    TRY(kms_because(KMS_CSR_INVALID, why, csr_parse(s->payload.csr, &s->subject_key, e)));
    return kms_because(KMS_CSR_INVALID, why, p256_spki(s->subject_key, s->subject_spki, e));
}

/* Is the quote genuine, made for this very key, challenge and payload, and good enough to give
 * something away? */
static enum err_code authenticate(const struct release_ctx *ctx, struct story *s,
                                  enum kms_reason *why, struct err *e)
{
    const struct report_binding binding = {
        .purpose = REPORT_SECRETS_REQUEST,
        .chain_id = ctx->authority.config->chain_id,
        .kms = ctx->authority.config->kms,
        .app = s->app,
        .spki = BYTES(s->subject_spki),
        .nonce = s->request.challenge,
    };
    enum attest_fault fault = FAULT_NONE;
    enum err_code rc;

    TRY(read_payload(s, why, e));
    rc = attest_verify_evidence(&ctx->judge, &s->evidence, &binding,
                                release_time_for_evidence(&ctx->authority), &s->quote, &fault, e);
    TRY(kms_because(fault == FAULT_REPORT_DATA ? KMS_REPORT_DATA_MISMATCH : KMS_QUOTE_INVALID, why,
                    rc));
    return kms_because(KMS_EVIDENCE_NOT_RELEASABLE, why, attest_release_check(s->quote, e));
}

/* From here on this challenge is used up, whatever comes. */
static enum err_code spend_challenge(const struct release_ctx *ctx, struct story *s,
                                     enum kms_reason *why, struct err *e)
{
    enum err_code rc = challenge_spend(ctx->challenges, &s->request.challenge, e);

    return kms_because(rc == ERR_DENIED ? KMS_CHALLENGE_SPENT : KMS_CHALLENGE_FULL, why, rc);
}

/* Is the application allowed at the newest finalized block?  What that block says holds for all
 * that follows. */
static enum err_code ask_about_app(const struct release_ctx *ctx, struct story *s,
                                   enum kms_reason *why, struct err *e)
{
    return kms_decide_app(&ctx->authority, &s->app, verified_quote_measurements(s->quote)->mrtd,
                          &s->standing, why, e);
}

/* Is what stands between this workload and its host one that governance knows? */
static enum err_code ask_about_paravisor(struct story *s, enum kms_reason *why, struct err *e)
{
    return release_paravisor(&s->standing, verified_quote_measurements(s->quote), why, e);
}

/* The name under which the contract's list knows this workload. */
static enum err_code derive_identity(const struct release_ctx *ctx, struct story *s,
                                     enum kms_reason *why, struct err *e)
{
    return kms_decide_name(&ctx->authority, &s->app, &s->standing, &s->standing.registry.head,
                           verified_quote_measurements(s->quote), &s->payload.config_hash,
                           &s->identity, why, e);
}

/* Who vouches for this key?  Where the contract wants nobody to, what is wrong with an
 * authorisation does not matter; one that holds is there in case the newest blocks do. */
static enum err_code identify_operator(const struct release_ctx *ctx, struct story *s,
                                       enum kms_reason *why, struct err *e)
{
    struct operator_authorize expected = {
        .purpose = MSG_PURPOSE_SECRETS,
        .chain_id = ctx->authority.config->chain_id,
        .kms = ctx->authority.config->kms,
        .app = s->app,
    };
    const bool wanted = s->standing.registry.head.operator_required;

    if (!s->payload.has_authorisation)
        return ERR_OK;
    sha256(BYTES(s->subject_spki), &expected.subject_spki_sha256);
    s->vouched = operator_verify(&s->payload.authorisation, &expected,
                                 (int64_t)s->standing.time.now, &s->voucher, e) == ERR_OK;
    if (!wanted)
        return ERR_OK;
    if (!s->vouched)
        return kms_because(KMS_OPERATOR_SIGNATURE, why, e->code);
    s->operator_ = s->voucher;
    return ERR_OK;
}

/* Is this workload, and its operator where one is wanted, allowed at that same block? */
static enum err_code ask_about_identity(const struct release_ctx *ctx, struct story *s,
                                        enum kms_reason *why, struct err *e)
{
    const struct kms_subject who = {
        .name = s->identity,
        .measured = verified_quote_measurements(s->quote),
        .config_hash = s->payload.config_hash,
        .operator_ = s->vouched ? &s->voucher : NULL,
    };

    return kms_decide_identity(&ctx->authority, &s->app, &s->standing, &who, &s->permission, why,
                               e);
}

/* Do the policies that the contracts name accept this evidence too? */
static enum err_code obey_policies(const struct release_ctx *ctx, struct story *s,
                                   enum kms_reason *why, struct err *e)
{
    return kms_decide_policies(&ctx->authority, &s->standing, &s->permission,
                               verified_quote_facts(s->quote), why, e);
}

static struct release_to recipient(const struct story *s)
{
    return (struct release_to){
        .app = &s->app,
        .subject_key = s->subject_key,
        .standing = &s->standing,
        .identity = &s->identity,
        .operator_ = &s->operator_,
        .not_after = s->permission.not_after,
    };
}

static enum err_code issue(const struct release_ctx *ctx, struct story *s, enum kms_reason *why,
                           struct err *e)
{
    const struct release_to to = recipient(s);

    return release_issue(&ctx->authority, &to, &s->keys, &s->certificate, why, e);
}

static enum err_code record(const struct release_ctx *ctx, struct story *s, enum kms_reason *why,
                            struct err *e)
{
    const struct release_to to = recipient(s);
    const struct audit_field more[] = {
        {.name = "config_hash", .kind = AUDIT_HEX, .bytes = BYTES_OF(s->payload.config_hash)},
        {.name = "challenge", .kind = AUDIT_HEX, .bytes = BYTES_OF(s->request.challenge)},
    };

    return release_record(ctx->audit, "release", &to, &s->certificate, more, 2, &s->receipt, why,
                          e);
}

/* To the one-use key of the request, so that no recording opens later; signed by the key that the
 * client attested. */
static enum err_code seal(const struct release_ctx *ctx, struct story *s, enum kms_reason *why,
                          struct err *e)
{
    struct msg_answer_context bound_to = {
        .chain_id = ctx->authority.config->chain_id,
        .kms = ctx->authority.config->kms,
        .app = s->app,
        .epoch = s->standing.epoch,
        .nonce = s->request.challenge,
    };
    const struct msg_secrets secrets = {
        .key_scheme = (uint8_t)s->keys->scheme,
        .epoch = s->standing.epoch,
        .encrypt_scalar = secret_bytes(s->keys->encrypt),
        .disk = secret_bytes(s->keys->disk),
        .certificate = buf_bytes(&s->certificate.der),
        .ca = s->keys->ca_der,
        .node = BYTES(s->receipt.node),
        .seq = s->receipt.seq,
        .head = s->receipt.head,
    };
    AUTO(secret) plaintext = NULL;

    sha256(s->body, &bound_to.request_sha256);
    TRY(kms_because(KMS_SEAL_FAILED, why, msg_secrets_encode(&secrets, &plaintext, e)));
    return kms_because(KMS_SEAL_FAILED, why,
                       msg_answer_seal(&bound_to, s->payload.hpke_key, secret_bytes(plaintext),
                                       ctx->tls_key, &s->answer, e));
}

/* ---- the story ---- */

static enum err_code tell(const struct release_ctx *ctx, struct story *s, enum kms_reason *why,
                          struct err *e)
{
    TRY(read_request(s, why, e));
    TRY(check_challenge(ctx, s, why, e));
    TRY(authenticate(ctx, s, why, e));
    TRY(spend_challenge(ctx, s, why, e));
    TRY(ask_about_app(ctx, s, why, e));
    TRY(ask_about_paravisor(s, why, e));
    TRY(derive_identity(ctx, s, why, e));
    TRY(identify_operator(ctx, s, why, e));
    TRY(ask_about_identity(ctx, s, why, e));
    TRY(obey_policies(ctx, s, why, e));
    TRY(issue(ctx, s, why, e));
    TRY(record(ctx, s, why, e));
    return seal(ctx, s, why, e);
}

enum err_code kms_release(const struct release_ctx *ctx, const struct addr *app, struct bytes body,
                          struct buf *ret_answer, struct release_outcome *ret_outcome,
                          struct err *e)
{
    struct story s AUTO_CALL(story_done) = {.app = *app, .body = body};
    enum kms_reason why = KMS_GRANTED;
    enum err_code rc;

    rc = ctx->authority.apps
             ? tell(ctx, &s, &why, e)
             : kms_because(KMS_LOCKED, &why, err_set(e, ERR_LOCKED, "this node holds no root key"));
    if (rc == ERR_OK)
        rc = kms_because(KMS_SEAL_FAILED, &why, msg_answer_encode(&s.answer, ret_answer, e));
    *ret_outcome = (struct release_outcome){
        .why = why,
        .identity = s.identity,
        .operator_ = s.operator_,
        .at = s.standing.at,
        .receipt = s.receipt,
    };
    if (rc != ERR_OK)
        audit_refused(ctx->audit, kms_reason_name(why));
    return rc;
}
