/* http_status - error codes as HTTP, in one table, and refusals as callers see them.  Room:
 * service.
 *
 * A refusal is {"error", "request_id"} (kms/msg.h): one general sentence and the number under which
 * the precise story stands in our log (SR-66). */
#pragma once
#include "net/http_server.h"

unsigned http_status_of(enum err_code code);
/* ERR_INVALID: "the request is malformed", ...: says nothing that the caller did not know. */
const char *http_status_text(enum err_code code);

/* Fill ret with a refusal; text: a constant, or NULL for the code's own. */
void http_refuse_with(struct http_response *ret, const char *request_id, enum err_code code,
                      const char *text);
void http_refuse_status(struct http_response *ret, const char *request_id, unsigned status,
                        const char *text);
