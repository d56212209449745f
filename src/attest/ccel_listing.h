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

#define CCEL_FINDINGS_SHOWN  256
#define CCEL_VERDICT_MATCHES "matches the quote"

/* Of a log in either form, as it stands in evidence. */
MUST_CHECK enum err_code ccel_listing(struct bytes log, json **ret, struct err *e);
/* Of one that was read. */
MUST_CHECK enum err_code ccel_log_listing(const struct ccel_log *log, json **ret, struct err *e);
/* Adds "quote_matches": {"rtmr0": bool, ...} and "matches": bool, of all four. */
MUST_CHECK enum err_code ccel_put_matches(const struct ccel_log *log,
                                          const uint8_t rtmr[static CCEL_RTMRS][48], json *to,
                                          struct err *e);
/* How a log in evidence stands to its quote's registers: {"verdict": CCEL_VERDICT_MATCHES or
 * "CODE: message", "code": null or its name}, and of a log that can be read also "extends", "rtmr0"
 * to "rtmr3", "mrtd_events", "findings" and what ccel_put_matches adds. */
MUST_CHECK enum err_code ccel_verdict(struct bytes log, const uint8_t rtmr[static CCEL_RTMRS][48],
                                      json **ret, struct err *e);
/* "  17 RTMR0 EV_SEPARATOR  00000000  [digest matches]" for each event, appended. */
void ccel_log_lines(const struct ccel_log *log, struct buf *ret);
