#include "cli/node.h"
#include "chain/view_trusted.h"
#include "base/clock.h"

enum err_code cli_node_mode(const char **ret, struct err *e)
{
#ifdef TEEREG_DEV_ROOTS
    (void)e;
    *ret = "trusted";
    return ERR_OK;
#else
    (void)ret;
    return err_set(
        e, ERR_DENIED,
        "this build has no way yet to read a contract with proof, and believes no single "
        "node; a development build reads (`./dev build` makes build-dev/teereg)");
#endif
}

static enum err_code open_view(struct cli_node *n, struct err *e)
{
    const char *mode;

    TRY(cli_node_mode(&mode, e));
#ifdef TEEREG_DEV_ROOTS
    const struct view_trusted_config config = {
        .node = n->rpc, .chain_id = n->chain_id, .clock = &clock_system, .slot_ms = 200};

    TRY(view_trusted_new(&config, &n->view, e));
    return chain_view_finalized(&n->view, &n->at, e);
#else
    (void)n;
    return ERR_OK;
#endif
}

static enum err_code open_all(const struct cli_args *a, unsigned use, struct cli_node *n,
                              struct err *e)
{
    const struct rpc_config config = {
        .url = cli_value(a, "rpc"), .allow_http = true, .allow_private = true, .retries = 2};

    TRY(cli_u64(a, "chain-id", UINT64_MAX, &n->chain_id, e));
    TRY_IN(e, rpc_new(&config, &n->rpc, e), "--rpc");
    if (use & NODE_WRITE) {
        TRY(cli_writer_open(a, n->rpc, n->chain_id, &n->out, e));
        n->writer = n->out.transactor;
    }
    if (use & NODE_READ)
        TRY(open_view(n, e));
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
