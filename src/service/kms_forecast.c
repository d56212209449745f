/* Until when this node's own evidence will be accepted, as metrics: asked anew every few minutes
 * and after each new quote, by the thread that watches. */
#include "attest/azure_evidence.h"
#include "attest/collateral_fetch.h"
#include "attest/collateral_report.h"
#include "base/log.h"
#include "service/kms_node.h"

#define NS_PER_S      1000000000ull
#define FORESEE_S     600
#define EARLY_S       86400 /* the early data is asked for so often, ... */
#define EARLY_RETRY_S 3600  /* ... and again after a failure */
#define EARLY_WAIT_S  5     /* for all of it: the thread has more to do */

enum err_code node_forecast_quote(kms_service *s, const struct evidence *ev, struct err *e)
{
    struct azure_evidence azure AUTO_CALL(azure_evidence_done) = {0};
    struct buf quote AUTO_CALL(buf_done) = BUF(EVIDENCE_QUOTE_MAX);
    struct bytes tdx = buf_bytes(&ev->quote);
    struct buf old;

    if (strcmp(ev->type, EVIDENCE_TYPE_AZURE_VTPM) == 0) {
        TRY(azure_evidence_decode(tdx, &azure, e));
        tdx = buf_bytes(&azure.tdx_quote);
    }
    buf_put(&quote, tdx);
    TRY(buf_check(&quote, e));
    pthread_mutex_lock(&s->lock);
    old = s->forecast.quote;
    s->forecast.quote = quote;
    s->forecast.next_ns = 0;
    pthread_mutex_unlock(&s->lock);
    quote = old; /* freed here */
    return ERR_OK;
}

void node_forecast_done(kms_service *s)
{
    buf_done(&s->forecast.quote);
    collateral_done(&s->forecast.early);
}

/* ---- the thread's ---- */

static void get_early_part(kms_service *s, collateral_floors *floors, enum collateral_kind kind,
                           const struct collateral_query *q, uint64_t end_ns, bool *good)
{
    const struct collateral_sources from = {.origins = s->config.early,
                                            .n_origins = 1,
                                            .roots = attest_roots(),
                                            .cache = s->config.objects,
                                            .floors = floors,
                                            .clock = s->config.clock};
    struct collateral_catch c AUTO_CALL(collateral_catch_done) = {0};

    collateral_fetch(&from, kind, q, end_ns, &c);
    if (!c.object) {
        *good = false;
        log_warn("early collateral", LOG_STR("part", collateral_kind_name(kind)),
                 LOG_STR("problem", c.e.msg));
        return;
    }
    if (s->forecast.early.part[kind])
        collateral_object_unref(s->forecast.early.part[kind]);
    s->forecast.early.part[kind] = TAKE(c.object);
}

/* TCB info and QE identity; the lists are those that are in force.  What could not be had stays as
 * it was. */
static void get_early(kms_service *s, const struct collateral_query *q)
{
    const uint64_t now = clock_ns(s->config.clock);
    const uint64_t end = clock_ns(&clock_system) + EARLY_WAIT_S * NS_PER_S;
    AUTO(collateral_floors) none = NULL; /* early numbers are above those of what counts */
    struct err e;
    bool good = true;

    if (!s->config.early || now < s->forecast.early_ns)
        return;
    if (collateral_floors_new(NULL, attest_roots(), &none, &e) != ERR_OK)
        return;
    get_early_part(s, none, COLLATERAL_TCB_INFO, q, end, &good);
    get_early_part(s, none, COLLATERAL_QE_IDENTITY, q, end, &good);
    s->forecast.early_ns = now + (good ? EARLY_S : EARLY_RETRY_S) * NS_PER_S;
}

/* A copy, so that nothing is verified with the lock. */
static bool take_question(kms_service *s, struct buf *ret_quote, struct collateral_query *ret)
{
    const uint64_t now = clock_ns(s->config.clock);
    bool due;

    pthread_mutex_lock(&s->lock);
    due = s->has_platform && s->forecast.quote.n > 0 && now >= s->forecast.next_ns;
    if (due) {
        s->forecast.next_ns = now + FORESEE_S * NS_PER_S;
        buf_put(ret_quote, buf_bytes(&s->forecast.quote));
        *ret = s->platform;
    }
    pthread_mutex_unlock(&s->lock);
    return due && ret_quote->n > 0;
}

void node_forecast(kms_service *s)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(EVIDENCE_QUOTE_MAX);
    struct collateral c AUTO_CALL(collateral_done) = {0};
    struct collateral_forecast f;
    struct collateral_query q;

    if (!s->config.collateral || !take_question(s, &quote, &q))
        return;
    get_early(s, &q);

    const struct attest_question question = {
        .quote = buf_bytes(&quote),
        .tee = q.tee,
        .roots = attest_roots(),
        .policy = s->judge.policy,
        .collateral = &c,
        .now = clock_unix(s->config.clock),
        .cache = s->platforms,
    };

    /* Once, and not by the verifier: at a later moment a store would look for what is newer. */
    s->config.collateral->get(s->config.collateral->self, &q, question.now, &c);
    collateral_forecast(&question,
                        s->forecast.early.part[COLLATERAL_TCB_INFO] ? &s->forecast.early : NULL,
                        FORECAST_ADOPTION_S, &f);
    pthread_mutex_lock(&s->lock);
    s->forecast.told = f;
    s->forecast.is_told = true;
    pthread_mutex_unlock(&s->lock);
}

/* ---- metrics ---- */

/* Of platforms that others came from, their collateral alone is known. */
static void put_held(kms_service *s, struct buf *out)
{
    const int64_t grace = s->config.security.policy.collateral_grace_s;
    struct collateral_item *items = calloc(COLLATERAL_STORE_MAX, sizeof *items);
    size_t n = items ? collateral_store_items(s->config.store, items, COLLATERAL_STORE_MAX) : 0;

    for (size_t i = 0; i < n; i++)
        if (items[i].held && items[i].kind == COLLATERAL_TCB_INFO)
            collateral_forecast_metric(FORECAST_HELD, "any", &items[i].query,
                                       items[i].next_update + grace, out);
    free(items);
}

void node_forecast_metrics(kms_service *s, struct buf *out)
{
    static const char *const own[] = {"own"};
    struct collateral_forecast f;
    bool told;

    pthread_mutex_lock(&s->lock);
    f = s->forecast.told;
    told = s->forecast.is_told;
    pthread_mutex_unlock(&s->lock);
    collateral_forecast_metrics(&f, own, told ? 1 : 0, out);
    if (s->config.store)
        put_held(s, out);
}
