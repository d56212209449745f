#include "sim_ak.h"

#include <openssl/x509v3.h>
#include "crypto/x509.h"
#include "sim_cert.h"
#include "sim_root.h"

#define SEED "azure vtpm"

DEFINE_AUTO(X509_NAME, X509_NAME_free);
DEFINE_AUTO(X509_EXTENSION, X509_EXTENSION_free);

static enum err_code make_ca(const char *subject, const EVP_PKEY *key, const EVP_PKEY *root,
                             int path_length, struct buf *ret, struct err *e)
{
    const struct sim_cert_spec spec = {
        .subject = subject,
        .issuer = SIM_CN_AK_ROOT,
        .crl = "http://simulated.invalid/vtpm.crl",
        .is_ca = true,
        .path_length = path_length,
        .key_usage = 0x06, /* keyCertSign, cRLSign */
        .usage_bits = 1,
    };

    return sim_cert_make(&spec, key, root, root, ret, e);
}

enum err_code sim_ak_root_certificate(struct buf *ret, struct err *e)
{
    AUTO(EVP_PKEY) key = NULL;

    TRY(sim_key(SEED, "root", &key, e));
    return make_ca(SIM_CN_AK_ROOT, key, key, 1, ret, e);
}

static bool add(X509 *c, X509 *issuer, int nid, const char *value)
{
    AUTO(X509_EXTENSION) x = NULL;
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, c, NULL, NULL, 0);
    x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    return x && X509_add_ext(c, x, -1) == 1;
}

static bool fill(X509 *c, X509 *issuer, EVP_PKEY *ak, enum sim_ak_fault fault)
{
    const bool expired = fault == SIM_AK_EXPIRED;
    AUTO(X509_NAME) name = X509_NAME_new();

    return name &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                      (const uint8_t *)SIM_CN_AK, -1, -1, 0) == 1 &&
           X509_set_version(c, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(c), 4711) == 1 &&
           X509_set_subject_name(c, name) == 1 &&
           X509_set_issuer_name(c, X509_get_subject_name(issuer)) == 1 &&
           ASN1_TIME_set_string(X509_getm_notBefore(c), "240101000000Z") == 1 &&
           ASN1_TIME_set_string(X509_getm_notAfter(c),
                                expired ? "250101000000Z" : "491231235959Z") == 1 &&
           X509_set_pubkey(c, ak) == 1 &&
           add(c, issuer, NID_basic_constraints,
               fault == SIM_AK_CA ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
           add(c, issuer, NID_ext_key_usage,
               fault == SIM_AK_PURPOSE ? "serverAuth" : "1.3.6.1.4.1.311.10.3.12,2.23.133.8.3") &&
           add(c, issuer, NID_key_usage,
               fault == SIM_AK_CA ? "critical,digitalSignature,keyCertSign"
                                  : "critical,digitalSignature") &&
           add(c, issuer, NID_subject_key_identifier, "hash") &&
           add(c, issuer, NID_authority_key_identifier, "keyid");
}

static enum err_code put_leaf(EVP_PKEY *ak, enum sim_ak_fault fault, struct bytes issuer_der,
                              EVP_PKEY *signer, struct buf *ret, struct err *e)
{
    AUTO(X509) c = X509_new();
    AUTO(X509) issuer = NULL;

    TRY(x509_parse(issuer_der, &issuer, e));
    if (!c || !fill(c, issuer, ak, fault) || X509_sign(c, signer, EVP_sha256()) <= 0)
        return err_set(e, ERR_INTERNAL, "simulated AK certificate");
    return x509_der(c, ret, e);
}

enum err_code sim_ak_intermediate(enum sim_ak_fault fault, struct buf *ret, struct err *e)
{
    AUTO(EVP_PKEY) root = NULL;
    AUTO(EVP_PKEY) ca = NULL;

    TRY(sim_key(fault == SIM_AK_ROOT_UNKNOWN ? "another vtpm" : SEED, "root", &root, e));
    TRY(sim_key(SEED, "intermediate", &ca, e));
    return make_ca(SIM_CN_AK_INTERMEDIATE, ca, root, 0, ret, e);
}

enum err_code sim_ak_certificate(EVP_PKEY *ak, enum sim_ak_fault fault, struct buf *ret,
                                 struct err *e)
{
    struct buf intermediate AUTO_CALL(buf_done) = BUF(SIM_CERT_MAX);
    AUTO(EVP_PKEY) signer = NULL;

    TRY(sim_ak_intermediate(fault, &intermediate, e));
    TRY(sim_key(SEED, fault == SIM_AK_SIG ? "another key" : "intermediate", &signer, e));
    return put_leaf(ak, fault, buf_bytes(&intermediate), signer, ret, e);
}

enum err_code sim_ak_chain(EVP_PKEY *ak, enum sim_ak_fault fault, struct buf *ret, struct err *e)
{
    TRY(sim_ak_certificate(ak, fault, ret, e));
    if (fault != SIM_AK_NO_INTERMEDIATE)
        TRY(sim_ak_intermediate(fault, ret, e));
    return buf_check(ret, e);
}
