/* wanted - what differs, as calls; see wanted.h. */
#include <stdio.h>
#include "base/clock.h"
#include "base/codec.h"
#include "gov/contracts_gen.h"
#include "gov/history.h"
#include "gov/wanted.h"

struct gov_actions {
    size_t n;
    struct gov_action list[GOV_ACTIONS_MAX];
};

void gov_actions_free(gov_actions *a)
{
    free(a);
}

const struct gov_action *gov_action_at(const gov_actions *a, size_t i)
{
    return i < a->n ? &a->list[i] : NULL;
}

struct comparing {
    const gov_wanted *w;
    const gov_contract *c;
    gov_actions *out;
    bool full;
    bool applied;   /* applySettings stands there already */
    bool proposing; /* a setting joins what waits, all of which waits anew then */
};

static struct gov_action *add(struct comparing *q, const char *function)
{
    struct gov_action *a = &q->out->list[q->out->n];

    if (q->out->n == GOV_ACTIONS_MAX) {
        q->full = true;
        a--;
    } else {
        q->out->n++;
    }
    *a = (struct gov_action){.function = function};
    return a;
}

static void put(struct gov_action *a, struct abi_value v)
{
    a->values[a->n++] = v;
}

static void name_of(enum gov_kind kind, const struct hash32 *subject, char *ret, size_t size)
{
    const bool is_address =
        kind == GOV_KIND_OPERATOR || kind == GOV_KIND_APPLICATION || kind == GOV_KIND_VERIFIER;
    char hex[HEX_LEN(32) + 1] = {0};

    hex_encode(BYTES_OF(*subject), hex);
    snprintf(ret, size, "%s %s%s", gov_kind_name(kind), is_address ? "0x" : "",
             is_address ? hex + 24 : hex);
}

/* ---- settings ---- */

/* A setting is `now`, will be `next` (when something waits), and should be `wanted`. */
static bool settled(struct comparing *q, uint64_t now, uint64_t next, uint64_t wanted,
                    const char *what)
{
    const struct gov_pending *p = &q->c->pending;
    struct gov_action *a;
    char when[21];

    if (p->from == 0 || next != wanted)
        return now == wanted && p->from == 0;
    if (now == wanted)
        return true;
    if (q->proposing || p->from > q->c->at.timestamp) {
        clock_format((int64_t)p->from, when);
        a = add(q, NULL);
        a->waits = true;
        if (q->proposing)
            snprintf(a->text, sizeof a->text, "%s: waits anew, with what else is asked for", what);
        else
            snprintf(a->text, sizeof a->text, "%s: waits until %s", what, when);
    } else if (!q->applied) {
        q->applied = true;
        snprintf(add(q, GOV_FN_APPLY_SETTINGS)->text, sizeof a->text,
                 "apply the settings that have waited (%s)", what);
    }
    return true;
}

static void set_flag(struct comparing *q, const char *function, bool now, bool next, bool wanted,
                     const char *what)
{
    struct gov_action *a;

    if (settled(q, now, next, wanted, what))
        return;
    a = add(q, function);
    put(a, abi_bool(wanted));
    snprintf(a->text, sizeof a->text, "set %s to %s", what, wanted ? "yes" : "no");
}

static void compare_delay(struct comparing *q)
{
    const uint32_t wanted = q->w->to.delay;
    struct gov_action *a;

    if (settled(q, q->c->head.delay, q->c->pending.delay, wanted, "delay"))
        return;
    a = add(q, GOV_FN_SET_DELAY);
    put(a, abi_u64(wanted));
    snprintf(a->text, sizeof a->text, "set delay to %u s (it is %u s)", wanted, q->c->head.delay);
}

static uint64_t rules_of(bool rtmr3, bool principal, uint32_t mask)
{
    return (uint64_t)mask << 2 | (principal ? 2U : 0U) | (rtmr3 ? 1U : 0U);
}

static void compare_rules(struct comparing *q)
{
    const struct gov_pending *to = &q->w->to, *p = &q->c->pending;
    const struct gov_head *h = &q->c->head;
    struct gov_action *a;

    if (settled(q, rules_of(h->rtmr3, h->principal, h->pcr_mask),
                rules_of(p->rtmr3, p->principal, p->pcr_mask),
                rules_of(to->rtmr3, to->principal, to->pcr_mask), "rules of identities"))
        return;
    a = add(q, GOV_FN_SET_IDENTITY_RULES);
    put(a, abi_bool(to->rtmr3));
    put(a, abi_bool(to->principal));
    put(a, abi_u64(to->pcr_mask));
    snprintf(a->text, sizeof a->text, "set rules of identities: rtmr3 %d, principal %d, PCRs 0x%x",
             to->rtmr3, to->principal, to->pcr_mask);
}

static bool rules_wait_for_another_value(const struct comparing *q)
{
    const struct gov_pending *to = &q->w->to, *p = &q->c->pending;

    return rules_of(p->rtmr3, p->principal, p->pcr_mask) !=
           rules_of(to->rtmr3, to->principal, to->pcr_mask);
}

/* What waits comes into force together.  Where the file wants another value of a part of it that it
 * cannot have at once, applying the whole would bring in what the file does not want. */
static bool must_propose(const struct comparing *q)
{
    const struct gov_pending *to = &q->w->to, *p = &q->c->pending;
    const unsigned given = q->w->settings;

    if (p->from == 0)
        return false;
    return ((given & GOV_SET_PAUSED) && !to->paused && p->paused) ||
           ((given & GOV_SET_OPERATOR_REQUIRED) && !to->operator_required &&
            p->operator_required) ||
           ((given & GOV_SET_RULES) && rules_wait_for_another_value(q)) ||
           ((given & GOV_SET_DELAY) && to->delay < q->c->head.delay && p->delay != to->delay);
}

/* A delay that would become shorter than wanted is mended before anything is applied or granted. */
static bool delay_comes_first(const struct comparing *q)
{
    return q->c->pending.from != 0 && q->w->to.delay >= q->c->head.delay &&
           q->c->pending.delay < q->w->to.delay;
}

/* More is demanded at once, less after the delay. */
static void compare_demands(struct comparing *q, bool tighten)
{
    const struct gov_timed *t = &q->c->demands;
    const struct hash32 now = gov_timed_at(t, q->c->at.timestamp),
                        wanted = gov_word_u64(q->w->demands);
    const bool waits = t->next_from > q->c->at.timestamp;
    const struct hash32 *later = waits ? &t->next : &now;
    struct gov_action *a;
    char when[21];

    if (!q->w->has_demands || ((now.b[31] & ~wanted.b[31]) == 0) != tighten)
        return;
    if (!hash32_eq(later, &wanted)) {
        a = add(q, GOV_FN_SET_DEMANDS);
        put(a, abi_u64(q->w->demands));
        snprintf(a->text, sizeof a->text, "set demands to %s", gov_demands_name(q->w->demands));
    } else if (!hash32_eq(&now, &wanted)) {
        clock_format((int64_t)t->next_from, when);
        a = add(q, NULL);
        a->waits = true;
        snprintf(a->text, sizeof a->text, "demands: wait until %s", when);
    }
}

/* tighten: only what denies at once, or only the rest. */
static void compare_settings(struct comparing *q, bool tighten)
{
    const struct gov_pending *to = &q->w->to, *p = &q->c->pending;
    const struct gov_head *h = &q->c->head;
    const unsigned given = q->w->settings;

    if ((given & GOV_SET_PAUSED) && to->paused == tighten)
        set_flag(q, GOV_FN_SET_PAUSED, h->paused, p->paused, to->paused, "paused");
    if ((given & GOV_SET_OPERATOR_REQUIRED) && to->operator_required == tighten)
        set_flag(q, GOV_FN_SET_OPERATOR_REQUIRED, h->operator_required, p->operator_required,
                 to->operator_required, "operator required");
    /* A longer delay is set last, so that it does not hold up what this file grants. */
    if ((given & GOV_SET_RULES) && !tighten)
        compare_rules(q);
}

/* ---- roles ---- */

static bool has_member(const struct gov_member *list, size_t n, const struct gov_member *m)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].role == m->role && addr_eq(&list[i].who, &m->who))
            return true;
    return false;
}

/* The owner has these whatever the lists say: they cannot be granted to it, nor taken from it. */
static bool comes_with_ownership(const struct comparing *q, const struct gov_member *m)
{
    return addr_eq(&m->who, &q->c->owner) &&
           (m->role == GOV_ROLE_CURATOR || m->role == GOV_ROLE_GUARDIAN ||
            m->role == GOV_ROLE_METADATA);
}

static void change_role(struct comparing *q, const char *function, const char *verb,
                        const struct gov_member *m)
{
    struct gov_action *a = add(q, function);
    const struct hash32 role = gov_role_hash(m->role);
    char who[HEX_LEN(20) + 1] = {0};

    hex_encode(BYTES_OF(m->who), who);
    put(a, abi_word(&role));
    put(a, abi_addr(&m->who));
    snprintf(a->text, sizeof a->text, "%s role %s of 0x%s", verb, gov_role_name(m->role), who);
}

static void compare_roles(struct comparing *q, bool deny)
{
    const struct gov_member *from = deny ? q->c->members : q->w->members;
    const struct gov_member *in = deny ? q->w->members : q->c->members;
    const size_t n_from = deny ? q->c->n_members : q->w->n_members;
    const size_t n_in = deny ? q->w->n_members : q->c->n_members;

    for (size_t i = 0; i < n_from; i++)
        if ((q->w->roles >> from[i].role & 1U) && !has_member(in, n_in, &from[i]) &&
            !comes_with_ownership(q, &from[i]))
            change_role(q, deny ? GOV_FN_REVOKE_ROLE : GOV_FN_GRANT_ROLE, deny ? "revoke" : "grant",
                        &from[i]);
}

/* ---- subjects ---- */

static const struct gov_wanted_subject *find_wanted(const gov_wanted *w,
                                                    const struct gov_subject *x)
{
    for (size_t i = 0; i < w->n_subjects; i++)
        if (w->subjects[i].kind == x->kind && hash32_eq(&w->subjects[i].subject, &x->subject))
            return &w->subjects[i];
    return NULL;
}

static const struct gov_subject *find_current(const gov_contract *c,
                                              const struct gov_wanted_subject *x)
{
    for (size_t i = 0; i < c->n_subjects; i++)
        if (c->subjects[i].kind == x->kind && hash32_eq(&c->subjects[i].subject, &x->subject))
            return &c->subjects[i];
    return NULL;
}

static void deny_subjects(struct comparing *q)
{
    for (size_t i = 0; i < q->c->n_subjects; i++) {
        const struct gov_subject *x = &q->c->subjects[i];
        struct gov_action *a;
        char name[128];

        if (!(q->w->kinds >> x->kind & 1U) || x->policy.state != GOV_ALLOWED ||
            find_wanted(q->w, x))
            continue;
        a = add(q, GOV_FN_REVOKE);
        put(a, abi_u64(x->kind));
        put(a, abi_word(&x->subject));
        name_of(x->kind, &x->subject, name, sizeof name);
        snprintf(a->text, sizeof a->text, "revoke %s", name);
    }
}

static bool is_allowed_so(const struct gov_subject *now, const struct gov_wanted_subject *x,
                          uint64_t time)
{
    return now && now->policy.state == GOV_ALLOWED && now->policy.policy_id == x->policy_id &&
           now->policy.not_after == x->not_after && (x->not_after == 0 || x->not_after >= time);
}

static void allow_subject(struct comparing *q, const struct gov_wanted_subject *x)
{
    const struct gov_subject *now = find_current(q->c, x);
    const struct hash32 *template_ = !now                    ? NULL
                                     : now->config.next_from ? &now->config.next
                                                             : &now->config.current;
    struct gov_action *a;
    char name[128], hex[HEX_LEN(32) + 1] = {0};

    name_of(x->kind, &x->subject, name, sizeof name);
    if (!is_allowed_so(now, x, q->c->at.timestamp)) {
        a = add(q, GOV_FN_ALLOW);
        put(a, abi_u64(x->kind));
        put(a, abi_word(&x->subject));
        put(a, abi_u64(x->policy_id));
        put(a, abi_u64(x->not_after));
        snprintf(a->text, sizeof a->text, "allow %s under policy %u%s", name, x->policy_id,
                 now && now->policy.state == GOV_FROZEN ? " (it is frozen: the owner alone can)"
                                                        : "");
    }
    if (!x->has_template || (template_ && hash32_eq(template_, &x->template_)))
        return;
    a = add(q, GOV_FN_SET_CONFIG_FOR_IDENTITY);
    put(a, abi_word(&x->subject));
    put(a, abi_word(&x->template_));
    hex_encode(BYTES_OF(x->template_), hex);
    snprintf(a->text, sizeof a->text, "give %s template %s", name, hex);
}

/* ---- policies ---- */

static const struct hash32 *wanted_policy(const gov_wanted *w, uint16_t id)
{
    for (size_t i = 0; i < w->n_policies; i++)
        if (w->policies[i].id == id)
            return &w->policies[i].hash;
    return NULL;
}

static struct hash32 policy_now(const gov_contract *c, uint16_t id)
{
    for (size_t i = 0; i < c->n_policies; i++)
        if (c->policies[i].id == id)
            return c->policies[i].hash.next_from ? c->policies[i].hash.next
                                                 : c->policies[i].hash.current;
    return (struct hash32){{0}};
}

static void set_policy(struct comparing *q, uint16_t id, const struct hash32 *wanted)
{
    const struct hash32 now = policy_now(q->c, id);
    char hex[HEX_LEN(32) + 1] = {0};
    struct gov_action *a;

    if (hash32_eq(&now, wanted))
        return;
    a = add(q, GOV_FN_SET_POLICY_HASH);
    put(a, abi_u64(id));
    put(a, abi_word(wanted));
    hex_encode(BYTES_OF(*wanted), hex);
    snprintf(a->text, sizeof a->text, "set policy %u to %s", id,
             hash32_is_zero(wanted) ? "none" : hex);
}

static void compare_policies(struct comparing *q)
{
    static const struct hash32 none = {{0}};

    if (!q->w->has_policies)
        return;
    for (size_t i = 0; i < q->w->n_policies; i++)
        set_policy(q, q->w->policies[i].id, &q->w->policies[i].hash);
    for (size_t i = 0; i < q->c->n_policies; i++)
        if (!wanted_policy(q->w, q->c->policies[i].id))
            set_policy(q, q->c->policies[i].id, &none);
}

/* ---- lists of names ---- */

struct names {
    const char *add, *remove, *what;
    bool ordered;
};

static void change_name(struct comparing *q, const struct names *n, bool remove, const char *name)
{
    struct gov_action *a = add(q, remove ? n->remove : n->add);

    put(a, abi_str(name));
    snprintf(a->text, sizeof a->text, "%s %s %.200s", remove ? "remove" : "add", n->what, name);
}

static bool is_among(const struct gov_backends *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->uri[i], name) == 0)
            return true;
    return false;
}

/* The contract puts the last one in the place of one that it removes, and a new one at the end:
 * would removing and adding give the order that is wanted? */
static bool order_comes_out(const struct gov_backends *now, const struct gov_backends *wanted)
{
    const char *list[2 * GOV_BACKENDS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < now->n; i++)
        list[n++] = now->uri[i];
    for (size_t i = 0; i < now->n; i++)
        if (!is_among(wanted, now->uri[i]))
            for (size_t k = 0; k < n; k++)
                if (strcmp(list[k], now->uri[i]) == 0) {
                    list[k] = list[--n];
                    break;
                }
    for (size_t i = 0; i < wanted->n; i++)
        if (!is_among(now, wanted->uri[i]))
            list[n++] = wanted->uri[i];
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], wanted->uri[i]) != 0)
            return false;
    return true;
}

static void compare_names(struct comparing *q, const struct names *n,
                          const struct gov_backends *now, const struct gov_backends *wanted)
{
    const bool anew = n->ordered && !order_comes_out(now, wanted);

    for (size_t i = 0; i < now->n; i++)
        if (anew || !is_among(wanted, now->uri[i]))
            change_name(q, n, true, now->uri[i]);
    for (size_t i = 0; i < wanted->n; i++)
        if (anew || !is_among(now, wanted->uri[i]))
            change_name(q, n, false, wanted->uri[i]);
}

/* ---- the whole ---- */

static void compare_owner(struct comparing *q)
{
    static const struct addr nobody = {{0}};
    const struct addr *offered = &q->c->pending_owner;
    char hex[HEX_LEN(20) + 1] = {0};
    struct gov_action *a;

    if (!q->w->has_owner)
        return;
    if (addr_eq(&q->w->owner, &q->c->owner)) {
        if (addr_is_zero(offered) || addr_eq(offered, &q->c->owner))
            return;
        hex_encode(BYTES_OF(*offered), hex);
        a = add(q, GOV_FN_TRANSFER_OWNERSHIP);
        put(a, abi_addr(&nobody));
        snprintf(a->text, sizeof a->text, "take back the offer of ownership to 0x%s", hex);
        return;
    }
    hex_encode(BYTES_OF(q->w->owner), hex);
    a = add(q, GOV_FN_TRANSFER_OWNERSHIP);
    a->waits = addr_eq(&q->w->owner, &q->c->pending_owner);
    put(a, abi_addr(&q->w->owner));
    snprintf(a->text, sizeof a->text,
             a->waits ? "owner: 0x%s must accept (`teereg gov owner accept`)"
                      : "offer ownership to 0x%s",
             hex);
}

static void compare(struct comparing *q)
{
    static const struct names backends = {GOV_FN_SET_STORAGE_BACKEND, GOV_FN_REMOVE_STORAGE_BACKEND,
                                          "backend", true};
    static const struct names domains = {GOV_FN_REGISTER_INSTANCE_DOMAIN_NAME,
                                         GOV_FN_REMOVE_INSTANCE_DOMAIN_NAME, "domain", false};

    const bool delay_first = delay_comes_first(q);

    q->proposing = must_propose(q);
    compare_settings(q, true);
    compare_demands(q, true);
    deny_subjects(q);
    compare_roles(q, true);
    if ((q->w->settings & GOV_SET_DELAY) && delay_first)
        compare_delay(q);
    compare_settings(q, false);
    compare_demands(q, false);
    compare_policies(q);
    for (size_t i = 0; i < q->w->n_subjects; i++)
        allow_subject(q, &q->w->subjects[i]);
    compare_roles(q, false);
    if (q->w->has_backends)
        compare_names(q, &backends, &q->c->backends, &q->w->backends);
    if (q->w->has_domains)
        compare_names(q, &domains, &q->c->domains, &q->w->domains);
    if ((q->w->settings & GOV_SET_DELAY) && !delay_first)
        compare_delay(q);
    compare_owner(q);
}

enum err_code gov_wanted_diff(const gov_wanted *w, const gov_contract *c, gov_actions **ret,
                              struct err *e)
{
    AUTO(gov_actions) out = calloc(1, sizeof *out);
    struct comparing q = {.w = w, .c = c, .out = out};

    if (!out)
        return err_set(e, ERR_NOMEM, "desired state");
    if (!addr_eq(&w->contract, &c->contract) || w->kms != c->kms)
        return err_set(e, ERR_INVALID, "desired state: it is about another contract");
    compare(&q);
    if (q.full)
        return err_set(e, ERR_TOO_LARGE, "desired state: more than %d differences",
                       GOV_ACTIONS_MAX);
    *ret = TAKE(out);
    return ERR_OK;
}
