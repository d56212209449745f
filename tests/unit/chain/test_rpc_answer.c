/* rpc_answer, revert: answers matched with questions, values, reasons; no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/abi.h"
#include "chain/rpc.h"
#include "support/eth.h"

#define MAX ((size_t)1 << 20)

static struct rpc_call calls[3];
static json *answer;
static struct err why;

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        calls[i] = (struct rpc_call){.method = "eth_chainId", .params = "[]"};
    answer = NULL;
    why = (struct err){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_free(answer);
    return 0;
}

static enum err_code parse(const char *text, size_t n)
{
    return rpc_answer_parse("node:8545", bytes_of_str(text), MAX, calls, n, &answer, &why);
}

static void refused(const char *text, size_t n, const char *reason)
{
    assert_int_equal(parse(text, n), ERR_UPSTREAM);
    if (!strstr(why.msg, reason))
        fail_msg("\"%s\" does not say \"%s\"", why.msg, reason);
    assert_null(calls[0].ret_result);
}

static void answers_in_any_order_go_to_their_questions(void **state)
{
    (void)state;
    assert_int_equal(parse("[{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":\"c\"},"
                           "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"},"
                           "{\"id\":2,\"result\":\"b\",\"jsonrpc\":\"2.0\"}]",
                           3),
                     ERR_OK);
    assert_string_equal(json_str(calls[0].ret_result), "a");
    assert_string_equal(json_str(calls[1].ret_result), "b");
    assert_string_equal(json_str(calls[2].ret_result), "c");
}

static void a_missing_answer_spoils_the_batch(void **state)
{
    (void)state;
    refused("[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"}]", 2, "no answer to question 2");
}

static void a_doubled_answer_spoils_the_batch(void **state)
{
    (void)state;
    refused("[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"},"
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"b\"}]",
            2, "two answers to question 1");
}

static void an_answer_to_another_question_spoils_the_batch(void **state)
{
    (void)state;
    refused("[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"},"
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"b\"}]",
            2, "question 7");
    refused("[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"},"
            "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"b\"}]",
            2, "question 0");
}

static void too_many_answers_spoil_the_batch(void **state)
{
    (void)state;
    refused("[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"},"
            "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":\"b\"},"
            "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":\"c\"}]",
            2, "3 answers to 2 questions");
}

static void an_id_that_is_no_number_is_refused(void **state)
{
    (void)state;
    refused("{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":\"a\"}", 1, "without an id");
    refused("{\"jsonrpc\":\"2.0\",\"result\":\"a\"}", 1, "without an id");
    refused("{\"jsonrpc\":\"2.0\",\"id\":-1,\"result\":\"a\"}", 1, "without an id");
}

static void result_and_error_together_are_refused(void **state)
{
    (void)state;
    refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\",\"error\":{\"code\":1}}", 1, "both");
}

static void neither_result_nor_error_is_refused(void **state)
{
    (void)state;
    refused("{\"jsonrpc\":\"2.0\",\"id\":1}", 1, "neither");
}

static void another_version_is_refused(void **state)
{
    (void)state;
    refused("{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":\"a\"}", 1, "jsonrpc");
}

static void garbage_is_refused(void **state)
{
    static const char *const texts[] = {
        "",   "<html>", "null",
        "7",  "[]",     "[null]",
        "{}", "[[]]",   "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"}}"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(parse(texts[i], 1), ERR_UPSTREAM);
}

/* eth_feeHistory has fractions, which nobody reads; messages may hold a revert's NULs. */
static void a_fraction_is_nothing_that_can_be_read(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1.5}", 1), ERR_OK);
    assert_false(json_is_string(calls[0].ret_result) || json_is_object(calls[0].ret_result) ||
                 json_is_array(calls[0].ret_result) || json_is_null(calls[0].ret_result));
    json_free(answer);
    answer = NULL;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":3,\"message\":"
                           "\"a\\u0000b\"}}",
                           1),
                     ERR_OK);
}

static void an_answer_over_the_bound_is_too_large(void **state)
{
    (void)state;
    assert_int_equal(rpc_answer_parse("node", bytes_of_str("{\"jsonrpc\":\"2.0\",\"id\":1}"), 10,
                                      calls, 1, &answer, &why),
                     ERR_TOO_LARGE);
}

static void an_error_for_the_whole_batch_is_told(void **state)
{
    (void)state;
    refused("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32005,\"message\":\"slow "
            "down\"}}",
            2, "slow down");
}

static void an_error_of_one_call_leaves_the_others(void **state)
{
    (void)state;
    assert_int_equal(
        parse("[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":\"b\"},{\"jsonrpc\":\"2.0\",\"id\":1,"
              "\"error\":{\"code\":-32601,\"message\":\"no such \\u001b[31mmethod\"}}]",
              2),
        ERR_OK);
    assert_int_equal(calls[0].ret_fault.code, ERR_UPSTREAM);
    assert_int_equal(calls[0].ret_fault.number, -32601);
    assert_string_equal(calls[0].ret_fault.text, "no such ?[31mmethod");
    assert_null(calls[0].ret_result);
    assert_string_equal(json_str(calls[1].ret_result), "b");
}

static void a_long_message_of_the_node_is_cut(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(MAX);

    (void)state;
    buf_put_str(&text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"");
    for (int i = 0; i < 5000; i++)
        buf_put_u8(&text, 'a');
    buf_put_str(&text, "\"}}");
    assert_int_equal(parse(buf_cstr(&text), 1), ERR_OK);
    assert_true(strlen(calls[0].ret_fault.text) < 200);
}

static void an_error_that_is_no_object_is_refused(void **state)
{
    (void)state;
    refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\"no\"}", 1, "no object");
}

static void a_result_of_null_is_a_result(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", 1), ERR_OK);
    assert_true(json_is_null(calls[0].ret_result));
}

/* ---- recorded answers ---- */

static enum err_code parse_file(const char *name)
{
    char path[128];
    enum err_code code;
    char *text;
    size_t n;

    snprintf(path, sizeof path, "tests/vectors/eth/rpc/%s.json", name);
    text = vector_read(path, &n);
    code =
        rpc_answer_parse("node", (struct bytes){(uint8_t *)text, n}, MAX, calls, 1, &answer, &why);
    free(text);
    return code;
}

static void a_recorded_revert_tells_its_reason(void **state)
{
    (void)state;
    assert_int_equal(parse_file("call-revert-abi-error"), ERR_OK);
    assert_int_equal(calls[0].ret_fault.code, ERR_DENIED);
    assert_string_equal(calls[0].ret_fault.text, "\"user error\"");
}

static void a_recorded_panic_tells_its_reason(void **state)
{
    (void)state;
    assert_int_equal(parse_file("call-revert-abi-panic"), ERR_OK);
    assert_int_equal(calls[0].ret_fault.code, ERR_DENIED);
    assert_string_equal(calls[0].ret_fault.text, "Panic(0x1): assertion failed");
}

static void recorded_revert_data_without_a_known_form_is_named_by_its_selector(void **state)
{
    (void)state;
    assert_int_equal(parse_file("estimate-failed-call"), ERR_OK);
    assert_int_equal(calls[0].ret_fault.code, ERR_DENIED);
    assert_string_equal(calls[0].ret_fault.text, "unknown error 0x77726f6e");
}

static void recorded_storage_is_a_word(void **state)
{
    uint8_t word[32];

    (void)state;
    assert_int_equal(parse_file("get-storage"), ERR_OK);
    assert_int_equal(rpc_data(calls[0].ret_result, word, 32, &why), ERR_OK);
    assert_int_equal(word[31], 0x38);
}

static void a_recorded_complaint_is_no_revert(void **state)
{
    (void)state;
    assert_int_equal(parse_file("get-storage-invalid-key"), ERR_OK);
    assert_int_equal(calls[0].ret_fault.code, ERR_UPSTREAM);
    assert_int_equal(calls[0].ret_fault.number, -32602);
}

static void every_recorded_answer_is_read(void **state)
{
    static const char *const names[] = {
        "call-contract", "get-block-notfound",       "get-chain-id",
        "get-code",      "get-code-unknown-account", "get-dynamic-fee",
        "get-finalized", "get-notfound-tx"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(parse_file(names[i]), ERR_OK);
        assert_int_equal(calls[0].ret_fault.code, ERR_OK);
        json_free(answer);
        answer = NULL;
    }
}

/* ---- where nodes put revert data ---- */

static void revert_data_is_found_in(const char *data_member)
{
    char text[512];

    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"execution "
             "reverted\",\"data\":%s}}",
             data_member);
    assert_int_equal(parse(text, 1), ERR_OK);
    assert_int_equal(calls[0].ret_fault.code, ERR_DENIED);
    assert_string_equal(calls[0].ret_fault.text, "WrongScheme()");
    json_free(answer);
    answer = NULL;
}

static void revert_data_is_found_wherever_nodes_put_it(void **state)
{
    char text[128], selector[HEX_LEN(4)];
    uint8_t s[4];

    (void)state;
    abi_selector("WrongScheme()", s);
    hex_encode(BYTES(s), selector);
    snprintf(text, sizeof text, "\"0x%s\"", selector);
    revert_data_is_found_in(text);
    snprintf(text, sizeof text, "{\"data\":\"0x%s\"}", selector);
    revert_data_is_found_in(text);
    snprintf(text, sizeof text, "{\"originalError\":{\"data\":\"0x%s\"}}", selector);
    revert_data_is_found_in(text);
}

static void a_revert_without_data_keeps_the_nodes_words(void **state)
{
    static const char *const members[] = {"",
                                          ",\"data\":null",
                                          ",\"data\":7",
                                          ",\"data\":{}",
                                          ",\"data\":\"0x\"",
                                          ",\"data\":\"zz\""};

    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char text[256];

        snprintf(text, sizeof text,
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":3,\"message\":\"execution "
                 "reverted\"%s}}",
                 members[i]);
        assert_int_equal(parse(text, 1), ERR_OK);
        assert_int_equal(calls[0].ret_fault.code, ERR_DENIED);
        assert_string_equal(calls[0].ret_fault.text, "execution reverted");
        json_free(answer);
        answer = NULL;
    }
}

/* ---- reasons ---- */

static void reason(const char *signature, const struct abi_value *values, size_t n,
                   const char *expected)
{
    struct buf data AUTO_CALL(buf_done) = BUF(65536);
    char text[320];
    struct err e;

    assert_int_equal(abi_call(signature, values, n, &data, &e), ERR_OK);
    rpc_revert_text(buf_bytes(&data), text, sizeof text);
    assert_string_equal(text, expected);
}

static void errors_are_told_with_their_arguments(void **state)
{
    struct addr a = vector_addr("0x70997970c51812dc3a010c7d01b50e0d17dc79c8");
    struct hash32 role = {{0xaa}};
    struct abi_value big = {.word = {[0] = 1}};

    (void)state;
    reason("OwnableUnauthorizedAccount(address)", (struct abi_value[]){abi_addr(&a)}, 1,
           "OwnableUnauthorizedAccount(0x70997970c51812dc3a010c7d01b50e0d17dc79c8)");
    reason("AccessControlUnauthorizedAccount(address,bytes32)",
           (struct abi_value[]){abi_addr(&a), abi_word(&role)}, 2,
           "AccessControlUnauthorizedAccount(0x70997970c51812dc3a010c7d01b50e0d17dc79c8, "
           "0xaa00000000000000000000000000000000000000000000000000000000000000)");
    reason("WrongLength(uint256,uint256)", (struct abi_value[]){abi_u64(8), abi_u64(47)}, 2,
           "WrongLength(8, 47)");
    reason("TooLong(uint256,uint256)", (struct abi_value[]){big, abi_u64(1)}, 2,
           "TooLong(0x0100000000000000000000000000000000000000000000000000000000000000, 1)");
}

static void every_panic_has_a_name(void **state)
{
    static const uint8_t codes[] = {0x01, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32, 0x41, 0x51};

    (void)state;
    for (size_t i = 0; i < sizeof codes; i++) {
        struct buf data AUTO_CALL(buf_done) = BUF(256);
        struct abi_value code = abi_u64(codes[i]);
        char text[320];
        struct err e;

        assert_int_equal(abi_call("Panic(uint256)", &code, 1, &data, &e), ERR_OK);
        rpc_revert_text(buf_bytes(&data), text, sizeof text);
        assert_null(strstr(text, "unknown"));
    }
    reason("Panic(uint256)", (struct abi_value[]){abi_u64(0x99)}, 1, "Panic(0x99): unknown");
}

static void a_reason_cannot_write_on_our_terminal(void **state)
{
    (void)state;
    reason("Error(string)", (struct abi_value[]){abi_str("a\x1b[2J\"\n")}, 1, "\"a?[2J??\"");
}

static void a_long_reason_is_cut(void **state)
{
    struct buf data AUTO_CALL(buf_done) = BUF(65536);
    char big[5001], text[320];
    struct abi_value v;
    struct err e;

    (void)state;
    memset(big, 'x', 5000);
    big[5000] = 0;
    v = abi_str(big);
    assert_int_equal(abi_call("Error(string)", &v, 1, &data, &e), ERR_OK);
    rpc_revert_text(buf_bytes(&data), text, sizeof text);
    assert_int_equal(strlen(text), 205);
}

static void data_too_short_for_a_selector_has_no_reason(void **state)
{
    char text[64];

    (void)state;
    rpc_revert_text((struct bytes){(const uint8_t *)"abc", 3}, text, sizeof text);
    assert_string_equal(text, "no reason");
}

static void a_known_selector_with_garbage_behind_is_unknown(void **state)
{
    struct buf data AUTO_CALL(buf_done) = BUF(256);
    static const char *const signatures[] = {"Error(string)", "Panic(uint256)",
                                             "OwnableInvalidOwner(address)"};
    char text[64];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t s[4];

        abi_selector(signatures[i], s);
        buf_clear(&data);
        buf_put(&data, BYTES(s));
        buf_put_str(&data, "garbage");
        rpc_revert_text(buf_bytes(&data), text, sizeof text);
        assert_memory_equal(text, "unknown error 0x", 16);
    }
}

/* ---- values ---- */

static enum err_code quantity(const char *text, uint64_t *ret)
{
    AUTO(json) node = NULL;
    char quoted[128];
    struct err e;

    snprintf(quoted, sizeof quoted, "[%s]", text);
    assert_int_equal(json_parse(bytes_of_str(quoted), 128, &node, &e), ERR_OK);
    return rpc_quantity(json_at(node, 0), ret, &e);
}

static void quantities_are_read(void **state)
{
    uint64_t v;

    (void)state;
    assert_int_equal(quantity("\"0x0\"", &v), ERR_OK);
    assert_true(v == 0);
    assert_int_equal(quantity("\"0x1aF\"", &v), ERR_OK);
    assert_true(v == 0x1af);
    assert_int_equal(quantity("\"0xffffffffffffffff\"", &v), ERR_OK);
    assert_true(v == UINT64_MAX);
}

static void what_is_no_quantity_is_refused(void **state)
{
    static const char *const texts[] = {"\"0x\"", "\"0x01\"", "\"1\"",
                                        "\"\"",   "7",        "\"0xg\"",
                                        "null",   "\"0x 1\"", "\"0x10000000000000000\""};
    uint64_t v;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (quantity(texts[i], &v) != ERR_UPSTREAM)
            fail_msg("%s was read", texts[i]);
    assert_int_equal(rpc_quantity(NULL, &v, &why), ERR_UPSTREAM);
}

static void data_must_have_its_length(void **state)
{
    uint8_t two[2];

    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0xaabb\"}", 1), ERR_OK);
    assert_int_equal(rpc_data(calls[0].ret_result, two, 2, &why), ERR_OK);
    assert_int_equal(two[0], 0xaa);
    assert_int_equal(rpc_data(calls[0].ret_result, two, 1, &why), ERR_UPSTREAM);
}

static void data_over_the_buffer_is_too_large(void **state)
{
    struct buf one AUTO_CALL(buf_done) = BUF(1), two AUTO_CALL(buf_done) = BUF(2);

    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0xaabb\"}", 1), ERR_OK);
    assert_int_equal(rpc_data_buf(calls[0].ret_result, &one, &why), ERR_TOO_LARGE);
    assert_int_equal(rpc_data_buf(calls[0].ret_result, &two, &why), ERR_OK);
}

static void data_of_an_odd_length_is_refused(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(10);

    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0xaab\"}", 1), ERR_OK);
    assert_int_equal(rpc_data_buf(calls[0].ret_result, &b, &why), ERR_UPSTREAM);
}

int main(void)
{
#define FRESH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        FRESH(answers_in_any_order_go_to_their_questions),
        FRESH(a_missing_answer_spoils_the_batch),
        FRESH(a_doubled_answer_spoils_the_batch),
        FRESH(an_answer_to_another_question_spoils_the_batch),
        FRESH(too_many_answers_spoil_the_batch),
        FRESH(an_id_that_is_no_number_is_refused),
        FRESH(result_and_error_together_are_refused),
        FRESH(neither_result_nor_error_is_refused),
        FRESH(another_version_is_refused),
        FRESH(garbage_is_refused),
        FRESH(a_fraction_is_nothing_that_can_be_read),
        FRESH(an_answer_over_the_bound_is_too_large),
        FRESH(an_error_for_the_whole_batch_is_told),
        FRESH(an_error_of_one_call_leaves_the_others),
        FRESH(a_long_message_of_the_node_is_cut),
        FRESH(an_error_that_is_no_object_is_refused),
        FRESH(a_result_of_null_is_a_result),
        FRESH(a_recorded_revert_tells_its_reason),
        FRESH(a_recorded_panic_tells_its_reason),
        FRESH(recorded_revert_data_without_a_known_form_is_named_by_its_selector),
        FRESH(recorded_storage_is_a_word),
        FRESH(a_recorded_complaint_is_no_revert),
        FRESH(every_recorded_answer_is_read),
        FRESH(revert_data_is_found_wherever_nodes_put_it),
        FRESH(a_revert_without_data_keeps_the_nodes_words),
        FRESH(errors_are_told_with_their_arguments),
        FRESH(every_panic_has_a_name),
        FRESH(a_reason_cannot_write_on_our_terminal),
        FRESH(a_long_reason_is_cut),
        FRESH(data_too_short_for_a_selector_has_no_reason),
        FRESH(a_known_selector_with_garbage_behind_is_unknown),
        FRESH(quantities_are_read),
        FRESH(what_is_no_quantity_is_refused),
        FRESH(data_must_have_its_length),
        FRESH(data_over_the_buffer_is_too_large),
        FRESH(data_of_an_odd_length_is_refused),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
