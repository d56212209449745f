/* endpoint_ask - see endpoint_ask.h. */
#include "chain/endpoint_ask.h"
#include <stdio.h>
#include "base/codec.h"
#include "chain/proof.h"

#define NUMBER_PARAMS 40
#define PROVE_PARAMS  ((size_t)64 * 1024)

/* Of an honest answer; a node that says more must not fill our memory. */
#define BLOCK_BYTES  ((size_t)1024 * 1024) /* of a header, with the hashes of its transactions */
#define ANSWER_BYTES ((size_t)64 * 1024)
#define PROOF_BYTES  ((size_t)16 * 1024) /* of an account or a slot: 14 full branches */

/* What did not come through (whose certificate is not good, say) is no lie of the node's: somebody
 * else may stand between. */
static enum err_code ask(rpc *node, size_t max, struct rpc_call *calls, size_t n, json **ret,
                         struct err *e)
{
    enum err_code code = rpc_do_within(node, max, calls, n, ret, e);

    if (code == ERR_VERIFY || code == ERR_INVALID)
        e->code = code = ERR_UPSTREAM;
    return code;
}

/* A node that has not got it yet, or no more, says null: no lie either. */
static enum err_code has_it(rpc *node, const struct rpc_call *call, struct err *e)
{
    TRY(rpc_check(node, call, e));
    if (json_is_null(call->ret_result))
        return err_set(e, ERR_UPSTREAM, "%s at %s: the node has none", call->method,
                       rpc_host(node));
    return ERR_OK;
}

/* ---- headers ---- */

static enum err_code header_of(rpc *node, const struct rpc_call *call, struct block_header *ret,
                               struct err *e)
{
    TRY(has_it(node, call, e));
    TRY_IN(e, header_parse(call->ret_result, ret, e), "%s", rpc_host(node));
    return ERR_OK;
}

static enum err_code header_at(rpc *node, const struct rpc_call *call, uint64_t number,
                               struct block_header *ret, bool *ret_known, struct err *e)
{
    TRY(rpc_check(node, call, e));
    *ret_known = !json_is_null(call->ret_result);
    if (!*ret_known)
        return ERR_OK;
    TRY(header_of(node, call, ret, e));
    if (ret->id.ref.number != number)
        return err_set(e, ERR_VERIFY, "%s: block %llu, asked was %llu", rpc_host(node),
                       (unsigned long long)ret->id.ref.number, (unsigned long long)number);
    return ERR_OK;
}

static enum err_code ask_heads(rpc *node, const void *question, void *result, struct err *e)
{
    const struct heads_question *q = question;
    struct heads_answer *a = result;
    char params[NUMBER_PARAMS];
    struct rpc_call calls[] = {
        {.method = "eth_chainId", .params = "[]"},
        {.method = "eth_getBlockByNumber", .params = "[\"finalized\",false]"},
        {.method = "eth_getBlockByNumber", .params = "[\"latest\",false]"},
        {.method = "eth_getBlockByNumber", .params = params},
    };
    AUTO(json) answer = NULL;
    uint64_t chain_id;

    snprintf(params, sizeof params, "[\"0x%llx\",false]", (unsigned long long)q->again);
    TRY(ask(node, 3 * BLOCK_BYTES, calls, q->has_again ? 4 : 3, &answer, e));
    TRY(rpc_check(node, &calls[0], e));
    TRY_IN(e, rpc_quantity(calls[0].ret_result, &chain_id, e), "eth_chainId at %s", rpc_host(node));
    if (chain_id != q->chain_id)
        return err_set(e, ERR_VERIFY, "chain id: found %llu at %s, expected %llu",
                       (unsigned long long)chain_id, rpc_host(node),
                       (unsigned long long)q->chain_id);
    TRY(header_of(node, &calls[1], &a->finalized, e));
    TRY(header_of(node, &calls[2], &a->latest, e));
    if (q->has_again)
        TRY(header_at(node, &calls[3], q->again, &a->again, &a->has_again, e));
    return ERR_OK;
}

const struct endpoint_round_kind endpoint_heads = {ask_heads, sizeof(struct heads_question),
                                                   sizeof(struct heads_answer), NULL};

static enum err_code ask_blocks(rpc *node, const void *question, void *result, struct err *e)
{
    const struct blocks_question *q = question;
    struct blocks_answer *a = result;
    char params[ENDPOINTS_MAX][NUMBER_PARAMS];
    struct rpc_call calls[ENDPOINTS_MAX] = {0};
    AUTO(json) answer = NULL;

    for (size_t i = 0; i < q->n; i++) {
        snprintf(params[i], sizeof params[i], "[\"0x%llx\",false]",
                 (unsigned long long)q->number[i]);
        calls[i].method = "eth_getBlockByNumber";
        calls[i].params = params[i];
    }
    TRY(ask(node, q->n * BLOCK_BYTES, calls, q->n, &answer, e));
    for (size_t i = 0; i < q->n; i++)
        TRY(header_at(node, &calls[i], q->number[i], &a->block[i], &a->known[i], e));
    return ERR_OK;
}

const struct endpoint_round_kind endpoint_blocks = {ask_blocks, sizeof(struct blocks_question),
                                                    sizeof(struct blocks_answer), NULL};

/* ---- proofs: one call for each account, in as few batches as they fit into ---- */

struct account_call {
    struct addr contract;
    size_t n;
    size_t index[PROOF_SLOTS_MAX]; /* of the slots, among the keys */
    size_t params;                 /* where they begin */
};

/* The account that a key belongs to, a new one where it is the first or the others are full; NULL:
 * the batch is. */
static struct account_call *account_of(struct account_call *list, size_t *n,
                                       const struct addr *contract)
{
    for (size_t i = 0; i < *n; i++)
        if (addr_eq(&list[i].contract, contract) && list[i].n < PROOF_SLOTS_MAX)
            return &list[i];
    if (*n == RPC_BATCH_MAX)
        return NULL;
    list[*n] = (struct account_call){.contract = *contract};
    return &list[(*n)++];
}

static void put_params(struct buf *out, const struct account_call *c, const struct fact_key *keys,
                       const struct hash32 *block)
{
    buf_put_str(out, "[\"0x");
    hex_put(out, BYTES_OF(c->contract));
    buf_put_str(out, "\",[");
    for (size_t i = 0; i < c->n; i++) {
        buf_put_str(out, i ? ",\"0x" : "\"0x");
        hex_put(out, BYTES_OF(keys[c->index[i]].slot));
        buf_put_u8(out, '"');
    }
    buf_put_str(out, "],{\"blockHash\":\"0x");
    hex_put(out, BYTES_OF(*block));
    buf_put_str(out, "\"}]");
    buf_put_u8(out, 0);
}

/* One account's answer into the values of its keys. */
static enum err_code take_account(const json *answer, const struct account_call *c,
                                  const struct fact_key *keys, size_t n_keys,
                                  const struct hash32 *state_root, struct hash32 *values,
                                  struct err *e)
{
    struct proved_slot slots[PROOF_SLOTS_MAX];
    struct mpt_account account;
    struct addr address;
    size_t n;

    TRY(proof_check(answer, state_root, &address, &account, slots, PROOF_SLOTS_MAX, &n, e));
    if (!addr_eq(&address, &c->contract) || n != c->n)
        return err_set(e, ERR_VERIFY, "a proof of something else than was asked");
    for (size_t i = 0; i < n; i++) {
        if (!hash32_eq(&slots[i].slot, &keys[c->index[i]].slot))
            return err_set(e, ERR_VERIFY, "a proof of another slot than was asked");
        values[c->index[i]] = slots[i].word;
    }
    for (size_t i = 0; i < n_keys; i++)
        if (keys[i].code && addr_eq(&keys[i].contract, &c->contract))
            values[i] = hash32_eq(&account.code_hash, &mpt_empty_code) ? (struct hash32){0}
                                                                       : account.code_hash;
    return ERR_OK;
}

/* How many of the keys, from the first on, one batch has room for. */
static size_t group(const struct fact_key *keys, size_t n, struct account_call *calls,
                    size_t *ret_n)
{
    size_t i = 0;

    for (*ret_n = 0; i < n; i++) {
        struct account_call *c = account_of(calls, ret_n, &keys[i].contract);

        if (!c)
            break;
        if (!keys[i].code)
            c->index[c->n++] = i;
    }
    return i;
}

/* One batch, with the calls that were grouped for these keys. */
static enum err_code prove_batch(rpc *node, const struct block_header *at,
                                 const struct fact_key *keys, size_t n,
                                 struct account_call *accounts, size_t n_calls,
                                 struct hash32 *ret_values, struct err *e)
{
    struct buf params AUTO_CALL(buf_done) = BUF(RPC_BATCH_MAX * PROVE_PARAMS);
    struct rpc_call calls[RPC_BATCH_MAX] = {0};
    AUTO(json) answer = NULL;

    for (size_t i = 0; i < n_calls; i++) {
        accounts[i].params = params.n;
        put_params(&params, &accounts[i], keys, &at->id.ref.hash);
    }
    TRY(buf_check(&params, e));
    for (size_t i = 0; i < n_calls; i++) {
        calls[i].method = "eth_getProof";
        calls[i].params = (const char *)params.p + accounts[i].params;
    }
    TRY(ask(node, ANSWER_BYTES + (n_calls + n) * PROOF_BYTES, calls, n_calls, &answer, e));
    for (size_t i = 0; i < n_calls; i++) {
        TRY(has_it(node, &calls[i], e));
        TRY_IN(e,
               take_account(calls[i].ret_result, &accounts[i], keys, n, &at->state_root, ret_values,
                            e),
               "%s", rpc_host(node));
    }
    return ERR_OK;
}

static enum err_code prove(rpc *node, const struct block_header *at, const struct fact_key *keys,
                           size_t n, struct hash32 *ret_values, struct err *e)
{
    AUTO(heap_str) memory = malloc(RPC_BATCH_MAX * sizeof(struct account_call));
    struct account_call *accounts = (struct account_call *)(void *)memory;

    if (!accounts)
        return err_set(e, ERR_NOMEM, "proofs");
    for (size_t done = 0; done < n;) {
        size_t n_calls, some = group(keys + done, n - done, accounts, &n_calls);

        TRY(prove_batch(node, at, keys + done, some, accounts, n_calls, ret_values + done, e));
        done += some;
    }
    return ERR_OK;
}

static enum err_code ask_prove(rpc *node, const void *question, void *result, struct err *e)
{
    const struct prove_question *q = question;
    struct prove_answer *a = result;

    return prove(node, &q->at, q->key, q->n, a->value, e);
}

const struct endpoint_round_kind endpoint_prove = {ask_prove, sizeof(struct prove_question),
                                                   sizeof(struct prove_answer), NULL};

#define LATEST_TRIES 3

/* A newest block may leave the chain between its header and its proofs, and nodes (several behind
 * one name, or one that is asked while it takes up a block) then show those of another: no lie. */
static enum err_code ask_latest(rpc *node, const void *question, void *result, struct err *e)
{
    const struct prove_question *q = question;
    struct latest_answer *a = result;
    enum err_code code = ERR_INTERNAL;

    for (unsigned i = 0; i < LATEST_TRIES; i++) {
        struct rpc_call call = {.method = "eth_getBlockByNumber", .params = "[\"latest\",false]"};
        AUTO(json) answer = NULL;

        TRY(ask(node, BLOCK_BYTES, &call, 1, &answer, e));
        TRY(header_of(node, &call, &a->at, e));
        code = prove(node, &a->at, q->key, q->n, a->value, e);
        if (code != ERR_VERIFY)
            return code;
    }
    e->code = ERR_UPSTREAM;
    return err_wrap(e, "newest block");
}

const struct endpoint_round_kind endpoint_prove_latest = {ask_latest, sizeof(struct prove_question),
                                                          sizeof(struct latest_answer), NULL};

/* ---- bodies ---- */

static enum err_code ask_body(rpc *node, const void *question, void *result, struct err *e)
{
    const struct body_question *q = question;
    struct body_answer *a = result;

    a->data = BUF(BODY_BYTES_MAX);
    return chain_body_call(node, q->newest ? NULL : &q->at, &q->contract,
                           (struct bytes){q->calldata, q->n}, &a->data, e);
}

static void body_answer_done(void *result)
{
    buf_done(&((struct body_answer *)result)->data);
}

const struct endpoint_round_kind endpoint_body = {ask_body, sizeof(struct body_question),
                                                  sizeof(struct body_answer), body_answer_done};
