/* roots - the root certificates that evidence may end in, each with a label.  Room: attest.
 *
 * The table is compiled in.  The product has one entry, Intel's; a development build has another,
 * whose private key anybody can compute, and says so wherever a result is shown.  A root is pinned
 * by its name and key: Intel has issued certificates of one key with different ends, and what
 * counts is who signs.  The pinned certificate's validity holds, whatever a chain carries. */
#pragma once
#include "base/bytes.h"
#include "crypto/p256.h"

struct attest_root {
    const char *label;
    bool development; /* proves nothing: accepted in development builds alone */
    struct bytes der;
    struct bytes subject; /* the Name, whole; borrowed from der */
    struct bytes key;     /* x || y; borrowed from der */
    int64_t not_before, not_after;
    p256_pub *signer; /* of that key */
};

struct attest_roots {
    const struct attest_root *list;
    size_t n;
};

/* The compiled-in table. */
const struct attest_roots *attest_roots(void);
/* One given by a person, for looking only: self-signed, P-256.  Borrows der and label.
 * ERR_INVALID, ERR_VERIFY. */
MUST_CHECK enum err_code attest_root_of(struct bytes der, const char *label,
                                        struct attest_root *ret, struct err *e);
void attest_root_done(struct attest_root *r);

/* Is this the certificate of one of them: the pinned bytes, or another self-signed one of the same
 * name and key?  NULL: no. */
const struct attest_root *attest_roots_find(const struct attest_roots *roots, struct bytes der);
/* ERR_VERIFY unless the root's key signed it.  Uses a table of the key's multiples once that has
 * paid. */
MUST_CHECK enum err_code attest_root_signed(const struct attest_root *r, struct bytes message,
                                            struct bytes sig_der, struct err *e);
