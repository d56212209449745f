/* counter - see counter.h. */
#include "chain/counter.h"
#include <string.h>

bool chain_counter_is_sound(const struct chain_counter *c)
{
    return c->bits <= 64 && c->shift <= 256 - c->bits;
}

uint64_t chain_counter_in(const struct chain_counter *c, const struct hash32 *word)
{
    uint64_t n = 0;

    for (unsigned bit = 0; bit < c->bits; bit++) {
        unsigned at = c->shift + bit;

        if (word->b[31 - at / 8] >> (at % 8) & 1)
            n |= (uint64_t)1 << bit;
    }
    return n;
}

struct hash32 chain_counter_others(const struct chain_counter *c)
{
    struct hash32 ret;

    memset(&ret, 0xff, sizeof ret);
    for (unsigned at = c->shift; at < c->shift + c->bits; at++)
        ret.b[31 - at / 8] &= (uint8_t) ~(1u << (at % 8));
    return ret;
}
