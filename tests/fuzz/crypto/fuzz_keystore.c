/* fuzz: what is read as a keystore asks for bounded work; where it asks for little, it is done. */
#include <stdlib.h>
#include "base/json.h"
#include "crypto/keystore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    json_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keystore k = {0};
    AUTO(secret) key = NULL;
    struct err e = {0};

    if (keystore_parse((struct bytes){data, size}, &k, &e) != ERR_OK)
        return 0;
    if (k.salt_len == 0 || k.salt_len > sizeof k.salt)
        abort();
    if (k.scrypt &&
        (k.n * k.r * 128 > KEYSTORE_SCRYPT_MEMORY || k.n * k.r > KEYSTORE_SCRYPT_WORK / k.p))
        abort();
    if (!k.scrypt && k.iterations > KEYSTORE_PBKDF2_MAX)
        abort();
    if (k.scrypt ? k.n * k.r * k.p <= 64 : k.iterations <= 64)
        (void)!keystore_open(&k, bytes_of_str("password"), &key, &e);
    return 0;
}
