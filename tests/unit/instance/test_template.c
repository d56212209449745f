/* Configuration templates: what a reference becomes, and what is refused (SR-42, SR-43, SR-44). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/codec.h"
#include "base/json.h"
#include "instance/template.h"

/* Contents under ids 00..00 + number. */
struct shelf {
    struct bytes config[16], secret[16];
    unsigned fetches;
};

static enum err_code shelf_config(void *self, const struct hash32 *id, struct buf *ret,
                                  struct err *e)
{
    struct shelf *s = self;
    const unsigned n = id->b[31];

    s->fetches++;
    if (n >= 16 || !s->config[n].p)
        return err_set(e, ERR_NOT_FOUND, "not stored");
    buf_put(ret, s->config[n]);
    return buf_check(ret, e);
}

static enum err_code shelf_secret(void *self, const struct hash32 *id, secret **ret, struct err *e)
{
    struct shelf *s = self;
    const unsigned n = id->b[31];

    s->fetches++;
    if (n >= 16 || !s->secret[n].p)
        return err_set(e, ERR_NOT_FOUND, "not stored");
    return secret_copy(s->secret[n], ret, e);
}

/* "@Cn" and "@Sn" (n one hex digit) stand for references, to keep the cases readable. */
static void expand(const char *text, struct buf *out)
{
    for (; *text; text++) {
        if (text[0] == '@' && (text[1] == 'C' || text[1] == 'S') && text[2]) {
            buf_put_str(out, text[1] == 'C' ? "__CONFIG_REF_" : "__SECRET_REF_");
            for (int i = 0; i < 63; i++)
                buf_put_u8(out, '0');
            buf_put_u8(out, (uint8_t)text[2]);
            text += 2;
        } else {
            buf_put_u8(out, (uint8_t)*text);
        }
    }
}

static enum err_code resolve(struct shelf *s, const char *text, struct buf *ret, struct err *e)
{
    const struct template_source source = {shelf_config, shelf_secret, s};
    struct buf t AUTO_CALL(buf_done) = BUF(4096);

    expand(text, &t);
    return template_resolve(buf_bytes(&t), &source, ret, e);
}

static void becomes(struct shelf *s, const char *text, const char *expected)
{
    struct buf out AUTO_CALL(buf_done_wipe) = BUF(TEMPLATE_RESULT_MAX);
    struct err e = {0};

    if (resolve(s, text, &out, &e) != ERR_OK)
        fail_msg("%s: %s", text, e.msg);
    assert_string_equal(buf_cstr(&out), expected);
}

static struct err refused(struct shelf *s, const char *text, enum err_code code, const char *says)
{
    struct buf out AUTO_CALL(buf_done_wipe) = BUF(TEMPLATE_RESULT_MAX);
    struct err e = {0};

    assert_int_equal(resolve(s, text, &out, &e), code);
    assert_int_equal(out.n, 0);
    if (!strstr(e.msg, says))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, says);
    return e;
}

#define T(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static void a_quoted_whole_value_becomes_the_content_itself(void **state)
{
    struct shelf s = {.config[1] = T("{\"x\": 1}"), .secret[2] = T("\"p\\\"w\"")};

    (void)state;
    becomes(&s, "{\"k\": \"@C1\", \"s\":\"@S2\"}", "{\"k\": {\"x\": 1}, \"s\":\"p\\\"w\"}");
}

static void a_bare_reference_becomes_the_content_itself(void **state)
{
    struct shelf s = {.config[1] = T("[1, 2.5e3]")};

    (void)state;
    becomes(&s, "{\"k\": @C1}", "{\"k\": [1, 2.5e3]}");
}

static void a_reference_within_a_string_becomes_escaped_text(void **state)
{
    struct shelf s = {.secret[1] = T("a\"b\\c\n\x01/\xc3\xa4"), .config[2] = T("db")};

    (void)state;
    becomes(&s, "{\"url\": \"pg://u:@S1@C2\"}",
            "{\"url\": \"pg://u:a\\\"b\\\\c\\u000a\\u0001/\xc3\xa4"
            "db\"}");
}

static void a_dollar_has_no_meaning(void **state)
{
    struct shelf s = {.secret[1] = T("\"pa$$w$1rd${x}\"")};

    (void)state;
    becomes(&s, "[\"@S1\", \"-@S1\"]", "[\"pa$$w$1rd${x}\", \"-\\\"pa$$w$1rd${x}\\\"\"]");
}

/* SR-43 as a property: whatever text a secret is, a JSON reader gets exactly it, in its place. */
static void any_text_comes_out_as_it_went_in(void **state)
{
    static const char *const pieces[] = {"$",
                                         "\\",
                                         "\"",
                                         "'",
                                         "\n",
                                         "\x01",
                                         "\x1f",
                                         "\x7f",
                                         "a",
                                         "}",
                                         ",\"k\":1",
                                         "</script>",
                                         "\xc2\x80",
                                         "\xe2\x80\xa8",
                                         "\u202e",
                                         "\xc3\xa4",
                                         "$1",
                                         "\\u0000",
                                         "%s",
                                         "\t",
                                         "__CONFIG_REF_",
                                         "__SECRET_REF_",
                                         "\r",
                                         "0",
                                         "${x}",
                                         "\xf0\x9f\x98\x80"};
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct buf text AUTO_CALL(buf_done) = BUF(1024), out AUTO_CALL(buf_done_wipe) = BUF(65536);
        struct buf expected AUTO_CALL(buf_done) = BUF(1024);
        AUTO(json) tree = NULL;
        const char *value;
        struct shelf s = {0};
        struct err e = {0};

        for (unsigned n = (seed >> 16) % 12; n > 0; n--) {
            seed = seed * 1664525 + 1013904223;
            buf_put_str(&text, pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)]);
        }
        seed = seed * 1664525 + 1013904223;
        s.secret[1] = text.n ? buf_bytes(&text) : T("");
        buf_printf(&expected, "<%.*s>", (int)text.n, text.n ? (const char *)text.p : "");
        if (resolve(&s, "{\"k\": \"<@S1>\"}", &out, &e) != ERR_OK ||
            json_parse(buf_bytes(&out), 65536, &tree, &e) != ERR_OK)
            fail_msg("%s: %s", buf_cstr(&expected), e.msg);
        assert_int_equal(json_members(tree), 1);
        assert_int_equal(json_get_str(tree, "k", 1024, &value, &e), ERR_OK);
        assert_string_equal(value, buf_cstr(&expected));
    }
}

static void references_in_configs_are_resolved_in_turn(void **state)
{
    struct buf inner AUTO_CALL(buf_done) = BUF(512);
    struct shelf s = {.secret[2] = T("\"deep\"")};

    (void)state;
    expand("{\"a\": \"@S2\"}", &inner);
    s.config[1] = buf_bytes(&inner);
    becomes(&s, "{\"k\": \"@C1\"}", "{\"k\": {\"a\": \"deep\"}}");
}

static void a_secret_is_never_looked_into(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(512);
    struct buf expected AUTO_CALL(buf_done) = BUF(512);
    struct shelf s = {.secret[2] = T("\"other\"")};

    (void)state;
    expand("\"@S2\"", &text);
    s.secret[1] = buf_bytes(&text);
    expand("{\"k\": \"@S2\"}", &expected);
    becomes(&s, "{\"k\": \"@S1\"}", buf_cstr(&expected));
    buf_clear(&expected);
    expand("{\"k\": \"-\\\"@S2\\\"\"}", &expected);
    becomes(&s, "{\"k\": \"-@S1\"}", buf_cstr(&expected));
}

static void the_same_content_is_fetched_once(void **state)
{
    struct shelf s = {.config[1] = T("1"), .secret[1] = T("2")};

    (void)state;
    becomes(&s, "[\"@C1\", @C1, \"a@C1\", \"@S1\", \"@S1\"]", "[1, 1, \"a1\", 2, 2]");
    assert_int_equal(s.fetches, 2);
}

static void digits_may_be_of_either_case(void **state)
{
    struct shelf s = {.config[15] = T("7")};

    (void)state;
    becomes(&s, "[\"@Cf\", \"@CF\"]", "[7, 7]");
}

static void a_config_cannot_bring_members_of_its_own(void **state)
{
    struct shelf s = {.config[1] = T("1, \"admin\": true"), .config[2] = T("")};

    (void)state;
    (void)refused(&s, "{\"k\": \"@C1\"}", ERR_INVALID, "is not JSON");
    (void)refused(&s, "{\"k\": \"@C2\"}", ERR_INVALID, "is not JSON");
}

static void a_secret_that_is_no_json_is_refused_without_being_shown(void **state)
{
    struct shelf s = {.secret[1] = T("hunter2")};
    struct err e;

    (void)state;
    e = refused(&s, "{\"k\": \"@S1\"}", ERR_INVALID, "teereg secret seal --text");
    assert_null(strstr(e.msg, "hunter2"));
}

static void bytes_that_are_no_text_do_not_enter_a_string(void **state)
{
    struct shelf s = {.secret[1] = T("\xff\xfe"), .secret[2] = T("a\0b")};

    (void)state;
    (void)refused(&s, "[\"x@S1\"]", ERR_INVALID, "not text");
    (void)refused(&s, "[\"x@S2\"]", ERR_INVALID, "not text");
}

static void a_reference_with_another_number_of_digits_is_refused(void **state)
{
    struct shelf s = {.config[1] = T("1")};

    (void)state;
    (void)refused(&s, "[\"@C10\"]", ERR_INVALID, "it has more");
    (void)refused(&s, "{\n \"k\": \"__SECRET_REF_00\"}", ERR_INVALID, "line 2, column 8");
    (void)refused(&s, "__CONFIG_REF_", ERR_INVALID, "it has fewer");
}

static void the_templates_own_fault_is_found_on_its_line(void **state)
{
    struct shelf s = {.secret[1] = T("\"s3cret\"")};
    struct err e;

    (void)state;
    e = refused(&s, "{\n\"a\": \"@S1\"\n\"b\": 1}", ERR_INVALID, "line 3");
    assert_null(strstr(e.msg, "s3cret"));
    (void)refused(&s, "{\"a\": \"b", ERR_INVALID, "without an end");
}

static void duplicate_members_are_refused(void **state)
{
    struct shelf s = {0};

    (void)state;
    (void)refused(&s, "{\"a\": 1, \"a\": 2}", ERR_INVALID, "");
}

static void a_missing_content_is_named(void **state)
{
    struct shelf s = {0};

    (void)state;
    (void)refused(&s, "[\"@Se\"]", ERR_NOT_FOUND,
                  "secret 000000000000000000000000000000000000000000000000000000000000000e");
}

static void nesting_and_number_of_contents_are_bounded(void **state)
{
    struct buf loop AUTO_CALL(buf_done) = BUF(512);
    struct shelf s = {0};

    (void)state;
    /* No real hash refers to itself; a source that lies could. */
    expand("[\"@C1\"]", &loop);
    s.config[1] = buf_bytes(&loop);
    (void)refused(&s, "[\"@C1\"]", ERR_TOO_LARGE, "8 deep");
    (void)refused(&s, "[\"x@C1\"]", ERR_TOO_LARGE, "8 deep");
}

static enum err_code any_config(void *self, const struct hash32 *id, struct buf *ret, struct err *e)
{
    (void)self;
    (void)id;
    buf_put_u8(ret, '1');
    return buf_check(ret, e);
}

static void more_contents_than_the_bound_are_refused(void **state)
{
    const struct template_source source = {.config = any_config};
    struct buf t AUTO_CALL(buf_done) = BUF(64 * 1024);
    struct buf out AUTO_CALL(buf_done_wipe) = BUF(TEMPLATE_RESULT_MAX);
    struct err e;

    (void)state;
    buf_put_str(&t, "[0");
    for (unsigned i = 0; i <= TEMPLATE_FETCH_MAX; i++)
        buf_printf(&t, ",__CONFIG_REF_%064x", i);
    buf_put_str(&t, "]");
    assert_int_equal(template_resolve(buf_bytes(&t), &source, &out, &e), ERR_TOO_LARGE);
}

static void a_value_does_not_grow_together_with_what_stands_beside_it(void **state)
{
    static const char *const glued[] = {"[1@C1]", "[@C11]",  "[@C1@C1]",        "[1\"@C1\"]",
                                        "[-@S1]", "[@S1.5]", "[\"@C1\"\"@C1\"]"};
    struct shelf s = {.config[1] = T("2"), .secret[1] = T("3")};

    (void)state;
    for (size_t i = 0; i < sizeof glued / sizeof *glued; i++)
        (void)refused(&s, glued[i], ERR_INVALID, i == 1 ? "it has more" : "beside it");
    becomes(&s, "[ @C1 ,\n\"@S1\"\t]", "[ 2 ,\n3\t]");
}

/* Each level costs thirty times the one below it, and adds nothing to the result. */
static void references_to_nothing_cannot_cost_time_without_end(void **state)
{
    struct buf level[4];
    struct shelf s = {.config[4] = T("")};

    (void)state;
    for (int n = 3; n >= 1; n--) {
        char ref[] = "@C_";

        ref[2] = (char)('1' + n);
        level[n] = BUF(16384);
        for (int i = 0; i < 30; i++)
            expand(ref, &level[n]);
        s.config[n] = buf_bytes(&level[n]);
    }
    (void)refused(&s, "[\"x@C1\"]", ERR_TOO_LARGE, "more than 4096 references");
    for (int n = 3; n >= 1; n--)
        buf_done(&level[n]);
}

static enum err_code count(void *self, enum template_kind kind, const struct hash32 *id,
                           struct err *e)
{
    unsigned *n = self;

    (void)id;
    (void)e;
    n[kind]++;
    return ERR_OK;
}

static void every_reference_is_listed(void **state)
{
    struct buf t AUTO_CALL(buf_done) = BUF(4096);
    unsigned n[2] = {0};
    struct err e;

    (void)state;
    expand("{\"a\": \"@C1\", \"b\": \"x@S1y@S2\"}", &t);
    assert_int_equal(template_each(buf_bytes(&t), count, n, &e), ERR_OK);
    assert_int_equal(n[TEMPLATE_CONFIG], 1);
    assert_int_equal(n[TEMPLATE_SECRET], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quoted_whole_value_becomes_the_content_itself),
        cmocka_unit_test(a_bare_reference_becomes_the_content_itself),
        cmocka_unit_test(a_reference_within_a_string_becomes_escaped_text),
        cmocka_unit_test(a_dollar_has_no_meaning),
        cmocka_unit_test(any_text_comes_out_as_it_went_in),
        cmocka_unit_test(references_in_configs_are_resolved_in_turn),
        cmocka_unit_test(a_secret_is_never_looked_into),
        cmocka_unit_test(the_same_content_is_fetched_once),
        cmocka_unit_test(digits_may_be_of_either_case),
        cmocka_unit_test(a_config_cannot_bring_members_of_its_own),
        cmocka_unit_test(a_secret_that_is_no_json_is_refused_without_being_shown),
        cmocka_unit_test(bytes_that_are_no_text_do_not_enter_a_string),
        cmocka_unit_test(a_reference_with_another_number_of_digits_is_refused),
        cmocka_unit_test(the_templates_own_fault_is_found_on_its_line),
        cmocka_unit_test(duplicate_members_are_refused),
        cmocka_unit_test(a_missing_content_is_named),
        cmocka_unit_test(nesting_and_number_of_contents_are_bounded),
        cmocka_unit_test(more_contents_than_the_bound_are_refused),
        cmocka_unit_test(a_value_does_not_grow_together_with_what_stands_beside_it),
        cmocka_unit_test(references_to_nothing_cannot_cost_time_without_end),
        cmocka_unit_test(every_reference_is_listed),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
