/* examine: each byte of a good quote and of each of its collateral changed: nothing that is changed
 * is taken, but for the bytes that no signature covers and nobody reads. */
#include "support/dcap.h"
#include "attest/examine.h"

#define AT 1750800000

static const uint8_t changes[] = {0x01, 0x20, 0xff};

static struct collateral_bundle bundle;
static struct collateral good;
static struct bytes quote;
static struct quote parsed;

static int load(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file("collateral/phala_b0c06f_2025-06.json");
    struct err e;

    (void)state;
    json_init();
    quote = dcap_file("quotes/tdx_v4_b0c06f_phala.bin");
    need(quote_parse(quote, &parsed, NULL, &e), &e);
    need(collateral_bundle_decode(text, &bundle, &e), &e);
    collateral_of_bundle(&bundle, attest_roots(), NULL, &good);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    collateral_done(&good);
    collateral_bundle_done(&bundle);
    dcap_free(&quote);
    return 0;
}

static bool taken(struct bytes q, const struct collateral *c, platform_cache *cache)
{
    struct attest_examination x;
    const struct attest_question question = {
        .quote = q,
        .tee = QUOTE_TEE_TDX,
        .roots = attest_roots(),
        .policy = &attest_policy_default,
        .collateral = c,
        .now = AT,
        .cache = cache,
    };

    attest_examine(&question, &x);
    return x.ok;
}

static void no_changed_byte_of_a_quote_is_taken_but_behind_its_end(void **state)
{
    AUTO(platform_cache) cache = NULL;
    uint8_t copy[8192];
    struct err e;

    (void)state;
    need(platform_cache_new(64, &cache, &e), &e);
    assert_true(quote.n <= sizeof copy && parsed.used < quote.n);
    memcpy(copy, quote.p, quote.n);
    assert_true(taken(quote, &good, cache));
    for (size_t i = 0; i < quote.n; i++)
        for (size_t k = 0; k < sizeof changes; k++) {
            copy[i] ^= changes[k];
            /* Real platforms pad: bytes behind the signature data are nobody's. */
            if (taken((struct bytes){copy, quote.n}, &good, cache) != (i >= parsed.used))
                fail_msg("byte %zu ^ %02x", i, changes[k]);
            copy[i] ^= changes[k];
        }
}

/* The other three parts stay as they are. */
static bool taken_with(enum collateral_kind kind, const struct collateral_text *text,
                       platform_cache *cache)
{
    AUTO(collateral_object) o = NULL;
    struct collateral c = good;
    enum attest_fault fault;
    struct err e;

    if (collateral_verify(text, kind, attest_roots(), NULL, &o, &fault, &e) != ERR_OK)
        return false;
    c.part[kind] = o;
    return taken(quote, &c, cache);
}

static void try_each(enum collateral_kind kind, const char *which, const struct buf *b,
                     platform_cache *cache)
{
    const struct collateral_text *text = &bundle.text[kind];

    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < sizeof changes; k++) {
            bool yes;

            b->p[i] ^= changes[k];
            yes = taken_with(kind, text, cache);
            b->p[i] ^= changes[k];
            if (yes)
                fail_msg("%s, %s: byte %zu ^ %02x", collateral_kind_name(kind), which, i,
                         changes[k]);
        }
}

static void no_changed_byte_of_collateral_is_taken(void **state)
{
    AUTO(platform_cache) cache = NULL;
    struct err e;

    (void)state;
    need(platform_cache_new(64, &cache, &e), &e);
    for (enum collateral_kind k = 0; k < COLLATERAL_KINDS; k++) {
        assert_true(taken_with(k, &bundle.text[k], cache));
        try_each(k, "body", &bundle.text[k].body, cache);
        try_each(k, "signature", &bundle.text[k].signature, cache);
        try_each(k, "issuer chain", &bundle.text[k].issuer_chain, cache);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_changed_byte_of_a_quote_is_taken_but_behind_its_end),
        cmocka_unit_test(no_changed_byte_of_collateral_is_taken),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
