#include "cli/judge.h"

#include "attest/quote.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/fs.h"
#include "crypto/pem.h"
#include "crypto/x509.h"

#define POLICY_FILE_MAX 65536
#define OBJECTS_MAX     256
#define CA_FILE_MAX     (1 << 20)

enum err_code cli_policy_file(const char *path, struct attest_policy *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(POLICY_FILE_MAX);

    TRY_IN(e, fs_read(path, &text, e), "attestation policy");
    TRY_IN(e, attest_policy_decode_json(buf_bytes(&text), ret, e), "%s", path);
    return ERR_OK;
}

enum err_code cli_policy(const struct cli_args *a, struct attest_policy *ret, struct err *e)
{
    const char *path = cli_value(a, "policy");

    *ret = attest_policy_default;
    return path ? cli_policy_file(path, ret, e) : ERR_OK;
}

enum err_code cli_verify_policy(const struct cli_args *a, struct attest_policy *ret, struct err *e)
{
    const char *list = cli_value(a, "accept-status");

    TRY(cli_policy(a, ret, e));
    if (list && tcb_status_set_parse(list, &ret->statuses, e) != ERR_OK) {
        err_wrap(e, "--accept-status");
        e->code = ERR_USAGE;
        return ERR_USAGE;
    }
    return ERR_OK;
}

enum err_code cli_verify_time(const struct cli_args *a, int64_t *ret, struct err *e)
{
    uint64_t at;

    if (!cli_value(a, "at")) {
        *ret = clock_unix(&clock_system);
        return ERR_OK;
    }
    TRY(cli_u64(a, "at", (uint64_t)1 << 40, &at, e));
    *ret = (int64_t)at;
    return ERR_OK;
}

enum err_code cli_verify_report_data(const struct cli_args *a, struct report_data *ret,
                                     bool *ret_given, struct err *e)
{
    const char *text = cli_value(a, "report-data");

    if (text)
        TRY_IN(e, hex_decode_0x(bytes_of_str(text), ret->b, sizeof ret->b, e), "--report-data");
    *ret_given = text != NULL;
    return ERR_OK;
}

enum err_code cli_root_read(const struct cli_args *a, struct cli_root *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    const char *path = cli_value(a, "root");

    if (!path)
        return ERR_OK;
    TRY_IN(e, fs_read(path, &text, e), "--root");
    ret->der = BUF(X509_DER_MAX);
    if (text.n > 0 && text.p[0] == '-')
        TRY_IN(e, pem_decode(buf_bytes(&text), "CERTIFICATE", &ret->der, e), "--root %s", path);
    else
        buf_put(&ret->der, buf_bytes(&text));
    TRY(buf_check(&ret->der, e));
    TRY_IN(e, attest_root_of(buf_bytes(&ret->der), "the root that was given", &ret->root, e),
           "--root %s", path);
    return ERR_OK;
}

void cli_root_done(struct cli_root *r)
{
    buf_done(&r->der);
    attest_root_done(&r->root);
}

struct attest_roots cli_roots(const struct cli_root *r)
{
    return r->der.n ? (struct attest_roots){&r->root, 1} : *attest_roots();
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

static enum err_code add_pcs(const struct cli_args *a, collateral_store *store,
                             struct collateral_origin *ret_early, struct err *e)
{
    struct buf ca AUTO_CALL(buf_done) = BUF(CA_FILE_MAX);
    struct collateral_origin origin = {0};
    struct pcs_config config;

    TRY(cli_pcs(a, &ca, &config, e));
    TRY_IN(e, collateral_origin_pcs(&config, PCS_EARLY, ret_early, e), "--collateral-url");
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
        TRY(add_pcs(a, ret->store, &ret->early, e));
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
    collateral_origin_done(&j->early);
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
    TRY(pck_chain_verify(q.pck_pem, attest_roots(), NULL, NULL, &p, &fault, e));
    TRY(pck_extension_check(p, &fault, e));
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
