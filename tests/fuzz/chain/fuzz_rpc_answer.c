/* fuzz: a node's answer to one question or to three, every value it brings, every reason it gives;
 * or, after a byte over 0xf0, revert data. */
#include <stdlib.h>
#include "chain/fees.h"
#include "chain/rpc.h"

static void use(const struct rpc_call *call)
{
    struct buf data AUTO_CALL(buf_done) = BUF(4096);
    uint8_t word[32];
    struct fees fees;
    uint64_t number;
    struct err e;

    if ((call->ret_fault.code == ERR_OK) != (call->ret_result != NULL))
        abort();
    for (const char *p = call->ret_fault.text; *p; p++)
        if (*p < ' ' || *p > '~')
            abort();
    if (!call->ret_result)
        return;
    (void)!rpc_quantity(call->ret_result, &number, &e);
    (void)!rpc_data(call->ret_result, word, sizeof word, &e);
    (void)!rpc_data_buf(call->ret_result, &data, &e);
    if (fees_estimate(call->ret_result, FEES_LIMIT, &fees, &e) == ERR_OK &&
        (fees.max > FEES_LIMIT || fees.tip > fees.max))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_call calls[3] = {{.method = "a"}, {.method = "b"}, {.method = "c"}};
    AUTO(json) answer = NULL;
    struct err e;
    size_t n;

    if (size == 0)
        return 0;
    if (data[0] > 0xf0) {
        char text[320];

        rpc_revert_text((struct bytes){data + 1, size - 1}, text, sizeof text);
        return 0;
    }
    n = data[0] == '[' ? 3 : 1;
    if (rpc_answer_parse("node", (struct bytes){data, size}, 65536, calls, n, &answer, &e) !=
        ERR_OK)
        return 0;
    for (size_t i = 0; i < n; i++)
        use(&calls[i]);
    return 0;
}
