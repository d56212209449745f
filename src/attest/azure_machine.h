/* azure_machine - how a TDX machine of Azure makes its evidence, step by step.  Room: attest,
 * private.
 *
 * There is no local quoting: a paravisor holds the TD's report and puts it, with the vTPM's key and
 * 64 bytes of ours, into its HCL report, which the platform's metadata service (IMDS) turns into a
 * quote.  The ways to TPM and service are functions, so that tests play them. */
#pragma once
#include "attest/azure_evidence.h"
#include "attest/report_data.h"

struct azure_machine {
    /* Hands 64 bytes to the paravisor (NV 0x01400002). */
    enum err_code (*set_user_data)(void *self, const struct report_data *rd, struct err *e);
    /* The HCL report as it is now (NV 0x01400001), appended. */
    enum err_code (*hcl_report)(void *self, struct buf *ret, struct err *e);
    /* A quote over a TDREPORT (IMDS), appended. */
    enum err_code (*tdx_quote)(void *self, struct bytes tdreport, struct buf *ret, struct err *e);
    /* vtpm_quote by the AK. */
    enum err_code (*tpm_quote)(void *self, struct bytes qualifying, struct azure_evidence *ret,
                               struct err *e);
    /* The AK's certificate and those above it: DER, appended. */
    enum err_code (*certificates)(void *self, struct buf *ret, struct err *e);
    /* Between two looks at the report; false: there is no time left. */
    bool (*pause)(void *self);
    void *self;
};

/* What ret held is freed, on success only.  ERR_TIMEOUT: the report never showed our data;
 * ERR_IO, ERR_UPSTREAM: what TPM or service answered is not what it should be. */
MUST_CHECK enum err_code azure_machine_evidence(const struct azure_machine *m,
                                                const struct report_data *rd,
                                                struct azure_evidence *ret, struct err *e);

/* The certificate at the front of an NV index, without what pads it; borrowed. */
MUST_CHECK enum err_code azure_certificate_cut(struct bytes padded, struct bytes *ret,
                                               struct err *e);
