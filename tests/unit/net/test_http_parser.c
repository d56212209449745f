/* http_parser: what is taken, what is refused, and that no split of the bytes matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <string.h>
#include <cmocka.h>
#include "net/http_parser.h"
#include "support/vectors.h"

#define BODY_MAX 64

static struct http_parser parser;

static int setup(void **state)
{
    (void)state;
    http_parser_init(&parser);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_parser_done(&parser);
    return 0;
}

/* Feed up to the end of one request; each byte in a block of its own size when step is 1. */
static enum http_progress feed(struct http_parser *p, struct bytes in, size_t step,
                               size_t *ret_used)
{
    enum http_progress got = HTTP_MORE;
    size_t at = 0;

    while (got == HTTP_HEAD || (got == HTTP_MORE && at < in.n)) {
        size_t n = in.n - at < step ? in.n - at : step, used = 0;

        got = http_parser_feed(p, (struct bytes){in.p + at, n}, &used);
        at += used;
        if (got == HTTP_HEAD)
            p->body_max = BODY_MAX;
    }
    *ret_used = at;
    return got;
}

static enum http_progress feed_text(const char *text)
{
    size_t used;

    return feed(&parser, bytes_of_str(text), 1 << 20, &used);
}

static void assert_refused(struct bytes in, unsigned status, const char *name)
{
    size_t steps[] = {1, 2, 7, in.n ? in.n : 1};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct http_parser p;
        size_t used;

        http_parser_init(&p);
        if (feed(&p, in, steps[i], &used) != HTTP_BAD || p.status != status)
            fail_msg("%s in steps of %zu: status %u, not %u (%s)", name, steps[i], p.status, status,
                     p.problem ? p.problem : "taken");
        assert_int_equal(feed(&p, in, 1, &used), HTTP_BAD); /* and stays so */
        assert_non_null(p.problem);
        http_parser_done(&p);
    }
}

static void every_request_of_the_strictness_table_is_refused(void **state)
{
    char dir[1024], path[300];
    struct dirent **names = NULL;
    int n, rows = 0;

    (void)state;
    snprintf(dir, sizeof dir, "%s/tests/vectors/http", getenv("TEEREG_SRC"));
    n = scandir(dir, &names, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        size_t len;
        char *data;

        if (strstr(names[i]->d_name, ".http")) {
            snprintf(path, sizeof path, "tests/vectors/http/%.200s", names[i]->d_name);
            data = vector_read(path, &len);
            assert_refused((struct bytes){(uint8_t *)data, len},
                           (unsigned)strtoul(names[i]->d_name, NULL, 10), names[i]->d_name);
            free(data);
            rows++;
        }
        free(names[i]);
    }
    free(names);
    assert_int_equal(rows, 19);
}

static const struct {
    unsigned status;
    const char *text;
} refused[] = {
    /* the request line */
    {400, "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /\r\nHost: a\r\n\r\n"},
    {400, "GET / \r\nHost: a\r\n\r\n"},
    {400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
    {400, "GET / HTTP/1\r\nHost: a\r\n\r\n"},
    {400, "GET / HTTP/1.11\r\nHost: a\r\n\r\n"},
    {400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
    {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
    {505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"},
    {400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "G3T / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /a//b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET //a HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /a/./b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /a/.. HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /?a#b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /?a=%0 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "\x16\x03\x01\x02"},
    /* header lines */
    {400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\r\nX(: y\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\r\nX: \xe4\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\n\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"},
    {400, "GET / HTTP/1.0\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:8a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n"},
    {417, "POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\nx"},
    /* lengths */
    {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 01\r\n\r\nx"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nx"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\nx"},
    {413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65\r\n\r\n"},
    {413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999999999\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
          "Content-Length: 5\r\n\r\n0\r\n\r\n"},
    {400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    /* chunks */
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\n"},
    {400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n000000001\r\nx\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: t\r\n\r\n"},
    {413, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n"},
    {413, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n"},
    {413, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3F\r\n"
          "012345678901234567890123456789012345678901234567890123456789012\r\n2\r\n"},
};

static void other_malformed_requests_are_refused_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_refused(bytes_of_str(refused[i].text), refused[i].status, refused[i].text);
}

static void a_request_is_read_into_views(void **state)
{
    (void)state;
    assert_int_equal(feed_text("GET /api/v2/pki/0xab?nonce=a%20b&c=/?d HTTP/1.1\r\n"
                               "Host: kms.example:8443\r\nX-Two:  a\tb \t\r\nX-None:\r\n\r\n"),
                     HTTP_COMPLETE);
    assert_string_equal(parser.head.method, "GET");
    assert_string_equal(parser.head.path, "/api/v2/pki/0xab");
    assert_string_equal(parser.head.query, "nonce=a%20b&c=/?d");
    assert_int_equal(parser.head.n_headers, 3);
    assert_string_equal(http_head_find(&parser.head, "x-two"), "a\tb");
    assert_string_equal(http_head_find(&parser.head, "X-NONE"), "");
    assert_null(http_head_find(&parser.head, "x-three"));
    assert_true(parser.head.keep_alive);
    assert_int_equal(parser.body.n, 0);
}

static void a_body_of_a_length_is_read(void **state)
{
    (void)state;
    assert_int_equal(feed_text("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
                     HTTP_COMPLETE);
    assert_true(bytes_eq(buf_bytes(&parser.body), bytes_of_str("hello")));
    assert_false(parser.head.expect_continue);
}

static void chunks_are_put_together(void **state)
{
    (void)state;
    assert_int_equal(feed_text("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n"
                               "Expect: 100-Continue\r\n\r\n"
                               "05\r\nhello\r\nB\r\n, my worlds\r\n0\r\n\r\n"),
                     HTTP_COMPLETE);
    assert_true(bytes_eq(buf_bytes(&parser.body), bytes_of_str("hello, my worlds")));
    assert_true(parser.head.expect_continue);
}

static void a_body_of_exactly_the_maximum_is_taken(void **state)
{
    char text[256];

    (void)state;
    snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%0*d",
             BODY_MAX, BODY_MAX, 0);
    assert_int_equal(feed_text(text), HTTP_COMPLETE);
    assert_int_equal(parser.body.n, BODY_MAX);
}

static void what_the_client_wants_of_the_connection_is_understood(void **state)
{
    static const struct {
        const char *version, *connection;
        bool keep;
    } rows[] = {
        {"1.1", "", true},
        {"1.1", "Connection: close\r\n", false},
        {"1.1", "Connection: upgrade, CLOSE\r\n", false},
        {"1.1", "Connection: upgrade\r\nConnection: close\r\n", false},
        {"1.1", "Connection: closed\r\n", true},
        {"1.0", "", false},
        {"1.0", "Connection: Keep-Alive\r\n", true},
        {"1.0", "Connection: keep-alive, close\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];

        snprintf(text, sizeof text, "GET / HTTP/%s\r\nHost: a\r\n%s\r\n", rows[i].version,
                 rows[i].connection);
        assert_int_equal(feed_text(text), HTTP_COMPLETE);
        assert_int_equal(parser.head.keep_alive, rows[i].keep);
        http_parser_next(&parser);
    }
}

static void hosts_of_every_kind_are_taken(void **state)
{
    static const char *const hosts[] = {"a",     "kms.example",     "127.0.0.1:1",
                                        "[::1]", "[fe80::1]:65535", "a_b-c.d:8443"};

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char text[128];

        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i]);
        assert_int_equal(feed_text(text), HTTP_COMPLETE);
        http_parser_next(&parser);
    }
}

/* Head of exactly n bytes. */
static struct buf head_of(size_t n)
{
    static const char first[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    struct buf b = BUF(1 << 20);

    buf_put_str(&b, first);
    while (b.n < n - 4)
        buf_put_u8(&b, 'a');
    buf_put_str(&b, "\r\n\r\n");
    return b;
}

static void a_head_of_16_kib_is_taken_and_one_byte_more_is_not(void **state)
{
    struct buf fits = head_of(HTTP_HEAD_MAX), more = head_of(HTTP_HEAD_MAX + 1);
    size_t used;

    (void)state;
    assert_int_equal(feed(&parser, buf_bytes(&fits), 1000, &used), HTTP_COMPLETE);
    assert_refused(buf_bytes(&more), 431, "a head of 16 KiB and a byte");
    buf_done(&fits);
    buf_done(&more);
}

static void a_hundred_headers_are_taken_and_one_more_is_not(void **state)
{
    (void)state;
    for (int n = HTTP_HEADERS_MAX; n <= HTTP_HEADERS_MAX + 1; n++) {
        struct buf b = BUF(1 << 16);

        buf_put_str(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (int i = 1; i < n; i++)
            buf_printf(&b, "X-%d: b\r\n", i);
        buf_put_str(&b, "\r\n");
        if (n == HTTP_HEADERS_MAX)
            assert_int_equal(feed_text(buf_cstr(&b)), HTTP_COMPLETE);
        else
            assert_refused(buf_bytes(&b), 431, "101 headers");
        buf_done(&b);
    }
}

static const char pipeline[] = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                               "GET /b?c HTTP/1.1\r\nHost: b\r\n\r\n"
                               "POST /d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "2\r\nxy\r\n1\r\nz\r\n0\r\n\r\n";

static void requests_one_after_the_other_end_where_they_end(void **state)
{
    static const char *const paths[] = {"/a", "/b", "/d"}, *const bodies[] = {"abc", "", "xyz"};
    struct bytes rest = bytes_of_str(pipeline);

    (void)state;
    for (int i = 0; i < 3; i++) {
        size_t used;

        assert_int_equal(feed(&parser, rest, 1 << 20, &used), HTTP_COMPLETE);
        assert_string_equal(parser.head.path, paths[i]);
        assert_true(bytes_eq(buf_bytes(&parser.body), bytes_of_str(bodies[i])));
        rest.p += used;
        rest.n -= used;
        http_parser_next(&parser);
        assert_false(http_parser_started(&parser));
    }
    assert_int_equal(rest.n, 0);
}

static void a_split_at_every_byte_gives_the_same_requests(void **state)
{
    size_t n = strlen(pipeline);

    (void)state;
    for (size_t cut = 1; cut < n; cut++) {
        struct http_parser p;
        size_t at = 0;
        int requests = 0;

        http_parser_init(&p);
        while (at < n) {
            size_t used, end = at < cut ? cut : n;
            enum http_progress got = http_parser_feed(
                &p, (struct bytes){(const uint8_t *)pipeline + at, end - at}, &used);

            assert_int_not_equal(got, HTTP_BAD);
            at += used;
            if (got == HTTP_HEAD) {
                p.body_max = BODY_MAX;
                got = http_parser_feed(&p, (struct bytes){0}, &used);
            }
            if (got == HTTP_COMPLETE) {
                requests++;
                http_parser_next(&p);
            }
        }
        assert_int_equal(requests, 3);
        http_parser_done(&p);
    }
}

static void a_connection_that_sent_nothing_has_not_started(void **state)
{
    size_t used;

    (void)state;
    assert_int_equal(http_parser_feed(&parser, (struct bytes){0}, &used), HTTP_MORE);
    assert_false(http_parser_started(&parser));
    assert_int_equal(http_parser_feed(&parser, bytes_of_str("G"), &used), HTTP_MORE);
    assert_true(http_parser_started(&parser));
}

static void the_memory_of_a_large_body_is_given_back(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(1 << 20);
    size_t used;

    (void)state;
    buf_printf(&b, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 100000);
    assert_int_equal(http_parser_feed(&parser, buf_bytes(&b), &used), HTTP_HEAD);
    parser.body_max = 100000;
    buf_clear(&b);
    buf_put_zero(&b, 100000);
    assert_int_equal(http_parser_feed(&parser, buf_bytes(&b), &used), HTTP_COMPLETE);
    http_parser_next(&parser);
    assert_int_equal(parser.body.cap, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_request_of_the_strictness_table_is_refused),
        CASE(other_malformed_requests_are_refused_too),
        CASE(a_request_is_read_into_views),
        CASE(a_body_of_a_length_is_read),
        CASE(chunks_are_put_together),
        CASE(a_body_of_exactly_the_maximum_is_taken),
        CASE(what_the_client_wants_of_the_connection_is_understood),
        CASE(hosts_of_every_kind_are_taken),
        CASE(a_head_of_16_kib_is_taken_and_one_byte_more_is_not),
        CASE(a_hundred_headers_are_taken_and_one_more_is_not),
        CASE(requests_one_after_the_other_end_where_they_end),
        CASE(a_split_at_every_byte_gives_the_same_requests),
        CASE(a_connection_that_sent_nothing_has_not_started),
        CASE(the_memory_of_a_large_body_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
