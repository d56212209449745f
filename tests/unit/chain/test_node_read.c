/* node_read: logs in their order and only those that were asked for; batches of many facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/node_read.h"
#include "support/fake_chain.h"

static const struct addr one = {{0x11}};

struct world {
    struct fake_chain chain;
    struct fake_node *node;
    rpc *rpc;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->chain = (struct fake_chain){.chain_id = 31337, .finalized = 5, .head = 7};
    w->node = fake_node_start(fake_chain_answer, &w->chain);
    w->rpc = fake_node_rpc(w->node, 2000);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    rpc_free(w->rpc);
    fake_node_stop(w->node);
    free(w);
    return 0;
}

/* ---- logs ---- */

#define TOPIC "\"0xaa00000000000000000000000000000000000000000000000000000000000000\""
#define OTHER "\"0xbb00000000000000000000000000000000000000000000000000000000000000\""
#define LOG(block, index, topic, data)                                                             \
    "{\"address\":\"0x1100000000000000000000000000000000000000\",\"blockNumber\":\"" block         \
    "\",\"logIndex\":\"" index "\",\"topics\":[" topic "],\"data\":\"" data "\"}"

static const struct hash32 topic = {{0xaa}};

static enum err_code logs(struct world *w, const char *text, struct chain_log *ret, size_t max,
                          size_t *ret_n)
{
    const struct chain_log_query q = {.contract = &one, .topic = {&topic}, .from = 1, .until = 5};
    struct err e = {0};

    w->chain.logs = text;
    return node_read_logs(w->rpc, &q, ret, max, ret_n, &e);
}

static void logs_come_newest_first_and_no_more_than_asked(void **state)
{
    struct chain_log found[2];
    size_t n = 0;

    assert_int_equal(
        logs(*state,
             "[" LOG("0x1", "0x0", TOPIC, "0x01") "," LOG("0x3", "0x0", TOPIC, "0x03") "," LOG(
                 "0x2", "0x5", TOPIC, "0x25") "," LOG("0x2", "0x6", TOPIC, "0x26") "]",
             found, 2, &n),
        ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(found[0].data.p[0], 0x03);
    assert_int_equal(found[1].data.p[0], 0x26);
    chain_log_done(&found[0]);
    chain_log_done(&found[1]);
}

static void no_logs_are_no_error(void **state)
{
    struct chain_log found[2];
    size_t n = 7;

    assert_int_equal(logs(*state, "[]", found, 2, &n), ERR_OK);
    assert_int_equal(n, 0);
}

static void logs_that_were_not_asked_for_are_refused(void **state)
{
    static const char *const texts[] = {
        "[" LOG("0x1", "0x0", OTHER, "0x01") "]", /* another topic */
        "[" LOG("0x6", "0x0", TOPIC, "0x01") "]", /* after the block */
        "[" LOG("0x0", "0x0", TOPIC, "0x01") "]", /* before the first */
        "[" LOG("0x1", "0x0", "", "0x01") "]",
        "[" LOG("0x1", "0x0", TOPIC, "01") "]",
        "[{}]",
        "{}",
        "[null]",
        "[{\"address\":\"0x2200000000000000000000000000000000000000\",\"blockNumber\":\"0x1\","
        "\"logIndex\":\"0x0\",\"topics\":[" TOPIC "],\"data\":\"0x\"}]",
        "[" LOG("0x1", "0x0", TOPIC, "0x01") "," LOG("0x6", "0x0", TOPIC, "0x01") "]",
    };
    struct chain_log found[2];
    size_t n;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (logs(*state, texts[i], found, 2, &n) != ERR_UPSTREAM)
            fail_msg("%s", texts[i]);
}

static bool ends_with_two(void *self, const struct chain_log *log)
{
    ++*(unsigned *)self;
    return log->data.p[0] == 2;
}

static void only_wanted_logs_take_up_room(void **state)
{
    struct world *w = *state;
    unsigned seen = 0;
    const struct chain_log_query q = {
        .contract = &one, .topic = {&topic}, .until = 5, .wanted = ends_with_two, .self = &seen};
    struct chain_log found[1];
    struct err e = {0};
    size_t n = 0;

    w->chain.logs = "[" LOG("0x1", "0x0", TOPIC, "0x02") "," LOG("0x3", "0x0", TOPIC, "0x03") "]";
    assert_int_equal(node_read_logs(w->rpc, &q, found, 1, &n, &e), ERR_OK);
    assert_int_equal(seen, 2);
    assert_int_equal(n, 1);
    assert_int_equal(found[0].data.p[0], 2);
    chain_log_done(&found[0]);
}

static void too_many_logs_at_once_are_our_own_fault(void **state)
{
    struct chain_log found[1];
    size_t n;

    assert_int_equal(logs(*state, "[]", found, NODE_LOGS_MAX + 1, &n), ERR_INTERNAL);
}

/* ---- facts ---- */

static void many_facts_come_in_as_many_requests_as_needed(void **state)
{
    struct world *w = *state;
    struct block_ref at = {.number = 5, .hash = fake_hash(&w->chain, 5)};
    struct fact_key keys[300] = {0};
    struct hash32 values[300];
    struct err e = {0};

    for (size_t i = 0; i < 300; i++) {
        keys[i].contract = one;
        keys[i].slot.b[30] = (uint8_t)(i >> 8);
        keys[i].slot.b[31] = (uint8_t)i;
    }
    assert_int_equal(node_read_facts(w->rpc, &at, keys, 300, values, &e), ERR_OK);
    assert_int_equal(atomic_load(&w->node->requests), 3);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(values[i].b[0], 5);
        assert_int_equal(values[i].b[30] << 8 | values[i].b[31], i);
    }
}

static void long_answers_are_not_asked_for_all_at_once(void **state)
{
    struct world *w = *state;
    struct block_ref at = {.number = 5, .hash = fake_hash(&w->chain, 5)};
    struct fact_key keys[20] = {0};
    struct hash32 values[20];
    struct err e = {0};

    for (size_t i = 0; i < 20; i++)
        keys[i] = (struct fact_key){.contract = {{0x11, (uint8_t)i}}, .code = true};
    assert_int_equal(node_read_facts(w->rpc, &at, keys, 20, values, &e), ERR_OK);
    assert_int_equal(w->chain.codes, 20);
    assert_int_equal(atomic_load(&w->node->requests), 3);
}

static void another_block_than_the_one_asked_for_is_refused(void **state)
{
    struct world *w = *state;
    struct finalized_block b;
    struct err e = {0};

    w->chain.raw = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"number\":\"0x4\",\"hash\":\"0x"
                   "0000000000000000000000000000000000000000000000000000000000000004\","
                   "\"timestamp\":\"0x1\"}}";
    assert_int_equal(node_read_block(w->rpc, 3, &b, &e), ERR_UPSTREAM);
    assert_int_equal(node_read_block(w->rpc, 4, &b, &e), ERR_OK);
}

static void a_block_the_node_has_not_is_refused(void **state)
{
    struct world *w = *state;
    struct finalized_block b;
    struct err e = {0};

    assert_int_equal(node_read_block(w->rpc, 100, &b, &e), ERR_VERIFY);
}

int main(void)
{
#define WITH_NODE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_NODE(logs_come_newest_first_and_no_more_than_asked),
        WITH_NODE(no_logs_are_no_error),
        WITH_NODE(logs_that_were_not_asked_for_are_refused),
        WITH_NODE(only_wanted_logs_take_up_room),
        WITH_NODE(too_many_logs_at_once_are_our_own_fault),
        WITH_NODE(many_facts_come_in_as_many_requests_as_needed),
        WITH_NODE(long_answers_are_not_asked_for_all_at_once),
        WITH_NODE(another_block_than_the_one_asked_for_is_refused),
        WITH_NODE(a_block_the_node_has_not_is_refused),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
