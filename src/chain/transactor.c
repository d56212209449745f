/* transactor - see transactor.h. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include "base/codec.h"
#include "chain/transactor.h"
#include "chain/tx.h"
#include "crypto/secp256k1.h"

#define WAIT_MS       120000
#define MAX_FEE_LIMIT 500000000000u /* 500 gwei */
#define TIP_DEFAULT   1000000000u   /* 1 gwei: of a node that names none */
#define POLL_MIN_MS   100
#define POLL_MAX_MS   1000
#define ASK_MAX       ((size_t)1024 * 1024)
#define NS_PER_MS     1000000u

struct transactor {
    rpc *node;
    const secret *key;
    const struct clock *clock;
    uint64_t chain_id, max_fee_limit;
    unsigned wait_ms;
    struct addr address;
    pthread_mutex_t turn; /* one transaction at a time, from its nonce to its receipt */
    uint64_t next_nonce;  /* one more than the last that a node took from us */
};

enum err_code transactor_new(const struct transactor_config *config, transactor **ret,
                             struct err *e)
{
    AUTO(transactor) t = NULL;
    struct addr address;

    TRY_IN(e, secp256k1_address(config->key, &address, e), "signing key");
    t = calloc(1, sizeof *t);
    if (!t)
        return err_set(e, ERR_NOMEM, "transactor");
    pthread_mutex_init(&t->turn, NULL);
    t->node = config->node;
    t->key = config->key;
    t->clock = config->clock;
    t->chain_id = config->chain_id;
    t->max_fee_limit = config->max_fee_limit ? config->max_fee_limit : MAX_FEE_LIMIT;
    t->wait_ms = config->wait_ms ? config->wait_ms : WAIT_MS;
    t->address = address;
    *ret = TAKE(t);
    return ERR_OK;
}

void transactor_free(transactor *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->turn);
    free(t);
}

const struct addr *transactor_address(const transactor *t)
{
    return &t->address;
}

/* ---- what to send ---- */

static void put_call(struct buf *out, const struct addr *from, const struct addr *to,
                     struct bytes data)
{
    buf_put_str(out, "[{\"from\":\"0x");
    hex_put(out, BYTES_OF(*from));
    if (to) {
        buf_put_str(out, "\",\"to\":\"0x");
        hex_put(out, BYTES_OF(*to));
    }
    buf_put_str(out, "\",\"data\":\"0x");
    hex_put(out, data);
    buf_put_str(out, "\"}]");
}

static enum err_code read_number(const transactor *t, const struct rpc_call *call, uint64_t *ret,
                                 struct err *e)
{
    TRY(rpc_check(t->node, call, e));
    TRY_IN(e, rpc_quantity(call->ret_result, ret, e), "%s at %s", call->method, rpc_host(t->node));
    return ERR_OK;
}

static enum err_code read_base_fee(const transactor *t, const struct rpc_call *call, uint64_t *ret,
                                   struct err *e)
{
    const json *fee;

    TRY(rpc_check(t->node, call, e));
    if (!json_is_object(call->ret_result) ||
        json_get(call->ret_result, "baseFeePerGas", &fee, e) != ERR_OK ||
        rpc_quantity(fee, ret, e) != ERR_OK)
        return err_set(e, ERR_UPSTREAM, "%s at %s: a block without base fee", call->method,
                       rpc_host(t->node));
    return ERR_OK;
}

static enum err_code set_fees(const transactor *t, uint64_t base, uint64_t tip, struct eth_tx *tx,
                              struct err *e)
{
    uint64_t fee;

    if (__builtin_mul_overflow(base, (uint64_t)2, &fee) || __builtin_add_overflow(fee, tip, &fee) ||
        fee > t->max_fee_limit)
        return err_set(e, ERR_DENIED,
                       "the node asks %llu + %llu wei per gas (twice the base fee, and the tip), "
                       "the limit is %llu: nothing was sent",
                       (unsigned long long)base * 2, (unsigned long long)tip,
                       (unsigned long long)t->max_fee_limit);
    tx->max_fee = fee;
    tx->max_priority_fee = tip;
    return ERR_OK;
}

/* Asks the node for all that the transaction needs, in one request. */
static enum err_code prepare(const transactor *t, const struct addr *to, struct bytes data,
                             struct eth_tx *ret, struct err *e)
{
    struct buf call AUTO_CALL(buf_done) = BUF(ASK_MAX), who AUTO_CALL(buf_done) = BUF(128);
    AUTO(json) answer = NULL;
    uint64_t chain_id, base, tip;

    put_call(&call, &t->address, to, data);
    buf_put_str(&who, "[\"0x");
    hex_put(&who, BYTES_OF(t->address));
    buf_put_str(&who, "\",\"pending\"]");
    TRY_IN(e, buf_check(&call, e), "transaction");
    TRY(buf_check(&who, e));

    struct rpc_call calls[] = {
        {.method = "eth_chainId", .params = "[]"},
        {.method = "eth_getTransactionCount", .params = buf_cstr(&who)},
        {.method = "eth_getBlockByNumber", .params = "[\"latest\",false]"},
        {.method = "eth_maxPriorityFeePerGas", .params = "[]"},
        {.method = "eth_estimateGas", .params = buf_cstr(&call)},
    };

    TRY(rpc_do(t->node, calls, sizeof calls / sizeof calls[0], &answer, e));
    TRY(read_number(t, &calls[0], &chain_id, e));
    if (chain_id != t->chain_id)
        return err_set(e, ERR_VERIFY, "chain id: found %llu at %s, expected %llu: nothing was sent",
                       (unsigned long long)chain_id, rpc_host(t->node),
                       (unsigned long long)t->chain_id);
    TRY(read_number(t, &calls[1], &ret->nonce, e));
    if (ret->nonce < t->next_nonce)
        ret->nonce = t->next_nonce;
    TRY(read_base_fee(t, &calls[2], &base, e));
    if (calls[3].ret_fault.code != ERR_OK)
        tip = TIP_DEFAULT;
    else
        TRY(read_number(t, &calls[3], &tip, e));
    TRY(set_fees(t, base, tip, ret, e));
    TRY(read_number(t, &calls[4], &ret->gas, e));
    if (ret->gas > TX_GAS_MAX)
        return err_set(e, ERR_DENIED, "needs %llu gas, a transaction may have %d: nothing was sent",
                       (unsigned long long)ret->gas, TX_GAS_MAX);
    ret->gas += ret->gas / 5;
    if (ret->gas > TX_GAS_MAX)
        ret->gas = TX_GAS_MAX;
    ret->chain_id = t->chain_id;
    ret->create = to == NULL;
    if (to)
        ret->to = *to;
    ret->data = data;
    return ERR_OK;
}

/* ---- sending ---- */

static bool is_known(const transactor *t, const char *quoted_hash)
{
    AUTO(json) answer = NULL;
    const json *result;
    struct err ignored;

    return rpc_one(t->node, "eth_getTransactionByHash", quoted_hash, &answer, &result, &ignored) ==
               ERR_OK &&
           json_is_object(result);
}

static enum err_code submit(const transactor *t, struct bytes raw, const struct hash32 *hash,
                            const char *quoted_hash, struct err *e)
{
    struct buf params AUTO_CALL(buf_done) = BUF(ASK_MAX);
    AUTO(json) answer = NULL;
    const json *result;
    struct hash32 said;

    buf_put_str(&params, "[\"0x");
    hex_put(&params, raw);
    buf_put_str(&params, "\"]");
    TRY_IN(e, buf_check(&params, e), "transaction");
    if (rpc_one(t->node, "eth_sendRawTransaction", buf_cstr(&params), &answer, &result, e) !=
        ERR_OK) {
        /* The answer may be all that was lost. */
        return is_known(t, quoted_hash) ? ERR_OK : e->code;
    }
    TRY_IN(e, rpc_data(result, said.b, sizeof said.b, e), "eth_sendRawTransaction at %s",
           rpc_host(t->node));
    if (!hash32_eq(&said, hash))
        return err_set(e, ERR_UPSTREAM,
                       "eth_sendRawTransaction at %s: names another transaction than the one sent",
                       rpc_host(t->node));
    return ERR_OK;
}

static enum err_code quantity_of(const json *obj, const char *member, uint64_t *ret, struct err *e)
{
    const json *field;

    TRY(json_get(obj, member, &field, e));
    TRY_IN(e, rpc_quantity(field, ret, e), "%s", member);
    return ERR_OK;
}

static enum err_code hash_of(const json *obj, const char *member, struct hash32 *ret, struct err *e)
{
    const json *field;

    TRY(json_get(obj, member, &field, e));
    TRY_IN(e, rpc_data(field, ret->b, sizeof ret->b, e), "%s", member);
    return ERR_OK;
}

static enum err_code read_receipt(const json *obj, struct tx_receipt *ret, uint64_t *ret_status,
                                  struct err *e)
{
    struct hash32 tx;

    TRY(hash_of(obj, "transactionHash", &tx, e));
    if (!hash32_eq(&tx, &ret->tx))
        return err_set(e, ERR_UPSTREAM, "a receipt of another transaction");
    TRY(hash_of(obj, "blockHash", &ret->block_hash, e));
    TRY(quantity_of(obj, "blockNumber", &ret->block, e));
    TRY(quantity_of(obj, "gasUsed", &ret->gas_used, e));
    TRY(quantity_of(obj, "status", ret_status, e));
    return ERR_OK;
}

/* ERR_NOT_FOUND: not included yet. */
static enum err_code ask_receipt(const transactor *t, const char *quoted_hash,
                                 struct tx_receipt *ret, uint64_t *ret_status, struct err *e)
{
    static const char method[] = "eth_getTransactionReceipt";
    AUTO(json) answer = NULL;
    const json *result;

    TRY(rpc_one(t->node, method, quoted_hash, &answer, &result, e));
    if (json_is_null(result))
        return err_set(e, ERR_NOT_FOUND, "not included yet");
    if (!json_is_object(result) || read_receipt(result, ret, ret_status, e) != ERR_OK) {
        e->code = ERR_UPSTREAM;
        return err_wrap(e, "%s at %s", method, rpc_host(t->node));
    }
    return ERR_OK;
}

static enum err_code wait_receipt(const transactor *t, const char *quoted_hash,
                                  struct tx_receipt *ret, struct err *e)
{
    uint64_t start = clock_ns(t->clock), status = 0;
    unsigned pause_ms = POLL_MIN_MS;

    for (;;) {
        enum err_code code = ask_receipt(t, quoted_hash, ret, &status, e);
        struct timespec pause = {.tv_nsec = (long)pause_ms * (long)NS_PER_MS};

        if (code == ERR_OK)
            break;
        /* A node that stumbles while we wait does not undo the transaction: ask on. */
        if ((clock_ns(t->clock) - start) / NS_PER_MS >= t->wait_ms) {
            if (code == ERR_NOT_FOUND)
                return err_set(e, ERR_TIMEOUT, "transaction %.66s: sent, not included within %u ms",
                               quoted_hash + 2, t->wait_ms);
            e->code = ERR_TIMEOUT;
            return err_wrap(e, "transaction %.66s: sent, no receipt within %u ms", quoted_hash + 2,
                            t->wait_ms);
        }
        if (pause_ms >= 1000)
            pause = (struct timespec){.tv_sec = 1};
        nanosleep(&pause, NULL);
        pause_ms = pause_ms * 2 < POLL_MAX_MS ? pause_ms * 2 : POLL_MAX_MS;
    }
    if (status != 1)
        return err_set(e, ERR_DENIED,
                       "transaction %.66s: included in block %llu, and it failed there",
                       quoted_hash + 2, (unsigned long long)ret->block);
    return ERR_OK;
}

static enum err_code send_in_turn(transactor *t, const struct addr *to, struct bytes data,
                                  struct tx_receipt *ret, struct err *e)
{
    struct buf raw AUTO_CALL(buf_done) = BUF(ASK_MAX / 2);
    char quoted_hash[HEX_LEN(32) + 8] = "[\"0x";
    struct tx_receipt receipt = {0};
    struct eth_tx tx = {0};

    TRY(prepare(t, to, data, &tx, e));
    TRY(tx_sign(&tx, t->key, &raw, &receipt.tx, e));
    hex_encode(BYTES_OF(receipt.tx), quoted_hash + 4);
    memcpy(quoted_hash + 4 + 64, "\"]", 3);
    TRY(submit(t, buf_bytes(&raw), &receipt.tx, quoted_hash, e));
    t->next_nonce = tx.nonce + 1;
    TRY(wait_receipt(t, quoted_hash, &receipt, e));
    if (tx.create)
        tx_contract_address(&t->address, tx.nonce, &receipt.contract);
    *ret = receipt;
    return ERR_OK;
}

enum err_code transactor_send(transactor *t, const struct addr *to, struct bytes data,
                              struct tx_receipt *ret, struct err *e)
{
    struct tx_receipt receipt;
    enum err_code code;

    pthread_mutex_lock(&t->turn);
    code = send_in_turn(t, to, data, &receipt, e);
    pthread_mutex_unlock(&t->turn);
    if (code == ERR_OK && ret)
        *ret = receipt;
    return code;
}
