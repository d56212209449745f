/* teereg evidence verify --type azure-maa: a token of Azure's attestation service.  It gives no
 * identity: no PCR is in it. */
#include "attest/maa.h"
#include "base/fs.h"
#include "cli/exhibit.h"
#include "cli/files.h"
#include "cli/maa_judge.h"
#include "cli/verdict.h"
#include "crypto/jws.h"

struct asked {
    struct buf token, runtime;
    struct cli_maa_judge judge;
    struct report_data expected;
    bool has_expected;
};

static void asked_done(struct asked *q)
{
    buf_done(&q->token);
    buf_done(&q->runtime);
    cli_maa_judge_done(&q->judge);
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
    TRY(cli_maa_judge_read(a, &q->judge, e));
    if (!q->judge.has_keys)
        return err_set(e, ERR_USAGE,
                       "--jwks FILE is needed: the keys of the token's issuer, from its address "
                       "/certs (`teereg evidence maa-keys`)");
    TRY(cli_verify_report_data(a, &q->expected, &q->has_expected, e));
    if (cli_value(a, "runtime-data"))
        TRY_IN(e, fs_read(cli_value(a, "runtime-data"), &q->runtime, e), "--runtime-data");
    TRY(read_token(cli_value(a, "file"), &q->token, e));
    cli_trim_line(&q->token);
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
    const struct maa_question question = {
        .token = buf_bytes(&q.token),
        .keys = &q.judge.keys,
        .admit = q.judge.admit,
        .issuer = cli_value(a, "issuer"),
        .policy = &q.judge.policy,
        .policy_hash = q.judge.has_policy_hash ? &q.judge.policy_hash : NULL,
        .expected = q.has_expected ? &q.expected : NULL,
        .has_runtime = cli_value(a, "runtime-data") != NULL,
        .runtime = buf_bytes(&q.runtime),
        .nonce = cli_value(a, "nonce"),
        .now = q.judge.now,
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
