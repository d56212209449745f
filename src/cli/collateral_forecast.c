/* teereg collateral forecast: until when platforms will be accepted under a policy. */
#include "attest/collateral_forecast.h"
#include "attest/collateral_report.h"
#include "base/codec.h"
#include "base/fs.h"
#include "cli/collateral.h"
#include "cli/gather.h"
#include "cli/judge.h"

#define DAY_S        86400
#define METRICS_MAX  (1 << 20)
#define METRICS_MODE 0644

/* What is asked of every platform. */
struct asked {
    struct gather standard, early;
    bool has_early;
    struct attest_policy policy;
    int64_t now, adoption_s, warn_s;
    /* The answers, one for each --for. */
    struct collateral_forecast forecasts[CLI_VALUES_MAX];
    const char *names[CLI_VALUES_MAX];
    size_t n;
};

static void asked_done(struct asked *q)
{
    gather_done(&q->standard);
    gather_done(&q->early);
}

/* A service has both sets; with --early (or a folder alone) it is what that says. */
static enum err_code open_early(const struct cli_args *a, struct asked *q, struct err *e)
{
    const char *path = cli_value(a, "early");

    if (path && cli_switch(a, "no-early"))
        return err_set(e, ERR_USAGE, "--early and --no-early: give one of them");
    if (cli_switch(a, "no-early"))
        return ERR_OK;
    if (path) {
        TRY_IN(e, gather_open_empty(a, &q->early, e), "--early");
        TRY_IN(e, gather_add_path(&q->early, path, e), "--early");
    } else if (cli_value(a, "url") || !cli_value_at(a, "from", 0)) {
        TRY(gather_open_empty(a, &q->early, e));
        TRY(gather_add_service(a, PCS_EARLY, &q->early, e));
    }
    q->has_early = q->early.n > 0;
    return ERR_OK;
}

static enum err_code read_asked(const struct cli_args *a, struct asked *q, struct err *e)
{
    uint64_t days;

    TRY(cli_verify_policy(a, &q->policy, e));
    TRY(cli_verify_time(a, &q->now, e));
    TRY(cli_u64(a, "adoption-days", COLLATERAL_WARN_DAYS_MAX, &days, e));
    q->adoption_s = (int64_t)days * DAY_S;
    TRY(cli_u64(a, "warn-days", COLLATERAL_WARN_DAYS_MAX, &days, e));
    q->warn_s = (int64_t)days * DAY_S;
    TRY(gather_open(a, PCS_STANDARD, &q->standard, e));
    return open_early(a, q, e);
}

/* ---- answers ---- */

static enum err_code put_until(json *o, const char *name, const struct forecast_end *x,
                               struct err *e)
{
    if (x->at == FORECAST_NEVER)
        return json_put_str(o, name, "no end is known", e);
    return collateral_time_json(o, name, x->at, e);
}

static enum err_code put_end(json *o, enum forecast_case c, const struct forecast_end *x,
                             struct err *e)
{
    AUTO(json) one = NULL;

    if (!x->known)
        return ERR_OK;
    TRY(json_new_object(&one, e));
    TRY(put_until(one, "accepted_until", x, e));
    if (x->at != FORECAST_NEVER) {
        TRY(json_put_str(one, "check", attest_check_name(x->check), e));
        TRY(json_put_str(one, "fault", attest_fault_name(x->fault), e));
        TRY(json_put_str(one, "detail", x->detail, e));
    }
    return json_put(o, forecast_case_name(c), TAKE(one), e);
}

static enum err_code put_forecast(const struct collateral_forecast *f, const char *path, json *o,
                                  struct err *e)
{
    const struct forecast_end *end = collateral_forecast_end(f);

    TRY(json_put_str(o, "evidence", path, e));
    TRY(json_put_str(o, "tee", collateral_tee_word(f->platform.tee), e));
    TRY(json_put_hex(o, "fmspc", BYTES(f->platform.fmspc), e));
    TRY(json_put_bool(o, "accepted", f->end[FORECAST_HELD].at > f->now, e));
    TRY(put_until(o, "accepted_until", end, e));
    if (end->at != FORECAST_NEVER)
        TRY(json_put_str(o, "ended_by", attest_fault_name(end->fault), e));
    if (f->has_tcb) {
        TRY(json_put_str(o, "status", tcb_status_name(f->status), e));
        TRY(json_put_u64(o, "evaluation_number", f->evaluation_number, e));
    }
    if (f->has_early) {
        TRY(json_put_u64(o, "early_evaluation_number", f->early_number, e));
        TRY(collateral_time_json(o, "early_expected", f->early_from, e));
    }
    if (f->has_early_tcb)
        TRY(json_put_str(o, "early_status", tcb_status_name(f->early_status), e));
    for (size_t c = 0; c < FORECAST_CASES; c++)
        TRY(put_end(o, (enum forecast_case)c, &f->end[c], e));
    return ERR_OK;
}

static enum err_code foresee(const struct cli_args *a, struct asked *q, const char *path,
                             struct err *e)
{
    struct gathered standard AUTO_CALL(gathered_done) = {0};
    struct gathered early AUTO_CALL(gathered_done) = {0};
    struct exhibit x AUTO_CALL(exhibit_done) = {0};
    struct collateral_query platform;

    TRY(gather_exhibit(a, path, &x, &platform, e));
    TRY(gather_for(&q->standard, &platform, &standard, e));
    if (q->has_early)
        TRY_IN(e, gather_for(&q->early, &platform, &early, e), "early data");

    const struct attest_question question = {
        .quote = exhibit_quote(&x),
        .tee = platform.tee,
        .roots = attest_roots(),
        .policy = &q->policy,
        .collateral = &standard.parts,
        .now = q->now,
    };

    collateral_forecast(&question, q->has_early ? &early.parts : NULL, q->adoption_s,
                        &q->forecasts[q->n]);
    q->names[q->n++] = path;
    return ERR_OK;
}

static enum err_code write_metrics(const struct asked *q, const char *path, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(METRICS_MAX);

    collateral_forecast_metrics(q->forecasts, q->names, q->n, &text);
    TRY(buf_check(&text, e));
    TRY_IN(e, fs_write_atomic(path, buf_bytes(&text), METRICS_MODE, e), "--metrics");
    return ERR_OK;
}

/* Ends the verb: exit code 3 for the first that is refused, or will be within --warn-days. */
static enum err_code judge(const struct asked *q, struct err *e)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct collateral_forecast *f = &q->forecasts[i];
        const struct forecast_end *held = &f->end[FORECAST_HELD], *end = collateral_forecast_end(f);
        char when[21];

        if (held->at <= f->now)
            return err_set(e, ERR_DENIED, "%s is refused: %s: %s", q->names[i],
                           attest_fault_name(held->fault), held->detail);
        if (end->at == FORECAST_NEVER || end->at > f->now + q->warn_s)
            continue;
        clock_format(end->at, when);
        return err_set(e, ERR_DENIED, "%s will be refused from %s on: %s: %s", q->names[i], when,
                       attest_fault_name(end->fault), end->detail);
    }
    return ERR_OK;
}

static enum err_code run(const struct cli_args *a, struct asked *q, struct err *e)
{
    AUTO(json) result = NULL;
    AUTO(json) list = NULL;
    const char *path;

    TRY(read_asked(a, q, e));
    if (!cli_value_at(a, "for", 0))
        return err_set(e, ERR_USAGE, "of which platform?  --for FILE names its quote or evidence");
    for (size_t i = 0; (path = cli_value_at(a, "for", i)) != NULL; i++)
        TRY(foresee(a, q, path, e));
    TRY(json_new_object(&result, e));
    TRY(collateral_new_list(a, &list, e));
    for (size_t i = 0; i < q->n; i++) {
        AUTO(json) one = NULL;

        TRY(json_new_object(&one, e));
        TRY(put_forecast(&q->forecasts[i], q->names[i], one, e));
        TRY(collateral_put_one(a, list, i, q->names[i], TAKE(one), e));
    }
    TRY(json_put(result, "platforms", TAKE(list), e));
    if (cli_value(a, "metrics"))
        TRY(write_metrics(q, cli_value(a, "metrics"), e));
    TRY(cli_print(a, result, e));
    return judge(q, e);
}

enum err_code collateral_forecast_verb(const struct cli_args *a, struct err *e)
{
    struct asked *q = calloc(1, sizeof *q);
    enum err_code rc;

    if (!q)
        return err_set(e, ERR_NOMEM, "forecast");
    rc = run(a, q, e);
    asked_done(q);
    free(q);
    return rc;
}

const struct cli_option collateral_forecast_options[] = {
    {"for", "FILE", "a quote or evidence of the platform", NULL, CLI_MANY},
    {"tee", "TEE", "tdx or sgx; without: as --for has it", NULL, CLI_OPTIONAL},
    CLI_OPT_GATHER,
    {"early", "PATH", "a file or folder of early data; without: of the service", NULL,
     CLI_OPTIONAL},
    {"no-early", NULL, "do not ask the service for it", NULL, CLI_OPTIONAL},
    {"adoption-days", "N", "from a recovery event until its data is the standard one", "365",
     CLI_OPTIONAL},
    CLI_OPT_POLICY,
    {"accept-status", "LIST", "accept these TCB statuses, or any (but Revoked)", NULL,
     CLI_OPTIONAL},
    {"at", "UNIX", "as of this moment; without: now", NULL, CLI_OPTIONAL},
    {"warn-days", "N", "exit code 3 also when the end is within so many days", "0", CLI_OPTIONAL},
    {"metrics", "FILE", "also as metrics, for a textfile collector", NULL, CLI_OPTIONAL},
    {.name = NULL},
};
