/* fuzz: a block as a node tells it; what is accepted has the hash that it claims. */
#include <stdlib.h>
#include "chain/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(json) block = NULL;
    struct block_header h;
    struct hash32 claimed;
    struct err e;

    if (json_parse((struct bytes){data, size}, 65536, &block, &e) != ERR_OK)
        return 0;
    if (header_parse(block, &h, &e) == ERR_OK &&
        (json_get_hex0x(block, "hash", claimed.b, sizeof claimed.b, &e) != ERR_OK ||
         !hash32_eq(&claimed, &h.id.ref.hash)))
        abort();
    return 0;
}
