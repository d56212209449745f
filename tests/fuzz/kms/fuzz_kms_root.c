/* Root key lines of development builds; elsewhere there is nothing to read. */
#include <stdlib.h>
#include "kms/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
#ifdef TEEREG_DEV_ROOTS
    AUTO(kms_root) r = NULL;
    AUTO(kms_root) again = NULL;
    AUTO(secret) line = NULL;
    struct err e;

    if (kms_root_parse((struct bytes){data, size}, &r, &e) != ERR_OK)
        return 0;
    if (kms_root_text(r, &line, &e) != ERR_OK ||
        kms_root_parse(secret_bytes(line), &again, &e) != ERR_OK ||
        !hash32_eq(kms_root_commitment(r), kms_root_commitment(again)))
        abort();
#else
    (void)data;
    (void)size;
#endif
    return 0;
}
