/* der - a walker over DER (X.690): bounds-checked, definite minimal lengths.  Room: attest.
 *
 * For the certificates of the vendor, on the way that anybody can call; what is read is borrowed.
 * Everything else is OpenSSL's work (crypto/x509).  Cursors are struct rd; a failed read leaves a
 * poisoned cursor, an ERR_INVALID and a message without the bytes. */
#pragma once
#include "base/err.h"
#include "base/rd.h"
#include "crypto/der.h" /* the tags */

struct der {
    uint8_t tag;
    struct bytes body;  /* contents */
    struct bytes whole; /* tag, length and contents */
};

/* The next value of any low tag (number < 31), at most 65535 bytes of contents. */
MUST_CHECK enum err_code der_next(struct rd *r, struct der *ret, struct err *e);
/* The next value, which must have this tag. */
MUST_CHECK enum err_code der_expect(struct rd *r, uint8_t tag, struct der *ret, struct err *e);
/* The same when the next tag is `tag`; else *ret is empty (tag 0) and nothing is read. */
MUST_CHECK enum err_code der_optional(struct rd *r, uint8_t tag, struct der *ret, struct err *e);
/* Nothing may be left; what names the value for the message. */
MUST_CHECK enum err_code der_finish(const struct rd *r, const char *what, struct err *e);

/* INTEGER or ENUMERATED, 0 to max, minimal. */
MUST_CHECK enum err_code der_uint(const struct der *v, uint64_t max, uint64_t *ret, struct err *e);
/* BOOLEAN: 00 or ff. */
MUST_CHECK enum err_code der_bool(const struct der *v, bool *ret, struct err *e);
/* BIT STRING of whole octets. */
MUST_CHECK enum err_code der_bits(const struct der *v, struct bytes *ret, struct err *e);
/* UTCTime YYMMDDHHMMSSZ (1950 to 2049) or GeneralizedTime YYYYMMDDHHMMSSZ, to unix seconds. */
MUST_CHECK enum err_code der_time(const struct der *v, int64_t *ret, struct err *e);
