/* utf8: what RFC 3629 allows, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/utf8.h"

static void well_formed_text_is_valid(void **state)
{
    static const char *const good[] = {
        "",
        "plain",
        "\x7f",
        "\xc2\x80",         /* U+0080 */
        "\xdf\xbf",         /* U+07FF */
        "\xe0\xa0\x80",     /* U+0800 */
        "\xed\x9f\xbf",     /* U+D7FF */
        "\xee\x80\x80",     /* U+E000 */
        "\xef\xbf\xbf",     /* U+FFFF */
        "\xf0\x90\x80\x80", /* U+10000 */
        "\xf4\x8f\xbf\xbf", /* U+10FFFF */
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(utf8_valid(bytes_of_str(good[i])));
}

static void malformed_text_is_not(void **state)
{
    static const char *const bad[] = {
        "\x80",             /* a continuation alone */
        "\xc3",             /* cut short */
        "\xe2\x82",         /* cut short */
        "\xf0\x9f\x98",     /* cut short */
        "\xc3(",            /* not continued */
        "\xe2\x28\xa1",     /* not continued */
        "\xc0\x80",         /* overlong NUL */
        "\xc1\xbf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* a surrogate */
        "\xed\xbf\xbf",     /* a surrogate */
        "\xf4\x90\x80\x80", /* past U+10FFFF */
        "\xf8\x88\x80\x80\x80",
        "\xff",
        "good then \xfe",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(utf8_valid(bytes_of_str(bad[i])));
}

static void a_sequence_gives_its_code_point(void **state)
{
    uint32_t point = 0;

    (void)state;
    assert_int_equal(utf8_next(bytes_of_str("\xf0\x9f\x98\x80z"), &point), 4);
    assert_int_equal(point, 0x1f600);
    assert_int_equal(utf8_next(bytes_of_str("\xc3\xa9"), &point), 2);
    assert_int_equal(point, 0xe9);
    assert_int_equal(utf8_next(bytes_of_str(""), &point), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_is_valid),
        cmocka_unit_test(malformed_text_is_not),
        cmocka_unit_test(a_sequence_gives_its_code_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
