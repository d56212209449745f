/* rate: buckets per key, and what happens when there are too many keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "net/rate.h"

#define SECOND UINT64_C(1000000000)

static rate *make(double per_second, double burst, size_t keys)
{
    rate *r = NULL;
    struct err e;

    assert_int_equal(rate_new(per_second, burst, keys, &r, &e), ERR_OK);
    return r;
}

static bool take(rate *r, const char *key, uint64_t now)
{
    unsigned retry_s;

    return rate_take(r, bytes_of_str(key), now, &retry_s);
}

static void a_burst_is_taken_and_then_nothing(void **state)
{
    AUTO(rate) r = make(1, 3, 8);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(take(r, "a", SECOND));
    assert_false(take(r, "a", SECOND));
}

static void tokens_flow_in_with_time_up_to_the_burst(void **state)
{
    AUTO(rate) r = make(2, 2, 8);

    (void)state;
    assert_true(take(r, "a", SECOND));
    assert_true(take(r, "a", SECOND));
    assert_false(take(r, "a", SECOND + SECOND / 4));
    assert_true(take(r, "a", SECOND + SECOND / 2));
    assert_true(take(r, "a", 100 * SECOND));
    assert_true(take(r, "a", 100 * SECOND));
    assert_false(take(r, "a", 100 * SECOND));
}

static void time_that_goes_back_gives_nothing(void **state)
{
    AUTO(rate) r = make(1, 1, 8);

    (void)state;
    assert_true(take(r, "a", 10 * SECOND));
    assert_false(take(r, "a", 5 * SECOND));
}

static void the_wait_is_named_in_whole_seconds(void **state)
{
    AUTO(rate) r = make(0.1, 1, 8);
    unsigned retry_s = 0;

    (void)state;
    assert_true(rate_take(r, bytes_of_str("a"), SECOND, &retry_s));
    assert_false(rate_take(r, bytes_of_str("a"), SECOND, &retry_s));
    assert_in_range(retry_s, 10, 11);
}

static void keys_do_not_share(void **state)
{
    AUTO(rate) r = make(1, 1, 8);

    (void)state;
    assert_true(take(r, "a", SECOND));
    assert_true(take(r, "b", SECOND));
    assert_true(take(r, "", SECOND));
    assert_false(take(r, "a", SECOND));
}

static void newcomers_of_a_full_table_share_one_bucket(void **state)
{
    AUTO(rate) r = make(1, 2, 4);
    char key[16];
    int taken = 0;

    (void)state;
    for (int i = 0; i < 4; i++) {
        snprintf(key, sizeof key, "old %d", i);
        assert_true(take(r, key, SECOND));
        assert_true(take(r, key, SECOND));
    }
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "new %d", i);
        taken += take(r, key, SECOND);
    }
    assert_int_equal(taken, 2);
    for (int i = 0; i < 4; i++) { /* nobody who is limited was pushed out */
        snprintf(key, sizeof key, "old %d", i);
        assert_false(take(r, key, SECOND));
    }
}

static void full_buckets_give_way_to_newcomers(void **state)
{
    AUTO(rate) r = make(1, 1, 2);
    char key[16];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "%d", i);
        assert_true(take(r, key, (uint64_t)(i + 1) * SECOND));
        assert_false(take(r, key, (uint64_t)(i + 1) * SECOND));
    }
}

static void long_keys_are_told_apart_by_length_at_least(void **state)
{
    AUTO(rate) r = make(1, 1, 8);

    (void)state;
    assert_true(take(r, "0123456789abcdef0123456789abcde", SECOND));
    assert_true(take(r, "0123456789abcdef0123456789abcdef", SECOND));
    assert_false(take(r, "0123456789abcdef0123456789abcdef", SECOND));
}

static void limits_that_make_no_sense_are_refused(void **state)
{
    rate *r = NULL;
    struct err e;

    (void)state;
    assert_int_equal(rate_new(0, 1, 1, &r, &e), ERR_INVALID);
    assert_int_equal(rate_new(1, 0.5, 1, &r, &e), ERR_INVALID);
    assert_int_equal(rate_new(1, 1, 0, &r, &e), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_taken_and_then_nothing),
        cmocka_unit_test(tokens_flow_in_with_time_up_to_the_burst),
        cmocka_unit_test(time_that_goes_back_gives_nothing),
        cmocka_unit_test(the_wait_is_named_in_whole_seconds),
        cmocka_unit_test(keys_do_not_share),
        cmocka_unit_test(newcomers_of_a_full_table_share_one_bucket),
        cmocka_unit_test(full_buckets_give_way_to_newcomers),
        cmocka_unit_test(long_keys_are_told_apart_by_length_at_least),
        cmocka_unit_test(limits_that_make_no_sense_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
