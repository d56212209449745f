/* The admin socket: status, metrics, drain. */
#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "service/kms_node.h"

#define STATUS_MAX  65536
#define METRICS_MAX (1 << 20)

/* What changes while it serves, at one moment. */
struct moment {
    struct hash32 identity, self;
    int64_t evidence_at;
    struct block_ref evidence_block;
    struct err ready;
    struct finalized_block at;
    char caveat[256];
};

static struct moment moment_of(kms_service *s)
{
    struct moment m;

    pthread_mutex_lock(&s->lock);
    m = (struct moment){.identity = s->identity,
                        .self = s->self,
                        .evidence_at = s->evidence_at,
                        .evidence_block = s->evidence_block,
                        .ready = s->ready,
                        .at = s->ready_at};
    memcpy(m.caveat, s->caveat, sizeof m.caveat);
    pthread_mutex_unlock(&s->lock);
    if (atomic_load(&s->draining))
        err_set(&m.ready, ERR_LOCKED, "draining");
    return m;
}

static enum err_code put_compat(const kms_service *s, json *out, struct err *e)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } switches[] = {{KMS_COMPAT_V1_SECRETS, "v1-secrets"},
                    {KMS_COMPAT_PROXY_HEADERS, "proxy-headers"}};
    AUTO(json) list = NULL;

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (s->config.security.compat & switches[i].bit)
            TRY(json_append_str(list, switches[i].name, e));
    return json_put(out, "compat", TAKE(list), e);
}

static enum err_code put_audit(const kms_service *s, json *out, struct err *e)
{
    AUTO(json) o = NULL;
    struct audit_receipt head;

    audit_head(s->audit, &head);
    TRY(json_new_object(&o, e));
    TRY(json_put_hex(o, "node", BYTES(head.node), e));
    TRY(json_put_u64(o, "sequence", head.seq, e));
    TRY(json_put_hex(o, "head", BYTES_OF(head.head), e));
    return json_put(out, "audit", TAKE(o), e);
}

static enum err_code put_evidence(const kms_service *s, const struct moment *m, json *out,
                                  struct err *e)
{
    AUTO(json) o = NULL;
    char made[21];

    clock_format(m->evidence_at, made);
    TRY(json_new_object(&o, e));
    TRY(json_put_str(o, "provider", s->config.quotes->name, e));
    TRY(json_put_str(o, "made", made, e));
    TRY(json_put_u64(o, "block", m->evidence_block.number, e));
    if (*m->caveat)
        TRY(json_put_str(o, "caveat", m->caveat, e));
    return json_put(out, "evidence", TAKE(o), e);
}

static enum err_code status_json(kms_service *s, struct buf *ret, struct err *e)
{
    const struct kms_config *c = &s->config.security;
    const struct moment m = moment_of(s);
    AUTO(json) o = NULL;
    char started[21];

    clock_format(s->started_at, started);
    TRY(json_new_object(&o, e));
    TRY(json_put_str(o, "version", TEEREG_VERSION, e));
    if (s->config.notice)
        TRY(json_put_str(o, "notice", s->config.notice, e));
    TRY(json_put_bool(o, "ready", m.ready.code == ERR_OK, e));
    if (m.ready.code != ERR_OK)
        TRY(json_put_str(o, "why_not", m.ready.msg, e));
    TRY(json_put_bool(o, "locked", s->apps == NULL, e));
    TRY(json_put_str(o, "started", started, e));
    TRY(json_put_u64(o, "chain_id", c->chain_id, e));
    TRY(json_put_hex0x(o, "kms", BYTES_OF(c->kms), e));
    TRY(json_put_str(o, "chain_view", chain_view_mode(s->config.view), e));
    TRY(json_put_u64(o, "finalized_block", m.at.ref.number, e));
    TRY(json_put_hex(o, "config_hash", BYTES_OF(s->config_hash), e));
    TRY(json_put_hex(o, "identity", BYTES_OF(m.identity), e));
    TRY(json_put_hex(o, "principal", BYTES_OF(m.self), e));
    TRY(json_put_hex(o, "root_id", BYTES_OF(s->root_id), e));
    TRY(json_put_hex(o, "commitment", BYTES_OF(s->commitment), e));
    TRY(put_compat(s, o, e));
    if (s->config.proxy_listen)
        TRY(json_put_str(o, "proxy_listener", s->config.proxy_listen, e));
    TRY(put_evidence(s, &m, o, e));
    TRY(put_audit(s, o, e));
    TRY(node_collateral_put(s, o, e));
    TRY(node_chain_put(s, o, e));
    return json_write(o, JSON_COMPACT, ret, e);
}

static void status(void *self, const struct http_request *req, struct http_response *ret)
{
    struct err e = {0};

    (void)!node_check(self, 100, &e);
    buf_clear(&ret->body);
    if (status_json(self, &ret->body, &e) == ERR_OK)
        ret->status = 200;
    else
        node_refuse(self, req, ret, ERR_INTERNAL, NULL, "status", &e);
}

static void metrics(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)req;
    buf_clear(&ret->body);
    node_metrics_write(self, &ret->body);
    ret->status = 200;
    ret->content_type = "text/plain; version=0.0.4; charset=utf-8";
}

/* Bodies of version 1. */
static void set_draining(kms_service *s, bool on, struct http_response *ret)
{
    bool was = atomic_exchange(&s->draining, on);

    ret->status = 200;
    buf_clear(&ret->body);
    buf_printf(&ret->body, "{\"status\":\"%s%s\"}", was == on ? "already " : "",
               on ? "draining" : "ready");
    if (was != on)
        log_info(on ? "draining: asked on the admin socket" : "no longer draining");
}

static void drain(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)req;
    set_draining(self, true, ret);
}

static void undrain(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)req;
    set_draining(self, false, ret);
}

static const struct http_route admin_list[] = {
    {"GET", "/status", status, 0, HTTP_ROUTE_UNLIMITED},
    {"GET", "/collateral", node_collateral_route, 0, HTTP_ROUTE_UNLIMITED},
    {"GET", "/metrics", metrics, 0, HTTP_ROUTE_UNLIMITED},
    {"GET", "/livez", node_livez, 0, HTTP_ROUTE_UNLIMITED},
    {"GET", "/readyz", node_readyz, 0, HTTP_ROUTE_UNLIMITED},
    {"POST", "/drain", drain, 0, HTTP_ROUTE_UNLIMITED},
    {"POST", "/undrain", undrain, 0, HTTP_ROUTE_UNLIMITED},
};

static const struct http_route metrics_list[] = {
    {"GET", "/metrics", metrics, 0, HTTP_ROUTE_UNLIMITED},
};

struct http_routes node_admin_routes(kms_service *s)
{
    return (struct http_routes){.list = admin_list,
                                .n = sizeof admin_list / sizeof *admin_list,
                                .self = s,
                                .observe = node_observe,
                                .refuse = node_server_refusal,
                                .screen = node_no_proxy_headers};
}

struct http_routes node_metrics_routes(kms_service *s)
{
    return (struct http_routes){.list = metrics_list,
                                .n = sizeof metrics_list / sizeof *metrics_list,
                                .self = s,
                                .observe = node_observe,
                                .refuse = node_server_refusal,
                                .screen = node_no_proxy_headers};
}
