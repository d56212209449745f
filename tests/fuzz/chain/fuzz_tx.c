/* fuzz: what is read as a transaction is, made again from its fields, the same bytes. */
#include <stdlib.h>
#include "chain/tx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf again AUTO_CALL(buf_done) = BUF(1 << 20);
    struct tx_parsed p = {0};
    struct err e = {0};

    if (tx_parse((struct bytes){data, size}, &p, &e) != ERR_OK)
        return 0;
    if (tx_unsigned(&p.tx, &again, &e) != ERR_OK)
        abort();
    if (!p.is_signed && !bytes_eq(buf_bytes(&again), (struct bytes){data, size}))
        abort();
    if (p.is_signed && (again.n >= size || addr_is_zero(&p.sender)))
        abort();
    return 0;
}
