/* pem: strict reading; what is read is what would be written. */
#include <stdlib.h>
#include "crypto/p256.h"
#include "crypto/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {data, size}, rest = text;
    struct buf der AUTO_CALL(buf_done) = BUF(65536);
    AUTO(EVP_PKEY) private = NULL;
    AUTO(EVP_PKEY) public = NULL;
    struct err e;

    if (pem_decode(text, "CERTIFICATE", &der, &e) == ERR_OK) {
        struct buf again AUTO_CALL(buf_done) = BUF(2 * 65536);
        struct buf twice AUTO_CALL(buf_done) = BUF(65536);

        pem_put(&again, "CERTIFICATE", buf_bytes(&der));
        if (pem_decode(buf_bytes(&again), "CERTIFICATE", &twice, &e) != ERR_OK ||
            !bytes_eq(buf_bytes(&twice), buf_bytes(&der)))
            abort();
    }
    buf_clear(&der);
    while (pem_next(&rest, "CERTIFICATE", &der, &e) == ERR_OK)
        ;
    (void)!p256_from_private_pem(text, &private, &e);
    (void)!p256_from_public_pem(text, &public, &e);
    return 0;
}
