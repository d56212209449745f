/* http_server: what it refuses, and what it does not wait for (SR-50, SR-63, SR-64). */
#include <dirent.h>
#include "server_support.h"
#include "support/vectors.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
