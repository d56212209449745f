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

/* ---- protocols ---- */

static void a_client_that_speaks_only_http_2_is_refused(void **state)
{
    static const uint8_t h2[] = "\x02h2", both[] = "\x02h2\x08http/1.1";

    (void)state;
    start();
    for (int i = 0; i < 2; i++) {
        struct raw r = {.fd = tcp_connect(tls_port), .ctx = SSL_CTX_new(TLS_client_method())};
        const uint8_t *chosen = NULL;
        unsigned n = 0;

        r.ssl = SSL_new(r.ctx);
        SSL_set_fd(r.ssl, r.fd);
        SSL_set_alpn_protos(r.ssl, i ? both : h2, (unsigned)(i ? sizeof both : sizeof h2) - 1);
        assert_int_equal(SSL_connect(r.ssl) == 1, i);
        SSL_get0_alpn_selected(r.ssl, &chosen, &n);
        if (i)
            assert_memory_equal(chosen, "http/1.1", n);
        raw_close(&r);
    }
}

/* ---- clients of plain SSL ---- */

static atomic_int judged;

static enum err_code judge(void *self, struct bytes leaf_der, struct err *e)
{
    atomic_fetch_add(&judged, 1);
    return *(bool *)self && leaf_der.n > 0 ? ERR_OK : err_set(e, ERR_DENIED, "not this one");
}

static bool handshake_with(const struct tls_client_policy *policy, struct tls_verdict *verdict)
{
    struct raw r = {.fd = tcp_connect(tls_port)};
    struct err e;
    bool done;

    assert_ok(tls_client_context(policy, verdict, &r.ctx, &e));
    r.ssl = SSL_new(r.ctx);
    SSL_set_fd(r.ssl, r.fd);
    done = SSL_connect(r.ssl) == 1;
    raw_close(&r);
    return done;
}

static void the_judge_decides_about_an_attested_peer(void **state)
{
    bool fine = true;
    struct tls_client_policy policy = {.trust = TLS_TRUST_ATTESTED, .judge = judge, .self = &fine};
    struct tls_verdict verdict;

    (void)state;
    start();
    atomic_store(&judged, 0);
    assert_true(handshake_with(&policy, &verdict));
    assert_true(verdict.judged);
    fine = false;
    assert_false(handshake_with(&policy, &verdict));
    assert_true(verdict.refused);
    assert_string_equal(verdict.why.msg, "not this one");
    assert_int_equal(atomic_load(&judged), 2);
}

static void the_systems_authorities_do_not_know_our_leaf(void **state)
{
    struct tls_client_policy policy = {.trust = TLS_TRUST_SYSTEM};

    (void)state;
    start();
    assert_false(handshake_with(&policy, NULL));
    assert_string_equal(tls_reason(), "certificate verify failed");
    assert_string_equal(tls_reason(), "refused by OpenSSL"); /* the queue is empty now */
}

static void an_attested_policy_without_a_judge_is_a_bug(void **state)
{
    struct tls_client_policy policy = {.trust = TLS_TRUST_ATTESTED};
    struct tls_verdict verdict;
    SSL_CTX *ctx = NULL;
    struct err e;

    (void)state;
    assert_int_equal(tls_client_context(&policy, &verdict, &ctx, &e), ERR_INTERNAL);
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
        CASE(a_client_that_speaks_only_http_2_is_refused),
        CASE(the_judge_decides_about_an_attested_peer),
        CASE(the_systems_authorities_do_not_know_our_leaf),
        CASE(an_attested_policy_without_a_judge_is_a_bug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
