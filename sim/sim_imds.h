/* sim_imds - the part of Azure's metadata service that makes quotes.  Room: sim.
 *
 *   POST /acc/tdquote {"report": base64url of a TDREPORT} -> {"quote": base64url}
 *   POST /FAULT/acc/tdquote                                 the same, wrong in that way
 * A request without "Metadata: true", and a TDREPORT that the machine's TDX module did not make, is
 * answered with 400. */
#pragma once
#include <stdatomic.h>

#include "net/http_server.h"
#include "sim_azure_fault.h"
#include "sim_quote.h"

struct sim_imds {
    const sim_platform *platform;
    enum sim_azure_fault fault; /* of requests that name none */
    atomic_uint busy;
};

/* self is a struct sim_imds. */
void sim_imds_answer(void *self, const struct http_request *req, struct http_response *ret);

#define SIM_IMDS_BODY_MAX 4096
#define SIM_IMDS_ROUTES                                                                            \
    {"POST", "/acc/tdquote", sim_imds_answer, SIM_IMDS_BODY_MAX, HTTP_ROUTE_UNLIMITED},            \
    {                                                                                              \
        "POST", "/{fault}/acc/tdquote", sim_imds_answer, SIM_IMDS_BODY_MAX, HTTP_ROUTE_UNLIMITED   \
    }
