/* maa_token - tokens signed by a key of the test's own, in the form of the attestation service.
 * Room: tests. */
#pragma once
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include "attest/jwks.h"
#include "support/dcap.h"

#define TOKEN_ISSUER "https://test.neu.attest.azure.net"
#define TOKEN_KID    "test-key"
#define TOKEN_IAT    1795500000
#define TOKEN_HEADER "{\"alg\":\"RS256\",\"kid\":\"" TOKEN_KID "\",\"typ\":\"JWT\"}"
#define TOKEN_ZERO48                                                                               \
    "000000000000000000000000000000000000000000000000"                                             \
    "000000000000000000000000000000000000000000000000"
#define TOKEN_TD                                                                                   \
    "\"tdx_tee_tcb_svn\":\"03000600000000000000000000000000\",\"tdx_mrseam\":\"" TOKEN_ZERO48      \
    "\",\"tdx_mrsignerseam\":\"" TOKEN_ZERO48 "\",\"tdx_seam_attributes\":\"0000000000000000\","   \
    "\"tdx_td_attributes\":\"0000001000000000\",\"tdx_xfam\":\"e718060000000000\","                \
    "\"tdx_mrtd\":\"" TOKEN_ZERO48 "\",\"tdx_mrconfigid\":\"" TOKEN_ZERO48                         \
    "\",\"tdx_mrowner\":\"" TOKEN_ZERO48 "\",\"tdx_mrownerconfig\":\"" TOKEN_ZERO48                \
    "\",\"tdx_rtmr0\":\"" TOKEN_ZERO48 "\",\"tdx_rtmr1\":\"" TOKEN_ZERO48                          \
    "\",\"tdx_rtmr2\":\"" TOKEN_ZERO48 "\",\"tdx_rtmr3\":\"" TOKEN_ZERO48 "\","                    \
    "\"tdx_report_data\":"                                                                         \
    "\"0102030000000000000000000000000000000000000000000000000000000000"                           \
    "0000000000000000000000000000000000000000000000000000000000000000\","                          \
    "\"tdx_td_attributes_debug\":false,\"dbgstat\":\"disabled\","                                  \
    "\"attester_tcb_status\":\"UpToDate\",\"x-ms-compliance-status\":\"azure-compliant-cvm\""
#define TOKEN_TIMES "\"iat\":1795500000,\"nbf\":1795500000,\"exp\":1795528800"
#define TOKEN_CLAIMS                                                                               \
    "{\"iss\":\"" TOKEN_ISSUER "\"," TOKEN_TIMES ",\"x-ms-ver\":\"1.0\",\"nonce\":\"n-1\","        \
    "\"x-ms-attestation-type\":\"tdxvm\","                                                         \
    "\"x-ms-policy-hash\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"," TOKEN_TD "}"

/* The text with the first `from` in it as `to`; the caller frees. */
static inline char *token_changed(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    struct buf out = BUF(65536);

    if (!at)
        fail_msg("no %s", from);
    buf_put(&out, (struct bytes){(const uint8_t *)text, (size_t)(at - text)});
    buf_put_str(&out, to);
    buf_put_str(&out, at + strlen(from));
    buf_put_u8(&out, 0);
    return (char *)out.p;
}

/* header.claims.signature, appended */
static inline void token_make(EVP_PKEY *key, const char *header, const char *claims,
                              struct buf *ret)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t sig[512];
    size_t n = sizeof sig;

    base64url_put(ret, bytes_of_str(header));
    buf_put_u8(ret, '.');
    base64url_put(ret, bytes_of_str(claims));
    if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, sig, &n, ret->p, ret->n) != 1)
        fail_msg("signing");
    EVP_MD_CTX_free(ctx);
    buf_put_u8(ret, '.');
    base64url_put(ret, (struct bytes){sig, n});
}

/* {"kid", "kty", "n", "e"}, appended */
static inline void token_jwk(const EVP_PKEY *key, const char *kid, struct buf *ret)
{
    BIGNUM *n = NULL;
    uint8_t modulus[512];
    int len;

    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1)
        fail_msg("key");
    len = BN_bn2bin(n, modulus);
    BN_free(n);
    buf_printf(ret, "{\"kid\":\"%s\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"", kid);
    base64url_put(ret, (struct bytes){modulus, (size_t)len});
    buf_put_str(ret, "\"}");
}

static inline void token_key_set(const EVP_PKEY *key, struct jwks *ret)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    struct err e;

    buf_put_str(&text, "{\"keys\":[");
    token_jwk(key, TOKEN_KID, &text);
    buf_put_str(&text, "]}");
    need(jwks_parse(buf_bytes(&text), ret, &e), &e);
}
