/* csr: whatever is accepted is canonical DER, has a P-256 key and a signature that holds. */
#include <stdlib.h>
#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(X509_REQ) req = NULL;
    AUTO(EVP_PKEY) key = NULL;
    struct err e;

    if (csr_parse((struct bytes){data, size}, &req, &e) != ERR_OK)
        return 0;
    if (csr_key(req, &key, &e) != ERR_OK || !p256_is_key(key) || X509_REQ_verify(req, key) != 1)
        abort();
    return 0;
}
