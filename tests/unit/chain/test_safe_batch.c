/* safe_batch: the Transaction Builder's own checksum, and what we write passes its check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/safe_batch.h"
#include "support/eth.h"

static void the_checksum_is_the_builders_own(void **state)
{
    AUTO(json) batch = vector_json("tests/vectors/safe/batch.json");
    struct hash32 expected =
        vector_hash("0x4ecbfd364aa6759983915644e73f8bd411e85a2dc306f252a387c2728c4db64c");
    struct hash32 found;
    struct err e = {0};

    (void)state;
    assert_int_equal(safe_batch_checksum(batch, &found, &e), ERR_OK);
    assert_memory_equal(found.b, expected.b, 32);
}

static json *make(const struct eth_tx *const txs[], size_t n)
{
    const struct addr safe = {{0xaa}};
    json *batch = NULL;
    struct err e = {0};

    assert_int_equal(safe_batch_json(31337, &safe, "test", 1700000000, txs, n, &batch, &e), ERR_OK);
    return batch;
}

static void a_batch_holds_the_calls_and_its_checksum(void **state)
{
    const struct eth_tx one = {.to = {{0xca, 0xfe}}, .data = {(const uint8_t *)"\x12\x34", 2}};
    const struct eth_tx *const txs[] = {&one, &one};
    AUTO(json) batch = make(txs, 2);
    const json *list, *meta;
    const char *text;
    uint64_t created;
    struct err e = {0};

    (void)state;
    assert_int_equal(json_get_str(batch, "chainId", 32, &text, &e), ERR_OK);
    assert_string_equal(text, "31337");
    assert_int_equal(json_get_u64(batch, "createdAt", INT64_MAX, &created, &e), ERR_OK);
    assert_true(created == 1700000000000);
    assert_int_equal(json_get_object(batch, "meta", &meta, &e), ERR_OK);
    assert_int_equal(json_get_str(meta, "createdFromSafeAddress", 64, &text, &e), ERR_OK);
    assert_string_equal(text, "0xaa00000000000000000000000000000000000000");
    assert_int_equal(json_get_str(meta, "checksum", 66, &text, &e), ERR_OK);
    assert_int_equal(json_get_array(batch, "transactions", &list, &e), ERR_OK);
    assert_int_equal(json_len(list), 2);
    assert_int_equal(json_get_str(json_at(list, 1), "to", 64, &text, &e), ERR_OK);
    assert_string_equal(text, "0xcafe000000000000000000000000000000000000");
    assert_int_equal(json_get_str(json_at(list, 1), "data", 64, &text, &e), ERR_OK);
    assert_string_equal(text, "0x1234");
}

static void a_new_contract_is_no_call_of_a_safe(void **state)
{
    const struct eth_tx one = {.create = true};
    const struct eth_tx *const txs[] = {&one};
    const struct addr safe = {{0xaa}};
    json *batch = NULL;
    struct err e = {0};

    (void)state;
    assert_int_equal(safe_batch_json(1, &safe, "test", 0, txs, 1, &batch, &e), ERR_USAGE);
    assert_null(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checksum_is_the_builders_own),
        cmocka_unit_test(a_batch_holds_the_calls_and_its_checksum),
        cmocka_unit_test(a_new_contract_is_no_call_of_a_safe),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
