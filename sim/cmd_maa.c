/* teereg-sim maa: the simulated attestation service of Azure, right or wrong in one way. */
#include "base/log.h"
#include "cmd.h"
#include "sim_maa.h"

static void answer(void *self, const struct http_request *req, struct http_response *ret)
{
    sim_maa_answer(self, req, ret);
    log_info("maa", LOG_STR("path", req->head->path), LOG_U64("status", ret->status));
}

int cmd_maa(int argc, char **argv)
{
    enum { LISTEN, ISSUER, FAULT };
    struct sim_option o[] = {
        [LISTEN] = {.name = "listen"},
        [ISSUER] = {.name = "issuer"},
        [FAULT] = {.name = "fault"},
        {0},
    };
    static const struct http_route list[] = {SIM_MAA_ROUTES(answer)};
    struct sim_maa_spec spec = {0};
    AUTO(sim_maa) m = NULL;
    struct err e;

    if (!sim_options(argc, argv, o))
        return SIM_USAGE;
    if (!o[LISTEN].value)
        return sim_usage(argv[0], "--listen is needed");
    if (o[ISSUER].value && !jwks_is_issuer(o[ISSUER].value))
        return sim_usage(argv[0], "--issuer is https://HOST");
    log_setup(LOG_TEXT, LOG_INFO, "teereg-sim");
    spec.issuer = o[ISSUER].value;
    if ((o[FAULT].value && sim_maa_fault_parse(o[FAULT].value, &spec.fault, &e) != ERR_OK) ||
        sim_maa_new(&spec, &m, &e) != ERR_OK)
        return sim_fail(&e);

    const struct http_routes routes = {.list = list, .n = sizeof list / sizeof *list, .self = m};

    return sim_serve(o[LISTEN].value, "attestation service", &routes, &e) == ERR_OK ? SIM_DONE
                                                                                    : sim_fail(&e);
}
