/* notify - a word to systemd (sd_notify(3)), by a plain datagram.  Room: service. */
#pragma once
#include "base/err.h"

/* "READY=1", "STATUS=...", "STOPPING=1", joined by '\n'.  Does nothing where NOTIFY_SOCKET is not
 * set; failures are ignored, as they are by sd_notify's callers. */
void notify_systemd(const char *state);
/* To the socket of that name: a path, or '@' for the abstract namespace. */
MUST_CHECK enum err_code notify_send(const char *socket_name, const char *state, struct err *e);
