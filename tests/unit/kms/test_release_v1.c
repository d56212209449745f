/* release_v1: what a proxy's word gets, with every step wrong in turn. */
#include <signal.h>
#include <sys/resource.h>
#include "kms/release_v1.h"
#include "support/v1_world.h"
#include "unit/kms/release_support.h"

/* ---- a request, and the machine of the KMS ---- */

struct ask_v1 {
    struct addr app;
    const char *type;
    char measurements[V1_TEXT_MAX], csr[V1_TEXT_MAX];
};

struct got {
    EVP_PKEY *key; /* of the CSR */
    struct buf answer;
    struct release_outcome outcome;
    enum err_code code;
};

static void got_done(struct got *g)
{
    EVP_PKEY_free(g->key);
    buf_done_wipe(&g->answer);
}
#define GOT struct got g AUTO_CALL(got_done) = {0}

static enum err_code quote_of_kms(void *self, const struct report_data *rd, struct buf *ret,
                                  struct err *e)
{
    const struct world *w = self;
    struct td_report td;

    sim_td_of_image("the KMS", &td);
    return sim_quote(w->platform, SIM_V4, &td, rd, ret, e);
}

static enum err_code no_quote(void *self, const struct report_data *rd, struct buf *ret,
                              struct err *e)
{
    (void)self;
    (void)rd;
    (void)ret;
    return err_set(e, ERR_UPSTREAM, "the platform is silent");
}

static quote_provider quotes;

/* A world whose application A is of scheme 1. */
static int set_up_v1(void **state)
{
    struct world *w = world_new();

    v1_make_app(w);
    quotes = (quote_provider){
        .quote = quote_of_kms, .self = w, .evidence_type = EVIDENCE_TYPE_TDX, .name = "test"};
    *state = w;
    return 0;
}

static struct ask_v1 ask_of(struct world *w, struct got *g)
{
    struct ask_v1 a = {.app = w->app_a, .type = "qemu-tdx"};

    EVP_PKEY_free(g->key);
    g->key = NULL;
    v1_tdx_header(&w->td_a, a.measurements);
    v1_csr(&g->key, a.csr);
    return a;
}

static enum kms_reason send_v1(struct world *w, const struct ask_v1 *a, struct got *g)
{
    const struct release_v1_ctx ctx = {
        .authority = w->ctx.authority, .audit = w->ctx.audit, .quotes = &quotes};
    const struct release_v1_request request = {.app = a->app,
                                               .type = bytes_of_str(a->type),
                                               .measurements = bytes_of_str(a->measurements),
                                               .body = bytes_of_str(a->csr)};
    struct err e = {0};

    buf_done_wipe(&g->answer);
    g->code = kms_release_v1(&ctx, &request, &g->answer, &g->outcome, &e);
    return g->outcome.why;
}

/* A refusal leaves no answer and no record of a release. */
static void assert_v1(struct world *w, const struct ask_v1 *a, struct got *g,
                      enum kms_reason expected)
{
    uint64_t before = releases(w);
    enum kms_reason why = send_v1(w, a, g);

    if (why != expected)
        fail_msg("found %s, expected %s", kms_reason_name(why), kms_reason_name(expected));
    assert_int_equal(g->code == ERR_OK, expected == KMS_GRANTED);
    assert_int_equal(g->answer.n > 0, expected == KMS_GRANTED);
    assert_int_equal(releases(w), before + (expected == KMS_GRANTED));
}

/* ---- granted ---- */

static void the_answer_holds_the_applications_key_and_a_certificate(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);
    struct v1_answer got AUTO_CALL(v1_answer_done) = {0};
    struct buf der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    const kms_app *keys AUTO_CALL(kms_app_put_auto) = NULL;
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) leaf = NULL;
    AUTO(secret) scalar = NULL;
    struct err e = {0};

    assert_v1(w, &a, &g, KMS_GRANTED);
    v1_answer_read(buf_bytes(&g.answer), &got);
    assert_int_equal(kms_apps_get(w->ctx.authority.apps, &w->app_a, 0, &keys, &e), ERR_OK);
    assert_int_equal(p256_from_private_pem(buf_bytes(&got.key_pem), &key, &e), ERR_OK);
    assert_int_equal(p256_scalar(key, &scalar, &e), ERR_OK);
    assert_true(secret_eq(secret_bytes(scalar), secret_bytes(keys->encrypt)));
    assert_int_equal(pem_decode(buf_bytes(&got.certificate_pem), "CERTIFICATE", &der, &e), ERR_OK);
    assert_int_equal(x509_parse(buf_bytes(&der), &leaf, &e), ERR_OK);
    assert_int_equal(x509_verify_leaf(leaf, keys->ca, WORLD_NOW, &e), ERR_OK);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), g.key), 1);
}

static void the_answer_is_in_the_references_order_with_its_line_end(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);
    const char *text, *part;

    assert_v1(w, &a, &g, KMS_GRANTED);
    text = buf_cstr(&g.answer);
    assert_int_equal(strncmp(text, "{\"app_privkey\":\"", 16), 0);
    part = strstr(text, "\",\"tls_cert\":\"");
    assert_non_null(part);
    part = strstr(part, "\",\"operator\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"
                        "\"attestation\":\"");
    assert_non_null(part);
    assert_string_equal(text + strlen(text) - 3, "\"}\n");
}

static void the_quote_in_the_answer_is_over_what_is_in_it(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);
    struct v1_answer got AUTO_CALL(v1_answer_done) = {0};
    const struct addr nobody = {{0}};
    enum attest_fault fault;
    struct report_data rd;
    struct quote q;
    struct err e = {0};

    assert_v1(w, &a, &g, KMS_GRANTED);
    v1_answer_read(buf_bytes(&g.answer), &got);
    report_data_v1_secrets(&w->app_a, &nobody, buf_bytes(&got.certificate_pem),
                           buf_bytes(&got.key_pem), &rd);
    assert_int_equal(quote_parse(buf_bytes(&got.quote), &q, &fault, &e), ERR_OK);
    assert_memory_equal(q.td.report_data, rd.b, sizeof rd.b);
}

static void the_identity_is_that_of_scheme_1(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);
    struct measurements m;
    struct hash32 id;

    assert_v1(w, &a, &g, KMS_GRANTED);
    measurements_of_td(&w->td_a, &m);
    id = v1_identity(&m, &w->app_a);
    assert_true(hash32_eq(&g.outcome.identity, &id));
}

/* The contract and the values of the reference's vectors. */
static void the_references_own_vectors_are_served(void **state)
{
    static const char *const identity[] = {
        "8c23e5883afea37dc066a79757b4fe5a2484500fc35d94d3b80684d05f604dac",
        "ef72e8f78ee6c373c172c32fdcdb93898c8442b9b8bffaf5f65d834dacc1c995"};
    static const uint8_t no_mrtd[48];
    struct world *w = *state;
    struct td_report td = {.mrtd = {0x0d}};
    GOT;
    struct ask_v1 a = ask_of(w, &g);
    struct hash32 id;
    struct err e = {0};

    memset(a.app.b, 0x11, 20);
    world_contract(w, &a.app);
    world_head(w, &a.app, &(struct gov_head){.scheme = 1});
    world_allow_app(w, &a.app, world_allowed(), world_code_of(&a.app), GOV_LAYOUT_TEEREG);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(hash32_parse(bytes_of_str(identity[i]), &id, &e), ERR_OK);
        world_set_identity(w, &a.app, &id, world_allowed());
    }
    v1_allow_firmware(w, td.mrtd);
    v1_allow_firmware(w, no_mrtd);
    for (int i = 0; i < 3; i++)
        memset(td.rtmr[i], 0xa0 + i, 48);
    v1_tdx_header(&td, a.measurements);
    assert_v1(w, &a, &g, KMS_GRANTED);
    a.type = "azure-tdx";
    v1_azure_header(a.measurements);
    assert_v1(w, &a, &g, KMS_GRANTED);
    assert_true(hash32_eq(&g.outcome.identity, &id));
}

static void the_record_says_that_it_was_a_proxys_word(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);
    char line[8192];
    bool found = false;
    FILE *f;

    assert_v1(w, &a, &g, KMS_GRANTED);
    f = fopen(w->log, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        found |= strstr(line, "\"event\":\"release-v1\"") &&
                 strstr(line, "\"via\":\"proxy\",\"type\":\"qemu-tdx\"");
    fclose(f);
    assert_true(found);
}

/* ---- refused ---- */

static void a_contract_of_scheme_2_is_refused_by_name(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);
    struct measurements m;
    struct hash32 id;

    measurements_of_td(&w->td_b, &m);
    id = v1_identity(&m, &w->app_b); /* even if its list held such a thing */
    world_set_identity(w, &w->app_b, &id, world_allowed());
    v1_allow_firmware(w, w->td_b.mrtd);
    v1_tdx_header(&w->td_b, a.measurements);
    a.app = w->app_b;
    assert_v1(w, &a, &g, KMS_SCHEME_NOT_V1);
}

static void a_list_of_principals_is_not_for_headers(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 1, .principal = true});
    assert_v1(w, &a, &g, KMS_SCHEME_NOT_V1);
}

/* SR-05 */
static void firmware_that_is_not_on_the_list_is_refused(void **state)
{
    struct world *w = *state;
    struct td_report td = w->td_a;
    GOT;
    struct ask_v1 a = ask_of(w, &g);

    td.mrtd[0] ^= 1; /* the identity stays the same */
    v1_tdx_header(&td, a.measurements);
    assert_v1(w, &a, &g, KMS_FIRMWARE_NOT_ALLOWED);
}

static void azure_needs_its_firmware_allowed_by_name(void **state)
{
    static const uint8_t no_mrtd[48];
    struct world *w = *state;
    struct measurements m = {.kind = TEE_AZURE_TDX,
                             .pcr = {[4][31] = 5, [9][31] = 10, [11][31] = 12}};
    struct hash32 id = v1_identity(&m, &w->app_a);
    GOT;
    struct ask_v1 a = ask_of(w, &g);

    a.type = "azure-tdx";
    v1_azure_header(a.measurements);
    world_set_identity(w, &w->app_a, &id, world_allowed());
    assert_v1(w, &a, &g, KMS_FIRMWARE_NOT_ALLOWED);
    v1_allow_firmware(w, no_mrtd);
    assert_v1(w, &a, &g, KMS_GRANTED);
}

static void another_workload_is_refused(void **state)
{
    struct world *w = *state;
    struct td_report td = w->td_a;
    GOT;
    struct ask_v1 a = ask_of(w, &g);

    td.rtmr[1][5] ^= 1;
    v1_tdx_header(&td, a.measurements);
    assert_v1(w, &a, &g, KMS_IDENTITY_NOT_ALLOWED);
}

static void a_contract_that_wants_an_operator_is_refused_by_name(void **state)
{
    struct world *w = *state;
    const struct addr nobody = {{0}};
    GOT;
    struct ask_v1 a = ask_of(w, &g);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 1, .operator_required = true});
    world_set_operator(w, &w->app_a, &nobody, world_allowed()); /* even then */
    assert_v1(w, &a, &g, KMS_OPERATOR_V1);
}

static void a_policy_that_a_contract_demands_is_refused_by_name(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);
    const struct hash32 zero = {0};
    struct hash32 ours;
    struct err e = {0};

    assert_int_equal(kms_config_policy_hash(&w->config, &ours, &e), ERR_OK);
    world_set(w, &w->app_a, gov_slot_entry(GOV_SLOT_POLICY_HASHES, &zero, 0), ours);
    assert_v1(w, &a, &g, KMS_POLICY_V1);
}

static void headers_that_say_nothing_are_refused(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);

    a.type = "dummy";
    assert_v1(w, &a, &g, KMS_HEADERS_MALFORMED);
    a.type = "qemu-tdx";
    snprintf(a.measurements, sizeof a.measurements, "{}");
    assert_v1(w, &a, &g, KMS_HEADERS_MALFORMED);
}

static void a_body_that_is_no_csr_is_refused(void **state)
{
    static const char certificate[] =
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    static const char *const bodies[] = {"", "junk", certificate};
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        snprintf(a.csr, sizeof a.csr, "%s", bodies[i]);
        assert_v1(w, &a, &g, KMS_MALFORMED_REQUEST);
    }
    snprintf(a.csr, sizeof a.csr,
             "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n");
    assert_v1(w, &a, &g, KMS_CSR_INVALID);
}

static void an_application_that_is_revoked_is_refused(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);

    world_allow_app(w, &w->app_a, world_policy(GOV_REVOKED, 0, 1, 0), world_code_of(&w->app_a),
                    GOV_LAYOUT_TEEREG);
    assert_v1(w, &a, &g, KMS_APP_NOT_ALLOWED);
}

static void a_locked_node_releases_nothing(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);
    kms_apps *apps = w->ctx.authority.apps;

    w->ctx.authority.apps = NULL;
    assert_v1(w, &a, &g, KMS_LOCKED);
    w->ctx.authority.apps = apps;
}

static void without_a_quote_nothing_is_given_or_on_record(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);

    quotes.quote = no_quote;
    assert_v1(w, &a, &g, KMS_QUOTE_FAILED);
}

/* SR-38 */
static void nothing_leaves_without_a_durable_record(void **state)
{
    struct world *w = *state;
    GOT;
    struct ask_v1 a = ask_of(w, &g);
    struct rlimit lim, small;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &lim), 0);
    small = lim;
    small.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(send_v1(w, &a, &g), KMS_AUDIT_FAILED);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &lim), 0);
    assert_int_equal(g.answer.n, 0);
}

#define IN_V1(test) cmocka_unit_test_setup_teardown(test, set_up_v1, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_V1(the_answer_holds_the_applications_key_and_a_certificate),
        IN_V1(the_answer_is_in_the_references_order_with_its_line_end),
        IN_V1(the_quote_in_the_answer_is_over_what_is_in_it),
        IN_V1(the_identity_is_that_of_scheme_1),
        IN_V1(the_references_own_vectors_are_served),
        IN_V1(the_record_says_that_it_was_a_proxys_word),
        IN_V1(a_contract_of_scheme_2_is_refused_by_name),
        IN_V1(a_list_of_principals_is_not_for_headers),
        IN_V1(firmware_that_is_not_on_the_list_is_refused),
        IN_V1(azure_needs_its_firmware_allowed_by_name),
        IN_V1(another_workload_is_refused),
        IN_V1(a_contract_that_wants_an_operator_is_refused_by_name),
        IN_V1(a_policy_that_a_contract_demands_is_refused_by_name),
        IN_V1(headers_that_say_nothing_are_refused),
        IN_V1(a_body_that_is_no_csr_is_refused),
        IN_V1(an_application_that_is_revoked_is_refused),
        IN_V1(a_locked_node_releases_nothing),
        IN_V1(without_a_quote_nothing_is_given_or_on_record),
        IN_V1(nothing_leaves_without_a_durable_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
