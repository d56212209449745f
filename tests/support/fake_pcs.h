/* fake_pcs - a PCS on a loopback port that answers as a test tells it.  Room: tests.
 *
 * One connection at a time, one answer each: `answer` makes it from the request's target. */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>
#include "attest/pcs_body.h"
#include "support/dcap.h"

struct fake_pcs {
    int fd;
    uint16_t port;
    pthread_t thread;
    atomic_bool stop;
    atomic_int calls;
    char target[512]; /* of the last request */
    /* Appends the whole answer; leaves out empty: says nothing until the end. */
    void (*answer)(void *self, const char *target, struct buf *out);
    void *self;
};

static inline void fake_pcs_one(struct fake_pcs *p, int c)
{
    struct buf out AUTO_CALL(buf_done) = BUF(1 << 20);
    char head[8192];
    size_t n = 0;
    ssize_t got;

    while (n < sizeof head - 1 && (got = read(c, head + n, sizeof head - 1 - n)) > 0) {
        n += (size_t)got;
        head[n] = 0;
        if (strstr(head, "\r\n\r\n"))
            break;
    }
    head[n] = 0;
    if (sscanf(head, "GET %511s", p->target) != 1)
        return;
    atomic_fetch_add(&p->calls, 1);
    p->answer(p->self, p->target, &out);
    for (int i = 0; out.n == 0 && i < 5000 && !p->stop; i++)
        poll(NULL, 0, 1);
    for (size_t sent = 0; sent < out.n;) {
        ssize_t w = send(c, out.p + sent, out.n - sent, MSG_NOSIGNAL);

        if (w <= 0)
            return;
        sent += (size_t)w;
    }
}

static inline void *fake_pcs_run(void *self)
{
    struct fake_pcs *p = self;

    while (!p->stop) {
        struct pollfd ready = {.fd = p->fd, .events = POLLIN};
        int c;

        if (poll(&ready, 1, 20) <= 0)
            continue;
        c = accept(p->fd, NULL, NULL);
        if (c < 0)
            continue;
        fake_pcs_one(p, c);
        close(c);
    }
    return NULL;
}

static inline void fake_pcs_start(struct fake_pcs *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;

    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(p->fd, 16), 0);
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&a, &len), 0);
    p->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&p->thread, NULL, fake_pcs_run, p), 0);
}

static inline void fake_pcs_stop(struct fake_pcs *p)
{
    p->stop = true;
    pthread_join(p->thread, NULL);
    close(p->fd);
}

static inline void fake_pcs_head(struct buf *out, const char *status)
{
    buf_printf(out, "HTTP/1.1 %s\r\nConnection: close\r\n", status);
}

/* A header whose value is percent-encoded, as a PCS does it. */
static inline void fake_pcs_chain(struct buf *out, const char *name, struct bytes pem)
{
    buf_printf(out, "%s: ", name);
    for (size_t i = 0; i < pem.n; i++) {
        if (pem.p[i] &&
            strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", pem.p[i]))
            buf_put_u8(out, pem.p[i]);
        else
            buf_printf(out, "%%%02X", pem.p[i]);
    }
    buf_put_str(out, "\r\n");
}

static inline void fake_pcs_body(struct buf *out, struct bytes body)
{
    buf_printf(out, "Content-Length: %zu\r\n\r\n", body.n);
    buf_put(out, body);
}
