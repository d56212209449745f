/* sim_azure - a simulated TDX machine of Azure: paravisor, vTPM, and the evidence of both.
 * Room: sim.
 *
 * As sim_quote.h: a machine may be wrong in one way; what the fault does not touch stays right and
 * is signed again over it. */
#pragma once
#include "attest/azure_evidence.h"
#include "sim_ak.h"
#include "sim_quote.h"

#define SIM_AZURE_FAULTS(X)                                                                        \
    X(SIM_AZURE_OK, "none")                                                                        \
    X(SIM_AZURE_RTMR, "azure-rtmr")             /* RTMR2 is not zero */                            \
    X(SIM_HCL_SNP, "hcl-snp")                   /* the report of a SEV-SNP machine */              \
    X(SIM_HCL_HASH, "hcl-hash")                 /* the TDX quote is over another HCL report */     \
    X(SIM_HCL_TAIL, "hcl-tail")                 /* its report data goes on after the hash */       \
    X(SIM_HCL_NO_AK, "hcl-no-ak")               /* no HCLAkPub */                                  \
    X(SIM_HCL_AK_TWICE, "hcl-ak-twice")         /* another key of that name before it */           \
    X(SIM_HCL_AK_ENCRYPTS, "hcl-ak-encrypts")   /* its key_ops say encrypt */                      \
    X(SIM_HCL_NO_USER_DATA, "hcl-no-user-data") /* an old paravisor */                             \
    X(SIM_HCL_USER_DATA, "hcl-user-data")       /* user data of another request */                 \
    X(SIM_TPM_MAGIC, "tpm-magic")               /* made outside the TPM and signed by it */        \
    X(SIM_TPM_TYPE, "tpm-type")                 /* a certification of a key, not a quote */        \
    X(SIM_TPM_SIG, "tpm-sig")                   /* signed by another key */                        \
    X(SIM_TPM_EXTRA_DATA, "tpm-extra-data")     /* of another request */                           \
    X(SIM_TPM_FEWER_PCRS, "tpm-fewer-pcrs")     /* without PCR 23 */                               \
    X(SIM_TPM_SHA1, "tpm-sha1")                 /* the SHA-1 bank is named */                      \
    X(SIM_TPM_TWO_BANKS, "tpm-two-banks")       /* a second one, empty */                          \
    X(SIM_TPM_PCR, "tpm-pcr")                   /* PCR 11 is shown as something else */            \
    X(SIM_AZURE_AK_KEY, "ak-key")               /* the AK certificate is of another key */

#define SIM_AZURE_FAULT_(id, name) id,
enum sim_azure_fault { SIM_AZURE_FAULTS(SIM_AZURE_FAULT_) SIM_AZURE_FAULT_COUNT };
#undef SIM_AZURE_FAULT_

typedef struct sim_azure sim_azure;
/* A machine whose PCRs follow from the image's name.  Its vTPM's keys are new each time: that takes
 * a moment. */
MUST_CHECK enum err_code sim_azure_new(const char *image, sim_azure **ret, struct err *e);
void sim_azure_free(sim_azure *m);
DEFINE_AUTO(sim_azure, sim_azure_free);

/* Evidence over this report data.  What ret held is freed, on success only.  Thread-safe. */
MUST_CHECK enum err_code sim_azure_evidence(const sim_azure *m, const struct report_data *rd,
                                            enum sim_azure_fault fault, enum sim_ak_fault ak_fault,
                                            struct azure_evidence *ret, struct err *e);
