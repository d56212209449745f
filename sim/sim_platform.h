/* sim_platform - what the making of a platform and of its quotes share.  Room: sim, private. */
#pragma once
#include "crypto/p256.h"
#include "sim_quote.h"

#define SIM_QE_REPORT_LEN 384
#define SIM_RAW_SIG_LEN   64

struct sim_platform {
    enum sim_fault fault;
    struct sim_platform_info info;
    uint8_t qe_id[16];
    EVP_PKEY *signer;    /* of quotes: the attestation key, but in SIM_QUOTE_SIG */
    struct buf chain;    /* PEM */
    struct buf tail;     /* the signature data behind the quote signature */
    struct buf sgx_tail; /* the same of quotes of enclaves */
};

/* RFC 6979, r || s, 32 bytes each, big-endian. */
MUST_CHECK enum err_code sim_sign_raw(const EVP_PKEY *key, struct bytes msg,
                                      uint8_t ret[static SIM_RAW_SIG_LEN], struct err *e);
/* Contents of the SGX extension of a PCK certificate (Intel SGX PCK certificate profile §1.3.5). */
MUST_CHECK enum err_code sim_sgx_extension(const struct sim_platform_info *info,
                                           enum sim_fault fault, struct buf *ret, struct err *e);
/* The PEM chain of a platform with this PCK key, appended. */
MUST_CHECK enum err_code sim_chain_make(const struct sim_platform_info *info, enum sim_fault fault,
                                        const EVP_PKEY *pck, const EVP_PKEY *other, struct buf *ret,
                                        struct err *e);
