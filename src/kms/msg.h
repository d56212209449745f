/* msg - the messages between a KMS and who asks it, encode and decode side by side.  Room: kms.
 *
 * The one header of this room that instances and tools may know.  Bytes: docs/WIRE.md.  Encoders
 * append to ret; decoders are total, refuse unknown members, and check everything that the message
 * alone can tell.  JSON is UTF-8; binary values are hex (hashes, addresses: "0x" in front of
 * addresses, none before hashes) or base64. */
#pragma once
#include "base/buf.h"
#include "base/json.h"
#include "crypto/hpke.h"
#include "crypto/p256.h"
#include "crypto/secret.h"

#define MSG_REQUEST_MAX     65536 /* body of a secrets request */
#define MSG_SMALL_MAX       1024  /* body of a challenge or evidence request */
#define MSG_PAYLOAD_MAX     32768
#define MSG_ANSWER_MAX      65536
#define MSG_SECRETS_MAX     16000 /* plaintext of an answer */
#define MSG_PKI_MAX         65536
#define MSG_CSR_MAX         8192
#define MSG_PURPOSE_SECRETS "secrets-request"
#define MSG_PURPOSE_EXPLAIN "explain"

/* ---- POST /api/v2/challenge: {"purpose","app"} -> {"challenge","expires"} ---- */

struct msg_challenge_request {
    char purpose[32]; /* one of MSG_PURPOSE_* */
    struct addr app;
};
struct msg_challenge {
    struct hash32 challenge;
    uint64_t expires; /* unix seconds */
};
MUST_CHECK enum err_code msg_challenge_request_encode(const struct msg_challenge_request *m,
                                                      struct buf *ret, struct err *e);
MUST_CHECK enum err_code msg_challenge_request_decode(struct bytes body,
                                                      struct msg_challenge_request *ret,
                                                      struct err *e);
MUST_CHECK enum err_code msg_challenge_encode(const struct msg_challenge *m, struct buf *ret,
                                              struct err *e);
MUST_CHECK enum err_code msg_challenge_decode(struct bytes body, struct msg_challenge *ret,
                                              struct err *e);

/* ---- POST /api/v2/evidence: {"nonce"} -> an evidence object (attest/evidence.h) ---- */

struct msg_evidence_request {
    struct hash32 nonce;
};
MUST_CHECK enum err_code msg_evidence_request_encode(const struct msg_evidence_request *m,
                                                     struct buf *ret, struct err *e);
MUST_CHECK enum err_code msg_evidence_request_decode(struct bytes body,
                                                     struct msg_evidence_request *ret,
                                                     struct err *e);

/* ---- POST /api/v2/secrets/{app}: {"challenge","evidence":{type,quote,payload,...}} ---- */

struct msg_secrets_request {
    struct hash32 challenge;
    json *tree;           /* owned */
    const json *evidence; /* an object in tree */
};
void msg_secrets_request_done(struct msg_secrets_request *m);
/* evidence_json: the text of the evidence object. */
MUST_CHECK enum err_code msg_secrets_request_encode(const struct hash32 *challenge,
                                                    struct bytes evidence_json, struct buf *ret,
                                                    struct err *e);
/* Undecided evidence: what is in it, attest tells. */
MUST_CHECK enum err_code msg_secrets_request_decode(struct bytes body,
                                                    struct msg_secrets_request *ret, struct err *e);

/* An operator's authorisation: nonce[32] || u64be expiry || r[32] || s[32] || u8 v. */
#define MSG_AUTHORISATION_LEN 105
struct msg_authorisation {
    struct hash32 nonce;
    uint64_t expiry; /* unix seconds */
    uint8_t r[32], s[32], v;
};
void msg_authorisation_encode(const struct msg_authorisation *m,
                              uint8_t ret[static MSG_AUTHORISATION_LEN]);
MUST_CHECK enum err_code msg_authorisation_decode(struct bytes b, struct msg_authorisation *ret,
                                                  struct err *e);

/* The payload of that evidence: lp(CSR DER) || lp(one-use HPKE key) || lp(authorisation or empty)
 * || lp(config_hash[32]).  Borrowed. */
struct msg_secrets_payload {
    struct bytes csr;
    struct bytes hpke_key; /* 65 bytes, uncompressed point (not checked to be on the curve) */
    bool has_authorisation;
    struct msg_authorisation authorisation;
    struct hash32 config_hash;
};
MUST_CHECK enum err_code msg_secrets_payload_encode(const struct msg_secrets_payload *m,
                                                    struct buf *ret, struct err *e);
MUST_CHECK enum err_code msg_secrets_payload_decode(struct bytes b, struct msg_secrets_payload *ret,
                                                    struct err *e);

/* ---- POST /api/v2/explain/{app}: {"challenge","key","evidence"} -> an answer as below ----
 *
 * key: SPKI of the caller's key, base64; the evidence is of purpose "explain" over it, its payload
 * lp(config_hash[32]).  The plaintext of the answer is the JSON of kms/explain.h, sealed to that
 * key under info "explain-answer" with epoch 0: nobody else reads why this caller is refused. */

struct msg_explain_request {
    struct hash32 challenge;
    uint8_t spki[P256_SPKI_LEN]; /* not checked to be on the curve */
    json *tree;                  /* owned */
    const json *evidence;        /* an object in tree */
};
void msg_explain_request_done(struct msg_explain_request *m);
MUST_CHECK enum err_code msg_explain_request_encode(const struct hash32 *challenge,
                                                    struct bytes spki, struct bytes evidence_json,
                                                    struct buf *ret, struct err *e);
MUST_CHECK enum err_code msg_explain_request_decode(struct bytes body,
                                                    struct msg_explain_request *ret, struct err *e);

/* ---- the answer: {"enc","ct","signature"}, base64 ---- */

struct msg_answer {
    uint8_t enc[HPKE_ENC_LEN];
    struct buf ct, signature; /* owned; signature DER */
};
void msg_answer_done(struct msg_answer *m);
MUST_CHECK enum err_code msg_answer_encode(const struct msg_answer *m, struct buf *ret,
                                           struct err *e);
MUST_CHECK enum err_code msg_answer_decode(struct bytes body, struct msg_answer *ret,
                                           struct err *e);

/* What an answer is bound to. */
struct msg_answer_context {
    bool explains; /* it is no release: "explain-answer" in HPKE's info, not "secrets-answer" */
    uint64_t chain_id;
    struct addr kms, app;
    uint64_t epoch;
    struct hash32 nonce;          /* the challenge */
    struct hash32 request_sha256; /* of the exact body bytes as sent */
};
/* HPKE info: lp("secrets-answer") || lp(u64be chain_id) || lp(kms) || lp(app) || lp(u64be epoch) ||
 * lp(nonce) || lp(SHA-256(request)). */
void msg_answer_info(const struct msg_answer_context *c, struct buf *ret);
/* What the KMS's TLS key signs (ECDSA with SHA-256 over these bytes): "teereg-answer-v2\0" ||
 * SHA-256(request) || lp(enc) || lp(ct). */
void msg_answer_tbs(const struct hash32 *request_sha256, const struct msg_answer *m,
                    struct buf *ret);

/* Seal and sign; plaintext of msg_secrets_encode. */
MUST_CHECK enum err_code msg_answer_seal(const struct msg_answer_context *c, struct bytes hpke_key,
                                         struct bytes plaintext, EVP_PKEY *tls_key,
                                         struct msg_answer *ret, struct err *e);
/* Verify the signature by the attested TLS key (ERR_VERIFY), then open. */
MUST_CHECK enum err_code msg_answer_open(const struct msg_answer_context *c, EVP_PKEY *hpke_key,
                                         EVP_PKEY *kms_tls_key, const struct msg_answer *m,
                                         secret **ret_plaintext, struct err *e);

/* Its plaintext: "teereg-secrets-v2\0" || u8 key scheme || u64be epoch || lp(app_encrypt scalar) ||
 * lp(disk secret) || lp(certificate DER) || lp(CA DER) || lp(node id) || u64be seq || head[32].
 * All borrowed. */
struct msg_secrets {
    uint8_t key_scheme; /* enum key_scheme: 1 or 2 */
    uint64_t epoch;
    struct bytes encrypt_scalar; /* 32 bytes */
    struct bytes disk;           /* 32 bytes; empty under scheme 1 */
    struct bytes certificate, ca;
    struct bytes node; /* audit receipt: node (1 to 64 bytes), sequence, head */
    uint64_t seq;
    struct hash32 head;
};
MUST_CHECK enum err_code msg_secrets_encode(const struct msg_secrets *m, secret **ret,
                                            struct err *e);
MUST_CHECK enum err_code msg_secrets_decode(struct bytes plaintext, struct msg_secrets *ret,
                                            struct err *e);

/* ---- GET /api/v2/pki/{app}: {"ca_cert","pubkey","epoch","evidence"} ---- */

struct msg_pki {
    struct buf ca_der, spki_der; /* base64 of DER in JSON */
    uint64_t epoch;
    json *tree;           /* owned; NULL when made to be encoded */
    const json *evidence; /* an object in tree */
};
void msg_pki_done(struct msg_pki *m);
MUST_CHECK enum err_code msg_pki_encode(struct bytes ca_der, struct bytes spki_der, uint64_t epoch,
                                        struct bytes evidence_json, struct buf *ret, struct err *e);
MUST_CHECK enum err_code msg_pki_decode(struct bytes body, struct msg_pki *ret, struct err *e);
/* GET /api/public/pki/{app} as the reference writes it, with its final newline; PEM inside base64;
 * quote: raw bytes.  {"ca_cert","app_pubkey","attestation"} */
MUST_CHECK enum err_code msg_pki_v1_encode(struct bytes ca_der, struct bytes spki_der,
                                           struct bytes quote, struct buf *ret, struct err *e);

/* ---- POST /api/attested/secrets/{app}, version 1: a CSR in PEM -> secrets in the clear ---- */

#define MSG_V1_REQUEST_MAX 16384
#define MSG_V1_ANSWER_MAX  65536

/* The CSR's DER: exactly one block CERTIFICATE REQUEST, of at most MSG_CSR_MAX. */
MUST_CHECK enum err_code msg_secrets_v1_request(struct bytes body, struct buf *ret_csr,
                                                struct err *e);

struct msg_secrets_v1 {
    struct bytes private_pem;     /* app_encrypt: SEC1, as p256_private_pem writes it */
    struct bytes certificate_pem; /* of the instance */
    struct addr operator_;        /* of the KMS itself; zero: none */
    struct bytes quote;           /* raw, over report_data_v1_secrets */
};
/* As the reference writes it, with its final newline: {"app_privkey","tls_cert","operator",
 * "attestation"}; operator is a list of 20 numbers.  ret holds a secret afterwards: it has its
 * whole maximum reserved. */
MUST_CHECK enum err_code msg_secrets_v1_encode(const struct msg_secrets_v1 *m, struct buf *ret,
                                               struct err *e);

/* ---- {"error","request_id"}: every refusal ---- */

struct msg_error {
    char error[256], request_id[64];
};
MUST_CHECK enum err_code msg_error_encode(const struct msg_error *m, struct buf *ret,
                                          struct err *e);
MUST_CHECK enum err_code msg_error_decode(struct bytes body, struct msg_error *ret, struct err *e);
