/* sim_hcl - the paravisor's report of a simulated Azure machine (HCL report).  Room: sim.
 *
 * Layout: attest/hcl.h.  The TDREPORT in it is over the hash of its variable data, so that a quote
 * of it (sim_tdreport.h) is over the whole. */
#pragma once
#include "sim_azure_fault.h"
#include "sim_quote.h"

/* The TD that a paravisor of this name runs in: MRTD follows from the name, no RTMR is extended. */
void sim_hcl_td(const char *paravisor, enum sim_azure_fault fault, struct td_report *ret);

struct sim_hcl {
    struct td_report td;
    const EVP_PKEY *ak;    /* RSA 2048, what the vTPM signs with */
    const EVP_PKEY *other; /* RSA 2048, for faults */
    const EVP_PKEY *ek;    /* NULL: it is left out, where room is short */
};
/* Appended to ret; without zeros behind it. */
MUST_CHECK enum err_code sim_hcl_report(const struct sim_hcl *m,
                                        const struct report_data *user_data,
                                        enum sim_azure_fault fault, struct buf *ret, struct err *e);
