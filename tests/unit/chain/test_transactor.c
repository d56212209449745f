/* transactor: what is signed and sent, and what a node can do about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/codec.h"
#include "chain/rlp.h"
#include "chain/transactor.h"
#include "chain/tx.h"
#include "crypto/digest.h"
#include "crypto/secp256k1.h"
#include "support/fake_node.h"

#define CHAIN 31337

static const struct addr target = {{0xca, 0xfe}};

/* A node that holds one transaction in its hands. */
struct world {
    struct fake_node *node;
    rpc *rpc;
    secret *key;
    transactor *t;
    struct buf raw; /* the last transaction that came */
    char hash[HEX_LEN(32)];
    unsigned sent, receipts;
    /* how it behaves */
    const char *chain_id, *nonce, *final, *history, *gas; /* results in JSON; NULL: an error */
    const char *genesis, *number, *call;
    unsigned receipts_until; /* receipts that are null before it comes */
    const char *status;
    bool lose_answer, forget, wrong_hash, wrong_receipt, refuse;
    unsigned head, lost; /* number of the final block; looks at the receipt that find none */
    bool reorganised;    /* block 9 is another now */
    /* to remember across transactors */
    char dir[64];
    unsigned replace_ms;
};

static void take_raw(struct world *w, const json *call)
{
    const json *params;
    const char *text;
    struct hash32 h;
    struct err e;

    assert_int_equal(json_get_array(call, "params", &params, &e), ERR_OK);
    text = json_str(json_at(params, 0));
    buf_clear(&w->raw);
    assert_int_equal(hex_decode_buf(bytes_of_str(text + 2), &w->raw, &e), ERR_OK);
    keccak256(buf_bytes(&w->raw), &h);
    hex_encode(BYTES_OF(h), w->hash);
    w->sent++;
}

static void put_receipt(const struct world *w, struct buf *out)
{
    char hash[HEX_LEN(32)];

    memcpy(hash, w->hash, sizeof hash);
    if (w->wrong_receipt)
        hash[0] = hash[0] == '0' ? '1' : '0';
    buf_printf(out,
               "{\"transactionHash\":\"0x%s\",\"blockHash\":\"0x%064d\",\"blockNumber\":\"%s\","
               "\"gasUsed\":\"0x5208\",\"status\":\"%s\"}",
               hash, 7, w->number, w->status);
}

/* The hash that a receipt is asked for is the last transaction's. */
static bool asks_for_last(const struct world *w, const json *call)
{
    const json *params;
    const char *text;
    struct err e;

    assert_int_equal(json_get_array(call, "params", &params, &e), ERR_OK);
    text = json_str(json_at(params, 0));
    return strlen(text) == 66 && memcmp(text + 2, w->hash, sizeof w->hash) == 0;
}

static const char *block_of(const struct world *w, const json *call, struct buf *text)
{
    const json *params;
    const char *which;
    struct err e;

    assert_int_equal(json_get_array(call, "params", &params, &e), ERR_OK);
    which = json_str(json_at(params, 0));
    if (strcmp(which, "0x0") == 0)
        return w->genesis;
    buf_printf(text, "{\"number\":\"%s\",\"hash\":\"0x%064d\",\"timestamp\":\"0x1\"}",
               strcmp(which, "finalized") == 0 ? (w->head >= 12 ? "0xc" : "0x8") : which,
               w->reorganised ? 8 : 7);
    return buf_cstr(text);
}

static const char *count_of(const struct world *w, const json *call)
{
    const json *params;
    struct err e;

    assert_int_equal(json_get_array(call, "params", &params, &e), ERR_OK);
    return strcmp(json_str(json_at(params, 1)), "finalized") == 0 && w->final ? w->final : w->nonce;
}

static void put_result(struct world *w, const json *call, const char *method, struct buf *out)
{
    struct buf text AUTO_CALL(buf_done) = BUF(1024);
    const char *result = NULL;

    if (strcmp(method, "eth_sendRawTransaction") == 0) {
        take_raw(w, call);
        if (w->refuse) {
            buf_put_str(out, "\"error\":{\"code\":-32000,\"message\":\"insufficient funds\"}");
            return;
        }
        buf_printf(out, "\"result\":\"0x%s%s\"", w->wrong_hash ? "00" : "",
                   w->wrong_hash ? w->hash + 2 : w->hash);
        return;
    }
    if (strcmp(method, "eth_getTransactionByHash") == 0) {
        buf_put_str(out, w->forget || !w->sent ? "\"result\":null" : "\"result\":{}");
        return;
    }
    if (strcmp(method, "eth_getTransactionReceipt") == 0) {
        buf_put_str(out, "\"result\":");
        if (w->receipts++ < w->receipts_until || !asks_for_last(w, call))
            buf_put_str(out, "null");
        else if (w->lost > 0 && w->lost--)
            buf_put_str(out, "null");
        else
            put_receipt(w, out);
        return;
    }
    if (strcmp(method, "eth_chainId") == 0)
        result = w->chain_id;
    else if (strcmp(method, "eth_getTransactionCount") == 0)
        result = count_of(w, call);
    else if (strcmp(method, "eth_getBlockByNumber") == 0)
        result = block_of(w, call, &text);
    else if (strcmp(method, "eth_feeHistory") == 0)
        result = w->history;
    else if (strcmp(method, "eth_call") == 0)
        result = w->call;
    else if (strcmp(method, "eth_estimateGas") == 0)
        result = w->gas;
    if (result)
        buf_printf(out, "\"result\":%s", result);
    else
        buf_put_str(out, "\"error\":{\"code\":3,\"message\":\"execution reverted\",\"data\":\""
                         "0x3204506f\"}");
}

static void put_call(struct world *w, const json *call, struct buf *out)
{
    const char *method;
    uint64_t id;
    struct err e;

    if (json_get_u64(call, "id", UINT64_MAX, &id, &e) != ERR_OK ||
        json_get_str(call, "method", 64, &method, &e) != ERR_OK)
        abort();
    buf_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%llu,", (unsigned long long)id);
    put_result(w, call, method, out);
    buf_put_u8(out, '}');
}

static void answer(void *self, const json *request, struct fake_reply *reply)
{
    struct world *w = self;
    unsigned before = w->sent;

    if (!json_is_array(request)) {
        put_call(w, request, &reply->body);
    } else {
        for (size_t i = 0; i < json_len(request); i++) {
            buf_put_u8(&reply->body, i ? ',' : '[');
            put_call(w, json_at(request, i), &reply->body);
        }
        buf_put_u8(&reply->body, ']');
    }
    if (w->lose_answer && w->sent > before)
        reply->status = 0;
}

static void new_transactor(struct world *w, uint64_t chain_id, uint64_t max_fee)
{
    const struct transactor_config config = {.node = w->rpc,
                                             .chain_id = chain_id,
                                             .key = w->key,
                                             .clock = &clock_system,
                                             .wait_ms = 400,
                                             .replace_ms = w->replace_ms,
                                             .journal_dir = *w->dir ? w->dir : NULL,
                                             .max_fee_limit = max_fee};
    struct err e = {0};

    transactor_free(w->t);
    w->t = NULL;
    assert_int_equal(transactor_new(&config, &w->t, &e), ERR_OK);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct rpc_config config = {.allow_http = true, .allow_private = true, .total_ms = 2000};
    uint8_t key[32] = {[31] = 1};
    struct err e;

    assert_non_null(w);
    w->raw = BUF(1 << 20);
    w->chain_id = "\"0x7a69\"";
    w->nonce = "\"0x5\"";
    w->history = "{\"oldestBlock\":\"0x1\",\"baseFeePerGas\":[\"0x1\",\"0x3b9aca00\"],"
                 "\"gasUsedRatio\":[0.25],\"reward\":[[\"0x77359400\"]]}";
    w->genesis =
        "{\"hash\":\"0x00000000000000000000000000000000000000000000000000000000000000aa\"}";
    w->number = "0x9";
    w->head = 12;
    w->call = "\"0x\"";
    w->gas = "\"0xc350\"";
    w->status = "0x1";
    w->node = fake_node_start(answer, w);
    config.url = w->node->url;
    assert_int_equal(rpc_new(&config, &w->rpc, &e), ERR_OK);
    assert_int_equal(secret_copy(BYTES(key), &w->key, &e), ERR_OK);
    new_transactor(w, CHAIN, 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    transactor_free(w->t);
    secret_free(w->key);
    rpc_free(w->rpc);
    fake_node_stop(w->node);
    buf_done(&w->raw);
    free(w);
    return 0;
}

static enum err_code try_send(struct world *w, struct tx_receipt *ret, struct err *e)
{
    return transactor_send(w->t, &target, bytes_of_str("data"), ret, e);
}

/* The n-th field of the transaction that the node got, as a number. */
static uint64_t field(const struct world *w, size_t n)
{
    struct rlp_item list, item;
    struct rd r;
    uint64_t v = 0;
    struct err e;

    assert_int_equal(w->raw.p[0], 2);
    assert_int_equal(rlp_parse((struct bytes){w->raw.p + 1, w->raw.n - 1}, &list, &e), ERR_OK);
    r = rd_of(list.body);
    for (size_t i = 0; i <= n; i++)
        assert_int_equal(rlp_next(&r, &item, &e), ERR_OK);
    for (size_t i = 0; i < item.body.n; i++)
        v = v << 8 | item.body.p[i];
    return v;
}

enum { TX_CHAIN, TX_NONCE, TX_TIP, TX_FEE, TX_GAS };

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

static void refused(struct world *w, enum err_code code, const char *reason)
{
    struct err e = {0};

    assert_int_equal(try_send(w, NULL, &e), code);
    if (!strstr(e.msg, reason))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, reason);
}

static void goes_through(struct world *w)
{
    struct err e = {0};

    if (try_send(w, NULL, &e) != ERR_OK)
        fail_msg("%s", e.msg);
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

/* ---- replacement ---- */

static void what_is_stuck_is_replaced_by_the_same_for_more(void **state)
{
    struct world *w = *state;
    struct buf first AUTO_CALL(buf_done) = BUF(1 << 20);

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
        WITH_NODE(what_is_stuck_is_replaced_by_the_same_for_more),
        WITH_NODE(nothing_is_replaced_over_the_limit),
        WITH_NODE(a_number_that_another_transaction_took_is_told),
        WITH_NODE(after_a_crash_the_same_call_is_the_same_transaction),
        WITH_NODE(what_was_told_is_done_again_when_asked_again),
        WITH_NODE(another_call_after_a_crash_has_another_number),
        WITH_NODE(what_was_sent_without_an_answer_is_taken_up),
        WITH_NODE(another_chain_of_the_same_number_has_another_journal),
        WITH_NODE(a_receipt_is_looked_at_until_its_block_is_final),
        WITH_NODE(a_block_that_left_the_chain_is_not_final),
        WITH_NODE(what_fell_out_is_sent_again_and_found_where_it_is),
        WITH_NODE(what_fails_after_a_reorganisation_is_told),
        WITH_NODE(without_a_key_a_call_is_drafted),
        WITH_NODE(a_transaction_that_was_signed_elsewhere_is_sent),
        WITH_NODE(a_route_takes_every_call_but_no_create),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
