/* primitives - how much quote verification costs, in P-256 verifies of the same OpenSSL and run.
 *
 *   bench-primitives         one JSON object of nanoseconds: the median over rounds in which all of
 *                            them take turns, so that a slow moment of the machine hits all alike
 *   bench-primitives floor   {"floor_per_second", "floor_cpu_us"}: releases a second, and processor
 *                            time of one, if a release were only its cryptography (two verifies,
 * two signatures, one key, one ECDH), on all processors; takes one second */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include "attest/verify.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/p256.h"
#include "sim_quote.h"

#define ROUNDS 101
#define BATCH  20

struct setup {
    struct buf quote;
    struct report_data rd;
    platform_cache *cache;
    EVP_PKEY *key, *peer;
    struct buf signature;
    struct hash32 digest;
};

static void must(enum err_code code, const struct err *e)
{
    if (code == ERR_OK)
        return;
    fprintf(stderr, "bench-primitives: %s\n", e->msg);
    exit(1);
}

static void verify_p256(const struct setup *s)
{
    struct err e;

    must(p256_verify(s->key, BYTES_OF(s->digest), buf_bytes(&s->signature), &e), &e);
}

static void verify_quote(const struct setup *s, platform_cache *cache)
{
    const struct attest_judge judge = {.policy = &attest_policy_default, .cache = cache};
    AUTO(verified_quote) q = NULL;
    enum attest_fault fault;
    struct err e;

    must(attest_verify(&judge, buf_bytes(&s->quote), &s->rd, clock_unix(&clock_system), &q, &fault,
                       &e),
         &e);
}

static void verify_cold(const struct setup *s)
{
    verify_quote(s, NULL);
}

static void verify_known(const struct setup *s)
{
    verify_quote(s, s->cache);
}

static void release_floor(const struct setup *s)
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

static double once(void (*f)(const struct setup *), const struct setup *s)
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
    const struct setup *setup;
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

static void floor_of_releases(const struct setup *s)
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

static void prepare(struct setup *s)
{
    AUTO(sim_platform) platform = NULL;
    struct td_report td;
    struct err e;

    *s = (struct setup){.quote = BUF(SIM_QUOTE_MAX), .signature = BUF(256)};
    must(secret_memory_init(&e), &e);
    sim_td_of_image("bench", &td);
    must(sim_platform_new("bench", SIM_OK, &platform, &e), &e);
    must(sim_quote(platform, SIM_V4, &td, &s->rd, &s->quote, &e), &e);
    must(platform_cache_new(16, &s->cache, &e), &e);
    must(p256_generate(&s->key, &e), &e);
    must(p256_generate(&s->peer, &e), &e);
    must(p256_sign(s->key, BYTES_OF(s->digest), &s->signature, &e), &e);
    verify_known(s);
}

static void verifications(const struct setup *s)
{
    double p256[ROUNDS], cold[ROUNDS], known[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        p256[i] = once(verify_p256, s);
        cold[i] = once(verify_cold, s);
        known[i] = once(verify_known, s);
    }
    printf("{\"p256_verify_ns\": %.0f, \"quote_cold_ns\": %.0f, \"quote_known_ns\": %.0f}\n",
           median(p256, ROUNDS), median(cold, ROUNDS), median(known, ROUNDS));
}

int main(int argc, char *argv[])
{
    struct setup s;

    prepare(&s);
    if (argc == 1)
        verifications(&s);
    else if (argc == 2 && strcmp(argv[1], "floor") == 0)
        floor_of_releases(&s);
    else
        return 2;
    platform_cache_free(s.cache);
    EVP_PKEY_free(s.key);
    EVP_PKEY_free(s.peer);
    buf_done(&s.quote);
    buf_done(&s.signature);
    return 0;
}
