/* inspect - look at a quote step by step, for people; nothing is released on it.  Room: attest.
 *
 * For `teereg evidence show` and `evidence verify --root`: all steps run as far as they can, each
 * with its own answer, under any root.  struct inspected_quote is of no use to attest_may_release,
 * whatever it says. */
#pragma once
#include "attest/verify.h"

enum inspect_step {
    INSPECT_PARSE,
    INSPECT_PCK_CHAIN,
    INSPECT_PCK_VALIDITY,
    INSPECT_QE_SIGNATURE,
    INSPECT_QE_BINDING,
    INSPECT_QUOTE_SIGNATURE,
    INSPECT_TD_POLICY,
    INSPECT_REPORT_DATA,
    INSPECT_STEPS,
};
const char *inspect_step_name(enum inspect_step s); /* "pck chain", ... */

struct inspected_quote {
    struct {
        bool done; /* false: could not be judged (no earlier result, or not asked) */
        enum attest_fault fault;
        struct err why; /* when fault is not FAULT_NONE */
    } step[INSPECT_STEPS];
    bool ok;            /* every step was done (report data: if asked) and none failed */
    bool has_quote;     /* parsed: quote and measurements count */
    struct quote quote; /* borrows from the input */
    struct measurements measurements;
    bool has_pck; /* the chain held: pck and root_label count */
    struct pck_extension pck;
    char root_label[128];
};

/* root_der: one root certificate to accept instead of the compiled-in table; empty: the table.
 * expected: NULL: report data is not judged. */
void attest_inspect(struct bytes quote, struct bytes root_der, const struct attest_policy *policy,
                    const struct report_data *expected, int64_t now, struct inspected_quote *ret);
