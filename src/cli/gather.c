#include "cli/gather.h"

#include "base/codec.h"
#include "base/fs.h"
#include "cli/judge.h"

#define CA_FILE_MAX (1 << 20)
#define SECONDS_MAX 3600
#define NS_PER_S    1000000000ull

void gather_done(struct gather *g)
{
    for (size_t i = 0; i < g->n; i++)
        collateral_origin_done(&g->origins[i]);
    if (g->floors)
        collateral_floors_free(g->floors);
    *g = (struct gather){0};
}

static enum err_code room_for_one(const struct gather *g, struct err *e)
{
    if (g->n == COLLATERAL_ORIGINS_MAX)
        return err_set(e, ERR_USAGE, "--from: more than %d places", COLLATERAL_ORIGINS_MAX);
    return ERR_OK;
}

enum err_code gather_add_path(struct gather *g, const char *path, struct err *e)
{
    TRY(room_for_one(g, e));
    TRY(collateral_origin_path(path, &g->origins[g->n], e));
    g->n++;
    return ERR_OK;
}

enum err_code gather_add_service(const struct cli_args *a, enum pcs_update update, struct gather *g,
                                 struct err *e)
{
    struct buf ca AUTO_CALL(buf_done) = BUF(CA_FILE_MAX);
    const char *path = cli_value(a, "url-ca");
    struct pcs_config config = {.url = cli_value(a, "url")};

    TRY(room_for_one(g, e));
    if (path)
        TRY_IN(e, fs_read(path, &ca, e), "--url-ca");
    config.ca_pem = buf_bytes(&ca);
    TRY_IN(e, collateral_origin_pcs(&config, update, &g->origins[g->n], e), "--url");
    g->n++;
    return ERR_OK;
}

enum err_code gather_open_empty(const struct cli_args *a, struct gather *ret, struct err *e)
{
    uint64_t seconds;

    TRY(cli_u64(a, "seconds", SECONDS_MAX, &seconds, e));
    TRY(collateral_floors_new(cli_value(a, "state"), attest_roots(), &ret->floors, e));
    ret->end_ns = clock_ns(&clock_system) + seconds * NS_PER_S;
    return ERR_OK;
}

enum err_code gather_open(const struct cli_args *a, enum pcs_update update, struct gather *ret,
                          struct err *e)
{
    const char *path;

    TRY(gather_open_empty(a, ret, e));
    for (size_t i = 0; (path = cli_value_at(a, "from", i)) != NULL; i++)
        TRY_IN(e, gather_add_path(ret, path, e), "--from");
    if (ret->n == 0 || cli_value(a, "url"))
        TRY(gather_add_service(a, update, ret, e));
    return ERR_OK;
}

/* ---- one platform ---- */

void gathered_done(struct gathered *g)
{
    collateral_bundle_done(&g->bundle);
    collateral_done(&g->parts);
    *g = (struct gathered){0};
}

static enum err_code get_part(const struct gather *g, enum collateral_kind kind,
                              struct gathered *ret, struct err *e)
{
    const struct collateral_sources from = {.origins = g->origins,
                                            .n_origins = g->n,
                                            .roots = attest_roots(),
                                            .floors = g->floors,
                                            .clock = &clock_system};
    struct collateral_catch c AUTO_CALL(collateral_catch_done) = {0};

    collateral_fetch(&from, kind, &ret->query, g->end_ns, &c);
    if (!c.object) {
        *e = c.e;
        return e->code;
    }
    ret->parts.part[kind] = c.object;
    ret->bundle.text[kind] = c.text;
    c.object = NULL;
    c.text = (struct collateral_text){0};
    return ERR_OK;
}

/* The TCB info tells which root.  Of several errors the first one counts: the other roots are those
 * of simulated platforms. */
static enum err_code get_first(const struct gather *g, struct gathered *ret, struct err *e)
{
    const struct attest_roots *roots = attest_roots();
    struct err another;

    if (ret->query.root)
        return get_part(g, COLLATERAL_TCB_INFO, ret, e);
    for (size_t i = 0; i < roots->n; i++) {
        ret->query.root = &roots->list[i];
        if (get_part(g, COLLATERAL_TCB_INFO, ret, i == 0 ? e : &another) == ERR_OK)
            return ERR_OK;
    }
    return e->code;
}

enum err_code gather_for(const struct gather *g, const struct collateral_query *q,
                         struct gathered *ret, struct err *e)
{
    struct gathered made AUTO_CALL(gathered_done) = {.query = *q};
    char fmspc[HEX_LEN(6)];

    hex_encode(BYTES(q->fmspc), fmspc);
    TRY_IN(e, get_first(g, &made, e), "platforms %s: no TCB info", fmspc);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        if (!made.parts.part[k])
            TRY_IN(e, get_part(g, (enum collateral_kind)k, &made, e), "platforms %s: no %s", fmspc,
                   collateral_kind_name((enum collateral_kind)k));
    *ret = made;
    made = (struct gathered){0};
    return ERR_OK;
}

/* ---- which platforms ---- */

static enum err_code read_tee(const struct cli_args *a, enum quote_tee *ret, struct err *e)
{
    const char *tee = cli_value(a, "tee");

    if (tee && strcmp(tee, "tdx") != 0 && strcmp(tee, "sgx") != 0)
        return err_set(e, ERR_USAGE, "--tee %s: expected tdx or sgx", tee);
    if (tee)
        *ret = strcmp(tee, "tdx") == 0 ? QUOTE_TEE_TDX : QUOTE_TEE_SGX;
    return ERR_OK;
}

enum err_code gather_exhibit(const struct cli_args *a, const char *path, struct exhibit *ret,
                             struct collateral_query *ret_platform, struct err *e)
{
    TRY_IN(e, exhibit_read(path, ret, e), "--for");
    TRY_IN(e, cli_platform(exhibit_quote(ret), ret_platform, e), "--for %s", path);
    return read_tee(a, &ret_platform->tee, e);
}

static enum err_code of_fmspc(const struct cli_args *a, const char *fmspc,
                              struct collateral_query *ret, struct err *e)
{
    const char *ca = cli_value(a, "ca");

    *ret = (struct collateral_query){.tee = QUOTE_TEE_TDX, .ca = PCK_CA_PLATFORM};
    if (strcmp(ca, "processor") == 0)
        ret->ca = PCK_CA_PROCESSOR;
    else if (strcmp(ca, "platform") != 0)
        return err_set(e, ERR_USAGE, "--ca %s: expected platform or processor", ca);
    if (hex_decode(bytes_of_str(fmspc), ret->fmspc, sizeof ret->fmspc, e) != ERR_OK)
        return err_set(e, ERR_USAGE, "--fmspc %s: expected 12 hex digits, like 90c06f000000",
                       fmspc);
    return read_tee(a, &ret->tee, e);
}

enum err_code gather_platforms(const struct cli_args *a, struct collateral_query *ret,
                               size_t *ret_n, struct err *e)
{
    const char *value;
    size_t n = 0;

    for (size_t i = 0; (value = cli_value_at(a, "for", i)) != NULL; i++) {
        struct exhibit x AUTO_CALL(exhibit_done) = {0};

        TRY(gather_exhibit(a, value, &x, &ret[n], e));
        n++;
    }
    for (size_t i = 0; (value = cli_value_at(a, "fmspc", i)) != NULL; i++)
        TRY(of_fmspc(a, value, &ret[n++], e));
    if (n == 0)
        return err_set(e, ERR_USAGE, "about which platform?  --for FILE or --fmspc HEX says it");
    *ret_n = n;
    return ERR_OK;
}
