/* tsm - the protocol of a configfs-tsm report, over any way to reach its attributes.  Room: attest,
 * private.
 *
 * The kernel counts the writes to a report's attributes in `generation`: one write of ours between
 * two readings must move it by exactly one, else somebody else wrote, and all is done again. */
#pragma once
#include "attest/report_data.h"
#include "base/buf.h"

struct tsm_report {
    /* The whole of an attribute, appended.  ERR_BUSY: the kernel said "again". */
    enum err_code (*read)(void *self, const char *name, struct buf *ret, struct err *e);
    /* In one write: each is a generation. */
    enum err_code (*write)(void *self, const char *name, struct bytes data, struct err *e);
    /* Between two attempts; false: there is no time left. */
    bool (*pause)(void *self);
    void *self;
};

#define TSM_ATTEMPTS 8

/* ret has a maximum of QUOTE_MAX.  ERR_TIMEOUT after TSM_ATTEMPTS, or when pause says so. */
MUST_CHECK enum err_code tsm_quote(const struct tsm_report *t, const struct report_data *rd,
                                   struct buf *ret, struct err *e);
/* ERR_IO unless `provider` is "tdx_guest". */
MUST_CHECK enum err_code tsm_check_provider(const struct tsm_report *t, struct err *e);
