/* Collateral of a serving node: its own platform's must be in force, the rest is watched and shown.
 */
#include <stdio.h>

#include "attest/collateral_report.h"
#include "base/log.h"
#include "service/kms_node.h"

typedef struct collateral_item item_list;
DEFINE_AUTO(item_list, free);

static struct collateral_item *items_of(collateral_store *store, size_t *ret_n)
{
    struct collateral_item *items = calloc(COLLATERAL_STORE_MAX, sizeof *items);

    *ret_n = items ? collateral_store_items(store, items, COLLATERAL_STORE_MAX) : 0;
    return items;
}

void node_collateral_own(kms_service *s, const struct attest_facts *facts)
{
    struct collateral_query q = {.tee = facts->tee, .ca = facts->ca, .root = facts->root};

    memcpy(q.fmspc, facts->pck.fmspc, sizeof q.fmspc);
    pthread_mutex_lock(&s->lock);
    s->platform = q;
    s->has_platform = true;
    pthread_mutex_unlock(&s->lock);
    if (s->config.store)
        collateral_store_pin(s->config.store, &q);
}

/* Is it one of those that this platform's evidence takes? */
static bool serves(const struct collateral_item *x, const struct collateral_query *q)
{
    if (x->query.root != q->root)
        return false;
    switch (x->kind) {
    case COLLATERAL_TCB_INFO:
        return x->query.tee == q->tee && bytes_eq(BYTES(x->query.fmspc), BYTES(q->fmspc));
    case COLLATERAL_QE_IDENTITY:
        return x->query.tee == q->tee;
    case COLLATERAL_PCK_CRL:
        return x->query.ca == q->ca;
    default:
        return true;
    }
}

enum err_code node_collateral_ready(kms_service *s, struct err *e)
{
    const int64_t grace = s->config.security.policy.collateral_grace_s;
    const int64_t now = clock_unix(s->config.clock);
    struct collateral_query q;
    bool has_platform;
    size_t n;

    pthread_mutex_lock(&s->lock);
    q = s->platform;
    has_platform = s->has_platform;
    pthread_mutex_unlock(&s->lock);
    if (!s->config.store || !has_platform)
        return ERR_OK;

    AUTO(item_list) items = items_of(s->config.store, &n);

    for (size_t i = 0; i < n; i++) {
        char name[128], ended[21];

        /* Not held: the evidence of this node was verified with what came otherwise. */
        if (!items[i].held || !serves(&items[i], &q) || now < items[i].next_update + grace)
            continue;
        collateral_item_name(&items[i], name, sizeof name);
        clock_format(items[i].next_update, ended);
        return err_set(e, ERR_LOCKED,
                       "own evidence no longer verifies: the %s has ended at %s%s%s; see `teereg "
                       "collateral status`",
                       name, ended, *items[i].problem ? ": " : "", items[i].problem);
    }
    return ERR_OK;
}

/* How many alarms there are, and the first of them. */
static size_t alarms_of(kms_service *s, size_t *ret_objects, char *ret, size_t size)
{
    const int64_t now = clock_unix(s->config.clock);
    size_t n, alarms = 0;
    AUTO(item_list) items = items_of(s->config.store, &n);
    char text[700];

    *ret = 0;
    *ret_objects = n;
    for (size_t i = 0; i < n; i++)
        if (collateral_alarm(&items[i], now, text, sizeof text) && alarms++ == 0)
            snprintf(ret, size, "%s", text);
    return alarms;
}

void node_collateral_watch(kms_service *s)
{
    char text[sizeof s->collateral_alarm];
    size_t n;
    bool changed;

    if (!s->config.store)
        return;
    (void)alarms_of(s, &n, text, sizeof text);
    pthread_mutex_lock(&s->lock);
    changed = strcmp(text, s->collateral_alarm) != 0;
    memcpy(s->collateral_alarm, text, sizeof text);
    pthread_mutex_unlock(&s->lock);
    if (changed && *text)
        log_warn("collateral", LOG_STR("alarm", text));
    else if (changed)
        log_info("collateral: no alarm any more");
}

enum err_code node_collateral_put(kms_service *s, json *status, struct err *e)
{
    AUTO(json) o = NULL;
    char worst[700];
    size_t objects, alarms;

    if (!s->config.store)
        return ERR_OK;
    alarms = alarms_of(s, &objects, worst, sizeof worst);
    TRY(json_new_object(&o, e));
    TRY(json_put_u64(o, "objects", objects, e));
    TRY(json_put_u64(o, "alarms", alarms, e));
    if (alarms > 0)
        TRY(json_put_str(o, "worst", worst, e));
    return json_put(status, "collateral", TAKE(o), e);
}

static enum err_code describe(const kms_service *s, struct buf *ret, struct err *e)
{
    AUTO(json) o = NULL;

    TRY(collateral_store_json(s->config.store, &o, e));
    return json_write(o, JSON_COMPACT, ret, e);
}

void node_collateral_route(void *self, const struct http_request *req, struct http_response *ret)
{
    kms_service *s = self;
    struct err e = {0};

    if (!s->config.store) {
        node_refuse(s, req, ret, ERR_NOT_FOUND, "this node keeps no collateral", "collateral", &e);
        return;
    }
    buf_clear(&ret->body);
    if (describe(s, &ret->body, &e) == ERR_OK)
        ret->status = 200;
    else
        node_refuse(s, req, ret, ERR_INTERNAL, NULL, "collateral", &e);
}
