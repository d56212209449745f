#include "net/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/uri.h"
#include "crypto/x509.h"
#include "net/addr.h"

#define CONNECT_MS   10000
#define TOTAL_MS     30000
#define BODY_MAX     ((size_t)1 << 20)
#define HEADERS_MAX  65536
#define KEEP_ALIVE_S 600L /* evidence in a certificate ages: docs/WIRE.md */

typedef struct curl_slist curl_list;
DEFINE_AUTO(curl_list, curl_slist_free_all);

struct http_client {
    CURL *curl;
    struct http_client_config config; /* with the defaults put in */
    struct buf ca_pem;
    struct tls_verdict verdict;
    char *unix_socket;
    /* Of the last successful call.  The session is libcurl's and lives as long as its socket: a
     * reference of our own would outlive the BIO methods that libcurl made for it. */
    SSL *ssl;
    curl_socket_t ssl_fd;
    X509 *leaf; /* our own reference */
    /* of the running call */
    struct http_answer *answer;
    SSL *ssl_now;
    X509 *leaf_now;
    bool too_large, private_address, no_memory;
    char curl_error[CURL_ERROR_SIZE];
};

/* ---- callbacks of libcurl ---- */

static void note_session(http_client *c)
{
    struct curl_tlssessioninfo *info = NULL;

    if (c->ssl_now || curl_easy_getinfo(c->curl, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK ||
        !info || info->backend != CURLSSLBACKEND_OPENSSL || !info->internals)
        return;
    c->ssl_now = info->internals;
    c->leaf_now = SSL_get1_peer_certificate(c->ssl_now);
}

/* Stores what fits; anything else ends the transfer. */
static size_t store(http_client *c, struct buf *to, struct bytes b)
{
    buf_put(to, b);
    if (!to->bad)
        return b.n;
    c->no_memory = to->no_memory;
    c->too_large = !to->no_memory;
    return 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *self)
{
    http_client *c = self;

    return store(c, &c->answer->body, (struct bytes){(uint8_t *)p, size * n});
}

/* One line, with its CRLF: "Name: value" becomes "name\0value\0". */
static size_t on_header(char *p, size_t size, size_t n, void *self)
{
    http_client *c = self;
    struct buf *to = &c->answer->headers;
    size_t len = size * n, name = 0, value, end = len;

    note_session(c);
    if (len >= 5 && memcmp(p, "HTTP/", 5) == 0) { /* of an interim answer nothing is kept */
        buf_clear(to);
        return len;
    }
    while (name < len && p[name] != ':')
        name++;
    if (name == len)
        return len; /* the empty line */
    if (memchr(p, 0, len))
        return 0;
    for (value = name + 1; value < end && (p[value] == ' ' || p[value] == '\t'); value++)
        ;
    while (end > value && strchr(" \t\r\n", p[end - 1]))
        end--;
    for (size_t i = 0; i < name; i++)
        buf_put_u8(to, (uint8_t)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]));
    buf_put_u8(to, 0);
    buf_put(to, (struct bytes){(uint8_t *)p + value, end - value});
    return store(c, to, (struct bytes){(const uint8_t *)"", 1}) ? len : 0;
}

/* Every address that is really used passes here, whatever a name resolved to before (SR-46). */
static curl_socket_t on_socket(void *self, curlsocktype purpose, struct curl_sockaddr *a)
{
    http_client *c = self;

    (void)purpose;
    if (!c->config.allow_private && a->family != AF_UNIX && !net_addr_is_global(&a->addr)) {
        c->private_address = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static int on_close(void *self, curl_socket_t fd)
{
    http_client *c = self;

    if (c->ssl && fd == c->ssl_fd)
        c->ssl = NULL;
    return close(fd);
}

static CURLcode on_context(CURL *curl, void *ctx, void *self)
{
    http_client *c = self;

    (void)curl;
    tls_client_attested(ctx, &c->verdict);
    return CURLE_OK;
}

/* ---- life ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global;

static void init_once(void)
{
    global = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* The first failure is kept. */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (rc == CURLE_OK)                                                                        \
            rc = curl_easy_setopt(c->curl, option, value);                                         \
    } while (0)

static CURLcode set_bounds(http_client *c)
{
    CURLcode rc = CURLE_OK;

    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* or a name server that stalls would outlast every deadline */
    SET(CURLOPT_PROTOCOLS_STR, c->config.allow_http ? "http,https" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)c->config.connect_ms);
    SET(CURLOPT_MAXAGE_CONN, KEEP_ALIVE_S);
    SET(CURLOPT_MAXLIFETIME_CONN, KEEP_ALIVE_S);
    SET(CURLOPT_MAXCONNECTS, 8L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
    SET(CURLOPT_OPENSOCKETDATA, c);
    SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
    SET(CURLOPT_CLOSESOCKETDATA, c);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, c);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, c);
    SET(CURLOPT_ERRORBUFFER, c->curl_error);
    if (c->unix_socket)
        SET(CURLOPT_UNIX_SOCKET_PATH, c->unix_socket);
    return rc;
}

static CURLcode set_tls(http_client *c)
{
    struct curl_blob ca = {c->ca_pem.p, c->ca_pem.n, CURL_BLOB_COPY};
    CURLcode rc = CURLE_OK;

    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    SET(CURLOPT_SSL_ENABLE_ALPN, 1L);
    switch (c->config.tls.trust) {
    case TLS_TRUST_SYSTEM:
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        break;
    case TLS_TRUST_CA:
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_CAINFO, NULL);
        SET(CURLOPT_CAPATH, NULL);
        SET(CURLOPT_CAINFO_BLOB, &ca);
        break;
    case TLS_TRUST_ATTESTED:
        /* libcurl's own checks give way to the judge, which the context makes mandatory. */
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
        SET(CURLOPT_SSL_VERIFYPEER, 0L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
        SET(CURLOPT_SSL_CTX_FUNCTION, on_context);
        SET(CURLOPT_SSL_CTX_DATA, c);
        break;
    }
    return rc;
}

/* Refuses authorities that would only fail at the first connection. */
static enum err_code check_policy(http_client *c, struct err *e)
{
    AUTO(SSL_CTX) ctx = NULL;

    if (c->config.tls.trust != TLS_TRUST_CA)
        return c->config.tls.trust == TLS_TRUST_ATTESTED && !c->config.tls.judge
                   ? err_set(e, ERR_INTERNAL, "an attested peer needs a judge")
                   : ERR_OK;
    return tls_client_context(&c->config.tls, NULL, &ctx, e);
}

enum err_code http_client_new(const struct http_client_config *config, http_client **ret,
                              struct err *e)
{
    AUTO(http_client) c = calloc(1, sizeof *c);
    CURLcode rc;

    pthread_once(&once, init_once);
    if (!c || global != CURLE_OK || !(c->curl = curl_easy_init()))
        return err_set(e, ERR_NOMEM, "HTTP client");
    c->config = *config;
    c->config.connect_ms = config->connect_ms ? config->connect_ms : CONNECT_MS;
    c->config.total_ms = config->total_ms ? config->total_ms : TOTAL_MS;
    c->config.body_max = config->body_max ? config->body_max : BODY_MAX;
    c->ca_pem = BUF(BODY_MAX);
    buf_put(&c->ca_pem, config->tls.ca_pem);
    TRY_IN(e, buf_check(&c->ca_pem, e), "certification authorities");
    c->config.tls.ca_pem = buf_bytes(&c->ca_pem);
    c->verdict.policy = &c->config.tls;
    c->unix_socket = config->unix_socket ? strdup(config->unix_socket) : NULL;
    TRY(check_policy(c, e));
    rc = set_bounds(c);
    if (rc == CURLE_OK)
        rc = set_tls(c);
    if (rc != CURLE_OK)
        return err_set(e, ERR_INTERNAL, "HTTP client: %s", curl_easy_strerror(rc));
    *ret = TAKE(c);
    return ERR_OK;
}

void http_client_free(http_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    X509_free(c->leaf_now);
    X509_free(c->leaf);
    buf_done(&c->ca_pem);
    free(c->unix_socket);
    free(c);
}

void http_answer_done(struct http_answer *a)
{
    buf_done_wipe(&a->body);
    buf_done(&a->headers);
    *a = (struct http_answer){0};
}

const char *http_answer_header(const struct http_answer *a, const char *name)
{
    const char *at = (const char *)a->headers.p, *end = at + a->headers.n;

    while (at && at < end) {
        const char *value = at + strlen(at) + 1;

        if (strcmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

/* ---- a call ---- */

static bool line_clean(const char *s)
{
    for (; *s; s++)
        if ((uint8_t)*s < ' ' || *s == 0x7f)
            return false;
    return true;
}

static enum err_code add_header(curl_list **list, const char *name, const char *value,
                                struct err *e)
{
    struct buf line AUTO_CALL(buf_done_wipe) = BUF(8192);
    struct curl_slist *longer;

    if (!*name || strpbrk(name, ": ;") || !line_clean(name) || !line_clean(value))
        return err_set(e, ERR_INVALID, "header \"%.40s\" has bytes that no header may have", name);
    /* libcurl leaves out a header without a value unless it ends in a semicolon. */
    buf_printf(&line, *value ? "%s: %s" : "%s;", name, value);
    TRY_IN(e, buf_check(&line, e), "header %.40s", name);
    longer = curl_slist_append(*list, buf_cstr(&line));
    if (!longer)
        return err_set(e, ERR_NOMEM, "header %.40s", name);
    *list = longer;
    return ERR_OK;
}

static enum err_code make_headers(const struct http_call *call, curl_list **list, struct err *e)
{
    for (size_t i = 0; i < call->n_headers; i++)
        TRY(add_header(list, call->headers[i].name, call->headers[i].value, e));
    if (call->content_type)
        TRY(add_header(list, "Content-Type", call->content_type, e));
    /* Or libcurl would wait for leave before it sends a large body. */
    *list = curl_slist_append(*list, "Expect:");
    return *list ? ERR_OK : err_set(e, ERR_NOMEM, "headers");
}

static CURLcode set_call(http_client *c, const struct http_call *call, curl_list *headers)
{
    const char *method = call->method ? call->method : call->content_type ? "POST" : "GET";
    CURLcode rc = CURLE_OK;

    SET(CURLOPT_URL, call->url);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_TIMEOUT_MS, (long)(call->total_ms ? call->total_ms : c->config.total_ms));
    SET(CURLOPT_NOBODY, 0L);
    SET(CURLOPT_HTTPGET, 1L);
    if (call->content_type) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, call->body.n ? (const char *)call->body.p : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
    } else if (strcmp(method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, method);
    return rc;
}

static enum err_code failed(const http_client *c, CURLcode rc, size_t body_max, struct err *e)
{
    const char *why = c->curl_error[0] ? c->curl_error : curl_easy_strerror(rc);

    if (c->verdict.refused)
        return err_set(e, c->verdict.why.code, "%s", c->verdict.why.msg);
    if (c->private_address)
        return err_set(e, ERR_DENIED, "the host's address is private, local or reserved");
    if (c->too_large)
        return err_set(e, ERR_TOO_LARGE, "the answer has more than %zu bytes", body_max);
    if (c->no_memory || rc == CURLE_OUT_OF_MEMORY)
        return err_set(e, ERR_NOMEM, "the answer");
    switch (rc) {
    case CURLE_OPERATION_TIMEDOUT:
        return err_set(e, ERR_TIMEOUT, "no answer in time");
    case CURLE_URL_MALFORMAT:
        return err_set(e, ERR_INVALID, "malformed URL");
    case CURLE_PEER_FAILED_VERIFICATION:
        return err_set(e, ERR_VERIFY, "the peer's certificate: %s", why);
    default:
        return err_set(e, ERR_UPSTREAM, "%s", why);
    }
}

/* "https://host:port" of the URL: all of it that a message may hold. */
static enum err_code name_peer(const http_client *c, const char *url, char *ret, size_t size,
                               struct err *e)
{
    struct uri u;
    struct err why;

    if (strlen(url) > URI_MAX || uri_parse(bytes_of_str(url), &u, &why) != ERR_OK || !u.host[0])
        return err_set(e, ERR_INVALID, "malformed URL");
    if (strcmp(u.scheme, "https") != 0 && !(c->config.allow_http && strcmp(u.scheme, "http") == 0))
        return err_set(e, ERR_INVALID, "%s://%s: the scheme must be %s", u.scheme, u.host,
                       c->config.allow_http ? "http or https" : "https");
    if (u.port)
        snprintf(ret, size, "%s://%s:%u", u.scheme, u.host, u.port);
    else
        snprintf(ret, size, "%s://%s", u.scheme, u.host);
    return ERR_OK;
}

static void begin(http_client *c, struct http_answer *answer)
{
    c->answer = answer;
    c->too_large = c->private_address = c->no_memory = false;
    c->verdict.refused = false;
    c->curl_error[0] = 0;
    c->ssl_now = NULL;
    X509_free(TAKE(c->leaf_now));
}

static void finish(http_client *c, struct http_answer *answer)
{
    const char *type = http_answer_header(answer, "content-type");
    long status = 0;

    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (unsigned)status;
    snprintf(answer->content_type, sizeof answer->content_type, "%s", type ? type : "");
    X509_free(c->leaf);
    c->leaf = TAKE(c->leaf_now);
    /* No socket any more: the peer closed after its answer, and the session is gone with it. */
    if (curl_easy_getinfo(c->curl, CURLINFO_ACTIVESOCKET, &c->ssl_fd) != CURLE_OK ||
        c->ssl_fd == CURL_SOCKET_BAD)
        c->ssl_now = NULL;
    c->ssl = TAKE(c->ssl_now);
}

enum err_code http_client_do(http_client *c, const struct http_call *call, struct http_answer *ret,
                             struct err *e)
{
    struct http_answer answer AUTO_CALL(http_answer_done) = {
        .body = BUF(call->body_max ? call->body_max : c->config.body_max),
        .headers = BUF(HEADERS_MAX)};
    AUTO(curl_list) headers = NULL;
    char peer[320];
    CURLcode rc;

    TRY(name_peer(c, call->url, peer, sizeof peer, e));
    TRY(make_headers(call, &headers, e));
    begin(c, &answer);
    rc = set_call(c, call, headers);
    if (rc == CURLE_OK)
        rc = curl_easy_perform(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    if (rc != CURLE_OK) {
        (void)failed(c, rc, answer.body.max, e);
        return err_wrap(e, "%s", peer);
    }
    finish(c, &answer);
    http_answer_done(ret);
    *ret = answer;
    answer = (struct http_answer){0};
    return ERR_OK;
}

/* ---- what the connection proved ---- */

enum err_code http_client_exporter(const http_client *c, const struct hash32 *nonce,
                                   struct hash32 *ret, struct err *e)
{
    if (!c->leaf)
        return err_set(e, ERR_INVALID, "no TLS connection has answered");
    if (!c->ssl)
        return err_set(e, ERR_UPSTREAM, "the peer has closed the connection: ask again");
    return tls_exporter(c->ssl, nonce, ret, e);
}

enum err_code http_client_leaf(const http_client *c, struct buf *ret, struct err *e)
{
    if (!c->leaf)
        return err_set(e, ERR_INVALID, "no TLS connection has answered");
    return x509_der(c->leaf, ret, e);
}
