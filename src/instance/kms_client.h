/* kms_client - the asking end of a KMS: who it is is settled before a byte is sent.
 * Room: instance.
 *
 * Each new connection is judged in the TLS handshake (SR-74): the leaf carries evidence of purpose
 * "kms-tls" over the leaf's own key; the quote verifies and may be relied upon; the block named in
 * its claim is canonical in OUR chain view and at most an hour older than our finalized one; the
 * principal (identity of the quote, configuration hash of the claim) is allowed by the KMS
 * contract; the claimed root is the committed one.  A KMS that fails is sent nothing.  Tools of
 * governance use it too.  Source: docs/WIRE.md, "Evidence on the wire". */
#pragma once
#include "attest/verify.h"
#include "base/clock.h"
#include "gov/kms.h"
#include "kms/msg.h"

#define KMS_EVIDENCE_AGE_MAX_S 3600

struct kms_client_config {
    const char *url; /* https://host[:port]; one with user, path or query is ERR_INVALID */
    uint64_t chain_id;
    struct addr kms; /* the KMS contract */
    const struct chain_view *view;
    const struct clock *clock;
    const struct attest_judge *attest;
    uint32_t min_delay; /* a KMS contract with a shorter delay is refused */
    bool allow_locked;  /* also one without a committed root: for who is about to commit it */
    unsigned total_ms;  /* a whole call; 0: 30 000 */
};

typedef struct kms_client kms_client;
/* Borrows what config points to, but for url.  Nothing is connected yet. */
MUST_CHECK enum err_code kms_client_new(const struct kms_client_config *config, kms_client **ret,
                                        struct err *e);
void kms_client_free(kms_client *c);
DEFINE_AUTO(kms_client, kms_client_free);

/* What the peer proved of itself on its newest connection. */
struct kms_peer {
    struct hash32 identity, principal;
    struct kms_claim claim;
    struct finalized_block claimed_block; /* block of the claim, as our view has it */
    char caveat[256];                     /* what must be said aloud; empty: nothing */
};

/* Connects and judges, no more: GET /livez.  ret may be NULL. */
MUST_CHECK enum err_code kms_client_peer(kms_client *c, struct kms_peer *ret, struct err *e);

/* The application's CA and key by GET /api/v2/pki/{app}, with evidence of purpose "pki" over a
 * nonce made here. */
struct kms_client_pki {
    struct buf ca_der, spki_der;
    uint64_t epoch;
};
void kms_client_pki_done(struct kms_client_pki *p);
MUST_CHECK enum err_code kms_client_pki(kms_client *c, const struct addr *app,
                                        struct kms_client_pki *ret, struct err *e);

/* Evidence of purpose "kms-session": over our nonce and this very connection. */
MUST_CHECK enum err_code kms_client_session(kms_client *c, struct kms_peer *ret, struct err *e);

MUST_CHECK enum err_code kms_client_challenge(kms_client *c, const struct addr *app,
                                              const char *purpose, struct msg_challenge *ret,
                                              struct err *e);
/* The plaintext of the answer to a secrets request, signature and seal checked.  ERR_DENIED: the
 * KMS refused (its words and request id are in e). */
MUST_CHECK enum err_code kms_client_secrets(kms_client *c, const struct addr *app, uint64_t epoch,
                                            const struct hash32 *challenge,
                                            const struct evidence *evidence, EVP_PKEY *hpke_key,
                                            secret **ret, struct err *e);
/* Why this KMS would refuse, or not: the JSON text of kms/explain.h.  key: whose evidence this is.
 */
MUST_CHECK enum err_code kms_client_explain(kms_client *c, const struct addr *app,
                                            const struct hash32 *challenge,
                                            const struct evidence *evidence, EVP_PKEY *key,
                                            struct buf *ret, struct err *e);
