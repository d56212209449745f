/* vectors - reads test vectors from the source tree.  Room: tests.
 *
 * Paths are relative to the root of the source tree, e.g. "tests/vectors/hpke/base.json".  Any
 * failure ends the test program: a missing vector is a broken checkout, not a result. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The whole file, one zero byte after it; the caller frees.  *ret_n may be NULL. */
static inline char *vector_read(const char *path, size_t *ret_n)
{
    const char *root = getenv("TEEREG_SRC");
    char full[4096], *data = NULL;
    size_t n = 0, room = 0;
    FILE *f;

    snprintf(full, sizeof full, "%s/%s", root ? root : ".", path);
    f = fopen(full, "rb");
    if (!f) {
        perror(full);
        abort();
    }
    do {
        char *bigger = realloc(data, room + 65536 + 1);

        if (!bigger)
            abort();
        data = bigger;
        room += 65536;
        n += fread(data + n, 1, room - n, f);
    } while (n == room);
    fclose(f);
    data[n] = 0;
    if (ret_n)
        *ret_n = n;
    return data;
}
