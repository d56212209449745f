/* heap - does memory grow with the number of verifications?
 *
 *   bench-heap COUNT   {"verifications", "heap_growth", "secure_growth", "rss_growth"}: bytes in
 * use behind the last of COUNT, more than before the first; the same of the heap for secrets; KiB
 * of the process, the same
 *
 * Every way through goes round: evidence off the wire with its collateral, nothing known; platforms
 * and collateral for which caches have no room and must make some; what is known; and quotes with a
 * byte changed, ever another, refused at every step.  Run it with
 * GLIBC_TUNABLES=glibc.malloc.tcache_count=0: what a thread's cache of freed blocks holds counts as
 * in use, and changes with the last thing that was freed.  A block may be 16 bytes larger than the
 * one that was in its place before; so a few dozen bytes more or less are no growth. */
#include "bench.h"
#include <malloc.h>
#include <openssl/crypto.h>
#include "attest/verify.h"

#define COUNT_MAX 100000000
/* Before the first that counts: what is made once is there, the table of the root's key too. */
#define WARM_UP 4000

struct platform {
    struct buf quote, changed;
    struct buf evidence;        /* quote and collateral, as they travel */
    struct buf collateral_text; /* the bundle */
    struct collateral_bundle bundle;
    struct report_data rd; /* of the quote */
    int64_t at;            /* when all of it was of now */
    size_t place;          /* of the next change */
};

struct setup {
    struct platform platform[2];
    platform_cache *cache;     /* has room for one platform: the other one is always new */
    collateral_cache *objects; /* for one bundle and a half */
    size_t done;
};

static void load(struct platform *p, const char *quote, const char *bundle, int64_t at)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct quote q;
    struct err e;

    *p = (struct platform){.quote = BUF(QUOTE_MAX),
                           .changed = BUF(QUOTE_MAX),
                           .evidence = BUF(EVIDENCE_JSON_MAX),
                           .collateral_text = BUF(COLLATERAL_BUNDLE_MAX),
                           .at = at};
    bench_vector(quote, &p->quote);
    bench_vector(bundle, &p->collateral_text);
    must(quote_parse(buf_bytes(&p->quote), &q, NULL, &e), &e);
    p->quote.n = q.used; /* behind it nothing is read: a change would go unnoticed */
    memcpy(p->rd.b, q.td.report_data, sizeof p->rd.b);
    buf_put(&p->changed, buf_bytes(&p->quote));
    must(collateral_bundle_decode(buf_bytes(&p->collateral_text), &p->bundle, &e), &e);
    must(evidence_set(&ev, EVIDENCE_TYPE_TDX, buf_bytes(&p->quote), (struct bytes){0}, &e), &e);
    ev.collateral = BUF(COLLATERAL_BUNDLE_MAX);
    must(collateral_bundle_encode(&p->bundle, &ev.collateral, &e), &e);
    must(evidence_encode(&ev, &p->evidence, &e), &e);
}

static void unload(struct platform *p)
{
    buf_done(&p->quote);
    buf_done(&p->changed);
    buf_done(&p->evidence);
    buf_done(&p->collateral_text);
    collateral_bundle_done(&p->bundle);
}

__attribute__((noreturn)) static void surprise(const struct setup *s, const char *what)
{
    fprintf(stderr, "bench-heap: verification %zu: %s\n", s->done, what);
    exit(1);
}

/* Real quotes were made for another purpose: that is what must be wrong, and all that is. */
static void off_the_wire(struct setup *s, const struct platform *p)
{
    const struct attest_judge judge = {.policy = &attest_policy_default};
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    const struct report_binding binding = {.purpose = REPORT_SECRETS_REQUEST};
    AUTO(verified_quote) q = NULL;
    enum attest_fault fault;
    struct err e;

    must(evidence_decode(buf_bytes(&p->evidence), &ev, &e), &e);
    if (attest_verify_evidence(&judge, &ev, &binding, p->at, &q, &fault, &e) == ERR_OK ||
        fault != FAULT_REPORT_DATA)
        surprise(s, e.msg);
    s->done++;
}

static void judge(struct setup *s, const struct platform *p, const struct buf *quote, bool good)
{
    const struct attest_judge judge = {
        .policy = &attest_policy_default, .cache = s->cache, .objects = s->objects};
    struct collateral c AUTO_CALL(collateral_done) = {0};
    AUTO(verified_quote) q = NULL;
    enum err_code rc;
    struct err e;

    collateral_of_bundle(&p->bundle, attest_roots(), s->objects, &c);
    rc = attest_verify(&judge, buf_bytes(quote), &c, &p->rd, p->at, &q, NULL, &e);
    if ((rc == ERR_OK) != good)
        surprise(s, good ? e.msg : "a changed quote was accepted");
    s->done++;
}

static void judge_changed(struct setup *s, struct platform *p)
{
    uint8_t *byte = &p->changed.p[p->place];

    p->place = (p->place + 7919) % p->changed.n; /* a prime: each place gets its turn */
    *byte ^= 0x20;
    judge(s, p, &p->changed, false);
    *byte ^= 0x20;
}

static void go_round(struct setup *s)
{
    for (size_t i = 0; i < 2; i++) {
        struct platform *p = &s->platform[i];

        off_the_wire(s, p);
        for (int k = 0; k < 4; k++)
            judge(s, p, &p->quote, true);
        for (int k = 0; k < 3; k++)
            judge_changed(s, p);
    }
}

static size_t rss_kib(void)
{
    static const char name[] = "RssAnon:";
    struct buf text AUTO_CALL(buf_done) = BUF(8192);
    const char *at;
    struct err e;

    must(fs_read("/proc/self/status", &text, &e), &e);
    at = strstr(buf_cstr(&text), name);
    return at ? strtoul(at + sizeof name - 1, NULL, 10) : 0;
}

static long long in_use(void)
{
    const struct mallinfo2 m = mallinfo2();

    return (long long)(m.uordblks + m.hblkhd);
}

static void run(struct setup *s, size_t count)
{
    long long heap, secure, rss;

    while (s->done < WARM_UP)
        go_round(s);
    s->done = 0;
    rss = (long long)rss_kib();
    secure = (long long)CRYPTO_secure_used();
    heap = in_use();
    while (s->done < count)
        go_round(s);
    heap = in_use() - heap;
    secure = (long long)CRYPTO_secure_used() - secure;
    rss = (long long)rss_kib() - rss;
    printf("{\"verifications\": %zu, \"heap_growth\": %lld, \"secure_growth\": %lld, "
           "\"rss_growth\": %lld}\n",
           s->done, heap, secure, rss);
}

int main(int argc, char *argv[])
{
    struct setup s = {0};
    struct err e;

    if (argc != 2)
        return 2;
    json_init();
    must(secret_memory_init(&e), &e);
    load(&s.platform[0], "quotes/tdx_v4_b0c06f_phala.bin", "collateral/phala_b0c06f_2025-06.json",
         1750800000);
    load(&s.platform[1], "quotes/tdx_v5_b3_90c06f_google.bin",
         "collateral/phala_90c06f_2026-02.json", 1771500000);
    must(platform_cache_new(1, &s.cache, &e), &e);
    must(collateral_cache_new(6, &s.objects, &e), &e);
    run(&s, bench_number(argv[1], COUNT_MAX));
    collateral_cache_free(s.objects);
    platform_cache_free(s.cache);
    unload(&s.platform[0]);
    unload(&s.platform[1]);
    return 0;
}
