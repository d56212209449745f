/* Security configurations: what decodes encodes to the very same bytes. */
#include <stdlib.h>
#include "kms/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf again AUTO_CALL(buf_done) = BUF(KMS_CONFIG_MAX);
    struct kms_config c;
    struct hash32 h;
    struct err e;

    if (kms_config_decode((struct bytes){data, size}, &c, &e) != ERR_OK)
        return 0;
    if (kms_config_encode(&c, &again, &e) != ERR_OK || kms_config_hash(&c, &h, &e) != ERR_OK ||
        !bytes_eq(buf_bytes(&again), (struct bytes){data, size}))
        abort();
    return 0;
}
