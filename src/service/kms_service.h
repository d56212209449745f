/* kms_service - the KMS as a service: listeners, attested TLS, readiness, drain.  Room: service.
 *
 * Routes of the TLS listener:
 *   GET  /livez, /readyz
 *   GET  /api/v2/pki/{app}[?nonce=64 hex]   CA and key of an allowed application, with evidence
 *   GET  /api/public/pki/{app}              the same in version 1's form
 *   POST /api/v2/challenge, /api/v2/evidence, /api/v2/secrets/{app}, /api/v2/explain/{app}
 *   GET  /api/attested/onboard/{id}         410
 * Routes of the admin Unix socket: GET /status, /collateral, /metrics, /livez, /readyz; POST
 * /drain, /undrain. On a loopback port, if asked for: GET /metrics. On the guarded listener
 * (version 1, off unless asked for): POST /api/attested/secrets/{app}, and /livez, /readyz.  It
 * alone believes the headers of an attested-TLS proxy; sent to any other listener, they are refused
 * with 403, whatever is switched on (SR-08).
 *
 * The start is fail-closed (SR-72): listeners are bound, the own evidence is made and verified,
 * governance is read, keys are derived, and only then is the first connection accepted.  /readyz is
 * 200 while all of this holds: evidence younger than an hour, chain readable, KMS contract live,
 * this principal allowed, this root committed, not draining. */
#pragma once
#include "attest/collateral_store.h"
#include "attest/provider.h"
#include "chain/view.h"
#include "kms/config.h"
#include "kms/keys.h"
#include "net/http_server.h"

#define KMS_EVIDENCE_RENEW_S  600  /* the certificate's evidence is made anew */
#define KMS_EVIDENCE_OLDEST_S 3600 /* clients refuse it from then on */

/* Switches that the guarded listener needs, both: identity from headers, answers in the clear. */
#define KMS_PROXY_COMPAT (KMS_COMPAT_V1_SECRETS | KMS_COMPAT_PROXY_HEADERS)
/* What the proxy says to be let in, in a header of its own hop. */
#define KMS_PROXY_HEADER_TOKEN "X-Teereg-Proxy-Token"

struct kms_service_config {
    struct kms_config security; /* what config_hash is of */
    const struct chain_view *view;
    const quote_provider *quotes;
    const struct clock *clock;
    const struct collateral_source *collateral; /* for evidence without its own; NULL: none */
    collateral_store *store; /* the store that `collateral` is of, to show and to watch; NULL */
    const struct collateral_origin *early; /* of early data, for the forecast; NULL: none */
    collateral_cache *objects;             /* verified ones; NULL: each anew */
    const char *policies; /* folder of attestation policies that contracts may name; NULL: none */
    kms_root **root;      /* taken; NULL or *root NULL: the node starts locked */
    const char *listen;   /* "0.0.0.0:8443" */
    const char *admin;    /* path of the admin socket */
    const char *audit_path;
    const char *metrics; /* "127.0.0.1:9100"; NULL: none.  security.listeners must agree */
    /* The guarded listener: a loopback "127.0.0.1:8082", or "unix:PATH" (mode 0600); NULL: none.
     * security.compat must agree (KMS_PROXY_COMPAT or nothing). */
    const char *proxy_listen;
    secret **proxy_token;    /* taken; of kms_proxy_token */
    const char *notice;      /* said in /status and at start, e.g. of a development build; NULL */
    double rate, rate_burst; /* requests per second and address; 0: no limit */
    double quote_rate;       /* of requests that cost a quote, per address; 0: no limit */
    unsigned workers;        /* 0: the server's default */
    unsigned drain_s;        /* between "not ready" and the end, for load balancers to see it */
    unsigned stop_ms;        /* for requests that run, then; 0: 30 000 */
};

typedef struct kms_service kms_service;

/* Everything up to accepting connections.  Borrows view, quotes, clock and collateral; copies the
 * rest. */
MUST_CHECK enum err_code kms_service_start(const struct kms_service_config *config,
                                           kms_service **ret, struct err *e);
uint16_t kms_service_port(const kms_service *s);
uint16_t kms_service_proxy_port(const kms_service *s); /* 0: none, or a Unix socket */
/* The text of a token: hex or base64 of at least 32 random bytes, one LF behind it at most.  The
 * token is the text itself. */
MUST_CHECK enum err_code kms_proxy_token(struct bytes text, secret **ret, struct err *e);
/* ERR_OK: ready; else why not.  What /readyz says. */
MUST_CHECK enum err_code kms_service_ready(kms_service *s, struct err *e);
/* Not ready from now on; connections go on to be served. */
void kms_service_drain(kms_service *s);
/* Ends: drains the server (ERR_TIMEOUT when requests had to be cut), closes the audit log. */
MUST_CHECK enum err_code kms_service_stop(kms_service *s, struct err *e);
void kms_service_free(kms_service *s);
DEFINE_AUTO(kms_service, kms_service_free);

/* Blocks SIGTERM and SIGINT in this thread and all that it starts later: to be called before a
 * chain view or anything else has started threads, or the signals end the process there. */
void kms_service_block_signals(void);
/* Start, serve until SIGTERM or SIGINT (blocked, see above), drain, stop; tells systemd. */
MUST_CHECK enum err_code kms_service_run(const struct kms_service_config *config, struct err *e);
