/* net_support - servers, sockets and certificates for the tests of this room.  Room: tests. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "crypto/x509.h"
#include "net/http_client.h"
#include "net/http_server.h"

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        struct err e_ = {0};                                                                       \
        enum err_code got_ = (call);                                                               \
        if (got_ != ERR_OK)                                                                        \
            fail_msg("%s: %s", #call, err_name(got_));                                             \
        (void)e_;                                                                                  \
    } while (0)

static inline void sleep_ms(unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL);
}

/* ---- certificates ---- */

struct identity {
    EVP_PKEY *key;
    X509 *cert;
};

/* A self-signed leaf for localhost with n bytes of evidence. */
static inline struct identity identity_new(const char *name, const char *evidence)
{
    static const char *const dns[] = {"localhost", NULL};
    struct identity id = {0};
    struct x509_leaf_spec spec = {.common_name = name,
                                  .dns_names = dns,
                                  .not_before = clock_unix(&clock_system) - 60,
                                  .not_after = clock_unix(&clock_system) + 3600,
                                  .server_auth = true,
                                  .extension_oid = evidence ? OID_TEEREG_EVIDENCE : NULL,
                                  .extension = bytes_of_str(evidence ? evidence : "")};
    struct err e;

    assert_ok(p256_generate(&id.key, &e));
    assert_ok(x509_self_signed(id.key, &spec, &id.cert, &e));
    return id;
}

static inline void identity_done(struct identity *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->cert);
    *id = (struct identity){0};
}

/* ---- a raw client, with or without TLS ---- */

struct raw {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
};

static inline int tcp_connect(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 10};

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline struct raw raw_plain(uint16_t port)
{
    return (struct raw){.fd = tcp_connect(port)};
}

/* Takes any certificate.  most: TLS1_2_VERSION or TLS1_3_VERSION; the handshake's success. */
static inline bool raw_tls(uint16_t port, int most, struct raw *ret)
{
    *ret = (struct raw){.fd = tcp_connect(port), .ctx = SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_max_proto_version(ret->ctx, most);
    ret->ssl = SSL_new(ret->ctx);
    SSL_set_fd(ret->ssl, ret->fd);
    return SSL_connect(ret->ssl) == 1;
}

static inline void raw_close(struct raw *r)
{
    SSL_free(r->ssl);
    SSL_CTX_free(r->ctx);
    close(r->fd);
}

static inline void raw_send(struct raw *r, const char *text, size_t n)
{
    if (r->ssl)
        assert_int_equal(SSL_write(r->ssl, text, (int)n), n);
    else
        while (n > 0) {
            ssize_t put = send(r->fd, text, n, MSG_NOSIGNAL);

            if (put <= 0)
                return; /* the server has gone: what it said is read next */
            text += put;
            n -= (size_t)put;
        }
}

static inline void raw_say(struct raw *r, const char *text)
{
    raw_send(r, text, strlen(text));
}

/* All until the peer closes, or until want bytes' worth of text is there (NULL: close). */
static inline size_t raw_read_until(struct raw *r, char *buf, size_t size, const char *want)
{
    size_t n = 0;

    buf[0] = 0;
    while (n < size - 1) {
        ssize_t got = r->ssl ? SSL_read(r->ssl, buf + n, (int)(size - 1 - n))
                             : recv(r->fd, buf + n, size - 1 - n, 0);

        if (got <= 0)
            break;
        n += (size_t)got;
        buf[n] = 0;
        if (want && strstr(buf, want))
            break;
    }
    return n;
}

static inline size_t raw_read(struct raw *r, char *buf, size_t size)
{
    return raw_read_until(r, buf, size, NULL);
}

static inline unsigned status_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (unsigned)strtoul(answer + 9, NULL, 10) : 0;
}

/* Whether the peer closes within ms. */
static inline bool raw_closed_within(struct raw *r, int ms)
{
    struct pollfd p = {.fd = r->fd, .events = POLLIN};
    uint64_t until = clock_ns(&clock_system) + (uint64_t)ms * 1000000;
    char skip[4096];

    while (clock_ns(&clock_system) < until)
        if (poll(&p, 1, 10) > 0 && recv(r->fd, skip, sizeof skip, 0) <= 0)
            return true;
    return false;
}
