/* buf: growth, the maximum, and poison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/buf.h"

static void puts_append_in_wire_order(void **state)
{
    static const uint8_t want[] = {1, 1, 2, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 2, 1,   4,   3,
                                   2, 1, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 2, 'h', 'i', '!'};
    struct buf b AUTO_CALL(buf_done) = BUF(100);
    struct err e = {0};

    (void)state;
    buf_put_u8(&b, 1);
    buf_put_u16be(&b, 0x0102);
    buf_put_u32be(&b, 0x01020304);
    buf_put_u64be(&b, 0x0102030405060708);
    buf_put_u16le(&b, 0x0102);
    buf_put_u32le(&b, 0x01020304);
    buf_put_u64le(&b, 0x0102030405060708);
    buf_put_zero(&b, 2);
    buf_put_lp(&b, bytes_of_str("hi"));
    buf_put_str(&b, "!");
    assert_int_equal(buf_check(&b, &e), ERR_OK);
    assert_int_equal(b.n, sizeof want);
    assert_memory_equal(b.p, want, sizeof want);
}

static void exactly_the_maximum_fits(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(5);
    struct err e = {0};

    (void)state;
    buf_put_str(&b, "hello");
    assert_int_equal(buf_check(&b, &e), ERR_OK);
    assert_string_equal(buf_cstr(&b), "hello");
}

static void one_byte_past_the_maximum_poisons(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(5);
    struct err e = {0};

    (void)state;
    buf_put_str(&b, "hello!");
    buf_put_u8(&b, 'x'); /* would fit, but the value is already wrong */
    assert_int_equal(b.n, 0);
    assert_int_equal(buf_check(&b, &e), ERR_TOO_LARGE);
    assert_null(buf_cstr(&b));
}

static void a_formatted_put_past_the_maximum_poisons(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(5);
    struct err e = {0};

    (void)state;
    buf_printf(&b, "%d", 123456);
    assert_int_equal(buf_check(&b, &e), ERR_TOO_LARGE);
}

static void a_formatted_put_of_exactly_the_maximum_fits(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(6);

    (void)state;
    buf_printf(&b, "%d", 123456);
    assert_string_equal(buf_cstr(&b), "123456");
}

static void a_huge_reserve_does_not_wrap_around(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(100);
    struct err e = {0};

    (void)state;
    buf_put_str(&b, "abc");
    buf_reserve(&b, SIZE_MAX);
    assert_int_equal(buf_check(&b, &e), ERR_TOO_LARGE);
}

static void memory_that_is_not_there_is_said(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(SIZE_MAX);
    struct err e = {0};

    (void)state;
    buf_reserve(&b, SIZE_MAX);
    assert_int_equal(buf_check(&b, &e), ERR_NOMEM);
}

static void an_empty_buffer_is_an_empty_string(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(5);

    (void)state;
    assert_string_equal(buf_cstr(&b), "");
}

static void clear_keeps_the_memory_and_takes_the_poison(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(3);
    struct err e = {0};
    const uint8_t *p;

    (void)state;
    buf_put_str(&b, "abc");
    p = b.p;
    buf_put_str(&b, "d");
    buf_clear(&b);
    buf_put_str(&b, "xyz");
    assert_int_equal(buf_check(&b, &e), ERR_OK);
    assert_ptr_equal(b.p, p);
    assert_string_equal(buf_cstr(&b), "xyz");
}

static void what_was_reserved_does_not_move(void **state)
{
    struct buf b AUTO_CALL(buf_done_wipe) = BUF(5000);
    const uint8_t *p;

    (void)state;
    buf_reserve(&b, b.max);
    p = b.p;
    for (int i = 0; i < 5000; i++)
        buf_put_u8(&b, 'x');
    assert_ptr_equal(b.p, p);
    assert_int_equal(b.n, 5000);
}

static void a_done_buffer_is_empty_and_usable_again(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(10);

    (void)state;
    buf_put_str(&b, "abc");
    buf_done_wipe(&b);
    assert_null(b.p);
    buf_put_str(&b, "abcdefghij");
    assert_string_equal(buf_cstr(&b), "abcdefghij");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_append_in_wire_order),
        cmocka_unit_test(exactly_the_maximum_fits),
        cmocka_unit_test(one_byte_past_the_maximum_poisons),
        cmocka_unit_test(a_formatted_put_past_the_maximum_poisons),
        cmocka_unit_test(a_formatted_put_of_exactly_the_maximum_fits),
        cmocka_unit_test(a_huge_reserve_does_not_wrap_around),
        cmocka_unit_test(memory_that_is_not_there_is_said),
        cmocka_unit_test(an_empty_buffer_is_an_empty_string),
        cmocka_unit_test(clear_keeps_the_memory_and_takes_the_poison),
        cmocka_unit_test(what_was_reserved_does_not_move),
        cmocka_unit_test(a_done_buffer_is_empty_and_usable_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
