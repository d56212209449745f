/* abi_type - type strings of the ABI compiled to a table; shared by abi_*.c.  Room: chain. */
#pragma once
#include "chain/abi.h"

enum abi_kind {
    ABI_UINT, /* size: bits */
    ABI_INT,  /* size: bits */
    ABI_ADDR, /* address */
    ABI_BOOLEAN,
    ABI_FIXED, /* bytesN; size: bytes */
    ABI_BYTES,
    ABI_STRING,
    ABI_ARRAY, /* size: of T[size], 0 for T[]; child: T */
    ABI_TUPLE, /* size: members; child: the first, then by next */
};

struct abi_node {
    enum abi_kind kind;
    size_t size;
    size_t child, next; /* indices; 0: none (the root is nobody's child) */
    bool dynamic;       /* its head is an offset */
    size_t head;        /* bytes it takes among the heads */
};

#define ABI_DEPTH 8 /* arrays and tuples in one another, the outermost list included */

struct abi_type {
    struct abi_node node[ABI_NODES]; /* node[0] is the tuple of all */
    size_t n;
};

/* text: comma-separated types, n bytes, without outer parentheses; may be empty.  ERR_INTERNAL when
 * they do not parse: types are constants of the program. */
MUST_CHECK enum err_code abi_type_parse(const char *text, size_t n, struct abi_type *ret,
                                        struct err *e);
/* Does this word hold a value of the (one-word) type? */
bool abi_word_ok(const struct abi_node *node, const uint8_t word[static 32]);
