/* A key set, and the SGX quotes in its certificates. */
#include "attest/maa_key.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jwks set AUTO_CALL(jwks_done) = {0};
    bool several;
    struct err e;

    json_init();
    if (jwks_parse((struct bytes){data, size}, &set, &e) != ERR_OK)
        return 0;
    for (size_t i = 0; i < set.n; i++) {
        struct buf quote AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
        struct hash32 h;

        (void)!maa_key_quote(&set.key[i], &quote, NULL, &e);
        (void)!jwks_kid_hash(&set.key[i], &h, &e);
        if (jwks_find(&set, set.key[i].kid) != &set.key[i])
            abort();
    }
    (void)jwks_issuer(&set, &several);
    return 0;
}
