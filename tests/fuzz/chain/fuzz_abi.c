/* fuzz: the first byte names the types (or says that they follow), the rest is decoded; what is
 * accepted is canonical, so encoding it again gives it back. */
#include <stdlib.h>
#include "chain/abi.h"
#include "chain/abi_type.h"

static const char *const types[] = {
    "bytes32",
    "bool,address,uint32,int256",
    "bytes",
    "string[]",
    "(bytes,bytes[4],bytes,bytes,bytes),(uint32,uint32,bytes,bytes32)[]",
    "(bytes32[24])",
    "(bytes,bytes,bytes)",
    "(bytes,int256,address,bytes)",
    "uint8,bytes",
    "(string[2],bytes3[])[],int8",
};
#define N_TYPES (sizeof types / sizeof types[0])

static void fuzz_types(struct bytes text)
{
    struct abi_type *t = calloc(1, sizeof *t);
    struct err e;

    if (!t)
        abort();
    if (abi_type_parse((const char *)text.p, text.n, t, &e) == ERR_OK && t->n > ABI_NODES)
        abort();
    free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf again AUTO_CALL(buf_done) = BUF(ABI_BYTES_MAX);
    AUTO(abi_tree) tree = NULL;
    struct abi_type *t;
    const char *which;
    struct bytes body;
    struct err e;
    size_t n;

    if (size == 0)
        return 0;
    body = (struct bytes){data + 1, size - 1};
    if (data[0] >= N_TYPES) {
        fuzz_types(body);
        return 0;
    }
    which = types[data[0]];
    if (abi_decode(which, body, &tree, &e) != ERR_OK)
        return 0;
    t = calloc(1, sizeof *t);
    if (!t || abi_type_parse(which, strlen(which), t, &e) != ERR_OK)
        abort();
    n = t->node[0].size;
    free(t);
    if (abi_encode(which, abi_tree_values(tree), n, &again, &e) != ERR_OK ||
        !bytes_eq(buf_bytes(&again), body))
        abort();
    return 0;
}
