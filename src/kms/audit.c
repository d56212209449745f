/* Writing the log. */
#include "kms/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "crypto/random.h"
#include "kms/audit_line.h"

#define PENDING_MAX (1 << 20)
#define REASONS_MAX 64

struct refused {
    const char *reason;
    uint64_t n;
};

/* A thread whose record is not durable yet.  It is woken once and then needs no lock: all of a
 * batch would stand in line for it. */
struct waiter {
    sem_t woken;
    struct waiter *next;
    bool leads, failed; /* must flush; will never be durable */
};

struct audit {
    int fd;
    const struct clock *clock;
    uint8_t node[AUDIT_NODE_LEN];

    pthread_mutex_t lock;
    struct buf pending, writing; /* writing belongs to the flusher */
    struct waiter *waiting;      /* for what is in pending, but for who will flush it */
    pthread_cond_t room;         /* there is some in pending, or the log failed */
    bool flushing, failed;
    uint64_t seq, durable_seq, syncs;
    struct hash32 head, durable_head;
    struct err failure;

    pthread_mutex_t refused_lock;
    struct refused refused[REASONS_MAX];
    size_t n_refused;
    uint64_t refused_at_ns; /* when the last record of them was written */
};

/* ---- group commit ---- */

static enum err_code write_all(int fd, struct bytes b, struct err *e)
{
    while (b.n) {
        ssize_t done = write(fd, b.p, b.n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_set(e, ERR_IO, "write the audit log: %s", strerror(errno));
        b.p += done;
        b.n -= (size_t)done;
    }
    if (fdatasync(fd) != 0)
        return err_set(e, ERR_IO, "sync the audit log: %s", strerror(errno));
    return ERR_OK;
}

static void wake(struct waiter *list, bool failed)
{
    while (list) {
        struct waiter *w = list;

        list = w->next;
        w->failed = failed;
        sem_post(&w->woken); /* from here on it may be gone */
    }
}

static void fail(audit *a, const struct err *why)
{
    a->failed = true;
    a->failure = *why;
    wake(TAKE(a->waiting), true);
    pthread_cond_broadcast(&a->room);
}

/* Who came while a flush ran is in the next one, and one of them makes it. */
static void hand_on(audit *a)
{
    struct waiter *next = a->waiting;

    a->flushing = next != NULL;
    if (!next)
        return;
    a->waiting = next->next;
    next->leads = true;
    sem_post(&next->woken);
}

/* Under the lock, which is given up while the disk works; a->flushing is the caller's. */
static void flush(audit *a)
{
    struct waiter *others = TAKE(a->waiting);
    struct buf swap = a->writing;
    uint64_t upto = a->seq;
    struct hash32 head = a->head;
    struct err why = {0};
    enum err_code rc;

    if (a->failed) {
        hand_on(a);
        return;
    }
    a->writing = a->pending;
    a->pending = swap;
    buf_clear(&a->pending);
    pthread_cond_broadcast(&a->room);
    pthread_mutex_unlock(&a->lock);
    rc = write_all(a->fd, buf_bytes(&a->writing), &why);
    pthread_mutex_lock(&a->lock);
    a->syncs++;
    if (rc == ERR_OK) {
        a->durable_seq = upto;
        a->durable_head = head;
    } else {
        fail(a, &why);
    }
    wake(others, rc != ERR_OK);
    hand_on(a);
}

static enum err_code put_record(audit *a, const char *event, const struct audit_field *fields,
                                size_t n, struct audit_receipt *ret, struct err *e)
{
    while (!a->failed && a->pending.n > PENDING_MAX - AUDIT_LINE_MAX)
        pthread_cond_wait(&a->room, &a->lock);
    if (a->failed) {
        *e = a->failure;
        return e->code;
    }
    TRY(audit_line_encode(a->seq + 1, clock_unix(a->clock), a->node, &a->head, event, fields, n,
                          &a->pending, &ret->head, e));
    a->head = ret->head;
    ret->seq = ++a->seq;
    memcpy(ret->node, a->node, sizeof ret->node);
    return ERR_OK;
}

/* Takes the lock with it.  The lock is held again unless the record is durable. */
static bool others_flush(audit *a)
{
    struct waiter me = {.next = a->waiting};

    sem_init(&me.woken, 0, 0);
    a->waiting = &me;
    pthread_mutex_unlock(&a->lock);
    while (sem_wait(&me.woken) != 0)
        ; /* a signal */
    sem_destroy(&me.woken);
    if (!me.leads && !me.failed)
        return true;
    pthread_mutex_lock(&a->lock);
    if (me.leads)
        flush(a);
    return false;
}

enum err_code audit_append(audit *a, const char *event, const struct audit_field *fields, size_t n,
                           struct audit_receipt *ret, struct err *e)
{
    struct audit_receipt r = {0};
    enum err_code rc;

    pthread_mutex_lock(&a->lock);
    rc = put_record(a, event, fields, n, &r, e);
    if (rc == ERR_NOMEM && !a->failed)
        fail(a, e); /* pending may be poisoned */
    if (rc == ERR_OK && a->flushing) {
        if (others_flush(a)) {
            *ret = r;
            return ERR_OK;
        }
    } else if (rc == ERR_OK) {
        a->flushing = true;
        flush(a);
    }
    if (rc == ERR_OK && a->durable_seq < r.seq) {
        *e = a->failure;
        rc = e->code;
    }
    pthread_mutex_unlock(&a->lock);
    if (rc == ERR_OK)
        *ret = r;
    return rc;
}

enum err_code audit_works(audit *a, struct err *e)
{
    bool failed;

    pthread_mutex_lock(&a->lock);
    failed = a->failed;
    if (failed)
        *e = a->failure;
    pthread_mutex_unlock(&a->lock);
    return failed ? e->code : ERR_OK;
}

void audit_head(audit *a, struct audit_receipt *ret)
{
    pthread_mutex_lock(&a->lock);
    memcpy(ret->node, a->node, sizeof ret->node);
    ret->seq = a->durable_seq;
    ret->head = a->durable_head;
    pthread_mutex_unlock(&a->lock);
}

uint64_t audit_syncs(audit *a)
{
    uint64_t n;

    pthread_mutex_lock(&a->lock);
    n = a->syncs;
    pthread_mutex_unlock(&a->lock);
    return n;
}

/* ---- refusals ---- */

void audit_refused(audit *a, const char *reason)
{
    size_t i = 0;

    pthread_mutex_lock(&a->refused_lock);
    while (i < a->n_refused && strcmp(a->refused[i].reason, reason) != 0)
        i++;
    if (i == a->n_refused && a->n_refused < REASONS_MAX)
        a->refused[a->n_refused++].reason = reason;
    if (i < a->n_refused)
        a->refused[i].n++;
    pthread_mutex_unlock(&a->refused_lock);
}

/* What there is to write, as fields; nothing when the last record is too young. */
static size_t gather_refused(audit *a, bool now, struct audit_field fields[static REASONS_MAX])
{
    uint64_t t = clock_ns(a->clock);
    size_t n = 0;

    pthread_mutex_lock(&a->refused_lock);
    if (now || t - a->refused_at_ns >= AUDIT_REFUSED_EVERY_S * (uint64_t)1000000000)
        for (size_t i = 0; i < a->n_refused; i++)
            if (a->refused[i].n)
                fields[n++] = (struct audit_field){
                    .name = a->refused[i].reason, .kind = AUDIT_U64, .u64 = a->refused[i].n};
    if (n)
        a->refused_at_ns = t;
    pthread_mutex_unlock(&a->refused_lock);
    return n;
}

static void subtract_refused(audit *a, const struct audit_field *fields, size_t n)
{
    pthread_mutex_lock(&a->refused_lock);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < a->n_refused; k++)
            if (a->refused[k].reason == fields[i].name)
                a->refused[k].n -= fields[i].u64;
    pthread_mutex_unlock(&a->refused_lock);
}

static enum err_code write_refused(audit *a, bool now, struct err *e)
{
    struct audit_field fields[REASONS_MAX];
    struct audit_receipt r;
    size_t n = gather_refused(a, now, fields);

    if (n == 0)
        return ERR_OK;
    TRY(audit_append(a, "refused", fields, n, &r, e));
    subtract_refused(a, fields, n);
    return ERR_OK;
}

enum err_code audit_flush_refused(audit *a, struct err *e)
{
    return write_refused(a, false, e);
}

/* ---- opening and closing ---- */

static void audit_free(audit *a)
{
    if (a->fd >= 0)
        close(a->fd);
    buf_done(&a->pending);
    buf_done(&a->writing);
    pthread_mutex_destroy(&a->lock);
    pthread_mutex_destroy(&a->refused_lock);
    pthread_cond_destroy(&a->room);
    free(a);
}

typedef struct audit audit_half_open;
DEFINE_AUTO(audit_half_open, audit_free);

static enum err_code open_file(audit *a, const char *path, struct err *e)
{
    struct stat st;

    a->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (a->fd < 0 || fstat(a->fd, &st) != 0)
        return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode)) /* a device forgets, and would be given our mode */
        return err_set(e, ERR_INVALID, "%s: an audit log is a regular file", path);
    if (flock(a->fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(e, errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO,
                       "%s: another process writes this audit log (%s)", path, strerror(errno));
    if (fchmod(a->fd, 0600) != 0)
        return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
    return ERR_OK;
}

/* The name of a new file must be durable too. */
static enum err_code sync_directory(const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    int fd AUTO_CALL(fd_close) = -1;
    char dir[4096];

    if (!slash)
        snprintf(dir, sizeof dir, ".");
    else
        snprintf(dir, sizeof dir, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return err_set(e, ERR_IO, "%s: sync the directory: %s", dir, strerror(errno));
    return ERR_OK;
}

static enum err_code read_back(audit *a, const char *path, struct audit_report *ret, struct err *e)
{
    TRY_IN(e, audit_verify_fd(a->fd, ret, e),
           "%s: the audit log does not hold; move it aside (a new one opens with a marked gap)",
           path);
    if (ret->torn_bytes && ftruncate(a->fd, (off_t)ret->good_bytes) != 0)
        return err_set(e, ERR_IO, "%s: cut the torn last line: %s", path, strerror(errno));
    if (ret->records == 0)
        random_bytes(a->node, sizeof a->node);
    else
        memcpy(a->node, ret->node, sizeof a->node);
    a->seq = a->durable_seq = ret->last_seq;
    a->head = a->durable_head = ret->head;
    return ERR_OK;
}

static enum err_code first_records(audit *a, const char *path, const struct audit_report *r,
                                   struct err *e)
{
    const struct audit_field gap = {.name = "gap", .kind = AUDIT_BOOL, .u64 = 1};
    const struct audit_field bytes = {.name = "bytes", .kind = AUDIT_U64, .u64 = r->torn_bytes};
    const struct audit_field version = {
        .name = "version", .kind = AUDIT_STR, .str = TEEREG_VERSION};
    struct audit_receipt done;

    if (r->records == 0) {
        TRY(sync_directory(path, e));
        TRY(audit_append(a, "opened", &gap, 1, &done, e));
    }
    if (r->torn_bytes)
        TRY(audit_append(a, "torn", &bytes, 1, &done, e));
    return audit_append(a, "started", &version, 1, &done, e);
}

enum err_code audit_open(const char *path, const struct clock *clock, audit **ret, struct err *e)
{
    AUTO(audit_half_open) a = calloc(1, sizeof *a);
    struct audit_report report;

    if (!a)
        return err_set(e, ERR_NOMEM, "out of memory for the audit log");
    pthread_mutex_init(&a->lock, NULL);
    pthread_mutex_init(&a->refused_lock, NULL);
    pthread_cond_init(&a->room, NULL);
    a->fd = -1;
    a->clock = clock;
    a->pending.max = a->writing.max = PENDING_MAX;
    TRY(open_file(a, path, e));
    TRY(read_back(a, path, &report, e));
    TRY(first_records(a, path, &report, e));
    a->refused_at_ns = clock_ns(clock);
    *ret = TAKE(a);
    return ERR_OK;
}

void audit_close(audit *a)
{
    struct audit_receipt done;
    struct err why = {0};

    if (!a)
        return;
    if (write_refused(a, true, &why) == ERR_OK &&
        audit_append(a, "stopped", NULL, 0, &done, &why) != ERR_OK)
        why.code = ERR_IO; /* the chain simply ends before it, as after a crash */
    audit_free(a);
}
