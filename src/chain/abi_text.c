/* abi_text - see abi_text.h. */
#include "chain/abi_text.h"
#include <stdlib.h>
#include "base/codec.h"

#define STRING_MAX 200
#define BYTES_MAX  64 /* more is cut, with its length told */

static void put_number(struct buf *out, const struct abi_value *v)
{
    struct err ignored;
    uint64_t number;

    if (abi_get_u64(v, &number, &ignored) == ERR_OK) {
        buf_printf(out, "%llu", (unsigned long long)number);
        return;
    }
    buf_put_str(out, "0x");
    hex_put(out, BYTES(v->word));
}

/* A stranger's string: printable ASCII in quotes, cut. */
static void put_string(struct buf *out, struct bytes s)
{
    buf_put_u8(out, '"');
    for (size_t i = 0; i < s.n && i < STRING_MAX; i++)
        buf_put_u8(out, s.p[i] >= ' ' && s.p[i] <= '~' && s.p[i] != '"' ? s.p[i] : '?');
    buf_put_str(out, s.n > STRING_MAX ? "...\"" : "\"");
}

static void put_bytes(struct buf *out, struct bytes b)
{
    buf_put_str(out, "0x");
    hex_put(out, (struct bytes){b.p, b.n < BYTES_MAX ? b.n : BYTES_MAX});
    if (b.n > BYTES_MAX)
        buf_printf(out, "... (%zu bytes)", b.n);
}

static void put_list(struct buf *out, const struct abi_type *type, size_t node,
                     const struct abi_value *v)
{
    const bool tuple = type->node[node].kind == ABI_TUPLE;
    size_t child = type->node[node].child;

    buf_put_u8(out, tuple ? '(' : '[');
    for (size_t i = 0; i < v->n; i++) {
        if (i)
            buf_put_str(out, ", ");
        abi_text_value(out, type, child, &v->items[i]);
        if (tuple)
            child = type->node[child].next;
    }
    buf_put_u8(out, tuple ? ')' : ']');
}

void abi_text_value(struct buf *out, const struct abi_type *type, size_t node,
                    const struct abi_value *v)
{
    switch (type->node[node].kind) {
    case ABI_ADDR:
        put_bytes(out, (struct bytes){v->word + 12, 20});
        return;
    case ABI_BOOLEAN:
        buf_put_str(out, v->word[31] ? "true" : "false");
        return;
    case ABI_UINT:
    case ABI_INT:
        put_number(out, v);
        return;
    case ABI_FIXED:
        put_bytes(out, (struct bytes){v->word, type->node[node].size});
        return;
    case ABI_BYTES:
        put_bytes(out, v->bytes);
        return;
    case ABI_STRING:
        put_string(out, v->bytes);
        return;
    case ABI_ARRAY:
    case ABI_TUPLE:
        put_list(out, type, node, v);
        return;
    }
}

/* The next of comma-separated names; what is left in *rest. */
static struct bytes next_name(const char **rest)
{
    size_t n = strcspn(*rest, ",");
    struct bytes name = {(const uint8_t *)*rest, n};

    *rest += n + ((*rest)[n] == ',');
    return name;
}

bool abi_text_call(struct buf *out, const char *signature, const char *names,
                   struct bytes arguments)
{
    size_t open = strcspn(signature, "("), end = strlen(signature) - 1;
    AUTO(heap_str) types = strndup(signature + open + 1, end - open - 1);
    AUTO(abi_tree) tree = NULL;
    struct abi_type type;
    const struct abi_value *values;
    struct err ignored;

    if (!types || abi_type_parse(types, strlen(types), &type, &ignored) != ERR_OK ||
        abi_decode(types, arguments, &tree, &ignored) != ERR_OK)
        return false;
    values = abi_tree_values(tree);
    buf_put(out, (struct bytes){(const uint8_t *)signature, open + 1});
    for (size_t i = 0, node = type.node[0].child; i < type.node[0].size; i++) {
        if (i)
            buf_put_str(out, ", ");
        if (names) {
            buf_put(out, next_name(&names));
            buf_put_u8(out, '=');
        }
        abi_text_value(out, &type, node, &values[i]);
        node = type.node[node].next;
    }
    buf_put_u8(out, ')');
    return true;
}
