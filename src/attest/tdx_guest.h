/* tdx_guest - a quote by TDREPORT and the host's Quote Generation Service.  Room: attest, private.
 *
 * The way to the device and to the host is a struct of functions, so that tests play both. */
#pragma once
#include "attest/qgs.h"
#include "attest/report_data.h"

struct tdx_guest {
    /* The TDX module's report over these 64 bytes. */
    enum err_code (*report)(void *self, const struct report_data *rd,
                            uint8_t ret[static TDREPORT_LEN], struct err *e);
    /* A connected non-blocking socket to the service, which the caller closes. */
    enum err_code (*connect)(void *self, uint64_t deadline_ns, int *ret_fd, struct err *e);
    void *self;
    unsigned deadline_ms; /* for all of one quote */
};

/* ERR_IO when the report is none of a TD or over other data; else as qgs_exchange. */
MUST_CHECK enum err_code tdx_guest_quote(const struct tdx_guest *g, const struct report_data *rd,
                                         struct buf *ret, struct err *e);
