/* evidence - a quote and what it was made for, as it travels: JSON.  Room: attest.
 *
 * Object {"type", "quote", "payload"} with base64 values; in a request also "event_log" and
 * "collateral".  In a TLS certificate the extension OID_TEEREG_EVIDENCE (crypto/x509.h) holds the
 * object without these two, at most 16 KiB.  Source: docs/WIRE.md, "Evidence on the wire". */
#pragma once
#include "base/json.h"

#define EVIDENCE_TYPE_TDX       "tdx-dcap"
#define EVIDENCE_EXTENSION_MAX  16384
#define EVIDENCE_QUOTE_MAX      32768
#define EVIDENCE_PAYLOAD_MAX    65536
#define EVIDENCE_LOG_MAX        262144
#define EVIDENCE_COLLATERAL_MAX 131072
#define EVIDENCE_JSON_MAX       786432

/* Begin with `struct evidence ev AUTO_CALL(evidence_done) = {0};` */
struct evidence {
    char type[32];
    struct buf quote, payload;
    struct buf event_log, collateral; /* empty: none */
};
void evidence_done(struct evidence *ev);

/* Makes it from parts (copied). */
MUST_CHECK enum err_code evidence_set(struct evidence *ret, const char *type, struct bytes quote,
                                      struct bytes payload, struct err *e);
/* Exactly the members above, quote not empty.  Any type that is a short lower-case word is read:
 * whether it can be judged is verify's business.  What ret held is freed, on success only. */
MUST_CHECK enum err_code evidence_from_json(const json *obj, struct evidence *ret, struct err *e);
MUST_CHECK enum err_code evidence_to_json(const struct evidence *ev, json **ret, struct err *e);
/* The same as text. */
MUST_CHECK enum err_code evidence_decode(struct bytes text, struct evidence *ret, struct err *e);
MUST_CHECK enum err_code evidence_encode(const struct evidence *ev, struct buf *ret, struct err *e);
/* Contents of the certificate extension: the text, without event log and collateral.
 * ERR_TOO_LARGE over 16 KiB; reading refuses the two members there. */
MUST_CHECK enum err_code evidence_extension_encode(const struct evidence *ev, struct buf *ret,
                                                   struct err *e);
MUST_CHECK enum err_code evidence_extension_decode(struct bytes contents, struct evidence *ret,
                                                   struct err *e);
/* From a leaf certificate in DER.  ERR_VERIFY: it carries none, so it proves nothing. */
MUST_CHECK enum err_code evidence_of_certificate(struct bytes leaf_der, struct evidence *ret,
                                                 struct err *e);
