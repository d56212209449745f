/* ecies and hpke: opening envelopes of strangers, of the sizes and shapes that never were. */
#include <stdlib.h>
#include "crypto/ecies.h"
#include "crypto/hpke.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The application's key of version 1's vectors, to which the seeds are sealed. */
static const uint8_t scalar[32] = {0xa8, 0x64, 0x59, 0x20, 0x53, 0xae, 0xc5, 0x5e, 0xb6, 0x80, 0x62,
                                   0x35, 0x1e, 0x70, 0x2c, 0x8b, 0xea, 0x9b, 0xc8, 0x30, 0xbb, 0x37,
                                   0xe7, 0x47, 0x6f, 0x8a, 0xe1, 0xac, 0x9e, 0x99, 0x41, 0x0f};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static EVP_PKEY *key;
    AUTO(secret) plain = NULL;
    AUTO(secret) other = NULL;
    struct bytes enc = {data, size < HPKE_ENC_LEN ? size : HPKE_ENC_LEN};
    struct err e;

    if (!key && p256_from_scalar(BYTES(scalar), &key, &e) != ERR_OK)
        abort();
    if (ecies_open(key, (struct bytes){data, size}, &plain, &e) == ERR_OK &&
        plain->n + ECIES_OVERHEAD != size)
        abort();
    (void)!hpke_open(key, enc, (struct bytes){0}, (struct bytes){0},
                     (struct bytes){data + enc.n, size - enc.n}, &other, &e);
    return 0;
}
