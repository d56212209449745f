/* kms_client: answers of a KMS are held to what it was judged by, and to the request (SR-07, SR-66,
 * SR-73, SR-74). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/fake_kms.h"

static int set_up(void **state)
{
    *state = fake_kms_new();
    return 0;
}

static int tear_down(void **state)
{
    fake_kms_free(*state);
    return 0;
}

static kms_client *connected(struct fake_kms *k, enum twist twist)
{
    const struct leaf l = fake_kms_leaf(k);

    (void)fake_kms_stop(k);
    fake_kms_listen(k, &l);
    fake_kms_twist(k, twist);
    return fake_kms_client(k);
}

static void session_evidence_is_for_this_very_connection(void **state)
{
    static const enum twist twists[] = {TWIST_EXPORTER, TWIST_NONCE, TWIST_PURPOSE};
    struct fake_kms *k = *state;
    AUTO(kms_client) good = connected(k, TWIST_NONE);
    struct kms_peer peer;
    struct err e = {0};

    assert_int_equal(kms_client_session(good, &peer, &e), ERR_OK);
    assert_memory_equal(peer.principal.b, k->w->ctx.authority.self.b, 32);
    for (size_t i = 0; i < 3; i++) {
        AUTO(kms_client) c = connected(k, twists[i]);

        assert_int_equal(kms_client_session(c, &peer, &e), ERR_VERIFY);
        assert_non_null(strstr(e.msg, i == 0 ? "another TLS session" : "REPORT_DATA"));
    }
}

static void the_pki_is_what_the_evidence_is_over(void **state)
{
    static const enum twist twists[] = {TWIST_OTHER_CA, TWIST_OTHER_KEY, TWIST_NONCE,
                                        TWIST_PURPOSE};
    struct fake_kms *k = *state;
    AUTO(kms_client) good = connected(k, TWIST_NONE);
    struct kms_client_pki pki AUTO_CALL(kms_client_pki_done) = {0};
    const kms_app *keys = NULL;
    struct err e = {0};

    assert_int_equal(kms_client_pki(good, &k->w->app_a, &pki, &e), ERR_OK);
    assert_int_equal(kms_apps_get(k->w->ctx.authority.apps, &k->w->app_a, 0, &keys, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&pki.ca_der), keys->ca_der));
    kms_app_put(keys);
    for (size_t i = 0; i < 4; i++) {
        struct kms_client_pki other = {0};
        AUTO(kms_client) c = connected(k, twists[i]);

        assert_int_equal(kms_client_pki(c, &k->w->app_a, &other, &e), ERR_VERIFY);
        assert_int_equal(other.ca_der.n, 0);
        assert_non_null(strstr(e.msg, i < 2 ? "another CA or key" : "REPORT_DATA"));
    }
}

/* A whole request of image A, made by hand. */
struct asked {
    EVP_PKEY *hpke;
    struct msg_challenge challenge;
    struct evidence evidence;
    secret *plaintext;
};

static void asked_done(struct asked *a)
{
    EVP_PKEY_free(a->hpke);
    evidence_done(&a->evidence);
    secret_free(a->plaintext);
}

static void prepare(struct fake_kms *k, kms_client *c, struct asked *a)
{
    struct buf csr AUTO_CALL(buf_done) = BUF(4096), payload AUTO_CALL(buf_done) = BUF(8192);
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    uint8_t point[P256_POINT_LEN], spki[P256_SPKI_LEN];
    AUTO(EVP_PKEY) key = NULL;
    struct report_data rd;
    struct err e = {0};

    if (kms_client_challenge(c, &k->w->app_a, MSG_PURPOSE_SECRETS, &a->challenge, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(p256_generate(&a->hpke, &e), ERR_OK);
    assert_int_equal(p256_spki(key, spki, &e), ERR_OK);
    assert_int_equal(p256_point(a->hpke, point, &e), ERR_OK);
    assert_int_equal(csr_make(key, "x", &csr, &e), ERR_OK);

    const struct msg_secrets_payload parts = {.csr = buf_bytes(&csr), .hpke_key = BYTES(point)};

    assert_int_equal(msg_secrets_payload_encode(&parts, &payload, &e), ERR_OK);

    const struct report_binding binding = {.purpose = REPORT_SECRETS_REQUEST,
                                           .chain_id = k->w->config.chain_id,
                                           .kms = k->w->config.kms,
                                           .app = k->w->app_a,
                                           .spki = BYTES(spki),
                                           .nonce = a->challenge.challenge,
                                           .payload = buf_bytes(&payload)};

    report_data_v2(&binding, &rd);
    assert_int_equal(sim_quote(k->w->platform, SIM_V4, &k->w->td_a, &rd, &quote, &e), ERR_OK);
    assert_int_equal(
        evidence_set(&a->evidence, EVIDENCE_TYPE_TDX, buf_bytes(&quote), buf_bytes(&payload), &e),
        ERR_OK);
}

static enum err_code ask(struct fake_kms *k, kms_client *c, struct asked *a, struct err *e)
{
    prepare(k, c, a);
    return kms_client_secrets(c, &k->w->app_a, 0, &a->challenge.challenge, &a->evidence, a->hpke,
                              &a->plaintext, e);
}

static void secrets_come_from_the_attested_kms_and_open(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_NONE);
    struct asked a AUTO_CALL(asked_done) = {0};
    const kms_app *keys = NULL;
    struct msg_secrets m;
    struct err e = {0};

    if (ask(k, c, &a, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(msg_secrets_decode(secret_bytes(a.plaintext), &m, &e), ERR_OK);
    assert_int_equal(kms_apps_get(k->w->ctx.authority.apps, &k->w->app_a, 0, &keys, &e), ERR_OK);
    assert_true(secret_eq(m.encrypt_scalar, secret_bytes(keys->encrypt)));
    kms_app_put(keys);
}

static void answer_refused(struct fake_kms *k, kms_client *c, const char *says)
{
    struct asked a AUTO_CALL(asked_done) = {0};
    struct err e = {0};

    assert_int_equal(ask(k, c, &a, &e), ERR_VERIFY);
    assert_null(a.plaintext);
    if (!strstr(e.msg, says))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, says);
}

static void an_answer_that_another_key_signed_is_refused(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_SIGNATURE);

    answer_refused(k, c, "not signed by the attested key");
}

static void the_answer_to_another_request_is_refused(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_NONE);
    struct asked first AUTO_CALL(asked_done) = {0};
    struct err e = {0};

    assert_int_equal(ask(k, c, &first, &e), ERR_OK);
    fake_kms_twist(k, TWIST_REPLAY);
    answer_refused(k, c, "not signed by the attested key"); /* the signature covers the request */
}

static void an_answer_for_another_epoch_is_refused(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_EPOCH);

    answer_refused(k, c, "sealed for another request");
}

/* SR-73: who sees the answer, and even terminates TLS, cannot open it. */
static void the_answer_opens_with_the_one_use_key_alone(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_NONE);
    struct asked a AUTO_CALL(asked_done) = {0};
    AUTO(EVP_PKEY) other = NULL;
    struct err e = {0};

    prepare(k, c, &a);
    assert_int_equal(p256_generate(&other, &e), ERR_OK);
    assert_int_equal(kms_client_secrets(c, &k->w->app_a, 0, &a.challenge.challenge, &a.evidence,
                                        other, &a.plaintext, &e),
                     ERR_VERIFY);
    assert_null(a.plaintext);
}

static void a_released_secret_is_bound_to_the_application_that_was_asked_for(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_EPOCH); /* sealed without asking anybody */
    struct asked a AUTO_CALL(asked_done) = {0};
    struct err e = {0};

    prepare(k, c, &a);
    assert_int_equal(kms_client_secrets(c, &k->w->app_b, 0, &a.challenge.challenge, &a.evidence,
                                        a.hpke, &a.plaintext, &e),
                     ERR_VERIFY);
}

/* ---- refusals and nonsense ---- */

static struct err call_fails(struct fake_kms *k, unsigned status, const char *body,
                             enum err_code code)
{
    AUTO(kms_client) c = connected(k, TWIST_ERROR);
    struct err e = {0};
    enum err_code got;

    k->status = status;
    k->error_body = body;
    got = kms_client_peer(c, NULL, &e);
    if (got != code)
        fail_msg("status %u: found %s, expected %s: %s", status, err_name(got), err_name(code),
                 e.msg);
    return e;
}

static void refusals_of_the_kms_keep_their_kind_and_their_request_id(void **state)
{
    static const struct {
        unsigned status;
        enum err_code code;
    } cases[] = {{400, ERR_INVALID},   {413, ERR_INVALID}, {415, ERR_INVALID},
                 {401, ERR_DENIED},    {403, ERR_DENIED},  {404, ERR_NOT_FOUND},
                 {410, ERR_NOT_FOUND}, {429, ERR_BUSY},    {500, ERR_UPSTREAM},
                 {502, ERR_UPSTREAM},  {503, ERR_LOCKED},  {504, ERR_TIMEOUT},
                 {301, ERR_UPSTREAM}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct err e =
            call_fails(*state, cases[i].status,
                       "{\"error\":\"no, thanks\",\"request_id\":\"0b5e\"}", cases[i].code);

        assert_non_null(strstr(e.msg, "no, thanks (request 0b5e)"));
    }
}

static void words_of_the_kms_reach_a_terminal_as_plain_text(void **state)
{
    const struct err e = call_fails(
        *state, 403, "{\"error\":\"\\u001b[2Jgone\\u009b\\n\",\"request_id\":\"\\u0007\"}",
        ERR_DENIED);

    assert_non_null(strstr(e.msg, "?[2Jgone??? (request ?)"));
}

static void a_refusal_that_is_none_of_ours_is_an_upstream_error_and_not_repeated(void **state)
{
    static const char *const bodies[] = {"", "<html>hunter2</html>", "{\"error\":\"hunter2\"}",
                                         "{\"error\":\"hunter2\",\"request_id\":\"1\",\"x\":1}",
                                         "{\"error\":1,\"request_id\":\"hunter2\"}"};

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const struct err e = call_fails(*state, 403, bodies[i], ERR_UPSTREAM);

        assert_null(strstr(e.msg, "hunter2"));
        assert_non_null(strstr(e.msg, "status 403"));
    }
}

static void an_answer_without_end_is_cut_off(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_HUGE);
    struct err e = {0};

    assert_int_equal(kms_client_peer(c, NULL, &e), ERR_TOO_LARGE);
}

static void nobody_there_is_an_upstream_error_that_names_the_place(void **state)
{
    struct fake_kms *k = *state;
    struct kms_client_config config = fake_kms_config(k);
    AUTO(kms_client) c = NULL;
    struct err e = {0};

    config.url = "https://127.0.0.1:1";
    assert_int_equal(kms_client_new(&config, &c, &e), ERR_OK);
    assert_int_equal(kms_client_peer(c, NULL, &e), ERR_UPSTREAM);
    assert_non_null(strstr(e.msg, "https://127.0.0.1:1"));
}

#define WITH_KMS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KMS(session_evidence_is_for_this_very_connection),
        WITH_KMS(the_pki_is_what_the_evidence_is_over),
        WITH_KMS(secrets_come_from_the_attested_kms_and_open),
        WITH_KMS(an_answer_that_another_key_signed_is_refused),
        WITH_KMS(the_answer_to_another_request_is_refused),
        WITH_KMS(an_answer_for_another_epoch_is_refused),
        WITH_KMS(the_answer_opens_with_the_one_use_key_alone),
        WITH_KMS(a_released_secret_is_bound_to_the_application_that_was_asked_for),
        WITH_KMS(refusals_of_the_kms_keep_their_kind_and_their_request_id),
        WITH_KMS(words_of_the_kms_reach_a_terminal_as_plain_text),
        WITH_KMS(a_refusal_that_is_none_of_ours_is_an_upstream_error_and_not_repeated),
        WITH_KMS(an_answer_without_end_is_cut_off),
        WITH_KMS(nobody_there_is_an_upstream_error_that_names_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
