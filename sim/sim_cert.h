/* sim_cert - the certificates of the simulation, written like Intel's byte for byte.  Room: sim.
 *
 * Differences to real ones: the organisation and the CRL address say that it is simulated, the
 * validity is 2024 .. 2049, serials and key identifiers follow from the key. */
#pragma once
#include "crypto/p256.h"

#define SIM_CN_ROOT "Intel SGX Root CA"
#define SIM_CN_CA   "Intel SGX PCK Platform CA"
#define SIM_CN_LEAF "Intel SGX PCK Certificate"
#define SIM_CN_TCB  "Intel SGX TCB Signing"

#define SIM_SERIAL_LEN 16

#define SIM_CERT_MAX 4096

struct sim_cert_spec {
    const char *subject, *issuer;       /* common names */
    const char *not_before, *not_after; /* UTCTime; NULL: the whole time of the simulation */
    const char *crl;                    /* address of the issuer's CRL */
    bool is_ca;
    int path_length;               /* of a CA */
    uint8_t key_usage, usage_bits; /* keyUsage: its byte, and how many bits of it are unused */
    struct bytes sgx;              /* contents of the SGX extension; empty: none */
    bool sgx_twice;
};

/* key is certified by issuer_key, whose certificate's subject is spec->issuer; signature_key signs
 * (issuer_key but in faults).  DER, appended. */
MUST_CHECK enum err_code sim_cert_make(const struct sim_cert_spec *spec, const EVP_PKEY *key,
                                       const EVP_PKEY *issuer_key, const EVP_PKEY *signature_key,
                                       struct buf *ret, struct err *e);
/* The serial number of any certificate of the key. */
MUST_CHECK enum err_code sim_serial(const EVP_PKEY *key, uint8_t ret[static SIM_SERIAL_LEN],
                                    struct err *e);

/* A revocation list (RFC 5280, version 2) with the extensions of Intel's: key identifier of the
 * issuer and CRL number, neither critical. */
struct sim_crl_spec {
    const char *issuer;               /* common name */
    int64_t this_update, next_update; /* before 2050 */
    const uint8_t (*revoked)[SIM_SERIAL_LEN];
    size_t n;
};
/* issuer_key is named in the list; signature_key signs (issuer_key but in faults).  DER, appended.
 */
MUST_CHECK enum err_code sim_crl_make(const struct sim_crl_spec *spec, const EVP_PKEY *issuer_key,
                                      const EVP_PKEY *signature_key, struct buf *ret,
                                      struct err *e);

/* The pieces that certificates and lists share, appended to out: a name, an extension 2.5.29.ce,
 * the key identifier of an issuer, ecdsa-with-SHA256, and the signed whole of these fields. */
void sim_name_put(struct buf *out, const char *common_name);
void sim_ce_put(struct buf *out, uint8_t ce, bool critical, const struct buf *value);
MUST_CHECK enum err_code sim_aki_put(struct buf *out, const EVP_PKEY *issuer, struct err *e);
void sim_signature_algorithm_put(struct buf *out);
MUST_CHECK enum err_code sim_signed_put(struct buf *out, const struct buf *fields,
                                        const EVP_PKEY *key, struct err *e);
