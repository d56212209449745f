#include "attest/der.h"

#include "base/clock.h"

enum err_code der_next(struct rd *r, struct der *ret, struct err *e)
{
    struct rd at = *r;
    uint8_t tag = rd_u8(r), first = rd_u8(r);
    size_t n = first;
    struct der v = {.tag = tag};

    if ((tag & 0x1f) == 0x1f)
        r->bad = true; /* a tag number of more than one byte */
    if (first == 0x81) {
        n = rd_u8(r);
        r->bad |= n < 0x80; /* not minimal */
    } else if (first == 0x82) {
        n = rd_u16be(r);
        r->bad |= n < 0x100;
    } else if (first >= 0x80) {
        r->bad = true; /* indefinite, or longer than anything we read */
    }
    v.body = rd_take(r, n);
    if (!rd_ok(r))
        return err_set(e, ERR_INVALID, "malformed DER");
    v.whole = (struct bytes){at.p, at.left - r->left};
    *ret = v;
    return ERR_OK;
}

enum err_code der_expect(struct rd *r, uint8_t tag, struct der *ret, struct err *e)
{
    struct der v;

    TRY(der_next(r, &v, e));
    if (v.tag != tag) {
        r->bad = true;
        return err_set(e, ERR_INVALID, "DER tag %02x, expected %02x", v.tag, tag);
    }
    *ret = v;
    return ERR_OK;
}

enum err_code der_optional(struct rd *r, uint8_t tag, struct der *ret, struct err *e)
{
    if (!rd_ok(r) || r->left == 0 || *r->p != tag) {
        *ret = (struct der){0};
        return rd_ok(r) ? ERR_OK : err_set(e, ERR_INVALID, "malformed DER");
    }
    return der_next(r, ret, e);
}

enum err_code der_finish(const struct rd *r, const char *what, struct err *e)
{
    if (!rd_end(r))
        return err_set(e, ERR_INVALID, "%zu bytes too many in %s", r->left, what);
    return ERR_OK;
}

enum err_code der_uint(const struct der *v, uint64_t max, uint64_t *ret, struct err *e)
{
    struct rd r = rd_of(v->body);
    uint64_t n;

    if (v->tag != DER_INTEGER && v->tag != DER_ENUMERATED)
        return err_set(e, ERR_INVALID, "DER tag %02x, expected a number", v->tag);
    if (v->body.n == 0 || v->body.n > 9 || (v->body.p[0] & 0x80) ||
        (v->body.n > 1 && v->body.p[0] == 0 && !(v->body.p[1] & 0x80)) ||
        (v->body.n == 9 && v->body.p[0] != 0))
        return err_set(e, ERR_INVALID, "DER number that is negative, not minimal or too large");
    n = rd_be(&r, v->body.n);
    if (n > max)
        return err_set(e, ERR_INVALID, "DER number %llu, expected at most %llu",
                       (unsigned long long)n, (unsigned long long)max);
    *ret = n;
    return ERR_OK;
}

enum err_code der_bool(const struct der *v, bool *ret, struct err *e)
{
    if (v->tag != DER_BOOLEAN || v->body.n != 1 || (v->body.p[0] != 0 && v->body.p[0] != 0xff))
        return err_set(e, ERR_INVALID, "not a DER boolean");
    *ret = v->body.p[0] != 0;
    return ERR_OK;
}

enum err_code der_bits(const struct der *v, struct bytes *ret, struct err *e)
{
    if (v->tag != DER_BIT_STRING || v->body.n < 1 || v->body.p[0] != 0)
        return err_set(e, ERR_INVALID, "not a DER bit string of whole octets");
    *ret = (struct bytes){v->body.p + 1, v->body.n - 1};
    return ERR_OK;
}

/* ---- time ---- */

/* The next n digits as a number; poisons the cursor on anything else. */
static int64_t digits(struct rd *r, size_t n)
{
    struct bytes b = rd_take(r, n);
    int64_t v = 0;

    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] < '0' || b.p[i] > '9')
            r->bad = true;
        v = v * 10 + (b.p[i] - '0');
    }
    return v;
}

enum err_code der_time(const struct der *v, int64_t *ret, struct err *e)
{
    struct rd r = rd_of(v->body);
    int64_t y = 0, mo, d, h, mi, s;

    if (v->tag == DER_UTC_TIME) {
        y = digits(&r, 2);
        y += y < 50 ? 2000 : 1900;
    } else if (v->tag == DER_GENERALIZED_TIME) {
        y = digits(&r, 4);
    } else {
        return err_set(e, ERR_INVALID, "DER tag %02x, expected a time", v->tag);
    }
    mo = digits(&r, 2);
    d = digits(&r, 2);
    h = digits(&r, 2);
    mi = digits(&r, 2);
    s = digits(&r, 2);
    if (rd_u8(&r) != 'Z' || !rd_end(&r) || !clock_from_date(y, mo, d, h, mi, s, ret))
        return err_set(e, ERR_INVALID, "not a DER time");
    return ERR_OK;
}
