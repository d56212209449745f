#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "attest/jwks.h"
#include "base/codec.h"
#include "cli/files.h"
#include "cli/gather.h"
#include "cli/gov.h"
#include "cli/node.h"
#include "gov/contracts_gen.h"
#include "gov/verifier.h"

/* The contracts that judge evidence: contracts/VERIFIERS.md says what each of them checks. */

/* ---- deployment ---- */

#define SEPT_VE_DISABLE "10000000" /* of TDATTRIBUTES; Azure's machines have it not set */

/* Bits as a number: "0x50000000" and "50000000" are the same. */
static enum err_code bits_of(const char *name, const char *text, uint64_t *ret, struct err *e)
{
    uint8_t bytes[8] = {0};
    char padded[17] = "0000000000000000";
    size_t n;

    if (strncmp(text, "0x", 2) == 0)
        text += 2;
    n = strlen(text);
    if (n == 0 || n > 16)
        return err_set(e, ERR_USAGE, "--%s: expected at most 16 hex digits", name);
    memcpy(padded + 16 - n, text, n);
    if (hex_decode(bytes_of_str(padded), bytes, sizeof bytes, e) != ERR_OK)
        return err_set(e, ERR_USAGE, "--%s: expected hex digits", name);
    *ret = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        *ret = *ret << 8 | bytes[i];
    return ERR_OK;
}

static enum err_code attributes(const struct cli_args *a, const char *required,
                                struct abi_value ret[2], struct err *e)
{
    const char *given = cli_value(a, "attributes-required");
    uint64_t must, may;

    TRY(bits_of("attributes-required", given ? given : required, &must, e));
    TRY(bits_of("attributes-allowed", cli_value(a, "attributes-allowed"), &may, e));
    ret[0] = abi_u64(must);
    ret[1] = abi_u64(may);
    return ERR_OK;
}

static enum err_code tdx_arguments(const struct cli_args *a, struct abi_value *ret, size_t *ret_n,
                                   struct err *e)
{
    const char *list = cli_value(a, "statuses");
    struct addr collateral;
    tcb_status_set set;
    uint64_t least;

    TRY(cli_addr(a, "collateral", &collateral, e));
    TRY(cli_u64(a, "least-number", UINT32_MAX, &least, e));
    if (tcb_status_set_parse(list ? list : "UpToDate", &set, e) != ERR_OK) {
        e->code = ERR_USAGE;
        return err_wrap(e, "--statuses");
    }
    ret[0] = abi_addr(&collateral);
    ret[1] = abi_u64(gov_tdx_statuses(set));
    ret[2] = abi_u64(least);
    *ret_n = 5;
    return attributes(a, SEPT_VE_DISABLE, &ret[3], e);
}

static enum err_code automata_arguments(const struct cli_args *a, struct abi_value *ret,
                                        size_t *ret_n, struct err *e)
{
    const char *bits = cli_value(a, "statuses");
    struct addr verifier;
    uint64_t statuses;

    TRY(cli_addr(a, "verifier", &verifier, e));
    TRY(bits_of("statuses", bits ? bits : "1", &statuses, e));
    ret[0] = abi_addr(&verifier);
    ret[1] = abi_u64(statuses);
    *ret_n = 4;
    return attributes(a, SEPT_VE_DISABLE, &ret[2], e);
}

static enum err_code azure_arguments(const struct cli_args *a, const struct cli_node *node,
                                     struct abi_value *ret, size_t *ret_n, struct err *e)
{
    struct addr owner = *transactor_address(node->writer);
    uint64_t delay;

    if (cli_value(a, "owner"))
        TRY(cli_addr(a, "owner", &owner, e));
    TRY(cli_u64(a, "key-delay", UINT32_MAX, &delay, e));
    ret[0] = abi_addr(&owner);
    ret[1] = abi_u64(delay);
    *ret_n = 4;
    return attributes(a, "0", &ret[2], e);
}

enum err_code gov_cmd_verifier_deploy(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    enum gov_verifier kind = 0;
    struct abi_value args[5];
    AUTO(json) result = NULL;
    struct tx_receipt r;
    size_t n = 0;

    while (kind < GOV_VERIFIERS && strcmp(a->positional[0], gov_verifier_name(kind)) != 0)
        kind++;
    if (kind == GOV_VERIFIERS)
        return err_set(e, ERR_USAGE, "found \"%.40s\", expected collateral, tdx, azure or automata",
                       a->positional[0]);
    TRY(cli_node_open(a, NODE_WRITE, &node, e));
    if (kind == GOV_VERIFIER_TDX)
        TRY(tdx_arguments(a, args, &n, e));
    if (kind == GOV_VERIFIER_AUTOMATA)
        TRY(automata_arguments(a, args, &n, e));
    if (kind == GOV_VERIFIER_AZURE)
        TRY(azure_arguments(a, &node, args, &n, e));
    TRY(gov_verifier_deploy(node.writer, kind, args, n, &r, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(r.contract), e));
    TRY(json_put_str(result, "kind", gov_verifier_name(kind), e));
    TRY(cli_put_receipt(a, &node, result, &r, e));
    return cli_print(a, result, e);
}

/* ---- collateral ---- */

static enum err_code open_gather(const struct cli_args *a, struct gather *g, struct err *e)
{
    const char *path;

    TRY(gather_open_empty(a, g, e));
    for (size_t i = 0; (path = cli_value_at(a, "bundle", i)) != NULL; i++)
        TRY_IN(e, gather_add_path(g, path, e), "--bundle");
    if (g->n == 0 || cli_value(a, "url"))
        TRY(gather_add_service(a, PCS_STANDARD, g, e));
    return ERR_OK;
}

/* The statements of --part, as bits; all without it. */
static enum err_code parts_of(const struct cli_args *a, unsigned *ret, struct err *e)
{
    const char *name;

    *ret = cli_value_at(a, "part", 0) ? 0 : (1u << GOV_STATEMENTS) - 1;
    for (size_t i = 0; (name = cli_value_at(a, "part", i)) != NULL; i++) {
        enum gov_statement s = 0;

        while (s < GOV_STATEMENTS && strcmp(name, gov_statement_name(s)) != 0)
            s++;
        if (s == GOV_STATEMENTS)
            return err_set(e, ERR_USAGE,
                           "--part: found \"%.40s\", expected root-crl, pck-ca, pck-crl, tcb-info "
                           "or qe-identity",
                           name);
        *ret |= 1u << s;
    }
    return ERR_OK;
}

struct posting {
    struct cli_node node;
    struct addr contract;
    unsigned parts, sent;
    json *said; /* {"tcb-info": "posted in 0x...", ...} */
    struct tx_receipt last;
};

static void posting_done(struct posting *p)
{
    cli_node_done(&p->node);
    json_free(p->said);
}

/* What the contract has already is not sent: to try costs nothing. */
static enum err_code post_one(struct posting *p, const struct collateral_bundle *b,
                              enum gov_statement s, const char *name, struct err *e)
{
    char what[80], how[80] = "drafted", hash[HEX_LEN(32)];
    struct tx_receipt r = {0};
    struct err ignored;
    const json *done;

    snprintf(what, sizeof what, "%s%s%s", gov_statement_name(s), *name ? " " : "", name);
    if (json_get(p->said, what, &done, &ignored) == ERR_OK) /* another platform's, too */
        return ERR_OK;
    if (gov_post_statement(p->node.writer, &p->contract, b, s, &r, e) != ERR_OK) {
        if (e->code != ERR_DENIED || !strstr(e->msg, "NotNewer()"))
            return err_wrap(e, "%s (what stood before it is done; run the same again to go on)",
                            what);
        return json_put_str(p->said, what, "as new as it is", e);
    }
    p->sent++;
    p->last = r;
    hex_encode(BYTES_OF(r.tx), hash);
    if (p->node.out.how == WRITER_SENDS)
        snprintf(how, sizeof how, "posted in 0x%s", hash);
    return json_put_str(p->said, what, how, e);
}

/* Only TCB info is a platform's own: what platforms have in common is posted once. */
static enum err_code post_for(struct posting *p, const struct gathered *g, bool first,
                              struct err *e)
{
    char fmspc[HEX_LEN(6)];

    hex_encode(BYTES(g->query.fmspc), fmspc);
    for (enum gov_statement s = 0; s < GOV_STATEMENTS; s++) {
        const bool of_ca = s == GOV_POST_PCK_CA || s == GOV_POST_PCK_CRL;
        const char *name = s == GOV_POST_TCB_INFO                     ? fmspc
                           : of_ca && g->query.ca == PCK_CA_PROCESSOR ? "processor"
                           : of_ca                                    ? "platform"
                                                                      : "";

        if ((p->parts >> s & 1) == 0 || (!first && !*name))
            continue;
        TRY(post_one(p, &g->bundle, s, name, e));
    }
    return ERR_OK;
}

enum err_code gov_cmd_collateral_post(const struct cli_args *a, struct err *e)
{
    struct collateral_query platforms[GATHER_PLATFORMS_MAX];
    struct posting p AUTO_CALL(posting_done) = {0};
    struct gather g AUTO_CALL(gather_done) = {0};
    AUTO(json) result = NULL;
    size_t n;

    TRY(cli_addr(a, "contract", &p.contract, e));
    TRY(parts_of(a, &p.parts, e));
    TRY(gather_platforms(a, platforms, &n, e));
    TRY(open_gather(a, &g, e));
    TRY(cli_node_open(a, NODE_WRITE, &p.node, e));
    TRY(json_new_object(&p.said, e));
    for (size_t i = 0; i < n; i++) {
        struct gathered got AUTO_CALL(gathered_done) = {0};

        TRY(gather_for(&g, &platforms[i], &got, e));
        TRY(post_for(&p, &got, i == 0, e));
    }
    TRY(json_new_object(&result, e));
    TRY(json_put_hex0x(result, "contract", BYTES_OF(p.contract), e));
    TRY(json_put(result, "statements", TAKE(p.said), e));
    if (p.sent > 0)
        TRY(cli_put_receipt(a, &p.node, result, &p.last, e));
    return cli_print(a, result, e);
}

/* ---- keys of Azure's attestation service ---- */

enum err_code gov_cmd_maa_key_add(const struct cli_args *a, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(JWKS_MAX), policy AUTO_CALL(buf_done) = BUF(64);
    const char *kid = a->positional[0], *issuer = cli_value(a, "issuer");
    struct jwks keys AUTO_CALL(jwks_done) = {0};
    const struct jwks_key *key;
    struct abi_value args[5];
    struct hash32 hash;
    uint64_t until = 0;

    TRY(cli_hash32(a, "policy-hash", &hash, e));
    TRY(gov_cli_time(a, "until", &until, e));
    TRY(cli_read(cli_value(a, "jwks"), &text, e));
    TRY_IN(e, jwks_parse(buf_bytes(&text), &keys, e), "--jwks");
    key = jwks_find(&keys, kid);
    if (!key)
        return err_set(e, ERR_NOT_FOUND, "--jwks: there is no key %.100s", kid);
    if (!key->key)
        return err_set(e, ERR_INVALID, "--jwks: key %.100s: %s", kid, key->why);
    if (!issuer)
        issuer = key->issuer;
    if (!jwks_is_issuer(issuer))
        return err_set(e, ERR_USAGE,
                       "--issuer URL is needed: like https://INSTANCE.REGION.attest.azure.net");
    /* The texts as they stand in a token. */
    base64url_put(&policy, BYTES_OF(hash));
    TRY(buf_check(&policy, e));
    args[0] = abi_str(kid);
    args[1] = abi_str(issuer);
    args[2] = abi_bytes(buf_bytes(&policy));
    args[3] = abi_bytes(rsa_pub_modulus(key->key));
    args[4] = abi_u64(until);
    return gov_cli_call(a, GOV_FN_ADD_KEY, args, 5, e);
}

enum err_code gov_cmd_maa_key_remove(const struct cli_args *a, struct err *e)
{
    const struct abi_value kid = abi_str(a->positional[0]);

    return gov_cli_call(a, GOV_FN_REMOVE_KEY, &kid, 1, e);
}
