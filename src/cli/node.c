#include "cli/node.h"
#include "cli/view.h"

#define SLOT_MS 200 /* a command asks once, or waits for what it has just written */

static enum err_code open_all(const struct cli_args *a, unsigned use, struct cli_node *n,
                              struct err *e)
{
    struct cli_nodes nodes AUTO_CALL(cli_nodes_done) = {0};
    struct cli_view_config view = {.slot_ms = SLOT_MS};
    struct rpc_config config = {.url = cli_value(a, "rpc"), .allow_private = true, .retries = 2};

    TRY(cli_u64(a, "chain-id", UINT64_MAX, &n->chain_id, e));
    TRY(cli_nodes_of(a, &nodes, e));
    config.ca_pem = buf_bytes(&nodes.ca_pem);
    config.allow_http = endpoint_is_loopback(config.url);
    TRY_IN(e, rpc_new(&config, &n->rpc, e), "--rpc");
    if (use & NODE_WRITE) {
        TRY(cli_writer_open(a, n->rpc, n->chain_id, &n->out, e));
        n->writer = n->out.transactor;
    }
    if (use & NODE_READ) {
        view.chain_id = n->chain_id;
        TRY(cli_view_open(&nodes, &view, &n->reader, &n->view, e));
        TRY(chain_view_finalized(&n->view, &n->at, e));
    }
    return ERR_OK;
}

enum err_code cli_node_open(const struct cli_args *a, unsigned use, struct cli_node *ret,
                            struct err *e)
{
    enum err_code rc = open_all(a, use, ret, e);

    if (rc != ERR_OK)
        cli_node_done(ret);
    return rc;
}

void cli_node_done(struct cli_node *n)
{
    chain_view_done(&n->view);
    if (n->reader)
        rpc_free(n->reader);
    cli_writer_done(&n->out);
    if (n->rpc)
        rpc_free(n->rpc);
    *n = (struct cli_node){0};
}

enum err_code cli_put_receipt(const struct cli_args *a, struct cli_node *node, json *result,
                              const struct tx_receipt *r, struct err *e)
{
    return cli_writer_tell(a, &node->out, node->chain_id, result, r, e);
}
