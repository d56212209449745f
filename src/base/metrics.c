#include "base/metrics.h"

#include <inttypes.h>
#include <string.h>

static struct metric *first;

/* Upper bounds of the buckets; +Inf is the count itself. */
static const struct {
    uint64_t ns;
    const char *text;
} bounds[METRIC_BUCKETS] = {
    {100000, "0.0001"},   {500000, "0.0005"},   {1000000, "0.001"},  {2500000, "0.0025"},
    {5000000, "0.005"},   {10000000, "0.01"},   {25000000, "0.025"}, {50000000, "0.05"},
    {100000000, "0.1"},   {250000000, "0.25"},  {500000000, "0.5"},  {1000000000, "1"},
    {2500000000u, "2.5"}, {10000000000u, "10"},
};

void metrics_register(struct metric *m)
{
    struct metric **at = &first;
    struct metric **after_name = NULL;

    for (; *at; at = &(*at)->next) {
        if (*at == m)
            return;
        if (strcmp((*at)->name, m->name) == 0)
            after_name = &(*at)->next;
    }
    if (after_name)
        at = after_name;
    m->next = *at;
    *at = m;
}

void metric_add(struct metric *m, uint64_t n)
{
    atomic_fetch_add_explicit(&m->value, n, memory_order_relaxed);
}

void metric_set(struct metric *m, uint64_t v)
{
    atomic_store_explicit(&m->value, v, memory_order_relaxed);
}

void metric_observe_ns(struct metric *m, uint64_t ns)
{
    size_t i = 0;

    while (i < METRIC_BUCKETS && ns > bounds[i].ns)
        i++;
    metric_add(m, 1);
    atomic_fetch_add_explicit(&m->sum_ns, ns, memory_order_relaxed);
    if (i < METRIC_BUCKETS)
        atomic_fetch_add_explicit(&m->bucket[i], 1, memory_order_relaxed);
}

static uint64_t load(const atomic_uint_fast64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

static const char *kind_name(enum metric_kind kind)
{
    static const char *const names[] = {"counter", "gauge", "histogram"};

    return names[kind];
}

static void put_name(struct buf *out, const struct metric *m, const char *suffix)
{
    buf_printf(out, "%s%s", m->name, suffix);
    if (m->labels)
        buf_printf(out, "{%s}", m->labels);
    buf_put_u8(out, ' ');
}

static void put_histogram(struct buf *out, const struct metric *m)
{
    const char *labels = m->labels ? m->labels : "";
    const char *comma = m->labels ? "," : "";
    uint64_t below = 0, sum = load(&m->sum_ns), count;

    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        below += load(&m->bucket[i]);
        buf_printf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", m->name, labels, comma,
                   bounds[i].text, below);
    }
    count = load(&m->value);
    count = count < below ? below : count; /* counted while we read: buckets never exceed +Inf */
    buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", m->name, labels, comma, count);
    put_name(out, m, "_sum");
    buf_printf(out, "%" PRIu64 ".%09" PRIu64 "\n", sum / 1000000000u, sum % 1000000000u);
    put_name(out, m, "_count");
    buf_printf(out, "%" PRIu64 "\n", count);
}

void metrics_write(struct buf *out)
{
    const char *name = "";

    for (const struct metric *m = first; m; m = m->next) {
        if (strcmp(name, m->name) != 0)
            buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
                       kind_name(m->kind));
        name = m->name;
        if (m->kind == METRIC_HISTOGRAM) {
            put_histogram(out, m);
        } else {
            put_name(out, m, "");
            buf_printf(out, "%" PRIu64 "\n", load(&m->value));
        }
    }
}
