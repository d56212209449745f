/* kms_client: a KMS is judged before a byte of a request leaves (SR-07, SR-74); its answers are
 * test_kms_answers.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/fake_kms.h"

static int set_up(void **state)
{
    *state = fake_kms_new();
    return 0;
}

static int tear_down(void **state)
{
    fake_kms_free(*state);
    return 0;
}

/* ---- who it is ---- */

static void the_right_kms_is_accepted_and_shows_who_it_is(void **state)
{
    struct fake_kms *k = *state;
    struct leaf l = fake_kms_leaf(k);
    AUTO(kms_client) c = NULL;
    struct kms_peer peer;
    struct err e = {0};

    fake_kms_listen(k, &l);
    c = fake_kms_client(k);
    if (kms_client_peer(c, &peer, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    assert_memory_equal(peer.principal.b, k->w->ctx.authority.self.b, 32);
    assert_memory_equal(peer.claim.config_hash.b, k->w->ctx.authority.config_hash.b, 32);
    assert_true(peer.claimed_block.timestamp == k->w->block.timestamp);
    assert_non_null(strstr(peer.caveat, "throw-away root"));
    assert_true(fake_kms_stop(k) == 1);
}

/* Refused for this reason, and the server has seen no byte of a request. */
static void refused_with(struct fake_kms *k, const struct leaf *l,
                         const struct kms_client_config *config, enum err_code code,
                         const char *says)
{
    struct kms_client_config to = *config;
    kms_client *c = NULL;
    struct err e = {0};
    enum err_code got;

    fake_kms_listen(k, l);
    to.url = k->url;
    assert_int_equal(kms_client_new(&to, &c, &e), ERR_OK);
    got = kms_client_peer(c, NULL, &e);
    kms_client_free(c);
    if (got != code || !strstr(e.msg, says))
        fail_msg("found %s \"%s\", expected %s and \"%s\"", err_name(got), e.msg, err_name(code),
                 says);
    assert_true(fake_kms_stop(k) == 0);
}

static void refused(struct fake_kms *k, const struct leaf *l, enum err_code code, const char *says)
{
    const struct kms_client_config config = fake_kms_config(k);

    refused_with(k, l, &config, code, says);
}

static void a_certificate_without_evidence_is_refused(void **state)
{
    struct leaf l = fake_kms_leaf(*state);

    l.no_evidence = true;
    refused(*state, &l, ERR_VERIFY, "evidence");
}

static void evidence_over_another_key_is_refused(void **state)
{
    struct leaf l = fake_kms_leaf(*state);
    AUTO(EVP_PKEY) other = NULL;
    struct err e = {0};

    assert_int_equal(p256_generate(&other, &e), ERR_OK);
    l.over = other;
    refused(*state, &l, ERR_VERIFY, "REPORT_DATA");
}

static void evidence_made_for_anything_else_is_refused(void **state)
{
    for (int i = 0; i < 5 + REPORT_PURPOSES; i++) {
        struct leaf l = fake_kms_leaf(*state);

        switch (i) {
        case 0:
            l.binding.chain_id++;
            break;
        case 1:
            l.binding.kms.b[0] ^= 1;
            break;
        case 2:
            l.binding.app.b[0] ^= 1;
            break;
        case 3:
            l.binding.nonce.b[0] ^= 1;
            break;
        default:
            l.binding.purpose = (enum report_purpose)(i - 5);
            if (i == 4 || l.binding.purpose == REPORT_KMS_TLS)
                continue;
            break;
        }
        refused(*state, &l, ERR_VERIFY, "REPORT_DATA");
    }
}

static void a_debug_td_is_refused(void **state)
{
    struct leaf l = fake_kms_leaf(*state);

    l.fault = SIM_TD_DEBUG;
    refused(*state, &l, ERR_DENIED, "TD_DEBUG");
}

static void a_quote_under_an_unknown_root_is_refused(void **state)
{
    struct leaf l = fake_kms_leaf(*state);

    l.fault = SIM_ROOT_UNKNOWN;
    refused(*state, &l, ERR_VERIFY, "PCK_CHAIN");
}

static void a_quote_with_a_broken_signature_is_refused(void **state)
{
    struct leaf l = fake_kms_leaf(*state);

    l.fault = SIM_QUOTE_SIG;
    refused(*state, &l, ERR_VERIFY, "QUOTE_SIG");
}

/* SR-74: who it is and what it was told to believe are allowed together or not at all. */
static void the_right_image_with_another_configuration_is_refused(void **state)
{
    struct leaf l = fake_kms_leaf(*state);

    l.claim.config_hash.b[0] ^= 1;
    refused(*state, &l, ERR_DENIED, "not allowed");
}

static void another_image_with_the_right_configuration_is_refused(void **state)
{
    struct leaf l = fake_kms_leaf(*state);

    sim_td_of_image("another KMS", &l.td);
    refused(*state, &l, ERR_DENIED, "not allowed");
}

static void an_identity_without_its_configuration_allows_nothing(void **state)
{
    struct fake_kms *k = *state;
    struct leaf l = fake_kms_leaf(k);
    struct hash32 identity = world_identity(k->w, &k->w->config.kms, &l.td, false);

    world_set_identity(k->w, &k->w->config.kms, &identity, world_allowed());
    world_set_identity(k->w, &k->w->config.kms, &k->w->ctx.authority.self, (struct hash32){0});
    refused(k, &l, ERR_DENIED, "not allowed");
}

static void a_principal_that_is_not_active_is_refused(void **state)
{
    static const struct {
        enum gov_state state;
        uint64_t from, to;
        const char *says;
    } cases[] = {
        {GOV_REVOKED, 1, 0, "revoked"},
        {GOV_FROZEN, 1, 0, "frozen"},
        {GOV_ALLOWED, WORLD_NOW + 60, 0, "not active until"},
        {GOV_ALLOWED, 1, WORLD_NOW - 1, "expired"},
    };
    struct fake_kms *k = *state;
    const struct leaf l = fake_kms_leaf(k);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world_set_identity(k->w, &k->w->config.kms, &k->w->ctx.authority.self,
                           world_policy(cases[i].state, 0, cases[i].from, cases[i].to));
        refused(k, &l, ERR_DENIED, cases[i].says);
    }
}

/* Revoked or paused is enough, before it is final; what is granted there is not. */
static void a_kms_that_the_newest_block_denies_is_refused(void **state)
{
    struct fake_kms *k = *state;
    const struct leaf l = fake_kms_leaf(k);
    const struct hash32 self = k->w->ctx.authority.self;
    const struct addr *contract = &k->w->config.kms;

    world_doubt(k->w, contract, gov_slot_entry(GOV_SLOT_IDENTITIES, &self, 0),
                world_policy(GOV_REVOKED, 0, 1, 0));
    refused(k, &l, ERR_DENIED, "not final yet: this KMS (its image with its configuration)");
    world_doubt(k->w, contract, gov_slot(GOV_SLOT_HEAD),
                world_head_word(&(struct gov_head){.scheme = 2, .paused = true}));
    refused(k, &l, ERR_DENIED, "not final yet: KMS contract: paused");
    world_set_identity(k->w, contract, &self, world_policy(GOV_REVOKED, 0, 1, 0));
    world_doubt(k->w, contract, gov_slot_entry(GOV_SLOT_IDENTITIES, &self, 0), world_allowed());
    refused(k, &l, ERR_DENIED, "revoked");
}

/* The list of an application says nothing about who is a KMS. */
static void the_applications_contract_cannot_allow_a_kms(void **state)
{
    struct fake_kms *k = *state;
    const struct leaf l = fake_kms_leaf(k);
    struct kms_client_config config = fake_kms_config(k);
    struct hash32 identity = world_identity(k->w, &k->w->app_a, &l.td, false), principal;

    identity_principal(&identity, &l.claim.config_hash, &principal);
    world_set_identity(k->w, &k->w->app_a, &principal, world_allowed());
    world_set_identity(k->w, &k->w->app_a, &k->w->ctx.authority.self, world_allowed());
    world_set_identity(k->w, &k->w->config.kms, &k->w->ctx.authority.self, (struct hash32){0});
    refused_with(k, &l, &config, ERR_DENIED, "not allowed");
}

static void a_kms_of_another_contract_is_refused(void **state)
{
    struct fake_kms *k = *state;
    const struct leaf l = fake_kms_leaf(k);
    struct kms_client_config config = fake_kms_config(k);

    config.kms = k->w->app_b; /* where nobody listed it; and its evidence names another */
    refused_with(k, &l, &config, ERR_VERIFY, "REPORT_DATA");
}

/* ---- the block of its claim ---- */

static void a_block_that_is_not_canonical_is_refused(void **state)
{
    struct leaf l = fake_kms_leaf(*state);

    l.claim.block_hash.b[5] ^= 1;
    refused(*state, &l, ERR_VERIFY, "block 100 of its evidence");
    l = fake_kms_leaf(*state);
    l.claim.block++;
    refused(*state, &l, ERR_VERIFY, "block 101 of its evidence");
}

/* Two honest nodes are some seconds apart. */
static void a_block_that_our_node_has_a_moment_later_is_waited_for(void **state)
{
    struct fake_kms *k = *state;
    struct leaf l = fake_kms_leaf(k);
    AUTO(kms_client) c = NULL;
    struct err e = {0};

    k->other =
        (struct finalized_block){.ref = {101, {{0x08}}}, .timestamp = k->w->block.timestamp + 12};
    l.claim.block = k->other.ref.number;
    l.claim.block_hash = k->other.ref.hash;
    k->blocks_late = 2;
    fake_kms_listen(k, &l);
    c = fake_kms_client(k);
    assert_int_equal(kms_client_peer(c, NULL, &e), ERR_OK);
    assert_int_equal(k->blocks_late, 0);
}

static void evidence_older_than_an_hour_of_the_chains_time_is_refused(void **state)
{
    struct fake_kms *k = *state;
    struct leaf l = fake_kms_leaf(k);
    AUTO(kms_client) c = NULL;
    struct err e = {0};

    k->other =
        (struct finalized_block){.ref = {7, {{0x07}}}, .timestamp = k->w->block.timestamp - 3601};
    l.claim.block = k->other.ref.number;
    l.claim.block_hash = k->other.ref.hash;
    refused(k, &l, ERR_VERIFY, "3601 s old");

    k->other.timestamp++; /* an hour to the second */
    fake_kms_listen(k, &l);
    c = fake_kms_client(k);
    assert_int_equal(kms_client_peer(c, NULL, &e), ERR_OK);
}

/* A host sets clocks as it likes: age is the chain's business alone. */
static void the_clock_of_the_machine_does_not_make_evidence_young(void **state)
{
    struct fake_kms *k = *state;
    struct leaf l = fake_kms_leaf(k);

    k->other =
        (struct finalized_block){.ref = {7, {{0x07}}}, .timestamp = k->w->block.timestamp - 3601};
    l.claim.block = k->other.ref.number;
    l.claim.block_hash = k->other.ref.hash;
    k->w->now -= 3600;
    refused(k, &l, ERR_VERIFY, "3601 s old");
}

static void a_chain_that_cannot_be_read_is_no_consent(void **state)
{
    struct fake_kms *k = *state;
    const struct leaf l = fake_kms_leaf(k);

    k->w->fail_finalized = true;
    k->w->fail_as = ERR_UPSTREAM;
    refused(k, &l, ERR_UPSTREAM, "no block");
}

/* ---- its root, and its contract ---- */

static void a_root_that_is_not_the_committed_one_is_refused(void **state)
{
    struct fake_kms *k = *state;
    struct leaf l = fake_kms_leaf(k);

    l.claim.commitment.b[0] ^= 1;
    refused(k, &l, ERR_DENIED, "another root key");
    l = fake_kms_leaf(k);
    l.claim.root_id.b[0] ^= 1;
    refused(k, &l, ERR_DENIED, "another root key");
    l.claim.root_id = l.claim.commitment = (struct hash32){0};
    refused(k, &l, ERR_LOCKED, "holds no root key");
}

static void without_a_committed_root_there_is_no_kms(void **state)
{
    struct fake_kms *k = *state;
    struct leaf l = fake_kms_leaf(k);
    struct kms_client_config config = fake_kms_config(k);
    AUTO(kms_client) c = NULL;
    struct err e = {0};

    world_set(k->w, &config.kms, gov_slot(GOV_KMS_SLOT_ROOT_ID), (struct hash32){0});
    world_set(k->w, &config.kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), (struct hash32){0});
    refused(k, &l, ERR_DENIED, "teereg gov root commit");
    l.claim.root_id = l.claim.commitment = (struct hash32){0};
    refused(k, &l, ERR_DENIED, "teereg gov root commit");

    config.allow_locked = true; /* who is about to commit it */
    fake_kms_listen(k, &l);
    config.url = k->url;
    assert_int_equal(kms_client_new(&config, &c, &e), ERR_OK);
    assert_int_equal(kms_client_peer(c, NULL, &e), ERR_OK);
}

static void a_kms_contract_that_grants_nothing_is_no_authority(void **state)
{
    struct fake_kms *k = *state;
    const struct leaf l = fake_kms_leaf(k);
    struct kms_client_config config = fake_kms_config(k);

    config.min_delay = 3600;
    refused_with(k, &l, &config, ERR_DENIED, "grants wait 0 s, expected at least 3600 s");
    world_head(k->w, &config.kms, &(struct gov_head){.scheme = 2, .paused = true});
    refused(k, &l, ERR_DENIED, "paused");
    world_head(k->w, &config.kms, &(struct gov_head){.scheme = 2});
    world_set(k->w, &config.kms, gov_slot(GOV_SLOT_SUCCESSOR), (struct hash32){{[12] = 1}});
    refused(k, &l, ERR_DENIED, "successor took over");
}

static void a_claim_with_more_behind_it_is_refused(void **state)
{
    struct leaf l = fake_kms_leaf(*state);

    l.more = bytes_of_str("more");
    refused(*state, &l, ERR_VERIFY, "4 bytes too many");
}

/* ---- the URL ---- */

static void a_url_with_anything_but_host_and_port_is_refused_and_not_repeated(void **state)
{
    static const char *const urls[] = {"http://127.0.0.1:1",
                                       "https://me:hunter2@127.0.0.1:1",
                                       "https://127.0.0.1:1/hunter2",
                                       "https://127.0.0.1:1/?key=hunter2",
                                       "hunter2",
                                       ""};
    struct fake_kms *k = *state;
    struct kms_client_config config = fake_kms_config(k);

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        kms_client *c = NULL;
        struct err e = {0};

        config.url = urls[i];
        assert_int_equal(kms_client_new(&config, &c, &e), ERR_INVALID);
        assert_null(c);
        assert_null(strstr(e.msg, "hunter2"));
    }
}

static void one_slash_at_the_end_of_the_url_does_no_harm(void **state)
{
    struct fake_kms *k = *state;
    const struct leaf l = fake_kms_leaf(k);
    struct kms_client_config config = fake_kms_config(k);
    AUTO(kms_client) c = NULL;
    char url[80];
    struct err e = {0};

    fake_kms_listen(k, &l);
    snprintf(url, sizeof url, "%s/", k->url);
    config.url = url;
    assert_int_equal(kms_client_new(&config, &c, &e), ERR_OK);
    assert_int_equal(kms_client_peer(c, NULL, &e), ERR_OK);
}

#define WITH_KMS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KMS(the_right_kms_is_accepted_and_shows_who_it_is),
        WITH_KMS(a_certificate_without_evidence_is_refused),
        WITH_KMS(evidence_over_another_key_is_refused),
        WITH_KMS(evidence_made_for_anything_else_is_refused),
        WITH_KMS(a_debug_td_is_refused),
        WITH_KMS(a_quote_under_an_unknown_root_is_refused),
        WITH_KMS(a_quote_with_a_broken_signature_is_refused),
        WITH_KMS(the_right_image_with_another_configuration_is_refused),
        WITH_KMS(another_image_with_the_right_configuration_is_refused),
        WITH_KMS(an_identity_without_its_configuration_allows_nothing),
        WITH_KMS(a_principal_that_is_not_active_is_refused),
        WITH_KMS(a_kms_that_the_newest_block_denies_is_refused),
        WITH_KMS(the_applications_contract_cannot_allow_a_kms),
        WITH_KMS(a_kms_of_another_contract_is_refused),
        WITH_KMS(a_block_that_is_not_canonical_is_refused),
        WITH_KMS(a_block_that_our_node_has_a_moment_later_is_waited_for),
        WITH_KMS(evidence_older_than_an_hour_of_the_chains_time_is_refused),
        WITH_KMS(the_clock_of_the_machine_does_not_make_evidence_young),
        WITH_KMS(a_chain_that_cannot_be_read_is_no_consent),
        WITH_KMS(a_root_that_is_not_the_committed_one_is_refused),
        WITH_KMS(without_a_committed_root_there_is_no_kms),
        WITH_KMS(a_kms_contract_that_grants_nothing_is_no_authority),
        WITH_KMS(a_claim_with_more_behind_it_is_refused),
        WITH_KMS(a_url_with_anything_but_host_and_port_is_refused_and_not_repeated),
        WITH_KMS(one_slash_at_the_end_of_the_url_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
