/* The start, in the order that lets nothing be served before all of it holds; and the end. */
#include "service/kms_service.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/log.h"
#include "crypto/random.h"
#include "service/kms_node.h"
#include "service/notify.h"

#define PKI_ANSWERS_MAX 128
#define PLATFORMS_MAX   1024
#define PEERS_MAX       4096
#define NS_PER_S        1000000000u
#define LINES_RATE      20.0 /* lines about refusals a second */
#define LINES_BURST     200.0

/* ---- pieces ---- */

static enum err_code copy_config(kms_service *s, const struct kms_service_config *config,
                                 struct err *e)
{
    const char **const fields[] = {&s->config.listen, &s->config.admin, &s->config.audit_path,
                                   &s->config.metrics, &s->config.proxy_listen};

    s->config = *config;
    s->config.root = NULL;
    s->config.proxy_token = NULL;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!*fields[i])
            continue;
        s->strings[i] = strdup(*fields[i]);
        if (!s->strings[i])
            return err_set(e, ERR_NOMEM, "KMS service: out of memory");
        *fields[i] = s->strings[i];
    }
    if (!s->config.metrics != !(s->config.security.listeners & KMS_LISTEN_METRICS_TCP))
        return err_set(e, ERR_INVALID,
                       "the security configuration and the listeners do not agree about metrics");
    if (s->config.view->chain_id != s->config.security.chain_id)
        return err_set(e, ERR_INVALID, "the chain view is of another chain than the configuration");
    return kms_config_hash(&s->config.security, &s->config_hash, e);
}

static enum err_code make_limits(kms_service *s, struct err *e)
{
    const double per_peer = s->config.quote_rate;

    TRY(rate_new(LINES_RATE, LINES_BURST, 1, &s->refusal_lines, e));
    if (per_peer <= 0)
        return ERR_OK;
    TRY(rate_new(per_peer, per_peer * 4 < 1 ? 1 : per_peer * 4, PEERS_MAX, &s->quotes_peer, e));
    return rate_new(per_peer * 10, per_peer * 20 < 1 ? 1 : per_peer * 20, 1, &s->quotes_all, e);
}

/* New at each start; its certificate has no evidence yet, and nobody is served with it. */
static enum err_code make_tls(kms_service *s, struct err *e)
{
    AUTO(X509) provisional = NULL;

    TRY(p256_generate(&s->tls_key, e));
    TRY(p256_spki(s->tls_key, s->tls_spki, e));
    TRY(node_certificate(s, (struct bytes){0}, &provisional, e));
    return tls_server_new(s->tls_key, provisional, &s->tls, e);
}

static enum err_code bind_all(kms_service *s, struct err *e)
{
    struct http_server_config hc = http_server_defaults;
    s->public = node_public_routes(s);
    s->admin = node_admin_routes(s);
    s->metrics = node_metrics_routes(s);
    hc.rate = s->config.rate;
    hc.rate_burst = s->config.rate_burst;
    if (s->config.workers)
        hc.workers = s->config.workers;
    TRY(http_server_new(&hc, &s->server, e));
    TRY(http_server_listen_tls(s->server, s->config.listen, s->tls, &s->public, &s->port, e));
    TRY(http_server_listen_unix(s->server, s->config.admin, &s->admin, e));
    TRY(node_proxy_listen(s, e));
    if (!s->config.metrics)
        return ERR_OK;
    return http_server_listen_plain(s->server, s->config.metrics, &s->metrics, NULL, e);
}

/* Everything that is derived from the root, or made for this start while there is none. */
static enum err_code take_root(kms_service *s, kms_root **root, struct err *e)
{
    const struct addr no_app = {{0}};
    AUTO(secret) key = NULL;

    if (root && *root) {
        s->root_id = *kms_root_id(*root);
        s->commitment = *kms_root_commitment(*root);
        TRY(kms_derive(*root, KEY_CHALLENGE, &no_app, 0, 0, &key, e));
        TRY(kms_apps_new(root, 0, &s->apps, e));
    } else {
        TRY(secret_new(KMS_ROOT_LEN, &key, e));
        random_bytes(key->p, key->n);
    }
    return challenges_new(secret_bytes(key), s->config.clock, 0, &s->challenges, e);
}

static void say_start(const kms_service *s)
{
    const struct kms_config *c = &s->config.security;
    char url[128];
    int host = (int)(strrchr(s->config.listen, ':') - s->config.listen);

    snprintf(url, sizeof url, "https://%.*s:%u", host, s->config.listen, s->port);
    if (s->config.notice)
        log_warn(s->config.notice);
    if (*s->caveat)
        log_warn("own evidence", LOG_STR("caveat", s->caveat));
    for (unsigned bit = 0; bit < 32; bit++)
        if (c->compat & 1u << bit)
            log_warn("a compatibility switch is on", LOG_U64("bit", bit));
    log_info("serving", LOG_STR("url", url), LOG_STR("admin", s->config.admin),
             LOG_HEX("config_hash", BYTES_OF(s->config_hash)), LOG_HEX("kms", BYTES_OF(c->kms)),
             LOG_HEX("principal", BYTES_OF(s->self)),
             LOG_STR("chain_view", chain_view_mode(s->config.view)),
             LOG_STR("root", s->apps ? "held" : "none: locked"));
    node_proxy_say_start(s);
}

/* ---- the start (SR-72) ---- */

static enum err_code begin(kms_service *s, kms_root **root, struct err *e)
{
    struct err not_ready = {0};

    TRY(make_limits(s, e));
    TRY(platform_cache_new(PLATFORMS_MAX, &s->platforms, e));
    TRY(answer_cache_new(PKI_ANSWERS_MAX, (uint64_t)KMS_EVIDENCE_RENEW_S * NS_PER_S,
                         &s->pki_answers, e));
    s->judge = (struct attest_judge){
        .policy = &s->config.security.policy,
        .cache = s->platforms,
        .objects = s->config.objects,
        .source = s->config.collateral,
    };
    TRY_IN(e, kms_policies_new(s->config.policies, s->config.clock, &s->policies, e), "policies");
    TRY_IN(e, audit_open(s->config.audit_path, s->config.clock, &s->audit, e), "audit log");
    TRY(make_tls(s, e));

    TRY_IN(e, bind_all(s, e), "listen");
    TRY_IN(e, take_root(s, root, e), "root key"); /* evidence says which one is held */
    TRY_IN(e, node_attest(s, e), "attest");
    TRY_IN(e, node_identify(s, e), "governance");
    (void)!node_check(s, 0, &not_ready); /* the owner may have to see evidence before it can be */
    TRY(http_server_start(s->server, e));
    if (s->config.store)
        TRY(collateral_store_start(s->config.store, e));
    return node_watch(s, e);
}

enum err_code kms_service_start(const struct kms_service_config *config, kms_service **ret,
                                struct err *e)
{
    AUTO(kms_service) s = calloc(1, sizeof *s);
    pthread_condattr_t attr;

    if (!s)
        return err_set(e, ERR_NOMEM, "KMS service: out of memory");
    node_metrics_register();
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->stopping, &attr);
    pthread_condattr_destroy(&attr);
    err_set(&s->ready, ERR_LOCKED, "starting");
    TRY(copy_config(s, config, e));
    TRY(node_proxy_config(s, config->proxy_token, e));
    s->started_at = clock_unix(s->config.clock);
    TRY(begin(s, config->root, e));
    say_start(s);
    *ret = TAKE(s);
    return ERR_OK;
}

uint16_t kms_service_port(const kms_service *s)
{
    return s->port;
}

enum err_code kms_service_ready(kms_service *s, struct err *e)
{
    return node_check(s, 0, e);
}

void kms_service_drain(kms_service *s)
{
    atomic_store(&s->draining, true);
}

enum err_code kms_service_stop(kms_service *s, struct err *e)
{
    enum err_code rc;

    kms_service_drain(s);
    rc = http_server_drain(s->server, s->config.stop_ms ? s->config.stop_ms : 30000, e);
    node_watch_end(s);
    if (s->config.store)
        collateral_store_stop(s->config.store);
    return rc;
}

void kms_service_free(kms_service *s)
{
    node_watch_end(s);
    if (s->server)
        http_server_free(s->server); /* waits for handlers, which use all of the rest */
    if (s->tls)
        tls_server_free(s->tls);
    if (s->audit)
        audit_close(s->audit);
    if (s->challenges)
        challenges_free(s->challenges);
    if (s->apps)
        kms_apps_free(s->apps);
    if (s->platforms)
        platform_cache_free(s->platforms);
    kms_policies_free(s->policies);
    if (s->pki_answers)
        answer_cache_free(s->pki_answers);
    rate *const limits[] = {s->quotes_peer, s->quotes_all, s->refusal_lines};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i])
            rate_free(limits[i]);
    node_forecast_done(s);
    secret_free(s->proxy_token);
    EVP_PKEY_free(s->tls_key);
    for (size_t i = 0; i < sizeof s->strings / sizeof *s->strings; i++)
        free(s->strings[i]);
    pthread_cond_destroy(&s->stopping);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- a whole life ---- */

static void stop_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGINT);
}

void kms_service_block_signals(void)
{
    sigset_t set;

    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Also ends the wait for load balancers: a second signal means now. */
static void wait_signal(const sigset_t *set, unsigned seconds)
{
    const struct timespec most = {.tv_sec = seconds};
    int rc;

    do
        rc = seconds ? sigtimedwait(set, NULL, &most) : sigwaitinfo(set, NULL);
    while (rc < 0 && errno == EINTR);
}

enum err_code kms_service_run(const struct kms_service_config *config, struct err *e)
{
    AUTO(kms_service) s = NULL;
    sigset_t set;

    kms_service_block_signals();
    stop_signals(&set);
    TRY(kms_service_start(config, &s, e));
    notify_systemd("READY=1");
    wait_signal(&set, 0);
    log_info("ending: no new work, what runs is finished");
    notify_systemd("STOPPING=1");
    kms_service_drain(s);
    if (config->drain_s)
        wait_signal(&set, config->drain_s);
    return kms_service_stop(s, e);
}
