#include "cli/onchain_evidence.h"
#include "attest/azure.h"
#include "base/fs.h"
#include "cli/files.h"
#include "crypto/jws.h"
#include "gov/verifier.h"

#define RAW "raw"

void onchain_evidence_done(struct onchain_evidence *v)
{
    buf_done(&v->bytes);
}

/* A kind, whether it is told or found in the file; "collateral" is no kind of evidence. */
static enum err_code kind_of(const char *asked, const struct exhibit *x, enum gov_verifier *ret,
                             struct err *e)
{
    *ret = x->is_azure ? GOV_VERIFIER_AZURE : GOV_VERIFIER_TDX;
    if (!asked)
        return ERR_OK;
    for (*ret = GOV_VERIFIER_TDX; *ret < GOV_VERIFIERS; ++*ret)
        if (strcmp(asked, gov_verifier_name(*ret)) == 0)
            break;
    if (*ret == GOV_VERIFIERS)
        return err_set(e, ERR_USAGE,
                       "--verifier-kind: found \"%.40s\", expected tdx, azure, automata or " RAW,
                       asked);
    if ((*ret == GOV_VERIFIER_AZURE) != x->is_azure)
        return err_set(e, ERR_INVALID, "%s, which a verifier of kind %s does not take",
                       x->is_azure ? "evidence of an Azure machine" : "a TDX quote", asked);
    return ERR_OK;
}

/* A quote's own; of an Azure machine what the guest gave its paravisor, where that tells. */
static void find_report_data(const struct exhibit *x, struct onchain_evidence *v)
{
    struct report_data user_data;
    enum attest_fault fault;
    struct quote quote;
    struct err ignored;

    if (x->is_azure) {
        v->has_report_data = azure_user_data(&x->azure, &user_data, &fault, &ignored) == ERR_OK;
        if (v->has_report_data)
            memcpy(v->report_data, user_data.b, sizeof v->report_data);
        return;
    }
    v->has_report_data = quote_parse(buf_bytes(&x->quote), &quote, &fault, &ignored) == ERR_OK;
    if (v->has_report_data)
        memcpy(v->report_data, quote.td.report_data, sizeof v->report_data);
}

static enum err_code make_azure(const struct cli_args *a, const struct exhibit *x, struct buf *ret,
                                struct err *e)
{
    struct buf token AUTO_CALL(buf_done) = BUF(JWS_MAX + 2);

    if (!cli_value(a, "token"))
        return err_set(e, ERR_USAGE,
                       "--token FILE is needed: a token about this machine (`teereg evidence "
                       "maa-token` obtains one)");
    TRY_IN(e, cli_read(cli_value(a, "token"), &token, e), "--token");
    cli_trim_line(&token);
    return gov_evidence_azure(buf_bytes(&token), &x->azure, ret, e);
}

static enum err_code make(const struct cli_args *a, struct bytes data, const char *path,
                          struct onchain_evidence *v, struct err *e)
{
    struct exhibit x AUTO_CALL(exhibit_done) = {0};
    enum attest_fault fault;
    enum gov_verifier kind;
    struct quote quote;

    TRY(exhibit_of(data, path, &x, e));
    TRY(kind_of(cli_value(a, "verifier-kind"), &x, &kind, e));
    v->kind = gov_verifier_name(kind);
    find_report_data(&x, v);
    if (kind == GOV_VERIFIER_AZURE)
        return make_azure(a, &x, &v->bytes, e);
    if (kind == GOV_VERIFIER_TDX)
        return gov_evidence_tdx(buf_bytes(&x.quote), &v->bytes, e);
    TRY_IN(e, quote_parse(buf_bytes(&x.quote), &quote, &fault, e), "quote");
    buf_put(&v->bytes, (struct bytes){x.quote.p, quote.used});
    return buf_check(&v->bytes, e);
}

enum err_code onchain_evidence_read(const struct cli_args *a, const char *path,
                                    struct onchain_evidence *ret, struct err *e)
{
    const char *kind = cli_value(a, "verifier-kind");
    struct buf data AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);
    struct err why = {0};

    ret->bytes = BUF(ONCHAIN_EVIDENCE_MAX);
    TRY(cli_read(path, &data, e));
    if (kind && strcmp(kind, RAW) == 0) {
        ret->kind = RAW;
        buf_put(&ret->bytes, buf_bytes(&data));
        return buf_check(&ret->bytes, e);
    }
    if (make(a, buf_bytes(&data), path, ret, &why) == ERR_OK)
        return ERR_OK;
    *e = why;
    if (why.code == ERR_INVALID)
        return err_set(e, ERR_INVALID, "%s; --verifier-kind " RAW " takes it as it is", why.msg);
    return e->code;
}

/* ---- teereg evidence onchain ---- */

const struct cli_option evidence_onchain_options[] = {
    CLI_OPT_ONCHAIN,
    {"out", "FILE", "where it goes", NULL, CLI_REQUIRED},
    {.name = NULL},
};

enum err_code evidence_onchain(const struct cli_args *a, struct err *e)
{
    struct onchain_evidence v AUTO_CALL(onchain_evidence_done) = {0};
    const char *out = cli_value(a, "out");
    AUTO(json) result = NULL;

    TRY(onchain_evidence_read(a, a->positional[0], &v, e));
    TRY(fs_write_atomic(out, buf_bytes(&v.bytes), 0644, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "verifier_kind", v.kind, e));
    TRY(json_put_str(result, "file", out, e));
    TRY(json_put_u64(result, "bytes", v.bytes.n, e));
    if (v.has_report_data)
        TRY(json_put_hex(result, "report_data", BYTES(v.report_data), e));
    return cli_print(a, result, e);
}
