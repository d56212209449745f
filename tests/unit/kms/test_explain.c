/* explain: it fails where the release fails, says so in the release's order, releases nothing, and
 * tells nobody but a caller that proved itself. */
#include "kms/explain.h"
#include "unit/kms/release_support.h"

/* The explanation of what this ask would come to; its reason is the release's. */
static void explain(struct world *w, const struct ask *a, enum kms_reason expected,
                    struct kms_explanation *ret)
{
    static struct measurements m;
    const struct kms_question q = {
        .app = a->app, .measurements = &m, .config_hash = a->config_hash};
    uint64_t before;

    assert_why(w, a, expected);
    measurements_of_td(&a->td, &m);
    before = releases(w);
    kms_explain(&w->ctx.authority, &q, ret);
    if (ret->why != expected)
        fail_msg("explained %s, expected %s", kms_reason_name(ret->why), kms_reason_name(expected));
    assert_true(releases(w) == before);
}

/* All before this check came out, none after it did. */
static void fails_at(struct world *w, const struct ask *a, enum kms_reason reason, const char *name)
{
    struct kms_explanation x;
    size_t i = 0;

    explain(w, a, reason, &x);
    for (; i < KMS_CHECKS && x.check[i].state != KMS_FAILED; i++)
        if (x.check[i].state == KMS_NOT_REACHED)
            fail_msg("%s was not reached before %s", x.check[i].name, name);
    assert_true(i < KMS_CHECKS);
    assert_string_equal(x.check[i].name, name);
    assert_true(x.check[i].found[0] != '\0');
    for (i++; i < KMS_CHECKS; i++)
        if (x.check[i].state == KMS_PASSED || x.check[i].state == KMS_FAILED)
            fail_msg("%s came out after %s", x.check[i].name, name);
}

static void what_is_released_passes_every_check(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct kms_explanation x;

    explain(w, &a, KMS_GRANTED, &x);
    for (size_t i = 0; i < KMS_CHECKS; i++)
        assert_true(x.check[i].state != KMS_FAILED && x.check[i].state != KMS_NOT_REACHED);
    assert_true(x.has_identity && x.command[0] == '\0');
}

static void it_fails_where_the_release_fails(void **state)
{
    struct world *w = *state;
    const struct addr *kms = &w->config.kms, *app = &w->app_a;
    const struct hash32 self = w->ctx.authority.self;
    const struct hash32 commitment = *kms_root_commitment(kms_apps_root(w->ctx.authority.apps));
    struct ask a = world_ask(w);

    w->fail_finalized = true;
    w->fail_as = ERR_UPSTREAM;
    a.nonce = NULL;
    fails_at(w, &a, KMS_CHAIN_UNAVAILABLE, "chain");
    w->fail_finalized = false;
    world_head(w, kms, &(struct gov_head){.scheme = 2, .paused = true});
    fails_at(w, &a, KMS_CONTRACT_NOT_LIVE, "kms-contract");
    world_head(w, kms, &(struct gov_head){.scheme = 2});
    world_set_identity(w, kms, &self, world_policy(GOV_REVOKED, 0, 1, 0));
    fails_at(w, &a, KMS_SELF_NOT_ALLOWED, "kms");
    world_set_identity(w, kms, &self, world_allowed());
    world_set(w, kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), (struct hash32){{1}});
    fails_at(w, &a, KMS_ROOT_NOT_COMMITTED, "root");
    world_set(w, kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), commitment);
    world_allow_app(w, app, world_policy(GOV_FROZEN, 0, 1, 0), world_code_of(app), 2);
    fails_at(w, &a, KMS_APP_NOT_ALLOWED, "application");
    world_allow_app(w, app, world_allowed(), (struct hash32){{1}}, 2);
    fails_at(w, &a, KMS_APP_CODE, "application-code");
    world_allow_app(w, app, world_allowed(), world_code_of(app), 2);
    world_head(w, app, &(struct gov_head){.scheme = 2, .paused = true});
    fails_at(w, &a, KMS_APP_NOT_LIVE, "application-contract");
    world_head(w, app, &(struct gov_head){.scheme = 2});
    world_set(w, app, gov_slot(GOV_SLOT_PREDECESSOR), gov_word_addr(&w->app_b));
    fails_at(w, &a, KMS_LINEAGE, "lineage");
    world_set(w, app, gov_slot(GOV_SLOT_PREDECESSOR), (struct hash32){{0}});
    a.td.rtmr[1][0] ^= 1;
    fails_at(w, &a, KMS_IDENTITY_NOT_ALLOWED, "identity");
    a.td.rtmr[1][0] ^= 1;
    world_head(w, app, &(struct gov_head){.scheme = 2, .operator_required = true});
    fails_at(w, &a, KMS_OPERATOR_MISSING, "operator");
}

/* ---- the command ---- */

/* It begins so; "" for none. */
static void mends(struct world *w, const struct ask *a, enum kms_reason reason, const char *command)
{
    struct kms_explanation x;

    explain(w, a, reason, &x);
    if (strncmp(x.command, command, strlen(command)) != 0 || (!*command && x.command[0]))
        fail_msg("\"%s\", expected \"%s\"", x.command, command);
}

static void ends_with(struct world *w, const struct ask *a, enum kms_reason reason,
                      const char *before, const char *end)
{
    struct kms_explanation x;

    explain(w, a, reason, &x);
    if (strlen(x.command) < strlen(end) || strstr(x.command, before) != x.command ||
        strcmp(x.command + strlen(x.command) - strlen(end), end) != 0)
        fail_msg("\"%s\", expected \"%s...%s\"", x.command, before, end);
}

/* contracts/LAYOUT.md, "Pending": a pause that ends at this time, and nothing else. */
static void pause_ends(struct world *w, const struct addr *contract, uint64_t from)
{
    struct hash32 word = {{0}};

    for (size_t i = 0; i < 8; i++)
        word.b[19 - i] = (uint8_t)(from >> (8 * i));
    world_set(w, contract, gov_slot(GOV_SLOT_PENDING), word);
}

static void the_command_is_the_one_that_mends(void **state)
{
    struct world *w = *state;
    const struct addr *kms = &w->config.kms, *app = &w->app_a;
    const struct hash32 self = w->ctx.authority.self;
    const uint64_t now = w->block.timestamp;
    struct ask a = world_ask(w);

    /* Allowed again under the policy that it had, not under the default one. */
    world_allow_app(w, app, world_policy(GOV_REVOKED, 3, 0, 0), world_code_of(app), 2);
    ends_with(w, &a, KMS_APP_NOT_ALLOWED, "teereg gov allow --contract 0x", " --policy-id 3");
    world_allow_app(w, app, world_policy(GOV_ALLOWED, 3, 1, 0), (struct hash32){{1}}, 2);
    ends_with(w, &a, KMS_APP_CODE, "teereg gov allow --contract 0x", " --policy-id 3");
    world_allow_app(w, app, world_policy(GOV_REVOKED, 0, 0, 0), world_code_of(app), 2);
    mends(w, &a, KMS_APP_NOT_ALLOWED, "teereg gov app allow --kms 0x");
    /* Time mends it, no command does. */
    world_allow_app(w, app, world_policy(GOV_ALLOWED, 0, now + 9, 0), world_code_of(app), 2);
    mends(w, &a, KMS_APP_NOT_ALLOWED, "");
    world_allow_app(w, app, world_allowed(), world_code_of(app), 2);

    world_set_identity(w, kms, &self, world_policy(GOV_REVOKED, 0, 0, 0));
    mends(w, &a, KMS_SELF_NOT_ALLOWED, "teereg gov allow --contract 0x");
    world_set_identity(w, kms, &self, world_policy(GOV_ALLOWED, 0, now + 9, 0));
    mends(w, &a, KMS_SELF_NOT_ALLOWED, "");
    world_set_identity(w, kms, &self, world_allowed());

    world_head(w, app, &(struct gov_head){.scheme = 2, .paused = true, .delay = 60});
    mends(w, &a, KMS_APP_NOT_LIVE, "teereg gov unpause --contract 0x");
    pause_ends(w, app, now + 9); /* to ask again would begin the delay anew */
    mends(w, &a, KMS_APP_NOT_LIVE, "");
    pause_ends(w, app, now);
    mends(w, &a, KMS_APP_NOT_LIVE, "teereg gov settings apply --contract 0x");
    world_head(w, app, &(struct gov_head){.scheme = 2});
    w->config.min_delay = 60;
    world_head(w, kms, &(struct gov_head){.scheme = 2, .delay = 60});
    mends(w, &a, KMS_APP_NOT_LIVE, "teereg gov delay set 60 --contract 0x");
    w->config.min_delay = 0;
    world_head(w, kms, &(struct gov_head){.scheme = 2});
}

/* An identity that was taken back is given again what it had. */
static void an_identity_keeps_its_template(void **state)
{
    struct world *w = *state;
    const struct addr *app = &w->app_a;
    struct ask a = world_ask(w);
    struct kms_explanation x;
    struct hash32 identity;

    explain(w, &a, KMS_GRANTED, &x);
    identity = x.identity;
    world_set(w, app, gov_slot_entry(GOV_REGISTRY_SLOT_CONFIGS, &identity, 0),
              (struct hash32){{0xab, [31] = 0xcd}});
    world_set_identity(w, app, &identity, world_policy(GOV_REVOKED, 0, 0, 0));
    ends_with(w, &a, KMS_IDENTITY_NOT_ALLOWED, "teereg gov set-config --app 0x",
              " --template ab000000000000000000000000000000000000000000000000000000000000cd");
    world_set_identity(w, app, &identity, world_allowed());
}

static void an_outsider_needs_no_root_but_the_contract_does(void **state)
{
    struct world *w = *state;
    struct kms_authority outside = w->ctx.authority;
    struct kms_question q = {.app = w->app_a};
    struct kms_explanation x;
    struct measurements m;

    measurements_of_td(&w->td_a, &m);
    q.measurements = &m;
    outside.apps = NULL;
    kms_explain(&outside, &q, &x);
    assert_true(x.why == KMS_LOCKED);
    outside.outsider = true;
    outside.self = (struct hash32){{0}};
    kms_explain(&outside, &q, &x);
    assert_true(x.why == KMS_GRANTED);
    world_set(w, &w->config.kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), (struct hash32){{0}});
    kms_explain(&outside, &q, &x);
    assert_true(x.why == KMS_ROOT_NOT_COMMITTED);
}

/* An outsider's authority is worth nothing in a release. */
static void an_outsider_releases_nothing(void **state)
{
    struct world *w = *state;
    kms_apps *apps = w->ctx.authority.apps;
    struct ask a = world_ask(w);

    w->ctx.authority.outsider = true;
    w->ctx.authority.apps = NULL;
    assert_why(w, &a, KMS_LOCKED);
    w->ctx.authority.apps = apps;
}

/* ---- over the wire ---- */

struct proof {
    const char *challenge_purpose;
    struct report_binding binding;
    bool other_key, spent_twice;
    struct td_report td;
};

static struct proof right(const struct world *w)
{
    return (struct proof){.challenge_purpose = MSG_PURPOSE_EXPLAIN,
                          .binding = {.purpose = REPORT_EXPLAIN,
                                      .chain_id = w->config.chain_id,
                                      .kms = w->config.kms,
                                      .app = w->app_a},
                          .td = w->td_a};
}

/* Asks; *ret_text is what the caller's key opens. */
static enum kms_reason ask_why(struct world *w, const struct proof *p, struct buf *ret_text)
{
    struct buf payload AUTO_CALL(buf_done) = BUF(64);
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct buf text AUTO_CALL(buf_done) = BUF(MSG_REQUEST_MAX);
    struct buf body AUTO_CALL(buf_done) = BUF(MSG_REQUEST_MAX);
    struct buf answer AUTO_CALL(buf_done) = BUF(MSG_ANSWER_MAX);
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct msg_answer sealed AUTO_CALL(msg_answer_done) = {0};
    struct msg_answer_context bound = {
        .explains = true, .chain_id = w->config.chain_id, .kms = w->config.kms, .app = w->app_a};
    struct report_binding binding = p->binding;
    AUTO(EVP_PKEY) key = NULL;
    AUTO(EVP_PKEY) other = NULL;
    AUTO(secret) plain = NULL;
    enum kms_reason why = KMS_GRANTED;
    uint8_t spki[P256_SPKI_LEN], sent[P256_SPKI_LEN];
    struct report_data rd;
    uint32_t expires;
    struct err e = {0};

    world_must(p256_generate(&key, &e), &e, "key");
    world_must(p256_generate(&other, &e), &e, "key");
    world_must(p256_spki(key, spki, &e), &e, "SPKI");
    world_must(p256_spki(p->other_key ? other : key, sent, &e), &e, "SPKI");
    world_must(challenge_make(w->ctx.challenges, p->challenge_purpose, &w->app_a, &bound.nonce,
                              &expires, &e),
               &e, "challenge");
    buf_put_lp(&payload, (struct bytes){spki, 32}); /* some configuration hash */
    binding.spki = BYTES(spki);
    binding.nonce = bound.nonce;
    binding.payload = buf_bytes(&payload);
    report_data_v2(&binding, &rd);
    world_must(sim_quote(w->platform, SIM_V4, &p->td, &rd, &quote, &e), &e, "quote");
    world_must(evidence_set(&ev, EVIDENCE_TYPE_TDX, buf_bytes(&quote), buf_bytes(&payload), &e), &e,
               "evidence");
    world_must(evidence_encode(&ev, &text, &e), &e, "evidence");
    world_must(msg_explain_request_encode(&bound.nonce, BYTES(sent), buf_bytes(&text), &body, &e),
               &e, "body");
    for (int i = 0; i <= p->spent_twice; i++) {
        buf_clear(&answer);
        if (kms_explain_request(&w->ctx, &w->app_a, buf_bytes(&body), &answer, &why, &e) !=
            ERR_OK) {
            assert_int_equal(answer.n, 0);
            return why;
        }
    }
    sha256(buf_bytes(&body), &bound.request_sha256);
    world_must(msg_answer_decode(buf_bytes(&answer), &sealed, &e), &e, "answer");
    assert_int_not_equal(msg_answer_open(&bound, other, w->ctx.tls_key, &sealed, &plain, &e),
                         ERR_OK);
    bound.explains = false; /* nobody takes it for secrets */
    assert_int_not_equal(msg_answer_open(&bound, key, w->ctx.tls_key, &sealed, &plain, &e), ERR_OK);
    bound.explains = true;
    world_must(msg_answer_open(&bound, key, w->ctx.tls_key, &sealed, &plain, &e), &e, "answer");
    buf_put(ret_text, secret_bytes(plain));
    return why;
}

static bool says(struct world *w, const struct proof *p, const char *what)
{
    struct buf text AUTO_CALL(buf_done) = BUF(MSG_SECRETS_MAX);

    assert_int_equal(ask_why(w, p, &text), KMS_GRANTED);
    return strstr(buf_cstr(&text), what) != NULL;
}

static void a_caller_that_proves_itself_is_told(void **state)
{
    struct world *w = *state;
    struct proof p = right(w);
    uint64_t before = releases(w);

    assert_true(says(w, &p, "\"decision\":\"released\""));
    p.td.rtmr[2][0] ^= 1;
    assert_true(says(w, &p, "\"first_failed\":\"identity\""));
    assert_true(releases(w) == before);
}

/* A machine that proves itself is still anybody's: our nodes and what they say is not for it. */
static void nobody_is_told_which_nodes_are_asked(void **state)
{
    struct world *w = *state;
    struct buf text AUTO_CALL(buf_done) = BUF(MSG_SECRETS_MAX);
    struct proof p = right(w);

    w->fail_finalized = true;
    w->fail_as = ERR_UPSTREAM;
    assert_int_equal(ask_why(w, &p, &text), KMS_GRANTED);
    w->fail_finalized = false;
    assert_non_null(strstr(buf_cstr(&text), "\"first_failed\":\"chain\""));
    assert_non_null(strstr(buf_cstr(&text), "the chain cannot be read now"));
    assert_null(strstr(buf_cstr(&text), "no block"));
}

static void one_that_does_not_is_told_nothing(void **state)
{
    struct world *w = *state;
    struct buf none AUTO_CALL(buf_done) = BUF(MSG_SECRETS_MAX);
    struct proof p = right(w);

    p.challenge_purpose = MSG_PURPOSE_SECRETS;
    assert_int_equal(ask_why(w, &p, &none), KMS_CHALLENGE_FORGED);
    p = right(w);
    p.binding.purpose = REPORT_SECRETS_REQUEST;
    assert_int_equal(ask_why(w, &p, &none), KMS_REPORT_DATA_MISMATCH);
    p = right(w);
    p.binding.app = w->app_b;
    assert_int_equal(ask_why(w, &p, &none), KMS_REPORT_DATA_MISMATCH);
    p = right(w);
    p.other_key = true;
    assert_int_equal(ask_why(w, &p, &none), KMS_REPORT_DATA_MISMATCH);
    p = right(w);
    p.spent_twice = true;
    assert_int_equal(ask_why(w, &p, &none), KMS_CHALLENGE_SPENT);
    assert_int_equal(none.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(what_is_released_passes_every_check),
        IN_WORLD(it_fails_where_the_release_fails),
        IN_WORLD(the_command_is_the_one_that_mends),
        IN_WORLD(an_identity_keeps_its_template),
        IN_WORLD(an_outsider_needs_no_root_but_the_contract_does),
        IN_WORLD(an_outsider_releases_nothing),
        IN_WORLD(a_caller_that_proves_itself_is_told),
        IN_WORLD(one_that_does_not_is_told_nothing),
        IN_WORLD(nobody_is_told_which_nodes_are_asked),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
