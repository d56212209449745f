/* files - what commands read and write: contents, measurements, evidence.  Room: cli. */
#pragma once
#include "attest/identity.h"
#include "cli/cli.h"

/* A file, or standard input for "-"; bounded by ret's maximum. */
MUST_CHECK enum err_code cli_read(const char *path, struct buf *ret, struct err *e);
/* An editor's or shell's line end behind a token is not part of it. */
void cli_trim_line(struct buf *text);
/* The first byte that is no white space of JSON: what kind of text it is.  0: there is none. */
char cli_first_byte(struct bytes data);
/* A file with a secret in it: ERR_DENIED when it is a file that others may read.  what ("key file")
 * is for messages; ret's whole maximum is reserved here, its cleanup is buf_done_wipe. */
MUST_CHECK enum err_code cli_read_private(const char *path, const char *what, struct buf *ret,
                                          struct err *e);
/* --text: appends text as a JSON string; ERR_INVALID when it is not UTF-8 or has a NUL, because
 * what comes out in a configuration would be something else. */
MUST_CHECK enum err_code cli_quote(struct bytes text, struct buf *ret, struct err *e);
/* Says on standard error what else is found out at an instance's start: that content is no JSON and
 * so of no use as a whole value, or that text ends with a line's end, which becomes part of it. */
void cli_warn_text(struct bytes text);
void cli_warn_json(struct bytes content);
/* Measurements in JSON (`teereg evidence show --json` and platforms print them). */
MUST_CHECK enum err_code cli_measurements(const char *path, struct measurements *ret,
                                          struct err *e);
