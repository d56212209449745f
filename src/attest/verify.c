#include "attest/verify.h"

#include <stdio.h>
#include "attest/cache.h"
#include "attest/steps.h"
#include "crypto/digest.h"

/* Only this file knows what is in it, so only this file can make one. */
struct verified_quote {
    struct td_report td;
    struct pck_extension pck;
    struct measurements measurements;
    const struct attest_root *root;
    enum attest_collateral collateral;
    char caveat[256];
};

const char *attest_collateral_name(enum attest_collateral c)
{
    return c == COLLATERAL_NOT_EVALUATED ? "not evaluated" : "unknown";
}

/* ---- C, D and E ---- */

static enum err_code judge_platform(const pck_platform *p, const struct quote *q, int64_t now,
                                    enum attest_fault *fault, struct err *e)
{
    TRY(pck_platform_valid(p, now, fault, e));
    return step_qe_signature(q, p->key, fault, e);
}

static enum err_code platform_anew(const struct quote *q, int64_t now, struct pck_cas *cas,
                                   pck_platform **ret, enum attest_fault *fault, struct err *e)
{
    AUTO(pck_platform) p = NULL;

    TRY(pck_chain_verify(q->pck_pem, attest_roots(), cas, &p, fault, e));
    TRY(judge_platform(p, q, now, fault, e));
    *ret = TAKE(p);
    return ERR_OK;
}

/* A chain and a QE report whose signatures were seen to hold need no second look; time does.  What
 * was not seen enters the cache only after it was verified whole. */
static enum err_code platform_cached(const struct quote *q, int64_t now, struct cache_ref *ref,
                                     enum attest_fault *fault, struct err *e)
{
    struct hash32 chain, qe;
    AUTO(pck_platform) p = NULL;
    struct err why;

    sha256(q->pck_pem, &chain);
    SHA256_OF(&qe, q->qe_report, q->qe_signature);
    ref->platform = cache_find(ref->cache, &chain);
    if (!ref->platform) {
        TRY(platform_anew(q, now, cache_cas(ref->cache), &p, fault, e));
        if (cache_put(ref->cache, &chain, TAKE(p), &ref->platform, &why) != ERR_OK)
            return attest_fail(fault, e, FAULT_INTERNAL, "%s", why.msg);
    } else if (cache_has_qe(ref->cache, ref->platform, &qe)) {
        return pck_platform_valid(cache_platform(ref->platform), now, fault, e);
    } else {
        TRY(judge_platform(cache_platform(ref->platform), q, now, fault, e));
    }
    cache_put_qe(ref->cache, ref->platform, &qe);
    return ERR_OK;
}

/* ---- the whole ---- */

static void note_caveat(verified_quote *v)
{
    snprintf(v->caveat, sizeof v->caveat, "collateral: %s%s%s",
             attest_collateral_name(v->collateral), v->root->development ? "; root: " : "",
             v->root->development ? v->root->label : "");
}

static enum err_code judge_rest(const struct attest_judge *judge, const struct quote *q,
                                const struct report_data *expected, const pck_platform *p,
                                verified_quote **ret, enum attest_fault *fault, struct err *e)
{
    AUTO(verified_quote) v = calloc(1, sizeof *v);

    if (!v)
        return attest_fail(fault, e, FAULT_INTERNAL, "out of memory");
    TRY(step_qe_binding(q, fault, e));
    TRY(step_quote_signature(q, fault, e));
    TRY(step_td_policy(&q->td, judge->policy, fault, e));
    TRY(step_report_data(&q->td, expected, fault, e));
    v->td = q->td;
    v->pck = p->ext;
    measurements_of_td(&q->td, &v->measurements);
    v->root = p->root;
    v->collateral = COLLATERAL_NOT_EVALUATED;
    note_caveat(v);
    *ret = TAKE(v);
    return ERR_OK;
}

enum err_code attest_verify(const struct attest_judge *judge, struct bytes quote,
                            const struct report_data *expected, int64_t now, verified_quote **ret,
                            enum attest_fault *fault, struct err *e)
{
    struct cache_ref ref AUTO_CALL(cache_release) = {judge->cache, NULL};
    AUTO(pck_platform) own = NULL;
    struct quote q;

    TRY(quote_parse(quote, &q, fault, e));
    if (judge->cache)
        TRY(platform_cached(&q, now, &ref, fault, e));
    else
        TRY(platform_anew(&q, now, NULL, &own, fault, e));
    return judge_rest(judge, &q, expected, own ? own : cache_platform(ref.platform), ret, fault, e);
}

enum err_code attest_verify_evidence(const struct attest_judge *judge, const struct evidence *ev,
                                     const struct report_binding *binding, int64_t now,
                                     verified_quote **ret, enum attest_fault *fault, struct err *e)
{
    struct report_binding bound = *binding;
    struct report_data expected;

    if (strcmp(ev->type, EVIDENCE_TYPE_TDX) != 0)
        return attest_fail(fault, e, FAULT_EVIDENCE_TYPE, "evidence of type %s, expected %s",
                           ev->type, EVIDENCE_TYPE_TDX);
    bound.payload = buf_bytes(&ev->payload);
    report_data_v2(&bound, &expected);
    return attest_verify(judge, buf_bytes(&ev->quote), &expected, now, ret, fault, e);
}

void verified_quote_free(verified_quote *q)
{
    free(q);
}

const struct td_report *verified_quote_td(const verified_quote *q)
{
    return &q->td;
}

const struct pck_extension *verified_quote_pck(const verified_quote *q)
{
    return &q->pck;
}

const struct measurements *verified_quote_measurements(const verified_quote *q)
{
    return &q->measurements;
}

const struct attest_root *verified_quote_root(const verified_quote *q)
{
    return q->root;
}

enum attest_collateral verified_quote_collateral(const verified_quote *q)
{
    return q->collateral;
}

/* ---- release ---- */

const char *attest_caveat(const verified_quote *q)
{
    return q->caveat[0] ? q->caveat : NULL;
}

bool step_release(enum attest_collateral collateral, const struct attest_root *root,
                  bool development_build)
{
    if (development_build)
        return true; /* with a caveat, which whoever shows the result says aloud */
    return collateral != COLLATERAL_NOT_EVALUATED && !root->development;
}

bool attest_may_release(const verified_quote *q)
{
#ifdef TEEREG_DEV_ROOTS
    const bool development_build = true;
#else
    const bool development_build = false;
#endif

    return step_release(q->collateral, q->root, development_build);
}

enum err_code attest_release_check(const verified_quote *q, struct err *e)
{
    if (!attest_may_release(q))
        return err_set(e, ERR_DENIED,
                       "collateral: %s: without revocation lists and TCB level nothing is released",
                       attest_collateral_name(q->collateral));
    return ERR_OK;
}
