/* azure: evidence of real machines of Azure (tests/vectors/dcap/azure). */
#include "support/dcap.h"
#include "attest/azure.h"
#include "attest/azure_json.h"

#define IN_JUNE 1781000000 /* 2026-06-09: inside all windows of b1780922561 */

static void need_evidence(const char *name, struct azure_evidence *ret)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file(name);
    struct err e;

    json_init();
    need(azure_json_decode(text, ret, &e), &e);
}

static void need_collateral(const char *name, const struct azure_evidence *ev,
                            struct collateral *ret)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file(name);
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct quote q;
    struct err e;

    need(collateral_bundle_decode(text, &bundle, &e), &e);
    need(quote_parse(buf_bytes(&ev->tdx_quote), &q, NULL, &e), &e);
    need(collateral_complete(&bundle, q.pck_pem, &e), &e);
    collateral_of_bundle(&bundle, attest_roots(), NULL, ret);
}

static void judge(const char *name, const struct attest_policy *policy, int64_t now,
                  const struct report_data *expected, struct azure_examination *ret)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct collateral c AUTO_CALL(collateral_done) = {0};

    need_evidence(name, &ev);
    need_collateral("collateral/flashbots_azure_2026-06.json", &ev, &c);

    const struct attest_question as = {
        .roots = attest_roots(),
        .policy = policy,
        .collateral = &c,
        .expected = expected,
        .now = now,
    };

    azure_examine(&ev, &as, ak_roots(), ret);
}

static void a_whole_one_passes_under_the_default_policy(void **state)
{
    struct azure_examination x;

    (void)state;
    judge("azure/b1780922561.evidence.json", &attest_policy_default, IN_JUNE, NULL, &x);
    if (!x.ok)
        fail_msg("%s: %s: %s", azure_check_name(x.first), attest_fault_name(x.fault),
                 x.check[x.first].detail);
    assert_int_equal(x.facts.tcb.status, TCB_UP_TO_DATE);
    assert_true(x.secure_boot);
    assert_string_equal(x.vm_id, "3c18c97a-0d2a-4565-969d-166cdcef26a3");
}

static void its_measurements_are_of_the_azure_kind(void **state)
{
    struct azure_examination x;

    (void)state;
    judge("azure/b1780922561.evidence.json", &attest_policy_default, IN_JUNE, NULL, &x);
    assert_int_equal(x.facts.measurements.kind, TEE_AZURE_TDX);
    assert_memory_equal(x.facts.measurements.mrtd,
                        "\xff\x45\x0b\x13\x8c\x5e\xe6\x73\x4a\x43\xdc\x35", 12);
    assert_int_equal(x.facts.measurements.pcr[0][0], 0x46);
}

static void one_without_intermediates_fails_by_the_name_of_who_is_missing(void **state)
{
    struct azure_examination x;

    (void)state;
    judge("azure/a1764662251.evidence.json", &attest_policy_default, IN_JUNE, NULL, &x);
    assert_false(x.ok);
    assert_int_equal(x.first, AZURE_AK_CHAIN);
    if (x.fault != FAULT_AK_INTERMEDIATE_MISSING)
        fail_msg("%s", x.check[x.first].detail);
    assert_non_null(strstr(x.check[x.first].detail, "\"CN=Global Virtual TPM CA - 03\""));
}

static void all_else_of_that_one_holds(void **state)
{
    struct azure_examination x;

    (void)state;
    judge("azure/a1764662251.evidence.json", &attest_policy_default, IN_JUNE, NULL, &x);
    for (enum azure_check c = 0; c < AZURE_CHECKS; c++)
        if (c != AZURE_AK_CHAIN && x.check[c].fault != FAULT_NONE)
            fail_msg("%s: %s", azure_check_name(c), x.check[c].detail);
}

static void the_chain_is_of_its_time(void **state)
{
    struct azure_examination x;

    (void)state;
    judge("azure/b1780922561.evidence.json", &attest_policy_default, 1780876799, NULL, &x);
    assert_int_equal(x.check[AZURE_AK_CHAIN].fault, FAULT_AK_EXPIRED);
}

static void another_request_is_told_from_it_in_both_places(void **state)
{
    struct report_data other = {{1}};
    struct azure_examination x;

    (void)state;
    judge("azure/b1780922561.evidence.json", &attest_policy_default, IN_JUNE, &other, &x);
    assert_int_equal(x.check[AZURE_EXTRA_DATA].fault, FAULT_TPM_EXTRA_DATA);
    assert_int_equal(x.check[AZURE_USER_DATA].fault, FAULT_REPORT_DATA);
}

static void a_listed_paravisor_passes_and_another_does_not(void **state)
{
    struct attest_policy policy = attest_policy_default;
    struct azure_examination x;

    (void)state;
    policy.n_paravisor = 1;
    judge("azure/b1780922561.evidence.json", &policy, IN_JUNE, NULL, &x);
    assert_int_equal(x.fault, FAULT_PARAVISOR);
    memcpy(policy.paravisor[0].b, x.facts.td.mrtd, 48);
    judge("azure/b1780922561.evidence.json", &policy, IN_JUNE, NULL, &x);
    assert_true(x.ok);
}

static enum attest_fault hcl_fault(const char *name)
{
    struct bytes report AUTO_CALL(dcap_free) = dcap_file(name);
    struct hcl_runtime runtime AUTO_CALL(hcl_runtime_done) = {0};
    enum attest_fault fault = FAULT_NONE;
    struct hcl_report hcl;
    struct err e;

    json_init();
    if (hcl_parse(report, &hcl, &fault, &e) == ERR_OK &&
        hcl_runtime_parse(hcl.variable, &runtime, &fault, &e) == ERR_OK)
        assert_true(runtime.has_user_data);
    return fault;
}

static void reports_of_other_tdx_machines_are_read(void **state)
{
    (void)state;
    assert_int_equal(hcl_fault("azure/kinvolk.hcl-report-tdx.bin"), FAULT_NONE);
    assert_int_equal(hcl_fault("azure/cvmproxy.hclreport.bin"), FAULT_NONE);
    assert_int_equal(hcl_fault("azure/coco.hcl-report.bin"), FAULT_NONE);
}

static void the_report_of_a_sev_snp_machine_is_refused_by_name(void **state)
{
    (void)state;
    assert_int_equal(hcl_fault("azure/kinvolk.hcl-report-snp.bin"), FAULT_HCL_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_one_passes_under_the_default_policy),
        cmocka_unit_test(its_measurements_are_of_the_azure_kind),
        cmocka_unit_test(one_without_intermediates_fails_by_the_name_of_who_is_missing),
        cmocka_unit_test(all_else_of_that_one_holds),
        cmocka_unit_test(the_chain_is_of_its_time),
        cmocka_unit_test(another_request_is_told_from_it_in_both_places),
        cmocka_unit_test(a_listed_paravisor_passes_and_another_does_not),
        cmocka_unit_test(reports_of_other_tdx_machines_are_read),
        cmocka_unit_test(the_report_of_a_sev_snp_machine_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
