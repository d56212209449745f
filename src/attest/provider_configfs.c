/* configfs-tsm: Linux 6.7 and later, Documentation/ABI/testing/configfs-tsm.  Each quote has a
 * directory of its own, so that calls need no lock among each other. */
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
#include "attest/tsm.h"
#include "base/clock.h"
#include "base/fs.h"

#define DEADLINE_NS ((uint64_t)30 * 1000000000)
#define PAUSE_NS    (20 * 1000000)

struct configfs {
    char dir[PATH_MAX / 2];
};

/* One report's directory; removed at scope exit. */
struct entry {
    char path[PATH_MAX / 2 + 64];
    uint64_t start_ns;
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
    ret->start_ns = clock_ns(&clock_system);
    return ERR_OK;
}

static int open_attribute(const struct entry *en, const char *name, int flags)
{
    char path[sizeof en->path + 32];

    snprintf(path, sizeof path, "%s/%s", en->path, name);
    return open(path, flags | O_CLOEXEC);
}

static enum err_code io_error(const struct entry *en, const char *name, struct err *e)
{
    int error = errno;
    bool again = error == EAGAIN || error == EBUSY || error == EINTR || error == ETIMEDOUT;

    return err_set(e, again ? ERR_BUSY : ERR_IO, "%s/%s: %s", en->path, name, strerror(error));
}

static enum err_code read_attribute(void *self, const char *name, struct buf *ret, struct err *e)
{
    const struct entry *en = self;
    int fd AUTO_CALL(fd_close) = open_attribute(en, name, O_RDONLY);
    uint8_t chunk[4096];
    ssize_t n;

    if (fd < 0)
        return io_error(en, name, e);
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        buf_put(ret, (struct bytes){chunk, (size_t)n});
        TRY_IN(e, buf_check(ret, e), "%s/%s", en->path, name);
    }
    return n < 0 ? io_error(en, name, e) : ERR_OK;
}

static enum err_code write_attribute(void *self, const char *name, struct bytes data, struct err *e)
{
    const struct entry *en = self;
    int fd AUTO_CALL(fd_close) = open_attribute(en, name, O_WRONLY);
    ssize_t n = fd < 0 ? -1 : write(fd, data.p, data.n);

    if (n < 0)
        return io_error(en, name, e);
    if ((size_t)n != data.n)
        return err_set(e, ERR_IO, "%s/%s: %zd of %zu bytes written", en->path, name, n, data.n);
    return ERR_OK;
}

static bool pause_shortly(void *self)
{
    const struct entry *en = self;

    nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    return clock_ns(&clock_system) - en->start_ns < DEADLINE_NS;
}

static struct tsm_report report_of(struct entry *en)
{
    return (struct tsm_report){read_attribute, write_attribute, pause_shortly, en};
}

static enum err_code quote(void *self, const struct report_data *rd, struct buf *ret, struct err *e)
{
    struct entry en AUTO_CALL(entry_done) = {0};
    struct tsm_report report = report_of(&en);

    TRY(entry_make(self, &en, e));
    return tsm_quote(&report, rd, ret, e);
}

static enum err_code check(const struct configfs *c, struct err *e)
{
    struct entry en AUTO_CALL(entry_done) = {0};
    struct tsm_report report = report_of(&en);

    TRY(entry_make(c, &en, e));
    return tsm_check_provider(&report, e);
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
    TRY_IN(e, check(c, e), "configfs-tsm");
    *ret = TAKE(p);
    return ERR_OK;
}
