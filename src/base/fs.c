#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include "base/codec.h"

static enum err_code io_error(const char *what, const char *path, struct err *e)
{
    enum err_code code = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;

    return err_set(e, code, "%s %s: %s", what, path, strerror(errno));
}

static enum err_code read_all(int fd, const char *name, struct buf *ret, struct err *e)
{
    for (;;) {
        uint8_t beyond;
        size_t room = ret->max - ret->n;
        ssize_t got;

        if (room > 0 && ret->n >= ret->cap)
            buf_reserve(ret, room < 4096 ? room : 4096);
        TRY(buf_check(ret, e));
        got = room > 0 ? read(fd, ret->p + ret->n, ret->cap - ret->n) : read(fd, &beyond, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error("read", name, e);
        if (got == 0)
            return ERR_OK;
        if (room == 0)
            return err_set(e, ERR_TOO_LARGE, "%s is larger than the allowed %zu bytes", name,
                           ret->max);
        ret->n += (size_t)got;
    }
}

static enum err_code read_named(int fd, const char *name, struct buf *ret, struct err *e)
{
    size_t before = ret->n;
    struct stat st;

    if (fstat(fd, &st) != 0)
        return io_error("read", name, e);
    /* At once when the size is known: a buffer that is wiped at its end must not move. */
    if (S_ISREG(st.st_mode) && st.st_size > 0 && (size_t)st.st_size <= ret->max - ret->n)
        buf_reserve(ret, (size_t)st.st_size);
    if (read_all(fd, name, ret, e) != ERR_OK) {
        ret->n = before;
        return e->code;
    }
    return ERR_OK;
}

enum err_code fs_read_fd(int fd, struct buf *ret, struct err *e)
{
    char name[40];

    snprintf(name, sizeof name, "file descriptor %d", fd);
    return read_named(fd, name, ret, e);
}

enum err_code fs_read(const char *path, struct buf *ret, struct err *e)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its other end. */
    int fd AUTO_CALL(fd_close) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return io_error("read", path, e);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_IO, "read %s: not a regular file", path);
    return read_named(fd, path, ret, e);
}

/* A path as an open folder and a name in it, so that every step of a write is in the same folder.
 */
struct place {
    int dir;
    char name[NAME_MAX + 1];
    char temporary[NAME_MAX + 1];
    bool made; /* the temporary file is there */
};

static void place_done(struct place *p)
{
    if (p->made)
        unlinkat(p->dir, p->temporary, 0);
    fd_close(&p->dir);
}

static enum err_code place_open(const char *path, struct place *p, struct err *e)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t n = slash ? (size_t)(slash - path) : 0;
    char folder[PATH_MAX] = ".", hex[HEX_LEN(8)];
    uint8_t nonce[8];

    if (strlen(path) >= PATH_MAX || strlen(name) > NAME_MAX)
        return err_set(e, ERR_INVALID, "write %.60s...: the path is too long", path);
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return err_set(e, ERR_INVALID, "write %s: this names no file", path);
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", n ? (int)n : 1, path);
    if (getrandom(nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce)
        return io_error("write", path, e);
    hex_encode(BYTES(nonce), hex);
    snprintf(p->name, sizeof p->name, "%s", name);
    snprintf(p->temporary, sizeof p->temporary, ".write-%s", hex);
    p->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->dir < 0)
        return io_error("open folder", folder, e);
    return ERR_OK;
}

static enum err_code write_all(int fd, struct bytes data, const char *path, struct err *e)
{
    while (data.n > 0) {
        ssize_t put = write(fd, data.p, data.n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return io_error("write", path, e);
        data = (struct bytes){data.p + put, data.n - (size_t)put};
    }
    return ERR_OK;
}

static enum err_code write_temporary(struct place *p, const char *path, struct bytes data,
                                     mode_t mode, struct err *e)
{
    int fd AUTO_CALL(fd_close) =
        openat(p->dir, p->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return io_error("write beside", path, e);
    p->made = true;
    /* The umask took from the mode of open; fchmod is exact, and before the first byte. */
    if (fchmod(fd, mode) != 0)
        return io_error("set the mode of", path, e);
    TRY(write_all(fd, data, path, e));
    if (fsync(fd) != 0)
        return io_error("sync", path, e);
    return ERR_OK;
}

enum err_code fs_write_atomic(const char *path, struct bytes data, mode_t mode, struct err *e)
{
    struct place p AUTO_CALL(place_done) = {.dir = -1};

    TRY(place_open(path, &p, e));
    TRY(write_temporary(&p, path, data, mode, e));
    if (renameat(p.dir, p.temporary, p.dir, p.name) != 0)
        return io_error("replace", path, e);
    p.made = false;
    if (fsync(p.dir) != 0)
        return io_error("sync the folder of", path, e);
    return ERR_OK;
}

enum err_code fs_write_new(const char *path, struct bytes data, mode_t mode, struct err *e)
{
    struct place p AUTO_CALL(place_done) = {.dir = -1};

    TRY(place_open(path, &p, e));
    TRY(write_temporary(&p, path, data, mode, e));
    /* A second link fails where rename would replace. */
    if (linkat(p.dir, p.temporary, p.dir, p.name, 0) != 0)
        return errno == EEXIST ? err_set(e, ERR_INVALID, "%s exists already", path)
                               : io_error("create", path, e);
    unlinkat(p.dir, p.temporary, 0);
    p.made = false;
    if (fsync(p.dir) != 0)
        return io_error("sync the folder of", path, e);
    return ERR_OK;
}

static enum err_code make_dir(const char *path, mode_t mode, struct err *e)
{
    if (mkdir(path, mode) == 0)
        return chmod(path, mode) == 0 ? ERR_OK : io_error("set the mode of", path, e);
    return errno == EEXIST ? ERR_OK : io_error("create folder", path, e);
}

enum err_code fs_mkdirs(const char *path, mode_t mode, struct err *e)
{
    char prefix[PATH_MAX];
    struct stat st;
    size_t n = strlen(path);

    if (n == 0 || n >= sizeof prefix)
        return err_set(e, ERR_INVALID, "a folder's path of %zu bytes", n);
    for (size_t i = 1; i <= n; i++) {
        if ((path[i] != '/' && path[i] != 0) || path[i - 1] == '/')
            continue;
        memcpy(prefix, path, i);
        prefix[i] = 0;
        TRY(make_dir(prefix, mode, e));
    }
    if (stat(path, &st) != 0)
        return io_error("create folder", path, e);
    if (!S_ISDIR(st.st_mode))
        return err_set(e, ERR_IO, "%s is there but is no folder", path);
    return ERR_OK;
}

bool fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

#define LOCK_POLL_MS 20

enum err_code fs_lock(const char *path, unsigned wait_ms, int *ret, struct err *e)
{
    const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
    int fd AUTO_CALL(fd_close) = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return io_error("open", path, e);
    for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_POLL_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return io_error("lock", path, e);
        if (waited >= wait_ms)
            return err_set(e, ERR_BUSY, "%s: another process has it", path);
        nanosleep(&pause, NULL);
    }
    *ret = fd;
    fd = -1;
    return ERR_OK;
}
