/* provider_remote: what it asks, and what it makes of any answer. */
#include "support/dcap.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include "attest/provider.h"
#include "attest/quote.h"

/* Answers one request on a port of its own with what it is given. */
struct server {
    int listener;
    uint16_t port;
    const char *head;
    struct bytes body;
    char request[1024];
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct server *s = arg;
    int fd = accept(s->listener, NULL, NULL);
    size_t n = 0;

    while (fd >= 0 && n < sizeof s->request - 1 && !strstr(s->request, "\r\n\r\n")) {
        ssize_t got = read(fd, s->request + n, sizeof s->request - 1 - n);

        if (got <= 0)
            break;
        n += (size_t)got;
        s->request[n] = 0;
    }
    if (write(fd, s->head, strlen(s->head)) < 0 ||
        (s->body.n && write(fd, s->body.p, s->body.n) < 0))
        s->request[0] = 0;
    close(fd);
    return NULL;
}

static void server_start(struct server *s, const char *head, struct bytes body)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;

    memset(s, 0, sizeof *s);
    s->head = head;
    s->body = body;
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(s->listener >= 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->listener, 1), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&a, &len), 0);
    s->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
    pthread_join(s->thread, NULL);
    close(s->listener);
}

static enum err_code ask(const char *head, struct bytes body, const struct report_data *rd,
                         struct server *s, struct buf *ret, struct err *e)
{
    AUTO(quote_provider) p = NULL;
    enum err_code code;
    char url[64];

    server_start(s, head, body);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", s->port);
    need(provider_remote(url, &p, e), e);
    assert_string_equal(p->name, "remote");
    code = quote_provider_quote(p, rd, ret, e);
    server_stop(s);
    return code;
}

static void the_quote_is_asked_for_by_report_data_in_hex(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct report_data rd;
    struct quote parsed;
    struct server s;
    char head[128], hex[HEX_LEN(64)], line[256];
    struct err e;

    (void)state;
    need(quote_parse(q, &parsed, NULL, &e), &e);
    memcpy(rd.b, parsed.td.report_data, 64);
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", q.n);
    need(ask(head, q, &rd, &s, &out, &e), &e);
    assert_true(bytes_eq(buf_bytes(&out), (struct bytes){q.p, parsed.used}));
    hex_encode(BYTES(rd.b), hex);
    snprintf(line, sizeof line, "GET /attest/%s HTTP/1.1\r\n", hex);
    assert_memory_equal(s.request, line, strlen(line));
}

static void any_other_answer_is_an_error(void **state)
{
    static const char *const heads[] = {
        "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nquote",
        "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n",
        "nonsense\r\n\r\n",
        "",
    };
    const struct report_data rd = {{1}};

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
        struct server s;
        struct err e;

        assert_int_not_equal(ask(heads[i], (struct bytes){0}, &rd, &s, &out, &e), ERR_OK);
        assert_int_equal(out.n, 0);
        assert_non_null(strstr(e.msg, "remote"));
    }
}

static void an_address_that_is_no_http_url_is_refused(void **state)
{
    static const char *const bad[] = {"",         "127.0.0.1:80",  "file:///attest",
                                      "ftp://h/", "http://h/?q=1", "http://h:0/"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO(quote_provider) p = NULL;
        struct err e;

        assert_int_not_equal(provider_remote(bad[i], &p, &e), ERR_OK);
        assert_null(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quote_is_asked_for_by_report_data_in_hex),
        cmocka_unit_test(any_other_answer_is_an_error),
        cmocka_unit_test(an_address_that_is_no_http_url_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
