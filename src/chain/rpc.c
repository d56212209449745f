/* rpc - see rpc.h: the connection to a node; the answers are rpc_answer.c's. */
#include <pthread.h>
#include <stdio.h>
#include "base/codec.h"
#include "base/uri.h"
#include "chain/rpc.h"
#include "chain/view.h"
#include "crypto/random.h"

#define RPC_TOTAL_MS   10000
#define RPC_BODY_MAX   ((size_t)1024 * 1024)
#define RPC_ASK_MAX    ((size_t)2 * 1024 * 1024)
#define RPC_IDLE_MAX   16
#define RPC_BACKOFF_MS 100
#define NS_PER_MS      1000000u

struct rpc {
    char url[URI_MAX + 1];
    char host[320];
    struct buf ca;
    struct http_client_config http;
    unsigned total_ms, retries;
    size_t body_max;
    pthread_mutex_t lock; /* of the idle clients: one client serves one thread */
    http_client *idle[RPC_IDLE_MAX];
    size_t n_idle;
};

static enum err_code set_url(rpc *r, const struct rpc_config *config, struct err *e)
{
    struct uri u;
    bool https, v6;

    TRY_IN(e, uri_parse(bytes_of_str(config->url), &u, e), "node address");
    https = strcmp(u.scheme, "https") == 0;
    if (!https && strcmp(u.scheme, "http") != 0)
        return err_set(e, ERR_INVALID, "node address: scheme %s, expected https", u.scheme);
    if (!https && !config->allow_http)
        return err_set(e, ERR_INVALID, "node address: http is not accepted here, expected https");
    if (!u.host[0])
        return err_set(e, ERR_INVALID, "node address: no host");
    v6 = strchr(u.host, ':') != NULL;
    snprintf(r->host, sizeof r->host, "%s%s%s:%u", v6 ? "[" : "", u.host, v6 ? "]" : "",
             u.port  ? u.port
             : https ? 443u
                     : 80u);
    snprintf(r->url, sizeof r->url, "%s", config->url);
    return ERR_OK;
}

enum err_code rpc_new(const struct rpc_config *config, rpc **ret, struct err *e)
{
    AUTO(rpc) r = calloc(1, sizeof *r);
    AUTO(http_client) first = NULL;

    if (!r)
        return err_set(e, ERR_NOMEM, "node");
    if (pthread_mutex_init(&r->lock, NULL) != 0) {
        free(TAKE(r));
        return err_set(e, ERR_NOMEM, "node: mutex");
    }
    TRY(set_url(r, config, e));
    r->ca = BUF(1024 * 1024);
    buf_put(&r->ca, config->ca_pem);
    TRY_IN(e, buf_check(&r->ca, e), "node: authorities");
    r->total_ms = config->total_ms ? config->total_ms : RPC_TOTAL_MS;
    r->body_max = config->body_max ? config->body_max : RPC_BODY_MAX;
    r->retries = config->retries;
    r->http = (struct http_client_config){
        .tls = {.trust = r->ca.n ? TLS_TRUST_CA : TLS_TRUST_SYSTEM, .ca_pem = buf_bytes(&r->ca)},
        .allow_http = config->allow_http,
        .allow_private = config->allow_private,
        .total_ms = r->total_ms,
        .body_max = r->body_max,
    };
    /* Whatever is wrong with the settings shows here, not at the first call. */
    TRY_IN(e, http_client_new(&r->http, &first, e), "node %s", r->host);
    r->idle[r->n_idle++] = TAKE(first);
    *ret = TAKE(r);
    return ERR_OK;
}

void rpc_free(rpc *r)
{
    if (!r)
        return;
    while (r->n_idle > 0)
        http_client_free(r->idle[--r->n_idle]);
    buf_done(&r->ca);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

const char *rpc_host(const rpc *r)
{
    return r->host;
}

static enum err_code take_client(rpc *r, http_client **ret, struct err *e)
{
    http_client *c = NULL;

    pthread_mutex_lock(&r->lock);
    if (r->n_idle > 0)
        c = r->idle[--r->n_idle];
    pthread_mutex_unlock(&r->lock);
    if (!c)
        return http_client_new(&r->http, ret, e);
    *ret = c;
    return ERR_OK;
}

static void give_client(rpc *r, http_client *c)
{
    pthread_mutex_lock(&r->lock);
    if (r->n_idle < RPC_IDLE_MAX) {
        r->idle[r->n_idle++] = c;
        c = NULL;
    }
    pthread_mutex_unlock(&r->lock);
    http_client_free(c);
}

/* The request: ids are 1..n; a lone call is sent as an object, which every node understands. */
static enum err_code ask(const struct rpc_call *calls, size_t n, struct buf *out, struct err *e)
{
    if (n > 1)
        buf_put_u8(out, '[');
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":", i ? "," : "", i + 1);
        json_put_quoted(out, bytes_of_str(calls[i].method));
        buf_put_str(out, ",\"params\":");
        buf_put_str(out, calls[i].params);
        buf_put_u8(out, '}');
    }
    if (n > 1)
        buf_put_u8(out, ']');
    return buf_check(out, e);
}

/* A method that may have worked although its answer was lost. */
static bool changes_something(const struct rpc_call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(calls[i].method, "eth_send", 8) == 0 ||
            strncmp(calls[i].method, "eth_", 4) != 0)
            return true;
    return false;
}

/* One HTTP exchange; *ret_again is true for a failure that another attempt may mend. */
static enum err_code exchange(rpc *r, struct bytes body, size_t max, unsigned ms,
                              struct http_answer *ret, bool *ret_again, struct err *e)
{
    AUTO(http_client) c = NULL;
    struct http_call call = {.method = "POST",
                             .url = r->url,
                             .content_type = "application/json",
                             .body = body,
                             .total_ms = ms,
                             .body_max = max};
    enum err_code code;

    *ret_again = false;
    TRY(take_client(r, &c, e));
    code = http_client_do(c, &call, ret, e);
    if (code != ERR_OK) {
        /* The connection is in an unknown state: the client goes with it. */
        *ret_again = code == ERR_UPSTREAM;
        return code;
    }
    give_client(r, TAKE(c));
    if (ret->status != 200) {
        *ret_again = ret->status == 429 || ret->status >= 500;
        return err_set(e, ERR_UPSTREAM, "HTTP status %u, expected 200", ret->status);
    }
    return ERR_OK;
}

/* Doubles with each attempt, and differs between nodes of a fleet. */
static unsigned backoff_ms(unsigned attempt)
{
    unsigned base = (unsigned)RPC_BACKOFF_MS << (attempt < 6 ? attempt : 6);
    uint8_t jitter;

    random_bytes(&jitter, 1);
    return base / 2 + base * jitter / 255;
}

static enum err_code exchange_patiently(rpc *r, struct bytes body, size_t max, unsigned retries,
                                        struct http_answer *ret, struct err *e)
{
    uint64_t start = clock_ns(&clock_system);

    for (unsigned attempt = 0;; attempt++) {
        uint64_t spent = (clock_ns(&clock_system) - start) / NS_PER_MS;
        struct timespec pause = {0};
        enum err_code code;
        unsigned wait;
        bool again;

        if (spent >= r->total_ms)
            return err_set(e, ERR_TIMEOUT, "no answer within %u ms", r->total_ms);
        code = exchange(r, body, max, (unsigned)(r->total_ms - spent), ret, &again, e);
        if (code == ERR_OK || !again || attempt >= retries)
            return code;
        wait = backoff_ms(attempt);
        spent = (clock_ns(&clock_system) - start) / NS_PER_MS;
        if (spent + wait >= r->total_ms)
            return code;
        pause.tv_sec = wait / 1000;
        pause.tv_nsec = (long)(wait % 1000) * (long)NS_PER_MS;
        nanosleep(&pause, NULL);
    }
}

enum err_code rpc_do(rpc *r, struct rpc_call *calls, size_t n, json **ret, struct err *e)
{
    return rpc_do_within(r, r->body_max, calls, n, ret, e);
}

enum err_code rpc_do_within(rpc *r, size_t max, struct rpc_call *calls, size_t n, json **ret,
                            struct err *e)
{
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    struct buf body AUTO_CALL(buf_done) = BUF(RPC_ASK_MAX);
    unsigned retries;

    if (n == 0 || n > RPC_BATCH_MAX)
        return err_set(e, ERR_INTERNAL, "%zu calls in a batch, expected 1 to %d", n, RPC_BATCH_MAX);
    max = max < r->body_max ? max : r->body_max;
    retries = changes_something(calls, n) ? 0 : r->retries;
    TRY_IN(e, ask(calls, n, &body, e), "%s", calls[0].method);
    TRY_IN(e, exchange_patiently(r, buf_bytes(&body), max, retries, &answer, e), "%s at %s",
           calls[0].method, r->host);
    return rpc_answer_parse(r->host, buf_bytes(&answer.body), max, calls, n, ret, e);
}

enum err_code rpc_one(rpc *r, const char *method, const char *params, json **ret,
                      const json **ret_result, struct err *e)
{
    struct rpc_call call = {.method = method, .params = params};
    AUTO(json) answer = NULL;

    TRY(rpc_do(r, &call, 1, &answer, e));
    TRY(rpc_check(r, &call, e));
    *ret = TAKE(answer);
    *ret_result = call.ret_result;
    return ERR_OK;
}

enum err_code rpc_check(const rpc *r, const struct rpc_call *call, struct err *e)
{
    if (call->ret_fault.code == ERR_OK)
        return ERR_OK;
    if (call->ret_fault.code == ERR_DENIED)
        return err_set(e, ERR_DENIED, "%s at %s: reverted: %s", call->method, r->host,
                       call->ret_fault.text);
    return err_set(e, call->ret_fault.code, "%s at %s: the node says %lld: %s", call->method,
                   r->host, (long long)call->ret_fault.number, call->ret_fault.text);
}

enum err_code chain_body_call(rpc *r, const struct block_ref *at, const struct addr *contract,
                              struct bytes calldata, struct buf *ret, struct err *e)
{
    struct buf params AUTO_CALL(buf_done) = BUF(RPC_ASK_MAX);
    AUTO(json) answer = NULL;
    const json *result;

    buf_put_str(&params, "[{\"to\":\"0x");
    hex_put(&params, BYTES_OF(*contract));
    buf_put_str(&params, "\",\"data\":\"0x");
    hex_put(&params, calldata);
    if (at) {
        buf_put_str(&params, "\"},{\"blockHash\":\"0x");
        hex_put(&params, BYTES_OF(at->hash));
        buf_put_str(&params, "\",\"requireCanonical\":true}]");
    } else {
        buf_put_str(&params, "\"},\"latest\"]");
    }
    TRY_IN(e, buf_check(&params, e), "eth_call");
    TRY(rpc_one(r, "eth_call", buf_cstr(&params), &answer, &result, e));
    TRY_IN(e, rpc_data_buf(result, ret, e), "eth_call at %s", r->host);
    return ERR_OK;
}
