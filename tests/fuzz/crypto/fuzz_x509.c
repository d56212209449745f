/* x509: reading certificates, their key and the evidence extension. */
#include <stdlib.h>
#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    AUTO(X509) c = NULL;
    struct bytes evidence;
    uint8_t spki[P256_SPKI_LEN];
    struct err e;

    if (x509_parse((struct bytes){data, size}, &c, &e) != ERR_OK)
        return 0;
    if (x509_der(c, &der, &e) != ERR_OK || !bytes_eq(buf_bytes(&der), (struct bytes){data, size}))
        abort();
    (void)!x509_extension(c, OID_TEEREG_EVIDENCE, &evidence, &e);
    (void)!x509_spki(c, spki, &e);
    (void)!x509_verify_leaf(c, c, 1800000000, &e);
    return 0;
}
