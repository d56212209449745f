/* What is counted, and the line about each exchange. */
#include "attest/collateral_report.h"
#include "base/log.h"
#include "base/metrics.h"
#include "service/kms_node.h"

static const char *const route_names[ROUTES] = {
    [ROUTE_LIVEZ] = "livez",     [ROUTE_READYZ] = "readyz",       [ROUTE_PKI] = "pki",
    [ROUTE_PKI_V1] = "pki_v1",   [ROUTE_CHALLENGE] = "challenge", [ROUTE_EVIDENCE] = "evidence",
    [ROUTE_SECRETS] = "secrets", [ROUTE_EXPLAIN] = "explain",     [ROUTE_ONBOARD_V1] = "onboard_v1",
    [ROUTE_ADMIN] = "admin",     [ROUTE_OTHER] = "other",         [ROUTE_SECRETS_V1] = "secrets_v1",
};

#define CLASSES    5 /* 1xx .. 5xx */
#define LABELS_MAX 64

static const char *const proxy_refusal_names[PROXY_REFUSALS] = {
    [PROXY_HEADERS_ELSEWHERE] = "headers-elsewhere",
    [PROXY_NOT_LOCAL] = "peer-not-local",
    [PROXY_TWICE] = "header-twice",
    [PROXY_TOKEN] = "token",
};

static struct metric requests[ROUTES][CLASSES], seconds[ROUTES], refusals[KMS_REASONS],
    proxy_refusals[PROXY_REFUSALS];
static char request_labels[ROUTES][CLASSES][LABELS_MAX], second_labels[ROUTES][LABELS_MAX],
    refusal_labels[KMS_REASONS][LABELS_MAX], proxy_refusal_labels[PROXY_REFUSALS][LABELS_MAX];

#define GAUGE(variable, named, text)                                                               \
    static struct metric variable = {.name = (named), .help = (text), .kind = METRIC_GAUGE}
#define COUNTER(variable, named, text)                                                             \
    static struct metric variable = {.name = (named), .help = (text), .kind = METRIC_COUNTER}

COUNTER(releases, "teereg_releases_total", "Requests for secrets that were granted.");
COUNTER(releases_v1, "teereg_releases_v1_total", "Of those, on the word of a proxy (version 1).");
COUNTER(renewals, "teereg_evidence_renewals_total", "Certificates with new evidence.");
COUNTER(renewals_failed, "teereg_evidence_renewals_failed_total", "Renewals that failed.");
GAUGE(ready, "teereg_ready", "1 while this node is ready.");
GAUGE(evidence_age, "teereg_evidence_age_seconds", "Age of the certificate's evidence.");
GAUGE(block, "teereg_finalized_block", "Number of the newest finalized block that was judged by.");
GAUGE(compat, "teereg_compat_switches", "Switches of version 1 that are on, as bits.");
GAUGE(audit_seq, "teereg_audit_sequence", "Last durable record of the audit log.");
GAUGE(audit_fsyncs, "teereg_audit_syncs", "How often the audit log was synced.");
GAUGE(open_now, "teereg_connections_open", "Connections that are open.");
GAUGE(running_now, "teereg_requests_running", "Requests that are being handled.");
GAUGE(waiting_now, "teereg_requests_waiting", "Requests that wait for a worker.");
GAUGE(refused_conns, "teereg_connections_refused", "Connections closed by a limit.");
GAUGE(limited, "teereg_requests_limited", "Requests answered 429 or 503 by the server.");
GAUGE(bad, "teereg_requests_malformed", "Requests that were no HTTP.");
GAUGE(timeouts, "teereg_connections_timed_out", "Connections cut by a deadline.");

static void register_tables(void)
{
    for (size_t r = 0; r < ROUTES; r++) {
        for (size_t c = 0; c < CLASSES; c++) {
            snprintf(request_labels[r][c], LABELS_MAX, "route=\"%s\",code=\"%zuxx\"",
                     route_names[r], c + 1);
            requests[r][c] = (struct metric){.name = "teereg_requests_total",
                                             .help = "HTTP exchanges by route and status.",
                                             .labels = request_labels[r][c],
                                             .kind = METRIC_COUNTER};
            metrics_register(&requests[r][c]);
        }
        snprintf(second_labels[r], LABELS_MAX, "route=\"%s\"", route_names[r]);
        seconds[r] = (struct metric){.name = "teereg_request_seconds",
                                     .help = "Time from the whole request to its answer.",
                                     .labels = second_labels[r],
                                     .kind = METRIC_HISTOGRAM};
        metrics_register(&seconds[r]);
    }
    for (size_t i = KMS_GRANTED + 1; i < KMS_REASONS; i++) {
        snprintf(refusal_labels[i], LABELS_MAX, "reason=\"%s\"",
                 kms_reason_name((enum kms_reason)i));
        refusals[i] = (struct metric){.name = "teereg_refusals_total",
                                      .help = "Requests for secrets that were refused.",
                                      .labels = refusal_labels[i],
                                      .kind = METRIC_COUNTER};
        metrics_register(&refusals[i]);
    }
    for (size_t i = 0; i < PROXY_REFUSALS; i++) {
        snprintf(proxy_refusal_labels[i], LABELS_MAX, "reason=\"%s\"", proxy_refusal_names[i]);
        proxy_refusals[i] =
            (struct metric){.name = "teereg_proxy_refusals_total",
                            .help = "Requests turned away because of a proxy's headers.",
                            .labels = proxy_refusal_labels[i],
                            .kind = METRIC_COUNTER};
        metrics_register(&proxy_refusals[i]);
    }
}

static void register_once(void)
{
    struct metric *const singles[] = {
        &releases,     &releases_v1, &renewals,    &renewals_failed, &ready,
        &evidence_age, &block,       &compat,      &audit_seq,       &audit_fsyncs,
        &open_now,     &running_now, &waiting_now, &refused_conns,   &limited,
        &bad,          &timeouts,
    };

    register_tables();
    collateral_metrics_register();
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
        metrics_register(singles[i]);
}

void node_metrics_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_once);
}

void node_count_release(enum kms_reason why)
{
    metric_add(why == KMS_GRANTED ? &releases : &refusals[why], 1);
}

void node_count_release_v1(enum kms_reason why)
{
    node_count_release(why);
    if (why == KMS_GRANTED)
        metric_add(&releases_v1, 1);
}

const char *node_proxy_refusal_name(enum proxy_refusal r)
{
    return proxy_refusal_names[r];
}

void node_count_proxy_refusal(enum proxy_refusal r)
{
    metric_add(&proxy_refusals[r], 1);
}

void node_count_renewal(bool good)
{
    metric_add(good ? &renewals : &renewals_failed, 1);
}

void node_metrics_write(kms_service *s, struct buf *out)
{
    struct http_server_stats stats;
    struct audit_receipt head;

    http_server_stats(s->server, &stats);
    audit_head(s->audit, &head);
    pthread_mutex_lock(&s->lock);
    metric_set(&ready, s->ready.code == ERR_OK && !atomic_load(&s->draining));
    metric_set(&evidence_age, (clock_ns(s->config.clock) - s->evidence_ns) / 1000000000u);
    metric_set(&block, s->ready_at.ref.number);
    pthread_mutex_unlock(&s->lock);
    metric_set(&compat, s->config.security.compat);
    metric_set(&audit_seq, head.seq);
    metric_set(&audit_fsyncs, audit_syncs(s->audit));
    metric_set(&open_now, stats.open);
    metric_set(&running_now, stats.running);
    metric_set(&waiting_now, stats.waiting);
    metric_set(&refused_conns, stats.refused);
    metric_set(&limited, stats.limited);
    metric_set(&bad, stats.bad);
    metric_set(&timeouts, stats.timeouts);
    metrics_write(out);
    if (s->config.store)
        collateral_metrics_write(s->config.store, out);
    node_forecast_metrics(s, out);
    node_chain_metrics(s, out);
}

static size_t index_of(const struct http_routes *routes, const struct http_route *route)
{
    if (!route)
        return ROUTE_OTHER;
    if (route >= routes->list && route < routes->list + routes->n)
        return (size_t)(route - routes->list);
    if (strcmp(route->pattern, NODE_PROXY_PATTERN) == 0)
        return ROUTE_SECRETS_V1;
    return ROUTE_ADMIN;
}

void node_observe(void *self, const struct http_route *route, const char *method, const char *path,
                  const char *peer, const char *request_id, unsigned status, uint64_t ns)
{
    const kms_service *s = self;
    size_t r = index_of(&s->public, route);
    size_t class = status / 100 >= 1 && status / 100 <= CLASSES ? status / 100 - 1 : CLASSES - 1;

    metric_add(&requests[r][class], 1);
    metric_observe_ns(&seconds[r], ns);
    log_debug("exchange", LOG_STR("method", method), LOG_STR("path", path), LOG_STR("peer", peer),
              LOG_STR("request", request_id), LOG_U64("status", status), LOG_U64("us", ns / 1000));
}

void node_server_refusal(void *self, unsigned status, const char *problem, const char *request_id,
                         struct http_response *ret)
{
    (void)self;
    http_refuse_status(ret, request_id, status, problem);
}
