/* sim_azure - a simulated TDX machine of Azure: paravisor, vTPM, and the evidence of both,
 * all made here (the machine with a real TPM: sim_paravisor.h).  Room: sim. */
#pragma once
#include "attest/azure_evidence.h"
#include "sim_azure_fault.h"
#include "sim_quote.h"

typedef struct sim_azure sim_azure;
/* A machine whose PCRs follow from the image's name.  Its vTPM's keys are new each time: that takes
 * a moment. */
MUST_CHECK enum err_code sim_azure_new(const char *image, sim_azure **ret, struct err *e);
void sim_azure_free(sim_azure *m);
DEFINE_AUTO(sim_azure, sim_azure_free);

/* Evidence over this report data.  Faults of a machine with a real TPM do not touch it.  What ret
 * held is freed, on success only.  Thread-safe. */
MUST_CHECK enum err_code sim_azure_evidence(const sim_azure *m, const struct report_data *rd,
                                            enum sim_azure_fault fault, enum sim_ak_fault ak_fault,
                                            struct azure_evidence *ret, struct err *e);
