/* measured - see measured.h. */
#include "gov/measured.h"
#include "chain/abi.h"
#include "gov/contracts_gen.h"
#include "gov/read.h"

typedef struct gov_measured gov_measured_array;
DEFINE_AUTO(gov_measured_array, free);

struct log_list {
    size_t n;
    struct chain_log log[GOV_MEASURED_MAX];
};

static void log_list_done(struct log_list *l)
{
    while (l->n > 0)
        chain_log_done(&l->log[--l->n]);
}

struct identity_rules gov_identity_rules(const struct chain_view *v, const struct addr *contract,
                                         const struct gov_head *head)
{
    return (struct identity_rules){.chain_id = v->chain_id,
                                   .contract = *contract,
                                   .rtmr3 = head->rtmr3,
                                   .pcr_mask = head->pcr_mask};
}

/* The event's measurements; an error when they do not give the identity that the event names. */
static enum err_code read_event(const struct chain_log *log, const struct identity_rules *rules,
                                struct gov_measured *ret, struct err *e)
{
    AUTO(abi_tree) tree = NULL;
    const struct abi_value *values;
    struct gov_measured found = {0};
    uint64_t kind;

    if (log->n_topics != 2)
        return err_set(e, ERR_INVALID, "IdentityMeasured: %zu topics, expected 2", log->n_topics);
    TRY(abi_decode(GOV_EV_DATA_IDENTITY_MEASURED, buf_bytes(&log->data), &tree, e));
    values = abi_tree_values(tree);
    TRY(abi_get_u64(&values[0], &kind, e));
    TRY(measurements_unpack((uint8_t)kind, values[1].bytes, &found.m, NULL, e));
    TRY(identity_v2(&found.m, rules, &found.identity, e));
    if (!hash32_eq(&found.identity, &log->topics[1]))
        return err_set(e, ERR_VERIFY, "IdentityMeasured: measurements of another identity");
    *ret = found;
    return ERR_OK;
}

static bool is_among(const struct gov_measured *list, size_t n, const struct hash32 *identity)
{
    for (size_t i = 0; i < n; i++)
        if (hash32_eq(&list[i].identity, identity))
            return true;
    return false;
}

static enum err_code read_policies(const struct chain_view *v, const struct finalized_block *at,
                                   const struct addr *contract, struct gov_measured *list, size_t n,
                                   struct err *e)
{
    struct gov_read r = {.n = 0};

    for (size_t i = 0; i < n; i++)
        gov_read_add(&r, gov_slot_entry(GOV_SLOT_IDENTITIES, &list[i].identity, 0));
    TRY(chain_view_read(v, at, contract, r.slot, r.n, r.value, NULL, e));
    for (size_t i = 0; i < n; i++)
        TRY(gov_read_policy(&r, "identity", &list[i].policy, e));
    return ERR_OK;
}

enum err_code gov_measured_list(const struct chain_view *v, const struct finalized_block *at,
                                const struct addr *contract, const struct gov_head *head,
                                struct gov_measured *ret, size_t *ret_n, struct err *e)
{
    const struct identity_rules rules = gov_identity_rules(v, contract, head);
    struct log_list logs AUTO_CALL(log_list_done) = {.n = 0};
    struct hash32 topic;
    const struct chain_log_query query = {
        .contract = contract, .topic = {&topic}, .until = at->ref.number};
    size_t n = 0;

    _Static_assert(GOV_MEASURED_MAX <= CHAIN_SLOTS_MAX, "their words come in one read");
    abi_topic(GOV_EV_IDENTITY_MEASURED, &topic);
    TRY(chain_view_logs(v, &query, logs.log, GOV_MEASURED_MAX, &logs.n, e));
    for (size_t i = 0; i < logs.n; i++) {
        struct err why;

        /* An event that proves nothing explains nothing: it is passed over. */
        if (!is_among(ret, n, &logs.log[i].topics[1]) &&
            read_event(&logs.log[i], &rules, &ret[n], &why) == ERR_OK)
            n++;
    }
    if (n > 0 && !head->principal)
        TRY(read_policies(v, at, contract, ret, n, e));
    *ret_n = n;
    return ERR_OK;
}

enum err_code gov_measured_nearest(const struct chain_view *v, const struct finalized_block *at,
                                   const struct addr *contract, const struct gov_head *head,
                                   const struct measurements *found, struct gov_measured *ret,
                                   struct err *e)
{
    const struct identity_rules rules = gov_identity_rules(v, contract, head);
    struct measurement_difference ignored[MEASUREMENT_FIELDS_MAX];
    AUTO(gov_measured_array) list = calloc(GOV_MEASURED_MAX, sizeof *list);
    size_t n = 0, best = SIZE_MAX;

    if (!list)
        return err_set(e, ERR_NOMEM, "measured identities");
    TRY(gov_measured_list(v, at, contract, head, list, &n, e));
    for (size_t i = 0; i < n; i++) {
        size_t fields;

        if (!head->principal && list[i].policy.state != GOV_ALLOWED)
            continue;
        fields = measurements_diff(found, &list[i].m, &rules, ignored);
        if (fields < best) {
            best = fields;
            *ret = list[i];
        }
    }
    if (best == SIZE_MAX)
        return err_set(e, ERR_NOT_FOUND, "no allowed identity whose measurements are known");
    return ERR_OK;
}
