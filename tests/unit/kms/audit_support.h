/* audit_support - a log in its own folder, on a disk that counts and fails when told to.
 * Room: tests. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fs.h"
#include "base/json.h"
#include "kms/audit.h"
#include "kms/audit_line.h"
#include "support/json_vectors.h"

static _Atomic int64_t now = 1795514400;

static inline int64_t test_now(void *self)
{
    (void)self;
    return now;
}

static inline uint64_t test_ns(void *self)
{
    (void)self;
    return (uint64_t)now * 1000000000;
}

static const struct clock test_clock = {.unix_now = test_now, .monotonic_ns = test_ns};

/* The disk, as the log sees it: counted, and failing or slow when told to. */
static atomic_uint syncs_done;
static atomic_bool sync_fails, sync_is_slow;

int fdatasync(int fd)
{
    atomic_fetch_add(&syncs_done, 1);
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    if (sync_is_slow)
        usleep(2000);
    return fsync(fd);
}

/* ---- one log in its own folder ---- */

struct place {
    char dir[64], path[96];
};

static inline int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    snprintf(p->dir, sizeof p->dir, "/tmp/teereg-audit-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/audit.jsonl", p->dir);
    *state = p;
    return 0;
}

static inline int tear_down(void **state)
{
    struct place *p = *state;

    unlink(p->path);
    rmdir(p->dir);
    free(p);
    return 0;
}

static inline audit *opened(const struct place *p)
{
    audit *a = NULL;
    struct err e = {0};

    assert_int_equal(audit_open(p->path, &test_clock, &a, &e), ERR_OK);
    return a;
}

static inline struct audit_receipt add(audit *a, uint64_t n)
{
    const struct audit_field f = {.name = "n", .kind = AUDIT_U64, .u64 = n};
    struct audit_receipt r;
    struct err e = {0};

    assert_int_equal(audit_append(a, "release", &f, 1, &r, &e), ERR_OK);
    return r;
}

static inline struct audit_report verified(const struct place *p)
{
    struct audit_report r;
    struct err e = {0};

    if (audit_verify(p->path, &r, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return r;
}

static inline void read_log(const struct place *p, struct buf *b)
{
    struct err e = {0};

    b->max = 1 << 24;
    assert_int_equal(fs_read(p->path, b, &e), ERR_OK);
}

static inline void write_log(const struct place *p, struct bytes b)
{
    int fd = open(p->path, O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, b.p, b.n), (ssize_t)b.n);
    close(fd);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
