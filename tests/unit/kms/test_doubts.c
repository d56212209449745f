/* doubts: what denies in the newest blocks counts before it is final, and nothing that grants
 * (SR-16). */
#include <time.h>
#include "unit/kms/policy_support.h"

/* ---- words ---- */

static void what_is_denied_at_the_newest_block_is_denied_now(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    const struct hash32 revoked = world_policy(GOV_REVOKED, 0, 1, 0), self = w->ctx.authority.self,
                        identity = world_identity(w, &w->app_a, &w->td_a, false);
    struct finalized_block at;
    enum kms_reason why;
    struct err e;

    world_doubt(w, &w->config.kms, gov_slot_entry(GOV_SLOT_IDENTITIES, &self, 0), revoked);
    assert_why(w, &a, KMS_SELF_NOT_ALLOWED);
    assert_int_equal(kms_decide_self(&w->ctx.authority, &at, &why, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "not final yet"));
    world_doubt(w, &w->config.kms, gov_slot_of_addr(GOV_KMS_SLOT_APPLICATIONS, &w->app_a, 0),
                revoked);
    assert_why(w, &a, KMS_APP_NOT_ALLOWED);
    world_doubt(w, &w->app_a, gov_slot_entry(GOV_SLOT_IDENTITIES, &identity, 0), revoked);
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
    w->has_doubt = false; /* the same words where nobody doubts */
    assert_why(w, &a, KMS_GRANTED);
}

static void what_is_granted_at_the_newest_block_is_not_granted_yet(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    const struct hash32 identity = world_identity(w, &w->app_a, &w->td_a, false);

    world_set_identity(w, &w->app_a, &identity, world_policy(GOV_REVOKED, 0, 1, 0));
    world_doubt(w, &w->app_a, gov_slot_entry(GOV_SLOT_IDENTITIES, &identity, 0), world_allowed());
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
}

static void a_sooner_end_in_the_newest_block_is_the_end(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    const struct hash32 id = world_identity(w, &w->app_a, &w->td_a, false);
    AUTO(X509) leaf = NULL;
    struct tm end;
    struct err e = {0};

    world_set_identity(w, &w->app_a, &id, world_policy(GOV_ALLOWED, 0, 1, WORLD_NOW + 900));
    world_doubt(w, &w->app_a, gov_slot_entry(GOV_SLOT_IDENTITIES, &id, 0),
                world_policy(GOV_ALLOWED, 0, 1, WORLD_NOW + 700));
    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
    assert_int_equal(x509_parse(c.secrets.certificate, &leaf, &e), ERR_OK);
    assert_int_equal(ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end), 1);
    assert_int_equal(timegm(&end), WORLD_NOW + 700);
}

/* The decision about the identity alone, as `teereg explain` asks for it without evidence. */
static enum kms_reason decided(struct world *w, const struct kms_subject *who)
{
    struct kms_identity_standing permission;
    struct kms_app_standing app;
    enum kms_reason why = KMS_GRANTED;
    struct err e = {0};

    assert_int_equal(kms_decide_app(&w->ctx.authority, &w->app_a, NULL, &app, &why, &e), ERR_OK);
    (void)!kms_decide_identity(&w->ctx.authority, &w->app_a, &app, who, &permission, &why, &e);
    return why;
}

/* ---- policies ---- */

static struct hash32 policy_slot(uint16_t id)
{
    const struct hash32 key = gov_word_u64(id);

    return gov_slot_entry(GOV_SLOT_POLICY_HASHES, &key, 0);
}

static void a_stricter_policy_counts_before_it_is_final(void **state)
{
    const struct attest_policy good = wants_evaluation(17), bad = wants_evaluation(18);
    struct world *w = *state;
    struct ask a = world_ask(w);

    identity_under(w, 7);
    publish(w, &w->app_a, 7, &good);
    assert_why(w, &a, KMS_GRANTED); /* its body is known from here on */
    publish(w, &w->app_a, 7, &bad);
    set_hash(w, &w->app_a, 7, hash_of(&good));
    world_doubt(w, &w->app_a, policy_slot(7), hash_of(&bad));
    assert_why(w, &a, KMS_POLICY_REFUSED);
    set_hash(w, &w->app_a, 7, hash_of(&bad)); /* and a laxer one does not take its place */
    world_doubt(w, &w->app_a, policy_slot(7), hash_of(&good));
    assert_why(w, &a, KMS_POLICY_REFUSED);
    world_doubt(w, &w->app_a, policy_slot(7), (struct hash32){0});
    set_hash(w, &w->app_a, 7, hash_of(&good));
    assert_why(w, &a, KMS_POLICY_UNKNOWN); /* taken away, and still named */
}

static void a_stricter_policy_of_the_kms_contract_counts_before_it_is_final(void **state)
{
    const struct attest_policy bad = wants_evaluation(18);
    struct world *w = *state;
    struct ask a = world_ask(w);

    publish(w, &w->config.kms, 0, &bad);
    set_hash(w, &w->config.kms, 0, (struct hash32){0});
    assert_why(w, &a, KMS_GRANTED);
    world_doubt(w, &w->config.kms, policy_slot(0), hash_of(&bad));
    assert_why(w, &a, KMS_POLICY_REFUSED);
}

static void another_policy_for_an_identity_counts_before_it_is_final(void **state)
{
    const struct attest_policy bad = wants_evaluation(18);
    const struct hash32 word = world_policy(GOV_ALLOWED, 8, 1, 0);
    struct world *w = *state;
    struct ask a = world_ask(w);
    const struct hash32 id = world_identity(w, &w->app_a, &w->td_a, false);
    const struct kms_subject who = {.name = id};

    world_doubt(w, &w->app_a, gov_slot_entry(GOV_SLOT_IDENTITIES, &id, 0), word);
    assert_why(w, &a, KMS_POLICY_UNKNOWN);
    assert_int_equal(decided(w, &who), KMS_POLICY_UNKNOWN);
    publish(w, &w->app_a, 8, &bad);
    assert_why(w, &a, KMS_POLICY_REFUSED);
}

static void the_body_of_a_policy_may_be_as_new_as_its_hash(void **state)
{
    const struct attest_policy good = wants_evaluation(17);
    struct world *w = *state;
    struct ask a = world_ask(w);

    publish(w, &w->app_a, 0, &good);
    w->artifact_is_new = true;
    assert_why(w, &a, KMS_POLICY_UNKNOWN); /* a final hash has a final body */
    set_hash(w, &w->app_a, 0, (struct hash32){0});
    world_doubt(w, &w->app_a, policy_slot(0), hash_of(&good));
    assert_why(w, &a, KMS_GRANTED);
}

/* ---- settings ---- */

static void an_operator_who_is_wanted_in_the_newest_block_must_vouch(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct addr who;
    AUTO(secret) key = operator_key(&who);

    world_doubt(w, &w->app_a, gov_slot(GOV_SLOT_HEAD),
                world_head_word(&(struct gov_head){.scheme = 2, .operator_required = true}));
    assert_why(w, &a, KMS_OPERATOR_MISSING);
    a.operator_key = key;
    assert_why(w, &a, KMS_OPERATOR_NOT_ALLOWED);
    world_set_operator(w, &w->app_a, &who, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
    a.authorize.app = w->app_b; /* matters where one is wanted, and only there */
    assert_why(w, &a, KMS_OPERATOR_NOT_ALLOWED);
    w->has_doubt = false;
    assert_why(w, &a, KMS_GRANTED);
}

static void an_identity_must_be_allowed_by_the_settings_of_the_newest_block_too(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 with_rtmr3;

    a.td.rtmr[3][0] = 1;
    with_rtmr3 = world_identity(w, &w->app_a, &a.td, true);
    world_doubt(w, &w->app_a, gov_slot(GOV_SLOT_HEAD),
                world_head_word(&(struct gov_head){.scheme = 2, .rtmr3 = true}));
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
    world_set_identity(w, &w->app_a, &with_rtmr3, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
}

static void a_name_alone_does_not_pass_when_settings_make_others(void **state)
{
    struct world *w = *state;
    const struct kms_subject who = {.name = world_identity(w, &w->app_a, &w->td_a, false)};

    world_doubt(w, &w->app_a, gov_slot(GOV_SLOT_HEAD),
                world_head_word(&(struct gov_head){.scheme = 2, .rtmr3 = true}));
    assert_int_equal(decided(w, &who), KMS_IDENTITY_NOT_ALLOWED);
}

/* ---- the time of the newest blocks ---- */

static void a_policy_that_waits_counts_when_the_newest_blocks_reach_its_time(void **state)
{
    const struct attest_policy bad = wants_evaluation(18);
    const struct hash32 key = {{0}};
    struct world *w = *state;
    struct ask a = world_ask(w);

    publish(w, &w->app_a, 0, &bad);
    set_hash(w, &w->app_a, 0, (struct hash32){0});
    world_set(w, &w->app_a, gov_slot_entry(GOV_SLOT_POLICY_HASHES, &key, 1), hash_of(&bad));
    world_set(w, &w->app_a, gov_slot_entry(GOV_SLOT_POLICY_HASHES, &key, 2),
              gov_word_u64(WORLD_NOW - 5));
    assert_why(w, &a, KMS_GRANTED);
    w->block.newest = WORLD_NOW - 6;
    assert_why(w, &a, KMS_GRANTED);
    w->block.newest = WORLD_NOW - 5;
    assert_why(w, &a, KMS_POLICY_REFUSED);
}

static void a_successor_ends_a_contract_when_the_newest_blocks_reach_its_time(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 successor = gov_word_addr(&w->app_b);

    memcpy(successor.b + 4, gov_word_u64(WORLD_NOW - 5).b + 24, 8);
    world_doubt(w, &w->app_a, gov_slot(GOV_SLOT_SUCCESSOR), successor);
    assert_why(w, &a, KMS_GRANTED);
    w->block.newest = WORLD_NOW - 5;
    assert_why(w, &a, KMS_APP_NOT_LIVE);
}

static void what_begins_anew_in_the_newest_blocks_is_not_denied(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    const struct hash32 id = world_identity(w, &w->app_a, &w->td_a, false);

    world_doubt(w, &w->app_a, gov_slot_entry(GOV_SLOT_IDENTITIES, &id, 0),
                world_policy(GOV_ALLOWED, 0, WORLD_NOW - 5, 0));
    w->block.newest = WORLD_NOW - 6;
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
    w->block.newest = WORLD_NOW - 5;
    assert_why(w, &a, KMS_GRANTED);
    w->has_doubt = false; /* what is final has not begun by the final block's time */
    world_set_identity(w, &w->app_a, &id, world_policy(GOV_ALLOWED, 0, WORLD_NOW - 5, 0));
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
}

static void a_clock_that_is_turned_back_does_not_lengthen_a_permission(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    world_allow_app(w, &w->app_a, world_policy(GOV_ALLOWED, 0, 1, WORLD_NOW - 8),
                    world_code_of(&w->app_a), GOV_LAYOUT_TEEREG);
    w->now = WORLD_NOW - 12;
    assert_why(w, &a, KMS_GRANTED);
    w->block.newest = WORLD_NOW - 7;
    assert_why(w, &a, KMS_APP_NOT_ALLOWED);
}

/* The firmware's word is judged later than it is read. */
static void nor_that_of_a_firmware(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct measurements m;
    struct hash32 id, mrtd;

    measurements_of_td(&a.td, &m);
    identity_v1(&m, &w->app_a, &id);
    keccak256(BYTES(a.td.mrtd), &mrtd);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 1});
    world_set_identity(w, &w->app_a, &id, world_allowed());
    world_set(w, &w->config.kms, gov_slot_entry(GOV_KMS_SLOT_FIRMWARE, &mrtd, 0),
              world_policy(GOV_ALLOWED, 0, 1, WORLD_NOW - 8));
    w->now = WORLD_NOW - 12;
    assert_why(w, &a, KMS_GRANTED);
    w->block.newest = WORLD_NOW - 7;
    assert_why(w, &a, KMS_FIRMWARE_NOT_ALLOWED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(what_is_denied_at_the_newest_block_is_denied_now),
        IN_WORLD(what_is_granted_at_the_newest_block_is_not_granted_yet),
        IN_WORLD(a_sooner_end_in_the_newest_block_is_the_end),
        IN_WORLD(a_stricter_policy_counts_before_it_is_final),
        IN_WORLD(a_stricter_policy_of_the_kms_contract_counts_before_it_is_final),
        IN_WORLD(another_policy_for_an_identity_counts_before_it_is_final),
        IN_WORLD(the_body_of_a_policy_may_be_as_new_as_its_hash),
        IN_WORLD(an_operator_who_is_wanted_in_the_newest_block_must_vouch),
        IN_WORLD(an_identity_must_be_allowed_by_the_settings_of_the_newest_block_too),
        IN_WORLD(a_name_alone_does_not_pass_when_settings_make_others),
        IN_WORLD(a_policy_that_waits_counts_when_the_newest_blocks_reach_its_time),
        IN_WORLD(a_successor_ends_a_contract_when_the_newest_blocks_reach_its_time),
        IN_WORLD(what_begins_anew_in_the_newest_blocks_is_not_denied),
        IN_WORLD(a_clock_that_is_turned_back_does_not_lengthen_a_permission),
        IN_WORLD(nor_that_of_a_firmware),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
