/* collateral - the verbs of `teereg collateral`, which are several files.  Room: cli. */
#pragma once
#include "cli/cli.h"

extern const struct cli_option collateral_fetch_options[], collateral_show_options[],
    collateral_bundle_options[], collateral_status_options[], collateral_forecast_options[];
MUST_CHECK enum err_code collateral_fetch_verb(const struct cli_args *a, struct err *e);
MUST_CHECK enum err_code collateral_bundle_verb(const struct cli_args *a, struct err *e);
MUST_CHECK enum err_code collateral_show_verb(const struct cli_args *a, struct err *e);
MUST_CHECK enum err_code collateral_status_verb(const struct cli_args *a, struct err *e);
MUST_CHECK enum err_code collateral_forecast_verb(const struct cli_args *a, struct err *e);

#define COLLATERAL_WARN_DAYS_MAX 3650
/* A list of results: in JSON a list, as text blocks with names.  Takes o, also on failure. */
MUST_CHECK enum err_code collateral_put_one(const struct cli_args *a, json *list, size_t i,
                                            const char *name, json *o, struct err *e);
MUST_CHECK enum err_code collateral_new_list(const struct cli_args *a, json **ret, struct err *e);
