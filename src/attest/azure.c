/* The examination: the seven steps of attest/azure.h, in their order. */
#include "attest/azure.h"

#include "attest/finding.h"
#include "attest/steps.h"
#include "crypto/digest.h"

static const char *const names[AZURE_CHECKS] = {
    [AZURE_TDX_QUOTE] = "TDX quote",
    [AZURE_PARAVISOR] = "paravisor",
    [AZURE_RTMRS] = "RTMRs are zero",
    [AZURE_HCL_REPORT] = "HCL report",
    [AZURE_HCL_BINDING] = "HCL report in TDX quote",
    [AZURE_TDREPORT] = "TDREPORT in HCL report",
    [AZURE_HCL_RUNTIME] = "HCLAkPub in HCL report",
    [AZURE_TPM_QUOTE] = "vTPM quote",
    [AZURE_TPM_SIGNATURE] = "vTPM quote signature",
    [AZURE_EXTRA_DATA] = "report data in vTPM quote",
    [AZURE_PCR_SELECTION] = "all 24 PCRs",
    [AZURE_PCR_VALUES] = "PCR values",
    [AZURE_AK_KEY] = "AK certificate is of HCLAkPub",
    [AZURE_AK_CHAIN] = "AK certificate chain",
    [AZURE_USER_DATA] = "report data in HCL report",
};

const char *azure_check_name(enum azure_check c)
{
    return c < AZURE_CHECKS ? names[c] : "unknown";
}

/* What earlier steps gave the later ones. */
struct work {
    const struct azure_evidence *ev;
    const struct attest_question *as;
    const struct ak_roots *roots;
    struct azure_examination *to;
    struct hcl_report hcl;
    struct hcl_runtime runtime;
    struct tpm_quote tpm;
};

/* Whether a check that gave no answer is an answer that is owed. */
static bool owed(const struct attest_question *as, enum azure_check c)
{
    if (c == AZURE_EXTRA_DATA || c == AZURE_USER_DATA)
        return as->expected != NULL;
    return c != AZURE_PARAVISOR || as->policy->n_paravisor > 0;
}

/* What nobody asked for lacks no answer. */
static void not_judged(struct work *w, enum azure_check c, const char *why)
{
    finding_skip(&w->to->check[c], owed(w->as, c) ? why : "");
}

#define JUDGE(w, c, call) FINDING(&(w)->to->check[c], call)

static bool held(const struct work *w, enum azure_check c)
{
    return finding_held(&w->to->check[c]);
}

/* ---- 1 ---- */

static void examine_quote(struct work *w)
{
    struct attest_question question = *w->as;
    struct attest_examination *x = &w->to->quote;
    struct attest_finding *f = &w->to->check[AZURE_TDX_QUOTE];

    question.quote = buf_bytes(&w->ev->tdx_quote);
    question.tee = QUOTE_TEE_TDX;
    question.expected = NULL; /* it is the HCL report's hash: step 2 */
    attest_examine(&question, x);
    f->judged = true;
    f->fault = x->ok ? FAULT_NONE : x->fault;
    snprintf(f->detail, sizeof f->detail, "%s", x->ok ? "" : x->check[x->first].detail);
}

enum err_code azure_check_rtmrs(const struct td_report *td, enum attest_fault *fault, struct err *e)
{
    for (size_t i = 0; i < 4; i++)
        if (!bytes_all_zero(BYTES(td->rtmr[i])))
            return attest_fail(fault, e, FAULT_RTMR_NOT_ZERO,
                               "RTMR%zu is not zero: no paravisor of Azure extends it", i);
    return ERR_OK;
}

static void examine_td(struct work *w)
{
    const struct attest_examination *x = &w->to->quote;

    if (!x->has_quote) {
        not_judged(w, AZURE_PARAVISOR, "needs the TDX quote");
        not_judged(w, AZURE_RTMRS, "needs the TDX quote");
        return;
    }
    /* Without a list it is no check of ours: a KMS's contract has its own. */
    if (w->as->policy->n_paravisor > 0)
        JUDGE(w, AZURE_PARAVISOR,
              step_paravisor(w->as->policy, &w->to->facts, w->as->now, fault, why));
    JUDGE(w, AZURE_RTMRS, azure_check_rtmrs(&x->facts.td, fault, why));
}

/* ---- 2, 3 ---- */

static enum err_code check_binding(const struct work *w, enum attest_fault *fault, struct err *e)
{
    const uint8_t *found = w->to->quote.facts.td.report_data;
    struct hash32 of_report;

    sha256(w->hcl.variable, &of_report);
    if (!bytes_eq((struct bytes){found, 32}, BYTES_OF(of_report)))
        return attest_fail(fault, e, FAULT_HCL_BINDING,
                           "the TDX quote is over another HCL report than this one");
    if (!bytes_all_zero((struct bytes){found + 32, 32}))
        return attest_fail(fault, e, FAULT_HCL_BINDING,
                           "bytes 32 to 63 of the TDX quote's report data are not zero");
    return ERR_OK;
}

static void examine_hcl(struct work *w)
{
    JUDGE(w, AZURE_HCL_REPORT, hcl_parse(buf_bytes(&w->ev->hcl_report), &w->hcl, fault, why));
    if (!held(w, AZURE_HCL_REPORT)) {
        not_judged(w, AZURE_HCL_BINDING, "needs the HCL report");
        not_judged(w, AZURE_TDREPORT, "needs the HCL report");
        not_judged(w, AZURE_HCL_RUNTIME, "needs the HCL report");
        return;
    }
    if (w->to->quote.has_quote) {
        JUDGE(w, AZURE_HCL_BINDING, check_binding(w, fault, why));
        JUDGE(w, AZURE_TDREPORT, hcl_check_td(&w->hcl, &w->to->quote.facts.td, fault, why));
    } else {
        not_judged(w, AZURE_HCL_BINDING, "needs the TDX quote");
        not_judged(w, AZURE_TDREPORT, "needs the TDX quote");
    }
    JUDGE(w, AZURE_HCL_RUNTIME, hcl_runtime_parse(w->hcl.variable, &w->runtime, fault, why));
}

/* ---- 4, 5 ---- */

static enum err_code check_tpm_signature(const struct work *w, enum attest_fault *fault,
                                         struct err *e)
{
    struct hash32 digest;
    struct err why;

    sha256(buf_bytes(&w->ev->tpms_attest), &digest);
    if (rsa_pub_verify(w->runtime.ak, &digest, buf_bytes(&w->ev->tpm_signature), &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_TPM_SIG, "by HCLAkPub: %s", why.msg);
    return ERR_OK;
}

static enum err_code check_extra_data(const struct work *w, enum attest_fault *fault, struct err *e)
{
    struct hash32 expected;

    sha256(BYTES_OF(*w->as->expected), &expected);
    if (!bytes_eq(w->tpm.extra_data, BYTES_OF(expected)))
        return attest_fail(fault, e, FAULT_TPM_EXTRA_DATA,
                           "the vTPM quote was made over something else than our report data");
    return ERR_OK;
}

static void examine_tpm(struct work *w)
{
    JUDGE(w, AZURE_TPM_QUOTE, tpm_quote_parse(buf_bytes(&w->ev->tpms_attest), &w->tpm, fault, why));
    if (held(w, AZURE_HCL_RUNTIME))
        JUDGE(w, AZURE_TPM_SIGNATURE, check_tpm_signature(w, fault, why));
    else
        not_judged(w, AZURE_TPM_SIGNATURE, "needs HCLAkPub");
    if (!held(w, AZURE_TPM_QUOTE)) {
        not_judged(w, AZURE_EXTRA_DATA, "needs the vTPM quote");
        not_judged(w, AZURE_PCR_SELECTION, "needs the vTPM quote");
        not_judged(w, AZURE_PCR_VALUES, "needs the vTPM quote");
        return;
    }
    if (w->as->expected)
        JUDGE(w, AZURE_EXTRA_DATA, check_extra_data(w, fault, why));
    JUDGE(w, AZURE_PCR_SELECTION, tpm_check_selection(&w->tpm, fault, why));
    JUDGE(w, AZURE_PCR_VALUES, tpm_check_pcrs(&w->tpm, w->ev->pcr, fault, why));
}

/* ---- 6, 7 ---- */

static enum err_code check_ak_key(const struct work *w, enum attest_fault *fault, struct err *e)
{
    AUTO(rsa_pub) certified = NULL;

    TRY(ak_chain_key(buf_bytes(&w->ev->ak_chain), &certified, fault, e));
    if (!rsa_pub_eq(certified, w->runtime.ak))
        return attest_fail(fault, e, FAULT_AK_KEY,
                           "the AK certificate is about another key than HCLAkPub");
    return ERR_OK;
}

static enum err_code check_has_user_data(const struct hcl_runtime *r, enum attest_fault *fault,
                                         struct err *e)
{
    if (!r->has_user_data)
        return attest_fail(fault, e, FAULT_REPORT_DATA,
                           "the HCL report has no user-data: this paravisor is too old");
    return ERR_OK;
}

static enum err_code check_user_data(const struct work *w, enum attest_fault *fault, struct err *e)
{
    TRY(check_has_user_data(&w->runtime, fault, e));
    return step_report_data(w->runtime.user_data, w->as->expected, fault, e);
}

static void examine_ak(struct work *w)
{
    const struct bytes chain = buf_bytes(&w->ev->ak_chain);

    if (held(w, AZURE_HCL_RUNTIME))
        JUDGE(w, AZURE_AK_KEY, check_ak_key(w, fault, why));
    else
        not_judged(w, AZURE_AK_KEY, "needs HCLAkPub");
    JUDGE(w, AZURE_AK_CHAIN, ak_chain_verify(chain, w->roots, w->as->now, fault, why));
    if (!w->as->expected)
        return;
    if (held(w, AZURE_HCL_RUNTIME))
        JUDGE(w, AZURE_USER_DATA, check_user_data(w, fault, why));
    else
        not_judged(w, AZURE_USER_DATA, "needs the HCL report");
}

/* ---- the whole ---- */

/* As of a quote: the first that failed, but what is merely not there comes last. */
static void decide(struct work *w)
{
    struct azure_examination *x = w->to;

    x->ok = true;
    for (int pass = 0; pass < 2; pass++)
        for (enum azure_check c = 0; c < AZURE_CHECKS; c++) {
            const struct attest_finding *f = &x->check[c];

            if (!owed(w->as, c))
                continue;
            if (!f->judged)
                x->ok = false;
            if (!f->judged || f->fault == FAULT_NONE ||
                (f->fault == FAULT_COLLATERAL_MISSING) != (pass == 1))
                continue;
            x->ok = false;
            x->first = c;
            x->fault = f->fault;
            return;
        }
}

static void gather(struct work *w)
{
    struct azure_examination *x = w->to;

    x->facts = x->quote.facts;
    if (x->quote.has_quote)
        measurements_of_azure(&x->facts.td, w->ev->pcr, &x->facts.measurements);
}

void azure_examine(const struct azure_evidence *ev, const struct attest_question *as,
                   const struct ak_roots *roots, struct azure_examination *ret)
{
    struct work w = {.ev = ev, .as = as, .roots = roots, .to = ret};

    ret->ok = false;
    ret->first = AZURE_TDX_QUOTE;
    ret->fault = FAULT_INTERNAL;
    for (enum azure_check c = 0; c < AZURE_CHECKS; c++)
        not_judged(&w, c, "");
    examine_quote(&w);
    gather(&w);
    examine_td(&w);
    examine_hcl(&w);
    examine_tpm(&w);
    examine_ak(&w);
    ret->secure_boot = w.runtime.secure_boot;
    ret->tpm_persisted = w.runtime.tpm_persisted;
    snprintf(ret->vm_id, sizeof ret->vm_id, "%s", w.runtime.vm_id);
    hcl_runtime_done(&w.runtime);
    decide(&w);
}

enum err_code azure_user_data(const struct azure_evidence *ev, struct report_data *ret,
                              enum attest_fault *fault, struct err *e)
{
    struct hcl_runtime runtime AUTO_CALL(hcl_runtime_done) = {0};
    struct hcl_report report;

    TRY(hcl_parse(buf_bytes(&ev->hcl_report), &report, fault, e));
    TRY(hcl_runtime_parse(report.variable, &runtime, fault, e));
    TRY(check_has_user_data(&runtime, fault, e));
    memcpy(ret->b, runtime.user_data, sizeof ret->b);
    return ERR_OK;
}
