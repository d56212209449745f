/* azure: evidence of a simulated machine that is wrong in one way, and right in all else. */
#include "support/dcap.h"
#include "attest/azure.h"
#include "attest/verify.h"
#include "sim_azure.h"
#include "sim_root.h"
#include "support/sim_source.h"

#define NOW 1795500000 /* 2026-11-24 */

static sim_azure *machine;

static int make_machine(void **state)
{
    struct err e;

    (void)state;
    json_init();
    return sim_azure_new("test", &machine, &e) == ERR_OK ? 0 : -1;
}

static int free_machine(void **state)
{
    (void)state;
    sim_azure_free(machine);
    sim_source_end();
    return 0;
}

static const struct report_data ours = {{1, 2, 3}};

static void judge_by(const struct azure_evidence *ev, const struct attest_policy *policy,
                     const struct report_data *expected, struct azure_examination *ret)
{
    const struct attest_question as = {
        .roots = attest_roots(),
        .policy = policy,
        .expected = expected,
        .now = NOW,
        .source = &sim_source,
    };

    azure_examine(ev, &as, ak_roots(), ret);
}

static void judge(enum sim_azure_fault fault, enum sim_ak_fault ak_fault,
                  struct azure_examination *ret)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct err e;

    need(sim_azure_evidence(machine, &ours, fault, ak_fault, &ev, &e), &e);
    judge_by(&ev, &attest_policy_default, &ours, ret);
}

/* Refused by this check, for this reason, and by no other. */
static void assert_refused(enum sim_azure_fault fault, enum sim_ak_fault ak_fault,
                           enum azure_check check, enum attest_fault want)
{
    struct azure_examination x;

    judge(fault, ak_fault, &x);
    assert_false(x.ok);
    if (x.first != check || x.fault != want)
        fail_msg("%s: %s: %s", azure_check_name(x.first), attest_fault_name(x.fault),
                 x.check[x.first].detail);
    for (enum azure_check c = 0; c < AZURE_CHECKS; c++)
        if (c != check && x.check[c].fault != FAULT_NONE)
            fail_msg("also %s: %s", azure_check_name(c), x.check[c].detail);
}

static void a_right_one_passes(void **state)
{
    struct azure_examination x;

    (void)state;
    judge(SIM_AZURE_OK, SIM_AK_OK, &x);
    if (!x.ok)
        fail_msg("%s: %s", azure_check_name(x.first), x.check[x.first].detail);
}

#define REFUSED(name, fault, ak_fault, check, want)                                                \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        assert_refused(fault, ak_fault, check, want);                                              \
    }

REFUSED(a_register_that_a_guest_extended, SIM_AZURE_RTMR, SIM_AK_OK, AZURE_RTMRS,
        FAULT_RTMR_NOT_ZERO)
REFUSED(a_report_of_a_sev_snp_machine, SIM_HCL_SNP, SIM_AK_OK, AZURE_HCL_REPORT, FAULT_HCL_TYPE)
REFUSED(a_quote_over_another_report, SIM_HCL_HASH, SIM_AK_OK, AZURE_HCL_BINDING, FAULT_HCL_BINDING)
REFUSED(a_quote_that_says_more_than_the_report, SIM_HCL_TAIL, SIM_AK_OK, AZURE_HCL_BINDING,
        FAULT_HCL_BINDING)
REFUSED(a_report_without_a_signing_key, SIM_HCL_NO_AK, SIM_AK_OK, AZURE_HCL_RUNTIME,
        FAULT_HCL_RUNTIME)
REFUSED(a_report_with_two_signing_keys, SIM_HCL_AK_TWICE, SIM_AK_OK, AZURE_HCL_RUNTIME,
        FAULT_HCL_RUNTIME)
REFUSED(a_key_that_is_not_for_signing, SIM_HCL_AK_ENCRYPTS, SIM_AK_OK, AZURE_HCL_RUNTIME,
        FAULT_HCL_RUNTIME)
REFUSED(a_paravisor_that_carries_no_user_data, SIM_HCL_NO_USER_DATA, SIM_AK_OK, AZURE_USER_DATA,
        FAULT_REPORT_DATA)
REFUSED(user_data_of_another_request, SIM_HCL_USER_DATA, SIM_AK_OK, AZURE_USER_DATA,
        FAULT_REPORT_DATA)
REFUSED(what_the_tpm_signed_but_did_not_make, SIM_TPM_MAGIC, SIM_AK_OK, AZURE_TPM_QUOTE,
        FAULT_TPM_FORM)
REFUSED(what_the_tpm_made_but_is_no_quote, SIM_TPM_TYPE, SIM_AK_OK, AZURE_TPM_QUOTE, FAULT_TPM_FORM)
REFUSED(a_quote_by_another_key, SIM_TPM_SIG, SIM_AK_OK, AZURE_TPM_SIGNATURE, FAULT_TPM_SIG)
REFUSED(a_vtpm_quote_of_another_request, SIM_TPM_EXTRA_DATA, SIM_AK_OK, AZURE_EXTRA_DATA,
        FAULT_TPM_EXTRA_DATA)
REFUSED(another_bank, SIM_TPM_SHA1, SIM_AK_OK, AZURE_PCR_SELECTION, FAULT_TPM_SELECTION)
REFUSED(two_banks, SIM_TPM_TWO_BANKS, SIM_AK_OK, AZURE_PCR_SELECTION, FAULT_TPM_SELECTION)
REFUSED(another_value_than_was_quoted, SIM_TPM_PCR, SIM_AK_OK, AZURE_PCR_VALUES, FAULT_TPM_PCRS)
REFUSED(a_certificate_about_another_key, SIM_AZURE_AK_KEY, SIM_AK_OK, AZURE_AK_KEY, FAULT_AK_KEY)
REFUSED(a_chain_under_another_root_of_that_name, SIM_AZURE_OK, SIM_AK_ROOT_UNKNOWN, AZURE_AK_CHAIN,
        FAULT_AK_INTERMEDIATE_MISSING)
REFUSED(a_chain_without_its_intermediate, SIM_AZURE_OK, SIM_AK_NO_INTERMEDIATE, AZURE_AK_CHAIN,
        FAULT_AK_INTERMEDIATE_MISSING)
REFUSED(a_certificate_that_its_issuer_did_not_sign, SIM_AZURE_OK, SIM_AK_SIG, AZURE_AK_CHAIN,
        FAULT_AK_CHAIN)
REFUSED(a_certificate_that_ran_out, SIM_AZURE_OK, SIM_AK_EXPIRED, AZURE_AK_CHAIN, FAULT_AK_EXPIRED)
REFUSED(a_certificate_for_something_else, SIM_AZURE_OK, SIM_AK_PURPOSE, AZURE_AK_CHAIN,
        FAULT_AK_CHAIN)
REFUSED(a_certificate_of_an_authority, SIM_AZURE_OK, SIM_AK_CA, AZURE_AK_CHAIN, FAULT_AK_CHAIN)

/* Its values are those of 23 PCRs, so they are not those of 24 either: who would say which? */
static void fewer_pcrs_are_refused_for_being_fewer(void **state)
{
    struct azure_examination x;

    (void)state;
    judge(SIM_TPM_FEWER_PCRS, SIM_AK_OK, &x);
    assert_int_equal(x.first, AZURE_PCR_SELECTION);
    assert_int_equal(x.fault, FAULT_TPM_SELECTION);
}

/* The hash that the quote is over leaves the TDREPORT out: it must be the quote's by its fields. */
static void every_field_of_the_tdreport_is_the_quotes(void **state)
{
    static const size_t at[] = {0,   128, 191, 264, 280, 327, 328, 376, 512, 519, 520,
                                528, 575, 576, 624, 672, 719, 720, 768, 816, 864, 911};
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct azure_examination x;
    struct err e;

    (void)state;
    need(sim_azure_evidence(machine, &ours, SIM_AZURE_OK, SIM_AK_OK, &ev, &e), &e);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        ev.hcl_report.p[32 + at[i]] ^= 1;
        judge_by(&ev, &attest_policy_default, &ours, &x);
        if (x.ok || x.first != AZURE_TDREPORT || x.fault != FAULT_HCL_BINDING)
            fail_msg("byte %zu: %s", at[i], attest_fault_name(x.ok ? FAULT_NONE : x.fault));
        ev.hcl_report.p[32 + at[i]] ^= 1;
    }
}

static void a_forged_chain_is_told_before_missing_collateral(void **state)
{
    const struct attest_question as = {
        .roots = attest_roots(), .policy = &attest_policy_default, .expected = &ours, .now = NOW};
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct azure_examination x;
    struct err e;

    (void)state;
    need(sim_azure_evidence(machine, &ours, SIM_AZURE_OK, SIM_AK_SIG, &ev, &e), &e);
    azure_examine(&ev, &as, ak_roots(), &x);
    assert_int_equal(x.fault, FAULT_AK_CHAIN);
}

static void without_collateral_nothing_passes(void **state)
{
    const struct attest_question as = {
        .roots = attest_roots(), .policy = &attest_policy_default, .expected = &ours, .now = NOW};
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct azure_examination x;
    struct err e;

    (void)state;
    need(sim_azure_evidence(machine, &ours, SIM_AZURE_OK, SIM_AK_OK, &ev, &e), &e);
    azure_examine(&ev, &as, ak_roots(), &x);
    assert_int_equal(x.fault, FAULT_COLLATERAL_MISSING);
}

static void what_is_no_quote_is_refused_with_all_that_hangs_on_it(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct azure_examination x;
    struct err e;

    (void)state;
    need(sim_azure_evidence(machine, &ours, SIM_AZURE_OK, SIM_AK_OK, &ev, &e), &e);
    ev.tdx_quote.n = 100;
    ev.hcl_report.n = 100;
    ev.tpms_attest.n = 10;
    ev.ak_chain.n = 0;
    judge_by(&ev, &attest_policy_default, &ours, &x);
    assert_int_equal(x.first, AZURE_TDX_QUOTE);
    assert_int_equal(x.check[AZURE_HCL_REPORT].fault, FAULT_HCL_FORM);
    assert_int_equal(x.check[AZURE_TPM_QUOTE].fault, FAULT_TPM_FORM);
    assert_int_equal(x.check[AZURE_AK_CHAIN].fault, FAULT_AK_CHAIN);
    assert_false(x.check[AZURE_PCR_VALUES].judged);
}

/* ---- through attest_verify_evidence ---- */

static const struct report_binding binding = {
    .purpose = REPORT_SECRETS_REQUEST,
    .spki = {(const uint8_t *)"key", 3},
    .nonce = {{7}},
};
static const uint8_t payload[] = "payload";

static void need_object(enum sim_azure_fault fault, struct evidence *ret)
{
    struct azure_evidence azure AUTO_CALL(azure_evidence_done) = {0};
    struct buf quote AUTO_CALL(buf_done) = BUF(AZURE_EVIDENCE_MAX);
    struct report_binding bound = binding;
    struct report_data rd;
    struct err e;

    bound.payload = BYTES(payload);
    report_data_v2(&bound, &rd);
    need(sim_azure_evidence(machine, &rd, fault, SIM_AK_OK, &azure, &e), &e);
    need(azure_evidence_encode(&azure, &quote, &e), &e);
    need(evidence_set(ret, EVIDENCE_TYPE_AZURE_VTPM, buf_bytes(&quote), BYTES(payload), &e), &e);
}

static enum attest_fault verdict(const struct evidence *ev, verified_quote **ret)
{
    const struct attest_judge judge_ = {.policy = &attest_policy_default, .source = &sim_source};
    enum attest_fault fault = FAULT_NONE;
    struct err e;

    if (attest_verify_evidence(&judge_, ev, &binding, NOW, ret, &fault, &e) != ERR_OK)
        return fault;
    return FAULT_NONE;
}

static void an_evidence_object_of_the_kind_is_verified(void **state)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    AUTO(verified_quote) v = NULL;

    (void)state;
    need_object(SIM_AZURE_OK, &ev);
    assert_int_equal(verdict(&ev, &v), FAULT_NONE);
    assert_int_equal(verified_quote_measurements(v)->kind, TEE_AZURE_TDX);
    assert_false(bytes_all_zero(BYTES(verified_quote_measurements(v)->pcr[4])));
}

static void an_evidence_object_that_is_wrong_gives_no_verified_quote(void **state)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    AUTO(verified_quote) v = NULL;

    (void)state;
    need_object(SIM_TPM_PCR, &ev);
    assert_int_equal(verdict(&ev, &v), FAULT_TPM_PCRS);
    assert_null(v);
}

static void an_evidence_object_of_another_encoding_is_refused(void **state)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    AUTO(verified_quote) v = NULL;

    (void)state;
    need_object(SIM_AZURE_OK, &ev);
    ev.quote.p[1] = 2;
    assert_int_equal(verdict(&ev, &v), FAULT_AZURE_EVIDENCE);
}

/* The quote inside is a good one, but it is not over our report data. */
static void azure_evidence_is_not_taken_for_a_bare_quote(void **state)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0}, bare AUTO_CALL(evidence_done) = {0};
    struct azure_evidence azure AUTO_CALL(azure_evidence_done) = {0};
    AUTO(verified_quote) v = NULL;
    struct err e;

    (void)state;
    need_object(SIM_AZURE_OK, &ev);
    need(azure_evidence_decode(buf_bytes(&ev.quote), &azure, &e), &e);
    need(evidence_set(&bare, EVIDENCE_TYPE_TDX, buf_bytes(&azure.tdx_quote), BYTES(payload), &e),
         &e);
    assert_int_equal(verdict(&bare, &v), FAULT_REPORT_DATA);
}

static void a_second_policy_judges_the_paravisor_too(void **state)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct attest_policy policy = attest_policy_default;
    AUTO(verified_quote) v = NULL;
    enum attest_fault fault = FAULT_NONE;
    struct err e;

    (void)state;
    need_object(SIM_AZURE_OK, &ev);
    assert_int_equal(verdict(&ev, &v), FAULT_NONE);
    policy.n_paravisor = 1;
    assert_int_equal(attest_policy_judge(&policy, verified_quote_facts(v), NOW, &fault, &e),
                     ERR_DENIED);
    assert_int_equal(fault, FAULT_PARAVISOR);
}

/* ---- the throw-away root ---- */

static void the_compiled_in_root_is_the_one_of_the_simulator(void **state)
{
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    const struct ak_roots *roots = ak_roots();
    struct err e;

    (void)state;
    need(sim_ak_root_certificate(&der, &e), &e);
    assert_int_equal(roots->n, 3);
    assert_true(bytes_eq(roots->der[2], buf_bytes(&der)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_one_passes),
        cmocka_unit_test(a_register_that_a_guest_extended),
        cmocka_unit_test(a_report_of_a_sev_snp_machine),
        cmocka_unit_test(a_quote_over_another_report),
        cmocka_unit_test(a_quote_that_says_more_than_the_report),
        cmocka_unit_test(a_report_without_a_signing_key),
        cmocka_unit_test(a_report_with_two_signing_keys),
        cmocka_unit_test(a_key_that_is_not_for_signing),
        cmocka_unit_test(a_paravisor_that_carries_no_user_data),
        cmocka_unit_test(user_data_of_another_request),
        cmocka_unit_test(what_the_tpm_signed_but_did_not_make),
        cmocka_unit_test(what_the_tpm_made_but_is_no_quote),
        cmocka_unit_test(a_quote_by_another_key),
        cmocka_unit_test(a_vtpm_quote_of_another_request),
        cmocka_unit_test(another_bank),
        cmocka_unit_test(two_banks),
        cmocka_unit_test(fewer_pcrs_are_refused_for_being_fewer),
        cmocka_unit_test(another_value_than_was_quoted),
        cmocka_unit_test(a_certificate_about_another_key),
        cmocka_unit_test(a_chain_under_another_root_of_that_name),
        cmocka_unit_test(a_chain_without_its_intermediate),
        cmocka_unit_test(a_certificate_that_its_issuer_did_not_sign),
        cmocka_unit_test(a_certificate_that_ran_out),
        cmocka_unit_test(a_certificate_for_something_else),
        cmocka_unit_test(a_certificate_of_an_authority),
        cmocka_unit_test(every_field_of_the_tdreport_is_the_quotes),
        cmocka_unit_test(a_forged_chain_is_told_before_missing_collateral),
        cmocka_unit_test(without_collateral_nothing_passes),
        cmocka_unit_test(what_is_no_quote_is_refused_with_all_that_hangs_on_it),
        cmocka_unit_test(an_evidence_object_of_the_kind_is_verified),
        cmocka_unit_test(an_evidence_object_that_is_wrong_gives_no_verified_quote),
        cmocka_unit_test(an_evidence_object_of_another_encoding_is_refused),
        cmocka_unit_test(azure_evidence_is_not_taken_for_a_bare_quote),
        cmocka_unit_test(a_second_policy_judges_the_paravisor_too),
        cmocka_unit_test(the_compiled_in_root_is_the_one_of_the_simulator),
    };

    return cmocka_run_group_tests(tests, make_machine, free_machine);
}
