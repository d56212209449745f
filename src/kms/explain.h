/* explain - the decision of a release without the release: every check in its order.  Room: kms.
 *
 * The checks are those of kms/decide.h themselves, called as a release calls them; this file only
 * says how each came out, what was found and expected, and which command would mend the first that
 * fails.  Nothing is issued, derived or recorded. */
#pragma once
#include "gov/measured.h"
#include "kms/decide.h"
#include "kms/release.h"

struct kms_question {
    struct addr app;
    /* Of the workload: its measurements, or its identity (or principal) alone. */
    const struct measurements *measurements; /* NULL: identity counts */
    struct hash32 identity;
    struct hash32 config_hash;        /* where the list holds principals */
    const struct attest_facts *facts; /* of verified evidence; NULL: policies are not judged */
    const struct addr *operator_;     /* who vouches; NULL: nobody */
    /* How its evidence came out, which is judged before governance is asked; KMS_GRANTED: well. */
    bool has_evidence;
    enum kms_reason evidence;
    const char *evidence_why;
};

enum kms_check_state { KMS_PASSED, KMS_FAILED, KMS_NOT_NEEDED, KMS_NOT_ASKED, KMS_NOT_REACHED };
const char *kms_check_state_name(enum kms_check_state s); /* "passed", "failed", ... */

#define KMS_CHECKS 15
struct kms_explanation {
    struct {
        const char *name; /* "evidence", "application", "identity", ... */
        const char *expected;
        enum kms_check_state state;
        char found[600];
    } check[KMS_CHECKS];
    enum kms_reason why; /* KMS_GRANTED: it would be released */
    struct finalized_block at;
    bool has_identity;
    struct hash32 identity;
    char command[700]; /* what would mend the first failure; empty: none is known */
    /* Where an identity that nobody allowed was measured: the allowed one that is nearest. */
    struct gov_measured nearest;
    size_t n_differences; /* 0: there is none, or it was not looked for */
    struct measurement_difference differences[MEASUREMENT_FIELDS_MAX]; /* borrow from nearest and
                                                                          the question */
};
/* a->outsider: who asks is no KMS (kms/decide.h).  *ret must not move afterwards.  Always gives an
 * answer: a chain that cannot be read is one. */
void kms_explain(const struct kms_authority *a, const struct kms_question *q,
                 struct kms_explanation *ret);
/* {"decision","block","identity","checks":[{"check","state","found","expected"}...],"first_failed",
 * "nearest":{"identity","differences":[...]},"command"} */
MUST_CHECK enum err_code kms_explanation_json(const struct kms_explanation *x, json **ret,
                                              struct err *e);

/* POST /api/v2/explain/{app}: the same for a workload that proves itself over a challenge, as it
 * would for its secrets.  ret_answer: the answer's JSON, sealed to the caller's key; written only
 * on ERR_OK, which says nothing about the decision.  A caller who does not prove itself gets an
 * error like any that asks for secrets: e is for the log, kms_reason_public(*ret_why) for it. */
MUST_CHECK enum err_code kms_explain_request(const struct release_ctx *ctx, const struct addr *app,
                                             struct bytes body, struct buf *ret_answer,
                                             enum kms_reason *ret_why, struct err *e);
