/* kms_client: a KMS is judged before a byte of a request leaves, and its answers are held to what
 * it was judged by (SR-07, SR-66, SR-73, SR-74). */
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

static struct kms_client_config config_of(struct fake_kms *k)
{
    return (struct kms_client_config){.url = k->url,
                                      .chain_id = k->w->config.chain_id,
                                      .kms = k->w->config.kms,
                                      .view = &k->view,
                                      .clock = &k->w->clock,
                                      .attest = &k->w->ctx.judge,
                                      .total_ms = 10000};
}

static kms_client *client_of(struct fake_kms *k)
{
    const struct kms_client_config config = config_of(k);
    kms_client *c = NULL;
    struct err e = {0};

    if (kms_client_new(&config, &c, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return c;
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
    c = client_of(k);
    if (kms_client_peer(c, &peer, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    assert_memory_equal(peer.principal.b, k->w->ctx.authority.self.b, 32);
    assert_memory_equal(peer.claim.config_hash.b, k->w->ctx.authority.config_hash.b, 32);
    assert_true(peer.claimed_block.timestamp == k->w->block.timestamp);
    assert_non_null(strstr(peer.caveat, "not evaluated"));
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
    const struct kms_client_config config = config_of(k);

    refused_with(k, l, &config, code, says);
}

static void a_certificate_without_evidence_is_refused(void **state)
{
    struct leaf l = fake_kms_leaf(*state);

    l.no_evidence = true;
    refused(*state, &l, ERR_NOT_FOUND, "evidence");
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

/* The list of an application says nothing about who is a KMS. */
static void the_applications_contract_cannot_allow_a_kms(void **state)
{
    struct fake_kms *k = *state;
    const struct leaf l = fake_kms_leaf(k);
    struct kms_client_config config = config_of(k);
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
    struct kms_client_config config = config_of(k);

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
    c = client_of(k);
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
    c = client_of(k);
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
    struct kms_client_config config = config_of(k);
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
    struct kms_client_config config = config_of(k);

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
    struct kms_client_config config = config_of(k);

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
    struct kms_client_config config = config_of(k);
    AUTO(kms_client) c = NULL;
    char url[80];
    struct err e = {0};

    fake_kms_listen(k, &l);
    snprintf(url, sizeof url, "%s/", k->url);
    config.url = url;
    assert_int_equal(kms_client_new(&config, &c, &e), ERR_OK);
    assert_int_equal(kms_client_peer(c, NULL, &e), ERR_OK);
}

/* ---- answers ---- */

static kms_client *connected(struct fake_kms *k, enum twist twist)
{
    const struct leaf l = fake_kms_leaf(k);

    (void)fake_kms_stop(k);
    fake_kms_listen(k, &l);
    fake_kms_twist(k, twist);
    return client_of(k);
}

static void session_evidence_is_for_this_very_connection(void **state)
{
    static const enum twist twists[] = {TWIST_EXPORTER, TWIST_NONCE, TWIST_PURPOSE};
    struct fake_kms *k = *state;
    AUTO(kms_client) good = connected(k, TWIST_NONE);
    struct kms_peer peer;
    struct err e = {0};

    assert_int_equal(kms_client_session(good, &peer, &e), ERR_OK);
    assert_memory_equal(peer.principal.b, k->w->ctx.authority.self.b, 32);
    for (size_t i = 0; i < 3; i++) {
        AUTO(kms_client) c = connected(k, twists[i]);

        assert_int_equal(kms_client_session(c, &peer, &e), ERR_VERIFY);
        assert_non_null(strstr(e.msg, i == 0 ? "another TLS session" : "REPORT_DATA"));
    }
}

static void the_pki_is_what_the_evidence_is_over(void **state)
{
    static const enum twist twists[] = {TWIST_OTHER_CA, TWIST_OTHER_KEY, TWIST_NONCE,
                                        TWIST_PURPOSE};
    struct fake_kms *k = *state;
    AUTO(kms_client) good = connected(k, TWIST_NONE);
    struct kms_client_pki pki AUTO_CALL(kms_client_pki_done) = {0};
    const kms_app *keys = NULL;
    struct err e = {0};

    assert_int_equal(kms_client_pki(good, &k->w->app_a, &pki, &e), ERR_OK);
    assert_int_equal(kms_apps_get(k->w->ctx.authority.apps, &k->w->app_a, 0, &keys, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&pki.ca_der), keys->ca_der));
    kms_app_put(keys);
    for (size_t i = 0; i < 4; i++) {
        struct kms_client_pki other = {0};
        AUTO(kms_client) c = connected(k, twists[i]);

        assert_int_equal(kms_client_pki(c, &k->w->app_a, &other, &e), ERR_VERIFY);
        assert_int_equal(other.ca_der.n, 0);
        assert_non_null(strstr(e.msg, i < 2 ? "another CA or key" : "REPORT_DATA"));
    }
}

/* A whole request of image A, made by hand. */
struct asked {
    EVP_PKEY *hpke;
    struct msg_challenge challenge;
    struct evidence evidence;
    secret *plaintext;
};

static void asked_done(struct asked *a)
{
    EVP_PKEY_free(a->hpke);
    evidence_done(&a->evidence);
    secret_free(a->plaintext);
}

static void prepare(struct fake_kms *k, kms_client *c, struct asked *a)
{
    struct buf csr AUTO_CALL(buf_done) = BUF(4096), payload AUTO_CALL(buf_done) = BUF(8192);
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    uint8_t point[P256_POINT_LEN], spki[P256_SPKI_LEN];
    AUTO(EVP_PKEY) key = NULL;
    struct report_data rd;
    struct err e = {0};

    if (kms_client_challenge(c, &k->w->app_a, MSG_PURPOSE_SECRETS, &a->challenge, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(p256_generate(&a->hpke, &e), ERR_OK);
    assert_int_equal(p256_spki(key, spki, &e), ERR_OK);
    assert_int_equal(p256_point(a->hpke, point, &e), ERR_OK);
    assert_int_equal(csr_make(key, "x", &csr, &e), ERR_OK);

    const struct msg_secrets_payload parts = {.csr = buf_bytes(&csr), .hpke_key = BYTES(point)};

    assert_int_equal(msg_secrets_payload_encode(&parts, &payload, &e), ERR_OK);

    const struct report_binding binding = {.purpose = REPORT_SECRETS_REQUEST,
                                           .chain_id = k->w->config.chain_id,
                                           .kms = k->w->config.kms,
                                           .app = k->w->app_a,
                                           .spki = BYTES(spki),
                                           .nonce = a->challenge.challenge,
                                           .payload = buf_bytes(&payload)};

    report_data_v2(&binding, &rd);
    assert_int_equal(sim_quote(k->w->platform, SIM_V4, &k->w->td_a, &rd, &quote, &e), ERR_OK);
    assert_int_equal(
        evidence_set(&a->evidence, EVIDENCE_TYPE_TDX, buf_bytes(&quote), buf_bytes(&payload), &e),
        ERR_OK);
}

static enum err_code ask(struct fake_kms *k, kms_client *c, struct asked *a, struct err *e)
{
    prepare(k, c, a);
    return kms_client_secrets(c, &k->w->app_a, 0, &a->challenge.challenge, &a->evidence, a->hpke,
                              &a->plaintext, e);
}

static void secrets_come_from_the_attested_kms_and_open(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_NONE);
    struct asked a AUTO_CALL(asked_done) = {0};
    const kms_app *keys = NULL;
    struct msg_secrets m;
    struct err e = {0};

    if (ask(k, c, &a, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(msg_secrets_decode(secret_bytes(a.plaintext), &m, &e), ERR_OK);
    assert_int_equal(kms_apps_get(k->w->ctx.authority.apps, &k->w->app_a, 0, &keys, &e), ERR_OK);
    assert_true(secret_eq(m.encrypt_scalar, secret_bytes(keys->encrypt)));
    kms_app_put(keys);
}

static void answer_refused(struct fake_kms *k, kms_client *c, const char *says)
{
    struct asked a AUTO_CALL(asked_done) = {0};
    struct err e = {0};

    assert_int_equal(ask(k, c, &a, &e), ERR_VERIFY);
    assert_null(a.plaintext);
    if (!strstr(e.msg, says))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, says);
}

static void an_answer_that_another_key_signed_is_refused(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_SIGNATURE);

    answer_refused(k, c, "not signed by the attested key");
}

static void the_answer_to_another_request_is_refused(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_NONE);
    struct asked first AUTO_CALL(asked_done) = {0};
    struct err e = {0};

    assert_int_equal(ask(k, c, &first, &e), ERR_OK);
    fake_kms_twist(k, TWIST_REPLAY);
    answer_refused(k, c, "not signed by the attested key"); /* the signature covers the request */
}

static void an_answer_for_another_epoch_is_refused(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_EPOCH);

    answer_refused(k, c, "sealed for another request");
}

/* SR-73: who sees the answer, and even terminates TLS, cannot open it. */
static void the_answer_opens_with_the_one_use_key_alone(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_NONE);
    struct asked a AUTO_CALL(asked_done) = {0};
    AUTO(EVP_PKEY) other = NULL;
    struct err e = {0};

    prepare(k, c, &a);
    assert_int_equal(p256_generate(&other, &e), ERR_OK);
    assert_int_equal(kms_client_secrets(c, &k->w->app_a, 0, &a.challenge.challenge, &a.evidence,
                                        other, &a.plaintext, &e),
                     ERR_VERIFY);
    assert_null(a.plaintext);
}

static void a_released_secret_is_bound_to_the_application_that_was_asked_for(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_EPOCH); /* sealed without asking anybody */
    struct asked a AUTO_CALL(asked_done) = {0};
    struct err e = {0};

    prepare(k, c, &a);
    assert_int_equal(kms_client_secrets(c, &k->w->app_b, 0, &a.challenge.challenge, &a.evidence,
                                        a.hpke, &a.plaintext, &e),
                     ERR_VERIFY);
}

/* ---- refusals and nonsense ---- */

static struct err call_fails(struct fake_kms *k, unsigned status, const char *body,
                             enum err_code code)
{
    AUTO(kms_client) c = connected(k, TWIST_ERROR);
    struct err e = {0};
    enum err_code got;

    k->status = status;
    k->error_body = body;
    got = kms_client_peer(c, NULL, &e);
    if (got != code)
        fail_msg("status %u: found %s, expected %s: %s", status, err_name(got), err_name(code),
                 e.msg);
    return e;
}

static void refusals_of_the_kms_keep_their_kind_and_their_request_id(void **state)
{
    static const struct {
        unsigned status;
        enum err_code code;
    } cases[] = {{400, ERR_INVALID},   {413, ERR_INVALID}, {415, ERR_INVALID},
                 {401, ERR_DENIED},    {403, ERR_DENIED},  {404, ERR_NOT_FOUND},
                 {410, ERR_NOT_FOUND}, {429, ERR_BUSY},    {500, ERR_UPSTREAM},
                 {502, ERR_UPSTREAM},  {503, ERR_LOCKED},  {504, ERR_TIMEOUT},
                 {301, ERR_UPSTREAM}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct err e =
            call_fails(*state, cases[i].status,
                       "{\"error\":\"no, thanks\",\"request_id\":\"0b5e\"}", cases[i].code);

        assert_non_null(strstr(e.msg, "no, thanks (request 0b5e)"));
    }
}

static void words_of_the_kms_reach_a_terminal_as_plain_text(void **state)
{
    const struct err e = call_fails(
        *state, 403, "{\"error\":\"\\u001b[2Jgone\\u009b\\n\",\"request_id\":\"\\u0007\"}",
        ERR_DENIED);

    assert_non_null(strstr(e.msg, "?[2Jgone??? (request ?)"));
}

static void a_refusal_that_is_none_of_ours_is_an_upstream_error_and_not_repeated(void **state)
{
    static const char *const bodies[] = {"", "<html>hunter2</html>", "{\"error\":\"hunter2\"}",
                                         "{\"error\":\"hunter2\",\"request_id\":\"1\",\"x\":1}",
                                         "{\"error\":1,\"request_id\":\"hunter2\"}"};

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const struct err e = call_fails(*state, 403, bodies[i], ERR_UPSTREAM);

        assert_null(strstr(e.msg, "hunter2"));
        assert_non_null(strstr(e.msg, "status 403"));
    }
}

static void an_answer_without_end_is_cut_off(void **state)
{
    struct fake_kms *k = *state;
    AUTO(kms_client) c = connected(k, TWIST_HUGE);
    struct err e = {0};

    assert_int_equal(kms_client_peer(c, NULL, &e), ERR_TOO_LARGE);
}

static void nobody_there_is_an_upstream_error_that_names_the_place(void **state)
{
    struct fake_kms *k = *state;
    struct kms_client_config config = config_of(k);
    AUTO(kms_client) c = NULL;
    struct err e = {0};

    config.url = "https://127.0.0.1:1";
    assert_int_equal(kms_client_new(&config, &c, &e), ERR_OK);
    assert_int_equal(kms_client_peer(c, NULL, &e), ERR_UPSTREAM);
    assert_non_null(strstr(e.msg, "https://127.0.0.1:1"));
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
        WITH_KMS(session_evidence_is_for_this_very_connection),
        WITH_KMS(the_pki_is_what_the_evidence_is_over),
        WITH_KMS(secrets_come_from_the_attested_kms_and_open),
        WITH_KMS(an_answer_that_another_key_signed_is_refused),
        WITH_KMS(the_answer_to_another_request_is_refused),
        WITH_KMS(an_answer_for_another_epoch_is_refused),
        WITH_KMS(the_answer_opens_with_the_one_use_key_alone),
        WITH_KMS(a_released_secret_is_bound_to_the_application_that_was_asked_for),
        WITH_KMS(refusals_of_the_kms_keep_their_kind_and_their_request_id),
        WITH_KMS(words_of_the_kms_reach_a_terminal_as_plain_text),
        WITH_KMS(a_refusal_that_is_none_of_ours_is_an_upstream_error_and_not_repeated),
        WITH_KMS(an_answer_without_end_is_cut_off),
        WITH_KMS(nobody_there_is_an_upstream_error_that_names_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
