/* primitives - how much quote verification costs, in P-256 verifies of the same OpenSSL and run.
 *
 *   bench-primitives verify ROUNDS   one JSON object of nanoseconds: the median over rounds in
 * which all of them take turns, so that a slow moment of the machine hits all alike; and the
 * version of OpenSSL bench-primitives floor   {"floor_per_second", "floor_cpu_us"}: releases a
 * second, and processor time of one, if a release were only its cryptography (two verifies, two
 * signatures, one key, one ECDH), on all processors; takes one second */
#include "bench.h"
#include <openssl/crypto.h>
#include <pthread.h>
#include <time.h>
#include "attest/verify.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/p256.h"

#define ROUNDS_MAX 1001
#define BATCH      20

struct setup {
    struct buf quote;
    struct report_data rd;
    struct buf other;   /* a quote of another platform under the same CA */
    struct buf twisted; /* the quote with another QE report, which nobody signed */
    struct collateral_bundle bundle;
    struct collateral collateral;
    platform_cache *cache, *prepared[BATCH];
    size_t next;
    EVP_PKEY *key, *peer;
    struct buf signature;
    struct hash32 digest;
};

static void verify_p256(struct setup *s)
{
    struct err e;

    must(p256_verify(s->key, BYTES_OF(s->digest), buf_bytes(&s->signature), &e), &e);
}

/* A real quote and real collateral, judged at a moment when both were of now. */
#define AT 1750800000

static void verify_quote(const struct setup *s, platform_cache *cache, const struct collateral *c)
{
    const struct attest_judge judge = {.policy = &attest_policy_default, .cache = cache};
    AUTO(verified_quote) q = NULL;
    enum attest_fault fault;
    struct err e;

    must(attest_verify(&judge, buf_bytes(&s->quote), c, &s->rd, AT, &q, &fault, &e), &e);
}

/* Nothing is known: nine signatures. */
static void verify_cold(struct setup *s)
{
    struct collateral c AUTO_CALL(collateral_done) = {0};

    collateral_of_bundle(&s->bundle, attest_roots(), NULL, &c);
    verify_quote(s, NULL, &c);
}

/* Each of a batch with a cache of its own, prepared before the clock runs: collateral and the CA
 * are known, the platform is not (three signatures); or the platform is, this QE report is not
 * (two). */
static void verify_with_prepared(struct setup *s)
{
    verify_quote(s, s->prepared[s->next++], &s->collateral);
}

/* All but the quote itself is known: one. */
static void verify_qe_known(struct setup *s)
{
    verify_quote(s, s->cache, &s->collateral);
}

static void release_floor(struct setup *s)
{
    struct buf signature AUTO_CALL(buf_done) = BUF(256);
    AUTO(EVP_PKEY) key = NULL;
    AUTO(secret) shared = NULL;
    struct err e;

    for (int i = 0; i < 2; i++) {
        verify_p256(s);
        buf_clear(&signature);
        must(p256_sign(s->key, BYTES_OF(s->digest), &signature, &e), &e);
    }
    must(p256_generate(&key, &e), &e);
    must(p256_ecdh(key, s->peer, &shared, &e), &e);
}

/* Nanoseconds that this thread computed: what others do on the machine meanwhile does not count,
 * and the longer of two batches is not the one that is interrupted more often. */
static double computed_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double once(void (*f)(struct setup *), struct setup *s)
{
    const double start = computed_ns();

    for (int i = 0; i < BATCH; i++)
        f(s);
    return (computed_ns() - start) / BATCH;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_size);
    return v[n / 2];
}

struct share {
    struct setup *setup;
    uint64_t until, done;
};

static void *floor_thread(void *arg)
{
    struct share *share = arg;

    while (clock_ns(&clock_system) < share->until) {
        release_floor(share->setup);
        share->done++;
    }
    return NULL;
}

/* About as many as a loaded KMS has ready to run: on a machine that does other things too, both
 * then get the same part of it. */
#define FLOOR_THREADS 16

static void floor_of_releases(struct setup *s)
{
    struct share share[FLOOR_THREADS];
    pthread_t thread[FLOOR_THREADS];
    const uint64_t start = clock_ns(&clock_system);
    const clock_t processor = clock();
    uint64_t done = 0;

    for (size_t i = 0; i < FLOOR_THREADS; i++) {
        share[i] = (struct share){s, start + 1000000000ULL, 0};
        if (pthread_create(&thread[i], NULL, floor_thread, &share[i]) != 0)
            exit(1);
    }
    for (size_t i = 0; i < FLOOR_THREADS; i++) {
        pthread_join(thread[i], NULL);
        done += share[i].done;
    }
    printf("{\"floor_per_second\": %.0f, \"floor_cpu_us\": %.1f}\n",
           (double)done * 1e9 / (double)(clock_ns(&clock_system) - start),
           (double)(clock() - processor) * 1e6 / CLOCKS_PER_SEC / (double)done);
}

/* ---- what is verified ---- */

static void prepare_quote(struct setup *s)
{
    struct buf text AUTO_CALL(buf_done) = BUF(COLLATERAL_BUNDLE_MAX);
    struct quote q;
    struct err e;

    bench_vector("quotes/tdx_v4_b0c06f_phala.bin", &s->quote);
    bench_vector("quotes/tdx_v5_b3_90c06f_google.bin", &s->other);
    bench_vector("collateral/phala_b0c06f_2025-06.json", &text);
    must(quote_parse(buf_bytes(&s->quote), &q, NULL, &e), &e);
    memcpy(s->rd.b, q.td.report_data, sizeof s->rd.b);
    buf_put(&s->twisted, buf_bytes(&s->quote));
    s->twisted.p[q.qe_report.p - s->quote.p] ^= 1;
    must(collateral_bundle_decode(buf_bytes(&text), &s->bundle, &e), &e);
    collateral_of_bundle(&s->bundle, attest_roots(), NULL, &s->collateral);
}

static void prepare(struct setup *s)
{
    struct err e;

    *s = (struct setup){.quote = BUF(QUOTE_MAX),
                        .other = BUF(QUOTE_MAX),
                        .twisted = BUF(QUOTE_MAX),
                        .signature = BUF(256)};
    json_init();
    must(secret_memory_init(&e), &e);
    prepare_quote(s);
    must(platform_cache_new(16, &s->cache, &e), &e);
    must(p256_generate(&s->key, &e), &e);
    must(p256_generate(&s->peer, &e), &e);
    must(p256_sign(s->key, BYTES_OF(s->digest), &s->signature, &e), &e);
    verify_qe_known(s);
}

/* What a refused quote leaves behind: the CA, and a chain, if that held. */
static void see(platform_cache *cache, const struct buf *quote, const struct setup *s)
{
    const struct attest_judge judge = {.policy = &attest_policy_default, .cache = cache};
    AUTO(verified_quote) q = NULL;
    struct err e;

    if (attest_verify(&judge, buf_bytes(quote), &s->collateral, &s->rd, AT, &q, NULL, &e) == ERR_OK)
        exit(1);
}

static double once_prepared(const struct buf *seen, struct setup *s)
{
    struct err e;
    double ns;

    for (size_t i = 0; i < BATCH; i++) {
        must(platform_cache_new(16, &s->prepared[i], &e), &e);
        see(s->prepared[i], seen, s);
    }
    s->next = 0;
    ns = once(verify_with_prepared, s);
    for (size_t i = 0; i < BATCH; i++)
        platform_cache_free(s->prepared[i]);
    return ns;
}

/* The pinned root's key gets its table once that pays. */
#define WARM_UP 500

static void verifications(struct setup *s, size_t rounds)
{
    static double p256[ROUNDS_MAX], cold[ROUNDS_MAX], fresh[ROUNDS_MAX], known[ROUNDS_MAX],
        qe[ROUNDS_MAX];

    for (size_t i = 0; i < WARM_UP; i++)
        verify_cold(s);
    for (size_t i = 0; i < rounds; i++) {
        p256[i] = once(verify_p256, s);
        cold[i] = once(verify_cold, s);
        fresh[i] = once_prepared(&s->other, s);
        known[i] = once_prepared(&s->twisted, s);
        qe[i] = once(verify_qe_known, s);
    }
    printf("{\"p256_verify_ns\": %.0f, \"quote_cold_ns\": %.0f, \"quote_new_platform_ns\": %.0f, "
           "\"quote_known_ns\": %.0f, \"quote_qe_known_ns\": %.0f, \"openssl\": \"%s\"}\n",
           median(p256, rounds), median(cold, rounds), median(fresh, rounds), median(known, rounds),
           median(qe, rounds), OpenSSL_version(OPENSSL_VERSION_STRING));
}

int main(int argc, char *argv[])
{
    struct setup s;

    prepare(&s);
    if (argc == 3 && strcmp(argv[1], "verify") == 0)
        verifications(&s, bench_number(argv[2], ROUNDS_MAX));
    else if (argc == 2 && strcmp(argv[1], "floor") == 0)
        floor_of_releases(&s);
    else
        return 2;
    platform_cache_free(s.cache);
    collateral_done(&s.collateral);
    collateral_bundle_done(&s.bundle);
    buf_done(&s.other);
    buf_done(&s.twisted);
    EVP_PKEY_free(s.key);
    EVP_PKEY_free(s.peer);
    buf_done(&s.quote);
    buf_done(&s.signature);
    return 0;
}
