#include "attest/pcs.h"

#include "attest/pcs_body.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/uri.h"
#include "net/http_client.h"

#define ANSWER_MAX (2 * CRL_DER_MAX + 4096) /* a CRL in hex */
#define NS_PER_MS  1000000u

struct pcs {
    http_client *client;
    char base[URI_MAX], root_crl[URI_MAX + 64];
    char host[320]; /* "https://host", for messages */
};

/* What is asked, and where its parts are in the answer. */
struct thing {
    const char *name;      /* for messages */
    const char *member;    /* of the body; NULL: a CRL */
    const char *chains[3]; /* headers, in lower case, the newest name first */
};

static const struct thing things[COLLATERAL_KINDS] = {
    [COLLATERAL_TCB_INFO] = {"TCB info",
                             "tcbInfo",
                             {"tcb-info-issuer-chain", "sgx-tcb-info-issuer-chain"}},
    [COLLATERAL_QE_IDENTITY] = {"QE identity",
                                "enclaveIdentity",
                                {"sgx-enclave-identity-issuer-chain"}},
    [COLLATERAL_ROOT_CRL] = {"root CRL", NULL, {NULL}},
    [COLLATERAL_PCK_CRL] = {"PCK CRL", NULL, {"sgx-pck-crl-issuer-chain"}},
};
static const struct thing numbers = {"TCB evaluation numbers",
                                     "tcbEvaluationDataNumbers",
                                     {"tcb-evaluation-data-numbers-issuer-chain"}};

void collateral_text_done(struct collateral_text *t)
{
    buf_done(&t->body);
    buf_done(&t->signature);
    buf_done(&t->issuer_chain);
    *t = (struct collateral_text){0};
}

/* ---- the server ---- */

static bool is_loopback(const char *host)
{
    return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;
}

/* The address without what every PCCS guide writes behind it. */
static void trim(char *url)
{
    static const char *const tails[] = {"/sgx/certification/v4", "/tdx/certification/v4"};
    size_t n = strlen(url);

    while (n > 0 && url[n - 1] == '/')
        url[--n] = 0;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        size_t m = strlen(tails[i]);

        if (n > m && strcmp(url + n - m, tails[i]) == 0)
            url[n -= m] = 0;
    }
}

static enum err_code read_url(pcs *p, const char *url, struct err *e)
{
    struct uri u;

    TRY_IN(e, uri_parse(bytes_of_str(url), &u, e), "address of the collateral service");
    if (u.query[0] || u.has_userinfo)
        return err_set(e, ERR_INVALID,
                       "address of the collateral service: expected https://HOST[:PORT][/PATH] "
                       "without user and query");
    if (strcmp(u.scheme, "https") != 0 && !(strcmp(u.scheme, "http") == 0 && is_loopback(u.host)))
        return err_set(e, ERR_INVALID,
                       "address of the collateral service: found %s://%.100s, expected https:// "
                       "(http:// is for 127.0.0.1 alone)",
                       u.scheme, u.host);
    snprintf(p->host, sizeof p->host, "%s://%s", u.scheme, u.host);
    snprintf(p->base, sizeof p->base, "%s", url);
    trim(p->base);
    return ERR_OK;
}

enum err_code pcs_new(const struct pcs_config *config, pcs **ret, struct err *e)
{
    const char *url = config->url ? config->url : PCS_URL;
    struct http_client_config hc = {.body_max = ANSWER_MAX};
    AUTO(pcs) p = calloc(1, sizeof *p);

    if (!p)
        return err_set(e, ERR_NOMEM, "collateral service");
    TRY(read_url(p, url, e));
    if (strcmp(p->base, PCS_URL) == 0) {
        snprintf(p->root_crl, sizeof p->root_crl, "%s", PCS_ROOT_CRL_URL);
    } else {
        /* The operator chose it: a PCCS lives in a private network. */
        hc.allow_private = true;
        hc.allow_http = true;
        snprintf(p->root_crl, sizeof p->root_crl, "%s/sgx/certification/v4/rootcacrl", p->base);
    }
    if (config->ca_pem.n)
        hc.tls = (struct tls_client_policy){.trust = TLS_TRUST_CA, .ca_pem = config->ca_pem};
    TRY_IN(e, http_client_new(&hc, &p->client, e), "collateral service");
    *ret = TAKE(p);
    return ERR_OK;
}

void pcs_free(pcs *p)
{
    if (p->client)
        http_client_free(p->client);
    free(p);
}

/* ---- one call ---- */

static const char *tee_path(enum quote_tee tee)
{
    return tee == QUOTE_TEE_TDX ? "tdx" : "sgx";
}

static void put_update(struct buf *url, const struct pcs_ask *ask, char separator)
{
    if (ask->evaluation_number)
        buf_printf(url, "%ctcbEvaluationDataNumber=%u", separator, ask->evaluation_number);
    else
        buf_printf(url, "%cupdate=%s", separator, ask->update == PCS_EARLY ? "early" : "standard");
}

static void put_url(const pcs *p, enum collateral_kind kind, const struct pcs_ask *ask,
                    struct buf *url)
{
    switch (kind) {
    case COLLATERAL_TCB_INFO:
        buf_printf(url, "%s/%s/certification/v4/tcb?fmspc=", p->base, tee_path(ask->tee));
        hex_put(url, BYTES(ask->fmspc));
        put_update(url, ask, '&');
        break;
    case COLLATERAL_QE_IDENTITY:
        buf_printf(url, "%s/%s/certification/v4/qe/identity", p->base, tee_path(ask->tee));
        put_update(url, ask, '?');
        break;
    case COLLATERAL_ROOT_CRL:
        buf_put_str(url, p->root_crl);
        break;
    case COLLATERAL_PCK_CRL:
    case COLLATERAL_KINDS:
        buf_printf(url, "%s/sgx/certification/v4/pckcrl?ca=%s&encoding=der", p->base,
                   ask->ca == PCK_CA_PLATFORM ? "platform" : "processor");
        break;
    }
}

/* A status other than 200, with what mends it. */
static enum err_code refused(const pcs *p, const struct thing *t, unsigned status, struct err *e)
{
    switch (status) {
    case 404:
        return err_set(e, ERR_NOT_FOUND,
                       "%s: %s: status 404: it knows no such platform or evaluation number "
                       "(check FMSPC and kind of TEE; a PCCS may have to be told of the platform)",
                       p->host, t->name);
    case 410:
        return err_set(e, ERR_NOT_FOUND,
                       "%s: %s: status 410: this evaluation number is no longer served; ask for "
                       "a newer one",
                       p->host, t->name);
    case 429:
    case 503:
        return err_set(e, ERR_BUSY, "%s: %s: status %u: it is busy; try again later", p->host,
                       t->name, status);
    default:
        if (status >= 300 && status < 400)
            return err_set(e, ERR_UPSTREAM,
                           "%s: %s: status %u: redirects are not followed; give the address it "
                           "leads to",
                           p->host, t->name, status);
        return err_set(e, ERR_UPSTREAM,
                       "%s: %s: status %u, expected 200 (is this a PCS or PCCS of version 4?)",
                       p->host, t->name, status);
    }
}

static enum err_code read_chain(const struct thing *t, const struct http_answer *a,
                                struct collateral_text *text, struct err *e)
{
    const char *value = NULL;

    text->issuer_chain = BUF(COLLATERAL_CHAIN_MAX);
    if (!t->chains[0])
        return ERR_OK;
    for (size_t i = 0; t->chains[i] && !value; i++)
        value = http_answer_header(a, t->chains[i]);
    if (!value)
        return err_set(e, ERR_UPSTREAM, "no header %s in the answer", t->chains[0]);
    return pcs_chain_decode(value, &text->issuer_chain, e);
}

static enum err_code read_answer(const struct thing *t, const struct http_answer *a,
                                 struct collateral_text *text, struct err *e)
{
    uint8_t signature[PCS_SIGNATURE_LEN];
    struct bytes object;

    TRY(read_chain(t, a, text, e));
    text->body = BUF(t->member ? TCB_TEXT_MAX : CRL_DER_MAX);
    if (!t->member)
        return crl_to_der(buf_bytes(&a->body), &text->body, e);
    TRY(pcs_body_split(buf_bytes(&a->body), t->member, &object, signature, e));
    text->signature = BUF(PCS_SIGNATURE_LEN);
    buf_put(&text->body, object);
    buf_put(&text->signature, BYTES(signature));
    TRY(buf_check(&text->body, e));
    return buf_check(&text->signature, e);
}

static enum err_code call(pcs *p, const struct thing *t, struct buf *url, unsigned ms,
                          struct collateral_text *ret, struct err *e)
{
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    struct collateral_text text AUTO_CALL(collateral_text_done) = {0};

    TRY_IN(e, buf_check(url, e), "%s", t->name);
    TRY_IN(e,
           http_client_do(p->client, &(struct http_call){.url = buf_cstr(url), .total_ms = ms},
                          &answer, e),
           "%s", t->name);
    if (answer.status != 200)
        return refused(p, t, answer.status, e);
    TRY_IN(e, read_answer(t, &answer, &text, e), "%s: %s", p->host, t->name);
    collateral_text_done(ret);
    *ret = text;
    text = (struct collateral_text){0};
    return ERR_OK;
}

enum err_code pcs_get(pcs *p, enum collateral_kind kind, const struct pcs_ask *ask, unsigned ms,
                      struct collateral_text *ret, struct err *e)
{
    struct buf url AUTO_CALL(buf_done) = BUF(URI_MAX + 256);

    put_url(p, kind, ask, &url);
    TRY(call(p, &things[kind], &url, ms, ret, e));
    return ERR_OK;
}

enum err_code pcs_bundle(pcs *p, const struct pcs_ask *ask, unsigned ms,
                         struct collateral_bundle *ret, struct err *e)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    const uint64_t end = clock_ns(&clock_system) + (uint64_t)ms * NS_PER_MS;

    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        uint64_t now = clock_ns(&clock_system);

        if (now + NS_PER_MS >= end)
            return err_set(e, ERR_TIMEOUT, "%s: %s: more than %u ms for all collateral", p->host,
                           things[k].name, ms);
        TRY(pcs_get(p, (enum collateral_kind)k, ask, (unsigned)((end - now) / NS_PER_MS),
                    &b.text[k], e));
    }
    collateral_bundle_done(ret);
    *ret = b;
    b = (struct collateral_bundle){0};
    return ERR_OK;
}

enum err_code pcs_numbers(pcs *p, enum quote_tee tee, unsigned ms, struct collateral_text *ret,
                          struct err *e)
{
    struct buf url AUTO_CALL(buf_done) = BUF(URI_MAX + 256);

    buf_printf(&url, "%s/%s/certification/v4/tcbevaluationdatanumbers", p->base, tee_path(tee));
    return call(p, &numbers, &url, ms, ret, e);
}
