#include "attest/azure_evidence.h"

#include "base/rd.h"

#define VERSION 1

void azure_evidence_done(struct azure_evidence *ev)
{
    buf_done(&ev->tdx_quote);
    buf_done(&ev->hcl_report);
    buf_done(&ev->tpms_attest);
    buf_done(&ev->tpm_signature);
    buf_done(&ev->ak_chain);
}

struct azure_evidence azure_evidence_empty(void)
{
    return (struct azure_evidence){
        .tdx_quote = BUF(AZURE_QUOTE_MAX),
        .hcl_report = BUF(AZURE_HCL_MAX),
        .tpms_attest = BUF(AZURE_ATTEST_MAX),
        .tpm_signature = BUF(AZURE_SIGNATURE_MAX),
        .ak_chain = BUF(AZURE_CHAIN_MAX),
    };
}

static struct bytes without_zeros(struct bytes b)
{
    while (b.n > 0 && b.p[b.n - 1] == 0)
        b.n--;
    return b;
}

static enum err_code put_part(struct buf *out, const char *what, struct bytes part, size_t min,
                              size_t max, struct err *e)
{
    if (part.n < min)
        return err_set(e, ERR_INVALID, "Azure evidence without its %s", what);
    if (part.n > max)
        return err_set(e, ERR_TOO_LARGE, "Azure evidence: %s of %zu bytes, at most %zu", what,
                       part.n, max);
    buf_put_lp(out, part);
    return ERR_OK;
}

enum err_code azure_evidence_encode(const struct azure_evidence *ev, struct buf *ret, struct err *e)
{
    struct buf out AUTO_CALL(buf_done) = BUF(AZURE_EVIDENCE_MAX);

    buf_put_u16be(&out, VERSION);
    TRY(put_part(&out, "TDX quote", buf_bytes(&ev->tdx_quote), 1, AZURE_QUOTE_MAX, e));
    TRY(put_part(&out, "HCL report", without_zeros(buf_bytes(&ev->hcl_report)), 1, AZURE_HCL_MAX,
                 e));
    TRY(put_part(&out, "vTPM quote", buf_bytes(&ev->tpms_attest), 1, AZURE_ATTEST_MAX, e));
    TRY(put_part(&out, "vTPM signature", buf_bytes(&ev->tpm_signature), 1, AZURE_SIGNATURE_MAX, e));
    buf_put(&out, BYTES(ev->pcr));
    TRY(put_part(&out, "AK certificates", buf_bytes(&ev->ak_chain), 0, AZURE_CHAIN_MAX, e));
    buf_put(ret, buf_bytes(&out));
    TRY_IN(e, buf_check(&out, e), "Azure evidence");
    return buf_check(ret, e);
}

static void read_part(struct rd *r, struct buf *ret)
{
    buf_put(ret, rd_lp(r, ret->max));
}

enum err_code azure_evidence_decode(struct bytes encoded, struct azure_evidence *ret, struct err *e)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = azure_evidence_empty();
    struct rd r = rd_of(encoded);
    uint16_t version = rd_u16be(&r);

    if (rd_ok(&r) && version != VERSION)
        return err_set(e, ERR_INVALID, "Azure evidence of version %u, expected %u", version,
                       VERSION);
    read_part(&r, &ev.tdx_quote);
    read_part(&r, &ev.hcl_report);
    read_part(&r, &ev.tpms_attest);
    read_part(&r, &ev.tpm_signature);
    rd_copy(&r, ev.pcr, sizeof ev.pcr);
    read_part(&r, &ev.ak_chain);
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID,
                       "Azure evidence of %zu bytes: cut short, a part past its bound, or bytes "
                       "behind it",
                       encoded.n);
    if (ev.tdx_quote.n == 0 || ev.hcl_report.n == 0 || ev.tpms_attest.n == 0 ||
        ev.tpm_signature.n == 0)
        return err_set(e, ERR_INVALID, "Azure evidence with an empty part");
    if (ev.hcl_report.p[ev.hcl_report.n - 1] == 0)
        return err_set(e, ERR_INVALID, "Azure evidence: zeros behind the HCL report");
    TRY(buf_check(&ev.tdx_quote, e));
    TRY(buf_check(&ev.hcl_report, e));
    TRY(buf_check(&ev.tpms_attest, e));
    TRY(buf_check(&ev.tpm_signature, e));
    TRY(buf_check(&ev.ak_chain, e));
    azure_evidence_done(ret);
    *ret = ev;
    ev = azure_evidence_empty();
    return ERR_OK;
}
