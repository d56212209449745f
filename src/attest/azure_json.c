#include "attest/azure_json.h"

#include "base/codec.h"
#include "crypto/pem.h"
#include "crypto/x509_chain.h"

/* base64url, whose padding may be there. */
static enum err_code read_base64(const json *obj, const char *member, struct buf *ret,
                                 struct err *e)
{
    const char *text;
    struct bytes b;

    TRY(json_get_str(obj, member, AZURE_JSON_MAX, &text, e));
    b = bytes_of_str(text);
    for (int pad = 0; pad < 2 && b.n > 0 && b.n + (size_t)pad == strlen(text) &&
                      strlen(text) % 4 == 0 && b.p[b.n - 1] == '=';
         pad++)
        b.n--;
    TRY_IN(e, base64url_decode(b, ret, e), "%s", member);
    return ERR_OK;
}

/* A list of numbers 0 to 255. */
static enum err_code read_octets(const json *list, const char *what, struct buf *ret, struct err *e)
{
    if (!list || !json_is_array(list))
        return err_set(e, ERR_INVALID, "%s is not a list of numbers", what);
    for (size_t i = 0; i < json_len(list); i++) {
        uint64_t v;

        if (!json_u64(json_at(list, i), 255, &v))
            return err_set(e, ERR_INVALID, "%s: entry %zu is not a byte", what, i);
        buf_put_u8(ret, (uint8_t)v);
    }
    TRY_IN(e, buf_check(ret, e), "%s", what);
    return ERR_OK;
}

static enum err_code read_pcrs(const json *quote, uint8_t ret[AZURE_PCRS][32], struct err *e)
{
    const json *list;

    TRY(json_get_array(quote, "pcrs", &list, e));
    if (json_len(list) != AZURE_PCRS)
        return err_set(e, ERR_INVALID, "%zu PCRs, expected %d", json_len(list), AZURE_PCRS);
    for (size_t i = 0; i < AZURE_PCRS; i++) {
        struct buf one AUTO_CALL(buf_done) = BUF(32);

        TRY(read_octets(json_at(list, i), "a PCR", &one, e));
        if (one.n != 32)
            return err_set(e, ERR_INVALID, "PCR %zu has %zu bytes, expected 32", i, one.n);
        memcpy(ret[i], one.p, 32);
    }
    return ERR_OK;
}

static enum err_code read_quote(const json *tpm, struct azure_evidence *ret, struct err *e)
{
    const json *quote, *part;

    TRY(json_get_object(tpm, "quote", &quote, e));
    TRY(json_get_array(quote, "message", &part, e));
    TRY(read_octets(part, "message", &ret->tpms_attest, e));
    TRY(json_get_array(quote, "signature", &part, e));
    TRY(read_octets(part, "signature", &ret->tpm_signature, e));
    return read_pcrs(quote, ret->pcr, e);
}

/* One certificate; the zeros that pad it in the vTPM may still be there. */
static enum err_code read_pem(const char *text, struct buf *ret, struct err *e)
{
    struct buf der AUTO_CALL(buf_done) = BUF(ret->max);
    struct bytes whole, cert;

    if (!text)
        return err_set(e, ERR_INVALID, "a certificate is not a text");
    TRY(pem_decode(bytes_of_str(text), "CERTIFICATE", &der, e));
    whole = buf_bytes(&der);
    TRY(x509_chain_leaf(whole, &cert, e));
    if (!bytes_all_zero((struct bytes){cert.p + cert.n, whole.n - cert.n}))
        return err_set(e, ERR_INVALID, "bytes behind the certificate");
    buf_put(ret, cert);
    return buf_check(ret, e);
}

static enum err_code read_chain(const json *tpm, struct buf *ret, struct err *e)
{
    static const char above[] = "ak_intermediate_certificates_pem";
    const char *leaf;
    const json *list;

    TRY(json_get_str(tpm, "ak_certificate_pem", AZURE_CHAIN_MAX, &leaf, e));
    TRY_IN(e, read_pem(leaf, ret, e), "ak_certificate_pem");
    if (!json_has(tpm, above))
        return ERR_OK;
    TRY(json_get_array(tpm, above, &list, e));
    for (size_t i = 0; i < json_len(list); i++)
        TRY_IN(e, read_pem(json_str(json_at(list, i)), ret, e), "%s", above);
    return ERR_OK;
}

enum err_code azure_json_decode(struct bytes text, struct azure_evidence *ret, struct err *e)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = azure_evidence_empty();
    AUTO(json) root = NULL;
    const json *tpm;

    TRY(json_parse_foreign(text, AZURE_JSON_MAX, &root, e));
    TRY(read_base64(root, "tdx_quote_base64", &ev.tdx_quote, e));
    TRY(read_base64(root, "hcl_report_base64", &ev.hcl_report, e));
    TRY(json_get_object(root, "tpm_attestation", &tpm, e));
    TRY(read_quote(tpm, &ev, e));
    TRY(read_chain(tpm, &ev.ak_chain, e));
    azure_evidence_done(ret);
    *ret = ev;
    ev = (struct azure_evidence){0};
    return ERR_OK;
}
