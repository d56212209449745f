/* mpt - see mpt.h. */
#include "chain/mpt.h"
#include "chain/rlp.h"
#include "crypto/digest.h"

#define NIBBLES      64
#define BRANCH_ITEMS 17

const struct hash32 mpt_empty_root = {{0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6,
                                       0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
                                       0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0,
                                       0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21}};
const struct hash32 mpt_empty_code = {{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c,
                                       0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
                                       0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b,
                                       0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};

/* Where a walk down the trie stands. */
struct walk {
    const struct hash32 *path;
    size_t at; /* nibbles of the path that are behind */
    const struct bytes *nodes;
    size_t n, next; /* the node that is expected next */
    unsigned depth;
};

/* How a node goes on. */
struct step {
    enum { STEP_ABSENT, STEP_VALUE, STEP_CHILD } kind;
    struct rlp_item item; /* the value, or what refers to the child */
};

static unsigned nibble(const uint8_t *bytes, size_t i)
{
    return i % 2 ? bytes[i / 2] & 0x0fu : bytes[i / 2] >> 4;
}

/* Hex-prefix: a nibble of flags (2: leaf, 1: an odd number follows), zero where it is even. */
static enum err_code read_prefix(struct bytes p, bool *ret_leaf, size_t *ret_first,
                                 size_t *ret_count, struct err *e)
{
    unsigned flags;

    if (p.n == 0 || p.n > 1 + NIBBLES / 2)
        return err_set(e, ERR_VERIFY, "proof: a path of %zu bytes", p.n);
    flags = nibble(p.p, 0);
    if (flags > 3 || (!(flags & 1) && nibble(p.p, 1) != 0))
        return err_set(e, ERR_VERIFY, "proof: a path is not canonical");
    *ret_leaf = flags & 2;
    *ret_first = flags & 1 ? 1 : 2;
    *ret_count = 2 * p.n - *ret_first;
    return ERR_OK;
}

/* A node of two items: a leaf, or an extension to a branch. */
static enum err_code step_short(struct walk *w, const struct rlp_item items[2], struct step *ret,
                                struct err *e)
{
    struct bytes prefix = items[0].body;
    size_t first = 0, count = 0;
    bool leaf = false;

    if (items[0].list)
        return err_set(e, ERR_VERIFY, "proof: a path is a list");
    TRY(read_prefix(prefix, &leaf, &first, &count, e));
    if (leaf ? count != NIBBLES - w->at : count == 0 || count >= NIBBLES - w->at)
        return err_set(e, ERR_VERIFY, "proof: a path of %zu nibbles after %zu of %d", count, w->at,
                       NIBBLES);
    if (leaf && (items[1].list || items[1].body.n == 0))
        return err_set(e, ERR_VERIFY, "proof: a leaf without a value");
    *ret = (struct step){leaf ? STEP_VALUE : STEP_CHILD, items[1]};
    for (size_t i = 0; i < count; i++)
        if (nibble(prefix.p, first + i) != nibble(w->path->b, w->at + i)) {
            ret->kind = STEP_ABSENT; /* what is here has another key */
            return ERR_OK;
        }
    w->at += count;
    return ERR_OK;
}

static enum err_code step_branch(struct walk *w, const struct rlp_item items[BRANCH_ITEMS],
                                 struct step *ret, struct err *e)
{
    if (items[16].list || items[16].body.n != 0)
        return err_set(e, ERR_VERIFY, "proof: a branch with a value, where all keys are as long");
    if (w->at >= NIBBLES)
        return err_set(e, ERR_VERIFY, "proof: a branch below the end of a path");
    *ret = (struct step){STEP_CHILD, items[nibble(w->path->b, w->at)]};
    w->at++;
    if (!ret->item.list && ret->item.body.n == 0)
        ret->kind = STEP_ABSENT;
    return ERR_OK;
}

static enum err_code step_node(struct walk *w, struct bytes node, struct step *ret, struct err *e)
{
    struct rlp_item items[BRANCH_ITEMS], whole;
    size_t n = 0;
    struct rd r;

    if (++w->depth > MPT_NODES_MAX)
        return err_set(e, ERR_TOO_LARGE, "proof: over %d nodes deep", MPT_NODES_MAX);
    if (rlp_parse(node, &whole, e) != ERR_OK || !whole.list)
        return err_set(e, ERR_VERIFY, "proof: a node that is no list");
    r = rd_of(whole.body);
    while (r.left > 0) {
        if (n == BRANCH_ITEMS || rlp_next(&r, &items[n], e) != ERR_OK)
            return err_set(e, ERR_VERIFY, "proof: a node with broken items, or over %d",
                           BRANCH_ITEMS);
        n++;
    }
    if (n == 2)
        return step_short(w, items, ret, e);
    if (n == BRANCH_ITEMS)
        return step_branch(w, items, ret, e);
    return err_set(e, ERR_VERIFY, "proof: a node of %zu items, expected 2 or %d", n, BRANCH_ITEMS);
}

/* The next node of the proof, which must have this hash. */
static enum err_code take_node(struct walk *w, struct bytes hash, struct bytes *ret, struct err *e)
{
    struct hash32 found;

    if (w->next == w->n)
        return err_set(e, ERR_VERIFY, "proof: it ends after %zu nodes, before an answer", w->n);
    if (w->nodes[w->next].n > MPT_NODE_MAX)
        return err_set(e, ERR_TOO_LARGE, "proof: a node of %zu bytes, at most %d",
                       w->nodes[w->next].n, MPT_NODE_MAX);
    keccak256(w->nodes[w->next], &found);
    if (!bytes_eq(BYTES_OF(found), hash))
        return err_set(e, ERR_VERIFY, "proof: node %zu has another hash than %s names", w->next,
                       w->next ? "its parent" : "the root");
    *ret = w->nodes[w->next++];
    return ERR_OK;
}

/* The node that a parent refers to: by hash, or in place when it is shorter than one. */
static enum err_code child_of(struct walk *w, const struct rlp_item *ref, struct bytes *ret,
                              struct err *e)
{
    if (!ref->list && ref->body.n == sizeof(struct hash32))
        return take_node(w, ref->body, ret, e);
    if (!ref->list || ref->whole.n >= sizeof(struct hash32))
        return err_set(e, ERR_VERIFY, "proof: a node refers to a child in no known way");
    if (w->next < w->n && bytes_eq(w->nodes[w->next], ref->whole))
        w->next++;
    *ret = ref->whole;
    return ERR_OK;
}

/* Nothing is in an empty trie; its proof is no node, or the empty string. */
static bool is_empty_proof(const struct bytes *nodes, size_t n)
{
    return n == 0 || (n == 1 && nodes[0].n == 1 && nodes[0].p[0] == 0x80);
}

enum err_code mpt_prove(const struct hash32 *root, const struct hash32 *path,
                        const struct bytes *nodes, size_t n, bool *ret_found,
                        struct bytes *ret_value, struct err *e)
{
    struct walk w = {.path = path, .nodes = nodes, .n = n};
    struct step step = {0};
    struct bytes node;

    if (n > MPT_NODES_MAX)
        return err_set(e, ERR_TOO_LARGE, "proof: %zu nodes, at most %d", n, MPT_NODES_MAX);
    if (hash32_eq(root, &mpt_empty_root)) {
        if (!is_empty_proof(nodes, n))
            return err_set(e, ERR_VERIFY, "proof: nodes of a trie that is empty");
        *ret_found = false;
        return ERR_OK;
    }
    TRY(take_node(&w, BYTES_OF(*root), &node, e));
    TRY(step_node(&w, node, &step, e));
    while (step.kind == STEP_CHILD) {
        TRY(child_of(&w, &step.item, &node, e));
        TRY(step_node(&w, node, &step, e));
    }
    if (w.next != w.n)
        return err_set(e, ERR_VERIFY, "proof: %zu nodes after the answer", w.n - w.next);
    *ret_found = step.kind == STEP_VALUE;
    if (*ret_found)
        *ret_value = step.item.body;
    return ERR_OK;
}

/* A number of at most 256 bits, without leading zeros, as a word. */
static enum err_code word_of(struct bytes be, struct hash32 *ret, struct err *e)
{
    if (be.n > sizeof ret->b || (be.n > 0 && be.p[0] == 0))
        return err_set(e, ERR_VERIFY, "proof: not a number of 256 bits");
    *ret = (struct hash32){0};
    if (be.n)
        memcpy(ret->b + sizeof ret->b - be.n, be.p, be.n);
    return ERR_OK;
}

static enum err_code read_account(struct bytes value, struct mpt_account *ret, struct err *e)
{
    struct rlp_item whole, balance;
    struct rd r;

    TRY(rlp_parse(value, &whole, e));
    if (!whole.list)
        return err_set(e, ERR_VERIFY, "an account is a list");
    r = rd_of(whole.body);
    TRY(rlp_next_u64(&r, &ret->nonce, e));
    TRY(rlp_next(&r, &balance, e));
    if (balance.list)
        return err_set(e, ERR_VERIFY, "a balance is a number");
    TRY(word_of(balance.body, &ret->balance, e));
    TRY(rlp_next_fixed(&r, ret->storage_root.b, sizeof ret->storage_root.b, e));
    TRY(rlp_next_fixed(&r, ret->code_hash.b, sizeof ret->code_hash.b, e));
    if (!rd_end(&r))
        return err_set(e, ERR_VERIFY, "more than four fields");
    return ERR_OK;
}

enum err_code mpt_prove_account(const struct hash32 *state_root, const struct addr *address,
                                const struct bytes *nodes, size_t n, struct mpt_account *ret,
                                struct err *e)
{
    struct mpt_account found = {.storage_root = mpt_empty_root, .code_hash = mpt_empty_code};
    struct bytes value = {0};
    struct hash32 path;

    keccak256(BYTES_OF(*address), &path);
    TRY_IN(e, mpt_prove(state_root, &path, nodes, n, &found.exists, &value, e), "account");
    if (found.exists && read_account(value, &found, e) != ERR_OK) {
        e->code = ERR_VERIFY;
        return err_wrap(e, "account: proof");
    }
    *ret = found;
    return ERR_OK;
}

enum err_code mpt_prove_slot(const struct hash32 *storage_root, const struct hash32 *slot,
                             const struct bytes *nodes, size_t n, bool *ret_found,
                             struct hash32 *ret_word, struct err *e)
{
    struct rlp_item item = {0};
    struct hash32 path, word = {0};
    struct bytes value = {0};
    bool found;

    keccak256(BYTES_OF(*slot), &path);
    TRY_IN(e, mpt_prove(storage_root, &path, nodes, n, &found, &value, e), "slot");
    if (found) {
        if (rlp_parse(value, &item, e) != ERR_OK || item.list)
            return err_set(e, ERR_VERIFY, "slot: proof: the value is no word");
        TRY_IN(e, word_of(item.body, &word, e), "slot");
    }
    *ret_found = !hash32_is_zero(&word);
    *ret_word = word;
    return ERR_OK;
}
