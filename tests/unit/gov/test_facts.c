/* kms, registry: what is read of the two contracts, in how many reads, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "crypto/digest.h"
#include "gov/registry.h"
#include "support/eth.h"
#include "support/fake_view.h"

static const struct addr kms = {{0xca}}, app = {{0xa1}}, old = {{0xa0}}, operator_ = {{0x09}};
static const struct hash32 identity = {{0x1d}}, principal = {{0x92}};
static const uint8_t mrtd[48] = {0x3d};

/* Golden heads of tests/vectors/gov-words.json: scheme 2 with principals, delay 0; and scheme 2
 * with RTMR3, operatorRequired, mask 0x820b, epoch 3, delay 259200, version 41. */
static const char head_kms[] = "0000020000000000000001000000000000000000000000000000000000010002";
static const char head_app[] = "00000200000000000000290003f48000000000000000030000820b0001000102";
/* Allowed from 1790000000 on, version 1; revoked, version 2. */
static const char allowed[] = "000000000000000000000000010000000000000000000000006ab13b80000001";
static const char revoked[] = "0000000000000000000000000200000000000000000000000000000000000002";

struct world {
    struct fake_view fake;
    struct chain_view view;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->fake.newest.timestamp = 1790000100;
    w->fake.newest.ref.number = 7;
    w->view = fake_view_of(&w->fake, 31337);
    fake_view_code(&w->fake, &kms, 0xcc);
    fake_view_code(&w->fake, &app, 0xac);
    fake_view_code(&w->fake, &old, 0x0c);
    fake_view_set(&w->fake, &kms, gov_slot(GOV_SLOT_HEAD), vector_hash(head_kms));
    fake_view_set(&w->fake, &app, gov_slot(GOV_SLOT_HEAD), vector_hash(head_app));
    fake_view_set(&w->fake, &old, gov_slot(GOV_SLOT_HEAD), vector_hash(head_app));
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    fake_view_done(&w->fake);
    free(w);
    return 0;
}

static void set(struct world *w, const struct addr *contract, struct hash32 slot, const char *hex)
{
    fake_view_set(&w->fake, contract, slot, vector_hash(hex));
}

static struct hash32 filled(uint8_t byte)
{
    struct hash32 h;

    memset(h.b, byte, sizeof h.b);
    return h;
}

/* ---- KMS contract ---- */

static struct gov_kms_facts read_kms(struct world *w, const struct gov_kms_query *q)
{
    struct gov_kms_facts f = {0};
    struct err e = {0};

    if (gov_kms_read(&w->view, &w->fake.newest, &kms, q, &f, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return f;
}

static void the_settings_of_the_kms_contract_are_read(void **state)
{
    struct world *w = *state;
    struct gov_kms_facts f;

    fake_view_set(&w->fake, &kms, gov_slot(GOV_KMS_SLOT_ROOT_ID), filled(1));
    fake_view_set(&w->fake, &kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), filled(2));
    fake_view_set(&w->fake, &kms, gov_slot(GOV_SLOT_PKI_HASH), filled(3));
    f = read_kms(w, &(struct gov_kms_query){0});
    assert_int_equal(f.head.scheme, 2);
    assert_true(f.head.principal);
    assert_int_equal(f.root_id.b[5], 1);
    assert_int_equal(f.commitment.b[5], 2);
    assert_int_equal(f.pki_hash.b[5], 3);
    assert_int_equal(f.code_hash.b[0], 0xcc);
    assert_true(f.at.ref.number == 7);
}

static void all_that_a_release_asks_of_the_kms_contract_is_one_read(void **state)
{
    struct world *w = *state;
    const struct gov_kms_query q = {.app = &app,
                                    .principal = &principal,
                                    .operator_ = &operator_,
                                    .firmware_mrtd = mrtd,
                                    .paravisor_mrtd = mrtd,
                                    .policy_id = &(uint16_t){3}};

    read_kms(w, &q);
    assert_int_equal(w->fake.reads, 1);
}

static void each_word_answers_its_own_question(void **state)
{
    struct world *w = *state;
    const struct gov_kms_query q = {.app = &app,
                                    .principal = &principal,
                                    .operator_ = &operator_,
                                    .firmware_mrtd = mrtd,
                                    .paravisor_mrtd = mrtd,
                                    .policy_id = &(uint16_t){3}};
    struct hash32 of_mrtd, three = gov_word_u64(3);
    struct gov_kms_facts f;

    keccak256(BYTES(mrtd), &of_mrtd);
    f = read_kms(w, &q);
    assert_int_equal(f.app.state, GOV_NONE);
    assert_int_equal(f.firmware.state, GOV_NONE);

    set(w, &kms, gov_slot_of_addr(GOV_KMS_SLOT_APPLICATIONS, &app, 0), allowed);
    f = read_kms(w, &q);
    assert_int_equal(f.app.state, GOV_ALLOWED);
    assert_true(f.app.active_from == 1790000000);
    assert_int_equal(f.principal.state, GOV_NONE);

    set(w, &kms, gov_slot_entry(GOV_SLOT_IDENTITIES, &principal, 0), allowed);
    set(w, &kms, gov_slot_of_addr(GOV_SLOT_OPERATORS, &operator_, 0), revoked);
    set(w, &kms, gov_slot_entry(GOV_KMS_SLOT_FIRMWARE, &of_mrtd, 0), allowed);
    f = read_kms(w, &q);
    assert_int_equal(f.principal.state, GOV_ALLOWED);
    assert_int_equal(f.operator_.state, GOV_REVOKED);
    assert_int_equal(f.firmware.state, GOV_ALLOWED);
    assert_int_equal(f.paravisor.state, GOV_NONE);

    set(w, &kms, gov_slot_entry(GOV_KMS_SLOT_PARAVISORS, &of_mrtd, 0), allowed);
    fake_view_set(&w->fake, &kms, gov_slot_entry(GOV_SLOT_POLICY_HASHES, &three, 0), filled(8));
    f = read_kms(w, &q);
    assert_int_equal(f.paravisor.state, GOV_ALLOWED);
    assert_int_equal(f.policy_hash.b[0], 8);
}

static void what_was_not_asked_for_is_none(void **state)
{
    struct world *w = *state;

    set(w, &kms, gov_slot_of_addr(GOV_KMS_SLOT_APPLICATIONS, &app, 0), allowed);
    assert_int_equal(read_kms(w, &(struct gov_kms_query){0}).app.state, GOV_NONE);
}

static enum err_code try_kms(struct world *w, struct err *e)
{
    const struct gov_kms_query q = {.app = &app, .principal = &principal};
    struct gov_kms_facts f;

    return gov_kms_read(&w->view, &w->fake.newest, &kms, &q, &f, e);
}

static void words_of_the_reference_are_refused_by_name(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    /* Its slot 3 is the length of a list. */
    fake_view_set(&w->fake, &kms, gov_slot(GOV_SLOT_HEAD), gov_word_u64(1));
    assert_int_equal(try_kms(w, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "reference"));
}

static void a_contract_that_was_never_set_up_is_refused(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    fake_view_set(&w->fake, &kms, gov_slot(GOV_SLOT_HEAD), (struct hash32){0});
    assert_int_equal(try_kms(w, &e), ERR_DENIED);
}

static void a_later_layout_is_refused(void **state)
{
    struct world *w = *state;
    struct hash32 head = vector_hash(head_kms);
    struct err e = {0};

    head.b[2] = 3;
    fake_view_set(&w->fake, &kms, gov_slot(GOV_SLOT_HEAD), head);
    assert_int_equal(try_kms(w, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "layout 3"));
}

static void a_scheme_that_does_not_exist_is_refused(void **state)
{
    struct world *w = *state;
    struct hash32 head = vector_hash(head_kms);
    struct err e = {0};

    head.b[31] = 3;
    fake_view_set(&w->fake, &kms, gov_slot(GOV_SLOT_HEAD), head);
    assert_int_equal(try_kms(w, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "scheme 3"));
}

static void garbage_in_any_word_is_refused(void **state)
{
    const struct hash32 slots[] = {
        gov_slot(GOV_SLOT_HEAD),
        gov_slot(GOV_SLOT_PREDECESSOR),
        gov_slot(GOV_SLOT_SUCCESSOR),
        gov_slot_of_addr(GOV_KMS_SLOT_APPLICATIONS, &app, 0),
        gov_slot_of_addr(GOV_KMS_SLOT_APPLICATIONS, &app, 2),
        gov_slot_entry(GOV_SLOT_IDENTITIES, &principal, 0),
    };
    struct world *w = *state;
    struct err e = {0};

    assert_int_equal(try_kms(w, &e), ERR_OK);
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        struct hash32 was = i == 0 ? vector_hash(head_kms) : (struct hash32){0};

        fake_view_set(&w->fake, &kms, slots[i], filled(0xff));
        if (try_kms(w, &e) != ERR_DENIED)
            fail_msg("garbage in word %zu was taken", i);
        fake_view_set(&w->fake, &kms, slots[i], was);
    }
}

static void an_outage_of_the_view_is_its_own_error(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    w->fake.fail = ERR_TIMEOUT;
    assert_int_equal(try_kms(w, &e), ERR_TIMEOUT);
}

static void an_address_without_code_is_not_found(void **state)
{
    static const struct addr nowhere = {{0x77}};
    struct world *w = *state;
    struct gov_kms_facts f;
    struct err e = {0};

    assert_int_equal(
        gov_kms_read(&w->view, &w->fake.newest, &nowhere, &(struct gov_kms_query){0}, &f, &e),
        ERR_NOT_FOUND);
}

static void an_application_keeps_the_code_it_was_allowed_with(void **state)
{
    struct gov_kms_facts f = {.app_layout = GOV_LAYOUT_TEEREG, .app_code_hash = filled(4)};
    struct hash32 same = filled(4), other = filled(5);
    struct err e;

    (void)state;
    assert_int_equal(gov_kms_app_code(&f, &same, &e), ERR_OK);
    assert_int_equal(gov_kms_app_code(&f, &other, &e), ERR_DENIED);
    f.app_layout = GOV_LAYOUT_REFERENCE;
    assert_int_equal(gov_kms_app_code(&f, &same, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "reference"));
    f.app_layout = 9;
    assert_int_equal(gov_kms_app_code(&f, &same, &e), ERR_DENIED);
    f.app_layout = 0;
    assert_int_equal(gov_kms_app_code(&f, &same, &e), ERR_DENIED);
}

static void the_recorded_code_and_layout_are_read(void **state)
{
    struct world *w = *state;
    const struct gov_kms_query q = {.app = &app};
    struct gov_kms_facts f;

    fake_view_set(&w->fake, &kms, gov_slot_of_addr(GOV_KMS_SLOT_APPLICATIONS, &app, 1), filled(6));
    fake_view_set(&w->fake, &kms, gov_slot_of_addr(GOV_KMS_SLOT_APPLICATIONS, &app, 2),
                  gov_word_u64(2));
    f = read_kms(w, &q);
    assert_int_equal(f.app_code_hash.b[9], 6);
    assert_int_equal(f.app_layout, 2);
}

/* ---- application contract ---- */

static struct gov_registry_facts read_app(struct world *w, const struct gov_registry_query *q)
{
    struct gov_registry_facts f = {0};
    struct err e = {0};

    if (gov_registry_read(&w->view, &w->fake.newest, &app, q, &f, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return f;
}

static void the_facts_of_an_application_are_one_read(void **state)
{
    struct world *w = *state;
    const struct gov_registry_query q = {.identity = &identity, .operator_ = &operator_};
    struct gov_registry_facts f;

    set(w, &app, gov_slot_entry(GOV_SLOT_IDENTITIES, &identity, 0), allowed);
    set(w, &app, gov_slot_of_addr(GOV_SLOT_OPERATORS, &operator_, 0), revoked);
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_REGISTRY_SLOT_CONFIGS, &identity, 0),
                  filled(0x5c));
    fake_view_set(&w->fake, &app, gov_slot(GOV_SLOT_BACKENDS_HASH), filled(0xbe));
    fake_view_set(&w->fake, &app, gov_slot(GOV_SLOT_PKI_HASH), filled(0x71));
    f = read_app(w, &q);
    assert_int_equal(w->fake.reads, 1);
    assert_int_equal(f.head.epoch, 3);
    assert_int_equal(f.head.pcr_mask, 0x820b);
    assert_true(f.head.rtmr3 && f.head.operator_required);
    assert_int_equal(f.identity.state, GOV_ALLOWED);
    assert_int_equal(f.operator_.state, GOV_REVOKED);
    assert_int_equal(f.config.b[0], 0x5c);
    assert_int_equal(f.backends_hash.b[0], 0xbe);
    assert_int_equal(f.pki_hash.b[0], 0x71);
    assert_int_equal(f.code_hash.b[0], 0xac);
}

static void a_waiting_template_holds_from_its_time_on(void **state)
{
    struct world *w = *state;
    const struct gov_registry_query q = {.identity = &identity};

    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_REGISTRY_SLOT_CONFIGS, &identity, 0),
                  filled(1));
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_REGISTRY_SLOT_CONFIGS, &identity, 1),
                  filled(2));
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_REGISTRY_SLOT_CONFIGS, &identity, 2),
                  gov_word_u64(1790000101));
    assert_int_equal(read_app(w, &q).config.b[0], 1);
    w->fake.newest.timestamp = 1790000101;
    assert_int_equal(read_app(w, &q).config.b[0], 2);
}

static void a_policy_by_number_costs_one_more_read(void **state)
{
    struct world *w = *state;
    const struct gov_registry_query q = {.identity = &identity};
    struct hash32 word = vector_hash(allowed), five = gov_word_u64(5);

    word.b[30] = 5;
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_SLOT_IDENTITIES, &identity, 0), word);
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_SLOT_POLICY_HASHES, &five, 0), filled(0x50));
    assert_int_equal(read_app(w, &q).policy_hash.b[0], 0x50);
    assert_int_equal(w->fake.reads, 2);
}

static void the_policy_that_is_asked_for_is_the_one_that_is_read(void **state)
{
    struct world *w = *state;
    const struct gov_registry_query q = {.identity = &identity, .policy_id = &(uint16_t){6}};
    struct hash32 word = vector_hash(allowed), six = gov_word_u64(6);

    word.b[30] = 5;
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_SLOT_IDENTITIES, &identity, 0), word);
    fake_view_set(&w->fake, &app, gov_slot_entry(GOV_SLOT_POLICY_HASHES, &six, 0), filled(0x60));
    assert_int_equal(read_app(w, &q).policy_hash.b[0], 0x60);
    assert_int_equal(w->fake.reads, 1);
}

static void garbage_of_an_application_is_its_own_refusal(void **state)
{
    struct world *w = *state;
    const struct gov_registry_query q = {.identity = &identity};
    const struct hash32 slots[] = {
        gov_slot(GOV_SLOT_HEAD),
        gov_slot_entry(GOV_SLOT_IDENTITIES, &identity, 0),
        gov_slot_entry(GOV_REGISTRY_SLOT_CONFIGS, &identity, 2),
    };
    struct gov_registry_facts f;
    struct err e = {0};

    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        fake_view_set(&w->fake, &app, slots[i], filled(0xee));
        assert_int_equal(gov_registry_read(&w->view, &w->fake.newest, &app, &q, &f, &e),
                         ERR_DENIED);
        assert_memory_equal(e.msg, "application", 11);
        fake_view_set(&w->fake, &app, slots[i],
                      i == 0 ? vector_hash(head_app) : (struct hash32){0});
    }
}

/* ---- lineage ---- */

static struct hash32 successor_word(const struct addr *at, uint64_t from)
{
    struct hash32 w = gov_word_addr(at);

    for (size_t i = 0; i < 8; i++)
        w.b[11 - i] = (uint8_t)(from >> (8 * i));
    return w;
}

static enum err_code lineage(struct world *w, struct addr *ret)
{
    struct err e = {0};

    return gov_lineage(&w->view, &w->fake.newest, &app, ret, &e);
}

static void the_first_of_its_line_is_its_own_id(void **state)
{
    struct addr id;

    assert_int_equal(lineage(*state, &id), ERR_OK);
    assert_true(addr_eq(&id, &app));
}

static void a_step_back_needs_the_word_of_both(void **state)
{
    struct world *w = *state;
    struct addr id;

    fake_view_set(&w->fake, &app, gov_slot(GOV_SLOT_PREDECESSOR), gov_word_addr(&old));
    assert_int_equal(lineage(w, &id), ERR_VERIFY); /* the old one names nobody */
    fake_view_set(&w->fake, &old, gov_slot(GOV_SLOT_SUCCESSOR), successor_word(&kms, 1));
    assert_int_equal(lineage(w, &id), ERR_VERIFY); /* it names another */
    fake_view_set(&w->fake, &old, gov_slot(GOV_SLOT_SUCCESSOR), successor_word(&app, 1790000101));
    assert_int_equal(lineage(w, &id), ERR_VERIFY); /* not in force yet */
    fake_view_set(&w->fake, &old, gov_slot(GOV_SLOT_SUCCESSOR), successor_word(&app, 1790000100));
    assert_int_equal(lineage(w, &id), ERR_OK);
    assert_true(addr_eq(&id, &old));
}

static void a_line_without_end_is_refused(void **state)
{
    struct world *w = *state;
    struct addr id;

    fake_view_set(&w->fake, &app, gov_slot(GOV_SLOT_PREDECESSOR), gov_word_addr(&app));
    fake_view_set(&w->fake, &app, gov_slot(GOV_SLOT_SUCCESSOR), successor_word(&app, 1));
    assert_int_equal(lineage(w, &id), ERR_VERIFY);
    assert_true(w->fake.reads <= 10);
}

static void a_line_of_eight_steps_is_the_longest(void **state)
{
    struct world *w = *state;
    struct addr at = app, id;

    for (uint8_t i = 1; i <= 9; i++) {
        struct addr before = {{0xb0, i}};

        fake_view_code(&w->fake, &before, 1);
        set(w, &before, gov_slot(GOV_SLOT_HEAD), head_app);
        fake_view_set(&w->fake, &at, gov_slot(GOV_SLOT_PREDECESSOR), gov_word_addr(&before));
        fake_view_set(&w->fake, &before, gov_slot(GOV_SLOT_SUCCESSOR), successor_word(&at, 1));
        assert_int_equal(lineage(w, &id), i <= 8 ? ERR_OK : ERR_VERIFY);
        at = before;
    }
}

int main(void)
{
#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_WORLD(the_settings_of_the_kms_contract_are_read),
        IN_WORLD(all_that_a_release_asks_of_the_kms_contract_is_one_read),
        IN_WORLD(each_word_answers_its_own_question),
        IN_WORLD(what_was_not_asked_for_is_none),
        IN_WORLD(words_of_the_reference_are_refused_by_name),
        IN_WORLD(a_contract_that_was_never_set_up_is_refused),
        IN_WORLD(a_later_layout_is_refused),
        IN_WORLD(a_scheme_that_does_not_exist_is_refused),
        IN_WORLD(garbage_in_any_word_is_refused),
        IN_WORLD(an_outage_of_the_view_is_its_own_error),
        IN_WORLD(an_address_without_code_is_not_found),
        cmocka_unit_test(an_application_keeps_the_code_it_was_allowed_with),
        IN_WORLD(the_recorded_code_and_layout_are_read),
        IN_WORLD(the_facts_of_an_application_are_one_read),
        IN_WORLD(a_waiting_template_holds_from_its_time_on),
        IN_WORLD(a_policy_by_number_costs_one_more_read),
        IN_WORLD(the_policy_that_is_asked_for_is_the_one_that_is_read),
        IN_WORLD(garbage_of_an_application_is_its_own_refusal),
        IN_WORLD(the_first_of_its_line_is_its_own_id),
        IN_WORLD(a_step_back_needs_the_word_of_both),
        IN_WORLD(a_line_without_end_is_refused),
        IN_WORLD(a_line_of_eight_steps_is_the_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
