/* proxy_headers - measurements as an attested-TLS proxy hands them on in two headers.  Room:
 * attest.
 *
 * Nothing here is verified: who sent the headers is believed, or is not.  They count only on the
 * guarded listener of a KMS, for contracts of scheme 1 (docs/COMPAT.md); nothing of /api/v2 reads
 * them.  Source: cvm-reverse-proxy; docs/WIRE.md, "Headers of an attested-TLS proxy".
 *
 *   X-Flashbots-Attestation-Type   exactly qemu-tdx or azure-tdx
 *   X-Flashbots-Measurement        {"index": "lower-case hex", ...}, index a decimal number
 *     qemu-tdx    "0" MRTD (not all zero), "1" to "4" RTMR0 to RTMR3: all five, 48 bytes each
 *     azure-tdx   "0" to "23" PCRs of the SHA-256 bank, 32 bytes each: at least 4, 9 and 11
 *
 * Refused: any other index or spelling of one (leading zeros), an index twice, upper-case hex,
 * another length. */
#pragma once
#include "attest/identity.h"

#define PROXY_HEADER_TYPE        "X-Flashbots-Attestation-Type"
#define PROXY_HEADER_MEASUREMENT "X-Flashbots-Measurement"
#define PROXY_MEASUREMENT_MAX    4096

/* Values of the two headers.  What they do not tell is zero in ret: TDATTRIBUTES, XFAM, of Azure
 * also MRTD, and PCRs that were not sent.  ERR_INVALID; ERR_TOO_LARGE over PROXY_MEASUREMENT_MAX.
 */
MUST_CHECK enum err_code proxy_headers_read(struct bytes type, struct bytes measurement,
                                            struct measurements *ret, struct err *e);
/* "qemu-tdx" or "azure-tdx". */
const char *proxy_headers_type(const struct measurements *m);
