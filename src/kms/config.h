/* config - the security configuration of a KMS, and its hash that governance allows.  Room: kms.
 *
 * config_hash = SHA-256("teereg-config-v2\0" || TLVs), TLV = u16be tag || u32be length || value,
 * tags strictly ascending, defaults omitted, an unknown tag refused: a new field keeps old hashes.
 * Everything is in here that would change what this KMS gives to whom. */
#pragma once
#include "attest/verify.h"
#include "base/buf.h"

#define KMS_CONFIG_MAX        65536
#define KMS_ENDPOINTS_MAX     16
#define KMS_ENDPOINT_URL_MAX  512
#define KMS_ENDPOINT_KEYS_MAX 4

/* The first mode is refused by encode and decode of the product. */
enum kms_view_mode { KMS_VIEW_TRUSTED = 1, KMS_VIEW_QUORUM = 2, KMS_VIEW_VERIFIED = 3 };

struct kms_endpoint {
    char url[KMS_ENDPOINT_URL_MAX + 1]; /* printable ASCII */
    size_t n_ca_keys;
    struct hash32 ca_keys[KMS_ENDPOINT_KEYS_MAX]; /* SHA-256 of SPKIs of CAs, never of a leaf */
};

/* Switches; all off by default. */
enum kms_compat {
    KMS_COMPAT_V1_SECRETS = 1u << 0,    /* POST /api/attested/secrets/{app} */
    KMS_COMPAT_PROXY_HEADERS = 1u << 1, /* identity from a proxy on a guarded listener */
    KMS_COMPAT_ALL = (1u << 2) - 1,
};
enum kms_listeners {
    KMS_LISTEN_METRICS_TCP = 1u << 0, /* metrics also on a loopback port */
    KMS_LISTEN_ALL = (1u << 1) - 1,
};

/* tag: field; what is marked * must be there, the others are omitted at their default. */
struct kms_config {
    uint64_t chain_id;            /* 1 * u64be, not zero */
    struct addr kms;              /* 2 * the KMS contract */
    enum kms_view_mode view_mode; /* 3 * u8 */
    /* 4 *: u16be count, then each: lp(url) || u16be keys || keys; strictly ascending by url */
    size_t n_endpoints;
    struct kms_endpoint endpoints[KMS_ENDPOINTS_MAX];
    uint16_t quorum;             /* 5: u16be, k of the endpoints; default 1 */
    uint32_t min_delay;          /* 6: u32be seconds, of an accepted contract; default 0 */
    uint32_t max_block_age;      /* 7: u32be seconds; default 3600 */
    struct attest_policy policy; /* 8, 9, 12 to 24: attest/policy.h; default
                                    attest_policy_default */
    uint32_t listeners;          /* 10: u32be enum kms_listeners; default 0 */
    uint32_t compat;             /* 11: u32be enum kms_compat; default 0 */
};
#define KMS_MAX_BLOCK_AGE_DEFAULT 3600

/* All defaults. */
void kms_config_init(struct kms_config *c);
/* Sorts endpoints by url, as the encoding wants them; ERR_INVALID for two of one url. */
MUST_CHECK enum err_code kms_config_add_endpoint(struct kms_config *c, const char *url,
                                                 const struct hash32 *ca_keys, size_t n_ca_keys,
                                                 struct err *e);
/* ERR_INVALID for what decode would refuse (fields that must be there, quorum over endpoints). */
MUST_CHECK enum err_code kms_config_encode(const struct kms_config *c, struct buf *ret,
                                           struct err *e);
/* Exactly what encode writes: encode(decode(x)) = x. */
MUST_CHECK enum err_code kms_config_decode(struct bytes tlvs, struct kms_config *ret,
                                           struct err *e);
MUST_CHECK enum err_code kms_config_hash(const struct kms_config *c, struct hash32 *ret,
                                         struct err *e);
/* Hash of the attestation policy alone (SHA-256 of its TLVs under "teereg-policy-v2\0"), what a
 * contract's policyHash names. */
MUST_CHECK enum err_code kms_config_policy_hash(const struct kms_config *c, struct hash32 *ret,
                                                struct err *e);
const char *kms_view_mode_name(enum kms_view_mode m);
