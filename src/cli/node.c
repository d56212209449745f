#include "cli/node.h"
#include <time.h>
#include "base/codec.h"
#include "chain/node_read.h"
#include "cli/files.h"
#include "cli/view.h"

enum err_code cli_key_file(const char *path, secret **ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done_wipe) = BUF(256);
    AUTO(secret) key = NULL;

    TRY(cli_read_private(path, "key file", &text, e));
    while (text.n > 0 &&
           (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r' || text.p[text.n - 1] == ' '))
        text.n--;
    TRY(secret_new(32, &key, e));
    if (hex_decode_0x(buf_bytes(&text), key->p, 32, e) != ERR_OK)
        return err_set(e, ERR_INVALID, "key file %s: expected 64 hex digits", path);
    *ret = TAKE(key);
    return ERR_OK;
}

#define SLOT_MS 200 /* a command asks once, or waits for what it has just written */

enum err_code cli_node_open(const struct cli_args *a, unsigned use, struct cli_node *ret,
                            struct err *e)
{
    struct cli_node n AUTO_CALL(cli_node_done) = {0};
    struct cli_nodes nodes AUTO_CALL(cli_nodes_done) = {0};
    struct cli_view_config view = {.slot_ms = SLOT_MS};
    struct rpc_config config = {.allow_http = true, .allow_private = true, .retries = 2};

    TRY(cli_u64(a, "chain-id", UINT64_MAX, &n.chain_id, e));
    TRY(cli_nodes_of(a, &nodes, e));
    config.url = cli_value(a, "rpc");
    config.ca_pem = buf_bytes(&nodes.ca_pem);
    TRY_IN(e, rpc_new(&config, &n.rpc, e), "--rpc");
    if (use & NODE_WRITE) {
        struct transactor_config writer = {
            .node = n.rpc, .chain_id = n.chain_id, .clock = &clock_system};

        TRY(cli_key_file(cli_value(a, "key-file"), &n.key, e));
        writer.key = n.key;
        TRY(transactor_new(&writer, &n.writer, e));
    }
    if (use & NODE_READ) {
        view.chain_id = n.chain_id;
        TRY(cli_view_open(&nodes, &view, &n.reader, &n.view, e));
        TRY(chain_view_finalized(&n.view, &n.at, e));
    }
    *ret = n;
    n = (struct cli_node){0};
    return ERR_OK;
}

void cli_node_done(struct cli_node *n)
{
    chain_view_done(&n->view);
    if (n->reader)
        rpc_free(n->reader);
    if (n->writer)
        transactor_free(n->writer);
    secret_free(n->key);
    if (n->rpc)
        rpc_free(n->rpc);
    *n = (struct cli_node){0};
}

#define FINAL_WAIT_S  1800
#define FINAL_POLL_MS 100

static enum err_code wait_final(const struct cli_node *node, const struct tx_receipt *r,
                                struct err *e)
{
    const int64_t until = clock_unix(&clock_system) + FINAL_WAIT_S;
    const struct timespec pause = {.tv_nsec = FINAL_POLL_MS * 1000000L};

    for (;;) {
        struct finalized_block final, again;
        uint64_t chain_id;
        bool known;

        TRY(node_read_head(node->rpc, &r->block, &chain_id, &final, &again, &known, e));
        if (final.ref.number >= r->block) {
            if (known && hash32_eq(&again.ref.hash, &r->block_hash))
                return ERR_OK;
            return err_set(e, ERR_UPSTREAM,
                           "the transaction's block %llu left the chain: run the command again",
                           (unsigned long long)r->block);
        }
        if (clock_unix(&clock_system) > until)
            return err_set(e, ERR_TIMEOUT, "block %llu is not final after %d s",
                           (unsigned long long)r->block, FINAL_WAIT_S);
        nanosleep(&pause, NULL);
    }
}

enum err_code cli_put_receipt(const struct cli_args *a, const struct cli_node *node, json *result,
                              const struct tx_receipt *r, struct err *e)
{
    if (cli_switch(a, "final"))
        TRY(wait_final(node, r, e));
    TRY(json_put_hex0x(result, "transaction", BYTES_OF(r->tx), e));
    TRY(json_put_u64(result, "block", r->block, e));
    return json_put_u64(result, "gas_used", r->gas_used, e);
}
