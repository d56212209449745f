/* policies: what contracts demand of the evidence, besides what is configured (SR-03). */
#include "base/fs.h"
#include "support/v1_world.h"
#include "unit/kms/policy_support.h"

/* ---- whose policy ---- */

static void the_policy_of_an_identity_must_accept(void **state)
{
    const struct attest_policy good = wants_evaluation(17), bad = wants_evaluation(18);
    struct world *w = *state;
    struct ask a = world_ask(w);

    identity_under(w, 7);
    publish(w, &w->app_a, 7, &good);
    assert_why(w, &a, KMS_GRANTED);
    publish(w, &w->app_a, 7, &bad);
    assert_why(w, &a, KMS_POLICY_REFUSED);
}

static void the_default_policy_counts_where_no_other_is_named(void **state)
{
    const struct attest_policy good = wants_evaluation(17), bad = wants_evaluation(18);
    struct world *w = *state;
    struct ask a = world_ask(w);

    publish(w, &w->app_a, 0, &bad);
    assert_why(w, &a, KMS_POLICY_REFUSED);
    identity_under(w, 7); /* instead of the default one, not besides it */
    publish(w, &w->app_a, 7, &good);
    assert_why(w, &a, KMS_GRANTED);
}

static void the_policy_of_the_application_in_the_kms_contract_must_accept(void **state)
{
    const struct attest_policy good = wants_evaluation(17), bad = wants_evaluation(18);
    struct world *w = *state;
    struct ask a = world_ask(w);

    publish(w, &w->config.kms, 0, &bad);
    assert_why(w, &a, KMS_POLICY_REFUSED);
    world_allow_app(w, &w->app_a, world_policy(GOV_ALLOWED, 3, 1, 0), world_code_of(&w->app_a), 2);
    publish(w, &w->config.kms, 3, &good);
    assert_why(w, &a, KMS_GRANTED);
    publish(w, &w->config.kms, 3, &bad);
    assert_why(w, &a, KMS_POLICY_REFUSED);
}

static void the_policy_of_the_operator_must_accept(void **state)
{
    static const uint8_t raw[32] = {0x46, 0x46};
    const struct attest_policy bad = wants_evaluation(18);
    struct world *w = *state;
    struct ask a = world_ask(w);
    AUTO(secret) key = NULL;
    struct addr who;
    struct err e = {0};

    world_must(secret_copy(BYTES(raw), &key, &e), &e, "key");
    world_must(secp256k1_address(key, &who, &e), &e, "address");
    world_head(w, &w->app_a, &(struct gov_head){.scheme = 2, .operator_required = true});
    a.operator_key = key;
    publish(w, &w->app_a, 4, &bad);
    world_set_operator(w, &w->app_a, &who, world_allowed());
    assert_why(w, &a, KMS_GRANTED);
    world_set_operator(w, &w->app_a, &who, world_policy(GOV_ALLOWED, 4, 1, 0));
    assert_why(w, &a, KMS_POLICY_REFUSED);
}

static void the_configured_policy_counts_though_the_contract_accepts_more(void **state)
{
    const struct attest_policy lax = wants_evaluation(1);
    struct world *w = *state;
    struct ask a = world_ask(w);

    publish(w, &w->app_a, 0, &lax);
    w->config.policy = wants_evaluation(18);
    assert_why(w, &a, KMS_QUOTE_INVALID);
}

static void a_refusal_says_whose_policy_and_which_fault(void **state)
{
    const struct attest_policy bad = wants_evaluation(18);
    struct client c AUTO_CALL(client_done) = {0};
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct err e = {0};

    identity_under(w, 7);
    publish(w, &w->app_a, 7, &bad);
    client_body(w, &a, &c);
    assert_int_equal(client_send(w, &c, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "policy 7 of the identity: EVALUATION_NUMBER: "));
}

/* A contract of scheme 1 rests on the word of the firmware too. */
static void the_policy_of_the_firmware_must_accept(void **state)
{
    const struct attest_policy bad = wants_evaluation(18);
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 key;

    v1_make_app(w);
    publish(w, &w->config.kms, 5, &bad);
    assert_why(w, &a, KMS_GRANTED);
    keccak256(BYTES(w->td_a.mrtd), &key);
    world_set(w, &w->config.kms, gov_slot_entry(GOV_KMS_SLOT_FIRMWARE, &key, 0),
              world_policy(GOV_ALLOWED, 5, 1, 0));
    assert_why(w, &a, KMS_POLICY_REFUSED);
}

/* ---- its body ---- */

static void a_policy_whose_body_is_nowhere_refuses(void **state)
{
    const struct attest_policy p = wants_evaluation(17);
    struct world *w = *state;
    struct ask a = world_ask(w);

    identity_under(w, 7);
    set_hash(w, &w->app_a, 7, hash_of(&p));
    assert_why(w, &a, KMS_POLICY_UNKNOWN);
}

static void a_number_without_a_policy_refuses(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    identity_under(w, 7);
    assert_why(w, &a, KMS_POLICY_UNKNOWN);
    identity_under(w, 0);
    assert_why(w, &a, KMS_GRANTED);
}

static void a_body_of_another_hash_counts_for_nothing(void **state)
{
    const struct attest_policy lax = wants_evaluation(1), strict = wants_evaluation(18);
    struct world *w = *state;
    struct ask a = world_ask(w);

    publish(w, &w->app_a, 0, &lax);
    set_hash(w, &w->app_a, 0, hash_of(&strict));
    assert_why(w, &a, KMS_POLICY_UNKNOWN);
}

static void an_artifact_that_is_no_policy_refuses(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);
    struct hash32 h;

    buf_put_str(&w->artifact, "hello");
    w->artifact_of = w->app_a;
    sha256(buf_bytes(&w->artifact), &h);
    set_hash(w, &w->app_a, 0, h);
    assert_why(w, &a, KMS_POLICY_UNKNOWN);
}

static void a_chain_that_does_not_answer_is_no_missing_policy(void **state)
{
    const struct attest_policy p = wants_evaluation(17);
    struct world *w = *state;
    struct ask a = world_ask(w);

    publish(w, &w->app_a, 0, &p);
    w->fail_body = ERR_TIMEOUT;
    assert_why(w, &a, KMS_CHAIN_UNAVAILABLE);
}

static void a_body_is_fetched_once(void **state)
{
    const struct attest_policy p = wants_evaluation(17);
    struct world *w = *state;
    struct ask a = world_ask(w);

    publish(w, &w->app_a, 0, &p);
    for (int i = 0; i < 3; i++)
        assert_why(w, &a, KMS_GRANTED);
    assert_int_equal(w->body_calls, 1);
}

static void the_configured_policy_needs_no_body(void **state)
{
    struct world *w = *state;
    struct ask a = world_ask(w);

    set_hash(w, &w->app_a, 0, hash_of(&w->config.policy));
    assert_why(w, &a, KMS_GRANTED);
    assert_int_equal(w->body_calls, 0);
}

/* ---- the folder ---- */

static void put_file(const struct world *w, const char *name, struct bytes data)
{
    char path[128];
    struct err e = {0};

    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    world_must(fs_write_new(path, data, 0600, &e), &e, "file");
}

static void put_tlvs(const struct world *w, const char *name, const struct attest_policy *p)
{
    struct buf tlvs AUTO_CALL(buf_done) = BUF(POLICY_TLVS_MAX);
    struct err e = {0};

    world_must(attest_policy_encode(p, &tlvs, &e), &e, "TLVs");
    put_file(w, name, buf_bytes(&tlvs));
}

static void drop_files(const struct world *w)
{
    static const char *const names[] = {"one.json", "two.tlv", "two.txt", "bad.json", "late.tlv"};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", w->dir, names[i]);
        (void)unlink(path);
    }
}

static void open_folder(struct world *w)
{
    kms_policies **p = &w->ctx.authority.policies;
    struct err e = {0};

    kms_policies_free(*p);
    world_must(kms_policies_new(w->dir, &w->clock, p, &e), &e, "folder");
}

static void bodies_come_from_a_folder_as_text_and_as_encoding(void **state)
{
    const struct attest_policy one = wants_evaluation(17), two = wants_evaluation(16);
    struct world *w = *state;
    struct ask a = world_ask(w);

    put_file(w, "one.json", bytes_of_str("{\"min_evaluation_number\": 17}"));
    put_tlvs(w, "two.tlv", &two);
    put_file(w, "two.txt", bytes_of_str("not looked at"));
    open_folder(w);
    set_hash(w, &w->app_a, 0, hash_of(&one));
    assert_why(w, &a, KMS_GRANTED);
    set_hash(w, &w->app_a, 0, hash_of(&two));
    assert_why(w, &a, KMS_GRANTED);
    assert_int_equal(w->body_calls, 0);
    drop_files(w);
}

static void the_folder_is_read_again_after_a_minute(void **state)
{
    const struct attest_policy p = wants_evaluation(17);
    struct world *w = *state;
    struct ask a = world_ask(w);

    open_folder(w);
    set_hash(w, &w->app_a, 0, hash_of(&p));
    put_tlvs(w, "late.tlv", &p);
    assert_why(w, &a, KMS_POLICY_UNKNOWN);
    w->now += KMS_POLICIES_AGAIN_S - 1;
    assert_why(w, &a, KMS_POLICY_UNKNOWN);
    w->now += 1;
    assert_why(w, &a, KMS_GRANTED);
    drop_files(w);
}

static void what_the_folder_held_stays_when_it_is_gone(void **state)
{
    const struct attest_policy p = wants_evaluation(17), other = wants_evaluation(16);
    struct world *w = *state;
    struct ask a = world_ask(w);

    put_tlvs(w, "late.tlv", &p);
    open_folder(w);
    drop_files(w);
    w->now += 2 * KMS_POLICIES_AGAIN_S;
    set_hash(w, &w->app_a, 0, hash_of(&other));
    assert_why(w, &a, KMS_POLICY_UNKNOWN);
    set_hash(w, &w->app_a, 0, hash_of(&p));
    assert_why(w, &a, KMS_GRANTED);
}

static void no_contract_pushes_out_what_the_folder_held(void **state)
{
    const struct attest_policy ours = wants_evaluation(17);
    struct world *w = *state;
    struct ask a = world_ask(w);

    put_tlvs(w, "late.tlv", &ours);
    open_folder(w);
    drop_files(w);
    for (uint32_t i = 0; i < 70; i++) { /* more than are kept of the chain */
        const struct attest_policy p = wants_evaluation(18 + i);

        publish(w, &w->app_a, 0, &p);
        assert_why(w, &a, KMS_POLICY_REFUSED);
    }
    w->artifact_of = (struct addr){0};
    set_hash(w, &w->app_a, 0, hash_of(&ours));
    assert_why(w, &a, KMS_GRANTED);
}

static void a_file_that_is_no_policy_is_named_at_the_start_and_passed_over_later(void **state)
{
    const struct attest_policy good = wants_evaluation(17);
    struct world *w = *state;
    struct ask a = world_ask(w);
    kms_policies *p = NULL;
    struct err e = {0};

    open_folder(w);
    put_file(w, "bad.json", bytes_of_str("{\"min_evaluation_nomber\": 17}"));
    put_file(w, "late.tlv", bytes_of_str("neither"));
    put_file(w, "one.json", bytes_of_str("{\"min_evaluation_number\": 17}"));
    assert_int_equal(kms_policies_new(w->dir, &w->clock, &p, &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, w->dir));
    w->now += KMS_POLICIES_AGAIN_S;
    set_hash(w, &w->app_a, 0, hash_of(&good));
    assert_why(w, &a, KMS_GRANTED);
    drop_files(w);
}

static void a_folder_that_is_not_there_is_an_error_at_the_start(void **state)
{
    struct world *w = *state;
    kms_policies *p = NULL;
    struct err e = {0};

    assert_int_equal(kms_policies_new("/nonexistent", &w->clock, &p, &e), ERR_IO);
    assert_null(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(the_policy_of_an_identity_must_accept),
        IN_WORLD(the_default_policy_counts_where_no_other_is_named),
        IN_WORLD(the_policy_of_the_application_in_the_kms_contract_must_accept),
        IN_WORLD(the_policy_of_the_operator_must_accept),
        IN_WORLD(the_policy_of_the_firmware_must_accept),
        IN_WORLD(the_configured_policy_counts_though_the_contract_accepts_more),
        IN_WORLD(a_refusal_says_whose_policy_and_which_fault),
        IN_WORLD(a_policy_whose_body_is_nowhere_refuses),
        IN_WORLD(a_number_without_a_policy_refuses),
        IN_WORLD(a_body_of_another_hash_counts_for_nothing),
        IN_WORLD(an_artifact_that_is_no_policy_refuses),
        IN_WORLD(a_chain_that_does_not_answer_is_no_missing_policy),
        IN_WORLD(a_body_is_fetched_once),
        IN_WORLD(the_configured_policy_needs_no_body),
        IN_WORLD(bodies_come_from_a_folder_as_text_and_as_encoding),
        IN_WORLD(the_folder_is_read_again_after_a_minute),
        IN_WORLD(what_the_folder_held_stays_when_it_is_gone),
        IN_WORLD(no_contract_pushes_out_what_the_folder_held),
        IN_WORLD(a_file_that_is_no_policy_is_named_at_the_start_and_passed_over_later),
        IN_WORLD(a_folder_that_is_not_there_is_an_error_at_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
