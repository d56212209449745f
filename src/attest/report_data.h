/* report_data - the 64 bytes that bind a quote to what it was made for.  Room: attest.
 *
 * Version 2 (docs/WIRE.md, "Report data"):
 *   SHA-256("teereg-report-v2\0" || u8 len || purpose || u64be chain_id || kms[20] || app[20] ||
 *           SHA-256(SPKI) || nonce[32] || SHA-256(payload)) || 0[32]
 * K, the beginning of the payload of every quote that a KMS makes:
 *   config_hash[32] || u64be block || block_hash[32] || root_id[32] || commitment[32]
 * Golden vectors: tests/vectors/report-data/. */
#pragma once
#include "base/buf.h"
#include "base/rd.h"

struct report_data {
    uint8_t b[64];
};

enum report_purpose {
    REPORT_KMS_TLS,
    REPORT_KMS_SESSION,
    REPORT_PKI,
    REPORT_CEREMONY,
    REPORT_ONBOARD_REQUEST,
    REPORT_ONBOARD_SEED,
    REPORT_SECRETS_REQUEST,
    REPORT_EXPLAIN,
    REPORT_PURPOSES,
};
const char *report_purpose_name(enum report_purpose p); /* "kms-tls", ... */
/* ERR_INVALID for another name. */
MUST_CHECK enum err_code report_purpose_parse(struct bytes name, enum report_purpose *ret,
                                              struct err *e);

struct report_binding {
    enum report_purpose purpose;
    uint64_t chain_id;
    struct addr kms;     /* the KMS contract */
    struct addr app;     /* zero: no application */
    struct bytes spki;   /* DER of the key named by the purpose */
    struct hash32 nonce; /* zero: none */
    struct bytes payload;
};
void report_data_v2(const struct report_binding *b, struct report_data *ret);

/* Version 1, all: address || SHA-256(x) || 0[12].  For old peers and data alone (docs/COMPAT.md).
 */
void report_data_v1_pki(const struct addr *app, struct bytes ca_pem, struct bytes pubkey_pem,
                        struct report_data *ret);
/* sender: the address that signed the request, zero when there was none. */
void report_data_v1_secrets(const struct addr *app, const struct addr *sender,
                            struct bytes tls_cert_pem, struct bytes app_privkey_pem,
                            struct report_data *ret);

#define KMS_CLAIM_LEN 136
/* K: what a KMS says of itself.  root_id and commitment are zero while it is locked. */
struct kms_claim {
    struct hash32 config_hash;
    uint64_t block;
    struct hash32 block_hash;
    struct hash32 root_id;
    struct hash32 commitment;
};
void kms_claim_put(struct buf *out, const struct kms_claim *k);
/* From the front of a payload; poisons r when it is shorter. */
void kms_claim_read(struct rd *r, struct kms_claim *ret);
/* From the front of a payload; ret_rest is what follows.  ERR_INVALID when it is shorter. */
MUST_CHECK enum err_code kms_claim_parse(struct bytes payload, struct kms_claim *ret,
                                         struct bytes *ret_rest, struct err *e);
