/* tx_world - a node that holds one transaction in its hands, for tests of the transactor.  Room:
 * tests. */
#pragma once
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
    void (*on_receipt)(struct world *w); /* before a receipt is answered; NULL: nothing */
    /* to remember across transactors */
    char dir[64];
    unsigned replace_ms;
};

static inline void take_raw(struct world *w, const json *call)
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

static inline void put_receipt(const struct world *w, struct buf *out)
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
static inline bool asks_for_last(const struct world *w, const json *call)
{
    const json *params;
    const char *text;
    struct err e;

    assert_int_equal(json_get_array(call, "params", &params, &e), ERR_OK);
    text = json_str(json_at(params, 0));
    return strlen(text) == 66 && memcmp(text + 2, w->hash, sizeof w->hash) == 0;
}

static inline const char *block_of(const struct world *w, const json *call, struct buf *text)
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

static inline const char *count_of(const struct world *w, const json *call)
{
    const json *params;
    struct err e;

    assert_int_equal(json_get_array(call, "params", &params, &e), ERR_OK);
    return strcmp(json_str(json_at(params, 1)), "finalized") == 0 && w->final ? w->final : w->nonce;
}

static inline void put_result(struct world *w, const json *call, const char *method,
                              struct buf *out)
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
        if (w->on_receipt)
            w->on_receipt(w);
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

static inline void put_call(struct world *w, const json *call, struct buf *out)
{
    const char *method = fake_node_begin(call, out);

    put_result(w, call, method, out);
    buf_put_u8(out, '}');
}

static inline void answer(void *self, const json *request, struct fake_reply *reply)
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

static inline void new_transactor(struct world *w, uint64_t chain_id, uint64_t max_fee)
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

static inline int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
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
    w->rpc = fake_node_rpc(w->node, 2000);
    assert_int_equal(secret_copy(BYTES(key), &w->key, &e), ERR_OK);
    new_transactor(w, CHAIN, 0);
    *state = w;
    return 0;
}

static inline int tear_down(void **state)
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

static inline enum err_code try_send(struct world *w, struct tx_receipt *ret, struct err *e)
{
    return transactor_send(w->t, &target, bytes_of_str("data"), ret, e);
}

/* The n-th field of the transaction that the node got, as a number. */
static inline uint64_t field(const struct world *w, size_t n)
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

static inline void refused(struct world *w, enum err_code code, const char *reason)
{
    struct err e = {0};

    assert_int_equal(try_send(w, NULL, &e), code);
    if (!strstr(e.msg, reason))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, reason);
}

static inline void goes_through(struct world *w)
{
    struct err e = {0};

    if (try_send(w, NULL, &e) != ERR_OK)
        fail_msg("%s", e.msg);
}
