/* event_log_file - the firmware's event log (CCEL) of this machine, for evidence.  Room: attest.
 *
 * The kernel shows the whole area that ACPI reserves for it, mostly 64 to 256 KiB of which some 20
 * are used; what follows the last event is 0xff or zero. */
#pragma once
#include "base/buf.h"

#define EVENT_LOG_PATH "/sys/firmware/acpi/tables/data/CCEL"
/* What is kept of the padding: the last event may end with the same bytes. */
#define EVENT_LOG_PADDING 512

/* path: NULL is EVENT_LOG_PATH.  ERR_NOT_FOUND: the machine has none; ERR_TOO_LARGE: over 4 MiB, or
 * over ret's maximum (EVIDENCE_LOG_MAX) without its padding. */
MUST_CHECK enum err_code event_log_read(const char *path, struct buf *ret, struct err *e);
