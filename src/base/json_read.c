/* Reading (RFC 8259).  jansson keeps the tree, but does not read: it spends several calls on each
 * byte, and a request of 7 KB cost as much that way as two signatures.  What both accept is the
 * same (tests/fuzz/base/fuzz_json.c compares them). */
#include "base/json_tree.h"
#include "base/utf8.h"

#define DEPTH_MAX   32
#define MEMBERS_MAX 4096 /* of one object: json_member walks from the first */

struct reader {
    const uint8_t *start, *p, *end;
    bool fractions;     /* any number is taken; what is no integer of 64 bits is kept as such */
    bool nuls;          /* an escaped NUL is U+FFFD */
    size_t values;      /* that may come still */
    struct buf escaped; /* the string that is read, if it has escapes; never grows */
};

/* In memory a value takes up to a hundred times its text. */
#define ANSWER_VALUES 4096
#define ANSWER_BYTES  32 /* of text for each value over these */

/* Messages say where, and never repeat the text: it may be a secret. */
static enum err_code wrong(const struct reader *r, const char *reason, struct err *e)
{
    unsigned line = 1, column = 1;

    for (const uint8_t *at = r->start; at < r->p; at++) {
        column = *at == '\n' ? 1 : column + 1;
        line += *at == '\n';
    }
    return err_set(e, ERR_INVALID, "not valid JSON at line %u, column %u: %s", line, column,
                   r->p == r->end ? "it ends too early" : reason);
}

static enum err_code no_memory(struct err *e)
{
    return err_set(e, ERR_NOMEM, "out of memory for JSON");
}

static const char syntax[] = "a syntax error";

static void skip_space(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

/* Takes the character, if it is the next. */
static bool next_is(struct reader *r, char c)
{
    if (r->p == r->end || *r->p != (uint8_t)c)
        return false;
    r->p++;
    return true;
}

/* ---- strings ---- */

static bool read_hex4(struct reader *r, uint32_t *ret)
{
    *ret = 0;
    for (int i = 0; i < 4; i++, r->p++) {
        uint8_t c = r->p < r->end ? *r->p : 0;
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'f';

        if (!letter && (c < '0' || c > '9'))
            return false;
        *ret = *ret << 4 | (uint32_t)(letter ? (c | 0x20) - 'a' + 10 : c - '0');
    }
    return true;
}

static void put_point(struct buf *out, uint32_t point)
{
    if (point < 0x80) {
        buf_put_u8(out, (uint8_t)point);
        return;
    }
    if (point < 0x800) {
        buf_put_u8(out, (uint8_t)(0xc0 | point >> 6));
    } else {
        if (point < 0x10000) {
            buf_put_u8(out, (uint8_t)(0xe0 | point >> 12));
        } else {
            buf_put_u8(out, (uint8_t)(0xf0 | point >> 18));
            buf_put_u8(out, (uint8_t)(0x80 | (point >> 12 & 0x3f)));
        }
        buf_put_u8(out, (uint8_t)(0x80 | (point >> 6 & 0x3f)));
    }
    buf_put_u8(out, (uint8_t)(0x80 | (point & 0x3f)));
}

/* After the backslash and the u. */
static enum err_code read_point(struct reader *r, struct err *e)
{
    uint32_t point, low;

    if (!read_hex4(r, &point))
        return wrong(r, syntax, e);
    if (point == 0 && r->nuls)
        point = 0xfffd; /* nodes put a revert's raw bytes into their messages */
    if (point == 0)
        return wrong(r, "a NUL in a string", e);
    if (point >= 0xd800 && point < 0xe000) {
        if (point >= 0xdc00 || !next_is(r, '\\') || !next_is(r, 'u') || !read_hex4(r, &low) ||
            low < 0xdc00 || low >= 0xe000)
            return wrong(r, "half a surrogate pair", e);
        point = 0x10000 + ((point & 0x3ff) << 10 | (low & 0x3ff));
    }
    put_point(&r->escaped, point);
    return ERR_OK;
}

/* After the backslash. */
static enum err_code read_escape(struct reader *r, struct err *e)
{
    static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    const char *at = r->p < r->end && *r->p ? strchr(names, *r->p) : NULL;

    if (next_is(r, 'u'))
        return read_point(r, e);
    if (!at)
        return wrong(r, syntax, e);
    r->p++;
    buf_put_u8(&r->escaped, (uint8_t)means[at - names]);
    return ERR_OK;
}

static struct bytes plain_part(struct reader *r)
{
    const uint8_t *from = r->p;

    while (r->p < r->end && *r->p >= 0x20 && *r->p != '"' && *r->p != '\\')
        r->p++;
    return (struct bytes){from, (size_t)(r->p - from)};
}

/* With its quotes.  What is given back lies in the text, or in r->escaped until the next string. */
static enum err_code read_string(struct reader *r, struct bytes *ret, struct err *e)
{
    struct bytes all;

    if (!next_is(r, '"'))
        return wrong(r, syntax, e);
    all = plain_part(r);
    if (r->p < r->end && *r->p == '\\') {
        buf_clear(&r->escaped);
        buf_reserve(&r->escaped, r->escaped.max);
        buf_put(&r->escaped, all);
        while (next_is(r, '\\')) {
            TRY(read_escape(r, e));
            buf_put(&r->escaped, plain_part(r));
        }
        TRY(buf_check(&r->escaped, e));
        all = buf_bytes(&r->escaped);
    }
    if (!utf8_valid(all))
        return wrong(r, "invalid UTF-8", e);
    if (!next_is(r, '"'))
        return wrong(r, syntax, e);
    *ret = all;
    return ERR_OK;
}

static enum err_code read_text(struct reader *r, json **ret, struct err *e)
{
    struct bytes text = {0};

    TRY(read_string(r, &text, e));
    *ret = j_of(json_stringn_nocheck((const char *)text.p, text.n));
    return *ret ? ERR_OK : no_memory(e);
}

/* ---- numbers and words ---- */

static bool is_digit(const struct reader *r)
{
    return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static bool skip_digits(struct reader *r)
{
    const uint8_t *from = r->p;

    while (is_digit(r))
        r->p++;
    return r->p > from;
}

static enum err_code read_fraction(struct reader *r, struct err *e)
{
    if (!r->fractions)
        return wrong(r, "a number that is not an integer", e);
    if (next_is(r, '.') && !skip_digits(r))
        return wrong(r, syntax, e);
    if (next_is(r, 'e') || next_is(r, 'E')) {
        if (!next_is(r, '-'))
            (void)next_is(r, '+');
        if (!skip_digits(r))
            return wrong(r, syntax, e);
    }
    return ERR_OK;
}

static enum err_code read_number(struct reader *r, json **ret, struct err *e)
{
    bool negative = next_is(r, '-'), fits = true;
    int64_t v = 0; /* below zero: there is one number more */
    json_t *node;

    if (!is_digit(r))
        return wrong(r, syntax, e);
    if (!next_is(r, '0'))
        for (; is_digit(r); r->p++)
            fits = fits && !__builtin_mul_overflow(v, 10, &v) &&
                   !__builtin_sub_overflow(v, *r->p - '0', &v);
    fits = fits && (negative || !__builtin_sub_overflow(0, v, &v));
    if (r->p < r->end && (*r->p == '.' || *r->p == 'e' || *r->p == 'E')) {
        TRY(read_fraction(r, e));
        fits = false;
    }
    if (!fits && !r->fractions)
        return wrong(r, "a number out of range", e);
    /* Its value is nobody's affair: no getter takes one. */
    node = fits ? json_integer(v) : json_real(0);
    *ret = j_of(node);
    return *ret ? ERR_OK : no_memory(e);
}

static enum err_code read_word(struct reader *r, const char *word, json_t *t, json **ret,
                               struct err *e)
{
    for (; *word; word++)
        if (!next_is(r, *word))
            return wrong(r, syntax, e);
    *ret = j_of(t);
    return ERR_OK;
}

/* ---- arrays and objects ---- */

static enum err_code read_value(struct reader *r, unsigned levels, json **ret, struct err *e);

static enum err_code read_array(struct reader *r, unsigned levels, json **ret, struct err *e)
{
    AUTO(json) array = j_of(json_array());

    if (!array)
        return no_memory(e);
    r->p++;
    skip_space(r);
    if (!next_is(r, ']')) {
        do {
            json *node = NULL;

            TRY(read_value(r, levels, &node, e));
            TRY(json_append(array, node, e));
        } while (next_is(r, ','));
        if (!next_is(r, ']'))
            return wrong(r, syntax, e);
    }
    *ret = TAKE(array);
    return ERR_OK;
}

/* Names are no secrets: short ones stay on the stack, which is not wiped. */
#define NAME_SHORT 64

static enum err_code read_member(struct reader *r, json *object, unsigned levels, struct err *e)
{
    char kept[NAME_SHORT]; /* strings in the value would take the place of this one */
    AUTO(json) longer = NULL;
    struct bytes text = {0};
    const char *name = kept;
    json *node = NULL;

    skip_space(r);
    TRY(read_string(r, &text, e));
    if (text.n < sizeof kept) {
        if (text.n > 0)
            memcpy(kept, text.p, text.n);
        kept[text.n] = 0;
    } else {
        longer = j_of(json_stringn_nocheck((const char *)text.p, text.n));
        if (!longer)
            return no_memory(e);
        name = json_string_value(t_of(longer));
    }
    if (json_object_get(t_of(object), name))
        return wrong(r, "a member stands twice in one object", e);
    if (json_object_size(t_of(object)) == MEMBERS_MAX)
        return err_set(e, ERR_TOO_LARGE, "JSON object of more than %d members", MEMBERS_MAX);
    skip_space(r);
    if (!next_is(r, ':'))
        return wrong(r, syntax, e);
    TRY(read_value(r, levels, &node, e));
    return json_object_set_new_nocheck(t_of(object), name, t_of(node)) == 0 ? ERR_OK : no_memory(e);
}

static enum err_code read_object(struct reader *r, unsigned levels, json **ret, struct err *e)
{
    AUTO(json) object = j_of(json_object());

    if (!object)
        return no_memory(e);
    r->p++;
    skip_space(r);
    if (!next_is(r, '}')) {
        do
            TRY(read_member(r, object, levels, e));
        while (next_is(r, ','));
        if (!next_is(r, '}'))
            return wrong(r, syntax, e);
    }
    *ret = TAKE(object);
    return ERR_OK;
}

static enum err_code read_kind(struct reader *r, unsigned levels, json **ret, struct err *e)
{
    uint8_t first = r->p < r->end ? *r->p : 0;

    if ((first == '{' || first == '[') && levels == 0)
        return err_set(e, ERR_TOO_LARGE, "JSON nested deeper than %d levels", DEPTH_MAX);
    switch (first) {
    case '{':
        return read_object(r, levels - 1, ret, e);
    case '[':
        return read_array(r, levels - 1, ret, e);
    case '"':
        return read_text(r, ret, e);
    case 't':
        return read_word(r, "true", json_true(), ret, e);
    case 'f':
        return read_word(r, "false", json_false(), ret, e);
    case 'n':
        return read_word(r, "null", json_null(), ret, e);
    default:
        return read_number(r, ret, e);
    }
}

/* And the space around it. */
static enum err_code read_value(struct reader *r, unsigned levels, json **ret, struct err *e)
{
    if (r->values-- == 0)
        return err_set(e, ERR_TOO_LARGE, "JSON of more values than so long a text has in earnest");
    skip_space(r);
    TRY(read_kind(r, levels, ret, e));
    skip_space(r);
    return ERR_OK;
}

static enum err_code read_all(struct reader *r, json **ret, struct err *e)
{
    AUTO(json) root = NULL;

    TRY(read_value(r, DEPTH_MAX, &root, e));
    if (r->p != r->end)
        return wrong(r, "data after the end", e);
    *ret = TAKE(root);
    return ERR_OK;
}

static enum err_code read(struct bytes text, size_t max, bool fractions, bool nuls, json **ret,
                          struct err *e)
{
    const uint8_t *start = text.n ? text.p : (const uint8_t *)"";
    struct reader r = {.start = start,
                       .p = start,
                       .end = start + text.n,
                       .fractions = fractions,
                       .nuls = nuls,
                       .values = nuls ? ANSWER_VALUES + text.n / ANSWER_BYTES : SIZE_MAX,
                       .escaped = BUF(text.n)};
    enum err_code rc;

    if (text.n > max)
        return err_set(e, ERR_TOO_LARGE, "JSON of %zu bytes, expected at most %zu", text.n, max);
    rc = read_all(&r, ret, e);
    buf_done_wipe(&r.escaped);
    return rc;
}

enum err_code json_parse(struct bytes text, size_t max, json **ret, struct err *e)
{
    return read(text, max, false, false, ret, e);
}

enum err_code json_parse_foreign(struct bytes text, size_t max, json **ret, struct err *e)
{
    return read(text, max, true, false, ret, e);
}

enum err_code json_parse_answer(struct bytes text, size_t max, json **ret, struct err *e)
{
    return read(text, max, true, true, ret, e);
}

enum err_code json_check(struct bytes text, size_t max, struct err *e)
{
    AUTO(json) root = NULL;

    return read(text, max, true, false, &root, e);
}
