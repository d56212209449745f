/* pcs_body - what a PCS wraps its objects in: JSON bodies and chains in headers.  Room: attest.
 *
 * The signature covers the inner object's very bytes, so it is cut out of the text and never
 * written anew.  Nothing here is verified (attest/collateral.h does).  Source: Intel PCS API
 * version 4. */
#pragma once
#include "base/buf.h"

#define PCS_SIGNATURE_LEN 64

/* {member: {...}, "signature": 128 hex digits}, in either order and with nothing else; ret_object
 * is borrowed from body, from its brace to the matching one.  ERR_INVALID. */
MUST_CHECK enum err_code pcs_body_split(struct bytes body, const char *member,
                                        struct bytes *ret_object,
                                        uint8_t ret_signature[static PCS_SIGNATURE_LEN],
                                        struct err *e);
/* The body again, of an object and its signature. */
void pcs_body_put(struct buf *out, const char *member, struct bytes object, struct bytes signature);
/* A chain of certificates in a header: PEM, percent-encoded; appended to ret.  ERR_INVALID,
 * ERR_TOO_LARGE. */
MUST_CHECK enum err_code pcs_chain_decode(const char *header, struct buf *ret, struct err *e);
