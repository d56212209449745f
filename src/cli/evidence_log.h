/* evidence_log - the verbs `teereg evidence log` and `log-diff`.  Room: cli. */
#pragma once
#include "cli/cli.h"

extern const struct cli_option evidence_log_options[];
enum err_code evidence_log(const struct cli_args *a, struct err *e);
/* `evidence show` of a file that is a log alone; never from a pipe, which is read only once.
 * ret_shown: whether it was one, also when an error says that it is broken. */
enum err_code evidence_log_show(const struct cli_args *a, bool *ret_shown, struct err *e);
enum err_code evidence_log_diff(const struct cli_args *a, struct err *e);
