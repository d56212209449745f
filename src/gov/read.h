/* read - slots of one contract, asked for at once and taken apart in the same order.  Room: gov.
 *
 * Shared by the readers of the two contracts. */
#pragma once
#include "gov/contract.h"

struct gov_read {
    struct hash32 slot[CHAIN_SLOTS_MAX], value[CHAIN_SLOTS_MAX];
    size_t n, taken;
};
void gov_read_add(struct gov_read *r, struct hash32 slot);
/* Three consecutive words, of a Timed for one. */
void gov_read_add3(struct gov_read *r, uint64_t n, const struct hash32 *key);
struct hash32 gov_read_take(struct gov_read *r);
MUST_CHECK enum err_code gov_read_policy(struct gov_read *r, const char *subject,
                                         struct gov_policy *ret, struct err *e);
MUST_CHECK enum err_code gov_read_timed(struct gov_read *r, struct gov_timed *ret, struct err *e);
/* Head, predecessor, successor and pki_hash, which every reader asks for first. */
struct gov_common {
    struct gov_head head;
    struct gov_line line;
    struct hash32 pki_hash;
};
void gov_read_add_common(struct gov_read *r);
/* ERR_DENIED for a contract whose words are not those of layout 2; name is for the message. */
MUST_CHECK enum err_code gov_read_common(struct gov_read *r, const char *name,
                                         struct gov_common *ret, struct err *e);
