/* onchain_evidence - evidence as people have it, made into what a verifier onchain takes.
 * Room: cli. */
#pragma once
#include "cli/exhibit.h"

/* clang-format off */
#define CLI_OPT_ONCHAIN \
    {"verifier-kind", "KIND", "tdx, azure or automata; raw: as it is; without: tdx, of Azure's azure", NULL, CLI_OPTIONAL}, \
    {"token", "FILE", "of azure: the attestation service's token about the same machine", NULL, CLI_OPTIONAL}
/* clang-format on */

#define ONCHAIN_EVIDENCE_MAX ((size_t)65536) /* more fits no transaction that nodes take */

/* Begin with {0}. */
struct onchain_evidence {
    const char *kind; /* of --verifier-kind, or found */
    struct buf bytes;
    bool has_report_data; /* what it is over, as it says itself */
    uint8_t report_data[64];
};
void onchain_evidence_done(struct onchain_evidence *v);
/* The file under --verifier-kind and --token. */
MUST_CHECK enum err_code onchain_evidence_read(const struct cli_args *a, const char *path,
                                               struct onchain_evidence *ret, struct err *e);

/* `teereg evidence onchain` */
extern const struct cli_option evidence_onchain_options[];
MUST_CHECK enum err_code evidence_onchain(const struct cli_args *a, struct err *e);
