/* json_vectors - test vectors in JSON files: find members, decode hex.  Room: tests.
 *
 * Any failure ends the test program, as in vectors.h.  It uses jansson itself and a hex decoder of
 * its own, so that vectors are not read by the code they test. */
#pragma once
#include <jansson.h>
#include <string.h>
#include "base/bytes.h"
#include "support/vectors.h"

static inline json_t *jv_load(const char *path)
{
    size_t n;
    char *text = vector_read(path, &n);
    json_error_t why;
    json_t *root = json_loadb(text, n, 0, &why);

    free(text);
    if (!root) {
        fprintf(stderr, "%s:%d: %s\n", path, why.line, why.text);
        abort();
    }
    return root;
}

static inline const json_t *jv_get(const json_t *obj, const char *member)
{
    const json_t *v = json_object_get(obj, member);

    if (!v) {
        fprintf(stderr, "vector without \"%s\"\n", member);
        abort();
    }
    return v;
}

static inline const char *jv_str(const json_t *obj, const char *member)
{
    const char *s = json_string_value(jv_get(obj, member));

    if (!s)
        abort();
    return s;
}

static inline uint8_t jv_nibble(char c)
{
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (uint8_t)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (uint8_t)(c - 'A' + 10);
    fprintf(stderr, "vector with hex digit '%c'\n", c);
    abort();
}

/* Decoded into a block of exactly that size; the caller frees .p (cast away const). */
static inline struct bytes jv_unhex(const char *text)
{
    size_t n = strlen(text) / 2;
    uint8_t *p = malloc(n ? n : 1);

    if (!p || strlen(text) % 2)
        abort();
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(jv_nibble(text[2 * i]) << 4 | jv_nibble(text[2 * i + 1]));
    return (struct bytes){p, n};
}

static inline struct bytes jv_hex(const json_t *obj, const char *member)
{
    return jv_unhex(jv_str(obj, member));
}

static inline void jv_free(struct bytes b)
{
    free((void *)b.p);
}
#define JV_BYTES __attribute__((cleanup(jv_free_))) struct bytes
static inline void jv_free_(struct bytes *b)
{
    jv_free(*b);
}
