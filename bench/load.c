/* load - releases from a running KMS on loopback, as fast as it gives them.
 *
 *   bench-load KMS_URL CHAIN_ID KMS APP MEASUREMENTS COUNT CONNECTIONS [new]
 *
 * All requests are made before the clock starts (challenges live for a minute), so that what is
 * timed is the KMS and the connection.  With `new` each release has a connection of its own.
 * Prints one JSON object: releases, seconds, and latency in microseconds. */
#include <pthread.h>
#include <stdio.h>
#include "attest/evidence.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/fs.h"
#include "crypto/x509.h"
#include "kms/msg.h"
#include "net/http_client.h"
#include "sim_quote.h"

#define THREADS_MAX 64
#define COUNT_MAX   10000

struct setup {
    const char *url;
    uint64_t chain_id;
    struct addr kms, app;
    struct td_report td;
    sim_platform *platform;
    char secrets_url[512], challenge_url[512];
    bool fresh; /* a connection for each release */
};

struct worker {
    const struct setup *setup;
    struct buf *bodies;
    uint64_t *latency_ns;
    size_t n;
    pthread_barrier_t *gate;
};

static void must(enum err_code code, const struct err *e)
{
    if (code == ERR_OK)
        return;
    fprintf(stderr, "bench-load: %s\n", e->msg);
    exit(1);
}

/* Whose KMS it is has been settled by the commands that set this system up. */
static enum err_code any_peer(void *self, struct bytes leaf, struct err *e)
{
    (void)self;
    (void)leaf;
    (void)e;
    return ERR_OK;
}

static http_client *client_new(void)
{
    const struct http_client_config config = {
        .tls = {.trust = TLS_TRUST_ATTESTED, .judge = any_peer},
        .allow_private = true,
        .body_max = MSG_ANSWER_MAX};
    http_client *c = NULL;
    struct err e;

    must(http_client_new(&config, &c, &e), &e);
    return c;
}

static void post(http_client *c, const char *url, struct bytes body, struct http_answer *ret)
{
    const struct http_call call = {.url = url, .content_type = "application/json", .body = body};
    struct err e;

    must(http_client_do(c, &call, ret, &e), &e);
    if (ret->status != 200) {
        fprintf(stderr, "bench-load: status %u: %.*s\n", ret->status, (int)ret->body.n,
                (const char *)ret->body.p);
        exit(1);
    }
}

static void get_challenge(const struct setup *s, http_client *c, struct hash32 *ret)
{
    struct msg_challenge_request request = {.purpose = MSG_PURPOSE_SECRETS, .app = s->app};
    struct buf body AUTO_CALL(buf_done) = BUF(MSG_SMALL_MAX);
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    struct msg_challenge challenge;
    struct err e;

    must(msg_challenge_request_encode(&request, &body, &e), &e);
    post(c, s->challenge_url, buf_bytes(&body), &answer);
    must(msg_challenge_decode(buf_bytes(&answer.body), &challenge, &e), &e);
    *ret = challenge.challenge;
}

static void make_body(const struct setup *s, http_client *c, struct buf *ret)
{
    struct buf csr AUTO_CALL(buf_done) = BUF(MSG_CSR_MAX);
    struct buf payload AUTO_CALL(buf_done) = BUF(MSG_PAYLOAD_MAX);
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct buf text AUTO_CALL(buf_done) = BUF(MSG_REQUEST_MAX);
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    AUTO(EVP_PKEY) key = NULL;
    AUTO(EVP_PKEY) hpke = NULL;
    uint8_t spki[P256_SPKI_LEN], point[P256_POINT_LEN];
    struct msg_secrets_payload parts = {0};
    struct hash32 challenge;
    struct report_data rd;
    struct err e;

    get_challenge(s, c, &challenge);
    must(p256_generate(&key, &e), &e);
    must(p256_generate(&hpke, &e), &e);
    must(p256_spki(key, spki, &e), &e);
    must(p256_point(hpke, point, &e), &e);
    must(csr_make(key, "bench", &csr, &e), &e);
    parts.csr = buf_bytes(&csr);
    parts.hpke_key = BYTES(point);
    must(msg_secrets_payload_encode(&parts, &payload, &e), &e);

    const struct report_binding binding = {.purpose = REPORT_SECRETS_REQUEST,
                                           .chain_id = s->chain_id,
                                           .kms = s->kms,
                                           .app = s->app,
                                           .spki = BYTES(spki),
                                           .nonce = challenge,
                                           .payload = buf_bytes(&payload)};

    report_data_v2(&binding, &rd);
    must(sim_quote(s->platform, SIM_V4, &s->td, &rd, &quote, &e), &e);
    must(evidence_set(&ev, EVIDENCE_TYPE_TDX, buf_bytes(&quote), buf_bytes(&payload), &e), &e);
    must(evidence_encode(&ev, &text, &e), &e);
    *ret = BUF(MSG_REQUEST_MAX);
    must(msg_secrets_request_encode(&challenge, buf_bytes(&text), ret, &e), &e);
}

static void *work(void *arg)
{
    const struct worker *w = arg;
    AUTO(http_client) c = client_new();
    struct hash32 unused;

    get_challenge(w->setup, c, &unused); /* the connection is there before the clock starts */
    pthread_barrier_wait(w->gate);
    pthread_barrier_wait(w->gate);
    for (size_t i = 0; i < w->n; i++) {
        struct http_answer answer AUTO_CALL(http_answer_done) = {0};
        const uint64_t start = clock_ns(&clock_system);

        if (w->setup->fresh) {
            AUTO(http_client) own = client_new();

            post(own, w->setup->secrets_url, buf_bytes(&w->bodies[i]), &answer);
        } else {
            post(c, w->setup->secrets_url, buf_bytes(&w->bodies[i]), &answer);
        }
        w->latency_ns[i] = clock_ns(&clock_system) - start;
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void run(const struct setup *s, size_t count, size_t connections)
{
    struct buf *bodies = calloc(count, sizeof *bodies);
    uint64_t *latency = calloc(count, sizeof *latency);
    struct worker workers[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    pthread_barrier_t gate;
    uint64_t start, took;

    if (!bodies || !latency || pthread_barrier_init(&gate, NULL, (unsigned)connections + 1) != 0)
        exit(1);
    {
        AUTO(http_client) c = client_new();

        for (size_t i = 0; i < count; i++)
            make_body(s, c, &bodies[i]);
    }
    for (size_t t = 0, from = 0; t < connections; t++) {
        const size_t n = count / connections + (t < count % connections);

        workers[t] = (struct worker){s, bodies + from, latency + from, n, &gate};
        from += n;
        if (pthread_create(&threads[t], NULL, work, &workers[t]) != 0)
            exit(1);
    }
    pthread_barrier_wait(&gate);
    start = clock_ns(&clock_system);
    pthread_barrier_wait(&gate);
    for (size_t t = 0; t < connections; t++)
        pthread_join(threads[t], NULL);
    took = clock_ns(&clock_system) - start;
    qsort(latency, count, sizeof *latency, by_size);
    printf("{\"releases\": %zu, \"seconds\": %.4f, \"per_second\": %.0f, \"p50_us\": %.0f, "
           "\"p99_us\": %.0f}\n",
           count, (double)took / 1e9, (double)count * 1e9 / (double)took,
           (double)latency[count / 2] / 1e3, (double)latency[count * 99 / 100] / 1e3);
    for (size_t i = 0; i < count; i++)
        buf_done(&bodies[i]);
    free(bodies);
    free(latency);
    pthread_barrier_destroy(&gate);
}

static void read_td(const char *path, struct td_report *ret)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    AUTO(json) tree = NULL;
    struct measurements m;
    struct err e;

    must(fs_read(path, &text, &e), &e);
    must(json_parse(buf_bytes(&text), 65536, &tree, &e), &e);
    must(measurements_from_json(tree, &m, &e), &e);
    sim_td_measured(&m, ret);
}

int main(int argc, char *argv[])
{
    struct setup s = {0};
    size_t count, connections;
    char hex[HEX_LEN(20)];
    struct err e;

    if (argc < 8) {
        fputs("usage: bench-load KMS_URL CHAIN_ID KMS APP MEASUREMENTS COUNT CONNECTIONS [new]\n",
              stderr);
        return 2;
    }
    json_init();
    must(secret_memory_init(&e), &e);
    s.url = argv[1];
    s.chain_id = strtoull(argv[2], NULL, 10);
    must(addr_parse(bytes_of_str(argv[3]), &s.kms, &e), &e);
    must(addr_parse(bytes_of_str(argv[4]), &s.app, &e), &e);
    read_td(argv[5], &s.td);
    count = strtoul(argv[6], NULL, 10);
    connections = strtoul(argv[7], NULL, 10);
    s.fresh = argc > 8 && strcmp(argv[8], "new") == 0;
    if (count < 1 || count > COUNT_MAX || connections < 1 || connections > THREADS_MAX)
        return 2;
    hex_encode(BYTES_OF(s.app), hex);
    snprintf(s.secrets_url, sizeof s.secrets_url, "%s/api/v2/secrets/%s", s.url, hex);
    snprintf(s.challenge_url, sizeof s.challenge_url, "%s/api/v2/challenge", s.url);
    must(sim_platform_new("bench", SIM_OK, &s.platform, &e), &e);
    run(&s, count, connections);
    sim_platform_free(s.platform);
    return 0;
}
