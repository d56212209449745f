/* A token: form, header, and all that is read of its claims, whoever signed it. */
#include "attest/maa.h"
#include "crypto/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
    const struct jwks none = {0};
    const struct report_data expected = {{1}};
    const struct hash32 policy_hash = {{1}};
    const struct maa_question question = {
        .token = {data, size},
        .keys = &none,
        .policy = &attest_policy_default,
        .policy_hash = &policy_hash,
        .expected = &expected,
        .has_runtime = true,
        .nonce = "nonce",
        .now = 1697680000,
    };

    json_init();
    maa_examine(&question, &x);
    if (x.ok) /* nobody's key signed it */
        abort();
    return 0;
}
