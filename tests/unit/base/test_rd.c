/* rd: reads in wire order, and what a short read does to the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/rd.h"

static const uint8_t count[] = {1, 2, 3, 4, 5, 6, 7, 8};

static void each_width_reads_in_its_order(void **state)
{
    struct rd r;

    (void)state;
    r = rd_of(BYTES(count));
    assert_int_equal(rd_u8(&r), 1);
    assert_int_equal(rd_u16be(&r), 0x0203);
    assert_int_equal(rd_u32be(&r), 0x04050607);
    assert_true(rd_ok(&r));
    r = rd_of(BYTES(count));
    assert_int_equal(rd_u64be(&r), 0x0102030405060708);
    r = rd_of(BYTES(count));
    assert_int_equal(rd_u64le(&r), 0x0807060504030201);
    r = rd_of(BYTES(count));
    assert_int_equal(rd_u16le(&r), 0x0201);
    assert_int_equal(rd_u32le(&r), 0x06050403);
}

static void a_short_read_gives_zero_and_poisons_all_that_follow(void **state)
{
    struct rd r = rd_of((struct bytes){count, 3});

    (void)state;
    assert_int_equal(rd_u32be(&r), 0);
    assert_int_equal(rd_u8(&r), 0); /* one byte would be there */
    assert_false(rd_ok(&r));
    assert_false(rd_end(&r));
}

static void the_end_is_only_reached_when_nothing_is_left(void **state)
{
    struct rd r = rd_of((struct bytes){count, 3});

    (void)state;
    rd_take(&r, 2);
    assert_false(rd_end(&r));
    rd_take(&r, 1);
    assert_true(rd_end(&r));
}

static void a_short_copy_leaves_its_target_alone(void **state)
{
    struct rd r = rd_of((struct bytes){count, 3});
    uint8_t dst[4] = {9, 9, 9, 9};

    (void)state;
    rd_copy(&r, dst, sizeof dst);
    assert_int_equal(dst[0], 9);
    assert_false(rd_ok(&r));
}

static void a_length_prefix_bounds_its_bytes(void **state)
{
    static const uint8_t two[] = {0, 0, 0, 2, 'h', 'i', 'x'};
    struct rd r = rd_of(BYTES(two));
    struct bytes got;

    (void)state;
    got = rd_lp(&r, 2);
    assert_true(bytes_eq(got, bytes_of_str("hi")));
    assert_int_equal(r.left, 1);
}

static void a_length_prefix_past_its_maximum_poisons(void **state)
{
    static const uint8_t two[] = {0, 0, 0, 2, 'h', 'i'};
    struct rd r = rd_of(BYTES(two));

    (void)state;
    rd_lp(&r, 1);
    assert_false(rd_ok(&r));
}

static void the_largest_length_prefix_is_no_overrun(void **state)
{
    static const uint8_t most[] = {0xff, 0xff, 0xff, 0xff, 'h', 'i'};
    struct rd r = rd_of(BYTES(most));

    (void)state;
    assert_null(rd_lp(&r, SIZE_MAX).p);
    assert_false(rd_ok(&r));
}

static void nothing_can_be_read_from_nothing(void **state)
{
    struct rd r = rd_of((struct bytes){0});

    (void)state;
    assert_true(rd_end(&r));
    rd_take(&r, 0);
    assert_true(rd_end(&r));
    rd_u8(&r);
    assert_false(rd_ok(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_width_reads_in_its_order),
        cmocka_unit_test(a_short_read_gives_zero_and_poisons_all_that_follow),
        cmocka_unit_test(the_end_is_only_reached_when_nothing_is_left),
        cmocka_unit_test(a_short_copy_leaves_its_target_alone),
        cmocka_unit_test(a_length_prefix_bounds_its_bytes),
        cmocka_unit_test(a_length_prefix_past_its_maximum_poisons),
        cmocka_unit_test(the_largest_length_prefix_is_no_overrun),
        cmocka_unit_test(nothing_can_be_read_from_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
