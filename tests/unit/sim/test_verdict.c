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

/* The module that runs now is the one of TEE_TCB_SVN2. */
static enum attest_fault verdict_of_module(uint8_t svn, uint8_t version)
{
    const struct attest_judge j = {.policy = &attest_policy_default, .source = &sim_source};
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct report_data rd = some_report_data();
    enum attest_fault fault = FAULT_NONE;
    AUTO(verified_quote) q = NULL;
    AUTO(sim_platform) p = NULL;
    struct td_report td;
    struct err e;

    sim_td_of_image("an image", &td);
    td.tee_tcb_svn2[0] = svn;
    td.tee_tcb_svn2[1] = version;
    assert_int_equal(sim_platform_new("a machine", SIM_OK, &p, &e), ERR_OK);
    assert_int_equal(sim_quote(p, SIM_V5_TD15, &td, &rd, &quote, &e), ERR_OK);
    if (attest_verify(&j, buf_bytes(&quote), NULL, &rd, NOW, &q, &fault, &e) == ERR_OK)
        return FAULT_NONE;
    return fault;
}

static void a_module_that_runs_now_and_is_known_to_nobody_is_refused(void **state)
{
    struct td_report td;

    (void)state;
    sim_td_of_image("an image", &td);
    assert_int_equal(verdict_of_module(td.tee_tcb_svn2[0], td.tee_tcb_svn2[1]), FAULT_NONE);
    assert_int_equal(verdict_of_module(td.tee_tcb_svn2[0], 9), FAULT_TDX_MODULE_MISMATCH);
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
        {SIM_SEAM_SIGNER, SIM_V4, FAULT_TDX_MODULE_MISMATCH},
        {SIM_SEAM_ATTRIBUTES, SIM_V4, FAULT_TDX_MODULE_MISMATCH},
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
        {SIM_QE_DEBUG, SIM_V4, FAULT_QE_IDENTITY_ATTRIBUTES},
        {SIM_QE_SIGNER, SIM_V4, FAULT_QE_IDENTITY_MRSIGNER},
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

/* SR-01, SR-03: one link of what the vendor says at a time. */
static void each_fault_of_collateral_is_refused_for_its_own_reason(void **state)
{
    static const struct {
        enum sim_collateral_fault fault;
        enum attest_fault expected;
    } cases[] = {
        {SIM_COLLATERAL_OK, FAULT_NONE},
        {SIM_TCB_INFO_SIG, FAULT_TCB_INFO_SIG},
        {SIM_QE_IDENTITY_SIG, FAULT_QE_IDENTITY_SIG},
        {SIM_SIGNER_ROOT, FAULT_TCB_SIGNER},
        {SIM_SIGNER_REVOKED, FAULT_TCB_SIGNER_REVOKED},
        {SIM_LEAF_REVOKED, FAULT_PCK_REVOKED},
        {SIM_CA_REVOKED, FAULT_PCK_REVOKED},
        {SIM_ROOT_CRL_SIG, FAULT_ROOT_CRL},
        {SIM_PCK_CRL_SIG, FAULT_PCK_CRL},
        {SIM_CRL_EXPIRED, FAULT_COLLATERAL_EXPIRED},
        {SIM_TCB_INFO_EXPIRED, FAULT_COLLATERAL_EXPIRED},
        {SIM_NOT_YET_ISSUED, FAULT_COLLATERAL_EXPIRED},
        {SIM_OTHER_FMSPC, FAULT_FMSPC_MISMATCH},
        {SIM_OTHER_PCEID, FAULT_PCEID_MISMATCH},
        {SIM_QE_OTHER_SIGNER, FAULT_QE_IDENTITY_MRSIGNER},
        {SIM_QE_TOO_OLD, FAULT_QE_NOT_SUPPORTED},
        {SIM_QE_REVOKED, FAULT_TCB_REVOKED},
        {SIM_MODULE_MISSING, FAULT_TDX_MODULE_MISMATCH},
        {SIM_MODULE_REVOKED, FAULT_TCB_REVOKED},
        {SIM_NO_LEVEL, FAULT_TCB_NOT_SUPPORTED},
        {SIM_BAD_STATUS, FAULT_TCB_INFO},
        {SIM_MEMBER_TWICE, FAULT_TCB_INFO},
        {SIM_SVN_300, FAULT_TCB_INFO},
    };
    const struct attest_judge judge = {.policy = &attest_policy_default};
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct report_data rd = some_report_data();
    AUTO(sim_platform) p = NULL;
    struct td_report td;
    struct err e;

    (void)state;
    assert_int_equal(sizeof cases / sizeof *cases, SIM_COLLATERAL_FAULT_COUNT);
    sim_td_of_image("an image", &td);
    /* The machine whose certificate sim_source_make revokes. */
    assert_int_equal(sim_platform_new("any", SIM_OK, &p, &e), ERR_OK);
    assert_int_equal(sim_quote(p, SIM_V5_TD15, &td, &rd, &quote, &e), ERR_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct sim_collateral_spec spec = {.now = NOW, .fault = cases[i].fault};
        struct collateral c AUTO_CALL(collateral_done) = {0};
        AUTO(verified_quote) q = NULL;
        enum attest_fault fault = FAULT_NONE;

        sim_source_make(&spec, &c);
        (void)!attest_verify(&judge, buf_bytes(&quote), &c, &rd, NOW, &q, &fault, &e);
        if (fault != cases[i].expected || (q != NULL) != (fault == FAULT_NONE))
            fail_msg("%s: found %s, expected %s", sim_collateral_fault_name(cases[i].fault),
                     attest_fault_name(fault), attest_fault_name(cases[i].expected));
    }
}

/* SR-03: every status by name, and no other. */
static void a_status_is_accepted_only_by_a_policy_that_names_it(void **state)
{
    static const char *const statuses[] = {"UpToDate",
                                           "SWHardeningNeeded",
                                           "ConfigurationNeeded",
                                           "ConfigurationAndSWHardeningNeeded",
                                           "OutOfDate",
                                           "OutOfDateConfigurationNeeded",
                                           "Revoked"};
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct report_data rd = some_report_data();
    AUTO(sim_platform) p = NULL;
    struct td_report td;
    struct err e;

    (void)state;
    sim_td_of_image("an image", &td);
    assert_int_equal(sim_platform_new("any", SIM_OK, &p, &e), ERR_OK);
    assert_int_equal(sim_quote(p, SIM_V4, &td, &rd, &quote, &e), ERR_OK);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const struct sim_collateral_spec spec = {.now = NOW, .status = statuses[i]};
        struct collateral c AUTO_CALL(collateral_done) = {0};

        sim_source_make(&spec, &c);
        for (int s = 0; s < TCB_STATUS_COUNT; s++) {
            struct attest_policy policy = attest_policy_default;
            const struct attest_judge judge = {.policy = &policy};
            AUTO(verified_quote) q = NULL;
            bool named = strcmp(statuses[i], tcb_status_name((enum tcb_status)s)) == 0;

            policy.statuses = TCB_STATUS_BIT(s);
            (void)!attest_verify(&judge, buf_bytes(&quote), &c, &rd, NOW, &q, NULL, &e);
            if ((q != NULL) != (named && s != TCB_REVOKED))
                fail_msg("%s under a policy of %s", statuses[i],
                         tcb_status_name((enum tcb_status)s));
        }
    }
}

static void grace_is_counted_from_the_tcb_date_and_only_for_what_is_out_of_date(void **state)
{
    const int64_t tcb_date = 1770768000; /* 2026-02-11 */
    const struct sim_collateral_spec spec = {
        .now = SIM_SOURCE_FROM, .days = SIM_SOURCE_DAYS, .status = "OutOfDate"};
    struct attest_policy policy = attest_policy_default;
    const struct attest_judge judge = {.policy = &policy};
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct collateral c AUTO_CALL(collateral_done) = {0};
    struct report_data rd = some_report_data();
    AUTO(verified_quote) in_time = NULL;
    AUTO(verified_quote) late = NULL;
    AUTO(sim_platform) p = NULL;
    enum attest_fault fault;
    struct td_report td;
    struct err e;

    (void)state;
    sim_td_of_image("an image", &td);
    assert_int_equal(sim_platform_new("any", SIM_OK, &p, &e), ERR_OK);
    assert_int_equal(sim_quote(p, SIM_V4, &td, &rd, &quote, &e), ERR_OK);
    sim_source_make(&spec, &c);
    policy.tcb_grace_s = 86400;
    assert_int_equal(
        attest_verify(&judge, buf_bytes(&quote), &c, &rd, tcb_date + 86400, &in_time, &fault, &e),
        ERR_OK);
    assert_int_equal(
        attest_verify(&judge, buf_bytes(&quote), &c, &rd, tcb_date + 86401, &late, &fault, &e),
        ERR_DENIED);
    assert_int_equal(fault, FAULT_TCB_STATUS);
}

static void an_evaluation_older_than_policy_wants_is_refused(void **state)
{
    const struct sim_collateral_spec spec = {.now = NOW, .evaluation_number = 18};
    struct attest_policy policy = attest_policy_default;
    const struct attest_judge judge = {.policy = &policy};
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct collateral c AUTO_CALL(collateral_done) = {0};
    struct report_data rd = some_report_data();
    AUTO(verified_quote) good = NULL;
    AUTO(verified_quote) old = NULL;
    AUTO(sim_platform) p = NULL;
    enum attest_fault fault;
    struct td_report td;
    struct err e;

    (void)state;
    sim_td_of_image("an image", &td);
    assert_int_equal(sim_platform_new("any", SIM_OK, &p, &e), ERR_OK);
    assert_int_equal(sim_quote(p, SIM_V4, &td, &rd, &quote, &e), ERR_OK);
    sim_source_make(&spec, &c);
    policy.min_evaluation_number = 18;
    assert_int_equal(attest_verify(&judge, buf_bytes(&quote), &c, &rd, NOW, &good, &fault, &e),
                     ERR_OK);
    policy.min_evaluation_number = 19;
    assert_int_equal(attest_verify(&judge, buf_bytes(&quote), &c, &rd, NOW, &old, &fault, &e),
                     ERR_DENIED);
    assert_int_equal(fault, FAULT_EVALUATION_NUMBER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v4_verifies),
        cmocka_unit_test(v5_with_a_td10_report_verifies),
        cmocka_unit_test(v5_with_a_td15_report_verifies),
        cmocka_unit_test(a_module_that_runs_now_and_is_known_to_nobody_is_refused),
        cmocka_unit_test(each_fault_is_refused_for_its_own_reason),
        cmocka_unit_test(each_fault_of_collateral_is_refused_for_its_own_reason),
        cmocka_unit_test(a_status_is_accepted_only_by_a_policy_that_names_it),
        cmocka_unit_test(grace_is_counted_from_the_tcb_date_and_only_for_what_is_out_of_date),
        cmocka_unit_test(an_evaluation_older_than_policy_wants_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
