/* maa_key: signing keys that an enclave of the service proves, and some that none does. */
#include "support/maa_enclave.h"
#include "attest/maa.h"

static sim_platform *platform;
static EVP_PKEY *key, *stranger;
static struct collateral collateral;

static int make_enclave(void **state)
{
    struct err e;

    (void)state;
    json_init();
    key = EVP_RSA_gen(2048);
    stranger = EVP_RSA_gen(2048);
    if (sim_platform_new("service", SIM_OK, &platform, &e) != ERR_OK)
        return -1;
    enclave_collateral(platform, &collateral);
    return 0;
}

static int free_enclave(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    EVP_PKEY_free(stranger);
    sim_platform_free(platform);
    collateral_done(&collateral);
    return 0;
}

static struct attest_question by_collateral(void)
{
    return (struct attest_question){
        .roots = attest_roots(),
        .policy = &attest_policy_default,
        .collateral = &collateral,
        .now = ENCLAVE_NOW,
    };
}

static enum attest_fault admitted(const struct enclave_spec *spec)
{
    const struct attest_question as = by_collateral();
    struct jwks set AUTO_CALL(jwks_done) = {0};
    enum attest_fault fault = FAULT_INTERNAL;
    char kid[64];
    struct err e;

    enclave_key_set(platform, key, stranger, spec, kid, &set);
    if (maa_key_admit(&set.key[0], &as, &fault, &e) == ERR_OK)
        return FAULT_NONE;
    return fault;
}

static void a_key_that_an_enclave_of_the_service_made_is_admitted(void **state)
{
    (void)state;
    assert_int_equal(admitted(&(struct enclave_spec){0}), FAULT_NONE);
}

static void another_enclave_is_not_the_service(void **state)
{
    (void)state;
    assert_int_equal(admitted(&(struct enclave_spec){.other_signer = true}), FAULT_MAA_KEY);
    assert_int_equal(admitted(&(struct enclave_spec){.other_product = true}), FAULT_MAA_KEY);
    assert_int_equal(admitted(&(struct enclave_spec){.too_old = true}), FAULT_MAA_KEY);
}

static void a_debug_enclave_proves_nothing(void **state)
{
    (void)state;
    assert_int_equal(admitted(&(struct enclave_spec){.debug = true}), FAULT_MAA_KEY);
}

static void the_quote_must_name_this_key_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(admitted(&(struct enclave_spec){.other_key = true}), FAULT_REPORT_DATA);
    assert_int_equal(admitted(&(struct enclave_spec){.tail = true}), FAULT_REPORT_DATA);
}

static void a_kid_that_is_not_the_keys_hash_is_refused(void **state)
{
    (void)state;
    assert_int_equal(admitted(&(struct enclave_spec){.other_kid = true}), FAULT_MAA_KEY);
}

static void the_certificate_must_be_the_keys_own(void **state)
{
    (void)state;
    assert_int_equal(admitted(&(struct enclave_spec){.not_its_own = true}), FAULT_MAA_KEY);
}

static void the_extension_must_be_that_of_an_sgx_quote(void **state)
{
    (void)state;
    assert_int_equal(admitted(&(struct enclave_spec){.no_quote = true}), FAULT_MAA_KEY);
    assert_int_equal(admitted(&(struct enclave_spec){.other_header = true}), FAULT_MAA_KEY);
    assert_int_equal(admitted(&(struct enclave_spec){.longer = true}), FAULT_MAA_KEY);
}

static void without_collateral_no_key_is_admitted(void **state)
{
    struct attest_question as = by_collateral();
    struct jwks set AUTO_CALL(jwks_done) = {0};
    enum attest_fault fault = FAULT_NONE;
    char kid[64];
    struct err e;

    (void)state;
    as.collateral = NULL;
    enclave_key_set(platform, key, stranger, &(struct enclave_spec){0}, kid, &set);
    assert_int_not_equal(maa_key_admit(&set.key[0], &as, &fault, &e), ERR_OK);
    assert_int_equal(fault, FAULT_COLLATERAL_MISSING);
}

static enum attest_fault token_verdict(const struct enclave_spec *spec)
{
    const struct attest_question as = by_collateral();
    struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
    struct buf token AUTO_CALL(buf_done) = BUF(131072);
    struct jwks set AUTO_CALL(jwks_done) = {0};
    char kid[64], *header;

    enclave_key_set(platform, key, stranger, spec, kid, &set);
    header = token_changed(TOKEN_HEADER, TOKEN_KID, kid);
    token_make(key, header, TOKEN_CLAIMS, &token);
    free(header);

    const struct maa_question question = {
        .token = buf_bytes(&token),
        .keys = &set,
        .admit = &as,
        .policy = &attest_policy_default,
        .now = ENCLAVE_NOW,
    };

    maa_examine(&question, &x);
    return x.ok ? FAULT_NONE : x.fault;
}

static void a_token_by_an_admitted_key_passes_and_its_certificate_names_the_issuer(void **state)
{
    (void)state;
    assert_int_equal(token_verdict(&(struct enclave_spec){0}), FAULT_NONE);
}

static void a_token_by_a_key_that_is_not_admitted_is_refused(void **state)
{
    (void)state;
    assert_int_equal(token_verdict(&(struct enclave_spec){.other_signer = true}), FAULT_MAA_KEY);
}

/* What is said of the issuer: by the token, and by whoever asks. */
static enum attest_fault issuer_verdict(const char *iss, const char *wanted)
{
    struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
    struct buf token AUTO_CALL(buf_done) = BUF(131072);
    struct jwks set AUTO_CALL(jwks_done) = {0};
    char kid[64], *header, *claims = token_changed(TOKEN_CLAIMS, TOKEN_ISSUER, iss);

    enclave_key_set(platform, key, stranger, &(struct enclave_spec){0}, kid, &set);
    header = token_changed(TOKEN_HEADER, TOKEN_KID, kid);
    token_make(key, header, claims, &token);
    free(header);
    free(claims);

    const struct maa_question question = {
        .token = buf_bytes(&token),
        .keys = &set,
        .issuer = wanted,
        .policy = &attest_policy_default,
        .now = ENCLAVE_NOW,
    };

    maa_examine(&question, &x);
    assert_int_equal(x.check[MAA_SIGNATURE].fault, FAULT_NONE);
    return x.ok ? FAULT_NONE : x.fault;
}

static void a_key_whose_certificate_names_another_issuer_is_not_the_issuers(void **state)
{
    static const char other[] = "https://other.neu.attest.azure.net";

    (void)state;
    assert_int_equal(issuer_verdict(TOKEN_ISSUER, TOKEN_ISSUER), FAULT_NONE);
    assert_int_equal(issuer_verdict(TOKEN_ISSUER, other), FAULT_MAA_ISSUER);
    assert_int_equal(issuer_verdict(other, other), FAULT_MAA_ISSUER);
    assert_int_equal(issuer_verdict(other, TOKEN_ISSUER), FAULT_MAA_ISSUER);
    assert_int_equal(issuer_verdict(other, NULL), FAULT_MAA_ISSUER);
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
