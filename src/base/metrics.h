/* metrics - counters, gauges and histograms in a static table, Prometheus text.  Room: base.
 *
 * A metric is a static object declared where it is counted and registered once at start; updates
 * are relaxed atomics.  Label values are fixed at declaration, so cardinality is bounded. */
#pragma once
#include <stdatomic.h>
#include "base/buf.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
#define METRIC_BUCKETS 14 /* seconds: 0.0001 .. 10, see metrics.c, and +Inf */

struct metric {
    const char *name, *help, *labels; /* labels: `route="secrets",code="200"` or NULL */
    enum metric_kind kind;
    atomic_uint_fast64_t value;                  /* histogram: count */
    atomic_uint_fast64_t sum_ns;                 /* histogram only */
    atomic_uint_fast64_t bucket[METRIC_BUCKETS]; /* histogram only */
    struct metric *next;
};

/* Not thread-safe: at start only.  Metrics of one name stand together in the output. */
void metrics_register(struct metric *m);
void metric_add(struct metric *m, uint64_t n);
void metric_set(struct metric *m, uint64_t v);
void metric_observe_ns(struct metric *m, uint64_t ns);
void metrics_write(struct buf *out);
