#include "kms/decide.h"

static const struct {
    const char *name;
    enum err_code code; /* public */
    const char *text;   /* public */
} reasons[KMS_REASONS] = {
#define MALFORMED ERR_INVALID, "the request is malformed"
#define CHALLENGE ERR_DENIED, "the challenge is not valid: ask for a new one"
#define EVIDENCE  ERR_DENIED, "the evidence is not accepted"
#define DENIED    ERR_DENIED, "not allowed"
#define NOT_READY ERR_LOCKED, "this node is not ready"
#define LATER     ERR_BUSY, "try again later"
#define NO_ANSWER ERR_UPSTREAM, "the chain cannot be read now: try again later"
#define OUR_FAULT ERR_INTERNAL, "internal error"
    [KMS_GRANTED] = {"granted", ERR_OK, "granted"},
    [KMS_MALFORMED_REQUEST] = {"malformed-request", MALFORMED},
    [KMS_LOCKED] = {"locked", NOT_READY},
    [KMS_CHALLENGE_FORGED] = {"challenge-forged", CHALLENGE},
    [KMS_CHALLENGE_EXPIRED] = {"challenge-expired", CHALLENGE},
    [KMS_CHALLENGE_SPENT] = {"challenge-spent", CHALLENGE},
    [KMS_CHALLENGE_FULL] = {"challenge-full", LATER},
    [KMS_EVIDENCE_MALFORMED] = {"evidence-malformed", MALFORMED},
    [KMS_PAYLOAD_MALFORMED] = {"payload-malformed", MALFORMED},
    [KMS_CSR_INVALID] = {"csr-invalid", ERR_INVALID, "the certificate request is not valid"},
    [KMS_QUOTE_INVALID] = {"quote-invalid", EVIDENCE},
    [KMS_REPORT_DATA_MISMATCH] = {"report-data-mismatch", EVIDENCE},
    [KMS_EVIDENCE_NOT_RELEASABLE] = {"evidence-not-releasable", EVIDENCE},
    [KMS_CHAIN_UNAVAILABLE] = {"chain-unavailable", NO_ANSWER},
    [KMS_CHAIN_REFUSED] = {"chain-refused", NO_ANSWER},
    [KMS_SELF_NOT_ALLOWED] = {"self-not-allowed", NOT_READY},
    [KMS_ROOT_NOT_COMMITTED] = {"root-not-committed", NOT_READY},
    [KMS_CONTRACT_NOT_LIVE] = {"kms-contract-not-live", DENIED},
    [KMS_APP_NOT_ALLOWED] = {"app-not-allowed", DENIED},
    [KMS_APP_CODE] = {"app-code", DENIED},
    [KMS_APP_NOT_LIVE] = {"app-not-live", DENIED},
    [KMS_LINEAGE] = {"lineage", DENIED},
    [KMS_FIRMWARE_NOT_ALLOWED] = {"firmware-not-allowed", DENIED},
    [KMS_PARAVISOR_NOT_ALLOWED] = {"paravisor-not-allowed", DENIED},
    [KMS_IDENTITY_UNKNOWN_KIND] = {"identity-unknown-kind", DENIED},
    [KMS_IDENTITY_NOT_ALLOWED] = {"identity-not-allowed", DENIED},
    [KMS_POLICY_UNKNOWN] = {"policy-unknown", DENIED},
    [KMS_POLICY_REFUSED] = {"policy-refused", EVIDENCE},
    [KMS_OPERATOR_MISSING] = {"operator-missing", DENIED},
    [KMS_OPERATOR_SIGNATURE] = {"operator-signature", DENIED},
    [KMS_OPERATOR_NOT_ALLOWED] = {"operator-not-allowed", DENIED},
    [KMS_ISSUE_FAILED] = {"issue-failed", OUR_FAULT},
    [KMS_AUDIT_FAILED] = {"audit-failed", OUR_FAULT},
    [KMS_SEAL_FAILED] = {"seal-failed", OUR_FAULT},
    [KMS_HEADERS_MALFORMED] = {"headers-malformed", MALFORMED},
    [KMS_SCHEME_NOT_V1] = {"scheme-not-v1", DENIED},
    [KMS_OPERATOR_V1] = {"operator-v1", DENIED},
    [KMS_POLICY_V1] = {"policy-v1", DENIED},
    [KMS_QUOTE_FAILED] = {"quote-failed", OUR_FAULT},
};

const char *kms_reason_name(enum kms_reason r)
{
    return (unsigned)r < KMS_REASONS ? reasons[r].name : "unknown";
}

enum err_code kms_reason_public(enum kms_reason r, const char **ret_text)
{
    if ((unsigned)r >= KMS_REASONS)
        r = KMS_SEAL_FAILED;
    *ret_text = reasons[r].text;
    return reasons[r].code;
}

struct view_quorum_counter kms_version_counter(const struct kms_config *c)
{
    /* contracts/LAYOUT.md, "Head" */
    return (struct view_quorum_counter){
        .contract = c->kms, .slot = gov_slot(GOV_SLOT_HEAD), .shift = 168, .bits = 64};
}

enum err_code kms_because(enum kms_reason why, enum kms_reason *ret_why, enum err_code rc)
{
    if (rc != ERR_OK)
        *ret_why = why;
    return rc;
}

/* A read that failed: nobody answered, or what was answered is refused. */
static enum err_code of_chain(enum err_code rc, enum kms_reason refused, enum kms_reason *ret_why)
{
    bool silent = rc == ERR_UPSTREAM || rc == ERR_TIMEOUT || rc == ERR_IO || rc == ERR_NOMEM;

    return kms_because(silent ? KMS_CHAIN_UNAVAILABLE : refused, ret_why, rc);
}

static enum err_code check_root(const struct kms_authority *a, const struct gov_kms_facts *kms,
                                struct err *e)
{
    const kms_root *root = a->apps ? kms_apps_root(a->apps) : NULL;

    if (hash32_is_zero(&kms->commitment))
        return err_set(e, ERR_LOCKED,
                       "no root is committed in the KMS contract yet: `teereg gov root commit`");
    if (!root) /* an outsider */
        return ERR_OK;
    if (!hash32_eq(&kms->root_id, kms_root_id(root)) ||
        !hash32_eq(&kms->commitment, kms_root_commitment(root)))
        return err_set(e, ERR_DENIED,
                       "this node's root is not the one committed in the KMS contract");
    return ERR_OK;
}

static enum err_code check_self(const struct kms_authority *a, const struct kms_app_standing *s,
                                struct err *e)
{
    if (hash32_is_zero(&a->self) && a->outsider)
        return ERR_OK;
    if (hash32_is_zero(&a->self))
        return err_set(e, ERR_LOCKED, "this node has no identity of its own");
    return gov_policy_check(&s->kms.principal, &s->time, "this KMS", e);
}

/* The part of every decision that is about this node itself; query also says what else to read. */
static enum err_code decide_node(const struct kms_authority *a, const struct gov_kms_query *query,
                                 struct kms_app_standing *s, enum kms_reason *ret_why,
                                 struct err *e)
{
    const struct kms_config *c = a->config;

    s->time = gov_time_of(s->at.timestamp, clock_unix(a->clock));
    TRY(of_chain(gov_kms_read(a->view, &s->at, &c->kms, query, &s->kms, e), KMS_CHAIN_REFUSED,
                 ret_why));
    TRY(kms_because(
        KMS_CONTRACT_NOT_LIVE, ret_why,
        gov_contract_live(&s->kms.head, &s->kms.line, &s->time, c->min_delay, "KMS contract", e)));
    TRY(kms_because(KMS_SELF_NOT_ALLOWED, ret_why, check_self(a, s, e)));
    return kms_because(KMS_ROOT_NOT_COMMITTED, ret_why, check_root(a, &s->kms, e));
}

static enum err_code newest_block(const struct kms_authority *a, struct finalized_block *ret,
                                  enum kms_reason *ret_why, struct err *e)
{
    if (!a->apps && !a->outsider)
        return kms_because(KMS_LOCKED, ret_why,
                           err_set(e, ERR_LOCKED, "this node holds no root key"));
    return of_chain(chain_view_finalized(a->view, ret, e), KMS_CHAIN_REFUSED, ret_why);
}

#define DOUBT "what the newest blocks say, though it is not final yet"

enum err_code kms_decide_self(const struct kms_authority *a, struct finalized_block *ret_at,
                              enum kms_reason *ret_why, struct err *e)
{
    const struct gov_kms_query query = {.principal = &a->self};
    struct kms_app_standing s = {0};

    TRY(newest_block(a, &s.at, ret_why, e));
    *ret_at = s.at;
    TRY(decide_node(a, &query, &s, ret_why, e));
    for (unsigned doubt = chain_view_doubts(a->view); doubt > 0; doubt--) {
        struct kms_app_standing again = {.at = s.at};

        again.at.doubt = doubt;
        TRY_IN(e, decide_node(a, &query, &again, ret_why, e), DOUBT);
    }
    return ERR_OK;
}

/* The same at the block of s. */
static enum err_code decide_app_at(const struct kms_authority *a, const struct addr *app,
                                   const uint8_t *mrtd, struct kms_app_standing *s,
                                   enum kms_reason *ret_why, struct err *e)
{
    static const uint16_t default_policy = 0;
    const struct gov_kms_query of_kms = {.app = app,
                                         .principal = &a->self,
                                         .firmware_mrtd = mrtd,
                                         .paravisor_mrtd = mrtd,
                                         .policy_id = &default_policy};
    const struct gov_registry_query nobody = {0};
    const struct kms_config *c = a->config;

    TRY(decide_node(a, &of_kms, s, ret_why, e));
    TRY(kms_because(KMS_APP_NOT_ALLOWED, ret_why,
                    gov_policy_check(&s->kms.app, &s->time, "application", e)));

    TRY(of_chain(gov_registry_read(a->view, &s->at, app, &nobody, &s->registry, e), KMS_APP_CODE,
                 ret_why));
    TRY(kms_because(KMS_APP_CODE, ret_why, gov_kms_app_code(&s->kms, &s->registry.code_hash, e)));
    TRY(kms_because(KMS_APP_NOT_LIVE, ret_why,
                    gov_contract_live(&s->registry.head, &s->registry.line, &s->time, c->min_delay,
                                      "application", e)));
    TRY(of_chain(gov_lineage(a->view, &s->at, app, &s->app_id, e), KMS_LINEAGE, ret_why));
    s->epoch = s->registry.head.epoch;
    return ERR_OK;
}

/* What is asked about later, of firmware and paravisor, is no better than the worst of both. */
static void take_worse(struct gov_policy *have, const struct gov_policy *doubt,
                       const struct gov_time *time)
{
    struct err ignored;

    if (gov_policy_check(doubt, time, "", &ignored) != ERR_OK)
        *have = *doubt;
}

enum err_code kms_decide_app(const struct kms_authority *a, const struct addr *app,
                             const uint8_t *mrtd, struct kms_app_standing *ret,
                             enum kms_reason *ret_why, struct err *e)
{
    struct kms_app_standing s = {0};

    TRY(newest_block(a, &s.at, ret_why, e));
    TRY(decide_app_at(a, app, mrtd, &s, ret_why, e));
    for (unsigned doubt = chain_view_doubts(a->view); doubt > 0; doubt--) {
        struct kms_app_standing again = {.at = s.at};

        again.at.doubt = doubt;
        TRY_IN(e, decide_app_at(a, app, mrtd, &again, ret_why, e), DOUBT);
        take_worse(&s.kms.firmware, &again.kms.firmware, &s.time);
        take_worse(&s.kms.paravisor, &again.kms.paravisor, &s.time);
    }
    *ret = s;
    return ERR_OK;
}

/* ---- attestation policies of contracts: both the configured one and theirs must accept ---- */

/* A word's policy is a demand, unless it is the default one and the contract has none. */
static enum err_code demand(struct kms_identity_standing *s, const char *of,
                            const struct addr *contract, uint16_t id, const struct hash32 *hash,
                            struct err *e)
{
    if (hash32_is_zero(hash)) {
        if (id == 0)
            return ERR_OK;
        return err_set(e, ERR_DENIED,
                       "the %s is allowed under policy %u, which the contract does not have: "
                       "`teereg gov policy set --id %u`",
                       of, id, id);
    }
    s->demands[s->n_demands++] = (struct kms_demand){of, *contract, id, *hash};
    return ERR_OK;
}

/* The same, where only the hash of another id is known so far. */
static enum err_code demand_of(const struct kms_authority *a, const struct kms_app_standing *app,
                               struct kms_identity_standing *s, const char *of,
                               const struct addr *contract, uint16_t id, uint16_t known_id,
                               const struct hash32 *known, enum kms_reason *ret_why, struct err *e)
{
    struct hash32 hash = *known;

    if (id != known_id)
        TRY(of_chain(gov_policy_hash(a->view, &app->at, contract, id, &hash, e), KMS_CHAIN_REFUSED,
                     ret_why));
    return kms_because(KMS_POLICY_UNKNOWN, ret_why, demand(s, of, contract, id, &hash, e));
}

/* Every word that this permission rests on may name one. */
static enum err_code collect_demands(const struct kms_authority *a, const struct addr *contract,
                                     const struct kms_app_standing *app,
                                     const struct gov_registry_facts *facts,
                                     struct kms_identity_standing *s, enum kms_reason *ret_why,
                                     struct err *e)
{
    const struct gov_kms_facts *kms = &app->kms;
    const struct addr *kms_contract = &a->config->kms;
    const uint16_t id = facts->identity.policy_id;

    TRY(demand_of(a, app, s, "identity", contract, id, id, &facts->policy_hash, ret_why, e));
    if (app->registry.head.operator_required)
        TRY(demand_of(a, app, s, "operator", contract, facts->operator_.policy_id, id,
                      &facts->policy_hash, ret_why, e));
    TRY(demand_of(a, app, s, "application", kms_contract, kms->app.policy_id, 0, &kms->policy_hash,
                  ret_why, e));
    if (app->registry.head.scheme == 1)
        TRY(demand_of(a, app, s, "firmware", kms_contract, kms->firmware.policy_id, 0,
                      &kms->policy_hash, ret_why, e));
    if (kms->paravisor.state == GOV_ALLOWED) /* there is one where the machine is Azure's */
        TRY(demand_of(a, app, s, "paravisor", kms_contract, kms->paravisor.policy_id, 0,
                      &kms->policy_hash, ret_why, e));
    return ERR_OK;
}

/* The one configured here is known by its hash too. */
static enum err_code find_policy(const struct kms_authority *a, const struct finalized_block *at,
                                 const struct kms_demand *d, struct attest_policy *ret,
                                 struct err *e)
{
    struct hash32 ours;

    TRY(kms_config_policy_hash(a->config, &ours, e));
    if (!hash32_eq(&ours, &d->hash))
        return kms_policies_get(a->policies, a->view, at, &d->contract, &d->hash, ret, e);
    *ret = a->config->policy;
    return ERR_OK;
}

enum err_code kms_decide_policies(const struct kms_authority *a, const struct kms_app_standing *app,
                                  const struct kms_identity_standing *permission,
                                  const struct attest_facts *facts, enum kms_reason *ret_why,
                                  struct err *e)
{
    for (size_t i = 0; i < permission->n_demands; i++) {
        const struct kms_demand *d = &permission->demands[i];
        enum attest_fault fault = FAULT_NONE;
        struct attest_policy policy;
        enum err_code rc = find_policy(a, &app->at, d, &policy, e);

        if (rc == ERR_OK)
            rc =
                kms_because(KMS_POLICY_REFUSED, ret_why,
                            attest_policy_judge(&policy, facts, (int64_t)app->time.now, &fault, e));
        else
            rc = of_chain(rc, KMS_POLICY_UNKNOWN, ret_why);
        TRY_IN(e, rc, "policy %u of the %s", d->id, d->of);
    }
    return ERR_OK;
}

static int64_t earliest(uint64_t a, uint64_t b)
{
    uint64_t first = a && (!b || a < b) ? a : b;

    return first > INT64_MAX ? 0 : (int64_t)first;
}

static enum err_code decide_identity_at(const struct kms_authority *a,
                                        const struct addr *app_contract,
                                        const struct kms_app_standing *app,
                                        const struct hash32 *identity, const struct addr *operator_,
                                        struct kms_identity_standing *ret, enum kms_reason *ret_why,
                                        struct err *e)
{
    const bool needed = app->registry.head.operator_required;
    const struct gov_registry_query query = {.identity = identity,
                                             .operator_ = needed ? operator_ : NULL};
    struct kms_identity_standing s = {0};
    struct gov_registry_facts facts;

    TRY(of_chain(gov_registry_read(a->view, &app->at, app_contract, &query, &facts, e),
                 KMS_CHAIN_REFUSED, ret_why));
    TRY(kms_because(KMS_IDENTITY_NOT_ALLOWED, ret_why,
                    gov_policy_check(&facts.identity, &app->time, "identity", e)));
    if (needed) {
        if (!operator_)
            return kms_because(KMS_OPERATOR_MISSING, ret_why,
                               err_set(e, ERR_DENIED,
                                       "the application wants an operator's authorisation, and "
                                       "the request has none"));
        TRY(kms_because(KMS_OPERATOR_NOT_ALLOWED, ret_why,
                        gov_policy_check(&facts.operator_, &app->time, "operator", e)));
    }
    TRY(collect_demands(a, app_contract, app, &facts, &s, ret_why, e));
    s.identity = facts.identity;
    s.operator_ = facts.operator_;
    s.not_after = earliest(facts.identity.not_after, needed ? facts.operator_.not_after : 0);
    *ret = s;
    return ERR_OK;
}

enum err_code kms_decide_identity(const struct kms_authority *a, const struct addr *app_contract,
                                  const struct kms_app_standing *app, const struct hash32 *identity,
                                  const struct addr *operator_, struct kms_identity_standing *ret,
                                  enum kms_reason *ret_why, struct err *e)
{
    struct kms_identity_standing s = {0};

    TRY(decide_identity_at(a, app_contract, app, identity, operator_, &s, ret_why, e));
    for (unsigned doubt = chain_view_doubts(a->view); doubt > 0; doubt--) {
        struct kms_identity_standing ignored = {0};
        struct kms_app_standing again = *app;

        again.at.doubt = doubt;
        TRY_IN(
            e,
            decide_identity_at(a, app_contract, &again, identity, operator_, &ignored, ret_why, e),
            DOUBT);
    }
    *ret = s;
    return ERR_OK;
}
