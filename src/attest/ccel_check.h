/* ccel_check - does a log's story hold: digests over descriptions, order, registers.  Room: attest.
 *
 * A replay that gives a quote's registers proves the digests and their order.  Types and
 * descriptions are whatever the sender wrote, but where the digest is over the description.
 * Source: docs/WIRE.md, "Event log"; TCG PC Client Platform Firmware Profile 1.05 §3.3, §10.4. */
#pragma once
#include "attest/ccel_log.h"
#include "attest/fault.h"

/* What an event's digest says about its description. */
enum ccel_digest {
    CCEL_DIGEST_UNDEFINED, /* the type does not define it (images): the description is only said */
    CCEL_DIGEST_MATCHES,   /* SHA-384 of the data; dstack's events: of name and payload */
    CCEL_DIGEST_PART,      /* of its end: a variable's value without its name, a text behind ": " */
    CCEL_DIGEST_DIFFERS,   /* the type defines it, and it is of something else */
};
const char *ccel_digest_name(enum ccel_digest d); /* "not defined", "matches", ... */

/* For images it is never of the data, whatever the bytes: UNDEFINED.  EV_EFI_VARIABLE_*,
 * EV_EFI_ACTION, EV_SEPARATOR and dstack's events must match, but EV_EFI_VARIABLE_BOOT may be of
 * the value alone, as firmware has always done.  Other types match when they do. */
enum ccel_digest ccel_digest_check(const struct ccel_entry *ev);
/* Plainly: is it SHA-384 of the data?  (What other tools call "digest matches event".) */
bool ccel_digest_is_of_data(const struct ccel_entry *ev);

enum ccel_fault {
    CCEL_BAD_SEPARATOR,   /* its data is neither 00000000 nor ffffffff: the firmware failed */
    CCEL_DIGEST_MISMATCH, /* CCEL_DIGEST_DIFFERS */
    CCEL_AMBIGUOUS_NAME,  /* dstack, version 1: a ":" in the name; the digest fits others too */
    /* Remarks */
    CCEL_DUPLICATE_SEPARATOR, /* not the first EV_SEPARATOR of its register: OVMF writes one for
                               * each PCR, and several PCRs are one register */
    CCEL_MRTD_EVENT,          /* an event of index 0 */
    CCEL_NOT_PADDING,         /* other bytes than padding behind the end */
};
const char *ccel_fault_name(enum ccel_fault f); /* "DUPLICATE_SEPARATOR", ... */
/* Remarks are said; everything else refuses. */
bool ccel_fault_refuses(enum ccel_fault f);

struct ccel_finding {
    enum ccel_fault fault;
    size_t event; /* position in the log, or CCEL_NOT_AN_EVENT */
};
/* The first `max` findings, in the order of the log; returns how many there are. */
size_t ccel_log_findings(const struct ccel_log *log, struct ccel_finding *ret, size_t max);
/* One sentence: "event 17: a second EV_SEPARATOR in RTMR0". */
void ccel_finding_text(const struct ccel_log *log, const struct ccel_finding *f, struct buf *ret);

/* Is the log that of a machine whose quote has these registers?  RTMR_MISMATCH, or the first
 * finding that refuses.  The quote's own verification is not this. */
MUST_CHECK enum err_code ccel_log_verify(const struct ccel_log *log,
                                         const uint8_t rtmr[static CCEL_RTMRS][48],
                                         enum attest_fault *fault, struct err *e);
/* The same of a log as it stands in evidence; also EVENT_LOG. */
MUST_CHECK enum err_code ccel_verify(struct bytes log, const uint8_t rtmr[static CCEL_RTMRS][48],
                                     enum attest_fault *fault, struct err *e);
