/* Challenges: nonce[32], then a purpose.  Without the key nothing is accepted. */
#include <stdlib.h>
#include "kms/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t now(void *self)
{
    (void)self;
    return 1764000000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct clock clock = {.unix_now = now};
    static const uint8_t key[32] = {0xfa, 0x57};
    static challenges *c;
    const struct addr app = {{1}};
    char purpose[80] = {0};
    struct hash32 nonce;
    struct err e;

    if (!c && challenges_new((struct bytes){key, 32}, &clock, 1024, &c, &e) != ERR_OK)
        abort();
    if (size < 32)
        return 0;
    memcpy(nonce.b, data, 32);
    memcpy(purpose, data + 32, size - 32 < 79 ? size - 32 : 79);
    if (challenge_check(c, &nonce, purpose, &app, &e) == ERR_OK)
        abort();
    if (challenge_spend(c, &nonce, &e) == ERR_OK && challenge_spend(c, &nonce, &e) != ERR_DENIED)
        abort();
    return 0;
}
