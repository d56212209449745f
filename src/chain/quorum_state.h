/* quorum_state - what a chain view remembers across restarts: the last finalized block, a policy
 * version, and who contradicted whom.  Room: chain.
 *
 * A promise against endpoints: none of them takes a node back to a block before one that it saw.
 * Not against a host that rolls the disk back. */
#pragma once
#include "chain/quorum.h"

#define QUORUM_STATE_MAX 65536

struct quorum_state {
    uint64_t chain_id;
    bool has_block;
    struct finalized_block block;
    uint64_t version; /* 0: none was seen */
    size_t n_conflicts;
    struct quorum_conflict conflict[CONFLICTS_MAX];
};
/* JSON, exactly what encode writes. */
MUST_CHECK enum err_code quorum_state_decode(struct bytes text, struct quorum_state *ret,
                                             struct err *e);
MUST_CHECK enum err_code quorum_state_encode(const struct quorum_state *s, struct buf *ret,
                                             struct err *e);
/* Of a file; no file is an empty state.  ERR_VERIFY: it is damaged, or of another chain. */
MUST_CHECK enum err_code quorum_state_read(const char *path, uint64_t chain_id,
                                           struct quorum_state *ret, struct err *e);
/* Such a file (path NULL: nothing is remembered), for one process at a time: what two write would
 * forget what either knew. */
struct quorum_state_file {
    char *path;
    int lock;
};
/* To be closed on failure, too.  ERR_BUSY: another process has it. */
MUST_CHECK enum err_code quorum_state_open(const char *path, struct quorum_state_file *ret,
                                           struct err *e);
void quorum_state_close(struct quorum_state_file *f);
/* Atomic and durable, mode 0600. */
MUST_CHECK enum err_code quorum_state_write(const char *path, const struct quorum_state *s,
                                            struct err *e);
