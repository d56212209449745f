/* quote - TDX quotes, versions 4 and 5, and SGX quotes, version 3, as parsed bytes: nothing here is
 * verified.  Room: attest.
 *
 * All multi-byte numbers are little endian.  Layout: docs/WIRE.md, "TDX quote".
 *   header 48:  u16 version | u16 attestation key type = 2 | u32 TEE type = 0x81 | 4 ignored |
 *               vendor id[16] | user data[20]
 *   version 4:  TD report 1.0 (584)
 *   version 5:  u16 body type (2: TD report 1.0, 3: TD report 1.5) | u32 its size | TD report
 *   u32 L, then exactly L bytes:
 *               signature[64] | attestation key[64] | u16 type = 6 | u32 size = L - 134 |
 *               QE report[384] | its signature[64] | u16 A, auth data[A] | u16 type = 5 |
 *               u32 size, PCK chain in PEM to the end
 *   version 3 (SGX): an SGX report (384) for the TD report, and no wrapper: the QE report begins
 *               right behind the attestation key
 * Bytes behind that are allowed (real platforms pad) and never looked at: no signature covers them.
 */
#pragma once
#include "attest/fault.h"
#include "base/bytes.h"

#define QUOTE_MAX       32768
#define QUOTE_AUTH_MAX  1024
#define QUOTE_CHAIN_MAX 16384

/* A TD report body; the last two fields are zero in a body 1.0. */
struct td_report {
    uint8_t tee_tcb_svn[16];
    uint8_t mrseam[48];
    uint8_t mrsignerseam[48];
    uint8_t seam_attributes[8];
    uint8_t td_attributes[8];
    uint8_t xfam[8];
    uint8_t mrtd[48];
    uint8_t mrconfigid[48];
    uint8_t mrowner[48];
    uint8_t mrownerconfig[48];
    uint8_t rtmr[4][48];
    uint8_t report_data[64];
    uint8_t tee_tcb_svn2[16];
    uint8_t mrservicetd[48];
};

/* The fields of an SGX report (384 bytes) that anybody asks for. */
struct sgx_report {
    uint8_t cpusvn[16];
    uint8_t miscselect[4];
    uint8_t attributes[16];
    uint8_t mrenclave[32];
    uint8_t mrsigner[32];
    uint16_t isvprodid;
    uint16_t isvsvn;
    uint8_t report_data[64];
};

enum quote_tee {
    QUOTE_TEE_SGX = 0x00,
    QUOTE_TEE_TDX = 0x81,
};

enum quote_body {
    QUOTE_BODY_SGX = 1, /* version 3 */
    QUOTE_BODY_TD10 = 2,
    QUOTE_BODY_TD15 = 3,
};

struct quote {
    uint16_t version;     /* 4 or 5; SGX: 3 */
    enum quote_body body; /* QUOTE_BODY_TD10 in version 4 */
    uint8_t user_data[20];
    enum quote_tee tee;
    struct td_report td;       /* QUOTE_TEE_TDX */
    struct sgx_report enclave; /* QUOTE_TEE_SGX */
    struct sgx_report qe;
    /* Borrowed from the input. */
    struct bytes signed_part;     /* header and report: what the attestation key signs */
    struct bytes signature;       /* 64, r || s */
    struct bytes attestation_key; /* 64, x || y */
    struct bytes qe_report;       /* 384: what the PCK key signs */
    struct bytes qe_signature;    /* 64 */
    struct bytes qe_auth;         /* 0 to 1024 */
    struct bytes pck_pem;         /* the chain's text */
    size_t used;                  /* bytes of the input that are the quote */
};

/* A TDX quote.  Refusals: PARSE_*, VERSION, ATT_KEY_TYPE, TEE_TYPE, VENDOR, BODY_TYPE, CERT_TYPE.
 */
MUST_CHECK enum err_code quote_parse(struct bytes input, struct quote *ret,
                                     enum attest_fault *fault, struct err *e);
/* An SGX quote, version 3; never a TDX one. */
MUST_CHECK enum err_code quote_parse_sgx(struct bytes input, struct quote *ret,
                                         enum attest_fault *fault, struct err *e);
