/* Evidence in the form of attested-TLS proxies; what was read can be written in our own. */
#include "attest/azure_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct buf out AUTO_CALL(buf_done) = BUF(AZURE_EVIDENCE_MAX);
    struct err e;

    json_init();
    if (azure_json_decode((struct bytes){data, size}, &ev, &e) != ERR_OK)
        return 0;
    (void)!azure_evidence_encode(&ev, &out, &e);
    return 0;
}
