#include "instance/kms_client.h"
#include <inttypes.h>
#include <time.h>
#include "base/codec.h"
#include "base/uri.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/x509.h"
#include "gov/registry.h"
#include "net/http_client.h"

struct kms_client {
    struct kms_client_config config;
    char *url;
    http_client *http;
    struct kms_peer peer;
};

/* ---- who is it? ---- */

static enum err_code leaf_spki(struct bytes leaf_der, uint8_t ret[static P256_SPKI_LEN],
                               struct err *e)
{
    AUTO(X509) leaf = NULL;

    TRY(x509_parse(leaf_der, &leaf, e));
    return x509_spki(leaf, ret, e);
}

#define BLOCK_WAIT_MS  3000
#define BLOCK_PAUSE_MS 100

/* Two honest nodes learn of a final block at different moments: a KMS whose node is the faster one
 * names a block that ours will have soon. */
static enum err_code await_block(const kms_client *c, const struct block_ref *ref,
                                 const struct finalized_block *own, struct finalized_block *ret,
                                 struct err *e)
{
    const struct timespec pause = {.tv_nsec = BLOCK_PAUSE_MS * 1000000L};
    enum err_code code = chain_view_block(c->config.view, ref, ret, e);

    for (int ms = 0; code == ERR_VERIFY && ref->number > own->ref.number && ms < BLOCK_WAIT_MS;
         ms += BLOCK_PAUSE_MS) {
        nanosleep(&pause, NULL);
        code = chain_view_block(c->config.view, ref, ret, e);
    }
    return code;
}

/* The block that the KMS says it has seen must be on our chain, and not long ago. */
static enum err_code judge_block(const kms_client *c, const struct kms_claim *claim,
                                 const struct finalized_block *own, struct finalized_block *ret,
                                 struct err *e)
{
    const struct block_ref ref = {claim->block, claim->block_hash};

    TRY_IN(e, await_block(c, &ref, own, ret, e), "block %" PRIu64 " of its evidence", ref.number);
    if (ret->timestamp > own->timestamp)
        return ERR_OK;
    if (own->timestamp - ret->timestamp > KMS_EVIDENCE_AGE_MAX_S)
        return err_set(e, ERR_VERIFY,
                       "its evidence is %" PRIu64 " s old by the chain's clock, the most is %d s; "
                       "the KMS renews it every 10 minutes while it reaches its chain",
                       own->timestamp - ret->timestamp, KMS_EVIDENCE_AGE_MAX_S);
    return ERR_OK;
}

static enum err_code judge_root(const kms_client *c, const struct kms_claim *claim,
                                const struct gov_kms_facts *facts, struct err *e)
{
    if (c->config.allow_locked && hash32_is_zero(&facts->root_id))
        return ERR_OK;
    if (hash32_is_zero(&facts->root_id) || hash32_is_zero(&facts->commitment))
        return err_set(e, ERR_DENIED,
                       "no root is committed in the KMS contract yet "
                       "(`teereg gov root commit`)");
    if (hash32_is_zero(&claim->root_id) && hash32_is_zero(&claim->commitment))
        return err_set(e, ERR_LOCKED, "it holds no root key yet");
    if (!hash32_eq(&claim->root_id, &facts->root_id) ||
        !hash32_eq(&claim->commitment, &facts->commitment))
        return err_set(e, ERR_DENIED,
                       "it holds another root key than the KMS contract has "
                       "committed to");
    return ERR_OK;
}

/* Is (identity, configuration) allowed by the KMS contract, at this block or in this doubt? */
static enum err_code judge_principal_at(const kms_client *c, const verified_quote *quote,
                                        const struct finalized_block *at,
                                        const struct kms_claim *claim, struct kms_peer *ret,
                                        struct err *e)
{
    const struct kms_client_config *cf = &c->config;
    const struct gov_time time = gov_time_of(at->timestamp, clock_unix(cf->clock));
    struct gov_kms_facts facts;
    struct gov_kms_query query = {0};

    TRY(gov_kms_read(cf->view, at, &cf->kms, &query, &facts, e));
    TRY(gov_contract_live(&facts.head, &facts.line, &time, cf->min_delay, "KMS contract", e));

    const struct identity_rules rules = {cf->chain_id, cf->kms, facts.head.rtmr3,
                                         facts.head.pcr_mask};

    TRY(identity_v2(verified_quote_measurements(quote), &rules, &ret->identity, e));
    identity_principal(&ret->identity, &claim->config_hash, &ret->principal);
    query.principal = &ret->principal;
    TRY(gov_kms_read(cf->view, at, &cf->kms, &query, &facts, e));
    TRY(gov_policy_check(&facts.principal, &time, "this KMS (its image with its configuration)",
                         e));
    return judge_root(c, claim, &facts, e);
}

/* A KMS that is revoked, or whose contract is paused, gets nothing from us before that is final. */
static enum err_code judge_principal(const kms_client *c, const verified_quote *quote,
                                     const struct finalized_block *at,
                                     const struct kms_claim *claim, struct kms_peer *ret,
                                     struct err *e)
{
    TRY(judge_block(c, claim, at, &ret->claimed_block, e));
    TRY(judge_principal_at(c, quote, at, claim, ret, e));
    for (unsigned doubt = chain_view_doubts(c->config.view, at); doubt > 0; doubt--) {
        const struct finalized_block then = chain_view_doubt(at, doubt);
        struct kms_peer ignored = {0};

        TRY_IN(e, judge_principal_at(c, quote, &then, claim, &ignored, e), CHAIN_DOUBT);
    }
    return ERR_OK;
}

/* Verifies evidence for a binding whose payload begins with K, and everything K says. */
static enum err_code judge_evidence(const kms_client *c, const struct evidence *ev,
                                    const struct report_binding *binding, struct kms_peer *ret,
                                    struct bytes *ret_rest, struct err *e)
{
    AUTO(verified_quote) quote = NULL;
    struct finalized_block at;
    enum attest_fault fault;
    struct gov_time time;
    const char *caveat;

    TRY(chain_view_finalized(c->config.view, &at, e));
    time = gov_time_of(at.timestamp, clock_unix(c->config.clock));
    TRY(attest_verify_evidence(c->config.attest, ev, binding, (int64_t)time.now, &quote, &fault,
                               e));
    TRY(attest_release_check(quote, e));
    TRY(kms_claim_parse(buf_bytes(&ev->payload), &ret->claim, ret_rest, e));
    TRY(judge_principal(c, quote, &at, &ret->claim, ret, e));
    caveat = attest_caveat(quote);
    snprintf(ret->caveat, sizeof ret->caveat, "%s", caveat ? caveat : "");
    return ERR_OK;
}

static enum err_code judge_leaf(void *self, struct bytes leaf_der, struct err *e)
{
    kms_client *c = self;
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    uint8_t spki[P256_SPKI_LEN];
    struct report_binding binding = {.purpose = REPORT_KMS_TLS,
                                     .chain_id = c->config.chain_id,
                                     .kms = c->config.kms,
                                     .spki = BYTES(spki)};
    struct kms_peer peer = {0};
    struct bytes rest;

    /* The client that asks names the host in front of all this. */
    TRY(evidence_of_certificate(leaf_der, &ev, e));
    TRY(leaf_spki(leaf_der, spki, e));
    TRY(judge_evidence(c, &ev, &binding, &peer, &rest, e));
    if (rest.n != 0)
        return err_set(e, ERR_VERIFY, "its evidence holds %zu bytes too many", rest.n);
    c->peer = peer;
    return ERR_OK;
}

/* ---- calls ---- */

/* "https://host[:port]" and nothing that messages should not repeat or paths would be glued to. */
static enum err_code take_url(const char *text, char **ret, struct err *e)
{
    struct buf url AUTO_CALL(buf_done) = BUF(512);
    struct uri u;

    TRY_IN(e, uri_parse(bytes_of_str(text), &u, e), "URL of the KMS");
    if (strcmp(u.scheme, "https") != 0 || !u.host[0])
        return err_set(e, ERR_INVALID,
                       "URL of the KMS: found scheme %s, expected https://host:port", u.scheme);
    if (u.has_userinfo || u.query[0] || (u.path[0] && strcmp(u.path, "/") != 0))
        return err_set(e, ERR_INVALID,
                       "URL of the KMS: expected https://%s:port without user, path and query",
                       u.host);
    buf_printf(&url, strchr(u.host, ':') ? "https://[%s]" : "https://%s", u.host);
    if (u.port)
        buf_printf(&url, ":%u", u.port);
    TRY(buf_check(&url, e));
    *ret = strdup(buf_cstr(&url));
    return *ret ? ERR_OK : err_set(e, ERR_NOMEM, "KMS client: out of memory");
}

enum err_code kms_client_new(const struct kms_client_config *config, kms_client **ret,
                             struct err *e)
{
    AUTO(kms_client) c = calloc(1, sizeof *c);

    if (!c)
        return err_set(e, ERR_NOMEM, "KMS client: out of memory");
    TRY(take_url(config->url, &c->url, e));
    c->config = *config;
    c->config.url = c->url;

    const struct http_client_config http = {
        .tls = {.trust = TLS_TRUST_ATTESTED, .judge = judge_leaf, .self = c},
        .allow_private = true, /* its evidence says who it is, not its address */
        .total_ms = config->total_ms,
        .body_max = MSG_ANSWER_MAX,
    };

    TRY(http_client_new(&http, &c->http, e));
    *ret = TAKE(c);
    return ERR_OK;
}

void kms_client_free(kms_client *c)
{
    http_client_free(c->http);
    free(c->url);
    free(c);
}

static enum err_code status_code(unsigned status)
{
    switch (status) {
    case 400:
    case 413:
    case 415:
        return ERR_INVALID;
    case 401:
    case 403:
        return ERR_DENIED;
    case 404:
    case 410:
        return ERR_NOT_FOUND;
    case 429:
        return ERR_BUSY;
    case 503:
        return ERR_LOCKED;
    case 504:
        return ERR_TIMEOUT;
    default:
        return ERR_UPSTREAM;
    }
}

/* Text of a peer goes to a terminal: nothing but printable ASCII. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~')
            *text = '?';
    }
}

static enum err_code call(kms_client *c, const char *path, const char *content_type,
                          struct bytes body, struct http_answer *ret, struct err *e)
{
    struct buf url AUTO_CALL(buf_done) = BUF(1024);
    struct msg_error refusal;
    struct err ignored;

    buf_printf(&url, "%s%s", c->url, path);
    TRY(buf_check(&url, e));

    const struct http_call hc = {.url = buf_cstr(&url), .content_type = content_type, .body = body};

    TRY(http_client_do(c->http, &hc, ret, e));
    if (ret->status == 200)
        return ERR_OK;
    if (msg_error_decode(buf_bytes(&ret->body), &refusal, &ignored) != ERR_OK)
        return err_set(e, ERR_UPSTREAM, "KMS %s%s: status %u", c->url, path, ret->status);
    make_printable(refusal.error);
    make_printable(refusal.request_id);
    return err_set(e, status_code(ret->status), "KMS %s: %s (request %s)", c->url, refusal.error,
                   refusal.request_id);
}

enum err_code kms_client_peer(kms_client *c, struct kms_peer *ret, struct err *e)
{
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};

    TRY(call(c, "/livez", NULL, (struct bytes){0}, &answer, e));
    if (ret)
        *ret = c->peer;
    return ERR_OK;
}

/* SPKI of the key that the newest connection was attested with. */
static enum err_code connection_spki(kms_client *c, uint8_t ret[static P256_SPKI_LEN],
                                     struct err *e)
{
    struct buf leaf AUTO_CALL(buf_done) = BUF(X509_DER_MAX);

    TRY(http_client_leaf(c->http, &leaf, e));
    return leaf_spki(buf_bytes(&leaf), ret, e);
}

enum err_code kms_client_session(kms_client *c, struct kms_peer *ret, struct err *e)
{
    struct msg_evidence_request request;
    struct buf body AUTO_CALL(buf_done) = BUF(MSG_SMALL_MAX);
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    uint8_t spki[P256_SPKI_LEN];
    struct kms_peer peer = {0};
    struct hash32 exporter;
    struct bytes rest;

    random_bytes(request.nonce.b, sizeof request.nonce.b);
    TRY(msg_evidence_request_encode(&request, &body, e));
    TRY(call(c, "/api/v2/evidence", "application/json", buf_bytes(&body), &answer, e));
    TRY(evidence_decode(buf_bytes(&answer.body), &ev, e));
    TRY(connection_spki(c, spki, e));
    TRY(http_client_exporter(c->http, &request.nonce, &exporter, e));

    const struct report_binding binding = {.purpose = REPORT_KMS_SESSION,
                                           .chain_id = c->config.chain_id,
                                           .kms = c->config.kms,
                                           .spki = BYTES(spki),
                                           .nonce = request.nonce};

    TRY_IN(e, judge_evidence(c, &ev, &binding, &peer, &rest, e), "KMS %s: session", c->url);
    if (!bytes_eq(rest, BYTES_OF(exporter)))
        return err_set(e, ERR_VERIFY,
                       "KMS %s: its evidence is for another TLS session: somebody is in between",
                       c->url);
    *ret = peer;
    return ERR_OK;
}

void kms_client_pki_done(struct kms_client_pki *p)
{
    buf_done(&p->ca_der);
    buf_done(&p->spki_der);
}

static void app_hex(const struct addr *app, char ret[static HEX_LEN(20)])
{
    hex_encode(BYTES_OF(*app), ret);
}

enum err_code kms_client_pki(kms_client *c, const struct addr *app, struct kms_client_pki *ret,
                             struct err *e)
{
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    struct msg_pki pki AUTO_CALL(msg_pki_done) = {0};
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    char path[160], hex[HEX_LEN(20)], nonce_hex[HEX_LEN(32)];
    uint8_t spki[P256_SPKI_LEN];
    struct kms_peer peer = {0};
    struct hash32 nonce, hash;
    struct bytes rest;

    random_bytes(nonce.b, sizeof nonce.b);
    app_hex(app, hex);
    hex_encode(BYTES_OF(nonce), nonce_hex);
    snprintf(path, sizeof path, "/api/v2/pki/%s?nonce=%s", hex, nonce_hex);
    TRY(call(c, path, NULL, (struct bytes){0}, &answer, e));
    TRY_IN(e, msg_pki_decode(buf_bytes(&answer.body), &pki, e), "KMS %s: PKI", c->url);
    TRY_IN(e, evidence_from_json(pki.evidence, &ev, e), "KMS %s: PKI", c->url);
    TRY(connection_spki(c, spki, e));

    const struct report_binding binding = {.purpose = REPORT_PKI,
                                           .chain_id = c->config.chain_id,
                                           .kms = c->config.kms,
                                           .app = *app,
                                           .spki = BYTES(spki),
                                           .nonce = nonce};

    TRY_IN(e, judge_evidence(c, &ev, &binding, &peer, &rest, e), "KMS %s: PKI", c->url);
    TRY(gov_pki_hash(buf_bytes(&pki.ca_der), buf_bytes(&pki.spki_der), &hash, e));
    if (!bytes_eq(rest, BYTES_OF(hash)))
        return err_set(e, ERR_VERIFY,
                       "KMS %s: the evidence is for another CA or key than the "
                       "answer holds",
                       c->url);
    ret->ca_der = pki.ca_der;
    ret->spki_der = pki.spki_der;
    ret->epoch = pki.epoch;
    pki.ca_der = pki.spki_der = (struct buf){0};
    return ERR_OK;
}

enum err_code kms_client_challenge(kms_client *c, const struct addr *app, const char *purpose,
                                   struct msg_challenge *ret, struct err *e)
{
    struct msg_challenge_request request = {.app = *app};
    struct buf body AUTO_CALL(buf_done) = BUF(MSG_SMALL_MAX);
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};

    snprintf(request.purpose, sizeof request.purpose, "%s", purpose);
    TRY(msg_challenge_request_encode(&request, &body, e));
    TRY(call(c, "/api/v2/challenge", "application/json", buf_bytes(&body), &answer, e));
    TRY_IN(e, msg_challenge_decode(buf_bytes(&answer.body), ret, e), "KMS %s: challenge", c->url);
    return ERR_OK;
}

/* The sealed answer to a request: to its bytes, signed with the key of the connection that it came
 * by, and opened with `key`. */
static enum err_code sealed_exchange(kms_client *c, const char *path, struct bytes request,
                                     struct msg_answer_context *context, EVP_PKEY *key,
                                     secret **ret, struct err *e)
{
    struct http_answer http AUTO_CALL(http_answer_done) = {0};
    struct msg_answer answer AUTO_CALL(msg_answer_done) = {0};
    AUTO(EVP_PKEY) tls_key = NULL;
    uint8_t spki[P256_SPKI_LEN];

    TRY(call(c, path, "application/json", request, &http, e));
    TRY_IN(e, msg_answer_decode(buf_bytes(&http.body), &answer, e), "KMS %s: answer", c->url);
    TRY(connection_spki(c, spki, e));
    TRY(p256_from_spki(BYTES(spki), &tls_key, e));
    sha256(request, &context->request_sha256);
    TRY_IN(e, msg_answer_open(context, key, tls_key, &answer, ret, e), "KMS %s: answer", c->url);
    return ERR_OK;
}

enum err_code kms_client_secrets(kms_client *c, const struct addr *app, uint64_t epoch,
                                 const struct hash32 *challenge, const struct evidence *evidence,
                                 EVP_PKEY *hpke_key, secret **ret, struct err *e)
{
    struct msg_answer_context context = {.chain_id = c->config.chain_id,
                                         .kms = c->config.kms,
                                         .app = *app,
                                         .epoch = epoch,
                                         .nonce = *challenge};
    struct buf evidence_text AUTO_CALL(buf_done) = BUF(MSG_REQUEST_MAX);
    struct buf body AUTO_CALL(buf_done) = BUF(MSG_REQUEST_MAX);
    char path[96], hex[HEX_LEN(20)];

    TRY(evidence_encode(evidence, &evidence_text, e));
    TRY(msg_secrets_request_encode(challenge, buf_bytes(&evidence_text), &body, e));
    app_hex(app, hex);
    snprintf(path, sizeof path, "/api/v2/secrets/%s", hex);
    return sealed_exchange(c, path, buf_bytes(&body), &context, hpke_key, ret, e);
}

enum err_code kms_client_explain(kms_client *c, const struct addr *app,
                                 const struct hash32 *challenge, const struct evidence *evidence,
                                 EVP_PKEY *key, struct buf *ret, struct err *e)
{
    struct msg_answer_context context = {.explains = true,
                                         .chain_id = c->config.chain_id,
                                         .kms = c->config.kms,
                                         .app = *app,
                                         .nonce = *challenge};
    struct buf evidence_text AUTO_CALL(buf_done) = BUF(MSG_REQUEST_MAX);
    struct buf body AUTO_CALL(buf_done) = BUF(MSG_REQUEST_MAX);
    AUTO(secret) text = NULL;
    uint8_t own[P256_SPKI_LEN];
    char path[96], hex[HEX_LEN(20)];

    TRY(evidence_encode(evidence, &evidence_text, e));
    TRY(p256_spki(key, own, e));
    TRY(msg_explain_request_encode(challenge, BYTES(own), buf_bytes(&evidence_text), &body, e));
    app_hex(app, hex);
    snprintf(path, sizeof path, "/api/v2/explain/%s", hex);
    TRY(sealed_exchange(c, path, buf_bytes(&body), &context, key, &text, e));
    buf_put(ret, secret_bytes(text));
    return buf_check(ret, e);
}
