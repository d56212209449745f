/* The guarded listener: version 1's secrets for an attested-TLS proxy of this very machine (SR-08).
 *
 * Off unless it is asked for.  Only here are a proxy's headers believed, and only with the token
 * that this service and the proxy share; no route of /api/v2 is here. */
#include "attest/proxy_headers.h"
#include "base/codec.h"
#include "base/log.h"
#include "kms/msg.h"
#include "kms/release_v1.h"
#include "service/kms_node.h"
#include <strings.h>

#define TOKEN_MAX      512 /* characters */
#define TOKEN_BYTES    32  /* at least, decoded */
#define TOKEN_DISTINCT 16  /* different values among them: 32 random bytes have about 30 */
#define UNIX_PREFIX    "unix:"

static const char *const headers[] = {PROXY_HEADER_TYPE, PROXY_HEADER_MEASUREMENT,
                                      KMS_PROXY_HEADER_TOKEN};
#define N_HEADERS (sizeof headers / sizeof *headers)

/* ---- the token ---- */

static bool is_hex(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f') ||
              (text.p[i] >= 'A' && text.p[i] <= 'F')))
            return false;
    return true;
}

static size_t distinct(struct bytes b)
{
    bool seen[256] = {false};
    size_t n = 0;

    for (size_t i = 0; i < b.n; i++) {
        n += !seen[b.p[i]];
        seen[b.p[i]] = true;
    }
    return n;
}

enum err_code kms_proxy_token(struct bytes text, secret **ret, struct err *e)
{
    struct buf raw AUTO_CALL(buf_done_wipe) = BUF(TOKEN_MAX);

    if (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    if (text.n == 0 || text.n > TOKEN_MAX)
        return err_set(e, ERR_INVALID, "proxy token: %zu characters, expected 1 to %d", text.n,
                       TOKEN_MAX);
    buf_reserve(&raw, TOKEN_MAX);
    TRY_IN(e, is_hex(text) ? hex_decode_buf(text, &raw, e) : base64_decode(text, &raw, e),
           "proxy token (hex or base64)");
    if (raw.n < TOKEN_BYTES || distinct(buf_bytes(&raw)) < TOKEN_DISTINCT)
        return err_set(e, ERR_INVALID,
                       "proxy token: %zu bytes, or not random ones; expected at least %d "
                       "(`openssl rand -hex 32` makes them)",
                       raw.n, TOKEN_BYTES);
    return secret_copy(text, ret, e);
}

/* ---- who may ask ---- */

static size_t count_header(const struct http_head *head, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < head->n_headers; i++)
        n += strcasecmp(head->headers[i].name, name) == 0;
    return n;
}

static struct bytes header(const struct http_request *req, const char *name)
{
    const char *value = http_head_find(req->head, name);

    return value ? bytes_of_str(value) : (struct bytes){0};
}

static unsigned turn_away(kms_service *s, const struct http_request *req, enum proxy_refusal why,
                          unsigned status, const char *problem, const char **ret_problem)
{
    node_count_proxy_refusal(why);
    node_say_refused(s, req, node_proxy_refusal_name(why), problem);
    *ret_problem = status == 400 ? problem : "not allowed";
    return status;
}

unsigned node_no_proxy_headers(void *self, const struct http_request *req, const char **ret_problem)
{
    for (size_t i = 0; i < N_HEADERS; i++)
        if (count_header(req->head, headers[i]) > 0)
            return turn_away(self, req, PROXY_HEADERS_ELSEWHERE, 403,
                             "headers of an attested-TLS proxy: this listener believes none",
                             ret_problem);
    return 0;
}

static bool is_health(const struct http_request *req)
{
    return strcmp(req->head->path, "/livez") == 0 || strcmp(req->head->path, "/readyz") == 0;
}

static unsigned guard(void *self, const struct http_request *req, const char **ret_problem)
{
    kms_service *s = self;

    /* The address is a loopback one, but routes of the host may lead others to it. */
    if (!req->is_local)
        return turn_away(s, req, PROXY_NOT_LOCAL, 403, "the peer is not of this machine",
                         ret_problem);
    for (size_t i = 0; i < N_HEADERS; i++)
        if (count_header(req->head, headers[i]) > 1)
            return turn_away(s, req, PROXY_TWICE, 400, "a header of the proxy is sent twice",
                             ret_problem);
    if (is_health(req) ||
        secret_eq(header(req, KMS_PROXY_HEADER_TOKEN), secret_bytes(s->proxy_token)))
        return 0;
    return turn_away(s, req, PROXY_TOKEN, 401, KMS_PROXY_HEADER_TOKEN ": missing or wrong",
                     ret_problem);
}

/* ---- the one route ---- */

static void secrets_v1(void *self, const struct http_request *req, struct http_response *ret)
{
    kms_service *s = self;
    const struct release_v1_ctx ctx = {
        .authority = node_authority(s), .audit = s->audit, .quotes = s->config.quotes};
    struct release_v1_request request = {
        .type = header(req, PROXY_HEADER_TYPE),
        .measurements = header(req, PROXY_HEADER_MEASUREMENT),
        .body = req->body,
    };
    struct buf out AUTO_CALL(buf_done_wipe) = {0};
    struct release_outcome outcome = {0};
    struct err e = {0};

    if (addr_parse(bytes_of_str(http_request_param(req, "app")), &request.app, &e) != ERR_OK) {
        node_refuse(s, req, ret, ERR_INVALID, NULL, "malformed-request", &e);
        return;
    }
    if (kms_release_v1(&ctx, &request, &out, &outcome, &e) == ERR_OK) {
        ret->status = 200;
        buf_clear(&ret->body);
        buf_put(&ret->body, buf_bytes(&out)); /* grows once: the server wipes it */
        log_info("released on a proxy's word", LOG_STR("request", req->request_id),
                 LOG_HEX("app", BYTES_OF(request.app)),
                 LOG_HEX("identity", BYTES_OF(outcome.identity)),
                 LOG_U64("block", outcome.at.ref.number), LOG_U64("seq", outcome.receipt.seq));
    } else {
        const char *text;
        enum err_code code = kms_reason_public(outcome.why, &text);

        node_refuse(s, req, ret, code, text, kms_reason_name(outcome.why), &e);
    }
    node_count_release_v1(outcome.why);
}

static const struct http_route list[] = {
    {"GET", "/livez", node_livez, 0, HTTP_ROUTE_UNLIMITED},
    {"GET", "/readyz", node_readyz, 0, HTTP_ROUTE_UNLIMITED},
    {"POST", NODE_PROXY_PATTERN, secrets_v1, MSG_V1_REQUEST_MAX, 0},
};

/* ---- its life ---- */

enum err_code node_proxy_config(kms_service *s, secret **token, struct err *e)
{
    const uint32_t compat = s->config.security.compat & KMS_PROXY_COMPAT;

    if (compat != (s->config.proxy_listen ? KMS_PROXY_COMPAT : 0))
        return err_set(e, ERR_INVALID,
                       "the security configuration and the listeners do not agree about version "
                       "1's secrets and a proxy's headers");
    if (!s->config.proxy_listen)
        return ERR_OK;
    if (!token || !*token)
        return err_set(e, ERR_INVALID,
                       "the listener for a proxy needs a token that it shares with the proxy");
    s->proxy_token = TAKE(*token);
    return ERR_OK;
}

enum err_code node_proxy_listen(kms_service *s, struct err *e)
{
    const char *at = s->config.proxy_listen;
    const size_t prefix = strlen(UNIX_PREFIX);

    if (!at)
        return ERR_OK;
    s->proxy = (struct http_routes){.list = list,
                                    .n = sizeof list / sizeof *list,
                                    .self = s,
                                    .observe = node_observe,
                                    .refuse = node_server_refusal,
                                    .screen = guard};
    if (strncmp(at, UNIX_PREFIX, prefix) == 0)
        return http_server_listen_unix(s->server, at + prefix, &s->proxy, e);
    return http_server_listen_plain(s->server, at, &s->proxy, &s->proxy_port, e);
}

void node_proxy_say_start(const kms_service *s)
{
    if (s->config.proxy_listen)
        log_warn("VERSION 1 IS ON: whoever has the proxy's token is believed about who asks, and "
                 "secrets of contracts of scheme 1 leave in the clear",
                 LOG_STR("listener", s->config.proxy_listen), LOG_U64("port", s->proxy_port));
}

uint16_t kms_service_proxy_port(const kms_service *s)
{
    return s->proxy_port;
}
