#include "attest/maa_client.h"

#include <stdio.h>
#include <time.h>
#include "attest/finding.h"
#include "attest/maa_answer.h"
#include "attest/maa_claims.h"
#include "attest/maa_key.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "net/http_client.h"

#define REQUEST_MAX  (2 * QUOTE_MAX + 2 * HCL_REPORT_MAX + 8 * MAA_NONCE_MAX)
#define NS_PER_MS    1000000u
#define PAUSE_MS     500
#define PAUSE_MAX_MS 10000
#define VERSION_MAX  32

struct maa_client {
    http_client *client;
    char url[JWKS_ISSUER_MAX + 1]; /* without a slash at its end */
    char version[VERSION_MAX + 1];
    bool is_https;
};

/* ---- the server ---- */

static bool is_loopback(const char *host)
{
    return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;
}

static enum err_code read_url(maa_client *c, const char *url, struct err *e)
{
    struct uri u;
    size_t n;

    TRY_IN(e, uri_parse(bytes_of_str(url), &u, e), "address of the attestation service");
    if (u.query[0] || u.has_userinfo || (u.path[0] && strcmp(u.path, "/") != 0) || !u.host[0])
        return err_set(e, ERR_INVALID,
                       "address of the attestation service: expected https://HOST[:PORT] alone, "
                       "without user, path and query");
    c->is_https = strcmp(u.scheme, "https") == 0;
    if (!c->is_https && !(strcmp(u.scheme, "http") == 0 && is_loopback(u.host)))
        return err_set(e, ERR_INVALID,
                       "address of the attestation service: found %s://%.100s, expected https:// "
                       "(http:// is for 127.0.0.1 alone)",
                       u.scheme, u.host);
    n = strlen(url);
    n -= url[n - 1] == '/';
    if (n >= sizeof c->url)
        return err_set(e, ERR_INVALID, "address of the attestation service: longer than %d bytes",
                       JWKS_ISSUER_MAX);
    memcpy(c->url, url, n);
    return ERR_OK;
}

static enum err_code read_version(maa_client *c, const char *version, struct err *e)
{
    const size_t n = strlen(version);

    if (n == 0 || n > VERSION_MAX || strspn(version, "abcdefghijklmnopqrstuvwxyz0123456789-.") != n)
        return err_set(e, ERR_INVALID, "API version: expected one like %s", MAA_API_VERSION);
    memcpy(c->version, version, n);
    return ERR_OK;
}

enum err_code maa_client_new(const struct maa_client_config *config, maa_client **ret,
                             struct err *e)
{
    /* The operator chose the address: it may be one in a private network. */
    struct http_client_config hc = {.body_max = JWKS_MAX, .allow_private = true};
    AUTO(maa_client) c = calloc(1, sizeof *c);

    if (!c)
        return err_set(e, ERR_NOMEM, "attestation service");
    TRY(read_url(c, config->url, e));
    TRY(read_version(c, config->api_version ? config->api_version : MAA_API_VERSION, e));
    hc.allow_http = !c->is_https;
    if (config->ca_pem.n)
        hc.tls = (struct tls_client_policy){.trust = TLS_TRUST_CA, .ca_pem = config->ca_pem};
    TRY_IN(e, http_client_new(&hc, &c->client, e), "attestation service");
    *ret = TAKE(c);
    return ERR_OK;
}

void maa_client_free(maa_client *c)
{
    if (!c)
        return;
    if (c->client)
        http_client_free(c->client);
    free(c);
}

/* ---- one call, and again ---- */

static uint64_t end_of(unsigned ms)
{
    return clock_ns(&clock_system) + (uint64_t)ms * NS_PER_MS;
}

/* Whether another attempt may end better: asking twice changes nothing at the service. */
static bool passes(enum err_code code, unsigned status)
{
    if (code != ERR_OK)
        return code == ERR_UPSTREAM || code == ERR_TIMEOUT;
    return status == 408 || status == 429 || status >= 500;
}

static unsigned pause_ms(unsigned attempt, enum err_code code, const struct http_answer *a)
{
    const char *header = code == ERR_OK ? http_answer_header(a, "retry-after") : NULL;
    unsigned s, ms = (unsigned)PAUSE_MS << attempt;

    if (header && maa_retry_after_parse(header, &s))
        ms = s < PAUSE_MAX_MS / 1000 ? s * 1000 : PAUSE_MAX_MS;
    return ms < PAUSE_MS ? PAUSE_MS : ms;
}

static enum err_code call(maa_client *c, const struct http_call *what, uint64_t end_ns,
                          struct http_answer *ret, struct err *e)
{
    for (unsigned attempt = 0;; attempt++) {
        const uint64_t now = clock_ns(&clock_system);
        struct http_call one = *what;
        enum err_code code;
        unsigned ms;

        if (now + NS_PER_MS > end_ns)
            return err_set(e, ERR_TIMEOUT, "no answer in time");
        one.total_ms = (unsigned)((end_ns - now) / NS_PER_MS);
        code = http_client_do(c->client, &one, ret, e);
        ms = pause_ms(attempt, code, ret);
        if (attempt + 1 == MAA_ATTEMPTS || !passes(code, ret->status) ||
            clock_ns(&clock_system) + (uint64_t)ms * NS_PER_MS > end_ns)
            return code;
        nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000},
                  NULL);
    }
}

/* A status other than 200, in the service's own words where it has any, and what mends it. */
static enum err_code refused(const maa_client *c, const char *what, const struct http_answer *a,
                             struct err *e)
{
    struct maa_refusal said;
    char words[224] = "";

    maa_refusal_parse(buf_bytes(&a->body), &said);
    if (said.code[0] || said.message[0])
        snprintf(words, sizeof words, " (%s: %s)", said.code[0] ? said.code : "no code",
                 said.message);
    if (a->status >= 300 && a->status < 400)
        return err_set(
            e, ERR_UPSTREAM,
            "%s: %s: status %u: redirects are not followed; give the address it leads to", c->url,
            what, a->status);
    switch (a->status) {
    case 400:
        return err_set(e, ERR_DENIED, "%s: %s: refused with status 400%s", c->url, what, words);
    case 401:
    case 403:
        return err_set(e, ERR_DENIED,
                       "%s: %s: status %u: this instance lets nobody in without a login%s", c->url,
                       what, a->status, words);
    case 404:
        return err_set(e, ERR_NOT_FOUND,
                       "%s: %s: status 404: is it an instance of the attestation service, and does "
                       "it know the API version %s?%s",
                       c->url, what, c->version, words);
    case 408:
    case 429:
    case 503:
        return err_set(e, ERR_BUSY, "%s: %s: status %u: it is busy; try again later%s", c->url,
                       what, a->status, words);
    default:
        return err_set(e, ERR_UPSTREAM, "%s: %s: status %u, expected 200%s", c->url, what,
                       a->status, words);
    }
}

/* What came is not what should: the service's mistake, not the caller's. */
static enum err_code as_upstream(const maa_client *c, const char *what, enum err_code code,
                                 struct err *e)
{
    if (code == ERR_OK || code == ERR_NOMEM)
        return code;
    err_wrap(e, "%s: %s", c->url, what);
    if (code == ERR_INVALID)
        e->code = ERR_UPSTREAM;
    return e->code;
}

static enum err_code ask_for(maa_client *c, const char *what, const struct http_call *of,
                             uint64_t end_ns, struct http_answer *ret, struct err *e)
{
    TRY_IN(e, call(c, of, end_ns, ret, e), "%s", what);
    return ret->status == 200 ? ERR_OK : refused(c, what, ret, e);
}

/* ---- keys ---- */

static enum err_code get_keys(maa_client *c, uint64_t end_ns, struct jwks *ret, struct err *e)
{
    static const char what[] = "signing keys";
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    char url[JWKS_ISSUER_MAX + 16];

    snprintf(url, sizeof url, "%s/certs", c->url);
    TRY(ask_for(c, what, &(struct http_call){.url = url}, end_ns, &answer, e));
    return as_upstream(c, what, jwks_parse(buf_bytes(&answer.body), ret, e), e);
}

enum err_code maa_client_keys(maa_client *c, unsigned ms, struct jwks *ret, struct err *e)
{
    return get_keys(c, end_of(ms), ret, e);
}

/* Nobody vouches for what a plain connection brings. */
static enum err_code check_plain(const maa_client *c, bool vouched, enum attest_fault *fault,
                                 struct err *e)
{
    if (!c->is_https && !vouched)
        return attest_fail(fault, e, FAULT_MAA_KEY,
                           "%s: keys that come over plain http:// prove nothing: pin them, or "
                           "demand an enclave's proof",
                           c->url);
    return ERR_OK;
}

static enum err_code judge_key(const maa_client *c, const struct jwks_key *key, const char *issuer,
                               const struct attest_question *admit, enum attest_fault *fault,
                               struct err *e)
{
    if (!key->key)
        return attest_fail(fault, e, FAULT_JWS_KEY, "of no use: %s", key->why);
    if (key->issuer[0] && strcmp(key->issuer, issuer) != 0)
        return attest_fail(fault, e, FAULT_JWS_KEY, "its certificate names %s as its issuer",
                           key->issuer);
    return admit ? maa_key_admit(key, admit, fault, e) : check_plain(c, false, fault, e);
}

void maa_client_judge_key(const maa_client *c, const struct jwks_key *key, const char *issuer,
                          const struct attest_question *admit, struct attest_finding *ret)
{
    FINDING(ret, judge_key(c, key, issuer ? issuer : c->url, admit, fault, why));
}

/* ---- what is sent ---- */

/* All that can be wrong with it here, before anybody is asked. */
static enum err_code check_ask(const struct maa_ask *ask, struct quote *ret_quote,
                               struct hcl_runtime *ret_runtime, enum attest_fault *fault,
                               struct err *e)
{
    struct report_data over = {0};
    struct hash32 digest;

    if (!ask->nonce[0] || strlen(ask->nonce) > MAA_NONCE_MAX ||
        !utf8_valid(bytes_of_str(ask->nonce)))
        return err_set(e, ERR_INVALID, "nonce: expected 1 to %d bytes of UTF-8", MAA_NONCE_MAX);
    TRY(quote_parse(ask->quote, ret_quote, fault, e));
    TRY(hcl_runtime_parse(ask->runtime, ret_runtime, fault, e));
    sha256(ask->runtime, &digest);
    memcpy(over.b, digest.b, sizeof digest.b);
    if (!bytes_eq(BYTES(ret_quote->td.report_data), BYTES(over.b)))
        return attest_fail(fault, e, FAULT_HCL_BINDING,
                           "the quote is over other runtime data than these");
    return ERR_OK;
}

static enum err_code get_token(maa_client *c, const struct maa_ask *ask, size_t quote_n,
                               uint64_t end_ns, struct buf *ret, struct err *e)
{
    static const char what[] = "token";
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    struct buf body AUTO_CALL(buf_done) = BUF(REQUEST_MAX);
    char url[JWKS_ISSUER_MAX + VERSION_MAX + 40];

    snprintf(url, sizeof url, "%s/attest/TdxVm?api-version=%s", c->url, c->version);
    buf_put_str(&body, "{\"quote\":\"");
    base64url_put(&body, (struct bytes){ask->quote.p, quote_n});
    buf_put_str(&body, "\",\"runtimeData\":{\"data\":\"");
    base64url_put(&body, ask->runtime);
    buf_put_str(&body, "\",\"dataType\":\"JSON\"},\"nonce\":");
    json_put_quoted(&body, bytes_of_str(ask->nonce));
    buf_put_str(&body, "}");
    TRY_IN(e, buf_check(&body, e), "%s", what);

    const struct http_call of = {
        .url = url, .content_type = "application/json", .body = buf_bytes(&body)};

    TRY(ask_for(c, what, &of, end_ns, &answer, e));
    return as_upstream(c, what, maa_token_answer_parse(buf_bytes(&answer.body), ret, e), e);
}

/* ---- what came ---- */

/* Judged as of its beginning when that is shortly ahead of this machine's clock. */
static void examine(struct maa_question *question, struct maa_examination *x)
{
    const struct maa_claims *c = &x->claims;
    int64_t begins;

    maa_examine(question, x);
    if (x->ok || x->first != MAA_TIME)
        return;
    begins = c->not_before > c->issued ? c->not_before : c->issued;
    if (begins <= question->now || begins - question->now > MAA_SKEW_S)
        return;
    question->now = begins;
    maa_examine(question, x);
}

static enum err_code judge(const maa_client *c, const struct maa_ask *ask,
                           const struct maa_trust *by, const struct jwks *keys, const rsa_pub *ak,
                           const struct td_report *td, struct bytes token,
                           struct maa_examination *x, enum attest_fault *fault, struct err *e)
{
    struct maa_question question = {
        .token = token,
        .keys = keys,
        .admit = by->admit,
        .issuer = by->issuer ? by->issuer : c->url,
        .policy = by->policy,
        .policy_hash = by->policy_hash,
        .has_runtime = true,
        .runtime = ask->runtime,
        .nonce = ask->nonce,
        .ak = ak,
        .now = clock_unix(by->clock),
    };
    const char *differs;

    examine(&question, x);
    if (!x->ok)
        return attest_fail(fault, e, x->fault, "%s: token: %s: %s", c->url,
                           maa_check_name(x->first), x->check[x->first].detail);
    differs = maa_td_differs(&x->claims.td, td);
    if (differs)
        return attest_fail(fault, e, FAULT_MAA_BINDING,
                           "%s: token: %s is not that of the quote that was sent", c->url, differs);
    return ERR_OK;
}

enum err_code maa_client_token(maa_client *c, const struct maa_ask *ask, const struct maa_trust *by,
                               unsigned ms, struct buf *ret, struct maa_claims *ret_claims,
                               enum attest_fault *fault, struct err *e)
{
    struct maa_examination x AUTO_CALL(maa_examination_done) = {0};
    struct hcl_runtime runtime AUTO_CALL(hcl_runtime_done) = {0};
    struct buf token AUTO_CALL(buf_done) = BUF(JWS_MAX);
    struct jwks shown AUTO_CALL(jwks_done) = {0};
    const uint64_t end_ns = end_of(ms);
    struct quote quote;

    if (fault)
        *fault = FAULT_NONE;
    TRY(check_plain(c, by->pinned || by->admit, fault, e));
    TRY(check_ask(ask, &quote, &runtime, fault, e));
    TRY(get_token(c, ask, quote.used, end_ns, &token, e));
    if (!by->pinned)
        TRY(get_keys(c, end_ns, &shown, e));
    TRY(judge(c, ask, by, by->pinned ? by->pinned : &shown, runtime.ak, &quote.td,
              buf_bytes(&token), &x, fault, e));
    buf_put(ret, buf_bytes(&token));
    TRY(buf_check(ret, e));
    if (ret_claims) {
        *ret_claims = x.claims;
        x.claims.ak = NULL;
    }
    return ERR_OK;
}
