/* node_logs: bounded questions, smaller ones where a node refuses, and answers that were not asked
 * for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/node_logs.h"
#include "support/fake_node.h"

#define LOG(block, index)                                                                           \
    "{\"address\":\"0xca00000000000000000000000000000000000000\",\"blockNumber\":\"" block          \
    "\",\"logIndex\":\"" index                                                                      \
    "\",\"transactionHash\":\"0x1111111111111111111111111111111111111111111111111111111111111111\"" \
    ",\"topics\":[],\"data\":\"0x12\"}"

static const struct addr contract = {{0xca}};

struct world {
    struct fake_node *node;
    rpc *rpc;
    uint64_t most;    /* blocks in one question that it answers */
    unsigned asked;   /* questions */
    uint64_t longest; /* blocks in one that was asked */
    const char *logs; /* what it answers when block 5 is asked for */
    unsigned seen, delay_ms;
};

static uint64_t number(const json *query, const char *member)
{
    const char *text;
    struct err e;

    assert_int_equal(json_get_str(query, member, 32, &text, &e), ERR_OK);
    return strtoull(text + 2, NULL, 16);
}

static void answer(void *self, const json *request, struct fake_reply *reply)
{
    struct world *w = self;
    const json *params;
    uint64_t from, to;
    struct err e;

    assert_int_equal(json_get_array(request, "params", &params, &e), ERR_OK);
    from = number(json_at(params, 0), "fromBlock");
    to = number(json_at(params, 0), "toBlock");
    w->asked++;
    reply->delay_ms = w->delay_ms;
    if (to - from + 1 > w->longest)
        w->longest = to - from + 1;
    buf_put_str(&reply->body, "{\"jsonrpc\":\"2.0\",\"id\":1,");
    if (to - from + 1 > w->most)
        buf_put_str(&reply->body, "\"error\":{\"code\":-32005,\"message\":\"too many blocks\"}}");
    else
        buf_printf(&reply->body, "\"result\":[%s]}", from <= 5 && 5 <= to ? w->logs : "");
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->most = UINT64_MAX;
    w->logs = LOG("0x5", "0x0") "," LOG("0x5", "0x1");
    w->node = fake_node_start(answer, w);
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

static enum err_code count(void *self, const struct node_log *log, struct err *e)
{
    struct world *w = self;

    (void)e;
    assert_true(log->block == 5 && log->index == w->seen && log->data.n == 1);
    w->seen++;
    return ERR_OK;
}

static enum err_code walk(struct world *w, uint64_t until)
{
    struct err e = {0};

    w->asked = w->seen = 0;
    w->longest = 0;
    return node_logs_each(w->rpc, &contract, 0, until, count, w, &e);
}

static void no_question_is_about_too_many_blocks(void **state)
{
    struct world *w = *state;

    assert_int_equal(walk(w, 25000), ERR_OK);
    assert_int_equal(w->seen, 2);
    assert_int_equal(w->asked, 3);
    assert_true(w->longest == NODE_LOGS_RANGE);
}

static void a_node_that_answers_less_is_asked_less(void **state)
{
    struct world *w = *state;

    w->most = 100;
    assert_int_equal(walk(w, 1000), ERR_OK);
    assert_int_equal(w->seen, 2);
}

static void a_node_that_answers_nothing_is_an_error(void **state)
{
    struct world *w = *state;

    w->most = 0;
    assert_int_equal(walk(w, 1000), ERR_UPSTREAM);
    assert_true(w->asked < 40);
}

static void what_was_not_asked_for_is_refused(void **state)
{
    static const char *const wrong[] = {
        LOG("0x3e9", "0x0"),                     /* after the last block */
        LOG("0x5", "0x1") "," LOG("0x5", "0x1"), /* twice */
        LOG("0x5", "0x1") "," LOG("0x4", "0x2"), /* backwards */
        "7",
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err e = {0};

        w->logs = wrong[i];
        w->seen = 1;
        assert_int_equal(node_logs_each(w->rpc, &contract, 0, 1000, count, w, &e), ERR_UPSTREAM);
    }
}

/* What is asked of a view: the newest that one topic has, in one question where that is taken. */
static enum err_code newest(struct world *w, uint64_t until, size_t *ret_n)
{
    static const struct hash32 topic = {{1}};
    const struct chain_log_query q = {.contract = &contract, .topic = {&topic}, .until = until};
    struct chain_log logs[4];
    enum err_code code;
    struct err e = {0};

    w->asked = 0;
    w->logs = "{\"address\":\"0xca00000000000000000000000000000000000000\",\"blockNumber\":\"0x5\","
              "\"logIndex\":\"0x0\",\"topics\":["
              "\"0x0100000000000000000000000000000000000000000000000000000000000000\"],"
              "\"data\":\"0x12\"}";
    *ret_n = 0;
    code = node_read_logs(w->rpc, &q, logs, 4, ret_n, &e);
    for (size_t i = 0; i < *ret_n; i++)
        chain_log_done(&logs[i]);
    return code;
}

static void the_newest_are_found_where_a_node_takes_small_ranges_alone(void **state)
{
    struct world *w = *state;
    size_t n;

    assert_int_equal(newest(w, 60000, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(w->asked, 1);
    w->most = 3000;
    assert_int_equal(newest(w, 60000, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_true(w->asked < 32);
    assert_int_equal(newest(w, 600000, &n), ERR_OK); /* too far back */
    assert_int_equal(n, 0);
    assert_int_equal(w->asked, 1 + NODE_LOGS_ASKED);
}

static void a_slow_node_holds_nobody_up(void **state)
{
    struct world *w = *state;
    size_t n;

    w->most = 3000;
    w->delay_ms = 800;
    assert_int_equal(newest(w, 600000, &n), ERR_OK);
    assert_true(w->asked < NODE_LOGS_ASKED);
}

static void a_node_that_refuses_any_range_is_not_asked_for_ever(void **state)
{
    struct world *w = *state;
    size_t n;

    w->most = 10;
    assert_int_equal(newest(w, 60000, &n), ERR_UPSTREAM);
    assert_true(w->asked < 10);
}

int main(void)
{
#define WITH_NODE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_NODE(no_question_is_about_too_many_blocks),
        WITH_NODE(a_node_that_answers_less_is_asked_less),
        WITH_NODE(a_node_that_answers_nothing_is_an_error),
        WITH_NODE(what_was_not_asked_for_is_refused),
        WITH_NODE(the_newest_are_found_where_a_node_takes_small_ranges_alone),
        WITH_NODE(a_slow_node_holds_nobody_up),
        WITH_NODE(a_node_that_refuses_any_range_is_not_asked_for_ever),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
