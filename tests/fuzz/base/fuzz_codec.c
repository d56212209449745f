/* Every decoder on the same text: what one accepts must encode to exactly that text again. */
#include <stdlib.h>
#include "base/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef enum err_code decoder(struct bytes text, struct buf *ret, struct err *e);
typedef void encoder(struct buf *out, struct bytes b);

static bool same_but_for_case(struct bytes a, struct bytes b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if ((a.p[i] | 0x20) != (b.p[i] | 0x20))
            return false;
    }
    return true;
}

static void there_and_back(struct bytes text, decoder *decode, encoder *encode, bool any_case)
{
    struct buf plain AUTO_CALL(buf_done) = BUF(text.n), back AUTO_CALL(buf_done) = BUF(2 * text.n);
    struct err e = {0};

    if (decode(text, &plain, &e) != ERR_OK) {
        if (plain.n != 0)
            abort();
        return;
    }
    encode(&back, buf_bytes(&plain));
    if (any_case ? !same_but_for_case(buf_bytes(&back), text) : !bytes_eq(buf_bytes(&back), text))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {data, size};
    struct addr a;
    struct hash32 h;
    struct err e = {0};

    there_and_back(text, base64_decode, base64_put, false);
    there_and_back(text, base64url_decode, base64url_put, false);
    there_and_back(text, hex_decode_buf, hex_put, true);
    if (addr_parse(text, &a, &e) == ERR_OK && size != 40 && size != 42)
        abort();
    if (hash32_parse(text, &h, &e) == ERR_OK && size != 64 && size != 66)
        abort();
    return 0;
}
