#include "cli/exhibit.h"

#include "attest/azure_json.h"
#include "cli/files.h"
#include "crypto/pem.h"
#include "crypto/x509.h"

void exhibit_done(struct exhibit *x)
{
    buf_done(&x->quote);
    buf_done(&x->payload);
    buf_done(&x->collateral);
    buf_done(&x->event_log);
    azure_evidence_done(&x->azure);
}

struct bytes exhibit_quote(const struct exhibit *x)
{
    return buf_bytes(x->is_azure ? &x->azure.tdx_quote : &x->quote);
}

void exhibit_measurements(const struct exhibit *x, const struct td_report *td,
                          struct measurements *ret)
{
    if (x->is_azure)
        measurements_of_azure(td, x->azure.pcr, ret);
    else
        measurements_of_td(td, ret);
}

static enum err_code from_evidence(struct evidence *ev, const char *form, struct exhibit *ret,
                                   struct err *e)
{
    if (strcmp(ev->type, EVIDENCE_TYPE_AZURE_VTPM) == 0) {
        TRY(azure_evidence_decode(buf_bytes(&ev->quote), &ret->azure, e));
        ret->is_azure = true;
    } else if (strcmp(ev->type, EVIDENCE_TYPE_TDX) == 0) {
        ret->quote = ev->quote;
        ev->quote = (struct buf){0};
    } else {
        return err_set(e, ERR_INVALID, "evidence of type \"%s\", expected %s or %s", ev->type,
                       EVIDENCE_TYPE_TDX, EVIDENCE_TYPE_AZURE_VTPM);
    }
    ret->payload = ev->payload;
    ret->collateral = ev->collateral;
    ret->event_log = ev->event_log;
    ev->payload = ev->collateral = ev->event_log = (struct buf){0};
    ret->has_payload = true;
    ret->form = form;
    return ERR_OK;
}

/* The JSON of attested-TLS proxies has no "type". */
static enum err_code from_json(struct bytes text, struct exhibit *ret, struct err *e)
{
    static const char proxy_member[] = "\"tdx_quote_base64\"";
    struct evidence ev AUTO_CALL(evidence_done) = {0};

    if (!memmem(text.p, text.n, proxy_member, sizeof proxy_member - 1)) {
        TRY(evidence_decode(text, &ev, e));
        return from_evidence(&ev, "evidence", ret, e);
    }
    TRY(azure_json_decode(text, &ret->azure, e));
    ret->is_azure = true;
    ret->form = "evidence of an attested-TLS proxy";
    return ERR_OK;
}

static enum err_code decode(struct bytes data, struct exhibit *ret, struct err *e)
{
    static const char pem_begin[] = "-----BEGIN CERTIFICATE-----";
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct buf der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);

    if (cli_first_byte(data) == '{')
        return from_json(data, ret, e);
    if (data.n >= sizeof pem_begin && memcmp(data.p, pem_begin, sizeof pem_begin - 1) == 0) {
        TRY(pem_decode(data, "CERTIFICATE", &der, e));
        TRY(evidence_of_certificate(buf_bytes(&der), &ev, e));
        return from_evidence(&ev, "certificate", ret, e);
    }
    if (data.n > 0 && data.p[0] == 0x30) {
        TRY(evidence_of_certificate(data, &ev, e));
        return from_evidence(&ev, "certificate", ret, e);
    }
    /* A quote begins with its version, little endian; this with its own, big endian. */
    if (data.n > 1 && data.p[0] == 0 && data.p[1] == 1) {
        TRY(azure_evidence_decode(data, &ret->azure, e));
        ret->is_azure = true;
        ret->form = "Azure evidence";
        return ERR_OK;
    }
    ret->quote = BUF(EVIDENCE_JSON_MAX);
    buf_put(&ret->quote, data);
    ret->form = "quote";
    return buf_check(&ret->quote, e);
}

enum err_code exhibit_of(struct bytes data, const char *path, struct exhibit *ret, struct err *e)
{
    TRY_IN(e, decode(data, ret, e), "%s", path);
    return ERR_OK;
}

enum err_code exhibit_read(const char *path, struct exhibit *ret, struct err *e)
{
    struct buf data AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);

    TRY(cli_read(path, &data, e));
    return exhibit_of(buf_bytes(&data), path, ret, e);
}
