/* trie - makes a Merkle-Patricia trie and proofs in it, for tests of what verifies them.  Room:
 * tests. */
#pragma once
#include "chain/mpt.h"
#include "chain/rlp.h"
#include "crypto/digest.h"

struct trie_entry {
    struct hash32 path;
    struct bytes value;
};

/* The nodes from the root to where a path ends, or to where it is shown to have no value. */
struct trie_proof {
    struct buf node[MPT_NODES_MAX + 1];
    struct bytes list[MPT_NODES_MAX + 1];
    size_t n;
    bool with_embedded; /* also lists nodes that are in their parent */
};

static inline unsigned trie_nibble(const struct hash32 *path, size_t i)
{
    return i % 2 ? path->b[i / 2] & 0x0fu : path->b[i / 2] >> 4;
}

static inline void trie_put_path(struct buf *out, const struct hash32 *path, size_t from, size_t to,
                                 bool leaf)
{
    uint8_t prefix[33] = {0};
    size_t n = to - from, at = 0;

    prefix[0] = (uint8_t)((leaf ? 0x20 : 0) | (n % 2 ? 0x10 | trie_nibble(path, from) : 0));
    for (size_t i = from + n % 2; i < to; i += 2)
        prefix[++at] = (uint8_t)(trie_nibble(path, i) << 4 | trie_nibble(path, i + 1));
    rlp_put_str(out, (struct bytes){prefix, at + 1});
}

static inline void trie_put_ref(struct buf *out, const struct buf *child)
{
    struct hash32 hash;

    if (child->n < 32) {
        buf_put(out, buf_bytes(child));
        return;
    }
    keccak256(buf_bytes(child), &hash);
    rlp_put_str(out, BYTES_OF(hash));
}

/* The node over n sorted entries that agree in their first `depth` nibbles.  want: the path to
 * prove, while it agrees too, else NULL. */
static inline void trie_node(const struct trie_entry *list, size_t n, size_t depth,
                             const struct hash32 *want, struct trie_proof *proof, struct buf *ret)
{
    struct buf items AUTO_CALL(buf_done) = BUF(65536);
    size_t same = 0, mine = proof->n;

    if (want)
        proof->node[proof->n++] = BUF(65536);
    while (n > 1 &&
           trie_nibble(&list[0].path, depth + same) == trie_nibble(&list[n - 1].path, depth + same))
        same++;
    if (n == 1) {
        trie_put_path(&items, &list[0].path, depth, 64, true);
        rlp_put_str(&items, list[0].value);
    } else if (same > 0) {
        struct buf child AUTO_CALL(buf_done) = BUF(65536);
        bool agrees = want != NULL;

        for (size_t i = depth; agrees && i < depth + same; i++)
            agrees = trie_nibble(want, i) == trie_nibble(&list[0].path, i);
        trie_put_path(&items, &list[0].path, depth, depth + same, false);
        trie_node(list, n, depth + same, agrees ? want : NULL, proof, &child);
        trie_put_ref(&items, &child);
    } else {
        size_t at = 0;

        for (unsigned d = 0; d < 16; d++) {
            struct buf child AUTO_CALL(buf_done) = BUF(65536);
            size_t first = at;

            while (at < n && trie_nibble(&list[at].path, depth) == d)
                at++;
            if (at == first) {
                rlp_put_str(&items, (struct bytes){0});
                continue;
            }
            trie_node(list + first, at - first, depth + 1,
                      want && trie_nibble(want, depth) == d ? want : NULL, proof, &child);
            trie_put_ref(&items, &child);
        }
        rlp_put_str(&items, (struct bytes){0});
    }
    rlp_put_list(ret, buf_bytes(&items));
    if (want && (ret->n >= 32 || depth == 0 || proof->with_embedded))
        buf_put(&proof->node[mine], buf_bytes(ret));
}

static inline int trie_compare(const void *a, const void *b)
{
    return memcmp(((const struct trie_entry *)a)->path.b, ((const struct trie_entry *)b)->path.b,
                  32);
}

/* Sorts the entries (n > 0, all paths different); the root, and the proof of a path.  End with
 * trie_done. */
static inline void trie_make(struct trie_entry *list, size_t n, const struct hash32 *want,
                             struct trie_proof *ret, struct hash32 *ret_root)
{
    struct buf root AUTO_CALL(buf_done) = BUF(65536);
    size_t kept = 0;

    qsort(list, n, sizeof *list, trie_compare);
    trie_node(list, n, 0, want, ret, &root);
    keccak256(buf_bytes(&root), ret_root);
    for (size_t i = 0; i < ret->n; i++)
        if (ret->node[i].n > 0)
            ret->list[kept++] = buf_bytes(&ret->node[i]);
    ret->n = kept; /* of list, which borrows from node */
}

static inline void trie_done(struct trie_proof *p)
{
    for (size_t i = 0; i <= MPT_NODES_MAX; i++)
        buf_done(&p->node[i]);
    *p = (struct trie_proof){0};
}
