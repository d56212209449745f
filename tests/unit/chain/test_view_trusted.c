/* view_trusted: one node believed, but not blindly; and how often it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "crypto/digest.h"
#include "support/trusted_world.h"

/* ---- which chain ---- */

static enum err_code start(struct world *w, struct err *e)
{
    struct view_trusted_config config = config_of(w);

    return view_trusted_new(&config, &w->view, e);
}

static void another_chain_is_refused_at_the_start(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    w->chain.chain_id = 1;
    assert_int_equal(start(w, &e), ERR_VERIFY);
    assert_non_null(strstr(e.msg, "chain id: found 1"));
    assert_non_null(strstr(e.msg, "expected 31337"));
}

static void a_chain_id_over_64_bits_is_refused(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    w->chain.raw = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x10000000000007a69\"},"
                   "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null}]";
    assert_int_equal(start(w, &e), ERR_UPSTREAM);
}

static void an_unreachable_node_is_refused_at_the_start(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    hang_up(w, true);
    assert_int_equal(start(w, &e), ERR_UPSTREAM);
}

static void garbage_is_refused_at_the_start(void **state)
{
    static const char *const texts[] = {
        "<html>",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x7a69\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null}]",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x7a69\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"number\":\"0x5\",\"hash\":\"0x00\","
        "\"timestamp\":\"0x1\"}}]",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x7a69\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32000,\"message\":\"no\"}}]",
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err e = {0};

        w->chain.raw = texts[i];
        if (start(w, &e) != ERR_UPSTREAM)
            fail_msg("%zu: %s", i, e.msg);
    }
}

static void the_view_says_that_it_trusts(void **state)
{
    struct world *w = *state;

    assert_string_equal(chain_view_mode(&w->view), "trusted");
    assert_true(w->view.chain_id == CHAIN);
}

static void a_node_that_moves_to_another_chain_stops_the_view(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    newest(w);
    w->chain.chain_id = 1;
    advance(w, 1);
    assert_int_equal(try_newest(w, &e), ERR_VERIFY);
    assert_int_equal(try_newest(w, &e), ERR_VERIFY);
}

static void a_history_that_was_final_and_changed_stops_the_view(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    newest(w);
    w->chain.fork = 1;
    advance(w, 1);
    assert_int_equal(try_newest(w, &e), ERR_VERIFY);
    assert_non_null(strstr(e.msg, "was final"));
    /* It goes on when the history is back. */
    w->chain.fork = 0;
    fake_pass_ms(&w->chain, 1000);
    assert_int_equal(try_newest(w, &e), ERR_OK);
}

static void a_block_that_was_final_and_is_gone_stops_the_view(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    newest(w);
    /* The node claims a later final block, but does not know ours. */
    advance(w, 1);
    w->chain.raw = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x7a69\"},"
                   "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"number\":\"0x6\",\"hash\":\"0x"
                   "0000000000000000000000000000000000000000000000000000000000000006\","
                   "\"timestamp\":\"0x6ab13bc8\"}},"
                   "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":null}]";
    assert_int_equal(try_newest(w, &e), ERR_VERIFY);
    assert_non_null(strstr(e.msg, "is gone"));
}

static void a_node_that_lags_does_not_take_us_back(void **state)
{
    struct world *w = *state;

    assert_true(newest(w).ref.number == 5);
    fake_pass_ms(&w->chain, 12000);
    w->chain.finalized = 3;
    assert_true(newest(w).ref.number == 5);
}

/* ---- freshness ---- */

static void a_block_older_than_the_bound_is_refused(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    w->chain.now = FAKE_GENESIS + 12 * 5 + 3600;
    assert_int_equal(try_newest(w, &e), ERR_OK);
    w->chain.now++;
    assert_int_equal(try_newest(w, &e), ERR_VERIFY);
    assert_non_null(strstr(e.msg, "3601 s old"));
}

static void a_block_from_the_future_is_refused(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    w->chain.now = FAKE_GENESIS + 12 * 5 - 60;
    assert_int_equal(try_newest(w, &e), ERR_OK);
    w->chain.now--;
    assert_int_equal(try_newest(w, &e), ERR_VERIFY);
}

static void a_start_on_a_stale_chain_is_refused(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    w->chain.now = FAKE_GENESIS + 1000000;
    assert_int_equal(start(w, &e), ERR_VERIFY);
}

static void a_short_silence_of_the_node_is_bridged(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    newest(w);
    hang_up(w, true);
    fake_pass_ms(&w->chain, 60000);
    assert_int_equal(try_newest(w, &e), ERR_OK);
}

static void a_long_silence_of_the_node_denies(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    newest(w);
    hang_up(w, true);
    fake_pass_ms(&w->chain, 121000);
    assert_int_equal(try_newest(w, &e), ERR_UPSTREAM);
    hang_up(w, false);
    fake_pass_ms(&w->chain, 1000);
    assert_int_equal(try_newest(w, &e), ERR_OK);
}

/* ---- how often the node is asked ---- */

static void within_a_slot_the_block_costs_no_request(void **state)
{
    struct world *w = *state;
    unsigned before = requests(w);

    for (int i = 0; i < 100; i++)
        newest(w);
    fake_pass_ms(&w->chain, 11999);
    newest(w);
    assert_int_equal(requests(w), before);
    fake_pass_ms(&w->chain, 1);
    newest(w);
    assert_int_equal(requests(w), before + 1);
}

static void a_failing_node_is_asked_once_a_second(void **state)
{
    struct world *w = *state;
    unsigned before;
    struct err e;

    newest(w);
    hang_up(w, true);
    fake_pass_ms(&w->chain, 12000);
    before = requests(w);
    for (int i = 0; i < 10; i++)
        (void)!try_newest(w, &e);
    assert_true(requests(w) - before <= 2); /* curl asks a lost idle connection again */
    before = requests(w);
    fake_pass_ms(&w->chain, 999);
    (void)!try_newest(w, &e);
    assert_int_equal(requests(w), before);
}

static void facts_at_a_new_block_are_one_request(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 values[CHAIN_SLOTS_MAX];
    unsigned before = requests(w);

    read_all(w, &at, &one, 20, values);
    assert_int_equal(requests(w), before + 1);
    assert_int_equal(values[3].b[31], 4);
    assert_int_equal(values[3].b[0], 5);
}

static void facts_at_a_known_block_cost_no_request(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 first[CHAIN_SLOTS_MAX], again[CHAIN_SLOTS_MAX];
    unsigned before;

    read_all(w, &at, &one, 20, first);
    before = requests(w);
    for (int i = 0; i < 50; i++)
        read_all(w, &at, &one, 20, again);
    assert_int_equal(requests(w), before);
    assert_memory_equal(first, again, 20 * sizeof first[0]);
}

static void what_was_read_before_is_there_when_a_block_becomes_final(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 values[CHAIN_SLOTS_MAX];
    unsigned before;

    read_all(w, &at, &one, 20, values);
    read_all(w, &at, &two, 10, values);
    advance(w, 1);
    before = requests(w);
    at = newest(w);
    /* The new block is one request, the facts of both contracts at it are another. */
    assert_int_equal(requests(w), before + 2);
    read_all(w, &at, &one, 20, values);
    assert_int_equal(values[0].b[0], 6);
    read_all(w, &at, &two, 10, values);
    assert_int_equal(requests(w), before + 2);
}

static void only_what_is_missing_is_asked_for(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 values[CHAIN_SLOTS_MAX];

    read_all(w, &at, &one, 5, values);
    w->chain.storage = w->chain.codes = 0;
    read_all(w, &at, &one, 8, values);
    assert_int_equal(w->chain.storage, 3);
    assert_int_equal(w->chain.codes, 0);
    assert_int_equal(values[6].b[31], 7);
}

/* Anybody may ask a KMS about applications that do not exist. */
static void a_flood_of_facts_does_not_end_the_cache(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 slots[CHAIN_SLOTS_MAX] = {0}, values[CHAIN_SLOTS_MAX], code;
    struct err e = {0};
    unsigned before;

    for (uint8_t i = 1; i < 40; i++) {
        for (size_t k = 0; k < CHAIN_SLOTS_MAX; k++)
            slots[k] = (struct hash32){{i, (uint8_t)k}};
        if (chain_view_read(&w->view, &at, &one, slots, CHAIN_SLOTS_MAX, values, &code, &e) !=
            ERR_OK)
            fail_msg("%s", e.msg);
    }
    read_all(w, &at, &two, 20, values);
    before = requests(w);
    read_all(w, &at, &two, 20, values);
    assert_int_equal(requests(w), before);
}

static void facts_nobody_asks_for_any_more_are_left_behind(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 values[CHAIN_SLOTS_MAX];

    read_all(w, &at, &one, 5, values);
    for (int i = 0; i < 40; i++) {
        advance(w, 1);
        newest(w);
    }
    w->chain.storage = 0;
    advance(w, 1);
    newest(w);
    assert_int_equal(w->chain.storage, 0);
}

static void a_read_begun_at_the_block_before_ends_there(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 values[CHAIN_SLOTS_MAX];

    read_all(w, &at, &one, 5, values);
    advance(w, 1);
    newest(w);
    read_all(w, &at, &one, 5, values);
    assert_int_equal(values[0].b[0], 5);
}

static void a_change_shows_at_the_next_final_block(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 values[CHAIN_SLOTS_MAX];

    read_all(w, &at, &one, 1, values);
    assert_int_equal(values[0].b[0], 5);
    advance(w, 1);
    at = newest(w);
    read_all(w, &at, &one, 1, values);
    assert_int_equal(values[0].b[0], 6);
}

/* ---- what is read ---- */

static void the_code_hash_is_of_the_code_that_came(void **state)
{
    static const uint8_t code[] = {0x60, 0x01};
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 expected, found;
    struct err e;

    keccak256(BYTES(code), &expected);
    assert_int_equal(chain_view_read(&w->view, &at, &one, NULL, 0, NULL, &found, &e), ERR_OK);
    assert_memory_equal(found.b, expected.b, 32);
}

static void code_that_changes_is_seen(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 before, after;
    struct err e;

    assert_int_equal(chain_view_read(&w->view, &at, &changing, NULL, 0, NULL, &before, &e), ERR_OK);
    advance(w, 1);
    at = newest(w);
    assert_int_equal(chain_view_read(&w->view, &at, &changing, NULL, 0, NULL, &after, &e), ERR_OK);
    assert_memory_not_equal(before.b, after.b, 32);
}

static void an_address_without_code_is_not_found(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 slot = {0}, value;
    struct err e = {0};

    assert_int_equal(chain_view_read(&w->view, &at, &nowhere, &slot, 1, &value, NULL, &e),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(e.msg, "0x77"));
}

static void a_stalled_node_fails_a_cold_read_in_time(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 slot = {0}, value;
    uint64_t start = clock_ns(&clock_system);
    struct err e;

    w->chain.reply.delay_ms = 5000;
    assert_int_equal(chain_view_read(&w->view, &at, &one, &slot, 1, &value, NULL, &e), ERR_TIMEOUT);
    assert_true(clock_ns(&clock_system) - start < 3000000000u);
}

static void words_of_another_length_are_refused(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 slot = {0}, value;
    struct err e;

    w->chain.raw = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x6001\"},"
                   "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":\"0x01\"}]";
    assert_int_equal(chain_view_read(&w->view, &at, &one, &slot, 1, &value, NULL, &e),
                     ERR_UPSTREAM);
}

static void too_many_slots_are_our_own_fault(void **state)
{
    struct world *w = *state;
    struct finalized_block at = newest(w);
    struct hash32 slots[CHAIN_SLOTS_MAX + 1] = {0}, values[CHAIN_SLOTS_MAX + 1];
    struct err e;

    assert_int_equal(
        chain_view_read(&w->view, &at, &one, slots, CHAIN_SLOTS_MAX + 1, values, NULL, &e),
        ERR_INTERNAL);
}

int main(void)
{
#define WITH_NODE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define WITH_VIEW(f) cmocka_unit_test_setup_teardown(f, set_up_view, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_NODE(another_chain_is_refused_at_the_start),
        WITH_NODE(a_chain_id_over_64_bits_is_refused),
        WITH_NODE(an_unreachable_node_is_refused_at_the_start),
        WITH_NODE(garbage_is_refused_at_the_start),
        WITH_VIEW(the_view_says_that_it_trusts),
        WITH_VIEW(a_node_that_moves_to_another_chain_stops_the_view),
        WITH_VIEW(a_history_that_was_final_and_changed_stops_the_view),
        WITH_VIEW(a_block_that_was_final_and_is_gone_stops_the_view),
        WITH_VIEW(a_node_that_lags_does_not_take_us_back),
        WITH_VIEW(a_block_older_than_the_bound_is_refused),
        WITH_VIEW(a_block_from_the_future_is_refused),
        WITH_NODE(a_start_on_a_stale_chain_is_refused),
        WITH_VIEW(a_short_silence_of_the_node_is_bridged),
        WITH_VIEW(a_long_silence_of_the_node_denies),
        WITH_VIEW(within_a_slot_the_block_costs_no_request),
        WITH_VIEW(a_failing_node_is_asked_once_a_second),
        WITH_VIEW(facts_at_a_new_block_are_one_request),
        WITH_VIEW(facts_at_a_known_block_cost_no_request),
        WITH_VIEW(what_was_read_before_is_there_when_a_block_becomes_final),
        WITH_VIEW(only_what_is_missing_is_asked_for),
        WITH_VIEW(a_flood_of_facts_does_not_end_the_cache),
        WITH_VIEW(facts_nobody_asks_for_any_more_are_left_behind),
        WITH_VIEW(a_read_begun_at_the_block_before_ends_there),
        WITH_VIEW(a_change_shows_at_the_next_final_block),
        WITH_VIEW(the_code_hash_is_of_the_code_that_came),
        WITH_VIEW(code_that_changes_is_seen),
        WITH_VIEW(an_address_without_code_is_not_found),
        WITH_VIEW(a_stalled_node_fails_a_cold_read_in_time),
        WITH_VIEW(words_of_another_length_are_refused),
        WITH_VIEW(too_many_slots_are_our_own_fault),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
