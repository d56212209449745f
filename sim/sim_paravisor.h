/* sim_paravisor - stands between a machine and its TPM, as the paravisor of Azure does.  Room: sim.
 *
 * Behind it is swtpm, before it who has tpm2-tss's swtpm TCTI: the TPM's commands on one port of
 * 127.0.0.1, swtpm's control channel on the next.  All passes unchanged, but for a write of user
 * data (NV 0x01400002): it makes the paravisor put a new HCL report into NV 0x01400001, not at once
 * but before the second time that somebody reads that index from its beginning.
 *
 * As swtpm does, it serves one connection after the other.  Source of the commands: TPM 2.0
 * Library, part 3, TPM2_NV_Read, TPM2_NV_Write, TPM2_Quote. */
#pragma once
#include "sim_hcl.h"

typedef struct sim_paravisor sim_paravisor;

/* tpm, control: Unix sockets of swtpm. */
MUST_CHECK enum err_code sim_paravisor_start(const char *tpm, const char *control,
                                             enum sim_azure_fault fault, sim_paravisor **ret,
                                             uint16_t *ret_port, struct err *e);
/* Ends its connections and waits for its threads. */
void sim_paravisor_free(sim_paravisor *p);
DEFINE_AUTO(sim_paravisor, sim_paravisor_free);

/* From now on it makes reports of this machine, which must outlive it.  Before, it writes none. */
void sim_paravisor_report_of(sim_paravisor *p, const struct sim_hcl *m);
