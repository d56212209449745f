/* maa_answer: a token is bounded, a refusal is fit for a terminal. */
#include "attest/maa_answer.h"
#include "base/json.h"
#include "crypto/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const char *text, size_t size)
{
    size_t n = strnlen(text, size);

    if (n == size)
        __builtin_trap();
    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf token AUTO_CALL(buf_done) = BUF(JWS_MAX);
    struct buf text AUTO_CALL(buf_done) = BUF(1 << 20);
    struct maa_refusal refusal;
    struct err e;
    unsigned s;

    json_init();
    if (maa_token_answer_parse((struct bytes){data, size}, &token, &e) == ERR_OK &&
        (token.n == 0 || token.n > JWS_MAX))
        __builtin_trap();
    maa_refusal_parse((struct bytes){data, size}, &refusal);
    check_words(refusal.code, sizeof refusal.code);
    check_words(refusal.message, sizeof refusal.message);
    buf_put(&text, (struct bytes){data, size});
    if (buf_cstr(&text) && maa_retry_after_parse(buf_cstr(&text), &s) && s > 86400)
        __builtin_trap();
    return 0;
}
