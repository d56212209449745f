/* teereg-sim pcs: the simulated vendor's certification service alone, right or wrong in one way. */
#include "base/log.h"
#include "cmd.h"
#include "sim_pcs.h"

static void answer(void *self, const struct http_request *req, struct http_response *ret)
{
    sim_pcs_answer(self, req, ret);
    log_info("pcs", LOG_STR("path", req->head->path), LOG_STR("query", req->head->query),
             LOG_U64("status", ret->status));
}

int cmd_pcs(int argc, char **argv)
{
    enum { LISTEN, PLATFORM, REST };
    struct sim_option o[] = {
        [LISTEN] = {.name = "listen"},
        [PLATFORM] = {.name = "platform"},
        [REST] = SIM_COLLATERAL_OPTIONS,
        {0},
    };
    static const struct http_route list[] = {SIM_PCS_ROUTES(answer)};
    AUTO(sim_platform) p = NULL;
    struct sim_pcs s = {0};
    const struct http_routes routes = {.list = list, .n = sizeof list / sizeof *list, .self = &s};
    struct err e;

    if (!sim_options(argc, argv, o))
        return SIM_USAGE;
    if (!o[LISTEN].value)
        return sim_usage(argv[0], "--listen is needed");
    log_setup(LOG_TEXT, LOG_INFO, "teereg-sim");
    if (sim_collateral_options(o + REST, &s.spec, &e) != ERR_OK ||
        sim_platform_new(o[PLATFORM].value ? o[PLATFORM].value : "default", SIM_OK, &p, &e) !=
            ERR_OK)
        return sim_fail(&e);
    s.platform = p;
    return sim_serve(o[LISTEN].value, "certification service", &routes, &e) == ERR_OK
               ? SIM_DONE
               : sim_fail(&e);
}
