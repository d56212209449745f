/* collateral - what Intel says about platforms: revocation lists, TCB info, QE identity.
 * Room: attest.
 *
 * Three forms, one way through them:
 *   struct collateral_bundle   texts as they were served, nothing verified
 *   collateral_object          one of them, whose signatures were seen to hold under one root; a
 * pure function of its bytes, kept by content hash (collateral_cache) struct collateral the four
 * objects that judging a quote takes Time, revocation of signers, and what belongs together are
 * judged at each use (attest/verify.h), never kept.  Source: Intel PCS API version 4; order of
 * steps: docs/WIRE.md, "TDX quote", B. */
#pragma once
#include <stdatomic.h>
#include "attest/crl.h"
#include "attest/pck.h"
#include "attest/tcb_info.h"
#include "base/json.h"

#define COLLATERAL_CHAIN_MAX  16384
#define COLLATERAL_BUNDLE_MAX 131072

enum collateral_kind {
    COLLATERAL_TCB_INFO,
    COLLATERAL_QE_IDENTITY,
    COLLATERAL_ROOT_CRL,
    COLLATERAL_PCK_CRL,
    COLLATERAL_KINDS,
};
/* "TCB info", "QE identity", "root CRL", "PCK CRL" */
const char *collateral_kind_name(enum collateral_kind k);

/* One object as served. */
struct collateral_text {
    struct buf body;         /* the inner JSON object, exactly its bytes; or the CRL's DER */
    struct buf signature;    /* r || s, 64 bytes; JSON objects alone */
    struct buf issuer_chain; /* PEM: signer (or PCK CA), root; not of the root CRL */
};
struct collateral_bundle {
    struct collateral_text text[COLLATERAL_KINDS]; /* an empty body: not there */
};
/* Begin with `struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};` */
void collateral_bundle_done(struct collateral_bundle *b);
/* JSON object with string members tcb_info, tcb_info_signature (hex), tcb_info_issuer_chain (PEM),
 * qe_identity, qe_identity_signature, qe_identity_issuer_chain, pck_crl_issuer_chain, root_ca_crl,
 * pck_crl (hex of DER, PEM or base64 of DER); further members are ignored, a missing part is an
 * empty one.  ERR_INVALID, ERR_TOO_LARGE.  What ret held is freed, on success only. */
MUST_CHECK enum err_code collateral_bundle_decode(struct bytes text, struct collateral_bundle *ret,
                                                  struct err *e);
/* The same form; empty parts are left out. */
MUST_CHECK enum err_code collateral_bundle_encode(const struct collateral_bundle *b,
                                                  struct buf *ret, struct err *e);

/* A verified object: immutable, counted, any thread. */
typedef struct collateral_object collateral_object;
struct collateral_object {
    enum collateral_kind kind;
    const struct attest_root *root; /* that its signatures end in; outlives the object */
    /* The signer: of the chain below the root; not of the root CRL. */
    uint8_t signer_serial[CRL_SERIAL_MAX];
    size_t signer_serial_len;
    struct pck_validity signer;  /* strictest of signer and root */
    int64_t issued, next_update; /* issueDate or thisUpdate; nextUpdate */
    struct hash32 issuer_key;    /* PCK CRL: pck_ca_id of the CA */
    struct hash32 issuer_pair;   /* PCK CRL: pck_ca_pair of it, which the root has signed */
    union {
        struct tcb_info tcb_info;
        struct qe_identity qe_identity;
        struct crl crl;
    };
    /* private */
    atomic_size_t refs;
    struct hash32 content; /* of all its texts, in a cache */
    struct buf der;
};
void collateral_object_unref(collateral_object *o);
DEFINE_AUTO(collateral_object, collateral_object_unref);
collateral_object *collateral_object_ref(collateral_object *o);

/* Verified objects by content hash, bounded, oldest out; all threads.  roots must be those of every
 * call on it. */
typedef struct collateral_cache collateral_cache;
MUST_CHECK enum err_code collateral_cache_new(size_t max_objects, collateral_cache **ret,
                                              struct err *e);
void collateral_cache_free(collateral_cache *c);
DEFINE_AUTO(collateral_cache, collateral_cache_free);

/* Verifies one object under one of these roots; cache may be NULL.  The result is the caller's
 * reference. */
MUST_CHECK enum err_code collateral_verify(const struct collateral_text *text,
                                           enum collateral_kind kind,
                                           const struct attest_roots *roots,
                                           collateral_cache *cache, collateral_object **ret,
                                           enum attest_fault *fault, struct err *e);

/* The four for one quote.  A part is NULL when it is not there or did not verify: `problem` says
 * which (FAULT_NONE with NULL: nobody had it), and who signed where that much was seen to hold:
 * what is wrong behind a signer hides no revocation of it. */
struct collateral {
    collateral_object *part[COLLATERAL_KINDS];
    struct {
        enum attest_fault fault;
        char detail[200];
        bool has_signer;
        uint8_t signer_serial[CRL_SERIAL_MAX];
        size_t signer_serial_len;
    } problem[COLLATERAL_KINDS];
};
void collateral_done(struct collateral *c);
/* Every part of a bundle, as far as it verifies.  Never fails: what is wrong is in ret. */
void collateral_of_bundle(const struct collateral_bundle *b, const struct attest_roots *roots,
                          collateral_cache *cache, struct collateral *ret);

/* A bundle whose PCK CRL came without its issuer's chain takes it from the quote that it is for:
 * pck_pem is leaf, CA, root.  Does nothing when the chain is there. */
MUST_CHECK enum err_code collateral_complete(struct collateral_bundle *b, struct bytes pck_pem,
                                             struct err *e);

/* Does the Name of a PCK CRL's issuer say that CA?  Whether it is the platform's own is for the
 * verifier, by key. */
bool collateral_of_ca(struct bytes issuer, enum pck_ca ca);

/* Where a verifier gets collateral that came with no evidence: a store that fetches
 * (attest/collateral_store.h), or what a test has at hand. */
struct collateral_query {
    enum quote_tee tee;
    uint8_t fmspc[6];
    enum pck_ca ca;
    const struct attest_root *root; /* that the platform's chain ends in */
};
struct collateral_source {
    /* The newest that it has for such a platform; parts may be missing.  May block up to its own
     * deadline.  Any thread. */
    void (*get)(void *self, const struct collateral_query *q, int64_t now, struct collateral *ret);
    /* Smallest evaluation numbers that are still accepted from peers: the newest of our own. */
    uint32_t (*floor)(void *self, const struct collateral_query *q, enum collateral_kind kind);
    void *self;
};
