/* rlp - see rlp.h. */
#include "chain/rlp.h"

/* Length of length bytes, big-endian, as a long form must have it: no leading zero, over 55. */
static bool long_length(struct rd *r, size_t width, size_t *ret)
{
    struct bytes be = rd_take(r, width);
    uint64_t n = 0;

    if (be.n == 0 || be.p[0] == 0)
        return false;
    for (size_t i = 0; i < be.n; i++)
        n = n << 8 | be.p[i];
    if (n <= 55 || n > r->left)
        return false;
    *ret = (size_t)n;
    return true;
}

enum err_code rlp_next(struct rd *r, struct rlp_item *ret, struct err *e)
{
    const uint8_t *start = r->p;
    size_t before = r->left, n = 0;
    struct rlp_item item = {0};
    uint8_t first;

    if (r->bad || r->left == 0)
        return err_set(e, ERR_INVALID, "rlp: an item is missing");
    first = rd_u8(r);
    item.list = first >= 0xc0;
    if (first < 0x80) {
        item.body = (struct bytes){start, 1};
        item.whole = item.body;
        *ret = item;
        return ERR_OK;
    }
    if (first <= 0xb7 || (first >= 0xc0 && first <= 0xf7)) {
        n = first - (item.list ? 0xc0u : 0x80u);
    } else if (!long_length(r, first - (item.list ? 0xf7u : 0xb7u), &n)) {
        r->bad = true;
        return err_set(e, ERR_INVALID, "rlp: a length is not canonical or passes the end");
    }
    item.body = rd_take(r, n);
    if (r->bad)
        return err_set(e, ERR_INVALID, "rlp: an item passes the end");
    if (!item.list && n == 1 && item.body.p[0] < 0x80) {
        r->bad = true;
        return err_set(e, ERR_INVALID, "rlp: a small byte has a prefix");
    }
    item.whole = (struct bytes){start, before - r->left};
    *ret = item;
    return ERR_OK;
}

enum err_code rlp_parse(struct bytes data, struct rlp_item *ret, struct err *e)
{
    struct rd r = rd_of(data);
    struct rlp_item item;

    TRY(rlp_next(&r, &item, e));
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID, "rlp: %zu bytes after the item", r.left);
    *ret = item;
    return ERR_OK;
}

static enum err_code check_items(struct bytes body, unsigned depth, struct err *e)
{
    struct rd r = rd_of(body);

    while (r.left > 0) {
        struct rlp_item item;

        TRY(rlp_next(&r, &item, e));
        if (!item.list)
            continue;
        if (depth == 0)
            return err_set(e, ERR_TOO_LARGE, "rlp: lists are nested too deep");
        TRY(check_items(item.body, depth - 1, e));
    }
    return ERR_OK;
}

enum err_code rlp_check(struct bytes data, unsigned max_depth, struct err *e)
{
    struct rlp_item item;

    TRY(rlp_parse(data, &item, e));
    return check_items(item.whole, max_depth, e);
}

enum err_code rlp_next_fixed(struct rd *r, uint8_t *ret, size_t n, struct err *e)
{
    struct rlp_item item;

    TRY(rlp_next(r, &item, e));
    if (item.list || item.body.n != n)
        return err_set(e, ERR_INVALID, "rlp: expected %zu bytes, found %s of %zu", n,
                       item.list ? "a list" : "a string", item.body.n);
    if (n)
        memcpy(ret, item.body.p, n);
    return ERR_OK;
}

enum err_code rlp_next_u64(struct rd *r, uint64_t *ret, struct err *e)
{
    struct rlp_item item;
    uint64_t v = 0;

    TRY(rlp_next(r, &item, e));
    if (item.list || item.body.n > 8 || (item.body.n > 0 && item.body.p[0] == 0))
        return err_set(e, ERR_INVALID, "rlp: not a number of 64 bits");
    for (size_t i = 0; i < item.body.n; i++)
        v = v << 8 | item.body.p[i];
    *ret = v;
    return ERR_OK;
}

static void put_header(struct buf *out, size_t n, uint8_t base)
{
    uint8_t be[8];
    size_t width = 0;

    if (n <= 55) {
        buf_put_u8(out, (uint8_t)(base + n));
        return;
    }
    for (size_t rest = n; rest > 0; rest >>= 8)
        width++;
    for (size_t i = 0; i < width; i++)
        be[i] = (uint8_t)((uint64_t)n >> (8 * (width - 1 - i)));
    buf_put_u8(out, (uint8_t)(base + 55 + width));
    buf_put(out, (struct bytes){be, width});
}

void rlp_put_str(struct buf *out, struct bytes s)
{
    if (s.n != 1 || s.p[0] >= 0x80)
        put_header(out, s.n, 0x80);
    buf_put(out, s);
}

void rlp_put_uint(struct buf *out, struct bytes be)
{
    while (be.n > 0 && be.p[0] == 0) {
        be.p++;
        be.n--;
    }
    rlp_put_str(out, be);
}

void rlp_put_u64(struct buf *out, uint64_t v)
{
    uint8_t be[8];

    for (size_t i = 0; i < 8; i++)
        be[i] = (uint8_t)(v >> (56 - 8 * i));
    rlp_put_uint(out, BYTES(be));
}

void rlp_put_list(struct buf *out, struct bytes items)
{
    put_header(out, items.n, 0xc0);
    buf_put(out, items);
}
