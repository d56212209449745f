/* admin - what a running KMS says on its admin socket.  Room: cli. */
#pragma once
#include "cli/cli.h"

#define CLI_ADMIN_SOCKET "/run/teereg/kms.sock"

/* ERR_UPSTREAM when nobody answers there, or with another status than 200. */
MUST_CHECK enum err_code cli_admin_call(const char *socket, const char *method, const char *path,
                                        json **ret, struct err *e);
