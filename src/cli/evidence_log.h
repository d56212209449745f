/* evidence_log - the verbs `teereg evidence log` and `log-diff`.  Room: cli. */
#pragma once
#include "cli/cli.h"

extern const struct cli_option evidence_log_options[];
enum err_code evidence_log(const struct cli_args *a, struct err *e);
enum err_code evidence_log_diff(const struct cli_args *a, struct err *e);
