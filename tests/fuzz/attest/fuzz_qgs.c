/* What a host's Quote Generation Service answers: the quote lies at the message's end. */
#include <stdlib.h>
#include "attest/qgs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes quote;
    struct err e;

    if (qgs_answer_parse((struct bytes){data, size}, &quote, &e) != ERR_OK)
        return 0;
    if (quote.n == 0 || quote.n > size - 24 || quote.p + quote.n != data + size)
        abort();
    return 0;
}
