#include "attest/inspect.h"

#include <stdio.h>
#include "attest/steps.h"

static const char *const names[INSPECT_STEPS] = {
    [INSPECT_PARSE] = "quote format",
    [INSPECT_PCK_CHAIN] = "PCK chain",
    [INSPECT_PCK_VALIDITY] = "PCK validity",
    [INSPECT_QE_SIGNATURE] = "QE report signature",
    [INSPECT_QE_BINDING] = "attestation key in QE report",
    [INSPECT_QUOTE_SIGNATURE] = "quote signature",
    [INSPECT_TD_POLICY] = "TD policy",
    [INSPECT_REPORT_DATA] = "report data",
};

const char *inspect_step_name(enum inspect_step s)
{
    return s < INSPECT_STEPS ? names[s] : "unknown";
}

#define STEP(in, which, call)                                                                      \
    do {                                                                                           \
        enum attest_fault *fault = &(in)->step[which].fault;                                       \
        struct err *why = &(in)->step[which].why;                                                  \
        (in)->step[which].done = true;                                                             \
        if ((call) == ERR_OK)                                                                      \
            *fault = FAULT_NONE;                                                                   \
    } while (0)

static bool held(const struct inspected_quote *in, enum inspect_step s)
{
    return in->step[s].done && in->step[s].fault == FAULT_NONE;
}

static void inspect_platform(const struct attest_roots *roots, int64_t now,
                             struct inspected_quote *in)
{
    AUTO(pck_platform) p = NULL;

    STEP(in, INSPECT_PCK_CHAIN, pck_chain_verify(in->quote.pck_pem, roots, NULL, &p, fault, why));
    if (!held(in, INSPECT_PCK_CHAIN))
        return;
    in->has_pck = true;
    in->pck = p->ext;
    snprintf(in->root_label, sizeof in->root_label, "%s", p->root->label);
    STEP(in, INSPECT_PCK_VALIDITY, pck_platform_valid(p, now, fault, why));
    STEP(in, INSPECT_QE_SIGNATURE, step_qe_signature(&in->quote, p->key, fault, why));
}

static bool all_held(const struct inspected_quote *in)
{
    for (enum inspect_step s = 0; s < INSPECT_STEPS; s++)
        if (!held(in, s) && (s != INSPECT_REPORT_DATA || in->step[s].done))
            return false;
    return true;
}

void attest_inspect(struct bytes quote, struct bytes root_der, const struct attest_policy *policy,
                    const struct report_data *expected, int64_t now, struct inspected_quote *ret)
{
    struct attest_root given = {.label = "the root that was given", .der = root_der};
    struct attest_roots one = {&given, 1};

    *ret = (struct inspected_quote){0};
    STEP(ret, INSPECT_PARSE, quote_parse(quote, &ret->quote, fault, why));
    if (!held(ret, INSPECT_PARSE))
        return;
    ret->has_quote = true;
    measurements_of_td(&ret->quote.td, &ret->measurements);
    inspect_platform(root_der.n > 0 ? &one : attest_roots(), now, ret);
    STEP(ret, INSPECT_QE_BINDING, step_qe_binding(&ret->quote, fault, why));
    STEP(ret, INSPECT_QUOTE_SIGNATURE, step_quote_signature(&ret->quote, fault, why));
    STEP(ret, INSPECT_TD_POLICY, step_td_policy(&ret->quote.td, policy, fault, why));
    if (expected)
        STEP(ret, INSPECT_REPORT_DATA, step_report_data(&ret->quote.td, expected, fault, why));
    ret->ok = all_held(ret);
}
