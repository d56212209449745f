/* log_file - an event log as people have it in a file.  Room: cli.
 *
 * The bytes of CCEL, padded or not; the JSON array of dstack; either of them in hex or base64, in
 * lines or not, or as a JSON string; an evidence object with "event_log"; an object like dstack's
 * report: "event_log" (an array, or text in one of these forms) and perhaps "quote" (hex).  White
 * space around text does not count. */
#pragma once
#include "attest/ccel_log.h"

#define LOG_FILE_MAX 2097152

struct log_file {
    struct buf text;  /* the log: what `log` borrows */
    struct buf quote; /* the TDX quote that it came with; empty: none */
    struct ccel_log log;
};
/* Begin with `struct log_file f AUTO_CALL(log_file_done) = {0};` */
void log_file_done(struct log_file *f);
MUST_CHECK enum err_code log_file_read(const char *path, struct log_file *ret, struct err *e);
/* The same of bytes that were read from there; errors begin with path. */
MUST_CHECK enum err_code log_file_of(struct bytes data, const char *path, struct log_file *ret,
                                     struct err *e);
/* Is it a log, and nothing that is more than one?  (Evidence has its log shown with all else.) */
bool log_file_is_log(struct bytes data);
/* The log alone, as it would stand in evidence; what cannot be read as one stays as it is, for the
 * check that refuses it. */
MUST_CHECK enum err_code log_file_bytes(const char *path, struct buf *ret, struct err *e);
/* The quote in a file: its own bytes, evidence, or a report with one; appended to ret. */
MUST_CHECK enum err_code log_file_quote(const char *path, struct buf *ret, struct err *e);
