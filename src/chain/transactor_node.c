/* transactor_node - see transactor_node.h. */
#include "chain/transactor_node.h"
#include <stdio.h>
#include "base/codec.h"
#include "chain/journal.h"

#define ASK_MAX ((size_t)1024 * 1024)

static void put_hex(struct buf *out, const char *before, struct bytes b)
{
    buf_put_str(out, before);
    hex_put(out, b);
    buf_put_u8(out, '"');
}

static void put_call(struct buf *out, const struct node_call *call)
{
    put_hex(out, "{\"from\":\"0x", BYTES_OF(*call->from));
    if (call->to)
        put_hex(out, ",\"to\":\"0x", BYTES_OF(*call->to));
    put_hex(out, ",\"data\":\"0x", call->data);
    buf_put_u8(out, '}');
}

static enum err_code read_number(const rpc *node, const struct rpc_call *call, uint64_t *ret,
                                 struct err *e)
{
    TRY(rpc_check(node, call, e));
    TRY_IN(e, rpc_quantity(call->ret_result, ret, e), "%s at %s", call->method, rpc_host(node));
    return ERR_OK;
}

static enum err_code read_fees(const rpc *node, const struct rpc_call *call, uint64_t limit,
                               struct fees *ret, struct err *e)
{
    TRY(rpc_check(node, call, e));
    if (fees_estimate(call->ret_result, limit, ret, e) != ERR_OK)
        return e->code == ERR_DENIED ? e->code
                                     : err_wrap(e, "%s at %s", call->method, rpc_host(node));
    return ERR_OK;
}

static enum err_code read_genesis(const rpc *node, const struct rpc_call *call, struct hash32 *ret,
                                  struct err *e)
{
    const json *hash;

    TRY(rpc_check(node, call, e));
    if (!json_is_object(call->ret_result) ||
        json_get(call->ret_result, "hash", &hash, e) != ERR_OK ||
        rpc_data(hash, ret->b, sizeof ret->b, e) != ERR_OK)
        return err_set(e, ERR_UPSTREAM, "%s at %s: no first block", call->method, rpc_host(node));
    return ERR_OK;
}

static enum err_code read_gas(const rpc *node, const struct rpc_call *call, struct node_terms *ret,
                              struct err *e)
{
    ret->refused = call->ret_fault;
    if (call->ret_fault.code != ERR_OK)
        return ERR_OK;
    TRY(read_number(node, call, &ret->gas, e));
    if (ret->gas > TX_GAS_MAX)
        return err_set(e, ERR_DENIED, "needs %llu gas, a transaction may have %d",
                       (unsigned long long)ret->gas, TX_GAS_MAX);
    ret->gas += ret->gas / 5;
    if (ret->gas > TX_GAS_MAX)
        ret->gas = TX_GAS_MAX;
    return ERR_OK;
}

static void put_count(struct buf *out, const struct addr *account, const char *block)
{
    put_hex(out, "[\"0x", BYTES_OF(*account));
    buf_printf(out, ",\"%s\"]", block);
}

enum { COUNTS = 3 };

enum err_code node_ask_terms(rpc *node, uint64_t chain_id, const struct node_call *call,
                             uint64_t fee_limit, struct node_terms *ret, struct err *e)
{
    static const char *const tags[COUNTS] = {"pending", "latest", "finalized"};
    struct buf asked AUTO_CALL(buf_done) = BUF(ASK_MAX);
    struct buf pending AUTO_CALL(buf_done) = BUF(128);
    struct buf latest AUTO_CALL(buf_done) = BUF(128);
    struct buf final AUTO_CALL(buf_done) = BUF(128);
    struct buf *const counts[COUNTS] = {&pending, &latest, &final};
    AUTO(json) answer = NULL;
    struct node_terms terms = {.gas = 0};
    uint64_t found;

    buf_put_u8(&asked, '[');
    put_call(&asked, call);
    buf_put_u8(&asked, ']');
    TRY_IN(e, buf_check(&asked, e), "transaction");
    for (size_t i = 0; i < COUNTS; i++) {
        put_count(counts[i], call->from, tags[i]);
        TRY(buf_check(counts[i], e));
    }

    struct rpc_call calls[] = {
        {.method = "eth_chainId", .params = "[]"},
        {.method = "eth_getBlockByNumber", .params = "[\"0x0\",false]"},
        {.method = "eth_getTransactionCount", .params = buf_cstr(&pending)},
        {.method = "eth_getTransactionCount", .params = buf_cstr(&latest)},
        {.method = "eth_getTransactionCount", .params = buf_cstr(&final)},
        {.method = FEES_METHOD, .params = FEES_PARAMS},
        {.method = "eth_estimateGas", .params = buf_cstr(&asked)},
    };

    TRY(rpc_do(node, calls, sizeof calls / sizeof calls[0], &answer, e));
    TRY(read_number(node, &calls[0], &found, e));
    if (found != chain_id)
        return err_set(e, ERR_VERIFY, "chain id: found %llu at %s, expected %llu",
                       (unsigned long long)found, rpc_host(node), (unsigned long long)chain_id);
    TRY(read_genesis(node, &calls[1], &terms.genesis, e));
    TRY(read_number(node, &calls[2], &terms.pending, e));
    TRY(read_number(node, &calls[3], &terms.included, e));
    if (calls[4].ret_fault.code == ERR_OK) /* a young chain has no final block */
        TRY(read_number(node, &calls[4], &terms.final, e));
    TRY(read_fees(node, &calls[5], fee_limit, &terms.fees, e));
    TRY(read_gas(node, &calls[6], &terms, e));
    *ret = terms;
    return ERR_OK;
}

enum err_code node_ask_fees(rpc *node, uint64_t fee_limit, struct fees *ret, struct err *e)
{
    struct rpc_call call = {.method = FEES_METHOD, .params = FEES_PARAMS};
    AUTO(json) answer = NULL;

    TRY(rpc_do(node, &call, 1, &answer, e));
    return read_fees(node, &call, fee_limit, ret, e);
}

/* ---- sending ---- */

static void put_hash(struct buf *out, const struct hash32 *hash)
{
    put_hex(out, "[\"0x", BYTES_OF(*hash));
    buf_put_u8(out, ']');
}

static bool is_known(rpc *node, const struct hash32 *hash)
{
    struct buf params AUTO_CALL(buf_done) = BUF(128);
    AUTO(json) answer = NULL;
    const json *result;
    struct err ignored;

    put_hash(&params, hash);
    return rpc_one(node, "eth_getTransactionByHash", buf_cstr(&params), &answer, &result,
                   &ignored) == ERR_OK &&
           json_is_object(result);
}

enum node_sent node_send_raw(rpc *node, struct bytes raw, const struct hash32 *hash, struct err *e)
{
    static const char method[] = "eth_sendRawTransaction";
    struct buf params AUTO_CALL(buf_done) = BUF(ASK_MAX);
    struct rpc_call call = {.method = method};
    AUTO(json) answer = NULL;
    struct hash32 said;

    put_hex(&params, "[\"0x", raw);
    buf_put_u8(&params, ']');
    if (buf_check(&params, e) != ERR_OK)
        return NODE_REFUSED_IT;
    call.params = buf_cstr(&params);
    /* The answer may be all that was lost. */
    if (rpc_do(node, &call, 1, &answer, e) != ERR_OK)
        return is_known(node, hash) ? NODE_TOOK_IT : NODE_IS_SILENT;
    if (rpc_check(node, &call, e) != ERR_OK)
        return is_known(node, hash) ? NODE_TOOK_IT : NODE_REFUSED_IT;
    if (rpc_data(call.ret_result, said.b, sizeof said.b, e) != ERR_OK) {
        err_wrap(e, "%s at %s", method, rpc_host(node));
        return NODE_IS_SILENT;
    }
    if (!hash32_eq(&said, hash)) {
        err_set(e, ERR_UPSTREAM, "%s at %s: names another transaction than the one sent", method,
                rpc_host(node));
        return NODE_IS_SILENT;
    }
    return NODE_TOOK_IT;
}

/* ---- receipts ---- */

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

static enum err_code read_receipt(const json *obj, const struct hash32 *hash,
                                  struct tx_receipt *ret, uint64_t *ret_status, struct err *e)
{
    if (!json_is_object(obj))
        return err_set(e, ERR_UPSTREAM, "a receipt that is no object");
    TRY(hash_of(obj, "transactionHash", &ret->tx, e));
    if (!hash32_eq(&ret->tx, hash))
        return err_set(e, ERR_UPSTREAM, "a receipt of another transaction");
    TRY(hash_of(obj, "blockHash", &ret->block_hash, e));
    TRY(quantity_of(obj, "blockNumber", &ret->block, e));
    TRY(quantity_of(obj, "gasUsed", &ret->gas_used, e));
    return quantity_of(obj, "status", ret_status, e);
}

enum err_code node_ask_receipt(rpc *node, const struct addr *account, const struct hash32 *hashes,
                               size_t n, struct tx_receipt *ret, uint64_t *ret_status,
                               uint64_t *ret_final, struct err *e)
{
    static const char method[] = "eth_getTransactionReceipt";
    struct rpc_call calls[JOURNAL_RAWS_MAX + 1];
    struct buf text AUTO_CALL(buf_done) = BUF((JOURNAL_RAWS_MAX + 1) * 128);
    AUTO(json) answer = NULL;
    char asked[JOURNAL_RAWS_MAX + 1][128];

    for (size_t i = 0; i <= n; i++) {
        buf_clear(&text);
        if (i < n)
            put_hash(&text, &hashes[i]);
        else
            put_count(&text, account, "finalized");
        snprintf(asked[i], sizeof asked[i], "%s", buf_cstr(&text));
        calls[i] = (struct rpc_call){.method = i < n ? method : "eth_getTransactionCount",
                                     .params = asked[i]};
    }
    TRY(rpc_do(node, calls, n + 1, &answer, e));
    *ret_final = 0;
    if (calls[n].ret_fault.code == ERR_OK)
        TRY(read_number(node, &calls[n], ret_final, e));
    for (size_t i = 0; i < n; i++) {
        struct tx_receipt receipt = {.block = 0};

        TRY(rpc_check(node, &calls[i], e));
        if (json_is_null(calls[i].ret_result))
            continue;
        if (read_receipt(calls[i].ret_result, &hashes[i], &receipt, ret_status, e) != ERR_OK) {
            e->code = ERR_UPSTREAM;
            return err_wrap(e, "%s at %s", method, rpc_host(node));
        }
        *ret = receipt;
        return ERR_OK;
    }
    return err_set(e, ERR_NOT_FOUND, "not included yet");
}

void node_ask_reason(rpc *node, const struct node_call *call, const struct hash32 *block, char *ret,
                     size_t size)
{
    struct buf params AUTO_CALL(buf_done) = BUF(ASK_MAX);
    struct rpc_call asked = {.method = "eth_call"};
    AUTO(json) answer = NULL;
    struct err ignored;

    *ret = '\0';
    buf_put_u8(&params, '[');
    put_call(&params, call);
    put_hex(&params, ",{\"blockHash\":\"0x", BYTES_OF(*block));
    buf_put_str(&params, "}]");
    asked.params = buf_cstr(&params);
    if (asked.params && rpc_do(node, &asked, 1, &answer, &ignored) == ERR_OK &&
        asked.ret_fault.code == ERR_DENIED)
        snprintf(ret, size, "%s", asked.ret_fault.text);
}
