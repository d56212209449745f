/* The JSON form of event logs (dstack), and the digests of the events made at run time. */
#include "attest/ccel_log.h"

#include "base/codec.h"
#include "base/json.h"
#include "crypto/digest.h"

#define PREIMAGE_MAX (CCEL_JSON_MAX + 4096)

/* RFC 8785 §3.2.2.2: the short escapes, \u00xx for the other controls, everything else as it is. */
static void put_jcs_string(struct buf *out, struct bytes s)
{
    static const char with[] = "\"\\\b\f\n\r\t", as[] = "\"\\bfnrt";

    buf_put_u8(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] ? strchr(with, s.p[i]) : NULL;

        if (at)
            buf_printf(out, "\\%c", as[at - with]);
        else if (s.p[i] < 0x20)
            buf_printf(out, "\\u%04x", s.p[i]);
        else
            buf_put_u8(out, s.p[i]);
    }
    buf_put_u8(out, '"');
}

void ccel_dstack_preimage(const struct ccel_entry *ev, bool v2, struct buf *ret)
{
    if (v2) {
        buf_put_str(ret, "{\"name\":");
        put_jcs_string(ret, ev->name);
        buf_put_str(ret, ",\"payload\":\"");
        hex_put(ret, ev->data);
        buf_printf(ret, "\",\"type\":%u}", EV_DSTACK_RUNTIME);
        return;
    }
    buf_put_u32le(ret, ev->type);
    buf_put_u8(ret, ':');
    buf_put(ret, ev->name);
    buf_put_u8(ret, ':');
    buf_put(ret, ev->data);
}

/* The version is out of band, and programs have written it in several ways. */
static enum err_code read_version(const json *obj, bool *ret, struct err *e)
{
    const json *node = NULL;
    const char *word;
    uint64_t n = 1;

    *ret = false;
    if (!json_has(obj, "version"))
        return ERR_OK;
    TRY(json_get(obj, "version", &node, e));
    word = json_str(node);
    if (!word)
        TRY(json_get_u64(obj, "version", 2, &n, e));
    else if (strcmp(word, "v2") == 0 || strcmp(word, "V2") == 0)
        n = 2;
    else if (strcmp(word, "v1") != 0 && strcmp(word, "V1") != 0)
        n = 0;
    if (n == 0)
        return err_set(e, ERR_INVALID, "version: expected 1 or 2, \"v1\" or \"v2\"");
    *ret = n == 2;
    return ERR_OK;
}

/* Hex of any length, kept in the log's own memory (which never moves). */
static enum err_code hold_hex(const json *obj, const char *member, struct buf *held,
                              struct bytes *ret, struct err *e)
{
    size_t at = held->n;
    const char *text;

    TRY(json_get_str(obj, member, CCEL_JSON_MAX, &text, e));
    TRY_IN(e, hex_decode_buf(bytes_of_str(text), held, e), "%s", member);
    *ret = (struct bytes){held->p + at, held->n - at};
    return ERR_OK;
}

static enum err_code compute_digest(struct ccel_entry *ev, struct err *e)
{
    struct buf pre AUTO_CALL(buf_done) = BUF(PREIMAGE_MAX);

    if (ev->type != EV_DSTACK_RUNTIME)
        return err_set(e, ERR_INVALID, "digest: none, and nothing to compute it from");
    ccel_dstack_preimage(ev, ev->v2, &pre);
    TRY(buf_check(&pre, e));
    sha384(buf_bytes(&pre), ev->digest);
    return ERR_OK;
}

static enum err_code read_entry(const json *obj, struct buf *held, struct ccel_entry *ret,
                                struct err *e)
{
    static const char *const members[] = {"imr",           "event_type", "digest",   "event",
                                          "event_payload", "version",    "preimage", NULL};
    struct ccel_entry ev = {0};
    const char *digest = "", *name;
    uint64_t imr, type;

    TRY(json_only(obj, members, e));
    TRY(json_get_u64(obj, "imr", CCEL_RTMRS - 1, &imr, e));
    TRY(json_get_u64(obj, "event_type", UINT32_MAX, &type, e));
    TRY(json_get_str(obj, "event", CCEL_DSTACK_NAME, &name, e));
    ev.index = (uint32_t)imr + 1;
    ev.type = (uint32_t)type;
    ev.name = (struct bytes){held->p + held->n, strlen(name)};
    buf_put_str(held, name);
    TRY(hold_hex(obj, "event_payload", held, &ev.data, e));
    ev.no_data = ev.data.n == 0 && ev.type != EV_DSTACK_RUNTIME;
    TRY(read_version(obj, &ev.v2, e));
    if (json_has(obj, "digest"))
        TRY(json_get_str(obj, "digest", 96, &digest, e));
    if (*digest)
        TRY(json_get_hex(obj, "digest", ev.digest, sizeof ev.digest, e));
    else
        TRY(compute_digest(&ev, e));
    *ret = ev;
    return buf_check(held, e);
}

enum err_code ccel_log_from_json(struct bytes text, struct ccel_log *ret, struct err *e)
{
    struct ccel_log log AUTO_CALL(ccel_log_done) = {.form = CCEL_FORM_JSON, .held = BUF(text.n)};
    AUTO(json) tree = NULL;

    TRY_IN(e, json_parse_foreign(text, CCEL_JSON_MAX, &tree, e), "event log");
    if (!json_is_array(tree))
        return err_set(e, ERR_INVALID, "event log: JSON, but no array of events");
    if (json_len(tree) > CCEL_EVENTS_MAX)
        return err_set(e, ERR_TOO_LARGE, "event log: more than %d events", CCEL_EVENTS_MAX);
    /* Names and decoded hex are shorter than their text: nothing below moves what is borrowed. */
    buf_reserve(&log.held, text.n);
    log.entry = calloc(json_len(tree) + 1, sizeof *log.entry);
    if (!log.entry || buf_check(&log.held, e) != ERR_OK)
        return err_set(e, ERR_NOMEM, "out of memory for an event log");
    for (size_t i = 0; i < json_len(tree); i++, log.n++)
        TRY_IN(e, read_entry(json_at(tree, i), &log.held, &log.entry[i], e), "event log: event %zu",
               i + 1);
    *ret = log;
    log = (struct ccel_log){0};
    return ERR_OK;
}
