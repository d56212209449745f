/* A quote off the wire, through every step that can be reached without the right keys. */
#include "attest/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inspected_quote in;

    attest_inspect((struct bytes){data, size}, (struct bytes){0}, &attest_policy_default, NULL,
                   1790000000, &in);
    if (in.has_quote && in.quote.used > size)
        abort();
    return 0;
}
