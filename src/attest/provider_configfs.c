/* configfs-tsm: Linux 6.7 and later, Documentation/ABI/testing/configfs-tsm.
 *
 * Each quote has a directory of its own, so that calls need no lock among each other.  The kernel
 * counts the writes to its attributes in `generation`: one write of ours between two readings must
 * move it by exactly one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "attest/evidence.h"
#include "attest/provider.h"
#include "attest/quote.h"
#include "base/clock.h"
#include "base/fs.h"

#define ATTEMPTS    8
#define DEADLINE_NS ((uint64_t)30 * 1000000000)
#define PAUSE_NS    (20 * 1000000)

struct configfs {
    char dir[PATH_MAX / 2];
};

/* One report's directory; removed at scope exit. */
struct entry {
    char path[PATH_MAX / 2 + 64];
};

static void entry_done(struct entry *en)
{
    if (en->path[0])
        rmdir(en->path);
}

static enum err_code entry_make(const struct configfs *c, struct entry *ret, struct err *e)
{
    static atomic_uint count;
    char path[sizeof ret->path];

    snprintf(path, sizeof path, "%s/teereg-%ld-%u", c->dir, (long)getpid(),
             atomic_fetch_add(&count, 1));
    /* One that is there was left by a crashed process of our number. */
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_set(e, ERR_IO,
                       "%s: %s (this must be a TDX guest with Linux 6.7 or later: modprobe "
                       "tdx_guest; mount -t configfs none /sys/kernel/config; run as root)",
                       path, strerror(errno));
    memcpy(ret->path, path, sizeof path);
    return ERR_OK;
}

static int open_attribute(const struct entry *en, const char *name, int flags)
{
    char path[sizeof en->path + 32];

    snprintf(path, sizeof path, "%s/%s", en->path, name);
    return open(path, flags | O_CLOEXEC);
}

/* The kernel's words for "somebody is at it": all is to be done again. */
static bool is_transient(int error)
{
    return error == EAGAIN || error == EBUSY || error == EINTR || error == ETIMEDOUT;
}

/* ERR_BUSY: again. */
static enum err_code io_error(const char *what, const char *name, struct err *e)
{
    int error = errno;

    return err_set(e, is_transient(error) ? ERR_BUSY : ERR_IO, "%s %s: %s", what, name,
                   strerror(error));
}

static enum err_code read_attribute(const struct entry *en, const char *name, struct buf *ret,
                                    struct err *e)
{
    int fd AUTO_CALL(fd_close) = open_attribute(en, name, O_RDONLY);
    uint8_t chunk[4096];
    ssize_t n;

    if (fd < 0)
        return io_error("open", name, e);
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        buf_put(ret, (struct bytes){chunk, (size_t)n});
        TRY_IN(e, buf_check(ret, e), "read %s", name);
    }
    return n < 0 ? io_error("read", name, e) : ERR_OK;
}

static enum err_code read_generation(const struct entry *en, uint64_t *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(32);
    char *end;

    TRY(read_attribute(en, "generation", &text, e));
    buf_put_u8(&text, 0);
    TRY(buf_check(&text, e));
    errno = 0;
    *ret = strtoull((const char *)text.p, &end, 10);
    if (errno || end == (const char *)text.p || (*end != '\n' && *end != 0))
        return err_set(e, ERR_IO, "generation is no number");
    return ERR_OK;
}

static enum err_code write_inblob(const struct entry *en, const struct report_data *rd,
                                  struct err *e)
{
    int fd AUTO_CALL(fd_close) = open_attribute(en, "inblob", O_WRONLY);
    ssize_t n;

    if (fd < 0)
        return io_error("open", "inblob", e);
    n = write(fd, rd->b, sizeof rd->b); /* at once: each write is a generation */
    if (n < 0)
        return io_error("write", "inblob", e);
    if (n != sizeof rd->b)
        return err_set(e, ERR_IO, "write inblob: %zd of 64 bytes", n);
    return ERR_OK;
}

/* ERR_BUSY: again. */
static enum err_code attempt(const struct entry *en, const struct report_data *rd, struct buf *ret,
                             struct err *e)
{
    uint64_t before, after;

    buf_clear(ret);
    TRY(read_generation(en, &before, e));
    TRY(write_inblob(en, rd, e));
    TRY(read_attribute(en, "outblob", ret, e));
    TRY(read_generation(en, &after, e));
    if (ret->n == 0 || after != before + 1)
        return err_set(e, ERR_BUSY, "outblob of %zu bytes, generation %llu after %llu", ret->n,
                       (unsigned long long)after, (unsigned long long)before);
    return ERR_OK;
}

static void pause_shortly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

static enum err_code quote(void *self, const struct report_data *rd, struct buf *ret, struct err *e)
{
    uint64_t start = clock_ns(&clock_system);
    struct entry en AUTO_CALL(entry_done) = {0};
    struct buf blob AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct err why;

    TRY(entry_make(self, &en, e));
    for (int i = 0; i < ATTEMPTS && clock_ns(&clock_system) - start < DEADLINE_NS; i++) {
        enum err_code code;

        if (i > 0)
            pause_shortly();
        code = attempt(&en, rd, &blob, &why);
        if (code == ERR_OK) {
            buf_put(ret, buf_bytes(&blob));
            return buf_check(ret, e);
        }
        if (code != ERR_BUSY)
            return err_set(e, code, "%s", why.msg);
    }
    return err_set(e, ERR_TIMEOUT, "%s after %d attempts", why.msg, ATTEMPTS);
}

static enum err_code check_provider(const struct configfs *c, struct err *e)
{
    struct entry en AUTO_CALL(entry_done) = {0};
    struct buf name AUTO_CALL(buf_done) = BUF(64);

    TRY(entry_make(c, &en, e));
    TRY_IN(e, read_attribute(&en, "provider", &name, e), "%s", en.path);
    while (name.n > 0 && name.p[name.n - 1] == '\n')
        name.n--;
    if (!bytes_eq(buf_bytes(&name), bytes_of_str("tdx_guest")))
        return err_set(e, ERR_IO, "%s/provider is \"%.*s\", expected \"tdx_guest\"", en.path,
                       (int)name.n, name.n ? (const char *)name.p : "");
    return ERR_OK;
}

enum err_code provider_configfs(const char *report_dir, quote_provider **ret, struct err *e)
{
    AUTO(quote_provider) p = calloc(1, sizeof *p);
    struct configfs *c = calloc(1, sizeof *c);

    if (p)
        *p = (quote_provider){quote, free, c, EVIDENCE_TYPE_TDX, "configfs-tsm"};
    if (!p || !c) {
        if (!p)
            free(c);
        return err_set(e, ERR_NOMEM, "provider of quotes");
    }
    if (!report_dir)
        report_dir = PROVIDER_CONFIGFS_DIR;
    if (snprintf(c->dir, sizeof c->dir, "%s", report_dir) >= (int)sizeof c->dir)
        return err_set(e, ERR_INVALID, "a path of %zu bytes", strlen(report_dir));
    TRY_IN(e, check_provider(c, e), "configfs-tsm");
    *ret = TAKE(p);
    return ERR_OK;
}
