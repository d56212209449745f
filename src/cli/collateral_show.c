/* teereg collateral show and status: what is in files and folders, and how long it is good. */
#include "attest/collateral_report.h"
#include "base/codec.h"
#include "cli/admin.h"
#include "cli/collateral.h"

#define ENTRIES_MAX 1024
#define DAY_S       86400

/* One object of a file, or what is wrong with it. */
struct entry {
    struct collateral_item item;
    collateral_object *object; /* NULL: item.problem says why */
    bool superseded;           /* a newer one of the same kind and platform is there too */
};

struct listing {
    struct entry *entries;
    size_t n;
    struct err full; /* ERR_OK, or why not all are here */
};

static void listing_done(struct listing *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->entries[i].object)
            collateral_object_unref(l->entries[i].object);
    free(l->entries);
}

static struct entry *new_entry(struct listing *l)
{
    struct entry *more;

    if (l->n == ENTRIES_MAX) {
        err_set(&l->full, ERR_TOO_LARGE, "more than %d objects", ENTRIES_MAX);
        return NULL;
    }
    more = realloc(l->entries, (l->n + 1) * sizeof *more);
    if (!more) {
        err_set(&l->full, ERR_NOMEM, "list of collateral");
        return NULL;
    }
    l->entries = more;
    more[l->n] = (struct entry){0};
    return &more[l->n++];
}

static void take_bundle(void *self, const char *path, struct collateral_bundle *b)
{
    struct collateral c AUTO_CALL(collateral_done) = {0};

    collateral_of_bundle(b, attest_roots(), NULL, &c);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        struct entry *x = b->text[k].body.n ? new_entry(self) : NULL;

        if (!x)
            continue;
        x->object = TAKE(c.part[k]);
        if (x->object)
            collateral_item_of(x->object, &x->item);
        x->item.kind = (enum collateral_kind)k;
        snprintf(x->item.origin, sizeof x->item.origin, "%.255s", path);
        if (!x->object)
            snprintf(x->item.problem, sizeof x->item.problem, "%s", c.problem[k].detail);
    }
}

static void take_problem(void *self, const struct err *problem)
{
    struct entry *x = new_entry(self);

    if (x)
        snprintf(x->item.problem, sizeof x->item.problem, "%.511s", problem->msg);
}

static bool same_thing(const struct collateral_item *a, const struct collateral_item *b)
{
    return a->kind == b->kind && a->query.root == b->query.root && a->query.tee == b->query.tee &&
           a->query.ca == b->query.ca && bytes_eq(BYTES(a->query.fmspc), BYTES(b->query.fmspc));
}

static void mark_superseded(struct listing *l)
{
    for (size_t i = 0; i < l->n; i++)
        for (size_t k = 0; k < l->n && l->entries[i].object; k++)
            if (l->entries[k].object && same_thing(&l->entries[i].item, &l->entries[k].item) &&
                l->entries[k].item.issued > l->entries[i].item.issued)
                l->entries[i].superseded = true;
}

static enum err_code list_path(const char *path, struct listing *l, struct err *e)
{
    const struct collateral_visitor v = {take_bundle, take_problem, l};

    TRY(collateral_walk(path, &v, e));
    if (l->full.code != ERR_OK) {
        *e = l->full;
        return e->code;
    }
    return ERR_OK;
}

static void entry_name(const struct entry *x, char *ret, size_t size)
{
    if (x->object)
        collateral_item_name(&x->item, ret, size);
    else
        snprintf(ret, size, "%s",
                 *x->item.origin ? collateral_kind_name(x->item.kind) : "unreadable file");
}

static enum err_code put_entry(const struct entry *x, json *o, struct err *e)
{
    if (!*x->item.origin)
        return json_put_str(o, "problem", x->item.problem, e);
    return collateral_item_json(&x->item, o, e);
}

/* ---- show ---- */

static enum err_code put_verdict(const struct tcb_verdict *v, const struct tcb_advisory *pool,
                                 json *o, struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_put_str(o, "status", tcb_status_name(v->status), e));
    TRY(collateral_time_json(o, "date", v->date, e));
    if (v->n_advisories == 0)
        return ERR_OK;
    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < v->n_advisories; i++)
        TRY(json_append_str(list, pool[v->first_advisory + i].id, e));
    return json_put(o, "advisories", TAKE(list), e);
}

static enum err_code put_levels(const struct cli_args *a, const struct tcb_info *info, json *o,
                                struct err *e)
{
    AUTO(json) list = NULL;

    TRY(collateral_new_list(a, &list, e));
    for (size_t i = 0; i < info->n_levels; i++) {
        const struct tcb_level *level = &info->levels[i];
        AUTO(json) one = NULL;

        TRY(json_new_object(&one, e));
        TRY(put_verdict(&level->verdict, info->advisories, one, e));
        TRY(json_put_hex(one, "sgx_components", BYTES(level->sgx), e));
        if (info->tee == QUOTE_TEE_TDX)
            TRY(json_put_hex(one, "tdx_components", BYTES(level->tdx), e));
        TRY(json_put_u64(one, "pcesvn", level->pcesvn, e));
        TRY(collateral_put_one(a, list, i, tcb_status_name(level->verdict.status), TAKE(one), e));
    }
    return json_put(o, "levels", TAKE(list), e);
}

static enum err_code put_isv_levels(const struct cli_args *a, const struct isv_level *levels,
                                    size_t n, const struct tcb_advisory *pool, json *o,
                                    struct err *e)
{
    AUTO(json) list = NULL;

    TRY(collateral_new_list(a, &list, e));
    for (size_t i = 0; i < n; i++) {
        AUTO(json) one = NULL;

        TRY(json_new_object(&one, e));
        TRY(put_verdict(&levels[i].verdict, pool, one, e));
        TRY(json_put_u64(one, "isvsvn", levels[i].isvsvn, e));
        TRY(collateral_put_one(a, list, i, tcb_status_name(levels[i].verdict.status), TAKE(one),
                               e));
    }
    return json_put(o, "levels", TAKE(list), e);
}

static enum err_code put_modules(const struct cli_args *a, const struct tcb_info *info, json *o,
                                 struct err *e)
{
    AUTO(json) list = NULL;

    TRY(collateral_new_list(a, &list, e));
    for (size_t i = 0; i < info->n_modules; i++) {
        const struct tdx_module *m = &info->modules[i];
        AUTO(json) one = NULL;
        char name[16];

        snprintf(name, sizeof name, "TDX_%02X", m->version);
        TRY(json_new_object(&one, e));
        TRY(json_put_str(one, "id", name, e));
        TRY(json_put_hex(one, "mrsigner", BYTES(m->mrsigner), e));
        TRY(put_isv_levels(a, m->levels, m->n_levels, info->advisories, one, e));
        TRY(collateral_put_one(a, list, i, name, TAKE(one), e));
    }
    return json_put(o, "modules", TAKE(list), e);
}

static enum err_code put_contents(const struct cli_args *a, const collateral_object *c, json *o,
                                  struct err *e)
{
    TRY(json_put_str(o, "issuer", c->root->label, e));
    TRY(collateral_time_json(o, "signer_ends", c->signer.not_after, e));
    switch (c->kind) {
    case COLLATERAL_TCB_INFO:
        TRY(put_levels(a, &c->tcb_info, o, e));
        return c->tcb_info.n_modules ? put_modules(a, &c->tcb_info, o, e) : ERR_OK;
    case COLLATERAL_QE_IDENTITY:
        TRY(json_put_hex(o, "mrsigner", BYTES(c->qe_identity.mrsigner), e));
        TRY(json_put_u64(o, "isvprodid", c->qe_identity.isvprodid, e));
        return put_isv_levels(a, c->qe_identity.levels, c->qe_identity.n_levels,
                              c->qe_identity.advisories, o, e);
    default:
        TRY(json_put_hex(o, "crl_number", c->crl.number, e));
        return json_put_u64(o, "revoked", c->crl.n_revoked, e);
    }
}

static enum err_code put_shown(const struct cli_args *a, const struct entry *x, size_t i,
                               json *list, struct err *e)
{
    AUTO(json) o = NULL;
    char name[200];

    TRY(json_new_object(&o, e));
    TRY(put_entry(x, o, e));
    if (x->object)
        TRY(put_contents(a, x->object, o, e));
    entry_name(x, name, sizeof name);
    return collateral_put_one(a, list, i, name, TAKE(o), e);
}

enum err_code collateral_show_verb(const struct cli_args *a, struct err *e)
{
    struct listing l AUTO_CALL(listing_done) = {0};
    AUTO(json) result = NULL;
    AUTO(json) list = NULL;

    TRY(list_path(a->positional[0], &l, e));
    if (l.n == 0)
        return err_set(e, ERR_NOT_FOUND, "%s: no collateral", a->positional[0]);
    TRY(json_new_object(&result, e));
    TRY(collateral_new_list(a, &list, e));
    for (size_t i = 0; i < l.n; i++)
        TRY(put_shown(a, &l.entries[i], i, list, e));
    TRY(json_put(result, "objects", TAKE(list), e));
    TRY(cli_print(a, result, e));
    for (size_t i = 0; i < l.n; i++)
        if (!l.entries[i].object)
            return err_set(e, ERR_VERIFY, "%s: %s", l.entries[i].item.origin,
                           l.entries[i].item.problem);
    return ERR_OK;
}

const struct cli_option collateral_show_options[] = {{.name = NULL}};

/* ---- status ---- */

static bool alarm_of(const struct collateral_item *x, int64_t now, int64_t warn_s, char *ret,
                     size_t size)
{
    char name[128], when[21];

    if (!x->held) {
        snprintf(ret, size, "%s%s%.500s", x->origin, *x->origin ? ": " : "", x->problem);
        return true;
    }
    if (collateral_alarm(x, now, ret, size))
        return true;
    if (now + warn_s < x->next_update)
        return false;
    collateral_item_name(x, name, sizeof name);
    clock_format(x->next_update, when);
    snprintf(ret, size, "%s ends at %s, in less than %lld days", name, when,
             (long long)((x->next_update - now) / DAY_S + 1));
    return true;
}

/* Ends a verb: ERR_DENIED with the first of the alarms, if there is one. */
static enum err_code tell_alarms(const struct cli_args *a, json *result, json *alarms,
                                 struct err *e)
{
    const size_t n = json_len(alarms);
    char first[800];

    snprintf(first, sizeof first, "%s", n ? json_str(json_at(alarms, 0)) : "");
    TRY(json_put(result, "alarms", alarms, e));
    TRY(cli_print(a, result, e));
    if (n == 1)
        return err_set(e, ERR_DENIED, "alarm: %s", first);
    if (n > 1)
        return err_set(e, ERR_DENIED, "%zu alarms, the first: %s", n, first);
    return ERR_OK;
}

static enum err_code put_status(const struct cli_args *a, const struct entry *x, size_t i,
                                int64_t now, json *list, struct err *e)
{
    const int64_t left = x->item.next_update - now;
    AUTO(json) o = NULL;
    char name[200];

    TRY(json_new_object(&o, e));
    TRY(put_entry(x, o, e));
    if (x->object) {
        TRY(json_put_bool(o, "in_force", now >= x->item.issued && left > 0, e));
        TRY(json_put_u64(o, "age_days",
                         now > x->item.issued ? (uint64_t)(now - x->item.issued) / DAY_S : 0, e));
        TRY(json_put_u64(o, "days_left", left > 0 ? (uint64_t)left / DAY_S : 0, e));
        if (x->superseded)
            TRY(json_put_bool(o, "superseded", true, e));
    }
    entry_name(x, name, sizeof name);
    return collateral_put_one(a, list, i, name, TAKE(o), e);
}

static enum err_code status_of_paths(const struct cli_args *a, int64_t warn_s, struct err *e)
{
    const int64_t now = clock_unix(&clock_system);
    struct listing l AUTO_CALL(listing_done) = {0};
    AUTO(json) result = NULL;
    AUTO(json) alarms = NULL;
    AUTO(json) list = NULL;
    const char *path;
    char text[800];

    for (size_t i = 0; (path = cli_value_at(a, "from", i)) != NULL; i++)
        TRY_IN(e, list_path(path, &l, e), "--from");
    if (l.n == 0)
        return err_set(e, ERR_NOT_FOUND, "--from %s: no collateral", cli_value_at(a, "from", 0));
    mark_superseded(&l);
    TRY(json_new_object(&result, e));
    TRY(json_new_array(&alarms, e));
    TRY(collateral_new_list(a, &list, e));
    for (size_t i = 0; i < l.n; i++) {
        TRY(put_status(a, &l.entries[i], i, now, list, e));
        if (!l.entries[i].superseded &&
            alarm_of(&l.entries[i].item, now, warn_s, text, sizeof text))
            TRY(json_append_str(alarms, text, e));
    }
    TRY(json_put(result, "objects", TAKE(list), e));
    return tell_alarms(a, result, TAKE(alarms), e);
}

/* A KMS tells its own alarms; with --warn-days also what ends soon. */
static enum err_code status_of_kms(const struct cli_args *a, int64_t warn_s, struct err *e)
{
    const int64_t now = clock_unix(&clock_system);
    const json *objects, *said;
    AUTO(json) result = NULL;
    AUTO(json) alarms = NULL;
    struct err ignored;

    TRY(cli_admin_call(cli_value(a, "admin"), "GET", "/collateral", &result, e));
    TRY_IN(e, json_get_array(result, "objects", &objects, e), "admin socket");
    TRY_IN(e, json_get_array(result, "alarms", &said, e), "admin socket");
    TRY(json_new_array(&alarms, e));
    for (size_t i = 0; i < json_len(said); i++)
        if (json_str(json_at(said, i)))
            TRY(json_append_str(alarms, json_str(json_at(said, i)), e));
    for (size_t i = 0; i < json_len(objects); i++) {
        const char *kind, *until;
        char text[200];
        int64_t end;

        if (json_get_str(json_at(objects, i), "next_update", 20, &until, &ignored) != ERR_OK ||
            json_get_str(json_at(objects, i), "kind", 32, &kind, &ignored) != ERR_OK ||
            !clock_parse(until, &end) || end <= now || now + warn_s < end)
            continue;
        snprintf(text, sizeof text, "%s ends at %s", kind, until);
        TRY(json_append_str(alarms, text, e));
    }
    return tell_alarms(a, result, TAKE(alarms), e);
}

enum err_code collateral_status_verb(const struct cli_args *a, struct err *e)
{
    const bool paths = cli_value_at(a, "from", 0) != NULL, kms = cli_value(a, "admin") != NULL;
    uint64_t days;

    TRY(cli_u64(a, "warn-days", COLLATERAL_WARN_DAYS_MAX, &days, e));
    if (paths == kms)
        return err_set(e, ERR_USAGE, "of what?  Either --from PATH or --admin " CLI_ADMIN_SOCKET);
    return paths ? status_of_paths(a, (int64_t)days * DAY_S, e)
                 : status_of_kms(a, (int64_t)days * DAY_S, e);
}

const struct cli_option collateral_status_options[] = {
    {"from", "PATH", "a folder or file of collateral", NULL, CLI_MANY},
    {"admin", "PATH", "the admin socket of a running KMS instead", NULL, CLI_OPTIONAL},
    {"warn-days", "N", "an alarm also for what ends within so many days", "0", CLI_OPTIONAL},
    {.name = NULL},
};
