/* The examination of a token: every check in its order, each as far as earlier results allow. */
#include "attest/maa.h"

#include "attest/azure.h"
#include "attest/finding.h"
#include "attest/maa_claims.h"
#include "attest/maa_key.h"
#include "attest/steps.h"
#include "base/clock.h"
#include "base/codec.h"
#include "crypto/digest.h"
#include "crypto/jws.h"

static const char *const names[MAA_CHECKS] = {
    [MAA_FORM] = "token form",
    [MAA_HEADER] = "token header",
    [MAA_ALG] = "algorithm",
    [MAA_KEY] = "signing key",
    [MAA_ENCLAVE] = "signing key is of an enclave of the service",
    [MAA_SIGNATURE] = "token signature",
    [MAA_CLAIMS] = "claims",
    [MAA_ISSUER] = "issuer",
    [MAA_TIME] = "token is of now",
    [MAA_LIFETIME] = "token lifetime",
    [MAA_VERSION] = "token version",
    [MAA_TYPE] = "about a TDX machine",
    [MAA_COMPLIANCE] = "compliance",
    [MAA_DEBUG] = "nothing is debugged",
    [MAA_TD] = "TD and its TDX module",
    [MAA_ANSWERS] = "a token can answer policy",
    [MAA_STATUS] = "TCB status",
    [MAA_POLICY] = "policy of the instance",
    [MAA_REPORT_DATA] = "report data",
    [MAA_RUNTIME] = "runtime data",
    [MAA_NONCE] = "nonce",
    [MAA_AK] = "HCLAkPub",
};

const char *maa_check_name(enum maa_check c)
{
    return c < MAA_CHECKS ? names[c] : "unknown";
}

void maa_examination_done(struct maa_examination *x)
{
    rsa_pub_free(x->claims.ak);
    x->claims.ak = NULL;
}

struct work {
    const struct maa_question *ask;
    struct maa_examination *to;
    struct jws token;
    struct jws_header header;
    const struct jwks_key *key;
    json *root;          /* NULL: no claims */
    const json *machine; /* NULL: not about a TDX machine */
};

static void work_done(struct work *w)
{
    jws_done(&w->token);
    json_free(w->root);
}

#define JUDGE(w, c, call) FINDING(&(w)->to->check[c], call)

static bool held(const struct work *w, enum maa_check c)
{
    return finding_held(&w->to->check[c]);
}

static bool owed(const struct work *w, enum maa_check c)
{
    switch (c) {
    case MAA_ENCLAVE:
        return w->ask->admit != NULL;
    case MAA_POLICY:
        return w->ask->policy_hash != NULL;
    case MAA_REPORT_DATA:
        return w->ask->expected != NULL;
    case MAA_RUNTIME:
        return w->ask->has_runtime;
    case MAA_NONCE:
        return w->ask->nonce != NULL;
    case MAA_AK:
        return w->ask->ak != NULL;
    default:
        return true;
    }
}

/* What nobody asked for lacks no answer. */
static void not_judged(struct work *w, enum maa_check c, const char *why)
{
    finding_skip(&w->to->check[c], owed(w, c) ? why : "");
}

/* The reason of a function that knows no faults. */
static enum err_code as_fault(enum err_code code, const struct err *why, enum attest_fault f,
                              enum attest_fault *fault, struct err *e)
{
    if (code == ERR_OK)
        return ERR_OK;
    return attest_fail(fault, e, code == ERR_NOMEM ? FAULT_INTERNAL : f, "%s", why->msg);
}

/* In a check's expression: what call says in `inner`, as this fault. */
#define AS(f, call) as_fault((call), &inner, f, fault, why)

/* ---- the signature ---- */

static enum err_code find_key(struct work *w, enum attest_fault *fault, struct err *e)
{
    const struct jwks_key *k = jwks_find(w->ask->keys, w->header.kid);

    if (!k)
        return attest_fail(fault, e, FAULT_JWS_KEY,
                           "its kid is not among the %zu keys that were given", w->ask->keys->n);
    if (!k->key)
        return attest_fail(fault, e, FAULT_JWS_KEY, "the key of its kid is of no use: %s", k->why);
    w->key = k;
    return ERR_OK;
}

static void examine_signature(struct work *w)
{
    struct err inner;

    JUDGE(w, MAA_HEADER,
          AS(FAULT_JWS_FORM, jws_header_read(buf_bytes(&w->token.header), &w->header, &inner)));
    if (!held(w, MAA_HEADER)) {
        not_judged(w, MAA_ALG, "needs the header");
        not_judged(w, MAA_ENCLAVE, "needs the header");
        not_judged(w, MAA_KEY, "needs the header");
        not_judged(w, MAA_SIGNATURE, "needs the header");
        return;
    }
    JUDGE(w, MAA_ALG, AS(FAULT_JWS_ALG, jws_check_alg(&w->header, &inner)));
    JUDGE(w, MAA_KEY, find_key(w, fault, why));
    if (w->ask->admit && !held(w, MAA_KEY))
        not_judged(w, MAA_ENCLAVE, "needs the key");
    else if (w->ask->admit)
        JUDGE(w, MAA_ENCLAVE, maa_key_admit(w->key, w->ask->admit, fault, why));
    if (!held(w, MAA_ALG) || !held(w, MAA_KEY))
        not_judged(w, MAA_SIGNATURE, "needs algorithm and key");
    else
        JUDGE(w, MAA_SIGNATURE, AS(FAULT_JWS_SIG, jws_verify(&w->token, w->key->key, &inner)));
}

/* ---- claims that stand in every token ---- */

/* Also of a guest whose machine is one. */
static const json *tdx_machine(const json *root)
{
    const json *machine;
    struct err ignored;

    if (maa_type_is(root, "tdxvm"))
        return root;
    if (maa_type_is(root, "azurevm") && maa_machine(root, true, &machine, &ignored) == ERR_OK &&
        maa_type_is(machine, "tdxvm"))
        return machine;
    return NULL;
}

static enum err_code read_claims(struct work *w, struct err *e)
{
    struct maa_examination *x = w->to;

    TRY(json_parse_foreign(buf_bytes(&w->token.payload), JWS_MAX, &w->root, e));
    TRY(maa_read_common(w->root, &x->claims, e));
    x->has_claims = true;
    x->claims.is_guest = maa_type_is(w->root, "azurevm");
    w->machine = tdx_machine(w->root);
    if (!w->machine)
        return ERR_OK;
    TRY(maa_read_td(w->machine, &x->claims.td, e));
    x->has_td = true;
    return ERR_OK;
}

/* The key speaks for the issuer that its certificate names, whoever is trusted. */
static enum err_code check_issuer(const struct work *w, enum attest_fault *fault, struct err *e)
{
    const char *found = w->to->claims.issuer, *wanted = w->ask->issuer;
    const char *of_key = w->key && w->key->issuer[0] ? w->key->issuer : NULL;
    bool several = false;

    if (!wanted)
        wanted = of_key;
    if (!wanted)
        wanted = jwks_issuer(w->ask->keys, &several);
    if (several)
        return attest_fail(fault, e, FAULT_MAA_ISSUER,
                           "its key is of no issuer by name and the others are of several: say "
                           "which is meant");
    if (of_key && strcmp(of_key, wanted) != 0)
        return attest_fail(fault, e, FAULT_MAA_ISSUER,
                           "the certificate of its key is of %s, expected %s", of_key, wanted);
    if (wanted ? strcmp(found, wanted) != 0 : !jwks_is_issuer(found))
        return attest_fail(fault, e, FAULT_MAA_ISSUER, "iss is not %s",
                           wanted ? wanted : "an https URL");
    return ERR_OK;
}

static enum err_code check_time(const struct work *w, enum attest_fault *fault, struct err *e)
{
    const struct maa_claims *c = &w->to->claims;
    const int64_t now = w->ask->now;
    char at[21], when[21];

    clock_format(now, at);
    clock_format(now >= c->expires ? c->expires : c->not_before, when);
    if (now >= c->expires)
        return attest_fail(fault, e, FAULT_MAA_TIME, "it ended at %s, it is %s", when, at);
    if (now < c->not_before)
        return attest_fail(fault, e, FAULT_MAA_TIME, "it begins at %s, it is %s: check the clock",
                           when, at);
    if (now < c->issued)
        return attest_fail(fault, e, FAULT_MAA_TIME, "it was issued later than now, %s", at);
    return ERR_OK;
}

/* Without a sum that could overflow: both are times after 1970, or the token is refused. */
static enum err_code check_lifetime(const struct work *w, enum attest_fault *fault, struct err *e)
{
    const struct maa_claims *c = &w->to->claims;

    if (c->issued < 0 || c->expires <= c->issued || c->expires - c->issued > MAA_LIFETIME_MAX_S)
        return attest_fail(fault, e, FAULT_MAA_TIME,
                           "from iat to exp is not more than nothing and at most 8 hours");
    return ERR_OK;
}

static enum err_code check_word(const json *obj, const char *claim, const char *word,
                                enum attest_fault f, enum attest_fault *fault, struct err *e)
{
    const char *found;
    struct err why;

    if (json_get_str(obj, claim, 256, &found, &why) != ERR_OK)
        return attest_fail(fault, e, f, "%s", why.msg);
    if (strcmp(found, word) != 0)
        return attest_fail(fault, e, f, "%s is not %s", claim, word);
    return ERR_OK;
}

static enum err_code check_type(const struct work *w, enum attest_fault *fault, struct err *e)
{
    const json *machine;
    struct err ignored;

    if (w->machine)
        return ERR_OK;
    if (w->to->claims.is_guest && maa_machine(w->root, true, &machine, &ignored) == ERR_OK &&
        maa_type_is(machine, "sevsnpvm"))
        return attest_fail(fault, e, FAULT_MAA_TYPE,
                           "about a guest (azurevm) on a SEV-SNP machine, expected TDX (tdxvm)");
    return attest_fail(fault, e, FAULT_MAA_TYPE,
                       "x-ms-attestation-type is neither tdxvm nor azurevm on tdxvm");
}

static void examine_claims(struct work *w)
{
    struct err inner;

    JUDGE(w, MAA_CLAIMS, AS(FAULT_MAA_CLAIMS, read_claims(w, &inner)));
    if (!w->to->has_claims) {
        for (enum maa_check c = MAA_ISSUER; c < MAA_CHECKS; c++)
            not_judged(w, c, "needs the claims");
        return;
    }
    JUDGE(w, MAA_ISSUER, check_issuer(w, fault, why));
    JUDGE(w, MAA_TIME, check_time(w, fault, why));
    JUDGE(w, MAA_LIFETIME, check_lifetime(w, fault, why));
    JUDGE(w, MAA_VERSION, check_word(w->root, "x-ms-ver", "1.0", FAULT_MAA_CLAIMS, fault, why));
    JUDGE(w, MAA_TYPE, check_type(w, fault, why));
}

/* ---- claims about the machine ---- */

/* The machine's; what a guest's token says of itself besides must not contradict. */
static enum err_code check_compliance(const struct work *w, enum attest_fault *fault, struct err *e)
{
    static const char claim[] = "x-ms-compliance-status", word[] = "azure-compliant-cvm";

    TRY(check_word(w->machine, claim, word, FAULT_MAA_COMPLIANCE, fault, e));
    if (!json_has(w->root, claim))
        return ERR_OK;
    return check_word(w->root, claim, word, FAULT_MAA_COMPLIANCE, fault, e);
}

static enum err_code check_debug(const struct work *w, enum attest_fault *fault, struct err *e)
{
    struct err inner;

    return as_fault(maa_check_debug(w->root, w->machine, &inner), &inner, FAULT_MAA_DEBUG, fault,
                    e);
}

/* Of policy, what a token can answer.  Two differences to a quote: MRSERVICETD is no claim, so no
 * TD that could migrate is accepted; and SEPT_VE_DISABLE, which policy demands by default, is not
 * set in the service's documented tokens: it is demanded by a policy that states attributes. */
static enum err_code check_td(const struct work *w, enum attest_fault *fault, struct err *e)
{
    static policy_step *const all[] = {step_td_seam, step_td_attributes, step_td_xfam,
                                       step_td_owner, step_paravisor};
    const struct attest_policy *usual = &attest_policy_default;
    struct attest_facts facts = {.tee = QUOTE_TEE_TDX, .td = w->to->claims.td};
    struct attest_policy policy = *w->ask->policy;

    measurements_of_td(&facts.td, &facts.measurements);
    if (policy.attributes_required == usual->attributes_required &&
        policy.attributes_allowed == usual->attributes_allowed)
        policy.attributes_required = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        TRY(all[i](&policy, &facts, w->ask->now, fault, e));
    return azure_check_rtmrs(&facts.td, fault, e);
}

/* What policy restricts and no claim tells: silence would be taken for an answer. */
static enum err_code check_answers(const struct attest_policy *policy, enum attest_fault *fault,
                                   struct err *e)
{
    const struct {
        bool restricts;
        const char *member;
    } all[] = {
        {policy->n_fmspc > 0, "fmspc"},
        {policy->n_ppid > 0, "ppid"},
        {policy->n_instance > 0, "platform_instance"},
        {policy->n_mrservicetd > 0, "mrservicetd"},
        {policy->min_evaluation_number > 0, "min_evaluation_number"},
        {policy->n_denied_advisories > 0, "denied_advisories"},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].restricts)
            return attest_fail(fault, e, FAULT_MAA_POLICY,
                               "policy states %s, which no token tells: leave it out, or judge the "
                               "machine's quote",
                               all[i].member);
    return ERR_OK;
}

static enum err_code check_status(struct work *w, enum attest_fault *fault, struct err *e)
{
    const char *name;
    struct err why;

    if (json_get_str(w->machine, "attester_tcb_status", 64, &name, &why) != ERR_OK ||
        tcb_status_parse(bytes_of_str(name), &w->to->claims.status, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_MAA_TCB_STATUS, "%s", why.msg);
    w->to->has_status = true;
    if (w->to->claims.status == TCB_REVOKED ||
        !(w->ask->policy->statuses & TCB_STATUS_BIT(w->to->claims.status)))
        return attest_fail(fault, e, FAULT_MAA_TCB_STATUS,
                           "the TCB is %s, which policy does not accept",
                           tcb_status_name(w->to->claims.status));
    return ERR_OK;
}

static enum err_code check_policy(struct work *w, enum attest_fault *fault, struct err *e)
{
    struct buf hash AUTO_CALL(buf_done) = BUF(32);
    const char *text;
    struct err why;

    if (json_get_str(w->root, "x-ms-policy-hash", 64, &text, &why) != ERR_OK ||
        base64url_decode(bytes_of_str(text), &hash, &why) != ERR_OK || hash.n != 32)
        return attest_fail(fault, e, FAULT_MAA_POLICY, "x-ms-policy-hash is not a hash");
    memcpy(w->to->claims.policy_hash.b, hash.p, 32);
    if (!bytes_eq(buf_bytes(&hash), BYTES_OF(*w->ask->policy_hash)))
        return attest_fail(fault, e, FAULT_MAA_POLICY,
                           "the instance judged by another policy than the one pinned");
    return ERR_OK;
}

static enum err_code check_report_data(const struct work *w, enum attest_fault *fault,
                                       struct err *e)
{
    if (!bytes_eq(BYTES(w->to->claims.td.report_data), BYTES(w->ask->expected->b)))
        return attest_fail(fault, e, FAULT_MAA_BINDING,
                           "tdx_report_data: the machine was asked for something else");
    return ERR_OK;
}

static enum err_code check_runtime(const struct work *w, enum attest_fault *fault, struct err *e)
{
    struct report_data wanted = {0};
    struct hash32 digest;

    sha256(w->ask->runtime, &digest);
    memcpy(wanted.b, digest.b, sizeof digest.b);
    if (!bytes_eq(BYTES(w->to->claims.td.report_data), BYTES(wanted.b)))
        return attest_fail(fault, e, FAULT_MAA_BINDING,
                           "tdx_report_data is not the hash of the runtime data");
    return ERR_OK;
}

static enum err_code read_ak(struct work *w, const json *runtime, enum attest_fault *fault,
                             struct err *e)
{
    struct hcl_runtime r AUTO_CALL(hcl_runtime_done) = {0};
    struct err why;

    if (hcl_runtime_of_json(runtime, &r, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_MAA_BINDING, "x-ms-runtime: %s", why.msg);
    if (w->ask->ak && !rsa_pub_eq(w->ask->ak, r.ak))
        return attest_fail(fault, e, FAULT_MAA_BINDING, "HCLAkPub is another key");
    w->to->claims.ak = TAKE(r.ak);
    return ERR_OK;
}

/* Runtime data of a machine that was asked directly are the caller's, "keys" too. */
static bool names_ak(const json *runtime)
{
    const json *keys;
    const char *kid;
    struct err ignored;

    if (json_get_array(runtime, "keys", &keys, &ignored) != ERR_OK)
        return false;
    for (size_t i = 0; i < json_len(keys); i++)
        if (json_is_object(json_at(keys, i)) &&
            json_get_str(json_at(keys, i), "kid", 64, &kid, &ignored) == ERR_OK &&
            strcmp(kid, "HCLAkPub") == 0)
            return true;
    return false;
}

static void examine_ak(struct work *w)
{
    const json *runtime = NULL;
    struct err ignored;

    if (json_get_object(w->machine, "x-ms-runtime", &runtime, &ignored) == ERR_OK &&
        (w->ask->ak ? json_has(runtime, "keys") : names_ak(runtime)))
        JUDGE(w, MAA_AK, read_ak(w, runtime, fault, why));
    else if (w->ask->ak)
        JUDGE(w, MAA_AK,
              attest_fail(fault, why, FAULT_MAA_BINDING, "there is no HCLAkPub in x-ms-runtime"));
}

static void examine_machine(struct work *w)
{
    const struct maa_question *ask = w->ask;
    struct err inner;

    if (!w->machine || !w->to->has_td) {
        for (enum maa_check c = MAA_COMPLIANCE; c < MAA_CHECKS; c++)
            not_judged(w, c, "needs claims about a TDX machine");
        return;
    }
    JUDGE(w, MAA_COMPLIANCE, check_compliance(w, fault, why));
    JUDGE(w, MAA_DEBUG, check_debug(w, fault, why));
    JUDGE(w, MAA_TD, check_td(w, fault, why));
    JUDGE(w, MAA_ANSWERS, check_answers(ask->policy, fault, why));
    JUDGE(w, MAA_STATUS, check_status(w, fault, why));
    if (ask->policy_hash)
        JUDGE(w, MAA_POLICY, check_policy(w, fault, why));
    if (ask->expected)
        JUDGE(w, MAA_REPORT_DATA, check_report_data(w, fault, why));
    if (ask->has_runtime)
        JUDGE(w, MAA_RUNTIME, check_runtime(w, fault, why));
    if (ask->nonce)
        JUDGE(w, MAA_NONCE,
              AS(FAULT_MAA_BINDING,
                 maa_check_nonce(w->root, w->to->claims.is_guest, ask->nonce, &inner)));
    examine_ak(w);
}

/* ---- the whole ---- */

static void decide(struct work *w)
{
    struct maa_examination *x = w->to;

    x->ok = true;
    for (enum maa_check c = 0; c < MAA_CHECKS; c++) {
        const struct attest_finding *f = &x->check[c];

        if (f->judged ? f->fault == FAULT_NONE : !owed(w, c))
            continue;
        x->ok = false;
        if (!f->judged)
            continue; /* another failed before it */
        x->first = c;
        x->fault = f->fault;
        return;
    }
}

void maa_examine(const struct maa_question *question, struct maa_examination *ret)
{
    struct work w AUTO_CALL(work_done) = {.ask = question, .to = ret};
    struct err inner;

    maa_examination_done(ret);
    *ret = (struct maa_examination){.fault = FAULT_INTERNAL};
    for (enum maa_check c = 0; c < MAA_CHECKS; c++)
        not_judged(&w, c, "");
    JUDGE(&w, MAA_FORM, AS(FAULT_JWS_FORM, jws_split(question->token, &w.token, &inner)));
    if (held(&w, MAA_FORM)) {
        examine_signature(&w);
        examine_claims(&w);
        if (ret->has_claims)
            examine_machine(&w);
    }
    decide(&w);
}
