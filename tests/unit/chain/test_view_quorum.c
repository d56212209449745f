/* view_quorum: what k of n agree on and one proves; a minority that lies in any way stops nobody,
 * and what too few confirm is not handed out.  SR-12, SR-13, SR-14. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/quorum_world.h"

static void honest_nodes_are_read(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};
    uint8_t word = 0;

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_string_equal(chain_view_mode(&v), "quorum");
    assert_int_equal(block_of(&v), 100);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    assert_int_equal(word, 1);
    w.changes = 104;
    w.latest = 106;
    w.finalized = 105;
    SOON(block_of(&v) == 105);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    assert_int_equal(word, 2);
    assert_int_equal(conflicts(&v), 0);
}

static void each_lie_of_one_is_outvoted(void **state)
{
    atomic_uint *const lies[] = {
        &w.node[0].chain_id,    &w.node[0].forks_from,  &w.node[0].silent,
        &w.node[0].wrong_proof, &w.node[0].wrong_claim, &w.node[0].wrong_root,
        &w.node[0].says_old,    &w.node[0].latest_word, &w.node[0].ahead};

    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct chain_view v AUTO_CALL(chain_view_done) = {0};
        struct err e = {0};
        uint8_t word = 0;

        *lies[i] = 5;
        assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
        assert_int_equal(block_of(&v), 100);
        assert_int_equal(read_word(&v, 0, &word), ERR_OK);
        assert_int_equal(word, 1);
        assert_int_equal(doubts(&v), 0);
        *lies[i] = 0;
    }
}

/* Two that lie in the same way are no quorum of three. */
static void each_lie_of_a_majority_below_k_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct chain_view v AUTO_CALL(chain_view_done) = {0};
        struct err e = {0};
        uint8_t word = 0;
        enum err_code code;

        for (size_t k = 0; k < 2; k++) {
            atomic_uint *const lies[] = {&w.node[k].chain_id,    &w.node[k].forks_from,
                                         &w.node[k].silent,      &w.node[k].wrong_proof,
                                         &w.node[k].wrong_claim, &w.node[k].wrong_root};
            *lies[i] = 5;
        }
        code = open_view(3, NULL, &v, &e);
        if (code == ERR_OK)
            code = read_word(&v, 0, &word);
        assert_true(code == ERR_VERIFY || code == ERR_UPSTREAM || code == ERR_TIMEOUT);
        chain_view_done(&v);
        proved_stop(&w);
        begin(NULL);
    }
}

static void another_chain_is_refused(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};

    (void)state;
    w.node[0].chain_id = w.node[2].chain_id = 8;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_VERIFY);
    assert_non_null(strstr(e.msg, "chain id: found 8 at"));
    assert_non_null(strstr(e.msg, "expected 7"));
}

static void a_quorum_is_a_majority(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(1, NULL, &v, &e), ERR_INVALID);
    assert_int_equal(open_view(4, NULL, &v, &e), ERR_INVALID);
    assert_int_equal(open_view(0, NULL, &v, &e), ERR_INVALID);
}

/* Two confirm nothing that three must agree on, and a third that is behind waits for nobody. */
static void history_that_too_few_confirm_stops(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    w.node[0].forks_from = w.node[1].forks_from = 90;
    SOON(refused(&v, "was final, and 2 of 3") == ERR_VERIFY);
    w.node[0].forks_from = w.node[1].forks_from = 0;
    usleep(100000);
    assert_int_equal(refused(&v, "stopped"), ERR_VERIFY); /* for good */
}

static void one_that_rewrites_history_is_put_aside(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    w.node[1].forks_from = 90;
    SOON(conflicts(&v) == 1);
    w.latest = w.finalized = 110;
    SOON(block_of(&v) == 110);
    assert_int_equal(conflicts(&v), 1);
}

/* What lied once may be honest by now, and then it counts where the others are silent or lie. */
static void one_in_quarantine_is_asked_where_the_others_do_not_suffice(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    w.node[0].forks_from = 90;
    SOON(conflicts(&v) == 1);
    w.node[0].forks_from = 0;
    w.node[2].says_old = 100; /* it does not go on */
    w.latest = w.finalized = 110;
    SOON(block_of(&v) == 110);
    w.node[2].says_old = 0;
    w.node[2].silent = 1;
    w.latest = w.finalized = 120;
    SOON(block_of(&v) == 120);
    assert_int_equal(conflicts(&v), 1);
}

/* A node does not choose how much memory its answer takes: what was asked does. */
static void one_that_says_too_much_is_cut_short(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct chain_health h;
    struct err e = {0};
    uint8_t word = 0;

    (void)state;
    w.node[0].padding = 200000; /* no more than blocks may have, far more than these proofs */
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    assert_int_equal(read_word(&v, 0, &word), ERR_OK);
    assert_int_equal(word, 1);
    SOON(chain_view_health(&v, &h) && h.endpoint[0].failures > 0);
    w.node[0].padding = 4 << 20;
    w.latest = w.finalized = 110;
    SOON(block_of(&v) == 110);
    assert_true(chain_view_health(&v, &h));
    assert_non_null(strstr(h.endpoint[0].fault, "more than"));
}

/* A node that has not caught up yet is no liar. */
static void who_has_no_final_block_yet_is_no_liar(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct chain_health h;
    struct err e = {0};

    (void)state;
    w.node[0].has_none = 1;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    usleep(100000);
    assert_int_equal(conflicts(&v), 0);
    assert_true(chain_view_health(&v, &h));
    assert_non_null(strstr(h.endpoint[0].fault, "has none"));
}

/* Looks are not longer because one says nothing, and who names a new block waits for the one that
 * is under way. */
static void a_silent_one_makes_nobody_wait(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct finalized_block b;
    struct block_ref ref = {.number = 105};
    struct err e = {0};
    uint64_t begun;

    (void)state;
    w.node[2].silent = 1;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    proved_block(&w.node[0], 105, NULL, &ref.hash);
    for (int i = 0; i < 3; i++) {
        usleep(100000); /* in the middle of a look, most of the time */
        w.ns += 1000000000;
        w.latest = w.finalized = ref.number;
        begun = clock_ns(&clock_system);
        assert_int_equal(chain_view_block(&v, &ref, &b, &e), ERR_OK);
        assert_true(clock_ns(&clock_system) - begun < 3000000000);
        proved_block(&w.node[0], ++ref.number, NULL, &ref.hash);
    }
}

static void age_and_silence_have_bounds(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    w.now = CHAIN_TIME + 100 + 3601;
    assert_int_equal(refused(&v, "is 3601 s old, at most 3600"), ERR_VERIFY);
    w.now = CHAIN_TIME + 100 - 61;
    assert_int_equal(refused(&v, "ahead of this clock"), ERR_VERIFY);
    w.now = CHAIN_TIME + 110;
    assert_int_equal(block_of(&v), 100);
    w.node[0].silent = w.node[1].silent = 1;
    usleep(50000);
    w.ns += 121000000000;
    SOON(refused(&v, "without agreement") != ERR_OK);
}

static void newest_blocks_must_be_seen(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    w.latest_said = 99; /* behind what is final: no newest block */
    usleep(100000);
    w.ns += 121000000000;
    SOON(refused(&v, "shown their newest block") == ERR_TIMEOUT);
}

static void the_policy_version_never_goes_back(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, state_path, &v, &e), ERR_OK);
    for (size_t i = 0; i < 3; i++)
        w.node[i].version_is = 3;
    w.latest = w.finalized = 110;
    SOON(refused(&v, "the policy version went back: 3, it was 100") == ERR_VERIFY);
}

static void a_restart_goes_on_from_what_was_final(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, state_path, &v, &e), ERR_OK);
    chain_view_done(&v);
    assert_int_equal(fs_read(state_path, &text, &e), ERR_OK);
    assert_non_null(strstr(buf_cstr(&text), "\"number\": 100"));
    assert_non_null(strstr(buf_cstr(&text), "\"version\": 100"));
    assert_int_equal(open_view(2, state_path, &v, &e), ERR_OK);
    chain_view_done(&v);

    w.finalized = 99; /* nodes that are behind */
    assert_int_equal(open_view(2, state_path, &v, &e), ERR_UPSTREAM);
    w.finalized = 101;
    for (size_t i = 0; i < 3; i++)
        w.node[i].forks_from = 100; /* another history */
    assert_int_equal(open_view(2, state_path, &v, &e), ERR_VERIFY);
    for (size_t i = 0; i < 3; i++)
        w.node[i].forks_from = 0;
    assert_int_equal(open_view(2, state_path, &v, &e), ERR_OK);
}

/* Two that write it would forget what either knew. */
static void what_is_remembered_has_one_writer(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0}, other AUTO_CALL(chain_view_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, state_path, &v, &e), ERR_OK);
    assert_int_equal(open_view(2, state_path, &other, &e), ERR_BUSY);
    chain_view_done(&v);
    assert_int_equal(open_view(2, state_path, &other, &e), ERR_OK);
}

#define TOPIC "\"0xaa00000000000000000000000000000000000000000000000000000000000000\""
#define LOGS(data)                                                                                 \
    "[{\"address\":\"0xcccc000000000000000000000000000000000000\",\"blockNumber\":\"0x5\","        \
    "\"logIndex\":\"0x0\",\"topics\":[" TOPIC "],\"data\":\"" data "\"}]"

static bool is_seven(void *self, const struct chain_log *log)
{
    (void)self;
    return log->data.n == 1 && log->data.p[0] == 7;
}

/* One that hides an event, one that shows another in its place, and one that fails, hide nothing.
 */
static void a_log_that_one_shows_is_found(void **state)
{
    static const char *const by_others[] = {"[]", LOGS("0x08"), "{}", NULL};
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    const struct hash32 topic = {{0xaa}};
    const struct chain_log_query q = {
        .contract = &proved_contract, .topic = {&topic}, .from = 5, .until = 5, .wanted = is_seven};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    for (size_t i = 0; i < sizeof by_others / sizeof by_others[0]; i++)
        for (size_t honest = 0; honest < w.n; honest++) {
            struct chain_log log AUTO_CALL(chain_log_done) = {.n_topics = 0};
            size_t n = 0;

            for (size_t k = 0; k < w.n; k++)
                w.node[k].logs = k == honest ? LOGS("0x07") : by_others[i];
            assert_int_equal(chain_view_logs(&v, &q, &log, 1, &n, &e), ERR_OK);
            assert_int_equal(n, 1);
            assert_int_equal(log.data.p[0], 7);
        }
}

static void that_there_are_no_logs_is_said_by_one_that_answers(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    const struct hash32 topic = {{0xaa}};
    const struct chain_log_query q = {
        .contract = &proved_contract, .topic = {&topic}, .until = 100};
    struct chain_log log;
    struct err e = {0};
    size_t n = 9;

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    w.node[0].logs = w.node[2].logs = "{}";
    assert_int_equal(chain_view_logs(&v, &q, &log, 1, &n, &e), ERR_OK);
    assert_int_equal(n, 0);
    w.node[1].logs = "{}";
    assert_int_equal(chain_view_logs(&v, &q, &log, 1, &n, &e), ERR_UPSTREAM);
}

static void blocks_by_name(void **state)
{
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    struct finalized_block b;
    struct block_ref ref = {.number = 90};
    struct err e = {0};

    (void)state;
    assert_int_equal(open_view(2, NULL, &v, &e), ERR_OK);
    proved_block(&w.node[0], 90, NULL, &ref.hash);
    assert_int_equal(chain_view_block(&v, &ref, &b, &e), ERR_OK);
    assert_int_equal(b.timestamp, CHAIN_TIME + 90);
    ref.hash.b[0] ^= 1;
    assert_int_equal(chain_view_block(&v, &ref, &b, &e), ERR_VERIFY);
    ref.number = 300;
    assert_int_equal(chain_view_block(&v, &ref, &b, &e), ERR_VERIFY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(honest_nodes_are_read),
        TEST(each_lie_of_one_is_outvoted),
        TEST(each_lie_of_a_majority_below_k_is_refused),
        TEST(another_chain_is_refused),
        TEST(a_quorum_is_a_majority),
        TEST(history_that_too_few_confirm_stops),
        TEST(one_that_rewrites_history_is_put_aside),
        TEST(one_in_quarantine_is_asked_where_the_others_do_not_suffice),
        TEST(one_that_says_too_much_is_cut_short),
        TEST(who_has_no_final_block_yet_is_no_liar),
        TEST(a_silent_one_makes_nobody_wait),
        TEST(age_and_silence_have_bounds),
        TEST(newest_blocks_must_be_seen),
        TEST(the_policy_version_never_goes_back),
        TEST(a_restart_goes_on_from_what_was_final),
        TEST(what_is_remembered_has_one_writer),
        TEST(blocks_by_name),
        TEST(a_log_that_one_shows_is_found),
        TEST(that_there_are_no_logs_is_said_by_one_that_answers),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
