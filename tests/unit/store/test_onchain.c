/* onchain: artifacts of a contract, read through a view that may lie about bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <stdlib.h>
#include "gov/registry.h"
#include "store/onchain.h"
#include "store/store.h"

/* What the node answers, and what it was asked. */
static struct {
    struct bytes artifact; /* p NULL: an answer that is no ABI */
    enum err_code fails;
    struct hash32 asked_id;
    struct addr asked_contract;
    uint64_t asked_block;
} node;

static void put_word(struct buf *out, uint64_t v)
{
    buf_put_zero(out, 24);
    buf_put_u64be(out, v);
}

static enum err_code fake_body(void *self, const struct finalized_block *at,
                               const struct addr *contract, struct bytes calldata, struct buf *ret,
                               struct err *e)
{
    (void)self;
    if (node.fails)
        return err_set(e, node.fails, "told to fail");
    assert_int_equal(calldata.n, 4 + 32);
    memcpy(node.asked_id.b, calldata.p + 4, 32);
    node.asked_contract = *contract;
    node.asked_block = at->ref.number;
    /* abi.encode(bytes): offset, length, the bytes and zeros to a multiple of 32. */
    put_word(ret, node.artifact.p ? 32 : 31);
    put_word(ret, node.artifact.n);
    buf_put(ret, node.artifact);
    buf_put_zero(ret, (32 - node.artifact.n % 32) % 32);
    return buf_check(ret, e);
}

/* No slot holds anything: the contract told nothing in events (tests/unit/gov/test_bodies.c). */
static enum err_code fake_read(void *self, const struct finalized_block *at, const struct addr *of,
                               const struct hash32 *slots, size_t n, struct hash32 *ret_values,
                               struct hash32 *ret_code_hash, struct err *e)
{
    (void)self;
    (void)at;
    (void)of;
    (void)slots;
    (void)ret_code_hash;
    (void)e;
    memset(ret_values, 0, n * sizeof *ret_values);
    return ERR_OK;
}

static const struct chain_view_ops view_ops = {.body = fake_body, .read = fake_read};
static const struct chain_view view = {.ops = &view_ops, .mode = "fake", .chain_id = 1};
static const struct store_chain chain = {.view = &view, .at = {.ref = {.number = 77}}};
static const struct addr contract = {{[0] = 0xab, [19] = 0xcd}};

static store *opened(void)
{
    struct store_backend b = {0};
    struct err e = {0};
    store *s = NULL;

    assert_int_equal(store_onchain_backend(&chain, &contract, &b, &e), ERR_OK);
    assert_string_equal(b.name, "onchain 0xab000000000000000000000000000000000000cd");
    assert_int_equal(store_new(NULL, &clock_system, &s, &e), ERR_OK);
    assert_int_equal(store_add(s, &b, &e), ERR_OK);
    return s;
}

static enum err_code fetched(struct bytes asked, struct bytes given, struct buf *ret, struct err *e)
{
    AUTO(store) s = opened();
    struct hash32 id;

    node.artifact = given;
    node.fails = ERR_OK;
    store_id_of(asked, &id);
    return store_fetch(s, STORE_CONFIG, &id, ret, e);
}

static void survives(struct bytes content)
{
    struct buf got AUTO_CALL(buf_done) = BUF(STORE_OBJECT_MAX);
    struct err e = {0};

    assert_int_equal(fetched(content, content, &got, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&got), content));
}

static void every_byte_value_survives(void **state)
{
    uint8_t all[256];

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    survives(BYTES(all));
}

static void the_largest_artifact_survives(void **state)
{
    uint8_t *big = malloc(GOV_ARTIFACT_MAX);

    (void)state;
    for (size_t i = 0; i < GOV_ARTIFACT_MAX; i++)
        big[i] = (uint8_t)(i * 2654435761u >> 13);
    survives((struct bytes){big, GOV_ARTIFACT_MAX});
    free(big);
}

static void the_contract_is_asked_for_the_id_at_the_block(void **state)
{
    struct bytes content = bytes_of_str("content");
    struct hash32 id;

    (void)state;
    survives(content);
    store_id_of(content, &id);
    assert_true(hash32_eq(&node.asked_id, &id));
    assert_true(addr_eq(&node.asked_contract, &contract));
    assert_int_equal(node.asked_block, 77);
}

static void a_node_that_gives_other_content_is_refused(void **state)
{
    struct buf got AUTO_CALL(buf_done) = BUF(1000);
    struct err e = {0};

    (void)state;
    assert_int_equal(fetched(bytes_of_str("honest"), bytes_of_str("hOnest"), &got, &e), ERR_VERIFY);
    assert_int_equal(got.n, 0);
}

static void content_that_is_not_there_is_not_found(void **state)
{
    struct buf got AUTO_CALL(buf_done) = BUF(1000);
    struct err e = {0};

    (void)state;
    assert_int_equal(fetched(bytes_of_str("honest"), bytes_of_str(""), &got, &e), ERR_NOT_FOUND);
}

static void an_answer_that_is_no_abi_is_refused(void **state)
{
    struct buf got AUTO_CALL(buf_done) = BUF(1000);
    struct err e = {0};

    (void)state;
    assert_int_not_equal(fetched(bytes_of_str("honest"), (struct bytes){0}, &got, &e), ERR_OK);
    assert_int_equal(got.n, 0);
}

static void a_node_that_fails_is_upstream(void **state)
{
    AUTO(store) s = opened();
    struct buf got AUTO_CALL(buf_done) = BUF(1000);
    struct hash32 id = {0};
    struct err e = {0};

    (void)state;
    node.fails = ERR_TIMEOUT;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_UPSTREAM);
    node.fails = ERR_OK;
}

static void without_a_writer_it_is_read_only(void **state)
{
    AUTO(store) s = opened();
    struct hash32 id;
    struct err e = {0};

    (void)state;
    assert_int_equal(store_put(s, STORE_CONFIG, bytes_of_str("x"), &id, &e), ERR_UPSTREAM);
    assert_non_null(strstr(e.msg, "read-only"));
}

static void content_over_the_contracts_bound_is_not_sent(void **state)
{
    struct store_chain writing = chain;
    struct store_backend b AUTO_CALL(store_backend_done) = {0};
    struct buf big AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX + 1);
    struct hash32 id = {0};
    struct err e = {0};

    (void)state;
    writing.writer = (transactor *)&writing; /* never called: the bound comes first */
    assert_int_equal(store_onchain_backend(&writing, &contract, &b, &e), ERR_OK);
    buf_put_zero(&big, big.max);
    assert_int_equal(b.ops->put(b.self, STORE_CONFIG, &id, buf_bytes(&big), &e), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_value_survives),
        cmocka_unit_test(the_largest_artifact_survives),
        cmocka_unit_test(the_contract_is_asked_for_the_id_at_the_block),
        cmocka_unit_test(a_node_that_gives_other_content_is_refused),
        cmocka_unit_test(content_that_is_not_there_is_not_found),
        cmocka_unit_test(an_answer_that_is_no_abi_is_refused),
        cmocka_unit_test(a_node_that_fails_is_upstream),
        cmocka_unit_test(without_a_writer_it_is_read_only),
        cmocka_unit_test(content_over_the_contracts_bound_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
