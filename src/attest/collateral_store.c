#include "attest/collateral_store.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "attest/collateral_fetch.h"
#include "attest/collateral_report.h"
#include "crypto/random.h"
#include "net/rate.h"

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull
#define TICK_S    30 /* the thread looks at least so often: the clock may be a test's */

/* A place for one object, whether it is held or not. */
struct slot {
    bool used, pinned;
    bool fetching;  /* by one thread, which alone writes object, text and origin */
    unsigned users; /* threads that come back to it */
    enum collateral_kind kind;
    struct collateral_query key;
    collateral_object *object; /* NULL: none */
    struct collateral_text text;
    const char *origin; /* of object */
    int64_t fetched;
    struct err problem; /* of the last try */
    enum attest_fault fault;
    unsigned failures;
    uint64_t next_ns; /* no fetch before this */
    uint64_t asked;   /* a counter: least recently asked is dropped first */
};

struct collateral_store {
    struct collateral_store_config config;
    struct collateral_source source;
    struct collateral_origin origins[COLLATERAL_ORIGINS_MAX];
    size_t n_origins;
    collateral_floors *floors;
    rate *newcomers;

    pthread_mutex_t lock; /* never held over a fetch, a signature or a file */
    pthread_cond_t changed;
    struct slot *slots; /* max_objects */
    uint64_t counter;
    struct collateral_store_stats stats;
    pthread_t thread;
    bool running, stop;
};

static uint64_t now_ns(const collateral_store *s)
{
    return clock_ns(s->config.clock);
}

/* ---- places ---- */

/* Of a query what distinguishes objects of this kind. */
static struct collateral_query key_of(const struct collateral_query *q, enum collateral_kind kind)
{
    struct collateral_query key = {.root = q->root};

    if (kind == COLLATERAL_TCB_INFO || kind == COLLATERAL_QE_IDENTITY)
        key.tee = q->tee;
    if (kind == COLLATERAL_TCB_INFO)
        memcpy(key.fmspc, q->fmspc, sizeof key.fmspc);
    if (kind == COLLATERAL_PCK_CRL)
        key.ca = q->ca;
    return key;
}

static bool key_eq(const struct collateral_query *a, const struct collateral_query *b)
{
    return a->root == b->root && a->tee == b->tee && a->ca == b->ca &&
           bytes_eq(BYTES(a->fmspc), BYTES(b->fmspc));
}

static struct slot *find(collateral_store *s, enum collateral_kind kind,
                         const struct collateral_query *key)
{
    for (size_t i = 0; i < s->config.max_objects; i++) {
        struct slot *x = &s->slots[i];

        if (x->used && x->kind == kind && key_eq(&x->key, key))
            return x;
    }
    return NULL;
}

static void slot_clear(struct slot *x)
{
    if (x->object)
        collateral_object_unref(x->object);
    collateral_text_done(&x->text);
    *x = (struct slot){0};
}

/* Who goes first: what was not to be had, then what was not asked for longest.  Objects that all
 * platforms share, and a node's own, stay. */
static bool goes_before(const struct slot *a, const struct slot *b)
{
    if (!a->object != !b->object)
        return !a->object;
    return a->asked < b->asked;
}

static struct slot *make_room(collateral_store *s)
{
    struct slot *worst = NULL;

    for (size_t i = 0; i < s->config.max_objects; i++) {
        struct slot *x = &s->slots[i];

        if (!x->used)
            return x;
        if (x->pinned || x->fetching || x->users || x->kind != COLLATERAL_TCB_INFO)
            continue;
        if (!worst || goes_before(x, worst))
            worst = x;
    }
    if (worst) {
        slot_clear(worst);
        s->stats.dropped++;
    }
    return worst;
}

/* The place of an object, made when there is none; NULL: not now, e says why. */
static struct slot *place_of(collateral_store *s, enum collateral_kind kind,
                             const struct collateral_query *q, struct err *e)
{
    const struct collateral_query key = key_of(q, kind);
    struct slot *x = find(s, kind, &key);
    unsigned wait = 0;

    if (!x) {
        if (kind == COLLATERAL_TCB_INFO &&
            !rate_take(s->newcomers, (struct bytes){0}, now_ns(s), &wait)) {
            s->stats.refused++;
            err_set(e, ERR_BUSY,
                    "too many platforms that this node has not met before; try again in %u s",
                    wait);
            return NULL;
        }
        x = make_room(s);
        if (!x) {
            err_set(e, ERR_BUSY, "as many objects as are kept are in use");
            return NULL;
        }
        *x = (struct slot){.used = true, .kind = kind, .key = key};
    }
    x->asked = ++s->counter;
    return x;
}

/* ---- what a fetch brought, with the lock ---- */

/* A moment between 3/4 and all of a span, so that the nodes of the world do not ask all at once. */
static uint64_t some_time(uint64_t seconds)
{
    uint8_t r8[4];
    uint32_t r;

    random_bytes(r8, sizeof r8);
    memcpy(&r, r8, sizeof r);
    return seconds * NS_PER_S / 4 * 3 + (seconds * NS_PER_S / 4) / UINT32_MAX * r;
}

static uint64_t wait_good(const collateral_store *s, const struct collateral_catch *c)
{
    int64_t left = c->object->next_update - clock_unix(s->config.clock);
    uint64_t most = c->origin->refresh_s ? c->origin->refresh_s : s->config.refresh_s;

    if (left < COLLATERAL_RETRY_S * 2)
        most = COLLATERAL_RETRY_S;
    else if ((uint64_t)left / 2 < most)
        most = (uint64_t)left / 2;
    return some_time(most);
}

static uint64_t wait_bad(unsigned failures)
{
    uint64_t seconds = COLLATERAL_RETRY_S;

    for (unsigned i = 1; i < failures && seconds < COLLATERAL_RETRY_MOST_S; i++)
        seconds *= 2;
    return some_time(seconds < COLLATERAL_RETRY_MOST_S ? seconds : COLLATERAL_RETRY_MOST_S);
}

static void keep(struct slot *x, struct collateral_catch *c)
{
    collateral_object *old = x->object;
    struct collateral_text old_text = x->text;

    x->object = c->object;
    x->text = c->text;
    x->origin = c->origin->name;
    c->object = old;
    c->text = old_text;
}

/* What is not kept: the older one, and one whose evaluation number cannot be remembered.  Without
 * the lock: of this place nobody else changes the object now. */
static void judge(collateral_store *s, const struct slot *x, struct collateral_catch *c)
{
    char had[21], has[21];

    if (!c->object)
        return;
    if (x->object && c->object->issued < x->object->issued) {
        clock_format(x->object->issued, had);
        clock_format(c->object->issued, has);
        err_set(&c->e, ERR_UPSTREAM, "%s has a %s of %s, this node one of %s: it is not replaced",
                c->origin->name, collateral_kind_name(x->kind), has, had);
        return;
    }
    (void)!collateral_floor_raise(s->floors, &x->key, x->kind, collateral_number(c->object), &c->e);
}

static void land(collateral_store *s, struct slot *x, struct collateral_catch *c)
{
    x->fetching = false;
    x->problem = c->e;
    x->fault = c->fault;
    if (c->e.code != ERR_OK) {
        s->stats.failed++;
        x->failures++;
        x->next_ns = now_ns(s) + wait_bad(x->failures);
        return;
    }
    s->stats.fetched++;
    x->failures = 0;
    x->fetched = clock_unix(s->config.clock);
    x->next_ns = now_ns(s) + wait_good(s, c);
    keep(x, c);
}

/* Of a place that the caller has marked as fetching; without the lock. */
static void fetch_into(collateral_store *s, struct slot *x, uint64_t end_ns)
{
    const struct collateral_sources from = {.origins = s->origins,
                                            .n_origins = s->n_origins,
                                            .roots = s->config.roots,
                                            .cache = s->config.cache,
                                            .floors = s->floors,
                                            .clock = s->config.clock};
    struct collateral_catch c AUTO_CALL(collateral_catch_done) = {0};
    const uint64_t began = clock_ns(&clock_system);

    collateral_fetch(&from, x->kind, &x->key, end_ns, &c);
    judge(s, x, &c);
    collateral_count_fetch(x->kind, c.e.code == ERR_OK, clock_ns(&clock_system) - began);
    pthread_mutex_lock(&s->lock);
    land(s, x, &c);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* ---- the source ---- */

static void hand_out(const struct slot *x, struct collateral *ret)
{
    enum collateral_kind k = x->kind;

    if (x->object) {
        ret->part[k] = collateral_object_ref(x->object);
        return;
    }
    ret->problem[k].fault = x->fault;
    snprintf(ret->problem[k].detail, sizeof ret->problem[k].detail, "%.199s", x->problem.msg);
}

/* Held and in force, or to be fetched only later. */
static bool is_settled(const collateral_store *s, const struct slot *x, int64_t now)
{
    if (x->object && now < x->object->next_update)
        return true;
    return now_ns(s) < x->next_ns;
}

static void deadline(struct timespec *ret, uint64_t end_ns)
{
    *ret = (struct timespec){.tv_sec = (time_t)(end_ns / NS_PER_S),
                             .tv_nsec = (long)(end_ns % NS_PER_S)};
}

/* With the lock, which is let go for a fetch. */
static void get_one(collateral_store *s, enum collateral_kind kind,
                    const struct collateral_query *q, int64_t now, uint64_t end_ns,
                    struct collateral *ret)
{
    struct err e = {0};
    struct slot *x = place_of(s, kind, q, &e);
    struct timespec until;
    bool waited = false;

    deadline(&until, end_ns);
    while (x && !is_settled(s, x, now)) {
        if (!x->fetching) {
            x->fetching = true;
            x->users++;
            pthread_mutex_unlock(&s->lock);
            fetch_into(s, x, end_ns);
            pthread_mutex_lock(&s->lock);
            x->users--;
            break;
        }
        if (!waited)
            s->stats.waited++;
        waited = true;
        if (pthread_cond_timedwait(&s->changed, &s->lock, &until) == ETIMEDOUT) {
            err_set(&e, ERR_TIMEOUT, "%s: somebody else's fetch takes long",
                    collateral_kind_name(kind));
            break;
        }
        x = place_of(s, kind, q, &e); /* it may have been dropped meanwhile */
    }
    if (x && (x->object || e.code == ERR_OK))
        hand_out(x, ret);
    else
        snprintf(ret->problem[kind].detail, sizeof ret->problem[kind].detail, "%.199s", e.msg);
}

static void get(void *self, const struct collateral_query *q, int64_t now, struct collateral *ret)
{
    collateral_store *s = self;
    const uint64_t end = clock_ns(&clock_system) + s->config.get_ms * NS_PER_MS;

    *ret = (struct collateral){0};
    pthread_mutex_lock(&s->lock);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        const struct collateral_query key = key_of(q, (enum collateral_kind)k);
        const struct slot *x = find(s, (enum collateral_kind)k, &key);

        *(x && x->object ? &s->stats.hits : &s->stats.misses) += 1;
        get_one(s, (enum collateral_kind)k, q, now, end, ret);
    }
    pthread_mutex_unlock(&s->lock);
}

static uint32_t floor_of(void *self, const struct collateral_query *q, enum collateral_kind kind)
{
    const collateral_store *s = self;

    return collateral_floor(s->floors, q, kind);
}

const struct clock *collateral_store_clock(const collateral_store *s)
{
    return s->config.clock;
}

const struct collateral_source *collateral_store_source(collateral_store *s)
{
    return &s->source;
}

void collateral_store_pin(collateral_store *s, const struct collateral_query *q)
{
    struct err ignored;
    struct slot *x;

    pthread_mutex_lock(&s->lock);
    x = place_of(s, COLLATERAL_TCB_INFO, q, &ignored);
    if (x)
        x->pinned = true;
    pthread_mutex_unlock(&s->lock);
}

static void put_copy(struct buf *to, size_t max, const struct buf *from)
{
    *to = BUF(max);
    buf_put(to, buf_bytes(from));
}

enum err_code collateral_store_bundle(collateral_store *s, const struct collateral_query *q,
                                      struct collateral_bundle *ret, struct err *e)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};

    pthread_mutex_lock(&s->lock);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        const struct collateral_query key = key_of(q, (enum collateral_kind)k);
        const struct slot *x = find(s, (enum collateral_kind)k, &key);
        struct collateral_text *t = &b.text[k];

        if (!x || !x->object)
            continue;
        put_copy(&t->body, TCB_TEXT_MAX, &x->text.body);
        put_copy(&t->signature, 64, &x->text.signature);
        put_copy(&t->issuer_chain, COLLATERAL_CHAIN_MAX, &x->text.issuer_chain);
    }
    pthread_mutex_unlock(&s->lock);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        TRY(buf_check(&b.text[k].body, e));
        TRY(buf_check(&b.text[k].issuer_chain, e));
    }
    collateral_bundle_done(ret);
    *ret = b;
    b = (struct collateral_bundle){0};
    return ERR_OK;
}

/* ---- refreshing ---- */

/* The one whose time came first; NULL: none. */
static struct slot *due(collateral_store *s)
{
    struct slot *first = NULL;

    for (size_t i = 0; i < s->config.max_objects; i++) {
        struct slot *x = &s->slots[i];

        /* What was never to be had is not asked for again until somebody needs it. */
        if (!x->used || x->fetching || (!x->object && !x->pinned) || x->next_ns > now_ns(s))
            continue;
        if (!first || x->next_ns < first->next_ns)
            first = x;
    }
    return first;
}

bool collateral_store_refresh_one(collateral_store *s)
{
    struct slot *x;

    pthread_mutex_lock(&s->lock);
    x = due(s);
    if (x)
        x->fetching = true;
    pthread_mutex_unlock(&s->lock);
    if (x)
        fetch_into(s, x, clock_ns(&clock_system) + s->config.get_ms * NS_PER_MS);
    return x != NULL;
}

static void *refresh(void *self)
{
    collateral_store *s = self;
    struct timespec until;

    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        pthread_mutex_unlock(&s->lock);
        bool did = collateral_store_refresh_one(s);
        pthread_mutex_lock(&s->lock);
        if (did || s->stop)
            continue;
        deadline(&until, clock_ns(&clock_system) + TICK_S * NS_PER_S);
        (void)pthread_cond_timedwait(&s->changed, &s->lock, &until);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

enum err_code collateral_store_start(collateral_store *s, struct err *e)
{
    if (pthread_create(&s->thread, NULL, refresh, s) != 0)
        return err_set(e, ERR_NOMEM, "no thread for collateral");
    s->running = true;
    return ERR_OK;
}

void collateral_store_stop(collateral_store *s)
{
    if (!s->running)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    s->running = false;
}

/* ---- what can be seen ---- */

static void describe(const collateral_store *s, const struct slot *x, struct collateral_item *ret)
{
    const uint64_t now = now_ns(s);

    *ret = (struct collateral_item){
        .kind = x->kind,
        .query = x->key,
        .held = x->object != NULL,
        .fetched = x->fetched,
        .failures = x->failures,
        .refresh_in = x->next_ns > now ? (unsigned)((x->next_ns - now) / NS_PER_S) : 0,
    };
    if (x->object) {
        ret->issued = x->object->issued;
        ret->next_update = x->object->next_update;
        ret->evaluation_number = collateral_number(x->object);
        snprintf(ret->origin, sizeof ret->origin, "%s", x->origin);
    }
    if (x->problem.code != ERR_OK)
        snprintf(ret->problem, sizeof ret->problem, "%.511s", x->problem.msg);
}

size_t collateral_store_items(collateral_store *s, struct collateral_item *ret, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->config.max_objects && n < max; i++)
        if (s->slots[i].used)
            describe(s, &s->slots[i], &ret[n++]);
    pthread_mutex_unlock(&s->lock);
    return n;
}

void collateral_store_stats(collateral_store *s, struct collateral_store_stats *ret)
{
    pthread_mutex_lock(&s->lock);
    *ret = s->stats;
    pthread_mutex_unlock(&s->lock);
}

enum err_code collateral_store_saved(collateral_store *s, struct err *e)
{
    return collateral_floors_saved(s->floors, e);
}

/* ---- life ---- */

static void init_locks(collateral_store *s)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
}

enum err_code collateral_store_new(const struct collateral_store_config *config,
                                   collateral_store **ret, struct err *e)
{
    AUTO(collateral_store) s = calloc(1, sizeof *s);
    struct collateral_store_config *c;

    if (!s)
        return err_set(e, ERR_NOMEM, "store of collateral");
    init_locks(s);
    s->config = *config;
    c = &s->config;
    c->roots = c->roots ? c->roots : attest_roots();
    c->get_ms = c->get_ms ? c->get_ms : COLLATERAL_GET_MS;
    c->refresh_s = c->refresh_s ? c->refresh_s : COLLATERAL_REFRESH_S;
    c->max_objects = c->max_objects ? c->max_objects : COLLATERAL_STORE_MAX;
    c->newcomers = c->newcomers ? c->newcomers : COLLATERAL_NEWCOMERS;
    s->source = (struct collateral_source){.get = get, .floor = floor_of, .self = s};
    s->slots = calloc(c->max_objects, sizeof *s->slots);
    if (!s->slots)
        return err_set(e, ERR_NOMEM, "store of collateral");
    TRY(rate_new(1.0 / COLLATERAL_NEWCOMER_S, c->newcomers, 1, &s->newcomers, e));
    TRY(collateral_floors_new(c->state_file, c->roots, &s->floors, e));
    *ret = TAKE(s);
    return ERR_OK;
}

enum err_code collateral_store_add(collateral_store *s, struct collateral_origin *origin,
                                   struct err *e)
{
    if (s->n_origins == COLLATERAL_ORIGINS_MAX) {
        collateral_origin_done(origin);
        return err_set(e, ERR_TOO_LARGE, "more than %d origins of collateral",
                       COLLATERAL_ORIGINS_MAX);
    }
    s->origins[s->n_origins++] = *origin;
    *origin = (struct collateral_origin){0};
    return ERR_OK;
}

void collateral_store_free(collateral_store *s)
{
    collateral_store_stop(s);
    for (size_t i = 0; s->slots && i < s->config.max_objects; i++)
        slot_clear(&s->slots[i]);
    free(s->slots);
    for (size_t i = 0; i < s->n_origins; i++)
        collateral_origin_done(&s->origins[i]);
    if (s->floors)
        collateral_floors_free(s->floors);
    if (s->newcomers)
        rate_free(s->newcomers);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
