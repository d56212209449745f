/* uri: what is split and decoded, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/uri.h"

static struct uri parsed(const char *text)
{
    struct uri u;
    struct err e = {0};

    if (uri_parse(bytes_of_str(text), &u, &e) != ERR_OK)
        fail_msg("%s: %s", text, e.msg);
    return u;
}

static void refused(const char *text)
{
    struct uri u = {.port = 7};
    struct err e = {0};

    if (uri_parse(bytes_of_str(text), &u, &e) == ERR_OK)
        fail_msg("%s was accepted", text);
    assert_int_equal(u.port, 7);
}

static void a_full_uri_is_split_into_its_parts(void **state)
{
    struct uri u = parsed("HTTPS://Me:pa%73s@Example.COM:8443/a%20b/c?x=1&y=2");

    (void)state;
    assert_string_equal(u.scheme, "https");
    assert_true(u.has_userinfo);
    assert_string_equal(u.userinfo, "Me:pass");
    assert_string_equal(u.host, "example.com");
    assert_int_equal(u.port, 8443);
    assert_string_equal(u.path, "/a b/c");
    assert_string_equal(u.query, "x=1&y=2");
}

static void parts_that_are_missing_are_empty(void **state)
{
    struct uri u = parsed("onchain://0xAb");

    (void)state;
    assert_string_equal(u.scheme, "onchain");
    assert_string_equal(u.host, "0xab");
    assert_false(u.has_userinfo);
    assert_int_equal(u.port, 0);
    assert_string_equal(u.path, "");
    assert_string_equal(u.query, "");
}

static void a_file_uri_has_no_host(void **state)
{
    struct uri u = parsed("file:///srv/store");

    (void)state;
    assert_string_equal(u.host, "");
    assert_string_equal(u.path, "/srv/store");
    u = parsed("file://./rel");
    assert_string_equal(u.host, ".");
    assert_string_equal(u.path, "/rel");
}

static void a_v6_host_loses_its_brackets(void **state)
{
    struct uri u = parsed("http://[2001:DB8::1]:80/");

    (void)state;
    assert_string_equal(u.host, "2001:db8::1");
    assert_int_equal(u.port, 80);
}

static void user_information_is_seen_even_when_empty(void **state)
{
    struct uri u = parsed("s3://@bucket/");

    (void)state;
    assert_true(u.has_userinfo);
    assert_string_equal(u.userinfo, "");
}

static void malformed_uris_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "plain",
        "http:",
        "http:/x",
        "://host",
        "1http://h",
        "ht tp://h",
        "ht_tp://h",
        "averyveryverylongscheme://h",
        "/a://b",
        "http://h#frag",
        "http://h/?q#frag",
        "http://h:0/",
        "http://h:65536/",
        "http://h:080/",
        "http://h:/",
        "http://h:8a/",
        "http://h:123456/",
        "http://:80/",
        "http://u@/x",
        "http://u@v@h/",
        "http://h ost/",
        "http://h%41/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[1.2.3.4]/",
        "http://[::1%25eth0]/",
        "http://[]/",
        "http://h/%",
        "http://h/%4",
        "http://h/%4g",
        "http://h/%00",
        "http://h/%0a",
        "http://h/%7f",
        "http://h/?x=%00",
        "http://u%0d@h/",
        "http://h/a b",
        "http://h/\"",
        "http://h/<x>",
        "http://h/\\",
        "http://h/\x7f",
        "http://h/\xc3\xa9",
        "http://h/?a=\n",
        "http://h/^",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(wrong[i]);
}

static void a_nul_byte_is_refused(void **state)
{
    struct uri u;
    struct err e = {0};

    (void)state;
    assert_int_equal(uri_parse(BYTES("http://h/a"), &u, &e), ERR_INVALID); /* with its NUL */
}

static void lengths_are_bounded(void **state)
{
    char text[URI_MAX + 10] = "http://h/";
    struct uri u;
    struct err e = {0};

    (void)state;
    memset(text + 9, 'a', URI_MAX - 1 - 9);
    text[URI_MAX - 1] = 0;
    assert_int_equal(uri_parse(bytes_of_str(text), &u, &e), ERR_OK);
    text[URI_MAX - 1] = 'a';
    text[URI_MAX] = 0;
    assert_int_equal(uri_parse(bytes_of_str(text), &u, &e), ERR_TOO_LARGE);
    memset(text + 7, 'h', 256);
    text[7 + 256] = '/';
    text[7 + 257] = 0;
    assert_int_equal(uri_parse(bytes_of_str(text), &u, &e), ERR_TOO_LARGE);
    text[7 + 256] = '@';
    text[7 + 257] = 'h';
    text[7 + 258] = 0;
    assert_int_equal(uri_parse(bytes_of_str(text), &u, &e), ERR_TOO_LARGE);
}

static void errors_do_not_repeat_a_password(void **state)
{
    struct uri u;
    struct err e = {0};

    (void)state;
    assert_int_equal(uri_parse(bytes_of_str("http://me:secret@h:99999/"), &u, &e), ERR_INVALID);
    assert_null(strstr(e.msg, "secret"));
}

static void parameters_are_found_and_decoded_once(void **state)
{
    struct uri u = parsed("s3://b/?region=eu%2Dwest&empty=&flag&pct=%2541&regio=x");
    char v[20];
    struct err e = {0};

    (void)state;
    assert_int_equal(uri_param(&u, "region", v, sizeof v, &e), ERR_OK);
    assert_string_equal(v, "eu-west");
    assert_int_equal(uri_param(&u, "empty", v, sizeof v, &e), ERR_OK);
    assert_string_equal(v, "");
    assert_int_equal(uri_param(&u, "flag", v, sizeof v, &e), ERR_OK);
    assert_string_equal(v, "");
    assert_int_equal(uri_param(&u, "pct", v, sizeof v, &e), ERR_OK);
    assert_string_equal(v, "%41");
    assert_int_equal(uri_param(&u, "reg", v, sizeof v, &e), ERR_NOT_FOUND);
    assert_int_equal(uri_param(&u, "region", v, 7, &e), ERR_TOO_LARGE);
}

static void a_parameter_given_twice_is_refused(void **state)
{
    struct uri u = parsed("s3://b/?a=1&a=1");
    char v[20];
    struct err e = {0};

    (void)state;
    assert_int_equal(uri_param(&u, "a", v, sizeof v, &e), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_uri_is_split_into_its_parts),
        cmocka_unit_test(parts_that_are_missing_are_empty),
        cmocka_unit_test(a_file_uri_has_no_host),
        cmocka_unit_test(a_v6_host_loses_its_brackets),
        cmocka_unit_test(user_information_is_seen_even_when_empty),
        cmocka_unit_test(malformed_uris_are_refused),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(errors_do_not_repeat_a_password),
        cmocka_unit_test(parameters_are_found_and_decoded_once),
        cmocka_unit_test(a_parameter_given_twice_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
