#include <inttypes.h>
#include "base/clock.h"
#include "cli/files.h"
#include "cli/gov.h"
#include "cli/node.h"
#include "gov/state.h"

static enum err_code put_policy(json *result, const char *name, const struct gov_policy *p,
                                const struct gov_time *t, struct err *e)
{
    const enum gov_refusal refusal = gov_policy_active(p, t);
    AUTO(json) node = NULL;
    char when[21];

    TRY(json_new_object(&node, e));
    TRY(json_put_bool(node, "allowed", refusal == GOV_ACTIVE, e));
    TRY(json_put_str(node, "state", refusal == GOV_ACTIVE ? "active" : gov_refusal_name(refusal),
                     e));
    if (p->active_from) {
        clock_format((int64_t)p->active_from, when);
        TRY(json_put_str(node, "active_from", when, e));
    }
    if (p->not_after) {
        clock_format((int64_t)p->not_after, when);
        TRY(json_put_str(node, "not_after", when, e));
    }
    TRY(json_put_u64(node, "policy", p->policy_id, e));
    TRY(json_put_u64(node, "version", p->version, e));
    return json_put(result, name, TAKE(node), e);
}

static enum err_code put_hash(json *result, const char *name, const struct hash32 *h, struct err *e)
{
    if (hash32_is_zero(h))
        return json_put_null(result, name, e);
    return json_put_hex(result, name, BYTES_OF(*h), e);
}

static enum err_code put_line(json *result, const char *name, const struct addr *a, struct err *e)
{
    return addr_is_zero(a) ? ERR_OK : json_put_hex0x(result, name, BYTES_OF(*a), e);
}

static enum err_code put_demand(json *result, const char *name, const struct hash32 *word,
                                struct err *e)
{
    uint64_t demands;

    if (gov_word_to_u64(word, &demands, e) != ERR_OK || !gov_demands_name(demands))
        return json_put_hex(result, name, BYTES_OF(*word), e);
    return json_put_str(result, name, gov_demands_name(demands), e);
}

/* What must be shown by evidence first; less of it may wait. */
static enum err_code put_demands(const struct cli_node *node, const struct addr *contract,
                                 json *result, struct err *e)
{
    struct gov_timed t;
    struct hash32 now;
    char when[21];

    TRY(gov_demands(&node->view, &node->at, contract, &t, e));
    now = gov_timed_at(&t, node->at.timestamp);
    TRY(put_demand(result, "demands", &now, e));
    if (t.next_from <= node->at.timestamp)
        return ERR_OK;
    TRY(put_demand(result, "next_demands", &t.next, e));
    clock_format(t.next_from > INT64_MAX ? INT64_MAX : (int64_t)t.next_from, when);
    return json_put_str(result, "next_demands_from", when, e);
}

static enum err_code put_common(json *result, const struct cli_node *node,
                                const struct addr *contract, const struct finalized_block *at,
                                const struct gov_head *h, const struct gov_line *l,
                                const struct hash32 *code_hash, struct err *e)
{
    TRY(json_put_hex0x(result, "contract", BYTES_OF(*contract), e));
    TRY(json_put_u64(result, "block", at->ref.number, e));
    TRY(json_put_hex0x(result, "block_hash", BYTES_OF(at->ref.hash), e));
    TRY(json_put_hex(result, "code_hash", BYTES_OF(*code_hash), e));
    TRY(json_put_u64(result, "identity_scheme", h->scheme, e));
    TRY(json_put_bool(result, "paused", h->paused, e));
    TRY(json_put_bool(result, "rtmr3_counts", h->rtmr3, e));
    TRY(json_put_bool(result, "holds_principals", h->principal, e));
    TRY(json_put_bool(result, "operator_required", h->operator_required, e));
    TRY(json_put_u64(result, "pcr_mask", h->pcr_mask, e));
    TRY(json_put_u64(result, "epoch", h->epoch, e));
    TRY(json_put_u64(result, "delay_seconds", h->delay, e));
    TRY(json_put_u64(result, "version", h->version, e));
    TRY(put_demands(node, contract, result, e));
    TRY(put_line(result, "predecessor", &l->predecessor, e));
    return put_line(result, "successor", &l->successor, e);
}

/* The identity (or principal) that the command line names; *ret_any is false when it names none. */
static enum err_code named_identity(const struct cli_args *a, const struct cli_node *node,
                                    const struct addr *contract, const struct gov_head *head,
                                    bool principal, bool *ret_any, struct hash32 *ret,
                                    struct err *e)
{
    const struct identity_rules rules = {node->chain_id, *contract, head->rtmr3, head->pcr_mask};
    const char *file = cli_value(a, "measurements");
    struct measurements m;
    struct hash32 config_hash, identity;

    *ret_any = file || cli_value(a, "identity");
    if (!*ret_any)
        return ERR_OK;
    if (!file)
        return cli_hash32(a, "identity", ret, e);
    TRY(cli_measurements(file, &m, e));
    if (head->scheme == 1)
        identity_v1(&m, contract, ret);
    else
        TRY(identity_v2(&m, &rules, ret, e));
    if (!principal)
        return ERR_OK;
    TRY_IN(e, cli_hash32(a, "config-hash", &config_hash, e),
           "this contract allows images with their configuration");
    identity = *ret;
    identity_principal(&identity, &config_hash, ret);
    return ERR_OK;
}

static enum err_code show_kms(const struct cli_args *a, const struct cli_node *node, json *result,
                              struct err *e)
{
    struct gov_kms_query query = {0};
    struct gov_kms_facts facts;
    struct addr kms, app, operator_;
    struct hash32 principal;
    struct gov_time time;
    bool any;

    TRY(cli_addr(a, "kms", &kms, e));
    TRY(gov_kms_read(&node->view, &node->at, &kms, &query, &facts, e));
    if (facts.head.scheme == 2 && !facts.head.principal) /* each KMS contract holds principals */
        return err_set(e, ERR_INVALID,
                       "this is not a KMS contract; `teereg gov show app` shows an application's");
    TRY(named_identity(a, node, &kms, &facts.head, facts.head.scheme == 2, &any, &principal, e));
    if (any)
        query.principal = &principal;
    if (cli_value(a, "application")) {
        TRY(cli_addr(a, "application", &app, e));
        query.app = &app;
    }
    if (cli_value(a, "operator")) {
        TRY(cli_addr(a, "operator", &operator_, e));
        query.operator_ = &operator_;
    }
    TRY(gov_kms_read(&node->view, &node->at, &kms, &query, &facts, e));
    time = gov_time_of(node->at.timestamp, clock_unix(&clock_system));
    TRY(put_common(result, node, &kms, &facts.at, &facts.head, &facts.line, &facts.code_hash, e));
    TRY(put_hash(result, "root_id", &facts.root_id, e));
    TRY(put_hash(result, "commitment", &facts.commitment, e));
    if (any) {
        TRY(json_put_hex(result, "principal", BYTES_OF(principal), e));
        TRY(put_policy(result, "principal_policy", &facts.principal, &time, e));
    }
    if (query.app) {
        TRY(put_policy(result, "application_policy", &facts.app, &time, e));
        TRY(put_hash(result, "application_code_hash", &facts.app_code_hash, e));
        TRY(json_put_u64(result, "application_layout", facts.app_layout, e));
    }
    if (query.operator_)
        TRY(put_policy(result, "operator_policy", &facts.operator_, &time, e));
    return ERR_OK;
}

static enum err_code put_backends(const struct cli_node *node, const struct addr *app,
                                  const struct hash32 *hash, json *result, struct err *e)
{
    struct gov_backends backends AUTO_CALL(gov_backends_done) = {0};
    AUTO(json) list = NULL;

    TRY_IN(e, gov_registry_backends(&node->view, &node->at, app, hash, &backends, e),
           "storage backends");
    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < backends.n; i++)
        TRY(json_append_str(list, backends.uri[i], e));
    return json_put(result, "backends", TAKE(list), e);
}

static enum err_code show_app(const struct cli_args *a, const struct cli_node *node, json *result,
                              struct err *e)
{
    struct gov_registry_query query = {0};
    struct gov_registry_facts facts;
    struct hash32 identity;
    struct addr app, operator_;
    struct gov_time time;
    bool any;

    TRY(cli_addr(a, "app", &app, e));
    TRY(gov_registry_read(&node->view, &node->at, &app, &query, &facts, e));
    TRY(named_identity(a, node, &app, &facts.head, facts.head.principal, &any, &identity, e));
    if (any)
        query.identity = &identity;
    if (cli_value(a, "operator")) {
        TRY(cli_addr(a, "operator", &operator_, e));
        query.operator_ = &operator_;
    }
    TRY(gov_registry_read(&node->view, &node->at, &app, &query, &facts, e));
    time = gov_time_of(node->at.timestamp, clock_unix(&clock_system));
    TRY(put_common(result, node, &app, &facts.at, &facts.head, &facts.line, &facts.code_hash, e));
    TRY(put_hash(result, "pki_hash", &facts.pki_hash, e));
    TRY(put_backends(node, &app, &facts.backends_hash, result, e));
    if (any) {
        TRY(json_put_hex(result, "identity", BYTES_OF(identity), e));
        TRY(put_policy(result, "identity_policy", &facts.identity, &time, e));
        TRY(put_hash(result, "template", &facts.config, e));
    }
    if (query.operator_)
        TRY(put_policy(result, "operator_policy", &facts.operator_, &time, e));
    return ERR_OK;
}

/* "active, active_from 2026-..., policy 3" of an entry's members but the first, its name. */
static enum err_code put_entry(const json *entry, json *lines, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    const json *key, *value;
    const char *name;

    if (!json_member(entry, 0, &name, &key))
        return ERR_OK;
    for (size_t i = 1; json_member(entry, i, &name, &value); i++) {
        uint64_t number;

        if (text.n)
            buf_put_str(&text, ", ");
        if (strcmp(name, "state") != 0)
            buf_printf(&text, "%s ", name);
        if (json_str(value))
            buf_put_str(&text, json_str(value));
        else if (json_u64(value, UINT64_MAX, &number))
            buf_printf(&text, "%llu", (unsigned long long)number);
    }
    TRY(buf_check(&text, e));
    if (!json_str(key)) {
        uint64_t number = 0;
        char id[24];

        (void)json_u64(key, UINT64_MAX, &number);
        snprintf(id, sizeof id, "%llu", (unsigned long long)number);
        return json_put_str(lines, id, text.n ? buf_cstr(&text) : "", e);
    }
    return json_put_str(lines, json_str(key), text.n ? buf_cstr(&text) : "", e);
}

/* For people: lists of objects become lines, empty ones are left out. */
static enum err_code put_readable(const json *lists, json *result, struct err *e)
{
    const json *value;
    const char *name;

    for (size_t i = 0; json_member(lists, i, &name, &value); i++) {
        struct buf text AUTO_CALL(buf_done) = BUF(1024 * 1024);
        AUTO(json) lines = NULL;

        if (json_is_array(value) && json_len(value) == 0)
            continue;
        if (json_is_array(value) && json_is_object(json_at(value, 0))) {
            TRY(json_new_object(&lines, e));
            for (size_t k = 0; k < json_len(value); k++)
                TRY(put_entry(json_at(value, k), lines, e));
        } else { /* a copy */
            TRY(json_write(value, JSON_COMPACT, &text, e));
            TRY(json_parse(buf_bytes(&text), text.n, &lines, e));
        }
        TRY(json_put(result, name, TAKE(lines), e));
    }
    return ERR_OK;
}

static enum err_code put_lists(const struct cli_args *a, const struct cli_node *node, bool kms,
                               json *result, struct err *e)
{
    const struct gov_time time = gov_time_of(node->at.timestamp, clock_unix(&clock_system));
    AUTO(gov_contract) c = NULL;
    AUTO(json) lists = NULL;
    struct addr contract;
    uint64_t from;

    TRY(cli_addr(a, kms ? "kms" : "app", &contract, e));
    TRY(cli_u64(a, "from-block", INT64_MAX, &from, e));
    TRY(gov_contract_read(&node->view, node->rpc, &node->at, &contract, kms, from, &c, e));
    if (a->json)
        return gov_contract_put(c, &time, result, e);
    TRY(json_new_object(&lists, e));
    TRY(gov_contract_put(c, &time, lists, e));
    return put_readable(lists, result, e);
}

enum err_code gov_cmd_show(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    const bool kms = strcmp(a->positional[0], "kms") == 0;
    AUTO(json) result = NULL;

    if (!kms && strcmp(a->positional[0], "app") != 0)
        return err_set(e, ERR_USAGE, "found \"%.40s\", expected kms or app", a->positional[0]);
    TRY(cli_node_open(a, NODE_READ, &node, e));
    TRY(json_new_object(&result, e));
    TRY(kms ? show_kms(a, &node, result, e) : show_app(a, &node, result, e));
    if (!cli_switch(a, "brief"))
        TRY(put_lists(a, &node, kms, result, e));
    return cli_print(a, result, e);
}
