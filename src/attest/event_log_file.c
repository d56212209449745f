#include "attest/event_log_file.h"

#include "base/fs.h"

#define FILE_MAX ((size_t)4 << 20)

/* How many bytes at the end are all `pad`. */
static size_t run_at_end(struct bytes b, uint8_t pad)
{
    size_t n = 0;

    while (n < b.n && b.p[b.n - 1 - n] == pad)
        n++;
    return n;
}

static struct bytes trimmed(struct bytes b)
{
    size_t ff = run_at_end(b, 0xff), zero = run_at_end(b, 0), run = ff > zero ? ff : zero;

    if (run > EVENT_LOG_PADDING)
        b.n -= run - EVENT_LOG_PADDING;
    return b;
}

enum err_code event_log_read(const char *path, struct buf *ret, struct err *e)
{
    struct buf whole AUTO_CALL(buf_done) = BUF(FILE_MAX);

    if (!path)
        path = EVENT_LOG_PATH;
    TRY_IN(e, fs_read(path, &whole, e), "event log");
    buf_put(ret, trimmed(buf_bytes(&whole)));
    TRY_IN(e, buf_check(ret, e), "event log %s", path);
    return ERR_OK;
}
