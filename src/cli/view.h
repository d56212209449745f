/* view - the chain view of a command, by its options.  Room: cli.
 *
 * --rpc names the nodes, --quorum how many of them must agree.  Without --quorum it is a majority;
 * a development build then believes one node alone, the first by URL. */
#pragma once
#include "chain/view_quorum.h"
#include "cli/cli.h"

#define CLI_NODE_KEYS_MAX 4
struct cli_nodes {
    size_t n;
    const char *url[ENDPOINTS_MAX]; /* ascending */
    uint16_t k;
    const char *mode;  /* of the view: "quorum", ... */
    struct buf ca_pem; /* of --rpc-ca; empty: the system's authorities */
    size_t n_ca_keys;  /* its keys, which the security configuration names */
    struct hash32 ca_key[CLI_NODE_KEYS_MAX];
};
/* Ends with cli_nodes_done also when it fails. */
MUST_CHECK enum err_code cli_nodes_of(const struct cli_args *a, struct cli_nodes *ret,
                                      struct err *e);
void cli_nodes_done(struct cli_nodes *n);

struct cli_view_config {
    uint64_t chain_id;
    unsigned slot_ms;
    bool background; /* the view that believes one node looks by itself, too */
    uint64_t max_age_s;
    const char *state_path;              /* quorum: see view_quorum.h */
    const struct chain_counter *version; /* the same */
    struct chain_health *report;         /* the same */
};
/* *ret_node: what the view reads through where it needs one; ends after it.  NULL: nothing. */
MUST_CHECK enum err_code cli_view_open(const struct cli_nodes *nodes,
                                       const struct cli_view_config *config, rpc **ret_node,
                                       struct chain_view *ret, struct err *e);
