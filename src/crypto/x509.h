/* x509 - certificates, requests and our CA, over OpenSSL.  Room: crypto.
 *
 * For the certificates of attestation vendors see attest/pck (a bounds-checked walker). */
#pragma once
#include <openssl/x509.h>
#include "crypto/p256.h"

DEFINE_AUTO(X509, X509_free);
DEFINE_AUTO(X509_REQ, X509_REQ_free);

#define X509_DER_MAX    24576
#define X509_KEY_ID_LEN 20 /* subjectKeyIdentifier, RFC 7093 method 1 */

/* The extension that carries evidence in a TLS certificate (docs/WIRE.md). */
#define OID_TEEREG_EVIDENCE "1.2.840.113556.1.8000.2554.23868.2622.27407.19544.39492.8331117.928657"

MUST_CHECK enum err_code x509_parse(struct bytes der, X509 **ret,
                                    struct err *e); /* no trailing bytes */
MUST_CHECK enum err_code x509_der(const X509 *c, struct buf *ret, struct err *e);
/* SPKI DER of the certificate's key, which must be P-256. */
MUST_CHECK enum err_code x509_spki(const X509 *c, uint8_t ret[static P256_SPKI_LEN], struct err *e);
/* Contents of the (single) extension's OCTET STRING, borrowed from c; ERR_NOT_FOUND. */
MUST_CHECK enum err_code x509_extension(const X509 *c, const char *oid, struct bytes *ret,
                                        struct err *e);

struct x509_leaf_spec {
    const char *common_name;
    const char *const *dns_names;  /* NULL-terminated; NULL: none */
    const char *const *uris;       /* NULL-terminated SAN URIs; NULL: none */
    int64_t not_before, not_after; /* unix seconds */
    bool server_auth, client_auth;
    const char *extension_oid; /* an extra non-critical extension: OCTET STRING of ... */
    struct bytes extension;    /* ... these bytes; NULL oid: none */
};

/* The key of a certificate request, the one thing of it that counts: DER, version 1, P-256, signed
 * by that key with ECDSA and SHA-256; at most X509_DER_MAX.  ERR_VERIFY: the signature does not
 * hold. */
MUST_CHECK enum err_code csr_parse(struct bytes der, EVP_PKEY **ret, struct err *e);
MUST_CHECK enum err_code csr_make(EVP_PKEY *key, const char *common_name, struct buf *ret_der,
                                  struct err *e);

/* A leaf for subject_key, signed by ca: random 127-bit serial, CA:FALSE and digitalSignature
 * (both critical), SKI and AKI.  Names come from spec alone, never from a CSR; DNS names are
 * letters, digits and -._ (and a leading *), URIs graphic ASCII.  The caller bounds the validity.
 */
MUST_CHECK enum err_code x509_issue(EVP_PKEY *ca_key, const X509 *ca, EVP_PKEY *subject_key,
                                    const struct x509_leaf_spec *spec, X509 **ret, struct err *e);
/* A self-signed leaf (the TLS certificate that carries evidence). */
MUST_CHECK enum err_code x509_self_signed(EVP_PKEY *key, const struct x509_leaf_spec *spec,
                                          X509 **ret, struct err *e);

/* Deterministic CA certificate: the same key and name give the same bytes everywhere, for ever.
 *
 *   version       3
 *   serial        SHA-256("teereg-ca-serial-v2\0" || SPKI)[0..15], top bit 0, the next 1
 *   signature     ecdsa-with-SHA256, RFC 6979, low-s
 *   issuer = subject   one RDN: CN as UTF8String; 1 to 80 printable ASCII characters (an epoch of
 *                 twenty digits passes X.520's bound of 64, which nobody checks when reading)
 *   validity      UTCTime 240101000000Z, GeneralizedTime 99991231235959Z
 *   key           the SPKI of P-256, uncompressed
 *   extensions    in this order: basicConstraints critical (CA, pathlen 0); keyUsage critical
 *                 (keyCertSign, cRLSign); subjectKeyIdentifier = first 20 bytes of SHA-256 of the
 *                 65-byte point (RFC 7093 method 1, as in our leaves); no authorityKeyIdentifier
 *
 * Golden vector: tests/vectors/x509/ca.json. */
MUST_CHECK enum err_code x509_ca(EVP_PKEY *key, const char *common_name, struct buf *ret_der,
                                 struct err *e);
/* leaf was issued by ca, and is within its validity at unix time now. */
MUST_CHECK enum err_code x509_verify_leaf(const X509 *leaf, const X509 *ca, int64_t now,
                                          struct err *e);
