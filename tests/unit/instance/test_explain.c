/* explain: why governance refuses an image, from the contract and its logs, which a node may have
 * made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "instance/explain.h"
#include "support/fake_kms.h"

struct scene {
    struct fake_kms *k;
    struct measurements own;
    struct hash32 config_hash;
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    if (!s)
        return -1;
    s->k = fake_kms_new();
    measurements_of_td(&s->k->w->td_a, &s->own);
    s->config_hash = (struct hash32){{0xc0}};
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    fake_kms_free(s->k);
    free(s);
    return 0;
}

static struct explained explain(struct scene *s)
{
    struct world *w = s->k->w;
    struct explained ret;
    struct err e = {0};

    if (explain_measurements(&s->k->view, &w->block, &w->app_a, &s->own, &s->config_hash, &w->clock,
                             &ret, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return ret;
}

static void says(const struct explained *x, const char *text)
{
    if (!strstr(x->text, text))
        fail_msg("\"%s\" does not say \"%s\"", x->text, text);
}

static void set_state(struct scene *s, const struct hash32 *identity, struct hash32 policy)
{
    world_set_identity(s->k->w, &s->k->w->app_a, identity, policy);
}

static struct hash32 own_identity(struct scene *s)
{
    return world_identity(s->k->w, &s->k->w->app_a, &s->k->w->td_a, false);
}

static void an_allowed_image_needs_no_words(void **state)
{
    const struct explained x = explain(*state);
    const struct hash32 own = own_identity(*state);

    assert_true(x.allowed);
    assert_string_equal(x.text, "");
    assert_memory_equal(x.identity.b, own.b, 32);
}

static void one_changed_measurement_is_named_with_found_and_expected(void **state)
{
    struct scene *s = *state;
    char found[97], expected[97];
    struct explained x;

    (void)fake_kms_measured(s->k, &s->k->w->app_a, &s->k->w->td_a, true);
    hex_encode(BYTES(s->own.rtmr[2]), expected);
    s->own.rtmr[2][0] ^= 1;
    hex_encode(BYTES(s->own.rtmr[2]), found);
    x = explain(s);
    assert_false(x.allowed);
    says(&x, "rtmr2 differs from the nearest allowed image");
    says(&x, found);
    says(&x, expected);
    assert_true(strstr(x.text, "found") < strstr(x.text, "expected"));
    says(&x, "to allow it: teereg gov set-config --app 0x0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a "
             "--identity ");
    hex_encode(BYTES_OF(x.identity), found);
    says(&x, found);
    says(&x, " --template ");
    assert_null(strstr(x.text, "also different"));
}

static void of_several_allowed_images_the_nearest_is_compared(void **state)
{
    struct scene *s = *state;
    struct td_report far = s->k->w->td_a;
    struct hash32 id;
    struct explained x;

    (void)fake_kms_measured(s->k, &s->k->w->app_a, &s->k->w->td_a, true);
    far.mrtd[0] ^= 1;
    far.rtmr[0][0] ^= 1;
    far.rtmr[1][0] ^= 1;
    id = fake_kms_measured(s->k, &s->k->w->app_a, &far, true);
    set_state(s, &id, world_allowed());
    s->own.rtmr[2][0] ^= 1;
    x = explain(s);
    says(&x, "rtmr2 differs");
    assert_null(strstr(x.text, "mrtd"));
}

static void the_command_is_there_however_much_differs(void **state)
{
    struct scene *s = *state;
    struct explained x;

    (void)fake_kms_measured(s->k, &s->k->w->app_a, &s->k->w->td_a, true);
    memset(s->own.mrconfigid, 1, sizeof s->own.mrconfigid);
    memset(s->own.mrowner, 1, sizeof s->own.mrowner);
    memset(s->own.mrownerconfig, 1, sizeof s->own.mrownerconfig);
    memset(s->own.rtmr[0], 1, sizeof s->own.rtmr[0]);
    memset(s->own.rtmr[1], 1, sizeof s->own.rtmr[1]);
    memset(s->own.rtmr[2], 1, sizeof s->own.rtmr[2]);
    memset(s->own.mrtd, 1, sizeof s->own.mrtd);
    s->own.xfam[0] ^= 4;
    s->own.td_attributes[3] ^= 0x40;
    x = explain(s);
    says(&x, "td_attributes differs");
    says(&x, " --template ");
    says(&x, "also different: xfam, mrtd");
}

static void a_field_that_does_not_count_is_not_blamed(void **state)
{
    struct scene *s = *state;
    struct explained x;

    (void)fake_kms_measured(s->k, &s->k->w->app_a, &s->k->w->td_a, true);
    s->own.rtmr[3][0] ^= 1; /* not part of the identity here */
    x = explain(s);
    assert_true(x.allowed);
    s->own.rtmr[0][0] ^= 1;
    x = explain(s);
    assert_null(strstr(x.text, "rtmr3"));
}

static void a_revoked_or_frozen_image_is_told_so(void **state)
{
    struct scene *s = *state;
    const struct hash32 own = own_identity(s);
    struct explained x;

    set_state(s, &own, world_policy(GOV_REVOKED, 0, 1, 0));
    x = explain(s);
    assert_false(x.allowed);
    says(&x, "this image: revoked");
    says(&x, "teereg gov set-config");
    set_state(s, &own, world_policy(GOV_FROZEN, 0, 1, 0));
    x = explain(s);
    says(&x, "this image: frozen");
}

static void an_image_that_waits_is_told_until_when(void **state)
{
    struct scene *s = *state;
    const struct hash32 own = own_identity(s);
    struct explained x;

    set_state(s, &own, world_policy(GOV_ALLOWED, 0, 1795586400, 0));
    x = explain(s);
    assert_false(x.allowed);
    says(&x, "not active until 2026-11-25T06:00:00Z");
    assert_null(strstr(x.text, "to allow it"));
}

static void where_nothing_is_on_record_it_says_so(void **state)
{
    struct scene *s = *state;
    struct explained x;

    s->own.mrtd[0] ^= 1;
    x = explain(s);
    says(&x, "no allowed one has its measurements on record");
    says(&x, "to allow it: teereg gov set-config");
}

/* Whoever answers for the logs could tell stories about images that nobody allowed. */
static void logs_that_a_node_made_up_change_nothing(void **state)
{
    struct scene *s = *state;
    struct td_report lie = s->k->w->td_a;
    struct explained x;

    lie.rtmr[0][0] ^= 1;
    (void)fake_kms_measured(s->k, &s->k->w->app_a, &lie, true);  /* not allowed by the slots */
    (void)fake_kms_measured(s->k, &s->k->w->app_a, &lie, false); /* of another identity */
    s->k->logs[s->k->n_logs].data = BUF(64);                     /* no ABI at all */
    s->k->logs[s->k->n_logs].n_topics = 2;
    abi_topic(GOV_EV_IDENTITY_MEASURED, &s->k->logs[s->k->n_logs].topics[0]);
    buf_put_str(&s->k->logs[s->k->n_logs++].data, "garbage");
    s->own.rtmr[1][0] ^= 1;
    x = explain(s);
    assert_false(x.allowed);
    says(&x, "no allowed one has its measurements on record");
    (void)fake_kms_measured(s->k, &s->k->w->app_a, &s->k->w->td_a, true);
    x = explain(s);
    says(&x, "rtmr1 differs");
    assert_null(strstr(x.text, "rtmr0"));
}

static void a_node_without_logs_takes_the_reason_but_not_the_answer(void **state)
{
    struct scene *s = *state;
    struct explained x;

    s->k->logs_fail = true;
    s->own.mrtd[0] ^= 1;
    x = explain(s);
    assert_false(x.allowed);
    says(&x, "which ones are, the node does not tell");
    says(&x, "teereg gov set-config");
}

static void where_principals_are_listed_the_configuration_may_be_what_differs(void **state)
{
    struct scene *s = *state;
    struct world *w = s->k->w;
    struct hash32 identity, allowed, other_config = {{0xcc}};
    char hex[HEX_LEN(32)];
    struct explained x;

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .principal = true});
    identity = fake_kms_measured(s->k, &w->app_a, &w->td_a, true);
    identity_principal(&identity, &s->config_hash, &allowed);
    set_state(s, &allowed, world_allowed());
    x = explain(s);
    assert_true(x.allowed);
    assert_memory_equal(x.identity.b, allowed.b, 32);

    s->config_hash = other_config;
    x = explain(s);
    assert_false(x.allowed);
    says(&x, "not with the configuration it runs with");
    hex_encode(BYTES_OF(x.identity), hex);
    says(&x, hex); /* the command names the principal, which no measurements give */
    assert_null(strstr(x.text, "--measurements"));
}

static void a_chain_that_cannot_be_read_is_an_error(void **state)
{
    struct scene *s = *state;
    struct world *w = s->k->w;
    struct explained x;
    struct err e = {0};

    w->fail_read = w->reads + 1;
    w->fail_as = ERR_UPSTREAM;
    assert_int_equal(explain_measurements(&s->k->view, &w->block, &w->app_a, &s->own,
                                          &s->config_hash, &w->clock, &x, &e),
                     ERR_UPSTREAM);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(an_allowed_image_needs_no_words),
        IN_SCENE(one_changed_measurement_is_named_with_found_and_expected),
        IN_SCENE(of_several_allowed_images_the_nearest_is_compared),
        IN_SCENE(the_command_is_there_however_much_differs),
        IN_SCENE(a_field_that_does_not_count_is_not_blamed),
        IN_SCENE(a_revoked_or_frozen_image_is_told_so),
        IN_SCENE(an_image_that_waits_is_told_until_when),
        IN_SCENE(where_nothing_is_on_record_it_says_so),
        IN_SCENE(logs_that_a_node_made_up_change_nothing),
        IN_SCENE(a_node_without_logs_takes_the_reason_but_not_the_answer),
        IN_SCENE(where_principals_are_listed_the_configuration_may_be_what_differs),
        IN_SCENE(a_chain_that_cannot_be_read_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
