/* pem - strict PEM (RFC 7468): known label, 64-column base64, LF.  Room: crypto.
 *
 * Output is exactly what Go's pem.EncodeToMemory writes.  Input is exactly one block (pem_decode)
 * or a list of blocks (pem_next), without junk before, between or after; CRLF is accepted. */
#pragma once
#include "base/buf.h"

void pem_put(struct buf *out, const char *label, struct bytes der);
MUST_CHECK enum err_code pem_decode(struct bytes text, const char *label, struct buf *ret_der,
                                    struct err *e);
/* The first block of *rest; *rest is moved behind it.  ERR_NOT_FOUND when *rest is empty. */
MUST_CHECK enum err_code pem_next(struct bytes *rest, const char *label, struct buf *ret_der,
                                  struct err *e);
