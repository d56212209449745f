/* fuzz: RLP of any bytes; what is accepted has one spelling, so writing it again gives it back. */
#include <stdlib.h>
#include "chain/rlp.h"

static void rewrite(struct bytes data, struct buf *out)
{
    struct rd r = rd_of(data);
    struct rlp_item item;
    struct err e;

    while (r.left > 0) {
        if (rlp_next(&r, &item, &e) != ERR_OK)
            abort(); /* rlp_check let it through */
        if (item.list) {
            struct buf items AUTO_CALL(buf_done) = BUF(1 << 20);

            rewrite(item.body, &items);
            rlp_put_list(out, buf_bytes(&items));
        } else {
            rlp_put_str(out, item.body);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf again AUTO_CALL(buf_done) = BUF(1 << 20);
    struct bytes input = {data, size};
    struct rd r = rd_of(input);
    uint8_t fixed[20];
    uint64_t number;
    struct err e;

    if (rlp_check(input, 16, &e) == ERR_OK) {
        rewrite(input, &again);
        if (!bytes_eq(buf_bytes(&again), input))
            abort();
    }
    (void)!rlp_next_u64(&r, &number, &e);
    r = rd_of(input);
    (void)!rlp_next_fixed(&r, fixed, sizeof fixed, &e);
    return 0;
}
