/* Request line and header lines, in the order of RFC 9112 §3 and §5. */
#include "net/http_head.h"

#include <strings.h>

#define METHOD_MAX 16
#define HOST_MAX   255

/* RFC 9110 §5.6.2. */
static bool is_token(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

/* RFC 3986 pchar without percent-encoding. */
static bool is_pchar(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != 0 && strchr("-._~!$&'()*+,;=:@", c));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

const char *http_head_find(const struct http_head *h, const char *name)
{
    for (size_t i = 0; i < h->n_headers; i++)
        if (strcasecmp(h->headers[i].name, name) == 0)
            return h->headers[i].value;
    return NULL;
}

void http_head_clear(struct http_head *h)
{
    h->method = h->path = h->query = "";
    h->n_headers = 0;
    h->http_1_0 = h->keep_alive = h->expect_continue = h->has_length = h->chunked = false;
    h->length = 0;
}

/* ---- request line ---- */

static bool method_ok(const char *m)
{
    size_t n = strlen(m);

    for (size_t i = 0; i < n; i++)
        if (m[i] < 'A' || m[i] > 'Z')
            return false;
    return n >= 1 && n <= METHOD_MAX;
}

/* segment "/" segment ...: none is '.' or '..', none but the last is empty. */
static bool path_ok(const char *s)
{
    if (*s != '/')
        return false;
    while (*s == '/') {
        const char *segment = ++s;
        size_t n;

        while (is_pchar((uint8_t)*s))
            s++;
        n = (size_t)(s - segment);
        if ((n == 0 && *s == '/') || (n == 1 && segment[0] == '.') ||
            (n == 2 && segment[0] == '.' && segment[1] == '.'))
            return false;
    }
    return *s == 0;
}

static bool query_ok(const char *s)
{
    for (; *s; s++) {
        if (*s == '%') {
            if (!is_hex(s[1]) || !is_hex(s[2]) || (s[1] == '0' && s[2] == '0'))
                return false;
            s += 2;
        } else if (!is_pchar((uint8_t)*s) && *s != '/' && *s != '?') {
            return false;
        }
    }
    return true;
}

static bool read_version(struct http_parser *p, const char *v)
{
    if (strcmp(v, "HTTP/1.1") == 0)
        return true;
    p->head.http_1_0 = strcmp(v, "HTTP/1.0") == 0;
    if (p->head.http_1_0)
        return true;
    if (strncmp(v, "HTTP/", 5) == 0 && is_digit(v[5]) && v[6] == '.' && is_digit(v[7]) && !v[8])
        return http_refuse(p, 505, "the version is neither HTTP/1.1 nor HTTP/1.0");
    return http_refuse(p, 400, "the request line does not end in a version");
}

static bool read_request_line(struct http_parser *p, char *line)
{
    struct http_head *h = &p->head;
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    char *query;

    if (!target || !version)
        return http_refuse(p, 400, "the request line is not: method, target, version");
    *target++ = 0;
    *version++ = 0;
    if (!method_ok(line))
        return http_refuse(p, 400, "the method is not 1 to 16 upper-case letters");
    if (!read_version(p, version))
        return false;
    query = strchr(target, '?');
    if (query)
        *query++ = 0;
    if (!path_ok(target))
        return http_refuse(p, 400, "the path is not plain segments in origin form");
    if (query && !query_ok(query))
        return http_refuse(p, 400, "the query has a byte or an escape that it may not have");
    h->method = line;
    h->path = target;
    h->query = query ? query : "";
    return true;
}

/* ---- headers with a meaning here ---- */

static bool host_ok(const char *v)
{
    size_t n = strlen(v), host = v[0] == '[' ? strcspn(v, "]") : strcspn(v, ":");
    const char *port;

    if (n == 0 || n > HOST_MAX || host == 0)
        return false;
    for (size_t i = v[0] == '['; i < host; i++) {
        bool name = (v[i] >= 'a' && v[i] <= 'z') || (v[i] >= 'A' && v[i] <= 'Z') ||
                    is_digit(v[i]) || v[i] == '-' || v[i] == '.' || v[i] == '_';

        if (v[0] == '[' ? !is_hex(v[i]) && v[i] != ':' && v[i] != '.' : !name)
            return false;
    }
    port = v + host;
    if (v[0] == '[') {
        if (*port != ']' || host < 3)
            return false;
        port++;
    }
    if (*port == 0)
        return true;
    n = strlen(++port);
    for (size_t i = 0; i < n; i++)
        if (!is_digit(port[i]))
            return false;
    return port[-1] == ':' && n >= 1 && n <= 5;
}

static bool read_length(struct http_parser *p, const char *v)
{
    size_t n = strlen(v);
    uint64_t length = 0;

    if (p->head.has_length)
        return http_refuse(p, 400, "Content-Length twice");
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(v[i]))
            return http_refuse(p, 400, "Content-Length is no plain number");
        length = length * 10 + (uint64_t)(v[i] - '0');
    }
    if (n == 0 || n > 18 || (n > 1 && v[0] == '0')) /* 18 digits cannot overflow */
        return http_refuse(p, 400, "Content-Length is no plain number");
    p->head.has_length = true;
    p->head.length = length;
    return true;
}

/* Lists of tokens, RFC 9110 §5.6.1.  A token that we do not know means nothing. */
static void read_connection(const char *v, bool *close, bool *keep)
{
    while (*v) {
        size_t n = strcspn(v, ", \t");

        if (n == 5 && strncasecmp(v, "close", n) == 0)
            *close = true;
        if (n == 10 && strncasecmp(v, "keep-alive", n) == 0)
            *keep = true;
        v += n;
        v += strspn(v, ", \t");
    }
}

static bool read_meaning(struct http_parser *p)
{
    struct http_head *h = &p->head;
    bool close = false, keep = false;
    unsigned hosts = 0;

    for (size_t i = 0; i < h->n_headers; i++) {
        const char *name = h->headers[i].name, *v = h->headers[i].value;

        if (strcasecmp(name, "host") == 0) {
            if (++hosts > 1 || !host_ok(v))
                return http_refuse(p, 400, "Host twice, or no host");
        } else if (strcasecmp(name, "content-length") == 0) {
            if (!read_length(p, v))
                return false;
        } else if (strcasecmp(name, "transfer-encoding") == 0) {
            if (h->chunked || h->http_1_0 || strcasecmp(v, "chunked") != 0)
                return http_refuse(p, 400, "Transfer-Encoding is not one single chunked");
            h->chunked = true;
        } else if (strcasecmp(name, "connection") == 0) {
            read_connection(v, &close, &keep);
        } else if (strcasecmp(name, "expect") == 0) {
            if (strcasecmp(v, "100-continue") != 0)
                return http_refuse(p, 417, "Expect is not 100-continue");
            h->expect_continue = !h->http_1_0;
        }
    }
    if (hosts != 1)
        return http_refuse(p, 400, "no Host");
    if (h->chunked && h->has_length)
        return http_refuse(p, 400, "Content-Length and Transfer-Encoding together");
    h->keep_alive = !close && (!h->http_1_0 || keep);
    h->expect_continue = h->expect_continue && (h->chunked || h->length > 0);
    return true;
}

/* ---- lines ---- */

static bool read_header_line(struct http_parser *p, char *line)
{
    struct http_header *header = &p->head.headers[p->head.n_headers];
    char *end = line, *value;
    size_t n;

    while (is_token((uint8_t)*end))
        end++;
    if (end == line || *end != ':')
        return http_refuse(p, 400, "a header line is not name, colon, value (or it is folded)");
    *end = 0;
    for (value = end + 1; is_blank(*value); value++)
        ;
    n = strlen(value);
    while (n > 0 && is_blank(value[n - 1]))
        n--;
    value[n] = 0;
    header->name = line;
    header->value = value;
    p->head.n_headers++;
    return true;
}

bool http_head_read(struct http_parser *p, char *text, size_t n)
{
    char *line = text, *end = text + n;

    http_head_clear(&p->head);
    while (line < end) {
        char *cr = memchr(line, '\r', (size_t)(end - line));

        *cr = 0;
        if (line == text ? !read_request_line(p, line) : !read_header_line(p, line))
            return false;
        line = cr + 2;
    }
    return read_meaning(p);
}
