/* What a TPM signs. */
#include "attest/tpm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t pcr[TPM_PCRS][32];
    struct tpm_quote q;
    struct err e;

    if (tpm_quote_parse((struct bytes){data, size}, &q, NULL, &e) != ERR_OK)
        return 0;
    (void)!tpm_check_selection(&q, NULL, &e);
    (void)!tpm_check_pcrs(&q, pcr, NULL, &e);
    return 0;
}
