/* provider - where quotes come from: this machine's TDX module, or another process.  Room: attest.
 *
 * A provider answers from any thread, and may block up to its deadline. */
#pragma once
#include "attest/report_data.h"
#include "base/buf.h"

typedef struct quote_provider quote_provider;
struct quote_provider {
    /* A quote over these 64 bytes, appended to ret (give it a maximum of QUOTE_MAX). */
    enum err_code (*quote)(void *self, const struct report_data *rd, struct buf *ret,
                           struct err *e);
    void (*free)(void *self);
    void *self;
    const char *evidence_type; /* "tdx-dcap" */
    const char *name;          /* "configfs-tsm", ...: for logs and /status */
};

MUST_CHECK enum err_code quote_provider_quote(const quote_provider *p, const struct report_data *rd,
                                              struct buf *ret, struct err *e);
void quote_provider_free(quote_provider *p);
DEFINE_AUTO(quote_provider, quote_provider_free);

/* Linux configfs-tsm (Documentation/ABI/testing/configfs-tsm): a directory per quote under
 * `report_dir` (NULL: /sys/kernel/config/tsm/report); inblob, outblob, generation; provider must be
 * "tdx_guest".  A generation that moved by more than our own write means that somebody else used
 * the directory: all is done again, at most 8 times within 30 s. */
#define PROVIDER_CONFIGFS_DIR "/sys/kernel/config/tsm/report"
MUST_CHECK enum err_code provider_configfs(const char *report_dir, quote_provider **ret,
                                           struct err *e);

/* /dev/tdx_guest for a TDREPORT, then the host's Quote Generation Service over vsock (CID 2; port
 * 0: the usual one) for the quote, within 30 s.  ERR_IO, ERR_UPSTREAM or ERR_TIMEOUT when one of
 * the two is not there. */
#define PROVIDER_TDX_GUEST_DEVICE "/dev/tdx_guest"
#define PROVIDER_QGS_PORT         4050
MUST_CHECK enum err_code provider_tdx_guest(uint32_t qgs_port, quote_provider **ret, struct err *e);

#ifdef TEEREG_DEV_ROOTS
/* GET {url}/attest/{128 hex of report data}: 200 and the raw quote, else an error.  Development
 * builds alone: whoever answers there is believed to run this very machine. */
MUST_CHECK enum err_code provider_remote(const char *url, quote_provider **ret, struct err *e);
#endif
