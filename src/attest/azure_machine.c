#include "attest/azure_machine.h"

#include "attest/der.h"
#include "attest/quote.h"
#include "base/codec.h"
#include "base/json.h"
#include "crypto/digest.h"

#define REPORT_TYPE_TDX 4

/* The variable data of a HCL report of a TDX machine: JSON. */
static enum err_code variable_data(struct bytes report, struct bytes *ret, struct err *e)
{
    struct rd r = rd_of(report);
    struct bytes magic = rd_take(&r, 4);
    uint32_t type, size;

    rd_take(&r, HCL_VARIABLE_AT - 4 - 12);
    type = rd_u32le(&r);
    rd_u32le(&r);
    size = rd_u32le(&r);
    *ret = rd_take(&r, size);
    if (!rd_ok(&r) || !bytes_eq(magic, bytes_of_str("HCLA")))
        return err_set(e, ERR_IO, "%zu bytes that are no HCL report", report.n);
    if (type != REPORT_TYPE_TDX)
        return err_set(e, ERR_IO, "HCL report of type %u, expected %u (TDX)", type,
                       REPORT_TYPE_TDX);
    return ERR_OK;
}

/* ERR_BUSY: it shows other data, yet. */
static enum err_code shows(struct bytes report, const struct report_data *rd, struct err *e)
{
    AUTO(json) j = NULL;
    struct bytes variable;
    const char *text;
    uint8_t shown[64];

    TRY(variable_data(report, &variable, e));
    TRY_IN(e, json_parse_foreign(variable, AZURE_HCL_MAX, &j, e), "HCL report");
    TRY_IN(e, json_get_str(j, "user-data", HEX_LEN(64), &text, e), "HCL report");
    TRY_IN(e, hex_decode(bytes_of_str(text), shown, sizeof shown, e), "HCL report, user-data");
    if (!bytes_eq(BYTES(shown), BYTES(rd->b)))
        return err_set(e, ERR_BUSY, "the HCL report shows other user data than ours");
    return ERR_OK;
}

static enum err_code report_with(const struct azure_machine *m, const struct report_data *rd,
                                 struct buf *ret, struct err *e)
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
        code = shows(buf_bytes(ret), rd, e);
    }
    return code;
}

static enum err_code quote_of(const struct azure_machine *m, struct bytes report, struct buf *ret,
                              struct err *e)
{
    const struct bytes tdreport = {report.p + HCL_TDREPORT_AT, HCL_TDREPORT_LEN};
    struct buf raw AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct quote q;

    TRY_IN(e, m->tdx_quote(m->self, tdreport, &raw, e), "TDX quote");
    if (quote_parse(buf_bytes(&raw), &q, NULL, e) != ERR_OK) {
        err_wrap(e, "TDX quote of the metadata service");
        e->code = ERR_UPSTREAM;
        return ERR_UPSTREAM;
    }
    if (!bytes_eq(BYTES(q.td.report_data), (struct bytes){tdreport.p + 128, 64}))
        return err_set(e, ERR_UPSTREAM,
                       "the TDX quote of the metadata service is over another report");
    buf_put(ret, (struct bytes){raw.p, q.used});
    return buf_check(ret, e);
}

enum err_code azure_machine_evidence(const struct azure_machine *m, const struct report_data *rd,
                                     struct azure_evidence *ret, struct err *e)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = azure_evidence_empty();
    struct hash32 nonce;

    TRY(report_with(m, rd, &ev.hcl_report, e));
    TRY(quote_of(m, buf_bytes(&ev.hcl_report), &ev.tdx_quote, e));
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
