/* verdict - the answer of `teereg evidence verify`, the same for every kind of evidence.  Room:
 * cli.
 */
#pragma once
#include "attest/examine.h"
#include "cli/cli.h"

struct verdict {
    bool ok;
    enum attest_fault fault;                   /* when not ok: "code" and */
    const char *message;                       /* "message" of the error */
    json *checks;                              /* list, filled by verdict_check; owned */
    json *skipped;                             /* names of checks that nobody asked for; owned */
    const char *status;                        /* of the TCB; NULL: not reached */
    const struct tcb_evaluation *tcb;          /* NULL: no collateral spoke */
    const struct attest_examination *platform; /* NULL, or without has_platform: unknown */
    const struct measurements *measurements;   /* NULL: there are none */
    const uint8_t *report_data;                /* 64 bytes, with measurements */
    json *event_log;                           /* ccel_verdict; owned; NULL: none came with it */
    bool no_identity; /* this kind of evidence never gives one, accepted or not */
};
/* Before anything is judged: ERR_USAGE for a --contract whose identity could not be made. */
MUST_CHECK enum err_code verdict_check_options(const struct cli_args *a, bool azure, struct err *e);
/* Begin with `struct verdict v AUTO_CALL(verdict_done) = {0};` and verdict_begin. */
void verdict_done(struct verdict *v);
MUST_CHECK enum err_code verdict_begin(struct verdict *v, struct err *e);
/* Adds a check.  One that was not reached is not ok, with the reason; one that nobody asked for
 * (not judged, without a reason) goes to `skipped`, unless `always`. */
MUST_CHECK enum err_code verdict_check(struct verdict *v, const char *name,
                                       const struct attest_finding *f, bool always, struct err *e);
/* Prints it; then ERR_DENIED, "rejected: CODE: message", unless ok.  The identity is printed with
 * --contract. */
MUST_CHECK enum err_code verdict_tell(const struct cli_args *a, struct verdict *v, struct err *e);
