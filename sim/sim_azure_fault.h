/* sim_azure_fault - the ways in which a simulated Azure machine may be wrong.  Room: sim.
 *
 * As sim_quote.h: one way; what the fault does not touch stays right and is signed again over it.
 */
#pragma once
#include "sim_ak.h"

/* Of the paravisor and of who certifies the vTPM's key: with any TPM. */
#define SIM_PARAVISOR_FAULTS(X)                                                                    \
    X(SIM_AZURE_RTMR, "azure-rtmr")             /* RTMR2 is not zero */                            \
    X(SIM_HCL_SNP, "hcl-snp")                   /* the report of a SEV-SNP machine */              \
    X(SIM_HCL_HASH, "hcl-hash")                 /* the TDX quote is over another HCL report */     \
    X(SIM_HCL_TAIL, "hcl-tail")                 /* its report data goes on after the hash */       \
    X(SIM_HCL_NO_AK, "hcl-no-ak")               /* no HCLAkPub */                                  \
    X(SIM_HCL_AK_TWICE, "hcl-ak-twice")         /* another key of that name before it */           \
    X(SIM_HCL_AK_OTHER, "hcl-ak-other")         /* HCLAkPub is not what the vTPM signs with */     \
    X(SIM_HCL_AK_ENCRYPTS, "hcl-ak-encrypts")   /* its key_ops say encrypt */                      \
    X(SIM_HCL_NO_USER_DATA, "hcl-no-user-data") /* an old paravisor */                             \
    X(SIM_HCL_USER_DATA, "hcl-user-data")       /* user data of another request */                 \
    X(SIM_AZURE_AK_KEY, "ak-key")               /* the AK certificate is of another key */

/* Of the vTPM: of one that is software of ours (sim_azure_evidence). */
#define SIM_TPM_FAULTS(X)                                                                          \
    X(SIM_TPM_MAGIC, "tpm-magic")           /* made outside the TPM and signed by it */            \
    X(SIM_TPM_TYPE, "tpm-type")             /* a certification of a key, not a quote */            \
    X(SIM_TPM_SIG, "tpm-sig")               /* signed by another key */                            \
    X(SIM_TPM_EXTRA_DATA, "tpm-extra-data") /* of another request */                               \
    X(SIM_TPM_FEWER_PCRS, "tpm-fewer-pcrs") /* without PCR 23 */                                   \
    X(SIM_TPM_SHA1, "tpm-sha1")             /* the SHA-1 bank is named */                          \
    X(SIM_TPM_TWO_BANKS, "tpm-two-banks")   /* a second one, empty */                              \
    X(SIM_TPM_PCR, "tpm-pcr")               /* PCR 11 is shown as something else */

/* Of the way to a real TPM and of the metadata service (`teereg-sim azure`). */
#define SIM_MACHINE_FAULTS(X)                                                                      \
    X(SIM_TPM_STALE, "tpm-stale")         /* the first quote is given again and again */           \
    X(SIM_IMDS_BUSY, "imds-busy")         /* status 429, two times of three */                     \
    X(SIM_IMDS_REFUSES, "imds-refuses")   /* status 400 */                                         \
    X(SIM_IMDS_EMPTY, "imds-empty")       /* a quote of no bytes */                                \
    X(SIM_IMDS_NONSENSE, "imds-nonsense") /* an answer that is no JSON */                          \
    X(SIM_IMDS_PADDED, "imds-padded")     /* base64 with its padding, which is no fault */         \
    X(SIM_IMDS_OTHER, "imds-other")       /* a quote over other report data */

#define SIM_AZURE_FAULT_(id, name) id,
enum sim_azure_fault {
    SIM_AZURE_OK,
    SIM_PARAVISOR_FAULTS(SIM_AZURE_FAULT_) SIM_TPM_FAULTS(SIM_AZURE_FAULT_)
        SIM_MACHINE_FAULTS(SIM_AZURE_FAULT_) SIM_AZURE_FAULT_COUNT
};
#undef SIM_AZURE_FAULT_

/* A fault of `teereg-sim azure`: of the machine, or of its AK's certificates; never both. */
struct sim_azure_faults {
    enum sim_azure_fault machine;
    enum sim_ak_fault ak;
};
/* ERR_INVALID for a name that a machine with a real TPM cannot have. */
MUST_CHECK enum err_code sim_azure_fault_parse(const char *name, struct sim_azure_faults *ret,
                                               struct err *e);
/* Calls each(name) for all of them. */
void sim_azure_fault_list(void (*each)(const char *name));
