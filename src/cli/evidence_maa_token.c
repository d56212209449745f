/* teereg evidence maa-token and maa-keys: ask an instance of Azure's attestation service. */
#include "cli/evidence_maa_token.h"

#include "attest/maa_client.h"
#include "attest/provider.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/fs.h"
#include "cli/exhibit.h"
#include "cli/maa_judge.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "crypto/random.h"

#define CA_FILE_MAX (1 << 20)
#define SECONDS_MAX 3600
#define OUT_MODE    0644
#define NONCE_BYTES 32

static enum err_code open_client(const struct cli_args *a, maa_client **ret, unsigned *ret_ms,
                                 struct err *e)
{
    struct buf ca AUTO_CALL(buf_done) = BUF(CA_FILE_MAX);
    struct maa_client_config config = {.url = cli_value(a, "endpoint"),
                                       .api_version = cli_value(a, "api-version")};
    uint64_t seconds;

    TRY(cli_u64(a, "seconds", SECONDS_MAX, &seconds, e));
    if (cli_value(a, "endpoint-ca"))
        TRY_IN(e, fs_read(cli_value(a, "endpoint-ca"), &ca, e), "--endpoint-ca");
    config.ca_pem = buf_bytes(&ca);
    *ret_ms = (unsigned)seconds * 1000;
    if (maa_client_new(&config, ret, e) != ERR_OK) {
        if (e->code == ERR_INVALID)
            e->code = ERR_USAGE;
        return err_wrap(e, "--endpoint");
    }
    return ERR_OK;
}

/* ---- maa-token ---- */

struct wanted {
    struct exhibit exhibit;
    struct buf runtime;
    char nonce[MAA_NONCE_MAX + 1];
    struct report_data rd; /* the paravisor's user data, for evidence that is made now */
    struct cli_maa_judge judge;
};

static void wanted_done(struct wanted *w)
{
    exhibit_done(&w->exhibit);
    buf_done(&w->runtime);
    cli_maa_judge_done(&w->judge);
}

static enum err_code read_nonce(const struct cli_args *a, struct wanted *w, struct err *e)
{
    const char *given = cli_value(a, "nonce");
    uint8_t random[NONCE_BYTES];
    struct hash32 h;
    bool has_rd;

    if (given && (!given[0] || strlen(given) > MAA_NONCE_MAX))
        return err_set(e, ERR_USAGE, "--nonce: expected 1 to %d bytes", MAA_NONCE_MAX);
    if (given) {
        snprintf(w->nonce, sizeof w->nonce, "%s", given);
    } else {
        random_bytes(random, sizeof random);
        hex_encode(BYTES(random), w->nonce);
    }
    TRY(cli_verify_report_data(a, &w->rd, &has_rd, e));
    if (has_rd)
        return ERR_OK;
    sha256(bytes_of_str(w->nonce), &h);
    memcpy(w->rd.b, h.b, sizeof h.b);
    return ERR_OK;
}

/* Evidence of this machine, made now. */
static enum err_code make_evidence(const struct cli_args *a, const struct report_data *rd,
                                   struct exhibit *ret, struct err *e)
{
    struct buf raw AUTO_CALL(buf_done) = BUF(AZURE_EVIDENCE_MAX);
    struct provider_azure_config config = {0};
    AUTO(quote_provider) p = NULL;

#ifdef TEEREG_DEV_ROOTS
    config.tpm = cli_value(a, "tpm");
    config.imds = cli_value(a, "imds");
#else
    (void)a;
#endif
    TRY_IN(e, provider_azure(&config, &p, e),
           "this machine (--file FILE takes evidence that is there already)");
    TRY(quote_provider_quote(p, rd, &raw, e));
    TRY(azure_evidence_decode(buf_bytes(&raw), &ret->azure, e));
    ret->is_azure = true;
    return ERR_OK;
}

static enum err_code take_runtime(struct wanted *w, struct err *e)
{
    struct hcl_report hcl;

    TRY_IN(e, hcl_parse(buf_bytes(&w->exhibit.azure.hcl_report), &hcl, NULL, e),
           "report of the paravisor");
    buf_put(&w->runtime, hcl.variable);
    return buf_check(&w->runtime, e);
}

static enum err_code read_evidence(const struct cli_args *a, struct wanted *w, struct err *e)
{
    const char *path = cli_value(a, "file"), *runtime = cli_value(a, "runtime-data");

    w->runtime = BUF(HCL_REPORT_MAX);
    if (path)
        TRY(exhibit_read(path, &w->exhibit, e));
    else
        TRY(make_evidence(a, &w->rd, &w->exhibit, e));
    if (path && cli_value(a, "report-data"))
        return err_set(e, ERR_USAGE, "--report-data is for evidence that is made now, not --file");
    if (w->exhibit.is_azure && runtime)
        return err_set(e, ERR_USAGE, "--runtime-data: evidence of an Azure machine has its own");
    if (w->exhibit.is_azure)
        return take_runtime(w, e);
    if (!runtime)
        return err_set(e, ERR_USAGE,
                       "--file %s is no evidence of an Azure machine; a quote alone needs "
                       "--runtime-data FILE",
                       path);
    TRY_IN(e, fs_read(runtime, &w->runtime, e), "--runtime-data");
    return ERR_OK;
}

static enum err_code put_time(json *o, const char *name, int64_t at, struct err *e)
{
    char text[21];

    clock_format(at, text);
    return json_put_str(o, name, text, e);
}

static enum err_code tell_token(const struct cli_args *a, const struct wanted *w,
                                const struct maa_claims *c, struct buf *token, struct err *e)
{
    const char *out = cli_value(a, "out");
    AUTO(json) o = NULL;

    TRY(json_new_object(&o, e));
    TRY(json_put_str(o, "issuer", c->issuer, e));
    TRY(json_put_str(o, "nonce", w->nonce, e));
    TRY(put_time(o, "issued", c->issued, e));
    TRY(put_time(o, "expires", c->expires, e));
    TRY(json_put_str(o, "status", tcb_status_name(c->status), e));
    TRY(json_put_hex(o, "mrtd", BYTES(c->td.mrtd), e));
    TRY(json_put_hex(o, "report_data", BYTES(c->td.report_data), e));
    if (out)
        TRY(json_put_str(o, "out", out, e));
    else
        TRY(json_put_str(o, "token", buf_cstr(token), e));
    return cli_print(a, o, e);
}

static enum err_code get_token(const struct cli_args *a, struct wanted *w, struct buf *token,
                               struct maa_claims *ret_claims, struct err *e)
{
    AUTO(maa_client) client = NULL;
    unsigned ms;

    TRY(cli_maa_judge_read(a, &w->judge, e));
    TRY(read_nonce(a, w, e));
    TRY(open_client(a, &client, &ms, e));
    TRY(read_evidence(a, w, e));

    const struct maa_ask ask = {
        .quote = exhibit_quote(&w->exhibit), .runtime = buf_bytes(&w->runtime), .nonce = w->nonce};
    const struct maa_trust by = {
        .pinned = w->judge.has_keys ? &w->judge.keys : NULL,
        .admit = w->judge.admit,
        .issuer = cli_value(a, "issuer"),
        .policy = &w->judge.policy,
        .policy_hash = w->judge.has_policy_hash ? &w->judge.policy_hash : NULL,
        .clock = &clock_system,
    };

    return maa_client_token(client, &ask, &by, ms, token, ret_claims, NULL, e);
}

enum err_code evidence_maa_token(const struct cli_args *a, struct err *e)
{
    struct wanted w AUTO_CALL(wanted_done) = {0};
    struct buf token AUTO_CALL(buf_done) = BUF(JWS_MAX + 1);
    struct maa_claims claims = {0};

    TRY(get_token(a, &w, &token, &claims, e));
    rsa_pub_free(TAKE(claims.ak));
    if (cli_value(a, "runtime-out"))
        TRY(fs_write_atomic(cli_value(a, "runtime-out"), buf_bytes(&w.runtime), OUT_MODE, e));
    if (cli_value(a, "out"))
        TRY(fs_write_atomic(cli_value(a, "out"), buf_bytes(&token), OUT_MODE, e));
    return tell_token(a, &w, &claims, &token, e);
}

/* ---- maa-keys ---- */

static enum err_code tell_key(json *list, const struct jwks_key *k, bool by_enclave,
                              const struct attest_finding *f, struct err *e)
{
    AUTO(json) o = NULL;
    char why[320];

    TRY(json_new_object(&o, e));
    TRY(json_put_str(o, "kid", k->kid, e));
    TRY(json_put_bool(o, "ok", f->fault == FAULT_NONE, e));
    if (k->issuer[0])
        TRY(json_put_str(o, "issuer", k->issuer, e));
    snprintf(why, sizeof why, "%s: %s", attest_fault_name(f->fault), f->detail);
    if (f->fault != FAULT_NONE)
        TRY(json_put_str(o, "why", why, e));
    else /* an enclave's proof, or the address's certificate alone */
        TRY(json_put_str(o, "by", by_enclave ? "enclave" : "tls", e));
    return json_append(list, TAKE(o), e);
}

/* What the file pins already stays what it is; nothing where there is no file. */
static enum err_code check_old(const char *path, const struct jwks *shown, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(JWKS_MAX);
    struct jwks pinned AUTO_CALL(jwks_done) = {0};
    enum err_code code = fs_read(path, &text, e);

    if (code == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(code);
    TRY_IN(e, jwks_parse(buf_bytes(&text), &pinned, e), "--out %s, which is there already", path);
    TRY_IN(e, jwks_check_pinned(&pinned, shown, e), "--out %s is not replaced", path);
    return ERR_OK;
}

static enum err_code judge_keys(const struct cli_args *a, const maa_client *c,
                                const struct cli_maa_judge *judge, const struct jwks *set,
                                json *list, struct buf *out, struct err *e)
{
    size_t n = 0;

    buf_put_str(out, "{\"keys\":[");
    for (size_t i = 0; i < set->n; i++) {
        struct attest_finding f = {0};

        maa_client_judge_key(c, &set->key[i], cli_value(a, "issuer"), judge->admit, &f);
        TRY(tell_key(list, &set->key[i], judge->admit != NULL, &f, e));
        if (f.fault != FAULT_NONE)
            continue;
        if (n++ > 0)
            buf_put_str(out, ",");
        jwks_put(&set->key[i], out);
    }
    buf_put_str(out, "]}\n");
    TRY(buf_check(out, e));
    if (n == 0)
        buf_clear(out);
    return ERR_OK;
}

enum err_code evidence_maa_keys(const struct cli_args *a, struct err *e)
{
    struct cli_maa_judge judge AUTO_CALL(cli_maa_judge_done) = {0};
    struct buf pins AUTO_CALL(buf_done) = BUF(JWKS_MAX);
    struct jwks set AUTO_CALL(jwks_done) = {0};
    const char *out = cli_value(a, "out");
    AUTO(maa_client) client = NULL;
    AUTO(json) result = NULL;
    AUTO(json) list = NULL;
    unsigned ms;

    TRY(cli_maa_judge_read(a, &judge, e));
    TRY(open_client(a, &client, &ms, e));
    TRY(maa_client_keys(client, ms, &set, e));
    TRY(json_new_object(&result, e));
    TRY(json_new_array(&list, e));
    TRY(judge_keys(a, client, &judge, &set, list, &pins, e));
    TRY(json_put(result, "keys", TAKE(list), e));
    if (pins.n > 0 && out) {
        TRY(check_old(out, &set, e));
        TRY(fs_write_atomic(out, buf_bytes(&pins), OUT_MODE, e));
        TRY(json_put_str(result, "out", out, e));
    }
    TRY(cli_print(a, result, e));
    if (pins.n == 0)
        return err_set(e, ERR_VERIFY, "none of the keys that are shown can be believed");
    return ERR_OK;
}

/* ---- options ---- */

/* clang-format off */
#define CLI_OPT_MAA_ENDPOINT \
    {"endpoint", "URL", "the instance: https://INSTANCE.REGION.attest.azure.net", NULL, \
     CLI_REQUIRED}, \
    {"endpoint-ca", "FILE", "certificates of its own authority, in PEM; without: the system's", \
     NULL, CLI_OPTIONAL}, \
    {"seconds", "N", "for all of it", "30", CLI_OPTIONAL}, \
    {"issuer", "URL", "the name in its tokens and certificates; without: --endpoint", NULL, \
     CLI_OPTIONAL}, \
    CLI_OPT_MAA_KEYS, \
    {"collateral", "BUNDLE", "with --enclave-proof: what Intel says about the enclaves' platform", \
     NULL, CLI_OPTIONAL}, \
    {"root", "FILE", "with --enclave-proof: accept this root certificate instead", NULL, \
     CLI_OPTIONAL}, \
    CLI_OPT_POLICY, \
    {"accept-status", "LIST", "accept these TCB statuses, or any (but Revoked)", NULL, CLI_OPTIONAL}
/* clang-format on */

const struct cli_option evidence_maa_token_options[] = {
    CLI_OPT_MAA_ENDPOINT,
    {"api-version", "VERSION", "of the service", MAA_API_VERSION, CLI_OPTIONAL},
    {"jwks", "FILE", "believe these keys alone; without: those that it shows over https", NULL,
     CLI_OPTIONAL},
    {"nonce", "TEXT", "what the token must hold; without: a random one", NULL, CLI_OPTIONAL},
    {"file", "FILE", "Azure evidence that is there, or a quote; without: made by this machine now",
     NULL, CLI_OPTIONAL},
    {"runtime-data", "FILE", "with a quote in --file: what it was made over", NULL, CLI_OPTIONAL},
    {"report-data", "HEX",
     "64 bytes for the paravisor's user data; without: SHA-256 of the nonce and zeros", NULL,
     CLI_OPTIONAL},
    {"policy-hash", "HASH", "of the policy by which the instance must have judged", NULL,
     CLI_OPTIONAL},
    {"out", "FILE", "the token; without: it is printed", NULL, CLI_OPTIONAL},
    {"runtime-out", "FILE", "the runtime data, for `evidence verify --runtime-data`", NULL,
     CLI_OPTIONAL},
#ifdef TEEREG_DEV_ROOTS
    {"tpm", "TPM", "swtpm:host=ADDRESS,port=N, or a device (development build)", NULL,
     CLI_OPTIONAL},
    {"imds", "URL", "a metadata service of one's own (development build)", NULL, CLI_OPTIONAL},
#endif
    {.name = NULL},
};

const struct cli_option evidence_maa_keys_options[] = {
    CLI_OPT_MAA_ENDPOINT,
    {"out", "FILE", "the keys that can be believed, for --jwks; names in it keep their keys", NULL,
     CLI_OPTIONAL},
    {.name = NULL},
};
