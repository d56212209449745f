/* exhibit - evidence as people have it in files, and the verb that judges it.  Room: cli. */
#pragma once
#include "attest/verify.h"
#include "cli/cli.h"

/* A raw quote, the evidence object in JSON, or a certificate that carries one (PEM or DER). */
struct exhibit {
    struct buf quote;
    struct buf payload, collateral, event_log; /* of the JSON object */
    bool has_payload;
    const char *form; /* "quote", "evidence", "certificate" */
};
void exhibit_done(struct exhibit *x);
MUST_CHECK enum err_code exhibit_read(const char *path, struct exhibit *ret, struct err *e);

/* `teereg evidence verify`, evidence_verify.c */
extern const struct cli_option evidence_verify_options[];
MUST_CHECK enum err_code evidence_verify(const struct cli_args *a, struct err *e);
