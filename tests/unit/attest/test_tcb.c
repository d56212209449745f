/* tcb: what a quoting enclave's attributes must be, whatever a mask says; names of advisories. */
#include "support/dcap.h"
#include "attest/steps.h"
#include "attest/tcb.h"

static void a_debug_quoting_enclave_is_refused_whatever_the_mask_leaves_out(void **state)
{
    struct sgx_report qe = {.attributes = {0x11}};
    struct qe_identity id = {.attributes = {0x11}, .attributes_mask = {0xfd}};
    enum attest_fault fault = FAULT_NONE;
    struct err e;

    (void)state;
    assert_int_equal(tcb_qe_identity(&qe, &id, &fault, &e), ERR_OK);
    qe.attributes[0] |= 2;
    assert_int_equal(tcb_qe_identity(&qe, &id, &fault, &e), ERR_VERIFY);
    assert_int_equal(fault, FAULT_QE_IDENTITY_ATTRIBUTES);
}

static void an_enclave_of_other_attributes_is_no_quoting_enclave(void **state)
{
    struct sgx_report qe = {.attributes = {0x15}};
    const struct qe_identity id = {.attributes = {0x11}, .attributes_mask = {0xfb}};
    enum attest_fault fault = FAULT_NONE;
    struct err e;

    (void)state;
    assert_int_equal(tcb_qe_identity(&qe, &id, &fault, &e), ERR_OK);
    qe.attributes[0] = 0x01;
    assert_int_equal(tcb_qe_identity(&qe, &id, &fault, &e), ERR_VERIFY);
    assert_int_equal(fault, FAULT_QE_IDENTITY_ATTRIBUTES);
}

/* The text of a real TCB info, with its first advisory named by n letters. */
static enum err_code parse_with_name(size_t n, struct tcb_info *ret, struct err *e)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file("collateral/phala_b0c06f_2025-06.json");
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct buf changed AUTO_CALL(buf_done) = BUF(65536);
    static const char begin[] = "\"INTEL-SA-";
    const struct buf *body = &bundle.text[COLLATERAL_TCB_INFO].body;
    const uint8_t *at, *end;
    struct err why;

    need(collateral_bundle_decode(text, &bundle, &why), &why);
    at = memmem(body->p, body->n, begin, sizeof begin - 1);
    assert_non_null(at);
    end = memchr(at + 1, '"', body->n - (size_t)(at + 1 - body->p));
    assert_non_null(end);
    buf_put(&changed, (struct bytes){body->p, (size_t)(at + 1 - body->p)});
    for (size_t i = 0; i < n; i++)
        buf_put_u8(&changed, 'A');
    buf_put(&changed, (struct bytes){end, (size_t)(body->p + body->n - end)});
    return tcb_info_parse(buf_bytes(&changed), ret, e);
}

static void a_long_name_of_an_advisory_is_kept_whole_or_refused(void **state)
{
    static const size_t kept[] = {1, 23, 24, 63}, refused[] = {0, 64, 1000};
    struct err e;

    (void)state;
    json_init();
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        struct tcb_info info AUTO_CALL(tcb_info_done) = {0};
        bool found = false;

        need(parse_with_name(kept[i], &info, &e), &e);
        for (size_t k = 0; k < info.n_advisories; k++)
            found |= info.advisories[k].id[0] == 'A' && strlen(info.advisories[k].id) == kept[i];
        assert_true(found);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct tcb_info info AUTO_CALL(tcb_info_done) = {0};

        assert_int_equal(parse_with_name(refused[i], &info, &e), ERR_INVALID);
        assert_non_null(strstr(e.msg, "advisoryIDs"));
    }
}

/* What can be read can be denied, by the whole of its name. */
static void a_policy_denies_by_the_whole_name(void **state)
{
    static const char long_name[] =
        "INTEL-SA-00000000000000000000000000000000000000000000000000000A";
    struct attest_policy policy = attest_policy_default;
    struct attest_facts facts = {.tcb = {.n_advisories = 1}};
    enum attest_fault fault = FAULT_NONE;
    struct err e;

    (void)state;
    snprintf(facts.tcb.advisories[0].id, TCB_ADVISORY_LEN, "%s", long_name);
    snprintf(policy.denied_advisories[0].id, POLICY_ADVISORY_LEN, "%s", long_name);
    policy.n_denied_advisories = 1;
    assert_int_equal(step_advisories(&policy, &facts, 0, &fault, &e), ERR_DENIED);
    assert_int_equal(fault, FAULT_ADVISORY);
    policy.denied_advisories[0].id[sizeof long_name - 2] = 'B';
    assert_int_equal(step_advisories(&policy, &facts, 0, &fault, &e), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_enclave_of_other_attributes_is_no_quoting_enclave),
        cmocka_unit_test(a_long_name_of_an_advisory_is_kept_whole_or_refused),
        cmocka_unit_test(a_policy_denies_by_the_whole_name),
        cmocka_unit_test(a_debug_quoting_enclave_is_refused_whatever_the_mask_leaves_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
