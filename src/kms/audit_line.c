#include "kms/audit_line.h"

#include <inttypes.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/rd.h"
#include "crypto/digest.h"

static const char domain[] = "teereg-audit-v2"; /* with its NUL */

/* The line ends with exactly this: ,"hash":"<64 hex>"} */
#define TAIL_HEAD ",\"hash\":\""
#define TAIL_LEN  (sizeof TAIL_HEAD - 1 + 64 + 2)

static void hash_of(struct bytes body, struct hash32 *ret)
{
    SHA256_OF(ret, BYTES(domain), body);
}

static bool event_is_clean(const char *event)
{
    size_t n = strlen(event);

    if (n == 0 || n >= sizeof((struct audit_line *)0)->event)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((event[i] >= 'a' && event[i] <= 'z') || (event[i] >= '0' && event[i] <= '9') ||
              event[i] == '-'))
            return false;
    return true;
}

static void put_field(struct buf *out, const struct audit_field *f)
{
    buf_printf(out, ",\"%s\":", f->name);
    switch (f->kind) {
    case AUDIT_STR:
        json_put_quoted(out, bytes_of_str(f->str));
        break;
    case AUDIT_U64:
        buf_printf(out, "%" PRIu64, f->u64);
        break;
    case AUDIT_BOOL:
        buf_put_str(out, f->u64 ? "true" : "false");
        break;
    case AUDIT_HEX:
    case AUDIT_HEX0X:
        buf_put_str(out, f->kind == AUDIT_HEX ? "\"" : "\"0x");
        hex_put(out, f->bytes);
        buf_put_str(out, "\"");
        break;
    }
}

enum err_code audit_line_encode(uint64_t seq, int64_t now,
                                const uint8_t node[static AUDIT_NODE_LEN],
                                const struct hash32 *prev, const char *event,
                                const struct audit_field *fields, size_t n, struct buf *ret,
                                struct hash32 *ret_hash, struct err *e)
{
    struct buf line AUTO_CALL(buf_done) = BUF(AUDIT_LINE_MAX);
    char time[21];

    if (!event_is_clean(event))
        return err_set(e, ERR_INVALID,
                       "an audit event is a word of small letters, digits and dashes");
    clock_format(now, time);
    buf_printf(&line, "{\"seq\":%" PRIu64 ",\"time\":\"%s\",\"node\":\"", seq, time);
    hex_put(&line, (struct bytes){node, AUDIT_NODE_LEN});
    buf_put_str(&line, "\",\"prev\":\"");
    hex_put(&line, BYTES_OF(*prev));
    buf_printf(&line, "\",\"event\":\"%s\"", event);
    for (size_t i = 0; i < n; i++)
        put_field(&line, &fields[i]);
    TRY_IN(e, buf_check(&line, e), "audit record \"%s\"", event);
    hash_of(buf_bytes(&line), ret_hash);
    buf_put_str(&line, TAIL_HEAD);
    hex_put(&line, BYTES_OF(*ret_hash));
    buf_put_str(&line, "\"}\n");
    TRY_IN(e, buf_check(&line, e), "audit record \"%s\"", event);
    buf_put(ret, buf_bytes(&line));
    return buf_check(ret, e);
}

/* Splits off the tail; ERR_INVALID when the line does not end so. */
static enum err_code split(struct bytes line, struct bytes *ret_body, struct hash32 *ret_hash,
                           struct err *e)
{
    const uint8_t *tail;

    if (line.n > AUDIT_LINE_MAX)
        return err_set(e, ERR_INVALID, "a line of %zu bytes: at most %d", line.n, AUDIT_LINE_MAX);
    if (line.n <= TAIL_LEN)
        return err_set(e, ERR_INVALID, "a line of %zu bytes is too short for a record", line.n);
    tail = line.p + line.n - TAIL_LEN;
    if (!bytes_eq((struct bytes){tail, sizeof TAIL_HEAD - 1}, bytes_of_str(TAIL_HEAD)) ||
        !bytes_eq((struct bytes){tail + TAIL_LEN - 2, 2}, bytes_of_str("\"}")))
        return err_set(e, ERR_INVALID, "the line does not end with its hash");
    TRY(hex_decode((struct bytes){tail + sizeof TAIL_HEAD - 1, 64}, ret_hash->b, 32, e));
    *ret_body = (struct bytes){line.p, line.n - TAIL_LEN};
    return ERR_OK;
}

/* The next bytes are exactly this text. */
static void expect(struct rd *r, const char *text)
{
    size_t n = strlen(text);

    if (!bytes_eq(rd_take(r, n), (struct bytes){(const uint8_t *)text, n}))
        r->bad = true;
}

/* A decimal number as the encoder writes it: no sign, no leading zero. */
static uint64_t take_number(struct rd *r)
{
    uint64_t v = 0;
    size_t digits = 0;

    for (; rd_ok(r) && r->left > 0 && *r->p >= '0' && *r->p <= '9'; digits++) {
        bool zero_first = digits == 1 && v == 0;
        unsigned d = rd_u8(r) - '0';

        if (zero_first || __builtin_mul_overflow(v, 10U, &v) || __builtin_add_overflow(v, d, &v))
            r->bad = true;
    }
    if (digits == 0)
        r->bad = true;
    return v;
}

static void take_hex(struct rd *r, uint8_t *ret, size_t n)
{
    struct bytes text = rd_take(r, 2 * n);
    struct err ignored;

    if (text.n && hex_decode(text, ret, n, &ignored) != ERR_OK)
        r->bad = true;
}

/* Up to the quote that ends it. */
static void take_event(struct rd *r, char *ret, size_t size)
{
    size_t n = 0;

    while (n < r->left && r->p[n] != '"')
        n++;
    if (n >= size) {
        r->bad = true;
        return;
    }
    rd_copy(r, ret, n);
    expect(r, "\"");
    if (!event_is_clean(ret))
        r->bad = true;
}

#define TIME_LEN 20

/* The members that every record begins with.  The form is the encoder's to the byte: a start that
 * reads a million records cannot afford a tree of each. */
static bool read_head(struct rd *r, struct audit_line *ret)
{
    expect(r, "{\"seq\":");
    ret->seq = take_number(r);
    expect(r, ",\"time\":\"");
    rd_take(r, TIME_LEN);
    expect(r, "\",\"node\":\"");
    take_hex(r, ret->node, sizeof ret->node);
    expect(r, "\",\"prev\":\"");
    take_hex(r, ret->prev.b, sizeof ret->prev.b);
    expect(r, "\",\"event\":\"");
    take_event(r, ret->event, sizeof ret->event);
    return rd_ok(r);
}

/* In a string its quotes would stand escaped, so what is found is the member. */
static bool has_gap(struct bytes rest)
{
    static const char gap[] = ",\"gap\":true";

    return rest.n && memmem(rest.p, rest.n, gap, sizeof gap - 1) != NULL;
}

enum err_code audit_line_decode(struct bytes line, struct audit_line *ret, struct err *e)
{
    struct audit_line l = {0};
    struct hash32 found;
    struct bytes body = {0};
    char expected[HEX_LEN(32)];
    struct rd r;

    TRY(split(line, &body, &l.hash, e));
    hash_of(body, &found);
    if (!hash32_eq(&found, &l.hash)) {
        hex_encode(BYTES_OF(found), expected);
        return err_set(e, ERR_VERIFY, "the record was changed: its hash should be %s", expected);
    }
    r = rd_of(body);
    if (!read_head(&r, &l) || (r.left > 0 && *r.p != ','))
        return err_set(e, ERR_INVALID, "the line is not a record of this log");
    l.gap = has_gap((struct bytes){r.p, r.left});
    *ret = l;
    return ERR_OK;
}
