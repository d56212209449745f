/* codec - strict, canonical text codecs: hex, base64, base32.  Room: base.
 *
 * Decoders accept exactly one spelling of each value: no white space, correct padding, zero unused
 * bits (RFC 4648 §3.5), exact lengths.  Hex input may be in either case; output is lower case. */
#pragma once
#include "base/buf.h"

/* Exactly n bytes from 2n hex digits, no prefix. */
MUST_CHECK enum err_code hex_decode(struct bytes text, uint8_t *ret, size_t n, struct err *e);
/* The same with at most one leading "0x" (addresses, content ids: docs/WIRE.md). */
MUST_CHECK enum err_code hex_decode_0x(struct bytes text, uint8_t *ret, size_t n, struct err *e);
/* Any even number of digits, appended to ret (bounded by its maximum). */
MUST_CHECK enum err_code hex_decode_buf(struct bytes text, struct buf *ret, struct err *e);
void hex_put(struct buf *out, struct bytes b);
/* ret holds 2n+1 chars, NUL-terminated. */
void hex_encode(struct bytes b, char *ret);
#define HEX_LEN(n) (2 * (n) + 1)

MUST_CHECK enum err_code addr_parse(struct bytes text, struct addr *ret, struct err *e);
MUST_CHECK enum err_code hash32_parse(struct bytes text, struct hash32 *ret, struct err *e);

/* RFC 4648 §4, with padding. */
MUST_CHECK enum err_code base64_decode(struct bytes text, struct buf *ret, struct err *e);
void base64_put(struct buf *out, struct bytes b);
/* RFC 4648 §5, without padding. */
MUST_CHECK enum err_code base64url_decode(struct bytes text, struct buf *ret, struct err *e);
void base64url_put(struct buf *out, struct bytes b);
/* RFC 4648 §6, upper case with padding (disk passphrases, v1). */
void base32_put(struct buf *out, struct bytes b);
