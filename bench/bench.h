/* bench - what the benchmark programs about quotes share: failing aloud, vectors, numbers.  Header
 * only. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include "base/buf.h"
#include "base/fs.h"

static inline void must(enum err_code code, const struct err *e)
{
    if (code == ERR_OK)
        return;
    fprintf(stderr, "bench: %s\n", e->msg);
    exit(1);
}

/* A file of tests/vectors/dcap; TEEREG_SRC is the root of the source tree. */
static inline void bench_vector(const char *name, struct buf *ret)
{
    const char *src = getenv("TEEREG_SRC");
    char path[1024];
    struct err e;

    snprintf(path, sizeof path, "%s/tests/vectors/dcap/%s", src ? src : ".", name);
    must(fs_read(path, ret, &e), &e);
}

/* From 1 to max; anything else ends the program. */
static inline size_t bench_number(const char *text, size_t max)
{
    char *end;
    const unsigned long n = strtoul(text, &end, 10);

    if (*end || n < 1 || n > max) {
        fprintf(stderr, "bench: %s is not a number from 1 to %zu\n", text, max);
        exit(2);
    }
    return n;
}
