/* clock: the system's, and how a time is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/clock.h"

static void times_are_written_as_rfc_3339(void **state)
{
    static const struct {
        int64_t t;
        const char *text;
    } v[] = {
        {0, "1970-01-01T00:00:00Z"},          {951782400, "2000-02-29T00:00:00Z"},
        {1795466401, "2026-11-23T20:40:01Z"}, {253402300799, "9999-12-31T23:59:59Z"},
        {-1, "1970-01-01T00:00:00Z"},         {INT64_MAX, "9999-12-31T23:59:59Z"},
    };
    char text[21];

    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
        clock_format(v[i].t, text);
        assert_string_equal(text, v[i].text);
    }
}

static void the_system_clock_is_past_the_day_this_was_written(void **state)
{
    (void)state;
    assert_true(clock_unix(&clock_system) > 1750000000);
}

static void monotonic_time_does_not_go_back(void **state)
{
    uint64_t a = clock_ns(&clock_system), b = clock_ns(&clock_system);

    (void)state;
    assert_true(a > 0);
    assert_true(b >= a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_as_rfc_3339),
        cmocka_unit_test(the_system_clock_is_past_the_day_this_was_written),
        cmocka_unit_test(monotonic_time_does_not_go_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
