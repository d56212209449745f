/* wanted: a desired-state file is read strictly, and what lies between it and a contract is called
 * in an order that denies first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/json.h"
#include "gov/contracts_gen.h"
#include "gov/wanted.h"

#define HEAD(kind)                                                                                 \
    "{\"teereg_state\":1,\"chain_id\":1,\"contract\":"                                             \
    "\"0xca00000000000000000000000000000000000000\",\"kind\":\"" kind "\""
#define ADDRESS "\"0xab00000000000000000000000000000000000000\""
#define HASH    "\"1111111111111111111111111111111111111111111111111111111111111111\""

static gov_wanted *read_text(const char *text)
{
    gov_wanted *w = NULL;
    struct err e = {0};

    if (gov_wanted_parse(bytes_of_str(text), &w, &e) != ERR_OK)
        fail_msg("%s: %s", text, e.msg);
    return w;
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"[]", "object"},
        {"{}", "teereg_state"},
        {"{\"teereg_state\":2}", "expected 1"},
        {HEAD("both") "}", "kind"},
        {HEAD("app") ",\"colour\":1}", "colour"},
        {HEAD("app") ",\"owner\":\"me\"}", "owner"},
        {HEAD("app") ",\"settings\":{\"fast\":true}}", "settings"},
        {HEAD("app") ",\"settings\":{\"paused\":1}}", "paused"},
        {HEAD("app") ",\"settings\":{\"delay\":4294967296}}", "delay"},
        {HEAD("app") ",\"settings\":{\"rtmr3\":true}}", "principal"},
        {HEAD("app") ",\"settings\":{\"rtmr3\":true,\"principal\":true,\"pcr_mask\":16777216}}",
         "pcr_mask"},
        {HEAD("app") ",\"roles\":{\"king\":[]}}", "king"},
        {HEAD("app") ",\"roles\":{\"curator\":[1]}}", "curator"},
        {HEAD("app") ",\"operators\":[{\"address\":" ADDRESS ",\"policy\":65536}]}", "policy"},
        {HEAD("app") ",\"operators\":[{\"address\":" ADDRESS ",\"not_after\":\"soon\"}]}",
         "not_after"},
        {HEAD("app") ",\"operators\":[{\"address\":"
                     "\"0x0000000000000000000000000000000000000000\"}]}",
         "zero"},
        {HEAD("app") ",\"operators\":[{\"address\":" ADDRESS "},{\"address\":" ADDRESS "}]}",
         "twice"},
        {HEAD("app") ",\"operators\":[{\"address\":" ADDRESS ",\"template\":" HASH "}]}",
         "template"},
        {HEAD("app") ",\"operators\":[7]}", "operators"},
        {HEAD("app") ",\"applications\":[]}", "applications"},
        {HEAD("kms") ",\"identities\":[{\"identity\":" HASH ",\"template\":" HASH "}]}",
         "templates"},
        {HEAD("kms") ",\"backends\":[]}", "backends"},
        {HEAD("app") ",\"policies\":[{\"id\":1,\"hash\":" HASH "},{\"id\":1,\"hash\":" HASH "}]}",
         "twice"},
        {HEAD("app") ",\"policies\":[1]}", "policies"},
        {HEAD("app") ",\"backends\":[\"a\",\"a\"]}", "twice"},
        {HEAD("app") ",\"domains\":[\"\"]}", "domains"},
        {HEAD("app") ",\"demands\":\"everything\"}", "expected none, onboarding"},
        {HEAD("app") ",\"demands\":3}", "demands"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        AUTO(gov_wanted) w = NULL;
        struct err e = {0};

        if (gov_wanted_parse(bytes_of_str(wrong[i].text), &w, &e) == ERR_OK)
            fail_msg("%s is read", wrong[i].text);
        if (!strstr(e.msg, wrong[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", wrong[i].text, e.msg, wrong[i].says);
    }
}

static gov_contract *contract_of(const gov_wanted *w)
{
    gov_contract *c = calloc(1, sizeof *c);

    assert_non_null(c);
    c->contract = w->contract;
    c->kms = w->kms;
    c->owner.b[0] = 0x0e;
    c->at.timestamp = 1000;
    return c;
}

static gov_actions *differences(const gov_wanted *w, const gov_contract *c)
{
    gov_actions *a = NULL;
    struct err e = {0};

    if (gov_wanted_diff(w, c, &a, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return a;
}

static void what_is_not_in_the_file_is_left_alone(void **state)
{
    AUTO(gov_wanted) w = read_text(HEAD("app") "}");
    AUTO(gov_contract) c = contract_of(w);
    AUTO(gov_actions) a = NULL;

    (void)state;
    c->subjects[c->n_subjects++] =
        (struct gov_subject){.kind = GOV_KIND_OPERATOR, .policy = {.state = GOV_ALLOWED}};
    c->members[c->n_members++] = (struct gov_member){.role = GOV_ROLE_CURATOR};
    c->policies[c->n_policies++].hash.current.b[0] = 1;
    a = differences(w, c);
    assert_null(gov_action_at(a, 0));
}

static void what_denies_comes_first(void **state)
{
    AUTO(gov_wanted) w = read_text(
        HEAD("app") ",\"settings\":{\"paused\":true,\"delay\":60},\"roles\":{\"curator\":["
                    "]},\"operators\":[{\"address\":" ADDRESS "}]}");
    static const char *const order[] = {GOV_FN_SET_PAUSED, GOV_FN_REVOKE, GOV_FN_REVOKE_ROLE,
                                        GOV_FN_ALLOW, GOV_FN_SET_DELAY};
    AUTO(gov_contract) c = contract_of(w);
    AUTO(gov_actions) a = NULL;

    (void)state;
    c->subjects[c->n_subjects++] = (struct gov_subject){
        .kind = GOV_KIND_OPERATOR, .subject = {{[31] = 9}}, .policy = {.state = GOV_ALLOWED}};
    c->members[c->n_members++] = (struct gov_member){.role = GOV_ROLE_CURATOR};
    a = differences(w, c);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(gov_action_at(a, i)->function, order[i]);
    assert_null(gov_action_at(a, 5));
}

/* A waiting loosening: not asked for again, then applied, once for all settings. */
static void what_waits_is_not_asked_for_again(void **state)
{
    AUTO(gov_wanted) w = read_text(
        HEAD("app") ",\"settings\":{\"paused\":false,\"operator_required\":false,\"delay\":5}}");
    AUTO(gov_contract) c = contract_of(w);
    AUTO(gov_actions) early = NULL;
    AUTO(gov_actions) late = NULL;

    (void)state;
    c->head = (struct gov_head){.paused = true, .operator_required = true, .delay = 9};
    c->pending = (struct gov_pending){.delay = 5, .from = 2000};
    early = differences(w, c);
    for (size_t i = 0; i < 3; i++)
        assert_true(gov_action_at(early, i)->waits);
    assert_null(gov_action_at(early, 3));
    c->at.timestamp = 2000;
    late = differences(w, c);
    assert_string_equal(gov_action_at(late, 0)->function, GOV_FN_APPLY_SETTINGS);
    assert_null(gov_action_at(late, 1));
}

static void a_pending_value_that_is_not_wanted_is_set_anew(void **state)
{
    AUTO(gov_wanted) w = read_text(HEAD("app") ",\"settings\":{\"delay\":9}}");
    AUTO(gov_contract) c = contract_of(w);
    AUTO(gov_actions) a = NULL;

    (void)state;
    c->head.delay = 9;
    c->pending = (struct gov_pending){.delay = 5, .from = 2000};
    a = differences(w, c);
    assert_string_equal(gov_action_at(a, 0)->function, GOV_FN_SET_DELAY);
}

static const char *function_at(const gov_actions *a, size_t i)
{
    const struct gov_action *action = gov_action_at(a, i);

    return !action ? "" : action->waits ? "waits" : action->function;
}

/* Settings that wait come into force together: none is applied beside one that the file does not
 * want, and what the file asks for instead lets all of them wait again. */
static void what_is_not_wanted_is_not_applied_with_what_is(void **state)
{
    AUTO(gov_wanted) w = read_text(
        HEAD("app") ",\"settings\":{\"operator_required\":false,\"delay\":5,\"rtmr3\":true,"
                    "\"principal\":false,\"pcr_mask\":0}}");
    AUTO(gov_contract) c = contract_of(w);
    AUTO(gov_actions) a = NULL;

    (void)state;
    c->head = (struct gov_head){.operator_required = true, .delay = 9, .rtmr3 = true};
    c->pending = (struct gov_pending){.delay = 5, .from = 900}; /* and rtmr3 off */
    a = differences(w, c);
    assert_string_equal(function_at(a, 0), "waits");
    assert_string_equal(function_at(a, 1), GOV_FN_SET_IDENTITY_RULES);
    assert_string_equal(function_at(a, 2), "waits");
    assert_null(gov_action_at(a, 3));
}

/* Or what is applied, and granted after it, would have the shorter delay for a while. */
static void a_delay_that_would_fall_is_mended_before_anything_is_applied(void **state)
{
    AUTO(gov_wanted) w = read_text(HEAD(
        "app") ",\"settings\":{\"paused\":false,\"delay\":9},\"operators\":[{\"address\":" ADDRESS
               "}]}");
    AUTO(gov_contract) c = contract_of(w);
    AUTO(gov_actions) a = NULL;

    (void)state;
    c->head = (struct gov_head){.paused = true, .delay = 9};
    c->pending = (struct gov_pending){.delay = 5, .from = 900};
    a = differences(w, c);
    assert_string_equal(function_at(a, 0), GOV_FN_SET_DELAY);
    assert_string_equal(function_at(a, 1), GOV_FN_APPLY_SETTINGS);
    assert_string_equal(function_at(a, 2), GOV_FN_ALLOW);
    assert_null(gov_action_at(a, 3));
}

/* The contract refuses to take these from the owner, and giving them to it changes nothing. */
static void the_roles_that_come_with_ownership_are_no_difference(void **state)
{
    AUTO(gov_wanted) w = read_text(HEAD("app") ",\"roles\":{\"guardian\":[],\"curator\":[" ADDRESS
                                               "],\"instance\":[]}}");
    AUTO(gov_contract) c = contract_of(w);
    AUTO(gov_actions) a = NULL;

    (void)state;
    c->owner = w->members[0].who;
    c->members[c->n_members++] = (struct gov_member){GOV_ROLE_GUARDIAN, c->owner};
    c->members[c->n_members++] = (struct gov_member){GOV_ROLE_INSTANCE, c->owner};
    a = differences(w, c);
    assert_string_equal(function_at(a, 0), GOV_FN_REVOKE_ROLE);
    assert_non_null(strstr(gov_action_at(a, 0)->text, "instance"));
    assert_null(gov_action_at(a, 1));
}

/* Who was offered the contract may take it at any moment. */
static void an_offer_of_ownership_to_another_is_taken_back(void **state)
{
    AUTO(gov_wanted) w = read_text(HEAD("app") ",\"owner\":" ADDRESS "}");
    AUTO(gov_contract) c = contract_of(w);
    AUTO(gov_actions) none = NULL;
    AUTO(gov_actions) a = NULL;

    (void)state;
    c->owner = w->owner;
    none = differences(w, c);
    assert_null(gov_action_at(none, 0));
    c->pending_owner.b[0] = 0xba;
    a = differences(w, c);
    assert_string_equal(function_at(a, 0), GOV_FN_TRANSFER_OWNERSHIP);
    assert_true(bytes_all_zero(BYTES(gov_action_at(a, 0)->values[0].word)));
    assert_non_null(strstr(gov_action_at(a, 0)->text, "0xba00"));
    assert_null(gov_action_at(a, 1));
}

static void demands_wait_or_are_set(void **state)
{
    static const struct {
        uint8_t now, next;
        uint64_t from;
        const char *text; /* NULL: there is nothing to say */
    } cases[] = {
        {1, 0, 0, NULL},
        {0, 0, 0, "set demands to onboarding"},
        {3, 0, 0, "set demands to onboarding"},
        {3, 1, 2000, "demands: wait until"},
        {3, 1, 1000, NULL}, /* it has waited */
        {1, 0, 2000, "set demands to onboarding"},
        {3, 2, 2000, "set demands to onboarding"},
    };
    AUTO(gov_wanted) w = read_text(HEAD("app") ",\"demands\":\"onboarding\"}");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO(gov_contract) c = contract_of(w);
        AUTO(gov_actions) a = NULL;

        c->demands = (struct gov_timed){gov_word_u64(cases[i].now), gov_word_u64(cases[i].next),
                                        cases[i].from};
        a = differences(w, c);
        if (cases[i].text)
            assert_non_null(strstr(gov_action_at(a, 0)->text, cases[i].text));
        assert_null(gov_action_at(a, cases[i].text ? 1 : 0));
    }
}

static void another_contract_is_not_compared(void **state)
{
    AUTO(gov_wanted) w = read_text(HEAD("app") "}");
    AUTO(gov_contract) c = contract_of(w);
    gov_actions *a = NULL;
    struct err e = {0};

    (void)state;
    c->contract.b[0] ^= 1;
    assert_int_equal(gov_wanted_diff(w, c, &a, &e), ERR_INVALID);
    c->contract.b[0] ^= 1;
    c->kms = true;
    assert_int_equal(gov_wanted_diff(w, c, &a, &e), ERR_INVALID);
    assert_null(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(what_is_not_in_the_file_is_left_alone),
        cmocka_unit_test(what_denies_comes_first),
        cmocka_unit_test(what_waits_is_not_asked_for_again),
        cmocka_unit_test(a_pending_value_that_is_not_wanted_is_set_anew),
        cmocka_unit_test(what_is_not_wanted_is_not_applied_with_what_is),
        cmocka_unit_test(a_delay_that_would_fall_is_mended_before_anything_is_applied),
        cmocka_unit_test(the_roles_that_come_with_ownership_are_no_difference),
        cmocka_unit_test(an_offer_of_ownership_to_another_is_taken_back),
        cmocka_unit_test(another_contract_is_not_compared),
        cmocka_unit_test(demands_wait_or_are_set),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
