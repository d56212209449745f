/* transactor: what is signed and sent, and what a node can do about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "support/tx_world.h"

static void a_transaction_is_what_the_node_said_and_a_fifth_more_gas(void **state)
{
    struct world *w = *state;
    struct tx_receipt r;
    struct err e = {0};

    assert_int_equal(try_send(w, &r, &e), ERR_OK);
    assert_true(field(w, TX_CHAIN) == CHAIN);
    assert_true(field(w, TX_NONCE) == 5);
    assert_true(field(w, TX_TIP) == 2000000000);
    assert_true(field(w, TX_FEE) == 4000000000);
    assert_true(field(w, TX_GAS) == 60000);
    assert_true(r.block == 9 && r.gas_used == 21000);
    assert_true(addr_is_zero(&r.contract));
}

static void a_new_contract_is_where_it_was_computed_to_be(void **state)
{
    struct world *w = *state;
    struct addr expected;
    struct tx_receipt r;
    struct err e = {0};

    assert_int_equal(transactor_send(w->t, NULL, bytes_of_str("code"), &r, &e), ERR_OK);
    tx_contract_address(transactor_address(w->t), 5, &expected);
    assert_true(addr_eq(&r.contract, &expected));
}

static void a_nonce_is_not_used_twice_though_the_node_forgets(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    assert_int_equal(try_send(w, NULL, &e), ERR_OK);
    assert_int_equal(try_send(w, NULL, &e), ERR_OK); /* the node still says 5 */
    assert_true(field(w, TX_NONCE) == 6);
    w->nonce = "\"0x14\"";
    assert_int_equal(try_send(w, NULL, &e), ERR_OK);
    assert_true(field(w, TX_NONCE) == 20);
}

static void another_chain_is_sent_nothing(void **state)
{
    struct world *w = *state;

    w->chain_id = "\"0x1\"";
    refused(w, ERR_VERIFY, "found 1");
    assert_int_equal(w->sent, 0);
}

static void what_would_revert_is_not_sent(void **state)
{
    struct world *w = *state;

    w->gas = NULL;
    refused(w, ERR_DENIED, "reverted");
    assert_int_equal(w->sent, 0);
}

static void what_needs_too_much_gas_is_not_sent(void **state)
{
    struct world *w = *state;

    w->gas = "\"0x1000001\"";
    refused(w, ERR_DENIED, "gas");
    assert_int_equal(w->sent, 0);
    w->gas = "\"0x1000000\"";
    goes_through(w);
    assert_true(field(w, TX_GAS) == TX_GAS_MAX);
}

static void a_fee_over_the_limit_is_not_paid(void **state)
{
    struct world *w = *state;

    new_transactor(w, CHAIN, 3999999999);
    refused(w, ERR_DENIED, "the limit is 3999999999");
    assert_int_equal(w->sent, 0);
    new_transactor(w, CHAIN, 4000000000);
    goes_through(w);
}

static void a_node_without_fees_is_refused(void **state)
{
    static const char *const histories[] = {"null", "{}", "{\"baseFeePerGas\":[7]}", "7", NULL};
    struct world *w = *state;

    for (size_t i = 0; i < 4; i++) {
        w->history = histories[i];
        refused(w, ERR_UPSTREAM, "base fee");
    }
    assert_int_equal(w->sent, 0);
}

static void an_answer_that_is_lost_is_not_a_transaction_that_is_lost(void **state)
{
    struct world *w = *state;

    w->lose_answer = true;
    goes_through(w);
    /* libcurl repeats a request whose kept connection died; it is the same transaction. */
    assert_true(w->sent == 1 || w->sent == 2);
    assert_true(field(w, TX_NONCE) == 5);
}

static void a_transaction_that_no_node_knows_is_an_error(void **state)
{
    struct world *w = *state;

    w->lose_answer = w->forget = true;
    refused(w, ERR_UPSTREAM, "may have been sent");
}

static void what_a_node_refuses_leaves_its_number_free(void **state)
{
    struct world *w = *state;

    w->refuse = w->forget = true;
    refused(w, ERR_UPSTREAM, "insufficient funds");
    w->refuse = false;
    goes_through(w);
    assert_true(field(w, TX_NONCE) == 5);
}

/* ---- drafts and foreign signatures ---- */

static void without_a_key_a_call_is_drafted(void **state)
{
    struct world *w = *state;
    const struct transactor_config config = {
        .node = w->rpc, .chain_id = CHAIN, .clock = &clock_system, .from = {{0xab}}};
    struct err e = {0};

    transactor_free(w->t);
    w->t = NULL;
    assert_int_equal(transactor_new(&config, &w->t, &e), ERR_OK);
    goes_through(w);
    goes_through(w);
    assert_int_equal(w->sent, 0);
    assert_true(transactor_draft(w->t, 0)->nonce == 5 && transactor_draft(w->t, 1)->nonce == 6);
    assert_true(transactor_draft(w->t, 0)->gas == 60000);
    assert_null(transactor_draft(w->t, 2));
    w->gas = NULL;
    refused(w, ERR_DENIED, "reverted");
}

static void sign_draft(const struct world *w, struct eth_tx tx, struct buf *raw)
{
    struct hash32 hash;
    struct err e = {0};

    assert_int_equal(tx_sign(&tx, w->key, raw, &hash, &e), ERR_OK);
}

static void a_transaction_that_was_signed_elsewhere_is_sent(void **state)
{
    struct world *w = *state;
    struct buf raw AUTO_CALL(buf_done) = BUF(4096);
    struct eth_tx tx = {.chain_id = CHAIN, .nonce = 5, .max_fee = 1, .gas = 21000, .to = target};
    struct tx_receipt r;
    struct err e = {0};

    sign_draft(w, tx, &raw);
    assert_int_equal(transactor_send_signed(w->t, buf_bytes(&raw), &r, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&raw), buf_bytes(&w->raw)));
    tx.chain_id = 1;
    buf_clear(&raw);
    sign_draft(w, tx, &raw);
    assert_int_equal(transactor_send_signed(w->t, buf_bytes(&raw), &r, &e), ERR_INVALID);
    tx.chain_id = CHAIN;
    buf_clear(&raw);
    assert_int_equal(tx_unsigned(&tx, &raw, &e), ERR_OK);
    assert_int_equal(transactor_send_signed(w->t, buf_bytes(&raw), &r, &e), ERR_INVALID);
    tx.data = bytes_of_str("another with the same number");
    buf_clear(&raw);
    sign_draft(w, tx, &raw);
    assert_int_equal(transactor_send_signed(w->t, buf_bytes(&raw), &r, &e), ERR_DENIED);
}

static enum err_code to_cafe(void *self, const struct addr *to, struct bytes data,
                             struct addr *ret_to, struct buf *ret_data, struct err *e)
{
    (void)self;
    (void)to;
    *ret_to = (struct addr){{0xbe, 0xef}};
    buf_put_str(ret_data, "via:");
    buf_put(ret_data, data);
    return buf_check(ret_data, e);
}

static void a_route_takes_every_call_but_no_create(void **state)
{
    const struct tx_route route = {.wrap = to_cafe};
    struct world *w = *state;
    const struct transactor_config config = {
        .node = w->rpc, .chain_id = CHAIN, .clock = &clock_system, .key = w->key, .route = &route};
    struct tx_parsed sent;
    struct err e = {0};

    transactor_free(w->t);
    w->t = NULL;
    assert_int_equal(transactor_new(&config, &w->t, &e), ERR_OK);
    goes_through(w);
    assert_int_equal(tx_parse(buf_bytes(&w->raw), &sent, &e), ERR_OK);
    assert_true(bytes_eq(sent.tx.data, bytes_of_str("via:data")) && sent.tx.to.b[1] == 0xef);
    assert_int_equal(transactor_send(w->t, NULL, bytes_of_str("code"), NULL, &e), ERR_USAGE);
}

static void a_node_that_names_another_transaction_is_refused(void **state)
{
    struct world *w = *state;

    w->wrong_hash = true;
    refused(w, ERR_UPSTREAM, "another transaction");
}

static void a_receipt_is_waited_for(void **state)
{
    struct world *w = *state;

    w->receipts_until = 2;
    goes_through(w);
    assert_int_equal(w->receipts, 3);
}

static void a_receipt_that_never_comes_is_a_timeout_that_names_the_transaction(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    w->receipts_until = 1000000;
    assert_int_equal(try_send(w, NULL, &e), ERR_TIMEOUT);
    assert_non_null(strstr(e.msg, w->hash));
    assert_non_null(strstr(e.msg, "sent"));
}

static void a_receipt_of_another_transaction_is_not_believed(void **state)
{
    struct world *w = *state;

    w->wrong_receipt = true;
    refused(w, ERR_TIMEOUT, "another transaction");
}

static void a_transaction_that_failed_in_its_block_is_denied(void **state)
{
    struct world *w = *state;

    w->status = "0x0";
    refused(w, ERR_DENIED, "included in block 9, and it failed there");
    w->call = NULL;
    refused(w, ERR_DENIED, "failed there: unknown error 0x3204506f");
}

static void a_key_that_is_no_key_signs_nothing(void **state)
{
    struct world *w = *state;
    struct transactor_config config = {.node = w->rpc, .chain_id = CHAIN, .clock = &clock_system};
    AUTO(transactor) t = NULL;
    AUTO(secret) zero = NULL;
    struct err e = {0};

    assert_int_equal(secret_new(32, &zero, &e), ERR_OK);
    config.key = zero;
    assert_int_not_equal(transactor_new(&config, &t, &e), ERR_OK);
    assert_null(t);
}

int main(void)
{
#define WITH_NODE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_NODE(a_transaction_is_what_the_node_said_and_a_fifth_more_gas),
        WITH_NODE(a_new_contract_is_where_it_was_computed_to_be),
        WITH_NODE(a_nonce_is_not_used_twice_though_the_node_forgets),
        WITH_NODE(another_chain_is_sent_nothing),
        WITH_NODE(what_would_revert_is_not_sent),
        WITH_NODE(what_needs_too_much_gas_is_not_sent),
        WITH_NODE(a_fee_over_the_limit_is_not_paid),
        WITH_NODE(a_node_without_fees_is_refused),
        WITH_NODE(an_answer_that_is_lost_is_not_a_transaction_that_is_lost),
        WITH_NODE(a_transaction_that_no_node_knows_is_an_error),
        WITH_NODE(a_node_that_names_another_transaction_is_refused),
        WITH_NODE(a_receipt_is_waited_for),
        WITH_NODE(a_receipt_that_never_comes_is_a_timeout_that_names_the_transaction),
        WITH_NODE(a_receipt_of_another_transaction_is_not_believed),
        WITH_NODE(a_transaction_that_failed_in_its_block_is_denied),
        WITH_NODE(a_key_that_is_no_key_signs_nothing),
        WITH_NODE(what_a_node_refuses_leaves_its_number_free),
        WITH_NODE(without_a_key_a_call_is_drafted),
        WITH_NODE(a_transaction_that_was_signed_elsewhere_is_sent),
        WITH_NODE(a_route_takes_every_call_but_no_create),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
