#include "attest/azure_machine.h"

#include "attest/der.h"
#include "attest/hcl.h"
#include "attest/quote.h"
#include "crypto/digest.h"

#define TDREPORT_DATA_AT 128 /* REPORTMACSTRUCT.REPORTDATA */

/* ERR_BUSY: it shows other data, yet. */
static enum err_code shows(struct bytes report, const struct report_data *rd,
                           struct hcl_report *ret, struct err *e)
{
    struct hcl_runtime runtime AUTO_CALL(hcl_runtime_done) = {0};

    TRY(hcl_parse(report, ret, NULL, e));
    TRY(hcl_runtime_parse(ret->variable, &runtime, NULL, e));
    if (!runtime.has_user_data)
        return err_set(e, ERR_IO, "no user-data in the HCL report: this paravisor is too old");
    if (!bytes_eq(BYTES(runtime.user_data), BYTES(rd->b)))
        return err_set(e, ERR_BUSY, "the HCL report shows other user data than ours");
    return ERR_OK;
}

/* ret_parts is borrowed from ret. */
static enum err_code report_with(const struct azure_machine *m, const struct report_data *rd,
                                 struct buf *ret, struct hcl_report *ret_parts, struct err *e)
{
    enum err_code code = ERR_BUSY;

    TRY_IN(e, m->set_user_data(m->self, rd, e), "user data");
    for (int i = 0; code == ERR_BUSY; i++) {
        if (i > 0 && !m->pause(m->self))
            return err_set(e, ERR_TIMEOUT,
                           "the HCL report does not show our user data (does another process of "
                           "this machine write them too?)");
        buf_clear(ret);
        TRY_IN(e, m->hcl_report(m->self, ret, e), "HCL report");
        code = shows(buf_bytes(ret), rd, ret_parts, e);
    }
    return code;
}

static enum err_code quote_of(const struct azure_machine *m, struct bytes tdreport, struct buf *ret,
                              struct err *e)
{
    struct buf raw AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct quote q;

    TRY_IN(e, m->tdx_quote(m->self, tdreport, &raw, e), "TDX quote");
    if (quote_parse(buf_bytes(&raw), &q, NULL, e) != ERR_OK) {
        err_wrap(e, "TDX quote of the metadata service");
        e->code = ERR_UPSTREAM;
        return ERR_UPSTREAM;
    }
    if (!bytes_eq(BYTES(q.td.report_data), (struct bytes){tdreport.p + TDREPORT_DATA_AT, 64}))
        return err_set(e, ERR_UPSTREAM,
                       "the TDX quote of the metadata service is over another report");
    buf_put(ret, (struct bytes){raw.p, q.used});
    return buf_check(ret, e);
}

enum err_code azure_machine_evidence(const struct azure_machine *m, const struct report_data *rd,
                                     struct azure_evidence *ret, struct err *e)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = azure_evidence_empty();
    struct hcl_report parts;
    struct hash32 nonce;

    TRY(report_with(m, rd, &ev.hcl_report, &parts, e));
    TRY(quote_of(m, parts.tdreport, &ev.tdx_quote, e));
    sha256(BYTES(rd->b), &nonce);
    TRY_IN(e, m->tpm_quote(m->self, BYTES_OF(nonce), &ev, e), "vTPM quote");
    TRY_IN(e, m->certificates(m->self, &ev.ak_chain, e), "certificate of the vTPM's key");
    azure_evidence_done(ret);
    *ret = ev;
    ev = azure_evidence_empty();
    return ERR_OK;
}

enum err_code azure_certificate_cut(struct bytes padded, struct bytes *ret, struct err *e)
{
    struct rd r = rd_of(padded);
    struct der whole;

    TRY_IN(e, der_expect(&r, DER_SEQUENCE, &whole, e), "certificate");
    *ret = whole.whole;
    return ERR_OK;
}
