/* denials - words that the chain's newest blocks have and its finalized ones have not yet.
 * Room: chain.
 *
 * What grants must be final, what denies counts at once; which of two words denies is the
 * contracts' meaning and not known here.  So each word that k endpoints prove at their newest block
 * is kept until a finalized block is as far, whatever the newest blocks say in between, and whoever
 * decides asks again with these words in the place of the finalized ones ("doubts").  Not
 * thread-safe. */
#pragma once
#include "chain/facts.h"

#define DENIALS_MAX  512
#define DENIALS_DEEP 4 /* words of one fact */

struct denial {
    struct fact_key key;
    struct hash32 word;
    uint64_t block; /* of the newest block that had it */
};
struct denials {
    size_t n;
    bool overflow; /* more than fit: nothing can be granted until some are final */
    struct denial list[DENIALS_MAX]; /* oldest first */
};

/* The newest blocks up to `block` have this word, the finalized one has another. */
void denials_add(struct denials *d, const struct fact_key *key, const struct hash32 *word,
                 uint64_t block);
/* A finalized block speaks for itself and for all before it. */
void denials_final(struct denials *d, uint64_t block);
/* How often a decision has to be made again: with doubt 1 to this. */
unsigned denials_doubts(const struct denials *d);
/* The word of a fact in that doubt: 1 is the newest; false: the finalized one counts. */
bool denials_word(const struct denials *d, const struct fact_key *key, unsigned doubt,
                  struct hash32 *ret);
