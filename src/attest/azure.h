/* azure - every check about the evidence of an Azure TDX machine, in one place.  Room: attest.
 *
 * As attest/examine.h for a quote alone: all checks run as far as they can, the first in this order
 * that fails decides.  The TDX quote inside is examined whole; its own report data is the hash of
 * the paravisor's report, and ours is in that.  Source: docs/WIRE.md, "Evidence on the wire". */
#pragma once
#include "attest/ak_chain.h"
#include "attest/azure_evidence.h"
#include "attest/examine.h"
#include "attest/hcl.h"
#include "attest/tpm.h"

/* In their order; the numbers are those of the seven steps. */
enum azure_check {
    AZURE_TDX_QUOTE,     /* 1: all of attest_check but its report data */
    AZURE_PARAVISOR,     /* 1: MRTD is of a paravisor that policy lists, when it lists any */
    AZURE_RTMRS,         /* 1: zero */
    AZURE_HCL_REPORT,    /* 2: form, and about a TDX machine */
    AZURE_HCL_BINDING,   /* 2: the quote is over it */
    AZURE_TDREPORT,      /* 2: its TDREPORT is the one that the quote was made of */
    AZURE_HCL_RUNTIME,   /* 3: exactly one HCLAkPub that signs */
    AZURE_TPM_QUOTE,     /* 4: form, magic, type */
    AZURE_TPM_SIGNATURE, /* 4: by HCLAkPub */
    AZURE_EXTRA_DATA,    /* 4: SHA-256 of our report data */
    AZURE_PCR_SELECTION, /* 5 */
    AZURE_PCR_VALUES,    /* 5 */
    AZURE_AK_KEY,        /* 6: the AK certificate's key is HCLAkPub */
    AZURE_AK_CHAIN,      /* 6: it hangs on a root of Microsoft's */
    AZURE_USER_DATA,     /* 7: our report data is in the paravisor's report */
    AZURE_CHECKS,
};
/* "TDX quote", "paravisor", ... */
const char *azure_check_name(enum azure_check c);

struct azure_examination {
    bool ok;
    enum azure_check first;
    enum attest_fault fault;
    struct attest_finding check[AZURE_CHECKS];
    struct attest_examination quote;
    /* Of the quote, but measurements are of kind TEE_AZURE_TDX, with the PCRs.  Counts when ok. */
    struct attest_facts facts;
    bool secure_boot, tpm_persisted; /* what the paravisor says of the machine; counts when ok */
    char vm_id[40];
};

/* as: everything a quote is judged with, but quote and tee; as->expected is our report data (NULL:
 * its two bindings are not judged).  roots: of AK certificates. */
void azure_examine(const struct azure_evidence *ev, const struct attest_question *as,
                   const struct ak_roots *roots, struct azure_examination *ret);

/* What the guest gave the paravisor: the report data of the request that it was made for.  Nothing
 * is verified.  HCL_FORM, HCL_TYPE, HCL_RUNTIME; REPORT_DATA of a paravisor that has none. */
MUST_CHECK enum err_code azure_user_data(const struct azure_evidence *ev, struct report_data *ret,
                                         enum attest_fault *fault, struct err *e);

/* No paravisor extends an RTMR: all are zero.  RTMR_NOT_ZERO. */
MUST_CHECK enum err_code azure_check_rtmrs(const struct td_report *td, enum attest_fault *fault,
                                           struct err *e);
