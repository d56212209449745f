/* der - writing DER (X.690): tag, shortest length, contents.  Room: crypto.
 *
 * For the few structures that are written byte by byte because their bytes are permanent.  Reading
 * is attest/der. */
#pragma once
#include "base/buf.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8 = 0x0c,
    DER_PRINTABLE = 0x13,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_0 = 0xa0, /* constructed; + n for others */
};

/* Contents of more than 65535 bytes poison out. */
void der_put(struct buf *out, uint8_t tag, struct bytes contents);
