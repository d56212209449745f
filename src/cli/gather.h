/* gather - collateral for the commands about it: from files, folders and services.  Room: cli. */
#pragma once
#include "attest/collateral_fetch.h"
#include "attest/collateral_store.h"
#include "cli/cli.h"
#include "cli/exhibit.h"

/* clang-format off */
#define CLI_OPT_GATHER \
    {"from", "PATH", "a folder or file of collateral, asked first", NULL, CLI_MANY}, \
    {"url", "URL", "a PCS or PCCS; without, and without --from: Intel's", NULL, CLI_OPTIONAL}, \
    {"url-ca", "FILE", "certificates of a PCCS's own authority, in PEM", NULL, CLI_OPTIONAL}, \
    {"seconds", "N", "for all that has to be fetched", "30", CLI_OPTIONAL}
#define CLI_OPT_ABOUT \
    {"for", "FILE", "a quote or evidence: about the platform that made it", NULL, CLI_MANY}, \
    {"fmspc", "HEX", "about platforms of this FMSPC", NULL, CLI_MANY}, \
    {"ca", "NAME", "of --fmspc: platform or processor", "platform", CLI_OPTIONAL}, \
    {"tee", "TEE", "tdx or sgx; without: as --for has it, or tdx", NULL, CLI_OPTIONAL}
/* clang-format on */

/* Where it comes from.  Begin with {0}. */
struct gather {
    struct collateral_origin origins[COLLATERAL_ORIGINS_MAX];
    size_t n;
    collateral_floors *floors;
    uint64_t end_ns;
};
/* --from, --url, --url-ca, --seconds, and --state where a verb has it.  update: of the service. */
MUST_CHECK enum err_code gather_open(const struct cli_args *a, enum pcs_update update,
                                     struct gather *ret, struct err *e);
/* Without --from and --url: places are added. */
MUST_CHECK enum err_code gather_open_empty(const struct cli_args *a, struct gather *ret,
                                           struct err *e);
void gather_done(struct gather *g);
/* One more place: a file or folder, or the service of --url and --url-ca. */
MUST_CHECK enum err_code gather_add_service(const struct cli_args *a, enum pcs_update update,
                                            struct gather *g, struct err *e);
MUST_CHECK enum err_code gather_add_path(struct gather *g, const char *path, struct err *e);

/* All four parts for one platform, verified.  Begin with {0}. */
struct gathered {
    struct collateral_query query;
    struct collateral_bundle bundle;
    struct collateral parts;
};
void gathered_done(struct gathered *g);
/* q->root NULL: the compiled-in root that the TCB info is signed under.  An error names the part
 * that is missing and why. */
MUST_CHECK enum err_code gather_for(const struct gather *g, const struct collateral_query *q,
                                    struct gathered *ret, struct err *e);

#define GATHER_PLATFORMS_MAX CLI_VALUES_MAX
/* The platforms of --for and --fmspc, at least one.  ret has room for GATHER_PLATFORMS_MAX. */
MUST_CHECK enum err_code gather_platforms(const struct cli_args *a, struct collateral_query *ret,
                                          size_t *ret_n, struct err *e);
/* One file of --for; the platform as --tee has it. */
MUST_CHECK enum err_code gather_exhibit(const struct cli_args *a, const char *path,
                                        struct exhibit *ret, struct collateral_query *ret_platform,
                                        struct err *e);
