/* What an Azure machine shows of itself: it has one spelling. */
#include <stdlib.h>
#include "attest/azure_evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct buf again AUTO_CALL(buf_done) = BUF(AZURE_EVIDENCE_MAX);
    struct err e;

    if (azure_evidence_decode((struct bytes){data, size}, &ev, &e) != ERR_OK)
        return 0;
    if (azure_evidence_encode(&ev, &again, &e) != ERR_OK ||
        !bytes_eq(buf_bytes(&again), (struct bytes){data, size}))
        abort();
    return 0;
}
