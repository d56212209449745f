/* tls, through the server: versions, certificates, the exporter (SR-40). */
#include "server_support.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(tls_1_3_is_spoken),
        CASE(tls_1_2_is_refused),
        CASE(no_session_can_be_resumed),
        CASE(both_sides_derive_the_same_exporter),
        CASE(a_plain_connection_has_no_exporter),
        CASE(a_new_certificate_is_shown_to_new_connections),
        CASE(a_key_that_is_not_the_certificates_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
