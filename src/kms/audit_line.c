#include "kms/audit_line.h"

#include <inttypes.h>

#include "base/codec.h"
#include "base/json.h"
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
        if (!((event[i] >= 'a' && event[i] <= 'z') || event[i] == '-'))
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
        return err_set(e, ERR_INVALID, "an audit event is a word of small letters and dashes");
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

enum err_code audit_line_decode(struct bytes line, struct audit_line *ret, struct err *e)
{
    struct audit_line l = {0};
    struct hash32 found;
    struct bytes body = {0};
    char expected[HEX_LEN(32)];
    AUTO(json) obj = NULL;
    const char *event;

    TRY(split(line, &body, &l.hash, e));
    hash_of(body, &found);
    if (!hash32_eq(&found, &l.hash)) {
        hex_encode(BYTES_OF(found), expected);
        return err_set(e, ERR_VERIFY, "the record was changed: its hash should be %s", expected);
    }
    TRY(json_parse(line, AUDIT_LINE_MAX, &obj, e));
    TRY(json_get_u64(obj, "seq", UINT64_MAX, &l.seq, e));
    TRY(json_get_hex(obj, "node", l.node, sizeof l.node, e));
    TRY(json_get_hex(obj, "prev", l.prev.b, sizeof l.prev.b, e));
    TRY(json_get_str(obj, "event", sizeof l.event - 1, &event, e));
    memcpy(l.event, event, strlen(event) + 1);
    if (json_has(obj, "gap"))
        TRY(json_get_bool(obj, "gap", &l.gap, e));
    *ret = l;
    return ERR_OK;
}
