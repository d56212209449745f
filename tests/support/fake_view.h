/* fake_view - a chain view over a table in memory, which counts what it is asked.  Room: tests. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include "chain/view.h"

struct fake_view {
    struct finalized_block newest;
    struct {
        struct addr contract;
        struct hash32 slot, value;
    } slots[512];
    size_t n_slots;
    struct {
        struct addr contract;
        struct hash32 code_hash;
    } codes[16];
    size_t n_codes;
    /* Answers to view functions, by their whole calldata; what is not here reverts. */
    struct {
        struct buf calldata, answer;
    } bodies[16];
    size_t n_bodies;
    struct chain_log logs[80]; /* newest first */
    size_t n_logs;
    struct chain_log_query asked; /* for logs, the last; what it points to may be gone */
    bool shows_all;               /* logs that are not wanted, too */
    unsigned reads, body_calls;   /* so far */
    enum err_code fail;           /* of every read, if not ERR_OK */
};

static inline void fake_view_done(struct fake_view *f)
{
    for (size_t i = 0; i < f->n_bodies; i++) {
        buf_done(&f->bodies[i].calldata);
        buf_done(&f->bodies[i].answer);
    }
    for (size_t i = 0; i < f->n_logs; i++)
        chain_log_done(&f->logs[i]);
    *f = (struct fake_view){0};
}

static inline void fake_view_code(struct fake_view *f, const struct addr *contract, uint8_t code)
{
    if (f->n_codes == sizeof f->codes / sizeof f->codes[0])
        abort();
    f->codes[f->n_codes].contract = *contract;
    memset(f->codes[f->n_codes++].code_hash.b, code, 32);
}

static inline void fake_view_set(struct fake_view *f, const struct addr *contract,
                                 struct hash32 slot, struct hash32 value)
{
    size_t i = 0;

    while (i < f->n_slots &&
           !(addr_eq(&f->slots[i].contract, contract) && hash32_eq(&f->slots[i].slot, &slot)))
        i++;
    if (i == sizeof f->slots / sizeof f->slots[0])
        abort();
    if (i == f->n_slots)
        f->n_slots++;
    f->slots[i].contract = *contract;
    f->slots[i].slot = slot;
    f->slots[i].value = value;
}

static inline void fake_view_body(struct fake_view *f, struct bytes calldata, struct bytes answer)
{
    if (f->n_bodies == sizeof f->bodies / sizeof f->bodies[0])
        abort();
    f->bodies[f->n_bodies].calldata = BUF(1 << 20);
    f->bodies[f->n_bodies].answer = BUF(1 << 20);
    buf_put(&f->bodies[f->n_bodies].calldata, calldata);
    buf_put(&f->bodies[f->n_bodies++].answer, answer);
}

static inline enum err_code fake_finalized(void *self, struct finalized_block *ret, struct err *e)
{
    struct fake_view *f = self;

    if (f->fail != ERR_OK)
        return err_set(e, f->fail, "fake view: told to fail");
    *ret = f->newest;
    return ERR_OK;
}

static inline enum err_code fake_read(void *self, const struct finalized_block *at,
                                      const struct addr *contract, const struct hash32 *slots,
                                      size_t n, struct hash32 *ret_values,
                                      struct hash32 *ret_code_hash, struct err *e)
{
    struct fake_view *f = self;
    size_t code = 0;

    (void)at;
    f->reads++;
    if (f->fail != ERR_OK)
        return err_set(e, f->fail, "fake view: told to fail");
    while (code < f->n_codes && !addr_eq(&f->codes[code].contract, contract))
        code++;
    if (code == f->n_codes)
        return err_set(e, ERR_NOT_FOUND, "fake view: no code there");
    if (ret_code_hash)
        *ret_code_hash = f->codes[code].code_hash;
    for (size_t i = 0; i < n; i++) {
        ret_values[i] = (struct hash32){0};
        for (size_t k = 0; k < f->n_slots; k++)
            if (addr_eq(&f->slots[k].contract, contract) && hash32_eq(&f->slots[k].slot, &slots[i]))
                ret_values[i] = f->slots[k].value;
    }
    return ERR_OK;
}

static inline enum err_code fake_block(void *self, const struct block_ref *ref,
                                       struct finalized_block *ret, struct err *e)
{
    struct fake_view *f = self;

    if (ref->number != f->newest.ref.number || !hash32_eq(&ref->hash, &f->newest.ref.hash))
        return err_set(e, ERR_VERIFY, "fake view: another block");
    *ret = f->newest;
    return ERR_OK;
}

static inline enum err_code fake_body(void *self, const struct finalized_block *at,
                                      const struct addr *contract, struct bytes calldata,
                                      struct buf *ret, struct err *e)
{
    struct fake_view *f = self;

    (void)at;
    (void)contract;
    f->body_calls++;
    for (size_t i = 0; i < f->n_bodies; i++)
        if (bytes_eq(buf_bytes(&f->bodies[i].calldata), calldata)) {
            buf_put(ret, buf_bytes(&f->bodies[i].answer));
            return buf_check(ret, e);
        }
    return err_set(e, ERR_DENIED, "fake view: reverted");
}

static inline enum err_code fake_logs(void *self, const struct chain_log_query *q,
                                      struct chain_log *ret, size_t max, size_t *ret_n,
                                      struct err *e)
{
    struct fake_view *f = self;
    size_t n = 0;

    f->asked = *q;
    for (size_t i = 0; i < f->n_logs && n < max; i++) {
        if (!hash32_eq(&f->logs[i].topics[0], q->topic[0]) ||
            (q->topic[1] && !hash32_eq(&f->logs[i].topics[1], q->topic[1])) ||
            (q->wanted && !f->shows_all && !q->wanted(q->self, &f->logs[i])))
            continue;
        ret[n] = f->logs[i];
        ret[n].data = BUF(1 << 20);
        buf_put(&ret[n++].data, buf_bytes(&f->logs[i].data));
    }
    (void)e;
    *ret_n = n;
    return ERR_OK;
}

/* Borrows f. */
static inline struct chain_view fake_view_of(struct fake_view *f, uint64_t chain_id)
{
    static const struct chain_view_ops ops = {
        .finalized = fake_finalized,
        .read = fake_read,
        .block = fake_block,
        .body = fake_body,
        .logs = fake_logs,
    };

    return (struct chain_view){.ops = &ops, .self = f, .mode = "fake", .chain_id = chain_id};
}
