/* What our own verifier says to simulated quotes: right ones pass, each fault is refused for its
 * own reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "attest/verify.h"
#include "sim_quote.h"
#include "support/sim_source.h"

#define NOW 1795500000 /* 2026-11-24 */

static struct report_data some_report_data(void)
{
    struct report_data rd;

    for (size_t i = 0; i < sizeof rd.b; i++)
        rd.b[i] = (uint8_t)(255 - i);
    return rd;
}

static enum err_code judge(enum sim_form form, enum sim_fault fault, verified_quote **ret,
                           enum attest_fault *ret_fault, struct err *e)
{
    const struct attest_judge judge = {.policy = &attest_policy_default, .source = &sim_source};
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct report_data rd = some_report_data();
    AUTO(sim_platform) p = NULL;
    struct td_report td;

    sim_td_of_image("an image", &td);
    assert_int_equal(sim_platform_new("a machine", fault, &p, e), ERR_OK);
    assert_int_equal(sim_quote(p, form, &td, &rd, &quote, e), ERR_OK);
    return attest_verify(&judge, buf_bytes(&quote), NULL, &rd, NOW, ret, ret_fault, e);
}

static void assert_verifies(enum sim_form form)
{
    AUTO(verified_quote) q = NULL;
    enum attest_fault fault = FAULT_NONE;
    struct td_report td;
    struct err e;

    if (judge(form, SIM_OK, &q, &fault, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    sim_td_of_image("an image", &td);
    assert_memory_equal(verified_quote_facts(q)->td.rtmr, td.rtmr, sizeof td.rtmr);
    assert_true(verified_quote_facts(q)->root->development);
}

static void v4_verifies(void **state)
{
    (void)state;
    assert_verifies(SIM_V4);
}

static void v5_with_a_td10_report_verifies(void **state)
{
    (void)state;
    assert_verifies(SIM_V5_TD10);
}

static void v5_with_a_td15_report_verifies(void **state)
{
    (void)state;
    assert_verifies(SIM_V5_TD15);
}

static void each_fault_is_refused_for_its_own_reason(void **state)
{
    static const struct {
        enum sim_fault fault;
        enum sim_form form;
        enum attest_fault expected;
    } cases[] = {
        {SIM_TD_DEBUG, SIM_V4, FAULT_TD_DEBUG},
        {SIM_TD_PROFILED, SIM_V4, FAULT_TD_ATTRIBUTES},
        {SIM_TD_RESERVED, SIM_V4, FAULT_TD_ATTRIBUTES},
        {SIM_TD_MIGRATABLE, SIM_V4, FAULT_TD_ATTRIBUTES},
        {SIM_TD_NO_SEPT_VE, SIM_V4, FAULT_TD_ATTRIBUTES},
        {SIM_XFAM_NO_SSE, SIM_V4, FAULT_TD_XFAM},
        {SIM_XFAM_UNKNOWN, SIM_V4, FAULT_TD_XFAM},
        {SIM_SEAM_SIGNER, SIM_V4, FAULT_TD_MRSIGNERSEAM},
        {SIM_SEAM_ATTRIBUTES, SIM_V4, FAULT_TD_SEAM_ATTRIBUTES},
        {SIM_SERVICE_TD, SIM_V5_TD15, FAULT_TD_SERVICE},
        {SIM_VERSION, SIM_V4, FAULT_VERSION},
        {SIM_ATT_KEY_TYPE, SIM_V4, FAULT_ATT_KEY_TYPE},
        {SIM_TEE_TYPE, SIM_V4, FAULT_TEE_TYPE},
        {SIM_VENDOR, SIM_V4, FAULT_VENDOR},
        {SIM_BODY_TYPE, SIM_V5_TD15, FAULT_BODY_TYPE},
        {SIM_OUTER_TYPE, SIM_V4, FAULT_CERT_TYPE},
        {SIM_INNER_TYPE, SIM_V4, FAULT_CERT_TYPE},
        {SIM_QUOTE_SIG, SIM_V4, FAULT_QUOTE_SIG},
        {SIM_QE_HASH, SIM_V4, FAULT_QE_HASH},
        {SIM_QE_TAIL, SIM_V4, FAULT_QE_HASH},
        {SIM_QE_SIG, SIM_V4, FAULT_QE_SIG},
        {SIM_LEAF_SIG, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_CA_SIG, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_ROOT_UNKNOWN, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_LEAF_EXPIRED, SIM_V4, FAULT_PCK_EXPIRED},
        {SIM_LEAF_FUTURE, SIM_V4, FAULT_PCK_EXPIRED},
        {SIM_CA_EXPIRED, SIM_V4, FAULT_PCK_EXPIRED},
        {SIM_LEAF_ISSUER, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_CHAIN_ORDER, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_CHAIN_SHORT, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_CHAIN_LONG, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_SGX_MISSING, SIM_V4, FAULT_PCK_EXTENSION},
        {SIM_SGX_TWICE, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_FMSPC_MISSING, SIM_V4, FAULT_PCK_EXTENSION},
        {SIM_FMSPC_TWICE, SIM_V4, FAULT_PCK_EXTENSION},
        {SIM_TCB_SHORT, SIM_V4, FAULT_PCK_EXTENSION},
        {SIM_CA_NOT_CA, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_CA_NO_CERT_SIGN, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_LEAF_IS_CA, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_LEAF_NAME, SIM_V4, FAULT_PCK_CHAIN},
        {SIM_CA_NAME, SIM_V4, FAULT_PCK_CHAIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(verified_quote) q = NULL;
        enum attest_fault fault = FAULT_NONE;
        struct err e = {0};

        if (judge(cases[i].form, cases[i].fault, &q, &fault, &e) == ERR_OK)
            fail_msg("%s: the quote was taken", sim_fault_name(cases[i].fault));
        if (fault != cases[i].expected)
            fail_msg("%s: found %s, expected %s", sim_fault_name(cases[i].fault), e.msg,
                     attest_fault_name(cases[i].expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v4_verifies),
        cmocka_unit_test(v5_with_a_td10_report_verifies),
        cmocka_unit_test(v5_with_a_td15_report_verifies),
        cmocka_unit_test(each_fault_is_refused_for_its_own_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
