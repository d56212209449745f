/* fuzz: nodes that follow each other as u16be length || bytes, proved at a path.  Where a node says
 * PARENT, the hash of the one after it is put, so that walks go deep without guessing hashes. */
#include <stdlib.h>
#include "chain/mpt.h"
#include "crypto/digest.h"

#define NODES 8

static const uint8_t child_mark[32] = "PARENT..PARENT..PARENT..PARENT.";

static void name_child(uint8_t *node, size_t n, struct bytes child)
{
    struct hash32 hash;

    keccak256(child, &hash);
    for (size_t i = 0; i + 32 <= n; i++)
        if (memcmp(node + i, child_mark, 32) == 0)
            memcpy(node + i, hash.b, 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t copy[4096] = {0};
    struct bytes nodes[NODES], value = {0};
    struct hash32 root, path = {{0}};
    size_t n = 0, at = 0;
    struct err e;
    bool found;

    if (size < 32 || size > sizeof copy)
        return 0;
    memcpy(path.b, data, 32);
    memcpy(copy, data + 32, size - 32);
    while (n < NODES && at + 2 <= size - 32) {
        size_t length = (size_t)copy[at] << 8 | copy[at + 1];

        at += 2;
        length = length < size - 32 - at ? length : size - 32 - at;
        nodes[n++] = (struct bytes){copy + at, length};
        at += length;
    }
    if (n == 0)
        return 0;
    for (size_t i = n - 1; i-- > 0;)
        name_child(copy + (nodes[i].p - copy), nodes[i].n, nodes[i + 1]);
    keccak256(nodes[0], &root);
    if (mpt_prove(&root, &path, nodes, n, &found, &value, &e) == ERR_OK && found && value.n == 0)
        abort();
    return 0;
}
