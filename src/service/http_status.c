#include "service/http_status.h"

#include "kms/msg.h"

static const struct {
    unsigned status;
    const char *text;
} table[] = {
    [ERR_OK] = {200, "ok"},
    [ERR_NOMEM] = {503, "no memory for this now: try again later"},
    [ERR_INVALID] = {400, "the request is malformed"},
    [ERR_TOO_LARGE] = {413, "the request is too large"},
    [ERR_DENIED] = {403, "not allowed"},
    [ERR_NOT_FOUND] = {404, "not found"},
    [ERR_LOCKED] = {503, "this node is not ready"},
    [ERR_BUSY] = {429, "too many requests: try again later"},
    [ERR_VERIFY] = {403, "not accepted"},
    [ERR_UPSTREAM] = {502, "the chain cannot be read now: try again later"},
    [ERR_TIMEOUT] = {504, "not answered in time: try again later"},
    [ERR_IO] = {500, "internal error"},
    [ERR_USAGE] = {500, "internal error"},
    [ERR_INTERNAL] = {500, "internal error"},
};

static size_t row_of(enum err_code code)
{
    return (size_t)code < sizeof table / sizeof *table ? (size_t)code : ERR_INTERNAL;
}

unsigned http_status_of(enum err_code code)
{
    return table[row_of(code)].status;
}

const char *http_status_text(enum err_code code)
{
    return table[row_of(code)].text;
}

void http_refuse_status(struct http_response *ret, const char *request_id, unsigned status,
                        const char *text)
{
    struct msg_error m;
    struct err ignored;

    snprintf(m.error, sizeof m.error, "%s", text);
    snprintf(m.request_id, sizeof m.request_id, "%s", request_id);
    buf_clear(&ret->body);
    ret->status = status;
    ret->content_type = "application/json";
    if (msg_error_encode(&m, &ret->body, &ignored) != ERR_OK)
        buf_clear(&ret->body); /* the status alone says it */
}

void http_refuse_with(struct http_response *ret, const char *request_id, enum err_code code,
                      const char *text)
{
    http_refuse_status(ret, request_id, http_status_of(code), text ? text : http_status_text(code));
}
