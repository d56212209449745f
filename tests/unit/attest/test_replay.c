/* verify_evidence: evidence made for one purpose, key, nonce, contract or payload is no other's. */
#include "support/dcap.h"
#include <pthread.h>
#include "attest/verify.h"
#include "sim_quote.h"
#include "support/sim_source.h"

#define NOW 1795500000 /* 2026-11-24 */

static sim_platform *machine;

static int make_machine(void **state)
{
    struct err e;

    (void)state;
    return sim_platform_new("replay", SIM_OK, &machine, &e) == ERR_OK ? 0 : -1;
}

static int free_machine(void **state)
{
    (void)state;
    sim_platform_free(machine);
    sim_source_end();
    return 0;
}

static const uint8_t spki[91] = {0x30, 0x59};
static const uint8_t payload[] = "a payload";

static struct report_binding binding_for(enum report_purpose purpose)
{
    return (struct report_binding){.purpose = purpose,
                                   .chain_id = 31337,
                                   .kms = {{1}},
                                   .app = {{2}},
                                   .spki = BYTES(spki),
                                   .nonce = {{3}},
                                   .payload = BYTES(payload)};
}

static void make_evidence(const struct report_binding *b, struct evidence *ret)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct report_data rd;
    struct td_report td;
    struct err e;

    report_data_v2(b, &rd);
    sim_td_of_image("replay", &td);
    need(sim_quote(machine, SIM_V4, &td, &rd, &quote, &e), &e);
    need(evidence_set(ret, EVIDENCE_TYPE_TDX, buf_bytes(&quote), b->payload, &e), &e);
}

static enum attest_fault verdict(const struct evidence *ev, const struct report_binding *b,
                                 platform_cache *cache)
{
    const struct attest_judge judge = {
        .policy = &attest_policy_default, .cache = cache, .source = &sim_source};
    AUTO(verified_quote) v = NULL;
    enum attest_fault fault = FAULT_NONE;
    struct err e;

    return attest_verify_evidence(&judge, ev, b, NOW, &v, &fault, &e) == ERR_OK ? FAULT_NONE
                                                                                : fault;
}

/* SR-06, all ordered pairs; with a cache, as a service has it. */
static void evidence_for_one_purpose_is_refused_for_every_other(void **state)
{
    AUTO(platform_cache) cache = NULL;
    struct err e;

    (void)state;
    need(platform_cache_new(4, &cache, &e), &e);
    for (enum report_purpose from = 0; from < REPORT_PURPOSES; from++) {
        struct report_binding made = binding_for(from);
        struct evidence ev AUTO_CALL(evidence_done) = {0};

        make_evidence(&made, &ev);
        for (enum report_purpose to = 0; to < REPORT_PURPOSES; to++) {
            struct report_binding asked = binding_for(to);

            assert_int_equal(verdict(&ev, &asked, cache),
                             from == to ? FAULT_NONE : FAULT_REPORT_DATA);
        }
    }
}

/* SR-07 */
static void captured_evidence_is_refused_under_another_key_or_nonce(void **state)
{
    static const uint8_t other_spki[91] = {0x30, 0x58};
    struct report_binding made = binding_for(REPORT_SECRETS_REQUEST), asked = made;
    struct evidence ev AUTO_CALL(evidence_done) = {0};

    (void)state;
    make_evidence(&made, &ev);
    assert_int_equal(verdict(&ev, &asked, NULL), FAULT_NONE);
    asked.spki = BYTES(other_spki);
    assert_int_equal(verdict(&ev, &asked, NULL), FAULT_REPORT_DATA);
    asked = made;
    asked.nonce.b[31] ^= 1;
    assert_int_equal(verdict(&ev, &asked, NULL), FAULT_REPORT_DATA);
}

static void evidence_is_refused_on_another_chain_or_for_another_contract(void **state)
{
    struct report_binding made = binding_for(REPORT_KMS_TLS), asked = made;
    struct evidence ev AUTO_CALL(evidence_done) = {0};

    (void)state;
    make_evidence(&made, &ev);
    asked.chain_id = 1;
    assert_int_equal(verdict(&ev, &asked, NULL), FAULT_REPORT_DATA);
    asked = made;
    asked.kms.b[0] ^= 1;
    assert_int_equal(verdict(&ev, &asked, NULL), FAULT_REPORT_DATA);
    asked = made;
    asked.app.b[0] ^= 1;
    assert_int_equal(verdict(&ev, &asked, NULL), FAULT_REPORT_DATA);
}

static void evidence_with_another_payload_is_refused(void **state)
{
    struct report_binding made = binding_for(REPORT_EXPLAIN);
    struct evidence ev AUTO_CALL(evidence_done) = {0};

    (void)state;
    make_evidence(&made, &ev);
    ev.payload.p[0] ^= 1;
    assert_int_equal(verdict(&ev, &made, NULL), FAULT_REPORT_DATA);
}

static void evidence_of_another_type_is_refused_by_name(void **state)
{
    struct report_binding made = binding_for(REPORT_EXPLAIN);
    struct evidence ev AUTO_CALL(evidence_done) = {0}, other AUTO_CALL(evidence_done) = {0};
    struct err e;

    (void)state;
    make_evidence(&made, &ev);
    need(evidence_set(&other, "dummy", buf_bytes(&ev.quote), BYTES(payload), &e), &e);
    assert_int_equal(verdict(&other, &made, NULL), FAULT_EVIDENCE_TYPE);
}

/* ---- a cache under threads and pressure ---- */

#define MACHINES 6

struct crowd {
    platform_cache *cache;
    struct buf quotes[MACHINES];
    struct report_data rd;
    unsigned failed;
};

static void *verify_many(void *arg)
{
    struct crowd *c = arg;
    const struct attest_judge judge = {
        .policy = &attest_policy_default, .cache = c->cache, .source = &sim_source};

    for (int i = 0; i < 60; i++) {
        AUTO(verified_quote) v = NULL;
        struct err e;

        if (attest_verify(&judge, buf_bytes(&c->quotes[(i * 5 + i / 7) % MACHINES]), NULL, &c->rd,
                          NOW, &v, NULL, &e) != ERR_OK)
            __atomic_add_fetch(&c->failed, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void many_threads_share_a_cache_too_small_for_their_platforms(void **state)
{
    struct crowd c = {.rd = {{7}}};
    struct platform_cache_stats s;
    pthread_t threads[4];
    struct td_report td;
    struct err e;

    (void)state;
    need(platform_cache_new(3, &c.cache, &e), &e);
    sim_td_of_image("crowd", &td);
    for (int i = 0; i < MACHINES; i++) {
        AUTO(sim_platform) p = NULL;
        char seed[16];

        c.quotes[i] = BUF(SIM_QUOTE_MAX);
        snprintf(seed, sizeof seed, "crowd %d", i);
        need(sim_platform_new(seed, SIM_OK, &p, &e), &e);
        need(sim_quote(p, SIM_V4, &td, &c.rd, &c.quotes[i], &e), &e);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, verify_many, &c);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(c.failed, 0);
    platform_cache_stats(c.cache, &s);
    assert_int_equal(s.chain_hits + s.chain_misses, 4 * 60);
    assert_true(s.chain_misses >= MACHINES);
    platform_cache_free(c.cache);
    for (int i = 0; i < MACHINES; i++)
        buf_done(&c.quotes[i]);
}

static void a_cache_needs_a_size(void **state)
{
    AUTO(platform_cache) cache = NULL;
    struct err e;

    (void)state;
    assert_int_equal(platform_cache_new(0, &cache, &e), ERR_INVALID);
    assert_int_equal(platform_cache_new((size_t)1 << 40, &cache, &e), ERR_INVALID);
    assert_null(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_for_one_purpose_is_refused_for_every_other),
        cmocka_unit_test(captured_evidence_is_refused_under_another_key_or_nonce),
        cmocka_unit_test(evidence_is_refused_on_another_chain_or_for_another_contract),
        cmocka_unit_test(evidence_with_another_payload_is_refused),
        cmocka_unit_test(evidence_of_another_type_is_refused_by_name),
        cmocka_unit_test(many_threads_share_a_cache_too_small_for_their_platforms),
        cmocka_unit_test(a_cache_needs_a_size),
    };

    return cmocka_run_group_tests(tests, make_machine, free_machine);
}
