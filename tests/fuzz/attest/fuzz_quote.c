/* A quote off the wire, TDX and SGX, through every check that can be reached without the right
 * keys. */
#include "attest/examine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum quote_tee tees[] = {QUOTE_TEE_TDX, QUOTE_TEE_SGX};
    struct attest_examination x;

    for (size_t i = 0; i < 2; i++) {
        const struct attest_question question = {
            .quote = {data, size},
            .tee = tees[i],
            .roots = attest_roots(),
            .policy = &attest_policy_default,
            .now = 1790000000,
        };

        attest_examine(&question, &x);
        if (x.ok || (x.has_quote && x.used > size))
            abort();
    }
    return 0;
}
