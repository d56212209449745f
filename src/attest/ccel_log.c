#include "attest/ccel_log.h"

#include "base/codec.h"
#include "crypto/digest.h"

#define ENTRIES_AT_FIRST 64

void ccel_log_done(struct ccel_log *log)
{
    free(log->entry);
    buf_done(&log->held);
    *log = (struct ccel_log){0};
}

static enum err_code append(struct ccel_log *log, size_t *room, const struct ccel_event *ev,
                            struct err *e)
{
    struct ccel_entry *entry;

    if (log->n == CCEL_EVENTS_MAX)
        return err_set(e, ERR_TOO_LARGE, "event log: more than %d events", CCEL_EVENTS_MAX);
    if (log->n == *room) {
        struct ccel_entry *bigger;

        *room = *room ? 2 * *room : ENTRIES_AT_FIRST;
        bigger = reallocarray(log->entry, *room, sizeof *bigger);
        if (!bigger)
            return err_set(e, ERR_NOMEM, "out of memory for an event log");
        log->entry = bigger;
    }
    entry = &log->entry[log->n++];
    *entry = (struct ccel_entry){.index = ev->index, .type = ev->type, .data = ev->data};
    memcpy(entry->digest, ev->digest.p, sizeof entry->digest);
    return ERR_OK;
}

/* Nobody reads what is behind the end, but it is said when it is no padding: a reader with another
 * idea of the end would see other events. */
static bool is_padding(struct bytes rest)
{
    for (size_t i = 1; i < rest.n; i++)
        if (rest.p[i] != rest.p[0])
            return false;
    return rest.n == 0 || rest.p[0] == 0 || rest.p[0] == 0xff;
}

static enum err_code from_tcg(struct bytes text, struct ccel_log *ret, struct err *e)
{
    struct ccel_log log AUTO_CALL(ccel_log_done) = {.form = CCEL_FORM_TCG};
    struct ccel_event ev;
    size_t room = 0;
    struct ccel c;
    bool more;

    TRY(ccel_begin(text, &c, e));
    for (;;) {
        TRY(ccel_next(&c, &ev, &more, e));
        if (!more)
            break;
        TRY(append(&log, &room, &ev, e));
    }
    log.end_offset = c.offset;
    log.not_padding = !is_padding((struct bytes){text.p + c.offset, text.n - c.offset});
    memcpy(log.alg, c.alg, sizeof log.alg);
    log.n_algs = c.n_algs;
    *ret = log;
    log = (struct ccel_log){0};
    return ERR_OK;
}

enum err_code ccel_log_read(struct bytes text, struct ccel_log *ret, struct err *e)
{
    size_t i = 0;

    /* No TCG log begins with white space or a bracket: its first byte is an index, 0 to 4. */
    while (i < text.n &&
           (text.p[i] == ' ' || text.p[i] == '\n' || text.p[i] == '\r' || text.p[i] == '\t'))
        i++;
    if (i < text.n && text.p[i] == '[')
        return ccel_log_from_json(text, ret, e);
    return from_tcg(text, ret, e);
}

enum err_code ccel_log_append(struct bytes log, const struct ccel_entry *ev, struct buf *ret,
                              struct err *e)
{
    struct ccel_log read AUTO_CALL(ccel_log_done) = {0};

    TRY(ccel_log_read(log, &read, e));
    if (read.form != CCEL_FORM_TCG || read.n_algs != 1)
        return err_set(e, ERR_INVALID, "event log: not of SHA-384 alone, so nothing is added");
    buf_put(ret, (struct bytes){log.p, read.end_offset});
    buf_put_u32le(ret, ev->index);
    buf_put_u32le(ret, ev->type);
    buf_put_u32le(ret, 1);
    buf_put_u16le(ret, CCEL_ALG_SHA384);
    buf_put(ret, BYTES(ev->digest));
    buf_put_u32le(ret, (uint32_t)ev->data.n);
    buf_put(ret, ev->data);
    return buf_check(ret, e);
}

/* ---- replay ---- */

static void extend(uint8_t rtmr[static 48], const uint8_t digest[static 48])
{
    uint8_t both[96];

    memcpy(both, rtmr, 48);
    memcpy(both + 48, digest, 48);
    sha384(BYTES(both), rtmr);
}

void ccel_log_replay(const struct ccel_log *log, struct ccel_replay *ret)
{
    *ret = (struct ccel_replay){0};
    for (size_t i = 0; i < log->n; i++) {
        const struct ccel_entry *ev = &log->entry[i];

        if (ev->type == EV_NO_ACTION)
            continue;
        if (ev->index == 0) {
            ret->mrtd++;
            continue;
        }
        extend(ret->rtmr[ev->index - 1], ev->digest);
        ret->extends[ev->index - 1]++;
    }
}

bool ccel_replay_matches(const struct ccel_replay *replay,
                         const uint8_t rtmr[static CCEL_RTMRS][48], bool ret[static CCEL_RTMRS])
{
    bool all = true;

    for (size_t i = 0; i < CCEL_RTMRS; i++) {
        ret[i] = bytes_eq(BYTES(replay->rtmr[i]), (struct bytes){rtmr[i], 48});
        all = all && ret[i];
    }
    return all;
}
