/* view_quorum: what the newest blocks deny counts before it is final, until it is, and stops nobody
 * whom it does not concern.  SR-15, SR-16. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/quorum_world.h"

static void what_is_denied_counts_before_it_is_final(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};
    uint8_t word = 0;

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    w.node[0].latest_word = 9; /* one alone says nothing */
    usleep(200000);
    assert_int_equal(doubts(&v), 0);
    w.node[1].latest_word = 9;
    SOON(doubts(&v) == 1);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    assert_int_equal(word, 1);
    assert_int_equal(read_word(&v, 1, &word), ERR_OK);
    assert_int_equal(word, 9);
    w.node[0].latest_word = w.node[1].latest_word = 0; /* a newest block without it */
    usleep(200000);
    assert_int_equal(doubts(&v), 1);
    w.latest = 104;
    w.finalized = 103;
    SOON(block_of(&v) == 103);
    usleep(100000);
    assert_int_equal(doubts(&v), 1); /* who began at the block before must see it */
    w.finalized = 104;
    SOON(doubts(&v) == 0);
}

/* One that makes up newest blocks far ahead must not keep a doubt alive. */
static void a_doubt_ends_whatever_one_makes_up(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};
    uint8_t word = 0;

    (void)state;
    w.node[0].ahead = 250;
    w.changes = 102;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    SOON(doubts(&v) == 1);
    w.latest = w.finalized = 110;
    SOON(block_of(&v) == 110);
    w.latest = w.finalized = 111;
    SOON(doubts(&v) == 0);
}

/* What nobody has asked for in a long time, but is known still, is watched as well. */
static void all_that_is_known_is_watched(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};
    uint8_t word = 0;

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    for (unsigned block = 101; block <= 100 + FACTS_IDLE_MAX; block++) {
        w.latest = w.finalized = block;
        SOON(block_of(&v) == block);
    }
    w.changes = w.finalized + 1;
    w.latest = w.finalized + 2;
    SOON(doubts(&v) == 1);
}

/* A decision that began before a revocation was final, and ends after it. */
static void a_doubt_outlives_the_block_before(void **state)
{
    const struct hash32 slot = {{[31] = 1}};
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct finalized_block at;
    struct hash32 value;
    struct err e = {0};
    uint8_t word = 0;

    (void)state;
    w.changes = 102;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    assert_int_equal(chain_view_finalized(&v, &at, &e), ERR_OK);
    w.latest = w.finalized = 110;
    SOON(block_of(&v) == 110);
    usleep(100000);
    assert_int_equal(chain_view_read(&v, &at, &proved_contract, &slot, 1, &value, NULL, &e),
                     ERR_OK);
    assert_int_equal(value.b[31], 1); /* what was final where it began */
    assert_int_equal(doubts(&v), 1);
    at = chain_view_doubt(&at, 1);
    assert_int_equal(chain_view_read(&v, &at, &proved_contract, &slot, 1, &value, NULL, &e),
                     ERR_OK);
    assert_int_equal(value.b[31], 2);
}

/* A block that is older than all that is cached: what is denied since is seen all the same. */
static void a_read_at_an_old_block_sees_denials(void **state)
{
    const struct hash32 slot = {{[31] = 1}};
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct finalized_block at;
    struct hash32 value;
    struct err e = {0};

    (void)state;
    w.changes = 102;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(chain_view_finalized(&v, &at, &e), ERR_OK);
    for (unsigned block = 110; block < 113; block++) {
        w.latest = w.finalized = block;
        SOON(block_of(&v) == block);
    }
    assert_int_equal(chain_view_read(&v, &at, &proved_contract, &slot, 1, &value, NULL, &e),
                     ERR_OK);
    assert_int_equal(value.b[31], 1);
    assert_int_equal(doubts(&v), 1);
}

static enum err_code read_slot(const struct chain_view *v, uint8_t slot_number, unsigned doubt,
                               struct err *e)
{
    const struct hash32 slot = {{[31] = slot_number}};
    struct finalized_block at;
    struct hash32 word;

    TRY(chain_view_finalized(v, &at, e));
    at.doubt = doubt;
    return chain_view_read(v, &at, &proved_contract, &slot, 1, &word, NULL, e);
}

/* Whoever rests on it has to wait, and nobody else. */
static void a_word_that_changes_too_often_stops_no_other(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};
    uint8_t word = 0;

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    assert_int_equal(read_slot(&v, 9, 0, &e), ERR_OK);
    for (unsigned i = 1; i <= 4; i++) {
        w.node[0].latest_word = w.node[1].latest_word = 10 + i;
        SOON(doubts(&v) == i);
    }
    assert_int_equal(read_word(&v, 1, &word), ERR_OK);
    w.node[0].latest_word = w.node[1].latest_word = 15;
    SOON(read_word(&v, 1, &word) == ERR_UPSTREAM);
    assert_int_equal(read_slot(&v, 9, 1, &e), ERR_OK);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    assert_int_equal(word, 1);
}

/* Every change raises it; that decides nothing. */
static void a_counter_is_in_no_doubt(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(read_slot(&v, 3, 0, &e), ERR_OK); /* the newest block has another */
    assert_int_equal(doubts(&v), 0);
}

/* What nobody has asked for before is looked up at the newest blocks, too. */
static void a_cold_read_sees_denials(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};
    uint8_t word = 0;

    (void)state;
    w.changes = 102;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    assert_int_equal(word, 1);
    assert_int_equal(doubts(&v), 1);
    assert_int_equal(read_word(&v, 1, &word), ERR_OK);
    assert_int_equal(word, 2);
}

static uint64_t newest_time(const struct chain_view *v)
{
    struct finalized_block at;
    struct err e = {0};

    assert_int_equal(chain_view_finalized(v, &at, &e), ERR_OK);
    return at.newest - CHAIN_TIME;
}

static uint64_t answers_of(const struct chain_view *v, size_t i)
{
    struct chain_health h;

    assert_true(chain_view_health(v, &h));
    return h.endpoint[i].answers;
}

/* The time is what k have reached: one that is far ahead moves it as little as one that is behind.
 */
static void no_minority_moves_the_time_of_the_newest_blocks(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct finalized_block at;
    struct err e = {0};
    uint64_t answers;

    (void)state;
    w.node[0].ahead = 50;
    w.node[2].says_old = 100;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(newest_time(&v), 102);
    answers = answers_of(&v, 0);
    SOON(answers_of(&v, 0) > answers + 4); /* it was asked more than once since */
    assert_int_equal(newest_time(&v), 102);
    w.node[1].ahead = 20;
    SOON(newest_time(&v) == 122);
    w.node[0].ahead = w.node[1].ahead = 0; /* and it never goes back */
    answers = answers_of(&v, 0);
    SOON(answers_of(&v, 0) > answers + 4);
    assert_int_equal(newest_time(&v), 122);
    assert_int_equal(chain_view_finalized(&v, &at, &e), ERR_OK);
    assert_int_equal(chain_view_doubts(&v, &at), 1);
    assert_int_equal(chain_view_doubt(&at, 1).timestamp, CHAIN_TIME + 122);
}

static void bodies_in_doubt_are_those_of_the_newest_block(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct buf body AUTO_CALL(buf_done) = BUF(16);
    struct finalized_block at;
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(chain_view_finalized(&v, &at, &e), ERR_OK);
    assert_int_equal(chain_view_body(&v, &at, &proved_contract, (struct bytes){0}, &body, &e),
                     ERR_OK);
    assert_int_equal(body.n, 0);
    at = chain_view_doubt(&at, 1);
    assert_int_equal(chain_view_body(&v, &at, &proved_contract, (struct bytes){0}, &body, &e),
                     ERR_OK);
    assert_int_equal(body.n, 1);
}

/* More accounts than fit into one batch. */
static void facts_of_any_number_of_contracts_are_read_again(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct finalized_block at;
    struct addr contract = {{0xdd}};
    struct err e = {0};
    uint8_t word = 0;

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    assert_int_equal(chain_view_finalized(&v, &at, &e), ERR_OK);
    for (unsigned i = 0; i < RPC_BATCH_MAX + 2; i++) {
        contract.b[1] = (uint8_t)i;
        assert_int_equal(chain_view_read(&v, &at, &contract, NULL, 0, NULL, NULL, &e),
                         ERR_NOT_FOUND);
    }
    w.latest = 104;
    w.finalized = 103;
    SOON(block_of(&v) == 103);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_denied_counts_before_it_is_final),
        TEST(a_doubt_ends_whatever_one_makes_up),
        TEST(all_that_is_known_is_watched),
        TEST(a_doubt_outlives_the_block_before),
        TEST(a_read_at_an_old_block_sees_denials),
        TEST(a_word_that_changes_too_often_stops_no_other),
        TEST(a_counter_is_in_no_doubt),
        TEST(a_cold_read_sees_denials),
        TEST(no_minority_moves_the_time_of_the_newest_blocks),
        TEST(bodies_in_doubt_are_those_of_the_newest_block),
        TEST(facts_of_any_number_of_contracts_are_read_again),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
