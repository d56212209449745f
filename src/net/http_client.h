/* http_client - HTTP requests with bounds on everything, over libcurl.  Room: net.
 *
 * One client serves one thread and keeps connections alive between calls (at most 10 minutes).  No
 * redirects, no proxy of the environment, no compression, no cookies, no netrc, no TLS resumption
 * (a resumed session would show no certificate).  Errors name scheme, host and port of a URL, never
 * its user information, path or query. */
#pragma once
#include "base/buf.h"
#include "net/http_parser.h"
#include "net/tls.h"

typedef struct http_client http_client;

struct http_client_config {
    struct tls_client_policy tls; /* ca_pem is copied; judge's self must outlive the client */
    bool allow_http;              /* plain http://; else https only */
    const char *unix_socket;      /* connect here whatever the URL's host; NULL: TCP */
    bool allow_private;           /* addresses that are not globally reachable (SR-46) */
    unsigned connect_ms;          /* with the handshake; 0: 10 000 */
    unsigned total_ms;            /* a whole call; 0: 30 000 */
    size_t body_max;              /* of an answer; 0: 1 MiB */
};

MUST_CHECK enum err_code http_client_new(const struct http_client_config *config, http_client **ret,
                                         struct err *e);
void http_client_free(http_client *c);
DEFINE_AUTO(http_client, http_client_free);

struct http_call {
    const char *method; /* NULL: GET without, POST with content_type */
    const char *url;
    const struct http_header *headers; /* extra ones */
    size_t n_headers;
    const char *content_type; /* of body; NULL: no body */
    struct bytes body;
    unsigned total_ms; /* 0: the client's */
    size_t body_max;   /* of the answer; 0: the client's */
};

struct http_answer {
    unsigned status;
    char content_type[128];
    struct buf body;
    struct buf headers; /* name NUL value NUL ..., names in lower case */
};
void http_answer_done(struct http_answer *a);
/* NULL when there is none; name in lower case; of several, the first. */
const char *http_answer_header(const struct http_answer *a, const char *name);

/* Any status is an answer.  ret is filled (what it held is freed) on success only; begin with
 * `struct http_answer a AUTO_CALL(http_answer_done) = {0};`
 * ERR_UPSTREAM (could not connect, bad answer), ERR_TIMEOUT, ERR_TOO_LARGE (answer), ERR_DENIED
 * (private address), ERR_INVALID (the URL or a header), ERR_VERIFY (the peer's certificate), or
 * what the judge of an attested peer said. */
MUST_CHECK enum err_code http_client_do(http_client *c, const struct http_call *call,
                                        struct http_answer *ret, struct err *e);

/* tls_exporter of the connection that carried the last successful call; ERR_INVALID when that was
 * not TLS, ERR_UPSTREAM when the peer has closed it since ("Connection: close"). */
MUST_CHECK enum err_code http_client_exporter(const http_client *c, const struct hash32 *nonce,
                                              struct hash32 *ret, struct err *e);
/* DER of that connection's leaf certificate. */
MUST_CHECK enum err_code http_client_leaf(const http_client *c, struct buf *ret, struct err *e);
