/* teereg-sim serve: the platform as a service, GET /attest/{128 hex of report data}, and on the
 * same port the vendor's certification service. */

#include "base/codec.h"
#include "base/log.h"
#include "cmd.h"
#include "sim_pcs.h"

struct platform_service {
    sim_platform *platform;
    struct td_report td;
    enum sim_form form;
};

static void answer_quote(void *self, const struct http_request *req, struct http_response *ret)
{
    const struct platform_service *s = self;
    const char *hex = http_request_param(req, "report_data");
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct report_data rd;
    struct err e;

    if (hex_decode(bytes_of_str(hex), rd.b, sizeof rd.b, &e) != ERR_OK) {
        http_response_text(ret, 400, "report data is 128 hex digits\n");
        return;
    }
    if (sim_quote(s->platform, s->form, &s->td, &rd, &quote, &e) != ERR_OK) {
        log_error("quote", LOG_STR("error", e.msg));
        http_response_text(ret, 500, "the simulated platform could not make a quote\n");
        return;
    }
    ret->status = 200;
    ret->content_type = "application/octet-stream";
    http_response_header(ret, "X-Simulated", "this quote proves nothing");
    buf_put(&ret->body, buf_bytes(&quote));
    log_info("quote", LOG_HEX("report_data", BYTES(rd.b)));
}

static void answer_pcs(void *self, const struct http_request *req, struct http_response *ret)
{
    const struct platform_service *s = self;

    sim_pcs_answer(&(struct sim_pcs){.platform = s->platform}, req, ret);
}

static enum err_code serve(struct platform_service *s, const char *address, struct err *e)
{
    static const struct http_route list[] = {
        {"GET", "/attest/{report_data}", answer_quote, 0, HTTP_ROUTE_UNLIMITED},
        SIM_PCS_ROUTES(answer_pcs),
    };
    const struct http_routes routes = {.list = list, .n = sizeof list / sizeof *list, .self = s};

    return sim_serve(address, "TDX platform", &routes, e);
}

static enum err_code prepare(struct platform_service *s, const struct sim_option *measurements,
                             const struct sim_option *platform, const struct sim_option *form,
                             const struct sim_option *fault, struct err *e)
{
    enum sim_fault f = SIM_OK;

    TRY(sim_form_parse(form->value, &s->form, e));
    if (fault->value)
        TRY(sim_fault_parse(fault->value, &f, e));
    TRY(sim_td_of_file(measurements->value, &s->td, e));
    return sim_platform_new(platform->value ? platform->value : "default", f, &s->platform, e);
}

int cmd_serve(int argc, char **argv)
{
    enum { LISTEN, MEASUREMENTS, PLATFORM, FORM, FAULT };
    struct sim_option o[] = {
        [LISTEN] = {.name = "listen"},     [MEASUREMENTS] = {.name = "measurements"},
        [PLATFORM] = {.name = "platform"}, [FORM] = {.name = "form"},
        [FAULT] = {.name = "fault"},       {0},
    };
    struct platform_service s = {0};
    enum err_code code;
    struct err e;

    if (!sim_options(argc, argv, o))
        return SIM_USAGE;
    if (!o[LISTEN].value || !o[MEASUREMENTS].value)
        return sim_usage(argv[0], "--listen and --measurements are needed");
    log_setup(LOG_TEXT, LOG_INFO, "teereg-sim");
    code = prepare(&s, &o[MEASUREMENTS], &o[PLATFORM], &o[FORM], &o[FAULT], &e);
    if (code == ERR_OK)
        code = serve(&s, o[LISTEN].value, &e);
    sim_platform_free(s.platform);
    return code == ERR_OK ? SIM_DONE : sim_fail(&e);
}
