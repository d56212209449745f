/* sim_cert - the certificates of the simulation, written like Intel's byte for byte.  Room: sim.
 *
 * Differences to real ones: the organisation and the CRL address say that it is simulated, the
 * validity is 2024 .. 2049, serials and key identifiers follow from the key. */
#pragma once
#include "crypto/p256.h"

#define SIM_CN_ROOT "Intel SGX Root CA"
#define SIM_CN_CA   "Intel SGX PCK Platform CA"
#define SIM_CN_LEAF "Intel SGX PCK Certificate"

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
