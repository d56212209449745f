/* verify: policy about the TD, bit by bit, on quotes that are right in all else (signed anew). */
#include "support/dcap.h"
#include "attest/verify.h"
#include "sim_quote.h"
#include "support/sim_source.h"

#define NOW 1795500000 /* 2026-11-24 */

static sim_platform *machine;

static int make_machine(void **state)
{
    struct err e;

    (void)state;
    return sim_platform_new("policy", SIM_OK, &machine, &e) == ERR_OK ? 0 : -1;
}

static int free_machine(void **state)
{
    (void)state;
    sim_platform_free(machine);
    sim_source_end();
    return 0;
}

static enum attest_fault verdict_by(const struct td_report *td, const struct attest_policy *policy)
{
    const struct attest_judge judge = {.policy = policy};
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct report_data rd = {{1, 2, 3}};
    AUTO(verified_quote) v = NULL;
    enum attest_fault fault = FAULT_NONE;
    struct err e;

    need(sim_quote(machine, SIM_V5_TD15, td, &rd, &quote, &e), &e);
    assert_int_not_equal(attest_verify(&judge, buf_bytes(&quote), NULL, &rd, NOW, &v, &fault, &e),
                         ERR_OK);
    assert_null(v);
    /* Without collateral that is what is left when all that policy wants of the TD holds. */
    return fault == FAULT_COLLATERAL_MISSING ? FAULT_NONE : fault;
}

static enum attest_fault verdict(const struct td_report *td)
{
    return verdict_by(td, &attest_policy_default);
}

static struct td_report ordinary(void)
{
    struct td_report td;

    sim_td_of_image("policy", &td);
    return td;
}

static void flip(uint8_t *p, size_t bit)
{
    p[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void an_ordinary_td_passes(void **state)
{
    struct td_report td = ordinary();

    (void)state;
    assert_int_equal(verdict(&td), FAULT_NONE);
}

static void each_attribute_but_pks_is_refused(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 64; bit++) {
        struct td_report td = ordinary();
        enum attest_fault want = FAULT_TD_ATTRIBUTES;

        flip(td.td_attributes, bit); /* bit 28, SEPT_VE_DISABLE, was 1 and is 0 now */
        if (bit == 0)
            want = FAULT_TD_DEBUG;
        if (bit == 30)
            want = FAULT_NONE;
        if (verdict(&td) != want)
            fail_msg("TDATTRIBUTES bit %zu", bit);
    }
}

static void a_lax_policy_still_refuses_debug_and_what_it_does_not_know(void **state)
{
    const struct attest_policy lax = {.attributes_allowed = UINT64_MAX, .xfam_allowed = UINT64_MAX};

    (void)state;
    for (size_t bit = 0; bit < 64; bit++) {
        struct td_report td = ordinary();
        bool known = bit == 28 || bit == 30 || bit == 31 || bit == 63;

        flip(td.td_attributes, bit);
        if ((verdict_by(&td, &lax) == FAULT_NONE) != known)
            fail_msg("TDATTRIBUTES bit %zu", bit);
    }
}

static void each_unknown_or_missing_bit_of_xfam_is_refused(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 64; bit++) {
        struct td_report td = ordinary();
        bool known = (UINT64_C(0x6dbe7) >> bit & 1) && bit > 1;

        flip(td.xfam, bit);
        if (verdict(&td) != (known ? FAULT_NONE : FAULT_TD_XFAM))
            fail_msg("XFAM bit %zu", bit);
    }
}

static void no_policy_lifts_the_fixed_or_unknown_bits_of_xfam(void **state)
{
    const struct attest_policy lax = {.attributes_allowed = UINT64_MAX, .xfam_allowed = UINT64_MAX};

    (void)state;
    for (size_t bit = 0; bit < 64; bit++) {
        struct td_report td = ordinary();
        bool known = (UINT64_C(0x6dbe7) >> bit & 1) && bit > 1;

        flip(td.xfam, bit);
        assert_int_equal(verdict_by(&td, &lax), known ? FAULT_NONE : FAULT_TD_XFAM);
    }
}

static void every_bit_of_mrsignerseam_must_be_zero(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * 48; bit += 5) {
        struct td_report td = ordinary();

        flip(td.mrsignerseam, bit);
        assert_int_equal(verdict(&td), FAULT_TD_MRSIGNERSEAM);
    }
}

static void every_bit_of_the_seam_attributes_must_be_zero(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 64; bit++) {
        struct td_report td = ordinary();

        flip(td.seam_attributes, bit);
        assert_int_equal(verdict(&td), FAULT_TD_SEAM_ATTRIBUTES);
    }
}

static void a_service_td_is_refused_unless_policy_takes_it(void **state)
{
    struct attest_policy lax = attest_policy_default;
    struct td_report td = ordinary();

    (void)state;
    td.mrservicetd[47] = 1;
    assert_int_equal(verdict(&td), FAULT_TD_SERVICE);
    lax.service_td = true;
    assert_int_equal(verdict_by(&td, &lax), FAULT_NONE);
}

static void a_td_that_can_migrate_needs_a_service_td_that_policy_lists(void **state)
{
    struct attest_policy policy = attest_policy_default;
    struct td_report td = ordinary();

    (void)state;
    flip(td.td_attributes, 29);
    td.mrservicetd[47] = 1;
    policy.attributes_allowed |= TD_MIGRATABLE;
    policy.service_td = true;
    assert_int_equal(verdict_by(&td, &policy), FAULT_TD_ATTRIBUTES);
    memcpy(policy.mrservicetd[0].b, td.mrservicetd, sizeof td.mrservicetd);
    policy.n_mrservicetd = 1;
    assert_int_equal(verdict_by(&td, &policy), FAULT_NONE);
    td.mrservicetd[46] = 1;
    assert_int_equal(verdict_by(&td, &policy), FAULT_TD_SERVICE);
    memset(td.mrservicetd, 0, sizeof td.mrservicetd);
    assert_int_equal(verdict_by(&td, &policy), FAULT_TD_ATTRIBUTES);
}

static void lists_of_policy_restrict_modules_owners_and_platforms(void **state)
{
    struct attest_policy policy = attest_policy_default;
    struct td_report td = ordinary();

    (void)state;
    policy.n_mrseam = 1;
    assert_int_equal(verdict_by(&td, &policy), FAULT_TD_MRSEAM);
    memcpy(policy.mrseam[0].b, td.mrseam, sizeof td.mrseam);
    assert_int_equal(verdict_by(&td, &policy), FAULT_NONE);
    policy.mrowner.rule = POLICY_ZERO;
    assert_int_equal(verdict_by(&td, &policy), FAULT_NONE);
    td.mrowner[0] = 1;
    assert_int_equal(verdict_by(&td, &policy), FAULT_TD_OWNER);
    policy.mrowner.rule = POLICY_LISTED;
    policy.mrowner.n = 1;
    assert_int_equal(verdict_by(&td, &policy), FAULT_TD_OWNER);
    policy.mrowner.listed[0].b[0] = 1;
    assert_int_equal(verdict_by(&td, &policy), FAULT_NONE);
    policy.n_fmspc = 1;
    assert_int_equal(verdict_by(&td, &policy), FAULT_PLATFORM_DENIED);
    memcpy(policy.fmspc[0].b, sim_platform_info(machine)->fmspc, 6);
    assert_int_equal(verdict_by(&td, &policy), FAULT_NONE);
    policy.n_ppid = 1;
    assert_int_equal(verdict_by(&td, &policy), FAULT_PLATFORM_DENIED);
    memcpy(policy.ppid[0].b, sim_platform_info(machine)->ppid, 16);
    policy.n_instance = 1;
    assert_int_equal(verdict_by(&td, &policy), FAULT_PLATFORM_DENIED);
    memcpy(policy.instance[0].b, sim_platform_info(machine)->instance_id, 16);
    assert_int_equal(verdict_by(&td, &policy), FAULT_NONE);
}

static void a_development_root_is_named_in_the_caveat(void **state)
{
    const struct attest_judge judge = {.policy = &attest_policy_default, .source = &sim_source};
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct report_data rd = {{1}};
    struct td_report td = ordinary();
    AUTO(verified_quote) v = NULL;
    struct err e;

    (void)state;
    need(sim_quote(machine, SIM_V4, &td, &rd, &quote, &e), &e);
    need(attest_verify(&judge, buf_bytes(&quote), NULL, &rd, NOW, &v, NULL, &e), &e);
    assert_true(verified_quote_facts(v)->root->development);
    assert_non_null(strstr(attest_caveat(v), verified_quote_facts(v)->root->label));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_td_passes),
        cmocka_unit_test(each_attribute_but_pks_is_refused),
        cmocka_unit_test(a_lax_policy_still_refuses_debug_and_what_it_does_not_know),
        cmocka_unit_test(each_unknown_or_missing_bit_of_xfam_is_refused),
        cmocka_unit_test(no_policy_lifts_the_fixed_or_unknown_bits_of_xfam),
        cmocka_unit_test(every_bit_of_mrsignerseam_must_be_zero),
        cmocka_unit_test(every_bit_of_the_seam_attributes_must_be_zero),
        cmocka_unit_test(a_service_td_is_refused_unless_policy_takes_it),
        cmocka_unit_test(a_td_that_can_migrate_needs_a_service_td_that_policy_lists),
        cmocka_unit_test(lists_of_policy_restrict_modules_owners_and_platforms),
        cmocka_unit_test(a_development_root_is_named_in_the_caveat),
    };

    return cmocka_run_group_tests(tests, make_machine, free_machine);
}
