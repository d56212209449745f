/* roots - the root certificates that evidence may end in, each with a label.  Room: attest.
 *
 * The table is compiled in.  The product has one entry, Intel's; a development build has another,
 * whose private key anybody can compute, and says so wherever a result is shown. */
#pragma once
#include "base/bytes.h"

struct attest_root {
    const char *label;
    bool development; /* proves nothing: accepted in development builds alone */
    struct bytes der; /* compared whole */
};

struct attest_roots {
    const struct attest_root *list;
    size_t n;
};

/* The compiled-in table. */
const struct attest_roots *attest_roots(void);
