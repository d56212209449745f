/* The routes of the TLS listener: decode, call, encode. */
#include "base/codec.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "kms/explain.h"
#include "kms/msg.h"
#include "service/kms_node.h"

static void answer(struct http_response *ret, const struct buf *body)
{
    ret->status = 200;
    ret->content_type = "application/json";
    buf_clear(&ret->body);
    buf_put(&ret->body, buf_bytes(body));
}

static void answer_text(struct http_response *ret, unsigned status, const char *text)
{
    ret->status = status;
    ret->content_type = "application/json";
    buf_clear(&ret->body);
    buf_put_str(&ret->body, text);
}

void node_say_refused(kms_service *s, const struct http_request *req, const char *reason,
                      const char *why)
{
    unsigned later;

    /* A flood of bad requests must not fill the disk with lines. */
    if (s->refusal_lines &&
        !rate_take(s->refusal_lines, (struct bytes){0}, clock_ns(s->config.clock), &later)) {
        atomic_fetch_add(&s->lines_dropped, 1);
        return;
    }
    log_warn("refused", LOG_STR("request", req->request_id), LOG_STR("path", req->head->path),
             LOG_STR("peer", req->peer), LOG_STR("reason", reason), LOG_STR("why", why));
}

void node_refuse(kms_service *s, const struct http_request *req, struct http_response *ret,
                 enum err_code code, const char *text, const char *reason, const struct err *e)
{
    http_refuse_with(ret, req->request_id, code, text);
    node_say_refused(s, req, reason, e->msg);
}

static void malformed(kms_service *s, const struct http_request *req, struct http_response *ret,
                      const struct err *e)
{
    node_refuse(s, req, ret, e->code == ERR_TOO_LARGE ? ERR_TOO_LARGE : ERR_INVALID, NULL,
                "malformed-request", e);
}

static void failed(kms_service *s, const struct http_request *req, struct http_response *ret,
                   const struct err *e)
{
    node_refuse(s, req, ret, e->code, NULL, err_name(e->code), e);
}

static enum err_code app_of(const struct http_request *req, struct addr *ret, struct err *e)
{
    return addr_parse(bytes_of_str(http_request_param(req, "app")), ret, e);
}

/* One token for a quote: of this address, and of all together. */
static bool may_quote(kms_service *s, const struct http_request *req, struct http_response *ret)
{
    uint64_t now = clock_ns(s->config.clock);
    unsigned later = 1;
    struct err e;
    char text[16];

    if (!s->quotes_peer || (rate_take(s->quotes_peer, bytes_of_str(req->peer), now, &later) &&
                            rate_take(s->quotes_all, (struct bytes){0}, now, &later)))
        return true;
    err_set(&e, ERR_BUSY, "too many requests that cost a quote");
    node_refuse(s, req, ret, ERR_BUSY, NULL, "quote-rate", &e);
    snprintf(text, sizeof text, "%u", later);
    http_response_header(ret, "Retry-After", text);
    return false;
}

void node_livez(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    (void)req;
    answer_text(ret, 200, "{\"status\":\"alive\"}");
}

#define READY_KNOWN_MS 100

void node_readyz(void *self, const struct http_request *req, struct http_response *ret)
{
    struct err e = {0};

    (void)req;
    if (node_check(self, READY_KNOWN_MS, &e) == ERR_OK)
        answer_text(ret, 200, "{\"status\":\"ready\"}");
    else
        answer_text(ret, 503, "{\"status\":\"not ready\"}");
}

static void challenge(void *self, const struct http_request *req, struct http_response *ret)
{
    kms_service *s = self;
    struct msg_challenge_request m;
    struct msg_challenge c = {0};
    struct buf out AUTO_CALL(buf_done) = BUF(MSG_SMALL_MAX);
    uint32_t expires = 0;
    struct err e = {0};

    if (msg_challenge_request_decode(req->body, &m, &e) != ERR_OK)
        malformed(s, req, ret, &e);
    else if (challenge_make(s->challenges, m.purpose, &m.app, &c.challenge, &expires, &e) !=
                 ERR_OK ||
             (c.expires = expires, msg_challenge_encode(&c, &out, &e)) != ERR_OK)
        failed(s, req, ret, &e);
    else
        answer(ret, &out);
}

static enum err_code session_evidence(kms_service *s, const struct http_request *req,
                                      const struct hash32 *nonce, struct buf *ret, struct err *e)
{
    struct buf payload AUTO_CALL(buf_done) = BUF(KMS_CLAIM_LEN + 32);
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct hash32 exporter;

    TRY(http_request_exporter(req, nonce, &exporter, e));
    TRY(node_claim(s, &payload, NULL, e));
    buf_put(&payload, BYTES_OF(exporter));
    TRY(buf_check(&payload, e));
    TRY(node_evidence(s, REPORT_KMS_SESSION, NULL, nonce, buf_bytes(&payload), &ev, e));
    return evidence_encode(&ev, ret, e);
}

static void evidence(void *self, const struct http_request *req, struct http_response *ret)
{
    kms_service *s = self;
    struct msg_evidence_request m;
    struct buf out AUTO_CALL(buf_done) = BUF(MSG_PKI_MAX);
    struct err e = {0};

    if (msg_evidence_request_decode(req->body, &m, &e) != ERR_OK)
        malformed(s, req, ret, &e);
    else if (!may_quote(s, req, ret))
        return;
    else if (session_evidence(s, req, &m.nonce, &out, &e) != ERR_OK)
        failed(s, req, ret, &e);
    else
        answer(ret, &out);
}

static struct release_ctx release_ctx_of(kms_service *s)
{
    return (struct release_ctx){
        .authority = node_authority(s),
        .challenges = s->challenges,
        .judge = s->judge,
        .audit = s->audit,
        .tls_key = s->tls_key,
    };
}

static void secrets(void *self, const struct http_request *req, struct http_response *ret)
{
    kms_service *s = self;
    const struct release_ctx ctx = release_ctx_of(s);
    struct release_outcome outcome = {0};
    struct buf out AUTO_CALL(buf_done) = BUF(MSG_ANSWER_MAX);
    struct addr app;
    struct err e = {0};

    if (app_of(req, &app, &e) != ERR_OK) {
        malformed(s, req, ret, &e);
        return;
    }
    if (kms_release(&ctx, &app, req->body, &out, &outcome, &e) == ERR_OK) {
        answer(ret, &out);
        log_info("released", LOG_STR("request", req->request_id), LOG_HEX("app", BYTES_OF(app)),
                 LOG_HEX("identity", BYTES_OF(outcome.identity)),
                 LOG_U64("block", outcome.at.ref.number), LOG_U64("seq", outcome.receipt.seq));
    } else {
        const char *text;
        enum err_code code = kms_reason_public(outcome.why, &text);

        node_refuse(s, req, ret, code, text, kms_reason_name(outcome.why), &e);
    }
    node_count_release(outcome.why);
}

/* Why would this caller be refused?  Who does not prove itself is told no more than one that asks
 * for secrets. */
static void explain(void *self, const struct http_request *req, struct http_response *ret)
{
    kms_service *s = self;
    const struct release_ctx ctx = release_ctx_of(s);
    struct buf out AUTO_CALL(buf_done) = BUF(MSG_ANSWER_MAX);
    enum kms_reason why = KMS_GRANTED;
    struct addr app;
    struct err e = {0};

    if (app_of(req, &app, &e) != ERR_OK) {
        malformed(s, req, ret, &e);
    } else if (kms_explain_request(&ctx, &app, req->body, &out, &why, &e) == ERR_OK) {
        answer(ret, &out);
    } else {
        const char *text;
        enum err_code code = kms_reason_public(why, &text);

        node_refuse(s, req, ret, code, text, kms_reason_name(why), &e);
    }
}

/* ---- the public half of an application ---- */

enum form { FORM_V1 = 1, FORM_V2 = 2 };

static enum err_code put_v2(kms_service *s, const struct addr *app, const struct kms_pki *pki,
                            const struct hash32 *nonce, struct buf *ret, struct err *e)
{
    struct buf k AUTO_CALL(buf_done) = BUF(KMS_CLAIM_LEN);
    struct buf payload AUTO_CALL(buf_done) = BUF(KMS_CLAIM_LEN + 32);
    struct buf text AUTO_CALL(buf_done) = BUF(MSG_PKI_MAX);
    struct evidence ev AUTO_CALL(evidence_done) = {0};

    TRY(node_claim(s, &k, NULL, e));
    kms_pki_payload(buf_bytes(&k), &pki->pki_hash, &payload);
    TRY(buf_check(&payload, e));
    TRY(node_evidence(s, REPORT_PKI, app, nonce, buf_bytes(&payload), &ev, e));
    TRY(evidence_encode(&ev, &text, e));
    return msg_pki_encode(pki->app->ca_der, BYTES(pki->app->encrypt_spki), pki->epoch,
                          buf_bytes(&text), ret, e);
}

static enum err_code put_v1(kms_service *s, const struct addr *app, const struct kms_pki *pki,
                            struct buf *ret, struct err *e)
{
    struct buf ca AUTO_CALL(buf_done) = BUF(MSG_PKI_MAX);
    struct buf key AUTO_CALL(buf_done) = BUF(1024);
    struct buf quote AUTO_CALL(buf_done) = BUF(EVIDENCE_QUOTE_MAX);
    struct report_data rd;

    TRY(kms_pki_v1_pem(pki, &ca, &key, e));
    report_data_v1_pki(app, buf_bytes(&ca), buf_bytes(&key), &rd);
    TRY(quote_provider_quote(s->config.quotes, &rd, &quote, e));
    return msg_pki_v1_encode(pki->app->ca_der, BYTES(pki->app->encrypt_spki), buf_bytes(&quote),
                             ret, e);
}

/* What an answer without a nonce depends on; its evidence may then be some minutes old. */
static struct hash32 answer_key(enum form form, const struct addr *app, const struct kms_pki *pki)
{
    const uint8_t f = (uint8_t)form;
    struct hash32 key;

    SHA256_OF(&key, ((struct bytes){&f, 1}), BYTES_OF(*app), BYTES_OF(pki->pki_hash));
    return key;
}

static void pki_in(kms_service *s, const struct http_request *req, enum form form,
                   const struct addr *app, const struct hash32 *nonce, struct http_response *ret)
{
    const struct kms_authority a = node_authority(s);
    struct kms_pki pki AUTO_CALL(kms_pki_done) = {0};
    struct buf out AUTO_CALL(buf_done) = BUF(MSG_PKI_MAX);
    enum kms_reason why = KMS_GRANTED;
    struct hash32 key;
    struct err e = {0};

    /* Governance is asked each time (it is cached by block); only the quote is kept. */
    if (kms_pki_get(&a, app, &pki, &why, &e) != ERR_OK) {
        const char *text;
        enum err_code code = kms_reason_public(why, &text);

        node_refuse(s, req, ret, code, text, kms_reason_name(why), &e);
        return;
    }
    key = answer_key(form, app, &pki);
    if (!nonce && answer_cache_get(s->pki_answers, &key, clock_ns(s->config.clock), &out)) {
        answer(ret, &out);
        return;
    }
    buf_clear(&out);
    if (!may_quote(s, req, ret))
        return;
    if ((form == FORM_V2 ? put_v2(s, app, &pki, nonce, &out, &e)
                         : put_v1(s, app, &pki, &out, &e)) != ERR_OK) {
        failed(s, req, ret, &e);
        return;
    }
    if (!nonce)
        answer_cache_put(s->pki_answers, &key, clock_ns(s->config.clock), buf_bytes(&out));
    answer(ret, &out);
}

static enum err_code nonce_of(const struct http_request *req, struct hash32 *ret, bool *ret_has,
                              struct err *e)
{
    char text[HEX_LEN(32) + 1];
    enum err_code rc = http_request_query(req, "nonce", text, sizeof text, e);

    *ret_has = rc == ERR_OK;
    if (rc == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(rc);
    return hex_decode(bytes_of_str(text), ret->b, sizeof ret->b, e);
}

static void pki(void *self, const struct http_request *req, struct http_response *ret)
{
    kms_service *s = self;
    struct hash32 nonce;
    bool has_nonce = false;
    struct addr app;
    struct err e = {0};

    if (app_of(req, &app, &e) != ERR_OK || nonce_of(req, &nonce, &has_nonce, &e) != ERR_OK)
        malformed(s, req, ret, &e);
    else
        pki_in(s, req, FORM_V2, &app, has_nonce ? &nonce : NULL, ret);
}

static void pki_v1(void *self, const struct http_request *req, struct http_response *ret)
{
    struct addr app;
    struct err e = {0};

    if (app_of(req, &app, &e) != ERR_OK)
        malformed(self, req, ret, &e);
    else
        pki_in(self, req, FORM_V1, &app, NULL, ret);
}

static void onboard_v1(void *self, const struct http_request *req, struct http_response *ret)
{
    (void)self;
    http_refuse_status(ret, req->request_id, 410,
                       "version 1 onboarding does not exist any more: it proved too little");
}

static const struct http_route list[] = {
    [ROUTE_LIVEZ] = {"GET", "/livez", node_livez, 0, HTTP_ROUTE_UNLIMITED},
    [ROUTE_READYZ] = {"GET", "/readyz", node_readyz, 0, HTTP_ROUTE_UNLIMITED},
    [ROUTE_PKI] = {"GET", "/api/v2/pki/{app}", pki, 0, 0},
    [ROUTE_PKI_V1] = {"GET", "/api/public/pki/{app}", pki_v1, 0, 0},
    [ROUTE_CHALLENGE] = {"POST", "/api/v2/challenge", challenge, MSG_SMALL_MAX, 0},
    [ROUTE_EVIDENCE] = {"POST", "/api/v2/evidence", evidence, MSG_SMALL_MAX, 0},
    [ROUTE_SECRETS] = {"POST", "/api/v2/secrets/{app}", secrets, MSG_REQUEST_MAX, 0},
    [ROUTE_EXPLAIN] = {"POST", "/api/v2/explain/{app}", explain, MSG_REQUEST_MAX, 0},
    [ROUTE_ONBOARD_V1] = {"GET", "/api/attested/onboard/{id}", onboard_v1, 0, 0},
};

struct http_routes node_public_routes(kms_service *s)
{
    return (struct http_routes){.list = list,
                                .n = sizeof list / sizeof *list,
                                .self = s,
                                .observe = node_observe,
                                .refuse = node_server_refusal,
                                .screen = node_no_proxy_headers};
}
