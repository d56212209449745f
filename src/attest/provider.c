#include "attest/provider.h"

#include "attest/azure_evidence.h"
#include "attest/evidence.h"
#include "attest/quote.h"

/* What a platform answers is looked at before anybody else has to: a quote for another request (two
 * users of one directory), or none at all, is found here, with the name of the provider.  Padding
 * behind the quote, up to 3 KiB on some platforms, stays behind. */
static enum err_code check_tdx(struct bytes raw, const struct report_data *rd, size_t *ret_used,
                               struct err *e)
{
    struct quote q;

    TRY(quote_parse(raw, &q, NULL, e));
    if (!bytes_eq(BYTES(q.td.report_data), BYTES(rd->b)))
        return err_set(e, ERR_UPSTREAM, "made for other report data");
    *ret_used = q.used;
    return ERR_OK;
}

/* That it is over rd was seen while it was made (attest/azure_machine.h). */
static enum err_code check_azure(struct bytes raw, const struct report_data *rd, size_t *ret_used,
                                 struct err *e)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};

    (void)rd;
    TRY(azure_evidence_decode(raw, &ev, e));
    *ret_used = raw.n;
    return ERR_OK;
}

static enum err_code check(const quote_provider *p, struct bytes raw, const struct report_data *rd,
                           size_t *ret_used, struct err *e)
{
    if (strcmp(p->evidence_type, EVIDENCE_TYPE_TDX) == 0)
        return check_tdx(raw, rd, ret_used, e);
    if (strcmp(p->evidence_type, EVIDENCE_TYPE_AZURE_VTPM) == 0)
        return check_azure(raw, rd, ret_used, e);
    return err_set(e, ERR_INTERNAL, "evidence of type \"%s\", which nobody checks",
                   p->evidence_type);
}

enum err_code quote_provider_quote(const quote_provider *p, const struct report_data *rd,
                                   struct buf *ret, struct err *e)
{
    struct buf raw AUTO_CALL(buf_done) = BUF(AZURE_EVIDENCE_MAX);
    size_t used = 0;

    TRY_IN(e, p->quote(p->self, rd, &raw, e), "quote from %s", p->name);
    if (check(p, buf_bytes(&raw), rd, &used, e) != ERR_OK) {
        err_wrap(e, "quote from %s", p->name);
        e->code = ERR_UPSTREAM;
        return ERR_UPSTREAM;
    }
    buf_put(ret, (struct bytes){raw.p, used});
    return buf_check(ret, e);
}

void quote_provider_free(quote_provider *p)
{
    if (p && p->free)
        p->free(p->self);
    free(p);
}
