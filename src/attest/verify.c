#include "attest/verify.h"

#include <stdio.h>
#include "attest/azure.h"

/* Only this file knows what is in it, so only this file can make one. */
struct verified_quote {
    struct attest_facts facts;
    char caveat[256];
};

/* Of a quote of the compiled-in roots alone, whole. */
static enum err_code make(const struct attest_facts *facts, verified_quote **ret,
                          enum attest_fault *fault, struct err *e)
{
    AUTO(verified_quote) v = calloc(1, sizeof *v);

    if (!v)
        return attest_fail(fault, e, FAULT_INTERNAL, "out of memory");
    v->facts = *facts;
    if (v->facts.root->development)
        snprintf(v->caveat, sizeof v->caveat, "root: %s", v->facts.root->label);
    *ret = TAKE(v);
    return ERR_OK;
}

static enum err_code accept(const struct attest_examination *x, verified_quote **ret,
                            enum attest_fault *fault, struct err *e)
{
    if (!x->ok)
        return attest_fail(fault, e, x->fault, "%s", x->check[x->first].detail);
    return make(&x->facts, ret, fault, e);
}

static struct attest_question ask(const struct attest_judge *judge, struct bytes quote,
                                  const struct collateral *collateral,
                                  const struct report_data *expected, int64_t now)
{
    return (struct attest_question){
        .quote = quote,
        .tee = QUOTE_TEE_TDX,
        .roots = attest_roots(),
        .policy = judge->policy,
        .collateral = collateral,
        .expected = expected,
        .now = now,
        .cache = judge->cache,
        .source = judge->source,
    };
}

enum err_code attest_verify(const struct attest_judge *judge, struct bytes quote,
                            const struct collateral *collateral, const struct report_data *expected,
                            int64_t now, verified_quote **ret, enum attest_fault *fault,
                            struct err *e)
{
    const struct attest_question question = ask(judge, quote, collateral, expected, now);
    struct attest_examination x;

    attest_examine(&question, &x);
    return accept(&x, ret, fault, e);
}

enum err_code attest_verify_azure(const struct attest_judge *judge, const struct azure_evidence *ev,
                                  const struct collateral *collateral,
                                  const struct report_data *expected, int64_t now,
                                  verified_quote **ret, enum attest_fault *fault, struct err *e)
{
    const struct attest_question question =
        ask(judge, buf_bytes(&ev->tdx_quote), collateral, expected, now);
    struct azure_examination x;

    azure_examine(ev, &question, ak_roots(), &x);
    if (!x.ok)
        return attest_fail(fault, e, x.fault, "%s: %s", azure_check_name(x.first),
                           x.check[x.first].detail);
    return make(&x.facts, ret, fault, e);
}

/* Collateral that came with the evidence: as good as any other, for Intel signed it, if it is not
 * older than what we have of our own. */
static enum err_code read_collateral(const struct attest_judge *judge, const struct evidence *ev,
                                     struct bytes quote, struct collateral *ret,
                                     enum attest_fault *fault, struct err *e)
{
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct quote q;
    struct err why;

    if (collateral_bundle_decode(buf_bytes(&ev->collateral), &bundle, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_COLLATERAL_FORMAT, "%s", why.msg);
    TRY(quote_parse(quote, &q, fault, e));
    if (collateral_complete(&bundle, q.pck_pem, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_COLLATERAL_FORMAT, "%s", why.msg);
    collateral_of_bundle(&bundle, attest_roots(), judge->objects, ret);
    return ERR_OK;
}

static enum err_code check_floor(const struct attest_judge *judge, const struct attest_facts *facts,
                                 enum attest_fault *fault, struct err *e)
{
    struct collateral_query q = {.tee = facts->tee, .ca = facts->ca, .root = facts->root};
    uint32_t tcb, qe;

    if (!judge->source || !judge->source->floor)
        return ERR_OK;
    memcpy(q.fmspc, facts->pck.fmspc, sizeof q.fmspc);
    tcb = judge->source->floor(judge->source->self, &q, COLLATERAL_TCB_INFO);
    qe = judge->source->floor(judge->source->self, &q, COLLATERAL_QE_IDENTITY);
    if (facts->tcb.tcb_evaluation_number < tcb || facts->tcb.qe_evaluation_number < qe)
        return attest_fail(fault, e, FAULT_EVALUATION_NUMBER,
                           "the collateral that came with it is of evaluations %u and %u, ours of "
                           "%u and %u",
                           facts->tcb.tcb_evaluation_number, facts->tcb.qe_evaluation_number, tcb,
                           qe);
    return ERR_OK;
}

/* A TDX quote alone. */
static enum err_code verify_tdx(const struct attest_judge *judge, const struct evidence *ev,
                                const struct report_data *expected, int64_t now,
                                verified_quote **ret, enum attest_fault *fault, struct err *e)
{
    struct collateral sent AUTO_CALL(collateral_done) = {0};
    const bool has_sent = ev->collateral.n > 0;

    if (has_sent)
        TRY(read_collateral(judge, ev, buf_bytes(&ev->quote), &sent, fault, e));
    return attest_verify(judge, buf_bytes(&ev->quote), has_sent ? &sent : NULL, expected, now, ret,
                         fault, e);
}

/* A TDX quote, the report of Azure's paravisor that it is over, and what the vTPM says. */
static enum err_code verify_azure(const struct attest_judge *judge, const struct evidence *ev,
                                  const struct report_data *expected, int64_t now,
                                  verified_quote **ret, enum attest_fault *fault, struct err *e)
{
    struct azure_evidence azure AUTO_CALL(azure_evidence_done) = {0};
    struct collateral sent AUTO_CALL(collateral_done) = {0};
    const bool has_sent = ev->collateral.n > 0;
    struct err why;

    if (azure_evidence_decode(buf_bytes(&ev->quote), &azure, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_AZURE_EVIDENCE, "%s", why.msg);
    if (has_sent)
        TRY(read_collateral(judge, ev, buf_bytes(&azure.tdx_quote), &sent, fault, e));
    return attest_verify_azure(judge, &azure, has_sent ? &sent : NULL, expected, now, ret, fault,
                               e);
}

enum err_code attest_verify_evidence(const struct attest_judge *judge, const struct evidence *ev,
                                     const struct report_binding *binding, int64_t now,
                                     verified_quote **ret, enum attest_fault *fault, struct err *e)
{
    const bool is_azure = strcmp(ev->type, EVIDENCE_TYPE_AZURE_VTPM) == 0;
    struct report_binding bound = *binding;
    AUTO(verified_quote) v = NULL;
    struct report_data expected;

    if (!is_azure && strcmp(ev->type, EVIDENCE_TYPE_TDX) != 0)
        return attest_fail(fault, e, FAULT_EVIDENCE_TYPE, "evidence of type %s, expected %s or %s",
                           ev->type, EVIDENCE_TYPE_TDX, EVIDENCE_TYPE_AZURE_VTPM);
    bound.payload = buf_bytes(&ev->payload);
    report_data_v2(&bound, &expected);
    TRY((is_azure ? verify_azure : verify_tdx)(judge, ev, &expected, now, &v, fault, e));
    if (ev->collateral.n > 0)
        TRY(check_floor(judge, &v->facts, fault, e));
    *ret = TAKE(v);
    return ERR_OK;
}

void verified_quote_free(verified_quote *q)
{
    free(q);
}

const struct attest_facts *verified_quote_facts(const verified_quote *q)
{
    return &q->facts;
}

const struct measurements *verified_quote_measurements(const verified_quote *q)
{
    return &q->facts.measurements;
}

const char *attest_caveat(const verified_quote *q)
{
    return q->caveat[0] ? q->caveat : NULL;
}

/* ---- release ---- */

bool attest_root_releases(const struct attest_root *root, bool development_build)
{
    return development_build || !root->development;
}

enum err_code attest_release_check(const verified_quote *q, struct err *e)
{
#ifdef TEEREG_DEV_ROOTS
    const bool development_build = true;
#else
    const bool development_build = false;
#endif

    if (!attest_root_releases(q->facts.root, development_build))
        return err_set(e, ERR_DENIED, "%s: this build releases nothing on it",
                       q->facts.root->label);
    return ERR_OK;
}
