/* fake_kms - a KMS over a real TLS listener, around tests/support/kms_world.h.  Room: tests.
 *
 * Development builds alone.  Right unless told otherwise: its leaf carries evidence of the
 * simulated platform, its principal and root are those that the world's KMS contract holds.  `leaf`
 * says how the certificate is made wrong, `twist` how an answer is.  Secrets requests are answered
 * by kms_release itself.  One request at a time. */
#pragma once
#include <arpa/inet.h>
#include "attest/evidence.h"
#include "base/codec.h"
#include "chain/abi.h"
#include "gov/contracts_gen.h"
#include "instance/kms_client.h"
#include "net/http_server.h"
#include "support/kms_world.h"

/* How an answer is wrong. */
enum twist {
    TWIST_NONE,
    TWIST_EXPORTER,  /* session evidence over another exporter */
    TWIST_NONCE,     /* session or PKI evidence over another nonce */
    TWIST_PURPOSE,   /* session or PKI evidence made for TLS */
    TWIST_OTHER_CA,  /* the PKI answer holds another CA than the evidence */
    TWIST_OTHER_KEY, /* the same with the application's key */
    TWIST_SIGNATURE, /* a secrets answer signed by another key than the attested one */
    TWIST_REPLAY,    /* the secrets answer of the request before */
    TWIST_EPOCH,     /* sealed for another epoch than the contract's */
    TWIST_FORGE,     /* what `forge` made of the right secrets, properly sealed and signed */
    TWIST_ERROR,     /* `status` and `error_body` */
    TWIST_HUGE,      /* more than any answer has */
};

/* How the leaf is made; fake_kms_leaf makes the right one, tests make it wrong. */
struct leaf {
    bool no_evidence;
    EVP_PKEY *over;                /* evidence over this key instead of the leaf's own */
    struct report_binding binding; /* spki and payload are filled in */
    struct kms_claim claim;
    struct bytes more; /* behind the claim */
    struct td_report td;
    enum sim_fault fault;
};

struct fake_kms {
    struct world *w;
    struct chain_view view;       /* of the clients: the world's facts, and what follows */
    struct finalized_block other; /* a canonical block besides the newest; number 0: none */
    unsigned blocks_late;         /* so many questions about blocks are answered no first */
    struct {
        struct buf calldata, answer;
    } bodies[16];
    size_t n_bodies;
    struct chain_log logs[80];
    size_t n_logs;
    bool logs_fail;

    tls_server *tls;
    http_server *server;
    struct http_routes routes;
    char url[64];
    pthread_mutex_t lock; /* over what follows: workers read it */
    enum twist twist;
    unsigned status;
    const char *error_body;
    struct buf last_request, last_answer; /* of a secrets request */
    void (*forge)(struct fake_kms *k, const kms_app *keys, struct msg_secrets *m);
    struct buf forged; /* bytes that forge points to */
    unsigned secrets_requests;
};

/* ---- the chain that clients see ---- */

static inline enum err_code fk_finalized(void *self, struct finalized_block *ret, struct err *e)
{
    return world_finalized(((struct fake_kms *)self)->w, ret, e);
}

static inline enum err_code fk_read(void *self, const struct finalized_block *at,
                                    const struct addr *contract, const struct hash32 *slots,
                                    size_t n, struct hash32 *ret_values,
                                    struct hash32 *ret_code_hash, struct err *e)
{
    return world_read(((struct fake_kms *)self)->w, at, contract, slots, n, ret_values,
                      ret_code_hash, e);
}

static inline enum err_code fk_block(void *self, const struct block_ref *ref,
                                     struct finalized_block *ret, struct err *e)
{
    struct fake_kms *k = self;
    const struct finalized_block *known[] = {&k->w->block, &k->other};

    if (k->blocks_late > 0) {
        k->blocks_late--;
        return err_set(e, ERR_VERIFY, "not final yet");
    }
    for (size_t i = 0; i < 2; i++) {
        if (ref->number == known[i]->ref.number && hash32_eq(&ref->hash, &known[i]->ref.hash)) {
            *ret = *known[i];
            return ERR_OK;
        }
    }
    return err_set(e, ERR_VERIFY, "not canonical");
}

static inline enum err_code fk_body(void *self, const struct finalized_block *at,
                                    const struct addr *contract, struct bytes calldata,
                                    struct buf *ret, struct err *e)
{
    struct fake_kms *k = self;

    (void)at;
    (void)contract;
    for (size_t i = k->n_bodies; i-- > 0;) {
        if (bytes_eq(buf_bytes(&k->bodies[i].calldata), calldata)) {
            buf_put(ret, buf_bytes(&k->bodies[i].answer));
            return buf_check(ret, e);
        }
    }
    return err_set(e, ERR_DENIED, "reverted");
}

static inline enum err_code fk_logs(void *self, const struct chain_log_query *q,
                                    struct chain_log *ret, size_t max, size_t *ret_n, struct err *e)
{
    struct fake_kms *k = self;
    size_t n = 0;

    if (k->logs_fail)
        return err_set(e, ERR_UPSTREAM, "the node keeps no logs");
    for (size_t i = 0; i < k->n_logs && n < max; i++) {
        if (!hash32_eq(&k->logs[i].topics[0], q->topic[0]))
            continue;
        ret[n] = k->logs[i];
        ret[n].data = BUF(4096);
        buf_put(&ret[n++].data, buf_bytes(&k->logs[i].data));
    }
    *ret_n = n;
    return ERR_OK;
}

static inline unsigned fk_doubts(void *self)
{
    return world_doubts(((struct fake_kms *)self)->w);
}

static const struct chain_view_ops fk_view_ops = {.finalized = fk_finalized,
                                                  .read = fk_read,
                                                  .block = fk_block,
                                                  .body = fk_body,
                                                  .logs = fk_logs,
                                                  .doubts = fk_doubts};

/* The answer of a view function; a later one for the same call takes its place. */
static inline void fake_kms_body(struct fake_kms *k, const char *function,
                                 const struct abi_value *arg, const char *types,
                                 const struct abi_value *value)
{
    size_t i = k->n_bodies++;
    struct err e = {0};

    if (i == sizeof k->bodies / sizeof *k->bodies)
        abort();
    k->bodies[i].calldata = BUF(4096);
    k->bodies[i].answer = BUF(1 << 20);
    world_must(abi_call(function, arg, arg ? 1 : 0, &k->bodies[i].calldata, &e), &e, function);
    world_must(abi_encode(types, value, 1, &k->bodies[i].answer, &e), &e, function);
}

static inline void fake_kms_publish(struct fake_kms *k, const struct addr *app, struct bytes ca,
                                    struct bytes spki)
{
    struct abi_value parts[] = {abi_bytes(ca), abi_bytes(spki), abi_str("evidence")};
    struct abi_value pki = abi_list(parts, 3);
    struct hash32 hash;
    struct err e = {0};

    fake_kms_body(k, GOV_FN_PKI, NULL, GOV_RET_PKI, &pki);
    world_must(gov_pki_hash(ca, spki, &hash, &e), &e, "PKI hash");
    world_set(k->w, app, gov_slot(GOV_SLOT_PKI_HASH), hash);
}

static inline void fake_kms_backends(struct fake_kms *k, const struct addr *app,
                                     const char *const *uris, size_t n)
{
    struct buf text AUTO_CALL(buf_done) = BUF(1 << 16);
    struct abi_value items[8], list;
    struct hash32 hash;
    struct err e = {0};

    for (size_t i = 0; i < n; i++)
        items[i] = abi_str(uris[i]);
    list = abi_list(items, n);
    fake_kms_body(k, GOV_FN_STORAGE_BACKENDS, NULL, "string[]", &list);
    world_must(abi_encode("string[]", &list, 1, &text, &e), &e, "backends");
    keccak256(buf_bytes(&text), &hash);
    world_set(k->w, app, gov_slot(GOV_SLOT_BACKENDS_HASH), hash);
}

static inline struct hash32 fake_kms_artifact(struct fake_kms *k, struct bytes content)
{
    struct abi_value value = abi_bytes(content), arg;
    struct hash32 id;

    sha256(content, &id);
    arg = abi_word(&id);
    fake_kms_body(k, GOV_FN_ARTIFACTS, &arg, GOV_RET_ARTIFACTS, &value);
    return id;
}

/* An event IdentityMeasured; a dishonest one names another identity than its measurements give. */
static inline struct hash32 fake_kms_measured(struct fake_kms *k, const struct addr *app,
                                              const struct td_report *td, bool honest)
{
    const struct identity_rules rules = {.chain_id = k->w->config.chain_id, .contract = *app};
    struct chain_log *log = &k->logs[k->n_logs++];
    struct buf packed AUTO_CALL(buf_done) = BUF(1024);
    struct measurements m;
    struct hash32 identity;
    struct err e = {0};

    measurements_of_td(td, &m);
    world_must(measurements_pack(&m, 0, &packed, &e), &e, "measurements");
    world_must(identity_v2(&m, &rules, &identity, &e), &e, "identity");
    log->topics[1] = identity;
    if (!honest)
        log->topics[1].b[0] ^= 1;
    log->data = BUF(4096);
    log->n_topics = 2;
    abi_topic(GOV_EV_IDENTITY_MEASURED, &log->topics[0]);
    world_must(abi_encode(GOV_EV_DATA_IDENTITY_MEASURED,
                          (struct abi_value[]){abi_u64(1), abi_bytes(buf_bytes(&packed))}, 2,
                          &log->data, &e),
               &e, "event");
    return identity;
}

/* ---- evidence ---- */

static inline struct kms_claim fake_kms_claim(const struct fake_kms *k)
{
    const kms_root *root = kms_apps_root(k->w->ctx.authority.apps);

    return (struct kms_claim){.config_hash = k->w->ctx.authority.config_hash,
                              .block = k->w->block.ref.number,
                              .block_hash = k->w->block.ref.hash,
                              .root_id = *kms_root_id(root),
                              .commitment = *kms_root_commitment(root)};
}

/* A quote of `td` over the binding with payload claim || more. */
static inline void fake_kms_evidence(const struct leaf *l, struct evidence *ret)
{
    struct buf payload AUTO_CALL(buf_done) = BUF(4096);
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct report_binding binding = l->binding;
    AUTO(sim_platform) platform = NULL;
    struct report_data rd;
    struct err e = {0};

    kms_claim_put(&payload, &l->claim);
    buf_put(&payload, l->more);
    binding.payload = buf_bytes(&payload);
    report_data_v2(&binding, &rd);
    world_must(sim_platform_new("the KMS's machine", l->fault, &platform, &e), &e, "platform");
    world_must(sim_quote(platform, SIM_V4, &l->td, &rd, &quote, &e), &e, "quote");
    world_must(evidence_set(ret, EVIDENCE_TYPE_TDX, buf_bytes(&quote), buf_bytes(&payload), &e), &e,
               "evidence");
}

static inline struct leaf fake_kms_leaf(const struct fake_kms *k)
{
    struct leaf l = {.binding = {.purpose = REPORT_KMS_TLS,
                                 .chain_id = k->w->config.chain_id,
                                 .kms = k->w->config.kms},
                     .claim = fake_kms_claim(k)};

    sim_td_of_image("the KMS", &l.td);
    return l;
}

static inline X509 *fake_kms_certificate(const struct fake_kms *k, const struct leaf *l)
{
    struct x509_leaf_spec spec = {.common_name = "a KMS",
                                  .not_before = k->w->now - 60,
                                  .not_after = k->w->now + 3600,
                                  .server_auth = true};
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct buf extension AUTO_CALL(buf_done) = BUF(EVIDENCE_EXTENSION_MAX);
    uint8_t spki[P256_SPKI_LEN];
    struct leaf with_key = *l;
    X509 *cert = NULL;
    struct err e = {0};

    if (!l->no_evidence) {
        world_must(p256_spki(l->over ? l->over : k->w->ctx.tls_key, spki, &e), &e, "SPKI");
        with_key.binding.spki = BYTES(spki);
        fake_kms_evidence(&with_key, &ev);
        world_must(evidence_extension_encode(&ev, &extension, &e), &e, "extension");
        spec.extension_oid = OID_TEEREG_EVIDENCE;
        spec.extension = buf_bytes(&extension);
    }
    world_must(x509_self_signed(k->w->ctx.tls_key, &spec, &cert, &e), &e, "leaf");
    return cert;
}

/* ---- routes ---- */

static inline void fk_error(struct http_response *ret, enum err_code code, const char *id)
{
    struct msg_error m = {0};
    struct err e = {0};

    snprintf(m.error, sizeof m.error, "%s", code == ERR_DENIED ? "not allowed" : "no");
    snprintf(m.request_id, sizeof m.request_id, "%s", id);
    ret->status = code == ERR_DENIED ? 403 : 400;
    world_must(msg_error_encode(&m, &ret->body, &e), &e, "error");
}

/* True when the twist has answered already. */
static inline bool fk_twisted(struct fake_kms *k, struct http_response *ret)
{
    if (k->twist == TWIST_HUGE) {
        ret->status = 200;
        buf_put_zero(&ret->body, MSG_ANSWER_MAX + 1);
        return true;
    }
    if (k->twist != TWIST_ERROR)
        return false;
    ret->status = k->status;
    buf_put_str(&ret->body, k->error_body);
    return true;
}

static inline void fk_livez(void *self, const struct http_request *req, struct http_response *ret)
{
    struct fake_kms *k = self;

    (void)req;
    pthread_mutex_lock(&k->lock);
    if (!fk_twisted(k, ret))
        http_response_text(ret, 200, "ok\n");
    pthread_mutex_unlock(&k->lock);
}

static inline void fk_challenge_locked(struct fake_kms *k, const struct http_request *req,
                                       struct http_response *ret)
{
    struct msg_challenge_request m;
    struct msg_challenge answer;
    uint32_t expires;
    struct err e = {0};

    if (msg_challenge_request_decode(req->body, &m, &e) != ERR_OK) {
        fk_error(ret, ERR_INVALID, req->request_id);
        return;
    }
    world_must(
        challenge_make(k->w->ctx.challenges, m.purpose, &m.app, &answer.challenge, &expires, &e),
        &e, "challenge");
    answer.expires = expires;
    world_must(msg_challenge_encode(&answer, &ret->body, &e), &e, "challenge");
    ret->status = 200;
}

static inline void fk_challenge(void *self, const struct http_request *req,
                                struct http_response *ret)
{
    struct fake_kms *k = self;

    pthread_mutex_lock(&k->lock);
    if (!fk_twisted(k, ret))
        fk_challenge_locked(k, req, ret);
    pthread_mutex_unlock(&k->lock);
}

/* Evidence of this purpose over the TLS key and the caller's nonce, unless twisted. */
static inline void fk_evidence_of(struct fake_kms *k, enum report_purpose purpose,
                                  const struct addr *app, const struct hash32 *nonce,
                                  struct bytes more, struct buf *ret)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct leaf l = fake_kms_leaf(k);
    uint8_t spki[P256_SPKI_LEN];
    struct err e = {0};

    world_must(p256_spki(k->w->ctx.tls_key, spki, &e), &e, "SPKI");
    l.binding.purpose = k->twist == TWIST_PURPOSE ? REPORT_KMS_TLS : purpose;
    l.binding.app = *app;
    l.binding.spki = BYTES(spki);
    l.binding.nonce = *nonce;
    l.binding.nonce.b[0] ^= k->twist == TWIST_NONCE;
    l.more = more;
    fake_kms_evidence(&l, &ev);
    world_must(evidence_encode(&ev, ret, &e), &e, "evidence");
}

static inline void fk_session(void *self, const struct http_request *req, struct http_response *ret)
{
    static const struct addr nobody;
    struct fake_kms *k = self;
    struct msg_evidence_request m;
    struct hash32 exporter;
    struct err e = {0};

    pthread_mutex_lock(&k->lock);
    world_must(msg_evidence_request_decode(req->body, &m, &e), &e, "request");
    world_must(http_request_exporter(req, &m.nonce, &exporter, &e), &e, "exporter");
    exporter.b[0] ^= k->twist == TWIST_EXPORTER;
    fk_evidence_of(k, REPORT_KMS_SESSION, &nobody, &m.nonce, BYTES_OF(exporter), &ret->body);
    ret->status = 200;
    pthread_mutex_unlock(&k->lock);
}

static inline bool fk_app(const struct http_request *req, struct addr *ret)
{
    struct err e = {0};

    return hex_decode(bytes_of_str(http_request_param(req, "app")), ret->b, sizeof ret->b, &e) ==
           ERR_OK;
}

static inline void fk_pki(void *self, const struct http_request *req, struct http_response *ret)
{
    struct buf ev AUTO_CALL(buf_done) = BUF(EVIDENCE_EXTENSION_MAX);
    struct fake_kms *k = self;
    const kms_app *keys = NULL, *other = NULL;
    char hex[HEX_LEN(32)];
    struct hash32 nonce;
    struct addr app;
    struct err e = {0};

    pthread_mutex_lock(&k->lock);
    if (!fk_app(req, &app))
        abort();
    world_must(http_request_query(req, "nonce", hex, sizeof hex, &e), &e, "nonce");
    world_must(hex_decode(bytes_of_str(hex), nonce.b, sizeof nonce.b, &e), &e, "nonce");
    world_must(kms_apps_get(k->w->ctx.authority.apps, &app, 0, &keys, &e), &e, "keys");
    world_must(kms_apps_get(k->w->ctx.authority.apps, &k->w->app_b, 0, &other, &e), &e, "keys");
    fk_evidence_of(k, REPORT_PKI, &app, &nonce, BYTES_OF(keys->pki_hash), &ev);
    world_must(msg_pki_encode(k->twist == TWIST_OTHER_CA ? other->ca_der : keys->ca_der,
                              k->twist == TWIST_OTHER_KEY ? BYTES(other->encrypt_spki)
                                                          : BYTES(keys->encrypt_spki),
                              0, buf_bytes(&ev), &ret->body, &e),
               &e, "PKI");
    ret->status = 200;
    kms_app_put(keys);
    kms_app_put(other);
    pthread_mutex_unlock(&k->lock);
}

/* Seals without asking anybody, as a KMS could that lies about what it was measured as. */
static inline void fk_forge(struct fake_kms *k, const struct addr *app, struct bytes body,
                            struct buf *ret)
{
    struct msg_secrets_request request AUTO_CALL(msg_secrets_request_done) = {0};
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct ca_issued cert AUTO_CALL(ca_issued_done) = {0};
    struct msg_answer answer AUTO_CALL(msg_answer_done) = {0};
    struct ca_policy policy = {.app = *app, .now = k->w->now};
    struct msg_answer_context bound = {
        .chain_id = k->w->config.chain_id, .kms = k->w->config.kms, .app = *app};
    struct msg_secrets_payload payload;
    AUTO(EVP_PKEY) subject = NULL;
    AUTO(EVP_PKEY) stranger = NULL;
    AUTO(secret) plaintext = NULL;
    const kms_app *keys = NULL;
    struct err e = {0};

    world_must(msg_secrets_request_decode(body, &request, &e), &e, "request");
    world_must(evidence_from_json(request.evidence, &ev, &e), &e, "evidence");
    world_must(msg_secrets_payload_decode(buf_bytes(&ev.payload), &payload, &e), &e, "payload");
    world_must(csr_parse(payload.csr, &subject, &e), &e, "CSR");
    world_must(kms_apps_get(k->w->ctx.authority.apps, app, 0, &keys, &e), &e, "keys");
    world_must(ca_issue(keys->ca_key, keys->ca, subject, &policy, &cert, &e), &e, "issue");

    struct msg_secrets m = {.key_scheme = KEY_SCHEME_V2,
                            .encrypt_scalar = secret_bytes(keys->encrypt),
                            .disk = secret_bytes(keys->disk),
                            .certificate = buf_bytes(&cert.der),
                            .ca = keys->ca_der,
                            .node = bytes_of_str("forger")};

    if (k->twist == TWIST_FORGE)
        k->forge(k, keys, &m);
    bound.epoch = k->twist == TWIST_EPOCH;
    bound.nonce = request.challenge;
    sha256(body, &bound.request_sha256);
    world_must(p256_generate(&stranger, &e), &e, "key");
    world_must(msg_secrets_encode(&m, &plaintext, &e), &e, "secrets");
    world_must(msg_answer_seal(&bound, payload.hpke_key, secret_bytes(plaintext),
                               k->twist == TWIST_SIGNATURE ? stranger : k->w->ctx.tls_key, &answer,
                               &e),
               &e, "seal");
    world_must(msg_answer_encode(&answer, ret, &e), &e, "answer");
    kms_app_put(keys);
}

static inline void fk_secrets_locked(struct fake_kms *k, const struct http_request *req,
                                     struct http_response *ret)
{
    struct buf answer AUTO_CALL(buf_done) = BUF(MSG_ANSWER_MAX);
    struct release_outcome outcome;
    struct addr app;
    enum err_code code = ERR_OK;
    struct err e = {0};

    if (!fk_app(req, &app))
        abort();
    buf_clear(&k->last_request);
    buf_put(&k->last_request, req->body);
    if (k->twist == TWIST_NONE)
        code = kms_release(&k->w->ctx, &app, req->body, &answer, &outcome, &e);
    else if (k->twist == TWIST_REPLAY)
        buf_put(&answer, buf_bytes(&k->last_answer));
    else
        fk_forge(k, &app, req->body, &answer);
    if (code != ERR_OK) {
        fk_error(ret, ERR_DENIED, req->request_id);
        return;
    }
    buf_clear(&k->last_answer);
    buf_put(&k->last_answer, buf_bytes(&answer));
    buf_put(&ret->body, buf_bytes(&answer));
    ret->status = 200;
}

static inline void fk_secrets(void *self, const struct http_request *req, struct http_response *ret)
{
    struct fake_kms *k = self;

    pthread_mutex_lock(&k->lock);
    k->secrets_requests++;
    if (!fk_twisted(k, ret))
        fk_secrets_locked(k, req, ret);
    pthread_mutex_unlock(&k->lock);
}

/* ---- the whole ---- */

static const struct http_route fk_routes[] = {
    {"GET", "/livez", fk_livez, 0, 0},
    {"POST", "/api/v2/challenge", fk_challenge, MSG_SMALL_MAX, 0},
    {"POST", "/api/v2/evidence", fk_session, MSG_SMALL_MAX, 0},
    {"GET", "/api/v2/pki/{app}", fk_pki, 0, 0},
    {"POST", "/api/v2/secrets/{app}", fk_secrets, MSG_REQUEST_MAX, 0},
};

/* A new listener with this leaf. */
static inline void fake_kms_listen(struct fake_kms *k, const struct leaf *l)
{
    struct http_server_config config = http_server_defaults;
    AUTO(X509) cert = fake_kms_certificate(k, l);
    uint16_t port;
    struct err e = {0};

    k->routes = (struct http_routes){
        .list = fk_routes, .n = sizeof fk_routes / sizeof *fk_routes, .self = k};
    config.workers = 1;
    world_must(tls_server_new(k->w->ctx.tls_key, cert, &k->tls, &e), &e, "TLS");
    world_must(http_server_new(&config, &k->server, &e), &e, "server");
    world_must(http_server_listen_tls(k->server, "127.0.0.1:0", k->tls, &k->routes, &port, &e), &e,
               "listen");
    world_must(http_server_start(k->server, &e), &e, "start");
    snprintf(k->url, sizeof k->url, "https://127.0.0.1:%u", port);
}

/* Ends the listener; how many requests, good or bad, it has seen. */
static inline uint64_t fake_kms_stop(struct fake_kms *k)
{
    struct http_server_stats stats = {0};
    struct err e = {0};

    if (!k->server)
        return 0;
    world_must(http_server_drain(k->server, 5000, &e), &e, "drain");
    http_server_stats(k->server, &stats);
    http_server_free(k->server);
    tls_server_free(k->tls);
    k->server = NULL;
    k->tls = NULL;
    return stats.requests + stats.bad;
}

static inline struct fake_kms *fake_kms_new(void)
{
    struct fake_kms *k = calloc(1, sizeof *k);

    if (!k)
        abort();
    k->w = world_new();
    k->view =
        (struct chain_view){.ops = &fk_view_ops, .self = k, .mode = "fake", .chain_id = 31337};
    k->last_request = BUF(MSG_REQUEST_MAX);
    k->last_answer = BUF(MSG_ANSWER_MAX);
    k->forged = BUF(MSG_ANSWER_MAX);
    pthread_mutex_init(&k->lock, NULL);
    return k;
}

static inline void fake_kms_free(struct fake_kms *k)
{
    (void)fake_kms_stop(k);
    for (size_t i = 0; i < k->n_bodies; i++) {
        buf_done(&k->bodies[i].calldata);
        buf_done(&k->bodies[i].answer);
    }
    for (size_t i = 0; i < k->n_logs; i++)
        chain_log_done(&k->logs[i]);
    buf_done(&k->last_request);
    buf_done(&k->last_answer);
    buf_done(&k->forged);
    pthread_mutex_destroy(&k->lock);
    world_free(k->w);
    free(k);
}

static inline void fake_kms_twist(struct fake_kms *k, enum twist twist)
{
    pthread_mutex_lock(&k->lock);
    k->twist = twist;
    pthread_mutex_unlock(&k->lock);
}

/* ---- clients ---- */

static inline struct kms_client_config fake_kms_config(struct fake_kms *k)
{
    return (struct kms_client_config){.url = k->url,
                                      .chain_id = k->w->config.chain_id,
                                      .kms = k->w->config.kms,
                                      .view = &k->view,
                                      .clock = &k->w->clock,
                                      .attest = &k->w->ctx.judge,
                                      .total_ms = 10000};
}

static inline kms_client *fake_kms_client(struct fake_kms *k)
{
    const struct kms_client_config config = fake_kms_config(k);
    kms_client *c = NULL;
    struct err e = {0};

    world_must(kms_client_new(&config, &c, &e), &e, "client");
    return c;
}
