/* pcs_body: what was cut out is part of the text and itself JSON; chains come out as text. */
#include "attest/pcs_body.h"
#include "attest/collateral.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct buf text AUTO_CALL(buf_done) = BUF(1 << 20);
    struct buf chain AUTO_CALL(buf_done) = BUF(COLLATERAL_CHAIN_MAX);
    uint8_t signature[PCS_SIGNATURE_LEN];
    struct bytes object;
    struct err e;

    if (!ready)
        json_init();
    ready = true;
    if (pcs_body_split((struct bytes){data, size}, "tcbInfo", &object, signature, &e) == ERR_OK &&
        (object.p < data || object.p + object.n > data + size || object.p[0] != '{' ||
         json_check(object, 1 << 20, &e) != ERR_OK))
        __builtin_trap();
    buf_put(&text, (struct bytes){data, size});
    if (buf_cstr(&text))
        (void)!pcs_chain_decode(buf_cstr(&text), &chain, &e);
    return 0;
}
