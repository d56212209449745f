/* fake_node - an HTTP server on a free port that answers JSON-RPC as a test tells it.  Room: tests.
 *
 * Over plain sockets and with a thread for each connection, so that it can do what no proper
 * server would: stall, drip, hang up, answer garbage. */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/json.h"
#include "chain/rpc.h"

struct fake_reply {
    unsigned status;   /* begins as 200; 0: hang up without an answer */
    unsigned delay_ms; /* before the answer */
    unsigned drip_ms;  /* between two bytes of the body; 0: at once */
    struct buf body;
};

struct fake_node {
    int fd;
    uint16_t port;
    char url[64];
    pthread_t thread;
    atomic_uint requests, connections, running;
    atomic_bool stop;
    pthread_mutex_t lock; /* of answer's own data: one answer at a time */
    void (*answer)(void *self, const json *request, struct fake_reply *reply);
    void *self;
};

static inline void fake_sleep_ms(const struct fake_node *n, unsigned ms)
{
    for (unsigned i = 0; i < ms && !atomic_load(&n->stop); i++)
        usleep(1000);
}

static inline bool fake_send(int fd, const void *p, size_t n)
{
    const char *s = p;

    while (n > 0) {
        ssize_t sent = send(fd, s, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        s += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Head and body of one request; false at the end of the connection. */
static inline bool fake_receive(int fd, struct buf *ret_body)
{
    char head[16384];
    size_t n = 0, length;
    char *end = NULL, *field;

    while (!end) {
        ssize_t got = n < sizeof head - 1 ? recv(fd, head + n, sizeof head - 1 - n, 0) : 0;

        if (got <= 0)
            return false;
        n += (size_t)got;
        head[n] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    field = strcasestr(head, "\r\nContent-Length:");
    length = field ? strtoul(field + 17, NULL, 10) : 0;
    end += 4;
    buf_put(ret_body, (struct bytes){(uint8_t *)end, n - (size_t)(end - head)});
    while (ret_body->n < length) {
        uint8_t more[4096];
        ssize_t got = recv(fd, more, sizeof more, 0);

        if (got <= 0)
            return false;
        buf_put(ret_body, (struct bytes){more, (size_t)got});
    }
    return !ret_body->bad;
}

static inline bool fake_serve_one(struct fake_node *n, int fd)
{
    struct buf body AUTO_CALL(buf_done) = BUF(8 << 20);
    struct fake_reply reply = {.status = 200, .body = BUF(8 << 20)};
    AUTO(json) request = NULL;
    char head[256];
    struct err e;
    bool open;

    if (!fake_receive(fd, &body))
        return false;
    if (json_parse(buf_bytes(&body), 8 << 20, &request, &e) != ERR_OK) {
        fprintf(stderr, "fake node: not JSON: %s\n", e.msg);
        abort();
    }
    pthread_mutex_lock(&n->lock);
    atomic_fetch_add(&n->requests, 1);
    n->answer(n->self, request, &reply);
    pthread_mutex_unlock(&n->lock);
    fake_sleep_ms(n, reply.delay_ms);
    snprintf(head, sizeof head,
             "HTTP/1.1 %u Said\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
             reply.status, reply.body.n);
    open = reply.status != 0 && fake_send(fd, head, strlen(head));
    for (size_t i = 0; reply.drip_ms && open && i < reply.body.n; i++) {
        open = fake_send(fd, reply.body.p + i, 1);
        fake_sleep_ms(n, reply.drip_ms);
        open = open && !atomic_load(&n->stop);
    }
    if (!reply.drip_ms && open)
        open = fake_send(fd, reply.body.p, reply.body.n);
    buf_done(&reply.body);
    return open;
}

struct fake_connection {
    struct fake_node *node;
    int fd;
};

static inline void *fake_serve(void *arg)
{
    struct fake_connection *c = arg;
    struct timeval soon = {.tv_usec = 10000};

    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    while (!atomic_load(&c->node->stop)) {
        char one;

        if (recv(c->fd, &one, 1, MSG_PEEK) < 0)
            continue; /* idle */
        if (!fake_serve_one(c->node, c->fd))
            break;
    }
    close(c->fd);
    atomic_fetch_sub(&c->node->running, 1);
    free(c);
    return NULL;
}

static inline void *fake_accept(void *arg)
{
    struct fake_node *n = arg;

    for (;;) {
        struct fake_connection *c = calloc(1, sizeof *c);
        pthread_t thread;

        if (!c)
            abort();
        c->node = n;
        c->fd = accept(n->fd, NULL, NULL);
        if (c->fd < 0 || atomic_load(&n->stop)) {
            if (c->fd >= 0)
                close(c->fd);
            free(c);
            return NULL;
        }
        atomic_fetch_add(&n->connections, 1);
        atomic_fetch_add(&n->running, 1);
        if (pthread_create(&thread, NULL, fake_serve, c) != 0)
            abort();
        pthread_detach(thread);
    }
}

static inline struct fake_node *fake_node_start(void (*answer)(void *, const json *,
                                                               struct fake_reply *),
                                                void *self)
{
    struct fake_node *n = calloc(1, sizeof *n);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;

    if (!n)
        abort();
    n->answer = answer;
    n->self = self;
    pthread_mutex_init(&n->lock, NULL);
    n->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (n->fd < 0 || bind(n->fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(n->fd, 64) != 0 || getsockname(n->fd, (struct sockaddr *)&at, &len) != 0 ||
        pthread_create(&n->thread, NULL, fake_accept, n) != 0)
        abort();
    n->port = ntohs(at.sin_port);
    snprintf(n->url, sizeof n->url, "http://127.0.0.1:%u", n->port);
    return n;
}

/* Nothing answers at its port any more. */
static inline void fake_node_stop(struct fake_node *n)
{
    atomic_store(&n->stop, true);
    shutdown(n->fd, SHUT_RDWR);
    pthread_join(n->thread, NULL);
    close(n->fd);
    while (atomic_load(&n->running) > 0)
        usleep(1000);
    pthread_mutex_destroy(&n->lock);
    free(n);
}

/* A client for it; its errors end the test. */
static inline rpc *fake_node_rpc(const struct fake_node *n, unsigned total_ms)
{
    const struct rpc_config config = {
        .url = n->url, .allow_http = true, .allow_private = true, .total_ms = total_ms};
    struct err e;
    rpc *ret;

    if (rpc_new(&config, &ret, &e) != ERR_OK)
        abort();
    return ret;
}

/* An answer to a call up to where its result or error begins; the call's method. */
static inline const char *fake_node_begin(const json *call, struct buf *out)
{
    const char *method;
    uint64_t id;
    struct err e;

    if (json_get_u64(call, "id", UINT64_MAX, &id, &e) != ERR_OK ||
        json_get_str(call, "method", 64, &method, &e) != ERR_OK)
        abort();
    buf_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%llu,", (unsigned long long)id);
    return method;
}
