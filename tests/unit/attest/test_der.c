/* der: one spelling of each value, and no byte beyond the input. */
#include "support/dcap.h"
#include "attest/der.h"

#define IN(...) BYTES(((const uint8_t[]){__VA_ARGS__}))

static enum err_code next(struct bytes in, struct der *ret)
{
    struct rd r = rd_of(in);
    struct err e;

    return der_next(&r, ret, &e);
}

static void a_value_gives_its_tag_contents_and_whole(void **state)
{
    struct bytes in = IN(0x04, 0x02, 0xaa, 0xbb, 0x05, 0x00);
    struct rd r = rd_of(in);
    struct der v;
    struct err e;

    (void)state;
    need(der_expect(&r, DER_OCTET_STRING, &v, &e), &e);
    assert_true(bytes_eq(v.body, IN(0xaa, 0xbb)));
    assert_true(bytes_eq(v.whole, IN(0x04, 0x02, 0xaa, 0xbb)));
    assert_int_equal(der_finish(&r, "the test", &e), ERR_INVALID);
    need(der_next(&r, &v, &e), &e);
    assert_int_equal(v.tag, 0x05);
    assert_int_equal(v.body.n, 0);
    need(der_finish(&r, "the test", &e), &e);
}

static void long_lengths_are_read(void **state)
{
    uint8_t in[4 + 0x100] = {0x30, 0x82, 0x01, 0x00};
    uint8_t mid[3 + 0x80] = {0x30, 0x81, 0x80};
    struct der v;

    (void)state;
    assert_int_equal(next(BYTES(in), &v), ERR_OK);
    assert_int_equal(v.body.n, 0x100);
    assert_int_equal(next(BYTES(mid), &v), ERR_OK);
    assert_int_equal(v.body.n, 0x80);
}

static void other_spellings_of_a_length_are_refused(void **state)
{
    static uint8_t big[70000] = {0x30, 0x83, 0x01, 0x00, 0x00};
    static uint8_t padded[300] = {0x30, 0x82, 0x00, 0x80};
    struct der v;

    (void)state;
    assert_int_equal(next(IN(0x30, 0x80, 0x00, 0x00), &v), ERR_INVALID); /* indefinite */
    assert_int_equal(next(IN(0x30, 0x81, 0x01, 0xaa), &v), ERR_INVALID); /* not minimal */
    assert_int_equal(next(BYTES(padded), &v), ERR_INVALID);
    assert_int_equal(next(BYTES(big), &v), ERR_INVALID);
    assert_int_equal(next(IN(0x1f, 0x81, 0x01, 0x00), &v), ERR_INVALID); /* high tag number */
}

static void a_value_that_is_cut_is_refused(void **state)
{
    static const uint8_t in[] = {0x30, 0x03, 0x01, 0x02, 0x03};
    struct der v;

    (void)state;
    for (size_t n = 0; n < sizeof in; n++)
        assert_int_equal(next((struct bytes){in, n}, &v), ERR_INVALID);
}

static void another_tag_than_expected_is_refused_and_poisons(void **state)
{
    struct rd r = rd_of(IN(0x04, 0x00, 0x30, 0x00));
    struct der v;
    struct err e;

    (void)state;
    assert_int_equal(der_expect(&r, DER_SEQUENCE, &v, &e), ERR_INVALID);
    assert_int_equal(der_next(&r, &v, &e), ERR_INVALID);
    assert_int_equal(der_optional(&r, DER_SEQUENCE, &v, &e), ERR_INVALID);
}

static void an_optional_value_may_be_missing(void **state)
{
    struct rd r = rd_of(IN(0x01, 0x01, 0xff)), none = rd_of((struct bytes){0});
    struct der v;
    bool yes;
    struct err e;

    (void)state;
    need(der_optional(&r, DER_INTEGER, &v, &e), &e);
    assert_int_equal(v.tag, 0);
    need(der_optional(&r, DER_BOOLEAN, &v, &e), &e);
    need(der_bool(&v, &yes, &e), &e);
    assert_true(yes);
    need(der_optional(&none, DER_BOOLEAN, &v, &e), &e);
    assert_int_equal(v.tag, 0);
}

static enum err_code number(struct bytes contents, uint64_t max, uint64_t *ret)
{
    struct der v = {.tag = DER_INTEGER, .body = contents};
    struct err e;

    return der_uint(&v, max, ret, &e);
}

static void numbers_are_minimal_positive_and_bounded(void **state)
{
    struct der text = {.tag = DER_OCTET_STRING, .body = IN(1)};
    uint64_t n = 99;
    struct err e;

    (void)state;
    assert_int_equal(number(IN(0), 0, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(number(IN(0x00, 0xff), 255, &n), ERR_OK);
    assert_int_equal(n, 255);
    assert_int_equal(number(IN(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), UINT64_MAX, &n),
                     ERR_OK);
    assert_true(n == UINT64_MAX);
    assert_int_equal(number(IN(0x00, 0xff), 254, &n), ERR_INVALID);
    assert_int_equal(number(IN(0x00, 0x7f), 255, &n), ERR_INVALID); /* not minimal */
    assert_int_equal(number(IN(0xff), 255, &n), ERR_INVALID);       /* negative */
    assert_int_equal(number((struct bytes){0}, 255, &n), ERR_INVALID);
    assert_int_equal(number(IN(1, 0, 0, 0, 0, 0, 0, 0, 0), UINT64_MAX, &n), ERR_INVALID);
    assert_int_equal(number(IN(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), UINT64_MAX, &n), ERR_INVALID);
    assert_int_equal(der_uint(&text, 255, &n, &e), ERR_INVALID);
}

static void booleans_and_bit_strings_have_one_spelling(void **state)
{
    struct der v = {.tag = DER_BOOLEAN, .body = IN(1)};
    struct bytes bits;
    bool b;
    struct err e;

    (void)state;
    assert_int_equal(der_bool(&v, &b, &e), ERR_INVALID);
    v.body = IN(0xff, 0xff);
    assert_int_equal(der_bool(&v, &b, &e), ERR_INVALID);
    v = (struct der){.tag = DER_BIT_STRING, .body = IN(0, 0xab)};
    need(der_bits(&v, &bits, &e), &e);
    assert_true(bytes_eq(bits, IN(0xab)));
    v.body = IN(1, 0xaa); /* an unused bit */
    assert_int_equal(der_bits(&v, &bits, &e), ERR_INVALID);
    v.body = (struct bytes){0};
    assert_int_equal(der_bits(&v, &bits, &e), ERR_INVALID);
}

static enum err_code time_of(uint8_t tag, const char *text, int64_t *ret)
{
    struct der v = {.tag = tag, .body = bytes_of_str(text)};
    struct err e;

    return der_time(&v, ret, &e);
}

static void times_are_unix_seconds(void **state)
{
    static const struct {
        uint8_t tag;
        const char *text;
        int64_t want; /* by date -u +%s */
    } good[] = {
        {DER_UTC_TIME, "700101000000Z", 0},
        {DER_UTC_TIME, "180521104510Z", 1526899510},
        {DER_UTC_TIME, "491231235959Z", 2524607999},
        {DER_UTC_TIME, "500101000000Z", -631152000},
        {DER_UTC_TIME, "240229120000Z", 1709208000},
        {DER_GENERALIZED_TIME, "20491231235959Z", 2524607999},
        {DER_GENERALIZED_TIME, "99991231235959Z", 253402300799},
        {DER_GENERALIZED_TIME, "20000229000000Z", 951782400},
        {DER_GENERALIZED_TIME, "19000301000000Z", -2203891200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t t = 0;

        assert_int_equal(time_of(good[i].tag, good[i].text, &t), ERR_OK);
        assert_true(t == good[i].want);
    }
}

static void days_that_never_were_and_other_spellings_are_refused(void **state)
{
    static const struct {
        uint8_t tag;
        const char *text;
    } bad[] = {
        {DER_UTC_TIME, "230229000000Z"},
        {DER_UTC_TIME, "230431000000Z"},
        {DER_UTC_TIME, "231301000000Z"},
        {DER_UTC_TIME, "230001000000Z"},
        {DER_UTC_TIME, "230100000000Z"},
        {DER_UTC_TIME, "230101240000Z"},
        {DER_UTC_TIME, "230101006000Z"},
        {DER_UTC_TIME, "230101000060Z"},
        {DER_UTC_TIME, "2301010000Z"},
        {DER_UTC_TIME, "230101000000"},
        {DER_UTC_TIME, "230101000000+0000"},
        {DER_UTC_TIME, "23010100000aZ"},
        {DER_UTC_TIME, "20230101000000Z"},
        {DER_GENERALIZED_TIME, "230101000000Z"},
        {DER_GENERALIZED_TIME, "19000229000000Z"},
        {DER_GENERALIZED_TIME, "00000101000000Z"},
        {DER_GENERALIZED_TIME, "20230101000000.5Z"},
        {DER_OCTET_STRING, "230101000000Z"},
        {DER_UTC_TIME, ""},
    };
    int64_t t;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (time_of(bad[i].tag, bad[i].text, &t) != ERR_INVALID)
            fail_msg("accepted: %s", bad[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_gives_its_tag_contents_and_whole),
        cmocka_unit_test(long_lengths_are_read),
        cmocka_unit_test(other_spellings_of_a_length_are_refused),
        cmocka_unit_test(a_value_that_is_cut_is_refused),
        cmocka_unit_test(another_tag_than_expected_is_refused_and_poisons),
        cmocka_unit_test(an_optional_value_may_be_missing),
        cmocka_unit_test(numbers_are_minimal_positive_and_bounded),
        cmocka_unit_test(booleans_and_bit_strings_have_one_spelling),
        cmocka_unit_test(times_are_unix_seconds),
        cmocka_unit_test(days_that_never_were_and_other_spellings_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
