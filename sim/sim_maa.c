#include "sim_maa.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <time.h>
#include "attest/examine.h"
#include "attest/hcl.h"
#include "base/clock.h"
#include "base/codec.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "sim_collateral.h"
#include "sim_maa_key.h"

#define LIFETIME_S 28800
#define SILENT_MS  5000
#define CLAIMS_MAX (JWS_MAX / 2)
#define HUGE_BYTES (1 << 20)

DEFINE_AUTO(EVP_MD_CTX, EVP_MD_CTX_free);
DEFINE_AUTO(BIGNUM, BN_free);

struct sim_maa {
    const char *issuer;
    enum sim_maa_fault fault;
    unsigned silent_ms;
    struct sim_maa_key key;
    sim_platform *platform; /* any: collateral is about them all */
    atomic_uint asked;
};

static const char *const names[] = {
#define SIM_MAA_TEXT_(id, name) [id] = (name),
    SIM_MAA_FAULTS(SIM_MAA_TEXT_)
#undef SIM_MAA_TEXT_
};

const char *sim_maa_fault_name(enum sim_maa_fault f)
{
    return (size_t)f < SIM_MAA_FAULT_COUNT ? names[f] : "unknown";
}

enum err_code sim_maa_fault_parse(const char *name, enum sim_maa_fault *ret, struct err *e)
{
    for (size_t i = 0; i < SIM_MAA_FAULT_COUNT; i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum sim_maa_fault)i;
            return ERR_OK;
        }
    return err_set(e, ERR_INVALID,
                   "no fault of an attestation service is named '%s'; `teereg-sim faults` lists "
                   "them",
                   name);
}

enum err_code sim_maa_new(const struct sim_maa_spec *spec, sim_maa **ret, struct err *e)
{
    AUTO(sim_maa) m = calloc(1, sizeof *m);

    if (!m)
        return err_set(e, ERR_NOMEM, "simulated attestation service");
    m->issuer = spec->issuer ? spec->issuer : SIM_MAA_ISSUER;
    m->fault = spec->fault;
    m->silent_ms = spec->silent_ms ? spec->silent_ms : SILENT_MS;
    TRY(sim_platform_new("azure", SIM_OK, &m->platform, e));
    TRY(sim_maa_key_make(spec, &m->key, e));
    *ret = TAKE(m);
    return ERR_OK;
}

void sim_maa_free(sim_maa *m)
{
    if (!m)
        return;
    sim_maa_key_done(&m->key);
    sim_platform_free(m->platform);
    free(m);
}

struct bytes sim_maa_keys(const sim_maa *m)
{
    return buf_bytes(&m->key.key_set);
}

/* ---- judging, as the real one does before it says anything ---- */

static enum err_code examine(const sim_maa *m, struct bytes quote, int64_t now,
                             struct attest_examination *ret, struct err *e)
{
    const struct sim_collateral_spec spec = {.now = now};
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct collateral collateral AUTO_CALL(collateral_done) = {0};
    struct attest_policy policy = attest_policy_default;

    policy.statuses = TCB_STATUS_ANY;
    TRY(sim_collateral_parts(m->platform, &spec, &bundle, e));
    collateral_of_bundle(&bundle, attest_roots(), NULL, &collateral);

    const struct attest_question question = {
        .quote = quote,
        .tee = QUOTE_TEE_TDX,
        .roots = attest_roots(),
        .policy = &policy,
        .collateral = &collateral,
        .now = now,
    };

    attest_examine(&question, ret);
    if (!ret->ok)
        return err_set(e, ERR_DENIED, "the quote is refused: %s", attest_fault_name(ret->fault));
    return ERR_OK;
}

static enum err_code check_runtime(const struct td_report *td, struct bytes runtime, struct err *e)
{
    struct hash32 digest;

    TRY(json_check(runtime, HCL_REPORT_MAX, e));
    sha256(runtime, &digest);
    if (!bytes_eq((struct bytes){td->report_data, sizeof digest.b}, BYTES_OF(digest)))
        return err_set(e, ERR_DENIED, "report_data is not the hash of the runtime data");
    return ERR_OK;
}

/* ---- the claims ---- */

static void put_hex(struct buf *out, const char *claim, struct bytes value)
{
    buf_printf(out, ",\"%s\":\"", claim);
    hex_put(out, value);
    buf_put_str(out, "\"");
}

static void put_td(struct buf *out, const struct td_report *of, enum sim_maa_fault fault)
{
    struct td_report td = *of;

    td.td_attributes[0] |= fault == SIM_MAA_DEBUG;
    td.mrtd[0] ^= fault == SIM_MAA_MRTD;
    td.report_data[0] ^= fault == SIM_MAA_RUNTIME;
    put_hex(out, "tdx_tee_tcb_svn", BYTES(td.tee_tcb_svn));
    put_hex(out, "tdx_mrseam", BYTES(td.mrseam));
    put_hex(out, "tdx_mrsignerseam", BYTES(td.mrsignerseam));
    put_hex(out, "tdx_seam_attributes", BYTES(td.seam_attributes));
    put_hex(out, "tdx_td_attributes", BYTES(td.td_attributes));
    put_hex(out, "tdx_xfam", BYTES(td.xfam));
    put_hex(out, "tdx_mrtd", BYTES(td.mrtd));
    put_hex(out, "tdx_mrconfigid", BYTES(td.mrconfigid));
    put_hex(out, "tdx_mrowner", BYTES(td.mrowner));
    put_hex(out, "tdx_mrownerconfig", BYTES(td.mrownerconfig));
    put_hex(out, "tdx_rtmr0", BYTES(td.rtmr[0]));
    put_hex(out, "tdx_rtmr1", BYTES(td.rtmr[1]));
    put_hex(out, "tdx_rtmr2", BYTES(td.rtmr[2]));
    put_hex(out, "tdx_rtmr3", BYTES(td.rtmr[3]));
    put_hex(out, "tdx_report_data", BYTES(td.report_data));
    buf_printf(out, ",\"tdx_seamsvn\":%u", td.tee_tcb_svn[0]);
    buf_printf(out, ",\"tdx_td_attributes_debug\":%s,\"tdx_td_attributes_septve_disable\":%s",
               fault == SIM_MAA_DEBUG ? "true" : "false",
               td.td_attributes[3] & 0x10 ? "true" : "false");
}

static enum err_code put_modulus(struct buf *out, const EVP_PKEY *key, struct err *e)
{
    uint8_t modulus[256];
    AUTO(BIGNUM) n = NULL;

    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        BN_bn2binpad(n, modulus, sizeof modulus) != sizeof modulus)
        return err_set(e, ERR_INTERNAL, "modulus of a simulated key");
    base64url_put(out, BYTES(modulus));
    return ERR_OK;
}

static enum err_code put_runtime(struct buf *out, const sim_maa *m, struct bytes runtime,
                                 struct err *e)
{
    buf_put_str(out, ",\"x-ms-runtime\":");
    if (m->fault != SIM_MAA_AK) {
        buf_put(out, runtime);
        return ERR_OK;
    }
    buf_put_str(out, "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\","
                     "\"e\":\"AQAB\",\"n\":\"");
    TRY(put_modulus(out, m->key.other, e));
    buf_put_str(out, "\"}]}");
    return ERR_OK;
}

/* x-ms-policy-hash = base64url(SHA-256(base64url(policy text))). */
static void put_policy(struct buf *out)
{
    struct buf text AUTO_CALL(buf_done) = BUF(256);
    struct hash32 h;

    base64url_put(&text, bytes_of_str("version= 1.0;authorizationrules{=> permit();};"));
    sha256(buf_bytes(&text), &h);
    buf_put_str(out, ",\"x-ms-policy-hash\":\"");
    base64url_put(out, BYTES_OF(h));
    buf_put_str(out, "\"");
}

static void put_times(struct buf *out, enum sim_maa_fault fault, int64_t now)
{
    int64_t begin = now;

    if (fault == SIM_MAA_EXPIRED)
        begin -= LIFETIME_S + 60;
    else if (fault == SIM_MAA_FUTURE)
        begin += 3600;
    else if (fault == SIM_MAA_AHEAD)
        begin += 30;
    buf_printf(out, ",\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld", (long long)begin, (long long)begin,
               (long long)(begin + LIFETIME_S + (fault == SIM_MAA_LIFETIME ? 3600 : 0)));
}

static enum err_code put_claims(struct buf *out, const sim_maa *m,
                                const struct attest_examination *x, struct bytes runtime,
                                const char *nonce, int64_t now, struct err *e)
{
    const enum sim_maa_fault fault = m->fault;

    buf_printf(out, "{\"iss\":\"%s\"",
               fault == SIM_MAA_OTHER_ISSUER ? "https://other.attest.invalid" : m->issuer);
    put_times(out, fault, now);
    buf_put_str(out, ",\"jti\":\"simulated\",\"x-ms-ver\":\"1.0\",\"intuse\":\"generic\","
                     "\"eat_profile\":\"https://aka.ms/maa-eat-profile-tdxvm\"");
    buf_printf(out, ",\"x-ms-attestation-type\":\"%s\",\"x-ms-compliance-status\":\"%s\"",
               fault == SIM_MAA_TYPE ? "sgx" : "tdxvm",
               fault == SIM_MAA_COMPLIANCE ? "azure-signed-cvm" : "azure-compliant-cvm");
    buf_printf(out, ",\"dbgstat\":\"%s\",\"attester_tcb_status\":\"%s\"",
               fault == SIM_MAA_DEBUG ? "enabled" : "disabled",
               fault == SIM_MAA_STATUS ? "OutOfDate" : tcb_status_name(x->facts.tcb.status));
    if (nonce && fault != SIM_MAA_NO_NONCE) {
        buf_put_str(out, ",\"nonce\":");
        json_put_quoted(out, bytes_of_str(fault == SIM_MAA_NONCE ? "of another request" : nonce));
    }
    put_td(out, &x->facts.td, fault);
    put_policy(out);
    TRY(put_runtime(out, m, runtime, e));
    buf_put_str(out, "}");
    return buf_check(out, e);
}

/* ---- the token ---- */

static enum err_code put_rsa(struct buf *out, EVP_PKEY *key, struct bytes text, struct err *e)
{
    AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
    uint8_t sig[256];
    size_t n = sizeof sig;

    if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, sig, &n, text.p, text.n) != 1)
        return err_set(e, ERR_INTERNAL, "signature of a simulated attestation service");
    base64url_put(out, (struct bytes){sig, n});
    return ERR_OK;
}

/* What a verifier that lets the header choose the algorithm would accept. */
static enum err_code put_mac(struct buf *out, const EVP_PKEY *key, struct bytes text, struct err *e)
{
    struct buf public AUTO_CALL(buf_done) = BUF(1024);
    struct hash32 mac;

    TRY(put_modulus(&public, key, e));
    hmac_sha256(buf_bytes(&public), text, &mac);
    base64url_put(out, BYTES_OF(mac));
    return ERR_OK;
}

static enum err_code put_signature(struct buf *out, const sim_maa *m, struct bytes text,
                                   struct err *e)
{
    switch (m->fault) {
    case SIM_MAA_UNSIGNED:
        return ERR_OK;
    case SIM_MAA_ALG_HS256:
        return put_mac(out, m->key.key, text, e);
    case SIM_MAA_SIG:
        return put_rsa(out, m->key.other, text, e);
    default:
        return put_rsa(out, m->key.key, text, e);
    }
}

static enum err_code put_token(struct buf *out, const sim_maa *m, struct bytes claims,
                               struct err *e)
{
    const char *alg = m->fault == SIM_MAA_ALG_NONE    ? "none"
                      : m->fault == SIM_MAA_ALG_HS256 ? "HS256"
                                                      : "RS256";
    struct buf header AUTO_CALL(buf_done) = BUF(2048);

    buf_printf(&header, "{\"alg\":\"%s\",\"jku\":\"%s/certs\",\"kid\":\"%s%s\",\"typ\":\"JWT\"}",
               alg, m->issuer, m->key.kid, m->fault == SIM_MAA_KID ? "A" : "");
    TRY(buf_check(&header, e));
    base64url_put(out, buf_bytes(&header));
    buf_put_str(out, ".");
    base64url_put(out, claims);
    TRY(buf_check(out, e));

    struct buf signature AUTO_CALL(buf_done) = BUF(1024);

    TRY(put_signature(&signature, m, buf_bytes(out), e));
    buf_put_str(out, ".");
    buf_put(out, buf_bytes(&signature));
    return buf_check(out, e);
}

enum err_code sim_maa_token(const sim_maa *m, struct bytes quote, struct bytes runtime,
                            const char *nonce, struct buf *ret, struct err *e)
{
    struct buf claims AUTO_CALL(buf_done) = BUF(CLAIMS_MAX);
    struct buf token AUTO_CALL(buf_done) = BUF(JWS_MAX);
    const int64_t now = clock_unix(&clock_system);
    struct attest_examination x;

    TRY(examine(m, quote, now, &x, e));
    TRY(check_runtime(&x.facts.td, runtime, e));
    TRY(put_claims(&claims, m, &x, runtime, nonce, now, e));
    TRY(put_token(&token, m, buf_bytes(&claims), e));
    buf_put(ret, buf_bytes(&token));
    return buf_check(ret, e);
}

/* ---- the service ---- */

struct asked {
    struct buf quote, runtime;
    char nonce[1024];
    bool has_nonce;
};

static void asked_done(struct asked *a)
{
    buf_done(&a->quote);
    buf_done(&a->runtime);
}

static enum err_code read_base64url(const json *obj, const char *member, struct buf *ret,
                                    struct err *e)
{
    const char *text;

    TRY(json_get_str(obj, member, SIM_MAA_BODY_MAX, &text, e));
    TRY_IN(e, base64url_decode(bytes_of_str(text), ret, e), "%s", member);
    return ERR_OK;
}

static enum err_code read_request(struct bytes body, struct asked *ret, struct err *e)
{
    AUTO(json) root = NULL;
    const json *runtime;
    const char *text;

    TRY(json_parse(body, SIM_MAA_BODY_MAX, &root, e));
    TRY(read_base64url(root, "quote", &ret->quote, e));
    TRY(json_get_object(root, "runtimeData", &runtime, e));
    TRY(read_base64url(runtime, "data", &ret->runtime, e));
    TRY(json_get_str(runtime, "dataType", 16, &text, e));
    if (strcmp(text, "JSON") != 0)
        return err_set(e, ERR_INVALID, "dataType: only JSON is simulated");
    ret->has_nonce = json_has(root, "nonce");
    if (ret->has_nonce) {
        TRY(json_get_str(root, "nonce", sizeof ret->nonce - 1, &text, e));
        snprintf(ret->nonce, sizeof ret->nonce, "%s", text);
    }
    return ERR_OK;
}

static void refuse(struct http_response *ret, unsigned status, const char *code,
                   const char *message)
{
    ret->status = status;
    http_response_header(ret, "x-ms-error-code", code);
    buf_printf(&ret->body, "{\"error\":{\"code\":\"%s\",\"message\":", code);
    json_put_quoted(&ret->body, bytes_of_str(message));
    buf_put_str(&ret->body, "}}");
}

static void answer_token(const sim_maa *m, const struct http_request *req,
                         struct http_response *ret)
{
    struct asked a AUTO_CALL(asked_done) = {.quote = BUF(SIM_MAA_BODY_MAX),
                                            .runtime = BUF(HCL_REPORT_MAX)};
    struct buf token AUTO_CALL(buf_done) = BUF(JWS_MAX);
    char version[40];
    struct err e;

    if (http_request_query(req, "api-version", version, sizeof version, &e) != ERR_OK ||
        (strcmp(version, "2023-04-01-preview") != 0 && strcmp(version, "2025-06-01") != 0)) {
        ret->status = 404; /* without a body, as the real one */
        return;
    }
    if (read_request(req->body, &a, &e) != ERR_OK ||
        sim_maa_token(m, buf_bytes(&a.quote), buf_bytes(&a.runtime), a.has_nonce ? a.nonce : NULL,
                      &token, &e) != ERR_OK) {
        refuse(ret, e.code == ERR_INTERNAL || e.code == ERR_NOMEM ? 500 : 400, "InvalidParameter",
               e.msg);
        return;
    }
    ret->status = 200;
    buf_put_str(&ret->body, "{\"token\":\"");
    buf_put(&ret->body, buf_bytes(&token));
    buf_put_str(&ret->body, "\"}");
}

/* The faults of the service itself; false: there is none in this request. */
static bool misbehave(sim_maa *m, struct http_response *ret)
{
    const unsigned nth = atomic_fetch_add(&m->asked, 1);

    switch (m->fault) {
    case SIM_MAA_HUGE:
        ret->status = 200;
        buf_put_str(&ret->body, "{\"token\":\"");
        for (size_t i = 0; i < HUGE_BYTES; i++)
            buf_put_u8(&ret->body, 'A');
        buf_put_str(&ret->body, "\"}");
        return true;
    case SIM_MAA_SILENT:
        nanosleep(&(struct timespec){.tv_sec = m->silent_ms / 1000,
                                     .tv_nsec = (long)(m->silent_ms % 1000) * 1000000},
                  NULL);
        return false;
    case SIM_MAA_BUSY:
        http_response_header(ret, "Retry-After", "0");
        refuse(ret, 429, "TooManyRequests", "simulated");
        return true;
    case SIM_MAA_BUSY_ONCE:
        if (nth > 0)
            return false;
        http_response_header(ret, "Retry-After", "1");
        refuse(ret, 503, "ServiceUnavailable", "simulated");
        return true;
    case SIM_MAA_REFUSES:
        refuse(ret, 400, "PolicyEvaluationError", "the policy\x1b[31m says no");
        return true;
    case SIM_MAA_REDIRECTS:
        http_response_header(ret, "Location", "/elsewhere");
        ret->status = 307;
        return true;
    case SIM_MAA_NO_JSON:
        http_response_text(ret, 200, "<html>a captive portal</html>\n");
        return true;
    case SIM_MAA_NO_TOKEN:
        ret->status = 200;
        buf_put_str(&ret->body, "{}");
        return true;
    default:
        return false;
    }
}

void sim_maa_answer(sim_maa *m, const struct http_request *req, struct http_response *ret)
{
    http_response_header(ret, "X-Simulated", "this proves nothing");
    if (misbehave(m, ret))
        return;
    if (strcmp(req->head->path, "/certs") == 0) {
        ret->status = 200;
        buf_put(&ret->body, sim_maa_keys(m));
    } else if (strcmp(req->head->path, "/attest/TdxVm") == 0) {
        answer_token(m, req, ret);
    } else {
        ret->status = 200;
        buf_printf(&ret->body,
                   "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/certs\",\"response_types_supported\":"
                   "[\"token\"],\"id_token_signing_alg_values_supported\":[\"RS256\"]}",
                   m->issuer, m->issuer);
    }
}
