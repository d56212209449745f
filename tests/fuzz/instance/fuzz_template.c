/* Any template over any contents: resolved to JSON, or refused; nothing else. */
#include "base/json.h"
#include "instance/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is cut at its first NUL: template, then the content of every reference. */
static struct bytes content;

static enum err_code config(void *self, const struct hash32 *id, struct buf *ret, struct err *e)
{
    (void)self;
    (void)id;
    buf_put(ret, content);
    return buf_check(ret, e);
}

static enum err_code secret_of(void *self, const struct hash32 *id, secret **ret, struct err *e)
{
    (void)self;
    (void)id;
    return secret_copy(content, ret, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct template_source source = {config, secret_of, NULL};
    struct buf out AUTO_CALL(buf_done_wipe) = BUF(TEMPLATE_RESULT_MAX);
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    const struct bytes text = {data, nul ? (size_t)(nul - data) : size};
    struct err e;

    json_init();
    content = nul ? (struct bytes){nul + 1, size - text.n - 1} : (struct bytes){data, 0};
    if (template_resolve(text, &source, &out, &e) == ERR_OK &&
        json_check(buf_bytes(&out), TEMPLATE_RESULT_MAX, &e) != ERR_OK)
        __builtin_trap();
    return 0;
}
