/* jws: the compact form, and nothing that looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "base/json.h"
#include "crypto/jws.h"

static enum err_code split(const char *text)
{
    struct jws t AUTO_CALL(jws_done) = {0};
    struct err e;

    return jws_split(bytes_of_str(text), &t, &e);
}

static void three_segments_are_a_token(void **state)
{
    struct jws t AUTO_CALL(jws_done) = {0};
    struct err e;

    (void)state;
    assert_int_equal(jws_split(bytes_of_str("YQ.YmM.ZGVm"), &t, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&t.header), bytes_of_str("a")));
    assert_true(bytes_eq(buf_bytes(&t.payload), bytes_of_str("bc")));
    assert_true(bytes_eq(buf_bytes(&t.signature), bytes_of_str("def")));
    assert_true(bytes_eq(t.signed_part, bytes_of_str("YQ.YmM")));
}

static void another_number_of_segments_is_not(void **state)
{
    (void)state;
    assert_int_equal(split(""), ERR_INVALID);
    assert_int_equal(split("YQ"), ERR_INVALID);
    assert_int_equal(split("YQ.YmM"), ERR_INVALID);
    assert_int_equal(split("YQ.YmM.ZGVm.YQ"), ERR_INVALID);
    assert_int_equal(split("YQ.YmM.ZGVm."), ERR_INVALID);
}

static void no_segment_is_empty(void **state)
{
    (void)state;
    assert_int_equal(split("YQ.YmM."), ERR_INVALID);
    assert_int_equal(split("YQ..ZGVm"), ERR_INVALID);
    assert_int_equal(split(".YmM.ZGVm"), ERR_INVALID);
    assert_int_equal(split(".."), ERR_INVALID);
}

static void a_segment_is_base64url_of_one_spelling(void **state)
{
    static const char *const all[] = {
        "YQ.YmM=.ZGVm",  "YQ.YmN.ZGVm",  "YR.YmM.ZGVm",   "YQ.Ym+M.ZGVm",  "YQ.Ym/M.ZGVm",
        "YQ.YmM.ZGVm\n", " YQ.YmM.ZGVm", "YQ.Y\nmM.ZGVm", "YQ.YmMAA.ZGVm", "YQ.YmM.ZGVmYQ=="};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (split(all[i]) == ERR_OK)
            fail_msg("%s", all[i]);
}

static void a_token_has_a_bound(void **state)
{
    char *text = malloc(JWS_MAX + 5);

    (void)state;
    memset(text, 'A', JWS_MAX + 4);
    memcpy(text, "YQ.", 3);
    text[JWS_MAX + 4] = 0;
    text[8] = '.';
    assert_int_equal(split(text), ERR_TOO_LARGE);
    text[JWS_MAX] = 0;
    text[7] = 'A';
    text[8] = '.';
    assert_int_not_equal(split(text), ERR_TOO_LARGE);
    free(text);
}

static enum err_code header(const char *text, struct jws_header *ret)
{
    struct err e;

    json_init();
    return jws_header_read(bytes_of_str(text), ret, &e);
}

static void a_header_names_algorithm_and_key(void **state)
{
    struct jws_header h;

    (void)state;
    assert_int_equal(header("{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"JWT\"}", &h), ERR_OK);
    assert_string_equal(h.alg, "RS256");
    assert_string_equal(h.kid, "k");
    assert_int_equal(header("{\"alg\":\"RS256\"}", &h), ERR_OK);
    assert_string_equal(h.kid, "");
}

static void what_must_be_understood_is_not(void **state)
{
    struct jws_header h;

    (void)state;
    assert_int_equal(header("{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}", &h),
                     ERR_INVALID);
    assert_int_equal(header("{\"alg\":\"RS256\",\"crit\":null}", &h), ERR_INVALID);
}

static void a_header_is_one_object_without_duplicates(void **state)
{
    struct jws_header h;

    (void)state;
    assert_int_equal(header("{\"alg\":\"RS256\",\"alg\":\"none\"}", &h), ERR_INVALID);
    assert_int_equal(header("{\"alg\":\"RS256\"}{}", &h), ERR_INVALID);
    assert_int_equal(header("[]", &h), ERR_INVALID);
    assert_int_equal(header("{}", &h), ERR_INVALID);
    assert_int_equal(header("{\"alg\":\"a very long algorithm\"}", &h), ERR_TOO_LARGE);
    assert_int_equal(header("{\"alg\":\"RS256\",\"typ\":\"JOSE\"}", &h), ERR_INVALID);
}

static void only_rs256_counts(void **state)
{
    struct jws_header h;
    struct err e;

    (void)state;
    assert_int_equal(header("{\"alg\":\"RS256\"}", &h), ERR_OK);
    assert_int_equal(jws_check_alg(&h, &e), ERR_OK);
    assert_int_equal(header("{\"alg\":\"HS256\"}", &h), ERR_OK);
    assert_int_equal(jws_check_alg(&h, &e), ERR_VERIFY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_segments_are_a_token),
        cmocka_unit_test(another_number_of_segments_is_not),
        cmocka_unit_test(no_segment_is_empty),
        cmocka_unit_test(a_segment_is_base64url_of_one_spelling),
        cmocka_unit_test(a_token_has_a_bound),
        cmocka_unit_test(a_header_names_algorithm_and_key),
        cmocka_unit_test(what_must_be_understood_is_not),
        cmocka_unit_test(a_header_is_one_object_without_duplicates),
        cmocka_unit_test(only_rs256_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
