/* identity - measurements and the identities that contracts allow, computed locally.  Room: attest.
 *
 * Formulas: docs/WIRE.md, "Identity and principal".  Scheme 1 is byte-exactly the reference's (it
 * leaves out MRTD and more: the KMS also asks its firmware list); scheme 2 covers all.  `contract`
 * is the one whose allow-list is asked.  Golden vectors: tests/vectors/identity-v2.json,
 * tests/vectors/identity-v1.json. */
#pragma once
#include "attest/quote.h"
#include "base/json.h"

enum tee_kind {
    TEE_TDX = 1,
    TEE_AZURE_TDX = 2,
};

struct measurements {
    enum tee_kind kind;
    uint8_t td_attributes[8]; /* as in the quote */
    uint8_t xfam[8];
    uint8_t mrtd[48]; /* Azure: the paravisor's */
    uint8_t mrconfigid[48];
    uint8_t mrowner[48];
    uint8_t mrownerconfig[48];
    uint8_t rtmr[4][48];
    uint8_t pcr[24][32]; /* TEE_AZURE_TDX only, SHA-256 bank */
};

void measurements_of_td(const struct td_report *td, struct measurements *ret);
void measurements_of_azure(const struct td_report *td, const uint8_t pcr[static 24][32],
                           struct measurements *ret);

/* Scheme 1: keccak256(contract || RTMR0 || RTMR1 || RTMR2), or for Azure
 * keccak256(contract || PCR4 || PCR9 || PCR11). */
void identity_v1(const struct measurements *m, const struct addr *contract, struct hash32 *ret);

/* What a contract of scheme 2 says about its identities. */
struct identity_rules {
    uint64_t chain_id;
    struct addr contract;
    bool rtmr3;        /* TDX: RTMR3 counts, else 48 zero bytes stand in its place */
    uint32_t pcr_mask; /* Azure: bit i is PCR i; bits 24 to 31 zero */
};
/* ERR_DENIED for Azure measurements when pcr_mask is zero or has a bit over 23. */
MUST_CHECK enum err_code identity_v2(const struct measurements *m,
                                     const struct identity_rules *rules, struct hash32 *ret,
                                     struct err *e);
/* keccak256(keccak256("teereg/principal/2") || identity || config_hash) */
void identity_principal(const struct hash32 *identity, const struct hash32 *config_hash,
                        struct hash32 *ret);

/* The bytes of the event IdentityMeasured: TDATTRIBUTES || XFAM || MRTD || MRCONFIGID || MROWNER ||
 * MROWNERCONFIG || RTMR0..3 (400); Azure: TDATTRIBUTES || XFAM || MRTD || u32be mask || PCRs in the
 * mask, ascending. */
#define MEASUREMENTS_TDX_LEN 400
MUST_CHECK enum err_code measurements_pack(const struct measurements *m, uint32_t pcr_mask,
                                           struct buf *ret, struct err *e);
/* kind as in the event; ret_mask may be NULL.  ERR_INVALID for another length. */
MUST_CHECK enum err_code measurements_unpack(uint8_t kind, struct bytes packed,
                                             struct measurements *ret, uint32_t *ret_mask,
                                             struct err *e);

/* {"type": "tdx", "td_attributes": hex, "xfam", "mrtd", "mrconfigid", "mrowner", "mrownerconfig",
 *  "rtmr0" ... "rtmr3"}; Azure: "azure-tdx", without mrconfigid to rtmr3, with "pcr0" ... "pcr23".
 * Reading takes exactly these members; a TDX file may
 * leave out td_attributes, mrconfigid, mrowner, mrownerconfig and rtmr3: then they are those of an
 * ordinary TD (attributes SEPT_VE_DISABLE, the rest zero). */
MUST_CHECK enum err_code measurements_to_json(const struct measurements *m, json **ret,
                                              struct err *e);
MUST_CHECK enum err_code measurements_from_json(const json *obj, struct measurements *ret,
                                                struct err *e);

#define MEASUREMENT_FIELDS_MAX 34
struct measurement_difference {
    const char *field;            /* "mrtd", "rtmr1", "pcr4", ... */
    struct bytes found, expected; /* borrowed from the two */
};
/* Fields in which they differ, in the order of the JSON; returns how many (at most
 * MEASUREMENT_FIELDS_MAX).  Two kinds differ in "type" alone, without values.  Fields that do not
 * enter the identity under rules are left out (rules NULL: all are compared). */
size_t measurements_diff(const struct measurements *found, const struct measurements *expected,
                         const struct identity_rules *rules,
                         struct measurement_difference ret[static MEASUREMENT_FIELDS_MAX]);
