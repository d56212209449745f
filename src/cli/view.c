#include "cli/view.h"
#include "base/fs.h"
#include "chain/view_trusted.h"
#include "crypto/x509_chain.h"
#include "gov/contract.h"

#define CA_MAX ((size_t)1024 * 1024)

void cli_nodes_done(struct cli_nodes *n)
{
    buf_done(&n->ca_pem);
    *n = (struct cli_nodes){0};
}

/* Ascending, as the security configuration has them; one node counts once. */
static enum err_code add_url(struct cli_nodes *n, const char *url, struct err *e)
{
    size_t at = 0;

    if (n->n == ENDPOINTS_MAX)
        return err_set(e, ERR_USAGE, "--rpc: at most %d nodes", ENDPOINTS_MAX);
    while (at < n->n && strcmp(n->url[at], url) < 0)
        at++;
    if (at < n->n && strcmp(n->url[at], url) == 0)
        return err_set(e, ERR_USAGE, "--rpc: the same node twice");
    memmove(&n->url[at + 1], &n->url[at], (n->n - at) * sizeof n->url[0]);
    n->url[at] = url;
    n->n++;
    return ERR_OK;
}

static enum err_code read_quorum(const struct cli_args *a, struct cli_nodes *n, struct err *e)
{
    uint64_t k = n->n / 2 + 1;

    n->mode = "quorum";
    if (cli_value(a, "quorum"))
        TRY(cli_u64(a, "quorum", ENDPOINTS_MAX, &k, e));
#ifdef TEEREG_DEV_ROOTS
    else {
        n->mode = "trusted";
        k = 1;
        return ERR_OK;
    }
#endif
    if (k > n->n || 2 * k <= n->n)
        return err_set(e, ERR_USAGE, "--quorum: found %llu for %zu nodes, expected %zu to %zu",
                       (unsigned long long)k, n->n, n->n / 2 + 1, n->n);
    n->k = (uint16_t)k;
    return ERR_OK;
}

enum err_code cli_nodes_of(const struct cli_args *a, struct cli_nodes *ret, struct err *e)
{
    const char *ca = cli_value(a, "rpc-ca");

    *ret = (struct cli_nodes){.k = 1, .ca_pem = BUF(CA_MAX)};
    if (!cli_value_at(a, "rpc", 0))
        TRY(add_url(ret, cli_value(a, "rpc"), e));
    for (size_t i = 0; cli_value_at(a, "rpc", i); i++)
        TRY(add_url(ret, cli_value_at(a, "rpc", i), e));
    if (ca && (fs_read(ca, &ret->ca_pem, e) != ERR_OK ||
               x509_authority_keys(buf_bytes(&ret->ca_pem), ret->ca_key, CLI_NODE_KEYS_MAX,
                                   &ret->n_ca_keys, e) != ERR_OK)) {
        e->code = e->code == ERR_NOMEM ? e->code : ERR_USAGE;
        return err_wrap(e, "--rpc-ca %s", ca);
    }
    return read_quorum(a, ret, e);
}

static enum err_code open_quorum(const struct cli_nodes *nodes, const struct cli_view_config *c,
                                 struct chain_view *ret, struct err *e)
{
    const struct chain_counter raised = gov_change_counter(&(struct addr){0});
    struct endpoint_config list[ENDPOINTS_MAX] = {0};
    const struct view_quorum_config config = {
        .endpoints = list,
        .n = nodes->n,
        .k = nodes->k,
        .chain_id = c->chain_id,
        .clock = &clock_system,
        .state_path = c->state_path,
        .version = c->version,
        .raised = &raised,
        .max_age_s = c->max_age_s,
        .slot_ms = c->slot_ms,
        .report = c->report,
    };

    for (size_t i = 0; i < nodes->n; i++)
        list[i] = (struct endpoint_config){nodes->url[i], buf_bytes(&nodes->ca_pem)};
    return view_quorum_new(&config, ret, e);
}

#ifdef TEEREG_DEV_ROOTS
static enum err_code open_one(const struct cli_nodes *nodes, const struct cli_view_config *c,
                              rpc **ret_node, struct chain_view *ret, struct err *e)
{
    const struct rpc_config node = {.url = nodes->url[0],
                                    .ca_pem = buf_bytes(&nodes->ca_pem),
                                    .allow_http = true,
                                    .allow_private = true,
                                    .retries = 2};
    struct view_trusted_config config = {.chain_id = c->chain_id,
                                         .clock = &clock_system,
                                         .max_age_s = c->max_age_s,
                                         .slot_ms = c->slot_ms,
                                         .background = c->background};

    TRY_IN(e, rpc_new(&node, ret_node, e), "--rpc");
    config.node = *ret_node;
    return view_trusted_new(&config, ret, e);
}
#endif

enum err_code cli_view_open(const struct cli_nodes *nodes, const struct cli_view_config *config,
                            rpc **ret_node, struct chain_view *ret, struct err *e)
{
#ifdef TEEREG_DEV_ROOTS
    if (strcmp(nodes->mode, "quorum") != 0)
        return open_one(nodes, config, ret_node, ret, e);
#endif
    *ret_node = NULL;
    return open_quorum(nodes, config, ret, e);
}
