/* Evidence as JSON: in a request, in a certificate's extension, and what is written again. */
#include "attest/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, size};
    struct evidence ev AUTO_CALL(evidence_done) = {0}, again AUTO_CALL(evidence_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);
    struct err e;

    json_init();
    (void)!evidence_extension_decode(in, &again, &e);
    if (evidence_decode(in, &ev, &e) != ERR_OK)
        return 0;
    if (evidence_encode(&ev, &text, &e) != ERR_OK ||
        evidence_decode(buf_bytes(&text), &again, &e) != ERR_OK ||
        !bytes_eq(buf_bytes(&ev.quote), buf_bytes(&again.quote)) ||
        !bytes_eq(buf_bytes(&ev.payload), buf_bytes(&again.payload)))
        abort();
    return 0;
}
