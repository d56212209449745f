/* gov_contracts - the two contracts written through gov/write and read back through gov/kms and
 * gov/registry on a real chain; then contracts that mean harm.  Run by gov.sh.
 *
 * Environment: TEEREG_RPC, an anvil with its ordinary accounts, chain 31337, finality two blocks
 * behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/codec.h"
#include "chain/abi.h"
#include "chain/view_trusted.h"
#include "crypto/digest.h"
#include "gov/contracts_gen.h"
#include "gov/measured.h"
#include "gov/registry.h"
#include "gov/write.h"
#include "support/fake_node.h"

#define CHAIN 31337

/* anvil's accounts 0 and 1 */
static const char owner_key[] = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
static const char other_key[] = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

static rpc *node;
static secret *keys[2];
static transactor *owner, *other;
static struct chain_view view;
static struct addr kms, app;
static struct err e;

#define OK(call)                                                                                   \
    do {                                                                                           \
        e = (struct err){0};                                                                       \
        if ((call) != ERR_OK)                                                                      \
            fail_msg("%s", e.msg);                                                                 \
    } while (0)

static transactor *writer(const char *hex, secret **key)
{
    struct transactor_config config = {
        .node = node, .chain_id = CHAIN, .clock = &clock_system, .wait_ms = 20000};
    uint8_t bytes[32];
    transactor *t = NULL;

    OK(hex_decode(bytes_of_str(hex), bytes, sizeof bytes, &e));
    OK(secret_copy(BYTES(bytes), key, &e));
    config.key = *key;
    OK(transactor_new(&config, &t, &e));
    return t;
}

/* Three blocks on everything so far is final. */
static struct finalized_block final_now(void)
{
    struct finalized_block at;
    AUTO(json) answer = NULL;
    const json *result;

    OK(rpc_one(node, "anvil_mine", "[\"0x3\"]", &answer, &result, &e));
    OK(chain_view_finalized(&view, &at, &e));
    return at;
}

static int set_up(void **state)
{
    const struct rpc_config config = {.url = getenv("TEEREG_RPC"),
                                      .allow_http = true,
                                      .allow_private = true,
                                      .total_ms = 5000,
                                      .body_max = 1 << 20};
    struct view_trusted_config believe = {
        .chain_id = CHAIN, .clock = &clock_system, .slot_ms = 1, .max_ahead_s = 100000};
    struct tx_receipt r;

    (void)state;
    OK(rpc_new(&config, &node, &e));
    owner = writer(owner_key, &keys[0]);
    other = writer(other_key, &keys[1]);
    believe.node = node;
    OK(view_trusted_new(&believe, &view, &e));
    OK(gov_deploy_kms(owner, NULL, &r, &e));
    kms = r.contract;
    OK(gov_deploy_registry(owner, NULL, 2, &r, &e));
    app = r.contract;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    chain_view_done(&view);
    transactor_free(owner);
    transactor_free(other);
    secret_free(keys[0]);
    secret_free(keys[1]);
    rpc_free(node);
    return 0;
}

static struct measurements machine(uint8_t seed)
{
    struct measurements m = {.kind = TEE_TDX};

    memset(m.mrtd, seed, sizeof m.mrtd);
    memset(m.mrconfigid, seed + 1, sizeof m.mrconfigid);
    memset(m.mrowner, seed + 2, sizeof m.mrowner);
    memset(m.mrownerconfig, seed + 3, sizeof m.mrownerconfig);
    for (int i = 0; i < 4; i++)
        memset(m.rtmr[i], seed + 4 + i, sizeof m.rtmr[i]);
    m.td_attributes[3] = 0x10;
    m.xfam[0] = 0xe7;
    return m;
}

static struct gov_kms_facts kms_facts(const struct gov_kms_query *q)
{
    struct finalized_block at = final_now();
    struct gov_kms_facts f = {0};

    OK(gov_kms_read(&view, &at, &kms, q, &f, &e));
    return f;
}

static struct gov_registry_facts app_facts(const struct gov_registry_query *q)
{
    struct finalized_block at = final_now();
    struct gov_registry_facts f = {0};

    OK(gov_registry_read(&view, &at, &app, q, &f, &e));
    return f;
}

static bool is_active(const struct gov_policy *p, const struct finalized_block *at)
{
    const struct gov_time t = gov_time_of(at->timestamp, 0);

    return gov_policy_active(p, &t) == GOV_ACTIVE;
}

/* ---- the two contracts ---- */

static void what_is_deployed_is_layout_2_and_empty(void **state)
{
    struct gov_kms_facts f = kms_facts(&(struct gov_kms_query){0});
    struct gov_registry_facts g = app_facts(&(struct gov_registry_query){0});

    (void)state;
    assert_int_equal(f.head.scheme, 2);
    assert_true(f.head.principal);
    assert_true(hash32_is_zero(&f.root_id) && hash32_is_zero(&f.commitment));
    assert_int_equal(g.head.scheme, 2);
    assert_false(g.head.principal || g.head.rtmr3 || g.head.operator_required || g.head.paused);
    assert_int_equal(g.head.delay, 0);
    assert_true(hash32_is_zero(&g.pki_hash) && hash32_is_zero(&g.backends_hash));
}

static void an_application_is_allowed_with_the_code_it_has(void **state)
{
    const struct gov_kms_query q = {.app = &app};
    struct gov_registry_facts g = app_facts(&(struct gov_registry_query){0});
    struct gov_kms_facts f = kms_facts(&q);

    (void)state;
    assert_int_equal(f.app.state, GOV_NONE);
    OK(gov_allow_application(owner, &kms, &app, NULL, &e));
    f = kms_facts(&q);
    assert_true(is_active(&f.app, &f.at));
    OK(gov_kms_app_code(&f, &g.code_hash, &e));
    assert_int_equal(gov_kms_app_code(&f, &f.code_hash, &e), ERR_DENIED);
}

static void a_kms_is_allowed_as_the_principal_computed_here(void **state)
{
    const struct measurements m = machine(10);
    const struct hash32 config = {{0xc0}}, other_config = {{0xc1}};
    const struct identity_rules rules = {.chain_id = CHAIN, .contract = kms};
    struct hash32 identity, principal, wrong;
    struct gov_kms_facts f;

    (void)state;
    OK(identity_v2(&m, &rules, &identity, &e));
    identity_principal(&identity, &config, &principal);
    identity_principal(&identity, &other_config, &wrong);
    OK(gov_allow_kms(owner, &kms, &m, &config, NULL, &e));
    f = kms_facts(&(struct gov_kms_query){.principal = &principal});
    assert_true(is_active(&f.principal, &f.at));
    /* The right machine with another configuration is another principal. */
    f = kms_facts(&(struct gov_kms_query){.principal = &wrong});
    assert_int_equal(f.principal.state, GOV_NONE);
}

static void a_root_is_committed_once(void **state)
{
    const struct hash32 root_id = {{1}}, commitment = {{2}}, again = {{3}};
    struct gov_kms_facts f;

    (void)state;
    OK(gov_commit_root(owner, &kms, &root_id, &commitment, NULL, &e));
    f = kms_facts(&(struct gov_kms_query){0});
    assert_true(hash32_eq(&f.root_id, &root_id) && hash32_eq(&f.commitment, &commitment));
    assert_int_equal(gov_commit_root(owner, &kms, &again, &again, NULL, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "AlreadySet()"));
}

static void a_template_goes_to_the_identity_computed_here(void **state)
{
    const struct measurements m = machine(20);
    const struct hash32 template_ = {{0x7e}};
    const struct identity_rules rules = {.chain_id = CHAIN, .contract = app};
    struct gov_registry_facts f;
    struct hash32 identity;

    (void)state;
    OK(identity_v2(&m, &rules, &identity, &e));
    OK(gov_set_config_measured(owner, &app, &m, &template_, NULL, &e));
    f = app_facts(&(struct gov_registry_query){.identity = &identity});
    assert_true(is_active(&f.identity, &f.at));
    assert_true(hash32_eq(&f.config, &template_));
}

static void a_revocation_holds_at_the_next_final_block(void **state)
{
    const struct hash32 identity = {{0x33}}, template_ = {{0x7f}};
    const struct gov_registry_query q = {.identity = &identity};
    struct gov_registry_facts f;

    (void)state;
    OK(gov_set_config(owner, &app, &identity, &template_, NULL, &e));
    f = app_facts(&q);
    assert_true(is_active(&f.identity, &f.at));
    OK(gov_revoke(owner, &app, GOV_KIND_IDENTITY, &identity, NULL, &e));
    f = app_facts(&q);
    assert_int_equal(f.identity.state, GOV_REVOKED);
    OK(gov_allow(owner, &app, GOV_KIND_IDENTITY, &identity, 0, 0, NULL, &e));
    OK(gov_freeze(owner, &app, GOV_KIND_IDENTITY, &identity, NULL, &e));
    f = app_facts(&q);
    assert_int_equal(f.identity.state, GOV_FROZEN);
}

static void every_kind_can_be_revoked_in_the_kms_contract(void **state)
{
    static const uint8_t mrtd[48] = {0x3d};
    struct hash32 subject;
    struct gov_kms_facts f;

    (void)state;
    keccak256(BYTES(mrtd), &subject);
    OK(gov_allow(owner, &kms, GOV_KIND_FIRMWARE, &subject, 0, 0, NULL, &e));
    OK(gov_allow(owner, &kms, GOV_KIND_PARAVISOR, &subject, 0, 0, NULL, &e));
    f = kms_facts(&(struct gov_kms_query){.firmware_mrtd = mrtd, .paravisor_mrtd = mrtd});
    assert_true(is_active(&f.firmware, &f.at) && is_active(&f.paravisor, &f.at));
    OK(gov_revoke(owner, &kms, GOV_KIND_FIRMWARE, &subject, NULL, &e));
    f = kms_facts(&(struct gov_kms_query){.firmware_mrtd = mrtd, .paravisor_mrtd = mrtd});
    assert_int_equal(f.firmware.state, GOV_REVOKED);
    assert_true(is_active(&f.paravisor, &f.at));
}

static void operators_come_and_go(void **state)
{
    const struct addr *who = transactor_address(other);
    const struct gov_registry_query q = {.operator_ = who};
    struct gov_registry_facts f = app_facts(&q);

    (void)state;
    assert_int_equal(f.operator_.state, GOV_NONE);
    OK(gov_grant_role(owner, &app, GOV_ROLE_OPERATOR, who, NULL, &e));
    f = app_facts(&q);
    assert_true(is_active(&f.operator_, &f.at));
    OK(gov_revoke_role(owner, &app, GOV_ROLE_OPERATOR, who, NULL, &e));
    assert_int_equal(app_facts(&q).operator_.state, GOV_REVOKED);
}

static void a_stranger_is_told_why_not(void **state)
{
    const struct hash32 identity = {{0x44}};

    (void)state;
    assert_int_equal(gov_set_config(other, &app, &identity, &identity, NULL, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "AccessControlUnauthorizedAccount(0x70997970c51812dc3a010c7d01b50"
                                  "e0d17dc79c8"));
    assert_int_equal(gov_commit_root(other, &kms, &identity, &identity, NULL, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "OwnableUnauthorizedAccount("));
}

static void a_pki_comes_back_as_it_was_published(void **state)
{
    struct gov_pki pki AUTO_CALL(gov_pki_done) = {0};
    struct finalized_block at;
    struct gov_registry_facts f;
    struct hash32 expected;

    (void)state;
    OK(gov_set_pki(owner, &app, bytes_of_str("certificate"), bytes_of_str("key"), NULL, &e));
    f = app_facts(&(struct gov_registry_query){0});
    OK(gov_pki_hash(bytes_of_str("certificate"), bytes_of_str("key"), &expected, &e));
    assert_true(hash32_eq(&f.pki_hash, &expected));
    at = f.at;
    OK(gov_registry_pki(&view, &at, &app, &f.pki_hash, &pki, &e));
    assert_true(bytes_eq(buf_bytes(&pki.ca_der), bytes_of_str("certificate")));
    assert_true(bytes_eq(buf_bytes(&pki.spki_der), bytes_of_str("key")));
}

static void backends_come_back_in_their_order(void **state)
{
    struct gov_backends b AUTO_CALL(gov_backends_done) = {0};
    struct gov_registry_facts f;

    (void)state;
    OK(gov_add_backend(owner, &app, "s3://bucket/prefix", NULL, &e));
    OK(gov_add_backend(owner, &app, "onchain://here", NULL, &e));
    OK(gov_add_backend(owner, &app, "ipfs://gateway", NULL, &e));
    OK(gov_remove_backend(owner, &app, "s3://bucket/prefix", NULL, &e));
    f = app_facts(&(struct gov_registry_query){0});
    OK(gov_registry_backends(&view, &f.at, &app, &f.backends_hash, &b, &e));
    assert_int_equal(b.n, 2);
    assert_string_equal(b.uri[0], "ipfs://gateway");
    assert_string_equal(b.uri[1], "onchain://here");
}

static void the_largest_artifact_comes_back_whole(void **state)
{
    static uint8_t data[GOV_ARTIFACT_MAX + 1];
    struct buf back AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);
    struct bytes largest = {data, GOV_ARTIFACT_MAX};
    struct finalized_block at;
    struct hash32 id, none = {{9}};

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    sha256(largest, &id);
    OK(gov_add_artifact(owner, &app, largest, NULL, &e));
    at = final_now();
    OK(gov_artifact(&view, &at, &app, &id, &back, &e));
    assert_true(bytes_eq(buf_bytes(&back), largest));
    assert_int_equal(gov_artifact(&view, &at, &app, &none, &back, &e), ERR_NOT_FOUND);
    assert_int_equal(gov_add_artifact(owner, &app, BYTES(data), NULL, &e), ERR_TOO_LARGE);
}

static void the_nearest_allowed_machine_is_found_in_the_events(void **state)
{
    const struct hash32 template_ = {{0x80}};
    struct measurements allowed = machine(40), found = machine(40);
    struct measurement_difference d[MEASUREMENT_FIELDS_MAX];
    struct gov_registry_facts f;
    struct gov_measured nearest;

    (void)state;
    OK(gov_set_config_measured(owner, &app, &allowed, &template_, NULL, &e));
    found.rtmr[2][0] ^= 1;
    f = app_facts(&(struct gov_registry_query){0});
    OK(gov_measured_nearest(&view, &f.at, &app, &f.head, &found, &nearest, &e));
    assert_memory_equal(nearest.m.mrtd, allowed.mrtd, 48);
    assert_int_equal(measurements_diff(&found, &nearest.m, NULL, d), 1);
    assert_string_equal(d[0].field, "rtmr2");
    assert_int_equal(nearest.policy.state, GOV_ALLOWED);
}

static void a_line_of_two_contracts_keeps_the_first_ones_id(void **state)
{
    struct finalized_block at;
    struct tx_receipt r;
    struct addr id;

    (void)state;
    OK(gov_deploy_registry(owner, NULL, 2, &r, &e));
    OK(gov_set_predecessor(owner, &r.contract, &app, NULL, &e));
    at = final_now();
    assert_int_equal(gov_lineage(&view, &at, &r.contract, &id, &e), ERR_VERIFY);
    OK(gov_set_successor(owner, &app, &r.contract, NULL, &e));
    at = final_now();
    OK(gov_lineage(&view, &at, &r.contract, &id, &e));
    assert_true(addr_eq(&id, &app));
}

static void a_pause_and_settings_show_in_the_head(void **state)
{
    struct tx_receipt r;
    struct addr was = app;
    struct gov_registry_facts f;

    (void)state;
    OK(gov_deploy_registry(owner, NULL, 2, &r, &e));
    app = r.contract;
    OK(gov_set_operator_required(owner, &app, true, NULL, &e));
    OK(gov_set_delay(owner, &app, 3600, NULL, &e));
    OK(gov_set_paused(owner, &app, true, NULL, &e));
    f = app_facts(&(struct gov_registry_query){0});
    assert_true(f.head.operator_required && f.head.paused);
    assert_int_equal(f.head.delay, 3600);
    assert_int_equal(gov_apply_settings(owner, &app, NULL, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "NothingWaits()"));
    app = was;
}

static void a_grant_under_a_delay_waits(void **state)
{
    const struct hash32 identity = {{0x55}}, template_ = {{0x81}};
    struct tx_receipt r;
    struct addr was = app;
    struct gov_registry_facts f;

    (void)state;
    OK(gov_deploy_registry(owner, NULL, 2, &r, &e));
    app = r.contract;
    OK(gov_set_delay(owner, &app, 3600, NULL, &e));
    OK(gov_set_config(owner, &app, &identity, &template_, NULL, &e));
    f = app_facts(&(struct gov_registry_query){.identity = &identity});
    assert_int_equal(f.identity.state, GOV_ALLOWED);
    assert_false(is_active(&f.identity, &f.at));
    assert_true(hash32_is_zero(&f.config));
    app = was;
}

/* ---- how often the chain is asked ---- */

/* Passes requests on to the real node; counts by fake_node. */
static void pass_on(void *self, const json *request, struct fake_reply *reply)
{
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    struct buf body AUTO_CALL(buf_done) = BUF(1 << 20);
    struct http_call call = {.url = getenv("TEEREG_RPC"), .content_type = "application/json"};
    struct err why = {0};

    if (json_write(request, JSON_COMPACT, &body, &why) != ERR_OK)
        abort();
    call.body = buf_bytes(&body);
    if (http_client_do(self, &call, &answer, &why) != ERR_OK) {
        fprintf(stderr, "proxy: %s\n", why.msg);
        abort();
    }
    reply->status = answer.status;
    buf_put(&reply->body, buf_bytes(&answer.body));
}

/* All that one release asks. */
static void ask_as_a_release(const struct chain_view *v, const struct finalized_block *at)
{
    static const uint8_t mrtd[48] = {0x3d};
    static const struct hash32 identity = {{0x33}};
    const struct gov_kms_query q = {.app = &app, .firmware_mrtd = mrtd};
    const struct gov_registry_query r = {.identity = &identity,
                                         .operator_ = transactor_address(other)};
    struct gov_registry_facts g;
    struct gov_kms_facts f;
    struct addr id;

    OK(gov_kms_read(v, at, &kms, &q, &f, &e));
    OK(gov_registry_read(v, at, &app, &r, &g, &e));
    OK(gov_lineage(v, at, &app, &id, &e));
}

static void a_release_asks_once_at_a_new_block_and_never_at_a_known_one(void **state)
{
    const struct http_client_config plain = {.allow_http = true, .allow_private = true};
    struct rpc_config config = {.allow_http = true, .allow_private = true};
    struct view_trusted_config believe = {
        .chain_id = CHAIN, .clock = &clock_system, .slot_ms = 1, .max_ahead_s = 100000};
    struct chain_view v AUTO_CALL(chain_view_done) = {0};
    AUTO(http_client) client = NULL;
    AUTO(rpc) counted = NULL;
    struct finalized_block at, later;
    struct fake_node *proxy;
    unsigned before;

    (void)state;
    OK(http_client_new(&plain, &client, &e));
    proxy = fake_node_start(pass_on, client);
    config.url = proxy->url;
    OK(rpc_new(&config, &counted, &e));
    believe.node = counted;
    OK(view_trusted_new(&believe, &v, &e));
    OK(chain_view_finalized(&v, &at, &e));

    before = atomic_load(&proxy->requests);
    ask_as_a_release(&v, &at);
    /* The first ever: one request for each of the two contracts. */
    assert_int_equal(atomic_load(&proxy->requests), before + 2);
    ask_as_a_release(&v, &at);
    assert_int_equal(atomic_load(&proxy->requests), before + 2);

    final_now();
    usleep(2000);
    before = atomic_load(&proxy->requests);
    OK(chain_view_finalized(&v, &later, &e));
    assert_true(later.ref.number > at.ref.number);
    ask_as_a_release(&v, &later);
    /* The new block's name, and one request for all facts of both contracts. */
    assert_int_equal(atomic_load(&proxy->requests), before + 2);
    chain_view_done(&v);
    rpc_free(TAKE(counted));
    fake_node_stop(proxy);
}

/* ---- a transaction that cannot be ---- */

static void a_fee_over_the_limit_sends_nothing(void **state)
{
    const struct transactor_config config = {.node = node,
                                             .chain_id = CHAIN,
                                             .clock = &clock_system,
                                             .key = keys[0],
                                             .max_fee_limit = 1};
    AUTO(transactor) poor = NULL;

    (void)state;
    OK(transactor_new(&config, &poor, &e));
    assert_int_equal(gov_set_paused(poor, &app, true, NULL, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "nothing was sent"));
}

static void another_chain_is_not_written_to(void **state)
{
    const struct transactor_config config = {
        .node = node, .chain_id = 1, .clock = &clock_system, .key = keys[0]};
    AUTO(transactor) lost = NULL;

    (void)state;
    OK(transactor_new(&config, &lost, &e));
    assert_int_equal(gov_set_paused(lost, &app, true, NULL, &e), ERR_VERIFY);
    assert_non_null(strstr(e.msg, "found 31337"));
}

/* ---- contracts that mean harm (SR-15) ---- */

/* Deploys a contract whose storage slots 3 (head) and 7 (pki_hash) are these words and whose code
 * is runtime: SSTOREs, then CODECOPY and RETURN. */
static struct addr deploy_code(const struct hash32 *head, const char *runtime_hex)
{
    static const uint8_t slots[] = {3, 7, 9};
    struct buf code AUTO_CALL(buf_done) = BUF(4096), runtime AUTO_CALL(buf_done) = BUF(1024);
    struct tx_receipt r;

    OK(hex_decode_buf(bytes_of_str(runtime_hex), &runtime, &e));
    for (size_t i = 0; i < sizeof slots; i++) {
        buf_put_u8(&code, 0x7f); /* PUSH32 word, PUSH1 slot, SSTORE */
        buf_put(&code, BYTES_OF(*head));
        buf_put_u8(&code, 0x60);
        buf_put_u8(&code, slots[i]);
        buf_put_u8(&code, 0x55);
    }
    /* PUSH1 n, DUP1, PUSH1 offset, PUSH0, CODECOPY, PUSH0, RETURN */
    buf_put(&code, (struct bytes){(const uint8_t *)"\x60", 1});
    buf_put_u8(&code, (uint8_t)runtime.n);
    buf_put(&code, (struct bytes){(const uint8_t *)"\x80\x60", 2});
    buf_put_u8(&code, (uint8_t)(code.n + 5));
    buf_put(&code, (struct bytes){(const uint8_t *)"\x5f\x39\x5f\xf3", 4});
    buf_put(&code, buf_bytes(&runtime));
    OK(transactor_send(owner, NULL, buf_bytes(&code), &r, &e));
    return r.contract;
}

static struct hash32 good_head(void)
{
    struct hash32 h = {0};

    h.b[2] = 2;  /* layout */
    h.b[31] = 2; /* scheme */
    return h;
}

static uint64_t now_ms(void)
{
    return clock_ns(&clock_system) / 1000000;
}

/* All three bodies of such a contract are refused, soon; then the honest contract is as before. */
static void is_refused_soon(const char *runtime)
{
    struct hash32 head = good_head(), some = {{1}};
    struct addr bad = deploy_code(&head, runtime);
    struct gov_backends b AUTO_CALL(gov_backends_done) = {0};
    struct gov_pki pki AUTO_CALL(gov_pki_done) = {0};
    struct buf body AUTO_CALL(buf_done) = BUF(GOV_ARTIFACT_MAX);
    struct finalized_block at = final_now();
    uint64_t start = now_ms();
    struct gov_registry_facts f;

    OK(gov_registry_read(&view, &at, &bad, &(struct gov_registry_query){0}, &f, &e));
    assert_int_not_equal(gov_registry_pki(&view, &at, &bad, &f.pki_hash, &pki, &e), ERR_OK);
    assert_int_not_equal(gov_registry_backends(&view, &at, &bad, &f.backends_hash, &b, &e), ERR_OK);
    assert_int_not_equal(gov_artifact(&view, &at, &bad, &some, &body, &e), ERR_OK);
    assert_true(now_ms() - start < 20000);
    assert_int_equal(body.n, 0);
    assert_int_equal(app_facts(&(struct gov_registry_query){0}).head.scheme, 2);
}

static void a_contract_that_reverts_is_refused(void **state)
{
    (void)state;
    is_refused_soon("5f5ffd");
}

static void a_contract_that_reverts_with_two_megabytes_is_refused(void **state)
{
    (void)state;
    is_refused_soon("622000005ffd");
}

static void a_contract_that_answers_two_megabytes_is_refused(void **state)
{
    (void)state;
    is_refused_soon("622000005ff3");
}

static void a_contract_that_answers_garbage_is_refused(void **state)
{
    (void)state;
    is_refused_soon("60075ff3");               /* seven zero bytes */
    is_refused_soon("5f195f5260205ff3");       /* a word of ones: an offset far outside */
    is_refused_soon("60205f5260205160205ff3"); /* something that is no list */
}

static void a_contract_that_never_ends_is_refused(void **state)
{
    (void)state;
    is_refused_soon("5b5f56");
}

static void a_contract_with_garbage_in_its_words_is_refused(void **state)
{
    struct hash32 ones;
    struct addr bad;
    struct finalized_block at;
    struct gov_registry_facts f;

    (void)state;
    memset(ones.b, 0xff, sizeof ones.b);
    bad = deploy_code(&ones, "5f5ffd");
    at = final_now();
    assert_int_equal(gov_registry_read(&view, &at, &bad, &(struct gov_registry_query){0}, &f, &e),
                     ERR_DENIED);
}

static void an_address_without_contract_is_refused(void **state)
{
    struct finalized_block at = final_now();
    struct gov_registry_facts f;

    (void)state;
    assert_int_equal(gov_registry_read(&view, &at, transactor_address(other),
                                       &(struct gov_registry_query){0}, &f, &e),
                     ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_deployed_is_layout_2_and_empty),
        cmocka_unit_test(an_application_is_allowed_with_the_code_it_has),
        cmocka_unit_test(a_kms_is_allowed_as_the_principal_computed_here),
        cmocka_unit_test(a_root_is_committed_once),
        cmocka_unit_test(a_template_goes_to_the_identity_computed_here),
        cmocka_unit_test(a_revocation_holds_at_the_next_final_block),
        cmocka_unit_test(every_kind_can_be_revoked_in_the_kms_contract),
        cmocka_unit_test(operators_come_and_go),
        cmocka_unit_test(a_stranger_is_told_why_not),
        cmocka_unit_test(a_pki_comes_back_as_it_was_published),
        cmocka_unit_test(backends_come_back_in_their_order),
        cmocka_unit_test(the_largest_artifact_comes_back_whole),
        cmocka_unit_test(the_nearest_allowed_machine_is_found_in_the_events),
        cmocka_unit_test(a_pause_and_settings_show_in_the_head),
        cmocka_unit_test(a_grant_under_a_delay_waits),
        cmocka_unit_test(a_release_asks_once_at_a_new_block_and_never_at_a_known_one),
        cmocka_unit_test(a_fee_over_the_limit_sends_nothing),
        cmocka_unit_test(another_chain_is_not_written_to),
        cmocka_unit_test(a_contract_that_reverts_is_refused),
        cmocka_unit_test(a_contract_that_reverts_with_two_megabytes_is_refused),
        cmocka_unit_test(a_contract_that_answers_two_megabytes_is_refused),
        cmocka_unit_test(a_contract_that_answers_garbage_is_refused),
        cmocka_unit_test(a_contract_that_never_ends_is_refused),
        cmocka_unit_test(a_contract_with_garbage_in_its_words_is_refused),
        cmocka_unit_test(an_address_without_contract_is_refused),
        cmocka_unit_test(a_line_of_two_contracts_keeps_the_first_ones_id),
    };

    json_init();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
