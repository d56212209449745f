/* maa: every case of tests/vectors/dcap/maa/cases.json, judged as `teereg evidence verify` does. */
#include "support/dcap.h"
#include "attest/maa.h"

static void judge(const json *one, struct maa_examination *ret)
{
    struct jwks keys AUTO_CALL(jwks_done) = {0};
    struct bytes token AUTO_CALL(dcap_free) = {0};
    struct bytes text AUTO_CALL(dcap_free) = {0};
    char path[128];
    struct err e;

    snprintf(path, sizeof path, "maa/%s", jtext(one, "token"));
    token = dcap_file(path);
    snprintf(path, sizeof path, "maa/%s", jtext(one, "jwks"));
    text = dcap_file(path);
    need(jwks_parse(text, &keys, &e), &e);

    const struct maa_question question = {
        .token = token,
        .keys = &keys,
        .policy = &attest_policy_default,
        .now = (int64_t)jnum(one, "at"),
    };

    maa_examine(&question, ret);
}

/* What each case is refused for; those that are not here pass. */
static const struct {
    const char *name;
    enum attest_fault fault;
} reasons[] = {
    {"real_ok", FAULT_MAA_TYPE}, /* SEV-SNP guests: all before that holds */
    {"real2_ok", FAULT_MAA_TYPE},
    {"real_expired", FAULT_MAA_TIME},
    {"real_notyet", FAULT_MAA_TIME},
    {"real_unknown_kid", FAULT_JWS_KEY},
    {"alg_none_case", FAULT_JWS_FORM}, /* its signature is empty */
    {"alg_none_keep_sig", FAULT_JWS_ALG},
    {"alg_swap_RS384", FAULT_JWS_ALG},
    {"alg_swap_RS512", FAULT_JWS_ALG},
    {"alg_swap_PS256", FAULT_JWS_ALG},
    {"alg_swap_ES256", FAULT_JWS_ALG},
    {"sig_first_bit", FAULT_JWS_SIG},
    {"sig_last_bit", FAULT_JWS_SIG},
    {"sig_leading_zero", FAULT_JWS_SIG},
    {"sig_plus_n", FAULT_JWS_SIG},
    {"sig_zero", FAULT_JWS_SIG},
    {"b64_padding", FAULT_JWS_FORM},
    {"b64_std_alphabet", FAULT_JWS_FORM},
    {"b64_whitespace", FAULT_JWS_FORM},
    {"two_parts", FAULT_JWS_FORM},
    {"attacker_jku", FAULT_JWS_KEY},
    {"attacker_jku_suffix", FAULT_JWS_KEY},
    {"attacker_jku_userinfo", FAULT_JWS_KEY},
    {"crit_header", FAULT_JWS_FORM},
    {"synthetic_debug", FAULT_MAA_DEBUG},
    {"synthetic_noncompliant", FAULT_MAA_COMPLIANCE},
    {"synthetic_iss_other", FAULT_MAA_ISSUER},
    {"synthetic_type_sev", FAULT_MAA_TYPE},
    {"synthetic_ver_2", FAULT_MAA_CLAIMS},
    {"synthetic_exp_float", FAULT_MAA_CLAIMS},
    {"synthetic_exp_string", FAULT_MAA_CLAIMS},
    {"synthetic_exp_missing", FAULT_MAA_CLAIMS},
    {"synthetic_dup_claim", FAULT_MAA_CLAIMS},
    {"synthetic_deep_json", FAULT_MAA_CLAIMS},
};

static enum attest_fault reason_of(const char *name)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(name, reasons[i].name) == 0)
            return reasons[i].fault;
    return FAULT_NONE;
}

static void every_case_has_its_verdict_and_reason(void **state)
{
    AUTO(json) all = vector_json(DCAP "maa/cases.json");

    (void)state;
    assert_int_equal(json_len(all), 35);
    for (size_t i = 0; i < json_len(all); i++) {
        struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
        const json *one = json_at(all, i);
        enum attest_fault want = reason_of(jtext(one, "name"));

        judge(one, &x);
        if (x.ok != (want == FAULT_NONE) || (!x.ok && x.fault != want))
            fail_msg("%s: %s: %s, expected %s", jtext(one, "name"), attest_fault_name(x.fault),
                     x.check[x.first].detail, attest_fault_name(want));
    }
}

/* In cases.json "accept" is about form, signature, key and times; TDX is our policy. */
static void an_accepted_case_holds_in_all_that_it_is_about(void **state)
{
    AUTO(json) all = vector_json(DCAP "maa/cases.json");

    (void)state;
    for (size_t i = 0; i < json_len(all); i++) {
        struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
        const json *one = json_at(all, i);

        judge(one, &x);
        for (enum maa_check c = 0; c < MAA_TYPE && strcmp(jtext(one, "expect"), "accept") == 0; c++)
            if (c != MAA_ENCLAVE && (!x.check[c].judged || x.check[c].fault != FAULT_NONE))
                fail_msg("%s: %s: %s", jtext(one, "name"), maa_check_name(c), x.check[c].detail);
        if (strcmp(jtext(one, "expect"), "accept") != 0)
            assert_false(x.ok);
    }
}

static void the_documented_claims_are_read(void **state)
{
    AUTO(json) all = vector_json(DCAP "maa/cases.json");

    (void)state;
    for (size_t i = 0; i < json_len(all); i++) {
        struct maa_examination x AUTO_CALL(maa_examination_done) = {0};

        if (strcmp(jtext(json_at(all, i), "name"), "synthetic_tdxvm_ok") != 0)
            continue;
        judge(json_at(all, i), &x);
        assert_string_equal(x.claims.issuer, "https://maasand001.eus.attest.azure.net");
        assert_int_equal(x.claims.expires, 1697706287);
        assert_int_equal(x.claims.status, TCB_UP_TO_DATE);
        assert_memory_equal(x.claims.td.mrtd, "\x5b\xe5\x6d\x41", 4);
        assert_memory_equal(x.claims.td.xfam, "\xe7\x18\x06", 3);
        return;
    }
    fail();
}

/* A real token of an SGX enclave, signed by a real key that stands among an unusable one (1024
 * bits) and one of a public authority. */
static void a_real_token_verifies_with_the_real_key_set(void **state)
{
    struct bytes token AUTO_CALL(dcap_free) = dcap_file("maa/teaclave_sgx_sharedeus_2023-09.jwt");
    struct bytes text AUTO_CALL(dcap_free) = dcap_file("maa/teaclave_sharedeus_jwks_2023-09.json");
    struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
    struct jwks keys AUTO_CALL(jwks_done) = {0};
    struct err e;

    (void)state;
    json_init();
    need(jwks_parse(text, &keys, &e), &e);

    const struct maa_question question = {
        .token = token, .keys = &keys, .policy = &attest_policy_default, .now = 1695740000};

    maa_examine(&question, &x);
    for (enum maa_check c = 0; c < MAA_TYPE; c++)
        if (x.check[c].fault != FAULT_NONE)
            fail_msg("%s: %s", maa_check_name(c), x.check[c].detail);
    assert_int_equal(x.fault, FAULT_MAA_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_has_its_verdict_and_reason),
        cmocka_unit_test(an_accepted_case_holds_in_all_that_it_is_about),
        cmocka_unit_test(the_documented_claims_are_read),
        cmocka_unit_test(a_real_token_verifies_with_the_real_key_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
