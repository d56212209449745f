/* tls - the TLS policies of teereg over OpenSSL; evidence is opaque here.  Room: net.
 *
 * Servers speak TLS 1.3 only, groups P-256 and X25519, ALPN http/1.1, no tickets, no PSK, no early
 * data, no renegotiation (SR-40).  Clients speak TLS 1.3 to attested peers and 1.2 or 1.3 to
 * others. Source: docs/WIRE.md, "Evidence on the wire". */
#pragma once
#include <openssl/ssl.h>
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"

/* Both ends of a connection derive the same 32 bytes; the label and the length are permanent. */
#define TLS_EXPORTER_LABEL "EXPORTER-teereg-v2"
MUST_CHECK enum err_code tls_exporter(SSL *ssl, const struct hash32 *nonce, struct hash32 *ret,
                                      struct err *e);

/* ---- server ---- */

typedef struct tls_server tls_server;

/* Takes its own references on key and cert.  Refuses a pair that does not belong together. */
MUST_CHECK enum err_code tls_server_new(EVP_PKEY *key, X509 *cert, tls_server **ret, struct err *e);
void tls_server_free(tls_server *t);
DEFINE_AUTO(tls_server, tls_server_free);
/* For handshakes that begin from now on; connections that live keep what they have.  Any thread. */
MUST_CHECK enum err_code tls_server_set_certificate(tls_server *t, EVP_PKEY *key, X509 *cert,
                                                    struct err *e);
/* A session in accept state with the certificate of this moment.  Any thread. */
MUST_CHECK enum err_code tls_server_session(tls_server *t, SSL **ret, struct err *e);

/* ---- client ---- */

enum tls_trust {
    TLS_TRUST_SYSTEM,   /* the system's certification authorities, and the host's name */
    TLS_TRUST_CA,       /* only those of ca_pem, and the host's name */
    TLS_TRUST_ATTESTED, /* no authority and no name: judge decides about the leaf alone */
};

struct tls_client_policy {
    enum tls_trust trust;
    struct bytes ca_pem; /* TLS_TRUST_CA: one or more CERTIFICATE blocks; borrowed */
    /* TLS_TRUST_ATTESTED: called in the handshake of every new connection, before a byte of the
     * request is sent, on the thread that makes the call; may block.  The peer has then still to
     * prove that it holds the leaf's key, which OpenSSL checks next.  Its error reaches the caller
     * of the request as it is. */
    enum err_code (*judge)(void *self, struct bytes leaf_der, struct err *e);
    void *self;
};

/* What the handshake callback leaves for the one who waits; lives as long as the SSL_CTX. */
struct tls_verdict {
    const struct tls_client_policy *policy;
    bool judged;  /* the judge was asked, and said yes */
    bool refused; /* why is filled in */
    struct err why;
};

/* Prepares ctx for TLS_TRUST_ATTESTED (the other kinds are libcurl's own work; see http_client). */
void tls_client_attested(SSL_CTX *ctx, struct tls_verdict *verdict);
/* A whole client context by policy, for users of plain SSL; verdict is needed for ATTESTED only.
 * host (for the name check) is set by the caller with SSL_set1_host. */
MUST_CHECK enum err_code tls_client_context(const struct tls_client_policy *policy,
                                            struct tls_verdict *verdict, SSL_CTX **ret,
                                            struct err *e);
DEFINE_AUTO(SSL_CTX, SSL_CTX_free);
DEFINE_AUTO(SSL, SSL_free);

/* The reason of the last OpenSSL failure of this thread, as text without file names; clears the
 * queue.  Never NULL. */
const char *tls_reason(void);
