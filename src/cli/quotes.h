/* quotes - the options that say where a command's quotes come from.  Room: cli. */
#pragma once
#include "attest/provider.h"
#include "cli/cli.h"

MUST_CHECK enum err_code cli_quotes_open(const struct cli_args *a, quote_provider **ret,
                                         struct err *e);

/* clang-format off */
#define CLI_OPT_QUOTES \
    {"quotes-from", "NAME", "auto, configfs-tsm, tdx-guest or azure-vtpm", "auto", CLI_OPTIONAL}, \
    {"tsm-report", "FOLDER", "where the kernel makes quotes", PROVIDER_CONFIGFS_DIR, \
     CLI_OPTIONAL}, \
    {"qgs-port", "N", "tdx-guest: the host's quote service, vsock port", "4050", CLI_OPTIONAL}, \
    {"ak-intermediates", "FILE", "azure-vtpm: certificates above the vTPM's key, PEM", NULL, \
     CLI_OPTIONAL}
#ifdef TEEREG_DEV_ROOTS
#define CLI_OPT_QUOTES_DEV \
    {"attester", "URL", "a simulated platform (development build)", NULL, CLI_OPTIONAL}, \
    {"tpm", "TPM", "swtpm:host=ADDRESS,port=N, or a device (development build)", NULL, \
     CLI_OPTIONAL}, \
    {"imds", "URL", "a metadata service of one's own (development build)", NULL, CLI_OPTIONAL},
#else
#define CLI_OPT_QUOTES_DEV
#endif
/* clang-format on */
