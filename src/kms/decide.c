#include "kms/decide.h"
#include "kms/demands.h"

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

enum err_code kms_because(enum kms_reason why, enum kms_reason *ret_why, enum err_code rc)
{
    if (rc != ERR_OK)
        *ret_why = why;
    return rc;
}

enum err_code kms_because_chain(enum err_code rc, enum kms_reason refused, enum kms_reason *ret_why)
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

/* Nobody who turns this clock back makes it earlier than in the newest blocks. */
static int64_t now_at_least(const struct clock *clock, uint64_t newest)
{
    const int64_t here = clock_unix(clock);

    return newest > INT64_MAX || here > (int64_t)newest ? here : (int64_t)newest;
}

/* The part of every decision that is about this node itself; query also says what else to read. */
static enum err_code decide_node(const struct kms_authority *a, const struct gov_kms_query *query,
                                 struct kms_app_standing *s, enum kms_reason *ret_why,
                                 struct err *e)
{
    const struct kms_config *c = a->config;

    s->time = gov_time_of(s->at.timestamp, now_at_least(a->clock, s->at.newest));
    TRY(kms_because_chain(gov_kms_read(a->view, &s->at, &c->kms, query, &s->kms, e),
                          KMS_CHAIN_REFUSED, ret_why));
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
    return kms_because_chain(chain_view_finalized(a->view, ret, e), KMS_CHAIN_REFUSED, ret_why);
}

enum err_code kms_decide_self(const struct kms_authority *a, struct finalized_block *ret_at,
                              enum kms_reason *ret_why, struct err *e)
{
    const struct gov_kms_query query = {.principal = &a->self};
    struct kms_app_standing s = {0};

    TRY(newest_block(a, &s.at, ret_why, e));
    *ret_at = s.at;
    TRY(decide_node(a, &query, &s, ret_why, e));
    for (unsigned doubt = chain_view_doubts(a->view, &s.at); doubt > 0; doubt--) {
        struct kms_app_standing again = {.at = chain_view_doubt(&s.at, doubt)};

        TRY_IN(e, decide_node(a, &query, &again, ret_why, e), CHAIN_DOUBT);
    }
    return ERR_OK;
}

/* The policies that the KMS contract's words about this application name. */
static enum err_code app_demands(const struct kms_authority *a, const struct kms_app_standing *s,
                                 struct kms_demands *d, struct err *e)
{
    const struct gov_kms_facts *kms = &s->kms;
    struct demand_word word = {.of = "application",
                               .contract = &a->config->kms,
                               .id = kms->app.policy_id,
                               .known = &kms->policy_hash};

    TRY(demands_add(a, &s->at, &word, d, e));
    if (s->registry.head.scheme == 1) {
        word.of = "firmware";
        word.id = kms->firmware.policy_id;
        TRY(demands_add(a, &s->at, &word, d, e));
    }
    if (kms->paravisor.state == GOV_ALLOWED) { /* there is one where the machine is Azure's */
        word.of = "paravisor";
        word.id = kms->paravisor.policy_id;
        TRY(demands_add(a, &s->at, &word, d, e));
    }
    return ERR_OK;
}

/* The same at the block, or in the doubt, that s has already. */
static enum err_code decide_app_at(const struct kms_authority *a, const struct addr *app,
                                   const uint8_t *mrtd, struct kms_app_standing *s,
                                   struct kms_demands *demands, enum kms_reason *ret_why,
                                   struct err *e)
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

    TRY(kms_because_chain(gov_registry_read(a->view, &s->at, app, &nobody, &s->registry, e),
                          KMS_APP_CODE, ret_why));
    TRY(kms_because(KMS_APP_CODE, ret_why, gov_kms_app_code(&s->kms, &s->registry.code_hash, e)));
    TRY(kms_because(KMS_APP_NOT_LIVE, ret_why,
                    gov_contract_live(&s->registry.head, &s->registry.line, &s->time, c->min_delay,
                                      "application", e)));
    TRY(kms_because_chain(gov_lineage(a->view, &s->at, app, &s->app_id, e), KMS_LINEAGE, ret_why));
    s->epoch = s->registry.head.epoch;
    return kms_because_chain(app_demands(a, s, demands, e), KMS_CHAIN_REFUSED, ret_why);
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
    TRY(decide_app_at(a, app, mrtd, &s, &s.demands, ret_why, e));
    for (unsigned doubt = chain_view_doubts(a->view, &s.at); doubt > 0; doubt--) {
        struct kms_app_standing again = {.at = chain_view_doubt(&s.at, doubt)};

        TRY_IN(e, decide_app_at(a, app, mrtd, &again, &s.demands, ret_why, e), CHAIN_DOUBT);
        take_worse(&s.kms.firmware, &again.kms.firmware, &again.time);
        take_worse(&s.kms.paravisor, &again.kms.paravisor, &again.time);
    }
    *ret = s;
    return ERR_OK;
}

/* ---- who asks ---- */

static enum err_code name_v1(const struct kms_app_standing *app, const struct addr *app_contract,
                             const struct measurements *m, struct hash32 *ret, struct err *e)
{
    TRY(gov_policy_check(&app->kms.firmware, &app->time, "firmware (MRTD)", e));
    identity_v1(m, app_contract, ret);
    return ERR_OK;
}

enum err_code kms_decide_name(const struct kms_authority *a, const struct addr *app_contract,
                              const struct kms_app_standing *app, const struct gov_head *head,
                              const struct measurements *m, const struct hash32 *config_hash,
                              struct hash32 *ret, enum kms_reason *ret_why, struct err *e)
{
    const struct identity_rules rules = {
        .chain_id = a->config->chain_id,
        .contract = *app_contract,
        .rtmr3 = head->rtmr3,
        .pcr_mask = head->pcr_mask,
    };
    struct hash32 name;

    if (head->scheme == 2)
        TRY(kms_because(KMS_IDENTITY_UNKNOWN_KIND, ret_why, identity_v2(m, &rules, &name, e)));
    else
        TRY(kms_because(KMS_FIRMWARE_NOT_ALLOWED, ret_why,
                        name_v1(app, app_contract, m, &name, e)));
    if (head->principal)
        identity_principal(&name, config_hash, &name);
    *ret = name;
    return ERR_OK;
}

static bool same_names(const struct gov_head *a, const struct gov_head *b)
{
    return a->scheme == b->scheme && a->rtmr3 == b->rtmr3 && a->principal == b->principal &&
           a->pcr_mask == b->pcr_mask;
}

/* The contract's words about who asks; in a doubt under the name that its settings there give. */
static enum err_code read_subject(const struct kms_authority *a, const struct addr *app_contract,
                                  const struct kms_app_standing *app,
                                  const struct finalized_block *at, const struct kms_subject *who,
                                  struct gov_registry_facts *ret, enum kms_reason *ret_why,
                                  struct err *e)
{
    struct gov_registry_query query = {.identity = &who->name, .operator_ = who->operator_};
    struct hash32 name;

    TRY(kms_because_chain(gov_registry_read(a->view, at, app_contract, &query, ret, e),
                          KMS_CHAIN_REFUSED, ret_why));
    if (same_names(&ret->head, &app->registry.head))
        return ERR_OK;
    if (!who->measured)
        return kms_because(KMS_IDENTITY_NOT_ALLOWED, ret_why,
                           err_set(e, ERR_DENIED,
                                   "identity: the contract makes identities in another way, and "
                                   "of what it was made is not known"));
    TRY(kms_decide_name(a, app_contract, app, &ret->head, who->measured, &who->config_hash, &name,
                        ret_why, e));
    query.identity = &name;
    return kms_because_chain(gov_registry_read(a->view, at, app_contract, &query, ret, e),
                             KMS_CHAIN_REFUSED, ret_why);
}

static int64_t earliest(uint64_t a, uint64_t b)
{
    uint64_t first = a && (!b || a < b) ? a : b;

    return first > INT64_MAX ? 0 : (int64_t)first;
}

/* Adds its demands to those of ret, and its end where that is earlier. */
static enum err_code decide_identity_at(const struct kms_authority *a,
                                        const struct addr *app_contract,
                                        const struct kms_app_standing *app,
                                        const struct finalized_block *at,
                                        const struct kms_subject *who,
                                        struct kms_identity_standing *ret, enum kms_reason *ret_why,
                                        struct err *e)
{
    const struct gov_time time = gov_time_of(at->timestamp, (int64_t)app->time.now);
    struct gov_registry_facts facts;
    struct demand_word word = {.of = "identity", .contract = app_contract};
    bool needed;

    TRY(read_subject(a, app_contract, app, at, who, &facts, ret_why, e));
    needed = facts.head.operator_required;
    TRY(kms_because(KMS_IDENTITY_NOT_ALLOWED, ret_why,
                    gov_policy_check(&facts.identity, &time, "identity", e)));
    if (needed && !who->operator_)
        return kms_because(KMS_OPERATOR_MISSING, ret_why,
                           err_set(e, ERR_DENIED,
                                   "the application wants an operator's authorisation, and "
                                   "the request has none"));
    if (needed)
        TRY(kms_because(KMS_OPERATOR_NOT_ALLOWED, ret_why,
                        gov_policy_check(&facts.operator_, &time, "operator", e)));
    word.id = word.known_id = facts.identity.policy_id;
    word.known = &facts.policy_hash;
    TRY(kms_because_chain(demands_add(a, at, &word, &ret->demands, e), KMS_CHAIN_REFUSED, ret_why));
    if (needed) {
        word.of = "operator";
        word.id = facts.operator_.policy_id;
        TRY(kms_because_chain(demands_add(a, at, &word, &ret->demands, e), KMS_CHAIN_REFUSED,
                              ret_why));
    }
    ret->not_after = earliest((uint64_t)ret->not_after, facts.identity.not_after);
    if (needed)
        ret->not_after = earliest((uint64_t)ret->not_after, facts.operator_.not_after);
    if (at->doubt)
        return ERR_OK;
    ret->identity = facts.identity;
    if (needed)
        ret->operator_ = facts.operator_;
    return ERR_OK;
}

enum err_code kms_decide_identity(const struct kms_authority *a, const struct addr *app_contract,
                                  const struct kms_app_standing *app, const struct kms_subject *who,
                                  struct kms_identity_standing *ret, enum kms_reason *ret_why,
                                  struct err *e)
{
    struct kms_identity_standing s = {0};

    TRY(decide_identity_at(a, app_contract, app, &app->at, who, &s, ret_why, e));
    TRY(kms_because(KMS_POLICY_UNKNOWN, ret_why, demands_add_all(&app->demands, &s.demands, e)));
    for (unsigned doubt = chain_view_doubts(a->view, &app->at); doubt > 0; doubt--) {
        const struct finalized_block at = chain_view_doubt(&app->at, doubt);

        TRY_IN(e, decide_identity_at(a, app_contract, app, &at, who, &s, ret_why, e), CHAIN_DOUBT);
    }
    TRY(kms_because(KMS_POLICY_UNKNOWN, ret_why, demands_check(&s.demands, e)));
    *ret = s;
    return ERR_OK;
}
