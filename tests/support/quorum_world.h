/* quorum_world - the view `quorum` over nodes of a made-up chain (support/proved_chain.h), as tests
 * of it begin and look at it.  Room: tests. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/fs.h"
#include "chain/facts.h"
#include "chain/view_quorum.h"
#include "support/proved_chain.h"

static struct proved_world w;
static struct clock turned;
static char state_path[64];
static const struct chain_counter counter = {
    .contract = {{0xcc, 0xcc}}, .slot = {{[31] = 3}}, .shift = 0, .bits = 64};

static inline int begin(void **state)
{
    (void)state;
    w = (struct proved_world){0};
    turned = (struct clock){proved_unix, proved_ns, &w};
    proved_start(&w, 3);
    snprintf(state_path, sizeof state_path, "/tmp/teereg-quorum-%d.json", (int)getpid());
    unlink(state_path);
    return 0;
}

static inline int end(void **state)
{
    char lock[sizeof state_path + 8];

    (void)state;
    proved_stop(&w);
    snprintf(lock, sizeof lock, "%s.lock", state_path);
    unlink(state_path);
    unlink(lock);
    return 0;
}

static inline enum err_code open_view(unsigned k, const char *path, struct chain_view *ret,
                                      struct err *e)
{
    struct endpoint_config list[5] = {0};
    const struct view_quorum_config config = {.endpoints = list,
                                              .n = w.n,
                                              .k = k,
                                              .chain_id = 7,
                                              .clock = &turned,
                                              .state_path = path,
                                              .version = &counter,
                                              .raised = &counter,
                                              .slot_ms = 10,
                                              .deadline_ms = 700};

    for (size_t i = 0; i < w.n; i++)
        list[i].url = w.node[i].http->url;
    return view_quorum_new(&config, ret, e);
}

static inline enum err_code read_word(const struct chain_view *v, unsigned doubt, uint8_t *ret)
{
    const struct hash32 slot = {{[31] = 1}};
    struct finalized_block at;
    struct hash32 word;
    struct err e = {0};

    TRY(chain_view_finalized(v, &at, &e));
    at.doubt = doubt;
    TRY(chain_view_read(v, &at, &proved_contract, &slot, 1, &word, NULL, &e));
    *ret = word.b[31];
    return ERR_OK;
}

/* Words, that is: where the newest blocks are later there is a doubt in any case. */
static inline unsigned doubts(const struct chain_view *v)
{
    struct chain_health h;

    assert_true(chain_view_health(v, &h));
    return h.doubts;
}

/* Until it is so, or five seconds have passed. */
#define SOON(condition)                                                                            \
    do {                                                                                           \
        for (int tries = 0; tries < 500 && !(condition); tries++)                                  \
            usleep(10000);                                                                         \
        assert_true(condition);                                                                    \
    } while (0)

static inline uint64_t block_of(const struct chain_view *v)
{
    struct finalized_block at;
    struct err e = {0};

    return chain_view_finalized(v, &at, &e) == ERR_OK ? at.ref.number : 0;
}

static inline uint64_t conflicts(const struct chain_view *v)
{
    struct chain_health h;

    assert_true(chain_view_health(v, &h));
    return h.conflicts;
}

static inline enum err_code refused(const struct chain_view *v, const char *why)
{
    struct finalized_block at;
    struct err e = {0};
    enum err_code code = chain_view_finalized(v, &at, &e);

    return code != ERR_OK && strstr(e.msg, why) ? code : ERR_OK;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
