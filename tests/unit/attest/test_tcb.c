/* tcb: what a quoting enclave's attributes must be, whatever a mask says. */
#include "support/dcap.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_enclave_of_other_attributes_is_no_quoting_enclave),
        cmocka_unit_test(a_debug_quoting_enclave_is_refused_whatever_the_mask_leaves_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
