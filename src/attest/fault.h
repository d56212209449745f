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
    /* B: what Intel says about platforms */
    FAULT_COLLATERAL_MISSING, /* a part of it is not there */
    FAULT_COLLATERAL_FORMAT,  /* the bundle is malformed */
    FAULT_TCB_SIGNER,         /* the chain of a signer: form, names, root, signature */
    FAULT_TCB_INFO_SIG,
    FAULT_TCB_INFO, /* its contents: form, id, version, range, a status that is not in the list */
    FAULT_QE_IDENTITY_SIG,
    FAULT_QE_IDENTITY,        /* the object's contents */
    FAULT_ROOT_CRL,           /* form, issuer, signature */
    FAULT_PCK_CRL,            /* form, issuer, signature, or of another CA than the leaf's */
    FAULT_COLLATERAL_EXPIRED, /* a part, or the certificate of its signer, is not of now */
    FAULT_TCB_SIGNER_REVOKED, /* or the CA that signed the PCK CRL */
    /* C, D: the PCK chain */
    FAULT_PCK_CHAIN,      /* not three certificates; form, order, names, signature, another root */
    FAULT_PCK_EXPIRED,    /* a certificate of the chain is not valid now */
    FAULT_PCK_REVOKED,    /* leaf or CA */
    FAULT_PCK_EXTENSION,  /* the SGX extension of the leaf */
    FAULT_FMSPC_MISMATCH, /* the TCB info is about other platforms */
    FAULT_PCEID_MISMATCH,
    /* E, G: signatures */
    FAULT_QE_SIG,  /* QE report, by the PCK key */
    FAULT_QE_HASH, /* QE report data does not hold the attestation key */
    /* F: the quoting enclave is Intel's, and new enough */
    FAULT_QE_IDENTITY_MISCSELECT,
    FAULT_QE_IDENTITY_ATTRIBUTES,
    FAULT_QE_IDENTITY_MRSIGNER,
    FAULT_QE_IDENTITY_ISVPRODID,
    FAULT_QE_NOT_SUPPORTED, /* older than every level */
    FAULT_QUOTE_SIG,        /* header and report, by the attestation key, a point of P-256 */
    /* H, I */
    FAULT_TDX_MODULE_MISMATCH, /* no such module, or another signer or attributes */
    FAULT_TCB_NOT_SUPPORTED,   /* platform or module older than every level */
    /* K: policy about the TD */
    FAULT_TD_DEBUG,
    FAULT_TD_ATTRIBUTES,
    FAULT_TD_XFAM,
    FAULT_TD_MRSIGNERSEAM,
    FAULT_TD_SEAM_ATTRIBUTES,
    FAULT_TD_SERVICE, /* MRSERVICETD names a service TD */
    FAULT_TD_MRSEAM,  /* a TDX module that policy does not list */
    FAULT_TD_OWNER,   /* MRCONFIGID, MROWNER or MROWNERCONFIG */
    /* M: policy about the platform */
    FAULT_TCB_STATUS,        /* not among those that are accepted */
    FAULT_TCB_REVOKED,       /* which is never accepted */
    FAULT_ADVISORY,          /* one that policy denies */
    FAULT_EVALUATION_NUMBER, /* collateral older than policy wants */
    FAULT_PLATFORM_DENIED,   /* FMSPC, PPID or platform instance */
    /* Azure: tokens of its attestation service (MAA) */
    FAULT_JWS_FORM, /* not three segments of base64url, or the header is not one */
    FAULT_JWS_ALG,  /* not RS256 */
    FAULT_JWS_KEY,  /* no key of that name among those of the issuer, or one of no use */
    FAULT_JWS_SIG,
    FAULT_MAA_CLAIMS,     /* form of the claims; x-ms-ver */
    FAULT_MAA_ISSUER,     /* not the instance that is trusted */
    FAULT_MAA_TIME,       /* not of now, or good for too long */
    FAULT_MAA_TYPE,       /* about something else than a TDX machine */
    FAULT_MAA_COMPLIANCE, /* not azure-compliant-cvm */
    FAULT_MAA_DEBUG,
    FAULT_MAA_TCB_STATUS, /* of the token: not among those that are accepted */
    FAULT_MAA_POLICY,     /* judged by another policy than the one that was pinned */
    FAULT_MAA_BINDING, /* made for something else: report data, runtime data, nonce or vTPM key */
    FAULT_MAA_KEY,     /* a signing key of the service whose enclave does not prove it */
    /* Azure: paravisor and vTPM */
    FAULT_AZURE_EVIDENCE, /* the parts are not there, or not in their encoding */
    FAULT_PARAVISOR,      /* MRTD of a paravisor that policy does not list */
    FAULT_RTMR_NOT_ZERO,  /* no paravisor of Azure extends them */
    FAULT_HCL_FORM,       /* the paravisor's report */
    FAULT_HCL_TYPE,       /* it is about another kind of machine, SEV-SNP for example */
    FAULT_HCL_BINDING,    /* the TDX quote is not over it */
    FAULT_HCL_RUNTIME,    /* its JSON: exactly one HCLAkPub that signs */
    FAULT_TPM_FORM,       /* not a quote of a TPM */
    FAULT_TPM_SIG,        /* not by HCLAkPub */
    FAULT_TPM_EXTRA_DATA, /* made for something else */
    FAULT_TPM_SELECTION,  /* not all 24 PCRs of one SHA-256 bank */
    FAULT_TPM_PCRS,       /* the values are not those that were quoted */
    FAULT_AK_KEY,         /* the AK certificate is about another key than HCLAkPub */
    FAULT_AK_CHAIN,       /* of the AK certificate: form, signatures, purpose, another root */
    FAULT_AK_INTERMEDIATE_MISSING, /* a certificate between it and the root was not sent */
    FAULT_AK_EXPIRED,
    /* N: the event log that came with the evidence */
    FAULT_EVENT_LOG,     /* its form */
    FAULT_RTMR_MISMATCH, /* it leads to other registers than the quote's */
    FAULT_BAD_SEPARATOR, /* the firmware says that it failed */
    FAULT_EVENT_DIGEST,  /* a description that is not what was measured */
    FAULT_EVENT_NAME,    /* a name that the digest does not tell from others */
    /* L and around */
    FAULT_REPORT_DATA,   /* the quote was made for something else */
    FAULT_EVIDENCE_TYPE, /* evidence of a kind that is not judged here */
    FAULT_INTERNAL,      /* memory */
    FAULT_COUNT,
};

/* "QUOTE_SIG", ...; "NONE" for FAULT_NONE. */
const char *attest_fault_name(enum attest_fault f);

/* Sets *fault (may be NULL) and e: "NAME: message".  Returns ERR_INVALID for A, COLLATERAL_FORMAT,
 * PCK_EXTENSION, EVIDENCE_TYPE, EVENT_LOG, JWS_FORM, MAA_CLAIMS and the FORM, TYPE and RUNTIME of
 * Azure's parts; ERR_DENIED for K, M and what a policy says of a token or paravisor; ERR_NOMEM for
 * INTERNAL; else ERR_VERIFY. */
enum err_code attest_fail(enum attest_fault *fault, struct err *e, enum attest_fault f,
                          const char *fmt, ...) PRINTF_LIKE(4, 5);
