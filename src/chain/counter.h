/* counter - a number inside a word that a contract raises with each change.  Room: chain. */
#pragma once
#include "base/bytes.h"

struct chain_counter {
    struct addr contract;
    struct hash32 slot;
    unsigned shift, bits; /* bits wide, at most 64, shift bits from the low end of the word */
};

/* It lies within its word. */
bool chain_counter_is_sound(const struct chain_counter *c);
uint64_t chain_counter_in(const struct chain_counter *c, const struct hash32 *word);
/* The word's other bits, as ones. */
struct hash32 chain_counter_others(const struct chain_counter *c);
