/* What the simulated vendor says beyond the ordinary: about enclaves, of the coming evaluation, of
 * the other CA. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "attest/examine.h"
#include "sim_quote.h"
#include "support/sim_source.h"

#define NOW 1795500000 /* 2026-11-24 */

/* The enclave of an attestation service. */
static const struct sgx_report enclave = {
    .attributes = {0x05, [8] = 0x07},
    .mrsigner = {0x5a},
    .isvprodid = 1,
    .isvsvn = 1,
    .report_data = {1, 2, 3},
};

static void examine_enclave(enum sim_fault fault, const struct sim_collateral_spec *spec,
                            struct attest_examination *ret)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct collateral c AUTO_CALL(collateral_done) = {0};
    AUTO(sim_platform) p = NULL;
    struct err e;

    assert_int_equal(sim_platform_new("any", fault, &p, &e), ERR_OK);
    assert_int_equal(sim_quote_sgx(p, &enclave, &quote, &e), ERR_OK);
    sim_source_make(spec, &c);
    attest_examine(&(struct attest_question){.quote = buf_bytes(&quote),
                                             .tee = QUOTE_TEE_SGX,
                                             .roots = attest_roots(),
                                             .policy = &attest_policy_default,
                                             .collateral = &c,
                                             .now = NOW},
                   ret);
}

static void an_enclave_verifies(void **state)
{
    const struct sim_collateral_spec spec = {.now = NOW, .sgx = true};
    struct attest_examination x;

    (void)state;
    examine_enclave(SIM_OK, &spec, &x);
    if (!x.ok)
        fail_msg("%s: %s", attest_fault_name(x.fault), x.check[x.first].detail);
    assert_int_equal(x.version, 3);
    assert_memory_equal(x.facts.enclave.mrsigner, enclave.mrsigner, sizeof enclave.mrsigner);
    assert_memory_equal(x.facts.enclave.report_data, enclave.report_data, 64);
}

static void an_enclave_is_not_judged_by_what_is_said_about_tds(void **state)
{
    const struct sim_collateral_spec spec = {.now = NOW};
    struct attest_examination x;

    (void)state;
    examine_enclave(SIM_OK, &spec, &x);
    assert_false(x.ok);
}

static void faults_of_the_machine_are_in_quotes_of_enclaves(void **state)
{
    static const struct {
        enum sim_fault fault;
        enum attest_fault expected;
    } cases[] = {
        {SIM_QUOTE_SIG, FAULT_QUOTE_SIG},
        {SIM_QE_HASH, FAULT_QE_HASH},
        {SIM_QE_SIG, FAULT_QE_SIG},
        {SIM_QE_DEBUG, FAULT_QE_IDENTITY_ATTRIBUTES},
        {SIM_QE_SIGNER, FAULT_QE_IDENTITY_MRSIGNER},
        {SIM_ROOT_UNKNOWN, FAULT_PCK_CHAIN},
        {SIM_INNER_TYPE, FAULT_CERT_TYPE},
        {SIM_VENDOR, FAULT_VENDOR},
    };
    const struct sim_collateral_spec spec = {.now = NOW, .sgx = true};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct attest_examination x;

        examine_enclave(cases[i].fault, &spec, &x);
        if (x.ok || x.fault != cases[i].expected)
            fail_msg("%s: found %s, expected %s", sim_fault_name(cases[i].fault),
                     attest_fault_name(x.fault), attest_fault_name(cases[i].expected));
    }
}

static void examine_td(const struct sim_collateral_spec *spec, struct attest_examination *ret)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct collateral c AUTO_CALL(collateral_done) = {0};
    const struct report_data rd = {0};
    AUTO(sim_platform) p = NULL;
    struct td_report td;
    struct err e;

    assert_int_equal(sim_platform_new("any", SIM_OK, &p, &e), ERR_OK);
    sim_td_of_image("an image", &td);
    assert_int_equal(sim_quote(p, SIM_V4, &td, &rd, &quote, &e), ERR_OK);
    sim_source_make(spec, &c);
    attest_examine(&(struct attest_question){.quote = buf_bytes(&quote),
                                             .tee = QUOTE_TEE_TDX,
                                             .roots = attest_roots(),
                                             .policy = &attest_policy_default,
                                             .collateral = &c,
                                             .now = NOW},
                   ret);
}

static void by_the_early_data_platforms_are_out_of_date(void **state)
{
    const struct sim_collateral_spec spec = {.now = NOW, .early = true};
    struct attest_examination x;

    (void)state;
    examine_td(&spec, &x);
    assert_int_equal(x.fault, FAULT_TCB_STATUS);
    assert_int_equal(x.facts.tcb.status, TCB_OUT_OF_DATE);
    assert_int_equal(x.facts.tcb.tcb_evaluation_number, SIM_EVALUATION + 1);
    assert_int_equal(x.facts.tcb.n_advisories, 1);
    assert_string_equal(x.facts.tcb.advisories[0].id, "INTEL-SA-99999");
}

static void the_other_cas_list_does_not_serve(void **state)
{
    const struct sim_collateral_spec spec = {.now = NOW, .processor_ca = true};
    struct attest_examination x;

    (void)state;
    examine_td(&spec, &x);
    assert_int_equal(x.fault, FAULT_PCK_CRL);
}

static void the_same_moment_gives_the_same_bytes(void **state)
{
    const struct sim_collateral_spec spec = {.now = NOW};
    struct buf a AUTO_CALL(buf_done) = BUF(SIM_COLLATERAL_MAX);
    struct buf b AUTO_CALL(buf_done) = BUF(SIM_COLLATERAL_MAX);
    AUTO(sim_platform) p = NULL;
    AUTO(sim_platform) q = NULL;
    struct err e;

    (void)state;
    assert_int_equal(sim_platform_new("one", SIM_OK, &p, &e), ERR_OK);
    assert_int_equal(sim_platform_new("another", SIM_OK, &q, &e), ERR_OK);
    assert_int_equal(sim_collateral(p, &spec, &a, &e), ERR_OK);
    assert_int_equal(sim_collateral(q, &spec, &b, &e), ERR_OK);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_enclave_verifies),
        cmocka_unit_test(an_enclave_is_not_judged_by_what_is_said_about_tds),
        cmocka_unit_test(faults_of_the_machine_are_in_quotes_of_enclaves),
        cmocka_unit_test(by_the_early_data_platforms_are_out_of_date),
        cmocka_unit_test(the_other_cas_list_does_not_serve),
        cmocka_unit_test(the_same_moment_gives_the_same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
