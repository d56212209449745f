/* The payload of a KMS's quote: K and what follows; what was read is written the same. */
#include <stdlib.h>
#include "attest/report_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf again AUTO_CALL(buf_done) = BUF(KMS_CLAIM_LEN);
    enum report_purpose purpose;
    struct kms_claim k;
    struct bytes rest;
    struct err e;

    (void)!report_purpose_parse((struct bytes){data, size}, &purpose, &e);
    if (kms_claim_parse((struct bytes){data, size}, &k, &rest, &e) != ERR_OK)
        return 0;
    kms_claim_put(&again, &k);
    if (rest.n + KMS_CLAIM_LEN != size ||
        !bytes_eq(buf_bytes(&again), (struct bytes){data, KMS_CLAIM_LEN}))
        abort();
    return 0;
}
