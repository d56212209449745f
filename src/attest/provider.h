/* provider - where quotes come from: this machine's TDX module, or another process.  Room: attest.
 *
 * A provider answers from any thread, and may block up to its deadline. */
#pragma once
#include "attest/report_data.h"
#include "base/buf.h"

typedef struct quote_provider quote_provider;
struct quote_provider {
    /* Evidence of evidence_type over these 64 bytes, appended to ret. */
    enum err_code (*quote)(void *self, const struct report_data *rd, struct buf *ret,
                           struct err *e);
    void (*free)(void *self);
    void *self;
    const char *evidence_type; /* "tdx-dcap", "azure-vtpm" */
    const char *name;          /* "configfs-tsm", ...: for logs and /status */
};

/* What a provider says, checked as far as it goes without trust: well formed, of its type, and for
 * "tdx-dcap" over rd.  ERR_UPSTREAM when it is not.  ret has a maximum of EVIDENCE_QUOTE_MAX. */
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

/* A TDX machine of Azure (attest/azure_evidence.h): report and key of its vTPM, a quote of the
 * platform's metadata service, within 30 s.  Quotes of one provider are made one after the other.
 */
struct provider_azure_config {
    const char
        *intermediates; /* PEM file: certificates above the vTPM's key; NULL: none are sent */
#ifdef TEEREG_DEV_ROOTS
    const char *tpm;  /* NULL: /dev/tpmrm0 */
    const char *imds; /* base URL of the metadata service; NULL: the platform's */
#endif
};
MUST_CHECK enum err_code provider_azure(const struct provider_azure_config *c, quote_provider **ret,
                                        struct err *e);

enum quotes_from {
    QUOTES_AUTO, /* the first of these that is there, in this order */
    QUOTES_CONFIGFS,
    QUOTES_TDX_GUEST,
    QUOTES_AZURE,
};
/* "auto", "configfs-tsm", "tdx-guest", "azure-vtpm": the names of the providers.  ERR_USAGE. */
MUST_CHECK enum err_code quotes_from_named(const char *name, enum quotes_from *ret, struct err *e);

struct provider_local_config {
    enum quotes_from from;
    const char *tsm_report; /* NULL: the usual folder */
    uint32_t qgs_port;      /* 0: the usual one */
    struct provider_azure_config azure;
};
/* QUOTES_AUTO, with nothing there: ERR_IO, and the message says of each what it lacks. */
MUST_CHECK enum err_code provider_open_local(const struct provider_local_config *c,
                                             quote_provider **ret, struct err *e);

#ifdef TEEREG_DEV_ROOTS
/* GET {url}/attest/{128 hex of report data}: 200 and the raw quote, else an error.  Development
 * builds alone: whoever answers there is believed to run this very machine. */
MUST_CHECK enum err_code provider_remote(const char *url, quote_provider **ret, struct err *e);
#endif
