#include "cli/exhibit.h"

#include "cli/files.h"
#include "crypto/pem.h"
#include "crypto/x509.h"

void exhibit_done(struct exhibit *x)
{
    buf_done(&x->quote);
    buf_done(&x->payload);
    buf_done(&x->collateral);
    buf_done(&x->event_log);
}

static enum err_code from_evidence(struct evidence *ev, const char *form, struct exhibit *ret,
                                   struct err *e)
{
    if (strcmp(ev->type, EVIDENCE_TYPE_TDX) != 0)
        return err_set(e, ERR_INVALID, "evidence of type \"%s\", expected %s", ev->type,
                       EVIDENCE_TYPE_TDX);
    ret->quote = ev->quote;
    ret->payload = ev->payload;
    ret->collateral = ev->collateral;
    ret->event_log = ev->event_log;
    ev->quote = ev->payload = ev->collateral = ev->event_log = (struct buf){0};
    ret->has_payload = true;
    ret->form = form;
    return ERR_OK;
}

enum err_code exhibit_read(const char *path, struct exhibit *ret, struct err *e)
{
    static const char pem_begin[] = "-----BEGIN CERTIFICATE-----";
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct buf data AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);
    struct buf der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);

    TRY(cli_read(path, &data, e));
    if (data.n > 0 && data.p[0] == '{') {
        TRY_IN(e, evidence_decode(buf_bytes(&data), &ev, e), "%s", path);
        return from_evidence(&ev, "evidence", ret, e);
    }
    if (data.n >= sizeof pem_begin && memcmp(data.p, pem_begin, sizeof pem_begin - 1) == 0) {
        TRY_IN(e, pem_decode(buf_bytes(&data), "CERTIFICATE", &der, e), "%s", path);
        TRY_IN(e, evidence_of_certificate(buf_bytes(&der), &ev, e), "%s", path);
        return from_evidence(&ev, "certificate", ret, e);
    }
    if (data.n > 0 && data.p[0] == 0x30) {
        TRY_IN(e, evidence_of_certificate(buf_bytes(&data), &ev, e), "%s", path);
        return from_evidence(&ev, "certificate", ret, e);
    }
    ret->quote = data;
    data = (struct buf){0};
    ret->form = "quote";
    return ERR_OK;
}
