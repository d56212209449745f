/* exhibit - evidence as people have it in files, and the verb that judges it.  Room: cli. */
#pragma once
#include "attest/azure_evidence.h"
#include "attest/verify.h"
#include "cli/cli.h"

/* A raw quote, the evidence object in JSON, or a certificate that carries one (PEM or DER); of an
 * Azure machine also the encoding of attest/azure_evidence.h alone, and the JSON of attested-TLS
 * proxies. */
struct exhibit {
    struct buf quote;            /* empty when is_azure: exhibit_quote */
    struct azure_evidence azure; /* when is_azure */
    bool is_azure;
    struct buf payload, collateral, event_log; /* of the JSON object */
    bool has_payload;
    const char *form; /* "quote", "evidence", "certificate" */
};
void exhibit_done(struct exhibit *x);
MUST_CHECK enum err_code exhibit_read(const char *path, struct exhibit *ret, struct err *e);
/* The same of bytes that were read from there. */
MUST_CHECK enum err_code exhibit_of(struct bytes data, const char *path, struct exhibit *ret,
                                    struct err *e);
/* The TDX quote of either kind; borrowed. */
struct bytes exhibit_quote(const struct exhibit *x);
/* What it measures, td being that quote's; nothing is verified. */
void exhibit_measurements(const struct exhibit *x, const struct td_report *td,
                          struct measurements *ret);

/* `teereg evidence verify`, evidence_verify.c */
extern const struct cli_option evidence_verify_options[];
MUST_CHECK enum err_code evidence_verify(const struct cli_args *a, struct err *e);

/* The same for a token of Azure's attestation service (--type azure-maa), evidence_maa.c */
#define EVIDENCE_TYPE_MAA "azure-maa"
MUST_CHECK enum err_code evidence_verify_maa(const struct cli_args *a, struct err *e);
