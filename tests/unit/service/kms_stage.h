/* kms_stage - a whole KMS service on loopback, in the world of support/kms_world.h.  Room: tests.
 *
 * Time and the chain may be changed while it runs; both stand behind one lock. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "instance/kms_client.h"
#include "net/http_client.h"
#include "service/kms_service.h"
#include "support/kms_world.h"

struct stage {
    struct world *w;
    pthread_mutex_t lock;
    struct chain_view view; /* the world's, under the lock */
    struct clock clock;
    int64_t now;
    uint64_t ns;

    /* the machine of the KMS */
    struct td_report td;
    const sim_platform *machine; /* the world's, unless a test has another */
    unsigned quotes;             /* made so far */
    enum err_code quote_fails;
    struct quote_provider provider;

    kms_root *root;
    char audit[100], admin[100], listen[64];
    struct kms_service_config config;
    kms_service *service;

    char url[64];
    http_client *tls, *unix_;
    struct buf leaf; /* of the newest TLS connection */
};

/* ---- the world under a lock ---- */

static inline enum err_code stage_finalized(void *self, struct finalized_block *ret, struct err *e)
{
    struct stage *st = self;
    enum err_code rc;

    pthread_mutex_lock(&st->lock);
    rc = world_finalized(st->w, ret, e);
    pthread_mutex_unlock(&st->lock);
    return rc;
}

static inline enum err_code stage_read(void *self, const struct finalized_block *at,
                                       const struct addr *contract, const struct hash32 *slots,
                                       size_t n, struct hash32 *ret_values,
                                       struct hash32 *ret_code_hash, struct err *e)
{
    struct stage *st = self;
    enum err_code rc;

    pthread_mutex_lock(&st->lock);
    rc = world_read(st->w, at, contract, slots, n, ret_values, ret_code_hash, e);
    pthread_mutex_unlock(&st->lock);
    return rc;
}

static inline enum err_code stage_block(void *self, const struct block_ref *ref,
                                        struct finalized_block *ret, struct err *e)
{
    struct stage *st = self;
    enum err_code rc = ERR_OK;

    pthread_mutex_lock(&st->lock);
    if (ref->number != st->w->block.ref.number || !hash32_eq(&ref->hash, &st->w->block.ref.hash))
        rc = err_set(e, ERR_VERIFY, "another block");
    else
        *ret = st->w->block;
    pthread_mutex_unlock(&st->lock);
    return rc;
}

static const struct chain_view_ops stage_view_ops = {
    .finalized = stage_finalized, .read = stage_read, .block = stage_block};

static inline int64_t stage_unix(void *self)
{
    struct stage *st = self;

    return __atomic_load_n(&st->now, __ATOMIC_RELAXED);
}

/* Goes on by itself, so that rate limits let tests through, but not within one test's burst. */
static inline uint64_t stage_ns(void *self)
{
    struct stage *st = self;

    return __atomic_add_fetch(&st->ns, 1000, __ATOMIC_RELAXED);
}

static inline void stage_later(struct stage *st, int64_t seconds)
{
    pthread_mutex_lock(&st->lock);
    st->w->now += seconds;
    __atomic_add_fetch(&st->now, seconds, __ATOMIC_RELAXED);
    __atomic_add_fetch(&st->ns, (uint64_t)seconds * 1000000000u, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&st->lock);
}

static inline void stage_fact(struct stage *st, const struct addr *contract, struct hash32 slot,
                              struct hash32 value)
{
    pthread_mutex_lock(&st->lock);
    world_set(st->w, contract, slot, value);
    pthread_mutex_unlock(&st->lock);
}

/* The chain answers nothing more, or again. */
static inline void stage_chain_fails(struct stage *st, bool fails)
{
    pthread_mutex_lock(&st->lock);
    st->w->fail_finalized = fails;
    st->w->fail_as = ERR_UPSTREAM;
    pthread_mutex_unlock(&st->lock);
}

static inline enum err_code stage_quote(void *self, const struct report_data *rd, struct buf *ret,
                                        struct err *e)
{
    struct stage *st = self;

    __atomic_add_fetch(&st->quotes, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&st->quote_fails, __ATOMIC_RELAXED) != ERR_OK)
        return err_set(e, st->quote_fails, "a secret detail of the platform");
    return sim_quote(st->machine, SIM_V4, &st->td, rd, ret, e);
}

/* ---- set-up ---- */

static inline struct stage *stage_new(void)
{
    struct stage *st = calloc(1, sizeof *st);
    static const uint8_t master[32] = {0x5e, 0xed};
    static const struct hash32 root_id = {{0x1d}};
    struct err e = {0};

    if (!st)
        abort();
    st->w = world_new();
    pthread_mutex_init(&st->lock, NULL);
    st->view = (struct chain_view){
        .ops = &stage_view_ops, .self = st, .mode = "fake", .chain_id = st->w->config.chain_id};
    st->now = st->w->now;
    st->ns = 1000000000000;
    st->clock = (struct clock){.unix_now = stage_unix, .monotonic_ns = stage_ns, .self = st};
    sim_td_of_image("the KMS", &st->td);
    st->machine = st->w->platform;
    st->provider = (struct quote_provider){
        .quote = stage_quote, .self = st, .evidence_type = EVIDENCE_TYPE_TDX, .name = "stage"};
    world_must(kms_root_new(BYTES(master), &root_id, &st->root, &e), &e, "root");
    snprintf(st->audit, sizeof st->audit, "%s/service.log", st->w->dir);
    snprintf(st->admin, sizeof st->admin, "%s/admin.sock", st->w->dir);
    snprintf(st->listen, sizeof st->listen, "127.0.0.1:0");
    st->config = (struct kms_service_config){
        .security = st->w->config,
        .view = &st->view,
        .quotes = &st->provider,
        .clock = &st->clock,
        .collateral = &sim_source,
        .root = &st->root,
        .listen = st->listen,
        .admin = st->admin,
        .audit_path = st->audit,
        .notice = "a test",
        .workers = 4,
        .stop_ms = 2000,
    };
    return st;
}

static inline enum err_code stage_keep_leaf(void *self, struct bytes leaf_der, struct err *e)
{
    struct stage *st = self;

    (void)e;
    buf_clear(&st->leaf);
    buf_put(&st->leaf, leaf_der);
    return ERR_OK;
}

static inline void stage_clients(struct stage *st)
{
    const struct http_client_config tls = {
        .tls = {.trust = TLS_TRUST_ATTESTED, .judge = stage_keep_leaf, .self = st},
        .allow_private = true,
        .total_ms = 10000,
    };
    const struct http_client_config unix_ = {
        .allow_http = true, .allow_private = true, .unix_socket = st->admin, .total_ms = 10000};
    struct err e = {0};

    st->leaf = BUF(X509_DER_MAX);
    snprintf(st->url, sizeof st->url, "https://127.0.0.1:%u", kms_service_port(st->service));
    world_must(http_client_new(&tls, &st->tls, &e), &e, "TLS client");
    world_must(http_client_new(&unix_, &st->unix_, &e), &e, "admin client");
}

static inline enum err_code stage_try(struct stage *st, struct err *e)
{
    return kms_service_start(&st->config, &st->service, e);
}

static inline struct stage *stage_start(struct stage *st)
{
    struct err e = {0};

    world_must(stage_try(st, &e), &e, "start");
    stage_clients(st);
    return st;
}

/* New connections from now on, with the certificate of now. */
static inline void stage_reconnect(struct stage *st)
{
    http_client_free(st->tls);
    http_client_free(st->unix_);
    buf_done(&st->leaf);
    stage_clients(st);
}

static inline void stage_free(struct stage *st)
{
    struct err e;

    if (st->tls)
        http_client_free(st->tls);
    if (st->unix_)
        http_client_free(st->unix_);
    if (st->service) {
        (void)!kms_service_stop(st->service, &e);
        kms_service_free(st->service);
    }
    if (st->root)
        kms_root_free(st->root);
    buf_done(&st->leaf);
    unlink(st->audit);
    unlink(st->admin);
    world_free(st->w);
    pthread_mutex_destroy(&st->lock);
    free(st);
}
#define STAGE __attribute__((cleanup(stage_end_))) struct stage *
static inline void stage_end_(struct stage **st)
{
    if (*st)
        stage_free(*st);
}

/* ---- calls ---- */

static inline void stage_call(http_client *c, const char *base, const char *method,
                              const char *path, const char *body, struct http_answer *ret)
{
    char url[512];
    struct http_call call = {.method = method, .url = url};
    struct err e = {0};

    snprintf(url, sizeof url, "%s%s", base, path);
    if (body) {
        call.content_type = "application/json";
        call.body = bytes_of_str(body);
    }
    world_must(http_client_do(c, &call, ret, &e), &e, path);
}

/* Status of the answer; its body is in st_body until the next call. */
static inline const char *stage_get(struct stage *st, const char *path, unsigned want)
{
    static struct http_answer a;

    stage_call(st->tls, st->url, "GET", path, NULL, &a);
    assert_int_equal(a.status, want);
    return buf_cstr(&a.body);
}

static inline const char *stage_post(struct stage *st, const char *path, const char *body,
                                     unsigned want)
{
    static struct http_answer a;

    stage_call(st->tls, st->url, "POST", path, body, &a);
    assert_int_equal(a.status, want);
    return buf_cstr(&a.body);
}

static inline const char *stage_admin(struct stage *st, const char *method, const char *path,
                                      unsigned want)
{
    static struct http_answer a;

    stage_call(st->unix_, "http://localhost", method, path, NULL, &a);
    assert_int_equal(a.status, want);
    return buf_cstr(&a.body);
}

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        print_error("expected \"%s\" in: %.400s\n", part, text);
        fail();
    }
}

static inline void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part)) {
        print_error("expected no \"%s\" in: %.400s\n", part, text);
        fail();
    }
}
