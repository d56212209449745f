/* sim_vtpm - makes a TPM 2.0 in software (swtpm) the vTPM of a new Azure machine.  Room: sim.
 *
 * Over tpm2-tss (ESYS).  Handles and indices are those of Azure: the AK at 0x81000003, its
 * certificate at NV 0x01C101D0, the HCL report at 0x01400001, user data at 0x01400002.  All may be
 * there already (a machine that boots again): they are made anew. */
#pragma once
#include "base/buf.h"
#include "crypto/p256.h"

#define SIM_VTPM_PCRS          24
#define SIM_VTPM_NV_MAX        2048 /* swtpm has no larger index */
#define SIM_VTPM_HCL_REPORT    0x01400001u
#define SIM_VTPM_USER_DATA     0x01400002u
#define SIM_VTPM_CERTIFICATE   0x01C101D0u
#define SIM_VTPM_AK            0x81000003u
#define SIM_VTPM_USER_DATA_LEN 64

typedef struct sim_vtpm sim_vtpm;
/* conf: "host=127.0.0.1,port=N", of tpm2-tss's swtpm TCTI. */
MUST_CHECK enum err_code sim_vtpm_open(const char *conf, sim_vtpm **ret, struct err *e);
void sim_vtpm_free(sim_vtpm *v);
DEFINE_AUTO(sim_vtpm, sim_vtpm_free);

/* A new AK: RSA 2048, RSASSA with SHA-256, for what the TPM itself says alone; ret is its public
 * key.
 */
MUST_CHECK enum err_code sim_vtpm_make_ak(sim_vtpm *v, EVP_PKEY **ret, struct err *e);
/* An NV index of this size, for the owner to read and write (and with an empty password of its
 * own), that begins with data; zeros behind them.  At most SIM_VTPM_NV_MAX. */
MUST_CHECK enum err_code sim_vtpm_make_nv(sim_vtpm *v, uint32_t index, size_t size,
                                          struct bytes data, struct err *e);
MUST_CHECK enum err_code sim_vtpm_extend(sim_vtpm *v, unsigned pcr, const struct hash32 *digest,
                                         struct err *e);

/* What a machine that boots this image extends a PCR by; false: it leaves that PCR alone. */
bool sim_vtpm_event(const char *image, unsigned pcr, struct hash32 *ret);
