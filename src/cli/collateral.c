/* teereg collateral: fetch and bundle, and the table of all its verbs. */
#include "cli/collateral.h"

#include <sys/stat.h>

#include "attest/collateral_report.h"
#include "base/codec.h"
#include "base/fs.h"
#include "cli/gather.h"

#define OUT_MODE 0644
#define DIR_MODE 0755

enum err_code collateral_new_list(const struct cli_args *a, json **ret, struct err *e)
{
    return a->json ? json_new_array(ret, e) : json_new_object(ret, e);
}

enum err_code collateral_put_one(const struct cli_args *a, json *list, size_t i, const char *name,
                                 json *o, struct err *e)
{
    char title[300];

    if (a->json)
        return json_append(list, o, e);
    snprintf(title, sizeof title, "%zu. %s", i + 1, name);
    return json_put(list, title, o, e);
}

/* ---- a file of it ---- */

/* Whoever runs this again must not go back in time: the older data may be the kinder. */
static enum err_code check_older(const struct collateral *had, const struct collateral *has,
                                 const char *path, struct err *e)
{
    char then[21], now[21];

    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        if (!had->part[k] || had->part[k]->root != has->part[k]->root ||
            has->part[k]->issued >= had->part[k]->issued)
            continue;
        clock_format(had->part[k]->issued, then);
        clock_format(has->part[k]->issued, now);
        return err_set(e, ERR_VERIFY,
                       "%s has a %s of %s, what was fetched is of %s: it is not replaced", path,
                       collateral_kind_name((enum collateral_kind)k), then, now);
    }
    return ERR_OK;
}

/* What the file holds already; nothing where it is not there or something else. */
static void read_old(const char *path, struct collateral *ret)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(COLLATERAL_BUNDLE_MAX);
    struct err ignored;

    if (fs_read(path, &text, &ignored) == ERR_OK &&
        collateral_bundle_decode(buf_bytes(&text), &b, &ignored) == ERR_OK)
        collateral_of_bundle(&b, attest_roots(), NULL, ret);
}

static enum err_code write_bundle(const struct gathered *g, const char *path, bool keep_newer,
                                  struct err *e)
{
    struct collateral old AUTO_CALL(collateral_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(COLLATERAL_BUNDLE_MAX);

    if (keep_newer) {
        read_old(path, &old);
        TRY(check_older(&old, &g->parts, path, e));
    }
    TRY(collateral_bundle_encode(&g->bundle, &text, e));
    return fs_write_atomic(path, buf_bytes(&text), OUT_MODE, e);
}

static enum err_code put_objects(const struct cli_args *a, const struct gathered *g, json *o,
                                 struct err *e)
{
    AUTO(json) list = NULL;

    TRY(collateral_new_list(a, &list, e));
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        struct collateral_item item;
        AUTO(json) one = NULL;

        collateral_item_of(g->parts.part[k], &item);
        TRY(json_new_object(&one, e));
        TRY(collateral_item_json(&item, one, e));
        TRY(collateral_put_one(a, list, k, collateral_kind_name((enum collateral_kind)k), TAKE(one),
                               e));
    }
    return json_put(o, "objects", TAKE(list), e);
}

static enum err_code tell_bundle(const struct cli_args *a, const struct gathered *g,
                                 const char *path, json **ret, struct err *e)
{
    AUTO(json) o = NULL;

    TRY(json_new_object(&o, e));
    TRY(json_put_str(o, "out", path, e));
    TRY(json_put_str(o, "tee", collateral_tee_word(g->query.tee), e));
    TRY(json_put_hex(o, "fmspc", BYTES(g->query.fmspc), e));
    TRY(json_put_str(o, "ca", collateral_ca_word(g->query.ca), e));
    TRY(json_put_str(o, "root", g->query.root->label, e));
    TRY(put_objects(a, g, o, e));
    *ret = TAKE(o);
    return ERR_OK;
}

/* ---- fetch ---- */

static enum err_code check_in_force(const struct gathered *g, struct err *e)
{
    const int64_t now = clock_unix(&clock_system);
    char when[21];

    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        const collateral_object *o = g->parts.part[k];

        clock_format(now < o->issued ? o->issued : o->next_update, when);
        if (now < o->issued || now >= o->next_update)
            return err_set(e, ERR_UPSTREAM, "the %s that is served %s %s, so nothing was written",
                           collateral_kind_name(o->kind),
                           now < o->issued ? "begins only at" : "has ended at", when);
    }
    return ERR_OK;
}

static enum err_code read_update(const struct cli_args *a, enum pcs_update *ret, struct err *e)
{
    const char *update = cli_value(a, "update");

    if (strcmp(update, "standard") != 0 && strcmp(update, "early") != 0)
        return err_set(e, ERR_USAGE, "--update %s: expected standard or early", update);
    *ret = strcmp(update, "early") == 0 ? PCS_EARLY : PCS_STANDARD;
    return ERR_OK;
}

/* Several platforms, or a folder that is there or is written as one. */
static bool out_is_folder(const char *out, size_t n)
{
    const size_t len = strlen(out);
    struct stat st;

    return n > 1 || (len > 0 && out[len - 1] == '/') ||
           (stat(out, &st) == 0 && S_ISDIR(st.st_mode));
}

static enum err_code out_path(const char *out, bool folder, const struct collateral_query *q,
                              struct buf *ret, struct err *e)
{
    if (folder) {
        buf_printf(ret, "%s/%s-", out, collateral_tee_word(q->tee));
        hex_put(ret, BYTES(q->fmspc));
        buf_printf(ret, "-%s.json", collateral_ca_word(q->ca));
    } else {
        buf_put_str(ret, out);
    }
    return buf_check(ret, e);
}

static enum err_code raise_floors(const struct gather *g, const struct gathered *got, struct err *e)
{
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        TRY_IN(e,
               collateral_floor_raise(g->floors, &got->query, (enum collateral_kind)k,
                                      collateral_number(got->parts.part[k]), e),
               "--state");
    return collateral_floors_saved(g->floors, e);
}

static enum err_code fetch_one(const struct cli_args *a, const struct gather *g,
                               const struct collateral_query *q, bool folder, bool early,
                               json **ret, struct err *e)
{
    struct gathered got AUTO_CALL(gathered_done) = {0};
    struct buf path AUTO_CALL(buf_done) = BUF(4096);

    TRY(gather_for(g, q, &got, e));
    TRY(check_in_force(&got, e));
    TRY(out_path(cli_value(a, "out"), folder, q, &path, e));
    TRY(write_bundle(&got, buf_cstr(&path), true, e));
    if (!early)
        TRY(raise_floors(g, &got, e));
    return tell_bundle(a, &got, buf_cstr(&path), ret, e);
}

static enum err_code fetch_all(const struct cli_args *a, const struct gather *g,
                               const struct collateral_query *list, size_t n, bool folder,
                               bool early, struct err *e)
{
    AUTO(json) result = NULL;
    AUTO(json) fetched = NULL;

    TRY(json_new_object(&result, e));
    TRY(collateral_new_list(a, &fetched, e));
    for (size_t i = 0; i < n; i++) {
        AUTO(json) one = NULL;

        TRY(fetch_one(a, g, &list[i], folder, early, &one, e));
        TRY(collateral_put_one(a, fetched, i, "platform", TAKE(one), e));
    }
    TRY(json_put(result, "fetched", TAKE(fetched), e));
    return cli_print(a, result, e);
}

enum err_code collateral_fetch_verb(const struct cli_args *a, struct err *e)
{
    struct collateral_query platforms[GATHER_PLATFORMS_MAX];
    struct gather g AUTO_CALL(gather_done) = {0};
    const char *out = cli_value(a, "out");
    enum pcs_update update;
    bool folder;
    size_t n;

    TRY(read_update(a, &update, e));
    TRY(gather_platforms(a, platforms, &n, e));
    folder = out_is_folder(out, n);
    if (folder && update == PCS_EARLY)
        return err_set(e, ERR_USAGE,
                       "--update early: --out must be one file; what is in a folder of collateral "
                       "judges platforms now");
    TRY(gather_open(a, update, &g, e));
    if (folder)
        TRY_IN(e, fs_mkdirs(out, DIR_MODE, e), "--out");
    return fetch_all(a, &g, platforms, n, folder, update == PCS_EARLY, e);
}

const struct cli_option collateral_fetch_options[] = {
    CLI_OPT_ABOUT,
    CLI_OPT_GATHER,
    {"update", "SET", "standard, or early: what platforms will be judged by later", "standard",
     CLI_OPTIONAL},
    {"out", "PATH", "a file, or a folder for --collateral-dir", NULL, CLI_REQUIRED},
    {"state", "FILE", "evaluation numbers seen so far; lower ones are refused", NULL, CLI_OPTIONAL},
    {.name = NULL},
};

/* ---- bundle ---- */

enum err_code collateral_bundle_verb(const struct cli_args *a, struct err *e)
{
    struct gathered got AUTO_CALL(gathered_done) = {0};
    struct gather g AUTO_CALL(gather_done) = {0};
    struct collateral_query platforms[GATHER_PLATFORMS_MAX];
    AUTO(json) result = NULL;
    size_t n;

    TRY(gather_platforms(a, platforms, &n, e));
    if (n > 1)
        return err_set(e, ERR_USAGE, "a bundle is for one platform, %zu were named", n);
    TRY(gather_open(a, PCS_STANDARD, &g, e));
    TRY(gather_for(&g, &platforms[0], &got, e));
    TRY(write_bundle(&got, cli_value(a, "out"), false, e));
    TRY(tell_bundle(a, &got, cli_value(a, "out"), &result, e));
    return cli_print(a, result, e);
}

const struct cli_option collateral_bundle_options[] = {
    CLI_OPT_ABOUT,
    CLI_OPT_GATHER,
    {"out", "FILE", "the bundle, for `evidence verify --collateral`", NULL, CLI_REQUIRED},
    {.name = NULL},
};

/* ---- the table ---- */

static const struct cli_verb verbs[] = {
    {.name = "fetch",
     .summary = "Fetches and verifies what Intel says about platforms, for --collateral-dir.",
     .options = collateral_fetch_options,
     .example = "teereg collateral fetch --for quote.bin --out /var/lib/teereg/collateral/",
     .run = collateral_fetch_verb},
    {.name = "show",
     .summary = "Shows what a file or folder of collateral says: dates, numbers, TCB levels.",
     .positional = "PATH",
     .n_positional = 1,
     .options = collateral_show_options,
     .example = "teereg collateral show /var/lib/teereg/collateral",
     .run = collateral_show_verb},
    {.name = "bundle",
     .summary = "Makes one bundle of all that the verification of a quote needs.",
     .options = collateral_bundle_options,
     .example = "teereg collateral bundle --for quote.bin --from collateral/ --out bundle.json",
     .run = collateral_bundle_verb},
    {.name = "status",
     .summary = "Says how old collateral is; exit code 3 when some has ended or soon will.",
     .options = collateral_status_options,
     .example = "teereg collateral status --from /var/lib/teereg/collateral --warn-days 7",
     .run = collateral_status_verb},
    {.name = "forecast",
     .summary = "Says until when platforms will be accepted, and what ends it.",
     .options = collateral_forecast_options,
     .example = "teereg collateral forecast --for quote.bin --policy policy.json --warn-days 30",
     .run = collateral_forecast_verb},
    {.name = NULL},
};

const struct cli_noun cli_noun_collateral = {
    "collateral", "what Intel says about platforms: fetch, look at, foresee", verbs};
