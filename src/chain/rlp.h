/* rlp - Ethereum's Recursive Length Prefix, canonical only.  Room: chain.
 *
 * Reading refuses every second spelling of a value: long forms of short lengths, lengths with
 * leading zeros, a prefix before a byte that stands for itself; trailing bytes where one item is
 * asked for.  Source: Ethereum Yellow Paper, appendix B. */
#pragma once
#include "base/buf.h"
#include "base/rd.h"

struct rlp_item {
    bool list;
    struct bytes body;  /* the string's bytes, or the concatenated items of the list; borrowed */
    struct bytes whole; /* with its prefix */
};

/* The next item of r (of a message, or of a list's body through rd_of).  Only its own header is
 * checked: the items in a list are checked as they are read. */
MUST_CHECK enum err_code rlp_next(struct rd *r, struct rlp_item *ret, struct err *e);
/* Exactly one item and nothing after it. */
MUST_CHECK enum err_code rlp_parse(struct bytes data, struct rlp_item *ret, struct err *e);
/* Exactly one item, and all that is in it down to max_depth lists. */
MUST_CHECK enum err_code rlp_check(struct bytes data, unsigned max_depth, struct err *e);

/* The next item as a string of exactly n bytes; as a number without leading zeros. */
MUST_CHECK enum err_code rlp_next_fixed(struct rd *r, uint8_t *ret, size_t n, struct err *e);
MUST_CHECK enum err_code rlp_next_u64(struct rd *r, uint64_t *ret, struct err *e);

void rlp_put_str(struct buf *out, struct bytes s);
void rlp_put_u64(struct buf *out, uint64_t v);
void rlp_put_uint(struct buf *out, struct bytes be); /* any width; leading zeros are dropped */
void rlp_put_list(struct buf *out, struct bytes items);
