/* dcap - what tests of attestation share: vectors of tests/vectors/dcap, JSON values.  Room: tests.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/codec.h"
#include "base/json.h"
#include "support/vectors.h"

#define DCAP "tests/vectors/dcap/"

static inline void need(enum err_code code, const struct err *e)
{
    if (code != ERR_OK)
        fail_msg("%s", e->msg);
}

/* name is relative to tests/vectors/dcap; the caller frees .p */
static inline struct bytes dcap_file(const char *name)
{
    char path[256];
    size_t n = 0;
    char *p;

    snprintf(path, sizeof path, DCAP "%s", name);
    p = vector_read(path, &n);
    return (struct bytes){(uint8_t *)p, n};
}

static inline void dcap_free(struct bytes *b)
{
    free((void *)(uintptr_t)b->p);
}

static inline json *vector_json(const char *path)
{
    size_t n = 0;
    char *text = vector_read(path, &n);
    struct err e;
    json *j = NULL;

    json_init();
    need(json_parse((struct bytes){(uint8_t *)text, n}, 1 << 22, &j, &e), &e);
    free(text);
    return j;
}

static inline const json *jget(const json *obj, const char *member)
{
    const json *v = NULL;
    struct err e;

    need(json_get(obj, member, &v, &e), &e);
    return v;
}

static inline uint64_t jnum(const json *obj, const char *member)
{
    uint64_t v = 0;
    struct err e;

    need(json_get_u64(obj, member, UINT64_MAX, &v, &e), &e);
    return v;
}

static inline const char *jtext(const json *obj, const char *member)
{
    const char *v = NULL;
    struct err e;

    need(json_get_str(obj, member, 1 << 20, &v, &e), &e);
    return v;
}

/* The bytes must be the hex text of that member. */
static inline void assert_hex(struct bytes found, const json *obj, const char *member)
{
    struct buf hex AUTO_CALL(buf_done) = BUF(1 << 20);

    hex_put(&hex, found);
    buf_put_u8(&hex, 0);
    assert_string_equal((const char *)hex.p, jtext(obj, member));
}
#define ASSERT_HEX(array, obj, member) assert_hex(BYTES(array), obj, member)
