#include "kms/ca.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/codec.h"

#define ISSUED_MAX 4096

DEFINE_AUTO(BIGNUM, BN_free);

void ca_name(const struct addr *app_id, uint64_t epoch, char ret[static CA_NAME_MAX + 1])
{
    char hex[HEX_LEN(sizeof app_id->b)];

    hex_encode(BYTES_OF(*app_id), hex);
    snprintf(ret, CA_NAME_MAX + 1, "teereg-ca-%s-%" PRIu64, hex, epoch);
}

void ca_instance_name(const struct addr *app, char ret[static CA_INSTANCE_NAME_LEN])
{
    char hex[HEX_LEN(sizeof app->b)];

    hex_encode(BYTES_OF(*app), hex);
    snprintf(ret, CA_INSTANCE_NAME_LEN, "%s.app", hex);
}

enum err_code ca_certificate(EVP_PKEY *ca_key, const struct addr *app_id, uint64_t epoch,
                             struct buf *ret_der, struct err *e)
{
    char name[CA_NAME_MAX + 1];

    ca_name(app_id, epoch, name);
    return x509_ca(ca_key, name, ret_der, e);
}

void ca_issued_done(struct ca_issued *c)
{
    buf_done(&c->der);
    *c = (struct ca_issued){0};
}

static enum err_code read_serial(const X509 *cert, struct ca_issued *ret, struct err *e)
{
    AUTO(BIGNUM) bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    int n = bn ? BN_num_bytes(bn) : -1;

    if (n <= 0 || (size_t)n > sizeof ret->serial || BN_bn2bin(bn, ret->serial) != n)
        return err_set(e, ERR_INTERNAL, "the serial number of our own certificate is unreadable");
    ret->serial_len = (size_t)n;
    return ERR_OK;
}

enum err_code ca_issue(EVP_PKEY *ca_key, const X509 *ca, EVP_PKEY *subject_key,
                       const struct ca_policy *policy, struct ca_issued *ret, struct err *e)
{
    char name[CA_INSTANCE_NAME_LEN];
    const char *const dns_names[] = {name, NULL};
    struct x509_leaf_spec spec = {
        .common_name = name,
        .dns_names = dns_names,
        .not_before = policy->now - CA_BACKDATE_S,
        .not_after = policy->now + CA_LIFETIME_S,
        .server_auth = true,
        .client_auth = true,
    };
    struct ca_issued issued AUTO_CALL(ca_issued_done) = {.der = BUF(ISSUED_MAX)};
    AUTO(X509) cert = NULL;

    ca_instance_name(&policy->app, name);
    if (policy->not_after && policy->not_after < spec.not_after)
        spec.not_after = policy->not_after;
    if (spec.not_after <= policy->now)
        return err_set(e, ERR_DENIED, "the permission has ended: no certificate");
    TRY(x509_issue(ca_key, ca, subject_key, &spec, &cert, e));
    TRY(x509_der(cert, &issued.der, e));
    TRY(read_serial(cert, &issued, e));
    issued.not_after = spec.not_after;
    *ret = issued;
    issued = (struct ca_issued){0};
    return ERR_OK;
}
