/* collateral_forecast - until when a platform will be accepted, and what ends it.  Room: attest.
 *
 * Nothing is judged here by rules of its own: the verifier (attest/examine.h) is asked about the
 * same quote at each later moment at which something that it knows of begins or ends, and the first
 * moment at which it refuses is the answer.  Three answers, because three things can happen:
 *
 *   held     nothing is fetched anew: nextUpdate and the policy's grace decide
 *   renewed  Intel says the same again and again: what is left are certificates, tcbDate with the
 *            policy's grace, and what is refused already
 *   early    the early data (a PCS's update=early) takes the standard's place when its time comes,
 *            and is then renewed
 *
 * Intel publishes no date for the last one.  After a TCB recovery event the new data is "early" for
 * about a year and "standard" then: evaluation 17 (event of 2024-03-12) was standard in June 2025,
 * 18 (2024-11-12) in January 2026 and not yet in June 2025, 19 (2025-05-13) in June 2026, 20
 * (2025-08-12) on 2026-08-13 (the collateral in tests/vectors/dcap).  The newest tcbDate of the
 * early TCB info is the event's day, or the next one. */
#pragma once
#include "attest/examine.h"
#include "base/buf.h"

#define FORECAST_ADOPTION_S (365 * 86400) /* from the event until its data is the standard one */
#define FORECAST_NEVER      INT64_MAX     /* by nothing that is known */

enum forecast_case {
    FORECAST_HELD,
    FORECAST_RENEWED,
    FORECAST_EARLY,
    FORECAST_CASES,
};
/* "held", "renewed", "early" */
const char *forecast_case_name(enum forecast_case c);

struct forecast_end {
    bool known; /* false: it could not be told, or there is no early data that is newer */
    int64_t at; /* unix: the first moment at which it is refused; not after now: it is already */
    enum attest_check check;
    enum attest_fault fault;
    char detail[224]; /* as the verifier will say it then; empty for FORECAST_NEVER */
};

struct collateral_forecast {
    int64_t now;
    bool has_platform; /* the quote's chain holds: the next ones count */
    struct collateral_query platform;
    bool has_tcb; /* the next ones count */
    enum tcb_status status;
    uint32_t evaluation_number;
    bool has_early; /* the early data is newer and was given: the next ones count */
    int64_t early_from;
    enum tcb_status early_status; /* when has_early_tcb */
    bool has_early_tcb;
    uint32_t early_number;
    struct forecast_end end[FORECAST_CASES];
};

/* question: with a quote, a policy, collateral and a moment.  early: may be NULL; parts that it
 * lacks are the standard ones.  adoption_s: FORECAST_ADOPTION_S. */
void collateral_forecast(const struct attest_question *question, const struct collateral *early,
                         int64_t adoption_s, struct collateral_forecast *ret);
/* The earlier of "renewed" and "early": what can be said if collateral is kept up to date. */
const struct forecast_end *collateral_forecast_end(const struct collateral_forecast *f);

/* One line of what follows; platform NULL: unknown. */
void collateral_forecast_metric(enum forecast_case c, const char *evidence,
                                const struct collateral_query *platform, int64_t at,
                                struct buf *out);
/* teereg_collateral_accepted_until_seconds{case,evidence,tee,fmspc} in Prometheus' form, of n
 * forecasts about evidence of these names; bytes in a name that a label does not take become '_'.
 * What is not known has no line; FORECAST_NEVER is +Inf. */
void collateral_forecast_metrics(const struct collateral_forecast *f, const char *const names[],
                                 size_t n, struct buf *out);
