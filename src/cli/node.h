/* node - the Ethereum node of a command: a view to read through, a key to write with.  Room: cli.
 */
#pragma once
#include "chain/transactor.h"
#include "chain/view.h"
#include "cli/cli.h"

/* Owns all it opens. */
struct cli_node {
    rpc *rpc; /* the first of --rpc: what is written goes there */
    rpc *reader;
    uint64_t chain_id;
    struct chain_view view;    /* when asked for */
    struct finalized_block at; /* the newest, with the view */
    secret *key;
    transactor *writer; /* when asked for */
};
enum cli_node_use { NODE_READ = 1, NODE_WRITE = 2 };

/* From --rpc, --quorum, --rpc-ca and --chain-id, and for NODE_WRITE --key-file. */
MUST_CHECK enum err_code cli_node_open(const struct cli_args *a, unsigned use, struct cli_node *ret,
                                       struct err *e);
void cli_node_done(struct cli_node *n);

/* 64 hex digits (0x in front is fine) and white space after, in a file that nobody else reads. */
MUST_CHECK enum err_code cli_key_file(const char *path, secret **ret, struct err *e);

/* With --final: waits until the transaction's block is final in the node's eyes (ERR_TIMEOUT after
 * 30 minutes, ERR_UPSTREAM when it left the chain).  Then {"transaction", "block", "gas_used"} go
 * into result. */
MUST_CHECK enum err_code cli_put_receipt(const struct cli_args *a, const struct cli_node *node,
                                         json *result, const struct tx_receipt *r, struct err *e);
#define CLI_OPT_FINAL                                                                              \
    {                                                                                              \
        "final", NULL, "return when it is final; no KMS counts it before", NULL, CLI_OPTIONAL      \
    }
