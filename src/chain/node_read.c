/* node_read - see node_read.h. */
#include <stdio.h>
#include "base/clock.h"
#include "base/codec.h"
#include "chain/node_read.h"
#include "crypto/digest.h"

#define CODE_MAX   24576 /* EIP-170 */
#define CODES_MAX  8     /* in one request: their answers are long */
#define PARAMS_MAX 320
#define NUMBER_MAX 40

#define NODE_LOGS_RANGE_MIN 512
#define NODE_LOGS_NS        5000000000u /* no new question later: a slow node holds nobody up */

static enum err_code read_block(const json *node, struct finalized_block *ret, struct err *e)
{
    const json *field;

    if (!json_is_object(node))
        return err_set(e, ERR_UPSTREAM, "expected a block");
    *ret = (struct finalized_block){0}; /* in no doubt (chain/view.h) */
    TRY(json_get(node, "number", &field, e));
    TRY_IN(e, rpc_quantity(field, &ret->ref.number, e), "number");
    TRY(json_get(node, "hash", &field, e));
    TRY_IN(e, rpc_data(field, ret->ref.hash.b, sizeof ret->ref.hash.b, e), "hash");
    TRY(json_get(node, "timestamp", &field, e));
    TRY_IN(e, rpc_quantity(field, &ret->timestamp, e), "timestamp");
    return ERR_OK;
}

/* Every surprise in an answer is the node's fault, whatever the parser called it. */
static enum err_code upstream(const rpc *node, const char *what, struct err *e)
{
    if (e->code == ERR_INVALID || e->code == ERR_NOT_FOUND)
        e->code = ERR_UPSTREAM;
    return err_wrap(e, "%s at %s", what, rpc_host(node));
}

static enum err_code block_at(const rpc *node, const json *result, uint64_t number,
                              struct finalized_block *ret, struct err *e)
{
    if (read_block(result, ret, e) != ERR_OK)
        return upstream(node, "eth_getBlockByNumber", e);
    if (ret->ref.number != number)
        return err_set(e, ERR_UPSTREAM, "eth_getBlockByNumber at %s: block %llu, asked was %llu",
                       rpc_host(node), (unsigned long long)ret->ref.number,
                       (unsigned long long)number);
    return ERR_OK;
}

enum err_code node_read_head(rpc *node, const uint64_t *again, uint64_t *ret_chain_id,
                             struct finalized_block *ret_finalized,
                             struct finalized_block *ret_again, bool *ret_known, struct err *e)
{
    char params[NUMBER_MAX];
    struct rpc_call calls[3] = {
        {.method = "eth_chainId", .params = "[]"},
        {.method = "eth_getBlockByNumber", .params = "[\"finalized\",false]"},
        {.method = "eth_getBlockByNumber", .params = params},
    };
    struct finalized_block found, then = {0};
    size_t n = again ? 3 : 2;
    AUTO(json) answer = NULL;
    uint64_t chain_id;

    if (again)
        snprintf(params, sizeof params, "[\"0x%llx\",false]", (unsigned long long)*again);
    TRY(rpc_do(node, calls, n, &answer, e));
    for (size_t i = 0; i < n; i++)
        TRY(rpc_check(node, &calls[i], e));
    if (rpc_quantity(calls[0].ret_result, &chain_id, e) != ERR_OK)
        return upstream(node, "eth_chainId", e);
    if (read_block(calls[1].ret_result, &found, e) != ERR_OK)
        return upstream(node, "eth_getBlockByNumber(finalized)", e);
    *ret_known = again && !json_is_null(calls[2].ret_result);
    if (*ret_known)
        TRY(block_at(node, calls[2].ret_result, *again, &then, e));
    *ret_chain_id = chain_id;
    *ret_finalized = found;
    *ret_again = then;
    return ERR_OK;
}

enum err_code node_read_block(rpc *node, uint64_t number, struct finalized_block *ret,
                              struct err *e)
{
    char params[NUMBER_MAX];
    struct finalized_block found;
    AUTO(json) answer = NULL;
    const json *result;

    snprintf(params, sizeof params, "[\"0x%llx\",false]", (unsigned long long)number);
    TRY(rpc_one(node, "eth_getBlockByNumber", params, &answer, &result, e));
    if (json_is_null(result))
        return err_set(e, ERR_VERIFY, "%s has no block %llu", rpc_host(node),
                       (unsigned long long)number);
    TRY(block_at(node, result, number, &found, e));
    *ret = found;
    return ERR_OK;
}

static void put_params(struct buf *out, const struct fact_key *key, const struct block_ref *at)
{
    buf_put_str(out, "[\"0x");
    hex_put(out, BYTES_OF(key->contract));
    if (!key->code) {
        buf_put_str(out, "\",\"0x");
        hex_put(out, BYTES_OF(key->slot));
    }
    buf_put_str(out, "\",{\"blockHash\":\"0x");
    hex_put(out, BYTES_OF(at->hash));
    buf_put_str(out, "\",\"requireCanonical\":true}]");
    buf_put_u8(out, 0);
}

static enum err_code read_value(const struct fact_key *key, const json *result, struct hash32 *ret,
                                struct err *e)
{
    struct buf code AUTO_CALL(buf_done) = BUF(CODE_MAX);

    if (!key->code)
        return rpc_data(result, ret->b, sizeof ret->b, e);
    TRY(rpc_data_buf(result, &code, e));
    *ret = (struct hash32){0};
    if (code.n > 0)
        keccak256(buf_bytes(&code), ret);
    return ERR_OK;
}

/* One request for n <= RPC_BATCH_MAX keys. */
static enum err_code read_some(rpc *node, const struct block_ref *at, const struct fact_key *keys,
                               size_t n, struct hash32 *ret_values, struct err *e)
{
    struct buf params AUTO_CALL(buf_done) = BUF(RPC_BATCH_MAX * PARAMS_MAX);
    struct rpc_call calls[RPC_BATCH_MAX] = {0};
    size_t start[RPC_BATCH_MAX];
    AUTO(json) answer = NULL;

    for (size_t i = 0; i < n; i++) {
        start[i] = params.n;
        put_params(&params, &keys[i], at);
    }
    TRY(buf_check(&params, e));
    for (size_t i = 0; i < n; i++) {
        calls[i].method = keys[i].code ? "eth_getCode" : "eth_getStorageAt";
        calls[i].params = (const char *)params.p + start[i];
    }
    TRY(rpc_do(node, calls, n, &answer, e));
    for (size_t i = 0; i < n; i++) {
        TRY(rpc_check(node, &calls[i], e));
        if (read_value(&keys[i], calls[i].ret_result, &ret_values[i], e) != ERR_OK)
            return upstream(node, calls[i].method, e);
    }
    return ERR_OK;
}

enum err_code node_read_facts(rpc *node, const struct block_ref *at, const struct fact_key *keys,
                              size_t n, struct hash32 *ret_values, struct err *e)
{
    for (size_t done = 0; done < n;) {
        size_t some = 0, codes = 0;

        while (done + some < n && some < RPC_BATCH_MAX) {
            if (keys[done + some].code && ++codes > CODES_MAX)
                break;
            some++;
        }
        TRY(read_some(node, at, keys + done, some, ret_values + done, e));
        done += some;
    }
    return ERR_OK;
}

/* ---- logs ---- */

struct log_place {
    uint64_t block, index;
};

static enum err_code read_topics(const json *list, const struct chain_log_query *q,
                                 struct chain_log *ret, struct err *e)
{
    size_t n = json_len(list);

    if (n < (q->topic[1] ? 2 : 1) || n > 4)
        return err_set(e, ERR_UPSTREAM, "a log with %zu topics", n);
    for (size_t i = 0; i < n; i++)
        TRY_IN(e, rpc_data(json_at(list, i), ret->topics[i].b, sizeof ret->topics[i].b, e),
               "topic");
    for (size_t i = 0; i < 2; i++)
        if (q->topic[i] && !hash32_eq(&ret->topics[i], q->topic[i]))
            return err_set(e, ERR_UPSTREAM, "a log that was not asked for");
    ret->n_topics = n;
    return ERR_OK;
}

static enum err_code read_log(const json *entry, const struct chain_log_query *q,
                              struct log_place *ret_place, struct chain_log *ret, struct err *e)
{
    const json *field;
    struct addr from;

    if (!json_is_object(entry))
        return err_set(e, ERR_UPSTREAM, "a log that is no object");
    TRY(json_get(entry, "address", &field, e));
    TRY_IN(e, rpc_data(field, from.b, sizeof from.b, e), "address");
    TRY(json_get(entry, "blockNumber", &field, e));
    TRY_IN(e, rpc_quantity(field, &ret_place->block, e), "blockNumber");
    TRY(json_get(entry, "logIndex", &field, e));
    TRY_IN(e, rpc_quantity(field, &ret_place->index, e), "logIndex");
    TRY(json_get_array(entry, "topics", &field, e));
    TRY(read_topics(field, q, ret, e));
    if (!addr_eq(&from, q->contract) || ret_place->block < q->from || ret_place->block > q->until)
        return err_set(e, ERR_UPSTREAM, "a log that was not asked for");
    TRY(json_get(entry, "data", &field, e));
    TRY_IN(e, rpc_data_buf(field, &ret->data, e), "data");
    return ERR_OK;
}

static bool newer(const struct log_place *a, const struct log_place *b)
{
    return a->block != b->block ? a->block > b->block : a->index > b->index;
}

/* Puts a log where it belongs among the newest; takes what it holds, or what falls off the end. */
static void insert(struct chain_log *logs, struct log_place *places, size_t max, size_t *n,
                   struct chain_log *log, const struct log_place *place)
{
    size_t at = *n;

    while (at > 0 && newer(place, &places[at - 1]))
        at--;
    if (at == max)
        return;
    if (*n == max)
        chain_log_done(&logs[max - 1]);
    else
        ++*n;
    for (size_t i = *n - 1; i > at; i--) {
        logs[i] = logs[i - 1];
        places[i] = places[i - 1];
    }
    logs[at] = *log;
    places[at] = *place;
    log->data = (struct buf){0};
}

static enum err_code newest_logs(const json *list, const struct chain_log_query *q,
                                 struct chain_log *ret, struct log_place *places, size_t max,
                                 size_t *ret_n, struct err *e)
{
    if (!json_is_array(list))
        return err_set(e, ERR_UPSTREAM, "expected a list of logs");
    for (size_t i = 0; i < json_len(list); i++) {
        struct chain_log log AUTO_CALL(chain_log_done) = {.data = BUF(NODE_LOG_DATA)};
        struct log_place place;

        TRY(read_log(json_at(list, i), q, &place, &log, e));
        if (!q->wanted || q->wanted(q->self, &log))
            insert(ret, places, max, ret_n, &log, &place);
    }
    return ERR_OK;
}

static void put_query(struct buf *out, const struct chain_log_query *q)
{
    buf_put_str(out, "[{\"address\":\"0x");
    hex_put(out, BYTES_OF(*q->contract));
    buf_put_str(out, "\",\"topics\":[\"0x");
    hex_put(out, BYTES_OF(*q->topic[0]));
    if (q->topic[1]) {
        buf_put_str(out, "\",\"0x");
        hex_put(out, BYTES_OF(*q->topic[1]));
    }
    buf_printf(out, "\"],\"fromBlock\":\"0x%llx\",\"toBlock\":\"0x%llx\"}]",
               (unsigned long long)q->from, (unsigned long long)q->until);
}

struct logs_so_far {
    struct chain_log *log;
    struct log_place place[NODE_LOGS_MAX];
    size_t max, n;
};

/* *ret_refused: the node did not answer this question; it may answer a smaller one. */
static enum err_code ask_logs(rpc *node, const struct chain_log_query *q, struct logs_so_far *to,
                              bool *ret_refused, struct err *e)
{
    struct buf params AUTO_CALL(buf_done) = BUF(1024);
    AUTO(json) answer = NULL;
    const json *result;
    enum err_code code;

    put_query(&params, q);
    TRY(buf_check(&params, e));
    code = rpc_one(node, "eth_getLogs", buf_cstr(&params), &answer, &result, e);
    *ret_refused = code == ERR_UPSTREAM || code == ERR_TOO_LARGE;
    TRY(code);
    if (newest_logs(result, q, to->log, to->place, to->max, &to->n, e) != ERR_OK)
        return upstream(node, "eth_getLogs", e);
    return ERR_OK;
}

/* From the newest block back, in ranges that the node takes. */
static enum err_code ask_back(rpc *node, const struct chain_log_query *q, struct logs_so_far *to,
                              struct err *e)
{
    const uint64_t begun = clock_ns(&clock_system);
    uint64_t range = NODE_LOGS_RANGE;
    struct chain_log_query part = *q;

    for (unsigned asked = 0; asked < NODE_LOGS_ASKED && to->n < to->max &&
                             clock_ns(&clock_system) - begun < NODE_LOGS_NS;
         asked++) {
        bool refused;

        part.from = part.until - q->from < range ? q->from : part.until - range + 1;
        if (ask_logs(node, &part, to, &refused, e) == ERR_OK) {
            if (part.from == q->from)
                break;
            part.until = part.from - 1;
        } else {
            if (!refused || range <= NODE_LOGS_RANGE_MIN)
                return e->code;
            range /= 2;
        }
    }
    return ERR_OK;
}

enum err_code node_read_logs(rpc *node, const struct chain_log_query *q, struct chain_log *ret,
                             size_t max, size_t *ret_n, struct err *e)
{
    struct logs_so_far to = {.log = ret, .max = max};
    bool refused = false;
    enum err_code code;

    if (max > NODE_LOGS_MAX)
        return err_set(e, ERR_INTERNAL, "%zu logs at once, at most %d", max, NODE_LOGS_MAX);
    code = ask_logs(node, q, &to, &refused, e);
    if (refused && q->until - q->from >= NODE_LOGS_RANGE_MIN)
        code = ask_back(node, q, &to, e);
    if (code != ERR_OK) {
        while (to.n > 0)
            chain_log_done(&ret[--to.n]);
        return code;
    }
    *ret_n = to.n;
    return ERR_OK;
}
