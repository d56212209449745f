/* The two headers of an attested-TLS proxy: type, LF, measurement. */
#include "attest/proxy_headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *lf = size ? memchr(data, '\n', size) : NULL;
    const size_t n = lf ? (size_t)(lf - data) : size;
    struct bytes rest = {lf ? lf + 1 : data, lf ? size - n - 1 : 0};
    struct measurements m;
    struct err e;

    json_init();
    if (proxy_headers_read((struct bytes){data, n}, rest, &m, &e) != ERR_OK)
        return 0;
    /* What is read is one of two kinds, and names itself as it was named. */
    if (!bytes_eq((struct bytes){data, n}, bytes_of_str(proxy_headers_type(&m))) ||
        rest.n > PROXY_MEASUREMENT_MAX)
        abort();
    return 0;
}
