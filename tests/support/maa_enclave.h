/* maa_enclave - a signing key of an attestation service whose enclave runs on a simulated platform:
 * its certificate with the SGX quote in it, as a key set, and SGX collateral.  Room: tests,
 * development builds. */
#pragma once
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "attest/maa_key.h"
#include "crypto/x509.h"
#include "sim_collateral.h"
#include "sim_platform.h"
#include "sim_root.h"
#include "support/maa_token.h"

#define ENCLAVE_NOW 1795500000

/* What may be wrong. */
struct enclave_spec {
    bool debug, other_signer, other_product, too_old;
    bool other_key;    /* the quote names another key */
    bool tail;         /* and goes on behind its hash */
    bool not_its_own;  /* the certificate is signed by another key */
    bool no_quote;     /* and has no extension */
    bool other_header; /* or one of another kind */
    bool longer;       /* or one that says it is longer than it is */
    bool other_kid;
};

static const uint8_t enclave_signer[32] = {
    0x74, 0xba, 0x5f, 0xba, 0x20, 0x85, 0x71, 0xcf, 0x99, 0xe1, 0xf7, 0x15, 0x8e, 0x65, 0x36, 0xa0,
    0x5b, 0xbb, 0x6c, 0xe7, 0x80, 0x7e, 0xef, 0x8f, 0x6a, 0x97, 0xf6, 0x4a, 0x7a, 0xf6, 0x4b, 0x83};

/* base64(SHA-256(PEM || 0x00)), and that hash. */
static inline void enclave_kid(EVP_PKEY *key, char kid[static 64], uint8_t hash[static 32])
{
    BIO *out = BIO_new(BIO_s_mem());
    struct buf text AUTO_CALL(buf_done) = BUF(64);
    char *pem;
    long n;

    if (!out || PEM_write_bio_PUBKEY(out, key) != 1 || BIO_write(out, "", 1) != 1)
        fail_msg("PEM");
    n = BIO_get_mem_data(out, &pem);
    EVP_Digest(pem, (size_t)n, hash, NULL, EVP_sha256(), NULL);
    base64_put(&text, (struct bytes){hash, 32});
    snprintf(kid, 64, "%s", buf_cstr(&text));
    BIO_free(out);
}

/* Version 3: an SGX report, and the signature data of the platform without their wrapper. */
static inline void enclave_quote(const sim_platform *p, const struct enclave_spec *spec,
                                 const uint8_t hash[static 32], struct buf *ret)
{
    static const uint8_t vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                       0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
    const size_t start = ret->n, wrapper = 6;
    uint8_t sig[SIM_RAW_SIG_LEN];
    struct err e;

    buf_put_u16le(ret, 3);
    buf_put_u16le(ret, 2);
    buf_put_zero(ret, 8);
    buf_put(ret, BYTES(vendor));
    buf_put_zero(ret, 20);
    buf_put_zero(ret, 48);                         /* CPUSVN, MISCSELECT, reserved */
    buf_put_u64le(ret, spec->debug ? 0x07 : 0x05); /* ATTRIBUTES: INIT, 64 bit */
    buf_put_u64le(ret, 0xe7);
    buf_put_zero(ret, 64); /* MRENCLAVE, reserved */
    buf_put(ret, BYTES(enclave_signer));
    ret->p[ret->n - 1] ^= spec->other_signer;
    buf_put_zero(ret, 96);
    buf_put_u16le(ret, spec->other_product ? 2 : 1);
    buf_put_u16le(ret, spec->too_old ? 0 : 1);
    buf_put_zero(ret, 60);
    buf_put(ret, (struct bytes){hash, 32});
    ret->p[ret->n - 1] ^= spec->other_key;
    buf_put_zero(ret, 32);
    ret->p[ret->n - 1] ^= spec->tail;
    need(sim_sign_raw(p->signer, (struct bytes){ret->p + start, ret->n - start}, sig, &e), &e);
    buf_put_u32le(ret, (uint32_t)(sizeof sig + p->tail.n - wrapper));
    buf_put(ret, BYTES(sig));
    buf_put(ret, (struct bytes){p->tail.p, 64});
    buf_put(ret, (struct bytes){p->tail.p + 64 + wrapper, p->tail.n - 64 - wrapper});
}

static inline void enclave_extension(X509 *c, struct bytes contents)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(MAA_KEY_OID, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *x;

    ASN1_OCTET_STRING_set(value, contents.p, (int)contents.n);
    x = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
    if (!x || X509_add_ext(c, x, -1) != 1)
        fail_msg("extension");
    X509_EXTENSION_free(x);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static inline void enclave_certificate(EVP_PKEY *key, EVP_PKEY *signer, const char *issuer,
                                       const struct enclave_spec *spec, struct bytes quote,
                                       struct buf *ret)
{
    struct buf contents AUTO_CALL(buf_done) = BUF(32768);
    X509_NAME *name = X509_NAME_new();
    X509 *c = X509_new();
    struct err e;

    buf_put_u32le(&contents, spec->other_header ? 2 : 1);
    buf_put_u32le(&contents, 2);
    buf_put_u64le(&contents, quote.n + spec->longer);
    buf_put(&contents, quote);
    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const uint8_t *)issuer, -1, -1,
                               0);
    X509_set_version(c, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
    X509_set_subject_name(c, name);
    X509_set_issuer_name(c, name);
    ASN1_TIME_set_string(X509_getm_notBefore(c), "190501000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(c), "491231235959Z");
    X509_set_pubkey(c, key);
    if (!spec->no_quote)
        enclave_extension(c, buf_bytes(&contents));
    if (X509_sign(c, signer, EVP_sha256()) <= 0)
        fail_msg("certificate");
    need(x509_der(c, ret, &e), &e);
    X509_NAME_free(name);
    X509_free(c);
}

/* The key set of that service, one key; its kid into ret_kid. */
static inline void enclave_key_set(const sim_platform *p, EVP_PKEY *key, EVP_PKEY *stranger,
                                   const struct enclave_spec *spec, char ret_kid[static 64],
                                   struct jwks *ret)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(32768);
    struct buf der AUTO_CALL(buf_done) = BUF(32768);
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    uint8_t hash[32];
    struct err e;

    enclave_kid(key, ret_kid, hash);
    enclave_quote(p, spec, hash, &quote);
    enclave_certificate(key, spec->not_its_own ? stranger : key, TOKEN_ISSUER, spec,
                        buf_bytes(&quote), &der);
    if (spec->other_kid)
        ret_kid[0] = ret_kid[0] == 'A' ? 'B' : 'A';
    buf_printf(&text, "{\"keys\":[{\"kid\":\"%s\",\"kty\":\"RSA\",\"x5c\":[\"", ret_kid);
    base64_put(&text, buf_bytes(&der));
    buf_put_str(&text, "\"]}]}");
    need(jwks_parse(buf_bytes(&text), ret, &e), &e);
}

/* ---- collateral: the simulator's, said about SGX and signed again ---- */

/* Takes out what stands from `from` up to `to`, each time. */
static inline void enclave_cut(struct buf *text, const char *from, const char *to)
{
    uint8_t *at = text->p, *end;

    while ((at = memmem(at, text->n - (size_t)(at - text->p), from, strlen(from))) != NULL) {
        end = memmem(at, text->n - (size_t)(at - text->p), to, strlen(to));
        assert_non_null(end);
        memmove(at, end, text->n - (size_t)(end - text->p));
        text->n -= (size_t)(end - at);
    }
}

static inline void enclave_sign(struct collateral_text *t)
{
    EVP_PKEY *signer = NULL;
    uint8_t sig[SIM_RAW_SIG_LEN];
    struct err e;

    need(sim_key("", "tcb-signing", &signer, &e), &e);
    need(sim_sign_raw(signer, buf_bytes(&t->body), sig, &e), &e);
    buf_clear(&t->signature);
    buf_put(&t->signature, BYTES(sig));
    EVP_PKEY_free(signer);
}

static inline void enclave_collateral(const sim_platform *p, struct collateral *ret)
{
    const struct sim_collateral_spec spec = {.now = ENCLAVE_NOW};
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(SIM_COLLATERAL_MAX);
    struct buf *tcb = &bundle.text[COLLATERAL_TCB_INFO].body;
    struct buf *qe = &bundle.text[COLLATERAL_QE_IDENTITY].body;
    struct err e;

    need(sim_collateral(p, &spec, &text, &e), &e);
    need(collateral_bundle_decode(buf_bytes(&text), &bundle, &e), &e);
    memcpy(memmem(tcb->p, tcb->n, "\"TDX\"", 5), "\"SGX\"", 5);
    enclave_cut(tcb, "\"tdxModule\"", "\"tcbLevels\":[{\"tcb\":{\"sgx");
    enclave_cut(tcb, ",\"tdxtcbcomponents\"", "},\"tcbDate\"");
    enclave_cut(qe, "TD_", "QE\"");
    enclave_sign(&bundle.text[COLLATERAL_TCB_INFO]);
    enclave_sign(&bundle.text[COLLATERAL_QE_IDENTITY]);
    collateral_of_bundle(&bundle, attest_roots(), NULL, ret);
}
