/* fault - why a quote, its chain or its binding was refused, as a closed list.  Room: attest.
 *
 * Every function of this room that judges evidence returns an err_code, a message that begins with
 * the fault's name ("QUOTE_SIG: ..."), and the fault itself, for audit records, metrics and tests.
 * Names and order of the steps: docs/WIRE.md, "TDX quote". */
#pragma once
#include "base/err.h"

enum attest_fault {
    FAULT_NONE = 0,
    /* A: the quote's bytes */
    FAULT_PARSE_SIZE,   /* shorter than its fields, or larger than any quote */
    FAULT_PARSE_LENGTH, /* a length field that does not fit what is around it */
    FAULT_VERSION,      /* not 4 or 5 */
    FAULT_ATT_KEY_TYPE, /* not ECDSA P-256 */
    FAULT_TEE_TYPE,     /* not TDX */
    FAULT_VENDOR,       /* not Intel's quoting enclave vendor id */
    FAULT_BODY_TYPE,    /* version 5: not a TD report 1.0 or 1.5, or of another size */
    FAULT_CERT_TYPE,    /* not a PCK chain (5) inside QE report data (6) */
    /* C, D: the PCK chain */
    FAULT_PCK_PEM,       /* not exactly three certificates in PEM */
    FAULT_PCK_CERT,      /* a certificate that is not DER as it must be, or with wrong contents */
    FAULT_PCK_CHAIN,     /* wrong order, names, signature, or another root */
    FAULT_PCK_EXPIRED,   /* a certificate of the chain is not valid now */
    FAULT_PCK_EXTENSION, /* the SGX extension of the leaf */
    /* E, G: signatures */
    FAULT_QE_SIG,    /* QE report, by the PCK key */
    FAULT_QE_HASH,   /* QE report data does not hold the attestation key */
    FAULT_QUOTE_KEY, /* the attestation key is not a point of P-256 */
    FAULT_QUOTE_SIG, /* header and TD report, by the attestation key */
    /* K: policy about the TD */
    FAULT_TD_DEBUG,
    FAULT_TD_ATTRIBUTES,
    FAULT_TD_XFAM,
    FAULT_TD_MRSIGNERSEAM,
    FAULT_TD_SEAM_ATTRIBUTES,
    FAULT_TD_SERVICE, /* MRSERVICETD names a service TD */
    /* L and around */
    FAULT_REPORT_DATA,   /* the quote was made for something else */
    FAULT_EVIDENCE_TYPE, /* evidence of a kind that is not judged here */
    FAULT_INTERNAL,      /* memory */
    FAULT_COUNT,
};

/* "QUOTE_SIG", ...; "NONE" for FAULT_NONE. */
const char *attest_fault_name(enum attest_fault f);

/* Sets *fault (may be NULL) and e: "NAME: message".  Returns ERR_INVALID for A, PCK_PEM, PCK_CERT,
 * PCK_EXTENSION and EVIDENCE_TYPE; ERR_DENIED for K; ERR_NOMEM for INTERNAL; else ERR_VERIFY. */
enum err_code attest_fail(enum attest_fault *fault, struct err *e, enum attest_fault f,
                          const char *fmt, ...) PRINTF_LIKE(4, 5);
