/* http_server - HTTP/1.1 over TLS 1.3, loopback and Unix sockets.  Room: net.
 *
 * Event loops (libevent) read and write without blocking; a complete request goes to a pool of
 * workers, whose handlers may block.  Requests of one connection are answered one after the other,
 * in their order.  Everything is bounded: bytes, headers, connections in all and per address,
 * waiting requests, requests per second and address, and the time of every phase (SR-63, SR-64).
 *
 * Threads: new, listen, start, drain and free belong to one thread; tls_server_set_certificate and
 * http_server_stats may be called from any.  Handlers run on several workers at once. */
#pragma once
#include "net/http_parser.h"
#include "net/tls.h"

typedef struct http_server http_server;
struct http_conn;

#define HTTP_PARAMS_MAX 4
#define HTTP_EXTRA_MAX  16384

struct http_request {
    const struct http_head *head; /* method, path, query */
    struct bytes body;
    const char *peer; /* "203.0.113.7", "2001:db8::1", "unix" */
    bool is_tls;
    bool is_local;          /* the peer is of the loopback network or a Unix socket's */
    const char *request_id; /* 32 hex characters, made here, also sent as X-Request-Id */
    struct http_header params[HTTP_PARAMS_MAX]; /* of the route's pattern */
    size_t n_params;
    struct http_conn *conn;
};

/* Value of {name} of the route's pattern; never NULL for a name that the pattern has. */
const char *http_request_param(const struct http_request *r, const char *name);
/* The header's only value: ERR_NOT_FOUND when absent, ERR_INVALID when sent twice. */
MUST_CHECK enum err_code http_request_header(const struct http_request *r, const char *name,
                                             const char **ret, struct err *e);
/* Decoded query parameter: ERR_NOT_FOUND when absent, ERR_INVALID when sent twice. */
MUST_CHECK enum err_code http_request_query(const struct http_request *r, const char *name,
                                            char *ret, size_t size, struct err *e);
/* tls_exporter of the request's connection; ERR_INVALID on a plain one.  Within the handler only.
 */
MUST_CHECK enum err_code http_request_exporter(const struct http_request *r,
                                               const struct hash32 *nonce, struct hash32 *ret,
                                               struct err *e);

struct http_response {
    unsigned status;          /* begins as 500 */
    const char *content_type; /* a constant; begins as "application/json" */
    struct buf body;          /* its maximum is the server's response_max; wiped after sending */
    struct buf extra;         /* lines of http_response_header */
    bool close;               /* end the connection after this answer */
};

/* Add a header; one with control characters, or past HTTP_EXTRA_MAX bytes in all, is left out. */
void http_response_header(struct http_response *r, const char *name, const char *value);
/* {"error": {"code": code, "message": message}} is service's; this is a plain text body. */
void http_response_text(struct http_response *r, unsigned status, const char *text);

typedef void http_handler(void *self, const struct http_request *req, struct http_response *ret);

enum { HTTP_ROUTE_UNLIMITED = 1 }; /* no rate limit: health checks */

struct http_route {
    const char *method;  /* "GET" also answers HEAD */
    const char *pattern; /* "/api/v2/secrets/{app}": {name} is one non-empty segment */
    http_handler *handler;
    size_t body_max; /* 0: no body */
    unsigned flags;
};

/* One listener's routes; the table lives as long as the server.  An unknown path is 404, a known
 * one with another method 405 with Allow. */
struct http_routes {
    const struct http_route *list;
    size_t n;
    void *self; /* given to the handlers */
    /* A finished exchange, for logs and metrics; may be NULL.  On a worker or a loop: must be quick
     * and thread-safe.  route is NULL when none matched, path is as sent (it may be empty). */
    void (*observe)(void *self, const struct http_route *route, const char *method,
                    const char *path, const char *peer, const char *request_id, unsigned status,
                    uint64_t ns);
    /* The body of an answer made by the server itself (400, 404, 405, 408, 413, 417, 429, 431, 500,
     * 503, 505); NULL: {"error":{"code":"...","message":"..."},"request_id":"..."}. */
    void (*refuse)(void *self, unsigned status, const char *problem, const char *request_id,
                   struct http_response *ret);
    /* Asked about every request of the listener as soon as its head is there: before its route, its
     * rate and its body.  0: go on; else the status that it is refused with, and one constant
     * sentence in ret_problem.  On a loop: must be quick.  NULL: none is refused. */
    unsigned (*screen)(void *self, const struct http_request *req, const char **ret_problem);
};

struct http_server_config {
    unsigned loops;            /* threads that read and write; 1 */
    unsigned workers;          /* threads that run handlers, which may wait for a disk; 32 */
    unsigned queue_max;        /* requests that may wait for a worker, else 503; 1024 */
    unsigned connections_max;  /* in all: further ones are closed; 4096 */
    unsigned connections_peer; /* per address; 256.  Unix sockets are not counted */
    double rate, rate_burst;   /* requests per second and address, else 429; 0: no limit */
    size_t response_max;       /* 4 MiB */
    unsigned handshake_ms;     /* 10 000 */
    unsigned header_ms;        /* 10 000, from the first byte of the head to its last */
    unsigned body_ms;          /* 30 000, from the head to the last byte of the body */
    unsigned idle_ms;          /* 60 000 between requests */
    unsigned write_ms;         /* 30 000 to take the whole answer */
    unsigned age_ms;           /* 600 000: then the next answer says Connection: close */
};

/* The numbers above. */
extern const struct http_server_config http_server_defaults;

MUST_CHECK enum err_code http_server_new(const struct http_server_config *config, http_server **ret,
                                         struct err *e);
/* All listeners come before start.  Addresses are numeric: "0.0.0.0:8443", "[::1]:0".  ret_port
 * (may be NULL) is the bound port. */
MUST_CHECK enum err_code http_server_listen_tls(http_server *s, const char *address,
                                                tls_server *tls, const struct http_routes *routes,
                                                uint16_t *ret_port, struct err *e);
/* ERR_DENIED unless the address is of the loopback network (SR-40). */
MUST_CHECK enum err_code http_server_listen_plain(http_server *s, const char *address,
                                                  const struct http_routes *routes,
                                                  uint16_t *ret_port, struct err *e);
/* Mode 0600.  A dead socket at path is replaced, a live one or another file is ERR_IO. */
MUST_CHECK enum err_code http_server_listen_unix(http_server *s, const char *path,
                                                 const struct http_routes *routes, struct err *e);
/* Threads begin; returns at once. */
MUST_CHECK enum err_code http_server_start(http_server *s, struct err *e);
/* Stop accepting, close idle connections, finish what runs.  ERR_TIMEOUT when requests were still
 * running after timeout_ms; their connections are then cut, their handlers go on to their end. */
MUST_CHECK enum err_code http_server_drain(http_server *s, unsigned timeout_ms, struct err *e);
/* Waits for the handlers that run.  Drain first, or connections are cut. */
void http_server_free(http_server *s);
DEFINE_AUTO(http_server, http_server_free);

struct http_server_stats {
    uint64_t accepted, refused; /* connections; refused by a limit */
    uint64_t requests, limited; /* complete requests; answered 429 or 503 by us */
    uint64_t timeouts, bad;     /* connections cut by a deadline; malformed requests */
    unsigned open, running, waiting;
};
void http_server_stats(const http_server *s, struct http_server_stats *ret);
