/* rd - read fixed-layout bytes; one bad read poisons the rest.  Room: base.
 *
 * A parser is a list of reads in wire order; values count only after rd_ok (enough bytes) or rd_end
 * (enough, and none left).  After a short read every read gives zero or empty bytes. */
#pragma once
#include "base/bytes.h"

struct rd {
    const uint8_t *p;
    size_t left;
    bool bad;
};

static inline struct rd rd_of(struct bytes b)
{
    return (struct rd){b.p, b.n, false};
}

/* The next n bytes, borrowed. */
static inline struct bytes rd_take(struct rd *r, size_t n)
{
    struct bytes out = {r->p, n};

    if (r->bad || n > r->left) {
        r->bad = true;
        return (struct bytes){0};
    }
    if (n)
        r->p += n;
    r->left -= n;
    return out;
}

static inline uint64_t rd_be(struct rd *r, size_t width)
{
    struct bytes b = rd_take(r, width);
    uint64_t v = 0;

    for (size_t i = 0; i < b.n; i++)
        v = v << 8 | b.p[i];
    return v;
}

static inline uint64_t rd_le(struct rd *r, size_t width)
{
    struct bytes b = rd_take(r, width);
    uint64_t v = 0;

    for (size_t i = b.n; i > 0; i--)
        v = v << 8 | b.p[i - 1];
    return v;
}

static inline uint8_t rd_u8(struct rd *r)
{
    return (uint8_t)rd_be(r, 1);
}
static inline uint16_t rd_u16be(struct rd *r)
{
    return (uint16_t)rd_be(r, 2);
}
static inline uint32_t rd_u32be(struct rd *r)
{
    return (uint32_t)rd_be(r, 4);
}
static inline uint64_t rd_u64be(struct rd *r)
{
    return rd_be(r, 8);
}
static inline uint16_t rd_u16le(struct rd *r)
{
    return (uint16_t)rd_le(r, 2);
}
static inline uint32_t rd_u32le(struct rd *r)
{
    return (uint32_t)rd_le(r, 4);
}
static inline uint64_t rd_u64le(struct rd *r)
{
    return rd_le(r, 8);
}

/* Exactly n bytes into dst; dst is left as it was on a short read. */
static inline void rd_copy(struct rd *r, void *dst, size_t n)
{
    struct bytes b = rd_take(r, n);

    if (b.p && n)
        memcpy(dst, b.p, n);
}

/* lp(x) of docs/WIRE.md: u32be length, then that many bytes; more than max poisons. */
static inline struct bytes rd_lp(struct rd *r, size_t max)
{
    uint32_t n = rd_u32be(r);

    if (n > max)
        r->bad = true;
    return rd_take(r, n);
}

static inline bool rd_ok(const struct rd *r)
{
    return !r->bad;
}
static inline bool rd_end(const struct rd *r)
{
    return !r->bad && r->left == 0;
}
