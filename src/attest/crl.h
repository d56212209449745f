/* crl - certificate revocation lists as Intel issues them: RFC 5280, version 2, by the DER walker.
 * Room: attest.
 *
 * Nothing here is verified (collateral.h does).  Exactly one list, nothing behind it; signed with
 * ecdsa-with-SHA256; a CRL number; no critical extension, of the list or of an entry, for Intel's
 * have none; critical or not, no delta CRL indicator, issuing distribution point or certificate
 * issuer; no serial twice. */
#pragma once
#include "base/buf.h"

#define CRL_DER_MAX     65536
#define CRL_ENTRIES_MAX 8192
#define CRL_SERIAL_MAX  20

struct crl_serial {
    uint8_t n; /* without leading zero bytes */
    uint8_t b[CRL_SERIAL_MAX];
};

struct crl {
    struct bytes tbs, signature, issuer; /* borrowed from the DER; issuer is the whole Name */
    struct bytes number;                 /* contents of the INTEGER; borrowed too */
    int64_t this_update, next_update;
    struct crl_serial *revoked; /* ascending; owned */
    size_t n_revoked;
};

MUST_CHECK enum err_code crl_parse(struct bytes der, struct crl *ret, struct err *e);
void crl_done(struct crl *c);
/* serial: contents of the INTEGER, with or without leading zero bytes. */
bool crl_has(const struct crl *c, struct bytes serial);

/* What servers give instead: PEM ("X509 CRL"), hex digits, or DER as it is; appended to ret as DER,
 * not parsed yet. */
MUST_CHECK enum err_code crl_to_der(struct bytes served, struct buf *ret, struct err *e);
