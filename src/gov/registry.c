/* registry - see registry.h. */
#include "gov/registry.h"
#include <string.h>
#include "base/rd.h"
#include "crypto/digest.h"
#include "gov/read.h"

#define LINEAGE_MAX 8

enum err_code gov_policy_hash(const struct chain_view *v, const struct finalized_block *at,
                              const struct addr *contract, uint16_t id, struct hash32 *ret,
                              struct err *e)
{
    struct hash32 key = gov_word_u64(id);
    struct gov_read r = {.n = 0};
    struct gov_timed t;

    gov_read_add3(&r, GOV_SLOT_POLICY_HASHES, &key);
    TRY(chain_view_read(v, at, contract, r.slot, r.n, r.value, NULL, e));
    TRY_IN(e, gov_read_timed(&r, &t, e), "policy hash");
    *ret = gov_timed_at(&t, at->timestamp);
    return ERR_OK;
}

enum err_code gov_demands(const struct chain_view *v, const struct finalized_block *at,
                          const struct addr *contract, struct gov_timed *ret, struct err *e)
{
    struct gov_read r = {.n = 0};

    for (uint64_t i = 0; i < 3; i++)
        gov_read_add(&r, gov_slot(GOV_SLOT_DEMANDS + i));
    TRY(chain_view_read(v, at, contract, r.slot, r.n, r.value, NULL, e));
    TRY_IN(e, gov_read_timed(&r, ret, e), "demands");
    return ERR_OK;
}

const char *gov_demands_name(uint64_t demands)
{
    static const char *const names[] = {
        [0] = "none",
        [GOV_DEMAND_ONBOARDING] = "onboarding",
        [GOV_DEMAND_NAMES] = "names",
        [GOV_DEMAND_ONBOARDING | GOV_DEMAND_NAMES] = "all",
    };

    return demands < sizeof names / sizeof names[0] ? names[demands] : NULL;
}

enum err_code gov_demands_named(const char *name, uint64_t *ret, struct err *e)
{
    for (uint64_t demands = 0; gov_demands_name(demands); demands++)
        if (strcmp(name, gov_demands_name(demands)) == 0) {
            *ret = demands;
            return ERR_OK;
        }
    return err_set(e, ERR_INVALID, "%.60s: expected none, onboarding, names or all", name);
}

static enum err_code decode_registrar(const struct hash32 *word, struct gov_registrar *ret,
                                      struct err *e)
{
    struct rd r = rd_of(BYTES_OF(*word));

    if (!bytes_all_zero(rd_take(&r, 4)))
        return err_set(e, ERR_INVALID, "registrar of a name: bits where zeros must be");
    ret->until = rd_u64be(&r);
    rd_copy(&r, ret->who.b, sizeof ret->who.b);
    return ERR_OK;
}

enum err_code gov_registrars(const struct chain_view *v, const struct finalized_block *at,
                             const struct addr *contract, const char *const *names, size_t n,
                             struct gov_registrar *ret, struct err *e)
{
    struct gov_read r = {.n = 0};

    if (n > CHAIN_SLOTS_MAX)
        return err_set(e, ERR_INTERNAL, "%zu names at once, at most %d", n, CHAIN_SLOTS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct hash32 key;

        keccak256(bytes_of_str(names[i]), &key);
        gov_read_add(&r, gov_slot_entry(GOV_SLOT_REGISTRARS, &key, 0));
    }
    TRY(chain_view_read(v, at, contract, r.slot, r.n, r.value, NULL, e));
    for (size_t i = 0; i < n; i++)
        TRY(decode_registrar(&r.value[i], &ret[i], e));
    return ERR_OK;
}

/* The policy whose hash the first read takes along: the one asked for, or the default. */
static uint16_t first_policy(const struct gov_registry_query *q)
{
    return q->policy_id ? *q->policy_id : 0;
}

static void ask(const struct gov_registry_query *q, struct gov_read *r)
{
    struct hash32 policy = gov_word_u64(first_policy(q));

    gov_read_add_common(r);
    gov_read_add(r, gov_slot(GOV_SLOT_BACKENDS_HASH));
    gov_read_add3(r, GOV_SLOT_POLICY_HASHES, &policy);
    if (q->identity) {
        gov_read_add(r, gov_slot_entry(GOV_SLOT_IDENTITIES, q->identity, 0));
        gov_read_add3(r, GOV_REGISTRY_SLOT_CONFIGS, q->identity);
    }
    if (q->operator_)
        gov_read_add(r, gov_slot_of_addr(GOV_SLOT_OPERATORS, q->operator_, 0));
}

static enum err_code take(const struct gov_registry_query *q, struct gov_read *r,
                          struct gov_registry_facts *f, struct err *e)
{
    struct gov_timed timed;

    f->backends_hash = gov_read_take(r);
    TRY_IN(e, gov_read_timed(r, &timed, e), "policy hash");
    f->policy_hash = gov_timed_at(&timed, f->at.timestamp);
    if (q->identity) {
        TRY(gov_read_policy(r, "identity", &f->identity, e));
        TRY_IN(e, gov_read_timed(r, &timed, e), "configuration");
        f->config = gov_timed_at(&timed, f->at.timestamp);
    }
    if (q->operator_)
        TRY(gov_read_policy(r, "operator", &f->operator_, e));
    return ERR_OK;
}

enum err_code gov_registry_read(const struct chain_view *v, const struct finalized_block *at,
                                const struct addr *app, const struct gov_registry_query *query,
                                struct gov_registry_facts *ret, struct err *e)
{
    struct gov_registry_facts f = {.at = *at};
    struct gov_read r = {.n = 0};
    struct gov_common common;

    ask(query, &r);
    TRY_IN(e, chain_view_read(v, at, app, r.slot, r.n, r.value, &f.code_hash, e), "application");
    TRY(gov_read_common(&r, "application", &common, e));
    f.head = common.head;
    f.line = common.line;
    f.pki_hash = common.pki_hash;
    if (take(query, &r, &f, e) != ERR_OK) {
        e->code = ERR_DENIED;
        return err_wrap(e, "application");
    }
    if (!query->policy_id && f.identity.policy_id != 0)
        TRY_IN(e, gov_policy_hash(v, at, app, f.identity.policy_id, &f.policy_hash, e),
               "application");
    *ret = f;
    return ERR_OK;
}

static enum err_code read_line(const struct chain_view *v, const struct finalized_block *at,
                               const struct addr *app, struct gov_line *ret, struct err *e)
{
    struct gov_read r = {.n = 0};
    struct gov_common common;

    gov_read_add_common(&r);
    TRY(chain_view_read(v, at, app, r.slot, r.n, r.value, NULL, e));
    TRY(gov_read_common(&r, "contract", &common, e));
    *ret = common.line;
    return ERR_OK;
}

enum err_code gov_lineage(const struct chain_view *v, const struct finalized_block *at,
                          const struct addr *app, struct addr *ret_app_id, struct err *e)
{
    struct addr here = *app;
    struct gov_line line;

    TRY_IN(e, read_line(v, at, &here, &line, e), "lineage of the application");
    for (int steps = 0; !addr_is_zero(&line.predecessor); steps++) {
        struct addr before = line.predecessor;

        if (steps == LINEAGE_MAX)
            return err_set(e, ERR_VERIFY, "lineage of the application: over %d predecessors",
                           LINEAGE_MAX);
        TRY_IN(e, read_line(v, at, &before, &line, e), "lineage of the application");
        /* A contract can claim any ancestor; only the ancestor can confirm it. */
        if (!addr_eq(&line.successor, &here))
            return err_set(e, ERR_VERIFY,
                           "lineage of the application: the predecessor that it names has %s "
                           "successor",
                           addr_is_zero(&line.successor) ? "no" : "another");
        if (!gov_line_ended(&line, at->timestamp))
            return err_set(e, ERR_VERIFY,
                           "lineage of the application: it has not taken over from its "
                           "predecessor yet");
        here = before;
    }
    *ret_app_id = here;
    return ERR_OK;
}
