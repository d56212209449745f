/* maa_client - obtains a token about this machine from an instance of Microsoft Azure Attestation,
 * and the keys that the instance signs with.  Room: attest.
 *
 * POST {url}/attest/TdxVm?api-version=...  {"quote", "runtimeData": {"data", "dataType": "JSON"},
 * "nonce"} -> {"token"}; GET {url}/certs -> key set.  A token is given out only after all of
 * attest/maa.h held for it and it is about the very quote, runtime data, vTPM key and nonce that
 * were sent: a wrong or lying service can withhold, and nothing else.  Redirects are not followed;
 * answers are bounded; every call has a deadline; a service that is busy or cannot be reached is
 * asked at most MAA_ATTEMPTS times within it.  Source: docs/WIRE.md, "MAA tokens". */
#pragma once
#include "attest/maa.h"
#include "base/clock.h"

#define MAA_API_VERSION "2023-04-01-preview"
#define MAA_NONCE_MAX   512
#define MAA_ATTEMPTS    3
/* By so much this machine's clock may be behind the service's: a token that begins within it is
 * judged as of its beginning. */
#define MAA_SKEW_S 60

struct maa_client_config {
    const char *url;         /* https://INSTANCE.REGION.attest.azure.net; http:// for loopback */
    const char *api_version; /* NULL: MAA_API_VERSION */
    struct bytes ca_pem;     /* of a service with an authority of its own; empty: the system's */
};

/* For one thread at a time. */
typedef struct maa_client maa_client;
/* Copies what it needs.  ERR_INVALID (URL, version, certificates). */
MUST_CHECK enum err_code maa_client_new(const struct maa_client_config *config, maa_client **ret,
                                        struct err *e);
void maa_client_free(maa_client *c);
DEFINE_AUTO(maa_client, maa_client_free);

/* The keys that the instance shows.  They came by TLS, or over plain loopback: whoever believes
 * them without a pin or an enclave's proof believes that server.  What ret held is freed, on
 * success only.  ERR_NOT_FOUND, ERR_BUSY, ERR_TIMEOUT, ERR_TOO_LARGE, ERR_UPSTREAM, ERR_VERIFY (the
 * server's certificate). */
MUST_CHECK enum err_code maa_client_keys(maa_client *c, unsigned ms, struct jwks *ret,
                                         struct err *e);

/* May this key of theirs be pinned?  It is of use, no other instance's (issuer NULL: the client's
 * url), and an enclave of the service proves it; without admit the server's TLS certificate stands
 * for that, and nothing does over plain http://.  Faults: JWS_KEY, MAA_KEY, those of the proof. */
void maa_client_judge_key(const maa_client *c, const struct jwks_key *key, const char *issuer,
                          const struct attest_question *admit, struct attest_finding *ret);

struct maa_ask {
    struct bytes quote;   /* of a TD; zeros or others behind it are not sent */
    struct bytes runtime; /* variable data of the paravisor's report: the quote is over its hash */
    const char *nonce;    /* 1 to MAA_NONCE_MAX bytes of UTF-8 */
};

/* What the token is judged by. */
struct maa_trust {
    const struct jwks *pinned; /* the instance's keys; NULL: those that it shows now, by TLS or with
                                  admit alone */
    const struct attest_question *admit; /* as in struct maa_question */
    const char *issuer;                  /* NULL: the client's url */
    const struct attest_policy *policy;
    const struct hash32 *policy_hash; /* NULL: any */
    const struct clock *clock;
};

/* A token of at most JWS_MAX bytes, appended to ret, all checks held; ms for all of it.  ret_claims
 * may be NULL; its ak is the caller's to free.  fault (may be NULL) is FAULT_NONE for errors that
 * are not about what was sent or came: those of maa_client_keys, and ERR_DENIED when the service
 * issues none.  Faults: HCL_BINDING, HCL_RUNTIME and those of a quote for what should be sent, else
 * those of a token; MAA_BINDING for one about something else. */
MUST_CHECK enum err_code maa_client_token(maa_client *c, const struct maa_ask *ask,
                                          const struct maa_trust *by, unsigned ms, struct buf *ret,
                                          struct maa_claims *ret_claims, enum attest_fault *fault,
                                          struct err *e);
