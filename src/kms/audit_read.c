/* Reading the log: all of it, in bounded memory, each line against the one before. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "base/codec.h"
#include "base/fs.h"
#include "kms/audit_line.h"

#define CHUNK 65536

/* Called for each good line; an error ends the walk. */
typedef enum err_code (*line_fn)(void *ctx, const struct audit_line *l, struct err *e);

struct walk {
    struct audit_report report;
    bool any;
    line_fn each;
    void *ctx;
};

static enum err_code check_link(const struct walk *w, const struct audit_line *l, struct err *e)
{
    const struct audit_report *r = &w->report;
    uint64_t expected = w->any ? r->last_seq + 1 : 1;
    char found[HEX_LEN(32)], wanted[HEX_LEN(32)];

    if (l->seq != expected)
        return err_set(e, ERR_VERIFY, "found sequence number %" PRIu64 ", expected %" PRIu64 "%s",
                       l->seq, expected,
                       w->any ? ": records are missing or were moved"
                              : ": the beginning is missing");
    if (!hash32_eq(&l->prev, &r->head)) {
        hex_encode(BYTES_OF(l->prev), found);
        hex_encode(BYTES_OF(r->head), wanted);
        return err_set(e, ERR_VERIFY, "found the previous hash %s, expected %s", found, wanted);
    }
    if (w->any && !bytes_eq(BYTES(l->node), BYTES(r->node)))
        return err_set(e, ERR_VERIFY, "the record is of another node's log");
    return ERR_OK;
}

static enum err_code take_line(struct walk *w, struct bytes line, struct err *e)
{
    struct audit_report *r = &w->report;
    struct audit_line l;
    struct err why = {0};

    if (audit_line_decode(line, &l, &why) != ERR_OK || check_link(w, &l, &why) != ERR_OK)
        return err_set(e, why.code == ERR_NOMEM ? ERR_NOMEM : ERR_VERIFY, "line %" PRIu64 ": %s",
                       r->records + 1, why.msg);
    if (!w->any) {
        r->first_seq = l.seq;
        memcpy(r->node, l.node, sizeof r->node);
        w->any = true;
    }
    r->last_seq = l.seq;
    r->head = l.hash;
    r->records++;
    r->releases += strcmp(l.event, "release") == 0 || strcmp(l.event, "release-v1") == 0;
    r->torn += strcmp(l.event, "torn") == 0;
    r->gaps += l.gap;
    r->good_bytes += line.n + 1;
    return w->each ? w->each(w->ctx, &l, e) : ERR_OK;
}

/* Takes all whole lines of b and leaves what begins another. */
static enum err_code take_lines(struct walk *w, struct buf *b, struct err *e)
{
    size_t from = 0;

    for (;;) {
        const uint8_t *lf = b->n > from ? memchr(b->p + from, '\n', b->n - from) : NULL;

        if (!lf)
            break;
        TRY(take_line(w, (struct bytes){b->p + from, (size_t)(lf - b->p) - from}, e));
        from = (size_t)(lf - b->p) + 1;
    }
    if (from) {
        memmove(b->p, b->p + from, b->n - from);
        b->n -= from;
    }
    if (b->n > AUDIT_LINE_MAX)
        return err_set(e, ERR_VERIFY, "line %" PRIu64 ": longer than %d bytes",
                       w->report.records + 1, AUDIT_LINE_MAX);
    return ERR_OK;
}

static enum err_code walk_fd(int fd, struct walk *w, struct err *e)
{
    struct buf b AUTO_CALL(buf_done) = BUF(CHUNK + AUDIT_LINE_MAX + 1);

    for (;;) {
        ssize_t got;

        buf_reserve(&b, CHUNK);
        TRY(buf_check(&b, e));
        got = read(fd, b.p + b.n, CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(e, ERR_IO, "read the audit log: %s", strerror(errno));
        if (got == 0)
            break;
        b.n += (size_t)got;
        TRY(take_lines(w, &b, e));
    }
    w->report.torn_bytes = b.n;
    return ERR_OK;
}

enum err_code audit_verify_fd(int fd, struct audit_report *ret, struct err *e)
{
    struct walk w = {0};

    TRY(walk_fd(fd, &w, e));
    *ret = w.report;
    return ERR_OK;
}

static enum err_code open_log(const char *path, int *ret_fd, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path,
                       strerror(errno));
    *ret_fd = fd;
    return ERR_OK;
}

enum err_code audit_verify(const char *path, struct audit_report *ret, struct err *e)
{
    int fd AUTO_CALL(fd_close) = -1;

    TRY(open_log(path, &fd, e));
    TRY_IN(e, audit_verify_fd(fd, ret, e), "%s", path);
    return ERR_OK;
}

struct search {
    const struct audit_receipt *wanted;
    bool found;
};

static enum err_code compare(void *ctx, const struct audit_line *l, struct err *e)
{
    struct search *s = ctx;

    if (l->seq != s->wanted->seq || !bytes_eq(BYTES(l->node), BYTES(s->wanted->node)))
        return ERR_OK;
    if (!hash32_eq(&l->hash, &s->wanted->head))
        return err_set(e, ERR_VERIFY,
                       "record %" PRIu64 " is another than the receipt's: this log "
                       "was written anew",
                       l->seq);
    s->found = true;
    return ERR_OK;
}

enum err_code audit_find(const char *path, const struct audit_receipt *receipt, struct err *e)
{
    int fd AUTO_CALL(fd_close) = -1;
    struct search s = {.wanted = receipt};
    struct walk w = {.each = compare, .ctx = &s};

    TRY(open_log(path, &fd, e));
    TRY_IN(e, walk_fd(fd, &w, e), "%s", path);
    if (!s.found)
        return err_set(e, ERR_NOT_FOUND, "%s: no record %" PRIu64 " of that node", path,
                       receipt->seq);
    return ERR_OK;
}
