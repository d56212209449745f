/* factory - storage backends from URIs, under a policy that depends on who wrote the URI.
 * Room: store.
 *
 * Known here: file:///dir, file://./dir, onchain://0x<40 hex>.  A URI of the chain is the writing
 * of a stranger: it may not name a file.  Nobody's URI may carry user information.
 * Source: docs/WIRE.md, "Storage". */
#pragma once
#include "store/onchain.h"

enum store_origin {
    STORE_FROM_OPERATOR, /* a flag or a file of the operator on this machine */
    STORE_FROM_CHAIN,    /* read from a contract */
};

/* chain may be NULL; then an onchain URI is ERR_INVALID.  ERR_DENIED: the policy says no;
 * ERR_INVALID: malformed, or a scheme this build does not have (the message names it and lists the
 * known ones). */
MUST_CHECK enum err_code store_backend_open(const char *uri, enum store_origin origin,
                                            const struct store_chain *chain,
                                            struct store_backend *ret, struct err *e);
