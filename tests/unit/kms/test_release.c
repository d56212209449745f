/* release: the whole decision, with every step wrong in turn. */
#include <signal.h>
#include <sys/resource.h>
#include "unit/kms/release_support.h"

/* ---- granted ---- */

static void the_right_request_gets_the_secrets_of_its_application(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    const kms_app *keys = NULL;
    AUTO(X509) leaf = NULL;
    AUTO(X509) ca = NULL;
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
    assert_int_equal(kms_apps_get(w->ctx.authority.apps, &w->app_a, 0, &keys, &e), ERR_OK);
    assert_true(secret_eq(c.secrets.encrypt_scalar, secret_bytes(keys->encrypt)));
    assert_true(secret_eq(c.secrets.disk, secret_bytes(keys->disk)));
    assert_true(bytes_eq(c.secrets.ca, keys->ca_der));
    assert_int_equal(x509_parse(c.secrets.certificate, &leaf, &e), ERR_OK);
    assert_int_equal(x509_parse(c.secrets.ca, &ca, &e), ERR_OK);
    assert_int_equal(x509_verify_leaf(leaf, ca, WORLD_NOW, &e), ERR_OK);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), c.key), 1);
    kms_app_put(keys);
}

static void the_receipt_in_the_answer_is_on_record(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct audit_receipt r = {0};
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
    assert_int_equal(c.secrets.node.n, sizeof r.node);
    memcpy(r.node, c.secrets.node.p, sizeof r.node);
    r.seq = c.secrets.seq;
    r.head = c.secrets.head;
    assert_int_equal(audit_find(w->log, &r, &e), ERR_OK);
    assert_int_equal(r.seq, c.outcome.receipt.seq);
}

static void all_forms_of_quotes_are_taken(void **state)
{
    static const enum sim_form forms[] = {SIM_V4, SIM_V5_TD10, SIM_V5_TD15};
    struct ask a = world_ask(*state);

    for (size_t i = 0; i < 3; i++) {
        a.form = forms[i];
        assert_why(*state, &a, KMS_GRANTED);
    }
}

/* SR-73: with the TLS key alone, or another one-use key, nothing opens. */
static void the_answer_opens_with_the_one_use_key_alone(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    EVP_PKEY *right;
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    right = c.hpke;
    c.hpke = w->ctx.tls_key;
    assert_int_equal(client_open(w, &c, 0, &e), ERR_VERIFY);
    c.hpke = c.key;
    assert_int_equal(client_open(w, &c, 0, &e), ERR_VERIFY);
    c.hpke = right;
    assert_int_equal(client_open(w, &c, 1, &e), ERR_VERIFY); /* bound to the epoch */
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
}

/* SR-36: nothing of the CSR but its key. */
static void the_certificate_takes_no_name_from_the_request(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    AUTO(X509) leaf = NULL;
    char subject[128];
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
    assert_int_equal(x509_parse(c.secrets.certificate, &leaf, &e), ERR_OK);
    X509_NAME_oneline(X509_get_subject_name(leaf), subject, sizeof subject);
    assert_string_equal(subject, "/CN=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.app");
}

/* ---- the challenge ---- */

static void a_challenge_is_good_once(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_send(w, &c, &e), ERR_DENIED); /* the very same request again */
    assert_int_equal(c.outcome.why, KMS_CHALLENGE_SPENT);
    assert_int_equal(c.answer.n, 0);
    assert_int_equal(releases(w), 1);
    a.nonce = &c.nonce; /* and for another key of the same machine */
    assert_why(w, &a, KMS_CHALLENGE_SPENT);
}

static void a_forged_challenge_is_refused(void **state)
{
    const struct hash32 forged = {{0x42}};
    struct ask a = world_ask(*state);

    a.nonce = &forged;
    assert_why(*state, &a, KMS_CHALLENGE_FORGED);
}

static void a_challenge_for_something_else_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    a.for_app = w->app_b;
    assert_why(w, &a, KMS_CHALLENGE_FORGED);
    a = world_ask(w);
    a.challenge_purpose = MSG_PURPOSE_EXPLAIN;
    assert_why(w, &a, KMS_CHALLENGE_FORGED);
}

static void an_old_challenge_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct err e = {0};

    client_body(w, &a, &c);
    w->now += CHALLENGE_LIFETIME_S + 1;
    assert_int_equal(client_send(w, &c, &e), ERR_TIMEOUT);
    assert_int_equal(c.outcome.why, KMS_CHALLENGE_EXPIRED);
    assert_int_equal(c.answer.n, 0);
}

/* Only who has genuine evidence can fill the memory of spent challenges. */
static void a_refused_quote_does_not_spend_the_challenge(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};

    a.payload_after_quote = true;
    assert_int_equal(client_run(w, &a, &c), KMS_REPORT_DATA_MISMATCH);
    a = world_ask(w);
    a.nonce = &c.nonce;
    assert_why(w, &a, KMS_GRANTED);
}

/* ---- evidence ---- */

/* SR-07, SR-06: evidence of one request is worth nothing for any other. */
static void evidence_for_anything_else_is_refused(void **state)
{
    struct world *w = *state;
    AUTO(EVP_PKEY) other_key = NULL;
    uint8_t spki[P256_SPKI_LEN];
    const struct addr elsewhere = {{0xee}};
    struct err e = {0};

    assert_int_equal(p256_generate(&other_key, &e), ERR_OK);
    assert_int_equal(p256_spki(other_key, spki, &e), ERR_OK);
    for (int i = 0; i < 14; i++) {
        struct ask a = world_ask(w);

        switch (i) {
        case 0:
            a.binding.spki = BYTES(spki); /* another key */
            break;
        case 1:
            a.binding.nonce = (struct hash32){{1}}; /* another challenge */
            break;
        case 2:
            a.binding.chain_id++;
            break;
        case 3:
            a.binding.kms = elsewhere;
            break;
        case 4:
            a.binding.app = w->app_b;
            break;
        case 5:
            a.binding.payload = bytes_of_str("another payload");
            break;
        case 6:
            a.payload_after_quote = true;
            break;
        default: /* every other purpose */
            a.binding.purpose = (enum report_purpose)(i - 7);
            if (a.binding.purpose == REPORT_SECRETS_REQUEST)
                a.binding.purpose = REPORT_EXPLAIN;
            break;
        }
        assert_why(w, &a, KMS_REPORT_DATA_MISMATCH);
    }
}

static void evidence_captured_from_another_request_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w), replay = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    replay.evidence_instead = &c.evidence;
    assert_why(w, &replay, KMS_REPORT_DATA_MISMATCH);
}

static void a_quote_that_is_not_genuine_is_refused(void **state)
{
    struct world *w = *state;

    for (int fault = SIM_OK + 1; fault < SIM_FAULT_COUNT; fault++) {
        AUTO(sim_platform) bad = NULL;
        struct ask a = world_ask(w);
        struct client c AUTO_CALL(client_done) = {0};
        struct err e = {0};

        world_must(sim_platform_new("bad", (enum sim_fault)fault, &bad, &e), &e, "platform");
        a.platform = bad;
        a.form = SIM_V5_TD15;
        if (fault == SIM_QE_DEBUG || fault == SIM_QE_SIGNER)
            continue; /* QE identity is collateral: the product releases nothing without it */
        assert_int_equal(client_run(w, &a, &c), KMS_QUOTE_INVALID);
    }
}

static void a_clock_turned_back_brings_no_expired_platform_to_life(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    w->block.timestamp = 2524780800; /* 2050: the platform's certificates ended with 2049 */
    assert_why(w, &a, KMS_QUOTE_INVALID);
}

static void a_debug_td_is_refused(void **state)
{
    struct ask a = world_ask(*state);

    a.td.td_attributes[0] |= 1;
    assert_why(*state, &a, KMS_QUOTE_INVALID);
}

static void evidence_and_payloads_that_are_malformed_are_refused(void **state)
{
    struct world *w = *state;
    struct evidence odd AUTO_CALL(evidence_done) = {0};
    struct ask a = world_ask(w);
    struct err e = {0};

    assert_int_equal(
        evidence_set(&odd, EVIDENCE_TYPE_TDX, bytes_of_str("q"), bytes_of_str("p"), &e), ERR_OK);
    a.evidence_instead = &odd;
    assert_why(w, &a, KMS_PAYLOAD_MALFORMED);
    a = world_ask(w);
    a.csr = bytes_of_str("no CSR");
    assert_why(w, &a, KMS_CSR_INVALID);
}

static void a_request_that_is_no_json_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const bodies[] = {"", "{}", "[1]", "{\"challenge\":1}"};

    for (size_t i = 0; i < 4; i++) {
        struct buf answer AUTO_CALL(buf_done) = BUF(MSG_ANSWER_MAX);
        struct release_outcome o;
        struct err e = {0};

        assert_int_equal(kms_release(&w->ctx, &w->app_a, bytes_of_str(bodies[i]), &answer, &o, &e),
                         ERR_INVALID);
        assert_int_equal(o.why, KMS_MALFORMED_REQUEST);
        assert_int_equal(answer.n, 0);
    }
}

static void evidence_that_is_an_empty_object_is_refused(void **state)
{
    struct world *w = *state;
    struct buf body AUTO_CALL(buf_done) = BUF(1024);
    struct buf answer AUTO_CALL(buf_done) = BUF(1024);
    struct release_outcome o;
    struct hash32 nonce;
    uint32_t expires;
    struct err e = {0};

    assert_int_equal(
        challenge_make(w->ctx.challenges, MSG_PURPOSE_SECRETS, &w->app_a, &nonce, &expires, &e),
        ERR_OK);
    assert_int_equal(msg_secrets_request_encode(&nonce, bytes_of_str("{}"), &body, &e), ERR_OK);
    assert_int_equal(kms_release(&w->ctx, &w->app_a, buf_bytes(&body), &answer, &o, &e),
                     ERR_INVALID);
    assert_int_equal(o.why, KMS_EVIDENCE_MALFORMED);
}

/* ---- faults (SR-38) ---- */

static void whichever_read_of_the_chain_fails_nothing_is_released(void **state)
{
    static const enum err_code codes[] = {ERR_TIMEOUT, ERR_UPSTREAM, ERR_VERIFY, ERR_NOT_FOUND,
                                          ERR_IO};
    struct world *w = *state;
    struct ask a = world_ask(w);
    unsigned reads;

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2});
    assert_why(w, &a, KMS_GRANTED);
    reads = w->reads;
    assert_true(reads >= 3);
    for (unsigned nth = 1; nth <= reads; nth++) {
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
            struct client c AUTO_CALL(client_done) = {0};

            w->reads = 0;
            w->fail_read = nth;
            w->fail_as = codes[i];
            assert_int_not_equal(client_run(w, &a, &c), KMS_GRANTED);
        }
    }
    assert_int_equal(releases(w), 1);
    w->fail_read = 0;
    w->fail_finalized = true;
    assert_why(w, &a, KMS_CHAIN_UNAVAILABLE);
    w->fail_as = ERR_VERIFY;
    assert_why(w, &a, KMS_CHAIN_REFUSED);
}

/* No record, no secrets: a disk that takes nothing stops all releases. */
static void when_the_record_cannot_be_written_nothing_is_released(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct rlimit lim, small;
    struct err e = {0};

    client_body(w, &a, &c);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &lim), 0);
    small = lim;
    small.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(client_send(w, &c, &e), ERR_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &lim), 0);
    assert_int_equal(c.outcome.why, KMS_AUDIT_FAILED);
    assert_int_equal(c.answer.n, 0);
    assert_why(w, &a, KMS_AUDIT_FAILED); /* and for ever, until a new start */
}

static void when_the_answer_cannot_be_signed_nothing_is_released(void **state)
{
    struct world *w = *state;
    EVP_PKEY *good = w->ctx.tls_key;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};

    w->ctx.tls_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_int_equal(client_run(w, &a, &c), KMS_SEAL_FAILED);
    EVP_PKEY_free(w->ctx.tls_key);
    w->ctx.tls_key = good;
}

static void an_answer_that_does_not_fit_is_not_given(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct err e = {0};

    client_body(w, &a, &c);
    c.answer.max = 100;
    assert_int_equal(client_send(w, &c, &e), ERR_TOO_LARGE);
    assert_int_equal(c.outcome.why, KMS_SEAL_FAILED);
}

/* ---- refusals ---- */

static void every_reason_has_a_name_and_a_public_face(void **state)
{
    (void)state;
    for (int i = 0; i < KMS_REASONS; i++) {
        const char *text = NULL;
        enum err_code code = kms_reason_public((enum kms_reason)i, &text);

        assert_non_null(text);
        assert_int_equal(code == ERR_OK, i == KMS_GRANTED);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(kms_reason_name((enum kms_reason)i),
                                    kms_reason_name((enum kms_reason)k));
    }
}

/* SR-66: who is allowed is nobody's business. */
static void refusals_by_governance_look_alike_from_outside(void **state)
{
    static const enum kms_reason by_governance[] = {
        KMS_APP_NOT_ALLOWED,       KMS_APP_CODE,
        KMS_APP_NOT_LIVE,          KMS_LINEAGE,
        KMS_IDENTITY_NOT_ALLOWED,  KMS_FIRMWARE_NOT_ALLOWED,
        KMS_PARAVISOR_NOT_ALLOWED, KMS_POLICY_UNKNOWN,
        KMS_OPERATOR_MISSING,      KMS_OPERATOR_SIGNATURE,
        KMS_OPERATOR_NOT_ALLOWED};
    const char *first, *text;

    (void)state;
    kms_reason_public(by_governance[0], &first);
    for (size_t i = 1; i < sizeof by_governance / sizeof *by_governance; i++) {
        assert_int_equal(kms_reason_public(by_governance[i], &text), ERR_DENIED);
        assert_string_equal(text, first);
    }
}

static void refusals_are_counted_in_the_log(void **state)
{
    struct world *w = *state;
    const struct hash32 forged = {{1}};
    struct ask a = world_ask(w);
    struct audit_report before, after;
    struct err e = {0};

    a.nonce = &forged;
    assert_int_equal(audit_verify(w->log, &before, &e), ERR_OK);
    for (int i = 0; i < 10; i++)
        assert_why(w, &a, KMS_CHALLENGE_FORGED);
    w->now += AUDIT_REFUSED_EVERY_S;
    assert_int_equal(audit_flush_refused(w->ctx.audit, &e), ERR_OK);
    assert_int_equal(audit_verify(w->log, &after, &e), ERR_OK);
    assert_int_equal(after.records, before.records + 1);
}

/* ---- many at once ---- */

enum { THREADS = 4, EACH = 12 };

static void *run_many(void *arg)
{
    struct world *w = arg;

    for (int i = 0; i < EACH; i++) {
        struct ask a = world_ask(w);
        struct client c AUTO_CALL(client_done) = {0};
        struct err e = {0};

        if (i % 2) {
            a.app = a.for_app = a.binding.app = w->app_b;
            a.td = w->td_b;
        }
        if (i % 3 == 2)
            a.payload_after_quote = true;
        if ((client_run(w, &a, &c) == KMS_GRANTED) != (i % 3 != 2))
            abort();
        if (c.outcome.why == KMS_GRANTED && client_open(w, &c, 0, &e) != ERR_OK)
            abort();
    }
    return NULL;
}

static void releases_run_at_once(void **state)
{
    struct world *w = *state;
    pthread_t t[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, run_many, w), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(releases(w), THREADS * EACH * 2 / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(the_right_request_gets_the_secrets_of_its_application),
        IN_WORLD(the_receipt_in_the_answer_is_on_record),
        IN_WORLD(all_forms_of_quotes_are_taken),
        IN_WORLD(the_answer_opens_with_the_one_use_key_alone),
        IN_WORLD(the_certificate_takes_no_name_from_the_request),
        IN_WORLD(a_challenge_is_good_once),
        IN_WORLD(a_forged_challenge_is_refused),
        IN_WORLD(a_challenge_for_something_else_is_refused),
        IN_WORLD(an_old_challenge_is_refused),
        IN_WORLD(a_refused_quote_does_not_spend_the_challenge),
        IN_WORLD(evidence_for_anything_else_is_refused),
        IN_WORLD(evidence_captured_from_another_request_is_refused),
        IN_WORLD(a_quote_that_is_not_genuine_is_refused),
        IN_WORLD(a_clock_turned_back_brings_no_expired_platform_to_life),
        IN_WORLD(a_debug_td_is_refused),
        IN_WORLD(evidence_and_payloads_that_are_malformed_are_refused),
        IN_WORLD(a_request_that_is_no_json_is_refused),
        IN_WORLD(evidence_that_is_an_empty_object_is_refused),
        IN_WORLD(whichever_read_of_the_chain_fails_nothing_is_released),
        IN_WORLD(when_the_record_cannot_be_written_nothing_is_released),
        IN_WORLD(when_the_answer_cannot_be_signed_nothing_is_released),
        IN_WORLD(an_answer_that_does_not_fit_is_not_given),
        cmocka_unit_test(every_reason_has_a_name_and_a_public_face),
        cmocka_unit_test(refusals_by_governance_look_alike_from_outside),
        IN_WORLD(refusals_are_counted_in_the_log),
        IN_WORLD(releases_run_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
