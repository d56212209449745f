/* csr: whatever is accepted has a P-256 key, and OpenSSL finds the same key and signature in it. */
#include <stdlib.h>
#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(X509_REQ) req = NULL;
    AUTO(EVP_PKEY) key = NULL;
    struct err e;

    if (csr_parse((struct bytes){data, size}, &key, &e) != ERR_OK)
        return 0;
    req = d2i_X509_REQ(NULL, &data, (long)size);
    if (!p256_is_key(key) || (req && X509_REQ_verify(req, key) != 1))
        abort();
    return 0;
}
