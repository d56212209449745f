#include "base/codec.h"

#include <string.h>

/* Messages name positions and lengths, never the text: what is decoded may be a secret. */

/* 0 to 15, or -1.  Without branches: which digit comes next nobody can predict, and proofs of the
 * chain are tens of thousands of them. */
static int hex_value(uint8_t c)
{
    const unsigned digit = (unsigned)c - '0', letter = ((unsigned)c | 0x20) - 'a';
    const unsigned is_digit = 0U - (digit < 10), is_letter = 0U - (letter < 6);

    return (int)((digit & is_digit) | ((letter + 10) & is_letter) | ~(is_digit | is_letter));
}

static enum err_code check_hex(struct bytes text, struct err *e)
{
    int any = 0;

    for (size_t i = 0; i < text.n; i++)
        any |= hex_value(text.p[i]);
    for (size_t i = 0; any < 0 && i < text.n; i++) {
        if (hex_value(text.p[i]) < 0)
            return err_set(e, ERR_INVALID, "character %zu is not a hex digit", i + 1);
    }
    return ERR_OK;
}

static uint8_t hex_byte(struct bytes text, size_t i)
{
    return (uint8_t)(hex_value(text.p[2 * i]) << 4 | hex_value(text.p[2 * i + 1]));
}

enum err_code hex_decode(struct bytes text, uint8_t *ret, size_t n, struct err *e)
{
    if (text.n % 2 != 0 || text.n / 2 != n)
        return err_set(e, ERR_INVALID, "found %zu characters, expected %zu hex digits", text.n,
                       2 * n);
    TRY(check_hex(text, e));
    for (size_t i = 0; i < n; i++)
        ret[i] = hex_byte(text, i);
    return ERR_OK;
}

enum err_code hex_decode_0x(struct bytes text, uint8_t *ret, size_t n, struct err *e)
{
    if (text.n >= 2 && text.p[0] == '0' && text.p[1] == 'x')
        text = (struct bytes){text.p + 2, text.n - 2};
    return hex_decode(text, ret, n, e);
}

enum err_code hex_decode_buf(struct bytes text, struct buf *ret, struct err *e)
{
    if (text.n % 2 != 0)
        return err_set(e, ERR_INVALID,
                       "found %zu characters, expected an even number of hex digits", text.n);
    TRY(check_hex(text, e));
    buf_reserve(ret, text.n / 2);
    TRY(buf_check(ret, e));
    for (size_t i = 0; i < text.n / 2; i++)
        ret->p[ret->n + i] = hex_byte(text, i);
    ret->n += text.n / 2;
    return ERR_OK;
}

static const char hex_digits[] = "0123456789abcdef";

void hex_put(struct buf *out, struct bytes b)
{
    if (b.n > SIZE_MAX / 2) {
        out->bad = true;
        return;
    }
    buf_reserve(out, 2 * b.n);
    for (size_t i = 0; i < b.n; i++) {
        buf_put_u8(out, (uint8_t)hex_digits[b.p[i] >> 4]);
        buf_put_u8(out, (uint8_t)hex_digits[b.p[i] & 15]);
    }
}

void hex_encode(struct bytes b, char *ret)
{
    for (size_t i = 0; i < b.n; i++) {
        ret[2 * i] = hex_digits[b.p[i] >> 4];
        ret[2 * i + 1] = hex_digits[b.p[i] & 15];
    }
    ret[2 * b.n] = 0;
}

enum err_code addr_parse(struct bytes text, struct addr *ret, struct err *e)
{
    TRY_IN(e, hex_decode_0x(text, ret->b, sizeof ret->b, e), "address");
    return ERR_OK;
}

enum err_code hash32_parse(struct bytes text, struct hash32 *ret, struct err *e)
{
    TRY_IN(e, hex_decode_0x(text, ret->b, sizeof ret->b, e), "hash");
    return ERR_OK;
}

static const char b64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char b64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Value + 1 of the 62 digits that both alphabets share; a table, because a PCK chain is decoded for
 * every unknown platform, and comparing ranges cost as much there as half a signature. */
static const uint8_t b64_shared[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62,
};

/* 0 to 63, or 64 for what is no digit. */
static uint32_t b64_value(const char *alphabet, uint8_t c)
{
    if (b64_shared[c])
        return b64_shared[c] - 1u;
    if (c == alphabet[62])
        return 62;
    return c == alphabet[63] ? 63 : 64;
}

/* text without its padding. */
static enum err_code b64_decode(const char *alphabet, struct bytes text, struct buf *ret,
                                struct err *e)
{
    size_t n = text.n / 4 * 3 + (text.n % 4 ? text.n % 4 - 1 : 0);
    uint32_t bits = 0;
    unsigned have = 0;
    uint8_t *out;
    size_t i = 0;

    if (text.n % 4 == 1)
        return err_set(e, ERR_INVALID, "base64 of %zu characters ends within a byte", text.n);
    buf_reserve(ret, n);
    TRY(buf_check(ret, e));
    out = ret->p + ret->n; /* counts only when all of it is right */
    for (; text.n - i >= 4; i += 4, out += 3) {
        const uint8_t *c = text.p + i;
        uint32_t v0 = b64_value(alphabet, c[0]), v1 = b64_value(alphabet, c[1]),
                 v2 = b64_value(alphabet, c[2]), v3 = b64_value(alphabet, c[3]);

        if ((v0 | v1 | v2 | v3) > 63)
            break; /* the next loop says which */
        out[0] = (uint8_t)(v0 << 2 | v1 >> 4);
        out[1] = (uint8_t)(v1 << 4 | v2 >> 2);
        out[2] = (uint8_t)(v2 << 6 | v3);
    }
    for (; i < text.n; i++) {
        uint32_t v = b64_value(alphabet, text.p[i]);

        if (v > 63)
            return err_set(e, ERR_INVALID, "character %zu is not base64", i + 1);
        bits = (bits << 6 | v) & 0x3fff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            *out++ = (uint8_t)(bits >> have);
        }
    }
    if (bits & ((1u << have) - 1))
        return err_set(e, ERR_INVALID, "base64 has bits set after its last byte");
    ret->n += n;
    return ERR_OK;
}

enum err_code base64_decode(struct bytes text, struct buf *ret, struct err *e)
{
    size_t n = text.n;

    if (n % 4 != 0)
        return err_set(e, ERR_INVALID, "found %zu characters of base64, expected a multiple of 4",
                       n);
    for (int i = 0; i < 2 && n > 0 && text.p[n - 1] == '='; i++)
        n--;
    return b64_decode(b64_std, (struct bytes){text.p, n}, ret, e);
}

enum err_code base64url_decode(struct bytes text, struct buf *ret, struct err *e)
{
    return b64_decode(b64_url, text, ret, e);
}

/* Groups of `group` digits of `width` bits each, as RFC 4648 writes all of its codecs. */
static void put_digits(struct buf *out, struct bytes b, const char *alphabet, unsigned width,
                       size_t group, bool pad)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t digits = 0;

    for (size_t i = 0; i < b.n; i++) {
        bits = (bits << 8 | b.p[i]) & 0xffff;
        for (have += 8; have >= width; digits++) {
            have -= width;
            buf_put_u8(out, (uint8_t)alphabet[bits >> have & ((1u << width) - 1)]);
        }
    }
    if (have) {
        buf_put_u8(out, (uint8_t)alphabet[bits << (width - have) & ((1u << width) - 1)]);
        digits++;
    }
    for (; pad && digits % group != 0; digits++)
        buf_put_u8(out, '=');
}

void base64_put(struct buf *out, struct bytes b)
{
    put_digits(out, b, b64_std, 6, 4, true);
}

void base64url_put(struct buf *out, struct bytes b)
{
    put_digits(out, b, b64_url, 6, 4, false);
}

void base32_put(struct buf *out, struct bytes b)
{
    put_digits(out, b, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5, 8, true);
}
