/* pem: what Go writes, and one strict way of reading it (SR-62). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "crypto/pem.h"

static void assert_decodes(const char *text, enum err_code want)
{
    struct buf der AUTO_CALL(buf_done) = BUF(256);
    struct err e = {0};

    assert_int_equal(pem_decode(bytes_of_str(text), "TEST", &der, &e), want);
    if (want != ERR_OK)
        assert_int_equal(der.n, 0);
}

#define LINE48 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v"

static void lines_have_64_columns_and_end_in_lf(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(512);
    uint8_t der[50];

    (void)state;
    for (size_t i = 0; i < sizeof der; i++)
        der[i] = (uint8_t)i;
    pem_put(&out, "TEST", BYTES(der));
    assert_string_equal(buf_cstr(&out), "-----BEGIN TEST-----\n" LINE48 "\n"
                                        "MDE=\n-----END TEST-----\n");
}

static void what_is_written_is_read_back_at_every_length(void **state)
{
    uint8_t data[200];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t n = 1; n <= sizeof data; n++) {
        struct buf text AUTO_CALL(buf_done) = BUF(1024);
        struct buf der AUTO_CALL(buf_done) = BUF(256);
        struct err e;

        pem_put(&text, "TEST", (struct bytes){data, n});
        assert_int_equal(pem_decode(buf_bytes(&text), "TEST", &der, &e), ERR_OK);
        assert_true(bytes_eq(buf_bytes(&der), (struct bytes){data, n}));
    }
}

static void one_block_of_the_expected_label_is_accepted(void **state)
{
    (void)state;
    assert_decodes("-----BEGIN TEST-----\nAAAA\n-----END TEST-----\n", ERR_OK);
    assert_decodes("-----BEGIN TEST-----\r\nAAAA\r\n-----END TEST-----\r\n", ERR_OK);
    assert_decodes("-----BEGIN TEST-----\nAAAA\n-----END TEST-----", ERR_OK);
}

static void anything_around_the_block_is_refused(void **state)
{
    (void)state;
    assert_decodes("\n-----BEGIN TEST-----\nAAAA\n-----END TEST-----\n", ERR_INVALID);
    assert_decodes("junk\n-----BEGIN TEST-----\nAAAA\n-----END TEST-----\n", ERR_INVALID);
    assert_decodes(" -----BEGIN TEST-----\nAAAA\n-----END TEST-----\n", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\nAAAA\n-----END TEST-----\n\n", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\nAAAA\n-----END TEST-----\njunk", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\nAAAA\n-----END TEST----- \n", ERR_INVALID);
}

static void a_second_block_is_refused(void **state)
{
    (void)state;
    assert_decodes("-----BEGIN TEST-----\nAAAA\n-----END TEST-----\n"
                   "-----BEGIN TEST-----\nAAAA\n-----END TEST-----\n",
                   ERR_INVALID);
}

static void another_label_is_refused(void **state)
{
    (void)state;
    assert_decodes("-----BEGIN TEXT-----\nAAAA\n-----END TEXT-----\n", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\nAAAA\n-----END TEXT-----\n", ERR_INVALID);
    assert_decodes("-----BEGIN TEST 2-----\nAAAA\n-----END TEST 2-----\n", ERR_INVALID);
}

static void headers_inside_the_block_are_refused(void **state)
{
    (void)state;
    assert_decodes("-----BEGIN TEST-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END TEST-----\n",
                   ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\n\nAAAA\n-----END TEST-----\n", ERR_INVALID);
}

static void other_line_lengths_are_refused(void **state)
{
    (void)state;
    assert_decodes("-----BEGIN TEST-----\nAAAA\nAAAA\n-----END TEST-----\n", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\n" LINE48 "AAAA\n-----END TEST-----\n", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\n" LINE48 "\n" LINE48 "\n-----END TEST-----\n", ERR_OK);
}

static void base64_must_be_canonical(void **state)
{
    (void)state;
    assert_decodes("-----BEGIN TEST-----\nAA==\n-----END TEST-----\n", ERR_OK);
    assert_decodes("-----BEGIN TEST-----\nAB==\n-----END TEST-----\n", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\nAA=\n-----END TEST-----\n", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\nAA A\n-----END TEST-----\n", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\nAA\r=\n-----END TEST-----\n", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\nAA_-\n-----END TEST-----\n", ERR_INVALID);
}

static void empty_and_cut_blocks_are_refused(void **state)
{
    static const char good[] = "-----BEGIN TEST-----\nAAAA\n-----END TEST-----";

    (void)state;
    assert_decodes("", ERR_INVALID);
    assert_decodes("-----BEGIN TEST-----\n-----END TEST-----\n", ERR_INVALID);
    for (size_t n = 0; n < sizeof good - 1; n++) {
        struct buf der AUTO_CALL(buf_done) = BUF(16);
        struct err e;

        assert_int_equal(pem_decode((struct bytes){(const uint8_t *)good, n}, "TEST", &der, &e),
                         ERR_INVALID);
    }
}

static void more_than_the_caller_takes_is_refused(void **state)
{
    struct buf der AUTO_CALL(buf_done) = BUF(2);
    struct err e;

    (void)state;
    assert_int_equal(pem_decode(bytes_of_str("-----BEGIN TEST-----\nAAAA\n-----END TEST-----\n"),
                                "TEST", &der, &e),
                     ERR_TOO_LARGE);
}

static void a_list_is_read_block_by_block_to_its_end(void **state)
{
    struct bytes rest = bytes_of_str("-----BEGIN TEST-----\nAAAA\n-----END TEST-----\n"
                                     "-----BEGIN TEST-----\nBBBB\n-----END TEST-----\n");
    struct buf der AUTO_CALL(buf_done) = BUF(16);
    struct err e;

    (void)state;
    assert_int_equal(pem_next(&rest, "TEST", &der, &e), ERR_OK);
    assert_int_equal(pem_next(&rest, "TEST", &der, &e), ERR_OK);
    assert_int_equal(der.n, 6);
    assert_int_equal(pem_next(&rest, "TEST", &der, &e), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_64_columns_and_end_in_lf),
        cmocka_unit_test(what_is_written_is_read_back_at_every_length),
        cmocka_unit_test(one_block_of_the_expected_label_is_accepted),
        cmocka_unit_test(anything_around_the_block_is_refused),
        cmocka_unit_test(a_second_block_is_refused),
        cmocka_unit_test(another_label_is_refused),
        cmocka_unit_test(headers_inside_the_block_are_refused),
        cmocka_unit_test(other_line_lengths_are_refused),
        cmocka_unit_test(base64_must_be_canonical),
        cmocka_unit_test(empty_and_cut_blocks_are_refused),
        cmocka_unit_test(more_than_the_caller_takes_is_refused),
        cmocka_unit_test(a_list_is_read_block_by_block_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
