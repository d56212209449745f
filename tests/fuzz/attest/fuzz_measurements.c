/* Measurements from a file (JSON) and from an event (first byte: its kind). */
#include "attest/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void from_json(struct bytes in)
{
    AUTO(json) j = NULL;
    AUTO(json) again = NULL;
    struct measurements m, same;
    struct err e;

    if (json_parse(in, 1 << 16, &j, &e) != ERR_OK || !json_is_object(j) ||
        measurements_from_json(j, &m, &e) != ERR_OK)
        return;
    if (measurements_to_json(&m, &again, &e) != ERR_OK ||
        measurements_from_json(again, &same, &e) != ERR_OK || memcmp(&m, &same, sizeof m) != 0)
        abort();
}

static void from_event(struct bytes in)
{
    struct buf again AUTO_CALL(buf_done) = BUF(2048);
    struct measurements m;
    uint32_t mask;
    struct err e;

    if (in.n == 0 ||
        measurements_unpack(in.p[0], (struct bytes){in.p + 1, in.n - 1}, &m, &mask, &e) != ERR_OK)
        return;
    if (measurements_pack(&m, mask, &again, &e) != ERR_OK ||
        !bytes_eq(buf_bytes(&again), (struct bytes){in.p + 1, in.n - 1}))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_init();
    from_json((struct bytes){data, size});
    from_event((struct bytes){data, size});
    return 0;
}
