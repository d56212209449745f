/* kms_world - a KMS with a chain and a machine around it, all in memory.  Room: tests.
 *
 * Development builds alone (quotes of the simulated platform).  Two applications, A and B, are
 * allowed, each with its own image; time stands still at WORLD_NOW unless a test moves it.  A
 * failed set-up ends the test program. */
#pragma once
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "chain/abi.h"
#include "crypto/digest.h"
#include "gov/registry.h"
#include "kms/msg.h"
#include "kms/operator.h"
#include "kms/release.h"
#include "sim_quote.h"
#include "support/sim_source.h"

#define WORLD_NOW   1795500000 /* 2026-11-24 */
#define WORLD_FACTS 128

struct world_fact {
    struct addr contract;
    struct hash32 slot, value;
};

struct world {
    /* the chain */
    struct finalized_block block;
    struct world_fact facts[WORLD_FACTS];
    size_t n_facts;
    struct addr contracts[8];
    struct hash32 code[8];
    size_t n_contracts;
    struct world_fact doubt; /* what the newest blocks have in its slot, when has_doubt */
    bool has_doubt;
    unsigned reads;        /* how many reads there were */
    unsigned fail_read;    /* this one fails (1 = the next but none); 0: none */
    enum err_code fail_as; /* of it, and of `finalized` when fail_finalized */
    bool fail_finalized;
    struct addr artifact_of; /* the contract that has it */
    bool artifact_is_new;    /* the finalized block has it not yet */
    struct buf artifact;
    unsigned body_calls;
    enum err_code fail_body;
    pthread_mutex_t lock;
    struct chain_view view;

    /* the KMS */
    int64_t now;
    struct clock clock;
    struct kms_config config;
    char dir[64], log[96];
    struct release_ctx ctx;
    platform_cache *cache;

    /* the machine */
    sim_platform *platform;
    struct addr app_a, app_b;
    struct td_report td_a, td_b;
};

static inline void world_must(enum err_code rc, const struct err *e, const char *what)
{
    if (rc == ERR_OK)
        return;
    fprintf(stderr, "kms_world: %s: %s\n", what, e->msg);
    abort();
}

/* ---- the chain ---- */

static inline enum err_code world_finalized(void *self, struct finalized_block *ret, struct err *e)
{
    struct world *w = self;

    if (w->fail_finalized)
        return err_set(e, w->fail_as, "no block");
    *ret = w->block;
    return ERR_OK;
}

static inline enum err_code world_read(void *self, const struct finalized_block *at,
                                       const struct addr *contract, const struct hash32 *slots,
                                       size_t n, struct hash32 *ret_values,
                                       struct hash32 *ret_code_hash, struct err *e)
{
    struct world *w = self;
    const struct hash32 *code = NULL;
    unsigned nth;

    pthread_mutex_lock(&w->lock);
    nth = ++w->reads;
    pthread_mutex_unlock(&w->lock);
    if (nth == w->fail_read)
        return err_set(e, w->fail_as, "a read that fails");
    if (!hash32_eq(&at->ref.hash, &w->block.ref.hash))
        return err_set(e, ERR_VERIFY, "a read at another block");
    for (size_t i = 0; i < w->n_contracts; i++)
        if (addr_eq(&w->contracts[i], contract))
            code = &w->code[i];
    if (!code)
        return err_set(e, ERR_NOT_FOUND, "no code");
    if (ret_code_hash)
        *ret_code_hash = *code;
    for (size_t i = 0; i < n; i++) {
        ret_values[i] = (struct hash32){0};
        for (size_t k = 0; k < w->n_facts; k++)
            if (addr_eq(&w->facts[k].contract, contract) && hash32_eq(&w->facts[k].slot, &slots[i]))
                ret_values[i] = w->facts[k].value;
        if (at->doubt && w->has_doubt && addr_eq(&w->doubt.contract, contract) &&
            hash32_eq(&w->doubt.slot, &slots[i]))
            ret_values[i] = w->doubt.value;
    }
    return ERR_OK;
}

/* The one artifact that a contract may have, answered as `artifacts(bytes32)` does, whatever was
 * asked. */
static inline enum err_code world_body(void *self, const struct finalized_block *at,
                                       const struct addr *contract, struct bytes calldata,
                                       struct buf *ret, struct err *e)
{
    struct world *w = self;
    const bool has = addr_eq(contract, &w->artifact_of) && (at->doubt > 0 || !w->artifact_is_new);
    const struct abi_value answer = abi_bytes(has ? buf_bytes(&w->artifact) : (struct bytes){0});

    (void)calldata;
    w->body_calls++;
    if (w->fail_body != ERR_OK)
        return err_set(e, w->fail_body, "a body that fails");
    return abi_encode("bytes", &answer, 1, ret, e);
}

static inline unsigned world_doubts(void *self)
{
    return ((struct world *)self)->has_doubt;
}

static const struct chain_view_ops world_view_ops = {
    .finalized = world_finalized, .read = world_read, .body = world_body, .doubts = world_doubts};

static inline void world_set(struct world *w, const struct addr *contract, struct hash32 slot,
                             struct hash32 value)
{
    for (size_t i = 0; i < w->n_facts; i++) {
        if (addr_eq(&w->facts[i].contract, contract) && hash32_eq(&w->facts[i].slot, &slot)) {
            w->facts[i].value = value;
            return;
        }
    }
    if (w->n_facts == WORLD_FACTS)
        abort();
    w->facts[w->n_facts++] = (struct world_fact){*contract, slot, value};
}

static inline struct hash32 world_word(const struct buf *b)
{
    struct hash32 word;

    if (b->n != 32)
        abort();
    memcpy(word.b, b->p, 32);
    return word;
}

/* contracts/LAYOUT.md, "Policy" */
static inline struct hash32 world_policy(enum gov_state state, uint16_t policy, uint64_t from,
                                         uint64_t to)
{
    struct buf b AUTO_CALL(buf_done) = BUF(32);

    buf_put_zero(&b, 9);
    buf_put_u32be(&b, 1);
    buf_put_u64be(&b, to);
    buf_put_u64be(&b, from);
    buf_put_u16be(&b, policy);
    buf_put_u8(&b, (uint8_t)state);
    return world_word(&b);
}

static inline struct hash32 world_allowed(void)
{
    return world_policy(GOV_ALLOWED, 0, 1, 0);
}

/* contracts/LAYOUT.md, "Head" */
static inline struct hash32 world_head_word(const struct gov_head *h)
{
    struct buf b AUTO_CALL(buf_done) = BUF(32);

    buf_put_u8(&b, 0);
    buf_put_u16be(&b, GOV_LAYOUT_TEEREG);
    buf_put_u64be(&b, h->version);
    buf_put_u32be(&b, h->delay);
    buf_put_u64be(&b, h->epoch);
    buf_put_u32be(&b, h->pcr_mask);
    buf_put_u8(&b, h->paused);
    buf_put_u8(&b, h->operator_required);
    buf_put_u8(&b, h->principal);
    buf_put_u8(&b, h->rtmr3);
    buf_put_u8(&b, h->scheme);
    return world_word(&b);
}

static inline void world_head(struct world *w, const struct addr *contract,
                              const struct gov_head *h)
{
    world_set(w, contract, gov_slot(GOV_SLOT_HEAD), world_head_word(h));
}

static inline void world_contract(struct world *w, const struct addr *a)
{
    size_t n = w->n_contracts++;

    if (n == 8)
        abort();
    w->contracts[n] = *a;
    keccak256(BYTES_OF(*a), &w->code[n]); /* another code for each */
    world_head(w, a, &(struct gov_head){.scheme = 2});
}

/* In the KMS contract; code: its hash there, or another that is to be recorded. */
static inline void world_allow_app(struct world *w, const struct addr *app, struct hash32 policy,
                                   struct hash32 code, uint16_t layout)
{
    struct hash32 key = gov_word_addr(app);
    const struct addr *kms = &w->config.kms;

    world_set(w, kms, gov_slot_entry(GOV_KMS_SLOT_APPLICATIONS, &key, 0), policy);
    world_set(w, kms, gov_slot_entry(GOV_KMS_SLOT_APPLICATIONS, &key, 1), code);
    world_set(w, kms, gov_slot_entry(GOV_KMS_SLOT_APPLICATIONS, &key, 2), gov_word_u64(layout));
}

static inline struct hash32 world_code_of(const struct addr *app)
{
    struct hash32 h;

    keccak256(BYTES_OF(*app), &h);
    return h;
}

static inline struct hash32 world_identity(struct world *w, const struct addr *contract,
                                           const struct td_report *td, bool rtmr3)
{
    const struct identity_rules rules = {
        .chain_id = w->config.chain_id, .contract = *contract, .rtmr3 = rtmr3};
    struct measurements m;
    struct hash32 id;
    struct err e = {0};

    measurements_of_td(td, &m);
    world_must(identity_v2(&m, &rules, &id, &e), &e, "identity");
    return id;
}

static inline void world_set_identity(struct world *w, const struct addr *app,
                                      const struct hash32 *identity, struct hash32 policy)
{
    world_set(w, app, gov_slot_entry(GOV_SLOT_IDENTITIES, identity, 0), policy);
}

static inline void world_set_operator(struct world *w, const struct addr *app,
                                      const struct addr *who, struct hash32 policy)
{
    world_set(w, app, gov_slot_of_addr(GOV_SLOT_OPERATORS, who, 0), policy);
}

/* The newest blocks have another word in a slot that is set than the finalized one. */
static inline void world_doubt(struct world *w, const struct addr *contract, struct hash32 slot,
                               struct hash32 value)
{
    w->doubt = (struct world_fact){*contract, slot, value};
    w->has_doubt = true;
}

/* ---- the whole ---- */

static inline int64_t world_unix(void *self)
{
    return ((struct world *)self)->now;
}

static inline uint64_t world_ns(void *self)
{
    return (uint64_t)((struct world *)self)->now * 1000000000;
}

static inline void world_make_kms(struct world *w)
{
    static const uint8_t master[32] = {0x5e, 0xed}, challenge_key[32] = {0xc4};
    static const struct hash32 root_id = {{0x1d}};
    struct kms_authority *a = &w->ctx.authority;
    kms_root *root = NULL;
    struct hash32 self;
    struct td_report td;
    struct err e = {0};

    kms_config_init(&w->config);
    w->config.chain_id = 31337;
    memset(w->config.kms.b, 0xaa, 20);
    w->config.view_mode = KMS_VIEW_QUORUM;
    world_must(kms_config_add_endpoint(&w->config, "https://a.example/", NULL, 0, &e), &e, "url");
    a->config = &w->config;
    a->view = &w->view;
    a->clock = &w->clock;
    world_must(kms_config_hash(&w->config, &a->config_hash, &e), &e, "config");
    world_must(kms_root_new(BYTES(master), &root_id, &root, &e), &e, "root");
    world_contract(w, &w->config.kms);
    world_set(w, &w->config.kms, gov_slot(GOV_KMS_SLOT_ROOT_ID), *kms_root_id(root));
    world_set(w, &w->config.kms, gov_slot(GOV_KMS_SLOT_COMMITMENT), *kms_root_commitment(root));
    world_must(kms_apps_new(&root, 0, &a->apps, &e), &e, "apps");

    world_must(kms_policies_new(NULL, &w->clock, &a->policies, &e), &e, "policies");

    sim_td_of_image("the KMS", &td);
    self = world_identity(w, &w->config.kms, &td, false);
    identity_principal(&self, &a->config_hash, &a->self);
    world_set_identity(w, &w->config.kms, &a->self, world_allowed());

    world_must(challenges_new(BYTES(challenge_key), &w->clock, 0, &w->ctx.challenges, &e), &e,
               "challenges");
    world_must(platform_cache_new(16, &w->cache, &e), &e, "cache");
    w->ctx.judge = (struct attest_judge){
        .policy = &w->config.policy, .cache = w->cache, .source = &sim_source};
    world_must(p256_generate(&w->ctx.tls_key, &e), &e, "TLS key");
    snprintf(w->dir, sizeof w->dir, "/tmp/teereg-kms-XXXXXX");
    if (!mkdtemp(w->dir))
        abort();
    snprintf(w->log, sizeof w->log, "%s/audit", w->dir);
    world_must(audit_open(w->log, &w->clock, &w->ctx.audit, &e), &e, "audit");
}

static inline void world_make_app(struct world *w, uint8_t byte, const char *image,
                                  struct addr *ret, struct td_report *ret_td)
{
    struct hash32 id;

    memset(ret->b, byte, 20);
    world_contract(w, ret);
    world_allow_app(w, ret, world_allowed(), world_code_of(ret), GOV_LAYOUT_TEEREG);
    sim_td_of_image(image, ret_td);
    id = world_identity(w, ret, ret_td, false);
    world_set_identity(w, ret, &id, world_allowed());
}

static inline struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    struct err e = {0};

    if (!w)
        abort();
    json_init();
    pthread_mutex_init(&w->lock, NULL);
    w->now = WORLD_NOW;
    w->artifact = BUF(GOV_ARTIFACT_MAX);
    w->clock = (struct clock){.unix_now = world_unix, .monotonic_ns = world_ns, .self = w};
    w->block = (struct finalized_block){.ref = {100, {{0xb1}}}, .timestamp = WORLD_NOW - 12};
    w->view =
        (struct chain_view){.ops = &world_view_ops, .self = w, .mode = "fake", .chain_id = 31337};
    world_make_kms(w);
    world_make_app(w, 0x0a, "image A", &w->app_a, &w->td_a);
    world_make_app(w, 0x0b, "image B", &w->app_b, &w->td_b);
    world_must(sim_platform_new("a machine", SIM_OK, &w->platform, &e), &e, "platform");
    return w;
}

static inline void world_free(struct world *w)
{
    audit_close(w->ctx.audit);
    unlink(w->log);
    rmdir(w->dir);
    challenges_free(w->ctx.challenges);
    kms_apps_free(w->ctx.authority.apps);
    platform_cache_free(w->cache);
    kms_policies_free(w->ctx.authority.policies);
    EVP_PKEY_free(w->ctx.tls_key);
    sim_platform_free(w->platform);
    buf_done(&w->artifact);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* ---- a request ---- */

/* What to ask for; world_ask makes the right request of application A, tests make it wrong. */
struct ask {
    struct addr app;     /* of the path */
    struct addr for_app; /* that the challenge is for */
    const char *challenge_purpose;
    struct report_binding binding; /* spki, nonce and payload are filled in, where empty */
    struct td_report td;
    enum sim_form form;
    const sim_platform *platform;
    const secret *operator_key; /* NULL: nobody vouches */
    struct operator_authorize authorize;
    struct hash32 config_hash;
    const struct hash32 *nonce; /* NULL: a fresh challenge */
    struct bytes csr;           /* empty: of the request's own key */
    bool payload_after_quote;   /* the payload is changed when the quote is made already */
    const struct evidence *evidence_instead;
};

/* What the client keeps, and what it got. */
struct client {
    EVP_PKEY *key, *hpke;
    struct hash32 nonce;
    struct addr app;
    struct evidence evidence;
    struct buf body, answer;
    struct release_outcome outcome;
    secret *plaintext;
    struct msg_secrets secrets; /* borrows from plaintext */
};

static inline void client_done(struct client *c)
{
    EVP_PKEY_free(c->key);
    EVP_PKEY_free(c->hpke);
    evidence_done(&c->evidence);
    buf_done(&c->body);
    buf_done(&c->answer);
    secret_free(c->plaintext);
}

static inline struct ask world_ask(struct world *w)
{
    struct ask a = {
        .app = w->app_a,
        .for_app = w->app_a,
        .challenge_purpose = MSG_PURPOSE_SECRETS,
        .binding = {.purpose = REPORT_SECRETS_REQUEST,
                    .chain_id = w->config.chain_id,
                    .kms = w->config.kms,
                    .app = w->app_a},
        .td = w->td_a,
        .form = SIM_V4,
        .platform = w->platform,
        .authorize = {.purpose = MSG_PURPOSE_SECRETS,
                      .chain_id = w->config.chain_id,
                      .kms = w->config.kms,
                      .app = w->app_a,
                      .nonce = {{0x0e}},
                      .expiry = (uint64_t)w->now + 3600},
    };

    return a;
}

static inline void client_payload(struct world *w, const struct ask *a, struct client *c,
                                  const uint8_t spki[static P256_SPKI_LEN], struct buf *ret)
{
    struct buf csr AUTO_CALL(buf_done) = BUF(4096);
    uint8_t point[P256_POINT_LEN];
    struct operator_authorize authorize = a->authorize;
    struct msg_secrets_payload p = {.config_hash = a->config_hash};
    struct err e = {0};

    world_must(csr_make(c->key, "whatever it likes", &csr, &e), &e, "CSR");
    p.csr = a->csr.n ? a->csr : buf_bytes(&csr);
    world_must(p256_point(c->hpke, point, &e), &e, "HPKE key");
    p.hpke_key = BYTES(point);
    if (a->operator_key) {
        if (hash32_is_zero(&authorize.subject_spki_sha256))
            sha256((struct bytes){spki, P256_SPKI_LEN}, &authorize.subject_spki_sha256);
        world_must(operator_sign(a->operator_key, &authorize, w->now, &p.authorisation, &e), &e,
                   "operator");
        p.has_authorisation = true;
    }
    world_must(msg_secrets_payload_encode(&p, ret, &e), &e, "payload");
}

static inline void client_body(struct world *w, const struct ask *a, struct client *c)
{
    struct buf payload AUTO_CALL(buf_done) = BUF(MSG_PAYLOAD_MAX);
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct buf text AUTO_CALL(buf_done) = BUF(MSG_REQUEST_MAX);
    struct report_binding binding = a->binding;
    struct report_data rd;
    uint8_t spki[P256_SPKI_LEN];
    uint32_t expires;
    struct err e = {0};

    c->app = a->app;
    c->body.max = MSG_REQUEST_MAX;
    c->answer.max = MSG_ANSWER_MAX;
    world_must(p256_generate(&c->key, &e), &e, "key");
    world_must(p256_generate(&c->hpke, &e), &e, "HPKE key");
    world_must(p256_spki(c->key, spki, &e), &e, "SPKI");
    if (a->nonce)
        c->nonce = *a->nonce;
    else
        world_must(challenge_make(w->ctx.challenges, a->challenge_purpose, &a->for_app, &c->nonce,
                                  &expires, &e),
                   &e, "challenge");
    client_payload(w, a, c, spki, &payload);
    if (!binding.spki.n)
        binding.spki = BYTES(spki);
    if (hash32_is_zero(&binding.nonce))
        binding.nonce = c->nonce;
    if (!binding.payload.n)
        binding.payload = buf_bytes(&payload);
    report_data_v2(&binding, &rd);
    world_must(sim_quote(a->platform, a->form, &a->td, &rd, &quote, &e), &e, "quote");
    if (a->payload_after_quote)
        payload.p[payload.n - 1] ^= 1;
    world_must(
        evidence_set(&c->evidence, EVIDENCE_TYPE_TDX, buf_bytes(&quote), buf_bytes(&payload), &e),
        &e, "evidence");
    world_must(evidence_encode(a->evidence_instead ? a->evidence_instead : &c->evidence, &text, &e),
               &e, "evidence");
    world_must(msg_secrets_request_encode(&c->nonce, buf_bytes(&text), &c->body, &e), &e, "body");
}

static inline enum err_code client_send(struct world *w, struct client *c, struct err *e)
{
    buf_clear(&c->answer);
    return kms_release(&w->ctx, &c->app, buf_bytes(&c->body), &c->answer, &c->outcome, e);
}

/* As an instance does: verifies, opens, reads. */
static inline enum err_code client_open(struct world *w, struct client *c, uint64_t epoch,
                                        struct err *e)
{
    struct msg_answer m AUTO_CALL(msg_answer_done) = {0};
    struct msg_answer_context bound = {
        .chain_id = w->config.chain_id,
        .kms = w->config.kms,
        .app = c->app,
        .epoch = epoch,
        .nonce = c->nonce,
    };

    sha256(buf_bytes(&c->body), &bound.request_sha256);
    TRY(msg_answer_decode(buf_bytes(&c->answer), &m, e));
    TRY(msg_answer_open(&bound, c->hpke, w->ctx.tls_key, &m, &c->plaintext, e));
    return msg_secrets_decode(secret_bytes(c->plaintext), &c->secrets, e);
}

/* Makes the request, sends it; returns the reason it was refused for, KMS_GRANTED otherwise.  A
 * refusal must leave no answer behind. */
static inline enum kms_reason client_run(struct world *w, const struct ask *a, struct client *c)
{
    struct err e = {0};
    enum err_code rc;

    client_body(w, a, c);
    rc = client_send(w, c, &e);
    if ((rc == ERR_OK) != (c->outcome.why == KMS_GRANTED) || (rc != ERR_OK && c->answer.n != 0)) {
        fprintf(stderr, "kms_world: %s, reason %s, answer of %zu bytes: %s\n", err_name(rc),
                kms_reason_name(c->outcome.why), c->answer.n, e.msg);
        abort();
    }
    return c->outcome.why;
}
