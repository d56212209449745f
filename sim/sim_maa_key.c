#include "sim_maa_key.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include "attest/maa_key.h"
#include "base/codec.h"
#include "crypto/digest.h"
#include "crypto/x509.h"

DEFINE_AUTO(X509_NAME, X509_NAME_free);
DEFINE_AUTO(X509_EXTENSION, X509_EXTENSION_free);
DEFINE_AUTO(ASN1_OBJECT, ASN1_OBJECT_free);
DEFINE_AUTO(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free);
DEFINE_AUTO(BIO, BIO_free_all);

#define OTHER_ISSUER "https://other.attest.invalid"

/* MRSIGNER of the real service's enclave: a verifier asks for it. */
static const uint8_t service_signer[32] = {
    0x74, 0xba, 0x5f, 0xba, 0x20, 0x85, 0x71, 0xcf, 0x99, 0xe1, 0xf7, 0x15, 0x8e, 0x65, 0x36, 0xa0,
    0x5b, 0xbb, 0x6c, 0xe7, 0x80, 0x7e, 0xef, 0x8f, 0x6a, 0x97, 0xf6, 0x4a, 0x7a, 0xf6, 0x4b, 0x83};

void sim_maa_key_done(struct sim_maa_key *k)
{
    EVP_PKEY_free(k->key);
    EVP_PKEY_free(k->other);
    buf_done(&k->key_set);
    *k = (struct sim_maa_key){0};
}

/* SHA-256(PEM of the SubjectPublicKeyInfo || 0x00), which the kid spells in base64. */
static enum err_code name_key(EVP_PKEY *key, struct hash32 *ret, struct err *e)
{
    AUTO(BIO) out = BIO_new(BIO_s_mem());
    char *pem;
    long n;

    if (!out || PEM_write_bio_PUBKEY(out, key) != 1 || BIO_write(out, "", 1) != 1)
        return err_set(e, ERR_INTERNAL, "name of a simulated signing key");
    n = BIO_get_mem_data(out, &pem);
    sha256((struct bytes){(const uint8_t *)pem, (size_t)n}, ret);
    return ERR_OK;
}

static enum err_code put_quote(enum sim_maa_fault fault, const struct hash32 *named,
                               struct buf *ret, struct err *e)
{
    AUTO(sim_platform) p = NULL;
    struct sgx_report enclave = {
        .attributes = {fault == SIM_MAA_KEY_DEBUG ? 0x07 : 0x05, [8] = 0xe7}, /* INIT, 64 bit */
        .isvprodid = fault == SIM_MAA_KEY_PRODUCT ? 2 : 1,
        .isvsvn = fault == SIM_MAA_KEY_SVN ? 0 : 1,
    };

    memcpy(enclave.mrsigner, service_signer, sizeof enclave.mrsigner);
    enclave.mrsigner[31] ^= fault == SIM_MAA_KEY_SIGNER;
    memcpy(enclave.report_data, named->b, sizeof named->b);
    enclave.report_data[31] ^= fault == SIM_MAA_KEY_OTHER;
    enclave.report_data[63] = fault == SIM_MAA_KEY_TAIL;
    TRY(sim_platform_new("attestation service",
                         fault == SIM_MAA_KEY_ROOT ? SIM_ROOT_UNKNOWN : SIM_OK, &p, e));
    return sim_quote_sgx(p, &enclave, ret, e);
}

static bool add_quote(X509 *c, struct bytes contents)
{
    AUTO(ASN1_OBJECT) oid = OBJ_txt2obj(MAA_KEY_OID, 1);
    AUTO(ASN1_OCTET_STRING) value = ASN1_OCTET_STRING_new();
    AUTO(X509_EXTENSION) x = NULL;

    if (!oid || !value || ASN1_OCTET_STRING_set(value, contents.p, (int)contents.n) != 1)
        return false;
    x = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
    return x && X509_add_ext(c, x, -1) == 1;
}

static bool fill(X509 *c, const char *issuer, EVP_PKEY *key)
{
    AUTO(X509_NAME) name = X509_NAME_new();

    return name &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const uint8_t *)issuer,
                                      -1, -1, 0) == 1 &&
           X509_set_version(c, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(c), 1) == 1 &&
           X509_set_subject_name(c, name) == 1 && X509_set_issuer_name(c, name) == 1 &&
           ASN1_TIME_set_string(X509_getm_notBefore(c), "190501000000Z") == 1 &&
           ASN1_TIME_set_string(X509_getm_notAfter(c), "491231235959Z") == 1 &&
           X509_set_pubkey(c, key) == 1;
}

/* Self-signed, CN = issuer; extension: u32le 1 | u32le 2 | u64le length | SGX quote. */
static enum err_code put_certificate(const struct sim_maa_key *k, const char *issuer,
                                     enum sim_maa_fault fault, struct bytes quote, struct buf *ret,
                                     struct err *e)
{
    struct buf contents AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX + 16);
    AUTO(X509) c = X509_new();

    buf_put_u32le(&contents, fault == SIM_MAA_KEY_HEADER ? 2 : 1);
    buf_put_u32le(&contents, 2);
    buf_put_u64le(&contents, quote.n + (fault == SIM_MAA_KEY_LENGTH));
    buf_put(&contents, quote);
    TRY(buf_check(&contents, e));
    if (!c || !fill(c, fault == SIM_MAA_CERT_ISSUER ? OTHER_ISSUER : issuer, k->key) ||
        (fault != SIM_MAA_UNQUOTED_KEY && !add_quote(c, buf_bytes(&contents))) ||
        X509_sign(c, fault == SIM_MAA_KEY_SIG ? k->other : k->key, EVP_sha256()) <= 0)
        return err_set(e, ERR_INTERNAL, "certificate of a simulated signing key");
    return x509_der(c, ret, e);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_PKEY *keys[2];

static void make_keys(void)
{
    keys[0] = EVP_RSA_gen(2048);
    keys[1] = EVP_RSA_gen(2048);
}

static enum err_code take_keys(bool second, struct sim_maa_key *k, struct err *e)
{
    pthread_once(&once, make_keys);
    if (!keys[0] || !keys[1] || EVP_PKEY_up_ref(keys[0]) != 1)
        return err_set(e, ERR_INTERNAL, "a simulated signing key");
    *(second ? &k->other : &k->key) = keys[0];
    if (EVP_PKEY_up_ref(keys[1]) != 1)
        return err_set(e, ERR_INTERNAL, "a simulated signing key");
    *(second ? &k->key : &k->other) = keys[1];
    return ERR_OK;
}

static enum err_code make(const struct sim_maa_spec *spec, const char *issuer,
                          struct sim_maa_key *k, struct err *e)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct buf der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    struct buf kid AUTO_CALL(buf_done) = BUF(sizeof k->kid);
    const enum sim_maa_fault fault = spec->fault;
    struct hash32 named;

    TRY(take_keys(spec->second_key, k, e));
    TRY(name_key(k->key, &named, e));
    TRY(put_quote(fault, &named, &quote, e));
    TRY(put_certificate(k, issuer, fault, buf_bytes(&quote), &der, e));
    named.b[0] ^= fault == SIM_MAA_KEY_KID;
    base64_put(&kid, BYTES_OF(named));
    snprintf(k->kid, sizeof k->kid, "%s", buf_cstr(&kid));
    buf_printf(&k->key_set, "{\"keys\":[{\"kid\":\"%s\",\"kty\":\"RSA\",\"x5c\":[\"", k->kid);
    base64_put(&k->key_set, buf_bytes(&der));
    buf_put_str(&k->key_set, "\"]}]}");
    return buf_check(&k->key_set, e);
}

enum err_code sim_maa_key_make(const struct sim_maa_spec *spec, struct sim_maa_key *ret,
                               struct err *e)
{
    struct sim_maa_key k AUTO_CALL(sim_maa_key_done) = {.key_set = BUF(JWKS_MAX)};

    TRY(make(spec, spec->issuer ? spec->issuer : SIM_MAA_ISSUER, &k, e));
    sim_maa_key_done(ret);
    *ret = k;
    k = (struct sim_maa_key){0};
    return ERR_OK;
}
