/* explain_request - a workload asks why; see explain.h.  Up to the spent challenge it is the story
 * of a release (release.c); from there on the caller is who it says, and is told. */
#include "base/rd.h"
#include "crypto/digest.h"
#include "kms/explain.h"
#include "kms/msg.h"
#include "kms/release_steps.h"

struct caller {
    struct msg_explain_request request;
    struct evidence evidence;
    EVP_PKEY *key;
    verified_quote *quote;
    struct hash32 config_hash;
};

static void caller_done(struct caller *c)
{
    msg_explain_request_done(&c->request);
    evidence_done(&c->evidence);
    EVP_PKEY_free(c->key);
    verified_quote_free(c->quote);
}

/* lp(config_hash[32]) */
static enum err_code read_payload(struct caller *c, struct err *e)
{
    struct rd r = rd_of(buf_bytes(&c->evidence.payload));
    struct bytes hash = rd_lp(&r, sizeof c->config_hash.b);

    if (!rd_end(&r) || hash.n != sizeof c->config_hash.b)
        return err_set(e, ERR_INVALID, "payload: expected a configuration hash");
    memcpy(c->config_hash.b, hash.p, hash.n);
    return ERR_OK;
}

static enum err_code read_request(struct bytes body, struct caller *c, enum kms_reason *why,
                                  struct err *e)
{
    TRY(kms_because(KMS_MALFORMED_REQUEST, why, msg_explain_request_decode(body, &c->request, e)));
    TRY(kms_because(KMS_EVIDENCE_MALFORMED, why,
                    evidence_from_json(c->request.evidence, &c->evidence, e)));
    TRY(kms_because(KMS_PAYLOAD_MALFORMED, why, read_payload(c, e)));
    return kms_because(KMS_MALFORMED_REQUEST, why,
                       p256_from_spki(BYTES(c->request.spki), &c->key, e));
}

static enum err_code authenticate(const struct release_ctx *ctx, const struct addr *app,
                                  struct caller *c, enum kms_reason *why, struct err *e)
{
    const struct report_binding binding = {
        .purpose = REPORT_EXPLAIN,
        .chain_id = ctx->authority.config->chain_id,
        .kms = ctx->authority.config->kms,
        .app = *app,
        .spki = BYTES(c->request.spki),
        .nonce = c->request.challenge,
    };
    enum attest_fault fault = FAULT_NONE;
    enum err_code rc;

    rc = attest_verify_evidence(&ctx->judge, &c->evidence, &binding,
                                release_time_for_evidence(&ctx->authority), &c->quote, &fault, e);
    TRY(kms_because(fault == FAULT_REPORT_DATA ? KMS_REPORT_DATA_MISMATCH : KMS_QUOTE_INVALID, why,
                    rc));
    return kms_because(KMS_EVIDENCE_NOT_RELEASABLE, why, attest_release_check(c->quote, e));
}

static enum err_code prove(const struct release_ctx *ctx, const struct addr *app, struct bytes body,
                           struct caller *c, enum kms_reason *why, struct err *e)
{
    enum err_code rc;

    TRY(read_request(body, c, why, e));
    rc = challenge_check(ctx->challenges, &c->request.challenge, MSG_PURPOSE_EXPLAIN, app, e);
    TRY(kms_because(rc == ERR_TIMEOUT ? KMS_CHALLENGE_EXPIRED : KMS_CHALLENGE_FORGED, why, rc));
    TRY(authenticate(ctx, app, c, why, e));
    rc = challenge_spend(ctx->challenges, &c->request.challenge, e);
    return kms_because(rc == ERR_DENIED ? KMS_CHALLENGE_SPENT : KMS_CHALLENGE_FULL, why, rc);
}

static enum err_code seal(const struct release_ctx *ctx, const struct addr *app, struct bytes body,
                          const struct caller *c, struct bytes text, struct buf *ret, struct err *e)
{
    struct msg_answer_context bound_to = {
        .explains = true,
        .chain_id = ctx->authority.config->chain_id,
        .kms = ctx->authority.config->kms,
        .app = *app,
        .nonce = c->request.challenge,
    };
    struct msg_answer answer AUTO_CALL(msg_answer_done) = {0};
    uint8_t point[P256_POINT_LEN];

    sha256(body, &bound_to.request_sha256);
    TRY(p256_point(c->key, point, e));
    TRY(msg_answer_seal(&bound_to, BYTES(point), text, ctx->tls_key, &answer, e));
    return msg_answer_encode(&answer, ret, e);
}

enum err_code kms_explain_request(const struct release_ctx *ctx, const struct addr *app,
                                  struct bytes body, struct buf *ret_answer,
                                  enum kms_reason *ret_why, struct err *e)
{
    struct caller c AUTO_CALL(caller_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(MSG_SECRETS_MAX);
    struct kms_explanation x;
    AUTO(json) tree = NULL;

    if (!ctx->authority.apps)
        return kms_because(KMS_LOCKED, ret_why,
                           err_set(e, ERR_LOCKED, "this node holds no root key"));
    TRY(prove(ctx, app, body, &c, ret_why, e));

    const struct kms_question question = {
        .app = *app,
        .measurements = verified_quote_measurements(c.quote),
        .config_hash = c.config_hash,
        .facts = verified_quote_facts(c.quote),
        .has_evidence = true,
    };

    kms_explain(&ctx->authority, &question, &x);
    TRY(kms_because(KMS_SEAL_FAILED, ret_why, kms_explanation_json(&x, &tree, e)));
    TRY(kms_because(KMS_SEAL_FAILED, ret_why, json_write(tree, JSON_COMPACT, &text, e)));
    TRY(kms_because(KMS_SEAL_FAILED, ret_why, buf_check(&text, e)));
    return kms_because(KMS_SEAL_FAILED, ret_why,
                       seal(ctx, app, body, &c, buf_bytes(&text), ret_answer, e));
}
