/* http_server: routes, answers, connections, listeners and drain, over real sockets. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "server_support.h"

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

static void what_the_screen_refuses_is_refused_before_its_route_and_its_body(void **state)
{
    static const char *const screened[] = {
        "GET /hello/x HTTP/1.1\r\nHost: a\r\nX-Screen: 1\r\nConnection: close\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: a\r\nx-screen:\r\nConnection: close\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nX-Screen: 1\r\nContent-Length: 1048576\r\n\r\n",
    };

    (void)state;
    start();
    for (size_t i = 0; i < sizeof screened / sizeof *screened; i++) {
        assert_int_equal(ask(screened[i]), 403);
        assert_non_null(strstr(answer, "\"message\":\"screened\""));
        assert_non_null(strstr(answer, "Connection: close\r\n"));
    }
    assert_int_equal(stats().requests, 0); /* none came to a worker */
    assert_int_equal(ask(CLOSE("/hello/x")), 200);
}

static void a_screened_connection_goes_on_when_there_is_no_body(void **state)
{
    struct raw r;

    (void)state;
    start();
    r = raw_plain(port);
    raw_say(&r, "GET /hello/x HTTP/1.1\r\nHost: a\r\nX-Screen: 1\r\n\r\n" CLOSE("/hello/y"));
    raw_read(&r, answer, sizeof answer);
    assert_int_equal(status_of(answer), 403);
    assert_non_null(strstr(answer, "hello y"));
    raw_close(&r);
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

static void nothing_is_listened_on_after_the_start(void **state)
{
    struct err e;

    (void)state;
    start();
    assert_int_equal(http_server_listen_plain(server, "127.0.0.1:0", &routes, NULL, &e),
                     ERR_INVALID);
}

static void an_address_in_use_is_named(void **state)
{
    http_server *second = NULL;
    char address[32];
    struct err e;

    (void)state;
    start();
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    assert_ok(http_server_new(&config, &second, &e));
    assert_int_equal(http_server_listen_plain(second, address, &routes, NULL, &e), ERR_IO);
    assert_non_null(strstr(e.msg, address));
    http_server_free(second);
}

static void a_server_without_limits_is_refused(void **state)
{
    http_server *none = NULL;
    struct err e;

    (void)state;
    config.header_ms = 0;
    assert_int_equal(http_server_new(&config, &none, &e), ERR_INVALID);
    config = http_server_defaults;
    config.connections_max = 0;
    assert_int_equal(http_server_new(&config, &none, &e), ERR_INVALID);
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
    for (int i = 0; i < 1000 && stats().open > 1; i++)
        sleep_ms(1);
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
    wait_until(&observed, 800); /* an answer may arrive before it is observed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_route_with_parameters_is_found),
        CASE(a_header_that_would_split_the_answer_is_left_out),
        CASE(an_unknown_path_is_404_and_an_unknown_method_405),
        CASE(head_is_answered_without_a_body),
        CASE(a_header_sent_twice_is_an_error_to_the_handler),
        CASE(what_the_screen_refuses_is_refused_before_its_route_and_its_body),
        CASE(a_screened_connection_goes_on_when_there_is_no_body),
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
        CASE(plain_http_is_for_loopback_only),
        CASE(addresses_are_numeric_with_a_port),
        CASE(nothing_is_listened_on_after_the_start),
        CASE(an_address_in_use_is_named),
        CASE(a_server_without_limits_is_refused),
        CASE(a_unix_socket_is_for_its_owner_only_and_goes_with_the_server),
        CASE(a_dead_socket_is_replaced_and_a_live_one_is_not),
        CASE(drain_lets_running_requests_finish),
        CASE(drain_cuts_what_takes_too_long),
        CASE(nothing_is_accepted_while_draining),
        CASE(many_clients_are_served_by_several_loops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
