/* tpm - what a TPM 2.0 signs when it quotes its PCRs, as parsed bytes: nothing here is verified.
 * Room: attest.
 *
 * TPMS_ATTEST (TPM 2.0 Library, part 2, 10.12.12), big endian:
 *   u32 magic ff544347 | u16 type 8018 | TPM2B qualifiedSigner | TPM2B extraData | clockInfo: u64
 *   clock, u32 resetCount, u32 restartCount, u8 safe | u64 firmwareVersion | u32 n, n x (u16
 *   algorithm, u8 size, bitmap) | TPM2B pcrDigest, and nothing behind it. */
#pragma once
#include "attest/fault.h"
#include "base/bytes.h"

#define TPM_PCRS           24
#define TPM_SELECTIONS_MAX 16
#define TPM_ALG_SHA256     0x000b

struct tpm_selection {
    uint16_t alg;
    struct bytes bitmap; /* PCR i is bit i % 8 of byte i / 8 */
};

struct tpm_quote {
    struct bytes signer, extra_data, pcr_digest; /* borrowed */
    uint64_t clock, firmware_version;
    uint32_t reset_count, restart_count;
    bool safe;
    size_t n_selections;
    struct tpm_selection selection[TPM_SELECTIONS_MAX];
};

/* TPM_FORM. */
MUST_CHECK enum err_code tpm_quote_parse(struct bytes attest, struct tpm_quote *ret,
                                         enum attest_fault *fault, struct err *e);
/* Exactly one bank, SHA-256, and in it all 24 PCRs and no more.  A quote over some of them would
 * let its maker say which.  TPM_SELECTION. */
MUST_CHECK enum err_code tpm_check_selection(const struct tpm_quote *q, enum attest_fault *fault,
                                             struct err *e);
/* These are the values that were quoted.  TPM_PCRS. */
MUST_CHECK enum err_code tpm_check_pcrs(const struct tpm_quote *q,
                                        const uint8_t pcr[static TPM_PCRS][32],
                                        enum attest_fault *fault, struct err *e);
