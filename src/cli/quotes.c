#include "cli/quotes.h"

enum err_code cli_quotes_open(const struct cli_args *a, quote_provider **ret, struct err *e)
{
    struct provider_local_config c = {
        .tsm_report = cli_value(a, "tsm-report"),
        .azure = {.intermediates = cli_value(a, "ak-intermediates")},
    };
    uint64_t port;

#ifdef TEEREG_DEV_ROOTS
    if (cli_value(a, "attester"))
        return provider_remote(cli_value(a, "attester"), ret, e);
    c.azure.tpm = cli_value(a, "tpm");
    c.azure.imds = cli_value(a, "imds");
#endif
    TRY_IN(e, quotes_from_named(cli_value(a, "quotes-from"), &c.from, e), "--quotes-from");
    TRY(cli_u64(a, "qgs-port", UINT32_MAX, &port, e));
    c.qgs_port = (uint32_t)port;
    return provider_open_local(&c, ret, e);
}
