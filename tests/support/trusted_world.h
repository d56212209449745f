/* trusted_world - a fake chain with a view that trusts its node, for the tests of that view.
 * Room: tests.
 *
 * Include after cmocka.h. */
#pragma once
#include "chain/view_trusted.h"
#include "support/fake_chain.h"

#define CHAIN 31337

static const struct addr one = {{0x11}}, two = {{0x22}}, nowhere = {{0x77}}, changing = {{0x99}};

struct world {
    struct fake_chain chain;
    struct clock clock;
    struct fake_node *node;
    rpc *rpc;
    struct chain_view view;
};

static inline struct view_trusted_config config_of(struct world *w)
{
    return (struct view_trusted_config){
        .node = w->rpc, .chain_id = CHAIN, .clock = &w->clock, .slot_ms = 12000};
}

static inline int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->chain = (struct fake_chain){
        .chain_id = CHAIN, .finalized = 5, .head = 7, .now = FAKE_GENESIS + 100, .ns = 1000000000};
    w->clock = (struct clock){fake_unix, fake_ns, &w->chain};
    w->node = fake_node_start(fake_chain_answer, &w->chain);
    w->rpc = fake_node_rpc(w->node, 500);
    *state = w;
    return 0;
}

static inline int set_up_view(void **state)
{
    struct view_trusted_config config;
    struct err e = {0};
    struct world *w;

    set_up(state);
    w = *state;
    config = config_of(w);
    if (view_trusted_new(&config, &w->view, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *w = *state;

    chain_view_done(&w->view);
    rpc_free(w->rpc);
    fake_node_stop(w->node);
    free(w);
    return 0;
}

/* Under the node's lock: no answer tells it that this was done before. */
static inline void hang_up(struct world *w, bool yes)
{
    pthread_mutex_lock(&w->node->lock);
    w->chain.hang_up = yes;
    pthread_mutex_unlock(&w->node->lock);
}

static inline unsigned requests(const struct world *w)
{
    return atomic_load(&w->node->requests);
}

static inline struct finalized_block newest(struct world *w)
{
    struct finalized_block b = {0};
    struct err e = {0};

    if (chain_view_finalized(&w->view, &b, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return b;
}

static inline enum err_code try_newest(struct world *w, struct err *e)
{
    struct finalized_block b;

    return chain_view_finalized(&w->view, &b, e);
}

/* The chain goes on by n final blocks, and time by as many slots. */
static inline void advance(struct world *w, unsigned n)
{
    w->chain.finalized += n;
    w->chain.head += n;
    fake_pass_ms(&w->chain, 12000ull * n);
}

static inline void read_all(struct world *w, const struct finalized_block *at,
                            const struct addr *contract, size_t n, struct hash32 *ret)
{
    struct hash32 slots[CHAIN_SLOTS_MAX] = {0}, code;
    struct err e = {0};

    for (size_t i = 0; i < n; i++)
        slots[i].b[31] = (uint8_t)(i + 1);
    if (chain_view_read(&w->view, at, contract, slots, n, ret, &code, &e) != ERR_OK)
        fail_msg("%s", e.msg);
}
