/* verify: the quotes of real machines, judged by the compiled-in root alone. */
#include "support/dcap.h"
#include "attest/verify.h"

#define IN_2026 1790000000 /* within every chain's validity */
#define QUOTES  31

/* Those that default policy or the root refuses; all others pass. */
static const struct {
    const char *name;
    enum attest_fault fault;
} refused[] = {
    {"quotes/tdx_v4_50806f_DEBUG_coco4.bin", FAULT_TD_DEBUG},
    {"quotes/tdx_v4_50806f_google_spr_e4.bin", FAULT_TD_ATTRIBUTES}, /* SEPT_VE_DISABLE is 0 */
    {"quotes/tdx_v4_50806f_oasis_ood.bin", FAULT_TD_ATTRIBUTES},
    {"quotes/tdx_v4_50806f_oe.bin", FAULT_TD_ATTRIBUTES},
    {"quotes/tdx_v4_90c06f_PERFMON_entropy.bin", FAULT_TD_ATTRIBUTES},
    {"quotes/tdx_v4_UNTRUSTED_ROOT_10806f_ccapi.bin", FAULT_PCK_CHAIN},
    {"quotes/tdx_v5_b3_00806f05_MIGRATABLE_oe.bin", FAULT_TD_ATTRIBUTES},
    {"quotes/tdx_v5_b3_90c06f_alibaba.bin", FAULT_TD_SERVICE},
};

static enum attest_fault expected_fault(const char *name)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (strcmp(refused[i].name, name) == 0)
            return refused[i].fault;
    return FAULT_NONE;
}

static void own_report_data(struct bytes input, struct report_data *ret)
{
    struct quote q;
    struct err e;

    need(quote_parse(input, &q, NULL, &e), &e);
    memcpy(ret->b, q.td.report_data, sizeof ret->b);
}

static void examine(struct bytes input, const struct attest_policy *policy,
                    const struct report_data *rd, int64_t now, platform_cache *cache,
                    struct attest_examination *ret)
{
    const struct attest_question question = {
        .quote = input,
        .tee = QUOTE_TEE_TDX,
        .roots = attest_roots(),
        .policy = policy,
        .expected = rd,
        .now = now,
        .cache = cache,
    };

    attest_examine(&question, ret);
}

/* All that can be judged without collateral; that it is missing is the last reason of all. */
static enum attest_fault verify(struct bytes input, int64_t now, platform_cache *cache)
{
    struct attest_examination x;
    struct report_data rd;

    own_report_data(input, &rd);
    examine(input, &attest_policy_default, &rd, now, cache, &x);
    assert_false(x.ok);
    return x.fault == FAULT_COLLATERAL_MISSING ? FAULT_NONE : x.fault;
}

static void check_pck(const struct pck_extension *x, const json *want)
{
    const json *comps = jget(want, "comps");

    ASSERT_HEX(x->ppid, want, "ppid");
    ASSERT_HEX(x->pceid, want, "pceid");
    ASSERT_HEX(x->fmspc, want, "fmspc");
    ASSERT_HEX(x->tcb.cpusvn, want, "cpusvn");
    assert_int_equal(x->tcb.pcesvn, jnum(want, "pcesvn"));
    assert_int_equal(x->sgx_type, jnum(want, "sgxtype"));
    assert_true(x->has_instance);
    ASSERT_HEX(x->platform_instance_id, want, "platform_instance_id");
    assert_true(x->has_configuration);
    assert_int_equal(json_len(comps), 16);
    for (size_t i = 0; i < 16; i++) { /* arrays of numbers have no getter: through an object */
        struct buf b AUTO_CALL(buf_done) = BUF(32);
        char found[8];
        struct err e;

        need(json_write(json_at(comps, i), JSON_COMPACT, &b, &e), &e);
        snprintf(found, sizeof found, "%u", x->tcb.comp[i]);
        assert_string_equal(buf_cstr(&b), found);
    }
}

static void each(void (*f)(const char *name, const json *want, struct bytes input))
{
    AUTO(json) all = vector_json(DCAP "quotes/expected.json");
    const char *name;
    const json *want;
    size_t n = 0;

    for (size_t i = 0; json_member(all, i, &name, &want); i++)
        if (strstr(name, "/tdx_")) {
            struct bytes input AUTO_CALL(dcap_free) = dcap_file(name);

            f(name, want, input);
            n++;
        }
    assert_int_equal(n, QUOTES);
}

static void check_verdict(const char *name, const json *want, struct bytes input)
{
    enum attest_fault found = verify(input, IN_2026, NULL);

    (void)want;
    if (found != expected_fault(name))
        fail_msg("%s: %s, expected %s", name, attest_fault_name(found),
                 attest_fault_name(expected_fault(name)));
}

static void real_quotes_pass_but_for_those_that_policy_refuses(void **state)
{
    (void)state;
    each(check_verdict);
}

static void check_extension(const char *name, const json *want, struct bytes input)
{
    struct attest_examination x;

    examine(input, &attest_policy_default, NULL, IN_2026, NULL, &x);
    if (expected_fault(name) == FAULT_PCK_CHAIN) {
        assert_false(x.has_platform);
        return;
    }
    assert_true(x.has_platform);
    assert_string_equal(x.facts.root->label, "Intel SGX Root CA");
    check_pck(&x.facts.pck, jget(want, "pck"));
}

static void the_sgx_extension_of_every_real_leaf_is_read(void **state)
{
    (void)state;
    each(check_extension);
}

static void check_times(const char *name, const json *want, struct bytes input)
{
    static const int64_t never[] = {0, 1000000000, 2085000000, INT64_MIN, INT64_MAX};

    (void)want;
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        assert_int_equal(verify(input, never[i], NULL), expected_fault(name) == FAULT_PCK_CHAIN
                                                            ? FAULT_PCK_CHAIN
                                                            : FAULT_PCK_EXPIRED);
}

static void a_chain_outside_its_validity_is_refused(void **state)
{
    (void)state;
    each(check_times);
}

static void the_first_and_the_last_second_of_a_chain_are_valid(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    const int64_t first = 1769524587, last = 1990449387; /* of the leaf, by openssl x509 */

    (void)state;
    assert_int_equal(verify(q, first - 1, NULL), FAULT_PCK_EXPIRED);
    assert_int_equal(verify(q, first, NULL), FAULT_NONE);
    assert_int_equal(verify(q, last, NULL), FAULT_NONE);
    assert_int_equal(verify(q, last + 1, NULL), FAULT_PCK_EXPIRED);
}

static void other_report_data_is_refused_bit_by_bit(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    struct report_data rd;

    (void)state;
    own_report_data(q, &rd);
    for (size_t bit = 0; bit < 512; bit += 7) {
        struct report_data other = rd;
        struct attest_examination x;

        other.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        examine(q, &attest_policy_default, &other, IN_2026, NULL, &x);
        assert_int_equal(x.fault, FAULT_REPORT_DATA);
    }
}

static void a_policy_that_names_a_bit_accepts_it_but_never_debug(void **state)
{
    struct bytes perfmon AUTO_CALL(dcap_free) =
        dcap_file("quotes/tdx_v4_90c06f_PERFMON_entropy.bin");
    struct bytes debug AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v4_50806f_DEBUG_coco4.bin");
    struct bytes service AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_alibaba.bin");
    struct attest_policy lax = {
        .attributes_allowed = UINT64_MAX, .xfam_allowed = UINT64_MAX, .service_td = true};
    struct attest_examination x;

    (void)state;
    examine(perfmon, &lax, NULL, IN_2026, NULL, &x);
    assert_int_equal(x.fault, FAULT_COLLATERAL_MISSING);
    examine(service, &lax, NULL, IN_2026, NULL, &x);
    assert_int_equal(x.fault, FAULT_COLLATERAL_MISSING);
    examine(debug, &lax, NULL, IN_2026, NULL, &x);
    assert_int_equal(x.fault, FAULT_TD_DEBUG);
}

static void without_collateral_no_build_takes_a_quote(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    const struct attest_judge judge = {.policy = &attest_policy_default};
    AUTO(verified_quote) v = NULL;
    enum attest_fault fault = FAULT_NONE;
    struct report_data rd;
    struct err e;

    (void)state;
    own_report_data(q, &rd);
    assert_int_equal(attest_verify(&judge, q, NULL, &rd, IN_2026, &v, &fault, &e), ERR_VERIFY);
    assert_int_equal(fault, FAULT_COLLATERAL_MISSING);
    assert_null(v);
}

static void the_product_releases_nothing_on_a_development_root(void **state)
{
    const struct attest_root real = {.label = "real"}, development = {.development = true};

    (void)state;
    assert_false(attest_root_releases(&development, false));
    assert_true(attest_root_releases(&real, false));
    assert_true(attest_root_releases(&development, true));
}

static void only_development_builds_know_a_second_root(void **state)
{
    const struct attest_roots *roots = attest_roots();

    (void)state;
    assert_string_equal(roots->list[0].label, "Intel SGX Root CA");
    assert_false(roots->list[0].development);
#ifdef TEEREG_DEV_ROOTS
    assert_int_equal(roots->n, 2);
    assert_true(roots->list[1].development);
#else
    assert_int_equal(roots->n, 1);
#endif
}

static void a_known_platform_is_judged_as_an_unknown_one(void **state)
{
    struct bytes a AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    struct bytes b AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v4_b0c06f_phala.bin");
    struct platform_cache_stats s;
    AUTO(platform_cache) cache = NULL;
    struct err e;

    (void)state;
    need(platform_cache_new(1, &cache, &e), &e);
    for (int i = 0; i < 3; i++)
        assert_int_equal(verify(a, IN_2026, cache), FAULT_NONE);
    platform_cache_stats(cache, &s);
    assert_int_equal(s.chain_hits, 2);
    assert_int_equal(s.qe_hits, 2);
    assert_int_equal(verify(a, 2085000000, cache), FAULT_PCK_EXPIRED); /* known, yet too old */
    assert_int_equal(verify(b, IN_2026, cache), FAULT_NONE);           /* evicts the first */
    assert_int_equal(verify(a, IN_2026, cache), FAULT_NONE);
    platform_cache_stats(cache, &s);
    assert_int_equal(s.chain_misses, 3);
}

static void a_known_platform_does_not_vouch_for_another_qe_report(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v4_b0c06f_phala.bin");
    AUTO(platform_cache) cache = NULL;
    uint8_t copy[8192];
    struct err e;

    (void)state;
    need(platform_cache_new(8, &cache, &e), &e);
    assert_int_equal(verify(q, IN_2026, cache), FAULT_NONE);
    memcpy(copy, q.p, q.n);
    copy[770 + 258] ^= 1; /* ISVSVN of the QE */
    assert_int_equal(verify((struct bytes){copy, q.n}, IN_2026, cache), FAULT_QE_SIG);
    memcpy(copy, q.p, q.n);
    copy[700 + 10] ^= 1; /* attestation key */
    assert_int_equal(verify((struct bytes){copy, q.n}, IN_2026, cache), FAULT_QE_HASH);
}

/* ---- the event log that comes with it ---- */

/* log: a file of ccel/, "" for none. */
static void examine_with_log(const char *log, struct attest_examination *ret)
{
    struct bytes input AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v4_00806f05_gcp_cos113.bin");
    struct bytes text AUTO_CALL(dcap_free) = *log ? dcap_file(log) : (struct bytes){0};
    const struct attest_question question = {
        .quote = input,
        .tee = QUOTE_TEE_TDX,
        .roots = attest_roots(),
        .policy = &attest_policy_default,
        .now = IN_2026,
        .event_log = text,
    };

    attest_examine(&question, ret);
}

static void an_event_log_is_judged_when_there_is_one(void **state)
{
    struct attest_examination x;

    (void)state;
    examine_with_log("", &x);
    assert_false(x.check[CHECK_EVENT_LOG].judged);
    assert_string_equal(x.check[CHECK_EVENT_LOG].detail, "");
    examine_with_log("ccel/gcp_cos113.ccel.bin", &x);
    assert_true(x.check[CHECK_EVENT_LOG].judged);
    assert_int_equal(x.check[CHECK_EVENT_LOG].fault, FAULT_NONE);
    assert_int_equal(x.fault, FAULT_COLLATERAL_MISSING);
    assert_string_equal(attest_check_name(CHECK_EVENT_LOG), "event log");
}

static void a_log_that_does_not_lead_to_the_quotes_registers_refuses_it(void **state)
{
    struct attest_examination x;

    (void)state;
    examine_with_log("ccel/gcp_cos113_DUPE_SEPARATOR.ccel.bin", &x);
    assert_false(x.ok);
    assert_int_equal(x.fault, FAULT_RTMR_MISMATCH);
    assert_int_equal(x.first, CHECK_EVENT_LOG);
    assert_non_null(strstr(x.check[CHECK_EVENT_LOG].detail, "RTMR0 RTMR1 of another machine"));
    examine_with_log("ccel/gcp_cos113.ccel_table.bin", &x);
    assert_int_equal(x.fault, FAULT_EVENT_LOG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_quotes_pass_but_for_those_that_policy_refuses),
        cmocka_unit_test(the_sgx_extension_of_every_real_leaf_is_read),
        cmocka_unit_test(a_chain_outside_its_validity_is_refused),
        cmocka_unit_test(the_first_and_the_last_second_of_a_chain_are_valid),
        cmocka_unit_test(other_report_data_is_refused_bit_by_bit),
        cmocka_unit_test(a_policy_that_names_a_bit_accepts_it_but_never_debug),
        cmocka_unit_test(without_collateral_no_build_takes_a_quote),
        cmocka_unit_test(the_product_releases_nothing_on_a_development_root),
        cmocka_unit_test(only_development_builds_know_a_second_root),
        cmocka_unit_test(a_known_platform_is_judged_as_an_unknown_one),
        cmocka_unit_test(a_known_platform_does_not_vouch_for_another_qe_report),
        cmocka_unit_test(an_event_log_is_judged_when_there_is_one),
        cmocka_unit_test(a_log_that_does_not_lead_to_the_quotes_registers_refuses_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
