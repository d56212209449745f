/* endpoints - see endpoints.h. */
#include "chain/endpoints.h"
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include "base/uri.h"
#include "net/addr.h"

#define OUT_MAX          32 /* questions to one node at a time */
#define BODY_BYTES_MAX   ((size_t)8 * 1024 * 1024)
#define QUARANTINE_S     60
#define QUARANTINE_MAX_S 3600
#define NS_PER_S         1000000000u

struct endpoint {
    rpc *rpc;
    unsigned out;
    bool working;
    unsigned strikes; /* lies in a row */
    uint64_t quarantine_until;
    uint64_t answers, failures, lies, answer_ns, finalized, latest;
    char fault[ENDPOINT_FAULT_MAX];
};

struct endpoints {
    const struct clock *clock;
    size_t n;
    pthread_mutex_t *lock; /* of all that changes, here and in rounds */
    pthread_mutex_t mutex;
    pthread_cond_t idle;
    unsigned out; /* threads */
    struct endpoint list[ENDPOINTS_MAX];
};

struct asked {
    enum endpoint_state state;
    struct err fault;
};

struct endpoint_round {
    endpoints *s;
    struct endpoint_round_kind kind;
    unsigned holders; /* its owner, and each thread */
    size_t ended;
    pthread_cond_t more;
    struct asked asked[ENDPOINTS_MAX];
    uint8_t *question, *results;
};

/* ---- the set ---- */

/* Nobody is between us and a node in the same machine. */
bool endpoint_is_loopback(const char *url)
{
    struct sockaddr_storage at;
    struct uri u;
    struct err ignored;
    socklen_t len;
    char text[sizeof u.host + 16];

    if (uri_parse(bytes_of_str(url), &u, &ignored) != ERR_OK)
        return false;
    snprintf(text, sizeof text, strchr(u.host, ':') ? "[%s]:1" : "%s:1", u.host);
    return net_addr_read(text, &at, &len, &ignored) == ERR_OK &&
           net_addr_is_loopback((const struct sockaddr *)&at);
}

enum err_code endpoints_new(const struct endpoint_config *list, size_t n, unsigned deadline_ms,
                            const struct clock *clock, endpoints **ret, struct err *e)
{
    AUTO(endpoints) s = NULL;
    pthread_condattr_t monotonic;

    if (n == 0 || n > ENDPOINTS_MAX)
        return err_set(e, ERR_INVALID, "%zu chain endpoints; from 1 to %d are possible", n,
                       ENDPOINTS_MAX);
    s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ERR_NOMEM, "chain endpoints");
    s->clock = clock;
    s->lock = &s->mutex;
    pthread_mutex_init(s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (size_t i = 0; i < n; i++) {
        const struct rpc_config config = {
            .url = list[i].url,
            .ca_pem = list[i].ca_pem,
            .allow_http = endpoint_is_loopback(list[i].url),
            .allow_private = true, /* the configuration names it, not the chain */
            .total_ms = deadline_ms,
            .body_max = BODY_BYTES_MAX,
            .retries = 1,
        };

        TRY_IN(e, rpc_new(&config, &s->list[i].rpc, e), "endpoint %zu", i + 1);
        s->n++;
    }
    *ret = TAKE(s);
    return ERR_OK;
}

void endpoints_free(endpoints *s)
{
    if (!s)
        return;
    pthread_mutex_lock(s->lock);
    while (s->out > 0)
        pthread_cond_wait(&s->idle, s->lock);
    pthread_mutex_unlock(s->lock);
    for (size_t i = 0; i < s->n; i++)
        rpc_free(s->list[i].rpc);
    pthread_cond_destroy(&s->idle);
    pthread_mutex_destroy(s->lock);
    free(s);
}

size_t endpoints_count(const endpoints *s)
{
    return s->n;
}

rpc *endpoints_rpc(const endpoints *s, size_t i)
{
    return s->list[i].rpc;
}

/* ---- health ---- */

/* With the lock. */
static uint64_t quarantine_ns(const endpoints *s, size_t i)
{
    uint64_t now = clock_ns(s->clock), until = s->list[i].quarantine_until;

    return until > now ? until - now : 0;
}

void endpoints_health(const endpoints *s, size_t i, struct chain_endpoint *ret)
{
    const struct endpoint *p = &s->list[i];

    pthread_mutex_lock(s->lock);
    *ret = (struct chain_endpoint){
        .quarantine_s = (quarantine_ns(s, i) + NS_PER_S - 1) / NS_PER_S,
        .answers = p->answers,
        .failures = p->failures,
        .lies = p->lies,
        .answer_ns = p->answer_ns,
        .finalized = p->finalized,
        .latest = p->latest,
    };
    ret->working = p->working && ret->quarantine_s == 0;
    snprintf(ret->host, sizeof ret->host, "%s", rpc_host(p->rpc));
    memcpy(ret->fault, p->fault, sizeof ret->fault);
    pthread_mutex_unlock(s->lock);
}

void endpoints_note_blocks(endpoints *s, size_t i, uint64_t finalized, uint64_t latest)
{
    pthread_mutex_lock(s->lock);
    s->list[i].finalized = finalized;
    s->list[i].latest = latest;
    pthread_mutex_unlock(s->lock);
}

void endpoints_quarantine(endpoints *s, size_t i, const char *why)
{
    struct endpoint *p = &s->list[i];
    uint64_t seconds = QUARANTINE_S;

    pthread_mutex_lock(s->lock);
    for (unsigned k = 0; k < p->strikes && seconds < QUARANTINE_MAX_S; k++)
        seconds *= 2;
    if (seconds > QUARANTINE_MAX_S)
        seconds = QUARANTINE_MAX_S;
    if (quarantine_ns(s, i) == 0)
        p->strikes++;
    p->lies++;
    p->working = false;
    p->quarantine_until = clock_ns(s->clock) + seconds * NS_PER_S;
    snprintf(p->fault, sizeof p->fault, "%s", why);
    pthread_mutex_unlock(s->lock);
}

bool endpoints_in_quarantine(const endpoints *s, size_t i)
{
    bool is;

    pthread_mutex_lock(s->lock);
    is = quarantine_ns(s, i) > 0;
    pthread_mutex_unlock(s->lock);
    return is;
}

void endpoints_pardon(endpoints *s, size_t i)
{
    pthread_mutex_lock(s->lock);
    if (quarantine_ns(s, i) == 0)
        s->list[i].strikes = 0;
    pthread_mutex_unlock(s->lock);
}

void endpoints_order(const endpoints *s, size_t ret[static ENDPOINTS_MAX])
{
    size_t n = 0;

    pthread_mutex_lock(s->lock);
    for (int class = 0; class < 3; class ++)
        for (size_t i = 0; i < s->n; i++) {
            int its = quarantine_ns(s, i) > 0 ? 2 : s->list[i].working ? 0 : 1;

            if (its == class)
                ret[n++] = i;
        }
    pthread_mutex_unlock(s->lock);
}

/* ---- rounds ---- */

enum err_code endpoint_round_new(endpoints *s, const struct endpoint_round_kind *kind,
                                 const void *question, endpoint_round **ret, struct err *e)
{
    endpoint_round *r = calloc(1, sizeof *r);
    pthread_condattr_t monotonic;

    if (r) {
        r->question = malloc(kind->question_size);
        r->results = calloc(s->n, kind->result_size);
    }
    if (!r || !r->question || !r->results) {
        if (r) {
            free(r->question);
            free(r->results);
        }
        free(r);
        return err_set(e, ERR_NOMEM, "questions to chain endpoints");
    }
    memcpy(r->question, question, kind->question_size);
    r->s = s;
    r->kind = *kind;
    r->holders = 1;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->more, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *ret = r;
    return ERR_OK;
}

/* With the lock, which is given up. */
static void let_go(endpoint_round *r)
{
    const bool last = --r->holders == 0;
    const size_t n = r->s->n;

    pthread_mutex_unlock(r->s->lock);
    if (!last)
        return;
    for (size_t i = 0; i < n && r->kind.result_done; i++)
        r->kind.result_done(r->results + i * r->kind.result_size);
    pthread_cond_destroy(&r->more);
    free(r->question);
    free(r->results);
    free(r);
}

void endpoint_round_free(endpoint_round *r)
{
    if (!r)
        return;
    pthread_mutex_lock(r->s->lock);
    let_go(r);
}

struct errand {
    endpoint_round *round;
    size_t i;
};

/* With the lock: what came of it. */
static void note(endpoint_round *r, size_t i, enum err_code code, const struct err *fault,
                 uint64_t ns)
{
    struct endpoint *p = &r->s->list[i];

    r->asked[i].state = code == ERR_OK ? ENDPOINT_ANSWERED : ENDPOINT_FAILED;
    r->ended++;
    if (code == ERR_OK) {
        p->answers++;
        p->answer_ns = ns;
        p->working = true;
    } else {
        r->asked[i].fault = *fault;
        p->failures++;
        p->working = false;
        snprintf(p->fault, sizeof p->fault, "%.*s", ENDPOINT_FAULT_MAX - 1, fault->msg);
    }
    pthread_cond_broadcast(&r->more);
}

static void *run_errand(void *arg)
{
    const struct errand errand = *(struct errand *)arg;
    endpoint_round *r = errand.round;
    endpoints *s = r->s;
    struct endpoint *p = &s->list[errand.i];
    struct err e = {0};
    uint64_t begun = clock_ns(&clock_system);
    enum err_code code;

    free(arg);
    code = r->kind.ask(p->rpc, r->question, r->results + errand.i * r->kind.result_size, &e);
    pthread_mutex_lock(s->lock);
    note(r, errand.i, code, &e, clock_ns(&clock_system) - begun);
    p->out--;
    let_go(r);
    pthread_mutex_lock(s->lock);
    if (--s->out == 0)
        pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(s->lock);
    return NULL;
}

void endpoint_round_start(endpoint_round *r, size_t i)
{
    endpoints *s = r->s;
    struct endpoint *p = &s->list[i];
    struct errand *errand = malloc(sizeof *errand);
    struct err e = {.code = ERR_BUSY};
    pthread_attr_t detached;
    pthread_t thread;

    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_mutex_lock(s->lock);
    r->asked[i].state = ENDPOINT_ASKED;
    if (errand)
        *errand = (struct errand){r, i};
    if (!errand || p->out >= OUT_MAX ||
        pthread_create(&thread, &detached, run_errand, errand) != 0) {
        free(errand);
        snprintf(e.msg, sizeof e.msg, "%s: too many questions are out", rpc_host(p->rpc));
        note(r, i, ERR_BUSY, &e, 0);
    } else {
        r->holders++;
        p->out++;
        s->out++;
    }
    pthread_mutex_unlock(s->lock);
    pthread_attr_destroy(&detached);
}

size_t endpoint_round_wait(endpoint_round *r, size_t seen, unsigned ms)
{
    const struct timespec until = clock_after(ms);
    size_t ended;

    pthread_mutex_lock(r->s->lock);
    while (r->ended <= seen && pthread_cond_timedwait(&r->more, r->s->lock, &until) == 0)
        ;
    ended = r->ended;
    pthread_mutex_unlock(r->s->lock);
    return ended;
}

enum endpoint_state endpoint_round_state(endpoint_round *r, size_t i, const void **ret_result,
                                         struct err *e)
{
    enum endpoint_state state;

    pthread_mutex_lock(r->s->lock);
    state = r->asked[i].state;
    if (state == ENDPOINT_FAILED)
        *e = r->asked[i].fault;
    pthread_mutex_unlock(r->s->lock);
    if (state == ENDPOINT_ANSWERED)
        *ret_result = r->results + i * r->kind.result_size;
    return state;
}
