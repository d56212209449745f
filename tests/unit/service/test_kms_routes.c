/* The KMS's routes, over real TLS connections. */
#include "kms_stage.h"

#include "base/codec.h"

static struct attest_judge judge_of_client(void)
{
    return (struct attest_judge){.policy = &attest_policy_default, .source = &sim_source};
}

static kms_client *client_of(struct stage *st, const struct attest_judge *judge)
{
    const struct kms_client_config config = {.url = st->url,
                                             .chain_id = st->w->config.chain_id,
                                             .kms = st->w->config.kms,
                                             .view = &st->view,
                                             .clock = &st->clock,
                                             .attest = judge};
    kms_client *c = NULL;
    struct err e = {0};

    world_must(kms_client_new(&config, &c, &e), &e, "KMS client");
    return c;
}

/* prefix and the address. */
static const char *path_of(const char *prefix, const struct addr *app)
{
    static char path[160];
    char hex[HEX_LEN(20)];

    hex_encode(BYTES_OF(*app), hex);
    snprintf(path, sizeof path, "%s%s", prefix, hex);
    return path;
}

/* ---- what a client of ours gets ---- */

static void a_client_judges_the_certificates_evidence_and_is_content(void **state)
{
    STAGE st = stage_start(stage_new());
    struct attest_judge judge = judge_of_client();
    AUTO(kms_client) c = client_of(st, &judge);
    struct kms_peer peer;
    struct err e = {0};

    (void)state;
    world_must(kms_client_peer(c, &peer, &e), &e, "peer");
    assert_int_equal(peer.claim.block, st->w->block.ref.number);
    assert_true(
        hash32_eq(&peer.claim.root_id, kms_root_id(kms_apps_root(st->w->ctx.authority.apps))));
    assert_has(peer.caveat, "throw-away root");
}

static void session_evidence_is_over_the_nonce_and_the_connection(void **state)
{
    STAGE st = stage_start(stage_new());
    struct attest_judge judge = judge_of_client();
    AUTO(kms_client) c = client_of(st, &judge);
    struct kms_peer peer;
    struct err e = {0};

    (void)state;
    world_must(kms_client_session(c, &peer, &e), &e, "session");
}

static void the_pki_of_an_allowed_application_comes_with_evidence_over_it(void **state)
{
    STAGE st = stage_start(stage_new());
    struct attest_judge judge = judge_of_client();
    AUTO(kms_client) c = client_of(st, &judge);
    struct kms_client_pki pki AUTO_CALL(kms_client_pki_done) = {0};
    struct err e = {0};

    (void)state;
    world_must(kms_client_pki(c, &st->w->app_a, &pki, &e), &e, "PKI");
    assert_int_equal(pki.spki_der.n, P256_SPKI_LEN);
}

/* The same request body as kms_world makes, sent over the wire and opened with what comes back. */
static void a_release_goes_through_the_whole_service(void **state)
{
    STAGE st = stage_start(stage_new());
    struct attest_judge judge = judge_of_client();
    AUTO(kms_client) c = client_of(st, &judge);
    struct client own AUTO_CALL(client_done) = {0};
    struct ask a = world_ask(st->w);
    AUTO(secret) plain = NULL;
    struct msg_challenge challenge;
    struct msg_secrets secrets;
    struct err e = {0};

    (void)state;
    world_must(kms_client_challenge(c, &st->w->app_a, MSG_PURPOSE_SECRETS, &challenge, &e), &e,
               "challenge");
    assert_int_equal(challenge.expires, (uint64_t)st->now + 60);
    a.nonce = &challenge.challenge;
    client_body(st->w, &a, &own);
    world_must(kms_client_secrets(c, &st->w->app_a, 0, &challenge.challenge, &own.evidence,
                                  own.hpke, &plain, &e),
               &e, "secrets");
    world_must(msg_secrets_decode(secret_bytes(plain), &secrets, &e), &e, "decode");
    assert_int_equal(secrets.encrypt_scalar.n, 32);
    /* and the same challenge is good once */
    secret_free(TAKE(plain));
    assert_int_equal(kms_client_secrets(c, &st->w->app_a, 0, &challenge.challenge, &own.evidence,
                                        own.hpke, &plain, &e),
                     ERR_DENIED);
    assert_null(plain);
}

/* ---- what strangers get ---- */

static void the_pki_of_an_application_that_is_not_allowed_is_refused(void **state)
{
    STAGE st = stage_start(stage_new());
    unsigned before = st->quotes;
    struct addr other = {{0xff}};

    (void)state;
    stage_get(st, path_of("/api/v2/pki/", &other), 403);
    stage_get(st, path_of("/api/public/pki/", &other), 403);
    assert_int_equal(st->quotes, before);
}

static void an_application_whose_permission_ends_is_refused_at_once_though_cached(void **state)
{
    STAGE st = stage_start(stage_new());
    struct hash32 key = gov_word_addr(&st->w->app_a);
    const char *path = path_of("/api/v2/pki/", &st->w->app_a);

    (void)state;
    stage_get(st, path, 200);
    stage_fact(st, &st->w->config.kms, gov_slot_entry(GOV_KMS_SLOT_APPLICATIONS, &key, 0),
               world_policy(GOV_REVOKED, 0, 1, 0));
    stage_get(st, path, 403);
}

static void pki_without_a_nonce_costs_one_quote_for_many_requests(void **state)
{
    STAGE st = stage_start(stage_new());
    const char *path = path_of("/api/v2/pki/", &st->w->app_a);
    unsigned before = st->quotes;
    char first[65536];

    (void)state;
    snprintf(first, sizeof first, "%s", stage_get(st, path, 200));
    for (int i = 0; i < 20; i++)
        assert_string_equal(stage_get(st, path, 200), first);
    assert_int_equal(st->quotes, before + 1);
    stage_later(st, KMS_EVIDENCE_RENEW_S);
    before = st->quotes;
    stage_get(st, path, 200);
    assert_true(st->quotes > before); /* and one more for the certificate, perhaps */
}

static void applications_and_routes_do_not_share_cached_answers(void **state)
{
    STAGE st = stage_start(stage_new());
    char a[65536];

    (void)state;
    snprintf(a, sizeof a, "%s", stage_get(st, path_of("/api/v2/pki/", &st->w->app_a), 200));
    assert_string_not_equal(stage_get(st, path_of("/api/v2/pki/", &st->w->app_b), 200), a);
    assert_has(stage_get(st, path_of("/api/public/pki/", &st->w->app_a), 200), "\"app_pubkey\"");
}

static void a_nonce_gets_evidence_of_its_own(void **state)
{
    STAGE st = stage_start(stage_new());
    char path[256];

    (void)state;
    snprintf(path, sizeof path, "%s?nonce=%064d", path_of("/api/v2/pki/", &st->w->app_a), 7);
    unsigned before = st->quotes;
    stage_get(st, path, 200);
    stage_get(st, path, 200);
    assert_int_equal(st->quotes, before + 2);
}

static void requests_that_cost_a_quote_are_limited_by_address(void **state)
{
    STAGE st = stage_new();
    unsigned before, ok = 0;

    (void)state;
    st->config.quote_rate = 1; /* a burst of four */
    stage_start(st);
    before = st->quotes;
    for (int i = 0; i < 10; i++) {
        struct http_answer a AUTO_CALL(http_answer_done) = {0};

        stage_call(
            st->tls, st->url, "POST", "/api/v2/evidence",
            "{\"nonce\":\"0101010101010101010101010101010101010101010101010101010101010101\"}", &a);
        ok += a.status == 200;
        if (a.status != 200) {
            assert_int_equal(a.status, 429);
            assert_non_null(http_answer_header(&a, "retry-after"));
        }
    }
    assert_int_equal(ok, 4);
    assert_int_equal(st->quotes - before, 4);
}

static void all_requests_are_limited_by_address_but_health(void **state)
{
    STAGE st = stage_new();
    unsigned limited = 0;

    (void)state;
    st->config.rate = 1;
    st->config.rate_burst = 5;
    stage_start(st);
    for (int i = 0; i < 30; i++) {
        struct http_answer a AUTO_CALL(http_answer_done) = {0};

        stage_call(st->tls, st->url, "POST", "/api/v2/challenge", "{}", &a);
        limited += a.status == 429;
    }
    assert_true(limited >= 20);
    for (int i = 0; i < 30; i++)
        stage_get(st, "/livez", 200);
}

static void malformed_requests_are_400_and_say_nothing_of_the_inside(void **state)
{
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        "{\"purpose\":\"secrets-request\"}",
        "{\"purpose\":\"kms-tls\",\"app\":\"0x0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a\"}",
        "{\"purpose\":\"secrets-request\",\"app\":\"0x0a\"}",
        "{\"purpose\":\"explain\",\"app\":\"0x0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a\",\"x\":1}",
    };
    STAGE st = stage_start(stage_new());

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_has(stage_post(st, "/api/v2/challenge", bodies[i], 400),
                   "{\"error\":\"the request is malformed\",\"request_id\":\"");
    stage_post(st, "/api/v2/evidence", "{\"nonce\":\"00\"}", 400);
    stage_post(st, path_of("/api/v2/secrets/", &st->w->app_a), "{}", 400);
    stage_post(st, "/api/v2/secrets/nonsense", "{}", 400);
    stage_get(st, "/api/v2/pki/nonsense", 400);
    stage_get(st, "/api/public/pki/nonsense", 400);
    stage_get(st, "/api/v2/pki/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a?nonce=00", 400);
    stage_get(st, "/api/v2/pki/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a?nonce=", 400);
}

static void bodies_that_are_too_large_are_413(void **state)
{
    STAGE st = stage_start(stage_new());
    char *big = malloc(MSG_REQUEST_MAX + 2);

    (void)state;
    memset(big, ' ', MSG_REQUEST_MAX + 1);
    big[MSG_REQUEST_MAX + 1] = 0;
    stage_post(st, path_of("/api/v2/secrets/", &st->w->app_a), big, 413);
    big[MSG_SMALL_MAX + 1] = 0;
    stage_post(st, "/api/v2/challenge", big, 413);
    free(big);
}

static void version_1_onboarding_is_gone_and_its_secrets_route_is_not_there(void **state)
{
    STAGE st = stage_start(stage_new());

    (void)state;
    assert_has(stage_get(st, "/api/attested/onboard/00ff", 410), "\"request_id\"");
    stage_post(st, path_of("/api/attested/secrets/", &st->w->app_a), "x", 404);
}

static void unknown_paths_and_methods_are_refused_in_the_same_form(void **state)
{
    STAGE st = stage_start(stage_new());

    (void)state;
    assert_has(stage_get(st, "/api/v2/nothing", 404), "\"request_id\":\"");
    assert_has(stage_get(st, "/api/v2/challenge", 405), "\"request_id\":\"");
    stage_get(st, "/status", 404); /* the admin socket's alone */
    stage_get(st, "/metrics", 404);
    stage_post(st, "/drain", "", 404);
}

static void what_failed_inside_is_not_told_outside(void **state)
{
    STAGE st = stage_start(stage_new());
    const char *text;

    (void)state;
    __atomic_store_n(&st->quote_fails, ERR_IO, __ATOMIC_RELAXED);
    text = stage_post(
        st, "/api/v2/evidence",
        "{\"nonce\":\"0101010101010101010101010101010101010101010101010101010101010101\"}", 500);
    assert_has(text, "{\"error\":\"internal error\",");
    assert_has_not(text, "secret detail");
    stage_chain_fails(st, true);
    text = stage_get(st, path_of("/api/v2/pki/", &st->w->app_a), 502);
    assert_has_not(text, "no block");
}

static void a_locked_node_releases_nothing_and_answers_what_it_can(void **state)
{
    STAGE st = stage_new();

    (void)state;
    st->config.root = NULL;
    stage_start(st);
    stage_get(st, "/livez", 200);
    stage_get(st, "/readyz", 503);
    stage_post(st, path_of("/api/v2/secrets/", &st->w->app_a), "{}", 503);
    stage_get(st, path_of("/api/v2/pki/", &st->w->app_a), 503);
    stage_post(st, "/api/v2/evidence",
               "{\"nonce\":\"0101010101010101010101010101010101010101010101010101010101010101\"}",
               200);
    assert_has(stage_admin(st, "GET", "/status", 200), "\"locked\":true");
}

static void refusals_are_counted_by_reason(void **state)
{
    STAGE st = stage_start(stage_new());

    (void)state;
    stage_post(st, path_of("/api/v2/secrets/", &st->w->app_a), "{}", 400);
    assert_has(stage_admin(st, "GET", "/metrics", 200),
               "teereg_refusals_total{reason=\"malformed-request\"} ");
    assert_has_not(stage_admin(st, "GET", "/metrics", 200),
                   "teereg_refusals_total{reason=\"malformed-request\"} 0\n");
}

static void the_status_holds_what_an_operator_needs_and_no_secret(void **state)
{
    static const char *const members[] = {
        "\"ready\":true",          "\"notice\":\"a test\"", "\"chain_id\":31337",
        "\"chain_view\":\"fake\"", "\"config_hash\":\"",    "\"principal\":\"",
        "\"root_id\":\"1d",        "\"commitment\":\"",     "\"compat\":[]",
        "\"caveat\":\"",           "\"audit\":{",           "\"finalized_block\":100",
    };
    STAGE st = stage_start(stage_new());
    const char *text = stage_admin(st, "GET", "/status", 200);

    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        assert_has(text, members[i]);
    assert_has_not(text, "5eed00"); /* the master key */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_judges_the_certificates_evidence_and_is_content),
        cmocka_unit_test(session_evidence_is_over_the_nonce_and_the_connection),
        cmocka_unit_test(the_pki_of_an_allowed_application_comes_with_evidence_over_it),
        cmocka_unit_test(a_release_goes_through_the_whole_service),
        cmocka_unit_test(the_pki_of_an_application_that_is_not_allowed_is_refused),
        cmocka_unit_test(an_application_whose_permission_ends_is_refused_at_once_though_cached),
        cmocka_unit_test(pki_without_a_nonce_costs_one_quote_for_many_requests),
        cmocka_unit_test(applications_and_routes_do_not_share_cached_answers),
        cmocka_unit_test(a_nonce_gets_evidence_of_its_own),
        cmocka_unit_test(requests_that_cost_a_quote_are_limited_by_address),
        cmocka_unit_test(all_requests_are_limited_by_address_but_health),
        cmocka_unit_test(malformed_requests_are_400_and_say_nothing_of_the_inside),
        cmocka_unit_test(bodies_that_are_too_large_are_413),
        cmocka_unit_test(version_1_onboarding_is_gone_and_its_secrets_route_is_not_there),
        cmocka_unit_test(unknown_paths_and_methods_are_refused_in_the_same_form),
        cmocka_unit_test(what_failed_inside_is_not_told_outside),
        cmocka_unit_test(a_locked_node_releases_nothing_and_answers_what_it_can),
        cmocka_unit_test(refusals_are_counted_by_reason),
        cmocka_unit_test(the_status_holds_what_an_operator_needs_and_no_secret),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
