/* http_status: one table from error codes to HTTP, and refusals that tell nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kms/msg.h"
#include "service/http_status.h"

static void every_code_has_a_status_and_a_sentence(void **state)
{
    (void)state;
    for (int c = ERR_NOMEM; c <= ERR_INTERNAL; c++) {
        unsigned status = http_status_of((enum err_code)c);

        assert_true(status >= 400 && status < 600);
        assert_non_null(http_status_text((enum err_code)c));
        assert_true(strlen(http_status_text((enum err_code)c)) > 5);
    }
    assert_int_equal(http_status_of(ERR_OK), 200);
}

static void codes_map_as_written_down(void **state)
{
    (void)state;
    assert_int_equal(http_status_of(ERR_INVALID), 400);
    assert_int_equal(http_status_of(ERR_DENIED), 403);
    assert_int_equal(http_status_of(ERR_VERIFY), 403);
    assert_int_equal(http_status_of(ERR_NOT_FOUND), 404);
    assert_int_equal(http_status_of(ERR_TOO_LARGE), 413);
    assert_int_equal(http_status_of(ERR_BUSY), 429);
    assert_int_equal(http_status_of(ERR_INTERNAL), 500);
    assert_int_equal(http_status_of(ERR_UPSTREAM), 502);
    assert_int_equal(http_status_of(ERR_LOCKED), 503);
    assert_int_equal(http_status_of(ERR_TIMEOUT), 504);
}

static void a_code_that_does_not_exist_is_an_internal_error(void **state)
{
    (void)state;
    assert_int_equal(http_status_of((enum err_code)99), 500);
    assert_int_equal(http_status_of((enum err_code) - 1), 500);
}

static void a_refusal_is_a_sentence_and_a_number(void **state)
{
    struct http_response r = {.body = BUF(4096)};
    struct msg_error m;
    struct err e;

    (void)state;
    buf_put_str(&r.body, "half an answer");
    http_refuse_with(&r, "0123456789abcdef0123456789abcdef", ERR_DENIED, NULL);
    assert_int_equal(r.status, 403);
    assert_string_equal(r.content_type, "application/json");
    assert_int_equal(msg_error_decode(buf_bytes(&r.body), &m, &e), ERR_OK);
    assert_string_equal(m.error, "not allowed");
    assert_string_equal(m.request_id, "0123456789abcdef0123456789abcdef");
    buf_done(&r.body);
}

static void a_sentence_of_ones_own_takes_its_place(void **state)
{
    struct http_response r = {.body = BUF(4096)};
    struct msg_error m;
    struct err e;

    (void)state;
    http_refuse_status(&r, "id", 410, "gone for good");
    assert_int_equal(r.status, 410);
    assert_int_equal(msg_error_decode(buf_bytes(&r.body), &m, &e), ERR_OK);
    assert_string_equal(m.error, "gone for good");
    buf_done(&r.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_status_and_a_sentence),
        cmocka_unit_test(codes_map_as_written_down),
        cmocka_unit_test(a_code_that_does_not_exist_is_an_internal_error),
        cmocka_unit_test(a_refusal_is_a_sentence_and_a_number),
        cmocka_unit_test(a_sentence_of_ones_own_takes_its_place),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
