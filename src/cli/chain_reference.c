/* teereg chain reference: what an unmodified contract of the reference says, by its slots. */
#include "cli/chain.h"
#include "cli/node.h"
#include "gov/reference.h"

static enum err_code put_facts(const struct gov_reference_query *q,
                               const struct gov_reference_facts *f, json *result, struct err *e)
{
    TRY(json_put_u64(result, "block", f->at.ref.number, e));
    TRY(json_put_hex0x(result, "block_hash", BYTES_OF(f->at.ref.hash), e));
    TRY(json_put_hex0x(result, "code_hash", BYTES_OF(f->code_hash), e));
    TRY(json_put_hex0x(result, "owner", BYTES_OF(f->owner), e));
    if (q->identity)
        TRY(json_put_bool(result, "identity_allowed", f->identity_allowed, e));
    if (q->identity && q->kind == GOV_REFERENCE_REGISTRY)
        TRY(json_put_hex(result, "template", BYTES_OF(f->config), e));
    if (q->operator_)
        TRY(json_put_bool(result, "operator", f->operator_, e));
    if (q->app)
        TRY(json_put_bool(result, "application_allowed", f->app_allowed, e));
    return ERR_OK;
}

static enum err_code kind_of(const struct cli_args *a, enum gov_reference_kind *ret, struct err *e)
{
    const char *word = a->positional[0];

    if (strcmp(word, "kms") == 0)
        *ret = GOV_REFERENCE_KMS;
    else if (strcmp(word, "app") == 0)
        *ret = GOV_REFERENCE_REGISTRY;
    else
        return err_set(e, ERR_USAGE, "found \"%.20s\", expected kms or app", word);
    if (*ret == GOV_REFERENCE_REGISTRY && cli_value(a, "app"))
        return err_set(e, ERR_USAGE, "--app is asked of a KMS contract");
    return ERR_OK;
}

enum err_code chain_reference_verb(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct gov_reference_query query = {0};
    struct gov_reference_facts facts;
    struct addr contract, operator_, app;
    struct hash32 identity;
    AUTO(json) result = NULL;

    TRY(kind_of(a, &query.kind, e));
    TRY(cli_addr(a, "contract", &contract, e));
    if (cli_value(a, "identity")) {
        TRY(cli_hash32(a, "identity", &identity, e));
        query.identity = &identity;
    }
    if (cli_value(a, "operator")) {
        TRY(cli_addr(a, "operator", &operator_, e));
        query.operator_ = &operator_;
    }
    if (cli_value(a, "app")) {
        TRY(cli_addr(a, "app", &app, e));
        query.app = &app;
    }
    TRY(cli_node_open(a, NODE_READ, &node, e));
    TRY(gov_reference_read(&node.view, &node.at, &contract, &query, &facts, e));
    TRY(json_new_object(&result, e));
    TRY(put_facts(&query, &facts, result, e));
    return cli_print(a, result, e);
}

const struct cli_option chain_reference_options[] = {
    CLI_OPT_RPC,
    CLI_OPT_CHAIN_ID,
    {"contract", "ADDRESS", "the contract, whose code hash is yours to compare", NULL,
     CLI_REQUIRED},
    {"identity", "HASH", "is it allowed, and for which template?", NULL, CLI_OPTIONAL},
    {"operator", "ADDRESS", "does it hold ROLE_OPERATOR?", NULL, CLI_OPTIONAL},
    {"app", "ADDRESS", "is this application in the KMS contract's list?", NULL, CLI_OPTIONAL},
    {.name = NULL},
};
