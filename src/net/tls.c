#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include "crypto/x509.h"

#define GROUPS       "P-256:X25519"
#define CIPHERS_1_3  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define CA_CERTS_MAX 64

DEFINE_AUTO(BIO, BIO_free_all);

const char *tls_reason(void)
{
    unsigned long last = ERR_peek_last_error();
    const char *reason = last ? ERR_reason_error_string(last) : NULL;

    ERR_clear_error();
    return reason ? reason : "refused by OpenSSL";
}

enum err_code tls_exporter(SSL *ssl, const struct hash32 *nonce, struct hash32 *ret, struct err *e)
{
    struct hash32 out;

    if (SSL_export_keying_material(ssl, out.b, sizeof out.b, TLS_EXPORTER_LABEL,
                                   strlen(TLS_EXPORTER_LABEL), nonce->b, sizeof nonce->b, 1) != 1)
        return err_set(e, ERR_INTERNAL, "TLS exporter: %s", tls_reason());
    *ret = out;
    return ERR_OK;
}

/* ---- server ---- */

struct tls_server {
    pthread_mutex_t lock;
    SSL_CTX *ctx; /* replaced as a whole; sessions hold their own reference */
};

/* Any client that says what it speaks must speak HTTP/1.1. */
static int choose_alpn(SSL *ssl, const uint8_t **out, uint8_t *out_n, const uint8_t *in,
                       unsigned in_n, void *self)
{
    static const uint8_t ours[] = "\x08http/1.1";

    (void)ssl;
    (void)self;
    if (SSL_select_next_proto((uint8_t **)(uintptr_t)out, out_n, ours, sizeof ours - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

static bool forbid_resumption(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
           SSL_CTX_set_recv_max_early_data(ctx, 0) == 1;
}

static enum err_code server_context(EVP_PKEY *key, X509 *cert, SSL_CTX **ret, struct err *e)
{
    AUTO(SSL_CTX) ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set1_groups_list(ctx, GROUPS) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, CIPHERS_1_3) != 1 || !forbid_resumption(ctx))
        return err_set(e, ERR_INTERNAL, "TLS server: %s", tls_reason());
    if (SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        return err_set(e, ERR_INVALID, "TLS key and certificate: %s", tls_reason());
    /* SHA-256 has instructions of its own; a client's wish for SHA-384 would slow each handshake.
     */
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* One read of the socket takes all that is there; idle connections hold no record buffers; no
     * chain is searched for at each handshake: there is only the leaf. */
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN |
                              SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    *ret = TAKE(ctx);
    return ERR_OK;
}

enum err_code tls_server_new(EVP_PKEY *key, X509 *cert, tls_server **ret, struct err *e)
{
    AUTO(tls_server) t = calloc(1, sizeof *t);

    if (!t)
        return err_set(e, ERR_NOMEM, "TLS server");
    pthread_mutex_init(&t->lock, NULL);
    TRY(server_context(key, cert, &t->ctx, e));
    *ret = TAKE(t);
    return ERR_OK;
}

void tls_server_free(tls_server *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

enum err_code tls_server_set_certificate(tls_server *t, EVP_PKEY *key, X509 *cert, struct err *e)
{
    SSL_CTX *fresh = NULL, *old;

    TRY(server_context(key, cert, &fresh, e));
    pthread_mutex_lock(&t->lock);
    old = t->ctx;
    t->ctx = fresh;
    pthread_mutex_unlock(&t->lock);
    SSL_CTX_free(old);
    return ERR_OK;
}

enum err_code tls_server_session(tls_server *t, SSL **ret, struct err *e)
{
    SSL *ssl;

    pthread_mutex_lock(&t->lock);
    ssl = SSL_new(t->ctx);
    pthread_mutex_unlock(&t->lock);
    if (!ssl)
        return err_set(e, ERR_NOMEM, "TLS session: %s", tls_reason());
    SSL_set_accept_state(ssl);
    *ret = ssl;
    return ERR_OK;
}

/* ---- client ---- */

static int judge_leaf(X509_STORE_CTX *store, void *arg)
{
    struct tls_verdict *verdict = arg;
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    struct buf der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);

    verdict->judged = verdict->refused = false;
    if (!leaf) {
        err_set(&verdict->why, ERR_VERIFY, "the peer showed no certificate");
        verdict->refused = true;
    } else {
        verdict->refused =
            x509_der(leaf, &der, &verdict->why) != ERR_OK ||
            verdict->policy->judge(verdict->policy->self, buf_bytes(&der), &verdict->why) != ERR_OK;
    }
    verdict->judged = !verdict->refused;
    X509_STORE_CTX_set_error(store,
                             verdict->judged ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return verdict->judged;
}

void tls_client_attested(SSL_CTX *ctx, struct tls_verdict *verdict)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, judge_leaf, verdict);
    (void)forbid_resumption(ctx);
}

static enum err_code load_ca(SSL_CTX *ctx, struct bytes pem, struct err *e)
{
    AUTO(BIO) in = BIO_new_mem_buf(pem.p, (int)(pem.n < 1 << 20 ? pem.n : 0));
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    unsigned n = 0;

    for (; in && n < CA_CERTS_MAX; n++) {
        AUTO(X509) ca = PEM_read_bio_X509(in, NULL, NULL, NULL);

        if (!ca)
            break;
        if (X509_STORE_add_cert(store, ca) != 1)
            return err_set(e, ERR_INVALID, "certification authority %u: %s", n + 1, tls_reason());
    }
    ERR_clear_error(); /* the end of the input counts as an error */
    return n ? ERR_OK : err_set(e, ERR_INVALID, "no CERTIFICATE block among the authorities");
}

enum err_code tls_client_context(const struct tls_client_policy *policy,
                                 struct tls_verdict *verdict, SSL_CTX **ret, struct err *e)
{
    AUTO(SSL_CTX) ctx = SSL_CTX_new(TLS_client_method());

    if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || !forbid_resumption(ctx))
        return err_set(e, ERR_INTERNAL, "TLS client: %s", tls_reason());
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    switch (policy->trust) {
    case TLS_TRUST_SYSTEM:
        if (SSL_CTX_set_default_verify_paths(ctx) != 1)
            return err_set(e, ERR_IO, "the system's certification authorities: %s", tls_reason());
        break;
    case TLS_TRUST_CA:
        TRY(load_ca(ctx, policy->ca_pem, e));
        break;
    case TLS_TRUST_ATTESTED:
        if (!verdict || !policy->judge)
            return err_set(e, ERR_INTERNAL, "an attested peer needs a judge");
        *verdict = (struct tls_verdict){.policy = policy};
        tls_client_attested(ctx, verdict);
        break;
    }
    *ret = TAKE(ctx);
    return ERR_OK;
}
