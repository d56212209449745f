/* The tree: getters, making, writing.  Reading text is json_read.c. */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include "base/codec.h"
#include "base/json_tree.h"
#include "base/utf8.h"

#define ALLOC_HEAD 16 /* keeps the alignment of malloc */

/* Blocks carry their size, so that what a tree held (it may be a secret) is wiped when freed. */
static void *wiping_malloc(size_t n)
{
    uint8_t *block = n <= SIZE_MAX - ALLOC_HEAD ? malloc(n + ALLOC_HEAD) : NULL;

    if (!block)
        return NULL;
    memcpy(block, &n, sizeof n);
    return block + ALLOC_HEAD;
}

static void wiping_free(void *p)
{
    uint8_t *block = p;
    size_t n;

    if (!p)
        return;
    block -= ALLOC_HEAD;
    memcpy(&n, block, sizeof n);
    explicit_bzero(block, n + ALLOC_HEAD);
    free(block);
}

static void init_once(void)
{
    json_set_alloc_funcs(wiping_malloc, wiping_free);
    json_object_seed(0);
}

void json_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, init_once);
}

static const char *kind_of(const json *j)
{
    if (!j)
        return "nothing";
    switch (json_typeof(t_of(j))) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "no integer of 64 bits";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    }
    return "nothing";
}

void json_free(json *j)
{
    json_decref(t_of(j));
}

/* Names come from outside; one that is not plain ASCII is not repeated. */
static const char *plain_name(const char *name)
{
    for (const char *c = name; *c; c++) {
        if (*c < 0x20 || *c > 0x7e || c - name >= 64)
            return "(a name that is not plain)";
    }
    return name;
}

enum err_code json_only(const json *obj, const char *const members[], struct err *e)
{
    const char *key;
    json_t *child;

    if (!json_is_object(obj))
        return err_set(e, ERR_INVALID, "found %s, expected an object", kind_of(obj));
    json_object_foreach(t_of(obj), key, child)
    {
        size_t i = 0;

        while (members[i] && strcmp(members[i], key) != 0)
            i++;
        if (!members[i])
            return err_set(e, ERR_INVALID, "unknown member \"%s\"", plain_name(key));
    }
    return ERR_OK;
}

bool json_has(const json *obj, const char *member)
{
    return obj && json_object_get(t_of(obj), member);
}

bool json_is_null(const json *node)
{
    return node && json_typeof(t_of(node)) == JSON_NULL;
}

bool json_is_object(const json *node)
{
    return node && json_typeof(t_of(node)) == JSON_OBJECT;
}

bool json_is_array(const json *node)
{
    return node && json_typeof(t_of(node)) == JSON_ARRAY;
}

bool json_is_string(const json *node)
{
    return node && json_typeof(t_of(node)) == JSON_STRING;
}

enum err_code json_get(const json *obj, const char *member, const json **ret, struct err *e)
{
    const json *node;

    if (!json_is_object(obj))
        return err_set(e, ERR_INVALID, "\"%s\" is asked of %s, expected an object", member,
                       kind_of(obj));
    node = j_of(json_object_get(t_of(obj), member));
    if (!node)
        return err_set(e, ERR_INVALID, "member \"%s\" is missing", member);
    *ret = node;
    return ERR_OK;
}

static enum err_code wrong_kind(const char *member, const json *found, const char *expected,
                                struct err *e)
{
    return err_set(e, ERR_INVALID, "\"%s\" is %s, expected %s", member, kind_of(found), expected);
}

enum err_code json_get_object(const json *obj, const char *member, const json **ret, struct err *e)
{
    const json *node;

    TRY(json_get(obj, member, &node, e));
    if (!json_is_object(node))
        return wrong_kind(member, node, "an object", e);
    *ret = node;
    return ERR_OK;
}

enum err_code json_get_array(const json *obj, const char *member, const json **ret, struct err *e)
{
    const json *node;

    TRY(json_get(obj, member, &node, e));
    if (!json_is_array(node))
        return wrong_kind(member, node, "an array", e);
    *ret = node;
    return ERR_OK;
}

enum err_code json_get_str(const json *obj, const char *member, size_t max, const char **ret,
                           struct err *e)
{
    const json *node;

    TRY(json_get(obj, member, &node, e));
    if (!json_is_string(node))
        return wrong_kind(member, node, "a string", e);
    if (json_string_length(t_of(node)) > max)
        return err_set(e, ERR_TOO_LARGE, "\"%s\" has %zu bytes, expected at most %zu", member,
                       json_string_length(t_of(node)), max);
    *ret = json_string_value(t_of(node));
    return ERR_OK;
}

enum err_code json_get_i64(const json *obj, const char *member, int64_t *ret, struct err *e)
{
    const json *node;

    TRY(json_get(obj, member, &node, e));
    if (!json_is_integer(t_of(node)))
        return wrong_kind(member, node, "an integer", e);
    *ret = json_integer_value(t_of(node));
    return ERR_OK;
}

enum err_code json_get_u64(const json *obj, const char *member, uint64_t max, uint64_t *ret,
                           struct err *e)
{
    int64_t v;

    TRY(json_get_i64(obj, member, &v, e));
    if (v < 0 || (uint64_t)v > max)
        return err_set(e, ERR_INVALID, "\"%s\" is %" PRId64 ", expected 0 to %" PRIu64, member, v,
                       max);
    *ret = (uint64_t)v;
    return ERR_OK;
}

enum err_code json_get_bool(const json *obj, const char *member, bool *ret, struct err *e)
{
    const json *node;

    TRY(json_get(obj, member, &node, e));
    if (!json_is_boolean(t_of(node)))
        return wrong_kind(member, node, "a boolean", e);
    *ret = json_is_true(t_of(node));
    return ERR_OK;
}

static enum err_code get_text(const json *obj, const char *member, struct bytes *ret, struct err *e)
{
    const json *node;

    TRY(json_get(obj, member, &node, e));
    if (!json_is_string(node))
        return wrong_kind(member, node, "a string", e);
    *ret = (struct bytes){(const uint8_t *)json_string_value(t_of(node)),
                          json_string_length(t_of(node))};
    return ERR_OK;
}

enum err_code json_get_hex(const json *obj, const char *member, uint8_t *ret, size_t n,
                           struct err *e)
{
    struct bytes text;

    TRY(get_text(obj, member, &text, e));
    TRY_IN(e, hex_decode(text, ret, n, e), "\"%s\"", member);
    return ERR_OK;
}

enum err_code json_get_hex0x(const json *obj, const char *member, uint8_t *ret, size_t n,
                             struct err *e)
{
    struct bytes text;

    TRY(get_text(obj, member, &text, e));
    if (text.n < 2 || text.p[0] != '0' || text.p[1] != 'x')
        return err_set(e, ERR_INVALID, "\"%s\" does not begin with 0x", member);
    TRY_IN(e, hex_decode_0x(text, ret, n, e), "\"%s\"", member);
    return ERR_OK;
}

enum err_code json_get_b64(const json *obj, const char *member, struct buf *ret, struct err *e)
{
    struct bytes text;

    TRY(get_text(obj, member, &text, e));
    TRY_IN(e, base64_decode(text, ret, e), "\"%s\"", member);
    return ERR_OK;
}

size_t json_len(const json *array)
{
    return json_array_size(t_of(array));
}

const json *json_at(const json *array, size_t i)
{
    return j_of(json_array_get(t_of(array), i));
}

const char *json_str(const json *node)
{
    return json_string_value(t_of(node));
}

bool json_u64(const json *node, uint64_t max, uint64_t *ret)
{
    if (!node || !json_is_integer(t_of(node)) || json_integer_value(t_of(node)) < 0 ||
        (uint64_t)json_integer_value(t_of(node)) > max)
        return false;
    *ret = (uint64_t)json_integer_value(t_of(node));
    return true;
}

bool json_member(const json *obj, size_t i, const char **ret_name, const json **ret_node)
{
    void *at = json_object_iter(t_of(obj));

    for (; at && i > 0; i--)
        at = json_object_iter_next(t_of(obj), at);
    if (!at)
        return false;
    *ret_name = json_object_iter_key(at);
    *ret_node = j_of(json_object_iter_value(at));
    return true;
}

size_t json_members(const json *obj)
{
    return json_object_size(t_of(obj));
}

static enum err_code new_node(json_t *t, json **ret, struct err *e)
{
    if (!t)
        return err_set(e, ERR_NOMEM, "out of memory for JSON");
    *ret = j_of(t);
    return ERR_OK;
}

enum err_code json_new_object(json **ret, struct err *e)
{
    return new_node(json_object(), ret, e);
}

enum err_code json_new_array(json **ret, struct err *e)
{
    return new_node(json_array(), ret, e);
}

/* jansson takes the reference of v whether it succeeds or not. */
enum err_code json_put(json *obj, const char *member, json *v, struct err *e)
{
    if (json_object_set_new(t_of(obj), member, t_of(v)) != 0)
        return err_set(e, ERR_INTERNAL, "JSON member \"%s\" cannot be set", plain_name(member));
    return ERR_OK;
}

enum err_code json_append(json *array, json *v, struct err *e)
{
    if (json_array_append_new(t_of(array), t_of(v)) != 0)
        return err_set(e, ERR_INTERNAL, "JSON array cannot be appended to");
    return ERR_OK;
}

static enum err_code new_string(struct bytes text, json **ret, struct err *e)
{
    if (!utf8_valid(text))
        return err_set(e, ERR_INVALID, "a string for JSON is not UTF-8");
    return new_node(json_stringn(text.n ? (const char *)text.p : "", text.n), ret, e);
}

enum err_code json_append_str(json *array, const char *v, struct err *e)
{
    AUTO(json) s = NULL;

    TRY(new_string(bytes_of_str(v), &s, e));
    return json_append(array, TAKE(s), e);
}

static enum err_code put_text(json *obj, const char *member, struct bytes text, struct err *e)
{
    AUTO(json) s = NULL;

    TRY_IN(e, new_string(text, &s, e), "\"%s\"", member);
    return json_put(obj, member, TAKE(s), e);
}

enum err_code json_put_str(json *obj, const char *member, const char *v, struct err *e)
{
    return put_text(obj, member, bytes_of_str(v), e);
}

enum err_code json_put_u64(json *obj, const char *member, uint64_t v, struct err *e)
{
    AUTO(json) n = NULL;

    if (v > INT64_MAX)
        return err_set(e, ERR_TOO_LARGE, "\"%s\" is %" PRIu64 ", more than JSON carries here",
                       member, v);
    TRY(new_node(json_integer((json_int_t)v), &n, e));
    return json_put(obj, member, TAKE(n), e);
}

enum err_code json_put_bool(json *obj, const char *member, bool v, struct err *e)
{
    return json_put(obj, member, j_of(json_boolean(v)), e);
}

enum err_code json_put_null(json *obj, const char *member, struct err *e)
{
    return json_put(obj, member, j_of(json_null()), e);
}

enum err_code json_put_hex(json *obj, const char *member, struct bytes v, struct err *e)
{
    struct buf text AUTO_CALL(buf_done_wipe) = BUF(2 * v.n);

    hex_put(&text, v);
    TRY(buf_check(&text, e));
    return put_text(obj, member, buf_bytes(&text), e);
}

enum err_code json_put_hex0x(json *obj, const char *member, struct bytes v, struct err *e)
{
    struct buf text AUTO_CALL(buf_done_wipe) = BUF(2 + 2 * v.n);

    buf_reserve(&text, text.max);
    buf_put_str(&text, "0x");
    hex_put(&text, v);
    TRY(buf_check(&text, e));
    return put_text(obj, member, buf_bytes(&text), e);
}

enum err_code json_put_b64(json *obj, const char *member, struct bytes v, struct err *e)
{
    struct buf text AUTO_CALL(buf_done_wipe) = BUF(v.n / 3 * 4 + 4);

    buf_reserve(&text, text.max);
    base64_put(&text, v);
    TRY(buf_check(&text, e));
    return put_text(obj, member, buf_bytes(&text), e);
}

static int write_part(const char *part, size_t n, void *out)
{
    buf_put(out, (struct bytes){(const uint8_t *)part, n});
    return ((struct buf *)out)->bad ? -1 : 0;
}

enum err_code json_write(const json *j, enum json_form form, struct buf *out, struct err *e)
{
    size_t flags = JSON_ENCODE_ANY | (form == JSON_PRETTY ? JSON_INDENT(2) : JSON_COMPACT);

    if (json_dump_callback(t_of(j), write_part, out, flags) != 0) {
        TRY(buf_check(out, e));
        return err_set(e, ERR_INTERNAL, "JSON cannot be written");
    }
    return ERR_OK;
}

/* Controls that would act on a terminal (C0, DEL, C1), line separators and changes of direction. */
static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

void json_put_quoted(struct buf *out, struct bytes utf8)
{
    buf_put_u8(out, '"');
    while (utf8.n > 0) {
        uint32_t point = 0;
        size_t n = utf8_next(utf8, &point);

        if (n == 0) {
            buf_put_str(out, "\xef\xbf\xbd"); /* U+FFFD */
            n = 1;
        } else if (point == '"' || point == '\\') {
            buf_put_u8(out, '\\');
            buf_put_u8(out, (uint8_t)point);
        } else if (is_control(point)) {
            buf_printf(out, "\\u%04x", (unsigned)point);
        } else {
            buf_put(out, (struct bytes){utf8.p, n});
        }
        utf8 = (struct bytes){utf8.p + n, utf8.n - n};
    }
    buf_put_u8(out, '"');
}
