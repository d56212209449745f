/* view_trusted: blocks that others name, many threads, and a view that works in the background. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "support/trusted_world.h"

/* ---- a block by reference ---- */

static enum err_code block(struct world *w, uint64_t number, uint8_t fork,
                           struct finalized_block *ret, struct err *e)
{
    struct fake_chain other = {.fork = fork};
    struct block_ref ref = {.number = number, .hash = fake_hash(&other, number)};

    return chain_view_block(&w->view, &ref, ret, e);
}

static void an_old_block_of_this_chain_is_known_with_its_time(void **state)
{
    struct world *w = *state;
    struct finalized_block b;
    struct err e = {0};
    unsigned before;

    assert_int_equal(block(w, 3, 0, &b, &e), ERR_OK);
    assert_true(b.timestamp == FAKE_GENESIS + 36);
    before = requests(w);
    assert_int_equal(block(w, 3, 0, &b, &e), ERR_OK);
    assert_int_equal(block(w, 5, 0, &b, &e), ERR_OK); /* the newest */
    assert_int_equal(requests(w), before);
}

static void a_block_of_another_history_is_refused(void **state)
{
    struct finalized_block b;
    struct err e;

    assert_int_equal(block(*state, 3, 9, &b, &e), ERR_VERIFY);
    assert_int_equal(block(*state, 5, 9, &b, &e), ERR_VERIFY);
}

static void a_block_that_is_not_final_is_refused(void **state)
{
    struct finalized_block b;
    struct err e = {0};

    assert_int_equal(block(*state, 6, 0, &b, &e), ERR_VERIFY);
    assert_non_null(strstr(e.msg, "not final"));
}

static void a_block_that_just_became_final_is_looked_for(void **state)
{
    struct world *w = *state;
    struct finalized_block b;
    struct err e = {0};

    newest(w);
    w->chain.finalized = 6;
    fake_pass_ms(&w->chain, 1000);
    assert_int_equal(block(w, 6, 0, &b, &e), ERR_OK);
}

static void a_block_that_its_maker_saw_first_is_waited_for(void **state)
{
    struct view_trusted_config config;
    struct world *w = *state;
    struct finalized_block b;
    struct err e = {0};

    w->clock = clock_system;
    config = config_of(w);
    config.slot_ms = 100;
    config.max_age_s = config.max_ahead_s = UINT64_MAX;
    assert_int_equal(view_trusted_new(&config, &w->view, &e), ERR_OK);
    w->chain.finalized = 6;
    assert_int_equal(block(w, 6, 0, &b, &e), ERR_OK);
}

static void nobody_can_make_us_ask_about_blocks_to_come(void **state)
{
    struct world *w = *state;
    struct finalized_block b;
    struct err e = {0};
    unsigned before;

    newest(w);
    before = requests(w);
    for (uint64_t n = 100; n < 200; n++)
        assert_int_equal(block(w, n, 0, &b, &e), ERR_VERIFY);
    assert_int_equal(requests(w), before);
}

/* ---- threads ---- */

static void *read_for_a_while(void *arg)
{
    struct world *w = arg;

    for (int i = 0; i < 50; i++) {
        struct finalized_block at = newest(w);
        struct hash32 values[CHAIN_SLOTS_MAX];

        read_all(w, &at, i % 2 ? &one : &two, 12, values);
        if (values[5].b[31] != 6)
            abort();
    }
    return NULL;
}

static void threads_may_share_a_view(void **state)
{
    struct view_trusted_config config;
    struct world *w = *state;
    pthread_t threads[8];
    struct err e = {0};

    w->clock = clock_system;
    config = config_of(w);
    config.slot_ms = 5;
    config.max_age_s = config.max_ahead_s = UINT64_MAX;
    config.background = true;
    assert_int_equal(view_trusted_new(&config, &w->view, &e), ERR_OK);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_for_a_while, w), 0);
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
}

static void a_view_that_works_in_the_background_finds_new_blocks_alone(void **state)
{
    struct view_trusted_config config;
    struct world *w = *state;
    struct err e = {0};

    w->clock = clock_system;
    config = config_of(w);
    config.slot_ms = 5;
    config.max_age_s = config.max_ahead_s = UINT64_MAX;
    config.background = true;
    assert_int_equal(view_trusted_new(&config, &w->view, &e), ERR_OK);
    pthread_mutex_lock(&w->node->lock);
    w->chain.finalized = 6;
    pthread_mutex_unlock(&w->node->lock);
    for (int i = 0; i < 2000 && newest(w).ref.number != 6; i++)
        usleep(1000);
    assert_true(newest(w).ref.number == 6);
}

static void *newest_number(void *arg)
{
    return (void *)(uintptr_t)newest(arg).ref.number;
}

static void after_a_pause_all_threads_wait_for_the_newest_block(void **state)
{
    struct view_trusted_config config;
    struct world *w = *state;
    pthread_t threads[8];
    struct err e = {0};

    w->clock = clock_system;
    config = config_of(w);
    config.slot_ms = 20;
    config.max_age_s = config.max_ahead_s = UINT64_MAX;
    assert_int_equal(view_trusted_new(&config, &w->view, &e), ERR_OK);
    usleep(60000); /* nobody asks for three slots */
    pthread_mutex_lock(&w->node->lock);
    w->chain.finalized = 6;
    w->chain.reply.delay_ms = 100;
    pthread_mutex_unlock(&w->node->lock);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, newest_number, w), 0);
    for (size_t i = 0; i < 8; i++) {
        void *found = NULL;

        pthread_join(threads[i], &found);
        assert_int_equal((uintptr_t)found, 6);
    }
}

int main(void)
{
#define WITH_NODE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define WITH_VIEW(f) cmocka_unit_test_setup_teardown(f, set_up_view, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_VIEW(an_old_block_of_this_chain_is_known_with_its_time),
        WITH_VIEW(a_block_of_another_history_is_refused),
        WITH_VIEW(a_block_that_is_not_final_is_refused),
        WITH_VIEW(a_block_that_just_became_final_is_looked_for),
        WITH_NODE(a_block_that_its_maker_saw_first_is_waited_for),
        WITH_VIEW(nobody_can_make_us_ask_about_blocks_to_come),
        WITH_NODE(threads_may_share_a_view),
        WITH_NODE(after_a_pause_all_threads_wait_for_the_newest_block),
        WITH_NODE(a_view_that_works_in_the_background_finds_new_blocks_alone),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
