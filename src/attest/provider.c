#include "attest/provider.h"

#include "attest/quote.h"

/* What a platform answers is looked at before anybody else has to: a quote for another request (two
 * users of one directory), or none at all, is found here, with the name of the provider.  Padding
 * behind the quote, up to 3 KiB on some platforms, stays behind. */
enum err_code quote_provider_quote(const quote_provider *p, const struct report_data *rd,
                                   struct buf *ret, struct err *e)
{
    struct buf raw AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct quote q;

    TRY_IN(e, p->quote(p->self, rd, &raw, e), "quote from %s", p->name);
    if (quote_parse(buf_bytes(&raw), &q, NULL, e) != ERR_OK) {
        err_wrap(e, "quote from %s", p->name);
        e->code = ERR_UPSTREAM;
        return ERR_UPSTREAM;
    }
    if (!bytes_eq(BYTES(q.td.report_data), BYTES(rd->b)))
        return err_set(e, ERR_UPSTREAM, "quote from %s: made for other report data", p->name);
    buf_put(ret, (struct bytes){raw.p, q.used});
    return buf_check(ret, e);
}

void quote_provider_free(quote_provider *p)
{
    if (p && p->free)
        p->free(p->self);
    free(p);
}
