/* load - releases from a running KMS on loopback, as fast as it gives them.
 *
 *   bench-load KMS_URL CHAIN_ID KMS APP MEASUREMENTS PID COUNT CONNECTIONS [new]
 *
 * All requests are made before the clock starts (challenges live for a minute), so that what is
 * timed is the KMS and the connection.  KMS and load share the processors; so what is sent is ready
 * to the byte, and blocking sockets take the place of an HTTP client.  With `new` each release has
 * a connection of its own.  Prints one JSON object: releases, seconds, latency in
 * microseconds, and the processor time that a release took of both (PID is the KMS's). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "attest/evidence.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/fs.h"
#include "crypto/x509.h"
#include "kms/msg.h"
#include "net/addr.h"
#include "sim_quote.h"

#define THREADS_MAX 64
#define COUNT_MAX   10000

#define ANSWER_MAX (MSG_ANSWER_MAX + 4096)

struct setup {
    const char *authority; /* "127.0.0.1:8443" */
    struct sockaddr_storage address;
    socklen_t address_n;
    SSL_CTX *tls;
    uint64_t chain_id;
    struct addr kms, app;
    struct td_report td;
    sim_platform *platform;
    char path[128];
    bool fresh; /* a connection for each release */
};

struct worker {
    const struct setup *setup;
    struct buf *requests;
    uint64_t *latency_ns;
    size_t n;
    pthread_barrier_t *gate;
};

struct connection {
    int fd;
    SSL *ssl;
    struct buf answer; /* with its head */
    struct bytes body; /* of the answer */
};

__attribute__((noreturn)) static void give_up(const char *what)
{
    fprintf(stderr, "bench-load: %s\n", what);
    exit(1);
}

static void must(enum err_code code, const struct err *e)
{
    if (code != ERR_OK)
        give_up(e->msg);
}

/* Whose KMS it is has been settled by the commands that set this system up. */
static struct connection open_connection(const struct setup *s)
{
    struct connection c = {.answer = BUF(ANSWER_MAX)};
    int one = 1;

    c.fd = socket(s->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c.fd < 0 || setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        connect(c.fd, (const struct sockaddr *)&s->address, s->address_n) != 0)
        give_up("cannot connect");
    c.ssl = SSL_new(s->tls);
    if (!c.ssl || SSL_set_fd(c.ssl, c.fd) != 1 || SSL_connect(c.ssl) != 1)
        give_up("no TLS handshake");
    return c;
}

static void close_connection(struct connection *c)
{
    (void)SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    close(c->fd);
    buf_done(&c->answer);
}

static void read_more(struct connection *c)
{
    int got;

    buf_reserve(&c->answer, 4096);
    if (c->answer.bad)
        give_up("the answer is too large");
    got = SSL_read(c->ssl, c->answer.p + c->answer.n, (int)(c->answer.cap - c->answer.n));
    if (got <= 0)
        give_up("the connection ended before the answer");
    c->answer.n += (size_t)got;
}

static void exchange(struct connection *c, const struct buf *request)
{
    static const char length_name[] = "content-length: ";
    const char *text, *end, *length;
    size_t n;

    if (SSL_write(c->ssl, request->p, (int)request->n) != (int)request->n)
        give_up("cannot send");
    buf_clear(&c->answer);
    do
        read_more(c);
    while (!(text = buf_cstr(&c->answer)) || !(end = strstr(text, "\r\n\r\n")));
    length = strcasestr(text, length_name);
    if (strncmp(text, "HTTP/1.1 200 ", 13) != 0 || !length || length > end)
        give_up(text);
    n = strtoul(length + sizeof length_name - 1, NULL, 10);
    length = end + 4;
    for (const size_t head = (size_t)(length - text); c->answer.n < head + n;)
        read_more(c);
    c->body = (struct bytes){c->answer.p + (c->answer.n - n), n};
}

static void request_put(struct buf *out, const struct setup *s, const char *path, struct bytes body)
{
    struct err e;

    buf_printf(out,
               "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\n\r\n",
               path, s->authority, body.n);
    buf_put(out, body);
    must(buf_check(out, &e), &e);
}

static void get_challenge(const struct setup *s, struct connection *c, struct hash32 *ret)
{
    struct msg_challenge_request wanted = {.purpose = MSG_PURPOSE_SECRETS, .app = s->app};
    struct buf body AUTO_CALL(buf_done) = BUF(MSG_SMALL_MAX);
    struct buf request AUTO_CALL(buf_done) = BUF(MSG_SMALL_MAX + 1024);
    struct msg_challenge challenge;
    struct err e;

    must(msg_challenge_request_encode(&wanted, &body, &e), &e);
    request_put(&request, s, "/api/v2/challenge", buf_bytes(&body));
    exchange(c, &request);
    must(msg_challenge_decode(c->body, &challenge, &e), &e);
    *ret = challenge.challenge;
}

static void make_request(const struct setup *s, struct connection *c, struct buf *ret)
{
    struct buf csr AUTO_CALL(buf_done) = BUF(MSG_CSR_MAX);
    struct buf payload AUTO_CALL(buf_done) = BUF(MSG_PAYLOAD_MAX);
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct buf text AUTO_CALL(buf_done) = BUF(MSG_REQUEST_MAX);
    struct buf body AUTO_CALL(buf_done) = BUF(MSG_REQUEST_MAX);
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
    must(msg_secrets_request_encode(&challenge, buf_bytes(&text), &body, &e), &e);
    *ret = BUF(MSG_REQUEST_MAX + 1024);
    request_put(ret, s, s->path, buf_bytes(&body));
}

static void *work(void *arg)
{
    const struct worker *w = arg;
    struct connection c = open_connection(w->setup);
    struct hash32 unused;

    get_challenge(w->setup, &c, &unused); /* the connection is there before the clock starts */
    pthread_barrier_wait(w->gate);
    pthread_barrier_wait(w->gate);
    for (size_t i = 0; i < w->n; i++) {
        const uint64_t start = clock_ns(&clock_system);

        if (w->setup->fresh) {
            struct connection own = open_connection(w->setup);

            exchange(&own, &w->requests[i]);
            close_connection(&own);
        } else {
            exchange(&c, &w->requests[i]);
        }
        w->latency_ns[i] = clock_ns(&clock_system) - start;
    }
    close_connection(&c);
    return NULL;
}

/* Seconds of processor time that this process and the KMS have had. */
static double processor_time(const char *pid)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    char path[64];
    const char *at;
    char *end;
    double ticks = 0;
    struct err e;

    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    must(fs_read(path, &text, &e), &e);
    at = strrchr(buf_cstr(&text), ')');
    for (int field = 2; at && field < 13; field++)
        at = strchr(at + 1, ' ');
    if (!at)
        give_up("the KMS's processor time is unreadable");
    ticks = (double)strtoul(at, &end, 10);
    ticks += (double)strtoul(end, NULL, 10);
    return ticks / (double)sysconf(_SC_CLK_TCK) + (double)clock() / CLOCKS_PER_SEC;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void run(const struct setup *s, const char *pid, size_t count, size_t connections)
{
    struct buf *requests = calloc(count, sizeof *requests);
    uint64_t *latency = calloc(count, sizeof *latency);
    struct worker workers[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    pthread_barrier_t gate;
    uint64_t start, took;
    double processor;

    if (!requests || !latency || pthread_barrier_init(&gate, NULL, (unsigned)connections + 1) != 0)
        exit(1);
    {
        struct connection c = open_connection(s);

        for (size_t i = 0; i < count; i++)
            make_request(s, &c, &requests[i]);
        close_connection(&c);
    }
    for (size_t t = 0, from = 0; t < connections; t++) {
        const size_t n = count / connections + (t < count % connections);

        workers[t] = (struct worker){s, requests + from, latency + from, n, &gate};
        from += n;
        if (pthread_create(&threads[t], NULL, work, &workers[t]) != 0)
            exit(1);
    }
    pthread_barrier_wait(&gate);
    processor = processor_time(pid);
    start = clock_ns(&clock_system);
    pthread_barrier_wait(&gate);
    for (size_t t = 0; t < connections; t++)
        pthread_join(threads[t], NULL);
    took = clock_ns(&clock_system) - start;
    processor = processor_time(pid) - processor;
    qsort(latency, count, sizeof *latency, by_size);
    printf("{\"releases\": %zu, \"seconds\": %.4f, \"per_second\": %.0f, \"p50_us\": %.0f, "
           "\"p99_us\": %.0f, \"cpu_us\": %.1f}\n",
           count, (double)took / 1e9, (double)count * 1e9 / (double)took,
           (double)latency[count / 2] / 1e3, (double)latency[count * 99 / 100] / 1e3,
           processor * 1e6 / (double)count);
    for (size_t i = 0; i < count; i++)
        buf_done(&requests[i]);
    free(requests);
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

static void read_url(struct setup *s, const char *url)
{
    static const char scheme[] = "https://";
    struct err e;

    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        give_up("the URL of a KMS begins with https://");
    s->authority = url + sizeof scheme - 1;
    must(net_addr_read(s->authority, &s->address, &s->address_n, &e), &e);
    s->tls = SSL_CTX_new(TLS_client_method());
    if (!s->tls || SSL_CTX_set_min_proto_version(s->tls, TLS1_3_VERSION) != 1)
        give_up("no TLS");
}

int main(int argc, char *argv[])
{
    struct setup s = {0};
    size_t count, connections;
    char hex[HEX_LEN(20)];
    struct err e;

    if (argc < 9) {
        fputs(
            "usage: bench-load KMS_URL CHAIN_ID KMS APP MEASUREMENTS PID COUNT CONNECTIONS [new]\n",
            stderr);
        return 2;
    }
    json_init();
    must(secret_memory_init(&e), &e);
    read_url(&s, argv[1]);
    s.chain_id = strtoull(argv[2], NULL, 10);
    must(addr_parse(bytes_of_str(argv[3]), &s.kms, &e), &e);
    must(addr_parse(bytes_of_str(argv[4]), &s.app, &e), &e);
    read_td(argv[5], &s.td);
    count = strtoul(argv[7], NULL, 10);
    connections = strtoul(argv[8], NULL, 10);
    s.fresh = argc > 9 && strcmp(argv[9], "new") == 0;
    if (count < 1 || count > COUNT_MAX || connections < 1 || connections > THREADS_MAX)
        return 2;
    hex_encode(BYTES_OF(s.app), hex);
    snprintf(s.path, sizeof s.path, "/api/v2/secrets/%s", hex);
    must(sim_platform_new("bench", SIM_OK, &s.platform, &e), &e);
    run(&s, argv[6], count, connections);
    sim_platform_free(s.platform);
    SSL_CTX_free(s.tls);
    return 0;
}
