/* policy: the word of a grant, and when it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "gov/policy.h"
#include "support/eth.h"
#include "support/json_vectors.h"

static uint64_t number(const json_t *obj, const char *member)
{
    return strtoull(jv_str(obj, member), NULL, 10);
}

static void words_decode_to_what_the_vectors_say(void **state)
{
    json_t *root = jv_load("tests/vectors/gov-words.json");
    const json_t *list = jv_get(root, "policy"), *v;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(list), 6);
    json_array_foreach((json_t *)list, i, v)
    {
        struct hash32 word = vector_hash(jv_str(v, "word"));
        struct gov_policy p;
        struct err e;

        assert_int_equal(gov_policy_decode(&word, &p, &e), ERR_OK);
        assert_int_equal(p.state, number(v, "state"));
        assert_int_equal(p.policy_id, number(v, "policy_id"));
        assert_true(p.active_from == number(v, "active_from"));
        assert_true(p.not_after == number(v, "not_after"));
        assert_int_equal(p.version, number(v, "version"));
    }
    json_decref(root);
}

static void words_that_no_contract_writes_are_refused(void **state)
{
    json_t *root = jv_load("tests/vectors/gov-words.json");
    const char *name;
    json_t *v;

    (void)state;
    json_object_foreach((json_t *)jv_get(root, "policy_invalid"), name, v)
    {
        struct hash32 word = vector_hash(json_string_value(v));
        struct gov_policy p;
        struct err e;

        if (gov_policy_decode(&word, &p, &e) != ERR_INVALID)
            fail_msg("%s was read", name);
    }
    json_decref(root);
}

#define FROM  1000
#define UNTIL 2000

static enum gov_refusal at(enum gov_state state, uint64_t block, uint64_t now)
{
    const struct gov_policy p = {.state = state, .active_from = FROM, .not_after = UNTIL};
    const struct gov_time t = {.block = block, .now = now};

    return gov_policy_active(&p, &t);
}

static void a_word_that_was_never_set_allows_nothing(void **state)
{
    (void)state;
    assert_int_equal(at(GOV_NONE, 1500, 1500), GOV_NEVER_SET);
}

static void a_revoked_word_allows_nothing(void **state)
{
    (void)state;
    assert_int_equal(at(GOV_REVOKED, 1500, 1500), GOV_IS_REVOKED);
}

static void a_frozen_word_allows_nothing(void **state)
{
    (void)state;
    assert_int_equal(at(GOV_FROZEN, 1500, 1500), GOV_IS_FROZEN);
}

static void a_grant_counts_from_its_first_second_by_the_block(void **state)
{
    (void)state;
    assert_int_equal(at(GOV_ALLOWED, FROM - 1, 1500), GOV_NOT_YET);
    assert_int_equal(at(GOV_ALLOWED, FROM, 1500), GOV_ACTIVE);
}

static void a_grant_counts_to_its_last_second_by_the_later_clock(void **state)
{
    (void)state;
    assert_int_equal(at(GOV_ALLOWED, 1500, UNTIL), GOV_ACTIVE);
    assert_int_equal(at(GOV_ALLOWED, 1500, UNTIL + 1), GOV_EXPIRED);
}

static void no_end_means_no_end(void **state)
{
    const struct gov_policy p = {.state = GOV_ALLOWED, .active_from = FROM};
    const struct gov_time t = {.block = 1500, .now = UINT64_MAX};

    (void)state;
    assert_int_equal(gov_policy_active(&p, &t), GOV_ACTIVE);
}

static void the_later_of_both_clocks_decides_about_the_end(void **state)
{
    (void)state;
    assert_true(gov_time_of(100, 200).now == 200);
    assert_true(gov_time_of(200, 100).now == 200);
    assert_true(gov_time_of(200, -5).now == 200);
    assert_true(gov_time_of(200, 500).block == 200);
}

static void check_says(const struct gov_policy *p, const char *expected)
{
    const struct gov_time t = {.block = 1500, .now = 1500};
    struct err e = {0};

    assert_int_equal(gov_policy_check(p, &t, "identity", &e), ERR_DENIED);
    assert_string_equal(e.msg, expected);
}

static void a_refusal_says_what_and_when(void **state)
{
    (void)state;
    check_says(&(struct gov_policy){.state = GOV_NONE}, "identity: not allowed");
    check_says(&(struct gov_policy){.state = GOV_REVOKED}, "identity: revoked");
    check_says(&(struct gov_policy){.state = GOV_FROZEN}, "identity: frozen");
    check_says(&(struct gov_policy){.state = GOV_ALLOWED, .active_from = 1790000000},
               "identity: not active until 2026-09-21T14:13:20Z");
    check_says(&(struct gov_policy){.state = GOV_ALLOWED, .not_after = 1000},
               "identity: expired at 1970-01-01T00:16:40Z");
    check_says(&(struct gov_policy){.state = GOV_ALLOWED, .active_from = UINT64_MAX},
               "identity: not active until 9999-12-31T23:59:59Z");
}

static void an_active_grant_passes_the_check(void **state)
{
    const struct gov_policy p = {.state = GOV_ALLOWED, .active_from = FROM, .not_after = UNTIL};
    const struct gov_time t = {.block = 1500, .now = 1500};
    struct err e;

    (void)state;
    assert_int_equal(gov_policy_check(&p, &t, "identity", &e), ERR_OK);
}

static void every_refusal_has_its_own_name(void **state)
{
    (void)state;
    for (int a = GOV_ACTIVE; a <= GOV_EXPIRED; a++) {
        assert_string_not_equal(gov_refusal_name((enum gov_refusal)a), "unknown");
        for (int b = a + 1; b <= GOV_EXPIRED; b++)
            assert_string_not_equal(gov_refusal_name((enum gov_refusal)a),
                                    gov_refusal_name((enum gov_refusal)b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_decode_to_what_the_vectors_say),
        cmocka_unit_test(words_that_no_contract_writes_are_refused),
        cmocka_unit_test(a_word_that_was_never_set_allows_nothing),
        cmocka_unit_test(a_revoked_word_allows_nothing),
        cmocka_unit_test(a_frozen_word_allows_nothing),
        cmocka_unit_test(a_grant_counts_from_its_first_second_by_the_block),
        cmocka_unit_test(a_grant_counts_to_its_last_second_by_the_later_clock),
        cmocka_unit_test(no_end_means_no_end),
        cmocka_unit_test(the_later_of_both_clocks_decides_about_the_end),
        cmocka_unit_test(a_refusal_says_what_and_when),
        cmocka_unit_test(an_active_grant_passes_the_check),
        cmocka_unit_test(every_refusal_has_its_own_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
