/* http_server: real sockets on the loopback, with and without TLS. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include "net_support.h"
#include "support/vectors.h"

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
static const struct http_routes routes = {list, sizeof list / sizeof *list, NULL, observe, NULL};

/* ---- the server of each test ---- */

static int prepare(void **state)
{
    (void)state;
    config = http_server_defaults;
    atomic_store(&in_handler, 0);
    atomic_store(&release_handler, 0);
    atomic_store(&observed, 0);
    return 0;
}

static void start(void)
{
    struct err e;

    assert_ok(http_server_new(&config, &server, &e));
    id = identity_new("first", "{}");
    assert_ok(tls_server_new(id.key, id.cert, &tls, &e));
    assert_ok(http_server_listen_plain(server, "127.0.0.1:0", &routes, &port, &e));
    assert_ok(http_server_listen_tls(server, "127.0.0.1:0", tls, &routes, &tls_port, &e));
    assert_ok(http_server_start(server, &e));
}

static int stop(void **state)
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

static struct http_server_stats stats(void)
{
    struct http_server_stats s;

    http_server_stats(server, &s);
    return s;
}

/* One exchange on a connection of its own; the answer stands in answer. */
static unsigned ask(const char *request)
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

static void wait_until(atomic_int *what, int least)
{
    for (int i = 0; i < 5000 && atomic_load(what) < least; i++)
        sleep_ms(1);
    assert_true(atomic_load(what) >= least);
}

/* ---- routes and answers ---- */

static void a_route_with_parameters_is_found(void **state)
{
    (void)state;
    start();
    assert_int_equal(ask(CLOSE("/hello/world?q=a%20b")), 200);
    assert_non_null(strstr(answer, "\r\n\r\nhello world a b ."));
    assert_non_null(strstr(answer, "X-Peer: 127.0.0.1\r\n"));
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_int_equal(ask(CLOSE("/hello/a/b")), 200);
    assert_non_null(strstr(answer, "hello a  !"));
}

static void a_header_that_would_split_the_answer_is_left_out(void **state)
{
    (void)state;
    start();
    assert_int_equal(ask(CLOSE("/hello/world")), 200);
    assert_null(strstr(answer, "X-Bad"));
}

static void an_unknown_path_is_404_and_an_unknown_method_405(void **state)
{
    static const char *const unknown[] = {CLOSE("/nothing"), CLOSE("/hello"), CLOSE("/hello/"),
                                          CLOSE("/hello/a/b/c"), CLOSE("/hellox/a")};

    (void)state;
    start();
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(ask(unknown[i]), 404);
    assert_non_null(strstr(answer, "{\"error\":{\"code\":\"not_found\",\"message\":"));
    assert_int_equal(ask("POST /hello/a HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
    assert_non_null(strstr(answer, "Allow: GET, HEAD\r\n"));
}

static void head_is_answered_without_a_body(void **state)
{
    (void)state;
    start();
    assert_int_equal(ask("HEAD /hello/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), 200);
    assert_non_null(strstr(answer, "Content-Length: 10\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

static void a_header_sent_twice_is_an_error_to_the_handler(void **state)
{
    (void)state;
    start();
    assert_int_equal(ask(CLOSE("/header")), 200);
    assert_non_null(strstr(answer, "\r\n\r\nnot_found"));
    assert_int_equal(
        ask("GET /header HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nConnection: close\r\n\r\n"), 200);
    assert_non_null(strstr(answer, "\r\n\r\nok 1"));
    assert_int_equal(ask("GET /header HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 1\r\n"
                         "Connection: close\r\n\r\n"),
                     200);
    assert_non_null(strstr(answer, "\r\n\r\ninvalid"));
}

static void an_answer_over_its_maximum_becomes_500(void **state)
{
    (void)state;
    start();
    assert_int_equal(ask(CLOSE("/too-large")), 500);
    assert_int_equal(atomic_load(&observed_status), 500);
}

static void a_large_answer_reaches_a_slow_reader_whole(void **state)
{
    size_t total = 0, n;
    struct raw r;

    (void)state;
    start();
    assert_true(raw_tls(tls_port, TLS1_3_VERSION, &r));
    raw_say(&r, CLOSE("/large"));
    sleep_ms(50);
    while ((n = raw_read_until(&r, answer, 20000, "")) > 0)
        total += n;
    assert_in_range(total, 3 << 20, (3 << 20) + 1000);
    raw_close(&r);
}

/* ---- connections ---- */

static void requests_follow_each_other_on_one_connection(void **state)
{
    struct raw r;

    (void)state;
    start();
    r = raw_plain(port);
    for (int i = 0; i < 100; i++) {
        raw_say(&r, GET("/hello/again"));
        raw_read_until(&r, answer, sizeof answer, "hello again  .");
        assert_int_equal(status_of(answer), 200);
        assert_null(strstr(answer, "Connection: close"));
    }
    raw_close(&r);
    assert_int_equal(stats().accepted, 1);
    assert_int_equal(stats().requests, 100);
}

static void pipelined_requests_are_answered_in_their_order(void **state)
{
    char want[64], all[100 * 64] = "";
    const char *at;
    struct raw r;

    (void)state;
    start();
    for (int i = 0; i < 99; i++) /* every third is answered by the loop itself */
        snprintf(all + strlen(all), sizeof all - strlen(all),
                 i % 3 ? "GET /hello/n%d HTTP/1.1\r\nHost: a\r\n\r\n"
                       : "GET /none/n%d HTTP/1.1\r\nHost: a\r\n\r\n",
                 i);
    snprintf(all + strlen(all), sizeof all - strlen(all), CLOSE("/hello/end"));
    r = raw_plain(port);
    raw_say(&r, all);
    raw_read(&r, answer, sizeof answer);
    raw_close(&r);
    at = answer;
    for (int i = 0; i < 99; i++) {
        snprintf(want, sizeof want, i % 3 ? "hello n%d  ." : "HTTP/1.1 404 ", i);
        at = strstr(at, want);
        assert_non_null(at);
        at++;
    }
    assert_non_null(strstr(at, "hello end"));
}

static void pipelined_requests_over_tls_are_answered_too(void **state)
{
    struct raw r;

    (void)state;
    start();
    assert_true(raw_tls(tls_port, TLS1_3_VERSION, &r));
    raw_say(&r, GET("/hello/one") GET("/hello/two"));
    raw_say(&r, CLOSE("/hello/three"));
    raw_read(&r, answer, sizeof answer);
    raw_close(&r);
    assert_non_null(strstr(strstr(strstr(answer, "hello one"), "hello two"), "hello three"));
}

static void http_1_0_closes_unless_asked(void **state)
{
    struct raw r;

    (void)state;
    start();
    r = raw_plain(port);
    raw_say(&r, "GET /hello/x HTTP/1.0\r\nHost: a\r\n\r\n");
    raw_read(&r, answer, sizeof answer); /* until the server closes */
    assert_non_null(strstr(answer, "Connection: close"));
    raw_close(&r);
    r = raw_plain(port);
    raw_say(&r, "GET /hello/x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    raw_read_until(&r, answer, sizeof answer, "hello x");
    assert_non_null(strstr(answer, "Connection: keep-alive"));
    raw_close(&r);
}

static void a_handler_may_end_the_connection(void **state)
{
    struct raw r;

    (void)state;
    start();
    r = raw_plain(port);
    raw_say(&r, GET("/closing"));
    raw_read(&r, answer, sizeof answer);
    assert_int_equal(status_of(answer), 204);
    assert_null(strstr(answer, "Content-Length"));
    raw_close(&r);
}

static void a_connection_that_is_too_old_ends_with_its_next_answer(void **state)
{
    struct raw r;

    (void)state;
    config.age_ms = 30;
    start();
    r = raw_plain(port);
    raw_say(&r, GET("/hello/x"));
    raw_read_until(&r, answer, sizeof answer, "hello x");
    assert_null(strstr(answer, "Connection: close"));
    sleep_ms(40);
    raw_say(&r, GET("/hello/x"));
    raw_read(&r, answer, sizeof answer);
    assert_non_null(strstr(answer, "Connection: close"));
    raw_close(&r);
}

static void a_body_in_small_pieces_is_put_together(void **state)
{
    struct raw r;

    (void)state;
    start();
    r = raw_plain(port);
    raw_say(&r,
            "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        raw_send(&r, &"0123456789"[i], 1);
        sleep_ms(1);
    }
    raw_read(&r, answer, sizeof answer);
    assert_non_null(strstr(answer, "\r\n\r\n0123456789"));
    raw_close(&r);
}

static void a_client_that_waits_for_leave_to_send_gets_it(void **state)
{
    struct raw r;

    (void)state;
    start();
    r = raw_plain(port);
    raw_say(&r, "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n"
                "Expect: 100-continue\r\n\r\n");
    raw_read_until(&r, answer, sizeof answer, "\r\n\r\n");
    assert_string_equal(answer, "HTTP/1.1 100 Continue\r\n\r\n");
    raw_say(&r, "ok");
    raw_read(&r, answer, sizeof answer);
    assert_int_equal(status_of(answer), 200);
    raw_close(&r);
}

/* ---- what is refused ---- */

static void every_request_of_the_strictness_table_is_refused(void **state)
{
    char dir[1024], path[300];
    struct dirent **names = NULL;
    int n, rows = 0;

    (void)state;
    start();
    snprintf(dir, sizeof dir, "%s/tests/vectors/http", getenv("TEEREG_SRC"));
    n = scandir(dir, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        struct raw r;
        size_t len;
        char *data;

        if (strstr(names[i]->d_name, ".http")) {
            snprintf(path, sizeof path, "tests/vectors/http/%.200s", names[i]->d_name);
            data = vector_read(path, &len);
            r = raw_plain(port);
            raw_send(&r, data, len);
            raw_read(&r, answer, sizeof answer); /* until the server closes */
            if (status_of(answer) != strtoul(names[i]->d_name, NULL, 10))
                fail_msg("%s: %.40s", names[i]->d_name, answer);
            assert_non_null(strstr(answer, "Connection: close\r\n"));
            raw_close(&r);
            free(data);
            rows++;
        }
        free(names[i]);
    }
    free(names);
    assert_int_equal(rows, 19);
    assert_int_equal(stats().requests, 0);
}

static void a_body_over_the_routes_maximum_is_413(void **state)
{
    struct raw r;

    (void)state;
    start();
    r = raw_plain(port);
    raw_say(&r, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n");
    for (int i = 0; i < 64; i++) /* the answer must survive that we go on sending */
        raw_send(&r, answer, 4096);
    raw_read(&r, answer, sizeof answer);
    assert_int_equal(status_of(answer), 413);
    raw_close(&r);
    assert_int_equal(ask("GET /hello/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"), 413);
}

static void a_refused_body_is_not_taken_for_a_request(void **state)
{
    (void)state;
    start();
    assert_int_equal(
        ask("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 43\r\n\r\n" GET("/hello/smuggled")),
        404);
    assert_null(strstr(answer, "smuggled"));
    assert_non_null(strstr(answer, "Connection: close"));
}

static void too_many_requests_of_one_address_are_429(void **state)
{
    unsigned limited = 0;

    (void)state;
    config.rate = 0.5;
    config.rate_burst = 3;
    start();
    for (int i = 0; i < 6; i++)
        limited += ask(CLOSE("/hello/x")) == 429;
    assert_int_equal(limited, 3);
    assert_non_null(strstr(answer, "Retry-After: "));
    assert_int_equal(ask(CLOSE("/livez")), 204);
    assert_int_equal(stats().limited, 3);
}

static void connections_over_the_limit_of_an_address_are_closed(void **state)
{
    struct raw r[3];

    (void)state;
    config.connections_peer = 2;
    start();
    for (int i = 0; i < 3; i++)
        r[i] = raw_plain(port);
    assert_true(raw_closed_within(&r[2], 2000));
    assert_int_equal(stats().refused, 1);
    raw_say(&r[0], CLOSE("/hello/x"));
    raw_read(&r[0], answer, sizeof answer);
    assert_int_equal(status_of(answer), 200);
    for (int i = 0; i < 3; i++)
        raw_close(&r[i]);
    for (int i = 0; i < 1000 && stats().open > 0; i++)
        sleep_ms(1);
    assert_int_equal(ask(CLOSE("/hello/x")), 200); /* the places are free again */
}

static void connections_over_the_limit_of_all_are_closed(void **state)
{
    struct raw a, b;

    (void)state;
    config.connections_max = 1;
    start();
    a = raw_plain(port);
    sleep_ms(20);
    b = raw_plain(port);
    assert_true(raw_closed_within(&b, 2000));
    raw_close(&a);
    raw_close(&b);
}

static void more_requests_than_may_wait_are_503(void **state)
{
    struct raw r[4];
    unsigned busy = 0;

    (void)state;
    config.workers = 1;
    config.queue_max = 1;
    start();
    r[0] = raw_plain(port);
    raw_say(&r[0], CLOSE("/block"));
    wait_until(&in_handler, 1);
    for (int i = 1; i < 4; i++) {
        r[i] = raw_plain(port);
        raw_say(&r[i], CLOSE("/block"));
    }
    for (int i = 0; i < 2000 && stats().limited < 2; i++)
        sleep_ms(1);
    assert_int_equal(stats().running, 1);
    assert_int_equal(stats().waiting, 1);
    atomic_store(&release_handler, 1);
    for (int i = 0; i < 4; i++) {
        raw_read(&r[i], answer, sizeof answer);
        busy += status_of(answer) == 503;
        raw_close(&r[i]);
    }
    assert_int_equal(busy, 2);
}

/* ---- deadlines (SR-63, SR-64) ---- */

static void a_slow_head_is_cut_with_408(void **state)
{
    struct raw r;

    (void)state;
    config.header_ms = 100;
    start();
    r = raw_plain(port);
    raw_say(&r, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < 4; i++) { /* a byte now and then does not help */
        sleep_ms(40);
        raw_say(&r, "X");
    }
    raw_read(&r, answer, sizeof answer);
    assert_int_equal(status_of(answer), 408);
    assert_int_equal(stats().timeouts, 1);
    raw_close(&r);
}

static void a_slow_body_is_cut_with_408(void **state)
{
    struct raw r;

    (void)state;
    config.body_ms = 100;
    start();
    r = raw_plain(port);
    raw_say(&r, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        sleep_ms(40);
        raw_say(&r, "X");
    }
    raw_read(&r, answer, sizeof answer);
    assert_int_equal(status_of(answer), 408);
    raw_close(&r);
}

static void an_idle_connection_is_closed_in_silence(void **state)
{
    struct raw r;

    (void)state;
    config.idle_ms = 100;
    start();
    r = raw_plain(port);
    raw_say(&r, GET("/hello/x"));
    raw_read_until(&r, answer, sizeof answer, "hello x");
    assert_true(raw_closed_within(&r, 2000));
    assert_int_equal(stats().timeouts, 0);
    raw_close(&r);
}

static void a_handshake_that_does_not_come_is_cut(void **state)
{
    struct raw r;

    (void)state;
    config.handshake_ms = 100;
    start();
    r = raw_plain(tls_port);
    assert_true(raw_closed_within(&r, 2000));
    assert_int_equal(stats().timeouts, 1);
    raw_close(&r);
}

static void a_reader_that_does_not_read_is_cut(void **state)
{
    struct raw r;
    int small = 4096;

    (void)state;
    config.write_ms = 100;
    start();
    r = raw_plain(port);
    setsockopt(r.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    for (int i = 0; i < 4; i++) /* more than the socket's buffers hold */
        raw_say(&r, GET("/large"));
    for (int i = 0; i < 3000 && (stats().timeouts == 0 || stats().open > 0); i++)
        sleep_ms(1);
    assert_int_equal(stats().open, 0);
    assert_int_equal(stats().timeouts, 1);
    raw_close(&r);
}

/* A slow client holds up nobody: the loop waits for all of them at once. */
static void slow_clients_do_not_hold_up_others(void **state)
{
    struct raw slow[64];

    (void)state;
    config.workers = 1;
    start();
    for (int i = 0; i < 64; i++) {
        slow[i] = raw_plain(port);
        raw_say(&slow[i], "GET /hello/x HTTP/1.1\r\nHo");
    }
    assert_int_equal(ask(CLOSE("/hello/x")), 200);
    for (int i = 0; i < 64; i++)
        raw_close(&slow[i]);
}

/* ---- TLS (SR-40) ---- */

static void tls_1_3_is_spoken(void **state)
{
    struct raw r;

    (void)state;
    start();
    assert_true(raw_tls(tls_port, TLS1_3_VERSION, &r));
    assert_string_equal(SSL_get_version(r.ssl), "TLSv1.3");
    raw_say(&r, CLOSE("/hello/x"));
    raw_read(&r, answer, sizeof answer);
    assert_int_equal(status_of(answer), 200);
    assert_int_equal(SSL_get_shutdown(r.ssl), SSL_RECEIVED_SHUTDOWN);
    raw_close(&r);
}

static void tls_1_2_is_refused(void **state)
{
    struct raw r;

    (void)state;
    start();
    assert_false(raw_tls(tls_port, TLS1_2_VERSION, &r));
    raw_close(&r);
}

static void no_session_can_be_resumed(void **state)
{
    struct raw r;

    (void)state;
    start();
    assert_true(raw_tls(tls_port, TLS1_3_VERSION, &r));
    raw_say(&r, GET("/hello/x"));
    raw_read_until(&r, answer, sizeof answer, "hello x"); /* a ticket would have come by now */
    assert_false(SSL_SESSION_is_resumable(SSL_get_session(r.ssl)));
    raw_close(&r);
}

static void both_sides_derive_the_same_exporter(void **state)
{
    struct hash32 nonce = {{7}}, key;
    struct raw r;
    struct err e;
    size_t n;

    (void)state;
    start();
    assert_true(raw_tls(tls_port, TLS1_3_VERSION, &r));
    raw_say(&r, CLOSE("/exporter"));
    n = raw_read(&r, answer, sizeof answer);
    assert_ok(tls_exporter(r.ssl, &nonce, &key, &e));
    assert_int_equal(status_of(answer), 200);
    assert_memory_equal(answer + n - 32, key.b, 32);
    raw_close(&r);
}

static void a_plain_connection_has_no_exporter(void **state)
{
    (void)state;
    start();
    assert_int_equal(ask(CLOSE("/exporter")), 403);
}

static void a_new_certificate_is_shown_to_new_connections(void **state)
{
    struct identity fresh = identity_new("second", "{}");
    struct raw old, now;
    struct err e;

    (void)state;
    start();
    assert_true(raw_tls(tls_port, TLS1_3_VERSION, &old));
    assert_ok(tls_server_set_certificate(tls, fresh.key, fresh.cert, &e));
    assert_true(raw_tls(tls_port, TLS1_3_VERSION, &now));
    assert_int_equal(X509_cmp(SSL_get0_peer_certificate(now.ssl), fresh.cert), 0);
    raw_say(&old, CLOSE("/hello/x")); /* it lives on */
    raw_read(&old, answer, sizeof answer);
    assert_int_equal(status_of(answer), 200);
    raw_close(&old);
    raw_close(&now);
    identity_done(&fresh);
}

static void a_key_that_is_not_the_certificates_is_refused(void **state)
{
    struct identity other = identity_new("other", NULL);
    struct err e;

    (void)state;
    start();
    assert_int_equal(tls_server_set_certificate(tls, other.key, id.cert, &e), ERR_INVALID);
    identity_done(&other);
}

/* ---- listeners ---- */

static void plain_http_is_for_loopback_only(void **state)
{
    static const char *const not_here[] = {"0.0.0.0:0", "[::]:0", "192.0.2.1:0"};
    struct err e;

    (void)state;
    assert_ok(http_server_new(&config, &server, &e));
    for (size_t i = 0; i < sizeof not_here / sizeof *not_here; i++)
        assert_int_equal(http_server_listen_plain(server, not_here[i], &routes, NULL, &e),
                         ERR_DENIED);
}

static void addresses_are_numeric_with_a_port(void **state)
{
    static const char *const bad[] = {
        "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "[::1]", "::1:80",
        "127.0.0.1:8x", "",          ":80"};
    struct err e;

    (void)state;
    assert_ok(http_server_new(&config, &server, &e));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(http_server_listen_plain(server, bad[i], &routes, NULL, &e), ERR_INVALID);
}

static void a_unix_socket_is_for_its_owner_only_and_goes_with_the_server(void **state)
{
    char dir[] = "/tmp/teereg-net-XXXXXX", path[64];
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;
    struct raw r;
    struct err e;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/socket", dir);
    assert_ok(http_server_new(&config, &server, &e));
    assert_ok(http_server_listen_unix(server, path, &routes, &e));
    assert_ok(http_server_start(server, &e));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    r = (struct raw){.fd = socket(AF_UNIX, SOCK_STREAM, 0)};
    assert_int_equal(connect(r.fd, (struct sockaddr *)&a, sizeof a), 0);
    raw_say(&r, CLOSE("/hello/x"));
    raw_read(&r, answer, sizeof answer);
    assert_non_null(strstr(answer, "X-Peer: unix\r\n"));
    raw_close(&r);
    http_server_free(server);
    server = NULL;
    assert_int_not_equal(stat(path, &st), 0);
    rmdir(dir);
}

static void a_dead_socket_is_replaced_and_a_live_one_is_not(void **state)
{
    char dir[] = "/tmp/teereg-net-XXXXXX", path[64];
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    http_server *second = NULL;
    struct err e;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/socket", dir);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd);
    assert_ok(http_server_new(&config, &server, &e));
    assert_ok(http_server_listen_unix(server, path, &routes, &e));
    assert_ok(http_server_new(&config, &second, &e));
    assert_int_equal(http_server_listen_unix(second, path, &routes, &e), ERR_IO);
    assert_non_null(strstr(e.msg, "another process listens"));
    http_server_free(second);
    http_server_free(server);
    server = NULL;
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_ok(http_server_new(&config, &server, &e));
    assert_int_equal(http_server_listen_unix(server, path, &routes, &e), ERR_IO);
    unlink(path);
    rmdir(dir);
}

/* ---- drain ---- */

static void *drain_thread(void *ret)
{
    struct err e;

    *(enum err_code *)ret = http_server_drain(server, 5000, &e);
    return NULL;
}

static void drain_lets_running_requests_finish(void **state)
{
    enum err_code drained = ERR_INTERNAL;
    struct raw busy, idle;
    pthread_t thread;

    (void)state;
    start();
    idle = raw_plain(port);
    busy = raw_plain(port);
    raw_say(&busy, GET("/block"));
    wait_until(&in_handler, 1);
    pthread_create(&thread, NULL, drain_thread, &drained);
    assert_true(raw_closed_within(&idle, 2000));
    assert_int_equal(stats().open, 1);
    atomic_store(&release_handler, 1);
    raw_read(&busy, answer, sizeof answer);
    assert_int_equal(status_of(answer), 200);
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    pthread_join(thread, NULL);
    assert_int_equal(drained, ERR_OK);
    raw_close(&idle);
    raw_close(&busy);
}

static void drain_cuts_what_takes_too_long(void **state)
{
    struct raw busy;
    struct err e;

    (void)state;
    start();
    busy = raw_plain(port);
    raw_say(&busy, GET("/block"));
    wait_until(&in_handler, 1);
    assert_int_equal(http_server_drain(server, 50, &e), ERR_TIMEOUT);
    assert_true(raw_closed_within(&busy, 2000));
    raw_close(&busy);
}

static void nothing_is_accepted_while_draining(void **state)
{
    struct raw r;
    struct err e;

    (void)state;
    start();
    assert_ok(http_server_drain(server, 1000, &e));
    r = raw_plain(port); /* the kernel's queue takes it; nobody answers */
    raw_say(&r, CLOSE("/hello/x"));
    sleep_ms(50);
    assert_int_equal(stats().accepted, 0);
    raw_close(&r);
}

/* ---- many at once ---- */

static void *many(void *unused)
{
    (void)unused;
    for (int i = 0; i < 5; i++) {
        char got[1024];
        struct raw r;

        if (!raw_tls(tls_port, TLS1_3_VERSION, &r))
            return (void *)1;
        for (int k = 0; k < 20; k++) {
            raw_say(&r, GET("/hello/many"));
            raw_read_until(&r, got, sizeof got, "hello many  .");
            if (status_of(got) != 200)
                return (void *)1;
        }
        raw_close(&r);
    }
    return NULL;
}

static void many_clients_are_served_by_several_loops(void **state)
{
    pthread_t threads[8];
    void *failed = NULL, *any = NULL;

    (void)state;
    config.loops = 3;
    start();
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, many, NULL);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], &failed);
        any = failed ? failed : any;
    }
    assert_null(any);
    assert_int_equal(stats().requests, 800);
    assert_int_equal(atomic_load(&observed), 800);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, prepare, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_route_with_parameters_is_found),
        CASE(a_header_that_would_split_the_answer_is_left_out),
        CASE(an_unknown_path_is_404_and_an_unknown_method_405),
        CASE(head_is_answered_without_a_body),
        CASE(a_header_sent_twice_is_an_error_to_the_handler),
        CASE(an_answer_over_its_maximum_becomes_500),
        CASE(a_large_answer_reaches_a_slow_reader_whole),
        CASE(requests_follow_each_other_on_one_connection),
        CASE(pipelined_requests_are_answered_in_their_order),
        CASE(pipelined_requests_over_tls_are_answered_too),
        CASE(http_1_0_closes_unless_asked),
        CASE(a_handler_may_end_the_connection),
        CASE(a_connection_that_is_too_old_ends_with_its_next_answer),
        CASE(a_body_in_small_pieces_is_put_together),
        CASE(a_client_that_waits_for_leave_to_send_gets_it),
        CASE(every_request_of_the_strictness_table_is_refused),
        CASE(a_body_over_the_routes_maximum_is_413),
        CASE(a_refused_body_is_not_taken_for_a_request),
        CASE(too_many_requests_of_one_address_are_429),
        CASE(connections_over_the_limit_of_an_address_are_closed),
        CASE(connections_over_the_limit_of_all_are_closed),
        CASE(more_requests_than_may_wait_are_503),
        CASE(a_slow_head_is_cut_with_408),
        CASE(a_slow_body_is_cut_with_408),
        CASE(an_idle_connection_is_closed_in_silence),
        CASE(a_handshake_that_does_not_come_is_cut),
        CASE(a_reader_that_does_not_read_is_cut),
        CASE(slow_clients_do_not_hold_up_others),
        CASE(tls_1_3_is_spoken),
        CASE(tls_1_2_is_refused),
        CASE(no_session_can_be_resumed),
        CASE(both_sides_derive_the_same_exporter),
        CASE(a_plain_connection_has_no_exporter),
        CASE(a_new_certificate_is_shown_to_new_connections),
        CASE(a_key_that_is_not_the_certificates_is_refused),
        CASE(plain_http_is_for_loopback_only),
        CASE(addresses_are_numeric_with_a_port),
        CASE(a_unix_socket_is_for_its_owner_only_and_goes_with_the_server),
        CASE(a_dead_socket_is_replaced_and_a_live_one_is_not),
        CASE(drain_lets_running_requests_finish),
        CASE(drain_cuts_what_takes_too_long),
        CASE(nothing_is_accepted_while_draining),
        CASE(many_clients_are_served_by_several_loops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
