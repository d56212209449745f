/* teereg-sim serve: the platform as a service, GET /attest/{128 hex of report data}. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/log.h"
#include "cmd.h"
#include "net/http_server.h"

#define DRAIN_MS 2000

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

static enum err_code listen_at(http_server *server, const char *address,
                               const struct http_routes *routes, struct err *e)
{
    uint16_t port = 0;

    if (strncmp(address, "unix:", 5) == 0) {
        TRY(http_server_listen_unix(server, address + 5, routes, e));
        TRY(http_server_start(server, e));
        printf("SIMULATED TDX platform at %s: its quotes prove nothing\n", address);
    } else {
        const char *colon = strrchr(address, ':');

        TRY(http_server_listen_plain(server, address, routes, &port, e));
        TRY(http_server_start(server, e));
        printf("SIMULATED TDX platform at http://%.*s:%u: its quotes prove nothing\n",
               colon ? (int)(colon - address) : 0, address, port);
    }
    fflush(stdout);
    return ERR_OK;
}

static enum err_code serve(struct platform_service *s, const char *address, struct err *e)
{
    static const struct http_route list[] = {
        {"GET", "/attest/{report_data}", answer_quote, 0, HTTP_ROUTE_UNLIMITED},
    };
    const struct http_routes routes = {.list = list, .n = 1, .self = s};
    struct http_server_config config = http_server_defaults;
    AUTO(http_server) server = NULL;
    sigset_t ends;
    int got = 0;

    /* Before the threads begin, so that they inherit it. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);

    config.workers = 2;
    config.rate = 0;
    TRY(http_server_new(&config, &server, e));
    TRY(listen_at(server, address, &routes, e));
    sigwait(&ends, &got);
    return http_server_drain(server, DRAIN_MS, e);
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
