/* abi_decode - see abi.h.
 *
 * One walk, in which `at` only moves forward: a head's offset must name exactly the place that the
 * tails before it reached.  So every byte is read once, and the work is bounded by the data. */
#include "chain/abi_type.h"

struct abi_tree {
    struct abi_value *values; /* all of them; the root's items come first */
    size_t n, cap;
    const struct abi_value *root;
    size_t root_n;
};

void abi_tree_free(abi_tree *t)
{
    if (t)
        free(t->values);
    free(t);
}

const struct abi_value *abi_tree_values(const abi_tree *t)
{
    return t->root;
}

struct walk {
    const struct abi_type *t;
    struct bytes data;
    abi_tree *tree;
};

static enum err_code cut_short(struct err *e)
{
    return err_set(e, ERR_INVALID, "abi: the data ends too early");
}

/* n values of one sequence, next to each other. */
static enum err_code reserve(struct walk *w, size_t n, struct abi_value **ret, struct err *e)
{
    if (n > w->tree->cap - w->tree->n)
        return err_set(e, ERR_TOO_LARGE, "abi: more than %zu values", w->tree->cap);
    *ret = w->tree->values + w->tree->n;
    w->tree->n += n;
    return ERR_OK;
}

static enum err_code get_word(const struct walk *w, size_t at, const uint8_t **ret, struct err *e)
{
    if (at > w->data.n || w->data.n - at < 32)
        return cut_short(e);
    *ret = w->data.p + at;
    return ERR_OK;
}

/* A length or an offset: never more than the data has bytes. */
static enum err_code get_size(const struct walk *w, size_t at, size_t *ret, struct err *e)
{
    const uint8_t *word = NULL;
    uint64_t v = 0;

    TRY(get_word(w, at, &word, e));
    for (size_t i = 24; i < 32; i++)
        v = v << 8 | word[i];
    if (!bytes_all_zero((struct bytes){word, 24}) || v > w->data.n)
        return err_set(e, ERR_INVALID, "abi: a length or offset passes the end");
    *ret = (size_t)v;
    return ERR_OK;
}

/* Length of the UTF-8 sequence at p (at most left bytes), 0 when it is none: no overlong forms, no
 * surrogates, nothing over U+10FFFF. */
static size_t utf8_step(const uint8_t *p, size_t left)
{
    uint32_t c = p[0], least;
    size_t n;

    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c <= 0xdf)
        n = 2, c &= 0x1f, least = 0x80;
    else if (c >= 0xe0 && c <= 0xef)
        n = 3, c &= 0x0f, least = 0x800;
    else if (c >= 0xf0 && c <= 0xf4)
        n = 4, c &= 0x07, least = 0x10000;
    else
        return 0;
    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    return c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
}

static bool utf8_ok(struct bytes s)
{
    for (size_t i = 0; i < s.n;) {
        size_t step = utf8_step(s.p + i, s.n - i);

        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

static enum err_code get_bytes(const struct walk *w, const struct abi_node *node, size_t *at,
                               struct abi_value *ret, struct err *e)
{
    size_t n = 0, padding;

    TRY(get_size(w, *at, &n, e));
    *at += 32;
    padding = (32 - n % 32) % 32;
    if (n > w->data.n - *at || padding > w->data.n - *at - n)
        return cut_short(e);
    ret->bytes = (struct bytes){w->data.p + *at, n};
    if (!bytes_all_zero((struct bytes){w->data.p + *at + n, padding}))
        return err_set(e, ERR_INVALID, "abi: a padding is not zero");
    if (node->kind == ABI_STRING && !utf8_ok(ret->bytes))
        return err_set(e, ERR_INVALID, "abi: a string is not UTF-8");
    *at += n + padding;
    return ERR_OK;
}

static enum err_code get(struct walk *w, const struct abi_node *node, size_t *at,
                         struct abi_value *ret, struct err *e);

/* n members whose heads begin at *at; leaves *at behind the last tail. */
static enum err_code get_seq(struct walk *w, const struct abi_node *seq, size_t n, size_t *at,
                             struct abi_value *ret, struct err *e)
{
    const struct abi_node *node = &w->t->node[seq->child];
    size_t start = *at, head = *at, heads = 0;
    struct abi_value *items = NULL;

    if (seq->kind == ABI_ARRAY) {
        if (n > (w->data.n - start) / node->head)
            return cut_short(e);
        heads = n * node->head;
    } else {
        for (size_t i = seq->child; i != 0; i = w->t->node[i].next)
            heads += w->t->node[i].head;
        if (heads > w->data.n - start)
            return cut_short(e);
    }
    TRY(reserve(w, n, &items, e));
    ret->items = items;
    ret->n = n;
    *at = start + heads;
    for (size_t i = 0; i < n; i++) {
        if (node->dynamic) {
            size_t offset = 0;

            TRY(get_size(w, head, &offset, e));
            if (offset != *at - start)
                return err_set(e, ERR_INVALID, "abi: an offset is not the next free place");
            TRY(get(w, node, at, &items[i], e));
        } else {
            size_t in_head = head;

            TRY(get(w, node, &in_head, &items[i], e));
        }
        head += node->head;
        if (seq->kind == ABI_TUPLE)
            node = &w->t->node[node->next];
    }
    return ERR_OK;
}

static enum err_code get(struct walk *w, const struct abi_node *node, size_t *at,
                         struct abi_value *ret, struct err *e)
{
    const uint8_t *word = NULL;
    size_t n = node->size;

    switch (node->kind) {
    case ABI_UINT:
    case ABI_INT:
    case ABI_ADDR:
    case ABI_BOOLEAN:
    case ABI_FIXED:
        TRY(get_word(w, *at, &word, e));
        if (!abi_word_ok(node, word))
            return err_set(e, ERR_INVALID, "abi: a word is no value of its type");
        memcpy(ret->word, word, sizeof ret->word);
        *at += 32;
        return ERR_OK;
    case ABI_BYTES:
    case ABI_STRING:
        return get_bytes(w, node, at, ret, e);
    case ABI_ARRAY:
        if (n == 0) {
            TRY(get_size(w, *at, &n, e));
            *at += 32;
        }
        return get_seq(w, node, n, at, ret, e);
    case ABI_TUPLE:
        return get_seq(w, node, n, at, ret, e);
    }
    return err_set(e, ERR_INTERNAL, "abi: unknown type");
}

/* Every word of data is a leaf or a length, and has at most ABI_DEPTH values around it. */
static size_t values_possible(size_t data_n)
{
    size_t n = data_n / 32 * (ABI_DEPTH + 1) + 1;

    return n < ABI_VALUES ? n : ABI_VALUES;
}

enum err_code abi_decode(const char *types, struct bytes data, abi_tree **ret, struct err *e)
{
    AUTO(abi_tree) tree = calloc(1, sizeof *tree);
    struct abi_value root = {0};
    struct abi_type t;
    struct walk w = {.t = &t, .data = data, .tree = tree};
    size_t at = 0;

    TRY(abi_type_parse(types, strlen(types), &t, e));
    if (data.n > ABI_BYTES_MAX)
        return err_set(e, ERR_TOO_LARGE, "abi: %zu bytes, at most %d", data.n, ABI_BYTES_MAX);
    if (!tree)
        return err_set(e, ERR_NOMEM, "abi: out of memory");
    tree->cap = values_possible(data.n);
    tree->values = calloc(tree->cap, sizeof *tree->values);
    if (!tree->values)
        return err_set(e, ERR_NOMEM, "abi: out of memory");
    TRY(get_seq(&w, &t.node[0], t.node[0].size, &at, &root, e));
    if (at != data.n)
        return err_set(e, ERR_INVALID, "abi: %zu bytes after the values", data.n - at);
    tree->root = root.items;
    tree->root_n = root.n;
    *ret = TAKE(tree);
    return ERR_OK;
}

enum err_code abi_get_u64(const struct abi_value *v, uint64_t *ret, struct err *e)
{
    uint64_t out = 0;

    if (!bytes_all_zero((struct bytes){v->word, 24}))
        return err_set(e, ERR_INVALID, "abi: a number is over 64 bits");
    for (size_t i = 24; i < 32; i++)
        out = out << 8 | v->word[i];
    *ret = out;
    return ERR_OK;
}

void abi_get_addr(const struct abi_value *v, struct addr *ret)
{
    memcpy(ret->b, v->word + 12, sizeof ret->b);
}

void abi_get_word(const struct abi_value *v, struct hash32 *ret)
{
    memcpy(ret->b, v->word, sizeof ret->b);
}
