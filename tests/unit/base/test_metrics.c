/* metrics: the text that Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/metrics.h"

static struct metric ok = {.name = "requests_total",
                           .help = "Requests.",
                           .labels = "code=\"200\"",
                           .kind = METRIC_COUNTER};
static struct metric up = {.name = "up", .help = "Is it up.", .labels = NULL, .kind = METRIC_GAUGE};
static struct metric bad = {.name = "requests_total",
                            .help = "Requests.",
                            .labels = "code=\"500\"",
                            .kind = METRIC_COUNTER};
static struct metric slow = {
    .name = "took_seconds", .help = "Time.", .labels = "route=\"x\"", .kind = METRIC_HISTOGRAM};

static void written(struct buf *out)
{
    struct err e = {0};

    buf_clear(out);
    metrics_write(out);
    assert_int_equal(buf_check(out, &e), ERR_OK);
}

static void metrics_of_one_name_stand_together(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(65536);

    (void)state;
    metric_add(&ok, 2);
    metric_add(&ok, 1);
    metric_set(&up, 1);
    metric_add(&bad, 5);
    written(&out);
    assert_non_null(strstr(buf_cstr(&out), "# HELP requests_total Requests.\n"
                                           "# TYPE requests_total counter\n"
                                           "requests_total{code=\"200\"} 3\n"
                                           "requests_total{code=\"500\"} 5\n"
                                           "# HELP up Is it up.\n"
                                           "# TYPE up gauge\n"
                                           "up 1\n"));
}

static void a_gauge_is_set_not_added_to(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(65536);

    (void)state;
    metric_set(&up, 7);
    metric_set(&up, 0);
    written(&out);
    assert_non_null(strstr(buf_cstr(&out), "\nup 0\n"));
}

static void a_histogram_counts_into_every_bucket_above(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(65536);

    (void)state;
    metric_observe_ns(&slow, 100000);        /* exactly the first bound */
    metric_observe_ns(&slow, 30000000);      /* 0.03 s */
    metric_observe_ns(&slow, 3600000000000); /* an hour: +Inf alone */
    written(&out);
    assert_non_null(strstr(buf_cstr(&out), "took_seconds_bucket{route=\"x\",le=\"0.0001\"} 1\n"));
    assert_non_null(strstr(buf_cstr(&out), "took_seconds_bucket{route=\"x\",le=\"0.025\"} 1\n"));
    assert_non_null(strstr(buf_cstr(&out), "took_seconds_bucket{route=\"x\",le=\"0.05\"} 2\n"));
    assert_non_null(strstr(buf_cstr(&out), "took_seconds_bucket{route=\"x\",le=\"10\"} 2\n"
                                           "took_seconds_bucket{route=\"x\",le=\"+Inf\"} 3\n"
                                           "took_seconds_sum{route=\"x\"} 3600.030100000\n"
                                           "took_seconds_count{route=\"x\"} 3\n"));
}

static void registering_twice_writes_once(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(65536);
    const char *at;

    (void)state;
    metrics_register(&up);
    written(&out);
    at = strstr(buf_cstr(&out), "\nup ");
    assert_non_null(at);
    assert_null(strstr(at + 1, "\nup "));
}

static int setup(void **state)
{
    (void)state;
    metrics_register(&ok);
    metrics_register(&up);
    metrics_register(&bad);
    metrics_register(&slow);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_of_one_name_stand_together),
        cmocka_unit_test(a_gauge_is_set_not_added_to),
        cmocka_unit_test(a_histogram_counts_into_every_bucket_above),
        cmocka_unit_test(registering_twice_writes_once),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
