/* server_support - a server with a few routes for each test.  Room: tests.
 *
 * prepare, then a test changes config and calls start; stop ends it. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include "net_support.h"

static struct http_server_config config;
static http_server *server;
static tls_server *tls;
static struct identity id;
static uint16_t port, tls_port;
static atomic_int in_handler, release_handler, observed;
static atomic_uint observed_status;
static char answer[1 << 16];

/* ---- handlers ---- */

static void echo(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    ret->status = 200;
    ret->content_type = "application/octet-stream";
    buf_put(&ret->body, req->body);
}

static void hello(void *self, const struct http_request *req, struct http_response *ret)
{
    const char *name = http_request_param(req, "name");
    char q[32] = "";
    struct err e;

    (void)self;
    (void)!http_request_query(req, "q", q, sizeof q, &e);
    http_response_header(ret, "X-Peer", req->peer);
    http_response_header(ret, "X-Bad", "a\r\nb");
    http_response_text(ret, 200, "hello ");
    buf_printf(&ret->body, "%s %s %s", name, q, http_request_param(req, "other") ? "!" : ".");
}

static void only_header(void *self, const struct http_request *req, struct http_response *ret)
{
    const char *v = NULL;
    struct err e;

    (void)self;
    http_response_text(ret, 200, err_name(http_request_header(req, "x-one", &v, &e)));
    if (v)
        buf_printf(&ret->body, " %s", v);
}

static void block(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    (void)req;
    atomic_fetch_add(&in_handler, 1);
    while (!atomic_load(&release_handler))
        sleep_ms(1);
    http_response_text(ret, 200, "done");
}

static void large(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    (void)req;
    ret->status = 200;
    buf_put_zero(&ret->body, 3 << 20);
}

static void too_large(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    (void)req;
    ret->status = 200;
    buf_put_zero(&ret->body, 5 << 20);
}

static void exporter(void *self, const struct http_request *req, struct http_response *ret)
{
    struct hash32 nonce = {{7}}, key;
    struct err e;

    (void)self;
    if (http_request_exporter(req, &nonce, &key, &e) != ERR_OK) {
        http_response_text(ret, 403, e.msg);
        return;
    }
    ret->status = 200;
    buf_put(&ret->body, BYTES_OF(key));
}

static void closing(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    (void)req;
    http_response_text(ret, 204, "");
    ret->close = true;
}

static void observe(void *self, const struct http_route *route, const char *method,
                    const char *path, const char *peer, const char *request_id, unsigned status,
                    uint64_t ns)
{
    (void)self;
    (void)route;
    (void)method;
    (void)path;
    (void)peer;
    (void)ns;
    assert_int_equal(strlen(request_id), 32);
    atomic_store(&observed_status, status);
    atomic_fetch_add(&observed, 1);
}

/* Refuses what has a header X-Screen, and who is not local. */
static unsigned screen(void *self, const struct http_request *req, const char **ret_problem)
{
    (void)self;
    *ret_problem = "screened";
    return !req->is_local || http_head_find(req->head, "x-screen") ? 403 : 0;
}

static const struct http_route list[] = {
    {"POST", "/echo", echo, 1 << 20, 0},
    {"GET", "/hello/{name}", hello, 0, 0},
    {"GET", "/hello/{name}/{other}", hello, 0, 0},
    {"GET", "/header", only_header, 0, 0},
    {"GET", "/block", block, 0, 0},
    {"GET", "/large", large, 0, 0},
    {"GET", "/too-large", too_large, 0, 0},
    {"GET", "/exporter", exporter, 0, 0},
    {"GET", "/closing", closing, 0, 0},
    {"GET", "/livez", closing, 0, HTTP_ROUTE_UNLIMITED},
    {"GET", "/", hello, 0, 0},
    {"POST", "/", echo, 64, 0},
};
static const struct http_routes routes = {list,  sizeof list / sizeof *list, NULL, observe, NULL,
                                          screen};

/* ---- the server of each test ---- */

static inline int prepare(void **state)
{
    (void)state;
    config = http_server_defaults;
    atomic_store(&in_handler, 0);
    atomic_store(&release_handler, 0);
    atomic_store(&observed, 0);
    return 0;
}

static inline void start(void)
{
    struct err e;

    assert_ok(http_server_new(&config, &server, &e));
    id = identity_new("first", "{}");
    assert_ok(tls_server_new(id.key, id.cert, &tls, &e));
    assert_ok(http_server_listen_plain(server, "127.0.0.1:0", &routes, &port, &e));
    assert_ok(http_server_listen_tls(server, "127.0.0.1:0", tls, &routes, &tls_port, &e));
    assert_ok(http_server_start(server, &e));
}

static inline int stop(void **state)
{
    (void)state;
    atomic_store(&release_handler, 1);
    http_server_free(server);
    server = NULL;
    tls_server_free(tls);
    tls = NULL;
    identity_done(&id);
    return 0;
}

static inline struct http_server_stats stats(void)
{
    struct http_server_stats s;

    http_server_stats(server, &s);
    return s;
}

/* One exchange on a connection of its own; the answer stands in answer. */
static inline unsigned ask(const char *request)
{
    struct raw r = raw_plain(port);

    raw_say(&r, request);
    shutdown(r.fd, SHUT_WR);
    raw_read(&r, answer, sizeof answer);
    raw_close(&r);
    return status_of(answer);
}

#define GET(path)   "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define CLOSE(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static inline void wait_until(atomic_int *what, int least)
{
    for (int i = 0; i < 5000 && atomic_load(what) < least; i++)
        sleep_ms(1);
    assert_true(atomic_load(what) >= least);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, prepare, stop)
