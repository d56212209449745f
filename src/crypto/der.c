#include "crypto/der.h"

void der_put(struct buf *out, uint8_t tag, struct bytes contents)
{
    buf_put_u8(out, tag);
    if (contents.n < 0x80) {
        buf_put_u8(out, (uint8_t)contents.n);
    } else if (contents.n < 0x100) {
        buf_put_u8(out, 0x81);
        buf_put_u8(out, (uint8_t)contents.n);
    } else if (contents.n < 0x10000) {
        buf_put_u8(out, 0x82);
        buf_put_u16be(out, (uint16_t)contents.n);
    } else {
        out->bad = true;
    }
    buf_put(out, contents);
}
