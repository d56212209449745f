/* Answers: their bytes, and those that the server gives by itself. */
#include <stdio.h>

#include "net/server.h"

static const struct {
    unsigned status;
    const char *reason, *code;
} statuses[] = {
    {200, "OK", NULL},
    {201, "Created", NULL},
    {202, "Accepted", NULL},
    {204, "No Content", NULL},
    {400, "Bad Request", "invalid"},
    {401, "Unauthorized", "denied"},
    {403, "Forbidden", "denied"},
    {404, "Not Found", "not_found"},
    {405, "Method Not Allowed", "invalid"},
    {408, "Request Timeout", "timeout"},
    {409, "Conflict", "invalid"},
    {410, "Gone", "not_found"},
    {413, "Content Too Large", "too_large"},
    {415, "Unsupported Media Type", "invalid"},
    {417, "Expectation Failed", "invalid"},
    {422, "Unprocessable Content", "invalid"},
    {429, "Too Many Requests", "busy"},
    {431, "Request Header Fields Too Large", "too_large"},
    {500, "Internal Server Error", "internal"},
    {502, "Bad Gateway", "upstream"},
    {503, "Service Unavailable", "busy"},
    {504, "Gateway Timeout", "timeout"},
    {505, "HTTP Version Not Supported", "invalid"},
};

static size_t find_status(unsigned status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].status == status)
            return i;
    return sizeof statuses / sizeof *statuses;
}

static const char *reason_of(unsigned status)
{
    size_t i = find_status(status);

    return i < sizeof statuses / sizeof *statuses ? statuses[i].reason : "Status";
}

static const char *code_of(unsigned status)
{
    size_t i = find_status(status);

    return i < sizeof statuses / sizeof *statuses && statuses[i].code ? statuses[i].code
                                                                      : "internal";
}

void response_begin(struct http_response *r)
{
    r->status = 500;
    r->content_type = "application/json";
    buf_clear(&r->extra);
    r->close = false;
    buf_clear(&r->body);
}

static bool header_clean(const char *s)
{
    for (; *s; s++)
        if (*s < ' ' || *s > '~')
            return false;
    return true;
}

void http_response_header(struct http_response *r, const char *name, const char *value)
{
    const size_t more = strlen(name) + strlen(value) + 4; /* ": " and the end of the line */

    if (header_clean(name) && header_clean(value) && more <= r->extra.max - r->extra.n)
        buf_printf(&r->extra, "%s: %s\r\n", name, value);
}

void http_response_text(struct http_response *r, unsigned status, const char *text)
{
    r->status = status;
    r->content_type = "text/plain; charset=utf-8";
    buf_clear(&r->body);
    buf_put_str(&r->body, text);
}

static void put_head(struct http_conn *c, const struct http_response *r, struct buf *out)
{
    buf_printf(out, "HTTP/1.1 %u %s\r\nX-Request-Id: %s\r\n", r->status, reason_of(r->status),
               c->request_id);
    if (r->body.n > 0)
        buf_printf(out, "Content-Type: %s\r\n", r->content_type);
    if (r->status != 204)
        buf_printf(out, "Content-Length: %zu\r\n", r->body.n);
    buf_put(out, buf_bytes(&r->extra));
    if (!c->keep)
        buf_put_str(out, "Connection: close\r\n");
    else if (c->parser.head.http_1_0)
        buf_put_str(out, "Connection: keep-alive\r\n");
    buf_put_str(out, "\r\n");
}

void answer_compose(struct http_conn *c, const struct http_response *r, struct buf *out)
{
    put_head(c, r, out);
    if (r->status != 204 && strcmp(c->parser.head.method, "HEAD") != 0)
        buf_put(out, buf_bytes(&r->body));
}

void answer_refuse(struct http_conn *c, unsigned status, const char *problem,
                   struct http_response *ret)
{
    const struct http_routes *routes = c->listener->routes;

    ret->status = status;
    buf_clear(&ret->body);
    if (routes->refuse) {
        routes->refuse(routes->self, status, problem, c->request_id, ret);
        return;
    }
    buf_printf(&ret->body,
               "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"},\"request_id\":\"%s\"}\n",
               code_of(status), problem, c->request_id);
}

void answer_observe(struct http_conn *c, unsigned status)
{
    const struct http_routes *routes = c->listener->routes;

    if (routes->observe)
        routes->observe(routes->self, c->route, c->parser.head.method, c->parser.head.path, c->peer,
                        c->request_id, status, clock_ns(&clock_system) - c->began_ns);
}

void conn_make_id(struct http_conn *c)
{
    uint64_t n = atomic_fetch_add(&c->server->ids, 1);
    uint8_t raw[16];

    memcpy(raw, c->server->id_prefix, 8);
    for (int i = 0; i < 8; i++)
        raw[8 + i] = (uint8_t)(n >> 8 * (7 - i));
    hex_encode(BYTES(raw), c->request_id);
}
