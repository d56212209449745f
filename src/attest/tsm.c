#include "attest/tsm.h"

static enum err_code read_generation(const struct tsm_report *t, uint64_t *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(32);
    uint64_t v = 0;

    TRY(t->read(t->self, "generation", &text, e));
    if (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    if (text.n == 0 || text.n > 18)
        return err_set(e, ERR_IO, "generation of %zu bytes is no number", text.n);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return err_set(e, ERR_IO, "generation is no number");
        v = v * 10 + (uint64_t)(text.p[i] - '0');
    }
    *ret = v;
    return ERR_OK;
}

/* ERR_BUSY: again. */
static enum err_code attempt(const struct tsm_report *t, const struct report_data *rd,
                             struct buf *ret, struct err *e)
{
    uint64_t before, after;

    buf_clear(ret);
    TRY(read_generation(t, &before, e));
    TRY(t->write(t->self, "inblob", BYTES(rd->b), e));
    TRY(t->read(t->self, "outblob", ret, e));
    TRY(read_generation(t, &after, e));
    if (ret->n == 0 || after != before + 1)
        return err_set(e, ERR_BUSY, "outblob of %zu bytes, generation %llu after %llu", ret->n,
                       (unsigned long long)after, (unsigned long long)before);
    return ERR_OK;
}

enum err_code tsm_quote(const struct tsm_report *t, const struct report_data *rd, struct buf *ret,
                        struct err *e)
{
    struct buf blob AUTO_CALL(buf_done) = BUF(ret->max);
    struct err why = {0};

    for (int i = 0; i < TSM_ATTEMPTS && (i == 0 || t->pause(t->self)); i++) {
        enum err_code code = attempt(t, rd, &blob, &why);

        if (code == ERR_OK) {
            buf_put(ret, buf_bytes(&blob));
            return buf_check(ret, e);
        }
        if (code != ERR_BUSY)
            return err_set(e, code, "%s", why.msg);
    }
    return err_set(e, ERR_TIMEOUT, "again and again: %s", why.msg);
}

enum err_code tsm_check_provider(const struct tsm_report *t, struct err *e)
{
    struct buf name AUTO_CALL(buf_done) = BUF(64);

    TRY(t->read(t->self, "provider", &name, e));
    if (name.n > 0 && name.p[name.n - 1] == '\n')
        name.n--;
    if (!bytes_eq(buf_bytes(&name), bytes_of_str("tdx_guest")))
        return err_set(e, ERR_IO, "the provider is \"%.*s\", expected \"tdx_guest\"", (int)name.n,
                       name.n ? (const char *)name.p : "");
    return ERR_OK;
}
