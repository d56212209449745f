/* node - the Ethereum node of a command: a view to read through, a key to write with.  Room: cli.
 */
#pragma once
#include "chain/view.h"
#include "cli/cli.h"
#include "cli/writer.h"

/* Owns all it opens.  Begin with {0}; it must not move while it is open. */
struct cli_node {
    rpc *rpc; /* the first of --rpc: what is written goes there */
    rpc *reader;
    uint64_t chain_id;
    struct chain_view view;    /* when asked for */
    struct finalized_block at; /* the newest, with the view */
    struct cli_writer out;     /* when asked for */
    transactor *writer;        /* the same, borrowed from out */
};
enum cli_node_use { NODE_READ = 1, NODE_WRITE = 2 };

/* From --rpc, --quorum, --rpc-ca and --chain-id, and for NODE_WRITE the options of cli/writer.h. */
MUST_CHECK enum err_code cli_node_open(const struct cli_args *a, unsigned use, struct cli_node *ret,
                                       struct err *e);
void cli_node_done(struct cli_node *n);

/* cli_writer_tell of what NODE_WRITE opened. */
MUST_CHECK enum err_code cli_put_receipt(const struct cli_args *a, struct cli_node *node,
                                         json *result, const struct tx_receipt *r, struct err *e);
