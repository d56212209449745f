/* A paravisor's report and its runtime data; the input also as the latter alone. */
#include "attest/hcl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hcl_runtime runtime AUTO_CALL(hcl_runtime_done) = {0};
    struct hcl_report report;
    struct err e;

    json_init();
    if (hcl_parse((struct bytes){data, size}, &report, NULL, &e) == ERR_OK)
        (void)!hcl_runtime_parse(report.variable, &runtime, NULL, &e);
    else
        (void)!hcl_runtime_parse((struct bytes){data, size}, &runtime, NULL, &e);
    return 0;
}
