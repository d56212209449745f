/* abi - the Solidity ABI as a table-driven codec.  Room: chain.
 *
 * Types are written as in signatures, "(bytes,bytes[4],bytes),uint32[]", and compiled to a small
 * table that both directions walk.  Known: address, bool, uint8..uint256, int8..int256, bytes1..32,
 * bytes, string, T[], T[k], tuples.  Decoding takes the canonical encoding only: every offset
 * points exactly behind what came before it, so data cannot overlap, repeat or hide; paddings are
 * zero, signs extended, bools 0 or 1, strings UTF-8, nothing trails.
 * Source: docs.soliditylang.org, "Contract ABI Specification", strict mode. */
#pragma once
#include "base/buf.h"

#define ABI_NODES     64      /* types in one signature */
#define ABI_VALUES    4096    /* values in one decoded message */
#define ABI_BYTES_MAX 1048576 /* of one encoded message */

/* One value.  Which member counts is said by the type: word for all that fill one word (bytesN is
 * left-aligned in it), bytes for bytes and string, items for arrays and tuples. */
struct abi_value {
    uint8_t word[32];
    struct bytes bytes;
    const struct abi_value *items;
    size_t n;
};

/* For the caller's argument lists: (struct abi_value[]){abi_addr(&a), abi_u64(7)} */
struct abi_value abi_u64(uint64_t v);
struct abi_value abi_bool(bool v);
struct abi_value abi_addr(const struct addr *a);
struct abi_value abi_word(const struct hash32 *w);
struct abi_value abi_fixed(struct bytes left_aligned); /* bytesN, at most 32 */
struct abi_value abi_bytes(struct bytes b);            /* bytes, string; borrowed */
struct abi_value abi_str(const char *s);
struct abi_value abi_list(const struct abi_value *items, size_t n); /* array, tuple; borrowed */

/* abi.encode(values): one value per type of the comma-separated list.  Appended to out. */
MUST_CHECK enum err_code abi_encode(const char *types, const struct abi_value *values, size_t n,
                                    struct buf *out, struct err *e);
/* A call: the selector of "name(types)", then the encoded arguments. */
MUST_CHECK enum err_code abi_call(const char *signature, const struct abi_value *values, size_t n,
                                  struct buf *out, struct err *e);
/* First four bytes of keccak256(signature). */
void abi_selector(const char *signature, uint8_t ret[static 4]);
/* keccak256(signature): topic 0 of an event. */
void abi_topic(const char *signature, struct hash32 *ret);

typedef struct abi_tree abi_tree; /* decoded values; borrows from the data it was made of */
/* ERR_INVALID (not the canonical encoding of these types), ERR_TOO_LARGE (more than ABI_VALUES
 * values or ABI_BYTES_MAX bytes), ERR_INTERNAL (types that do not parse). */
MUST_CHECK enum err_code abi_decode(const char *types, struct bytes data, abi_tree **ret,
                                    struct err *e);
void abi_tree_free(abi_tree *t);
DEFINE_AUTO(abi_tree, abi_tree_free);
/* The values of the list, as many as the types named; valid as long as the tree and the data. */
const struct abi_value *abi_tree_values(const abi_tree *t);

/* A word as a number; ERR_INVALID when it does not fit. */
MUST_CHECK enum err_code abi_get_u64(const struct abi_value *v, uint64_t *ret, struct err *e);
void abi_get_addr(const struct abi_value *v, struct addr *ret);
void abi_get_word(const struct abi_value *v, struct hash32 *ret);
