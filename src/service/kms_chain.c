/* How the node's view of the chain fares: status and metrics. */
#include "service/kms_node.h"

#define NS_PER_MS 1000000u

static void put_gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name,
               (unsigned long long)value);
}

static void put_seconds(struct buf *out, const char *name, const char *help, uint64_t ms)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %llu.%03llu\n", name, help, name, name,
               (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000));
}

static uint64_t working(const struct chain_endpoint *p)
{
    return p->working;
}
static uint64_t finalized(const struct chain_endpoint *p)
{
    return p->finalized;
}
static uint64_t answers(const struct chain_endpoint *p)
{
    return p->answers;
}
static uint64_t failures(const struct chain_endpoint *p)
{
    return p->failures;
}
static uint64_t lies(const struct chain_endpoint *p)
{
    return p->lies;
}
static uint64_t answer_us(const struct chain_endpoint *p)
{
    return p->answer_ns / 1000;
}

static const struct {
    const char *name, *kind, *help;
    uint64_t (*value)(const struct chain_endpoint *p);
} of_endpoints[] = {
    {"teereg_chain_endpoint_up", "gauge", "1 while the endpoint's last answer was good.", working},
    {"teereg_chain_endpoint_finalized_block", "gauge", "Its finalized block, as it says.",
     finalized},
    {"teereg_chain_endpoint_answer_microseconds", "gauge", "How long its last answer took.",
     answer_us},
    {"teereg_chain_endpoint_answers_total", "counter", "Good answers.", answers},
    {"teereg_chain_endpoint_failures_total", "counter", "Answers that were wrong or missing.",
     failures},
    {"teereg_chain_endpoint_lies_total", "counter", "How often it was found to lie.", lies},
};

static void put_endpoints(const struct chain_health *h, struct buf *out)
{
    for (size_t g = 0; g < sizeof of_endpoints / sizeof *of_endpoints; g++) {
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", of_endpoints[g].name, of_endpoints[g].help,
                   of_endpoints[g].name, of_endpoints[g].kind);
        for (size_t i = 0; i < h->n_endpoints; i++)
            buf_printf(out, "%s{endpoint=\"%s\"} %llu\n", of_endpoints[g].name, h->endpoint[i].host,
                       (unsigned long long)of_endpoints[g].value(&h->endpoint[i]));
    }
}

void node_chain_metrics(kms_service *s, struct buf *out)
{
    struct chain_health h;

    if (!chain_view_health(s->config.view, &h))
        return;
    put_gauge(out, "teereg_chain_lag_seconds", "Age of the finalized block that is judged by.",
              h.lag_s);
    put_seconds(out, "teereg_chain_cache_age_seconds", "Since that block was last confirmed.",
                h.cache_age_ms);
    put_seconds(out, "teereg_chain_latest_age_seconds",
                "Since the newest blocks were looked at for denials.", h.latest_age_ms);
    put_seconds(out, "teereg_chain_proof_seconds", "How long the last proofs took, with the wire.",
                h.proof_ns / NS_PER_MS);
    put_gauge(out, "teereg_chain_doubts", "Changes in the newest blocks that are not final.",
              h.doubts);
    put_gauge(out, "teereg_chain_conflicts_total", "Lies of endpoints that were kept as evidence.",
              h.conflicts);
    put_endpoints(&h, out);
}

static enum err_code put_endpoint(const struct chain_endpoint *p, json *list, struct err *e)
{
    AUTO(json) o = NULL;

    TRY(json_new_object(&o, e));
    TRY(json_put_str(o, "endpoint", p->host, e));
    TRY(json_put_bool(o, "working", p->working, e));
    TRY(json_put_u64(o, "quarantine_s", p->quarantine_s, e));
    TRY(json_put_u64(o, "finalized", p->finalized, e));
    TRY(json_put_u64(o, "lies", p->lies, e));
    if (p->fault[0])
        TRY(json_put_str(o, "fault", p->fault, e));
    return json_append(list, TAKE(o), e);
}

enum err_code node_chain_put(kms_service *s, json *o, struct err *e)
{
    AUTO(json) chain = NULL;
    AUTO(json) list = NULL;
    struct chain_health h;

    if (!chain_view_health(s->config.view, &h))
        return ERR_OK;
    TRY(json_new_object(&chain, e));
    TRY(json_new_array(&list, e));
    TRY(json_put_u64(chain, "block", h.block.ref.number, e));
    TRY(json_put_u64(chain, "lag_s", h.lag_s, e));
    TRY(json_put_u64(chain, "quorum", h.quorum, e));
    TRY(json_put_u64(chain, "doubts", h.doubts, e));
    TRY(json_put_u64(chain, "conflicts", h.conflicts, e));
    if (h.fault.code != ERR_OK)
        TRY(json_put_str(chain, "fault", h.fault.msg, e));
    for (size_t i = 0; i < h.n_endpoints; i++)
        TRY(put_endpoint(&h.endpoint[i], list, e));
    TRY(json_put(chain, "endpoints", TAKE(list), e));
    return json_put(o, "chain", TAKE(chain), e);
}
