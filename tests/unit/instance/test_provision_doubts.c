/* provision: what the newest blocks deny stops an instance before it is final, and what they grant
 * is not used (SR-16). */
#include "unit/instance/provision_support.h"

static void a_pause_in_the_newest_block_costs_no_release(void **state)
{
    struct scene *s = *state;

    world_doubt(s->k->w, &s->config.app, gov_slot(GOV_SLOT_HEAD),
                world_head_word(&(struct gov_head){.scheme = 2, .paused = true}));
    (void)refused(s, ERR_DENIED, "not final yet: the application's contract: paused");
    assert_int_equal(s->k->secrets_requests, 0);
}

/* With the identity, as the contract does it; only what was taken away here is asked here. */
static void a_configuration_taken_away_in_the_newest_block_costs_no_release(void **state)
{
    struct scene *s = *state;

    world_doubt(s->k->w, &s->config.app, gov_slot_entry(GOV_REGISTRY_SLOT_CONFIGS, &s->identity, 0),
                (struct hash32){0});
    (void)refused(s, ERR_NOT_FOUND, "not final yet: the contract names no configuration");
    assert_int_equal(s->k->secrets_requests, 0);
}

static void an_image_that_the_newest_block_revokes_is_told_so(void **state)
{
    struct scene *s = *state;

    world_doubt(s->k->w, &s->config.app, gov_slot_entry(GOV_SLOT_IDENTITIES, &s->identity, 0),
                world_policy(GOV_REVOKED, 0, 1, 0));
    (void)refused(s, ERR_DENIED, "not final yet: this image: revoked");
}

static void another_configuration_in_the_newest_block_is_not_used_yet(void **state)
{
    struct scene *s = *state;
    struct provisioned p AUTO_CALL(provisioned_done) = {0};
    struct err e = {0};

    world_doubt(s->k->w, &s->config.app, gov_slot_entry(GOV_REGISTRY_SLOT_CONFIGS, &s->identity, 0),
                (struct hash32){{0x77}});
    assert_int_equal(provision_fetch(&s->config, NULL, &p, &e), ERR_OK);
    assert_true(hash32_eq(&p.template_, &s->template_));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(a_pause_in_the_newest_block_costs_no_release),
        IN_SCENE(a_configuration_taken_away_in_the_newest_block_costs_no_release),
        IN_SCENE(an_image_that_the_newest_block_revokes_is_told_so),
        IN_SCENE(another_configuration_in_the_newest_block_is_not_used_yet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
