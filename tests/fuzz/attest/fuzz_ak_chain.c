/* Certificates one after the other, under our roots. */
#include "attest/ak_chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = {data, size};
    AUTO(rsa_pub) key = NULL;
    struct err e;

    (void)!ak_chain_key(in, &key, NULL, &e);
    (void)!ak_chain_verify(in, ak_roots(), 1781000000, NULL, &e);
    return 0;
}
