/* key - the key that a command signs transactions with.  Room: cli.
 *
 * From --key-file (64 hex digits, or a keystore of version 3) or from the environment variable that
 * --key-env names.  A keystore's password comes from --password-file or is asked for on the
 * terminal; neither is ever a value on the command line. */
#pragma once
#include "cli/cli.h"
#include "crypto/secret.h"

#define CLI_OPT_KEYS                                                                               \
    {"key-file", "FILE", "sender's key: 64 hex digits, or a keystore (version 3); mode 0600",      \
     NULL, CLI_OPTIONAL},                                                                          \
        {"key-env", "NAME", "or the environment variable that holds its 64 hex digits", NULL,      \
         CLI_OPTIONAL},                                                                            \
    {                                                                                              \
        "password-file", "FILE", "of the keystore, mode 0600; without: asked on the terminal",     \
            NULL, CLI_OPTIONAL                                                                     \
    }
/* ERR_USAGE: none is named, or both are. */
MUST_CHECK enum err_code cli_key(const struct cli_args *a, secret **ret, struct err *e);
/* 64 hex digits (0x in front is fine) and white space after, or a keystore (which needs a, for its
 * password; NULL: refused), in a file that nobody else reads. */
MUST_CHECK enum err_code cli_key_file(const struct cli_args *a, const char *path, secret **ret,
                                      struct err *e);
