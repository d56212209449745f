/* maa_answer - what an instance of Microsoft Azure Attestation answers to a request for a token, as
 * parsed text: nothing here is verified.  Room: attest.
 *
 * Source: Microsoft, "Attestation - Attest Tdx Vm" (200: AttestationResponse; else an error
 * object); RFC 9110, 10.2.3 for Retry-After. */
#pragma once
#include "base/buf.h"

/* {"token": text of at most JWS_MAX bytes}; other members are not looked at.  Appended to ret.
 * ERR_INVALID, ERR_TOO_LARGE. */
MUST_CHECK enum err_code maa_token_answer_parse(struct bytes body, struct buf *ret, struct err *e);

/* {"error": {"code", "message"}}: what the service says of itself, made fit for a terminal
 * (printable ASCII, cut).  Empty where it says nothing, or nothing in that form. */
struct maa_refusal {
    char code[48];
    char message[161];
};
void maa_refusal_parse(struct bytes body, struct maa_refusal *ret);

/* Retry-After as a number of seconds; false for a date, anything else, and more than a day. */
bool maa_retry_after_parse(const char *value, unsigned *ret_s);
