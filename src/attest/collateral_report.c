#include "attest/collateral_report.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "attest/collateral_fetch.h"
#include "base/codec.h"
#include "base/metrics.h"

#define LABELS_MAX 96
/* Collateral is in force for 30 days and anew every day: a week without it needs an explanation. */
#define LEFT_ALARM_S (5 * 86400)

static const char *const kind_words[COLLATERAL_KINDS] = {
    [COLLATERAL_TCB_INFO] = "tcb_info",
    [COLLATERAL_QE_IDENTITY] = "qe_identity",
    [COLLATERAL_ROOT_CRL] = "root_crl",
    [COLLATERAL_PCK_CRL] = "pck_crl",
};

static struct metric fetches[COLLATERAL_KINDS][2];
static char fetch_labels[COLLATERAL_KINDS][2][LABELS_MAX];
static struct metric seconds = {.name = "teereg_collateral_fetch_seconds",
                                .help = "Time that a fetch of one collateral object took.",
                                .kind = METRIC_HISTOGRAM};

static void register_once(void)
{
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        for (size_t good = 0; good < 2; good++) {
            struct metric *m = &fetches[k][good];

            snprintf(fetch_labels[k][good], LABELS_MAX, "kind=\"%s\",result=\"%s\"", kind_words[k],
                     good ? "good" : "failed");
            m->name = "teereg_collateral_fetches_total";
            m->help = "Fetches of collateral objects.";
            m->labels = fetch_labels[k][good];
            m->kind = METRIC_COUNTER;
            metrics_register(m);
        }
    }
    metrics_register(&seconds);
}

void collateral_metrics_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_once);
}

void collateral_count_fetch(enum collateral_kind kind, bool good, uint64_t ns)
{
    metric_add(&fetches[kind][good], 1);
    metric_observe_ns(&seconds, ns);
}

/* ---- words ---- */

const char *collateral_tee_word(enum quote_tee tee)
{
    return tee == QUOTE_TEE_TDX ? "tdx" : "sgx";
}

const char *collateral_ca_word(enum pck_ca ca)
{
    return ca == PCK_CA_PLATFORM ? "platform" : "processor";
}

void collateral_item_name(const struct collateral_item *item, char *ret, size_t size)
{
    char fmspc[HEX_LEN(6)];

    hex_encode(BYTES(item->query.fmspc), fmspc);
    switch (item->kind) {
    case COLLATERAL_TCB_INFO:
        snprintf(ret, size, "TCB info of %s platforms %s", collateral_tee_word(item->query.tee),
                 fmspc);
        break;
    case COLLATERAL_QE_IDENTITY:
        snprintf(ret, size, "QE identity of %s", collateral_tee_word(item->query.tee));
        break;
    case COLLATERAL_PCK_CRL:
        snprintf(ret, size, "PCK CRL of the %s CA", collateral_ca_word(item->query.ca));
        break;
    default:
        snprintf(ret, size, "%s", collateral_kind_name(item->kind));
    }
}

void collateral_item_of(const collateral_object *o, struct collateral_item *ret)
{
    *ret = (struct collateral_item){.kind = o->kind,
                                    .query = {.root = o->root},
                                    .held = true,
                                    .issued = o->issued,
                                    .next_update = o->next_update,
                                    .evaluation_number = collateral_number(o)};
    if (o->kind == COLLATERAL_TCB_INFO) {
        ret->query.tee = o->tcb_info.tee;
        memcpy(ret->query.fmspc, o->tcb_info.fmspc, sizeof ret->query.fmspc);
    } else if (o->kind == COLLATERAL_QE_IDENTITY) {
        ret->query.tee = o->qe_identity.tee;
    } else if (o->kind == COLLATERAL_PCK_CRL) {
        ret->query.ca =
            collateral_of_ca(o->crl.issuer, PCK_CA_PLATFORM) ? PCK_CA_PLATFORM : PCK_CA_PROCESSOR;
    }
}

bool collateral_alarm(const struct collateral_item *item, int64_t now, char *ret, size_t size)
{
    char name[128], when[21];

    if (!item->held)
        return false;
    collateral_item_name(item, name, sizeof name);
    clock_format(item->next_update, when);
    if (now >= item->next_update)
        snprintf(ret, size, "%s has ended at %s%s%s", name, when, *item->problem ? ": " : "",
                 item->problem);
    else if (item->failures > 0 && item->next_update - now < LEFT_ALARM_S)
        snprintf(ret, size, "%s ends at %s and could not be refreshed %u times: %s", name, when,
                 item->failures, item->problem);
    else
        return false;
    return true;
}

/* ---- metrics ---- */

static void put_labels(struct buf *out, const struct collateral_item *item)
{
    buf_printf(out, "{kind=\"%s\"", kind_words[item->kind]);
    if (item->kind == COLLATERAL_TCB_INFO || item->kind == COLLATERAL_QE_IDENTITY)
        buf_printf(out, ",tee=\"%s\"", collateral_tee_word(item->query.tee));
    if (item->kind == COLLATERAL_TCB_INFO) {
        buf_put_str(out, ",fmspc=\"");
        hex_put(out, BYTES(item->query.fmspc));
        buf_put_u8(out, '"');
    }
    if (item->kind == COLLATERAL_PCK_CRL)
        buf_printf(out, ",ca=\"%s\"", collateral_ca_word(item->query.ca));
    if (item->query.root && item->query.root->development)
        buf_put_str(out, ",root=\"development\"");
    buf_put_u8(out, '}');
}

static int64_t age_of(const struct collateral_item *item, int64_t now)
{
    return now - item->issued;
}
static int64_t left_of(const struct collateral_item *item, int64_t now)
{
    return item->next_update - now;
}
static int64_t number_of(const struct collateral_item *item, int64_t now)
{
    (void)now;
    return item->evaluation_number;
}

static const struct {
    const char *name, *help;
    int64_t (*value)(const struct collateral_item *item, int64_t now);
    bool numbered; /* only of kinds that have evaluation numbers */
} gauges[] = {
    {"teereg_collateral_age_seconds", "Since the object was issued.", age_of, false},
    {"teereg_collateral_seconds_left", "Until its nextUpdate.", left_of, false},
    {"teereg_collateral_evaluation_number", "Its tcbEvaluationDataNumber.", number_of, true},
};

static void put_counter(struct buf *out, const char *name, const char *help, uint64_t v)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s counter\n%s %" PRIu64 "\n", name, help, name, name, v);
}

/* The items, in memory of the caller's to free; NULL: none. */
static struct collateral_item *items_of(collateral_store *s, size_t *ret_n)
{
    struct collateral_item *items = calloc(COLLATERAL_STORE_MAX, sizeof *items);

    *ret_n = items ? collateral_store_items(s, items, COLLATERAL_STORE_MAX) : 0;
    return items;
}
typedef struct collateral_item item_list;
DEFINE_AUTO(item_list, free);

void collateral_metrics_write(collateral_store *s, struct buf *out)
{
    struct collateral_store_stats stats;
    const int64_t now = clock_unix(collateral_store_clock(s));
    size_t n;
    AUTO(item_list) items = items_of(s, &n);

    for (size_t g = 0; g < sizeof gauges / sizeof *gauges; g++) {
        buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", gauges[g].name, gauges[g].help,
                   gauges[g].name);
        for (size_t i = 0; i < n; i++) {
            if (!items[i].held || (gauges[g].numbered && !items[i].evaluation_number))
                continue;
            buf_put_str(out, gauges[g].name);
            put_labels(out, &items[i]);
            buf_printf(out, " %" PRId64 "\n", gauges[g].value(&items[i], now));
        }
    }
    collateral_store_stats(s, &stats);
    put_counter(out, "teereg_collateral_hits_total", "Objects that were held when needed.",
                stats.hits);
    put_counter(out, "teereg_collateral_misses_total", "Objects that were not.", stats.misses);
    put_counter(out, "teereg_collateral_newcomers_refused_total",
                "Unknown platforms over the rate.", stats.refused);
}

/* ---- JSON ---- */

enum err_code collateral_time_json(json *o, const char *name, int64_t t, struct err *e)
{
    char text[21];

    clock_format(t, text);
    return json_put_str(o, name, text, e);
}

enum err_code collateral_item_json(const struct collateral_item *x, json *o, struct err *e)
{
    TRY(json_put_str(o, "kind", kind_words[x->kind], e));
    if (x->kind == COLLATERAL_TCB_INFO || x->kind == COLLATERAL_QE_IDENTITY)
        TRY(json_put_str(o, "tee", collateral_tee_word(x->query.tee), e));
    if (x->kind == COLLATERAL_TCB_INFO)
        TRY(json_put_hex(o, "fmspc", BYTES(x->query.fmspc), e));
    if (x->kind == COLLATERAL_PCK_CRL)
        TRY(json_put_str(o, "ca", collateral_ca_word(x->query.ca), e));
    TRY(json_put_bool(o, "held", x->held, e));
    if (x->held) {
        TRY(collateral_time_json(o, "issued", x->issued, e));
        TRY(collateral_time_json(o, "next_update", x->next_update, e));
        if (x->evaluation_number)
            TRY(json_put_u64(o, "evaluation_number", x->evaluation_number, e));
    }
    if (*x->origin)
        TRY(json_put_str(o, "origin", x->origin, e));
    if (*x->problem)
        TRY(json_put_str(o, "problem", x->problem, e));
    return ERR_OK;
}

static enum err_code put_item(const struct collateral_item *x, json *list, struct err *e)
{
    AUTO(json) o = NULL;

    TRY(json_new_object(&o, e));
    TRY(collateral_item_json(x, o, e));
    if (x->held)
        TRY(collateral_time_json(o, "fetched", x->fetched, e));
    TRY(json_put_u64(o, "refresh_in_seconds", x->refresh_in, e));
    return json_append(list, TAKE(o), e);
}

static enum err_code put_alarms(const struct collateral_item *items, size_t n, int64_t now,
                                collateral_store *s, json *out, struct err *e)
{
    AUTO(json) list = NULL;
    struct err saved;
    char text[700];

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < n; i++)
        if (collateral_alarm(&items[i], now, text, sizeof text))
            TRY(json_append_str(list, text, e));
    if (collateral_store_saved(s, &saved) != ERR_OK)
        TRY(json_append_str(list, saved.msg, e));
    return json_put(out, "alarms", TAKE(list), e);
}

enum err_code collateral_store_json(collateral_store *s, json **ret, struct err *e)
{
    const int64_t now = clock_unix(collateral_store_clock(s));
    struct collateral_store_stats stats;
    AUTO(json) objects = NULL;
    AUTO(json) o = NULL;
    size_t n;
    AUTO(item_list) items = items_of(s, &n);

    TRY(json_new_object(&o, e));
    TRY(json_new_array(&objects, e));
    for (size_t i = 0; i < n; i++)
        TRY(put_item(&items[i], objects, e));
    TRY(json_put(o, "objects", TAKE(objects), e));
    TRY(put_alarms(items, n, now, s, o, e));
    collateral_store_stats(s, &stats);
    TRY(json_put_u64(o, "hits", stats.hits, e));
    TRY(json_put_u64(o, "misses", stats.misses, e));
    TRY(json_put_u64(o, "fetched", stats.fetched, e));
    TRY(json_put_u64(o, "failed", stats.failed, e));
    *ret = TAKE(o);
    return ERR_OK;
}
