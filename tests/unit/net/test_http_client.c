/* http_client: against our own server, and against peers that misbehave. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include "crypto/pem.h"
#include "net_support.h"

static struct http_server_config server_config;
static http_server *server;
static tls_server *tls;
static struct identity id;
static uint16_t port, tls_port;
static atomic_int requests, judged;
static char url[128];

/* ---- the server ---- */

static void echo(void *self, const struct http_request *req, struct http_response *ret)
{
    const char *v = "";
    struct err e;

    (void)self;
    atomic_fetch_add(&requests, 1);
    (void)!http_request_header(req, "x-one", &v, &e);
    http_response_header(ret, "X-Answer", v);
    http_response_text(ret, 200, req->head->method);
    buf_put(&ret->body, req->body);
}

static void exporter(void *self, const struct http_request *req, struct http_response *ret)
{
    struct hash32 nonce = {{9}}, key;
    struct err e;

    (void)self;
    if (http_request_exporter(req, &nonce, &key, &e) != ERR_OK)
        return;
    ret->status = 200;
    buf_put(&ret->body, BYTES_OF(key));
}

static void large(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    (void)req;
    ret->status = 200;
    buf_put_zero(&ret->body, 4096);
}

static void slow(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    (void)req;
    sleep_ms(400);
    ret->status = 200;
}

static void moved(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    (void)req;
    atomic_fetch_add(&requests, 1);
    http_response_header(ret, "Location", "/echo");
    ret->status = 302;
}

static const struct http_route list[] = {
    {"GET", "/echo", echo, 0, 0},   {"POST", "/echo", echo, 1 << 22, 0},
    {"PUT", "/echo", echo, 64, 0},  {"GET", "/exporter", exporter, 0, 0},
    {"GET", "/large", large, 0, 0}, {"GET", "/slow", slow, 0, 0},
    {"GET", "/moved", moved, 0, 0},
};
static const struct http_routes routes = {list, sizeof list / sizeof *list, NULL, NULL, NULL, NULL};

static int start(void **state)
{
    struct err e;

    (void)state;
    server_config = http_server_defaults;
    atomic_store(&requests, 0);
    atomic_store(&judged, 0);
    assert_ok(http_server_new(&server_config, &server, &e));
    id = identity_new("localhost", "{\"type\":\"x\"}");
    assert_ok(tls_server_new(id.key, id.cert, &tls, &e));
    assert_ok(http_server_listen_plain(server, "127.0.0.1:0", &routes, &port, &e));
    assert_ok(http_server_listen_tls(server, "127.0.0.1:0", tls, &routes, &tls_port, &e));
    assert_ok(http_server_start(server, &e));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_server_free(server);
    tls_server_free(tls);
    identity_done(&id);
    return 0;
}

static const char *plain(const char *path)
{
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
    return url;
}

static const char *secure(const char *host, const char *path)
{
    snprintf(url, sizeof url, "https://%s:%u%s", host, tls_port, path);
    return url;
}

/* ---- the client ---- */

static enum err_code accept_leaf(void *self, struct bytes leaf_der, struct err *e)
{
    AUTO(X509) leaf = NULL;
    struct bytes evidence;

    (void)self;
    atomic_fetch_add(&judged, 1);
    TRY(x509_parse(leaf_der, &leaf, e));
    TRY(x509_extension(leaf, OID_TEEREG_EVIDENCE, &evidence, e));
    return bytes_eq(evidence, bytes_of_str("{\"type\":\"x\"}"))
               ? ERR_OK
               : err_set(e, ERR_VERIFY, "other evidence");
}

static enum err_code refuse_leaf(void *self, struct bytes leaf_der, struct err *e)
{
    (void)self;
    (void)leaf_der;
    atomic_fetch_add(&judged, 1);
    return err_set(e, ERR_DENIED, "measured otherwise");
}

static const struct http_client_config plain_config = {.allow_http = true, .allow_private = true};
static const struct http_client_config attested_config = {
    .tls = {.trust = TLS_TRUST_ATTESTED, .judge = accept_leaf}, .allow_private = true};

static http_client *client_of(const struct http_client_config *config)
{
    http_client *c = NULL;
    struct err e;

    assert_ok(http_client_new(config, &c, &e));
    return c;
}

/* One call on a client of its own. */
static enum err_code call_once(const struct http_client_config *config,
                               const struct http_call *call, struct http_answer *ret, struct err *e)
{
    AUTO(http_client) c = client_of(config);

    return http_client_do(c, call, ret, e);
}

static enum err_code get_once(const struct http_client_config *config, const char *from,
                              struct err *e)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};

    return call_once(config, &(struct http_call){.url = from}, &a, e);
}

#define assert_body(answer, text)                                                                  \
    assert_true(bytes_eq(buf_bytes(&(answer).body), bytes_of_str(text)))

static void a_request_is_answered(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    struct http_header extra[] = {{"X-One", "1 two"}};
    struct http_call call = {.url = plain("/echo?x=1"), .headers = extra, .n_headers = 1};
    struct err e;

    (void)state;
    assert_ok(call_once(&plain_config, &call, &a, &e));
    assert_int_equal(a.status, 200);
    assert_string_equal(a.content_type, "text/plain; charset=utf-8");
    assert_string_equal(http_answer_header(&a, "x-answer"), "1 two");
    assert_null(http_answer_header(&a, "x-none"));
    assert_body(a, "GET");
}

static void bodies_are_sent_with_the_method_named(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    AUTO(http_client) c = client_of(&plain_config);
    struct http_call call = {
        .url = plain("/echo"), .content_type = "text/plain", .body = bytes_of_str("+body")};
    struct err e;

    (void)state;
    assert_ok(http_client_do(c, &call, &a, &e));
    assert_body(a, "POST+body");
    call.method = "PUT";
    assert_ok(http_client_do(c, &call, &a, &e));
    assert_body(a, "PUT+body");
    call = (struct http_call){.url = url};
    assert_ok(http_client_do(c, &call, &a, &e));
    assert_body(a, "GET");
    call.method = "HEAD";
    assert_ok(http_client_do(c, &call, &a, &e));
    assert_int_equal(a.body.n, 0);
}

static void a_large_body_is_sent_without_asking_for_leave(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    struct buf body AUTO_CALL(buf_done) = BUF(1 << 22);
    struct http_client_config config = plain_config;
    struct http_call call = {.url = plain("/echo"), .content_type = "text/plain"};
    struct err e;

    (void)state;
    buf_put_zero(&body, 3 << 20);
    call.body = buf_bytes(&body);
    config.body_max = 1 << 22;
    assert_ok(call_once(&config, &call, &a, &e));
    assert_int_equal(a.body.n, (3 << 20) + 4);
}

static void a_connection_is_used_again(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    AUTO(http_client) c = client_of(&attested_config);
    struct http_server_stats s;
    struct err e;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_ok(
            http_client_do(c, &(struct http_call){.url = secure("localhost", "/echo")}, &a, &e));
    http_server_stats(server, &s);
    assert_int_equal(s.accepted, 1);
    assert_int_equal(atomic_load(&judged), 1);
}

/* ---- TLS ---- */

static void an_attested_peer_is_judged_by_its_leaf(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    struct buf der AUTO_CALL(buf_done) = BUF(X509_DER_MAX),
                   leaf AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    AUTO(http_client) c = client_of(&attested_config);
    struct err e;

    (void)state;
    assert_ok(http_client_do(c, &(struct http_call){.url = secure("127.0.0.1", "/echo")}, &a, &e));
    assert_int_equal(atomic_load(&judged), 1);
    assert_ok(http_client_leaf(c, &leaf, &e));
    assert_ok(x509_der(id.cert, &der, &e));
    assert_true(bytes_eq(buf_bytes(&leaf), buf_bytes(&der)));
}

static void nothing_is_sent_to_a_peer_that_the_judge_refuses(void **state)
{
    struct http_client_config config = attested_config;
    struct err e;

    (void)state;
    config.tls.judge = refuse_leaf;
    assert_int_equal(get_once(&config, secure("localhost", "/echo"), &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "measured otherwise"));
    assert_int_equal(atomic_load(&judged), 1);
    assert_int_equal(atomic_load(&requests), 0);
}

static void both_sides_derive_the_same_exporter(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    AUTO(http_client) c = client_of(&attested_config);
    struct hash32 nonce = {{9}}, other = {{8}}, key;
    struct err e;

    (void)state;
    assert_int_equal(http_client_exporter(c, &nonce, &key, &e), ERR_INVALID);
    assert_ok(
        http_client_do(c, &(struct http_call){.url = secure("localhost", "/exporter")}, &a, &e));
    assert_ok(http_client_exporter(c, &nonce, &key, &e));
    assert_true(bytes_eq(buf_bytes(&a.body), BYTES_OF(key)));
    assert_ok(http_client_exporter(c, &other, &key, &e));
    assert_false(bytes_eq(buf_bytes(&a.body), BYTES_OF(key)));
}

static void a_plain_connection_proves_nothing(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    struct buf leaf AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    AUTO(http_client) c = client_of(&plain_config);
    struct hash32 nonce = {{9}}, key;
    struct err e;

    (void)state;
    assert_ok(http_client_do(c, &(struct http_call){.url = plain("/echo")}, &a, &e));
    assert_int_equal(http_client_exporter(c, &nonce, &key, &e), ERR_INVALID);
    assert_int_equal(http_client_leaf(c, &leaf, &e), ERR_INVALID);
}

static void what_a_closed_connection_was_is_still_known(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    struct buf leaf AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    struct http_header last[] = {{"Connection", "close"}};
    AUTO(http_client) c = client_of(&attested_config);
    struct http_call call = {.url = secure("localhost", "/echo"), .headers = last, .n_headers = 1};
    struct hash32 nonce = {{9}}, key;
    struct err e;

    (void)state;
    assert_ok(http_client_do(c, &call, &a, &e));
    assert_ok(http_client_leaf(c, &leaf, &e));
    assert_int_equal(http_client_exporter(c, &nonce, &key, &e), ERR_UPSTREAM);
}

static void a_failed_call_on_the_same_connection_ends_its_session(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    AUTO(http_client) c = client_of(&attested_config);
    struct hash32 nonce = {{9}}, key;
    struct err e;

    (void)state;
    assert_ok(http_client_do(c, &(struct http_call){.url = secure("localhost", "/echo")}, &a, &e));
    assert_ok(http_client_exporter(c, &nonce, &key, &e));
    assert_int_equal(
        http_client_do(c, &(struct http_call){.url = secure("localhost", "/slow"), .total_ms = 50},
                       &a, &e),
        ERR_TIMEOUT);
    assert_int_equal(http_client_exporter(c, &nonce, &key, &e), ERR_UPSTREAM);
}

static struct buf pem_of(X509 *cert)
{
    struct buf pem = BUF(1 << 16), der = BUF(X509_DER_MAX);
    struct err e;

    assert_ok(x509_der(cert, &der, &e));
    pem_put(&pem, "CERTIFICATE", buf_bytes(&der));
    buf_done(&der);
    return pem;
}

static void only_the_named_authority_counts(void **state)
{
    struct identity other = identity_new("localhost", NULL);
    struct buf ours AUTO_CALL(buf_done) = pem_of(id.cert);
    struct buf theirs AUTO_CALL(buf_done) = pem_of(other.cert);
    struct http_client_config config = {.tls = {.trust = TLS_TRUST_CA}, .allow_private = true};
    struct err e;

    (void)state;
    config.tls.ca_pem = buf_bytes(&ours);
    assert_ok(get_once(&config, secure("localhost", "/echo"), &e));
    /* the right authority, another name */
    assert_int_equal(get_once(&config, secure("127.0.0.1", "/echo"), &e), ERR_VERIFY);
    config.tls.ca_pem = buf_bytes(&theirs);
    assert_int_equal(get_once(&config, secure("localhost", "/echo"), &e), ERR_VERIFY);
    config.tls.trust = TLS_TRUST_SYSTEM;
    config.tls.ca_pem = (struct bytes){0};
    assert_int_equal(get_once(&config, secure("localhost", "/echo"), &e), ERR_VERIFY);
    assert_int_equal(atomic_load(&requests), 1);
    identity_done(&other);
}

static void authorities_that_are_none_are_refused_at_once(void **state)
{
    struct http_client_config config = {.tls = {.trust = TLS_TRUST_CA}};
    http_client *c = NULL;
    struct err e;

    (void)state;
    assert_int_equal(http_client_new(&config, &c, &e), ERR_INVALID);
    config.tls.ca_pem =
        bytes_of_str("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
    assert_int_equal(http_client_new(&config, &c, &e), ERR_INVALID);
    config.tls = (struct tls_client_policy){.trust = TLS_TRUST_ATTESTED};
    assert_int_equal(http_client_new(&config, &c, &e), ERR_INTERNAL);
}

/* ---- bounds ---- */

static void an_answer_over_the_maximum_is_refused(void **state)
{
    struct http_client_config config = plain_config;
    struct err e;

    (void)state;
    config.body_max = 4095;
    assert_int_equal(get_once(&config, plain("/large"), &e), ERR_TOO_LARGE);
    config.body_max = 4096;
    assert_ok(get_once(&config, plain("/large"), &e));
}

static void a_failed_call_leaves_the_answer_alone(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {.status = 7};
    struct http_client_config config = plain_config;
    struct err e;

    (void)state;
    config.body_max = 10;
    assert_int_equal(call_once(&config, &(struct http_call){.url = plain("/large")}, &a, &e),
                     ERR_TOO_LARGE);
    assert_int_equal(a.status, 7);
    assert_null(a.body.p);
}

static void a_slow_answer_is_a_timeout(void **state)
{
    struct http_client_config config = plain_config;
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    uint64_t before = clock_ns(&clock_system);
    struct http_call call = {.url = plain("/slow"), .total_ms = 60};
    struct err e;

    (void)state;
    assert_int_equal(call_once(&config, &call, &a, &e), ERR_TIMEOUT);
    assert_true(clock_ns(&clock_system) - before < 350u * 1000000);
    config.total_ms = 60;
    call.total_ms = 0;
    assert_int_equal(call_once(&config, &call, &a, &e), ERR_TIMEOUT);
}

/* Accepts connections in the kernel's queue and never says a word. */
static int silent_peer(uint16_t *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 8), 0);
    getsockname(fd, (struct sockaddr *)&a, &n);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static void a_peer_that_stalls_in_the_handshake_is_a_timeout(void **state)
{
    struct http_client_config config = attested_config;
    uint16_t silent;
    int fd = silent_peer(&silent);
    struct err e;

    (void)state;
    config.connect_ms = 80;
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", silent);
    assert_int_equal(get_once(&config, url, &e), ERR_TIMEOUT);
    close(fd);
}

static void a_peer_that_is_not_there_is_upstream(void **state)
{
    uint16_t gone;
    int fd = silent_peer(&gone);
    struct err e;

    (void)state;
    close(fd);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/secret-path?key=1", gone);
    assert_int_equal(get_once(&plain_config, url, &e), ERR_UPSTREAM);
    assert_non_null(strstr(e.msg, "http://127.0.0.1:"));
    assert_null(strstr(e.msg, "secret-path"));
}

/* Says one fixed text to one client. */
struct talker {
    int fd;
    const char *text;
    size_t n;
};

static void *talk(void *self)
{
    struct talker *t = self;
    char skip[4096];
    int fd = accept(t->fd, NULL, NULL);

    (void)!recv(fd, skip, sizeof skip, 0);
    (void)!send(fd, t->text, t->n, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void answers_that_are_none_are_upstream(void **state)
{
    static const char nul[] = "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n";
    struct talker rows[] = {
        {0, "garbage\r\n\r\n", 11},
        {0, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", 44},
        {0, nul, sizeof nul - 1},
        {0, "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pthread_t thread;
        uint16_t at;
        struct err e;

        rows[i].fd = silent_peer(&at);
        pthread_create(&thread, NULL, talk, &rows[i]);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/", at);
        assert_int_equal(get_once(&plain_config, url, &e), ERR_UPSTREAM);
        pthread_join(thread, NULL);
        close(rows[i].fd);
    }
}

static void redirects_are_answers(void **state)
{
    struct http_answer a AUTO_CALL(http_answer_done) = {0};
    struct err e;

    (void)state;
    assert_ok(call_once(&plain_config, &(struct http_call){.url = plain("/moved")}, &a, &e));
    assert_int_equal(a.status, 302);
    assert_string_equal(http_answer_header(&a, "location"), "/echo");
    assert_int_equal(atomic_load(&requests), 1);
}

/* SR-46 */
static void private_addresses_are_refused_unless_allowed(void **state)
{
    struct http_client_config config = {.allow_http = true};
    struct err e;

    (void)state;
    assert_int_equal(get_once(&config, plain("/echo"), &e), ERR_DENIED);
    snprintf(url, sizeof url, "http://localhost:%u/echo", port); /* what the name leads to counts */
    assert_int_equal(get_once(&config, url, &e), ERR_DENIED);
    assert_int_equal(get_once(&config, "http://169.254.169.254/latest/", &e), ERR_DENIED);
    assert_int_equal(get_once(&config, "http://[::ffff:10.0.0.1]/", &e), ERR_DENIED);
    assert_int_equal(atomic_load(&requests), 0);
}

static void only_the_schemes_that_were_allowed_are_asked(void **state)
{
    struct http_client_config config = {.allow_private = true};
    struct err e;

    (void)state;
    assert_int_equal(get_once(&config, plain("/echo"), &e), ERR_INVALID);
    assert_int_equal(get_once(&plain_config, "file:///etc/passwd", &e), ERR_INVALID);
    assert_int_equal(get_once(&plain_config, "ftp://localhost/", &e), ERR_INVALID);
    assert_int_equal(get_once(&plain_config, "localhost", &e), ERR_INVALID);
    assert_int_equal(atomic_load(&requests), 0);
}

static void a_proxy_of_the_environment_is_not_used(void **state)
{
    struct err e;

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    assert_ok(get_once(&plain_config, plain("/echo"), &e));
    unsetenv("http_proxy");
}

static void headers_that_would_split_the_request_are_refused(void **state)
{
    struct http_header bad[] = {{"X-A", "b\r\nX-C: d"}, {"X-A: b", "c"}, {"", "c"}, {"X\n", "c"}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_answer a AUTO_CALL(http_answer_done) = {0};
        struct http_call call = {.url = plain("/echo"), .headers = &bad[i], .n_headers = 1};
        struct err e;

        assert_int_equal(call_once(&plain_config, &call, &a, &e), ERR_INVALID);
    }
    assert_int_equal(atomic_load(&requests), 0);
}

static void a_unix_socket_is_asked_whatever_the_host(void **state)
{
    char dir[] = "/tmp/teereg-net-XXXXXX", path[64];
    struct http_client_config config = {.allow_http = true, .unix_socket = path};
    struct http_server_config own = http_server_defaults;
    http_server *local = NULL;
    struct err e;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/socket", dir);
    assert_ok(http_server_new(&own, &local, &e));
    assert_ok(http_server_listen_unix(local, path, &routes, &e));
    assert_ok(http_server_start(local, &e));
    assert_ok(get_once(&config, "http://teereg/echo", &e));
    http_server_free(local);
    rmdir(dir);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_request_is_answered),
        CASE(bodies_are_sent_with_the_method_named),
        CASE(a_large_body_is_sent_without_asking_for_leave),
        CASE(a_connection_is_used_again),
        CASE(an_attested_peer_is_judged_by_its_leaf),
        CASE(nothing_is_sent_to_a_peer_that_the_judge_refuses),
        CASE(both_sides_derive_the_same_exporter),
        CASE(a_plain_connection_proves_nothing),
        CASE(what_a_closed_connection_was_is_still_known),
        CASE(a_failed_call_on_the_same_connection_ends_its_session),
        CASE(only_the_named_authority_counts),
        CASE(authorities_that_are_none_are_refused_at_once),
        CASE(an_answer_over_the_maximum_is_refused),
        CASE(a_failed_call_leaves_the_answer_alone),
        CASE(a_slow_answer_is_a_timeout),
        CASE(a_peer_that_stalls_in_the_handshake_is_a_timeout),
        CASE(a_peer_that_is_not_there_is_upstream),
        CASE(answers_that_are_none_are_upstream),
        CASE(redirects_are_answers),
        CASE(private_addresses_are_refused_unless_allowed),
        CASE(only_the_schemes_that_were_allowed_are_asked),
        CASE(a_proxy_of_the_environment_is_not_used),
        CASE(headers_that_would_split_the_request_are_refused),
        CASE(a_unix_socket_is_asked_whatever_the_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
