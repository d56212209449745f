/* ccel_listing - an event log for readers: as JSON, and as lines of text.  Room: attest.
 *
 * Object {"form": "tcg" or "json", "end_offset" (tcg), "algorithms" (tcg), "events": [{"event": its
 * number from 1, "register", "type", "type_number", "digest", "digest_check",
 * "digest_matches_event", "description", "data_bytes", and "variable": {"name", "guid",
 * "value_bytes"} where it is one}], "extends": {"rtmr0": n, ...}, "rtmr0" to "rtmr3": what the
 * replay gives, "mrtd_events", "findings": [{"code", "event" or null, "refuses", "message"}]}.
 * Descriptions are bounded, UTF-8, without controls. */
#pragma once
#include "attest/ccel_check.h"
#include "base/json.h"

#define CCEL_FINDINGS_SHOWN 256

/* Of a log in either form, as it stands in evidence. */
MUST_CHECK enum err_code ccel_listing(struct bytes log, json **ret, struct err *e);
/* Of one that was read. */
MUST_CHECK enum err_code ccel_log_listing(const struct ccel_log *log, json **ret, struct err *e);
/* "  17 RTMR0 EV_SEPARATOR  00000000  [digest matches]" for each event, appended. */
void ccel_log_lines(const struct ccel_log *log, struct buf *ret);
