/* pcs_body: the signed object is cut out as it was served, and nothing else is taken. */
#include "support/dcap.h"
#include "attest/collateral.h"
#include "attest/pcs_body.h"

#define SIG                                                                                        \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"                             \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static enum err_code split(const char *text, struct bytes *ret)
{
    uint8_t signature[PCS_SIGNATURE_LEN] = {0};
    struct err e;
    enum err_code rc = pcs_body_split(bytes_of_str(text), "tcbInfo", ret, signature, &e);

    if (rc == ERR_OK)
        assert_int_equal(signature[1], 0x11);
    return rc;
}

static void gives(const char *text, const char *object)
{
    struct bytes got = {0};

    assert_int_equal(split(text, &got), ERR_OK);
    assert_true(bytes_eq(got, bytes_of_str(object)));
}

static void refuses(const char *text)
{
    struct bytes got;

    assert_int_equal(split(text, &got), ERR_INVALID);
}

static void the_object_comes_out_byte_by_byte(void **state)
{
    (void)state;
    gives("{\"tcbInfo\":{ \"a\" : 1,\"b\":{}},\"signature\":\"" SIG "\"}", "{ \"a\" : 1,\"b\":{}}");
}

static void members_may_be_turned_and_spaced(void **state)
{
    (void)state;
    gives(" {\t\"signature\" : \"" SIG "\" ,\n \"tcbInfo\" : {} } \r\n", "{}");
}

static void braces_and_quotes_in_strings_end_nothing(void **state)
{
    (void)state;
    gives("{\"tcbInfo\":{\"a\":\"}\\\"}{\\\\\"},\"signature\":\"" SIG "\"}",
          "{\"a\":\"}\\\"}{\\\\\"}");
}

static void anything_beside_the_two_members_is_refused(void **state)
{
    (void)state;
    refuses("{\"tcbInfo\":{},\"signature\":\"" SIG "\",\"more\":1}");
    refuses("{\"more\" : 1, \"tcbInfo\":{},\"signature\":\"" SIG "\"}");
    refuses("{\"tcbInfo\":{}}");
    refuses("{\"signature\":\"" SIG "\"}");
    refuses("{\"enclaveIdentity\":{},\"signature\":\"" SIG "\"}");
    refuses("{\"tcbInfo\":{},\"signature\":\"" SIG "\"} x");
    refuses("[{\"tcbInfo\":{},\"signature\":\"" SIG "\"}]");
    refuses("");
}

static void a_member_given_twice_is_refused(void **state)
{
    (void)state;
    refuses("{\"tcbInfo\":{},\"tcbInfo\":{},\"signature\":\"" SIG "\"}");
    refuses("{\"tcbInfo\":{},\"signature\":\"" SIG "\",\"signature\":\"" SIG "\"}");
}

static void an_object_that_is_no_object_is_refused(void **state)
{
    (void)state;
    refuses("{\"tcbInfo\":\"{}\",\"signature\":\"" SIG "\"}");
    refuses("{\"tcbInfo\":[{}],\"signature\":\"" SIG "\"}");
    refuses("{\"tcbInfo\":null,\"signature\":\"" SIG "\"}");
}

static void a_signature_of_another_length_is_refused(void **state)
{
    (void)state;
    refuses("{\"tcbInfo\":{},\"signature\":\"0011\"}");
    refuses("{\"tcbInfo\":{},\"signature\":\"" SIG "00\"}");
    refuses("{\"tcbInfo\":{},\"signature\":7}");
}

static void a_body_made_anew_is_read_again(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(1024);
    uint8_t signature[PCS_SIGNATURE_LEN] = {0, 0x11};

    (void)state;
    pcs_body_put(&b, "tcbInfo", bytes_of_str("{\"x\":1}"), BYTES(signature));
    gives(buf_cstr(&b), "{\"x\":1}");
}

static void chains_are_percent_decoded(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(64);
    struct err e;

    (void)state;
    need(pcs_chain_decode("-----BEGIN%20C-----%0AMII%2b+%3D%0D%0a", &b, &e), &e);
    assert_string_equal(buf_cstr(&b), "-----BEGIN C-----\nMII++=\r\n");
}

static void broken_chains_are_refused(void **state)
{
    static const char *const bad[] = {"%", "%4", "%4g", "%00", "a%7Fb", "\xc3\xa4", "%0"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf b AUTO_CALL(buf_done) = BUF(64);
        struct err e;

        assert_int_equal(pcs_chain_decode(bad[i], &b, &e), ERR_INVALID);
    }
}

static void a_chain_longer_than_any_is_refused(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(4);
    struct err e;

    (void)state;
    assert_int_equal(pcs_chain_decode("12345", &b, &e), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_object_comes_out_byte_by_byte),
        cmocka_unit_test(members_may_be_turned_and_spaced),
        cmocka_unit_test(braces_and_quotes_in_strings_end_nothing),
        cmocka_unit_test(anything_beside_the_two_members_is_refused),
        cmocka_unit_test(a_member_given_twice_is_refused),
        cmocka_unit_test(an_object_that_is_no_object_is_refused),
        cmocka_unit_test(a_signature_of_another_length_is_refused),
        cmocka_unit_test(a_body_made_anew_is_read_again),
        cmocka_unit_test(chains_are_percent_decoded),
        cmocka_unit_test(broken_chains_are_refused),
        cmocka_unit_test(a_chain_longer_than_any_is_refused),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
