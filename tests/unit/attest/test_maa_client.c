/* maa_client: against a simulated instance of the service, on a loopback port, that is right or
 * wrong in one way. */
#include "support/dcap.h"
#include "attest/maa_client.h"
#include "crypto/jws.h"
#include "sim_azure.h"
#include "sim_collateral.h"
#include "sim_maa.h"

#define NONCE "a nonce, \"quoted\" and \xc3\xa9"

static sim_azure *machine;
static struct azure_evidence evidence;
static struct hcl_report hcl;
static struct collateral sgx;

static int setup(void **state)
{
    const struct sim_collateral_spec spec = {.now = clock_unix(&clock_system), .sgx = true};
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    const struct report_data rd = {{1, 2, 3}};
    AUTO(sim_platform) p = NULL;
    struct err e;

    (void)state;
    json_init();
    need(sim_azure_new("orders", &machine, &e), &e);
    need(sim_azure_evidence(machine, &rd, SIM_AZURE_OK, SIM_AK_OK, &evidence, &e), &e);
    need(hcl_parse(buf_bytes(&evidence.hcl_report), &hcl, NULL, &e), &e);
    need(sim_platform_new("any", SIM_OK, &p, &e), &e);
    need(sim_collateral_parts(p, &spec, &bundle, &e), &e);
    collateral_of_bundle(&bundle, attest_roots(), NULL, &sgx);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    collateral_done(&sgx);
    azure_evidence_done(&evidence);
    sim_azure_free(machine);
    return 0;
}

/* ---- the service, and one who asks it ---- */

struct stage {
    sim_maa *service;
    http_server *server;
    maa_client *client;
    int requests;
};

static void answer(void *self, const struct http_request *req, struct http_response *ret)
{
    struct stage *st = self;

    __atomic_fetch_add(&st->requests, 1, __ATOMIC_SEQ_CST);
    sim_maa_answer(st->service, req, ret);
}

static const struct http_route route_list[] = {SIM_MAA_ROUTES(answer)};

static void stage_begin(struct stage *st, struct http_routes *routes, enum sim_maa_fault fault)
{
    const struct sim_maa_spec spec = {.fault = fault, .silent_ms = 700};
    struct http_server_config config = http_server_defaults;
    uint16_t port;
    char url[64];
    struct err e;

    *st = (struct stage){0};
    *routes = (struct http_routes){
        .list = route_list, .n = sizeof route_list / sizeof *route_list, .self = st};
    config.rate = 0;
    config.workers = 2;
    need(sim_maa_new(&spec, &st->service, &e), &e);
    need(http_server_new(&config, &st->server, &e), &e);
    need(http_server_listen_plain(st->server, "127.0.0.1:0", routes, &port, &e), &e);
    need(http_server_start(st->server, &e), &e);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
    need(maa_client_new(&(struct maa_client_config){.url = url}, &st->client, &e), &e);
}

static void stage_end(struct stage *st)
{
    struct err e;

    maa_client_free(st->client);
    (void)!http_server_drain(st->server, 2000, &e);
    http_server_free(st->server);
    sim_maa_free(st->service);
}

static const struct attest_question *by_enclave(void)
{
    static struct attest_question q;

    q = (struct attest_question){
        .roots = attest_roots(),
        .policy = &attest_policy_default,
        .collateral = &sgx,
        .now = clock_unix(&clock_system),
    };
    return &q;
}

static struct maa_trust trust(void)
{
    return (struct maa_trust){.admit = by_enclave(),
                              .issuer = SIM_MAA_ISSUER,
                              .policy = &attest_policy_default,
                              .clock = &clock_system};
}

static struct maa_ask ask(void)
{
    return (struct maa_ask){
        .quote = buf_bytes(&evidence.tdx_quote), .runtime = hcl.variable, .nonce = NONCE};
}

struct outcome {
    enum err_code code;
    enum attest_fault fault;
    struct err e;
    int requests;
};

/* One token of a service with that fault.  Nothing is given out unless all held. */
static struct outcome get(enum sim_maa_fault fault, const struct maa_ask *a,
                          const struct maa_trust *by, unsigned ms)
{
    struct buf token AUTO_CALL(buf_done) = BUF(JWS_MAX);
    struct maa_claims claims = {0};
    struct http_routes routes;
    struct outcome o = {0};
    struct stage st;

    stage_begin(&st, &routes, fault);
    o.code = maa_client_token(st.client, a, by, ms, &token, &claims, &o.fault, &o.e);
    stage_end(&st);
    o.requests = st.requests;
    if (o.code == ERR_OK) {
        assert_true(token.n > 0);
        assert_string_equal(claims.issuer, SIM_MAA_ISSUER);
        assert_non_null(claims.ak);
        rsa_pub_free(claims.ak);
    } else {
        assert_int_equal(token.n, 0);
        assert_null(claims.ak);
    }
    return o;
}

static struct outcome ordinary(enum sim_maa_fault fault)
{
    const struct maa_ask a = ask();
    const struct maa_trust by = trust();

    return get(fault, &a, &by, 20000);
}

static void refuses(enum sim_maa_fault sim, enum attest_fault fault)
{
    const struct outcome o = ordinary(sim);

    if (o.code == ERR_OK || o.fault != fault)
        fail_msg("%s: found %s (%s), expected %s", sim_maa_fault_name(sim),
                 attest_fault_name(o.fault), o.code ? o.e.msg : "a token",
                 attest_fault_name(fault));
    assert_non_null(strstr(o.e.msg, attest_fault_name(fault)));
}

static void fails(enum sim_maa_fault sim, enum err_code code, const char *words, int requests)
{
    const struct outcome o = ordinary(sim);

    if (o.code != code || !strstr(o.e.msg, words))
        fail_msg("%s: found %s: %s", sim_maa_fault_name(sim), err_name(o.code), o.e.msg);
    assert_int_equal(o.fault, FAULT_NONE);
    assert_int_equal(o.requests, requests);
}

static void a_token_about_this_machine_is_given_out(void **state)
{
    const struct outcome o = ordinary(SIM_MAA_OK);

    (void)state;
    if (o.code != ERR_OK)
        fail_msg("%s", o.e.msg);
    assert_int_equal(o.requests, 2); /* token, keys */
}

static void a_clock_a_little_behind_the_services_is_no_fault(void **state)
{
    (void)state;
    assert_int_equal(ordinary(SIM_MAA_AHEAD).code, ERR_OK);
}

static void every_wrong_token_is_refused_by_its_name(void **state)
{
    static const struct {
        enum sim_maa_fault sim;
        enum attest_fault fault;
    } all[] = {
        {SIM_MAA_ALG_NONE, FAULT_JWS_ALG},      {SIM_MAA_ALG_HS256, FAULT_JWS_ALG},
        {SIM_MAA_UNSIGNED, FAULT_JWS_FORM},     {SIM_MAA_SIG, FAULT_JWS_SIG},
        {SIM_MAA_KID, FAULT_JWS_KEY},           {SIM_MAA_EXPIRED, FAULT_MAA_TIME},
        {SIM_MAA_FUTURE, FAULT_MAA_TIME},       {SIM_MAA_LIFETIME, FAULT_MAA_TIME},
        {SIM_MAA_DEBUG, FAULT_MAA_DEBUG},       {SIM_MAA_COMPLIANCE, FAULT_MAA_COMPLIANCE},
        {SIM_MAA_STATUS, FAULT_MAA_TCB_STATUS}, {SIM_MAA_TYPE, FAULT_MAA_TYPE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        refuses(all[i].sim, all[i].fault);
}

static void a_token_of_another_instance_is_refused(void **state)
{
    (void)state;
    refuses(SIM_MAA_OTHER_ISSUER, FAULT_MAA_ISSUER);
    refuses(SIM_MAA_CERT_ISSUER, FAULT_MAA_ISSUER);
}

static void a_token_for_another_nonce_is_refused(void **state)
{
    (void)state;
    refuses(SIM_MAA_NONCE, FAULT_MAA_BINDING);
    refuses(SIM_MAA_NO_NONCE, FAULT_MAA_BINDING);
}

static void a_token_about_another_td_is_refused(void **state)
{
    (void)state;
    refuses(SIM_MAA_MRTD, FAULT_MAA_BINDING);
}

static void a_token_over_other_runtime_data_is_refused(void **state)
{
    (void)state;
    refuses(SIM_MAA_RUNTIME, FAULT_MAA_BINDING);
}

static void a_token_about_another_vtpm_is_refused(void **state)
{
    (void)state;
    refuses(SIM_MAA_AK, FAULT_MAA_BINDING);
}

static void a_token_by_a_key_of_no_enclave_is_refused(void **state)
{
    (void)state;
    refuses(SIM_MAA_UNQUOTED_KEY, FAULT_MAA_KEY);
    refuses(SIM_MAA_KEY_SIGNER, FAULT_MAA_KEY);
    refuses(SIM_MAA_KEY_DEBUG, FAULT_MAA_KEY);
    refuses(SIM_MAA_KEY_OTHER, FAULT_REPORT_DATA);
    refuses(SIM_MAA_KEY_ROOT, FAULT_PCK_CHAIN);
}

/* ---- which keys ---- */

/* With the keys of one instance pinned, those of another of the same name are not asked for. */
static void pinned_keys_are_the_only_ones(void **state)
{
    struct jwks pinned AUTO_CALL(jwks_done) = {0};
    struct maa_trust by = trust();
    const struct maa_ask a = ask();
    AUTO(sim_maa) another = NULL;
    struct outcome o;
    struct err e;

    (void)state;
    need(sim_maa_new(&(struct sim_maa_spec){.second_key = true}, &another, &e), &e);
    need(jwks_parse(sim_maa_keys(another), &pinned, &e), &e);
    by.pinned = &pinned;
    by.admit = NULL;
    o = get(SIM_MAA_OK, &a, &by, 20000);
    assert_int_equal(o.fault, FAULT_JWS_KEY);
    assert_int_equal(o.requests, 1);
}

static void with_the_instances_keys_pinned_a_token_needs_no_proof(void **state)
{
    struct buf token AUTO_CALL(buf_done) = BUF(JWS_MAX);
    struct jwks pinned AUTO_CALL(jwks_done) = {0};
    struct maa_trust by = trust();
    const struct maa_ask a = ask();
    struct http_routes routes;
    struct stage st;
    struct err e;

    (void)state;
    stage_begin(&st, &routes, SIM_MAA_UNQUOTED_KEY);
    need(maa_client_keys(st.client, 20000, &pinned, &e), &e);
    by.pinned = &pinned;
    by.admit = NULL;
    need(maa_client_token(st.client, &a, &by, 20000, &token, NULL, NULL, &e), &e);
    stage_end(&st);
}

static void keys_that_came_over_plain_http_are_not_believed(void **state)
{
    struct maa_trust by = trust();
    const struct maa_ask a = ask();
    struct outcome o;

    (void)state;
    by.admit = NULL;
    o = get(SIM_MAA_OK, &a, &by, 20000);
    assert_int_equal(o.code, ERR_VERIFY);
    assert_int_equal(o.fault, FAULT_MAA_KEY);
    assert_int_equal(o.requests, 0);
}

/* Which fault a key has for who would pin it. */
static enum attest_fault key_fault(enum sim_maa_fault fault, const char *url, const char *issuer,
                                   const struct attest_question *admit)
{
    struct jwks set AUTO_CALL(jwks_done) = {0};
    struct attest_finding f = {0};
    AUTO(maa_client) c = NULL;
    AUTO(sim_maa) m = NULL;
    struct err e;

    need(sim_maa_new(&(struct sim_maa_spec){.fault = fault}, &m, &e), &e);
    need(jwks_parse(sim_maa_keys(m), &set, &e), &e);
    need(maa_client_new(&(struct maa_client_config){.url = url}, &c, &e), &e);
    maa_client_judge_key(c, &set.key[0], issuer, admit, &f);
    assert_true(f.judged);
    return f.fault;
}

static void a_key_to_be_pinned_is_the_instances_own_and_proven(void **state)
{
    static const char http[] = "http://127.0.0.1:1";

    (void)state;
    assert_int_equal(key_fault(SIM_MAA_OK, http, SIM_MAA_ISSUER, by_enclave()), FAULT_NONE);
    assert_int_equal(key_fault(SIM_MAA_OK, http, "https://other.invalid", by_enclave()),
                     FAULT_JWS_KEY);
    assert_int_equal(key_fault(SIM_MAA_UNQUOTED_KEY, http, SIM_MAA_ISSUER, by_enclave()),
                     FAULT_MAA_KEY);
    /* Without a proof TLS stands for it, and nothing does without TLS. */
    assert_int_equal(key_fault(SIM_MAA_OK, http, SIM_MAA_ISSUER, NULL), FAULT_MAA_KEY);
    assert_int_equal(key_fault(SIM_MAA_UNQUOTED_KEY, SIM_MAA_ISSUER "/", NULL, NULL), FAULT_NONE);
}

static void without_a_name_the_issuer_is_who_was_asked(void **state)
{
    struct maa_trust by = trust();
    const struct maa_ask a = ask();

    (void)state;
    by.issuer = NULL;
    assert_int_equal(get(SIM_MAA_OK, &a, &by, 20000).fault, FAULT_MAA_ISSUER);
}

static void a_pinned_policy_of_the_instance_must_be_the_one(void **state)
{
    const struct hash32 another = {{1}};
    struct maa_trust by = trust();
    const struct maa_ask a = ask();

    (void)state;
    by.policy_hash = &another;
    assert_int_equal(get(SIM_MAA_OK, &a, &by, 20000).fault, FAULT_MAA_POLICY);
}

/* ---- what is sent ---- */

static void what_does_not_belong_together_is_not_sent(void **state)
{
    struct azure_evidence another AUTO_CALL(azure_evidence_done) = {0};
    const struct report_data rd = {{9}};
    const struct maa_trust by = trust();
    struct maa_ask a = ask();
    struct outcome o;
    struct err e;

    (void)state;
    need(sim_azure_evidence(machine, &rd, SIM_AZURE_OK, SIM_AK_OK, &another, &e), &e);
    a.quote = buf_bytes(&another.tdx_quote);
    o = get(SIM_MAA_OK, &a, &by, 20000);
    assert_int_equal(o.fault, FAULT_HCL_BINDING);
    assert_int_equal(o.requests, 0);

    a = ask();
    a.runtime = bytes_of_str("{\"keys\":[]}");
    assert_int_equal(get(SIM_MAA_OK, &a, &by, 20000).fault, FAULT_HCL_RUNTIME);
    a = ask();
    a.quote.n = 100;
    assert_int_equal(get(SIM_MAA_OK, &a, &by, 20000).fault, FAULT_PARSE_SIZE);
}

static void a_nonce_is_text_of_some_length(void **state)
{
    static const char *const all[] = {"", "\xff"};
    const struct maa_trust by = trust();
    char longer[MAA_NONCE_MAX + 2];
    struct maa_ask a = ask();

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        a.nonce = all[i];
        assert_int_equal(get(SIM_MAA_OK, &a, &by, 20000).code, ERR_INVALID);
    }
    memset(longer, 'n', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    a.nonce = longer;
    assert_int_equal(get(SIM_MAA_OK, &a, &by, 20000).code, ERR_INVALID);
    a.nonce = longer + 1;
    assert_int_equal(get(SIM_MAA_OK, &a, &by, 20000).code, ERR_OK);
}

/* ---- the service itself ---- */

static void a_service_that_answers_wrongly_is_named(void **state)
{
    (void)state;
    fails(SIM_MAA_HUGE, ERR_TOO_LARGE, "more than", 1);
    fails(SIM_MAA_REDIRECTS, ERR_UPSTREAM, "redirects are not followed", 1);
    fails(SIM_MAA_NO_JSON, ERR_UPSTREAM, "token", 1);
    fails(SIM_MAA_NO_TOKEN, ERR_UPSTREAM, "token", 1);
}

static void a_refusal_is_told_in_the_services_words_made_harmless(void **state)
{
    (void)state;
    fails(SIM_MAA_REFUSES, ERR_DENIED, "PolicyEvaluationError: the policy?[31m says no", 1);
}

static void a_busy_service_is_asked_again_and_not_for_ever(void **state)
{
    (void)state;
    fails(SIM_MAA_BUSY, ERR_BUSY, "status 429", MAA_ATTEMPTS);
    assert_int_equal(ordinary(SIM_MAA_BUSY_ONCE).code, ERR_OK);
}

static void a_silent_service_is_left_at_the_deadline(void **state)
{
    const uint64_t begin = clock_ns(&clock_system);
    const struct maa_trust by = trust();
    const struct maa_ask a = ask();
    struct outcome o;

    (void)state;
    o = get(SIM_MAA_SILENT, &a, &by, 200);
    assert_int_equal(o.code, ERR_TIMEOUT);
    assert_int_equal(o.requests, 1);
    assert_true(clock_ns(&clock_system) - begin < 5000000000ull);
}

static void keys_have_a_deadline_too(void **state)
{
    struct jwks keys AUTO_CALL(jwks_done) = {0};
    struct http_routes routes;
    enum err_code code;
    struct stage st;
    struct err e;

    (void)state;
    stage_begin(&st, &routes, SIM_MAA_SILENT);
    code = maa_client_keys(st.client, 200, &keys, &e);
    stage_end(&st);
    assert_int_equal(code, ERR_TIMEOUT);
    assert_int_equal(keys.n, 0);
}

static void a_service_that_is_not_there_is_told(void **state)
{
    struct jwks keys AUTO_CALL(jwks_done) = {0};
    AUTO(maa_client) c = NULL;
    struct err e;

    (void)state;
    need(maa_client_new(&(struct maa_client_config){.url = "http://127.0.0.1:1"}, &c, &e), &e);
    assert_int_equal(maa_client_keys(c, 400, &keys, &e), ERR_UPSTREAM);
    assert_non_null(strstr(e.msg, "signing keys"));
}

static void only_whole_addresses_over_https_are_taken(void **state)
{
    static const char *const bad[] = {
        "http://shared.eus.attest.azure.net",
        "https://user@shared.eus.attest.azure.net",
        "https://shared.eus.attest.azure.net/attest/TdxVm",
        "https://shared.eus.attest.azure.net?x=1",
        "ftp://127.0.0.1",
        "shared.eus.attest.azure.net",
        "",
    };
    maa_client *c = NULL;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (maa_client_new(&(struct maa_client_config){.url = bad[i]}, &c, &e) != ERR_INVALID)
            fail_msg("%s", bad[i]);
    assert_int_equal(maa_client_new(&(struct maa_client_config){.url = "https://a.attest.azure.net",
                                                                .api_version = "1&draft=1"},
                                    &c, &e),
                     ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_about_this_machine_is_given_out),
        cmocka_unit_test(a_clock_a_little_behind_the_services_is_no_fault),
        cmocka_unit_test(every_wrong_token_is_refused_by_its_name),
        cmocka_unit_test(a_token_of_another_instance_is_refused),
        cmocka_unit_test(a_token_for_another_nonce_is_refused),
        cmocka_unit_test(a_token_about_another_td_is_refused),
        cmocka_unit_test(a_token_over_other_runtime_data_is_refused),
        cmocka_unit_test(a_token_about_another_vtpm_is_refused),
        cmocka_unit_test(a_token_by_a_key_of_no_enclave_is_refused),
        cmocka_unit_test(pinned_keys_are_the_only_ones),
        cmocka_unit_test(with_the_instances_keys_pinned_a_token_needs_no_proof),
        cmocka_unit_test(keys_that_came_over_plain_http_are_not_believed),
        cmocka_unit_test(a_key_to_be_pinned_is_the_instances_own_and_proven),
        cmocka_unit_test(without_a_name_the_issuer_is_who_was_asked),
        cmocka_unit_test(a_pinned_policy_of_the_instance_must_be_the_one),
        cmocka_unit_test(what_does_not_belong_together_is_not_sent),
        cmocka_unit_test(a_nonce_is_text_of_some_length),
        cmocka_unit_test(a_service_that_answers_wrongly_is_named),
        cmocka_unit_test(a_refusal_is_told_in_the_services_words_made_harmless),
        cmocka_unit_test(a_busy_service_is_asked_again_and_not_for_ever),
        cmocka_unit_test(a_silent_service_is_left_at_the_deadline),
        cmocka_unit_test(keys_have_a_deadline_too),
        cmocka_unit_test(a_service_that_is_not_there_is_told),
        cmocka_unit_test(only_whole_addresses_over_https_are_taken),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
