/* err: codes, messages and context. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/err.h"

static void set_returns_the_code_it_was_given(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(err_set(&e, ERR_DENIED, "no %d", 7), ERR_DENIED);
    assert_int_equal(e.code, ERR_DENIED);
    assert_string_equal(e.msg, "no 7");
}

static void wrap_puts_context_in_front_and_keeps_the_code(void **state)
{
    struct err e = {0};

    (void)state;
    err_set(&e, ERR_TIMEOUT, "timed out");
    assert_int_equal(err_wrap(&e, "fetch %s", "quote"), ERR_TIMEOUT);
    assert_string_equal(e.msg, "fetch quote: timed out");
}

static void a_message_too_long_is_cut_not_overrun(void **state)
{
    struct err e = {0};
    char big[2048];

    (void)state;
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = 0;
    err_set(&e, ERR_IO, "%s", big);
    assert_true(strlen(e.msg) < sizeof e.msg);
    err_wrap(&e, "%s", big);
    assert_true(strlen(e.msg) < sizeof e.msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_returns_the_code_it_was_given),
        cmocka_unit_test(wrap_puts_context_in_front_and_keeps_the_code),
        cmocka_unit_test(a_message_too_long_is_cut_not_overrun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
