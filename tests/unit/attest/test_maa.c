/* maa: tokens of a test's own key that are wrong in one way, and right in all else. */
#include "support/maa_token.h"
#include "attest/maa.h"

#define NOW (TOKEN_IAT + 100)

static EVP_PKEY *key;
static struct jwks keys;

static int make_key(void **state)
{
    (void)state;
    json_init();
    key = EVP_RSA_gen(2048);
    token_key_set(key, &keys);
    return key ? 0 : -1;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    jwks_done(&keys);
    return 0;
}

static struct maa_question ordinary(void)
{
    return (struct maa_question){
        .keys = &keys, .issuer = TOKEN_ISSUER, .policy = &attest_policy_default, .now = NOW};
}

static enum attest_fault verdict_by(struct maa_question question, const char *header,
                                    const char *claims)
{
    struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
    struct buf token AUTO_CALL(buf_done) = BUF(131072);

    token_make(key, header, claims, &token);
    question.token = buf_bytes(&token);
    maa_examine(&question, &x);
    return x.ok ? FAULT_NONE : x.fault;
}

/* With `from` in the claims as `to`. */
static enum attest_fault verdict(const char *from, const char *to)
{
    char *claims = token_changed(TOKEN_CLAIMS, from, to);
    enum attest_fault f = verdict_by(ordinary(), TOKEN_HEADER, claims);

    free(claims);
    return f;
}

static enum attest_fault verdict_of_header(const char *header)
{
    return verdict_by(ordinary(), header, TOKEN_CLAIMS);
}

static void a_right_one_passes(void **state)
{
    (void)state;
    assert_int_equal(verdict("n-1", "n-1"), FAULT_NONE);
}

/* ---- header and signature ---- */

static void only_rs256_is_an_algorithm(void **state)
{
    static const char *const others[] = {"none",  "None",  "HS256", "RS384",
                                         "PS256", "ES256", "rs256", ""};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char *header = token_changed(TOKEN_HEADER, "RS256", others[i]);

        if (verdict_of_header(header) != FAULT_JWS_ALG)
            fail_msg("alg %s", others[i]);
        free(header);
    }
}

static void what_a_header_brings_along_is_not_looked_at(void **state)
{
    (void)state;
    assert_int_equal(verdict_of_header("{\"alg\":\"RS256\",\"kid\":\"" TOKEN_KID
                                       "\",\"jku\":\"https://evil.example/certs\",\"jwk\":{},"
                                       "\"x5c\":[\"AAAA\"]}"),
                     FAULT_NONE);
}

static void malformed_headers_are_refused(void **state)
{
    static const char *const all[] = {
        "[]",
        "{}",
        "\"RS256\"",
        "{\"alg\":\"RS256\",\"alg\":\"RS256\",\"kid\":\"" TOKEN_KID "\"}",
        "{\"alg\":\"RS256\",\"kid\":\"" TOKEN_KID "\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"RS256\",\"kid\":\"" TOKEN_KID "\",\"crit\":[]}",
        "{\"alg\":\"RS256\",\"kid\":\"" TOKEN_KID "\",\"typ\":\"JWE\"}",
        "{\"alg\":\"RS256\",\"kid\":7}",
        "{\"alg\":256}",
        "{\"alg\":\"RS256\"} ",
    };

    (void)state;
    for (size_t i = 0; i + 1 < sizeof all / sizeof all[0]; i++)
        if (verdict_of_header(all[i]) != FAULT_JWS_FORM)
            fail_msg("%s", all[i]);
    /* JSON allows the space; without kid there is no key. */
    assert_int_equal(verdict_of_header(all[9]), FAULT_JWS_KEY);
}

static void a_key_of_another_name_is_not_tried(void **state)
{
    (void)state;
    assert_int_equal(verdict_of_header("{\"alg\":\"RS256\",\"kid\":\"other\"}"), FAULT_JWS_KEY);
}

static void a_token_is_refused_cut_at_every_length(void **state)
{
    struct buf token AUTO_CALL(buf_done) = BUF(131072);
    struct maa_question question = ordinary();

    (void)state;
    token_make(key, TOKEN_HEADER, TOKEN_CLAIMS, &token);
    for (size_t n = 0; n < token.n; n += n < 200 || n > token.n - 20 ? 1 : 37) {
        struct maa_examination x AUTO_CALL(maa_examination_done) = {0};

        question.token = (struct bytes){token.p, n};
        maa_examine(&question, &x);
        assert_false(x.ok);
    }
}

static void a_token_that_is_too_long_is_refused(void **state)
{
    char *text = calloc(1, 60000);
    enum attest_fault f;

    (void)state;
    memset(text, 'a', 59999);
    f = verdict("n-1", text);
    free(text);
    assert_int_equal(f, FAULT_JWS_FORM);
}

/* ---- claims ---- */

static void a_token_counts_from_nbf_to_exp(void **state)
{
    struct maa_question q = ordinary();

    (void)state;
    q.now = TOKEN_IAT;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_NONE);
    q.now = TOKEN_IAT - 1;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_MAA_TIME);
    q.now = TOKEN_IAT + 28799;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_NONE);
    q.now = TOKEN_IAT + 28800;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_MAA_TIME);
}

static void nbf_and_iat_each_count(void **state)
{
    (void)state;
    assert_int_equal(verdict("\"nbf\":1795500000", "\"nbf\":1795500101"), FAULT_MAA_TIME);
    assert_int_equal(verdict("\"iat\":1795500000", "\"iat\":1795500101"), FAULT_MAA_TIME);
}

static void a_token_for_more_than_eight_hours_is_refused(void **state)
{
    (void)state;
    assert_int_equal(verdict("1795528800", "1795528801"), FAULT_MAA_TIME);
    assert_int_equal(verdict("\"iat\":1795500000", "\"iat\":-9223372036854775807"), FAULT_MAA_TIME);
}

static void times_are_integers(void **state)
{
    static const char *const all[] = {"\"1795528800\"", "1795528800.0", "null", "1e10", "true"};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        assert_int_equal(verdict("1795528800", all[i]), FAULT_MAA_CLAIMS);
}

static void numbers_in_claims_that_nobody_reads_do_not_matter(void **state)
{
    static const char *const all[] = {"1.5", "-2e7", "18446744073709551616", "{\"n\":[0.25]}"};
    char more[128];

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        snprintf(more, sizeof more, "{\"x-ms-more\":%s,\"iss\"", all[i]);
        assert_int_equal(verdict("{\"iss\"", more), FAULT_NONE);
        snprintf(more, sizeof more, "{\"x\":%s,\"alg\":\"RS256\",\"kid\":\"" TOKEN_KID "\"}",
                 all[i]);
        assert_int_equal(verdict_of_header(more), FAULT_NONE);
    }
}

static void another_issuer_is_refused(void **state)
{
    (void)state;
    assert_int_equal(verdict("https://test.", "https://evil."), FAULT_MAA_ISSUER);
    assert_int_equal(verdict(".azure.net", ".azure.net.evil.example"), FAULT_MAA_ISSUER);
    assert_int_equal(verdict(".azure.net", ".azure.net/"), FAULT_MAA_ISSUER);
}

static void without_an_issuer_pinned_keys_speak_for_theirs(void **state)
{
    struct maa_question q = ordinary();
    char *claims = token_changed(TOKEN_CLAIMS, "https://", "http://");

    (void)state;
    q.issuer = NULL;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_NONE);
    assert_int_equal(verdict_by(q, TOKEN_HEADER, claims), FAULT_MAA_ISSUER);
    free(claims);
}

static void a_key_of_no_issuer_speaks_for_none_of_several(void **state)
{
    struct jwks_key all[] = {keys.key[0],
                             {.kid = "one", .issuer = TOKEN_ISSUER},
                             {.kid = "another", .issuer = "https://other.neu.attest.azure.net"}};
    struct jwks set = {.n = 3, .key = all};
    struct maa_question q = ordinary();

    (void)state;
    q.keys = &set;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_NONE);
    q.issuer = NULL;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_MAA_ISSUER);
    set.n = 2;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_NONE);
}

static void other_versions_types_and_words_are_refused(void **state)
{
    (void)state;
    assert_int_equal(verdict("\"1.0\"", "\"1.1\""), FAULT_MAA_CLAIMS);
    assert_int_equal(verdict("\"x-ms-ver\":\"1.0\",", ""), FAULT_MAA_CLAIMS);
    assert_int_equal(verdict("\"tdxvm\"", "\"sevsnpvm\""), FAULT_MAA_TYPE);
    assert_int_equal(verdict("\"tdxvm\"", "\"azurevm\""), FAULT_MAA_TYPE);
    assert_int_equal(verdict("azure-compliant-cvm", "azure-compliant-uvm"), FAULT_MAA_COMPLIANCE);
    assert_int_equal(verdict("x-ms-compliance-status", "maa-compliance"), FAULT_MAA_COMPLIANCE);
}

static void anything_that_is_debugged_is_refused(void **state)
{
    (void)state;
    assert_int_equal(verdict("debug\":false", "debug\":true"), FAULT_MAA_DEBUG);
    assert_int_equal(verdict("_debug\":", "_bug\":"), FAULT_MAA_DEBUG);
    assert_int_equal(verdict("\"0000001000000000\"", "\"0100001000000000\""), FAULT_MAA_DEBUG);
    assert_int_equal(verdict("\"disabled\"", "\"enabled\""), FAULT_MAA_DEBUG);
    assert_int_equal(
        verdict("\"dbgstat\"", "\"x-ms-azurevm-kerneldebug-enabled\":true,\"dbgstat\""),
        FAULT_MAA_DEBUG);
}

static void every_bit_of_a_td_under_test_is_debugging(void **state)
{
    char attributes[] = "\"0000001000000000\"";

    (void)state;
    for (unsigned bit = 0; bit < 8; bit++) {
        snprintf(attributes, sizeof attributes, "\"%02x00001000000000\"", 1U << bit);
        if (verdict("\"0000001000000000\"", attributes) != FAULT_MAA_DEBUG)
            fail_msg("bit %u", bit);
    }
}

/* With a bit set in this claim, which is zero. */
static enum attest_fault with_a_bit_in(const char *claim)
{
    char from[64], to[64];

    snprintf(from, sizeof from, "\"%s\":\"00", claim);
    snprintf(to, sizeof to, "\"%s\":\"01", claim);
    return verdict(from, to);
}

static void the_tdx_module_is_intels_production_one(void **state)
{
    (void)state;
    assert_int_equal(with_a_bit_in("tdx_mrsignerseam"), FAULT_TD_MRSIGNERSEAM);
    assert_int_equal(with_a_bit_in("tdx_seam_attributes"), FAULT_TD_SEAM_ATTRIBUTES);
}

static void no_paravisor_extends_an_rtmr(void **state)
{
    (void)state;
    assert_int_equal(with_a_bit_in("tdx_rtmr0"), FAULT_RTMR_NOT_ZERO);
    assert_int_equal(with_a_bit_in("tdx_rtmr3"), FAULT_RTMR_NOT_ZERO);
}

static void attributes_and_xfam_are_those_that_are_known(void **state)
{
    (void)state;
    assert_int_equal(verdict("\"0000001000000000\"", "\"0000000000000000\""), FAULT_NONE);
    assert_int_equal(verdict("\"0000001000000000\"", "\"0001001000000000\""), FAULT_TD_ATTRIBUTES);
    assert_int_equal(verdict("\"0000001000000000\"", "\"0000003000000000\""), FAULT_TD_ATTRIBUTES);
    assert_int_equal(verdict("e718060000000000", "e718060100000000"), FAULT_TD_XFAM);
    assert_int_equal(verdict("e718060000000000", "e418060000000000"), FAULT_TD_XFAM);
}

/* A quote names the TD that moves it; a token does not. */
static void no_policy_lets_a_td_pass_that_could_migrate(void **state)
{
    struct attest_policy moved = attest_policy_default;
    struct maa_question q = ordinary();
    char *claims = token_changed(TOKEN_CLAIMS, "0000001000000000", "0000003000000000");

    (void)state;
    moved.attributes_allowed |= TD_MIGRATABLE;
    moved.service_td = true; /* any */
    q.policy = &moved;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_NONE);
    assert_int_equal(verdict_by(q, TOKEN_HEADER, claims), FAULT_TD_ATTRIBUTES);
    free(claims);
}

static enum attest_fault by_policy(const char *text)
{
    struct attest_policy policy;
    struct maa_question q = ordinary();
    struct err e;

    need(attest_policy_decode_json(bytes_of_str(text), &policy, &e), &e);
    q.policy = &policy;
    return verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS);
}

#define ONE48                                                                                      \
    "010000000000000000000000000000000000000000000000"                                             \
    "000000000000000000000000000000000000000000000000"

static void policy_about_the_td_is_applied(void **state)
{
    (void)state;
    assert_int_equal(by_policy("{\"td_attributes\":\"0000001000000000\"}"), FAULT_NONE);
    assert_int_equal(by_policy("{\"td_attributes\":\"0000005000000000\"}"), FAULT_TD_ATTRIBUTES);
    assert_int_equal(by_policy("{\"xfam\":\"e718060000000000\"}"), FAULT_NONE);
    assert_int_equal(by_policy("{\"xfam\":\"e700060000000000\"}"), FAULT_TD_XFAM);
    assert_int_equal(by_policy("{\"mrseam\":[\"" TOKEN_ZERO48 "\"]}"), FAULT_NONE);
    assert_int_equal(by_policy("{\"mrseam\":[\"" ONE48 "\"]}"), FAULT_TD_MRSEAM);
    assert_int_equal(by_policy("{\"mrconfigid\":\"zero\"}"), FAULT_NONE);
    assert_int_equal(by_policy("{\"mrconfigid\":[\"" ONE48 "\"]}"), FAULT_TD_OWNER);
    assert_int_equal(by_policy("{\"mrowner\":[\"" ONE48 "\"]}"), FAULT_TD_OWNER);
    assert_int_equal(by_policy("{\"paravisor\":[\"" TOKEN_ZERO48 "\"]}"), FAULT_NONE);
    assert_int_equal(by_policy("{\"paravisor\":[\"" ONE48 "\"]}"), FAULT_PARAVISOR);
}

static void policy_that_no_token_can_answer_refuses(void **state)
{
    (void)state;
    assert_int_equal(by_policy("{\"fmspc\":[\"00806f050000\"]}"), FAULT_MAA_POLICY);
    assert_int_equal(by_policy("{\"ppid\":[\"00112233445566778899aabbccddeeff\"]}"),
                     FAULT_MAA_POLICY);
    assert_int_equal(by_policy("{\"platform_instance\":[\"00112233445566778899aabbccddeeff\"]}"),
                     FAULT_MAA_POLICY);
    assert_int_equal(by_policy("{\"min_evaluation_number\":17}"), FAULT_MAA_POLICY);
    assert_int_equal(by_policy("{\"denied_advisories\":[\"INTEL-SA-00837\"]}"), FAULT_MAA_POLICY);
}

static void the_status_is_judged_by_policy(void **state)
{
    struct attest_policy any = attest_policy_default;
    struct maa_question q = ordinary();
    char *old = token_changed(TOKEN_CLAIMS, "UpToDate", "OutOfDate");
    char *revoked = token_changed(TOKEN_CLAIMS, "UpToDate", "Revoked");

    (void)state;
    any.statuses = UINT16_MAX;
    assert_int_equal(verdict("UpToDate", "OutOfDate"), FAULT_MAA_TCB_STATUS);
    assert_int_equal(verdict("UpToDate", "Splendid"), FAULT_MAA_TCB_STATUS);
    assert_int_equal(verdict("attester_tcb_status", "tcb_status"), FAULT_MAA_TCB_STATUS);
    q.policy = &any;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, old), FAULT_NONE);
    assert_int_equal(verdict_by(q, TOKEN_HEADER, revoked), FAULT_MAA_TCB_STATUS);
    free(old);
    free(revoked);
}

static void a_measurement_that_is_missing_is_no_measurement(void **state)
{
    (void)state;
    assert_int_equal(verdict("tdx_mrtd", "tdx_other"), FAULT_MAA_CLAIMS);
    assert_int_equal(verdict("tdx_report_data", "tdx_other"), FAULT_MAA_CLAIMS);
}

static void a_claim_that_stands_twice_is_refused(void **state)
{
    (void)state;
    assert_int_equal(verdict("\"x-ms-ver\"", "\"nonce\":\"n-2\",\"x-ms-ver\""), FAULT_MAA_CLAIMS);
}

/* ---- what it was made for ---- */

static void the_policy_of_the_instance_can_be_pinned(void **state)
{
    struct maa_question q = ordinary();
    struct hash32 pinned = {{[31] = 1}}, other = {{[31] = 2}};
    char *none = token_changed(TOKEN_CLAIMS, "x-ms-policy-hash", "policy-hash");

    (void)state;
    q.policy_hash = &pinned;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_NONE);
    assert_int_equal(verdict_by(q, TOKEN_HEADER, none), FAULT_MAA_POLICY);
    q.policy_hash = &other;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_MAA_POLICY);
    free(none);
}

static void the_report_data_must_be_ours_when_asked(void **state)
{
    struct report_data ours = {{1, 2, 3}}, other = {{1, 2, 3, [63] = 1}};
    struct maa_question q = ordinary();

    (void)state;
    q.expected = &ours;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_NONE);
    q.expected = &other;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_MAA_BINDING);
}

static void runtime_data_must_be_what_the_report_data_is_the_hash_of(void **state)
{
    struct maa_question q = ordinary();
    /* SHA-256("runtime") */
    char *claims = token_changed(
        TOKEN_CLAIMS, "0102030000000000000000000000000000000000000000000000000000000000",
        "d4ee7ebf9e0ff6ef0d5d5c3d2ab6a0a6ea0d9bd1e3d2a86ff8ba31fd8a8e5d47");
    struct hash32 h;
    char hex[HEX_LEN(32)], *right;

    (void)state;
    q.has_runtime = true;
    q.runtime = bytes_of_str("runtime");
    assert_int_equal(verdict_by(q, TOKEN_HEADER, claims), FAULT_MAA_BINDING);
    assert_int_equal(EVP_Digest("runtime", 7, h.b, NULL, EVP_sha256(), NULL), 1);
    hex_encode(BYTES_OF(h), hex);
    right = token_changed(TOKEN_CLAIMS,
                          "0102030000000000000000000000000000000000000000000000000000000000", hex);
    assert_int_equal(verdict_by(q, TOKEN_HEADER, right), FAULT_NONE);
    free(claims);
    free(right);
}

static void the_nonce_must_be_ours_when_asked(void **state)
{
    struct maa_question q = ordinary();

    (void)state;
    q.nonce = "n-1";
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_NONE);
    q.nonce = "n-2";
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_MAA_BINDING);
}

/* ---- guests ---- */

#define GUEST                                                                                      \
    "{\"iss\":\"" TOKEN_ISSUER "\"," TOKEN_TIMES ",\"x-ms-ver\":\"1.0\","                          \
    "\"x-ms-attestation-type\":\"azurevm\",\"x-ms-azurevm-kerneldebug-enabled\":false,"            \
    "\"x-ms-runtime\":{\"client-payload\":{\"nonce\":\"bi0x\"}},"                                  \
    "\"x-ms-isolation-tee\":{\"x-ms-attestation-type\":\"tdxvm\"," TOKEN_TD                        \
    ",\"x-ms-runtime\":{\"keys\":[AK]}}}"

static char *guest(const char *kid)
{
    struct buf jwk AUTO_CALL(buf_done) = BUF(4096);
    char *with_key, *signs;

    token_jwk(key, kid, &jwk);
    with_key = token_changed(GUEST, "AK", buf_cstr(&jwk));
    signs = token_changed(with_key, "\"kty\"", "\"key_ops\":[\"sign\"],\"kty\"");
    free(with_key);
    return signs;
}

static void a_guest_on_a_tdx_machine_passes_and_shows_its_vtpms_key(void **state)
{
    struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
    struct buf token AUTO_CALL(buf_done) = BUF(131072);
    struct maa_question q = ordinary();
    char *claims = guest("HCLAkPub");

    (void)state;
    q.nonce = "n-1";
    q.ak = keys.key[0].key; /* the test's only key */
    token_make(key, TOKEN_HEADER, claims, &token);
    q.token = buf_bytes(&token);
    maa_examine(&q, &x);
    if (!x.ok)
        fail_msg("%s: %s", maa_check_name(x.first), x.check[x.first].detail);
    assert_true(x.claims.is_guest);
    assert_true(rsa_pub_eq(x.claims.ak, keys.key[0].key));
    free(claims);
}

static void a_guest_without_that_key_is_refused_when_asked_for_it(void **state)
{
    struct maa_question q = ordinary();
    char *claims = guest("HCLEkPub");

    (void)state;
    q.ak = keys.key[0].key;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, claims), FAULT_MAA_BINDING);
    assert_int_equal(verdict_by(q, TOKEN_HEADER, TOKEN_CLAIMS), FAULT_MAA_BINDING);
    free(claims);
}

static void a_guest_with_another_key_is_refused(void **state)
{
    struct jwks other AUTO_CALL(jwks_done) = {0};
    struct maa_question q = ordinary();
    char *claims = guest("HCLAkPub");
    EVP_PKEY *stranger = EVP_RSA_gen(2048);

    (void)state;
    token_key_set(stranger, &other);
    q.ak = other.key[0].key;
    assert_int_equal(verdict_by(q, TOKEN_HEADER, claims), FAULT_MAA_BINDING);
    free(claims);
    EVP_PKEY_free(stranger);
}

static void a_guest_whose_kernel_is_debugged_is_refused(void **state)
{
    char *right = guest("HCLAkPub");
    char *claims = token_changed(right, "enabled\":false", "enabled\":true");

    (void)state;
    assert_int_equal(verdict_by(ordinary(), TOKEN_HEADER, claims), FAULT_MAA_DEBUG);
    free(right);
    free(claims);
}

static enum attest_fault guest_that_also_says(const char *claim)
{
    char *right = guest("HCLAkPub"), *claims;
    char to[128];
    enum attest_fault f;

    snprintf(to, sizeof to, "%s,\"x-ms-ver\"", claim);
    claims = token_changed(right, "\"x-ms-ver\"", to);
    f = verdict_by(ordinary(), TOKEN_HEADER, claims);
    free(right);
    free(claims);
    return f;
}

static void what_a_guest_says_of_itself_counts_too(void **state)
{
    (void)state;
    assert_int_equal(guest_that_also_says("\"x-ms-azurevm-debuggersdisabled\":true"), FAULT_NONE);
    assert_int_equal(guest_that_also_says("\"x-ms-azurevm-debuggersdisabled\":false"),
                     FAULT_MAA_DEBUG);
    assert_int_equal(guest_that_also_says("\"x-ms-azurevm-debuggersdisabled\":\"no\""),
                     FAULT_MAA_DEBUG);
    assert_int_equal(guest_that_also_says("\"dbgstat\":\"disabled\""), FAULT_NONE);
    assert_int_equal(guest_that_also_says("\"dbgstat\":\"enabled\""), FAULT_MAA_DEBUG);
    assert_int_equal(guest_that_also_says("\"x-ms-compliance-status\":\"azure-compliant-cvm\""),
                     FAULT_NONE);
    assert_int_equal(guest_that_also_says("\"x-ms-compliance-status\":\"none\""),
                     FAULT_MAA_COMPLIANCE);
}

static void runtime_keys_of_the_callers_own_are_not_judged(void **state)
{
    (void)state;
    assert_int_equal(verdict("\"x-ms-ver\"",
                             "\"x-ms-runtime\":{\"keys\":[{\"kid\":\"mine\",\"kty\":\"EC\"},7]},"
                             "\"x-ms-ver\""),
                     FAULT_NONE);
    assert_int_equal(verdict("\"x-ms-ver\"", "\"x-ms-runtime\":{\"keys\":\"mine\"},\"x-ms-ver\""),
                     FAULT_NONE);
    assert_int_equal(verdict("\"x-ms-ver\"",
                             "\"x-ms-runtime\":{\"keys\":[{\"kid\":\"HCLAkPub\"}]},\"x-ms-ver\""),
                     FAULT_MAA_BINDING);
}

static void what_was_not_asked_is_not_missed(void **state)
{
    struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
    struct buf token AUTO_CALL(buf_done) = BUF(131072);
    struct maa_question q = ordinary();

    (void)state;
    token_make(key, TOKEN_HEADER, "{}", &token);
    q.token = buf_bytes(&token);
    q.nonce = "n-1";
    maa_examine(&q, &x);
    assert_false(x.ok);
    assert_string_equal(x.check[MAA_NONCE].detail, "needs the claims");
    assert_string_equal(x.check[MAA_POLICY].detail, "");
    assert_string_equal(x.check[MAA_REPORT_DATA].detail, "");
    assert_string_equal(x.check[MAA_RUNTIME].detail, "");
    assert_string_equal(x.check[MAA_AK].detail, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_one_passes),
        cmocka_unit_test(only_rs256_is_an_algorithm),
        cmocka_unit_test(what_a_header_brings_along_is_not_looked_at),
        cmocka_unit_test(malformed_headers_are_refused),
        cmocka_unit_test(a_key_of_another_name_is_not_tried),
        cmocka_unit_test(a_token_is_refused_cut_at_every_length),
        cmocka_unit_test(a_token_that_is_too_long_is_refused),
        cmocka_unit_test(a_token_counts_from_nbf_to_exp),
        cmocka_unit_test(nbf_and_iat_each_count),
        cmocka_unit_test(a_token_for_more_than_eight_hours_is_refused),
        cmocka_unit_test(times_are_integers),
        cmocka_unit_test(numbers_in_claims_that_nobody_reads_do_not_matter),
        cmocka_unit_test(another_issuer_is_refused),
        cmocka_unit_test(without_an_issuer_pinned_keys_speak_for_theirs),
        cmocka_unit_test(a_key_of_no_issuer_speaks_for_none_of_several),
        cmocka_unit_test(other_versions_types_and_words_are_refused),
        cmocka_unit_test(anything_that_is_debugged_is_refused),
        cmocka_unit_test(every_bit_of_a_td_under_test_is_debugging),
        cmocka_unit_test(the_tdx_module_is_intels_production_one),
        cmocka_unit_test(no_paravisor_extends_an_rtmr),
        cmocka_unit_test(attributes_and_xfam_are_those_that_are_known),
        cmocka_unit_test(no_policy_lets_a_td_pass_that_could_migrate),
        cmocka_unit_test(policy_about_the_td_is_applied),
        cmocka_unit_test(policy_that_no_token_can_answer_refuses),
        cmocka_unit_test(the_status_is_judged_by_policy),
        cmocka_unit_test(what_was_not_asked_is_not_missed),
        cmocka_unit_test(what_a_guest_says_of_itself_counts_too),
        cmocka_unit_test(runtime_keys_of_the_callers_own_are_not_judged),
        cmocka_unit_test(a_measurement_that_is_missing_is_no_measurement),
        cmocka_unit_test(a_claim_that_stands_twice_is_refused),
        cmocka_unit_test(the_policy_of_the_instance_can_be_pinned),
        cmocka_unit_test(the_report_data_must_be_ours_when_asked),
        cmocka_unit_test(runtime_data_must_be_what_the_report_data_is_the_hash_of),
        cmocka_unit_test(the_nonce_must_be_ours_when_asked),
        cmocka_unit_test(a_guest_on_a_tdx_machine_passes_and_shows_its_vtpms_key),
        cmocka_unit_test(a_guest_without_that_key_is_refused_when_asked_for_it),
        cmocka_unit_test(a_guest_with_another_key_is_refused),
        cmocka_unit_test(a_guest_whose_kernel_is_debugged_is_refused),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
