/* fake_chain - a chain of made-up blocks behind a fake node, and a clock to turn.  Room: tests.
 *
 * Block n has the hash {fork, 0..., n} and the time 1790000000 + 12 n.  A slot's word is the slot
 * itself with the block's number in its first byte.  Every address but 0x77... has the code 6001;
 * at 0x99... it is different in every block. */
#pragma once
#include "base/clock.h"
#include "chain/view.h"
#include "support/fake_node.h"

#define FAKE_GENESIS 1790000000

struct fake_chain {
    uint64_t chain_id, finalized, head;
    uint8_t fork;
    unsigned storage, codes, heads; /* calls answered */
    struct fake_reply reply;        /* status, delay_ms, drip_ms: of every answer; status 0: 200 */
    const char *raw;                /* instead of the answer */
    bool hang_up;
    const char *body; /* answer to eth_call, in JSON */
    const char *logs; /* answer to eth_getLogs, in JSON */
    int64_t now;      /* the fake clock, in seconds */
    uint64_t ns;
};

static inline int64_t fake_unix(void *self)
{
    return ((struct fake_chain *)self)->now;
}
static inline uint64_t fake_ns(void *self)
{
    return ((struct fake_chain *)self)->ns;
}
static inline void fake_pass_ms(struct fake_chain *c, uint64_t ms)
{
    c->ns += ms * 1000000;
    c->now += (int64_t)(ms / 1000);
}

static inline struct hash32 fake_hash(const struct fake_chain *c, uint64_t number)
{
    struct hash32 h = {0};

    h.b[0] = c->fork;
    for (size_t i = 0; i < 8; i++)
        h.b[31 - i] = (uint8_t)(number >> (8 * i));
    return h;
}

static inline void fake_put_block(const struct fake_chain *c, uint64_t number, struct buf *out)
{
    char hex[65];

    if (number > c->head) {
        buf_put_str(out, "null");
        return;
    }
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", fake_hash(c, number).b[i]);
    buf_printf(out,
               "{\"number\":\"0x%llx\",\"hash\":\"0x%s\",\"timestamp\":\"0x%llx\","
               "\"baseFeePerGas\":\"0x3b9aca00\"}",
               (unsigned long long)number, hex, (unsigned long long)(FAKE_GENESIS + 12 * number));
}

static inline const char *fake_param(const json *call, size_t i)
{
    const json *params;
    struct err e;

    if (json_get_array(call, "params", &params, &e) != ERR_OK)
        abort();
    return json_str(json_at(params, i));
}

/* The block that {"blockHash": ...} names; its number is in the last byte. */
static inline unsigned fake_block_of(const json *call, size_t i)
{
    const json *params;
    const char *hash;
    struct err e;

    if (json_get_array(call, "params", &params, &e) != ERR_OK ||
        json_get_str(json_at(params, i), "blockHash", 66, &hash, &e) != ERR_OK)
        abort(); /* facts are asked for by hash only */
    return (unsigned)strtoul(hash + 64, NULL, 16);
}

static inline void fake_put_result(struct fake_chain *c, const json *call, const char *method,
                                   struct buf *out)
{
    if (strcmp(method, "eth_chainId") == 0) {
        buf_printf(out, "\"0x%llx\"", (unsigned long long)c->chain_id);
        c->heads++;
    } else if (strcmp(method, "eth_getBlockByNumber") == 0) {
        const char *which = fake_param(call, 0);

        fake_put_block(c,
                       strcmp(which, "finalized") == 0 ? c->finalized
                       : strcmp(which, "latest") == 0  ? c->head
                                                       : strtoull(which, NULL, 16),
                       out);
    } else if (strcmp(method, "eth_getStorageAt") == 0) {
        c->storage++;
        buf_printf(out, "\"0x%02x%s\"", fake_block_of(call, 2), fake_param(call, 1) + 4);
    } else if (strcmp(method, "eth_getCode") == 0) {
        const char *address = fake_param(call, 0);

        c->codes++;
        if (strncmp(address, "0x99", 4) == 0)
            buf_printf(out, "\"0x60%02x\"", fake_block_of(call, 1));
        else
            buf_put_str(out, strncmp(address, "0x77", 4) == 0 ? "\"0x\"" : "\"0x6001\"");
    } else if (strcmp(method, "eth_call") == 0) {
        buf_put_str(out, c->body ? c->body : "\"0x\"");
    } else if (strcmp(method, "eth_getLogs") == 0) {
        buf_put_str(out, c->logs ? c->logs : "[]");
    } else {
        fprintf(stderr, "fake chain: %s?\n", method);
        abort();
    }
}

static inline void fake_put_answer(struct fake_chain *c, const json *call, struct buf *out)
{
    const char *method = fake_node_begin(call, out);

    buf_put_str(out, "\"result\":");
    fake_put_result(c, call, method, out);
    buf_put_u8(out, '}');
}

/* For fake_node_start; batches are answered from their end to their beginning. */
static inline void fake_chain_answer(void *self, const json *request, struct fake_reply *reply)
{
    struct fake_chain *c = self;

    reply->status = c->hang_up ? 0 : c->reply.status ? c->reply.status : 200;
    reply->delay_ms = c->reply.delay_ms;
    reply->drip_ms = c->reply.drip_ms;
    if (c->raw) {
        buf_put_str(&reply->body, c->raw);
        return;
    }
    if (!json_is_array(request)) {
        fake_put_answer(c, request, &reply->body);
        return;
    }
    buf_put_u8(&reply->body, '[');
    for (size_t i = json_len(request); i-- > 0;) {
        fake_put_answer(c, json_at(request, i), &reply->body);
        buf_put_str(&reply->body, i ? "," : "]");
    }
}
