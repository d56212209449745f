/* verify: quotes with one thing wrong, each refused for that thing (tests/vectors/dcap/negative).
 */
#include "support/dcap.h"
#include "attest/examine.h"

#define AT 1750800000

/* n..: under the compiled-in root.  Where a case was made for another reason than what is met
 * first, the comment says why. */
static const struct {
    const char *name;
    enum attest_fault fault;
} intel[] = {
    {"n01_reportdata_bit", FAULT_QUOTE_SIG},
    {"n02_header_userdata_bit", FAULT_QUOTE_SIG},
    {"n07_sig_malleated_s", FAULT_NONE}, /* (r, n - s) is a signature too: no replay key in it */
    {"n08_sig_r_plus_n_overflow", FAULT_QUOTE_SIG},
    {"n10_ak_offcurve", FAULT_QE_HASH},
    {"n13_qe_auth_changed", FAULT_QE_HASH},
    {"n14_qe_auth_empty", FAULT_QE_HASH},
    {"n16_qe_sig_bit", FAULT_QE_SIG},
    {"n17_pck_chain_of_other_platform", FAULT_QE_SIG},
    {"n18_attacker_pki_same_names", FAULT_PCK_CHAIN},
    {"n19_attacker_leaf_ca_real_root", FAULT_PCK_CHAIN},
    {"n20_attacker_leaf_real_ca_root", FAULT_PCK_CHAIN},
    {"n21_chain_leaf_only", FAULT_PCK_CHAIN},
    {"n24_inner_type_6_nested", FAULT_CERT_TYPE},
    {"n26_inner_type_1", FAULT_CERT_TYPE},
    {"n27_siglen_huge", FAULT_PARSE_LENGTH},
    {"n28_siglen_zero", FAULT_PARSE_LENGTH},
    {"n30_outer_cd_len_minus1", FAULT_PARSE_LENGTH},
    {"n31_qe_auth_len_ffff", FAULT_PARSE_LENGTH},
    {"n32_inner_cd_len_huge", FAULT_PARSE_LENGTH},
    {"n33_inner_cd_len_minus1", FAULT_PARSE_LENGTH},
    {"n34_trunc_0001", FAULT_PARSE_SIZE},
    {"n34_trunc_0047", FAULT_PARSE_SIZE},
    {"n34_trunc_0048", FAULT_PARSE_SIZE},
    {"n34_trunc_0631", FAULT_PARSE_SIZE},
    {"n34_trunc_0632", FAULT_PARSE_SIZE},
    {"n34_trunc_0635", FAULT_PARSE_SIZE},
    {"n34_trunc_0636", FAULT_PARSE_LENGTH},
    {"n34_trunc_0769", FAULT_PARSE_LENGTH},
    {"n34_trunc_0770", FAULT_PARSE_LENGTH},
    {"n34_trunc_1219", FAULT_PARSE_LENGTH},
    {"n34_trunc_1256", FAULT_PARSE_LENGTH},
    {"n34_trunc_2000", FAULT_PARSE_LENGTH},
    {"n34_trunc_4900", FAULT_PARSE_LENGTH},
    {"n36_version_3", FAULT_VERSION},
    {"n37_version_5_on_v4", FAULT_BODY_TYPE}, /* what stands where the body type would */
    {"n39_akt_3", FAULT_ATT_KEY_TYPE},
    {"n40_tee_0", FAULT_TEE_TYPE},
    {"n42_vendor", FAULT_VENDOR},
    {"n44_v5_bodytype1", FAULT_BODY_TYPE},
    {"n45_v5_size_585", FAULT_BODY_TYPE},
    {"n46_v5_bodytype_4_885", FAULT_BODY_TYPE},
};

/* t..: signed anew, under a root of their own. */
static const struct {
    const char *name;
    enum attest_check check;
    enum attest_fault fault;
} resigned[] = {
    {"n18_attacker_pki_same_names", CHECK_FORMAT, FAULT_NONE}, /* but for its root it is right */
    {"t30_resigned_ok", CHECK_FORMAT, FAULT_NONE},
    {"t31_ak_offcurve", CHECK_QUOTE_SIGNATURE, FAULT_QUOTE_SIG},
    {"t32_ak_zero", CHECK_QUOTE_SIGNATURE, FAULT_QUOTE_SIG},
    {"t35_debug", CHECK_TD_ATTRIBUTES, FAULT_TD_DEBUG},
    {"t38_attr_reserved_bit8", CHECK_TD_ATTRIBUTES, FAULT_TD_ATTRIBUTES},
    {"t39_sept_ve_off", CHECK_TD_ATTRIBUTES, FAULT_TD_ATTRIBUTES},
    {"t40_perfmon", CHECK_TD_ATTRIBUTES, FAULT_TD_ATTRIBUTES},
    {"t41_seamattributes", CHECK_TD_SEAM, FAULT_TD_SEAM_ATTRIBUTES},
    {"t42_mrsignerseam", CHECK_TD_SEAM, FAULT_TD_MRSIGNERSEAM},
    {"t43_teetcbsvn_version_5", CHECK_FORMAT, FAULT_NONE}, /* refused by TCB info, not here */
    {"t44_teetcbsvn0_zero", CHECK_FORMAT, FAULT_NONE},     /* the same */
    {"t45_xfam_bit0_clear", CHECK_TD_XFAM, FAULT_TD_XFAM},
};

static struct bytes negative(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "negative/%s.bin", name);
    return dcap_file(path);
}

/* The report data that the quote carries, so that nothing is wrong with that. */
static struct report_data own_report_data(struct bytes input)
{
    struct report_data rd = {0};
    struct quote q;
    struct err e;

    if (quote_parse(input, &q, NULL, &e) == ERR_OK)
        memcpy(rd.b, q.td.report_data, sizeof rd.b);
    return rd;
}

/* All that can be judged without collateral; that it is missing is the last reason of all. */
static enum attest_fault verify_with(struct bytes input, platform_cache *cache)
{
    struct report_data rd = own_report_data(input);
    struct attest_examination x;
    const struct attest_question question = {
        .quote = input,
        .tee = QUOTE_TEE_TDX,
        .roots = attest_roots(),
        .policy = &attest_policy_default,
        .expected = &rd,
        .now = AT,
        .cache = cache,
    };

    attest_examine(&question, &x);
    assert_false(x.ok);
    return x.fault == FAULT_COLLATERAL_MISSING ? FAULT_NONE : x.fault;
}

static enum attest_fault verify(struct bytes input)
{
    return verify_with(input, NULL);
}

static void a_quote_with_one_thing_wrong_is_refused_for_that(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof intel / sizeof intel[0]; i++) {
        struct bytes q AUTO_CALL(dcap_free) = negative(intel[i].name);
        enum attest_fault found = verify(q);

        if (found != intel[i].fault)
            fail_msg("%s: %s, expected %s", intel[i].name, attest_fault_name(found),
                     attest_fault_name(intel[i].fault));
    }
}

/* Intel's CA and the platform that most cases were made from are known then. */
static void a_warm_cache_lets_nothing_through(void **state)
{
    struct bytes good AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v4_b0c06f_phala.bin");
    AUTO(platform_cache) cache = NULL;
    struct err e;

    (void)state;
    need(platform_cache_new(64, &cache, &e), &e);
    assert_int_equal(verify_with(good, cache), FAULT_NONE);
    for (size_t i = 0; i < 2 * (sizeof intel / sizeof intel[0]); i++) { /* each of them twice */
        struct bytes q AUTO_CALL(dcap_free) = negative(intel[i / 2].name);
        enum attest_fault found = verify_with(q, cache);

        if (found != intel[i / 2].fault)
            fail_msg("%s: %s, expected %s", intel[i / 2].name, attest_fault_name(found),
                     attest_fault_name(intel[i / 2].fault));
    }
}

static void examine_under_test_root(struct bytes quote, const struct report_data *rd,
                                    struct attest_examination *ret)
{
    struct bytes der AUTO_CALL(dcap_free) = dcap_file("roots/test_root_ca.der");
    struct attest_root root AUTO_CALL(attest_root_done) = {0};
    struct err e;

    need(attest_root_of(der, "test root", &root, &e), &e);

    const struct attest_roots roots = {&root, 1};
    const struct attest_question question = {
        .quote = quote,
        .tee = QUOTE_TEE_TDX,
        .roots = &roots,
        .policy = &attest_policy_default,
        .expected = rd,
        .now = AT,
    };

    attest_examine(&question, ret);
}

static bool needs_collateral(const struct attest_finding *f)
{
    return !f->judged || f->fault == FAULT_COLLATERAL_MISSING;
}

static void a_quote_signed_anew_fails_in_one_check_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof resigned / sizeof resigned[0]; i++) {
        struct bytes q AUTO_CALL(dcap_free) = negative(resigned[i].name);
        struct report_data rd = own_report_data(q);
        struct attest_examination x;

        examine_under_test_root(q, &rd, &x);
        assert_int_equal(x.fault == FAULT_COLLATERAL_MISSING, resigned[i].fault == FAULT_NONE);
        for (enum attest_check c = 0; c < CHECKS; c++) {
            enum attest_fault want = c == resigned[i].check ? resigned[i].fault : FAULT_NONE;

            if (want == FAULT_NONE && needs_collateral(&x.check[c]))
                continue;
            if (x.check[c].fault != want)
                fail_msg("%s: %s: %s, expected %s", resigned[i].name, attest_check_name(c),
                         attest_fault_name(x.check[c].fault), attest_fault_name(want));
        }
    }
}

static void another_root_than_the_compiled_in_ones_makes_nothing_releasable(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = negative("t30_resigned_ok");

    (void)state;
    assert_int_equal(verify(q), FAULT_PCK_CHAIN);
}

static void a_report_for_another_purpose_is_seen(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = negative("t30_resigned_ok");
    struct report_data other = {0};
    struct attest_examination x;

    (void)state;
    examine_under_test_root(q, &other, &x);
    assert_int_equal(x.fault, FAULT_REPORT_DATA);
    examine_under_test_root(q, NULL, &x);
    assert_int_equal(x.fault, FAULT_COLLATERAL_MISSING);
    assert_false(x.check[CHECK_REPORT_DATA].judged);
}

static void the_examination_of_no_quote_says_so_and_stops(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = negative("n34_trunc_0631");
    struct attest_examination x;

    (void)state;
    examine_under_test_root(q, NULL, &x);
    assert_false(x.ok);
    assert_false(x.has_quote);
    assert_int_equal(x.fault, FAULT_PARSE_SIZE);
    assert_false(x.check[CHECK_PCK_CHAIN].judged);
}

static void every_fault_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (enum attest_fault a = 0; a < FAULT_COUNT; a++) {
        assert_non_null(attest_fault_name(a));
        for (enum attest_fault b = 0; b < a; b++)
            assert_string_not_equal(attest_fault_name(a), attest_fault_name(b));
    }
    assert_string_equal(attest_fault_name(FAULT_COUNT), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_with_one_thing_wrong_is_refused_for_that),
        cmocka_unit_test(a_warm_cache_lets_nothing_through),
        cmocka_unit_test(a_quote_signed_anew_fails_in_one_check_alone),
        cmocka_unit_test(another_root_than_the_compiled_in_ones_makes_nothing_releasable),
        cmocka_unit_test(a_report_for_another_purpose_is_seen),
        cmocka_unit_test(the_examination_of_no_quote_says_so_and_stops),
        cmocka_unit_test(every_fault_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
