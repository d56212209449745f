/* examine: every case of tests/vectors/dcap/cases.json, judged as `teereg evidence verify` judges.
 */
#include "support/dcap.h"
#include "attest/examine.h"

static void need_collateral(const char *name, struct bytes quote, const struct attest_roots *roots,
                            struct collateral *ret)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file(name);
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct quote q;
    struct err e;

    need(collateral_bundle_decode(text, &bundle, &e), &e);
    if (quote_parse(quote, &q, NULL, &e) == ERR_OK)
        need(collateral_complete(&bundle, q.pck_pem, &e), &e);
    collateral_of_bundle(&bundle, roots, NULL, ret);
}

static const char *text_of(const json *one, const char *member)
{
    const json *v = NULL;
    struct err e;

    return json_has(one, member) && json_get(one, member, &v, &e) == ERR_OK ? json_str(v) : NULL;
}

static void judge(const json *one, const struct attest_policy *policy, platform_cache *cache,
                  struct attest_examination *ret)
{
    struct bytes quote AUTO_CALL(dcap_free) = dcap_file(text_of(one, "quote"));
    const char *root_name = text_of(one, "trust_root"), *bundle = text_of(one, "collateral");
    struct bytes der AUTO_CALL(dcap_free) = {0};
    struct attest_root root AUTO_CALL(attest_root_done) = {0};
    struct collateral c AUTO_CALL(collateral_done) = {0};
    struct attest_roots roots = *attest_roots();
    uint64_t at;
    struct err e;

    if (root_name) {
        der = dcap_file(root_name);
        need(attest_root_of(der, "test root", &root, &e), &e);
        roots = (struct attest_roots){&root, 1};
    }
    if (bundle)
        need_collateral(bundle, quote, &roots, &c);
    need(json_get_u64(one, "at", INT64_MAX, &at, &e), &e);

    const struct attest_question question = {
        .quote = quote,
        .tee = QUOTE_TEE_TDX,
        .roots = &roots,
        .policy = policy,
        .collateral = bundle ? &c : NULL,
        .now = (int64_t)at,
        .cache = root_name ? NULL : cache,
    };

    attest_examine(&question, ret);
}

static bool as_expected(const struct attest_examination *x, const char *expect)
{
    const char *status = strchr(expect, ':');
    bool same =
        status && x->facts.has_tcb && strcmp(tcb_status_name(x->facts.tcb.status), status + 1) == 0;

    if (strncmp(expect, "accept:", 7) == 0)
        return x->ok && same;
    if (strncmp(expect, "status:", 7) == 0)
        return !x->ok && same && x->fault == FAULT_TCB_STATUS;
    return !x->ok;
}

static void each_case_has_its_verdict(const struct attest_policy *policy, platform_cache *cache)
{
    AUTO(json) all = vector_json(DCAP "cases.json");

    assert_int_equal(json_len(all), 105);
    for (size_t i = 0; i < json_len(all); i++) {
        const json *one = json_at(all, i);
        struct attest_examination x;

        judge(one, policy, cache, &x);
        if (!as_expected(&x, text_of(one, "expect")))
            fail_msg("%s: %s %s, expected %s", text_of(one, "name"), x.ok ? "accept" : "reject",
                     attest_fault_name(x.fault), text_of(one, "expect"));
    }
}

static void every_case_has_its_verdict(void **state)
{
    (void)state;
    each_case_has_its_verdict(&attest_policy_default, NULL);
}

static void a_warm_cache_changes_no_verdict(void **state)
{
    AUTO(platform_cache) cache = NULL;
    struct err e;

    (void)state;
    need(platform_cache_new(64, &cache, &e), &e);
    for (int i = 0; i < 2; i++)
        each_case_has_its_verdict(&attest_policy_default, cache);
}

/* `any` widens statuses, and nothing else. */
static void any_status_accepts_what_is_refused_for_its_status_alone(void **state)
{
    struct attest_policy policy = attest_policy_default;
    AUTO(json) all = vector_json(DCAP "cases.json");

    (void)state;
    policy.statuses = TCB_STATUS_ANY;
    for (size_t i = 0; i < json_len(all); i++) {
        const json *one = json_at(all, i);
        const char *expect = text_of(one, "expect");
        bool accepted = strncmp(expect, "accept:", 7) == 0 || strncmp(expect, "status:", 7) == 0;
        struct attest_examination x;

        judge(one, &policy, NULL, &x);
        if (x.ok != accepted)
            fail_msg("%s: %s %s", text_of(one, "name"), x.ok ? "accept" : "reject",
                     attest_fault_name(x.fault));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_has_its_verdict),
        cmocka_unit_test(a_warm_cache_changes_no_verdict),
        cmocka_unit_test(any_status_accepts_what_is_refused_for_its_status_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
