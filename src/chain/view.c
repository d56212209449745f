/* view - see view.h. */
#include "chain/view.h"

enum err_code chain_view_finalized(const struct chain_view *v, struct finalized_block *ret,
                                   struct err *e)
{
    return v->ops->finalized(v->self, ret, e);
}

enum err_code chain_view_read(const struct chain_view *v, const struct finalized_block *at,
                              const struct addr *contract, const struct hash32 *slots, size_t n,
                              struct hash32 *ret_values, struct hash32 *ret_code_hash,
                              struct err *e)
{
    if (n > CHAIN_SLOTS_MAX)
        return err_set(e, ERR_INTERNAL, "%zu slots in one read, at most %d", n, CHAIN_SLOTS_MAX);
    return v->ops->read(v->self, at, contract, slots, n, ret_values, ret_code_hash, e);
}

enum err_code chain_view_block(const struct chain_view *v, const struct block_ref *ref,
                               struct finalized_block *ret, struct err *e)
{
    return v->ops->block(v->self, ref, ret, e);
}

enum err_code chain_view_body(const struct chain_view *v, const struct finalized_block *at,
                              const struct addr *contract, struct bytes calldata, struct buf *ret,
                              struct err *e)
{
    if (!v->ops->body)
        return err_set(e, ERR_INTERNAL, "this chain view (%s) fetches no bodies", v->mode);
    return v->ops->body(v->self, at, contract, calldata, ret, e);
}

enum err_code chain_view_logs(const struct chain_view *v, const struct chain_log_query *q,
                              struct chain_log *ret, size_t max, size_t *ret_n, struct err *e)
{
    if (!v->ops->logs)
        return err_set(e, ERR_UPSTREAM, "this chain view (%s) reads no logs", v->mode);
    return v->ops->logs(v->self, q, ret, max, ret_n, e);
}

unsigned chain_view_doubts(const struct chain_view *v, const struct finalized_block *at)
{
    const unsigned words = v->ops->doubts ? v->ops->doubts(v->self) : 0;

    return words == 0 && at->newest > at->timestamp ? 1 : words;
}

struct finalized_block chain_view_doubt(const struct finalized_block *at, unsigned doubt)
{
    struct finalized_block b = *at;

    b.doubt = doubt;
    b.timestamp = at->newest > at->timestamp ? at->newest : at->timestamp;
    return b;
}

bool chain_view_health(const struct chain_view *v, struct chain_health *ret)
{
    if (!v->ops->health)
        return false;
    v->ops->health(v->self, ret);
    return true;
}

void chain_view_done(struct chain_view *v)
{
    if (v->ops && v->ops->free)
        v->ops->free(v->self);
    *v = (struct chain_view){0};
}

enum err_code chain_block_fresh(const struct finalized_block *b, int64_t now, uint64_t max_age,
                                uint64_t max_ahead, struct err *e)
{
    uint64_t t = b->timestamp, here = now > 0 ? (uint64_t)now : 0;

    if (t > here && t - here > max_ahead)
        return err_set(e, ERR_VERIFY,
                       "finalized block %llu is %llu s ahead of this clock, at most %llu are "
                       "accepted",
                       (unsigned long long)b->ref.number, (unsigned long long)(t - here),
                       (unsigned long long)max_ahead);
    if (here > t && here - t > max_age)
        return err_set(e, ERR_VERIFY,
                       "finalized block %llu is %llu s old, at most %llu are accepted",
                       (unsigned long long)b->ref.number, (unsigned long long)(here - t),
                       (unsigned long long)max_age);
    return ERR_OK;
}
