#include "instance/template.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/utf8.h"

#define REF_HEX 64

static const char *const prefixes[] = {
    [TEMPLATE_CONFIG] = "__CONFIG_REF_",
    [TEMPLATE_SECRET] = "__SECRET_REF_",
};
#define PREFIX_LEN 13 /* of both */

/* A content that was fetched: the same reference twice costs one fetch. */
struct content {
    enum template_kind kind;
    struct hash32 id;
    struct buf config;
    secret *secret;
};

struct resolver {
    const struct template_source *source;
    struct content contents[TEMPLATE_FETCH_MAX];
    size_t n;
    size_t uses;
};

struct ref {
    enum template_kind kind;
    struct hash32 id;
};

static void resolver_free(struct resolver *r)
{
    for (size_t i = 0; i < r->n; i++) {
        buf_done_wipe(&r->contents[i].config);
        secret_free(r->contents[i].secret);
    }
    free(r);
}
typedef struct resolver resolver;
DEFINE_AUTO(resolver, resolver_free);

/* What is at `at`, in the words of an editor. */
static void line_column(struct bytes text, size_t at, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < at && i < text.n; i++) {
        (*column)++;
        if (text.p[i] == '\n') {
            (*line)++;
            *column = 1;
        }
    }
}

static enum err_code refuse(struct bytes text, size_t at, struct err *e, const char *what)
{
    size_t line, column;

    line_column(text, at, &line, &column);
    return err_set(e, ERR_INVALID, "template, line %zu, column %zu: %s", line, column, what);
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Is a reference at `at`?  *found tells; a prefix without exactly 64 digits is refused, because
 * leaving it would leave a reference in the result. */
static enum err_code ref_at(struct bytes text, size_t at, bool *found, struct ref *ret,
                            struct err *e)
{
    *found = false;
    for (int kind = TEMPLATE_CONFIG; kind <= TEMPLATE_SECRET; kind++) {
        const size_t from = at + PREFIX_LEN;

        if (text.n - at < PREFIX_LEN || memcmp(text.p + at, prefixes[kind], PREFIX_LEN) != 0)
            continue;
        for (size_t i = 0; i < REF_HEX; i++) {
            if (from + i >= text.n || !is_hex(text.p[from + i]))
                return refuse(text, at, e, "a reference needs 64 hex digits, it has fewer");
        }
        if (from + REF_HEX < text.n && is_hex(text.p[from + REF_HEX]))
            return refuse(text, at, e, "a reference needs 64 hex digits, it has more");
        TRY(hex_decode((struct bytes){text.p + from, REF_HEX}, ret->id.b, sizeof ret->id.b, e));
        ret->kind = (enum template_kind)kind;
        *found = true;
        return ERR_OK;
    }
    return ERR_OK;
}

static enum err_code fetch(struct resolver *r, const struct ref *ref, const struct content **ret,
                           struct err *e)
{
    char hex[HEX_LEN(32)];
    struct content *c;

    /* Contents of nothing but references to nothing would otherwise cost time without end. */
    if (r->uses++ == TEMPLATE_USES_MAX)
        return err_set(e, ERR_TOO_LARGE, "the template resolves more than %d references",
                       TEMPLATE_USES_MAX);
    for (size_t i = 0; i < r->n; i++) {
        if (r->contents[i].kind == ref->kind && hash32_eq(&r->contents[i].id, &ref->id)) {
            *ret = &r->contents[i];
            return ERR_OK;
        }
    }
    if (r->n == TEMPLATE_FETCH_MAX)
        return err_set(e, ERR_TOO_LARGE, "the template refers to more than %d contents",
                       TEMPLATE_FETCH_MAX);
    hex_encode(BYTES_OF(ref->id), hex);
    c = &r->contents[r->n++];
    *c = (struct content){.kind = ref->kind, .id = ref->id, .config = BUF(TEMPLATE_CONTENT_MAX)};
    if (ref->kind == TEMPLATE_CONFIG)
        TRY_IN(e, r->source->config(r->source->self, &ref->id, &c->config, e), "config %s", hex);
    else
        TRY_IN(e, r->source->secret(r->source->self, &ref->id, &c->secret, e), "secret %s", hex);
    *ret = c;
    return ERR_OK;
}

static struct bytes content_bytes(const struct content *c)
{
    return c->kind == TEMPLATE_CONFIG ? buf_bytes(&c->config) : secret_bytes(c->secret);
}

/* One JSON value, so that a content cannot bring members or brackets of its own into the text. */
static enum err_code check_value(struct bytes text, const char *kind, const struct hash32 *id,
                                 struct err *e)
{
    char hex[HEX_LEN(32)];
    struct err why;

    if (json_check(text, TEMPLATE_RESULT_MAX, &why) == ERR_OK)
        return ERR_OK;
    hex_encode(BYTES_OF(*id), hex);
    /* The parser's own words could quote a secret. */
    return err_set(e, ERR_INVALID,
                   "%s %s is used as a whole value but is not JSON; store it as a JSON string "
                   "(`teereg secret seal --text`, `teereg store put --text`) or refer to it within "
                   "a longer string",
                   kind, hex);
}

static enum err_code as_text(struct resolver *r, struct bytes text, unsigned depth, struct buf *out,
                             struct err *e);

/* The reference as text: no quotes, no escapes yet. */
static enum err_code ref_text(struct resolver *r, const struct ref *ref, unsigned depth,
                              struct buf *out, struct err *e)
{
    const struct content *c;

    TRY(fetch(r, ref, &c, e));
    if (ref->kind == TEMPLATE_CONFIG)
        return as_text(r, content_bytes(c), depth + 1, out, e);
    buf_put(out, content_bytes(c));
    return buf_check(out, e);
}

static enum err_code too_deep(struct err *e)
{
    return err_set(e, ERR_TOO_LARGE, "configs refer to configs more than %d deep",
                   TEMPLATE_DEPTH_MAX);
}

static enum err_code as_text(struct resolver *r, struct bytes text, unsigned depth, struct buf *out,
                             struct err *e)
{
    if (depth > TEMPLATE_DEPTH_MAX)
        return too_deep(e);
    for (size_t i = 0; i < text.n;) {
        struct ref ref;
        bool found;

        TRY(ref_at(text, i, &found, &ref, e));
        if (found) {
            TRY(ref_text(r, &ref, depth, out, e));
            i += PREFIX_LEN + REF_HEX;
        } else {
            buf_put_u8(out, text.p[i++]);
        }
    }
    return buf_check(out, e);
}

static enum err_code put_escaped(struct bytes text, const struct hash32 *id, struct buf *out,
                                 struct err *e)
{
    struct buf quoted AUTO_CALL(buf_done_wipe) = BUF(TEMPLATE_RESULT_MAX);
    char hex[HEX_LEN(32)];

    if (!utf8_valid(text) || (text.n > 0 && memchr(text.p, 0, text.n))) {
        hex_encode(BYTES_OF(*id), hex);
        return err_set(e, ERR_INVALID,
                       "the content %s is used within a string but is not text (UTF-8 without NUL)",
                       hex);
    }
    buf_reserve(&quoted, 6 * text.n + 2);
    json_put_quoted(&quoted, text);
    TRY(buf_check(&quoted, e));
    buf_put(out, (struct bytes){quoted.p + 1, quoted.n - 2});
    return buf_check(out, e);
}

/* From `from` to `end`: the inside of a string that is more than one reference. */
static enum err_code string_inside(struct resolver *r, struct bytes text, size_t from, size_t end,
                                   unsigned depth, struct buf *out, struct err *e)
{
    for (size_t i = from; i < end;) {
        struct ref ref;
        bool found;

        TRY(ref_at(text, i, &found, &ref, e));
        if (found) {
            struct buf content AUTO_CALL(buf_done_wipe) = BUF(TEMPLATE_CONTENT_MAX);

            buf_reserve(&content, TEMPLATE_CONTENT_MAX);
            TRY(ref_text(r, &ref, depth, &content, e));
            TRY(put_escaped(buf_bytes(&content), &ref.id, out, e));
            i += PREFIX_LEN + REF_HEX;
        } else {
            buf_put_u8(out, text.p[i++]);
        }
    }
    return buf_check(out, e);
}

static enum err_code as_json(struct resolver *r, struct bytes text, unsigned depth, struct buf *out,
                             struct err *e);

/* The reference as a value of its own. */
static enum err_code ref_value(struct resolver *r, const struct ref *ref, unsigned depth,
                               struct buf *out, struct err *e)
{
    const struct content *c;
    const size_t start = out->n;

    TRY(fetch(r, ref, &c, e));
    if (ref->kind == TEMPLATE_SECRET) {
        TRY(check_value(content_bytes(c), "secret", &ref->id, e));
        buf_put(out, content_bytes(c));
        return buf_check(out, e);
    }
    TRY(as_json(r, content_bytes(c), depth + 1, out, e));
    return check_value((struct bytes){out->p + start, out->n - start}, "config", &ref->id, e);
}

/* Between JSON's own signs, the ends of the text or white space: not part of another token. */
static bool apart(struct bytes text, size_t from, size_t end)
{
    static const char around[] = " \t\r\n,:[]{}";

    return (from == 0 || (text.p[from - 1] && strchr(around, text.p[from - 1]))) &&
           (end == text.n || (text.p[end] && strchr(around, text.p[end])));
}

static enum err_code check_apart(struct bytes text, size_t from, size_t end, struct err *e)
{
    if (apart(text, from, end))
        return ERR_OK;
    return refuse(text, from, e, "a reference that is a value has something else beside it");
}

/* Index of the quote that ends the string begun before `from`, or text.n. */
static size_t string_end(struct bytes text, size_t from)
{
    for (size_t i = from; i < text.n; i++) {
        if (text.p[i] == '\\')
            i++;
        else if (text.p[i] == '"')
            return i;
    }
    return text.n;
}

static enum err_code as_json(struct resolver *r, struct bytes text, unsigned depth, struct buf *out,
                             struct err *e)
{
    if (depth > TEMPLATE_DEPTH_MAX)
        return too_deep(e);
    for (size_t i = 0; i < text.n;) {
        struct ref ref;
        bool found;

        if (text.p[i] != '"') {
            TRY(ref_at(text, i, &found, &ref, e));
            if (found) {
                TRY(check_apart(text, i, i + PREFIX_LEN + REF_HEX, e));
                TRY(ref_value(r, &ref, depth, out, e));
                i += PREFIX_LEN + REF_HEX;
            } else {
                buf_put_u8(out, text.p[i++]);
            }
            continue;
        }

        const size_t end = string_end(text, i + 1);

        if (end >= text.n)
            return refuse(text, i, e, "a string without an end");

        TRY(ref_at(text, i + 1, &found, &ref, e));
        if (found && end - i - 1 == PREFIX_LEN + REF_HEX) {
            TRY(check_apart(text, i, end + 1, e));
            TRY(ref_value(r, &ref, depth, out, e));
        } else {
            buf_put_u8(out, '"');
            TRY(string_inside(r, text, i + 1, end, depth, out, e));
            buf_put_u8(out, '"');
        }
        i = end + 1;
    }
    return buf_check(out, e);
}

static enum err_code zero_config(void *self, const struct hash32 *id, struct buf *ret,
                                 struct err *e)
{
    (void)self;
    (void)id;
    buf_put_str(ret, "0");
    return buf_check(ret, e);
}

static enum err_code zero_secret(void *self, const struct hash32 *id, secret **ret, struct err *e)
{
    (void)self;
    (void)id;
    return secret_copy(bytes_of_str("0"), ret, e);
}

/* The contents fit where they were put, so the fault is the template's own: with zeros for the
 * references the parser can say where, and quotes no content. */
static enum err_code explain(struct bytes text, struct err *e)
{
    static const struct template_source zeros = {.config = zero_config, .secret = zero_secret};
    AUTO(resolver) r = calloc(1, sizeof *r);
    struct buf out AUTO_CALL(buf_done) = BUF(TEMPLATE_RESULT_MAX);

    if (!r)
        return err_set(e, ERR_NOMEM, "template: out of memory");
    r->source = &zeros;
    TRY(as_json(r, text, 0, &out, e));
    TRY_IN(e, json_check(buf_bytes(&out), TEMPLATE_RESULT_MAX, e), "template");
    return err_set(e, ERR_INVALID, "the resolved template is not JSON");
}

enum err_code template_resolve(struct bytes text, const struct template_source *source,
                               struct buf *ret, struct err *e)
{
    AUTO(resolver) r = calloc(1, sizeof *r);
    struct buf out AUTO_CALL(buf_done_wipe) = BUF(TEMPLATE_RESULT_MAX);
    struct err why;

    if (!r)
        return err_set(e, ERR_NOMEM, "template: out of memory");
    if (text.n > TEMPLATE_CONTENT_MAX)
        return err_set(e, ERR_TOO_LARGE, "the template has %zu bytes, the most is %d", text.n,
                       TEMPLATE_CONTENT_MAX);
    r->source = source;
    buf_reserve(&out, TEMPLATE_RESULT_MAX);
    TRY(as_json(r, text, 0, &out, e));
    if (json_check(buf_bytes(&out), TEMPLATE_RESULT_MAX, &why) != ERR_OK)
        return explain(text, e);
    buf_reserve(ret, out.n);
    buf_put(ret, buf_bytes(&out));
    return buf_check(ret, e);
}

enum err_code template_each(struct bytes text,
                            enum err_code (*seen)(void *self, enum template_kind kind,
                                                  const struct hash32 *id, struct err *e),
                            void *self, struct err *e)
{
    for (size_t i = 0; i < text.n;) {
        struct ref ref;
        bool found;

        TRY(ref_at(text, i, &found, &ref, e));
        if (found)
            TRY(seen(self, ref.kind, &ref.id, e));
        i += found ? PREFIX_LEN + REF_HEX : 1;
    }
    return ERR_OK;
}
