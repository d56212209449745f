#include "base/uri.h"

#include <arpa/inet.h>
#include <string.h>
#include "base/codec.h"

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_one_of(uint8_t c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static bool is_unreserved(uint8_t c)
{
    return is_alpha(c) || is_digit(c) || is_one_of(c, "-._~");
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Position of the first byte of s that stands in set, or s.n. */
static size_t find(struct bytes s, const char *set)
{
    size_t i = 0;

    while (i < s.n && !is_one_of(s.p[i], set))
        i++;
    return i;
}

static struct bytes cut(struct bytes *s, size_t n)
{
    struct bytes head = {s->p, n};

    *s = (struct bytes){s->p + n, s->n - n};
    return head;
}

/* Decodes s once into ret; `also` are the allowed characters besides the unreserved ones and the
 * sub-delimiters of RFC 3986.  With raw the text is only checked and copied as it is. */
static enum err_code decode(struct bytes s, const char *also, bool raw, const char *part, char *ret,
                            size_t size, struct err *e)
{
    size_t n = 0;

    if (s.n >= size)
        return err_set(e, ERR_TOO_LARGE, "%s of %zu bytes, expected at most %zu", part, s.n,
                       size - 1);
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if (c == '%') {
            size_t left = s.n - i - 1;

            TRY_IN(e, hex_decode((struct bytes){s.p + i + 1, left < 2 ? left : 2}, &c, 1, e),
                   "percent-encoding in the %s", part);
            if (c < 0x20 || c == 0x7f)
                return err_set(e, ERR_INVALID, "%s holds an encoded control character", part);
            if (!raw)
                i += 2;
            else
                c = '%';
        } else if (!is_unreserved(c) && !is_one_of(c, "!$&'()*+,;=") && !is_one_of(c, also)) {
            return err_set(e, ERR_INVALID, "character %zu of the %s may not stand there", i + 1,
                           part);
        }
        ret[n++] = (char)c;
    }
    ret[n] = 0;
    return ERR_OK;
}

static enum err_code parse_scheme(struct bytes *s, struct uri *ret, struct err *e)
{
    size_t colon = find(*s, ":/?#");
    struct bytes scheme;

    if (s->n - colon < 3 || __builtin_memcmp(s->p + colon, "://", 3) != 0)
        return err_set(e, ERR_INVALID, "no \"://\" after a scheme");
    scheme = cut(s, colon);
    cut(s, 3);
    if (scheme.n == 0 || scheme.n >= sizeof ret->scheme || !is_alpha(scheme.p[0]))
        return err_set(e, ERR_INVALID, "scheme is not 1 to %zu letters", sizeof ret->scheme - 1);
    for (size_t i = 0; i < scheme.n; i++) {
        uint8_t c = scheme.p[i];

        if (!is_alpha(c) && !is_digit(c) && !is_one_of(c, "+-."))
            return err_set(e, ERR_INVALID, "character %zu may not stand in a scheme", i + 1);
        ret->scheme[i] = (char)lower(c);
    }
    return ERR_OK;
}

static enum err_code parse_port(struct bytes text, uint16_t *ret, struct err *e)
{
    unsigned port = 0;

    for (size_t i = 0; i < text.n && i < 6; i++) {
        if (!is_digit(text.p[i]))
            return err_set(e, ERR_INVALID, "port is not a number");
        port = port * 10 + (unsigned)(text.p[i] - '0');
    }
    if (text.n == 0 || text.n > 5 || port == 0 || port > 65535 || text.p[0] == '0')
        return err_set(e, ERR_INVALID, "port of %zu digits, expected 1 to 65535", text.n);
    *ret = (uint16_t)port;
    return ERR_OK;
}

static enum err_code copy_host(struct bytes host, struct uri *ret, struct err *e)
{
    if (host.n >= sizeof ret->host)
        return err_set(e, ERR_TOO_LARGE, "host of %zu bytes, expected at most %zu", host.n,
                       sizeof ret->host - 1);
    for (size_t i = 0; i < host.n; i++)
        ret->host[i] = (char)lower(host.p[i]);
    return ERR_OK;
}

/* "[v6]" with its brackets taken off. */
static enum err_code parse_v6(struct bytes *s, struct uri *ret, struct err *e)
{
    size_t end = find(*s, "]");
    struct in6_addr ignored;
    struct bytes host;

    if (end == s->n)
        return err_set(e, ERR_INVALID, "host begins with [ and has no ]");
    host = cut(s, end);
    cut(s, 1);
    cut(&host, 1);
    TRY(copy_host(host, ret, e));
    if (find(host, "%") != host.n || strlen(ret->host) != host.n ||
        inet_pton(AF_INET6, ret->host, &ignored) != 1)
        return err_set(e, ERR_INVALID, "host in brackets is not an IPv6 address");
    return ERR_OK;
}

static enum err_code parse_authority(struct bytes s, struct uri *ret, struct err *e)
{
    size_t at = find(s, "@");

    if (at < s.n) {
        ret->has_userinfo = true;
        TRY(decode(cut(&s, at), ":", false, "user", ret->userinfo, sizeof ret->userinfo, e));
        cut(&s, 1);
    }
    if (s.n > 0 && s.p[0] == '[') {
        TRY(parse_v6(&s, ret, e));
    } else {
        struct bytes host = cut(&s, find(s, ":"));

        for (size_t i = 0; i < host.n; i++) {
            if (!is_unreserved(host.p[i]))
                return err_set(e, ERR_INVALID, "character %zu may not stand in a host", i + 1);
        }
        TRY(copy_host(host, ret, e));
    }
    if (s.n > 0 && s.p[0] != ':')
        return err_set(e, ERR_INVALID, "host is followed by what is no port");
    if (s.n > 0) {
        cut(&s, 1);
        TRY(parse_port(s, &ret->port, e));
    }
    if (!ret->host[0] && (ret->has_userinfo || ret->port))
        return err_set(e, ERR_INVALID, "user or port without a host");
    return ERR_OK;
}

static enum err_code parse(struct bytes s, struct uri *ret, struct err *e)
{
    if (s.n > URI_MAX - 1)
        return err_set(e, ERR_TOO_LARGE, "%zu bytes, expected at most %d", s.n, URI_MAX - 1);
    TRY(parse_scheme(&s, ret, e));
    TRY(parse_authority(cut(&s, find(s, "/?#")), ret, e));
    TRY(decode(cut(&s, find(s, "?#")), ":@/", false, "path", ret->path, sizeof ret->path, e));
    if (s.n > 0 && s.p[0] == '?') {
        cut(&s, 1);
        TRY(decode(cut(&s, find(s, "#")), ":@/?", true, "query", ret->query, sizeof ret->query, e));
    }
    if (s.n > 0)
        return err_set(e, ERR_INVALID, "a fragment (#) means nothing here");
    return ERR_OK;
}

enum err_code uri_parse(struct bytes text, struct uri *ret, struct err *e)
{
    struct uri u = {0};

    /* The text itself is not repeated: it may hold a password. */
    TRY_IN(e, parse(text, &u, e), "URI");
    *ret = u;
    return ERR_OK;
}

enum err_code uri_param(const struct uri *u, const char *name, char *ret, size_t size,
                        struct err *e)
{
    struct bytes left = bytes_of_str(u->query), found = {0};

    while (left.n > 0) {
        struct bytes value = cut(&left, find(left, "&"));
        struct bytes key = cut(&value, find(value, "="));

        if (left.n > 0)
            cut(&left, 1);
        if (!bytes_eq(key, bytes_of_str(name)))
            continue;
        if (found.p)
            return err_set(e, ERR_INVALID, "URI parameter %s is given twice", name);
        if (value.n > 0)
            cut(&value, 1);
        found = value;
    }
    if (!found.p)
        return err_set(e, ERR_NOT_FOUND, "URI parameter %s is missing", name);
    return decode(found, ":@/?", false, name, ret, size, e);
}
