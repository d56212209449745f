/* abi_type - see abi_type.h. */
#include "chain/abi_type.h"

#define ARRAY_MAX  1024  /* k of T[k] */
#define STATIC_MAX 65536 /* bytes of one static type */

struct parser {
    const char *p, *end;
    struct abi_type *t;
    bool bad;
};

static bool take(struct parser *s, char c)
{
    if (s->p < s->end && *s->p == c) {
        s->p++;
        return true;
    }
    return false;
}

static size_t number(struct parser *s, size_t max)
{
    const char *start = s->p;
    size_t v = 0;

    while (s->p < s->end && *s->p >= '0' && *s->p <= '9' && v <= max)
        v = v * 10 + (size_t)(*s->p++ - '0');
    if (s->p == start || *start == '0' || v > max)
        s->bad = true;
    return v;
}

static size_t new_node(struct parser *s, enum abi_kind kind)
{
    if (s->t->n == ABI_NODES) {
        s->bad = true;
        return 0;
    }
    s->t->node[s->t->n] = (struct abi_node){.kind = kind, .head = 32};
    return s->t->n++;
}

static bool word_is(const char *name, size_t n, const char *what)
{
    return strlen(what) == n && memcmp(name, what, n) == 0;
}

/* uint8..256, int8..256 (bare uint and int are not the canonical spelling). */
static size_t parse_int(struct parser *s, enum abi_kind kind)
{
    size_t i = new_node(s, kind), bits = number(s, 256);

    if (s->bad || bits % 8 != 0)
        s->bad = true;
    s->t->node[i].size = bits;
    return i;
}

static size_t parse_bytes(struct parser *s)
{
    bool fixed = s->p < s->end && *s->p >= '0' && *s->p <= '9';
    size_t i = new_node(s, fixed ? ABI_FIXED : ABI_BYTES);

    if (fixed)
        s->t->node[i].size = number(s, 32);
    else
        s->t->node[i].dynamic = true;
    return i;
}

static size_t parse_name(struct parser *s)
{
    const char *name = s->p;
    size_t n, i;

    while (s->p < s->end && *s->p >= 'a' && *s->p <= 'z')
        s->p++;
    n = (size_t)(s->p - name);
    if (word_is(name, n, "uint"))
        return parse_int(s, ABI_UINT);
    if (word_is(name, n, "int"))
        return parse_int(s, ABI_INT);
    if (word_is(name, n, "bytes"))
        return parse_bytes(s);
    if (word_is(name, n, "address"))
        return new_node(s, ABI_ADDR);
    if (word_is(name, n, "bool"))
        return new_node(s, ABI_BOOLEAN);
    if (!word_is(name, n, "string"))
        s->bad = true;
    i = new_node(s, ABI_STRING);
    s->t->node[i].dynamic = true;
    return i;
}

static void parse_members(struct parser *s, size_t tuple, unsigned depth);

static size_t parse_type(struct parser *s, unsigned depth)
{
    size_t i = 0;

    if (depth > ABI_DEPTH) {
        s->bad = true;
        return 0;
    }
    if (take(s, '(')) {
        i = new_node(s, ABI_TUPLE);
        parse_members(s, i, depth);
        if (!take(s, ')') || s->t->node[i].size == 0)
            s->bad = true;
    } else {
        i = parse_name(s);
    }
    while (!s->bad && take(s, '[')) {
        size_t a = new_node(s, ABI_ARRAY);
        struct abi_node *array = &s->t->node[a];
        const struct abi_node *item = &s->t->node[i];

        array->child = i;
        if (take(s, ']')) {
            array->dynamic = true;
        } else {
            array->size = number(s, ARRAY_MAX);
            if (!take(s, ']'))
                s->bad = true;
            array->dynamic = item->dynamic;
            array->head = item->dynamic ? 32 : array->size * item->head;
        }
        if (++depth > ABI_DEPTH || array->head > STATIC_MAX)
            s->bad = true;
        i = a;
    }
    return i;
}

/* Comma-separated types into the tuple, up to its end or a closing parenthesis. */
static void parse_members(struct parser *s, size_t tuple, unsigned depth)
{
    size_t last = 0, head = 0;

    if (s->bad || s->p == s->end || *s->p == ')')
        return;
    do {
        size_t i = parse_type(s, depth + 1);

        if (s->bad)
            return;
        if (last)
            s->t->node[last].next = i;
        else
            s->t->node[tuple].child = i;
        last = i;
        s->t->node[tuple].size++;
        s->t->node[tuple].dynamic |= s->t->node[i].dynamic;
        head += s->t->node[i].head;
    } while (take(s, ','));
    if (head > STATIC_MAX)
        s->bad = true;
    s->t->node[tuple].head = s->t->node[tuple].dynamic ? 32 : head;
}

enum err_code abi_type_parse(const char *text, size_t n, struct abi_type *ret, struct err *e)
{
    struct parser s = {.p = text, .end = text + n, .t = ret};

    *ret = (struct abi_type){0};
    new_node(&s, ABI_TUPLE);
    parse_members(&s, 0, 0);
    if (s.bad || s.p != s.end)
        return err_set(e, ERR_INTERNAL, "abi: \"%.*s\" is not a list of types", (int)n, text);
    return ERR_OK;
}

/* n bytes from `at` are all v. */
static bool filled(const uint8_t *at, size_t n, uint8_t v)
{
    for (size_t i = 0; i < n; i++) {
        if (at[i] != v)
            return false;
    }
    return true;
}

bool abi_word_ok(const struct abi_node *node, const uint8_t word[static 32])
{
    size_t width = node->size / 8;

    switch (node->kind) {
    case ABI_UINT:
        return filled(word, 32 - width, 0);
    case ABI_INT:
        return filled(word, 32 - width, word[32 - width] & 0x80 ? 0xff : 0);
    case ABI_ADDR:
        return filled(word, 12, 0);
    case ABI_BOOLEAN:
        return filled(word, 31, 0) && word[31] <= 1;
    case ABI_FIXED:
        return filled(word + node->size, 32 - node->size, 0);
    case ABI_BYTES:
    case ABI_STRING:
    case ABI_ARRAY:
    case ABI_TUPLE:
        break;
    }
    return false;
}
