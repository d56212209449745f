/* examine: each byte of good quotes (version 4; version 5 with TD 1.0 and TD 1.5 bodies) and of
 * everything in their collateral changed: nothing that is changed is taken, but for the bytes that
 * no signature covers and nobody reads. */
#include "support/dcap.h"
#include "attest/examine.h"
#ifdef TEEREG_DEV_ROOTS
#include "sim_collateral.h"
#endif

static const uint8_t changes[] = {0x01, 0x20, 0xff};

/* A quote, its collateral, and a moment at which both are good. */
struct world {
    const char *name;
    struct buf quote;
    uint16_t version;
    enum quote_body body;
    size_t used; /* bytes of it that are the quote */
    struct collateral_bundle bundle;
    struct collateral good;
    int64_t at;
    platform_cache *cache;
};

static void world_done(struct world *w)
{
    platform_cache_free(w->cache);
    collateral_done(&w->good);
    collateral_bundle_done(&w->bundle);
    buf_done(&w->quote);
}

static void world_make(struct world *w, const char *name, struct bytes quote, struct bytes bundle,
                       int64_t at)
{
    struct quote q;
    struct err e;

    json_init();
    *w = (struct world){.name = name, .quote = BUF(QUOTE_MAX), .at = at};
    buf_put(&w->quote, quote);
    need(buf_check(&w->quote, &e), &e);
    need(quote_parse(quote, &q, NULL, &e), &e);
    w->version = q.version;
    w->body = q.body;
    w->used = q.used;
    need(collateral_bundle_decode(bundle, &w->bundle, &e), &e);
    for (enum collateral_kind k = 0; k < COLLATERAL_KINDS; k++) {
        const struct collateral_text *t = &w->bundle.text[k];
        const bool is_crl = k == COLLATERAL_ROOT_CRL || k == COLLATERAL_PCK_CRL;

        assert_true(t->body.n > 0);
        assert_int_equal(t->signature.n, is_crl ? 0 : 64);
        assert_int_equal(t->issuer_chain.n > 0, k != COLLATERAL_ROOT_CRL);
    }
    collateral_of_bundle(&w->bundle, attest_roots(), NULL, &w->good);
    need(platform_cache_new(64, &w->cache, &e), &e);
}

static void world_of_files(struct world *w, const char *quote, const char *bundle, int64_t at)
{
    struct bytes bytes AUTO_CALL(dcap_free) = dcap_file(quote);
    struct bytes text AUTO_CALL(dcap_free) = dcap_file(bundle);

    world_make(w, quote, bytes, text, at);
}

static bool taken(const struct world *w, const struct collateral *c)
{
    struct attest_examination x;
    const struct attest_question question = {
        .quote = buf_bytes(&w->quote),
        .tee = QUOTE_TEE_TDX,
        .roots = attest_roots(),
        .policy = &attest_policy_default,
        .collateral = c,
        .now = w->at,
        .cache = w->cache,
    };

    attest_examine(&question, &x);
    return x.ok;
}

static void flip_quote(struct world *w)
{
    assert_true(taken(w, &w->good));
    for (size_t i = 0; i < w->quote.n; i++)
        for (size_t k = 0; k < sizeof changes; k++) {
            bool yes;

            w->quote.p[i] ^= changes[k];
            yes = taken(w, &w->good);
            w->quote.p[i] ^= changes[k];
            /* Real platforms pad: bytes behind the signature data are nobody's. */
            if (yes != (i >= w->used))
                fail_msg("%s: byte %zu ^ %02x", w->name, i, changes[k]);
        }
}

/* The other three parts stay as they are. */
static bool taken_with(const struct world *w, enum collateral_kind kind)
{
    AUTO(collateral_object) o = NULL;
    struct collateral c = w->good;
    enum attest_fault fault;
    struct err e;

    if (collateral_verify(&w->bundle.text[kind], kind, attest_roots(), NULL, &o, &fault, &e) !=
        ERR_OK)
        return false;
    c.part[kind] = o;
    return taken(w, &c);
}

static void flip_text(struct world *w, enum collateral_kind kind, const char *which, struct buf *b)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < sizeof changes; k++) {
            bool yes;

            b->p[i] ^= changes[k];
            yes = taken_with(w, kind);
            b->p[i] ^= changes[k];
            if (yes)
                fail_msg("%s: %s, %s: byte %zu ^ %02x", w->name, collateral_kind_name(kind), which,
                         i, changes[k]);
        }
}

static void flip_collateral(struct world *w)
{
    for (enum collateral_kind k = 0; k < COLLATERAL_KINDS; k++) {
        struct collateral_text *t = &w->bundle.text[k];

        assert_true(taken_with(w, k));
        flip_text(w, k, "body", &t->body);
        flip_text(w, k, "signature", &t->signature);
        flip_text(w, k, "issuer chain", &t->issuer_chain);
    }
}

/* TCB info and QE identity come with the same chain, which is read once when they come together. */
static void flip_shared_chain(struct world *w)
{
    struct buf *chain = &w->bundle.text[COLLATERAL_QE_IDENTITY].issuer_chain;

    assert_true(
        bytes_eq(buf_bytes(chain), buf_bytes(&w->bundle.text[COLLATERAL_TCB_INFO].issuer_chain)));
    for (size_t i = 0; i < chain->n; i++) {
        struct collateral c AUTO_CALL(collateral_done) = {0};

        chain->p[i] ^= changes[0];
        collateral_of_bundle(&w->bundle, attest_roots(), NULL, &c);
        chain->p[i] ^= changes[0];
        assert_non_null(c.part[COLLATERAL_TCB_INFO]);
        if (c.part[COLLATERAL_QE_IDENTITY] || taken(w, &c))
            fail_msg("%s: shared chain: byte %zu", w->name, i);
    }
}

static void of_version_4(struct world *w)
{
    world_of_files(w, "quotes/tdx_v4_b0c06f_phala.bin", "collateral/phala_b0c06f_2025-06.json",
                   1750800000);
    assert_int_equal(w->version, 4);
    assert_true(w->used < w->quote.n);
}

static void no_changed_byte_of_a_quote_is_taken_but_behind_its_end(void **state)
{
    struct world w AUTO_CALL(world_done);

    (void)state;
    of_version_4(&w);
    flip_quote(&w);
}

static void no_changed_byte_of_collateral_is_taken(void **state)
{
    struct world w AUTO_CALL(world_done);

    (void)state;
    of_version_4(&w);
    flip_collateral(&w);
    flip_shared_chain(&w);
}

static void nor_of_a_version_5_quote_with_a_td_1_5_body(void **state)
{
    struct world w AUTO_CALL(world_done);

    (void)state;
    world_of_files(&w, "quotes/tdx_v5_b3_90c06f_google.bin", "collateral/phala_90c06f_2026-02.json",
                   1771500000);
    assert_int_equal(w.version, 5);
    assert_int_equal(w.body, QUOTE_BODY_TD15);
    flip_quote(&w);
}

#ifdef TEEREG_DEV_ROOTS
/* No real one is public. */
static void nor_of_a_version_5_quote_with_a_td_1_0_body(void **state)
{
    const struct sim_collateral_spec spec = {.now = 1750800000};
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct buf bundle AUTO_CALL(buf_done) = BUF(SIM_COLLATERAL_MAX);
    struct world w AUTO_CALL(world_done);
    AUTO(sim_platform) p = NULL;
    struct report_data rd = {{0}};
    struct td_report td;
    struct err e;

    (void)state;
    json_init();
    sim_td_of_image("flips", &td);
    need(sim_platform_new("flips", SIM_OK, &p, &e), &e);
    need(sim_quote(p, SIM_V5_TD10, &td, &rd, &quote, &e), &e);
    need(sim_collateral(p, &spec, &bundle, &e), &e);
    world_make(&w, "simulated", buf_bytes(&quote), buf_bytes(&bundle), spec.now);
    assert_int_equal(w.version, 5);
    assert_int_equal(w.body, QUOTE_BODY_TD10);
    flip_quote(&w);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_changed_byte_of_a_quote_is_taken_but_behind_its_end),
        cmocka_unit_test(no_changed_byte_of_collateral_is_taken),
        cmocka_unit_test(nor_of_a_version_5_quote_with_a_td_1_5_body),
#ifdef TEEREG_DEV_ROOTS
        cmocka_unit_test(nor_of_a_version_5_quote_with_a_td_1_0_body),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
