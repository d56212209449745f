/* kms_node - what the files of the KMS service share: its state, and who may touch it.  Room:
 * service.
 *
 * Private to kms_*.c.  What is set by the start is never changed again and read without a lock;
 * what changes while it serves stands behind `lock`, which is never held while anything is asked
 * of the chain, the platform or the disk (SR-63). */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "kms/pki.h"
#include "attest/collateral_forecast.h"
#include "kms/release.h"
#include "base/json.h"
#include "net/rate.h"
#include "service/answer_cache.h"
#include "service/http_status.h"
#include "service/kms_service.h"

/* Routes of the TLS listener and of the others, as metrics name them. */
enum kms_route {
    ROUTE_LIVEZ,
    ROUTE_READYZ,
    ROUTE_PKI,
    ROUTE_PKI_V1,
    ROUTE_CHALLENGE,
    ROUTE_EVIDENCE,
    ROUTE_SECRETS,
    ROUTE_EXPLAIN,
    ROUTE_ONBOARD_V1,
    ROUTE_SECRETS_V1, /* of the guarded listener */
    ROUTE_ADMIN,
    ROUTE_OTHER, /* what matched no route */
    ROUTES,
};

struct kms_service {
    struct kms_service_config config; /* its strings are copies: `strings` */
    char *strings[5];
    struct hash32 config_hash;
    struct hash32 root_id, commitment; /* zero while locked */
    EVP_PKEY *tls_key;
    uint8_t tls_spki[P256_SPKI_LEN];
    kms_apps *apps; /* NULL while locked */
    challenges *challenges;
    audit *audit;
    platform_cache *platforms;
    kms_policies *policies;
    struct attest_judge judge;
    tls_server *tls;
    http_server *server;
    struct http_routes public, admin, metrics, proxy; /* the server borrows them */
    uint16_t port, proxy_port;
    secret *proxy_token; /* NULL: no guarded listener */
    answer_cache *pki_answers;
    rate *quotes_peer, *quotes_all, *refusal_lines; /* NULL: no limit */
    int64_t started_at;                             /* unix */

    atomic_bool draining;
    atomic_uint_fast64_t lines_dropped; /* refusals that were not logged one by one */

    pthread_mutex_t lock;
    bool has_platform;                /* the next one counts */
    struct collateral_query platform; /* that this node runs on */
    char collateral_alarm[700];       /* the worst, as said last; empty: none */
    struct {
        struct buf quote; /* of this node's newest evidence */
        uint64_t next_ns; /* when it is asked about again */
        struct collateral_forecast told;
        bool is_told;
        struct collateral early; /* of the watching thread alone, this and the next */
        uint64_t early_ns;
    } forecast;                   /* kms_forecast.c */
    struct measurements own;      /* of this node's newest verified quote */
    char caveat[256];             /* what must be said aloud about it; empty: nothing */
    struct hash32 identity, self; /* as the KMS contract wants it now; self: the principal */
    int64_t evidence_at;          /* unix, when the certificate's evidence was made */
    uint64_t evidence_ns;         /* the same moment by the clock that nobody turns */
    struct block_ref evidence_block;
    struct err ready; /* of the last check: ERR_OK, or why not */
    struct finalized_block ready_at;
    uint64_t checked_ns;
    bool checking;

    pthread_t watcher;
    bool has_watcher, stop;
    pthread_cond_t stopping;
};

/* ---- kms_evidence.c: quotes of this node ---- */

/* K: what every quote of this node begins with, at the newest finalized block. */
MUST_CHECK enum err_code node_claim(kms_service *s, struct buf *ret, struct block_ref *ret_block,
                                    struct err *e);
/* A quote of that purpose over the TLS key, as evidence. */
MUST_CHECK enum err_code node_evidence(kms_service *s, enum report_purpose purpose,
                                       const struct addr *app, const struct hash32 *nonce,
                                       struct bytes payload, struct evidence *ret, struct err *e);
/* New evidence for the TLS certificate, verified as a client would, and put into use. */
MUST_CHECK enum err_code node_attest(kms_service *s, struct err *e);
/* Identity and principal of this node by the KMS contract's present rules. */
MUST_CHECK enum err_code node_identify(kms_service *s, struct err *e);
/* A certificate for the TLS key; without evidence where extension is empty. */
MUST_CHECK enum err_code node_certificate(kms_service *s, struct bytes extension, X509 **ret,
                                          struct err *e);

/* ---- kms_watch.c: readiness, and what has to be done from time to time ---- */

/* What this node decides with at this moment. */
struct kms_authority node_authority(kms_service *s);
/* Asks everything that readiness needs, unless that was done less than max_age_ms ago. */
MUST_CHECK enum err_code node_check(kms_service *s, unsigned max_age_ms, struct err *e);
MUST_CHECK enum err_code node_watch(kms_service *s, struct err *e); /* starts the thread */
void node_watch_end(kms_service *s);

/* ---- kms_chain.c: how the view of the chain fares, where it tells ---- */

void node_chain_metrics(kms_service *s, struct buf *out);
MUST_CHECK enum err_code node_chain_put(kms_service *s, json *status, struct err *e);

/* ---- kms_collateral.c: what the node holds of Intel's words ---- */

/* This node's platform: its collateral is kept, and readiness depends on it. */
void node_collateral_own(kms_service *s, const struct attest_facts *facts);
/* ERR_LOCKED when this node's own evidence cannot be verified for want of collateral. */
MUST_CHECK enum err_code node_collateral_ready(kms_service *s, struct err *e);
/* Says an alarm once, when it begins, and its end. */
void node_collateral_watch(kms_service *s);
/* {"objects": count, "alarms": count, "worst": text}; nothing without a store. */
MUST_CHECK enum err_code node_collateral_put(kms_service *s, json *status, struct err *e);
/* GET /collateral of the admin socket. */
void node_collateral_route(void *self, const struct http_request *req, struct http_response *ret);

/* ---- kms_forecast.c: until when this node's evidence will be accepted ---- */

/* The quote that it is about from now on. */
MUST_CHECK enum err_code node_forecast_quote(kms_service *s, const struct evidence *ev,
                                             struct err *e);
/* Foresees, when it is time; may fetch early data.  The watching thread's. */
void node_forecast(kms_service *s);
/* teereg_collateral_accepted_until_seconds (attest/collateral_forecast.h): evidence="own", and
 * evidence="any" of each platform whose TCB info is held: until then, if nothing is fetched. */
void node_forecast_metrics(kms_service *s, struct buf *out);
void node_forecast_done(kms_service *s);

/* ---- kms_routes.c, kms_admin.c ---- */

struct http_routes node_public_routes(kms_service *s);
struct http_routes node_admin_routes(kms_service *s);
struct http_routes node_metrics_routes(kms_service *s);
void node_livez(void *self, const struct http_request *req, struct http_response *ret);
void node_readyz(void *self, const struct http_request *req, struct http_response *ret);
/* Refuses with a general sentence; e goes to the log with the request's number.  reason: a short
 * constant. */
void node_refuse(kms_service *s, const struct http_request *req, struct http_response *ret,
                 enum err_code code, const char *text, const char *reason, const struct err *e);

/* The line about a refusal, unless there are too many of them. */
void node_say_refused(kms_service *s, const struct http_request *req, const char *reason,
                      const char *why);

/* ---- kms_proxy.c: the guarded listener, and the guard of all others ---- */

#define NODE_PROXY_PATTERN "/api/attested/secrets/{app}"
/* Does the configuration agree with itself?  Takes the token. */
MUST_CHECK enum err_code node_proxy_config(kms_service *s, secret **token, struct err *e);
MUST_CHECK enum err_code node_proxy_listen(kms_service *s, struct err *e);
void node_proxy_say_start(const kms_service *s);
/* struct http_routes' screen of every listener but the guarded one. */
unsigned node_no_proxy_headers(void *self, const struct http_request *req,
                               const char **ret_problem);

/* ---- kms_metrics.c ---- */

void node_metrics_register(void);
void node_count_release(enum kms_reason why);
void node_count_release_v1(enum kms_reason why);
/* Why a request was turned away because of a proxy's headers, before anything was read. */
enum proxy_refusal {
    PROXY_HEADERS_ELSEWHERE, /* on a listener that believes none */
    PROXY_NOT_LOCAL,
    PROXY_TWICE,
    PROXY_TOKEN,
    PROXY_REFUSALS,
};
const char *node_proxy_refusal_name(enum proxy_refusal r);
void node_count_proxy_refusal(enum proxy_refusal r);
void node_count_renewal(bool good);
void node_metrics_write(kms_service *s, struct buf *out);
/* struct http_routes' observe and refuse. */
void node_observe(void *self, const struct http_route *route, const char *method, const char *path,
                  const char *peer, const char *request_id, unsigned status, uint64_t ns);
void node_server_refusal(void *self, unsigned status, const char *problem, const char *request_id,
                         struct http_response *ret);
