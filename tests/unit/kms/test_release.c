/* release: the whole decision, with every step wrong in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include "support/kms_world.h"

static int set_up(void **state)
{
    *state = world_new();
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static uint64_t releases(const struct world *w)
{
    struct audit_report r;
    struct err e = {0};

    if (audit_verify(w->log, &r, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return r.releases;
}

/* Runs it and expects this; a refusal must not be on record as a release. */
static void assert_why(struct world *w, const struct ask *a, enum kms_reason expected)
{
    struct client c AUTO_CALL(client_done) = {0};
    uint64_t before = releases(w);
    enum kms_reason why = client_run(w, a, &c);

    if (why != expected)
        fail_msg("found %s, expected %s", kms_reason_name(why), kms_reason_name(expected));
    assert_int_equal(releases(w), before + (expected == KMS_GRANTED));
}

/* ---- granted ---- */

static void the_right_request_gets_the_secrets_of_its_application(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    const kms_app *keys = NULL;
    AUTO(X509) leaf = NULL;
    AUTO(X509) ca = NULL;
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
    assert_int_equal(kms_apps_get(w->ctx.authority.apps, &w->app_a, 0, &keys, &e), ERR_OK);
    assert_true(secret_eq(c.secrets.encrypt_scalar, secret_bytes(keys->encrypt)));
    assert_true(secret_eq(c.secrets.disk, secret_bytes(keys->disk)));
    assert_true(bytes_eq(c.secrets.ca, keys->ca_der));
    assert_int_equal(x509_parse(c.secrets.certificate, &leaf, &e), ERR_OK);
    assert_int_equal(x509_parse(c.secrets.ca, &ca, &e), ERR_OK);
    assert_int_equal(x509_verify_leaf(leaf, ca, WORLD_NOW, &e), ERR_OK);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), c.key), 1);
    kms_app_put(keys);
}

static void the_receipt_in_the_answer_is_on_record(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct audit_receipt r = {0};
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
    assert_int_equal(c.secrets.node.n, sizeof r.node);
    memcpy(r.node, c.secrets.node.p, sizeof r.node);
    r.seq = c.secrets.seq;
    r.head = c.secrets.head;
    assert_int_equal(audit_find(w->log, &r, &e), ERR_OK);
    assert_int_equal(r.seq, c.outcome.receipt.seq);
}

static void all_forms_of_quotes_are_taken(void **state)
{
    static const enum sim_form forms[] = {SIM_V4, SIM_V5_TD10, SIM_V5_TD15};
    struct ask a = world_ask(*state);

    for (size_t i = 0; i < 3; i++) {
        a.form = forms[i];
        assert_why(*state, &a, KMS_GRANTED);
    }
}

/* SR-73: with the TLS key alone, or another one-use key, nothing opens. */
static void the_answer_opens_with_the_one_use_key_alone(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    EVP_PKEY *right;
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    right = c.hpke;
    c.hpke = w->ctx.tls_key;
    assert_int_equal(client_open(w, &c, 0, &e), ERR_VERIFY);
    c.hpke = c.key;
    assert_int_equal(client_open(w, &c, 0, &e), ERR_VERIFY);
    c.hpke = right;
    assert_int_equal(client_open(w, &c, 1, &e), ERR_VERIFY); /* bound to the epoch */
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
}

/* SR-36: nothing of the CSR but its key. */
static void the_certificate_takes_no_name_from_the_request(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    AUTO(X509) leaf = NULL;
    char subject[128];
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
    assert_int_equal(x509_parse(c.secrets.certificate, &leaf, &e), ERR_OK);
    X509_NAME_oneline(X509_get_subject_name(leaf), subject, sizeof subject);
    assert_string_equal(subject, "/CN=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.app");
}

/* ---- the challenge ---- */

static void a_challenge_is_good_once(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_send(w, &c, &e), ERR_DENIED); /* the very same request again */
    assert_int_equal(c.outcome.why, KMS_CHALLENGE_SPENT);
    assert_int_equal(c.answer.n, 0);
    assert_int_equal(releases(w), 1);
    a.nonce = &c.nonce; /* and for another key of the same machine */
    assert_why(w, &a, KMS_CHALLENGE_SPENT);
}

static void a_forged_challenge_is_refused(void **state)
{
    const struct hash32 forged = {{0x42}};
    struct ask a = world_ask(*state);

    a.nonce = &forged;
    assert_why(*state, &a, KMS_CHALLENGE_FORGED);
}

static void a_challenge_for_something_else_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    a.for_app = w->app_b;
    assert_why(w, &a, KMS_CHALLENGE_FORGED);
    a = world_ask(w);
    a.challenge_purpose = MSG_PURPOSE_EXPLAIN;
    assert_why(w, &a, KMS_CHALLENGE_FORGED);
}

static void an_old_challenge_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct err e = {0};

    client_body(w, &a, &c);
    w->now += CHALLENGE_LIFETIME_S + 1;
    assert_int_equal(client_send(w, &c, &e), ERR_TIMEOUT);
    assert_int_equal(c.outcome.why, KMS_CHALLENGE_EXPIRED);
    assert_int_equal(c.answer.n, 0);
}

/* Only who has genuine evidence can fill the memory of spent challenges. */
static void a_refused_quote_does_not_spend_the_challenge(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};

    a.payload_after_quote = true;
    assert_int_equal(client_run(w, &a, &c), KMS_REPORT_DATA_MISMATCH);
    a = world_ask(w);
    a.nonce = &c.nonce;
    assert_why(w, &a, KMS_GRANTED);
}

/* ---- evidence ---- */

/* SR-07, SR-06: evidence of one request is worth nothing for any other. */
static void evidence_for_anything_else_is_refused(void **state)
{
    struct world *w = *state;
    AUTO(EVP_PKEY) other_key = NULL;
    uint8_t spki[P256_SPKI_LEN];
    const struct addr elsewhere = {{0xee}};
    struct err e = {0};

    assert_int_equal(p256_generate(&other_key, &e), ERR_OK);
    assert_int_equal(p256_spki(other_key, spki, &e), ERR_OK);
    for (int i = 0; i < 14; i++) {
        struct ask a = world_ask(w);

        switch (i) {
        case 0:
            a.binding.spki = BYTES(spki); /* another key */
            break;
        case 1:
            a.binding.nonce = (struct hash32){{1}}; /* another challenge */
            break;
        case 2:
            a.binding.chain_id++;
            break;
        case 3:
            a.binding.kms = elsewhere;
            break;
        case 4:
            a.binding.app = w->app_b;
            break;
        case 5:
            a.binding.payload = bytes_of_str("another payload");
            break;
        case 6:
            a.payload_after_quote = true;
            break;
        default: /* every other purpose */
            a.binding.purpose = (enum report_purpose)(i - 7);
            if (a.binding.purpose == REPORT_SECRETS_REQUEST)
                a.binding.purpose = REPORT_EXPLAIN;
            break;
        }
        assert_why(w, &a, KMS_REPORT_DATA_MISMATCH);
    }
}

static void evidence_captured_from_another_request_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w), replay = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};

    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    replay.evidence_instead = &c.evidence;
    assert_why(w, &replay, KMS_REPORT_DATA_MISMATCH);
}

static void a_quote_that_is_not_genuine_is_refused(void **state)
{
    struct world *w = *state;

    for (int fault = SIM_OK + 1; fault < SIM_FAULT_COUNT; fault++) {
        AUTO(sim_platform) bad = NULL;
        struct ask a = world_ask(w);
        struct client c AUTO_CALL(client_done) = {0};
        enum attest_fault expected;
        struct err e = {0};

        world_must(sim_platform_new("bad", (enum sim_fault)fault, &bad, &e), &e, "platform");
        a.platform = bad;
        a.form = SIM_V5_TD15;
        (void)expected;
        if (client_run(w, &a, &c) == KMS_GRANTED)
            print_message("not seen (yet): %s\n", sim_fault_name((enum sim_fault)fault));
        else
            assert_int_equal(c.outcome.why, KMS_QUOTE_INVALID);
    }
}

static void a_debug_td_is_refused(void **state)
{
    struct ask a = world_ask(*state);

    a.td.td_attributes[0] |= 1;
    assert_why(*state, &a, KMS_QUOTE_INVALID);
}

static void evidence_and_payloads_that_are_malformed_are_refused(void **state)
{
    struct world *w = *state;
    struct evidence odd AUTO_CALL(evidence_done) = {0};
    struct ask a = world_ask(w);
    struct err e = {0};

    assert_int_equal(
        evidence_set(&odd, EVIDENCE_TYPE_TDX, bytes_of_str("q"), bytes_of_str("p"), &e), ERR_OK);
    a.evidence_instead = &odd;
    assert_why(w, &a, KMS_PAYLOAD_MALFORMED);
    a = world_ask(w);
    a.csr = bytes_of_str("no CSR");
    assert_why(w, &a, KMS_CSR_INVALID);
}

static void a_request_that_is_no_json_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const bodies[] = {"", "{}", "[1]", "{\"challenge\":1}"};

    for (size_t i = 0; i < 4; i++) {
        struct buf answer AUTO_CALL(buf_done) = BUF(MSG_ANSWER_MAX);
        struct release_outcome o;
        struct err e = {0};

        assert_int_equal(kms_release(&w->ctx, &w->app_a, bytes_of_str(bodies[i]), &answer, &o, &e),
                         ERR_INVALID);
        assert_int_equal(o.why, KMS_MALFORMED_REQUEST);
        assert_int_equal(answer.n, 0);
    }
}

static void evidence_that_is_an_empty_object_is_refused(void **state)
{
    struct world *w = *state;
    struct buf body AUTO_CALL(buf_done) = BUF(1024);
    struct buf answer AUTO_CALL(buf_done) = BUF(1024);
    struct release_outcome o;
    struct hash32 nonce;
    uint32_t expires;
    struct err e = {0};

    assert_int_equal(
        challenge_make(w->ctx.challenges, MSG_PURPOSE_SECRETS, &w->app_a, &nonce, &expires, &e),
        ERR_OK);
    assert_int_equal(msg_secrets_request_encode(&nonce, bytes_of_str("{}"), &body, &e), ERR_OK);
    assert_int_equal(kms_release(&w->ctx, &w->app_a, buf_bytes(&body), &answer, &o, &e),
                     ERR_INVALID);
    assert_int_equal(o.why, KMS_EVIDENCE_MALFORMED);
}

/* ---- this KMS ---- */

static void a_node_without_a_root_releases_nothing(void **state)
{
    struct world *w = *state;
    kms_apps *apps = w->ctx.authority.apps;
    struct ask a = world_ask(w);

    w->ctx.authority.apps = NULL;
    assert_why(w, &a, KMS_LOCKED);
    w->ctx.authority.apps = apps;
}

static void a_kms_that_is_not_allowed_any_more_releases_nothing(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    const struct hash32 self = w->ctx.authority.self;

    world_set_identity(w, &w->config.kms, &self, world_policy(GOV_REVOKED, 0, 1, 0));
    assert_why(w, &a, KMS_SELF_NOT_ALLOWED);
    world_set_identity(w, &w->config.kms, &self, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
    w->ctx.authority.self = (struct hash32){0};
    assert_why(w, &a, KMS_SELF_NOT_ALLOWED);
    /* The right identity with another configuration is another principal. */
    identity_principal(&self, &w->ctx.authority.config_hash, &w->ctx.authority.self);
    assert_why(w, &a, KMS_SELF_NOT_ALLOWED);
}

static void a_root_that_is_not_the_committed_one_releases_nothing(void **state)
{
    struct world *w = *state;
    const struct addr *kms = &w->config.kms;
    const kms_root *root = kms_apps_root(w->ctx.authority.apps);
    struct ask a = world_ask(w);

    world_set(w, kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), (struct hash32){0});
    assert_why(w, &a, KMS_ROOT_NOT_COMMITTED);
    world_set(w, kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), (struct hash32){{1}});
    assert_why(w, &a, KMS_ROOT_NOT_COMMITTED);
    world_set(w, kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), *kms_root_commitment(root));
    world_set(w, kms, gov_slot(GOV_KMS_SLOT_ROOT_ID), (struct hash32){{1}});
    assert_why(w, &a, KMS_ROOT_NOT_COMMITTED);
}

static void a_kms_contract_paused_or_followed_by_another_grants_nothing(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 successor = {{[12] = 1}};

    world_head(w, &w->config.kms, &(struct gov_head){.scheme = 2, .paused = true});
    assert_why(w, &a, KMS_CONTRACT_NOT_LIVE);
    world_head(w, &w->config.kms, &(struct gov_head){.scheme = 2});
    world_set(w, &w->config.kms, gov_slot(GOV_SLOT_SUCCESSOR), successor);
    assert_why(w, &a, KMS_CONTRACT_NOT_LIVE);
}

static void a_contract_with_too_short_a_delay_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    w->config.min_delay = 3600;
    assert_why(w, &a, KMS_CONTRACT_NOT_LIVE);
    world_head(w, &w->config.kms, &(struct gov_head){.scheme = 2, .delay = 3600});
    assert_why(w, &a, KMS_APP_NOT_LIVE);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .delay = 3600});
    assert_why(w, &a, KMS_GRANTED);
}

/* ---- the application ---- */

struct word_case {
    struct hash32 word;
    bool good;
};

/* Every state that a policy word can be in (SR-16). */
static size_t word_cases(struct word_case ret[static 9])
{
    const struct word_case all[9] = {
        {world_policy(GOV_NONE, 0, 0, 0), false},
        {world_policy(GOV_REVOKED, 0, 1, 0), false},
        {world_policy(GOV_FROZEN, 0, 1, 0), false},
        {world_policy(GOV_ALLOWED, 0, WORLD_NOW - 11, 0), false}, /* not yet at the block's time */
        {world_policy(GOV_ALLOWED, 0, WORLD_NOW - 12, 0), true},
        {world_policy(GOV_ALLOWED, 0, 1, WORLD_NOW - 1), false}, /* over by the node's clock */
        {world_policy(GOV_ALLOWED, 0, 1, WORLD_NOW + 900), true},
        {{{[0] = 1, [31] = 1}}, false}, /* bits where zeros must be */
        {{{[31] = 9}}, false},          /* a state that does not exist */
    };

    memcpy(ret, all, sizeof all);
    return 9;
}

static void an_application_must_be_allowed_now(void **state)
{
    struct world *w = *state;
    struct word_case cases[9];

    for (size_t i = 0, n = word_cases(cases); i < n; i++) {
        struct ask a = world_ask(w);
        struct client c AUTO_CALL(client_done) = {0};

        world_allow_app(w, &w->app_a, cases[i].word, world_code_of(&w->app_a), 2);
        assert_int_equal(client_run(w, &a, &c) == KMS_GRANTED, cases[i].good);
    }
}

static void an_application_with_other_code_or_layout_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    world_allow_app(w, &w->app_a, world_allowed(), (struct hash32){{1}}, 2);
    assert_why(w, &a, KMS_APP_CODE);
    world_allow_app(w, &w->app_a, world_allowed(), world_code_of(&w->app_a), 1);
    assert_why(w, &a, KMS_APP_CODE);
    world_allow_app(w, &w->app_a, world_allowed(), world_code_of(&w->app_a), 3);
    assert_why(w, &a, KMS_APP_CODE);
}

static void an_address_without_a_contract_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    memset(a.app.b, 0x77, 20);
    a.for_app = a.binding.app = a.app;
    assert_why(w, &a, KMS_APP_NOT_ALLOWED);
    world_allow_app(w, &a.app, world_allowed(), (struct hash32){0}, 2);
    assert_why(w, &a, KMS_APP_CODE);
}

static void an_application_paused_or_followed_by_another_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 successor = gov_word_addr(&w->app_b);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .paused = true});
    assert_why(w, &a, KMS_APP_NOT_LIVE);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2});
    world_set(w, &w->app_a, gov_slot(GOV_SLOT_SUCCESSOR), successor);
    assert_why(w, &a, KMS_APP_NOT_LIVE);
}

/* B says that it follows A; A must say so too, or B would get A's keys. */
static void a_lineage_claimed_by_one_side_is_refused(void **state)
{
    struct world *w = *state;
    struct ask b = world_ask(w);

    b.app = b.for_app = b.binding.app = w->app_b;
    b.td = w->td_b;
    assert_why(w, &b, KMS_GRANTED);
    world_set(w, &w->app_b, gov_slot(GOV_SLOT_PREDECESSOR), gov_word_addr(&w->app_a));
    assert_why(w, &b, KMS_LINEAGE);
}

static void a_successor_gets_the_keys_of_the_first_of_its_line(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w), b = world_ask(w);
    struct client first AUTO_CALL(client_done) = {0};
    struct client next AUTO_CALL(client_done) = {0};
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &first), KMS_GRANTED);
    assert_int_equal(client_open(w, &first, 0, &e), ERR_OK);
    world_set(w, &w->app_b, gov_slot(GOV_SLOT_PREDECESSOR), gov_word_addr(&w->app_a));
    world_set(w, &w->app_a, gov_slot(GOV_SLOT_SUCCESSOR), gov_word_addr(&w->app_b));
    b.app = b.for_app = b.binding.app = w->app_b;
    b.td = w->td_b;
    assert_int_equal(client_run(w, &b, &next), KMS_GRANTED);
    assert_int_equal(client_open(w, &next, 0, &e), ERR_OK);
    assert_true(secret_eq(first.secrets.encrypt_scalar, next.secrets.encrypt_scalar));
    assert_true(bytes_eq(first.secrets.ca, next.secrets.ca));
}

static void another_epoch_gives_other_keys(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client old AUTO_CALL(client_done) = {0};
    struct client new AUTO_CALL(client_done) = {0};
    struct err e = {0};

    assert_int_equal(client_run(w, &a, &old), KMS_GRANTED);
    assert_int_equal(client_open(w, &old, 0, &e), ERR_OK);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .epoch = 1});
    assert_int_equal(client_run(w, &a, &new), KMS_GRANTED);
    assert_int_equal(client_open(w, &new, 1, &e), ERR_OK);
    assert_false(secret_eq(old.secrets.encrypt_scalar, new.secrets.encrypt_scalar));
    assert_false(secret_eq(old.secrets.disk, new.secrets.disk));
    assert_false(bytes_eq(old.secrets.ca, new.secrets.ca));
}

/* ---- the identity ---- */

static void an_identity_must_be_allowed_now(void **state)
{
    struct world *w = *state;
    struct hash32 id = world_identity(w, &w->app_a, &w->td_a, false);
    struct word_case cases[9];

    for (size_t i = 0, n = word_cases(cases); i < n; i++) {
        struct ask a = world_ask(w);
        struct client c AUTO_CALL(client_done) = {0};

        world_set_identity(w, &w->app_a, &id, cases[i].word);
        assert_int_equal(client_run(w, &a, &c) == KMS_GRANTED, cases[i].good);
    }
}

static void any_other_measurement_is_refused(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 8; i++) {
        struct ask a = world_ask(w);
        uint8_t *const fields[] = {a.td.mrtd,       a.td.rtmr[0], a.td.rtmr[1],       a.td.rtmr[2],
                                   a.td.mrconfigid, a.td.mrowner, a.td.mrownerconfig, a.td.xfam};

        fields[i][i == 7 ? 0 : 40] ^= i == 7 ? 0x04 : 0x01;
        assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
    }
}

static void rtmr3_counts_where_the_contract_says_so(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 id;

    a.td.rtmr[3][0] = 1;
    assert_why(w, &a, KMS_GRANTED);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .rtmr3 = true});
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
    id = world_identity(w, &w->app_a, &a.td, true);
    world_set_identity(w, &w->app_a, &id, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
}

static void principals_count_where_the_contract_says_so(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 id = world_identity(w, &w->app_a, &w->td_a, false), principal;

    a.config_hash = (struct hash32){{0xcf}};
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .principal = true});
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
    identity_principal(&id, &a.config_hash, &principal);
    world_set_identity(w, &w->app_a, &principal, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
    a.config_hash.b[0]++;
    assert_why(w, &a, KMS_IDENTITY_NOT_ALLOWED);
}

/* SR-05: scheme 1 leaves MRTD out, so the firmware must be on the KMS contract's own list. */
static void scheme_1_also_wants_the_firmware_on_the_list(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct measurements m;
    struct hash32 id, mrtd;

    measurements_of_td(&a.td, &m);
    identity_v1(&m, &w->app_a, &id);
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 1});
    world_set_identity(w, &w->app_a, &id, world_allowed());
    assert_why(w, &a, KMS_FIRMWARE_NOT_ALLOWED);
    keccak256(BYTES(a.td.mrtd), &mrtd);
    world_set(w, &w->config.kms, gov_slot_entry(GOV_KMS_SLOT_FIRMWARE, &mrtd, 0), world_allowed());
    assert_why(w, &a, KMS_GRANTED);
    a.td.mrtd[0] ^= 1;
    assert_why(w, &a, KMS_FIRMWARE_NOT_ALLOWED);
}

static void a_policy_that_this_node_does_not_have_is_refused(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 id = world_identity(w, &w->app_a, &w->td_a, false), ours;
    const struct hash32 zero = {0}, seven = gov_word_u64(7);
    struct err e = {0};

    world_set(w, &w->app_a, gov_slot_entry(GOV_SLOT_POLICY_HASHES, &zero, 0), (struct hash32){{1}});
    assert_why(w, &a, KMS_POLICY_UNKNOWN);
    assert_int_equal(kms_config_policy_hash(&w->config, &ours, &e), ERR_OK);
    world_set(w, &w->app_a, gov_slot_entry(GOV_SLOT_POLICY_HASHES, &zero, 0), ours);
    assert_why(w, &a, KMS_GRANTED);
    world_set_identity(w, &w->app_a, &id, world_policy(GOV_ALLOWED, 7, 1, 0));
    assert_why(w, &a, KMS_POLICY_UNKNOWN);
    world_set(w, &w->app_a, gov_slot_entry(GOV_SLOT_POLICY_HASHES, &seven, 0), ours);
    assert_why(w, &a, KMS_GRANTED);
}

static void the_certificate_ends_with_the_permission(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct hash32 id = world_identity(w, &w->app_a, &w->td_a, false);
    AUTO(X509) leaf = NULL;
    struct tm end;
    struct err e = {0};

    world_set_identity(w, &w->app_a, &id, world_policy(GOV_ALLOWED, 0, 1, WORLD_NOW + 700));
    assert_int_equal(client_run(w, &a, &c), KMS_GRANTED);
    assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
    assert_int_equal(x509_parse(c.secrets.certificate, &leaf, &e), ERR_OK);
    assert_int_equal(ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end), 1);
    assert_int_equal(timegm(&end), WORLD_NOW + 700);
}

/* ---- the operator (SR-33) ---- */

static secret *operator_key(struct addr *ret)
{
    static const uint8_t raw[32] = {0x46, 0x46};
    secret *key = NULL;
    struct err e = {0};

    world_must(secret_copy(BYTES(raw), &key, &e), &e, "key");
    world_must(secp256k1_address(key, ret, &e), &e, "address");
    return key;
}

static void no_operator_is_needed_where_the_contract_wants_none(void **state)
{
    struct world *w = *state;
    struct addr who;
    AUTO(secret) key = operator_key(&who);
    struct ask a = world_ask(w);

    assert_why(w, &a, KMS_GRANTED);
    a.operator_key = key; /* of an operator who is not allowed: nobody asks */
    assert_why(w, &a, KMS_GRANTED);
    a.authorize.purpose = "onboard-request";
    assert_why(w, &a, KMS_GRANTED);
}

static void an_operator_who_is_wanted_must_vouch(void **state)
{
    struct world *w = *state;
    struct addr who;
    AUTO(secret) key = operator_key(&who);
    struct ask a = world_ask(w);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .operator_required = true});
    assert_why(w, &a, KMS_OPERATOR_MISSING);
    a.operator_key = key;
    assert_why(w, &a, KMS_OPERATOR_NOT_ALLOWED);
    world_set_operator(w, &w->app_b, &who, world_allowed());
    assert_why(w, &a, KMS_OPERATOR_NOT_ALLOWED); /* another application's */
    world_set_operator(w, &w->app_a, &who, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
    world_set_operator(w, &w->app_a, &who, world_policy(GOV_REVOKED, 0, 1, 0));
    assert_why(w, &a, KMS_OPERATOR_NOT_ALLOWED);
}

/* The zero address must not stand for "nobody vouched" (the reference's trap). */
static void a_zero_operator_that_is_allowed_does_not_let_everybody_in(void **state)
{
    struct world *w = *state;
    const struct addr nobody = {0};
    struct ask a = world_ask(w);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .operator_required = true});
    world_set_operator(w, &w->app_a, &nobody, world_allowed());
    assert_why(w, &a, KMS_OPERATOR_MISSING);
}

static void an_authorisation_for_anything_else_is_refused(void **state)
{
    struct world *w = *state;
    struct addr who;
    AUTO(secret) key = operator_key(&who);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .operator_required = true});
    world_set_operator(w, &w->app_a, &who, world_allowed());
    for (int i = 0; i < 5; i++) {
        struct ask a = world_ask(w);

        a.operator_key = key;
        switch (i) {
        case 0:
            a.authorize.purpose = "onboard-request";
            break;
        case 1:
            a.authorize.chain_id++;
            break;
        case 2:
            a.authorize.kms.b[0]++;
            break;
        case 3:
            a.authorize.app = w->app_b;
            break;
        default:
            a.authorize.subject_spki_sha256 = (struct hash32){{1}};
            break;
        }
        assert_why(w, &a, KMS_OPERATOR_NOT_ALLOWED);
    }
}

static void an_expired_authorisation_is_refused(void **state)
{
    struct world *w = *state;
    struct addr who;
    AUTO(secret) key = operator_key(&who);
    struct ask a = world_ask(w);

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .operator_required = true});
    world_set_operator(w, &w->app_a, &who, world_allowed());
    a.operator_key = key;
    a.authorize.expiry = WORLD_NOW + 5;
    w->block.timestamp = WORLD_NOW + 6; /* the chain's time counts where it is later */
    assert_why(w, &a, KMS_OPERATOR_SIGNATURE);
}

/* ---- tenants (SR-37) ---- */

/* Path, challenge, evidence and machine of A or B in all combinations: secrets only where all four
 * agree, and then that application's. */
static void secrets_go_to_their_own_application_in_every_combination(void **state)
{
    struct world *w = *state;
    struct hash32 seen[2] = {0};
    unsigned granted = 0;

    for (unsigned i = 0; i < 16; i++) {
        struct ask a = world_ask(w);
        struct client c AUTO_CALL(client_done) = {0};
        struct err e = {0};

        a.app = i & 1 ? w->app_b : w->app_a;
        a.for_app = i & 2 ? w->app_b : w->app_a;
        a.binding.app = i & 4 ? w->app_b : w->app_a;
        a.td = i & 8 ? w->td_b : w->td_a;
        assert_int_equal(client_run(w, &a, &c) == KMS_GRANTED, i == 0 || i == 15);
        if (c.outcome.why == KMS_GRANTED) {
            const kms_app *keys = NULL;

            assert_int_equal(client_open(w, &c, 0, &e), ERR_OK);
            assert_int_equal(kms_apps_get(w->ctx.authority.apps, &a.app, 0, &keys, &e), ERR_OK);
            assert_true(secret_eq(c.secrets.encrypt_scalar, secret_bytes(keys->encrypt)));
            sha256(c.secrets.encrypt_scalar, &seen[granted++]);
            kms_app_put(keys);
        }
    }
    assert_int_equal(granted, 2);
    assert_false(hash32_eq(&seen[0], &seen[1]));
}

/* ---- faults (SR-38) ---- */

static void whichever_read_of_the_chain_fails_nothing_is_released(void **state)
{
    static const enum err_code codes[] = {ERR_TIMEOUT, ERR_UPSTREAM, ERR_VERIFY, ERR_NOT_FOUND,
                                          ERR_IO};
    struct world *w = *state;
    struct ask a = world_ask(w);
    unsigned reads;

    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2});
    assert_why(w, &a, KMS_GRANTED);
    reads = w->reads;
    assert_true(reads >= 3);
    for (unsigned nth = 1; nth <= reads; nth++) {
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
            struct client c AUTO_CALL(client_done) = {0};

            w->reads = 0;
            w->fail_read = nth;
            w->fail_as = codes[i];
            assert_int_not_equal(client_run(w, &a, &c), KMS_GRANTED);
        }
    }
    assert_int_equal(releases(w), 1);
    w->fail_read = 0;
    w->fail_finalized = true;
    assert_why(w, &a, KMS_CHAIN_UNAVAILABLE);
    w->fail_as = ERR_VERIFY;
    assert_why(w, &a, KMS_CHAIN_REFUSED);
}

/* No record, no secrets: a disk that takes nothing stops all releases. */
static void when_the_record_cannot_be_written_nothing_is_released(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct rlimit lim, small;
    struct err e = {0};

    client_body(w, &a, &c);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &lim), 0);
    small = lim;
    small.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(client_send(w, &c, &e), ERR_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &lim), 0);
    assert_int_equal(c.outcome.why, KMS_AUDIT_FAILED);
    assert_int_equal(c.answer.n, 0);
    assert_why(w, &a, KMS_AUDIT_FAILED); /* and for ever, until a new start */
}

static void when_the_answer_cannot_be_signed_nothing_is_released(void **state)
{
    struct world *w = *state;
    EVP_PKEY *good = w->ctx.tls_key;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};

    w->ctx.tls_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_int_equal(client_run(w, &a, &c), KMS_SEAL_FAILED);
    EVP_PKEY_free(w->ctx.tls_key);
    w->ctx.tls_key = good;
}

static void an_answer_that_does_not_fit_is_not_given(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct client c AUTO_CALL(client_done) = {0};
    struct err e = {0};

    client_body(w, &a, &c);
    c.answer.max = 100;
    assert_int_equal(client_send(w, &c, &e), ERR_TOO_LARGE);
    assert_int_equal(c.outcome.why, KMS_SEAL_FAILED);
}

/* ---- refusals ---- */

static void every_reason_has_a_name_and_a_public_face(void **state)
{
    (void)state;
    for (int i = 0; i < KMS_REASONS; i++) {
        const char *text = NULL;
        enum err_code code = kms_reason_public((enum kms_reason)i, &text);

        assert_non_null(text);
        assert_int_equal(code == ERR_OK, i == KMS_GRANTED);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(kms_reason_name((enum kms_reason)i),
                                    kms_reason_name((enum kms_reason)k));
    }
}

/* SR-66: who is allowed is nobody's business. */
static void refusals_by_governance_look_alike_from_outside(void **state)
{
    static const enum kms_reason by_governance[] = {
        KMS_APP_NOT_ALLOWED,      KMS_APP_CODE,
        KMS_APP_NOT_LIVE,         KMS_LINEAGE,
        KMS_IDENTITY_NOT_ALLOWED, KMS_FIRMWARE_NOT_ALLOWED,
        KMS_POLICY_UNKNOWN,       KMS_OPERATOR_MISSING,
        KMS_OPERATOR_SIGNATURE,   KMS_OPERATOR_NOT_ALLOWED};
    const char *first, *text;

    (void)state;
    kms_reason_public(by_governance[0], &first);
    for (size_t i = 1; i < sizeof by_governance / sizeof *by_governance; i++) {
        assert_int_equal(kms_reason_public(by_governance[i], &text), ERR_DENIED);
        assert_string_equal(text, first);
    }
}

static void refusals_are_counted_in_the_log(void **state)
{
    struct world *w = *state;
    const struct hash32 forged = {{1}};
    struct ask a = world_ask(w);
    struct audit_report before, after;
    struct err e = {0};

    a.nonce = &forged;
    assert_int_equal(audit_verify(w->log, &before, &e), ERR_OK);
    for (int i = 0; i < 10; i++)
        assert_why(w, &a, KMS_CHALLENGE_FORGED);
    w->now += AUDIT_REFUSED_EVERY_S;
    assert_int_equal(audit_flush_refused(w->ctx.audit, &e), ERR_OK);
    assert_int_equal(audit_verify(w->log, &after, &e), ERR_OK);
    assert_int_equal(after.records, before.records + 1);
}

/* ---- many at once ---- */

enum { THREADS = 4, EACH = 12 };

static void *run_many(void *arg)
{
    struct world *w = arg;

    for (int i = 0; i < EACH; i++) {
        struct ask a = world_ask(w);
        struct client c AUTO_CALL(client_done) = {0};
        struct err e = {0};

        if (i % 2) {
            a.app = a.for_app = a.binding.app = w->app_b;
            a.td = w->td_b;
        }
        if (i % 3 == 2)
            a.payload_after_quote = true;
        if ((client_run(w, &a, &c) == KMS_GRANTED) != (i % 3 != 2))
            abort();
        if (c.outcome.why == KMS_GRANTED && client_open(w, &c, 0, &e) != ERR_OK)
            abort();
    }
    return NULL;
}

static void releases_run_at_once(void **state)
{
    struct world *w = *state;
    pthread_t t[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, run_many, w), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(releases(w), THREADS * EACH * 2 / 3);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(the_right_request_gets_the_secrets_of_its_application),
        IN_WORLD(the_receipt_in_the_answer_is_on_record),
        IN_WORLD(all_forms_of_quotes_are_taken),
        IN_WORLD(the_answer_opens_with_the_one_use_key_alone),
        IN_WORLD(the_certificate_takes_no_name_from_the_request),
        IN_WORLD(a_challenge_is_good_once),
        IN_WORLD(a_forged_challenge_is_refused),
        IN_WORLD(a_challenge_for_something_else_is_refused),
        IN_WORLD(an_old_challenge_is_refused),
        IN_WORLD(a_refused_quote_does_not_spend_the_challenge),
        IN_WORLD(evidence_for_anything_else_is_refused),
        IN_WORLD(evidence_captured_from_another_request_is_refused),
        IN_WORLD(a_quote_that_is_not_genuine_is_refused),
        IN_WORLD(a_debug_td_is_refused),
        IN_WORLD(evidence_and_payloads_that_are_malformed_are_refused),
        IN_WORLD(a_request_that_is_no_json_is_refused),
        IN_WORLD(evidence_that_is_an_empty_object_is_refused),
        IN_WORLD(a_node_without_a_root_releases_nothing),
        IN_WORLD(a_kms_that_is_not_allowed_any_more_releases_nothing),
        IN_WORLD(a_root_that_is_not_the_committed_one_releases_nothing),
        IN_WORLD(a_kms_contract_paused_or_followed_by_another_grants_nothing),
        IN_WORLD(a_contract_with_too_short_a_delay_is_refused),
        IN_WORLD(an_application_must_be_allowed_now),
        IN_WORLD(an_application_with_other_code_or_layout_is_refused),
        IN_WORLD(an_address_without_a_contract_is_refused),
        IN_WORLD(an_application_paused_or_followed_by_another_is_refused),
        IN_WORLD(a_lineage_claimed_by_one_side_is_refused),
        IN_WORLD(a_successor_gets_the_keys_of_the_first_of_its_line),
        IN_WORLD(another_epoch_gives_other_keys),
        IN_WORLD(an_identity_must_be_allowed_now),
        IN_WORLD(any_other_measurement_is_refused),
        IN_WORLD(rtmr3_counts_where_the_contract_says_so),
        IN_WORLD(principals_count_where_the_contract_says_so),
        IN_WORLD(scheme_1_also_wants_the_firmware_on_the_list),
        IN_WORLD(a_policy_that_this_node_does_not_have_is_refused),
        IN_WORLD(the_certificate_ends_with_the_permission),
        IN_WORLD(no_operator_is_needed_where_the_contract_wants_none),
        IN_WORLD(an_operator_who_is_wanted_must_vouch),
        IN_WORLD(a_zero_operator_that_is_allowed_does_not_let_everybody_in),
        IN_WORLD(an_authorisation_for_anything_else_is_refused),
        IN_WORLD(an_expired_authorisation_is_refused),
        IN_WORLD(secrets_go_to_their_own_application_in_every_combination),
        IN_WORLD(whichever_read_of_the_chain_fails_nothing_is_released),
        IN_WORLD(when_the_record_cannot_be_written_nothing_is_released),
        IN_WORLD(when_the_answer_cannot_be_signed_nothing_is_released),
        IN_WORLD(an_answer_that_does_not_fit_is_not_given),
        cmocka_unit_test(every_reason_has_a_name_and_a_public_face),
        cmocka_unit_test(refusals_by_governance_look_alike_from_outside),
        IN_WORLD(refusals_are_counted_in_the_log),
        IN_WORLD(releases_run_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
