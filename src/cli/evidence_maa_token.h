/* evidence_maa_token - the verbs `teereg evidence maa-token` and `maa-keys`.  Room: cli. */
#pragma once
#include "cli/cli.h"

extern const struct cli_option evidence_maa_token_options[], evidence_maa_keys_options[];
MUST_CHECK enum err_code evidence_maa_token(const struct cli_args *a, struct err *e);
MUST_CHECK enum err_code evidence_maa_keys(const struct cli_args *a, struct err *e);
