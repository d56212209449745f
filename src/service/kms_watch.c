/* Readiness, and the thread that keeps evidence fresh and the audit log's counts written. */
#include "base/log.h"
#include "service/kms_node.h"
#include "service/notify.h"

#define NS_PER_MS     1000000u
#define NS_PER_S      1000000000u
#define TICK_MS       1000
#define RENEW_RETRY_S 15 /* after a failure */

struct kms_authority node_authority(kms_service *s)
{
    struct kms_authority a = {
        .config = &s->config.security,
        .config_hash = s->config_hash,
        .view = s->config.view,
        .clock = s->config.clock,
        .apps = s->apps,
        .policies = s->policies,
    };

    pthread_mutex_lock(&s->lock);
    a.self = s->self;
    pthread_mutex_unlock(&s->lock);
    return a;
}

static enum err_code ask(kms_service *s, struct finalized_block *ret_at, struct err *e)
{
    enum kms_reason why = KMS_GRANTED;
    struct kms_authority a;
    uint64_t age;

    if (atomic_load(&s->draining))
        return err_set(e, ERR_LOCKED, "draining");
    pthread_mutex_lock(&s->lock);
    age = (clock_ns(s->config.clock) - s->evidence_ns) / NS_PER_S;
    pthread_mutex_unlock(&s->lock);
    if (age > KMS_EVIDENCE_OLDEST_S)
        return err_set(e, ERR_LOCKED, "the evidence is %llu s old, the most is %d s",
                       (unsigned long long)age, KMS_EVIDENCE_OLDEST_S);
    /* A log that failed stays so: every release would be refused, so another node is better. */
    TRY_IN(e, audit_works(s->audit, e), "audit log");
    TRY(node_collateral_ready(s, e));
    TRY(node_identify(s, e));
    a = node_authority(s);
    return kms_decide_self(&a, ret_at, &why, e);
}

/* The answer of before, where it is young enough or somebody is asking at this moment. */
static bool known(kms_service *s, unsigned max_age_ms, struct err *ret)
{
    uint64_t now = clock_ns(s->config.clock);
    bool is;

    pthread_mutex_lock(&s->lock);
    is = s->checking || now - s->checked_ns < (uint64_t)max_age_ms * NS_PER_MS;
    if (is)
        *ret = s->ready;
    else
        s->checking = true;
    pthread_mutex_unlock(&s->lock);
    return is;
}

/* "ready" and "not ready: why" are said once, when they begin. */
static void say_change(const struct err *before, const struct err *now)
{
    char status[600];

    if (before->code == now->code && strcmp(before->msg, now->msg) == 0)
        return;
    if (now->code == ERR_OK) {
        log_info("ready");
        notify_systemd("STATUS=ready");
        return;
    }
    log_warn("not ready", LOG_STR("why", now->msg));
    snprintf(status, sizeof status, "STATUS=not ready: %.500s", now->msg);
    notify_systemd(status);
}

enum err_code node_check(kms_service *s, unsigned max_age_ms, struct err *e)
{
    struct finalized_block at = {0};
    struct err found = {0}, before;

    if (atomic_load(&s->draining))
        return err_set(e, ERR_LOCKED, "draining");
    if (!known(s, max_age_ms, &found)) {
        if (ask(s, &at, &found) == ERR_OK)
            found = (struct err){0};
        pthread_mutex_lock(&s->lock);
        before = s->ready;
        s->ready = found;
        if (at.timestamp)
            s->ready_at = at;
        s->checked_ns = clock_ns(s->config.clock);
        s->checking = false;
        pthread_mutex_unlock(&s->lock);
        say_change(&before, &found);
    }
    if (found.code != ERR_OK)
        *e = found;
    return found.code;
}

/* ---- the thread ---- */

/* By the monotonic clock: one that is set back, by its host or by NTP, must not delay it. */
static void renew(kms_service *s, uint64_t *next)
{
    uint64_t now = clock_ns(s->config.clock);
    struct err e = {0};

    if (now < *next)
        return;
    if (node_attest(s, &e) == ERR_OK) {
        *next = now + (uint64_t)KMS_EVIDENCE_RENEW_S * NS_PER_S;
        node_count_renewal(true);
        log_info("evidence renewed");
        return;
    }
    *next = now + (uint64_t)RENEW_RETRY_S * NS_PER_S;
    node_count_renewal(false);
    log_error("evidence could not be renewed", LOG_STR("why", e.msg));
}

static void flush_counts(kms_service *s)
{
    uint64_t dropped = atomic_exchange(&s->lines_dropped, 0);
    struct err e = {0};

    if (audit_flush_refused(s->audit, &e) != ERR_OK)
        log_error("audit log", LOG_STR("why", e.msg));
    if (dropped)
        log_warn("refused, not told one by one", LOG_U64("requests", dropped));
}

/* False: the end was asked for. */
static bool wait_tick(kms_service *s)
{
    struct timespec until;
    bool go_on;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += TICK_MS / 1000;
    pthread_mutex_lock(&s->lock);
    while (!s->stop && pthread_cond_timedwait(&s->stopping, &s->lock, &until) == 0)
        ;
    go_on = !s->stop;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void *watch(void *self)
{
    kms_service *s = self;
    uint64_t next = s->evidence_ns + (uint64_t)KMS_EVIDENCE_RENEW_S * NS_PER_S;

    do {
        struct err e = {0};

        (void)!node_check(s, TICK_MS / 2, &e);
        renew(s, &next);
        node_collateral_watch(s);
        node_forecast(s);
        flush_counts(s);
    } while (wait_tick(s));
    return NULL;
}

enum err_code node_watch(kms_service *s, struct err *e)
{
    if (pthread_create(&s->watcher, NULL, watch, s) != 0)
        return err_set(e, ERR_NOMEM, "no thread for renewals");
    s->has_watcher = true;
    return ERR_OK;
}

void node_watch_end(kms_service *s)
{
    if (!s->has_watcher)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->stopping);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->watcher, NULL);
    s->has_watcher = false;
}
