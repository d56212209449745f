#include "attest/fault.h"

#include <stdio.h>

static const char *const names[FAULT_COUNT] = {
    [FAULT_NONE] = "NONE",
    [FAULT_PARSE_SIZE] = "PARSE_SIZE",
    [FAULT_PARSE_LENGTH] = "PARSE_LENGTH",
    [FAULT_VERSION] = "VERSION",
    [FAULT_ATT_KEY_TYPE] = "ATT_KEY_TYPE",
    [FAULT_TEE_TYPE] = "TEE_TYPE",
    [FAULT_VENDOR] = "VENDOR",
    [FAULT_BODY_TYPE] = "BODY_TYPE",
    [FAULT_CERT_TYPE] = "CERT_TYPE",
    [FAULT_COLLATERAL_MISSING] = "COLLATERAL_MISSING",
    [FAULT_COLLATERAL_FORMAT] = "COLLATERAL_FORMAT",
    [FAULT_TCB_SIGNER] = "TCB_SIGNER",
    [FAULT_TCB_INFO_SIG] = "TCB_INFO_SIG",
    [FAULT_TCB_INFO] = "TCB_INFO",
    [FAULT_QE_IDENTITY_SIG] = "QE_IDENTITY_SIG",
    [FAULT_QE_IDENTITY] = "QE_IDENTITY",
    [FAULT_ROOT_CRL] = "ROOT_CRL",
    [FAULT_PCK_CRL] = "PCK_CRL",
    [FAULT_COLLATERAL_EXPIRED] = "COLLATERAL_EXPIRED",
    [FAULT_TCB_SIGNER_REVOKED] = "TCB_SIGNER_REVOKED",
    [FAULT_PCK_CHAIN] = "PCK_CHAIN",
    [FAULT_PCK_EXPIRED] = "PCK_EXPIRED",
    [FAULT_PCK_REVOKED] = "PCK_REVOKED",
    [FAULT_PCK_EXTENSION] = "PCK_EXTENSION",
    [FAULT_FMSPC_MISMATCH] = "FMSPC_MISMATCH",
    [FAULT_PCEID_MISMATCH] = "PCEID_MISMATCH",
    [FAULT_QE_SIG] = "QE_SIG",
    [FAULT_QE_HASH] = "QE_HASH",
    [FAULT_QE_IDENTITY_MISCSELECT] = "QE_IDENTITY_MISCSELECT",
    [FAULT_QE_IDENTITY_ATTRIBUTES] = "QE_IDENTITY_ATTRIBUTES",
    [FAULT_QE_IDENTITY_MRSIGNER] = "QE_IDENTITY_MRSIGNER",
    [FAULT_QE_IDENTITY_ISVPRODID] = "QE_IDENTITY_ISVPRODID",
    [FAULT_QE_NOT_SUPPORTED] = "QE_NOT_SUPPORTED",
    [FAULT_QUOTE_SIG] = "QUOTE_SIG",
    [FAULT_TDX_MODULE_MISMATCH] = "TDX_MODULE_MISMATCH",
    [FAULT_TCB_NOT_SUPPORTED] = "TCB_NOT_SUPPORTED",
    [FAULT_TD_DEBUG] = "TD_DEBUG",
    [FAULT_TD_ATTRIBUTES] = "TD_ATTRIBUTES",
    [FAULT_TD_XFAM] = "TD_XFAM",
    [FAULT_TD_MRSIGNERSEAM] = "TD_MRSIGNERSEAM",
    [FAULT_TD_SEAM_ATTRIBUTES] = "TD_SEAM_ATTRIBUTES",
    [FAULT_TD_SERVICE] = "TD_SERVICE",
    [FAULT_TD_MRSEAM] = "TD_MRSEAM",
    [FAULT_TD_OWNER] = "TD_OWNER",
    [FAULT_TCB_STATUS] = "TCB_STATUS",
    [FAULT_TCB_REVOKED] = "TCB_REVOKED",
    [FAULT_ADVISORY] = "ADVISORY",
    [FAULT_EVALUATION_NUMBER] = "EVALUATION_NUMBER",
    [FAULT_PLATFORM_DENIED] = "PLATFORM_DENIED",
    [FAULT_REPORT_DATA] = "REPORT_DATA",
    [FAULT_EVIDENCE_TYPE] = "EVIDENCE_TYPE",
    [FAULT_INTERNAL] = "INTERNAL",
};

const char *attest_fault_name(enum attest_fault f)
{
    return f < FAULT_COUNT ? names[f] : "UNKNOWN";
}

static enum err_code code_of(enum attest_fault f)
{
    switch (f) {
    case FAULT_PARSE_SIZE:
    case FAULT_PARSE_LENGTH:
    case FAULT_VERSION:
    case FAULT_ATT_KEY_TYPE:
    case FAULT_TEE_TYPE:
    case FAULT_VENDOR:
    case FAULT_BODY_TYPE:
    case FAULT_CERT_TYPE:
    case FAULT_COLLATERAL_FORMAT:
    case FAULT_PCK_EXTENSION:
    case FAULT_EVIDENCE_TYPE:
        return ERR_INVALID;
    case FAULT_TD_DEBUG:
    case FAULT_TD_ATTRIBUTES:
    case FAULT_TD_XFAM:
    case FAULT_TD_MRSIGNERSEAM:
    case FAULT_TD_SEAM_ATTRIBUTES:
    case FAULT_TD_SERVICE:
    case FAULT_TD_MRSEAM:
    case FAULT_TD_OWNER:
    case FAULT_TCB_STATUS:
    case FAULT_TCB_REVOKED:
    case FAULT_ADVISORY:
    case FAULT_EVALUATION_NUMBER:
    case FAULT_PLATFORM_DENIED:
        return ERR_DENIED;
    case FAULT_INTERNAL:
        return ERR_NOMEM;
    default:
        return ERR_VERIFY;
    }
}

enum err_code attest_fail(enum attest_fault *fault, struct err *e, enum attest_fault f,
                          const char *fmt, ...)
{
    char why[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    if (fault)
        *fault = f;
    return err_set(e, code_of(f), "%s: %s", attest_fault_name(f), why);
}
