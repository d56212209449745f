/* sim_pcs - the simulated vendor's certification service: Intel's PCS version 4 and the paths that
 * a PCCS adds, for all simulated platforms.  Room: sim.
 *
 *   /{tdx,sgx}/certification/v4/tcb?fmspc=..   /qe/identity   (update=standard|early, or
 *                                              tcbEvaluationDataNumber=N: 404, 410 where it is not
 *                                              in the next list)
 *   /{tdx,sgx}/certification/v4/tcbevaluationdatanumbers
 *   /sgx/certification/v4/pckcrl?ca=platform|processor[&encoding=der]  (else PEM)
 *   /sgx/certification/v4/rootcacrl            hex, as a PCCS has it
 *   /IntelSGXRootCA.der                        the same in DER
 *   /sgx/certification/v4/fmspcs[?platform=all|client|E3|E5]
 * Issuer chains are in the headers that Intel's service names.  What is served stays the same for a
 * whole hour. */
#pragma once
#include "net/http_server.h"
#include "sim_collateral.h"

struct sim_pcs {
    const sim_platform *platform;    /* any: they are all of one family */
    struct sim_collateral_spec spec; /* now == 0: the present */
};

/* One answer; self of a handler may hold a struct sim_pcs anywhere. */
void sim_pcs_answer(const struct sim_pcs *s, const struct http_request *req,
                    struct http_response *ret);

/* Its routes, with the handler that gives a request to sim_pcs_answer. */
#define SIM_PCS_ROUTES(handler)                                                                    \
    {"GET", "/{tee}/certification/v4/{what}", handler, 0, HTTP_ROUTE_UNLIMITED},                   \
        {"GET", "/{tee}/certification/v4/qe/identity", handler, 0, HTTP_ROUTE_UNLIMITED},          \
    {                                                                                              \
        "GET", "/IntelSGXRootCA.der", handler, 0, HTTP_ROUTE_UNLIMITED                             \
    }
