/* sim_maa - a simulated instance of Microsoft Azure Attestation: an enclave's signing key on a
 * simulated platform, and tokens about quotes of simulated machines.  Room: sim.
 *
 *   POST /attest/TdxVm?api-version=2023-04-01-preview or 2025-06-01
 *   GET  /certs                               the key, its certificate with the enclave's SGX quote
 *   GET  /.well-known/openid-configuration    issuer and jwks_uri
 *
 * The keys are new in each process.  As the real one it judges the quote (simulated collateral of
 * now), and that it is over the runtime data.  An instance may be wrong in one way; the rest stays
 * right and is signed again over it. */
#pragma once
#include "attest/jwks.h"
#include "net/http_server.h"
#include "sim_quote.h"

#define SIM_MAA_ISSUER "https://simulated.attest.invalid"

#define SIM_MAA_FAULTS(X)                                                                          \
    X(SIM_MAA_OK, "none")                                                                          \
    /* The token: its header and signature, */                                                     \
    X(SIM_MAA_ALG_NONE, "alg-none")   /* and bytes where the signature belongs */                  \
    X(SIM_MAA_ALG_HS256, "alg-hs256") /* a MAC keyed with the public key */                        \
    X(SIM_MAA_UNSIGNED, "unsigned")   /* an empty signature */                                     \
    X(SIM_MAA_SIG, "sig")             /* by another key */                                         \
    X(SIM_MAA_KID, "kid")             /* by a key that is not shown */                             \
    /* its claims, */                                                                              \
    X(SIM_MAA_EXPIRED, "expired")                                                                  \
    X(SIM_MAA_FUTURE, "future")         /* begins in an hour */                                    \
    X(SIM_MAA_AHEAD, "ahead")           /* begins in half a minute: a clock, not a fault */        \
    X(SIM_MAA_LIFETIME, "lifetime")     /* nine hours */                                           \
    X(SIM_MAA_OTHER_ISSUER, "issuer")   /* another instance's name */                              \
    X(SIM_MAA_NONCE, "nonce")           /* of another request */                                   \
    X(SIM_MAA_NO_NONCE, "no-nonce")     /* none */                                                 \
    X(SIM_MAA_DEBUG, "debug")           /* a DEBUG TD */                                           \
    X(SIM_MAA_COMPLIANCE, "compliance") /* not azure-compliant-cvm */                              \
    X(SIM_MAA_STATUS, "status")         /* OutOfDate */                                            \
    X(SIM_MAA_TYPE, "type")             /* about an SGX enclave */                                 \
    X(SIM_MAA_MRTD, "mrtd")             /* another TD than the quote's */                          \
    X(SIM_MAA_RUNTIME, "runtime")       /* over other runtime data */                              \
    X(SIM_MAA_AK, "ak")                 /* another vTPM's key */                                   \
    /* the key's certificate and the quote in it, */                                               \
    X(SIM_MAA_UNQUOTED_KEY, "unquoted-key") /* without a quote */                                  \
    X(SIM_MAA_KEY_HEADER, "key-header")     /* an extension of another kind */                     \
    X(SIM_MAA_KEY_LENGTH, "key-length")     /* one that says it is longer than it is */            \
    X(SIM_MAA_KEY_SIG, "key-sig")           /* the certificate, signed by another key */           \
    X(SIM_MAA_KEY_OTHER, "key-other")       /* the quote names another key */                      \
    X(SIM_MAA_KEY_TAIL, "key-tail")         /* and goes on behind its hash */                      \
    X(SIM_MAA_KEY_KID, "key-kid")           /* the kid is not the key's hash */                    \
    X(SIM_MAA_KEY_DEBUG, "key-debug")       /* a DEBUG enclave */                                  \
    X(SIM_MAA_KEY_SIGNER, "key-signer")     /* somebody else's */                                  \
    X(SIM_MAA_KEY_PRODUCT, "key-product")   /* another of theirs */                                \
    X(SIM_MAA_KEY_SVN, "key-svn")           /* an early one */                                     \
    X(SIM_MAA_KEY_ROOT, "key-root-unknown") /* on a platform under another root */                 \
    X(SIM_MAA_CERT_ISSUER, "key-issuer")    /* the certificate names another instance */           \
    /* the service. */                                                                             \
    X(SIM_MAA_HUGE, "huge")           /* an answer of a megabyte */                                \
    X(SIM_MAA_SILENT, "silent")       /* none for a while */                                       \
    X(SIM_MAA_BUSY, "busy")           /* 429 each time */                                          \
    X(SIM_MAA_BUSY_ONCE, "busy-once") /* 503 the first time */                                     \
    X(SIM_MAA_REFUSES, "refuses")     /* 400, with an error object */                              \
    X(SIM_MAA_REDIRECTS, "redirects")                                                              \
    X(SIM_MAA_NO_JSON, "no-json")   /* 200 and a page */                                           \
    X(SIM_MAA_NO_TOKEN, "no-token") /* 200 and an empty object */

#define SIM_MAA_FAULT_(id, name) id,
enum sim_maa_fault { SIM_MAA_FAULTS(SIM_MAA_FAULT_) SIM_MAA_FAULT_COUNT };
#undef SIM_MAA_FAULT_

const char *sim_maa_fault_name(enum sim_maa_fault f);
MUST_CHECK enum err_code sim_maa_fault_parse(const char *name, enum sim_maa_fault *ret,
                                             struct err *e);

struct sim_maa_spec {
    const char *issuer; /* borrowed; NULL: SIM_MAA_ISSUER */
    enum sim_maa_fault fault;
    unsigned silent_ms; /* of SIM_MAA_SILENT; 0: 5000 */
    bool second_key;    /* another instance of that name */
};
typedef struct sim_maa sim_maa;
MUST_CHECK enum err_code sim_maa_new(const struct sim_maa_spec *spec, sim_maa **ret, struct err *e);
void sim_maa_free(sim_maa *m);
DEFINE_AUTO(sim_maa, sim_maa_free);

/* What /certs says. */
struct bytes sim_maa_keys(const sim_maa *m);
/* A token about that quote, appended; ERR_DENIED when the instance issues none. */
MUST_CHECK enum err_code sim_maa_token(const sim_maa *m, struct bytes quote, struct bytes runtime,
                                       const char *nonce, struct buf *ret, struct err *e);

/* One answer.  Thread-safe. */
void sim_maa_answer(sim_maa *m, const struct http_request *req, struct http_response *ret);
/* Its routes, with the handler that gives a request to sim_maa_answer. */
#define SIM_MAA_BODY_MAX 262144
#define SIM_MAA_ROUTES(handler)                                                                    \
    {"POST", "/attest/TdxVm", handler, SIM_MAA_BODY_MAX, HTTP_ROUTE_UNLIMITED},                    \
        {"GET", "/certs", handler, 0, HTTP_ROUTE_UNLIMITED},                                       \
    {                                                                                              \
        "GET", "/.well-known/openid-configuration", handler, 0, HTTP_ROUTE_UNLIMITED               \
    }
