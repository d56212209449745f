/* pck - PCK certificate chains and the SGX extension of their leaf.  Room: attest.
 *
 * pck_cert_parse reads one certificate with the DER walker; pck_chain_verify is steps C (without
 * the look-up in revocation lists) and D of a verification: exactly leaf, intermediate, root in
 * this order; the root is one of a given table, by name and key; names, extensions, P-256 keys on
 * the curve, signatures; validity at `now`.  Source: Intel SGX PCK Certificate and CRL Profile. */
#pragma once
#include <pthread.h>
#include "attest/fault.h"
#include "attest/roots.h"
#include "base/bytes.h"
#include "crypto/p256.h"

#define PCK_DER_MAX    4096
#define PCK_CERTS      3
#define PCK_SERIAL_MAX 20

/* Fields of a parsed certificate, borrowed from its DER. */
struct pck_cert {
    struct bytes der;
    struct bytes tbs;        /* what is signed */
    struct bytes serial;     /* the INTEGER's contents */
    struct bytes issuer;     /* the Name, whole */
    struct bytes subject;    /* the Name, whole */
    struct bytes subject_cn; /* text of its last common name, empty: none */
    struct bytes key;        /* x || y, 64 */
    struct bytes signature;  /* ECDSA in DER */
    struct bytes sgx;        /* contents of the SGX extension, empty: none */
    int64_t not_before, not_after;
    bool is_ca;         /* basicConstraints */
    bool has_key_usage; /* key_usage counts */
    uint16_t key_usage; /* first bit string octet << 8 | second */
};

/* Exactly one certificate, nothing behind it: version 3, ecdsa-with-SHA256, P-256, no duplicate
 * extension, no unknown critical one.  ERR_INVALID. */
MUST_CHECK enum err_code pck_cert_parse(struct bytes der, struct pck_cert *ret, struct err *e);

struct pck_tcb {
    uint8_t comp[16];
    uint16_t pcesvn;
    uint8_t cpusvn[16];
};

enum pck_sgx_type {
    PCK_SGX_STANDARD = 0,
    PCK_SGX_SCALABLE = 1,
    PCK_SGX_SCALABLE_INTEGRITY = 2,
};

struct pck_extension {
    uint8_t ppid[16];
    struct pck_tcb tcb;
    uint8_t pceid[2];
    uint8_t fmspc[6];
    enum pck_sgx_type sgx_type;
    bool has_instance; /* platform CA only: the next one counts */
    uint8_t platform_instance_id[16];
    bool has_configuration; /* platform CA only: the next three count */
    bool dynamic_platform, cached_keys, smt_enabled;
};

/* Contents of extension 1.2.840.113741.1.13.1.  Members in any order, none twice, 1 to 5 required.
 * PCK_EXTENSION. */
MUST_CHECK enum err_code pck_extension_parse(struct bytes sgx, struct pck_extension *ret,
                                             enum attest_fault *fault, struct err *e);

enum pck_ca {
    PCK_CA_PLATFORM,
    PCK_CA_PROCESSOR,
};

/* When all certificates of a chain are valid: the strictest of them, and which ones these are, for
 * the message. */
struct pck_validity {
    int64_t not_before, not_after;
    const char *begins_last, *expires_first;
};

/* What later steps and a cache need of a chain whose signatures were checked.  Owned; freed with
 * pck_platform_free.  Reading it is safe in several threads. */
typedef struct pck_platform pck_platform;
struct pck_platform {
    const struct attest_root *root;
    enum pck_ca ca;
    bool has_ext;             /* the next one counts; else */
    char ext_why[160];        /* what is wrong with it */
    struct pck_extension ext; /* the leaf's SGX extension */
    p256_pub *key;            /* of the leaf */
    uint8_t leaf_serial[PCK_SERIAL_MAX], ca_serial[PCK_SERIAL_MAX];
    size_t leaf_serial_len, ca_serial_len;
    struct hash32 ca_id; /* SHA-256 of the CA's subject Name and key: who signs the PCK CRL */
    struct pck_validity validity;
};

/* CA certificates that a root was seen to have signed, by content hash: the vendor has a handful,
 * so an unknown platform costs one signature less.  All threads. */
#define PCK_CAS_KEPT 8
struct pck_cas {
    pthread_mutex_t lock;
    struct hash32 seen[PCK_CAS_KEPT];
    size_t n, next;
};

/* A root and a CA certificate, by content. */
void pck_ca_pair(const struct attest_root *root, struct bytes ca_der, struct hash32 *ret);

/* pem: three CERTIFICATE blocks, optionally followed by one NUL.  cas may be NULL.  seen: a pair
 * whose signature was verified elsewhere, as the issuer's of a PCK CRL is; NULL: none.  Does not
 * look at the clock: what it makes may be kept; pck_validity_check is asked at each use.  Nor does
 * it refuse for the SGX extension, so that expiry and revocation of such a chain are told as well:
 * ext is read only after pck_extension_check. */
MUST_CHECK enum err_code pck_chain_verify(struct bytes pem, const struct attest_roots *roots,
                                          struct pck_cas *cas, const struct hash32 *seen,
                                          pck_platform **ret, enum attest_fault *fault,
                                          struct err *e);
void pck_platform_free(pck_platform *p);
DEFINE_AUTO(pck_platform, pck_platform_free);
/* PCK_EXTENSION unless the leaf has the extension, and it is as it should be. */
MUST_CHECK enum err_code pck_extension_check(const pck_platform *p, enum attest_fault *fault,
                                             struct err *e);
/* PCK_EXPIRED unless not_before <= now <= not_after for every certificate. */
MUST_CHECK enum err_code pck_validity_check(const struct pck_validity *v, int64_t now,
                                            enum attest_fault *fault, struct err *e);

/* ---- shared with the other chains under the same roots (attest/collateral.h) ---- */

/* Without what quoting libraries and servers leave behind the last block: a C string's NUL, an
 * empty line. */
struct bytes pck_pem_trim(struct bytes pem);
/* Another certificate; begin with {0}. */
void pck_validity_add(struct pck_validity *v, int64_t not_before, int64_t not_after,
                      const char *name);
/* Without leading zero bytes, which are the sign's and not the number's; returns the length, 0 of
 * one that is longer than a serial number may be: a list then counts as naming it (crl_has). */
size_t pck_serial_keep(struct bytes serial, uint8_t ret[static PCK_SERIAL_MAX]);
void pck_ca_id(const struct pck_cert *ca, struct hash32 *ret);
