/* sim_source - collateral of simulated platforms for tests that are about something else: right,
 * and of any moment from 2024 to 2033.  Room: tests, development builds. */
#pragma once
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "attest/collateral.h"
#include "sim_collateral.h"

#define SIM_SOURCE_FROM 1704240000 /* 2024-01-03 */
#define SIM_SOURCE_DAYS 3600

static struct collateral sim_source_parts;
static pthread_once_t sim_source_once = PTHREAD_ONCE_INIT;

static inline void sim_source_make(const struct sim_collateral_spec *spec, struct collateral *ret)
{
    struct collateral_bundle bundle AUTO_CALL(collateral_bundle_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(SIM_COLLATERAL_MAX);
    AUTO(sim_platform) p = NULL;
    struct err e;

    json_init();
    if (sim_platform_new("any", SIM_OK, &p, &e) != ERR_OK ||
        sim_collateral(p, spec, &text, &e) != ERR_OK ||
        collateral_bundle_decode(buf_bytes(&text), &bundle, &e) != ERR_OK) {
        fprintf(stderr, "simulated collateral: %s\n", e.msg);
        abort();
    }
    collateral_of_bundle(&bundle, attest_roots(), NULL, ret);
}

static inline void sim_source_load(void)
{
    const struct sim_collateral_spec spec = {.now = SIM_SOURCE_FROM, .days = SIM_SOURCE_DAYS};

    sim_source_make(&spec, &sim_source_parts);
}

static inline void sim_source_get(void *self, const struct collateral_query *q, int64_t now,
                                  struct collateral *ret)
{
    (void)self;
    (void)q;
    (void)now;
    pthread_once(&sim_source_once, sim_source_load);
    *ret = sim_source_parts;
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        collateral_object_ref(ret->part[k]);
}

static inline void sim_source_end(void)
{
    collateral_done(&sim_source_parts);
}

static const struct collateral_source sim_source = {.get = sim_source_get};
