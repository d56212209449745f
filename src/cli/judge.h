/* judge - what commands judge evidence with: a policy, and where collateral comes from.  Room: cli.
 */
#pragma once
#include "attest/collateral_store.h"
#include "attest/verify.h"
#include "cli/cli.h"

/* Where collateral comes from when evidence brings none. */
#define CLI_COLLATERAL_URL_HELP                                                                    \
    "a PCS or PCCS; without: Intel's, or none with --collateral-dir or in a development build"
#define CLI_OPT_COLLATERAL                                                                         \
    {"collateral-dir", "FOLDER", "collateral that is there already, asked first", NULL,            \
     CLI_OPTIONAL},                                                                                \
        {"collateral-url", "URL", CLI_COLLATERAL_URL_HELP, NULL, CLI_OPTIONAL},                    \
    {                                                                                              \
        "collateral-ca", "FILE", "certificates of a PCCS's own authority, in PEM", NULL,           \
            CLI_OPTIONAL                                                                           \
    }
#define CLI_OPT_POLICY                                                                             \
    {                                                                                              \
        "policy", "FILE", "an attestation policy in JSON; without: UpToDate alone", NULL,          \
            CLI_OPTIONAL                                                                           \
    }

/* --policy, or the default. */
MUST_CHECK enum err_code cli_policy(const struct cli_args *a, struct attest_policy *ret,
                                    struct err *e);
/* The service of --collateral-url (NULL: Intel's) and --collateral-ca; ca holds what config
 * borrows. */
MUST_CHECK enum err_code cli_pcs(const struct cli_args *a, struct buf *ca, struct pcs_config *ret,
                                 struct err *e);

/* --root: one certificate in PEM or DER instead of the compiled-in roots; its results release
 * nothing.  Begin with {0}. */
struct cli_root {
    struct buf der;
    struct attest_root root; /* when der is not empty */
};
MUST_CHECK enum err_code cli_root_read(const struct cli_args *a, struct cli_root *ret,
                                       struct err *e);
void cli_root_done(struct cli_root *r);
/* That one, or the compiled-in ones; borrowed. */
struct attest_roots cli_roots(const struct cli_root *r);

/* Of `evidence verify`: --policy with --accept-status, --at, --report-data. */
MUST_CHECK enum err_code cli_verify_policy(const struct cli_args *a, struct attest_policy *ret,
                                           struct err *e);
MUST_CHECK enum err_code cli_verify_time(const struct cli_args *a, int64_t *ret, struct err *e);
MUST_CHECK enum err_code cli_verify_report_data(const struct cli_args *a, struct report_data *ret,
                                                bool *ret_given, struct err *e);
/* A file that must be one. */
MUST_CHECK enum err_code cli_policy_file(const char *path, struct attest_policy *ret,
                                         struct err *e);

struct cli_judge {
    struct attest_policy policy;
    collateral_cache *objects;
    collateral_store *store; /* without origins: evidence must bring its collateral */
    struct attest_judge judge;
    struct collateral_origin early; /* the service's early data, for forecasts; get NULL: none */
};
/* Begin with {0}; judge points into *ret, which must not move.  --collateral-state, where a verb
 * has it, keeps evaluation numbers. */
MUST_CHECK enum err_code cli_judge_open(const struct cli_args *a, struct cli_judge *ret,
                                        struct err *e);
void cli_judge_done(struct cli_judge *j);

/* Of a quote whose chain ends in a compiled-in root: the platform that made it. */
MUST_CHECK enum err_code cli_platform(struct bytes quote, struct collateral_query *ret,
                                      struct err *e);
/* Collateral for this quote's platform from a cli_judge's store, as a bundle in JSON: all four
 * parts, or an error that says which is missing and why. */
MUST_CHECK enum err_code cli_collateral_of(void *judge, struct bytes quote, struct buf *ret,
                                           struct err *e);
