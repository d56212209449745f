/* codec: one spelling of each value; vectors of RFC 4648, section 10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/codec.h"

static enum err_code b64(const char *text, struct buf *ret)
{
    struct err e = {0};

    buf_clear(ret);
    return base64_decode(bytes_of_str(text), ret, &e);
}

static enum err_code b64url(const char *text, struct buf *ret)
{
    struct err e = {0};

    buf_clear(ret);
    return base64url_decode(bytes_of_str(text), ret, &e);
}

static void the_vectors_of_rfc_4648_hold(void **state)
{
    static const struct {
        const char *plain, *b64, *b32, *hex;
    } v[] = {
        {"", "", "", ""},
        {"f", "Zg==", "MY======", "66"},
        {"fo", "Zm8=", "MZXQ====", "666f"},
        {"foo", "Zm9v", "MZXW6===", "666f6f"},
        {"foob", "Zm9vYg==", "MZXW6YQ=", "666f6f62"},
        {"fooba", "Zm9vYmE=", "MZXW6YTB", "666f6f6261"},
        {"foobar", "Zm9vYmFy", "MZXW6YTBOI======", "666f6f626172"},
    };
    struct buf b AUTO_CALL(buf_done) = BUF(100);

    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
        struct bytes plain = bytes_of_str(v[i].plain);
        char hex[20];

        assert_int_equal(b64(v[i].b64, &b), ERR_OK);
        assert_string_equal(buf_cstr(&b), v[i].plain);
        buf_clear(&b);
        base64_put(&b, plain);
        assert_string_equal(buf_cstr(&b), v[i].b64);
        buf_clear(&b);
        base32_put(&b, plain);
        assert_string_equal(buf_cstr(&b), v[i].b32);
        buf_clear(&b);
        hex_put(&b, plain);
        assert_string_equal(buf_cstr(&b), v[i].hex);
        hex_encode(plain, hex);
        assert_string_equal(hex, v[i].hex);
    }
}

static void every_byte_value_survives_each_codec(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(1000), back AUTO_CALL(buf_done) = BUF(1000);
    uint8_t all[256];
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    for (size_t n = 250; n <= 256; n++) {
        struct bytes in = {all, n};

        buf_clear(&text);
        buf_clear(&back);
        base64_put(&text, in);
        assert_int_equal(base64_decode(buf_bytes(&text), &back, &e), ERR_OK);
        assert_true(bytes_eq(buf_bytes(&back), in));
        buf_clear(&text);
        buf_clear(&back);
        base64url_put(&text, in);
        assert_int_equal(base64url_decode(buf_bytes(&text), &back, &e), ERR_OK);
        assert_true(bytes_eq(buf_bytes(&back), in));
        buf_clear(&text);
        buf_clear(&back);
        hex_put(&text, in);
        assert_int_equal(hex_decode_buf(buf_bytes(&text), &back, &e), ERR_OK);
        assert_true(bytes_eq(buf_bytes(&back), in));
    }
}

static void base64_with_unused_bits_set_is_refused(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(100);

    (void)state;
    assert_int_equal(b64("Zh==", &b), ERR_INVALID); /* a lax decoder reads "f" */
    assert_int_equal(b64("Zm9=", &b), ERR_INVALID);
    assert_int_equal(b64url("Zh", &b), ERR_INVALID);
    assert_int_equal(b64url("Zm9", &b), ERR_INVALID);
    assert_int_equal(b64url("Zg", &b), ERR_OK);
    assert_int_equal(b64url("Zm8", &b), ERR_OK);
}

static void base64_with_wrong_padding_is_refused(void **state)
{
    static const char *const wrong[] = {
        "Zg",       "Zg=", "Zg===",    "Z===", "====",  "=Zg=",    "Zm8",
        "Zm9vYg=b", "Z",   "Zg==Zg==", "Zg=g", "Zm9v=", "Zm9v===="};
    struct buf b AUTO_CALL(buf_done) = BUF(100);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(b64(wrong[i], &b), ERR_INVALID);
    assert_int_equal(b64url("Zg==", &b), ERR_INVALID);
    assert_int_equal(b64url("Z", &b), ERR_INVALID);
}

static void base64_with_white_space_is_refused(void **state)
{
    static const char *const wrong[] = {"Zm9v\n", "\nZm9v", "Zm 9", "Zm9v\r\nZg", " Zm9", "Zm9\t"};
    struct buf b AUTO_CALL(buf_done) = BUF(100);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(b64(wrong[i], &b), ERR_INVALID);
}

static void each_base64_alphabet_refuses_the_other(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(100);

    (void)state;
    assert_int_equal(b64("-_-_", &b), ERR_INVALID);
    assert_int_equal(b64url("+/+/", &b), ERR_INVALID);
    assert_int_equal(b64("+/+/", &b), ERR_OK);
    assert_int_equal(b64url("-_-_", &b), ERR_OK);
}

static void what_is_decoded_is_appended_and_bounded(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(4);
    struct err e = {0};

    (void)state;
    buf_put_str(&b, "a");
    assert_int_equal(base64_decode(bytes_of_str("Zm9v"), &b, &e), ERR_OK);
    assert_string_equal(buf_cstr(&b), "afoo");
    assert_int_equal(base64_decode(bytes_of_str("Zg=="), &b, &e), ERR_TOO_LARGE);
}

static void a_failed_decode_appends_nothing(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(100);
    struct err e = {0};

    (void)state;
    assert_int_equal(base64_decode(bytes_of_str("Zm9vZm9vZm9!"), &b, &e), ERR_INVALID);
    assert_int_equal(hex_decode_buf(bytes_of_str("6666666g"), &b, &e), ERR_INVALID);
    assert_int_equal(b.n, 0);
}

static void hex_must_have_exactly_the_asked_length(void **state)
{
    uint8_t two[2] = {9, 9};
    struct err e = {0};

    (void)state;
    assert_int_equal(hex_decode(bytes_of_str("0a0"), two, 2, &e), ERR_INVALID);
    assert_int_equal(hex_decode(bytes_of_str("0a0b0"), two, 2, &e), ERR_INVALID);
    assert_int_equal(hex_decode(bytes_of_str("0a0b0c"), two, 2, &e), ERR_INVALID);
    assert_int_equal(hex_decode(bytes_of_str(""), two, 2, &e), ERR_INVALID);
    assert_int_equal(two[0], 9);
    assert_int_equal(hex_decode(bytes_of_str("0aFb"), two, 2, &e), ERR_OK);
    assert_int_equal(two[0] << 8 | two[1], 0x0afb);
}

static void hex_of_other_characters_is_refused(void **state)
{
    static const char *const wrong[] = {"0g0a", "0a 0", "-1-1", "0a0\n", "0x0a", "\xc3\xa9xx"};
    uint8_t two[2];
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(hex_decode(bytes_of_str(wrong[i]), two, 2, &e), ERR_INVALID);
}

static void at_most_one_prefix_is_taken_off(void **state)
{
    uint8_t one[1];
    struct err e = {0};

    (void)state;
    assert_int_equal(hex_decode_0x(bytes_of_str("0xab"), one, 1, &e), ERR_OK);
    assert_int_equal(hex_decode_0x(bytes_of_str("ab"), one, 1, &e), ERR_OK);
    assert_int_equal(hex_decode_0x(bytes_of_str("0Xab"), one, 1, &e), ERR_INVALID);
    assert_int_equal(hex_decode_0x(bytes_of_str("0x0xab"), one, 1, &e), ERR_INVALID);
    assert_int_equal(hex_decode_0x(bytes_of_str("0x"), one, 1, &e), ERR_INVALID);
}

static void addresses_and_hashes_are_read_with_and_without_prefix(void **state)
{
    static const char h[] = "0x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    struct hash32 hash;
    struct addr addr;
    struct err e = {0};

    (void)state;
    assert_int_equal(hash32_parse(bytes_of_str(h), &hash, &e), ERR_OK);
    assert_int_equal(hash32_parse(bytes_of_str(h + 2), &hash, &e), ERR_OK);
    assert_int_equal(hash.b[1], 0x11);
    assert_int_equal(addr_parse((struct bytes){(const uint8_t *)h, 42}, &addr, &e), ERR_OK);
    assert_int_equal(addr.b[19], 0x33);
    assert_int_equal(addr_parse(bytes_of_str(h), &addr, &e), ERR_INVALID);
    assert_string_equal(e.msg, "address: found 64 characters, expected 40 hex digits");
}

static void errors_do_not_repeat_the_text(void **state)
{
    uint8_t out[6];
    struct err e = {0};
    struct buf b AUTO_CALL(buf_done) = BUF(100);

    (void)state;
    assert_int_equal(hex_decode(bytes_of_str("secretsecret"), out, 6, &e), ERR_INVALID);
    assert_null(strstr(e.msg, "secret"));
    assert_int_equal(base64_decode(bytes_of_str("secret-!"), &b, &e), ERR_INVALID);
    assert_null(strstr(e.msg, "secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_rfc_4648_hold),
        cmocka_unit_test(every_byte_value_survives_each_codec),
        cmocka_unit_test(base64_with_unused_bits_set_is_refused),
        cmocka_unit_test(base64_with_wrong_padding_is_refused),
        cmocka_unit_test(base64_with_white_space_is_refused),
        cmocka_unit_test(each_base64_alphabet_refuses_the_other),
        cmocka_unit_test(what_is_decoded_is_appended_and_bounded),
        cmocka_unit_test(a_failed_decode_appends_nothing),
        cmocka_unit_test(hex_must_have_exactly_the_asked_length),
        cmocka_unit_test(hex_of_other_characters_is_refused),
        cmocka_unit_test(at_most_one_prefix_is_taken_off),
        cmocka_unit_test(addresses_and_hashes_are_read_with_and_without_prefix),
        cmocka_unit_test(errors_do_not_repeat_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
