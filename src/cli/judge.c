#include "cli/judge.h"

#include "attest/quote.h"
#include "base/fs.h"

#define POLICY_FILE_MAX 65536
#define OBJECTS_MAX     256
#define CA_FILE_MAX     (1 << 20)

enum err_code cli_policy(const struct cli_args *a, struct attest_policy *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(POLICY_FILE_MAX);
    const char *path = cli_value(a, "policy");

    *ret = attest_policy_default;
    if (!path)
        return ERR_OK;
    TRY_IN(e, fs_read(path, &text, e), "--policy");
    TRY_IN(e, attest_policy_decode_json(buf_bytes(&text), ret, e), "%s", path);
    return ERR_OK;
}

enum err_code cli_pcs(const struct cli_args *a, struct buf *ca, struct pcs_config *ret,
                      struct err *e)
{
    const char *path = cli_value(a, "collateral-ca");

    if (path)
        TRY_IN(e, fs_read(path, ca, e), "--collateral-ca");
    *ret = (struct pcs_config){.url = cli_value(a, "collateral-url"), .ca_pem = buf_bytes(ca)};
    return ERR_OK;
}

static enum err_code add_dir(const char *path, collateral_store *store, struct err *e)
{
    struct collateral_origin origin = {0};

    TRY_IN(e, collateral_origin_dir(path, &origin, e), "--collateral-dir");
    return collateral_store_add(store, &origin, e);
}

static enum err_code add_pcs(const struct cli_args *a, collateral_store *store, struct err *e)
{
    struct buf ca AUTO_CALL(buf_done) = BUF(CA_FILE_MAX);
    struct collateral_origin origin = {0};
    struct pcs_config config;

    TRY(cli_pcs(a, &ca, &config, e));
    TRY_IN(e, collateral_origin_pcs(&config, PCS_STANDARD, &origin, e), "--collateral-url");
    return collateral_store_add(store, &origin, e);
}

/* A command that is told of a folder is on its own, and so is a development build. */
static bool wants_pcs(const struct cli_args *a)
{
#ifdef TEEREG_DEV_ROOTS
    const bool otherwise = false;
#else
    const bool otherwise = !cli_value(a, "collateral-dir");
#endif

    return cli_value(a, "collateral-url") || otherwise;
}

enum err_code cli_judge_open(const struct cli_args *a, struct cli_judge *ret, struct err *e)
{
    const char *path = cli_value(a, "collateral-dir");
    struct collateral_store_config config = {.clock = &clock_system,
                                             .state_file = cli_value(a, "collateral-state")};

    TRY(cli_policy(a, &ret->policy, e));
    TRY(collateral_cache_new(OBJECTS_MAX, &ret->objects, e));
    config.cache = ret->objects;
    TRY(collateral_store_new(&config, &ret->store, e));
    if (path)
        TRY(add_dir(path, ret->store, e));
    if (wants_pcs(a))
        TRY(add_pcs(a, ret->store, e));
    ret->judge = (struct attest_judge){
        .policy = &ret->policy,
        .objects = ret->objects,
        .source = collateral_store_source(ret->store),
    };
    return ERR_OK;
}

void cli_judge_done(struct cli_judge *j)
{
    if (j->store)
        collateral_store_free(j->store);
    collateral_cache_free(j->objects);
}

/* ---- for one platform ---- */

enum err_code cli_platform(struct bytes quote, struct collateral_query *ret, struct err *e)
{
    AUTO(pck_platform) p = NULL;
    enum attest_fault fault;
    struct quote q;

    if (quote_parse(quote, &q, &fault, e) != ERR_OK) {
        if (fault != FAULT_TEE_TYPE && fault != FAULT_VERSION)
            return e->code;
        TRY(quote_parse_sgx(quote, &q, &fault, e));
    }
    TRY(pck_chain_verify(q.pck_pem, attest_roots(), NULL, &p, &fault, e));
    *ret = (struct collateral_query){.tee = q.tee, .ca = p->ca, .root = p->root};
    memcpy(ret->fmspc, p->ext.fmspc, sizeof ret->fmspc);
    return ERR_OK;
}

enum err_code cli_collateral_of(void *judge, struct bytes quote, struct buf *ret, struct err *e)
{
    struct cli_judge *j = judge;
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct collateral c AUTO_CALL(collateral_done) = {0};
    struct collateral_query q;

    TRY_IN(e, cli_platform(quote, &q, e), "collateral to send along");
    j->judge.source->get(j->judge.source->self, &q, clock_unix(&clock_system), &c);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        if (!c.part[k])
            return err_set(e, ERR_NOT_FOUND, "collateral to send along: no %s: %s",
                           collateral_kind_name((enum collateral_kind)k), c.problem[k].detail);
    TRY(collateral_store_bundle(j->store, &q, &bundle, e));
    return collateral_bundle_encode(&bundle, ret, e);
}
