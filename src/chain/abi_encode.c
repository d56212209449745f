/* abi_encode - see abi.h. */
#include "chain/abi_type.h"
#include "crypto/digest.h"

static enum err_code put(const struct abi_type *t, const struct abi_node *node,
                         const struct abi_value *v, struct buf *out, struct err *e);

static void put_size(struct buf *out, size_t n)
{
    buf_put_zero(out, 24);
    buf_put_u64be(out, n);
}

/* Type number i of a sequence: an array repeats one, a tuple goes along its members. */
static const struct abi_node *next_of(const struct abi_type *t, const struct abi_node *seq,
                                      const struct abi_node *before)
{
    if (!before || seq->kind == ABI_ARRAY)
        return &t->node[seq->child];
    return &t->node[before->next];
}

/* Heads first, with room for offsets; then each tail, and its offset into the room. */
static enum err_code put_seq(const struct abi_type *t, const struct abi_node *seq,
                             const struct abi_value *v, struct buf *out, struct err *e)
{
    const struct abi_node *node = NULL;
    size_t start = out->n, head = start;

    for (size_t i = 0; i < v->n; i++) {
        node = next_of(t, seq, node);
        if (node->dynamic)
            buf_put_zero(out, 32);
        else
            TRY(put(t, node, &v->items[i], out, e));
    }
    node = NULL;
    for (size_t i = 0; i < v->n; i++) {
        node = next_of(t, seq, node);
        if (node->dynamic) {
            uint64_t offset = out->n - start;

            TRY(buf_check(out, e));
            for (size_t b = 0; b < 8; b++)
                out->p[head + 24 + b] = (uint8_t)(offset >> (56 - 8 * b));
            TRY(put(t, node, &v->items[i], out, e));
        }
        head += node->head;
    }
    return buf_check(out, e);
}

static enum err_code put(const struct abi_type *t, const struct abi_node *node,
                         const struct abi_value *v, struct buf *out, struct err *e)
{
    switch (node->kind) {
    case ABI_UINT:
    case ABI_INT:
    case ABI_ADDR:
    case ABI_BOOLEAN:
    case ABI_FIXED:
        if (!abi_word_ok(node, v->word))
            return err_set(e, ERR_INTERNAL, "abi: a value does not fit its type");
        buf_put(out, BYTES(v->word));
        return ERR_OK;
    case ABI_BYTES:
    case ABI_STRING:
        put_size(out, v->bytes.n);
        buf_put(out, v->bytes);
        buf_put_zero(out, (32 - v->bytes.n % 32) % 32);
        return ERR_OK;
    case ABI_ARRAY:
        if (node->size == 0)
            put_size(out, v->n);
        else if (v->n != node->size)
            return err_set(e, ERR_INTERNAL, "abi: %zu values for an array of %zu", v->n,
                           node->size);
        return put_seq(t, node, v, out, e);
    case ABI_TUPLE:
        if (v->n != node->size)
            return err_set(e, ERR_INTERNAL, "abi: %zu values for %zu types", v->n, node->size);
        return put_seq(t, node, v, out, e);
    }
    return err_set(e, ERR_INTERNAL, "abi: unknown type");
}

static enum err_code encode(const char *types, size_t types_n, const struct abi_value *values,
                            size_t n, struct buf *out, struct err *e)
{
    struct abi_value all = abi_list(values, n);
    struct abi_type t;

    TRY(abi_type_parse(types, types_n, &t, e));
    TRY(put(&t, &t.node[0], &all, out, e));
    return buf_check(out, e);
}

enum err_code abi_encode(const char *types, const struct abi_value *values, size_t n,
                         struct buf *out, struct err *e)
{
    return encode(types, strlen(types), values, n, out, e);
}

enum err_code abi_call(const char *signature, const struct abi_value *values, size_t n,
                       struct buf *out, struct err *e)
{
    const char *open = strchr(signature, '(');
    size_t len = strlen(signature);
    uint8_t selector[4];

    if (!open || signature[len - 1] != ')')
        return err_set(e, ERR_INTERNAL, "abi: \"%s\" is not a signature", signature);
    abi_selector(signature, selector);
    buf_put(out, BYTES(selector));
    TRY_IN(e, encode(open + 1, (size_t)(signature + len - 1 - (open + 1)), values, n, out, e), "%s",
           signature);
    return ERR_OK;
}

void abi_topic(const char *signature, struct hash32 *ret)
{
    keccak256(bytes_of_str(signature), ret);
}

void abi_selector(const char *signature, uint8_t ret[static 4])
{
    struct hash32 h;

    abi_topic(signature, &h);
    memcpy(ret, h.b, 4);
}

/* ---- making values ---- */

struct abi_value abi_u64(uint64_t v)
{
    struct abi_value out = {0};

    for (size_t i = 0; i < 8; i++)
        out.word[24 + i] = (uint8_t)(v >> (56 - 8 * i));
    return out;
}

struct abi_value abi_bool(bool v)
{
    return abi_u64(v ? 1 : 0);
}

struct abi_value abi_addr(const struct addr *a)
{
    struct abi_value out = {0};

    memcpy(out.word + 12, a->b, sizeof a->b);
    return out;
}

struct abi_value abi_word(const struct hash32 *w)
{
    struct abi_value out = {0};

    memcpy(out.word, w->b, sizeof w->b);
    return out;
}

struct abi_value abi_fixed(struct bytes left_aligned)
{
    struct abi_value out = {0};

    for (size_t i = 0; i < left_aligned.n && i < sizeof out.word; i++)
        out.word[i] = left_aligned.p[i];
    return out;
}

struct abi_value abi_bytes(struct bytes b)
{
    return (struct abi_value){.bytes = b};
}

struct abi_value abi_str(const char *s)
{
    return abi_bytes(bytes_of_str(s));
}

struct abi_value abi_list(const struct abi_value *items, size_t n)
{
    return (struct abi_value){.items = items, .n = n};
}
