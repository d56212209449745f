/* The examination: every check in its order, each as far as earlier results allow. */
#include "attest/examine.h"

#include <stdio.h>
#include "attest/cache.h"
#include "attest/ccel_check.h"
#include "attest/steps.h"
#include "attest/tcb.h"
#include "base/clock.h"
#include "crypto/digest.h"

static const char *const names[CHECKS] = {
    [CHECK_FORMAT] = "quote format",
    [CHECK_TCB_INFO] = "TCB info",
    [CHECK_QE_IDENTITY] = "QE identity",
    [CHECK_ROOT_CRL] = "root CRL",
    [CHECK_PCK_CRL] = "PCK CRL",
    [CHECK_FRESHNESS] = "collateral freshness",
    [CHECK_SIGNERS] = "collateral signers not revoked",
    [CHECK_PCK_CHAIN] = "PCK chain",
    [CHECK_PCK_VALIDITY] = "PCK validity",
    [CHECK_PCK_REVOCATION] = "PCK not revoked",
    [CHECK_PCK_EXTENSION] = "SGX extension of the PCK certificate",
    [CHECK_PLATFORM] = "TCB info is of this platform",
    [CHECK_QE_SIGNATURE] = "QE report signature",
    [CHECK_QE_BINDING] = "attestation key in QE report",
    [CHECK_QE_IS_INTELS] = "quoting enclave is Intel's",
    [CHECK_QE_TCB] = "QE TCB level",
    [CHECK_QUOTE_SIGNATURE] = "quote signature",
    [CHECK_TDX_MODULE] = "TDX module",
    [CHECK_TCB_LEVEL] = "TCB level",
    [CHECK_TD_ATTRIBUTES] = "TD attributes",
    [CHECK_TD_XFAM] = "XFAM",
    [CHECK_TD_SEAM] = "SEAM module",
    [CHECK_TD_SERVICE] = "service TD",
    [CHECK_TD_OWNER] = "MRCONFIGID and MROWNER",
    [CHECK_REPORT_DATA] = "report data",
    [CHECK_TCB_STATUS] = "TCB status",
    [CHECK_ADVISORIES] = "advisories",
    [CHECK_EVALUATION_NUMBER] = "evaluation number",
    [CHECK_PLATFORM_ALLOWED] = "platform allowed",
    [CHECK_EVENT_LOG] = "event log",
};

const char *attest_check_name(enum attest_check c)
{
    return c < CHECKS ? names[c] : "unknown";
}

/* What an examination works with. */
struct work {
    const struct attest_question *ask;
    struct attest_examination *to;
    struct quote quote;
    struct cache_ref ref;
    pck_platform *own; /* when there is no cache */
    const pck_platform *platform;
    struct collateral fetched;
    const struct collateral *collateral;
    const struct tcb_verdict *qe_verdict;
};

static void work_done(struct work *w)
{
    cache_release(&w->ref);
    pck_platform_free(w->own);
    collateral_done(&w->fetched);
}

/* The message of a refusal begins with its fault's name, which a finding has apart. */
static void found(struct work *w, enum attest_check c, enum err_code rc, enum attest_fault fault,
                  const struct err *why)
{
    struct attest_finding *f = &w->to->check[c];

    f->judged = true;
    f->fault = rc == ERR_OK ? FAULT_NONE : fault;
    f->detail[0] = 0;
    if (rc != ERR_OK)
        snprintf(f->detail, sizeof f->detail, "%.223s", why->msg + strcspn(why->msg, ":") + 2);
}

#define JUDGE(w, c, call)                                                                          \
    do {                                                                                           \
        enum attest_fault fault_ = FAULT_INTERNAL, *fault = &fault_;                               \
        struct err why_, *why = &why_;                                                             \
        enum err_code rc_ = (call);                                                                \
        found(w, c, rc_, fault_, &why_);                                                           \
    } while (0)

static bool held(const struct work *w, enum attest_check c)
{
    return w->to->check[c].judged && w->to->check[c].fault == FAULT_NONE;
}

static void not_judged(struct work *w, enum attest_check c, const char *why)
{
    struct attest_finding *f = &w->to->check[c];

    f->judged = false;
    f->fault = FAULT_NONE;
    snprintf(f->detail, sizeof f->detail, "%s", why);
}

/* ---- C and E: chain and QE report, through the cache ---- */

/* The CA whose list came along: its certificate is mostly the chain's own. */
static const struct hash32 *seen_ca(const struct attest_question *ask)
{
    const collateral_object *list =
        ask->collateral ? ask->collateral->part[COLLATERAL_PCK_CRL] : NULL;

    return list ? &list->issuer_pair : NULL;
}

static enum err_code find_platform(struct work *w, struct hash32 *chain, enum attest_fault *fault,
                                   struct err *e)
{
    platform_cache *cache = w->ask->cache;
    AUTO(pck_platform) p = NULL;
    struct err why;

    if (cache) {
        sha256(w->quote.pck_pem, chain);
        w->ref = (struct cache_ref){cache, cache_find(cache, chain)};
        if (w->ref.platform) {
            w->platform = cache_platform(w->ref.platform);
            return ERR_OK;
        }
    }
    TRY(pck_chain_verify(w->quote.pck_pem, w->ask->roots, cache ? cache_cas(cache) : NULL,
                         seen_ca(w->ask), &p, fault, e));
    if (!cache) {
        w->platform = w->own = TAKE(p);
        return ERR_OK;
    }
    if (cache_put(cache, chain, TAKE(p), &w->ref.platform, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_INTERNAL, "%s", why.msg);
    w->platform = cache_platform(w->ref.platform);
    return ERR_OK;
}

/* A QE report that this PCK key was seen to have signed needs no second look. */
static enum err_code check_qe_signature(struct work *w, enum attest_fault *fault, struct err *e)
{
    struct hash32 qe;

    if (!w->ref.platform)
        return step_qe_signature(&w->quote, w->platform->key, fault, e);
    SHA256_OF(&qe, w->quote.qe_report, w->quote.qe_signature);
    if (cache_has_qe(w->ref.cache, w->ref.platform, &qe))
        return ERR_OK;
    TRY(step_qe_signature(&w->quote, w->platform->key, fault, e));
    cache_put_qe(w->ref.cache, w->ref.platform, &qe);
    return ERR_OK;
}

static void examine_platform(struct work *w)
{
    struct attest_facts *facts = &w->to->facts;
    struct hash32 chain;

    JUDGE(w, CHECK_PCK_CHAIN, find_platform(w, &chain, fault, why));
    if (!w->platform)
        return;
    JUDGE(w, CHECK_PCK_EXTENSION, pck_extension_check(w->platform, fault, why));
    w->to->has_platform = w->platform->has_ext;
    facts->pck = w->platform->ext;
    facts->ca = w->platform->ca;
    facts->root = w->platform->root;
    JUDGE(w, CHECK_PCK_VALIDITY,
          pck_validity_check(&w->platform->validity, w->ask->now, fault, why));
    JUDGE(w, CHECK_QE_SIGNATURE, check_qe_signature(w, fault, why));
}

/* ---- B ---- */

static const enum attest_check check_of[COLLATERAL_KINDS] = {
    [COLLATERAL_TCB_INFO] = CHECK_TCB_INFO,
    [COLLATERAL_QE_IDENTITY] = CHECK_QE_IDENTITY,
    [COLLATERAL_ROOT_CRL] = CHECK_ROOT_CRL,
    [COLLATERAL_PCK_CRL] = CHECK_PCK_CRL,
};

/* An object counts only under the root that the platform's chain ends in: one root's signer must
 * not speak about another's platforms. */
static enum err_code check_object(const struct work *w, enum collateral_kind k,
                                  enum attest_fault *fault, struct err *e)
{
    static const enum attest_fault of_other_root[COLLATERAL_KINDS] = {
        FAULT_TCB_SIGNER, FAULT_TCB_SIGNER, FAULT_ROOT_CRL, FAULT_PCK_CRL};
    const struct collateral *c = w->collateral;
    const collateral_object *o = c ? c->part[k] : NULL;
    const bool is_json = k == COLLATERAL_TCB_INFO || k == COLLATERAL_QE_IDENTITY;

    if (!o && c && c->problem[k].fault != FAULT_NONE)
        return attest_fail(fault, e, c->problem[k].fault, "%s", c->problem[k].detail);
    if (!o)
        return attest_fail(fault, e, FAULT_COLLATERAL_MISSING,
                           "no %s: give collateral with the evidence, or let it be fetched",
                           collateral_kind_name(k));
    if (w->platform && o->root != w->platform->root)
        return attest_fail(fault, e, of_other_root[k], "under another root than the platform");
    if (is_json && (k == COLLATERAL_TCB_INFO ? o->tcb_info.tee : o->qe_identity.tee) != w->ask->tee)
        return attest_fail(fault, e, k == COLLATERAL_TCB_INFO ? FAULT_TCB_INFO : FAULT_QE_IDENTITY,
                           "about %s, expected %s", w->ask->tee == QUOTE_TEE_TDX ? "SGX" : "TDX",
                           w->ask->tee == QUOTE_TEE_TDX ? "TDX" : "SGX");
    if (k == COLLATERAL_PCK_CRL && w->platform && !hash32_eq(&o->issuer_key, &w->platform->ca_id))
        return attest_fail(fault, e, FAULT_PCK_CRL, "of another CA than the PCK certificate's");
    return ERR_OK;
}

/* Signed by the CA certificate of the platform's own chain, whose validity is judged there. */
static bool is_platforms_own(const struct work *w, const collateral_object *o)
{
    return o->kind == COLLATERAL_PCK_CRL && w->platform &&
           bytes_eq((struct bytes){o->signer_serial, o->signer_serial_len},
                    (struct bytes){w->platform->ca_serial, w->platform->ca_serial_len});
}

static enum err_code check_fresh(const struct work *w, enum attest_fault *fault, struct err *e)
{
    const int64_t now = w->ask->now, grace = w->ask->policy->collateral_grace_s;
    char at[21], when[21];
    struct err why;

    clock_format(now, at);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        const collateral_object *o = w->collateral->part[k];

        if (!o)
            continue; /* told by its own check */
        clock_format(now < o->issued ? o->issued : o->next_update, when);
        if (now < o->issued)
            return attest_fail(fault, e, FAULT_COLLATERAL_EXPIRED,
                               "the %s is of %s, it is %s: check the clock",
                               collateral_kind_name(o->kind), when, at);
        if (now - grace >= o->next_update)
            return attest_fail(fault, e, FAULT_COLLATERAL_EXPIRED,
                               "the %s ended at %s, it is %s: fetch it anew",
                               collateral_kind_name(o->kind), when, at);
        if (!is_platforms_own(w, o) && pck_validity_check(&o->signer, now, NULL, &why) != ERR_OK)
            return attest_fail(fault, e, FAULT_COLLATERAL_EXPIRED, "signer of the %s: %s",
                               collateral_kind_name(o->kind), why.msg + strcspn(why.msg, ":") + 2);
    }
    return ERR_OK;
}

static enum err_code check_signers(const struct work *w, enum attest_fault *fault, struct err *e)
{
    static const enum collateral_kind signed_text[] = {COLLATERAL_TCB_INFO, COLLATERAL_QE_IDENTITY};
    const struct crl *root_crl = &w->collateral->part[COLLATERAL_ROOT_CRL]->crl;

    for (size_t i = 0; i < 2; i++) {
        const enum collateral_kind k = signed_text[i];
        const collateral_object *o = w->collateral->part[k];
        const struct bytes serial = o ? (struct bytes){o->signer_serial, o->signer_serial_len}
                                      : (struct bytes){w->collateral->problem[k].signer_serial,
                                                       w->collateral->problem[k].signer_serial_len};

        if ((o || w->collateral->problem[k].has_signer) && crl_has(root_crl, serial))
            return attest_fail(fault, e, FAULT_TCB_SIGNER_REVOKED, "the signer of the %s",
                               collateral_kind_name(k));
    }
    return ERR_OK;
}

static void ask_source(struct work *w)
{
    const struct collateral_source *source = w->ask->source;
    struct collateral_query q = {.tee = w->ask->tee};

    w->collateral = w->ask->collateral;
    if (w->collateral || !source || !w->to->has_platform)
        return;
    memcpy(q.fmspc, w->platform->ext.fmspc, sizeof q.fmspc);
    q.ca = w->platform->ca;
    q.root = w->platform->root;
    source->get(source->self, &q, w->ask->now, &w->fetched);
    w->collateral = &w->fetched;
}

static void examine_collateral(struct work *w)
{
    ask_source(w);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        JUDGE(w, check_of[k], check_object(w, (enum collateral_kind)k, fault, why));
    if (!w->collateral) {
        not_judged(w, CHECK_FRESHNESS, "there is no collateral");
        not_judged(w, CHECK_SIGNERS, "there is no collateral");
        return;
    }
    JUDGE(w, CHECK_FRESHNESS, check_fresh(w, fault, why));
    if (held(w, CHECK_ROOT_CRL))
        JUDGE(w, CHECK_SIGNERS, check_signers(w, fault, why));
    else
        not_judged(w, CHECK_SIGNERS, "needs the root CRL");
}

/* ---- C, D: with collateral ---- */

/* By the lists that hold: what one of them says needs no other. */
static enum err_code check_revocation(const struct work *w, enum attest_fault *fault, struct err *e)
{
    const collateral_object *list =
        held(w, CHECK_PCK_CRL) ? w->collateral->part[COLLATERAL_PCK_CRL] : NULL;
    const collateral_object *of_root =
        held(w, CHECK_ROOT_CRL) ? w->collateral->part[COLLATERAL_ROOT_CRL] : NULL;
    const pck_platform *p = w->platform;

    if (list && crl_has(&list->crl, (struct bytes){p->leaf_serial, p->leaf_serial_len}))
        return attest_fail(fault, e, FAULT_PCK_REVOKED, "the PCK certificate is revoked");
    if (of_root && crl_has(&of_root->crl, (struct bytes){p->ca_serial, p->ca_serial_len}))
        return attest_fail(fault, e, FAULT_PCK_REVOKED, "the PCK CA certificate is revoked");
    /* The list may come with another certificate of the same CA. */
    if (of_root && list &&
        crl_has(&of_root->crl, (struct bytes){list->signer_serial, list->signer_serial_len}))
        return attest_fail(fault, e, FAULT_PCK_REVOKED,
                           "the CA certificate that came with the PCK CRL is revoked");
    return ERR_OK;
}

static enum err_code check_platform(const struct work *w, enum attest_fault *fault, struct err *e)
{
    const struct tcb_info *info = &w->collateral->part[COLLATERAL_TCB_INFO]->tcb_info;
    const struct pck_extension *x = &w->platform->ext;

    if (!bytes_eq(BYTES(x->fmspc), BYTES(info->fmspc)))
        return attest_fail(fault, e, FAULT_FMSPC_MISMATCH,
                           "FMSPC %02x%02x%02x%02x%02x%02x, the TCB info is about "
                           "%02x%02x%02x%02x%02x%02x",
                           x->fmspc[0], x->fmspc[1], x->fmspc[2], x->fmspc[3], x->fmspc[4],
                           x->fmspc[5], info->fmspc[0], info->fmspc[1], info->fmspc[2],
                           info->fmspc[3], info->fmspc[4], info->fmspc[5]);
    if (!bytes_eq(BYTES(x->pceid), BYTES(info->pceid)))
        return attest_fail(fault, e, FAULT_PCEID_MISMATCH,
                           "PCEID %02x%02x, the TCB info is about %02x%02x", x->pceid[0],
                           x->pceid[1], info->pceid[0], info->pceid[1]);
    return ERR_OK;
}

/* ---- F, H to J ---- */

static void examine_qe(struct work *w)
{
    const struct qe_identity *id;

    if (!held(w, CHECK_QE_IDENTITY)) {
        not_judged(w, CHECK_QE_IS_INTELS, "needs the QE identity");
        not_judged(w, CHECK_QE_TCB, "needs the QE identity");
        return;
    }
    id = &w->collateral->part[COLLATERAL_QE_IDENTITY]->qe_identity;
    JUDGE(w, CHECK_QE_IS_INTELS, tcb_qe_identity(&w->quote.qe, id, fault, why));
    JUDGE(w, CHECK_QE_TCB, tcb_qe_level(&w->quote.qe, id, &w->qe_verdict, fault, why));
}

static void examine_module(struct work *w)
{
    const struct tcb_verdict *ignored;
    const struct td_report *td = &w->quote.td;

    if (w->ask->tee != QUOTE_TEE_TDX)
        not_judged(w, CHECK_TDX_MODULE, "an SGX enclave has none");
    else if (!held(w, CHECK_TCB_INFO))
        not_judged(w, CHECK_TDX_MODULE, "needs the TCB info");
    else
        JUDGE(w, CHECK_TDX_MODULE,
              tcb_module(td, td->tee_tcb_svn, &w->collateral->part[COLLATERAL_TCB_INFO]->tcb_info,
                         &ignored, fault, why));
}

static void examine_tcb(struct work *w)
{
    struct attest_facts *facts = &w->to->facts;
    const struct td_report *td = w->ask->tee == QUOTE_TEE_TDX ? &w->quote.td : NULL;
    const struct collateral *c = w->collateral;

    if (!held(w, CHECK_PLATFORM) || !held(w, CHECK_QE_IS_INTELS) || !held(w, CHECK_QE_TCB)) {
        not_judged(w, CHECK_TCB_LEVEL, "needs TCB info and QE identity of this platform");
        return;
    }
    JUDGE(w, CHECK_TCB_LEVEL,
          tcb_evaluate(td, w->quote.body == QUOTE_BODY_TD15, &w->platform->ext.tcb,
                       &c->part[COLLATERAL_TCB_INFO]->tcb_info, w->qe_verdict,
                       &c->part[COLLATERAL_QE_IDENTITY]->qe_identity, &facts->tcb, fault, why));
    facts->has_tcb = held(w, CHECK_TCB_LEVEL);
}

/* ---- K and M ---- */

static void examine_td(struct work *w)
{
    static const struct {
        enum attest_check check;
        policy_step *step;
    } all[] = {
        {CHECK_TD_ATTRIBUTES, step_td_attributes},
        {CHECK_TD_XFAM, step_td_xfam},
        {CHECK_TD_SEAM, step_td_seam},
        {CHECK_TD_SERVICE, step_td_service},
        {CHECK_TD_OWNER, step_td_owner},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (w->ask->tee != QUOTE_TEE_TDX)
            not_judged(w, all[i].check, "an SGX enclave has none");
        else
            JUDGE(w, all[i].check,
                  all[i].step(w->ask->policy, &w->to->facts, w->ask->now, fault, why));
}

static void examine_platform_policy(struct work *w)
{
    static const struct {
        enum attest_check check;
        policy_step *step;
    } all[] = {
        {CHECK_TCB_STATUS, step_tcb_status},
        {CHECK_ADVISORIES, step_advisories},
        {CHECK_EVALUATION_NUMBER, step_evaluation_number},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!w->to->facts.has_tcb)
            not_judged(w, all[i].check, "needs the TCB level");
        else
            JUDGE(w, all[i].check,
                  all[i].step(w->ask->policy, &w->to->facts, w->ask->now, fault, why));
    if (!w->to->has_platform)
        not_judged(w, CHECK_PLATFORM_ALLOWED, "needs the platform");
    else
        JUDGE(w, CHECK_PLATFORM_ALLOWED,
              step_platform_allowed(w->ask->policy, &w->to->facts, w->ask->now, fault, why));
}

/* ---- N ---- */

static void examine_event_log(struct work *w)
{
    const struct bytes log = w->ask->event_log;

    if (log.n == 0)
        return;
    if (w->ask->tee != QUOTE_TEE_TDX)
        not_judged(w, CHECK_EVENT_LOG, "an SGX enclave has none");
    else
        JUDGE(w, CHECK_EVENT_LOG, ccel_verify(log, w->quote.td.rtmr, fault, why));
}

/* ---- the whole ---- */

static enum err_code parse(struct work *w, enum attest_fault *fault, struct err *e)
{
    return w->ask->tee == QUOTE_TEE_TDX ? quote_parse(w->ask->quote, &w->quote, fault, e)
                                        : quote_parse_sgx(w->ask->quote, &w->quote, fault, e);
}

static void note_quote(struct work *w)
{
    struct attest_facts *facts = &w->to->facts;

    w->to->has_quote = true;
    w->to->version = w->quote.version;
    w->to->used = w->quote.used;
    if (w->ask->tee == QUOTE_TEE_TDX) {
        facts->td = w->quote.td;
        measurements_of_td(&w->quote.td, &facts->measurements);
    } else {
        facts->enclave = w->quote.enclave;
    }
}

static void examine_pck_with_collateral(struct work *w)
{
    if (!w->platform)
        not_judged(w, CHECK_PCK_REVOCATION, "needs the PCK chain");
    else
        JUDGE(w, CHECK_PCK_REVOCATION, check_revocation(w, fault, why));
    if (held(w, CHECK_PCK_REVOCATION) && (!held(w, CHECK_ROOT_CRL) || !held(w, CHECK_PCK_CRL)))
        not_judged(w, CHECK_PCK_REVOCATION, "needs both revocation lists");
    if (!w->to->has_platform || !held(w, CHECK_TCB_INFO))
        not_judged(w, CHECK_PLATFORM, "needs the platform and the TCB info");
    else
        JUDGE(w, CHECK_PLATFORM, check_platform(w, fault, why));
}

/* Whether a check that gave no answer is an answer that is owed. */
static bool owed(const struct attest_question *ask, enum attest_check c)
{
    bool of_td = c == CHECK_TDX_MODULE || (c >= CHECK_TD_ATTRIBUTES && c <= CHECK_TD_OWNER);

    if (c == CHECK_REPORT_DATA)
        return ask->expected != NULL;
    if (c == CHECK_EVENT_LOG)
        return ask->event_log.n > 0;
    return ask->tee == QUOTE_TEE_TDX || !of_td;
}

static bool missing(const struct attest_examination *x, enum attest_check c)
{
    return x->check[c].fault == FAULT_COLLATERAL_MISSING;
}

/* A PCK CRL is refused because of its CA, where that CA is refused already as the platform's. */
static bool follows_from_chain(const struct attest_examination *x, enum attest_check c)
{
    return c == CHECK_PCK_CRL && x->check[c].fault == FAULT_PCK_CRL &&
           x->check[CHECK_PCK_CHAIN].judged && x->check[CHECK_PCK_CHAIN].fault != FAULT_NONE;
}

/* The first that failed, in order; of one that could not be judged, another failed before.  What is
 * merely not there comes last: a forged chain is the better reason. */
static void decide(struct work *w)
{
    struct attest_examination *x = w->to;

    x->ok = true;
    for (int pass = 0; pass < 2; pass++)
        for (enum attest_check c = 0; c < CHECKS; c++) {
            if (!owed(w->ask, c))
                continue;
            if (!x->check[c].judged)
                x->ok = false;
            if (!x->check[c].judged || x->check[c].fault == FAULT_NONE ||
                missing(x, c) != (pass == 1) || follows_from_chain(x, c))
                continue;
            x->ok = false;
            x->first = c;
            x->fault = x->check[c].fault;
            return;
        }
}

void attest_examine(const struct attest_question *question, struct attest_examination *ret)
{
    struct work w AUTO_CALL(work_done) = {.ask = question, .to = ret};

    ret->ok = ret->has_quote = ret->has_platform = false;
    ret->first = CHECK_FORMAT;
    ret->fault = FAULT_INTERNAL;
    ret->facts.has_tcb = false;
    ret->facts.tee = question->tee;
    ret->facts.root = NULL;
    for (enum attest_check c = 0; c < CHECKS; c++)
        not_judged(&w, c, "");
    JUDGE(&w, CHECK_FORMAT, parse(&w, fault, why));
    if (!held(&w, CHECK_FORMAT)) {
        ret->fault = ret->check[CHECK_FORMAT].fault;
        return;
    }
    note_quote(&w);
    examine_platform(&w);
    examine_collateral(&w);
    examine_pck_with_collateral(&w);
    JUDGE(&w, CHECK_QE_BINDING, step_qe_binding(&w.quote, fault, why));
    examine_qe(&w);
    JUDGE(&w, CHECK_QUOTE_SIGNATURE, step_quote_signature(&w.quote, fault, why));
    examine_module(&w);
    examine_tcb(&w);
    examine_td(&w);
    if (question->expected)
        JUDGE(&w, CHECK_REPORT_DATA,
              step_report_data(question->tee == QUOTE_TEE_TDX ? w.quote.td.report_data
                                                              : w.quote.enclave.report_data,
                               question->expected, fault, why));
    examine_platform_policy(&w);
    examine_event_log(&w);
    decide(&w);
}
