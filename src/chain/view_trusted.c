/* view_trusted - see view_trusted.h. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include "base/codec.h"
#include "chain/fact_cache.h"
#include "chain/node_read.h"
#include "chain/view_trusted.h"

#ifdef TEEREG_DEV_ROOTS

#define MAX_AGE_S    3600
#define MAX_AHEAD_S  60
#define SLOT_MS      12000
#define RETRY_MS     1000   /* after a failed refresh, and before a refresh out of turn */
#define SILENCE_MS   120000 /* without a good answer: then nothing is granted any more */
#define PREFETCH_MAX 512
#define KNOWN_MAX    32 /* blocks that were found canonical */
#define AHEAD_MAX    64 /* blocks before our newest that are waited for */
#define NS_PER_MS    1000000u

struct view_trusted {
    rpc *node;
    const struct clock *clock;
    uint64_t chain_id, max_age_s, max_ahead_s;
    unsigned slot_ms;
    bool background;
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t lock; /* of all below; never held while the node is asked */
    pthread_cond_t ended;
    bool stop, refreshing;
    struct finalized_block newest;
    uint64_t tried_ns, good_ns; /* last refresh begun; last one that succeeded */
    struct err fault;           /* of the last refresh; ERR_OK: none */
    struct fact_cache cache;
    struct finalized_block known[KNOWN_MAX];
    size_t n_known;
};
typedef struct view_trusted view_trusted;

static uint64_t ms_since(const view_trusted *v, uint64_t ns)
{
    return (clock_ns(v->clock) - ns) / NS_PER_MS;
}

/* ---- refresh ---- */

/* What the node says is final now, after it showed the right chain and the history we know. */
static enum err_code ask_newest(view_trusted *v, const struct finalized_block *last,
                                struct finalized_block *ret, struct err *e)
{
    struct finalized_block found, again;
    uint64_t chain_id;
    bool known;

    TRY(node_read_head(v->node, last ? &last->ref.number : NULL, &chain_id, &found, &again, &known,
                       e));
    if (chain_id != v->chain_id)
        return err_set(e, ERR_VERIFY, "chain id: found %llu at %s, expected %llu",
                       (unsigned long long)chain_id, rpc_host(v->node),
                       (unsigned long long)v->chain_id);
    if (!last) {
        *ret = found;
        return ERR_OK;
    }
    if (known && !hash32_eq(&again.ref.hash, &last->ref.hash))
        return err_set(e, ERR_VERIFY, "%s: block %llu was final and is another now",
                       rpc_host(v->node), (unsigned long long)last->ref.number);
    if (!known && found.ref.number >= last->ref.number)
        return err_set(e, ERR_VERIFY, "%s: block %llu was final and is gone", rpc_host(v->node),
                       (unsigned long long)last->ref.number);
    if (!known)
        return err_set(e, ERR_UPSTREAM, "%s is behind: it does not know block %llu yet",
                       rpc_host(v->node), (unsigned long long)last->ref.number);
    /* Balanced nodes are not equally far: what was final stays so. */
    *ret = found.ref.number >= last->ref.number ? found : *last;
    return ERR_OK;
}

/* Reads at the new block, in as few requests as may be, what was of use at the last ones.  A
 * failure costs only that those who ask will have to read themselves. */
static facts *prefetch(view_trusted *v, const struct finalized_block *at)
{
    AUTO(facts) next = NULL;
    struct fact_key *keys = calloc(PREFETCH_MAX, sizeof *keys);
    struct hash32 *values = calloc(PREFETCH_MAX, sizeof *values);
    struct err ignored;
    size_t n = 0;

    if (keys && values && facts_new(&next, &ignored) == ERR_OK) {
        pthread_mutex_lock(&v->lock);
        n = fact_cache_wanted(&v->cache, keys, PREFETCH_MAX);
        pthread_mutex_unlock(&v->lock);
        if (n > 0 && node_read_facts(v->node, &at->ref, keys, n, values, &ignored) == ERR_OK)
            for (size_t i = 0; i < n; i++)
                facts_put(next, &keys[i], &values[i]);
    }
    free(keys);
    free(values);
    return TAKE(next);
}

/* With the lock held, which it gives up while the node is asked. */
static void refresh(view_trusted *v)
{
    struct finalized_block last = v->newest, found = {0};
    facts *next = NULL;
    struct err e = {0};
    enum err_code code;
    bool advanced;

    v->refreshing = true;
    v->tried_ns = clock_ns(v->clock);
    pthread_mutex_unlock(&v->lock);

    code = ask_newest(v, &last, &found, &e);
    advanced = code == ERR_OK && !hash32_eq(&found.ref.hash, &last.ref.hash);
    if (advanced)
        next = prefetch(v, &found);

    pthread_mutex_lock(&v->lock);
    if (advanced) {
        fact_cache_advance(&v->cache, &found.ref.hash, next);
        v->newest = found;
    }
    if (code == ERR_OK) {
        v->good_ns = clock_ns(v->clock);
        v->fault = (struct err){0};
    } else {
        v->fault = e;
    }
    v->refreshing = false;
    pthread_cond_broadcast(&v->ended);
}

static void *refresh_for_ever(void *self)
{
    view_trusted *v = self;

    pthread_mutex_lock(&v->lock);
    while (!v->stop) {
        unsigned ms = v->fault.code != ERR_OK && v->slot_ms > RETRY_MS ? RETRY_MS : v->slot_ms;
        const struct timespec until = clock_after(ms);

        while (!v->stop && pthread_cond_timedwait(&v->ended, &v->lock, &until) != ETIMEDOUT)
            ;
        if (!v->stop && !v->refreshing)
            refresh(v);
    }
    pthread_mutex_unlock(&v->lock);
    return NULL;
}

/* ---- the interface ---- */

static bool due(const view_trusted *v)
{
    uint64_t ms = ms_since(v, v->tried_ns);

    if (v->fault.code != ERR_OK && ms >= RETRY_MS)
        return true;
    return ms >= v->slot_ms;
}

/* What may be handed out now; with the lock held. */
static enum err_code judge(const view_trusted *v, struct finalized_block *ret, struct err *e)
{
    /* Another chain or another history is no outage: nothing known before counts any more. */
    if (v->fault.code == ERR_VERIFY ||
        (v->fault.code != ERR_OK && ms_since(v, v->good_ns) > SILENCE_MS)) {
        *e = v->fault;
        return e->code;
    }
    if (ms_since(v, v->good_ns) > SILENCE_MS + v->slot_ms && v->background)
        return err_set(e, ERR_TIMEOUT, "%s: no answer for %llu s", rpc_host(v->node),
                       (unsigned long long)(ms_since(v, v->good_ns) / 1000));
    TRY(chain_block_fresh(&v->newest, clock_unix(v->clock), v->max_age_s, v->max_ahead_s, e));
    *ret = v->newest;
    return ERR_OK;
}

static enum err_code do_finalized(void *self, struct finalized_block *ret, struct err *e)
{
    view_trusted *v = self;
    struct finalized_block b = {0};
    enum err_code code;

    pthread_mutex_lock(&v->lock);
    /* While one asks, the others go on with the block that is known; but after a pause, in which
     * nobody asked, it may be any number of slots old, and they wait. */
    if (!v->background && !v->refreshing && due(v))
        refresh(v);
    while (!v->background && v->refreshing && v->fault.code == ERR_OK &&
           ms_since(v, v->good_ns) > 2 * (uint64_t)v->slot_ms)
        pthread_cond_wait(&v->ended, &v->lock);
    code = judge(v, &b, e);
    pthread_mutex_unlock(&v->lock);
    if (code == ERR_OK)
        *ret = b;
    return code;
}

static enum err_code do_read(void *self, const struct finalized_block *at,
                             const struct addr *contract, const struct hash32 *slots, size_t n,
                             struct hash32 *ret_values, struct hash32 *ret_code_hash, struct err *e)
{
    view_trusted *v = self;
    struct fact_key keys[CHAIN_SLOTS_MAX + 1] = {0}, missing[CHAIN_SLOTS_MAX + 1];
    struct hash32 values[CHAIN_SLOTS_MAX + 1], fetched[CHAIN_SLOTS_MAX + 1];
    size_t at_index[CHAIN_SLOTS_MAX + 1], n_missing = 0;

    keys[0] = (struct fact_key){.contract = *contract, .code = true};
    for (size_t i = 0; i < n; i++)
        keys[i + 1] = (struct fact_key){.contract = *contract, .slot = slots[i]};
    pthread_mutex_lock(&v->lock);
    for (size_t i = 0; i < n + 1; i++)
        if (!fact_cache_get(&v->cache, &at->ref.hash, &keys[i], &values[i])) {
            at_index[n_missing] = i;
            missing[n_missing++] = keys[i];
        }
    pthread_mutex_unlock(&v->lock);
    if (n_missing > 0) {
        TRY(node_read_facts(v->node, &at->ref, missing, n_missing, fetched, e));
        pthread_mutex_lock(&v->lock);
        for (size_t i = 0; i < n_missing; i++) {
            values[at_index[i]] = fetched[i];
            fact_cache_put(&v->cache, &at->ref.hash, &missing[i], &fetched[i]);
        }
        pthread_mutex_unlock(&v->lock);
    }
    if (hash32_is_zero(&values[0])) {
        char hex[HEX_LEN(20)];

        hex_encode(BYTES_OF(*contract), hex);
        return err_set(e, ERR_NOT_FOUND, "there is no contract at 0x%s in block %llu", hex,
                       (unsigned long long)at->ref.number);
    }
    for (size_t i = 0; i < n; i++)
        ret_values[i] = values[i + 1];
    if (ret_code_hash)
        *ret_code_hash = values[0];
    return ERR_OK;
}

static bool find_known(view_trusted *v, const struct block_ref *ref, struct finalized_block *ret)
{
    if (v->newest.ref.number == ref->number && hash32_eq(&v->newest.ref.hash, &ref->hash)) {
        *ret = v->newest;
        return true;
    }
    for (size_t i = 0; i < KNOWN_MAX && i < v->n_known; i++)
        if (v->known[i].ref.number == ref->number && hash32_eq(&v->known[i].ref.hash, &ref->hash)) {
            *ret = v->known[i];
            return true;
        }
    return false;
}

/* Whoever named a block may be some seconds ahead of us: look again, but not more often than at
 * RETRY_MS, whoever wishes it; for that the lock is given up once.  A block far ahead is not worth
 * the wait. */
static void catch_up(view_trusted *v, uint64_t number)
{
    uint64_t least = v->slot_ms < RETRY_MS ? v->slot_ms : RETRY_MS, ms = ms_since(v, v->tried_ns);

    if (ms < least && number <= v->newest.ref.number + AHEAD_MAX) {
        const struct timespec rest = {.tv_sec = (time_t)((least - ms) / 1000),
                                      .tv_nsec = (long)((least - ms) % 1000 * NS_PER_MS)};

        pthread_mutex_unlock(&v->lock);
        nanosleep(&rest, NULL);
        pthread_mutex_lock(&v->lock);
    }
    if (number > v->newest.ref.number && !v->refreshing && ms_since(v, v->tried_ns) >= least)
        refresh(v);
}

static enum err_code do_block(void *self, const struct block_ref *ref, struct finalized_block *ret,
                              struct err *e)
{
    view_trusted *v = self;
    struct finalized_block newest, found;
    bool known;

    TRY(do_finalized(v, &newest, e));
    pthread_mutex_lock(&v->lock);
    if (ref->number > v->newest.ref.number)
        catch_up(v, ref->number);
    newest = v->newest;
    known = find_known(v, ref, &found);
    pthread_mutex_unlock(&v->lock);
    if (known) {
        *ret = found;
        return ERR_OK;
    }
    if (ref->number > newest.ref.number)
        return err_set(e, ERR_VERIFY, "block %llu is not final here: the newest final one is %llu",
                       (unsigned long long)ref->number, (unsigned long long)newest.ref.number);
    TRY(node_read_block(v->node, ref->number, &found, e));
    if (!hash32_eq(&found.ref.hash, &ref->hash))
        return err_set(e, ERR_VERIFY, "block %llu has another hash in this chain",
                       (unsigned long long)ref->number);
    pthread_mutex_lock(&v->lock);
    v->known[v->n_known++ % KNOWN_MAX] = found;
    pthread_mutex_unlock(&v->lock);
    *ret = found;
    return ERR_OK;
}

static enum err_code do_body(void *self, const struct finalized_block *at,
                             const struct addr *contract, struct bytes calldata, struct buf *ret,
                             struct err *e)
{
    view_trusted *v = self;

    return chain_body_call(v->node, &at->ref, contract, calldata, ret, e);
}

static enum err_code do_logs(void *self, const struct chain_log_query *q, struct chain_log *ret,
                             size_t max, size_t *ret_n, struct err *e)
{
    view_trusted *v = self;

    return node_read_logs(v->node, q, ret, max, ret_n, e);
}

static void do_free(void *self)
{
    view_trusted *v = self;

    if (v->has_thread) {
        pthread_mutex_lock(&v->lock);
        v->stop = true;
        pthread_cond_broadcast(&v->ended);
        pthread_mutex_unlock(&v->lock);
        pthread_join(v->thread, NULL);
    }
    fact_cache_done(&v->cache);
    pthread_cond_destroy(&v->ended);
    pthread_mutex_destroy(&v->lock);
    free(v);
}
DEFINE_AUTO(view_trusted, do_free);

static const struct chain_view_ops ops = {
    .finalized = do_finalized,
    .read = do_read,
    .block = do_block,
    .body = do_body,
    .logs = do_logs,
    .free = do_free,
};

enum err_code view_trusted_new(const struct view_trusted_config *config, struct chain_view *ret,
                               struct err *e)
{
    AUTO(view_trusted) v = calloc(1, sizeof *v);
    struct finalized_block ignored;
    pthread_condattr_t monotonic;

    if (!v)
        return err_set(e, ERR_NOMEM, "chain view");
    /* Nobody who turns the clock of the day delays a refresh. */
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    v->node = config->node;
    v->clock = config->clock;
    v->chain_id = config->chain_id;
    v->max_age_s = config->max_age_s ? config->max_age_s : MAX_AGE_S;
    v->max_ahead_s = config->max_ahead_s ? config->max_ahead_s : MAX_AHEAD_S;
    v->slot_ms = config->slot_ms ? config->slot_ms : SLOT_MS;
    v->background = config->background;
    TRY(ask_newest(v, NULL, &v->newest, e));
    fact_cache_advance(&v->cache, &v->newest.ref.hash, NULL);
    v->tried_ns = v->good_ns = clock_ns(v->clock);
    TRY(judge(v, &ignored, e));
    if (v->background) {
        if (pthread_create(&v->thread, NULL, refresh_for_ever, v) != 0)
            return err_set(e, ERR_NOMEM, "chain view: thread");
        v->has_thread = true;
    }
    *ret = (struct chain_view){
        .ops = &ops, .self = TAKE(v), .mode = "trusted", .chain_id = config->chain_id};
    return ERR_OK;
}
#endif
