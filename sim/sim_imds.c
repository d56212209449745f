#include "sim_imds.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "sim_tdreport.h"

static enum err_code fault_of(const struct sim_imds *s, const struct http_request *req,
                              enum sim_azure_fault *ret, struct err *e)
{
    struct sim_azure_faults named = {.machine = s->fault};

    if (req->n_params > 0)
        TRY(sim_azure_fault_parse(http_request_param(req, "fault"), &named, e));
    *ret = named.machine;
    return ERR_OK;
}

static enum err_code read_report(const struct http_request *req, struct buf *ret, struct err *e)
{
    const char *metadata, *text;
    AUTO(json) j = NULL;

    if (http_request_header(req, "Metadata", &metadata, e) != ERR_OK ||
        strcmp(metadata, "true") != 0)
        return err_set(e, ERR_INVALID, "a request without \"Metadata: true\"");
    TRY(json_parse(req->body, SIM_IMDS_BODY_MAX, &j, e));
    TRY(json_get_str(j, "report", SIM_IMDS_BODY_MAX, &text, e));
    return base64url_decode(bytes_of_str(text), ret, e);
}

static void put_quote(struct buf *body, struct bytes quote, enum sim_azure_fault fault)
{
    buf_put_str(body, "{\"quote\":\"");
    if (fault != SIM_IMDS_EMPTY)
        base64url_put(body, quote);
    for (size_t n = quote.n; fault == SIM_IMDS_PADDED && n % 3 != 0; n++)
        buf_put_str(body, "=");
    buf_put_str(body, fault == SIM_IMDS_NONSENSE ? "\"" : "\"}");
}

static enum err_code answer(struct sim_imds *s, const struct http_request *req,
                            struct http_response *ret, struct err *e)
{
    struct buf report AUTO_CALL(buf_done) = BUF(SIM_TDREPORT_LEN);
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    enum sim_azure_fault fault;
    struct report_data data;
    struct td_report td;

    TRY(fault_of(s, req, &fault, e));
    TRY(read_report(req, &report, e));
    if (fault == SIM_IMDS_REFUSES)
        return err_set(e, ERR_INVALID, "no report is taken here");
    if (fault == SIM_IMDS_BUSY && atomic_fetch_add(&s->busy, 1) % 3 != 2) {
        ret->status = 429;
        buf_put_str(&ret->body, "{}");
        return ERR_OK;
    }
    TRY(sim_tdreport_check(buf_bytes(&report), &td, &data, e));
    data.b[0] ^= fault == SIM_IMDS_OTHER;
    TRY(sim_quote(s->platform, SIM_V4, &td, &data, &quote, e));
    put_quote(&ret->body, buf_bytes(&quote), fault);
    http_response_header(ret, "X-Simulated", "this quote proves nothing");
    ret->status = 200;
    return ERR_OK;
}

void sim_imds_answer(void *self, const struct http_request *req, struct http_response *ret)
{
    struct err e;

    if (answer(self, req, ret, &e) != ERR_OK) {
        ret->status = 400;
        buf_put_str(&ret->body, "{\"error\":\"Bad request\"}");
        log_info("tdquote", LOG_STR("refused", e.msg));
        return;
    }
    log_info("tdquote", LOG_U64("status", ret->status));
}
