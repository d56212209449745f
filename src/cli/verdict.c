#include "cli/verdict.h"

#include "base/clock.h"

void verdict_done(struct verdict *v)
{
    json_free(v->checks);
    json_free(v->event_log);
    json_free(v->skipped);
}

enum err_code verdict_begin(struct verdict *v, struct err *e)
{
    TRY(json_new_array(&v->checks, e));
    return json_new_array(&v->skipped, e);
}

enum err_code verdict_check(struct verdict *v, const char *name, const struct attest_finding *f,
                            bool always, struct err *e)
{
    AUTO(json) one = NULL;
    char detail[320];

    if (!f->judged && !f->detail[0] && !always)
        return json_append_str(v->skipped, name, e);
    TRY(json_new_object(&one, e));
    TRY(json_put_str(one, "name", name, e));
    TRY(json_put_bool(one, "ok", f->judged && f->fault == FAULT_NONE, e));
    if (!f->judged)
        snprintf(detail, sizeof detail, "skipped: %s", f->detail[0] ? f->detail : "not reached");
    else if (f->fault != FAULT_NONE)
        snprintf(detail, sizeof detail, "%s: %s", attest_fault_name(f->fault), f->detail);
    else
        snprintf(detail, sizeof detail, "holds");
    TRY(json_put_str(one, "detail", detail, e));
    return json_append(v->checks, TAKE(one), e);
}

static enum err_code put_error(const struct verdict *v, json *result, struct err *e)
{
    AUTO(json) error = NULL;

    if (v->ok)
        return json_put_null(result, "error", e);
    TRY(json_new_object(&error, e));
    TRY(json_put_str(error, "code", attest_fault_name(v->fault), e));
    TRY(json_put_str(error, "message", v->message, e));
    return json_put(result, "error", TAKE(error), e);
}

static enum err_code put_tcb(const struct tcb_evaluation *t, json *result, struct err *e)
{
    AUTO(json) advisories = NULL;
    char date[21];

    if (!t) {
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

    if (!x || !x->has_platform)
        return json_put_null(result, "platform", e);
    TRY(json_new_object(&p, e));
    TRY(json_put_str(p, "root", x->facts.root->label, e));
    TRY(json_put_hex(p, "fmspc", BYTES(x->facts.pck.fmspc), e));
    TRY(json_put_hex(p, "pceid", BYTES(x->facts.pck.pceid), e));
    TRY(json_put_hex(p, "ppid", BYTES(x->facts.pck.ppid), e));
    return json_put(result, "platform", TAKE(p), e);
}

static enum err_code put_measurements(const struct verdict *v, json *result, struct err *e)
{
    AUTO(json) m = NULL;

    if (!v->measurements)
        return json_put_null(result, "measurements", e);
    TRY(measurements_to_json(v->measurements, &m, e));
    TRY(json_put(result, "measurements", TAKE(m), e));
    return json_put_hex(result, "report_data", (struct bytes){v->report_data, 64}, e);
}

/* --contract with what its identities are made by.  *ret_scheme is 0 without one. */
static enum err_code read_rules(const struct cli_args *a, struct identity_rules *ret,
                                uint64_t *ret_scheme, struct err *e)
{
    uint64_t mask;

    *ret = (struct identity_rules){.rtmr3 = cli_switch(a, "rtmr3")};
    *ret_scheme = 0;
    if (!cli_value(a, "contract"))
        return ERR_OK;
    TRY(cli_u64(a, "scheme", 2, ret_scheme, e));
    if (*ret_scheme == 0)
        return err_set(e, ERR_USAGE, "--scheme: found 0, expected 1 or 2");
    TRY(cli_addr(a, "contract", &ret->contract, e));
    TRY(cli_u64(a, "pcr-mask", 0xffffff, &mask, e));
    ret->pcr_mask = (uint32_t)mask;
    return *ret_scheme == 2 ? cli_u64(a, "chain-id", UINT64_MAX, &ret->chain_id, e) : ERR_OK;
}

enum err_code verdict_check_options(const struct cli_args *a, bool azure, struct err *e)
{
    struct identity_rules rules;
    uint64_t scheme;

    TRY(read_rules(a, &rules, &scheme, e));
    if (azure && scheme == 2 && rules.pcr_mask == 0)
        return err_set(e, ERR_USAGE,
                       "--pcr-mask N is needed with --contract: an Azure identity is made of the "
                       "PCRs in the contract's mask (--scheme 1: of PCRs 4, 9 and 11)");
    return ERR_OK;
}

/* The name that a contract knows it by; only with a contract, and only of accepted evidence. */
static enum err_code put_identity(const struct cli_args *a, const struct verdict *v, json *result,
                                  struct err *e)
{
    struct identity_rules rules;
    struct hash32 id;
    uint64_t scheme;

    TRY(read_rules(a, &rules, &scheme, e));
    if (scheme == 0)
        return ERR_OK;
    if (!v->ok || v->no_identity)
        return json_put_null(result, "identity", e);
    if (scheme == 1)
        identity_v1(v->measurements, &rules.contract, &id);
    else
        TRY_IN(e, identity_v2(v->measurements, &rules, &id, e), "--pcr-mask");
    return json_put_hex(result, "identity", BYTES_OF(id), e);
}

static enum err_code put_event_log(struct verdict *v, json *result, struct err *e)
{
    const char *verdict;

    if (!v->event_log) {
        TRY(json_put_null(result, "event_log_verdict", e));
        return json_put_null(result, "event_log", e);
    }
    TRY(json_get_str(v->event_log, "verdict", sizeof e->msg, &verdict, e));
    TRY(json_put_str(result, "event_log_verdict", verdict, e));
    return json_put(result, "event_log", TAKE(v->event_log), e);
}

enum err_code verdict_tell(const struct cli_args *a, struct verdict *v, struct err *e)
{
    AUTO(json) result = NULL;

    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "verdict", v->ok ? "accept" : "reject", e));
    if (v->status)
        TRY(json_put_str(result, "status", v->status, e));
    else
        TRY(json_put_null(result, "status", e));
    TRY(put_error(v, result, e));
    TRY(json_put(result, "checks", TAKE(v->checks), e));
    TRY(json_put(result, "skipped", TAKE(v->skipped), e));
    TRY(put_tcb(v->tcb, result, e));
    TRY(put_platform(v->platform, result, e));
    TRY(put_measurements(v, result, e));
    TRY(put_identity(a, v, result, e));
    TRY(put_event_log(v, result, e));
    TRY(cli_print(a, result, e));
    if (!v->ok)
        return err_set(e, ERR_DENIED, "rejected: %s: %s", attest_fault_name(v->fault), v->message);
    return ERR_OK;
}
