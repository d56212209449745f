/* view_quorum - see view_quorum.h. */
#include "chain/view_quorum.h"
#include <errno.h>
#include <stdio.h>
#include "base/codec.h"
#include "chain/denials.h"
#include "chain/fact_cache.h"
#include "chain/node_read.h"
#include "chain/quorum_state.h"

#define MAX_AGE_S   3600
#define MAX_AHEAD_S 60
#define SLOT_MS     12000
#define DEADLINE_MS 5000
#define RETRY_MS    1000   /* after a look that failed, and before one out of turn */
#define SILENCE_MS  120000 /* without k endpoints that answer: nothing is granted any more */
#define KNOWN_MAX   32     /* blocks that were found canonical */
#define AHEAD_MAX   64     /* blocks before our newest that are waited for */
#define NS_PER_MS   1000000u

struct view_quorum {
    endpoints *set;
    struct quorum q;
    const struct clock *clock;
    uint64_t max_age_s, max_ahead_s;
    unsigned slot_ms;
    struct quorum_state_file state;
    bool has_counter;
    struct chain_counter counter;
    bool has_raised;
    struct hash32 raised_slot, raised_counts; /* ones but for the counter's bits */
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t lock; /* of all below; never held while an endpoint is asked */
    pthread_cond_t ended;
    bool stop, refreshing;
    struct block_header newest;
    uint64_t before; /* number of the block before it, whose facts are kept too; 0: none */
    uint64_t tried_ns, good_ns, latest_ns; /* last look begun; last good one; last newest blocks */
    uint64_t proof_ns, latest_time; /* latest_time: of the newest blocks, the latest that k had */
    struct err fault;               /* of the last look; ERR_OK: none */
    struct err stopped;             /* for good: history or policy went back */
    struct fact_cache cache;
    struct denials denials;
    struct block_header known[KNOWN_MAX];
    size_t n_known;
    uint64_t version, saved_conflicts; /* of the thread alone once it runs */
};
typedef struct view_quorum view_quorum;

static uint64_t ms_since(const view_quorum *v, uint64_t ns)
{
    return (clock_ns(v->clock) - ns) / NS_PER_MS;
}

/* ---- one look at the chain ---- */

static enum err_code check_version(const view_quorum *v, uint64_t version, struct err *e)
{
    if (version < v->version)
        return err_set(e, ERR_VERIFY, "the policy version went back: %llu, it was %llu",
                       (unsigned long long)version, (unsigned long long)v->version);
    return ERR_OK;
}

/* What was of use at the last blocks, in the last place the slot of the version. */
static size_t wanted(view_quorum *v, struct fact_key *keys)
{
    size_t n;

    pthread_mutex_lock(&v->lock);
    n = fact_cache_wanted(&v->cache, keys, PROVE_MAX - 1);
    pthread_mutex_unlock(&v->lock);
    if (v->has_counter)
        keys[n++] = (struct fact_key){.contract = v->counter.contract, .slot = v->counter.slot};
    return n;
}

struct reading {
    size_t n;
    struct fact_key key[PROVE_MAX];
    struct hash32 value[PROVE_MAX];
    struct quorum_latest latest;
};

/* Reads at a new block, and checks that the policy did not go back. */
static enum err_code read_ahead(view_quorum *v, const struct block_header *at, struct reading *r,
                                facts **ret_facts, uint64_t *ret_version, struct err *e)
{
    AUTO(facts) next = NULL;
    uint64_t begun = clock_ns(&clock_system);

    r->n = wanted(v, r->key);
    *ret_version = v->version;
    if (r->n == 0)
        return ERR_OK;
    TRY(facts_new(&next, e));
    TRY(quorum_prove(&v->q, at, r->key, r->n, r->value, e));
    pthread_mutex_lock(&v->lock);
    v->proof_ns = clock_ns(&clock_system) - begun;
    pthread_mutex_unlock(&v->lock);
    if (v->has_counter) {
        *ret_version = chain_counter_in(&v->counter, &r->value[r->n - 1]);
        TRY(check_version(v, *ret_version, e));
        r->n--;
    }
    for (size_t i = 0; i < r->n; i++)
        facts_put(next, &r->key[i], &r->value[i]);
    *ret_facts = TAKE(next);
    return ERR_OK;
}

/* Before anything is decided at this block: a crash must not forget it. */
static enum err_code remember(view_quorum *v, const struct finalized_block *b, uint64_t version,
                              struct err *e)
{
    struct quorum_state s = {
        .chain_id = v->q.chain_id, .has_block = true, .block = *b, .version = version};

    if (!v->state.path)
        return ERR_OK;
    pthread_mutex_lock(&v->q.lock);
    s.n_conflicts = v->q.n_conflicts < CONFLICTS_MAX ? v->q.n_conflicts : CONFLICTS_MAX;
    memcpy(s.conflict, v->q.conflict, sizeof s.conflict);
    v->saved_conflicts = v->q.n_conflicts;
    pthread_mutex_unlock(&v->q.lock);
    return quorum_state_write(v->state.path, &s, e);
}

static bool new_conflicts(view_quorum *v)
{
    bool is;

    pthread_mutex_lock(&v->q.lock);
    is = v->q.n_conflicts != v->saved_conflicts;
    pthread_mutex_unlock(&v->q.lock);
    return is;
}

/* The block after `last`, accepted and remembered; *ret is last where there is none. */
static enum err_code advance(view_quorum *v, const struct block_header *last, struct reading *r,
                             struct block_header *ret, facts **ret_facts, bool *ret_stop,
                             struct err *e)
{
    struct block_header found;
    uint64_t version = v->version;

    TRY(quorum_finalized(&v->q, last, &found, ret_stop, e));
    if (last && hash32_eq(&found.id.ref.hash, &last->id.ref.hash)) {
        if (new_conflicts(v))
            TRY(remember(v, &last->id, version, e));
        *ret = *last;
        return ERR_OK;
    }
    if (read_ahead(v, &found, r, ret_facts, &version, e) != ERR_OK) {
        *ret_stop = e->code == ERR_VERIFY;
        return e->code;
    }
    TRY(remember(v, &found.id, version, e));
    v->version = version;
    *ret = found;
    return ERR_OK;
}

/* The bits of a word that decide anything; NULL: all. */
static const struct hash32 *bits_that_count(const view_quorum *v, const struct fact_key *key)
{
    return v->has_raised && !key->code && hash32_eq(&key->slot, &v->raised_slot) ? &v->raised_counts
                                                                                 : NULL;
}

/* finals: what the finalized block holds. */
static void take_doubts(view_quorum *v, const struct fact_key *keys, const struct hash32 *finals,
                        size_t n, const struct quorum_latest *latest)
{
    if (latest->time > v->latest_time)
        v->latest_time = latest->time;
    for (size_t i = 0; i < n; i++) {
        const struct hash32 *counts = bits_that_count(v, &keys[i]);

        if (latest->agreed[i] && !denials_same(&finals[i], &latest->value[i], counts))
            denials_add(&v->denials, &keys[i], &latest->value[i], counts, latest->number);
    }
}

/* What the newest blocks say of all that is cached.  Only then are doubts forgotten, those that no
 * decision can need: one that began at the block before reads that one's facts still. */
static void look_at_latest(view_quorum *v, const struct block_header *newest, struct reading *r)
{
    struct err e = {0};
    enum err_code code;

    pthread_mutex_lock(&v->lock);
    r->n = fact_cache_all(&v->cache, r->key, r->value, PROVE_MAX);
    pthread_mutex_unlock(&v->lock);
    code = quorum_latest(&v->q, newest->id.ref.number, r->key, r->n, &r->latest, &e);
    pthread_mutex_lock(&v->lock);
    if (code == ERR_OK) {
        v->latest_ns = clock_ns(v->clock);
        take_doubts(v, r->key, r->value, r->n, &r->latest);
        denials_final(&v->denials, v->before);
    }
    pthread_mutex_unlock(&v->lock);
}

/* With the lock held, which it gives up while endpoints are asked. */
static void refresh(view_quorum *v)
{
    struct block_header last = v->newest, found = last;
    struct reading *r = calloc(1, sizeof *r);
    facts *next = NULL;
    struct err e = {0};
    bool stop = false;
    enum err_code code;

    v->refreshing = true;
    v->tried_ns = clock_ns(v->clock);
    pthread_mutex_unlock(&v->lock);
    code =
        r ? advance(v, &last, r, &found, &next, &stop, &e) : err_set(&e, ERR_NOMEM, "chain view");
    if (code != ERR_OK)
        facts_free(TAKE(next));
    pthread_mutex_lock(&v->lock);
    if (code == ERR_OK && !hash32_eq(&found.id.ref.hash, &last.id.ref.hash)) {
        fact_cache_advance(&v->cache, &found.id.ref.hash, next);
        v->known[v->n_known++ % KNOWN_MAX] = last;
        v->newest = found;
        v->before = last.id.ref.number;
    }
    if (code == ERR_OK) {
        v->good_ns = clock_ns(v->clock);
        v->fault = (struct err){0};
    } else {
        v->fault = e;
        if (stop)
            v->stopped = e;
    }
    pthread_mutex_unlock(&v->lock);
    if (code == ERR_OK)
        look_at_latest(v, &found, r);
    free(r);
    pthread_mutex_lock(&v->lock);
    v->refreshing = false;
    pthread_cond_broadcast(&v->ended);
}

static void *refresh_for_ever(void *self)
{
    view_quorum *v = self;

    pthread_mutex_lock(&v->lock);
    while (!v->stop) {
        unsigned ms = v->fault.code != ERR_OK && v->slot_ms > RETRY_MS ? RETRY_MS : v->slot_ms;
        const struct timespec until = clock_after(ms);

        while (!v->stop && pthread_cond_timedwait(&v->ended, &v->lock, &until) != ETIMEDOUT)
            ;
        if (!v->stop && !v->refreshing && v->stopped.code == ERR_OK)
            refresh(v);
    }
    pthread_mutex_unlock(&v->lock);
    return NULL;
}

/* ---- the interface ---- */

/* What may be handed out now; with the lock held. */
static enum err_code judge(const view_quorum *v, struct finalized_block *ret, struct err *e)
{
    uint64_t silent_ms = ms_since(v, v->good_ns), blind_ms = ms_since(v, v->latest_ns);

    if (v->stopped.code != ERR_OK) {
        *e = v->stopped;
        return err_wrap(e, "stopped");
    }
    if (silent_ms > SILENCE_MS) {
        *e = v->fault;
        if (e->code == ERR_OK)
            err_set(e, ERR_TIMEOUT, "the last look at the chain has not ended");
        return err_wrap(e, "%llu s without agreement", (unsigned long long)(silent_ms / 1000));
    }
    if (blind_ms > SILENCE_MS)
        return err_set(e, ERR_TIMEOUT,
                       "fewer than %u endpoints have shown their newest block for %llu s: what is "
                       "denied since is not known",
                       v->q.k, (unsigned long long)(blind_ms / 1000));
    if (v->denials.full_until > 0)
        return err_set(e, ERR_UPSTREAM, "too much changes in the newest blocks to decide now");
    TRY(chain_block_fresh(&v->newest.id, clock_unix(v->clock), v->max_age_s, v->max_ahead_s, e));
    *ret = v->newest.id;
    ret->newest = v->latest_time;
    return ERR_OK;
}

static enum err_code do_finalized(void *self, struct finalized_block *ret, struct err *e)
{
    view_quorum *v = self;
    struct finalized_block b = {0};
    enum err_code code;

    pthread_mutex_lock(&v->lock);
    code = judge(v, &b, e);
    pthread_mutex_unlock(&v->lock);
    if (code == ERR_OK)
        *ret = b;
    return code;
}

static bool find_known(const view_quorum *v, const struct block_ref *ref, struct block_header *ret)
{
    for (size_t i = 0; i <= KNOWN_MAX; i++) {
        const struct block_header *h = i < KNOWN_MAX ? &v->known[i] : &v->newest;

        if ((i == KNOWN_MAX || i < v->n_known) && h->id.ref.number == ref->number &&
            hash32_eq(&h->id.ref.hash, &ref->hash)) {
            *ret = *h;
            return true;
        }
    }
    return false;
}

/* The header of a block that is canonical and not after our newest. */
static enum err_code header_for(view_quorum *v, const struct block_ref *ref,
                                struct block_header *ret, struct err *e)
{
    uint64_t newest;
    bool known;

    pthread_mutex_lock(&v->lock);
    known = find_known(v, ref, ret);
    newest = v->newest.id.ref.number;
    pthread_mutex_unlock(&v->lock);
    if (known)
        return ERR_OK;
    if (ref->number > newest)
        return err_set(e, ERR_VERIFY, "block %llu is not final here: the newest final one is %llu",
                       (unsigned long long)ref->number, (unsigned long long)newest);
    TRY(quorum_block(&v->q, ref->number, ret, e));
    if (!hash32_eq(&ret->id.ref.hash, &ref->hash))
        return err_set(e, ERR_VERIFY, "block %llu has another hash in this chain",
                       (unsigned long long)ref->number);
    pthread_mutex_lock(&v->lock);
    v->known[v->n_known++ % KNOWN_MAX] = *ret;
    pthread_mutex_unlock(&v->lock);
    return ERR_OK;
}

/* What is not known yet: proved at the block, and seen at the newest ones, too. */
static enum err_code read_cold(view_quorum *v, const struct finalized_block *at,
                               const struct fact_key *keys, size_t n, struct hash32 *ret_values,
                               struct err *e)
{
    struct quorum_latest *latest = calloc(1, sizeof *latest);
    struct block_header h = {0};
    enum err_code code =
        latest ? header_for(v, &at->ref, &h, e) : err_set(e, ERR_NOMEM, "chain facts");

    if (code == ERR_OK)
        code = quorum_prove(&v->q, &h, keys, n, ret_values, e);
    if (code == ERR_OK)
        code = quorum_latest(&v->q, h.id.ref.number, keys, n, latest, e);
    if (code == ERR_OK) {
        pthread_mutex_lock(&v->lock);
        for (size_t i = 0; i < n; i++)
            fact_cache_put(&v->cache, &at->ref.hash, &keys[i], &ret_values[i]);
        take_doubts(v, keys, ret_values, n, latest);
        pthread_mutex_unlock(&v->lock);
    }
    free(latest);
    return code;
}

static enum err_code doubt_words(view_quorum *v, const struct fact_key *keys, size_t n,
                                 unsigned doubt, struct hash32 *words, struct err *e)
{
    enum err_code code = ERR_OK;

    pthread_mutex_lock(&v->lock);
    for (size_t i = 0; i < n && code == ERR_OK; i++)
        code = denials_word(&v->denials, &keys[i], doubt, &words[i], e);
    pthread_mutex_unlock(&v->lock);
    return code;
}

static enum err_code do_read(void *self, const struct finalized_block *at,
                             const struct addr *contract, const struct hash32 *slots, size_t n,
                             struct hash32 *ret_values, struct hash32 *ret_code_hash, struct err *e)
{
    view_quorum *v = self;
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
        TRY(read_cold(v, at, missing, n_missing, fetched, e));
        for (size_t i = 0; i < n_missing; i++)
            values[at_index[i]] = fetched[i];
    }
    if (at->doubt > 0)
        TRY(doubt_words(v, keys, n + 1, at->doubt, values, e));
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

/* Until the look that is under way has ended: it may find the block, and no other can begin. */
static void wait_for_look(view_quorum *v, uint64_t number)
{
    const struct timespec until = clock_after(2 * v->q.deadline_ms);

    while (v->refreshing && !v->stop && number > v->newest.id.ref.number &&
           pthread_cond_timedwait(&v->ended, &v->lock, &until) != ETIMEDOUT)
        ;
}

/* Whoever named a block may be some seconds ahead of us: look again, out of turn, but not more
 * often than at RETRY_MS, whoever wishes it.  A block far ahead is not worth the wait. */
static void catch_up(view_quorum *v, uint64_t number)
{
    uint64_t least = v->slot_ms < RETRY_MS ? v->slot_ms : RETRY_MS, ms;
    bool worth;

    pthread_mutex_lock(&v->lock);
    worth = number <= v->newest.id.ref.number + AHEAD_MAX;
    if (worth)
        wait_for_look(v, number);
    ms = ms_since(v, v->tried_ns);
    if (worth && number > v->newest.id.ref.number && ms < least) {
        const struct timespec rest = {.tv_sec = (time_t)((least - ms) / 1000),
                                      .tv_nsec = (long)((least - ms) % 1000 * NS_PER_MS)};

        pthread_mutex_unlock(&v->lock);
        nanosleep(&rest, NULL);
        pthread_mutex_lock(&v->lock);
        wait_for_look(v, number);
    }
    if (number > v->newest.id.ref.number && !v->refreshing && v->stopped.code == ERR_OK &&
        ms_since(v, v->tried_ns) >= least)
        refresh(v);
    pthread_mutex_unlock(&v->lock);
}

static enum err_code do_block(void *self, const struct block_ref *ref, struct finalized_block *ret,
                              struct err *e)
{
    view_quorum *v = self;
    struct finalized_block newest;
    struct block_header h;

    TRY(do_finalized(v, &newest, e));
    if (ref->number > newest.ref.number)
        catch_up(v, ref->number);
    TRY(header_for(v, ref, &h, e));
    *ret = h.id;
    return ERR_OK;
}

static enum err_code do_body(void *self, const struct finalized_block *at,
                             const struct addr *contract, struct bytes calldata, struct buf *ret,
                             struct err *e)
{
    view_quorum *v = self;
    struct body_question q = {
        .at = at->ref, .newest = at->doubt > 0, .contract = *contract, .n = calldata.n};

    if (calldata.n > sizeof q.calldata)
        return err_set(e, ERR_TOO_LARGE, "a call of %zu bytes, at most %zu", calldata.n,
                       sizeof q.calldata);
    if (calldata.n)
        memcpy(q.calldata, calldata.p, calldata.n);
    return quorum_body(&v->q, &q, ret, e);
}

/* Logs are hints: the first who has any will do, and that there are none is the word of all who
 * answer. */
static enum err_code do_logs(void *self, const struct chain_log_query *q, struct chain_log *ret,
                             size_t max, size_t *ret_n, struct err *e)
{
    view_quorum *v = self;
    size_t order[ENDPOINTS_MAX], n = 0;
    bool answered = false;

    endpoints_order(v->set, order);
    for (size_t i = 0; i < endpoints_count(v->set) && n == 0; i++)
        answered |= node_read_logs(endpoints_rpc(v->set, order[i]), q, ret, max, &n, e) == ERR_OK;
    if (!answered)
        return e->code;
    *ret_n = n;
    return ERR_OK;
}

static unsigned do_doubts(void *self)
{
    view_quorum *v = self;
    unsigned n;

    pthread_mutex_lock(&v->lock);
    n = denials_doubts(&v->denials);
    pthread_mutex_unlock(&v->lock);
    return n;
}

static void do_health(void *self, struct chain_health *ret)
{
    view_quorum *v = self;
    struct finalized_block ignored;
    struct chain_health h = {.quorum = v->q.k, .n_endpoints = endpoints_count(v->set)};
    int64_t now = clock_unix(v->clock);

    pthread_mutex_lock(&v->lock);
    h.block = v->newest.id;
    h.cache_age_ms = ms_since(v, v->good_ns);
    h.latest_age_ms = ms_since(v, v->latest_ns);
    h.proof_ns = v->proof_ns;
    h.doubts = denials_doubts(&v->denials);
    if (judge(v, &ignored, &h.fault) == ERR_OK)
        h.fault = (struct err){0};
    pthread_mutex_unlock(&v->lock);
    h.lag_s = now > (int64_t)h.block.timestamp ? (uint64_t)now - h.block.timestamp : 0;
    pthread_mutex_lock(&v->q.lock);
    h.conflicts = v->q.n_conflicts;
    pthread_mutex_unlock(&v->q.lock);
    for (size_t i = 0; i < h.n_endpoints; i++)
        endpoints_health(v->set, i, &h.endpoint[i]);
    *ret = h;
}

static void do_free(void *self)
{
    view_quorum *v = self;

    if (v->has_thread) {
        pthread_mutex_lock(&v->lock);
        v->stop = true;
        pthread_cond_broadcast(&v->ended);
        pthread_mutex_unlock(&v->lock);
        pthread_join(v->thread, NULL);
    }
    endpoints_free(v->set);
    fact_cache_done(&v->cache);
    pthread_cond_destroy(&v->ended);
    pthread_mutex_destroy(&v->lock);
    pthread_mutex_destroy(&v->q.lock);
    quorum_state_close(&v->state);
    free(v);
}
DEFINE_AUTO(view_quorum, do_free);

static const struct chain_view_ops ops = {
    .finalized = do_finalized,
    .read = do_read,
    .block = do_block,
    .body = do_body,
    .logs = do_logs,
    .doubts = do_doubts,
    .health = do_health,
    .free = do_free,
};

/* ---- the start ---- */

static enum err_code check_config(const struct view_quorum_config *c, struct err *e)
{
    if (c->k == 0 || c->k > c->n || 2 * (size_t)c->k <= c->n)
        return err_set(e, ERR_INVALID,
                       "a quorum of %u of %zu endpoints: expected a majority of them, %zu to %zu",
                       c->k, c->n, c->n / 2 + 1, c->n);
    if ((c->version && !chain_counter_is_sound(c->version)) ||
        (c->raised && !chain_counter_is_sound(c->raised)))
        return err_set(e, ERR_INTERNAL, "a counter outside its word");
    return ERR_OK;
}

static enum err_code prepare(view_quorum *v, const struct view_quorum_config *c, struct err *e)
{
    pthread_condattr_t monotonic;

    /* Nobody who turns the clock of the day delays a look. */
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&v->lock, NULL);
    pthread_mutex_init(&v->q.lock, NULL);
    pthread_cond_init(&v->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    v->clock = v->q.clock = c->clock;
    v->q.chain_id = c->chain_id;
    v->q.k = c->k;
    v->q.deadline_ms = c->deadline_ms ? c->deadline_ms : DEADLINE_MS;
    v->max_age_s = c->max_age_s ? c->max_age_s : MAX_AGE_S;
    v->max_ahead_s = c->max_ahead_s ? c->max_ahead_s : MAX_AHEAD_S;
    v->slot_ms = c->slot_ms ? c->slot_ms : SLOT_MS;
    v->has_counter = c->version;
    if (c->version)
        v->counter = *c->version;
    v->has_raised = c->raised;
    if (c->raised) {
        v->raised_slot = c->raised->slot;
        v->raised_counts = chain_counter_others(c->raised);
    }
    TRY(quorum_state_open(c->state_path, &v->state, e));
    TRY(endpoints_new(c->endpoints, c->n, v->q.deadline_ms, c->clock, &v->set, e));
    v->q.set = v->set;
    return ERR_OK;
}

/* What was remembered is where this start goes on: k endpoints must confirm it. */
static enum err_code recall(view_quorum *v, struct block_header *ret, bool *ret_has, struct err *e)
{
    struct quorum_state s = {0};

    *ret_has = false;
    if (!v->state.path)
        return ERR_OK;
    TRY(quorum_state_read(v->state.path, v->q.chain_id, &s, e));
    v->version = s.version;
    v->q.n_conflicts = v->saved_conflicts = s.n_conflicts;
    memcpy(v->q.conflict, s.conflict, sizeof s.conflict);
    *ret = (struct block_header){.id = s.block};
    *ret_has = s.has_block;
    return ERR_OK;
}

static enum err_code first_look(view_quorum *v, struct err *e)
{
    struct block_header last = {0}, found = {0};
    struct reading *r = calloc(1, sizeof *r);
    struct finalized_block ignored;
    facts *next = NULL;
    bool has_last, stop;
    enum err_code code;

    if (!r)
        return err_set(e, ERR_NOMEM, "chain view");
    code = recall(v, &last, &has_last, e);
    if (code == ERR_OK)
        code = advance(v, has_last ? &last : NULL, r, &found, &next, &stop, e);
    /* Of a remembered block only the name is known. */
    if (code == ERR_OK && has_last && hash32_eq(&found.id.ref.hash, &last.id.ref.hash))
        code = quorum_block(&v->q, last.id.ref.number, &found, e);
    if (code == ERR_OK) {
        v->newest = found;
        fact_cache_advance(&v->cache, &found.id.ref.hash, next);
        v->tried_ns = v->good_ns = v->latest_ns = clock_ns(v->clock);
        look_at_latest(v, &found, r);
        code = judge(v, &ignored, e);
        next = NULL;
    }
    facts_free(next);
    free(r);
    return code;
}

enum err_code view_quorum_new(const struct view_quorum_config *config, struct chain_view *ret,
                              struct err *e)
{
    AUTO(view_quorum) v = NULL;
    enum err_code code;

    TRY(check_config(config, e));
    v = calloc(1, sizeof *v);
    if (!v)
        return err_set(e, ERR_NOMEM, "chain view");
    TRY(prepare(v, config, e));
    code = first_look(v, e);
    if (config->report)
        do_health(v, config->report);
    TRY(code);
    if (pthread_create(&v->thread, NULL, refresh_for_ever, v) != 0)
        return err_set(e, ERR_NOMEM, "chain view: thread");
    v->has_thread = true;
    *ret = (struct chain_view){
        .ops = &ops, .self = TAKE(v), .mode = "quorum", .chain_id = config->chain_id};
    return ERR_OK;
}
