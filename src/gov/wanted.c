/* wanted - reading a desired-state file; see wanted.h. */
#include "gov/wanted.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"

void gov_wanted_free(gov_wanted *w)
{
    if (!w)
        return;
    gov_backends_done(&w->backends);
    gov_backends_done(&w->domains);
    free(w);
}

static enum err_code get_address(const json *obj, const char *member, struct addr *ret,
                                 struct err *e)
{
    const char *text;

    TRY(json_get_str(obj, member, 64, &text, e));
    TRY_IN(e, addr_parse(bytes_of_str(text), ret, e), "%s", member);
    return ERR_OK;
}

static enum err_code get_list(const json *root, const char *member, const json **ret, bool *ret_has,
                              struct err *e)
{
    *ret_has = json_has(root, member);
    return *ret_has ? json_get_array(root, member, ret, e) : ERR_OK;
}

/* ---- settings ---- */

static enum err_code get_flag(const json *obj, const char *member, unsigned bit, gov_wanted *w,
                              bool *ret, struct err *e)
{
    if (!json_has(obj, member))
        return ERR_OK;
    w->settings |= bit;
    return json_get_bool(obj, member, ret, e);
}

static enum err_code get_settings(const json *root, gov_wanted *w, struct err *e)
{
    static const char *const members[] = {"paused",    "operator_required", "delay", "rtmr3",
                                          "principal", "pcr_mask",          NULL};
    const json *s;
    uint64_t v;

    if (!json_has(root, "settings"))
        return ERR_OK;
    TRY(json_get_object(root, "settings", &s, e));
    TRY(json_only(s, members, e));
    TRY(get_flag(s, "paused", GOV_SET_PAUSED, w, &w->to.paused, e));
    TRY(get_flag(s, "operator_required", GOV_SET_OPERATOR_REQUIRED, w, &w->to.operator_required,
                 e));
    if (json_has(s, "delay")) {
        TRY(json_get_u64(s, "delay", UINT32_MAX, &v, e));
        w->to.delay = (uint32_t)v;
        w->settings |= GOV_SET_DELAY;
    }
    if (!json_has(s, "rtmr3") && !json_has(s, "principal") && !json_has(s, "pcr_mask"))
        return ERR_OK;
    w->settings |= GOV_SET_RULES;
    TRY(json_get_bool(s, "rtmr3", &w->to.rtmr3, e));
    TRY(json_get_bool(s, "principal", &w->to.principal, e));
    TRY(json_get_u64(s, "pcr_mask", 0xffffff, &v, e));
    w->to.pcr_mask = (uint32_t)v;
    return ERR_OK;
}

static enum err_code get_demands(const json *root, gov_wanted *w, struct err *e)
{
    const char *name;

    w->has_demands = json_has(root, "demands");
    if (!w->has_demands)
        return ERR_OK;
    TRY(json_get_str(root, "demands", 16, &name, e));
    return gov_demands_named(name, &w->demands, e);
}

/* ---- roles ---- */

static enum err_code get_members(const json *roles, enum gov_role role, gov_wanted *w,
                                 struct err *e)
{
    const json *list;
    bool has;

    TRY(get_list(roles, gov_role_name(role), &list, &has, e));
    if (!has)
        return ERR_OK;
    w->roles |= 1U << role;
    for (size_t i = 0; i < json_len(list); i++) {
        struct gov_member *m = &w->members[w->n_members];
        const char *text = json_str(json_at(list, i));

        if (w->n_members == GOV_STATE_MEMBERS)
            return err_set(e, ERR_TOO_LARGE, "more than %d holders of roles", GOV_STATE_MEMBERS);
        if (!text)
            return err_set(e, ERR_INVALID, "expected addresses");
        TRY(addr_parse(bytes_of_str(text), &m->who, e));
        m->role = role;
        w->n_members++;
    }
    return ERR_OK;
}

static enum err_code get_roles(const json *root, gov_wanted *w, struct err *e)
{
    static const char *const members[] = {"curator", "guardian", "metadata", "instance", NULL};
    const json *roles;

    if (!json_has(root, "roles"))
        return ERR_OK;
    TRY(json_get_object(root, "roles", &roles, e));
    TRY(json_only(roles, members, e));
    for (enum gov_role role = 0; role < GOV_ROLES; role++)
        if (role != GOV_ROLE_OPERATOR)
            TRY_IN(e, get_members(roles, role, w, e), "%s", gov_role_name(role));
    return ERR_OK;
}

/* ---- subjects ---- */

static const struct section {
    enum gov_kind kind;
    const char *name, *key;
} sections[] = {
    {GOV_KIND_IDENTITY, "identities", "identity"},
    {GOV_KIND_OPERATOR, "operators", "address"},
    {GOV_KIND_APPLICATION, "applications", "address"},
    {GOV_KIND_FIRMWARE, "firmware", "mrtd_keccak256"},
    {GOV_KIND_PARAVISOR, "paravisors", "mrtd_keccak256"},
    {GOV_KIND_VERIFIER, "verifiers", "address"},
};
#define SECTIONS (sizeof sections / sizeof sections[0])

static enum err_code get_key(const json *obj, const struct section *s, struct hash32 *ret,
                             struct err *e)
{
    struct addr who;

    if (strcmp(s->key, "address") != 0)
        return json_get_hex(obj, s->key, ret->b, sizeof ret->b, e);
    TRY(get_address(obj, s->key, &who, e));
    *ret = gov_word_addr(&who);
    return ERR_OK;
}

static enum err_code get_not_after(const json *obj, uint64_t *ret, struct err *e)
{
    const char *text;
    int64_t v;

    if (!json_has(obj, "not_after"))
        return ERR_OK;
    TRY(json_get_str(obj, "not_after", 32, &text, e));
    if (!clock_parse(text, &v) || v <= 0)
        return err_set(e, ERR_INVALID, "not_after: expected a time like 2026-11-23T20:40:01Z");
    *ret = (uint64_t)v;
    return ERR_OK;
}

static enum err_code get_subject(const json *obj, const struct section *s,
                                 struct gov_wanted_subject *ret, struct err *e)
{
    const char *members[] = {s->key, "policy", "not_after",
                             s->kind == GOV_KIND_IDENTITY ? "template" : NULL, NULL};
    uint64_t policy = 0;

    if (!json_is_object(obj))
        return err_set(e, ERR_INVALID, "expected an object");
    TRY(json_only(obj, members, e));
    ret->kind = s->kind;
    TRY(get_key(obj, s, &ret->subject, e));
    if (hash32_is_zero(&ret->subject))
        return err_set(e, ERR_INVALID, "%s: found zero", s->key);
    if (json_has(obj, "policy"))
        TRY(json_get_u64(obj, "policy", UINT16_MAX, &policy, e));
    ret->policy_id = (uint16_t)policy;
    TRY(get_not_after(obj, &ret->not_after, e));
    ret->has_template = json_has(obj, "template");
    if (ret->has_template)
        TRY(json_get_hex(obj, "template", ret->template_.b, sizeof ret->template_.b, e));
    return ERR_OK;
}

static enum err_code get_section(const json *root, const struct section *s, gov_wanted *w,
                                 struct err *e)
{
    const json *list;
    bool has;

    TRY(get_list(root, s->name, &list, &has, e));
    if (!has)
        return ERR_OK;
    if (!w->kms && s->kind > GOV_KIND_OPERATOR && s->kind != GOV_KIND_VERIFIER)
        return err_set(e, ERR_INVALID, "an application's contract has none");
    w->kinds |= 1U << s->kind;
    for (size_t i = 0; i < json_len(list); i++) {
        struct gov_wanted_subject *x = &w->subjects[w->n_subjects];

        if (w->n_subjects == GOV_STATE_SUBJECTS)
            return err_set(e, ERR_TOO_LARGE, "more than %d entries", GOV_STATE_SUBJECTS);
        TRY_IN(e, get_subject(json_at(list, i), s, x, e), "entry %zu", i);
        if (x->has_template && w->kms)
            return err_set(e, ERR_INVALID, "entry %zu: a KMS contract has no templates", i);
        for (size_t k = 0; k < w->n_subjects; k++)
            if (w->subjects[k].kind == x->kind && hash32_eq(&w->subjects[k].subject, &x->subject))
                return err_set(e, ERR_INVALID, "entry %zu: it stands there twice", i);
        w->n_subjects++;
    }
    return ERR_OK;
}

/* ---- the rest ---- */

static enum err_code get_policies(const json *root, gov_wanted *w, struct err *e)
{
    static const char *const members[] = {"id", "hash", NULL};
    const json *list;

    TRY(get_list(root, "policies", &list, &w->has_policies, e));
    if (!w->has_policies)
        return ERR_OK;
    if (json_len(list) > GOV_STATE_POLICIES)
        return err_set(e, ERR_TOO_LARGE, "more than %d", GOV_STATE_POLICIES);
    for (size_t i = 0; i < json_len(list); i++) {
        const json *obj = json_at(list, i);
        uint64_t id;

        if (!json_is_object(obj))
            return err_set(e, ERR_INVALID, "expected objects");
        TRY(json_only(obj, members, e));
        TRY(json_get_u64(obj, "id", UINT16_MAX, &id, e));
        TRY(json_get_hex(obj, "hash", w->policies[i].hash.b, 32, e));
        w->policies[i].id = (uint16_t)id;
        for (size_t k = 0; k < i; k++)
            if (w->policies[k].id == id)
                return err_set(e, ERR_INVALID, "id %u stands there twice", (unsigned)id);
        w->n_policies++;
    }
    return ERR_OK;
}

static enum err_code get_names(const json *root, const char *member, bool *ret_has,
                               struct gov_backends *ret, struct err *e)
{
    const json *list;

    TRY(get_list(root, member, &list, ret_has, e));
    if (!*ret_has)
        return ERR_OK;
    if (json_len(list) > GOV_BACKENDS_MAX)
        return err_set(e, ERR_TOO_LARGE, "%s: more than %d", member, GOV_BACKENDS_MAX);
    for (size_t i = 0; i < json_len(list); i++) {
        const char *text = json_str(json_at(list, i));

        if (!text || !*text || strlen(text) > 512)
            return err_set(e, ERR_INVALID, "%s: expected texts of 1 to 512 bytes", member);
        for (size_t k = 0; k < ret->n; k++)
            if (strcmp(ret->uri[k], text) == 0)
                return err_set(e, ERR_INVALID, "%s: entry %zu stands there twice", member, i);
        ret->uri[i] = strdup(text);
        if (!ret->uri[i])
            return err_set(e, ERR_NOMEM, "%s", member);
        ret->n++;
    }
    return ERR_OK;
}

static enum err_code get_head(const json *root, gov_wanted *w, struct err *e)
{
    static const char *const members[] = {
        "teereg_state", "chain_id",  "contract",   "kind",         "owner",    "settings",
        "roles",        "operators", "identities", "applications", "firmware", "paravisors",
        "verifiers",    "policies",  "backends",   "domains",      "demands",  NULL};
    const char *kind;
    uint64_t version;

    if (!json_is_object(root))
        return err_set(e, ERR_INVALID, "expected an object");
    TRY(json_only(root, members, e));
    TRY(json_get_u64(root, "teereg_state", UINT32_MAX, &version, e));
    if (version != 1)
        return err_set(e, ERR_INVALID, "teereg_state: found %llu, expected 1",
                       (unsigned long long)version);
    TRY(json_get_u64(root, "chain_id", INT64_MAX, &w->chain_id, e));
    TRY(get_address(root, "contract", &w->contract, e));
    TRY(json_get_str(root, "kind", 8, &kind, e));
    w->kms = strcmp(kind, "kms") == 0;
    if (!w->kms && strcmp(kind, "app") != 0)
        return err_set(e, ERR_INVALID, "kind: found \"%s\", expected \"kms\" or \"app\"", kind);
    w->has_owner = json_has(root, "owner");
    return w->has_owner ? get_address(root, "owner", &w->owner, e) : ERR_OK;
}

static enum err_code read_all(const json *root, gov_wanted *w, struct err *e)
{
    TRY(get_head(root, w, e));
    TRY_IN(e, get_settings(root, w, e), "settings");
    TRY_IN(e, get_demands(root, w, e), "demands");
    TRY_IN(e, get_roles(root, w, e), "roles");
    for (size_t i = 0; i < SECTIONS; i++)
        TRY_IN(e, get_section(root, &sections[i], w, e), "%s", sections[i].name);
    TRY_IN(e, get_policies(root, w, e), "policies");
    if (w->kms && json_has(root, "backends"))
        return err_set(e, ERR_INVALID, "backends: a KMS contract has none");
    TRY(get_names(root, "backends", &w->has_backends, &w->backends, e));
    return get_names(root, "domains", &w->has_domains, &w->domains, e);
}

enum err_code gov_wanted_parse(struct bytes text, gov_wanted **ret, struct err *e)
{
    AUTO(gov_wanted) w = calloc(1, sizeof *w);
    AUTO(json) root = NULL;

    if (!w)
        return err_set(e, ERR_NOMEM, "desired state");
    TRY_IN(e, json_parse(text, GOV_WANTED_TEXT_MAX, &root, e), "desired state");
    TRY_IN(e, read_all(root, w, e), "desired state");
    *ret = TAKE(w);
    return ERR_OK;
}
