/* teereg evidence verify: every check, its answer, and a verdict; nothing is released on it. */
#include "attest/azure.h"
#include "attest/ccel_listing.h"
#include "base/fs.h"
#include "cli/exhibit.h"
#include "cli/files.h"
#include "cli/log_file.h"
#include "cli/maa_judge.h"
#include "cli/verdict.h"

#define BUNDLE_FILE_MAX (8 * COLLATERAL_BUNDLE_MAX) /* so that a larger one is refused by name */

/* What is asked, as it stands in memory. */
struct asked {
    struct exhibit exhibit;
    struct cli_root root;
    struct buf bundle;    /* when bundle_given */
    struct buf event_log; /* --event-log; empty: that of the evidence counts */
    bool bundle_given;
    struct collateral collateral;
    bool has_collateral;
    struct attest_policy policy;
    struct report_data expected;
    bool has_expected;
    int64_t now;
};

static void asked_done(struct asked *q)
{
    exhibit_done(&q->exhibit);
    buf_done(&q->bundle);
    buf_done(&q->event_log);
    cli_root_done(&q->root);
    collateral_done(&q->collateral);
}

/* What judges is wrong, not what is judged: that is the caller's mistake. */
static enum err_code as_usage(enum err_code code, struct err *e)
{
    if (code == ERR_OK || code == ERR_NOMEM)
        return code;
    e->code = ERR_USAGE;
    return ERR_USAGE;
}

static enum err_code read_bundle(const struct cli_args *a, struct buf *ret, struct err *e)
{
    const char *path = cli_value(a, "collateral");

    if (path)
        TRY_IN(e, fs_read(path, ret, e), "--collateral");
    return ERR_OK;
}

static enum err_code read_event_log(const struct cli_args *a, struct buf *ret, struct err *e)
{
    const char *path = cli_value(a, "event-log");

    *ret = BUF(LOG_FILE_MAX);
    if (!path)
        return ERR_OK;
    TRY_IN(e, log_file_bytes(path, ret, e), "--event-log");
    return ret->n > 0 ? ERR_OK : err_set(e, ERR_INVALID, "--event-log %s: it is empty", path);
}

static enum err_code read_options(const struct cli_args *a, struct asked *q, struct err *e)
{
    TRY(cli_verify_policy(a, &q->policy, e));
    TRY(cli_verify_time(a, &q->now, e));
    TRY(cli_verify_report_data(a, &q->expected, &q->has_expected, e));
    TRY(cli_root_read(a, &q->root, e));
    TRY(read_event_log(a, &q->event_log, e));
    q->bundle = BUF(BUNDLE_FILE_MAX);
    return read_bundle(a, &q->bundle, e);
}

/* The bundle that was given, else the one in the evidence. */
static enum err_code use_collateral(const struct attest_roots *roots, struct asked *q,
                                    struct err *e)
{
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    const bool given = q->bundle_given;
    struct quote quote;
    struct err ignored;

    if (!given && q->exhibit.collateral.n == 0)
        return ERR_OK;
    TRY(collateral_bundle_decode(given ? buf_bytes(&q->bundle) : buf_bytes(&q->exhibit.collateral),
                                 &bundle, e));
    if (quote_parse(exhibit_quote(&q->exhibit), &quote, NULL, &ignored) == ERR_OK)
        TRY(collateral_complete(&bundle, quote.pck_pem, e));
    collateral_of_bundle(&bundle, roots, NULL, &q->collateral);
    q->has_collateral = true;
    return ERR_OK;
}

/* ---- judging ---- */

static struct bytes log_of(const struct asked *q)
{
    return buf_bytes(q->event_log.n > 0 ? &q->event_log : &q->exhibit.event_log);
}

static struct attest_question ask(const struct asked *q, const struct attest_roots *roots)
{
    return (struct attest_question){
        .quote = exhibit_quote(&q->exhibit),
        .tee = QUOTE_TEE_TDX,
        .roots = roots,
        .policy = &q->policy,
        .collateral = q->has_collateral ? &q->collateral : NULL,
        .expected = q->has_expected ? &q->expected : NULL,
        .now = q->now,
        .event_log = log_of(q),
    };
}

/* What the examination of a quote says in either kind of evidence. */
static enum err_code add_quote(struct verdict *v, const struct asked *q,
                               const struct attest_examination *x, struct err *e)
{
    const bool whole = x->check[CHECK_FORMAT].fault != FAULT_NONE;

    for (enum attest_check c = 0; c < CHECKS; c++)
        TRY(verdict_check(v, attest_check_name(c), &x->check[c], whole, e));
    v->platform = x;
    if (x->facts.has_tcb) {
        v->tcb = &x->facts.tcb;
        v->status = tcb_status_name(x->facts.tcb.status);
    }
    if (!x->has_quote)
        return ERR_OK;
    v->report_data = x->facts.td.report_data;
    return log_of(q).n > 0 ? ccel_verdict(log_of(q), x->facts.td.rtmr, &v->event_log, e) : ERR_OK;
}

static enum err_code verify_tdx(const struct cli_args *a, const struct asked *q,
                                const struct attest_roots *roots, struct err *e)
{
    struct verdict v AUTO_CALL(verdict_done) = {0};
    const struct attest_question question = ask(q, roots);
    struct attest_examination x;

    TRY(verdict_begin(&v, e));
    attest_examine(&question, &x);
    TRY(add_quote(&v, q, &x, e));
    v.ok = x.ok;
    v.fault = x.fault;
    v.message = x.check[x.first].detail;
    v.measurements = x.has_quote ? &x.facts.measurements : NULL;
    return verdict_tell(a, &v, e);
}

static enum err_code verify_azure(const struct cli_args *a, const struct asked *q,
                                  const struct attest_roots *roots, struct err *e)
{
    struct verdict v AUTO_CALL(verdict_done) = {0};
    const struct attest_question question = ask(q, roots);
    struct azure_examination x;

    TRY(verdict_begin(&v, e));
    azure_examine(&q->exhibit.azure, &question, ak_roots(), &x);
    TRY(add_quote(&v, q, &x.quote, e));
    for (enum azure_check c = 0; c < AZURE_CHECKS; c++)
        TRY(verdict_check(&v, azure_check_name(c), &x.check[c], false, e));
    v.ok = x.ok;
    v.fault = x.fault;
    v.message = x.check[x.first].detail;
    v.measurements = x.quote.has_quote ? &x.facts.measurements : NULL;
    return verdict_tell(a, &v, e);
}

/* What cannot even be read is refused like anything else. */
static enum err_code refuse_form(const struct cli_args *a, const char *check,
                                 enum attest_fault fault, const char *why, struct err *e)
{
    struct verdict v AUTO_CALL(verdict_done) = {0};
    struct attest_finding f = {.judged = true, .fault = fault};

    TRY(verdict_begin(&v, e));
    snprintf(f.detail, sizeof f.detail, "%.223s", why);
    /* A file's name may be anything, and was cut anywhere. */
    for (char *p = f.detail; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    TRY(verdict_check(&v, check, &f, true, e));
    v.fault = f.fault;
    v.message = f.detail;
    return verdict_tell(a, &v, e);
}

static bool is_malformed(enum err_code code)
{
    return code == ERR_INVALID || code == ERR_TOO_LARGE || code == ERR_VERIFY ||
           code == ERR_NOT_FOUND;
}

/* What looked like something else and is not may still be a quote with a flipped version. */
static enum attest_fault fault_as_quote(const struct buf *data)
{
    enum attest_fault fault = FAULT_NONE;
    struct quote quote;
    struct err ignored;

    if (quote_parse(buf_bytes(data), &quote, &fault, &ignored) == ERR_OK)
        return FAULT_VERSION;
    return fault;
}

/* Options that say nothing about this kind would be silently without effect. */
static enum err_code check_options(const struct cli_args *a, bool is_token, struct err *e)
{
    static const char *const of_tokens[] = {
        "jwks", "issuer", "enclave-proof", "runtime-data", "nonce", "policy-hash", NULL};
    static const char *const of_quotes[] = {"event-log", NULL};
    const char *const *foreign = is_token ? of_quotes : of_tokens;

    for (; *foreign; foreign++)
        if (cli_value(a, *foreign) || cli_switch(a, *foreign))
            return err_set(e, ERR_USAGE, "--%s says nothing about --type %s", *foreign,
                           cli_value(a, "type"));
    return ERR_OK;
}

enum err_code evidence_verify(const struct cli_args *a, struct err *e)
{
    struct asked q AUTO_CALL(asked_done) = {0};
    const char *type = cli_value(a, "type");
    const bool azure = strcmp(type, EVIDENCE_TYPE_AZURE_VTPM) == 0;
    const char *path = cli_value(a, "file");
    struct buf data AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);
    struct attest_roots roots;
    enum err_code code;
    struct err why;

    TRY(check_options(a, strcmp(type, EVIDENCE_TYPE_MAA) == 0, e));
    TRY(verdict_check_options(a, azure, e));
    if (strcmp(type, EVIDENCE_TYPE_MAA) == 0)
        return evidence_verify_maa(a, e);
    if (!azure && strcmp(type, EVIDENCE_TYPE_TDX) != 0)
        return err_set(e, ERR_USAGE, "--type %s: expected %s, %s or %s", type, EVIDENCE_TYPE_TDX,
                       EVIDENCE_TYPE_AZURE_VTPM, EVIDENCE_TYPE_MAA);
    q.bundle_given = cli_value(a, "collateral") != NULL;
    TRY(as_usage(read_options(a, &q, e), e));
    code = cli_read(path, &data, e);
    if (code == ERR_TOO_LARGE) {
        why = *e;
        return refuse_form(a, "form", azure ? FAULT_AZURE_EVIDENCE : FAULT_PARSE_SIZE, why.msg, e);
    }
    TRY(as_usage(code, e));
    code = exhibit_of(buf_bytes(&data), path, &q.exhibit, e);
    if (is_malformed(code)) {
        why = *e;
        return refuse_form(a, "form", azure ? FAULT_AZURE_EVIDENCE : fault_as_quote(&data), why.msg,
                           e);
    }
    TRY(code);
    if (azure && !q.exhibit.is_azure)
        return refuse_form(a, "form", FAULT_AZURE_EVIDENCE, "not evidence of an Azure machine", e);
    if (!azure && q.exhibit.is_azure)
        return refuse_form(a, "form", FAULT_TEE_TYPE, "evidence of a machine of Azure", e);
    roots = cli_roots(&q.root);
    code = use_collateral(&roots, &q, e);
    if (is_malformed(code)) {
        why = *e;
        return refuse_form(a, "collateral", FAULT_COLLATERAL_FORMAT, why.msg, e);
    }
    TRY(code);
    return azure ? verify_azure(a, &q, &roots, e) : verify_tdx(a, &q, &roots, e);
}

const struct cli_option evidence_verify_options[] = {
    {"type", "TYPE", "what the file holds: tdx-dcap, azure-vtpm or azure-maa", "tdx-dcap",
     CLI_OPTIONAL},
    {"file", "FILE", "a raw quote, an evidence object, a certificate or a token", NULL,
     CLI_REQUIRED},
    {"collateral", "BUNDLE", "what Intel says about the platform, in JSON", NULL, CLI_OPTIONAL},
    {"event-log", "FILE",
     "a log that must lead to the quote's registers, instead of the evidence's own", NULL,
     CLI_OPTIONAL},
    {"root", "FILE", "accept this root certificate instead; the result releases nothing", NULL,
     CLI_OPTIONAL},
    CLI_OPT_POLICY,
    {"accept-status", "LIST", "accept these TCB statuses, or any (but Revoked)", NULL,
     CLI_OPTIONAL},
    {"at", "UNIX", "judge as of this moment; without: now", NULL, CLI_OPTIONAL},
    {"report-data", "HEX", "64 bytes that the quote must have been made over", NULL, CLI_OPTIONAL},
    {"contract", "ADDRESS", "also print the identity that this contract knows it by", NULL,
     CLI_OPTIONAL},
    {"chain-id", "N", "the chain of that contract", NULL, CLI_OPTIONAL},
    {"scheme", "N", "that contract's identityScheme(): 1 or 2", "2", CLI_OPTIONAL},
    {"rtmr3", NULL, "the contract counts RTMR3", NULL, CLI_OPTIONAL},
    {"pcr-mask", "N", "the contract's PCR mask, for Azure", "0", CLI_OPTIONAL},
    {"jwks", "FILE", "keys of the token's issuer, as it publishes them; they are believed", NULL,
     CLI_OPTIONAL},
    {"issuer", "URL", "the token's issuer; without: the one that the keys' certificates name", NULL,
     CLI_OPTIONAL},
    CLI_OPT_MAA_KEYS,
    {"runtime-data", "FILE", "what the token must have been made over", NULL, CLI_OPTIONAL},
    {"nonce", "TEXT", "the nonce that the token must hold", NULL, CLI_OPTIONAL},
    {"policy-hash", "HASH", "of the policy by which the token's issuer must have judged", NULL,
     CLI_OPTIONAL},
    {.name = NULL},
};
