/* teereg evidence verify: every check, its answer, and a verdict; nothing is released on it. */
#include "base/clock.h"
#include "base/codec.h"
#include "base/fs.h"
#include "cli/exhibit.h"
#include "cli/judge.h"
#include "crypto/pem.h"
#include "crypto/x509.h"

/* What is asked, as it stands in memory. */
struct asked {
    struct exhibit exhibit;
    struct buf root_der;
    struct attest_root root; /* when root_der is not empty */
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
    buf_done(&q->root_der);
    attest_root_done(&q->root);
    collateral_done(&q->collateral);
}

/* --root: one certificate, PEM or DER. */
static enum err_code read_root(const struct cli_args *a, struct asked *q, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    const char *path = cli_value(a, "root");

    if (!path)
        return ERR_OK;
    TRY_IN(e, fs_read(path, &text, e), "--root");
    q->root_der = BUF(X509_DER_MAX);
    if (text.n > 0 && text.p[0] == '-')
        TRY_IN(e, pem_decode(buf_bytes(&text), "CERTIFICATE", &q->root_der, e), "--root %s", path);
    else
        buf_put(&q->root_der, buf_bytes(&text));
    TRY(buf_check(&q->root_der, e));
    TRY_IN(e, attest_root_of(buf_bytes(&q->root_der), "the root that was given", &q->root, e),
           "--root %s", path);
    return ERR_OK;
}

static struct attest_roots roots_of(const struct asked *q)
{
    return q->root_der.n ? (struct attest_roots){&q->root, 1} : *attest_roots();
}

static enum err_code read_collateral(const struct cli_args *a, const struct attest_roots *roots,
                                     struct asked *q, struct err *e)
{
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(COLLATERAL_BUNDLE_MAX);
    const char *path = cli_value(a, "collateral");
    struct quote quote;
    struct err ignored;

    if (!path && q->exhibit.collateral.n == 0)
        return ERR_OK;
    if (path)
        TRY_IN(e, fs_read(path, &text, e), "--collateral");
    TRY_IN(e,
           collateral_bundle_decode(path ? buf_bytes(&text) : buf_bytes(&q->exhibit.collateral),
                                    &bundle, e),
           "%s", path ? path : "the evidence");
    if (quote_parse(buf_bytes(&q->exhibit.quote), &quote, NULL, &ignored) == ERR_OK)
        TRY(collateral_complete(&bundle, quote.pck_pem, e));
    collateral_of_bundle(&bundle, roots, NULL, &q->collateral);
    q->has_collateral = true;
    return ERR_OK;
}

static enum err_code read_policy(const struct cli_args *a, struct asked *q, struct err *e)
{
    const char *list = cli_value(a, "accept-status");

    TRY(cli_policy(a, &q->policy, e));
    if (list && tcb_status_set_parse(list, &q->policy.statuses, e) != ERR_OK) {
        err_wrap(e, "--accept-status");
        e->code = ERR_USAGE;
        return ERR_USAGE;
    }
    return ERR_OK;
}

static enum err_code read_asked(const struct cli_args *a, struct asked *q, struct err *e)
{
    const char *rd = cli_value(a, "report-data");
    uint64_t at;

    if (strcmp(cli_value(a, "type"), EVIDENCE_TYPE_TDX) != 0)
        return err_set(e, ERR_USAGE, "--type %s: expected %s", cli_value(a, "type"),
                       EVIDENCE_TYPE_TDX);
    TRY(read_policy(a, q, e));
    q->now = clock_unix(&clock_system);
    if (cli_value(a, "at")) {
        TRY(cli_u64(a, "at", (uint64_t)1 << 40, &at, e));
        q->now = (int64_t)at;
    }
    if (rd) {
        TRY_IN(e, hex_decode_0x(bytes_of_str(rd), q->expected.b, sizeof q->expected.b, e),
               "--report-data");
        q->has_expected = true;
    }
    TRY(exhibit_read(cli_value(a, "file"), &q->exhibit, e));
    return read_root(a, q, e);
}

/* ---- the answer ---- */

static enum err_code put_checks(const struct attest_examination *x, json *result, struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_new_array(&list, e));
    for (enum attest_check c = 0; c < CHECKS; c++) {
        const struct attest_finding *f = &x->check[c];
        AUTO(json) one = NULL;

        /* One that nobody asked for is no check of this run. */
        if (!f->judged && !f->detail[0] && x->check[CHECK_FORMAT].fault == FAULT_NONE)
            continue;
        TRY(json_new_object(&one, e));
        TRY(json_put_str(one, "name", attest_check_name(c), e));
        TRY(json_put_bool(one, "ok", f->judged && f->fault == FAULT_NONE, e));
        if (!f->judged)
            TRY(json_put_str(one, "detail", f->detail[0] ? f->detail : "not judged", e));
        else if (f->fault != FAULT_NONE) {
            char detail[320];

            snprintf(detail, sizeof detail, "%s: %s", attest_fault_name(f->fault), f->detail);
            TRY(json_put_str(one, "detail", detail, e));
        } else {
            TRY(json_put_str(one, "detail", "holds", e));
        }
        TRY(json_append(list, TAKE(one), e));
    }
    return json_put(result, "checks", TAKE(list), e);
}

static enum err_code put_error(const struct attest_examination *x, json *result, struct err *e)
{
    AUTO(json) error = NULL;

    if (x->ok)
        return json_put_null(result, "error", e);
    TRY(json_new_object(&error, e));
    TRY(json_put_str(error, "code", attest_fault_name(x->fault), e));
    TRY(json_put_str(error, "message", x->check[x->first].detail, e));
    return json_put(result, "error", TAKE(error), e);
}

static enum err_code put_tcb(const struct attest_examination *x, json *result, struct err *e)
{
    const struct tcb_evaluation *t = &x->facts.tcb;
    AUTO(json) advisories = NULL;
    char date[21];

    if (!x->facts.has_tcb) {
        TRY(json_put_null(result, "tcb_date", e));
        TRY(json_put_null(result, "advisories", e));
        return json_put_null(result, "evaluation_number", e);
    }
    clock_format(t->date, date);
    TRY(json_put_str(result, "tcb_date", date, e));
    TRY(json_new_array(&advisories, e));
    for (size_t i = 0; i < t->n_advisories; i++)
        TRY(json_append_str(advisories, t->advisories[i].id, e));
    TRY(json_put(result, "advisories", TAKE(advisories), e));
    TRY(json_put_u64(result, "evaluation_number", t->tcb_evaluation_number, e));
    TRY(json_put_u64(result, "qe_evaluation_number", t->qe_evaluation_number, e));
    TRY(json_put_str(result, "platform_status", tcb_status_name(t->platform), e));
    TRY(json_put_str(result, "module_status", tcb_status_name(t->module), e));
    return json_put_str(result, "qe_status", tcb_status_name(t->qe), e);
}

static enum err_code put_platform(const struct attest_examination *x, json *result, struct err *e)
{
    AUTO(json) p = NULL;

    if (!x->has_platform)
        return json_put_null(result, "platform", e);
    TRY(json_new_object(&p, e));
    TRY(json_put_str(p, "root", x->facts.root->label, e));
    TRY(json_put_hex(p, "fmspc", BYTES(x->facts.pck.fmspc), e));
    TRY(json_put_hex(p, "pceid", BYTES(x->facts.pck.pceid), e));
    TRY(json_put_hex(p, "ppid", BYTES(x->facts.pck.ppid), e));
    return json_put(result, "platform", TAKE(p), e);
}

static enum err_code put_measurements(const struct attest_examination *x, json *result,
                                      struct err *e)
{
    AUTO(json) m = NULL;

    if (!x->has_quote)
        return json_put_null(result, "measurements", e);
    TRY(measurements_to_json(&x->facts.measurements, &m, e));
    TRY(json_put(result, "measurements", TAKE(m), e));
    return json_put_hex(result, "report_data", BYTES(x->facts.td.report_data), e);
}

/* The name that a contract knows it by; only with a contract, and only of accepted evidence. */
static enum err_code put_identity(const struct cli_args *a, const struct attest_examination *x,
                                  json *result, struct err *e)
{
    struct identity_rules rules = {.rtmr3 = cli_switch(a, "rtmr3")};
    struct hash32 id;

    if (!cli_value(a, "contract"))
        return ERR_OK;
    TRY(cli_addr(a, "contract", &rules.contract, e));
    TRY(cli_u64(a, "chain-id", UINT64_MAX, &rules.chain_id, e));
    if (!x->ok)
        return json_put_null(result, "identity", e);
    TRY(identity_v2(&x->facts.measurements, &rules, &id, e));
    return json_put_hex(result, "identity", BYTES_OF(id), e);
}

static enum err_code answer(const struct cli_args *a, const struct attest_examination *x,
                            struct err *e)
{
    AUTO(json) result = NULL;

    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "verdict", x->ok ? "accept" : "reject", e));
    if (x->facts.has_tcb)
        TRY(json_put_str(result, "status", tcb_status_name(x->facts.tcb.status), e));
    else
        TRY(json_put_null(result, "status", e));
    TRY(put_error(x, result, e));
    TRY(put_checks(x, result, e));
    TRY(put_tcb(x, result, e));
    TRY(put_platform(x, result, e));
    TRY(put_measurements(x, result, e));
    TRY(put_identity(a, x, result, e));
    return cli_print(a, result, e);
}

enum err_code evidence_verify(const struct cli_args *a, struct err *e)
{
    struct asked q AUTO_CALL(asked_done) = {0};
    struct attest_examination x;
    struct attest_roots roots;

    TRY(read_asked(a, &q, e));
    roots = roots_of(&q);
    TRY(read_collateral(a, &roots, &q, e));

    const struct attest_question question = {
        .quote = buf_bytes(&q.exhibit.quote),
        .tee = QUOTE_TEE_TDX,
        .roots = &roots,
        .policy = &q.policy,
        .collateral = q.has_collateral ? &q.collateral : NULL,
        .expected = q.has_expected ? &q.expected : NULL,
        .now = q.now,
    };

    attest_examine(&question, &x);
    TRY(answer(a, &x, e));
    if (!x.ok)
        return err_set(e, ERR_DENIED, "rejected: %s: %s", attest_fault_name(x.fault),
                       x.check[x.first].detail);
    return ERR_OK;
}

const struct cli_option evidence_verify_options[] = {
    {"type", "TYPE", "what the file holds: tdx-dcap", "tdx-dcap", CLI_OPTIONAL},
    {"file", "FILE", "a raw quote, an evidence object or a certificate", NULL, CLI_REQUIRED},
    {"collateral", "BUNDLE", "what Intel says about the platform, in JSON", NULL, CLI_OPTIONAL},
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
    {"rtmr3", NULL, "the contract counts RTMR3", NULL, CLI_OPTIONAL},
    {.name = NULL},
};
