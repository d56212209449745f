/* judge - what commands judge evidence with: a policy, and where collateral comes from.  Room: cli.
 */
#pragma once
#include "attest/collateral_dir.h"
#include "attest/verify.h"
#include "cli/cli.h"

#define CLI_OPT_COLLATERAL_DIR                                                                     \
    {                                                                                              \
        "collateral-dir", "FOLDER",                                                                \
            "bundles of collateral, for evidence that comes without its own", NULL, CLI_OPTIONAL   \
    }
#define CLI_OPT_POLICY                                                                             \
    {                                                                                              \
        "policy", "FILE", "an attestation policy in JSON; without: UpToDate alone", NULL,          \
            CLI_OPTIONAL                                                                           \
    }

/* --policy, or the default. */
MUST_CHECK enum err_code cli_policy(const struct cli_args *a, struct attest_policy *ret,
                                    struct err *e);

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
    collateral_dir *dir; /* NULL: evidence must bring its collateral */
    struct attest_judge judge;
};
/* Begin with {0}; judge points into *ret, which must not move. */
MUST_CHECK enum err_code cli_judge_open(const struct cli_args *a, struct cli_judge *ret,
                                        struct err *e);
void cli_judge_done(struct cli_judge *j);
