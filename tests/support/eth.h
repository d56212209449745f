/* eth - what several tests of the Ethereum side share.  Room: tests. */
#pragma once
#include "base/codec.h"
#include "base/json.h"
#include "support/vectors.h"

/* A JSON vector file; any failure ends the test program. */
static inline json *vector_json(const char *path)
{
    struct err e = {0};
    json *root = NULL;
    size_t n;
    char *text = vector_read(path, &n);

    if (json_parse((struct bytes){(const uint8_t *)text, n}, n, &root, &e) != ERR_OK) {
        fprintf(stderr, "%s: %s\n", path, e.msg);
        abort();
    }
    free(text);
    return root;
}

static inline const char *vector_str(const json *obj, const char *member)
{
    struct err e = {0};
    const char *s;

    if (json_get_str(obj, member, (size_t)1 << 20, &s, &e) != ERR_OK) {
        fprintf(stderr, "vector: %s\n", e.msg);
        abort();
    }
    return s;
}

static inline const json *vector_get(const json *obj, const char *member)
{
    struct err e = {0};
    const json *node;

    if (json_get(obj, member, &node, &e) != ERR_OK) {
        fprintf(stderr, "vector: %s\n", e.msg);
        abort();
    }
    return node;
}

/* Hex with or without 0x, appended. */
static inline void vector_hex(const char *hex, struct buf *ret)
{
    struct err e = {0};

    if (hex[0] == '0' && hex[1] == 'x')
        hex += 2;
    if (hex_decode_buf(bytes_of_str(hex), ret, &e) != ERR_OK) {
        fprintf(stderr, "vector: %s\n", e.msg);
        abort();
    }
}

static inline struct addr vector_addr(const char *hex)
{
    struct err e = {0};
    struct addr a;

    if (addr_parse(bytes_of_str(hex), &a, &e) != ERR_OK) {
        fprintf(stderr, "vector: %s\n", e.msg);
        abort();
    }
    return a;
}

static inline struct hash32 vector_hash(const char *hex)
{
    struct err e = {0};
    struct hash32 h;

    if (hash32_parse(bytes_of_str(hex), &h, &e) != ERR_OK) {
        fprintf(stderr, "vector: %s\n", e.msg);
        abort();
    }
    return h;
}
