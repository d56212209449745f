/* rlp: the vectors of ethereum/tests and ethers, and what only a strict reader refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/rlp.h"
#include "support/eth.h"

#define MAX ((size_t)1 << 20)

/* "#123...": a number in decimal, of any size, as the file writes those that JSON cannot hold. */
static void put_decimal(struct buf *out, const char *digits)
{
    uint8_t be[64] = {0};

    for (; *digits; digits++) {
        unsigned carry = (unsigned)(*digits - '0');

        for (size_t i = sizeof be; i-- > 0;) {
            unsigned v = be[i] * 10u + carry;

            be[i] = (uint8_t)v;
            carry = v >> 8;
        }
    }
    rlp_put_uint(out, BYTES(be));
}

static void put_value(struct buf *out, const json *v, bool hex)
{
    const char *s = json_str(v);

    if (json_is_array(v)) {
        struct buf items AUTO_CALL(buf_done) = BUF(MAX);

        for (size_t i = 0; i < json_len(v); i++)
            put_value(&items, json_at(v, i), hex);
        rlp_put_list(out, buf_bytes(&items));
    } else if (s && hex) {
        struct buf data AUTO_CALL(buf_done) = BUF(MAX);

        vector_hex(s, &data);
        rlp_put_str(out, buf_bytes(&data));
    } else if (s && s[0] == '#') {
        put_decimal(out, s + 1);
    } else if (s) {
        rlp_put_str(out, bytes_of_str(s));
    } else {
        struct buf text AUTO_CALL(buf_done) = BUF(64);
        struct err e;

        assert_int_equal(json_write(v, JSON_COMPACT, &text, &e), ERR_OK);
        put_decimal(out, buf_cstr(&text));
    }
}

static void check_one(const json *value, const char *expected_hex, bool hex)
{
    struct buf made AUTO_CALL(buf_done) = BUF(MAX), expected AUTO_CALL(buf_done) = BUF(MAX);
    struct err e = {0};

    put_value(&made, value, hex);
    vector_hex(expected_hex, &expected);
    assert_int_equal(made.n, expected.n);
    assert_memory_equal(made.p, expected.p, made.n);
    assert_int_equal(rlp_check(buf_bytes(&expected), 32, &e), ERR_OK);
}

static void ethereum_tests_encode_and_read_back(void **state)
{
    AUTO(json) root = NULL;
    char *text, *nul;
    const char *name;
    const json *vector;
    struct err e;
    size_t n;

    (void)state;
    text = vector_read("tests/vectors/eth/ethereum-tests/rlptest.json", &n);
    /* Our JSON has no NUL in strings: the one vector with one stands here instead. */
    nul = strstr(text, "\"\\u0000\"");
    assert_non_null(nul);
    memcpy(nul, "\"nul\"   ", 8);
    assert_int_equal(json_parse((struct bytes){(uint8_t *)text, n}, n, &root, &e), ERR_OK);
    for (size_t i = 0; json_member(root, i, &name, &vector); i++)
        if (strcmp(name, "bytestring00") != 0)
            check_one(vector_get(vector, "in"), vector_str(vector, "out"), false);
    assert_int_equal(json_members(root), 28);
    free(text);
}

static void a_zero_byte_stands_for_itself(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(8);

    (void)state;
    rlp_put_str(&out, (struct bytes){(const uint8_t *)"\0", 1});
    assert_int_equal(out.n, 1);
    assert_int_equal(out.p[0], 0);
}

static void ethers_encode_and_read_back(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/ethers/rlp.json");

    (void)state;
    assert_true(json_len(root) > 20);
    for (size_t i = 0; i < json_len(root); i++)
        check_one(vector_get(json_at(root, i), "decoded"), vector_str(json_at(root, i), "encoded"),
                  true);
}

static void every_invalid_vector_is_refused(void **state)
{
    AUTO(json) root = vector_json("tests/vectors/eth/ethereum-tests/invalidRLPTest.json");
    const char *name;
    const json *vector;
    struct err e;

    (void)state;
    assert_true(json_members(root) > 15);
    for (size_t i = 0; json_member(root, i, &name, &vector); i++) {
        struct buf data AUTO_CALL(buf_done) = BUF(MAX);

        vector_hex(vector_str(vector, "out"), &data);
        if (rlp_check(buf_bytes(&data), 32, &e) != ERR_INVALID)
            fail_msg("%s was read", name);
    }
}

static enum err_code check_hex(const char *hex, unsigned depth)
{
    struct buf data AUTO_CALL(buf_done) = BUF(MAX);
    struct err e;

    vector_hex(hex, &data);
    return rlp_check(buf_bytes(&data), depth, &e);
}

static void trailing_bytes_are_refused(void **state)
{
    (void)state;
    assert_int_equal(check_hex("8080", 8), ERR_INVALID);
}

static void an_item_that_ends_early_is_refused(void **state)
{
    (void)state;
    assert_int_equal(check_hex("83646f", 8), ERR_INVALID);
}

static void lists_deeper_than_asked_are_refused(void **state)
{
    (void)state;
    assert_int_equal(check_hex("c2c1c0", 3), ERR_OK);
    assert_int_not_equal(check_hex("c2c1c0", 2), ERR_OK);
}

static void a_number_with_a_leading_zero_is_refused(void **state)
{
    struct rd r = rd_of((struct bytes){(const uint8_t *)"\x82\x00\x05", 3});
    struct err e;
    uint64_t v;

    (void)state;
    assert_int_equal(rlp_next_u64(&r, &v, &e), ERR_INVALID);
}

static void a_number_of_nine_bytes_is_refused(void **state)
{
    struct rd r =
        rd_of((struct bytes){(const uint8_t *)"\x89\x01\x02\x03\x04\x05\x06\x07\x08\x09", 10});
    struct err e;
    uint64_t v;

    (void)state;
    assert_int_not_equal(rlp_next_u64(&r, &v, &e), ERR_OK);
}

static void numbers_come_back_as_they_were(void **state)
{
    static const uint64_t numbers[] = {0, 1, 127, 128, 255, 256, 1u << 31, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct buf out AUTO_CALL(buf_done) = BUF(16);
        struct rd r;
        struct err e;
        uint64_t v;

        rlp_put_u64(&out, numbers[i]);
        r = rd_of(buf_bytes(&out));
        assert_int_equal(rlp_next_u64(&r, &v, &e), ERR_OK);
        assert_true(v == numbers[i] && rd_end(&r));
    }
}

static void a_fixed_string_must_have_its_length(void **state)
{
    struct rd r = rd_of((struct bytes){(const uint8_t *)"\x82\x01\x02", 3}), again = r;
    uint8_t two[2], three[3];
    struct err e;

    (void)state;
    assert_int_equal(rlp_next_fixed(&r, two, 2, &e), ERR_OK);
    assert_int_equal(two[1], 2);
    assert_int_not_equal(rlp_next_fixed(&again, three, 3, &e), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ethereum_tests_encode_and_read_back),
        cmocka_unit_test(a_zero_byte_stands_for_itself),
        cmocka_unit_test(ethers_encode_and_read_back),
        cmocka_unit_test(every_invalid_vector_is_refused),
        cmocka_unit_test(trailing_bytes_are_refused),
        cmocka_unit_test(an_item_that_ends_early_is_refused),
        cmocka_unit_test(lists_deeper_than_asked_are_refused),
        cmocka_unit_test(a_number_with_a_leading_zero_is_refused),
        cmocka_unit_test(a_number_of_nine_bytes_is_refused),
        cmocka_unit_test(numbers_come_back_as_they_were),
        cmocka_unit_test(a_fixed_string_must_have_its_length),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
