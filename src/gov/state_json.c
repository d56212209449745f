/* state - what a contract says, as JSON; see state.h. */
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "gov/history.h"
#include "gov/state.h"

static enum err_code put_time(json *node, const char *member, uint64_t seconds, struct err *e)
{
    char when[21];

    if (seconds == 0)
        return ERR_OK;
    clock_format(seconds > INT64_MAX ? INT64_MAX : (int64_t)seconds, when);
    return json_put_str(node, member, when, e);
}

static bool is_address(enum gov_kind kind)
{
    return kind == GOV_KIND_OPERATOR || kind == GOV_KIND_APPLICATION || kind == GOV_KIND_VERIFIER;
}

/* The name that its section gives a subject: {"address"}, {"identity"}, {"mrtd_keccak256"}. */
static enum err_code put_subject(const struct gov_subject *x, json *node, struct err *e)
{
    if (is_address(x->kind))
        return json_put_hex0x(node, "address", (struct bytes){x->subject.b + 12, 20}, e);
    return json_put_hex(node, x->kind == GOV_KIND_IDENTITY ? "identity" : "mrtd_keccak256",
                        BYTES_OF(x->subject), e);
}

/* The template that is in force when all that waits has come. */
static const struct hash32 *latest(const struct gov_timed *t)
{
    return t->next_from ? &t->next : &t->current;
}

static enum err_code new_subject(const gov_contract *s, const struct gov_subject *x,
                                 const struct gov_time *t, json **ret, struct err *e)
{
    const enum gov_refusal refusal = gov_policy_active(&x->policy, t);
    const struct hash32 now = gov_timed_at(&x->config, t->block);
    AUTO(json) node = NULL;

    TRY(json_new_object(&node, e));
    TRY(put_subject(x, node, e));
    TRY(json_put_str(node, "state", refusal == GOV_ACTIVE ? "active" : gov_refusal_name(refusal),
                     e));
    TRY(put_time(node, "active_from", x->policy.active_from, e));
    TRY(put_time(node, "not_after", x->policy.not_after, e));
    TRY(json_put_u64(node, "policy", x->policy.policy_id, e));
    TRY(json_put_u64(node, "version", x->policy.version, e));
    if (x->kind == GOV_KIND_IDENTITY && !s->kms && !hash32_is_zero(&now))
        TRY(json_put_hex(node, "template", BYTES_OF(now), e));
    if (x->config.next_from > t->block) {
        TRY(json_put_hex(node, "next_template", BYTES_OF(x->config.next), e));
        TRY(put_time(node, "next_template_from", x->config.next_from, e));
    }
    *ret = TAKE(node);
    return ERR_OK;
}

static const struct {
    enum gov_kind kind;
    const char *section;
    bool kms; /* in a KMS contract alone */
} sections[] = {
    {GOV_KIND_IDENTITY, "identities", false},     {GOV_KIND_OPERATOR, "operators", false},
    {GOV_KIND_APPLICATION, "applications", true}, {GOV_KIND_FIRMWARE, "firmware", true},
    {GOV_KIND_PARAVISOR, "paravisors", true},     {GOV_KIND_VERIFIER, "verifiers", false},
};
#define SECTIONS (sizeof sections / sizeof sections[0])

static enum err_code put_subjects(const gov_contract *s, const struct gov_time *t, json *ret,
                                  struct err *e)
{
    for (size_t k = 0; k < SECTIONS; k++) {
        AUTO(json) list = NULL;

        if (sections[k].kms && !s->kms)
            continue;
        TRY(json_new_array(&list, e));
        for (size_t i = 0; i < s->n_subjects; i++) {
            json *node = NULL;

            if (s->subjects[i].kind != sections[k].kind)
                continue;
            TRY(new_subject(s, &s->subjects[i], t, &node, e));
            TRY(json_append(list, node, e));
        }
        TRY(json_put(ret, sections[k].section, TAKE(list), e));
    }
    return ERR_OK;
}

static enum err_code put_roles(const gov_contract *s, json *ret, struct err *e)
{
    AUTO(json) roles = NULL;

    TRY(json_new_object(&roles, e));
    for (enum gov_role role = 0; role < GOV_ROLES; role++) {
        AUTO(json) list = NULL;

        if (role == GOV_ROLE_OPERATOR)
            continue;
        TRY(json_new_array(&list, e));
        for (size_t i = 0; i < s->n_members; i++) {
            char who[HEX_LEN(20) + 3] = "0x";

            if (s->members[i].role != role)
                continue;
            hex_encode(BYTES_OF(s->members[i].who), who + 2);
            TRY(json_append_str(list, who, e));
        }
        TRY(json_put(roles, gov_role_name(role), TAKE(list), e));
    }
    return json_put(ret, "roles", TAKE(roles), e);
}

static enum err_code put_names(const struct gov_backends *names, const char *member, json *ret,
                               struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < names->n; i++)
        TRY(json_append_str(list, names->uri[i], e));
    return json_put(ret, member, TAKE(list), e);
}

/* {"name", "state", "until", "operator"} each; a name whose heartbeat is missing is "silent". */
static enum err_code put_domains(const gov_contract *s, const struct gov_time *t, json *ret,
                                 struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < s->domains.n; i++) {
        const struct gov_registrar *r = &s->registrars[i];
        AUTO(json) node = NULL;

        TRY(json_new_object(&node, e));
        TRY(json_put_str(node, "name", s->domains.uri[i], e));
        TRY(json_put_str(node, "state", t->now <= r->until ? "alive" : "silent", e));
        TRY(put_time(node, "until", r->until, e));
        TRY(json_put_hex0x(node, "operator", BYTES_OF(r->who), e));
        TRY(json_append(list, TAKE(node), e));
    }
    return json_put(ret, "domains", TAKE(list), e);
}

static enum err_code put_policies(const gov_contract *s, bool all, const struct gov_time *t,
                                  json *ret, struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < s->n_policies; i++) {
        const struct gov_timed *h = &s->policies[i].hash;
        const struct hash32 now = all ? gov_timed_at(h, t->block) : *latest(h);
        const bool waits = all && h->next_from > t->block;
        AUTO(json) node = NULL;

        if (hash32_is_zero(&now) && !waits)
            continue;
        TRY(json_new_object(&node, e));
        TRY(json_put_u64(node, "id", s->policies[i].id, e));
        TRY(json_put_hex(node, "hash", BYTES_OF(now), e));
        if (waits) {
            TRY(json_put_hex(node, "next_hash", BYTES_OF(h->next), e));
            TRY(put_time(node, "next_hash_from", h->next_from, e));
        }
        TRY(json_append(list, TAKE(node), e));
    }
    return json_put(ret, "policies", TAKE(list), e);
}

static enum err_code put_settings(const char *member, bool paused, bool required, bool rtmr3,
                                  bool principal, uint32_t mask, uint32_t delay, uint64_t from,
                                  json *ret, struct err *e)
{
    AUTO(json) node = NULL;

    TRY(json_new_object(&node, e));
    TRY(put_time(node, "from", from, e));
    TRY(json_put_bool(node, "paused", paused, e));
    TRY(json_put_bool(node, "operator_required", required, e));
    TRY(json_put_u64(node, "delay", delay, e));
    TRY(json_put_bool(node, "rtmr3", rtmr3, e));
    TRY(json_put_bool(node, "principal", principal, e));
    TRY(json_put_u64(node, "pcr_mask", mask, e));
    return json_put(ret, member, TAKE(node), e);
}

static enum err_code put_requests(const gov_contract *s, const struct gov_time *t, json *ret,
                                  struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < s->n_requests; i++) {
        const struct gov_request *r = &s->requests[i];
        AUTO(json) node = NULL;

        TRY(json_new_object(&node, e));
        TRY(json_put_hex(node, "request", BYTES_OF(r->id), e));
        TRY(json_put_str(node, "state",
                         r->closed            ? "closed"
                         : t->now > r->expiry ? "expired"
                                              : "open",
                         e));
        TRY(put_time(node, "expiry", r->expiry, e));
        TRY(json_append(list, TAKE(node), e));
    }
    return json_put(ret, "onboarding", TAKE(list), e);
}

enum err_code gov_contract_put(const gov_contract *s, const struct gov_time *t, json *ret,
                               struct err *e)
{
    const struct gov_pending *p = &s->pending;

    TRY(json_put_hex0x(ret, "owner", BYTES_OF(s->owner), e));
    if (!addr_is_zero(&s->pending_owner))
        TRY(json_put_hex0x(ret, "pending_owner", BYTES_OF(s->pending_owner), e));
    if (p->from)
        TRY(put_settings("pending_settings", p->paused, p->operator_required, p->rtmr3,
                         p->principal, p->pcr_mask, p->delay, p->from, ret, e));
    if (s->pending_pki_from) {
        TRY(json_put_hex(ret, "pending_pki_hash", BYTES_OF(s->pending_pki), e));
        TRY(put_time(ret, "pending_pki_from", s->pending_pki_from, e));
    }
    TRY(put_time(ret, "successor_from", s->line.successor_from, e));
    TRY(put_roles(s, ret, e));
    TRY(put_subjects(s, t, ret, e));
    TRY(put_policies(s, true, t, ret, e));
    TRY(put_domains(s, t, ret, e));
    if (s->kms)
        TRY(put_requests(s, t, ret, e));
    TRY(json_put_u64(ret, "artifacts", s->n_artifacts, e));
    return json_put_u64(ret, "events", s->events, e);
}

/* ---- as a desired state ---- */

static enum err_code put_wanted_subjects(const gov_contract *s, json *ret, struct err *e)
{
    for (size_t k = 0; k < SECTIONS; k++) {
        AUTO(json) list = NULL;

        if (sections[k].kms && !s->kms)
            continue;
        TRY(json_new_array(&list, e));
        for (size_t i = 0; i < s->n_subjects; i++) {
            const struct gov_subject *x = &s->subjects[i];
            AUTO(json) node = NULL;

            if (x->kind != sections[k].kind || x->policy.state != GOV_ALLOWED)
                continue;
            TRY(json_new_object(&node, e));
            TRY(put_subject(x, node, e));
            if (x->policy.policy_id)
                TRY(json_put_u64(node, "policy", x->policy.policy_id, e));
            TRY(put_time(node, "not_after", x->policy.not_after, e));
            if (x->kind == GOV_KIND_IDENTITY && !s->kms && !hash32_is_zero(latest(&x->config)))
                TRY(json_put_hex(node, "template", BYTES_OF(*latest(&x->config)), e));
            TRY(json_append(list, TAKE(node), e));
        }
        TRY(json_put(ret, sections[k].section, TAKE(list), e));
    }
    return ERR_OK;
}

/* Bits that have no name here are another program's: such a contract's are left alone. */
static enum err_code put_wanted_demands(const gov_contract *s, json *ret, struct err *e)
{
    uint64_t demands;
    struct err ignored;

    if (gov_word_to_u64(latest(&s->demands), &demands, &ignored) != ERR_OK ||
        !gov_demands_name(demands))
        return ERR_OK;
    return json_put_str(ret, "demands", gov_demands_name(demands), e);
}

enum err_code gov_contract_wanted(const gov_contract *s, uint64_t chain_id, json **ret,
                                  struct err *e)
{
    const struct gov_pending *p = &s->pending;
    const struct gov_head *h = &s->head;
    AUTO(json) root = NULL;

    TRY(json_new_object(&root, e));
    TRY(json_put_u64(root, "teereg_state", 1, e));
    TRY(json_put_u64(root, "chain_id", chain_id, e));
    TRY(json_put_hex0x(root, "contract", BYTES_OF(s->contract), e));
    TRY(json_put_str(root, "kind", s->kms ? "kms" : "app", e));
    TRY(json_put_hex0x(root, "owner",
                       BYTES_OF(addr_is_zero(&s->pending_owner) ? s->owner : s->pending_owner), e));
    TRY(p->from ? put_settings("settings", p->paused, p->operator_required, p->rtmr3, p->principal,
                               p->pcr_mask, p->delay, 0, root, e)
                : put_settings("settings", h->paused, h->operator_required, h->rtmr3, h->principal,
                               h->pcr_mask, h->delay, 0, root, e));
    TRY(put_wanted_demands(s, root, e));
    TRY(put_roles(s, root, e));
    TRY(put_wanted_subjects(s, root, e));
    TRY(put_policies(s, false, NULL, root, e));
    if (!s->kms)
        TRY(put_names(&s->backends, "backends", root, e));
    TRY(put_names(&s->domains, "domains", root, e));
    *ret = TAKE(root);
    return ERR_OK;
}
