/* fs - whole files: bounded reads, atomic durable writes with exact modes.  Room: base. */
#pragma once
#include <sys/types.h>
#include <unistd.h>
#include "base/buf.h"

/* The whole of a regular file, appended to ret; more than ret's maximum is ERR_TOO_LARGE, no such
 * file ERR_NOT_FOUND.  For a secret ret has its whole maximum reserved. */
MUST_CHECK enum err_code fs_read(const char *path, struct buf *ret, struct err *e);
/* From any descriptor, up to its end. */
MUST_CHECK enum err_code fs_read_fd(int fd, struct buf *ret, struct err *e);
/* Write a temporary file beside path with exactly this mode (whatever the umask), fsync, rename
 * over path, fsync the directory.  A symbolic link at path is replaced, not followed. */
MUST_CHECK enum err_code fs_write_atomic(const char *path, struct bytes data, mode_t mode,
                                         struct err *e);
/* The same, but ERR_INVALID when path exists already. */
MUST_CHECK enum err_code fs_write_new(const char *path, struct bytes data, mode_t mode,
                                      struct err *e);
/* path and the folders above it; those that are missing are made with exactly this mode. */
MUST_CHECK enum err_code fs_mkdirs(const char *path, mode_t mode, struct err *e);
bool fs_exists(const char *path);
/* One process at a time: the file (made with mode 0600, never removed) is locked until *ret is
 * closed.  Waits at most so long.  ERR_BUSY: another has it. */
MUST_CHECK enum err_code fs_lock(const char *path, unsigned wait_ms, int *ret, struct err *e);

/* `int fd AUTO_CALL(fd_close) = -1;` */
static inline void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
