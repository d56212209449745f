#include "base/utf8.h"

size_t utf8_next(struct bytes text, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first;
    uint32_t point;
    size_t n;

    if (text.n == 0)
        return 0;
    first = text.p[0];
    if (first < 0x80) {
        *ret = first;
        return 1;
    }
    n = (first & 0xe0) == 0xc0 ? 2 : (first & 0xf0) == 0xe0 ? 3 : (first & 0xf8) == 0xf0 ? 4 : 0;
    if (n == 0 || n > text.n)
        return 0;
    point = first & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((text.p[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text.p[i] & 0x3f);
    }
    if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret = point;
    return n;
}

/* How many bytes at the beginning are ASCII for sure: eight are looked at in one step. */
static size_t ascii_head(struct bytes text)
{
    size_t n = 0;
    uint64_t eight;

    for (; text.n - n >= sizeof eight; n += sizeof eight) {
        memcpy(&eight, text.p + n, sizeof eight);
        if (eight & 0x8080808080808080u)
            break;
    }
    return n;
}

bool utf8_valid(struct bytes text)
{
    while (text.n > 0) {
        uint32_t point;
        size_t n = ascii_head(text);

        if (n == 0)
            n = utf8_next(text, &point);

        if (n == 0)
            return false;
        text = (struct bytes){text.p + n, text.n - n};
    }
    return true;
}
