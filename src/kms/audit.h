/* audit - what was released, to whom, under which block: a hash-chained log.  Room: kms.
 *
 * One JSON object a line:
 *   {"seq":7,"time":"2026-11-24T10:00:00Z","node":"<32 hex>","prev":"<64 hex>","event":"release",
 *    ...,"hash":"<64 hex>"}
 * prev is the hash of the line before (64 zeros before the first); hash = SHA-256(
 * "teereg-audit-v2\0" || the line's bytes before `,"hash":`).  seq counts from 1 without a hole.
 *
 * audit_append returns when its record is on the disk; records that wait together share one fsync
 * (group commit: one waiter writes for all, and no lock is held meanwhile).  After a failed write
 * nothing is appended any more: every later call is ERR_IO, so that no answer leaves unrecorded.
 *
 * The last line may be torn (power lost while it was written: nobody got its answer).  At the next
 * start it is cut off and a record `torn` says so.  A log that is not there opens with a record
 * `opened` with "gap":true.  A log whose chain does not hold stops the start (ERR_VERIFY).
 *
 * All functions may be called from any thread. */
#pragma once
#include "base/buf.h"
#include "base/clock.h"

#define AUDIT_LINE_MAX 8192
#define AUDIT_NODE_LEN 16 /* bytes, drawn when a log is opened */

typedef struct audit audit;

enum audit_kind { AUDIT_STR, AUDIT_U64, AUDIT_BOOL, AUDIT_HEX, AUDIT_HEX0X };
struct audit_field {
    const char *name;
    enum audit_kind kind;
    const char *str;    /* AUDIT_STR, UTF-8 */
    uint64_t u64;       /* AUDIT_U64, AUDIT_BOOL */
    struct bytes bytes; /* AUDIT_HEX, AUDIT_HEX0X */
};

/* Where a record stands: the receipt that goes into the sealed answer. */
struct audit_receipt {
    uint8_t node[AUDIT_NODE_LEN];
    uint64_t seq;
    struct hash32 head; /* hash of the record */
};

/* Verifies what is there (mode 0600, one writer: flock; ERR_BUSY when another process has it) and
 * appends `started`. */
MUST_CHECK enum err_code audit_open(const char *path, const struct clock *clock, audit **ret,
                                    struct err *e);
/* Writes what is still aggregated; fine after a failure. */
void audit_close(audit *a);
DEFINE_AUTO(audit, audit_close);

/* event: lower-case letters, digits and dashes.  Durable when it returns. */
MUST_CHECK enum err_code audit_append(audit *a, const char *event, const struct audit_field *fields,
                                      size_t n, struct audit_receipt *ret, struct err *e);

/* Counts a refusal in memory, costs no I/O: a flood of bad requests cannot fill the disk or slow a
 * release.  reason must be a constant string; at most 64 different ones. */
void audit_refused(audit *a, const char *reason);
/* Writes one record `refused` with the counts since the last, if there are any and the last is at
 * least AUDIT_REFUSED_EVERY_S ago.  To be called by a timer, never by a release. */
#define AUDIT_REFUSED_EVERY_S 10
MUST_CHECK enum err_code audit_flush_refused(audit *a, struct err *e);

/* What broke the log, if anything did: no record is written any more until a new start. */
MUST_CHECK enum err_code audit_works(audit *a, struct err *e);

/* The last durable record. */
void audit_head(audit *a, struct audit_receipt *ret);
uint64_t audit_syncs(audit *a); /* how many fsyncs there were (metrics, tests) */

/* ---- reading: `teereg audit verify` ---- */

struct audit_report {
    uint64_t records, releases, gaps, torn; /* gaps: records that say "gap":true */
    uint64_t first_seq, last_seq;
    uint8_t node[AUDIT_NODE_LEN];
    struct hash32 head;
    size_t torn_bytes;   /* an incomplete last line, not counted as a record */
    uint64_t good_bytes; /* length of the verified part */
};
/* ERR_VERIFY names the first line that does not hold: found and expected.  ERR_NOT_FOUND: no such
 * file.  Reads in bounded memory. */
MUST_CHECK enum err_code audit_verify(const char *path, struct audit_report *ret, struct err *e);
/* Is this receipt in the log?  ERR_NOT_FOUND / ERR_VERIFY (that record has another hash). */
MUST_CHECK enum err_code audit_find(const char *path, const struct audit_receipt *receipt,
                                    struct err *e);

/* One line without its LF. */
struct audit_line {
    uint64_t seq;
    uint8_t node[AUDIT_NODE_LEN];
    struct hash32 prev, hash;
    char event[32];
    bool gap;
};
/* ERR_INVALID: not a line of this log; ERR_VERIFY: its hash does not hold. */
MUST_CHECK enum err_code audit_line_decode(struct bytes line, struct audit_line *ret,
                                           struct err *e);
