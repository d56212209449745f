/* replay - runs a fuzz target over its saved corpus in an ordinary build.  Room: tests.
 *
 * Usage: replay_NAME DIR...  Every file of each DIR goes to LLVMFuzzerTestOneInput as it is; then
 * cut short at every length, and with bytes flipped, within a budget that keeps large files cheap.
 * Each input is in a heap block of its exact size, so that a sanitizer sees the first byte too
 * many. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

#define FILE_MAX       ((size_t)1 << 20)
#define VARIANT_BUDGET ((size_t)4 << 20) /* bytes fed per file and kind of change */
#define VARIANT_MAX    2048              /* inputs per file and kind of change */

static size_t runs;

static void run_one(const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy)
        abort();
    if (n)
        memcpy(copy, data, n);
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    runs++;
}

/* How far to step through n positions so that both limits hold. */
static size_t stride_of(size_t n)
{
    size_t most = n ? VARIANT_BUDGET / n : 1;

    if (most > VARIANT_MAX)
        most = VARIANT_MAX;
    if (most == 0)
        most = 1;
    return n / most + 1;
}

static void run_variants(uint8_t *data, size_t n)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    size_t step = stride_of(n);

    run_one(data, n);
    for (size_t cut = 0; cut < n; cut += step)
        run_one(data, cut);
    for (size_t i = 0; i < n; i += step) {
        uint8_t flip = flips[(i / step) % sizeof flips];

        data[i] ^= flip;
        run_one(data, n);
        data[i] ^= flip;
    }
}

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(FILE_MAX);
    size_t n;

    if (!f || !data) {
        fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
        abort();
    }
    fprintf(stderr, "replay: %s\n", path); /* the last one named is the one that failed */
    n = fread(data, 1, FILE_MAX, f);
    fclose(f);
    if (n == FILE_MAX)
        fprintf(stderr, "replay: %s: larger than %zu bytes, cut\n", path, FILE_MAX);
    run_variants(data, n);
    free(data);
    return 1;
}

static int run_dir(const char *dir)
{
    struct dirent **names = NULL;
    int files = 0, n = scandir(dir, &names, NULL, alphasort);

    if (n < 0) {
        fprintf(stderr, "replay: %s: %s\n", dir, strerror(errno));
        return 0;
    }
    for (int i = 0; i < n; i++) {
        char path[4096];

        if (names[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
            files += run_file(path);
        }
        free(names[i]);
    }
    free(names);
    return files;
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    run_one((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        if (run_dir(argv[i]) == 0) {
            fprintf(stderr, "replay: no seeds in %s\n", argv[i]);
            return 1;
        }
    }
    printf("replay: %zu inputs\n", runs);
    return 0;
}
