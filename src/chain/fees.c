/* fees - see fees.h. */
#include "chain/fees.h"
#include "chain/rpc.h"

#define BLOCKS_MAX 16

static enum err_code over(uint64_t max, uint64_t limit, struct err *e)
{
    return err_set(e, ERR_DENIED,
                   "%llu wei per gas (twice the base fee, and the tip) would have to be offered, "
                   "the limit is %llu",
                   (unsigned long long)max, (unsigned long long)limit);
}

static enum err_code next_base(const json *history, uint64_t *ret, struct err *e)
{
    const json *list;

    if (!json_is_object(history) || json_get_array(history, "baseFeePerGas", &list, e) != ERR_OK ||
        json_len(list) == 0 || rpc_quantity(json_at(list, json_len(list) - 1), ret, e) != ERR_OK)
        return err_set(e, ERR_UPSTREAM, "no base fee of the next block");
    return ERR_OK;
}

/* The tips of the blocks that paid one, smallest first. */
static enum err_code paid_tips(const json *history, uint64_t tips[BLOCKS_MAX], size_t *ret_n,
                               struct err *e)
{
    const json *rewards;
    size_t n = 0;

    *ret_n = 0;
    if (!json_has(history, "reward"))
        return ERR_OK;
    if (json_get_array(history, "reward", &rewards, e) != ERR_OK || json_len(rewards) > BLOCKS_MAX)
        return err_set(e, ERR_UPSTREAM, "rewards that are no short list");
    for (size_t i = 0; i < json_len(rewards); i++) {
        uint64_t tip;
        size_t at = n;

        if (rpc_quantity(json_at(json_at(rewards, i), 0), &tip, e) != ERR_OK)
            return err_set(e, ERR_UPSTREAM, "a reward that is no quantity");
        if (tip == 0)
            continue;
        for (; at > 0 && tips[at - 1] > tip; at--)
            tips[at] = tips[at - 1];
        tips[at] = tip;
        n++;
    }
    *ret_n = n;
    return ERR_OK;
}

uint64_t fees_tip_max(uint64_t limit)
{
    return limit / 10 > FEES_TIP_MAX ? limit / 10 : FEES_TIP_MAX;
}

enum err_code fees_estimate(const json *history, uint64_t limit, struct fees *ret, struct err *e)
{
    uint64_t base, tips[BLOCKS_MAX], max;
    struct fees f;
    size_t n;

    TRY(next_base(history, &base, e));
    TRY(paid_tips(history, tips, &n, e));
    f.tip = n > 0 ? tips[n / 2] : FEES_TIP_DEFAULT;
    if (f.tip < FEES_TIP_MIN)
        f.tip = FEES_TIP_MIN;
    if (f.tip > fees_tip_max(limit))
        f.tip = fees_tip_max(limit);
    if (__builtin_mul_overflow(base, (uint64_t)2, &max) || __builtin_add_overflow(max, f.tip, &max))
        max = UINT64_MAX;
    if (max > limit)
        return over(max, limit, e);
    f.max = max;
    *ret = f;
    return ERR_OK;
}

static uint64_t an_eighth_more(uint64_t v)
{
    return v > UINT64_MAX - v / 8 - 1 ? UINT64_MAX : v + v / 8 + 1;
}

enum err_code fees_bump(const struct fees *old, const struct fees *now, uint64_t limit,
                        struct fees *ret, struct err *e)
{
    struct fees f = {an_eighth_more(old->max), an_eighth_more(old->tip)};

    if (f.max < now->max)
        f.max = now->max;
    if (f.tip < now->tip)
        f.tip = now->tip;
    if (f.max > limit)
        return over(f.max, limit, e);
    *ret = f;
    return ERR_OK;
}
