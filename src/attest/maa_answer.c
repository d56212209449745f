#include "attest/maa_answer.h"

#include "base/json.h"
#include "crypto/jws.h"

#define BODY_MAX    (JWS_MAX + 4096)
#define REFUSAL_MAX 16384
#define DAY_S       86400

enum err_code maa_token_answer_parse(struct bytes body, struct buf *ret, struct err *e)
{
    AUTO(json) root = NULL;
    const char *token;

    TRY(json_parse(body, BODY_MAX, &root, e));
    TRY(json_get_str(root, "token", JWS_MAX, &token, e));
    if (!token[0])
        return err_set(e, ERR_INVALID, "token is empty");
    buf_put_str(ret, token);
    return buf_check(ret, e);
}

/* A stranger's text on our terminal. */
static void take_words(const json *error, const char *member, char *ret, size_t size)
{
    const char *text;
    struct err ignored;
    size_t n = 0;

    if (json_get_str(error, member, REFUSAL_MAX, &text, &ignored) != ERR_OK)
        return;
    for (; text[n] && n + 1 < size; n++)
        ret[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    ret[n] = 0;
}

void maa_refusal_parse(struct bytes body, struct maa_refusal *ret)
{
    AUTO(json) root = NULL;
    const json *error;
    struct err ignored;

    *ret = (struct maa_refusal){0};
    if (json_parse(body, REFUSAL_MAX, &root, &ignored) != ERR_OK ||
        json_get_object(root, "error", &error, &ignored) != ERR_OK)
        return;
    take_words(error, "code", ret->code, sizeof ret->code);
    take_words(error, "message", ret->message, sizeof ret->message);
}

bool maa_retry_after_parse(const char *value, unsigned *ret_s)
{
    unsigned s = 0;

    if (!*value)
        return false;
    for (; *value; value++) {
        if (*value < '0' || *value > '9')
            return false;
        s = s * 10 + (unsigned)(*value - '0');
        if (s > DAY_S)
            return false;
    }
    *ret_s = s;
    return true;
}
