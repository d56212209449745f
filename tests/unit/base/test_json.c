/* json: what is refused, typed getters, and text that comes out again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <stdio.h>
#include "base/json.h"

#define MAX 65536

static json *parsed(const char *text)
{
    struct err e = {0};
    json *j = NULL;

    assert_int_equal(json_parse(bytes_of_str(text), MAX, &j, &e), ERR_OK);
    return j;
}

static void refused(const char *text, enum err_code code)
{
    struct err e = {0};
    json *j = NULL;

    if (json_parse(bytes_of_str(text), MAX, &j, &e) != code)
        fail_msg("%s: %s %s", text, err_name(e.code), e.msg);
    assert_null(j);
}

static void a_member_that_stands_twice_is_refused(void **state)
{
    (void)state;
    refused("{\"a\":1,\"a\":1}", ERR_INVALID);
    refused("{\"x\":{\"a\":1,\"b\":2,\"a\":3}}", ERR_INVALID);
    refused("{\"a\":1,\"\\u0061\":1}", ERR_INVALID); /* the same name, escaped */
}

static void data_after_the_end_is_refused(void **state)
{
    (void)state;
    refused("{} {}", ERR_INVALID);
    refused("{}x", ERR_INVALID);
    refused("1 2", ERR_INVALID);
    refused("{},", ERR_INVALID);
    json_free(parsed(" {} \n"));
}

static void a_number_that_is_no_integer_is_refused(void **state)
{
    (void)state;
    refused("1.0", ERR_INVALID);
    refused("{\"a\":[1,2,1e3]}", ERR_INVALID);
    refused("{\"a\":{\"b\":0.5}}", ERR_INVALID);
    refused("NaN", ERR_INVALID);
    refused("01", ERR_INVALID);
    refused("+1", ERR_INVALID);
    refused("0x10", ERR_INVALID);
}

static void an_integer_of_more_than_64_bits_is_refused(void **state)
{
    (void)state;
    refused("9223372036854775808", ERR_INVALID);
    refused("-9223372036854775809", ERR_INVALID);
    json_free(parsed("[9223372036854775807,-9223372036854775808]"));
}

static void numbers_that_nobody_reads_refuse_no_foreign_text(void **state)
{
    static const char *const all[] = {"1.5",
                                      "1e3",
                                      "-0.0",
                                      "1E-400",
                                      "9223372036854775808",
                                      "1e999",
                                      "-1e9",
                                      "0.1",
                                      "18446744073709551616"};
    char text[128];

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        AUTO(json) j = NULL;
        uint64_t u = 7;
        int64_t n = 7;
        bool b = true;
        struct err e;

        snprintf(text, sizeof text, "{\"a\":%s,\"b\":[%s],\"c\":-5}", all[i], all[i]);
        refused(text, ERR_INVALID);
        assert_int_equal(json_parse_foreign(bytes_of_str(text), MAX, &j, &e), ERR_OK);
        assert_int_equal(json_get_u64(j, "a", UINT64_MAX, &u, &e), ERR_INVALID);
        assert_non_null(strstr(e.msg, "no integer of 64 bits"));
        assert_int_equal(json_get_i64(j, "a", &n, &e), ERR_INVALID);
        assert_int_equal(json_get_bool(j, "a", &b, &e), ERR_INVALID);
        assert_int_equal(json_get_i64(j, "c", &n, &e), ERR_OK);
        assert_int_equal(n, -5);
    }
}

static void foreign_text_is_json_in_all_else(void **state)
{
    static const char *const all[] = {
        "1.", ".5", "1e", "+1", "01", "1.5.5", "{\"a\":1.5,\"a\":2}", "1.5 2"};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        AUTO(json) j = NULL;
        struct err e;

        assert_int_equal(json_parse_foreign(bytes_of_str(all[i]), MAX, &j, &e), ERR_INVALID);
    }
}

static void an_escaped_nul_stands_in_nothing_but_answers(void **state)
{
    static const char text[] = "{\"a\":\"b\\u0000c\"}";
    AUTO(json) j = NULL;
    const char *a;
    struct err e;

    (void)state;
    refused(text, ERR_INVALID);
    assert_int_equal(json_parse_foreign(bytes_of_str(text), MAX, &j, &e), ERR_INVALID);
    assert_int_equal(json_check(bytes_of_str(text), MAX, &e), ERR_INVALID);
    assert_int_equal(json_parse_answer(bytes_of_str(text), MAX, &j, &e), ERR_OK);
    assert_int_equal(json_get_str(j, "a", 16, &a, &e), ERR_OK);
    assert_string_equal(a, "b\xEF\xBF\xBD"
                           "c");
}

/* Of the least text that values take; memory is a hundred times as much. */
static void an_answer_has_no_more_values_than_its_text_is_worth(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(MAX);
    AUTO(json) j = NULL;
    AUTO(json) again = NULL;
    struct err e;

    (void)state;
    buf_put_u8(&text, '[');
    for (size_t i = 0; i < 4000; i++)
        buf_put_str(&text, "{},");
    buf_put_str(&text, "0]");
    assert_int_equal(json_parse_answer(buf_bytes(&text), MAX, &j, &e), ERR_OK);
    text.n -= 2;
    for (size_t i = 0; i < 4000; i++)
        buf_put_str(&text, "{},");
    buf_put_str(&text, "0]");
    assert_int_equal(json_parse_foreign(buf_bytes(&text), MAX, &again, &e), ERR_OK);
    json_free(TAKE(again));
    assert_int_equal(json_parse_answer(buf_bytes(&text), MAX, &again, &e), ERR_TOO_LARGE);
}

static void text_that_is_not_json_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "[1 2]",
        "tru",
        "\"\t\"",       /* a raw control character */
        "\"\xff\"",     /* not UTF-8 */
        "\"\xc0\x80\"", /* overlong */
        "\"\\ud800\"",  /* half a surrogate pair */
        "\"\\u0000\"",  /* NUL */
        "{\"\\u0000\":1}",
        "\"\\x41\"",
        "// comment\n1",
        "/* comment */1",
        "\xef\xbb\xbf{}", /* byte order mark */
        "\"open",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(wrong[i], ERR_INVALID);
}

static void a_nul_in_the_text_is_refused(void **state)
{
    struct err e = {0};
    json *j = NULL;

    (void)state;
    assert_int_equal(json_parse((struct bytes){(const uint8_t *)"{}\0", 3}, MAX, &j, &e),
                     ERR_INVALID);
}

static void nesting(size_t depth, char open, char close, char *ret)
{
    memset(ret, open, depth);
    memset(ret + depth, close, depth);
    ret[2 * depth] = 0;
}

static void depth_is_bounded(void **state)
{
    char text[256];

    (void)state;
    nesting(32, '[', ']', text);
    json_free(parsed(text));
    nesting(33, '[', ']', text);
    refused(text, ERR_TOO_LARGE);
    nesting(100, '[', 'x', text);
    refused(text, ERR_TOO_LARGE);
    for (size_t i = 0; i < 33; i++)
        memcpy(text + 5 * i, "{\"a\":", 6);
    refused(text, ERR_TOO_LARGE);
}

static void brackets_in_strings_are_no_depth(void **state)
{
    char text[256] = "\"\\\"";

    (void)state;
    memset(text + 3, '[', 100);
    text[103] = '"';
    text[104] = 0;
    json_free(parsed(text));
}

static void text_over_the_maximum_is_refused(void **state)
{
    struct err e = {0};
    json *j = NULL;

    (void)state;
    assert_int_equal(json_parse(bytes_of_str("[1]"), 2, &j, &e), ERR_TOO_LARGE);
    assert_int_equal(json_parse(bytes_of_str("[1]"), 3, &j, &e), ERR_OK);
    json_free(j);
}

static void members_of_one_object_are_bounded(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(MAX);

    (void)state;
    for (int i = 0; i < 4097; i++)
        buf_printf(&b, "%s\"%x\":0", i ? "," : "{", (unsigned)i);
    buf_put_str(&b, "}");
    refused(buf_cstr(&b), ERR_TOO_LARGE);
}

static void errors_do_not_repeat_the_text(void **state)
{
    static const char *const wrong[] = {"{\"a\":secret}", "\"secret\" secret",
                                        "{\"secret\":1,\"secret\":2}", "[secret",
                                        "{\"a\":\"secret\xff\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err e = {0};
        json *j = NULL;

        assert_int_equal(json_parse(bytes_of_str(wrong[i]), MAX, &j, &e), ERR_INVALID);
        assert_null(strstr(e.msg, "secret"));
    }
}

static void a_syntax_error_says_where_it_is(void **state)
{
    struct err e = {0};
    json *j = NULL;

    (void)state;
    assert_int_equal(json_parse(bytes_of_str("{\n  \"a\": x}"), MAX, &j, &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, "line 2, column 8"));
}

static void typed_getters_give_what_is_there(void **state)
{
    AUTO(json) j = parsed("{\"o\":{},\"a\":[1],\"s\":\"hi\",\"n\":-5,\"t\":true,\"f\":false,"
                          "\"h\":\"0aFF\",\"x\":\"0x0aff\",\"b\":\"Zm9v\",\"z\":null}");
    struct buf buf AUTO_CALL(buf_done) = BUF(10);
    const json *node;
    const char *s;
    uint8_t two[2];
    struct err e = {0};
    int64_t n;
    bool v;

    (void)state;
    assert_int_equal(json_get_object(j, "o", &node, &e), ERR_OK);
    assert_true(json_is_object(node));
    assert_int_equal(json_get_array(j, "a", &node, &e), ERR_OK);
    assert_true(json_is_array(node));
    assert_int_equal(json_get_str(j, "s", 2, &s, &e), ERR_OK);
    assert_string_equal(s, "hi");
    assert_int_equal(json_get_i64(j, "n", &n, &e), ERR_OK);
    assert_int_equal(n, -5);
    assert_int_equal(json_get_bool(j, "t", &v, &e), ERR_OK);
    assert_true(v);
    assert_int_equal(json_get_bool(j, "f", &v, &e), ERR_OK);
    assert_false(v);
    assert_int_equal(json_get_hex(j, "h", two, 2, &e), ERR_OK);
    assert_int_equal(two[1], 0xff);
    assert_int_equal(json_get_hex0x(j, "x", two, 2, &e), ERR_OK);
    assert_int_equal(two[0], 0x0a);
    assert_int_equal(json_get_b64(j, "b", &buf, &e), ERR_OK);
    assert_string_equal(buf_cstr(&buf), "foo");
    assert_int_equal(json_get(j, "z", &node, &e), ERR_OK);
    assert_true(json_is_null(node));
    assert_true(json_has(j, "z"));
    assert_false(json_has(j, "y"));
}

static void getters_refuse_the_wrong_type_and_name_the_member(void **state)
{
    AUTO(json) j = parsed("{\"s\":\"text\",\"n\":1}");
    struct buf buf AUTO_CALL(buf_done) = BUF(10);
    const json *node;
    const char *s;
    uint8_t one[1];
    struct err e = {0};
    int64_t n;
    bool v;

    (void)state;
    assert_int_equal(json_get_object(j, "s", &node, &e), ERR_INVALID);
    assert_string_equal(e.msg, "\"s\" is a string, expected an object");
    assert_int_equal(json_get_array(j, "s", &node, &e), ERR_INVALID);
    assert_int_equal(json_get_i64(j, "s", &n, &e), ERR_INVALID);
    assert_int_equal(json_get_bool(j, "s", &v, &e), ERR_INVALID);
    assert_int_equal(json_get_str(j, "n", 9, &s, &e), ERR_INVALID);
    assert_string_equal(e.msg, "\"n\" is an integer, expected a string");
    assert_int_equal(json_get_hex(j, "n", one, 1, &e), ERR_INVALID);
    assert_int_equal(json_get_hex0x(j, "n", one, 1, &e), ERR_INVALID);
    assert_int_equal(json_get_b64(j, "n", &buf, &e), ERR_INVALID);
    assert_int_equal(json_get(j, "m", &node, &e), ERR_INVALID);
    assert_string_equal(e.msg, "member \"m\" is missing");
}

static void members_of_what_is_no_object_are_refused(void **state)
{
    AUTO(json) j = parsed("[1]");
    const json *node;
    struct err e = {0};
    static const char *const none[] = {NULL};

    (void)state;
    assert_int_equal(json_get(j, "a", &node, &e), ERR_INVALID);
    assert_int_equal(json_get(NULL, "a", &node, &e), ERR_INVALID);
    assert_int_equal(json_only(j, none, &e), ERR_INVALID);
}

static void a_string_over_its_maximum_is_refused(void **state)
{
    AUTO(json) j = parsed("{\"s\":\"text\"}");
    const char *s;
    struct err e = {0};

    (void)state;
    assert_int_equal(json_get_str(j, "s", 3, &s, &e), ERR_TOO_LARGE);
}

static void unsigned_numbers_are_bounded(void **state)
{
    AUTO(json) j = parsed("{\"n\":-1,\"p\":256}");
    struct err e = {0};
    uint64_t v = 9;

    (void)state;
    assert_int_equal(json_get_u64(j, "n", UINT64_MAX, &v, &e), ERR_INVALID);
    assert_int_equal(json_get_u64(j, "p", 255, &v, &e), ERR_INVALID);
    assert_int_equal(v, 9);
    assert_int_equal(json_get_u64(j, "p", 256, &v, &e), ERR_OK);
    assert_int_equal(v, 256);
}

static void hex_members_want_exactly_their_form(void **state)
{
    AUTO(json) j = parsed("{\"plain\":\"0aff\",\"prefixed\":\"0x0aff\",\"empty\":\"\"}");
    uint8_t b[3];
    struct err e = {0};

    (void)state;
    assert_int_equal(json_get_hex(j, "prefixed", b, 2, &e), ERR_INVALID);
    assert_int_equal(json_get_hex0x(j, "plain", b, 2, &e), ERR_INVALID);
    assert_int_equal(json_get_hex(j, "plain", b, 3, &e), ERR_INVALID);
    assert_int_equal(json_get_hex0x(j, "prefixed", b, 1, &e), ERR_INVALID);
    assert_int_equal(json_get_hex0x(j, "empty", b, 1, &e), ERR_INVALID);
}

static void an_unknown_member_is_named(void **state)
{
    static const char *const known[] = {"a", "b", NULL};
    AUTO(json) good = parsed("{\"b\":1}");
    AUTO(json) bad = parsed("{\"a\":1,\"evil\":2}");
    AUTO(json) ugly = parsed("{\"\\u001b[2J\":2}");
    struct err e = {0};

    (void)state;
    assert_int_equal(json_only(good, known, &e), ERR_OK);
    assert_int_equal(json_only(bad, known, &e), ERR_INVALID);
    assert_string_equal(e.msg, "unknown member \"evil\"");
    assert_int_equal(json_only(ugly, known, &e), ERR_INVALID);
    assert_null(strchr(e.msg, 0x1b));
}

static void objects_and_arrays_are_walked_in_order(void **state)
{
    AUTO(json) j = parsed("{\"z\":1,\"a\":[\"x\",2],\"m\":3}");
    const json *node = NULL;
    const char *name = NULL;

    (void)state;
    assert_int_equal(json_members(j), 3);
    assert_true(json_member(j, 0, &name, &node));
    assert_string_equal(name, "z");
    assert_true(json_member(j, 1, &name, &node));
    assert_string_equal(name, "a");
    assert_int_equal(json_len(node), 2);
    assert_string_equal(json_str(json_at(node, 0)), "x");
    assert_null(json_str(json_at(node, 1)));
    assert_null(json_at(node, 2));
    assert_true(json_is_string(json_at(node, 0)));
    assert_true(json_member(j, 2, &name, &node));
    assert_string_equal(name, "m");
    assert_false(json_member(j, 3, &name, &node));
}

static void build(json **ret, struct err *e)
{
    AUTO(json) inner = NULL;

    assert_int_equal(json_new_object(ret, e), ERR_OK);
    assert_int_equal(json_put_str(*ret, "s", "a\"b\\c/\xc3\xa9\n", e), ERR_OK);
    assert_int_equal(json_put_u64(*ret, "n", INT64_MAX, e), ERR_OK);
    assert_int_equal(json_put_bool(*ret, "t", true, e), ERR_OK);
    assert_int_equal(json_put_null(*ret, "z", e), ERR_OK);
    assert_int_equal(json_put_hex(*ret, "h", bytes_of_str("\x0a\xff"), e), ERR_OK);
    assert_int_equal(json_put_hex0x(*ret, "x", bytes_of_str("\x0a"), e), ERR_OK);
    assert_int_equal(json_put_b64(*ret, "b", bytes_of_str("f"), e), ERR_OK);
    assert_int_equal(json_put_hex(*ret, "e", (struct bytes){0}, e), ERR_OK);
    assert_int_equal(json_new_array(&inner, e), ERR_OK);
    assert_int_equal(json_append_str(inner, "i", e), ERR_OK);
    assert_int_equal(json_put(*ret, "a", TAKE(inner), e), ERR_OK);
}

static void what_is_made_is_written_in_order_of_insertion(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(1000);
    AUTO(json) j = NULL;
    struct err e = {0};

    (void)state;
    build(&j, &e);
    assert_int_equal(json_write(j, JSON_COMPACT, &out, &e), ERR_OK);
    assert_string_equal(buf_cstr(&out),
                        "{\"s\":\"a\\\"b\\\\c/\xc3\xa9\\n\",\"n\":9223372036854775807,\"t\":true,"
                        "\"z\":null,\"h\":\"0aff\",\"x\":\"0x0a\",\"b\":\"Zg==\",\"e\":\"\","
                        "\"a\":[\"i\"]}");
}

static void the_pretty_form_parses_to_the_same(void **state)
{
    struct buf pretty AUTO_CALL(buf_done) = BUF(1000), a AUTO_CALL(buf_done) = BUF(1000),
                      b AUTO_CALL(buf_done) = BUF(1000);
    AUTO(json) j = NULL;
    AUTO(json) again = NULL;
    struct err e = {0};

    (void)state;
    build(&j, &e);
    assert_int_equal(json_write(j, JSON_PRETTY, &pretty, &e), ERR_OK);
    assert_non_null(strchr(buf_cstr(&pretty), '\n'));
    again = parsed(buf_cstr(&pretty));
    assert_int_equal(json_write(j, JSON_COMPACT, &a, &e), ERR_OK);
    assert_int_equal(json_write(again, JSON_COMPACT, &b, &e), ERR_OK);
    assert_string_equal(buf_cstr(&a), buf_cstr(&b));
}

static void text_past_the_buffers_maximum_is_an_error(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(5);
    AUTO(json) j = parsed("{\"a\":123}");
    struct err e = {0};

    (void)state;
    assert_int_equal(json_write(j, JSON_COMPACT, &out, &e), ERR_TOO_LARGE);
}

static void what_json_cannot_carry_is_not_put(void **state)
{
    AUTO(json) j = NULL;
    struct err e = {0};

    (void)state;
    assert_int_equal(json_new_object(&j, &e), ERR_OK);
    assert_int_equal(json_put_str(j, "s", "\xff", &e), ERR_INVALID);
    assert_int_equal(json_put_u64(j, "n", (uint64_t)INT64_MAX + 1, &e), ERR_TOO_LARGE);
    assert_int_equal(json_put(j, "v", NULL, &e), ERR_INTERNAL);
    assert_int_equal(json_append(j, NULL, &e), ERR_INTERNAL);
    assert_int_equal(json_members(j), 0);
}

static void quoting_leaves_no_control_character(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(1000);
    char all[128];

    (void)state;
    for (int i = 0; i < 127; i++)
        all[i] = (char)(i + 1);
    all[127] = 0;
    json_put_quoted(&out, bytes_of_str(all));
    for (size_t i = 0; i < out.n; i++)
        assert_true(out.p[i] >= 0x20 && out.p[i] < 0x7f);
    json_free(parsed(buf_cstr(&out)));
}

static void quoting_escapes_what_turns_direction_and_marks_what_is_not_utf8(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(1000);

    (void)state;
    json_put_quoted(&out, bytes_of_str("a\xe2\x80\xae"
                                       "b\xc2\x9b"
                                       "c\xff"
                                       "d\xc3\xa9"));
    assert_string_equal(buf_cstr(&out), "\"a\\u202eb\\u009bc\xef\xbf\xbd"
                                        "d\xc3\xa9\"");
}

static int setup(void **state)
{
    (void)state;
    json_init();
    json_init(); /* once is enough, twice is fine */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_that_stands_twice_is_refused),
        cmocka_unit_test(data_after_the_end_is_refused),
        cmocka_unit_test(a_number_that_is_no_integer_is_refused),
        cmocka_unit_test(an_integer_of_more_than_64_bits_is_refused),
        cmocka_unit_test(numbers_that_nobody_reads_refuse_no_foreign_text),
        cmocka_unit_test(foreign_text_is_json_in_all_else),
        cmocka_unit_test(an_escaped_nul_stands_in_nothing_but_answers),
        cmocka_unit_test(an_answer_has_no_more_values_than_its_text_is_worth),
        cmocka_unit_test(text_that_is_not_json_is_refused),
        cmocka_unit_test(a_nul_in_the_text_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(brackets_in_strings_are_no_depth),
        cmocka_unit_test(text_over_the_maximum_is_refused),
        cmocka_unit_test(members_of_one_object_are_bounded),
        cmocka_unit_test(errors_do_not_repeat_the_text),
        cmocka_unit_test(a_syntax_error_says_where_it_is),
        cmocka_unit_test(typed_getters_give_what_is_there),
        cmocka_unit_test(getters_refuse_the_wrong_type_and_name_the_member),
        cmocka_unit_test(members_of_what_is_no_object_are_refused),
        cmocka_unit_test(a_string_over_its_maximum_is_refused),
        cmocka_unit_test(unsigned_numbers_are_bounded),
        cmocka_unit_test(hex_members_want_exactly_their_form),
        cmocka_unit_test(an_unknown_member_is_named),
        cmocka_unit_test(objects_and_arrays_are_walked_in_order),
        cmocka_unit_test(what_is_made_is_written_in_order_of_insertion),
        cmocka_unit_test(the_pretty_form_parses_to_the_same),
        cmocka_unit_test(text_past_the_buffers_maximum_is_an_error),
        cmocka_unit_test(what_json_cannot_carry_is_not_put),
        cmocka_unit_test(quoting_leaves_no_control_character),
        cmocka_unit_test(quoting_escapes_what_turns_direction_and_marks_what_is_not_utf8),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
