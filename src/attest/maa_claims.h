/* maa_claims - what a token says, read strictly; nothing here is judged.  Room: attest, private. */
#pragma once
#include "attest/maa.h"

/* The claims that stand in every token. */
MUST_CHECK enum err_code maa_read_common(const json *root, struct maa_claims *ret, struct err *e);
/* What the token says of the machine below a guest ("azurevm"), or in itself. */
MUST_CHECK enum err_code maa_machine(const json *root, bool is_guest, const json **ret,
                                     struct err *e);
/* x-ms-attestation-type is this word. */
bool maa_type_is(const json *obj, const char *word);
/* The tdx_ claims. */
MUST_CHECK enum err_code maa_read_td(const json *machine, struct td_report *ret, struct err *e);
/* The first claim by which two TDs differ; NULL: by none (what no claim tells is not compared). */
const char *maa_td_differs(const struct td_report *a, const struct td_report *b);
/* Is anything debugged, or could it be?  ERR_DENIED says what; ERR_INVALID: a claim is missing. */
MUST_CHECK enum err_code maa_check_debug(const json *root, const json *machine, struct err *e);
/* The nonce of the request is this one. */
MUST_CHECK enum err_code maa_check_nonce(const json *root, bool is_guest, const char *nonce,
                                         struct err *e);
