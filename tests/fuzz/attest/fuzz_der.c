/* DER, walked to every depth that there is room for, each value read as everything it could be. */
#include <stdlib.h>
#include "attest/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct bytes in, int depth)
{
    struct rd r = rd_of(in);
    struct der v;
    struct err e;

    while (r.left > 0 && der_next(&r, &v, &e) == ERR_OK) {
        struct bytes bits;
        uint64_t n;
        int64_t t;
        bool b;

        if (v.body.n > v.whole.n || v.whole.n > in.n)
            abort();
        (void)!der_uint(&v, UINT64_MAX, &n, &e);
        (void)!der_bool(&v, &b, &e);
        (void)!der_bits(&v, &bits, &e);
        (void)!der_time(&v, &t, &e);
        if (depth > 0)
            walk(v.body, depth - 1);
    }
    if (der_finish(&r, "the input", &e) == ERR_OK && r.left > 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    walk((struct bytes){data, size}, 12);
    return 0;
}
