/* node_logs - every event of a contract, as one node tells it, in order.  Room: chain.
 *
 * Asked in bounded ranges of blocks, smaller ones where the node refuses or answers too much.  Not
 * a fact: a node can hide and invent events.  Who needs a fact reads the slot that an event names.
 */
#pragma once
#include "chain/node_read.h"
#include "chain/view.h"

#define NODE_LOG_DATA_MAX ((size_t)512 * 1024)

struct node_log {
    uint64_t block, index, time; /* time: seconds since 1970, 0 where the node does not say */
    struct hash32 tx;
    struct hash32 topics[4];
    size_t n_topics;
    struct buf data;
};

/* Calls each for the events of blocks from..until, oldest first; what it returns ends the walk. */
MUST_CHECK enum err_code node_logs_each(
    rpc *node, const struct addr *contract, uint64_t from, uint64_t until,
    enum err_code (*each)(void *self, const struct node_log *log, struct err *e), void *self,
    struct err *e);
