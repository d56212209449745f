/* chain - the verbs of `teereg chain` that ask nodes; the table is in chain.c.  Room: cli. */
#pragma once
#include "cli/cli.h"

extern const struct cli_option chain_reference_options[], chain_status_options[],
    chain_watch_options[];
MUST_CHECK enum err_code chain_reference_verb(const struct cli_args *a, struct err *e);
MUST_CHECK enum err_code chain_status_verb(const struct cli_args *a, struct err *e);
MUST_CHECK enum err_code chain_watch_verb(const struct cli_args *a, struct err *e);
