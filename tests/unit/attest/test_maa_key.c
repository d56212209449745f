/* maa_key: signing keys that an enclave of the service proves, and some that none does. */
#include "support/dcap.h"
#include "attest/maa.h"
#include "attest/maa_key.h"
#include "base/clock.h"
#include "sim_azure.h"
#include "sim_collateral.h"
#include "sim_maa.h"

static struct collateral collateral;
static struct azure_evidence evidence;
static struct hcl_report hcl;
static int64_t now;

static int make_enclave(void **state)
{
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct sim_collateral_spec spec = {.sgx = true};
    const struct report_data rd = {{1}};
    AUTO(sim_platform) p = NULL;
    AUTO(sim_azure) machine = NULL;
    struct err e;

    (void)state;
    json_init();
    now = spec.now = clock_unix(&clock_system);
    need(sim_platform_new("any", SIM_OK, &p, &e), &e);
    need(sim_collateral_parts(p, &spec, &bundle, &e), &e);
    collateral_of_bundle(&bundle, attest_roots(), NULL, &collateral);
    need(sim_azure_new("orders", &machine, &e), &e);
    need(sim_azure_evidence(machine, &rd, SIM_AZURE_OK, SIM_AK_OK, &evidence, &e), &e);
    need(hcl_parse(buf_bytes(&evidence.hcl_report), &hcl, NULL, &e), &e);
    return 0;
}

static int free_enclave(void **state)
{
    (void)state;
    collateral_done(&collateral);
    azure_evidence_done(&evidence);
    return 0;
}

static struct attest_question by_collateral(void)
{
    return (struct attest_question){
        .roots = attest_roots(),
        .policy = &attest_policy_default,
        .collateral = &collateral,
        .now = now,
    };
}

static void key_of(enum sim_maa_fault how, struct jwks *ret)
{
    AUTO(sim_maa) m = NULL;
    struct err e;

    need(sim_maa_new(&(struct sim_maa_spec){.fault = how}, &m, &e), &e);
    need(jwks_parse(sim_maa_keys(m), ret, &e), &e);
}

static enum attest_fault admitted(enum sim_maa_fault how)
{
    const struct attest_question as = by_collateral();
    struct jwks set AUTO_CALL(jwks_done) = {0};
    enum attest_fault fault = FAULT_INTERNAL;
    struct err e;

    key_of(how, &set);
    if (maa_key_admit(&set.key[0], &as, &fault, &e) == ERR_OK)
        return FAULT_NONE;
    return fault;
}

static void a_key_that_an_enclave_of_the_service_made_is_admitted(void **state)
{
    (void)state;
    assert_int_equal(admitted(SIM_MAA_OK), FAULT_NONE);
}

static void another_enclave_is_not_the_service(void **state)
{
    (void)state;
    assert_int_equal(admitted(SIM_MAA_KEY_SIGNER), FAULT_MAA_KEY);
    assert_int_equal(admitted(SIM_MAA_KEY_PRODUCT), FAULT_MAA_KEY);
    assert_int_equal(admitted(SIM_MAA_KEY_SVN), FAULT_MAA_KEY);
}

static void a_debug_enclave_proves_nothing(void **state)
{
    (void)state;
    assert_int_equal(admitted(SIM_MAA_KEY_DEBUG), FAULT_MAA_KEY);
}

static void the_quote_must_name_this_key_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(admitted(SIM_MAA_KEY_OTHER), FAULT_REPORT_DATA);
    assert_int_equal(admitted(SIM_MAA_KEY_TAIL), FAULT_REPORT_DATA);
}

static void a_kid_that_is_not_the_keys_hash_is_refused(void **state)
{
    (void)state;
    assert_int_equal(admitted(SIM_MAA_KEY_KID), FAULT_MAA_KEY);
}

static void the_certificate_must_be_the_keys_own(void **state)
{
    (void)state;
    assert_int_equal(admitted(SIM_MAA_KEY_SIG), FAULT_MAA_KEY);
}

static void the_extension_must_be_that_of_an_sgx_quote(void **state)
{
    (void)state;
    assert_int_equal(admitted(SIM_MAA_UNQUOTED_KEY), FAULT_MAA_KEY);
    assert_int_equal(admitted(SIM_MAA_KEY_HEADER), FAULT_MAA_KEY);
    assert_int_equal(admitted(SIM_MAA_KEY_LENGTH), FAULT_MAA_KEY);
}

static void without_collateral_no_key_is_admitted(void **state)
{
    struct attest_question as = by_collateral();
    struct jwks set AUTO_CALL(jwks_done) = {0};
    enum attest_fault fault = FAULT_NONE;
    struct err e;

    (void)state;
    as.collateral = NULL;
    key_of(SIM_MAA_OK, &set);
    assert_int_not_equal(maa_key_admit(&set.key[0], &as, &fault, &e), ERR_OK);
    assert_int_equal(fault, FAULT_COLLATERAL_MISSING);
}

/* A token of that instance; issuer NULL: the one that the key's certificate names. */
static enum attest_fault token_verdict(enum sim_maa_fault how, const struct attest_question *admit,
                                       const char *issuer)
{
    struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
    struct buf token AUTO_CALL(buf_done) = BUF(131072);
    struct jwks set AUTO_CALL(jwks_done) = {0};
    AUTO(sim_maa) m = NULL;
    struct err e;

    need(sim_maa_new(&(struct sim_maa_spec){.fault = how}, &m, &e), &e);
    need(jwks_parse(sim_maa_keys(m), &set, &e), &e);
    need(sim_maa_token(m, buf_bytes(&evidence.tdx_quote), hcl.variable, NULL, &token, &e), &e);

    const struct maa_question question = {
        .token = buf_bytes(&token),
        .keys = &set,
        .admit = admit,
        .issuer = issuer,
        .policy = &attest_policy_default,
        .now = clock_unix(&clock_system),
    };

    maa_examine(&question, &x);
    return x.ok ? FAULT_NONE : x.fault;
}

static void a_token_by_an_admitted_key_passes_and_its_certificate_names_the_issuer(void **state)
{
    const struct attest_question as = by_collateral();

    (void)state;
    assert_int_equal(token_verdict(SIM_MAA_OK, &as, NULL), FAULT_NONE);
    assert_int_equal(token_verdict(SIM_MAA_OTHER_ISSUER, &as, NULL), FAULT_MAA_ISSUER);
}

static void a_token_by_a_key_that_is_not_admitted_is_refused(void **state)
{
    const struct attest_question as = by_collateral();

    (void)state;
    assert_int_equal(token_verdict(SIM_MAA_KEY_SIGNER, &as, NULL), FAULT_MAA_KEY);
}

static void a_key_whose_certificate_names_another_issuer_is_not_the_issuers(void **state)
{
    static const char other[] = "https://other.neu.attest.azure.net";

    (void)state;
    assert_int_equal(token_verdict(SIM_MAA_OK, NULL, SIM_MAA_ISSUER), FAULT_NONE);
    assert_int_equal(token_verdict(SIM_MAA_OK, NULL, other), FAULT_MAA_ISSUER);
    assert_int_equal(token_verdict(SIM_MAA_CERT_ISSUER, NULL, SIM_MAA_ISSUER), FAULT_MAA_ISSUER);
    assert_int_equal(token_verdict(SIM_MAA_CERT_ISSUER, NULL, NULL), FAULT_MAA_ISSUER);
}

/* The quotes in real certificates are those that were taken out of them by others. */
static void quotes_of_real_certificates_are_found(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file("maa/teaclave_sharedeus_jwks_2023-09.json");
    struct bytes expected AUTO_CALL(dcap_free) =
        dcap_file("maa/teaclave_jwks_key0_maa_enclave_sgx_quote.bin");
    struct buf quote AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct jwks set AUTO_CALL(jwks_done) = {0};
    struct hash32 h;
    struct err e;

    (void)state;
    need(jwks_parse(text, &set, &e), &e);
    need(maa_key_quote(&set.key[0], &quote, NULL, &e), &e);
    assert_true(bytes_eq(buf_bytes(&quote), expected));
    need(jwks_kid_hash(&set.key[0], &h, &e), &e);
}

/* Whatever collateral says later, the chain, the signatures and the enclave of a real key hold. */
static void a_real_key_lacks_only_collateral(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file("maa/teaclave_sharedeus_jwks_2023-09.json");
    const struct attest_question as = {
        .roots = attest_roots(), .policy = &attest_policy_default, .now = 1695740000};
    struct jwks set AUTO_CALL(jwks_done) = {0};
    enum attest_fault fault = FAULT_NONE;
    struct err e;

    (void)state;
    need(jwks_parse(text, &set, &e), &e);
    assert_int_not_equal(maa_key_admit(&set.key[0], &as, &fault, &e), ERR_OK);
    assert_int_equal(fault, FAULT_COLLATERAL_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_an_enclave_of_the_service_made_is_admitted),
        cmocka_unit_test(another_enclave_is_not_the_service),
        cmocka_unit_test(a_debug_enclave_proves_nothing),
        cmocka_unit_test(the_quote_must_name_this_key_and_nothing_else),
        cmocka_unit_test(a_kid_that_is_not_the_keys_hash_is_refused),
        cmocka_unit_test(the_certificate_must_be_the_keys_own),
        cmocka_unit_test(the_extension_must_be_that_of_an_sgx_quote),
        cmocka_unit_test(without_collateral_no_key_is_admitted),
        cmocka_unit_test(a_token_by_an_admitted_key_passes_and_its_certificate_names_the_issuer),
        cmocka_unit_test(a_token_by_a_key_that_is_not_admitted_is_refused),
        cmocka_unit_test(a_key_whose_certificate_names_another_issuer_is_not_the_issuers),
        cmocka_unit_test(quotes_of_real_certificates_are_found),
        cmocka_unit_test(a_real_key_lacks_only_collateral),
    };

    return cmocka_run_group_tests(tests, make_enclave, free_enclave);
}
