/* denials - words that the chain's newest blocks have and its finalized ones have not yet.
 * Room: chain.
 *
 * What grants must be final, what denies counts at once; which of two words denies is the
 * contracts' meaning and not known here.  So each word that k endpoints prove at their newest block
 * is kept until a finalized block is as far, whatever the newest blocks say in between, and whoever
 * decides asks again with these words in the place of the finalized ones ("doubts").
 *
 * Bounded, and what does not fit denies as narrowly as it can: a fact that changes more often than
 * is kept cannot be read in a doubt, nor can a contract of which too many facts change; so that
 * whoever owns a contract stops none but those who rest on it.  Only when the whole table is full
 * (DENIALS_KEYS / DENIALS_OF_ONE contracts that do so together) is nothing granted at all.  Not
 * thread-safe. */
#pragma once
#include "chain/facts.h"

#define DENIALS_KEYS   1024
#define DENIALS_OF_ONE 64 /* facts of one contract */
#define DENIALS_DEEP   4  /* words of one fact */

struct denial {
    struct fact_key key;
    unsigned n;
    struct {
        struct hash32 word;
        uint64_t block; /* the newest that had it */
    } of[DENIALS_DEEP]; /* oldest first */
    /* Up to these blocks more was denied than is kept: of this fact, of this contract. */
    uint64_t more_until, contract_until;
};
struct denials {
    size_t n;
    uint64_t full_until; /* 0, or as those, of anything: nothing can be granted */
    struct denial list[DENIALS_KEYS];
};

/* The newest blocks up to `block` (above 0) have this word, the finalized one has another.  counts:
 * the bits in which it differs from other words that are kept, NULL: all. */
void denials_add(struct denials *d, const struct fact_key *key, const struct hash32 *word,
                 const struct hash32 *counts, uint64_t block);
/* Are they the same in the bits that count? */
bool denials_same(const struct hash32 *a, const struct hash32 *b, const struct hash32 *counts);
/* A finalized block speaks for itself and for all before it. */
void denials_final(struct denials *d, uint64_t block);
/* How often a decision has to be made again: with doubt 1 to this. */
unsigned denials_doubts(const struct denials *d);
/* *word becomes that of the fact in that doubt, 1 is the newest; it stays where the finalized one
 * counts.  ERR_UPSTREAM: it is not known, for too much changes. */
MUST_CHECK enum err_code denials_word(const struct denials *d, const struct fact_key *key,
                                      unsigned doubt, struct hash32 *word, struct err *e);
