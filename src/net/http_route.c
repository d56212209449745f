/* Which handler a request is for, and what handlers ask about their request. */
#include <stdio.h>
#include <strings.h>

#include "base/uri.h"
#include "net/server.h"

struct match {
    size_t n, used; /* parameters; bytes of c->params */
};

/* Length of a segment. */
static size_t segment(const char *s)
{
    return strcspn(s, "/");
}

static bool take_param(struct http_conn *c, struct match *m, const char *name, const char *value,
                       size_t n)
{
    if (n == 0 || m->n == HTTP_PARAMS_MAX || m->used + n + 1 > sizeof c->params)
        return false;
    memcpy(c->params + m->used, value, n);
    c->params[m->used + n] = 0;
    c->request.params[m->n++] = (struct http_header){name, c->params + m->used};
    m->used += n + 1;
    return true;
}

/* Segment by segment.  A parameter's name is kept as it stands in the pattern: "app}". */
static bool path_matches(struct http_conn *c, const char *pattern, const char *path)
{
    struct match m = {0};

    while (*pattern == '/' && *path == '/') {
        size_t of_pattern = segment(++pattern), of_path = segment(++path);

        if (*pattern == '{') {
            if (!take_param(c, &m, pattern + 1, path, of_path))
                return false;
        } else if (of_pattern != of_path || memcmp(pattern, path, of_path) != 0) {
            return false;
        }
        pattern += of_pattern;
        path += of_path;
    }
    c->request.n_params = m.n;
    return *pattern == 0 && *path == 0;
}

static bool method_matches(const char *of_route, const char *method)
{
    return strcmp(of_route, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(of_route, "GET") == 0);
}

static void add_allowed(char allow[static 64], const char *method)
{
    size_t n = strlen(allow);

    snprintf(allow + n, 64 - n, "%s%s%s", n ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

unsigned route_find(struct http_conn *c, char ret_allow[static 64])
{
    const struct http_routes *routes = c->listener->routes;
    const struct http_head *head = &c->parser.head;

    c->route = NULL;
    ret_allow[0] = 0;
    for (size_t i = 0; i < routes->n; i++) {
        const struct http_route *r = &routes->list[i];

        if (!path_matches(c, r->pattern, head->path))
            continue;
        if (method_matches(r->method, head->method)) {
            c->route = r;
            return 200;
        }
        add_allowed(ret_allow, r->method);
    }
    return ret_allow[0] ? 405 : 404;
}

const char *http_request_param(const struct http_request *r, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < r->n_params; i++)
        if (strncmp(r->params[i].name, name, n) == 0 && r->params[i].name[n] == '}')
            return r->params[i].value;
    return NULL;
}

enum err_code http_request_header(const struct http_request *r, const char *name, const char **ret,
                                  struct err *e)
{
    const char *found = NULL;

    for (size_t i = 0; i < r->head->n_headers; i++) {
        if (strcasecmp(r->head->headers[i].name, name) != 0)
            continue;
        if (found)
            return err_set(e, ERR_INVALID, "header %s: sent twice", name);
        found = r->head->headers[i].value;
    }
    if (!found)
        return err_set(e, ERR_NOT_FOUND, "header %s: not sent", name);
    *ret = found;
    return ERR_OK;
}

enum err_code http_request_query(const struct http_request *r, const char *name, char *ret,
                                 size_t size, struct err *e)
{
    struct uri u = {0};
    size_t n = strlen(r->head->query);

    if (n >= sizeof u.query)
        return err_set(e, ERR_INVALID, "query of %zu bytes; at most %zu", n, sizeof u.query - 1);
    memcpy(u.query, r->head->query, n + 1);
    return uri_param(&u, name, ret, size, e);
}

enum err_code http_request_exporter(const struct http_request *r, const struct hash32 *nonce,
                                    struct hash32 *ret, struct err *e)
{
    if (!r->is_tls)
        return err_set(e, ERR_INVALID, "the connection is not TLS: it has no exporter");
    return tls_exporter(r->conn->ssl, nonce, ret, e);
}
