/* transactor: what becomes of a transaction: replacement, crashes, finality. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/journal.h"
#include "support/tx_world.h"

/* ---- replacement ---- */

static void what_is_stuck_is_replaced_by_the_same_for_more(void **state)
{
    struct world *w = *state;

    w->replace_ms = 100;
    new_transactor(w, CHAIN, 0);
    w->receipts_until = 3; /* more looks than fit before the replacement */
    goes_through(w);
    assert_int_equal(w->sent, 2);
    assert_true(field(w, TX_NONCE) == 5);
    assert_true(field(w, TX_TIP) == 2250000001);
    assert_true(field(w, TX_FEE) == 4500000001);
    assert_true(field(w, TX_GAS) == 60000);
}

static void nothing_is_replaced_over_the_limit(void **state)
{
    struct world *w = *state;

    w->replace_ms = 50;
    new_transactor(w, CHAIN, 4500000000);
    w->receipts_until = 1000000;
    refused(w, ERR_TIMEOUT, "the limit is 4500000000");
    assert_int_equal(w->sent, 1);
}

static void a_number_that_another_transaction_took_is_told(void **state)
{
    struct world *w = *state;

    w->receipts_until = 1000000;
    w->final = "\"0x6\"";
    refused(w, ERR_DENIED, "nothing of this was done");
}

/* ---- crashes: a transactor that ends anywhere, and another that starts ---- */

static void remember(struct world *w)
{
    strcpy(w->dir, "/tmp/teereg-journal-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    new_transactor(w, CHAIN, 0);
}

static void forget_dir(struct world *w)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r %s", w->dir);
    assert_int_equal(system(command), 0);
}

static void after_a_crash_the_same_call_is_the_same_transaction(void **state)
{
    struct world *w = *state;
    char hash[HEX_LEN(32)];

    remember(w);
    w->receipts_until = 1000000;
    refused(w, ERR_TIMEOUT, "run the same again");
    memcpy(hash, w->hash, sizeof hash);
    new_transactor(w, CHAIN, 0); /* another process */
    w->receipts_until = 0;
    w->gas = NULL; /* by now the call would fail: it was done */
    goes_through(w);
    assert_memory_equal(w->hash, hash, sizeof hash);
    forget_dir(w);
}

static void what_was_told_is_done_again_when_asked_again(void **state)
{
    struct world *w = *state;

    remember(w);
    goes_through(w);
    new_transactor(w, CHAIN, 0);
    goes_through(w); /* the node still says 5 */
    assert_true(field(w, TX_NONCE) == 6);
    forget_dir(w);
}

/* Another process waits for the same transaction, and offers more for it. */
static void replace_elsewhere(struct world *w)
{
    struct buf raw AUTO_CALL(buf_done) = BUF(4096);
    struct hash32 genesis = {{[31] = 0xaa}}, hash;
    struct journal_entries *list;
    AUTO(journal) j = NULL;
    struct tx_parsed p;
    struct err e;

    w->on_receipt = NULL;
    assert_int_equal(journal_new(w->dir, CHAIN, &genesis, transactor_address(w->t), &j, &e),
                     ERR_OK);
    assert_int_equal(journal_take(j, &list, &e), ERR_OK);
    assert_int_equal(tx_parse(buf_bytes(&list->entry[0].raw[0]), &p, &e), ERR_OK);
    p.tx.max_fee *= 2;
    assert_int_equal(tx_sign(&p.tx, w->key, &raw, &hash, &e), ERR_OK);
    assert_int_equal(journal_add_raw(&list->entry[0], buf_bytes(&raw), &e), ERR_OK);
    assert_int_equal(journal_save(j, &e), ERR_OK);
    journal_give(j);
    hex_encode(BYTES_OF(hash), w->hash);
}

static void what_another_process_replaced_is_done(void **state)
{
    struct world *w = *state;

    remember(w);
    w->final = "\"0x6\"";
    w->on_receipt = replace_elsewhere;
    goes_through(w);
    assert_int_equal(w->sent, 1);
    forget_dir(w);
}

static void another_call_after_a_crash_has_another_number(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    remember(w);
    w->receipts_until = 1000000;
    refused(w, ERR_TIMEOUT, "sent");
    new_transactor(w, CHAIN, 0);
    w->receipts_until = 0;
    assert_int_equal(transactor_send(w->t, &target, bytes_of_str("other"), NULL, &e), ERR_OK);
    assert_true(field(w, TX_NONCE) == 6);
    /* The first is no longer the last thing sent: asked for again, it is done again. */
    new_transactor(w, CHAIN, 0);
    goes_through(w);
    assert_true(field(w, TX_NONCE) == 7);
    forget_dir(w);
}

static void what_was_sent_without_an_answer_is_taken_up(void **state)
{
    struct world *w = *state;
    char hash[HEX_LEN(32)];

    remember(w);
    w->lose_answer = w->forget = true;
    refused(w, ERR_UPSTREAM, "may have been sent");
    memcpy(hash, w->hash, sizeof hash);
    new_transactor(w, CHAIN, 0);
    w->lose_answer = w->forget = false;
    goes_through(w);
    assert_memory_equal(w->hash, hash, sizeof hash);
    forget_dir(w);
}

static void another_chain_of_the_same_number_has_another_journal(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    remember(w);
    goes_through(w);
    new_transactor(w, CHAIN, 0);
    w->genesis =
        "{\"hash\":\"0xbb000000000000000000000000000000000000000000000000000000000000bb\"}";
    w->nonce = "\"0x0\"";
    assert_int_equal(try_send(w, NULL, &e), ERR_OK);
    assert_true(field(w, TX_NONCE) == 0);
    forget_dir(w);
}

/* A chain that makes nothing final, as some for tests. */
static void many_transactions_fit_though_none_is_final(void **state)
{
    struct world *w = *state;
    static char count[32];

    w->final = "\"0x0\"";
    w->nonce = count;
    for (unsigned i = 0; i < 70; i++) {
        snprintf(count, sizeof count, "\"0x%x\"", i);
        goes_through(w);
        assert_true(field(w, TX_NONCE) == i);
    }
}

/* ---- finality ---- */

static void a_receipt_is_looked_at_until_its_block_is_final(void **state)
{
    struct world *w = *state;
    struct tx_receipt r;
    struct err e = {0};

    assert_int_equal(try_send(w, &r, &e), ERR_OK);
    w->head = 8;
    assert_int_equal(transactor_wait_final(w->t, &r, 300, &e), ERR_TIMEOUT);
    assert_non_null(strstr(e.msg, "not final"));
    w->head = 12;
    assert_int_equal(transactor_wait_final(w->t, &r, 300, &e), ERR_OK);
    assert_true(r.block == 9);
}

static void a_block_that_left_the_chain_is_not_final(void **state)
{
    struct world *w = *state;
    struct tx_receipt r;
    struct err e = {0};

    assert_int_equal(try_send(w, &r, &e), ERR_OK);
    w->reorganised = true;
    assert_int_equal(transactor_wait_final(w->t, &r, 300, &e), ERR_TIMEOUT);
}

static void what_fell_out_is_sent_again_and_found_where_it_is(void **state)
{
    struct world *w = *state;
    struct tx_receipt r;
    struct err e = {0};

    assert_int_equal(try_send(w, &r, &e), ERR_OK);
    assert_int_equal(w->sent, 1);
    w->lost = 1;
    w->number = "0xb";
    assert_int_equal(transactor_wait_final(w->t, &r, 1000, &e), ERR_OK);
    assert_int_equal(w->sent, 2);
    assert_true(r.block == 11);
}

static void what_fails_after_a_reorganisation_is_told(void **state)
{
    struct world *w = *state;
    struct tx_receipt r;
    struct err e = {0};

    assert_int_equal(try_send(w, &r, &e), ERR_OK);
    w->status = "0x0";
    assert_int_equal(transactor_wait_final(w->t, &r, 300, &e), ERR_DENIED);
}

int main(void)
{
#define WITH_NODE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_NODE(what_is_stuck_is_replaced_by_the_same_for_more),
        WITH_NODE(nothing_is_replaced_over_the_limit),
        WITH_NODE(a_number_that_another_transaction_took_is_told),
        WITH_NODE(after_a_crash_the_same_call_is_the_same_transaction),
        WITH_NODE(what_was_told_is_done_again_when_asked_again),
        WITH_NODE(what_another_process_replaced_is_done),
        WITH_NODE(another_call_after_a_crash_has_another_number),
        WITH_NODE(what_was_sent_without_an_answer_is_taken_up),
        WITH_NODE(another_chain_of_the_same_number_has_another_journal),
        WITH_NODE(many_transactions_fit_though_none_is_final),
        WITH_NODE(a_receipt_is_looked_at_until_its_block_is_final),
        WITH_NODE(a_block_that_left_the_chain_is_not_final),
        WITH_NODE(what_fell_out_is_sent_again_and_found_where_it_is),
        WITH_NODE(what_fails_after_a_reorganisation_is_told),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
