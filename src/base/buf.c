#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#define FIRST_CAP 64

void buf_done(struct buf *b)
{
    free(b->p);
    *b = BUF(b->max);
}

void buf_done_wipe(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap + 1);
    buf_done(b);
}

/* One byte more than cap is always there, for the NUL of buf_cstr and of vsnprintf. */
static bool grow(struct buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : FIRST_CAP;
    uint8_t *p;

    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    p = cap < SIZE_MAX ? realloc(b->p, cap + 1) : NULL;
    if (!p)
        return false;
    b->p = p;
    b->cap = cap;
    return true;
}

void buf_reserve(struct buf *b, size_t n)
{
    if (b->bad)
        return;
    if (n > b->max - b->n) {
        b->bad = true;
        return;
    }
    if ((!b->p || b->n + n > b->cap) && !grow(b, b->n + n)) {
        b->bad = true;
        b->no_memory = true;
    }
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->bad = false;
    b->no_memory = false;
}

void buf_put(struct buf *b, struct bytes x)
{
    if (x.n == 0)
        return;
    buf_reserve(b, x.n);
    if (b->bad)
        return;
    memcpy(b->p + b->n, x.p, x.n);
    b->n += x.n;
}

static void put_be(struct buf *b, uint64_t v, size_t width)
{
    uint8_t w[8];

    for (size_t i = 0; i < width; i++)
        w[i] = (uint8_t)(v >> 8 * (width - 1 - i));
    buf_put(b, (struct bytes){w, width});
}

static void put_le(struct buf *b, uint64_t v, size_t width)
{
    uint8_t w[8];

    for (size_t i = 0; i < width; i++)
        w[i] = (uint8_t)(v >> 8 * i);
    buf_put(b, (struct bytes){w, width});
}

void buf_put_u8(struct buf *b, uint8_t v)
{
    if (b->bad || !b->p || b->n == b->cap)
        buf_reserve(b, 1);
    if (!b->bad)
        b->p[b->n++] = v;
}

void buf_put_u16be(struct buf *b, uint16_t v)
{
    put_be(b, v, 2);
}

void buf_put_u32be(struct buf *b, uint32_t v)
{
    put_be(b, v, 4);
}

void buf_put_u64be(struct buf *b, uint64_t v)
{
    put_be(b, v, 8);
}

void buf_put_u16le(struct buf *b, uint16_t v)
{
    put_le(b, v, 2);
}

void buf_put_u32le(struct buf *b, uint32_t v)
{
    put_le(b, v, 4);
}

void buf_put_u64le(struct buf *b, uint64_t v)
{
    put_le(b, v, 8);
}

void buf_put_zero(struct buf *b, size_t n)
{
    buf_reserve(b, n);
    if (b->bad || n == 0)
        return;
    memset(b->p + b->n, 0, n);
    b->n += n;
}

void buf_put_lp(struct buf *b, struct bytes x)
{
    if (x.n > UINT32_MAX) {
        b->bad = true;
        return;
    }
    buf_put_u32be(b, (uint32_t)x.n);
    buf_put(b, x);
}

void buf_put_str(struct buf *b, const char *s)
{
    buf_put(b, bytes_of_str(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        b->bad = true;
    else
        buf_reserve(b, (size_t)n);
    if (!b->bad) {
        vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

enum err_code buf_check(const struct buf *b, struct err *e)
{
    if (!b->bad)
        return ERR_OK;
    if (b->no_memory)
        return err_set(e, ERR_NOMEM, "out of memory after %zu bytes", b->n);
    return err_set(e, ERR_TOO_LARGE, "more than the allowed %zu bytes", b->max);
}

const char *buf_cstr(struct buf *b)
{
    if (b->bad)
        return NULL;
    if (!b->p)
        return "";
    b->p[b->n] = 0;
    return (const char *)b->p;
}
