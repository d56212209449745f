/* teereg evidence verify --type azure-maa: a token of Azure's attestation service.  It gives no
 * identity: no PCR is in it. */
#include "attest/maa.h"
#include "base/fs.h"
#include "cli/exhibit.h"
#include "cli/files.h"
#include "cli/judge.h"
#include "cli/verdict.h"
#include "crypto/jws.h"

struct asked {
    struct buf token, runtime;
    struct jwks keys;
    struct collateral collateral;
    bool has_collateral;
    struct attest_policy policy;
    struct report_data expected;
    bool has_expected;
    struct hash32 policy_hash;
    bool has_policy_hash;
    int64_t now;
};

static void asked_done(struct asked *q)
{
    buf_done(&q->token);
    buf_done(&q->runtime);
    jwks_done(&q->keys);
    collateral_done(&q->collateral);
}

/* An editor's or shell's line end behind a token is not part of it. */
static void trim(struct buf *token)
{
    while (token->n > 0 && (token->p[token->n - 1] == '\n' || token->p[token->n - 1] == '\r'))
        token->n--;
}

static enum err_code read_keys(const struct cli_args *a, struct asked *q, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(JWKS_MAX);
    const char *path = cli_value(a, "jwks");

    if (!path)
        return err_set(e, ERR_USAGE,
                       "--jwks FILE is needed: the keys of the token's issuer, from "
                       "its address /certs");
    TRY_IN(e, fs_read(path, &text, e), "--jwks");
    TRY_IN(e, jwks_parse(buf_bytes(&text), &q->keys, e), "--jwks %s", path);
    return ERR_OK;
}

static enum err_code read_collateral(const struct cli_args *a, struct asked *q, struct err *e)
{
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(COLLATERAL_BUNDLE_MAX);
    const char *path = cli_value(a, "collateral");

    if (!path)
        return ERR_OK;
    if (!cli_switch(a, "enclave-proof"))
        return err_set(e, ERR_USAGE,
                       "--collateral is about no token, only about the enclaves of "
                       "its keys: with --enclave-proof");
    TRY_IN(e, fs_read(path, &text, e), "--collateral");
    TRY_IN(e, collateral_bundle_decode(buf_bytes(&text), &bundle, e), "%s", path);
    collateral_of_bundle(&bundle, attest_roots(), NULL, &q->collateral);
    q->has_collateral = true;
    return ERR_OK;
}

/* One that is too long is no fault of the command line: it is judged, and
 * as many bytes as no token has stand for it. */
static enum err_code read_token(const char *path, struct buf *ret, struct err *e)
{
    static const uint8_t more[JWS_MAX + 1];
    enum err_code code = cli_read(path, ret, e);

    if (code != ERR_TOO_LARGE)
        return code;
    buf_done(ret);
    *ret = BUF(2 * JWS_MAX);
    buf_put(ret, BYTES(more));
    return buf_check(ret, e);
}

static enum err_code read_asked(const struct cli_args *a, struct asked *q, struct err *e)
{
    q->token = BUF(2 * JWS_MAX);
    q->runtime = BUF(JWS_MAX);
    if (cli_value(a, "issuer") && !jwks_is_issuer(cli_value(a, "issuer")))
        return err_set(e, ERR_USAGE, "--issuer %s: expected https://HOST, as tokens name it",
                       cli_value(a, "issuer"));
    TRY(cli_verify_policy(a, &q->policy, e));
    TRY(cli_verify_time(a, &q->now, e));
    TRY(cli_verify_report_data(a, &q->expected, &q->has_expected, e));
    if (cli_value(a, "policy-hash")) {
        TRY(cli_hash32(a, "policy-hash", &q->policy_hash, e));
        q->has_policy_hash = true;
    }
    if (cli_value(a, "runtime-data"))
        TRY_IN(e, fs_read(cli_value(a, "runtime-data"), &q->runtime, e), "--runtime-data");
    TRY(read_keys(a, q, e));
    TRY(read_collateral(a, q, e));
    TRY(read_token(cli_value(a, "file"), &q->token, e));
    trim(&q->token);
    return ERR_OK;
}

enum err_code evidence_verify_maa(const struct cli_args *a, struct err *e)
{
    struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
    struct verdict v AUTO_CALL(verdict_done) = {.no_identity = true};
    struct asked q AUTO_CALL(asked_done) = {0};
    struct measurements m;

    if (read_asked(a, &q, e) != ERR_OK) {
        /* Nothing was judged: no verdict can be meant. */
        if (e->code != ERR_NOMEM)
            e->code = ERR_USAGE;
        return e->code;
    }
    const struct attest_question admit = {
        .roots = attest_roots(),
        .policy = &q.policy,
        .collateral = q.has_collateral ? &q.collateral : NULL,
        .now = q.now,
    };
    const struct maa_question question = {
        .token = buf_bytes(&q.token),
        .keys = &q.keys,
        .admit = cli_switch(a, "enclave-proof") ? &admit : NULL,
        .issuer = cli_value(a, "issuer"),
        .policy = &q.policy,
        .policy_hash = q.has_policy_hash ? &q.policy_hash : NULL,
        .expected = q.has_expected ? &q.expected : NULL,
        .has_runtime = cli_value(a, "runtime-data") != NULL,
        .runtime = buf_bytes(&q.runtime),
        .nonce = cli_value(a, "nonce"),
        .now = q.now,
    };

    TRY(verdict_begin(&v, e));
    maa_examine(&question, &x);
    for (enum maa_check c = 0; c < MAA_CHECKS; c++)
        TRY(verdict_check(&v, maa_check_name(c), &x.check[c], false, e));
    v.ok = x.ok;
    v.fault = x.fault;
    v.message = x.check[x.first].detail;
    if (x.has_td) {
        measurements_of_td(&x.claims.td, &m);
        v.measurements = &m;
        v.report_data = x.claims.td.report_data;
    }
    if (x.has_status)
        v.status = tcb_status_name(x.claims.status);
    return verdict_tell(a, &v, e);
}
