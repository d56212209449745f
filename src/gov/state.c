/* state - see state.h: keys from events, words from slots. */
#include "gov/state.h"
#include "base/rd.h"
#include "chain/node_logs.h"
#include "crypto/digest.h"
#include "gov/contracts_gen.h"
#include "gov/read.h"

void gov_contract_free(gov_contract *s)
{
    if (!s)
        return;
    gov_backends_done(&s->backends);
    gov_backends_done(&s->domains);
    free(s);
}

/* ---- keys, from events ---- */

struct topics {
    struct hash32 policy, role, config, number, request, artifact;
};

static struct topics topics(void)
{
    struct topics t;

    abi_topic(GOV_EV_POLICY_CHANGED, &t.policy);
    abi_topic(GOV_EV_ROLE_GRANTED, &t.role);
    abi_topic(GOV_EV_IDENTITY_CONFIG_SET, &t.config);
    abi_topic(GOV_EV_POLICY_HASH_SET, &t.number);
    abi_topic(GOV_EV_ONBOARD_REQUESTED, &t.request);
    abi_topic(GOV_EV_ARTIFACT_ADDED, &t.artifact);
    return t;
}

struct collecting {
    gov_contract *s;
    struct topics t;
};

static enum err_code full(const char *what, int max, struct err *e)
{
    return err_set(e, ERR_TOO_LARGE, "more than %d %s", max, what);
}

static enum err_code add_subject(gov_contract *s, uint64_t kind, const struct hash32 *subject,
                                 struct err *e)
{
    if (kind < GOV_KIND_IDENTITY || kind > GOV_KIND_VERIFIER) /* curators are members of a role */
        return ERR_OK;
    for (size_t i = 0; i < s->n_subjects; i++)
        if ((uint64_t)s->subjects[i].kind == kind && hash32_eq(&s->subjects[i].subject, subject))
            return ERR_OK;
    if (s->n_subjects == GOV_STATE_SUBJECTS)
        return full("identities, operators and applications", GOV_STATE_SUBJECTS, e);
    s->subjects[s->n_subjects++] =
        (struct gov_subject){.kind = (enum gov_kind)kind, .subject = *subject};
    return ERR_OK;
}

static enum err_code add_member(gov_contract *s, const struct hash32 *role,
                                const struct hash32 *who, struct err *e)
{
    struct gov_member m = {.role = GOV_ROLES};
    struct err ignored;

    for (enum gov_role r = 0; r < GOV_ROLES; r++) {
        struct hash32 hash = gov_role_hash(r);

        if (hash32_eq(&hash, role))
            m.role = r;
    }
    /* Operators are subjects; other roles mean nothing to these contracts. */
    if (m.role == GOV_ROLES || m.role == GOV_ROLE_OPERATOR ||
        gov_word_to_addr(who, &m.who, &ignored) != ERR_OK)
        return ERR_OK;
    for (size_t i = 0; i < s->n_members; i++)
        if (s->members[i].role == m.role && addr_eq(&s->members[i].who, &m.who))
            return ERR_OK;
    if (s->n_members == GOV_STATE_MEMBERS)
        return full("holders of roles", GOV_STATE_MEMBERS, e);
    s->members[s->n_members++] = m;
    return ERR_OK;
}

static enum err_code add_policy(gov_contract *s, uint16_t id, struct err *e)
{
    for (size_t i = 0; i < s->n_policies; i++)
        if (s->policies[i].id == id)
            return ERR_OK;
    if (s->n_policies == GOV_STATE_POLICIES)
        return full("policies", GOV_STATE_POLICIES, e);
    s->policies[s->n_policies++] = (struct gov_numbered){.id = id};
    return ERR_OK;
}

static enum err_code add_request(gov_contract *s, const struct hash32 *id, struct err *e)
{
    if (s->n_requests == GOV_STATE_REQUESTS) /* the newest matter */
        memmove(s->requests, s->requests + 1, sizeof s->requests[0] * --s->n_requests);
    s->requests[s->n_requests++] = (struct gov_request){.id = *id};
    (void)e;
    return ERR_OK;
}

static uint64_t low_u64(const struct hash32 *w)
{
    struct rd r = rd_of((struct bytes){w->b + 24, 8});

    return rd_u64be(&r);
}

static enum err_code collect(void *self, const struct node_log *log, struct err *e)
{
    struct collecting *c = self;
    const struct hash32 *topic = log->topics;
    struct hash32 first;

    c->s->events++;
    if (log->n_topics == 3 && hash32_eq(topic, &c->t.policy))
        return add_subject(c->s, low_u64(&topic[1]), &topic[2], e);
    if (log->n_topics == 4 && hash32_eq(topic, &c->t.role))
        return add_member(c->s, &topic[1], &topic[2], e);
    if (log->n_topics == 2 && hash32_eq(topic, &c->t.number))
        return add_policy(c->s, (uint16_t)low_u64(&topic[1]), e);
    if (log->n_topics == 3 && hash32_eq(topic, &c->t.request))
        return add_request(c->s, &topic[1], e);
    if (log->n_topics == 1 && hash32_eq(topic, &c->t.config) && log->data.n >= 32) {
        memcpy(first.b, log->data.p, 32);
        return add_subject(c->s, GOV_KIND_IDENTITY, &first, e);
    }
    if (log->n_topics == 1 && hash32_eq(topic, &c->t.artifact))
        c->s->n_artifacts++;
    return ERR_OK;
}

/* ---- words, from slots ---- */

struct reading {
    const struct chain_view *v;
    gov_contract *s;
};

/* n slots, however many, in as many reads as it takes. */
static enum err_code read_slots(const struct reading *r, const struct hash32 *slots, size_t n,
                                struct hash32 *ret, struct err *e)
{
    for (size_t done = 0; done < n; done += CHAIN_SLOTS_MAX) {
        size_t some = n - done < CHAIN_SLOTS_MAX ? n - done : CHAIN_SLOTS_MAX;

        TRY(chain_view_read(r->v, &r->s->at, &r->s->contract, slots + done, some, ret + done, NULL,
                            e));
    }
    return ERR_OK;
}

static enum err_code read_fixed(const struct reading *r, struct hash32 *ret_backends,
                                struct hash32 *ret_domains, struct err *e)
{
    gov_contract *s = r->s;
    struct gov_read q = {.n = 0};
    struct gov_common common;
    struct hash32 owner, pending_owner, pending, from;

    gov_read_add_common(&q);
    gov_read_add(&q, gov_slot(GOV_SLOT_OWNER));
    gov_read_add(&q, gov_slot(GOV_SLOT_PENDING_OWNER));
    gov_read_add(&q, gov_slot(GOV_SLOT_PENDING));
    gov_read_add(&q, gov_slot(GOV_SLOT_BACKENDS_HASH));
    gov_read_add(&q, gov_slot(GOV_SLOT_DOMAINS_HASH));
    gov_read_add(&q, gov_slot(GOV_SLOT_PENDING_PKI));
    gov_read_add(&q, gov_slot(GOV_SLOT_PENDING_PKI + 1));
    gov_read_add(&q, gov_slot(GOV_KMS_SLOT_ROOT_ID));
    gov_read_add(&q, gov_slot(GOV_KMS_SLOT_COMMITMENT));
    TRY(chain_view_read(r->v, &s->at, &s->contract, q.slot, q.n, q.value, &s->code_hash, e));
    TRY(gov_read_common(&q, "contract", &common, e));
    s->head = common.head;
    s->line = common.line;
    s->pki_hash = common.pki_hash;
    owner = gov_read_take(&q);
    pending_owner = gov_read_take(&q);
    pending = gov_read_take(&q);
    *ret_backends = gov_read_take(&q);
    *ret_domains = gov_read_take(&q);
    s->pending_pki = gov_read_take(&q);
    from = gov_read_take(&q);
    memset(from.b + 12, 0, 20); /* the body's address */
    memmove(from.b + 24, from.b + 4, 8);
    s->pending_pki_from = low_u64(&from);
    if (s->kms) {
        s->root_id = gov_read_take(&q);
        s->commitment = gov_read_take(&q);
    }
    TRY_IN(e, gov_word_to_addr(&owner, &s->owner, e), "owner");
    TRY_IN(e, gov_word_to_addr(&pending_owner, &s->pending_owner, e), "pending owner");
    return gov_pending_decode(&pending, &s->pending, e);
}

static struct hash32 slot_of(const struct gov_subject *x)
{
    static const uint64_t lists[] = {
        [GOV_KIND_IDENTITY] = GOV_SLOT_IDENTITIES,
        [GOV_KIND_OPERATOR] = GOV_SLOT_OPERATORS,
        [GOV_KIND_APPLICATION] = GOV_KMS_SLOT_APPLICATIONS,
        [GOV_KIND_FIRMWARE] = GOV_KMS_SLOT_FIRMWARE,
        [GOV_KIND_PARAVISOR] = GOV_KMS_SLOT_PARAVISORS,
        [GOV_KIND_VERIFIER] = GOV_SLOT_VERIFIERS,
    };

    return gov_slot_entry(lists[x->kind], &x->subject, 0);
}

typedef struct hash32 word_list;
DEFINE_AUTO(word_list, free);

/* Four words a subject: its policy, and what an identity's template is and will be. */
#define WORDS 4
static enum err_code read_subjects(const struct reading *r, struct err *e)
{
    gov_contract *s = r->s;
    AUTO(word_list) slots = calloc(s->n_subjects + 1, WORDS * sizeof *slots);
    AUTO(word_list) words = calloc(s->n_subjects + 1, WORDS * sizeof *words);

    if (!slots || !words)
        return err_set(e, ERR_NOMEM, "contract");
    for (size_t i = 0; i < s->n_subjects; i++) {
        slots[i * WORDS] = slot_of(&s->subjects[i]);
        for (uint64_t k = 0; k < 3; k++)
            slots[i * WORDS + 1 + k] =
                gov_slot_entry(GOV_REGISTRY_SLOT_CONFIGS, &s->subjects[i].subject, k);
    }
    TRY(read_slots(r, slots, s->n_subjects * WORDS, words, e));
    for (size_t i = 0; i < s->n_subjects; i++) {
        const struct hash32 *w = &words[i * WORDS];
        struct gov_subject *x = &s->subjects[i];

        TRY(gov_policy_decode(&w[0], &x->policy, e));
        if (x->kind == GOV_KIND_IDENTITY && !s->kms)
            x->config = (struct gov_timed){w[1], w[2], low_u64(&w[3])};
    }
    return ERR_OK;
}

static enum err_code read_members(const struct reading *r, struct err *e)
{
    gov_contract *s = r->s;
    struct hash32 slots[GOV_STATE_MEMBERS], words[GOV_STATE_MEMBERS];
    size_t n = 0;

    for (size_t i = 0; i < s->n_members; i++) {
        struct hash32 role = gov_role_hash(s->members[i].role), inner, who;

        who = gov_word_addr(&s->members[i].who);
        if (s->members[i].role == GOV_ROLE_CURATOR) {
            slots[i] = gov_slot_entry(GOV_SLOT_CURATORS, &who, 0);
            continue;
        }
        inner = gov_slot_entry(GOV_SLOT_ROLES, &role, 0);
        KECCAK256_OF(&slots[i], BYTES_OF(who), BYTES_OF(inner));
    }
    TRY(read_slots(r, slots, s->n_members, words, e));
    for (size_t i = 0; i < s->n_members; i++) {
        bool holds = words[i].b[31] & 1;

        if (s->members[i].role == GOV_ROLE_CURATOR) {
            struct gov_policy p;

            /* One who waits for the delay is listed: the grant has been made. */
            TRY(gov_policy_decode(&words[i], &p, e));
            holds = p.state == GOV_ALLOWED && (p.not_after == 0 || p.not_after >= s->at.timestamp);
        }
        if (holds)
            s->members[n++] = s->members[i];
    }
    s->n_members = n;
    return ERR_OK;
}

static enum err_code read_policies(const struct reading *r, struct err *e)
{
    gov_contract *s = r->s;
    struct hash32 slots[3 * GOV_STATE_POLICIES], words[3 * GOV_STATE_POLICIES];

    for (size_t i = 0; i < s->n_policies; i++) {
        struct hash32 id = gov_word_u64(s->policies[i].id);

        for (uint64_t k = 0; k < 3; k++)
            slots[3 * i + k] = gov_slot_entry(GOV_SLOT_POLICY_HASHES, &id, k);
    }
    TRY(read_slots(r, slots, 3 * s->n_policies, words, e));
    for (size_t i = 0; i < s->n_policies; i++)
        s->policies[i].hash =
            (struct gov_timed){words[3 * i], words[3 * i + 1], low_u64(&words[3 * i + 2])};
    return ERR_OK;
}

static enum err_code read_requests(const struct reading *r, struct err *e)
{
    gov_contract *s = r->s;
    struct hash32 slots[GOV_STATE_REQUESTS], words[GOV_STATE_REQUESTS];

    for (size_t i = 0; i < s->n_requests; i++)
        slots[i] = gov_slot_entry(GOV_KMS_SLOT_ONBOARDINGS, &s->requests[i].id, 0);
    TRY(read_slots(r, slots, s->n_requests, words, e));
    for (size_t i = 0; i < s->n_requests; i++) {
        struct rd w = rd_of(BYTES_OF(words[i]));

        (void)rd_take(&w, 3);
        s->requests[i].closed = rd_u8(&w) != 0;
        s->requests[i].expiry = rd_u64be(&w);
    }
    return ERR_OK;
}

enum err_code gov_contract_read(const struct chain_view *v, rpc *node,
                                const struct finalized_block *at, const struct addr *contract,
                                bool kms, uint64_t from_block, gov_contract **ret, struct err *e)
{
    AUTO(gov_contract) s = calloc(1, sizeof *s);
    const struct reading r = {v, s};
    struct collecting c = {s, topics()};
    struct hash32 backends, domains;

    if (!s)
        return err_set(e, ERR_NOMEM, "contract");
    s->contract = *contract;
    s->kms = kms;
    s->at = *at;
    s->from_block = from_block;
    TRY(read_fixed(&r, &backends, &domains, e));
    TRY(gov_demands(v, at, contract, &s->demands, e));
    TRY_IN(e, node_logs_each(node, contract, from_block, at->ref.number, collect, &c, e),
           "the contract's events");
    TRY(read_subjects(&r, e));
    TRY(read_members(&r, e));
    TRY(read_policies(&r, e));
    TRY(read_requests(&r, e));
    if (!kms)
        TRY(gov_registry_backends(v, at, contract, &backends, &s->backends, e));
    TRY(gov_domains(v, at, contract, &domains, &s->domains, e));
    TRY(gov_registrars(v, at, contract, (const char *const *)s->domains.uri, s->domains.n,
                       s->registrars, e));
    *ret = TAKE(s);
    return ERR_OK;
}
