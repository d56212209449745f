/* ca - the certificate authority of an application, and the certificates it gives.  Room: kms.
 *
 * The CA certificate is the same bytes on every node and at every start (crypto/x509.h tells its
 * fields).  Names in an instance's certificate come from here alone; nothing of a request but its
 * key is used. */
#pragma once
#include "crypto/x509.h"

#define CA_NAME_MAX   80
#define CA_BACKDATE_S 300   /* SR-36: at most five minutes */
#define CA_LIFETIME_S 86400 /* of an instance's certificate */

/* "teereg-ca-{app_id hex}-{epoch}"; ret holds CA_NAME_MAX + 1 bytes. */
void ca_name(const struct addr *app_id, uint64_t epoch, char ret[static CA_NAME_MAX + 1]);
/* "{app hex}.app": common name and DNS name of an instance; ret holds 45 bytes. */
#define CA_INSTANCE_NAME_LEN 45
void ca_instance_name(const struct addr *app, char ret[static CA_INSTANCE_NAME_LEN]);

/* The CA certificate for a derived key. */
MUST_CHECK enum err_code ca_certificate(EVP_PKEY *ca_key, const struct addr *app_id, uint64_t epoch,
                                        struct buf *ret_der, struct err *e);

struct ca_policy {
    struct addr app; /* the contract that was asked for: names are made of it */
    int64_t now;     /* unix seconds */
    /* The certificate ends no later than this (the permission's own end); 0: no such end. */
    int64_t not_after;
};
struct ca_issued {
    struct buf der;
    uint8_t serial[20];
    size_t serial_len;
    int64_t not_after;
};
void ca_issued_done(struct ca_issued *c);
/* A certificate for subject_key: CN and DNS name "{app}.app", server and client use, CA:FALSE, from
 * now - CA_BACKDATE_S for CA_LIFETIME_S.  ERR_DENIED when the permission has ended. */
MUST_CHECK enum err_code ca_issue(EVP_PKEY *ca_key, const X509 *ca, EVP_PKEY *subject_key,
                                  const struct ca_policy *policy, struct ca_issued *ret,
                                  struct err *e);
