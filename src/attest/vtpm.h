/* vtpm - the few things that evidence asks of a TPM 2.0, over tpm2-tss (ESYS).  Room: attest,
 * private.
 *
 * One vtpm is one connection, for one thread; every call ends at the deadline that it was opened
 * with, after which it is of no more use (but for swtpm: that way waits as long as it takes). Owner
 * and index authorisation are empty passwords, as on machines of Azure.  Source: TPM 2.0 Library,
 * part 3. */
#pragma once
#include "base/buf.h"

#define VTPM_DEVICE "/dev/tpmrm0"
#define VTPM_PCRS   24

typedef struct vtpm vtpm;

/* device: NULL is VTPM_DEVICE; in development builds also "swtpm:host=ADDRESS,port=N".
 * ERR_IO: it is not there or cannot be opened. */
MUST_CHECK enum err_code vtpm_open(const char *device, uint64_t deadline_ns, vtpm **ret,
                                   struct err *e);
void vtpm_free(vtpm *v);
DEFINE_AUTO(vtpm, vtpm_free);

/* The whole of an NV index, appended to ret, read by the owner.  ERR_NOT_FOUND: not defined. */
MUST_CHECK enum err_code vtpm_nv_read(vtpm *v, uint32_t index, struct buf *ret, struct err *e);
/* Writes data at the front of an NV index by the owner, who defines it with that size when it is
 * not there. */
MUST_CHECK enum err_code vtpm_nv_write(vtpm *v, uint32_t index, struct bytes data, struct err *e);

/* A quote over exactly the 24 PCRs of the SHA-256 bank, RSASSA with SHA-256, by the persistent key
 * `handle`; ret_pcr are the values it is over.  What PCRs are extended by meanwhile makes it ask
 * again, at most 8 times.  attest is TPMS_ATTEST as signed, signature the bare RSA number. */
MUST_CHECK enum err_code vtpm_quote(vtpm *v, uint32_t handle, struct bytes qualifying,
                                    struct buf *ret_attest, struct buf *ret_signature,
                                    uint8_t ret_pcr[static VTPM_PCRS][32], struct err *e);
