#include "attest/collateral_forecast.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "attest/collateral_report.h"
#include "attest/collateral_fetch.h"
#include "base/clock.h"
#include "base/codec.h"

/* Of each moment also the second after it: whether an end is the last good second or the first bad
 * one is the verifier's business. */
#define MOMENTS_MAX (2 * (1 + COLLATERAL_KINDS * 2 + 2))

static const char *const case_names[FORECAST_CASES] = {
    [FORECAST_HELD] = "held",
    [FORECAST_RENEWED] = "renewed",
    [FORECAST_EARLY] = "early",
};

const char *forecast_case_name(enum forecast_case c)
{
    return (unsigned)c < FORECAST_CASES ? case_names[c] : "unknown";
}

/* ---- when something changes ---- */

struct moments {
    int64_t begin, at[MOMENTS_MAX];
    size_t n;
};

static void add(struct moments *m, int64_t t)
{
    for (int64_t i = 0; i < 2; i++)
        if (t + i >= m->begin && m->n < MOMENTS_MAX)
            m->at[m->n++] = t + i;
}

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void add_chain(struct moments *m, const struct attest_question *q)
{
    AUTO(pck_platform) p = NULL;
    struct err ignored;
    struct quote quote;
    const enum err_code rc = q->tee == QUOTE_TEE_TDX
                                 ? quote_parse(q->quote, &quote, NULL, &ignored)
                                 : quote_parse_sgx(q->quote, &quote, NULL, &ignored);

    /* One that does not hold is refused at every moment, the first one too. */
    if (rc == ERR_OK &&
        pck_chain_verify(quote.pck_pem, q->roots, NULL, NULL, &p, NULL, &ignored) == ERR_OK)
        add(m, p->validity.not_after);
}

static void add_collateral(struct moments *m, const struct attest_question *q)
{
    for (size_t k = 0; k < COLLATERAL_KINDS; k++) {
        const collateral_object *o = q->collateral->part[k];

        if (!o)
            continue;
        add(m, o->next_update + q->policy->collateral_grace_s);
        add(m, o->signer.not_after);
    }
}

/* ---- one case ---- */

static void ask(struct attest_question *q, int64_t at, struct attest_examination *x,
                struct forecast_end *ret)
{
    q->now = at;
    attest_examine(q, x);
    if (x->ok)
        return;
    ret->at = at;
    ret->check = x->first;
    ret->fault = x->fault;
    snprintf(ret->detail, sizeof ret->detail, "%s", x->check[x->first].detail);
}

/* first: the examination at the beginning, for whoever wants to know what stands then. */
static void find_end(const struct attest_question *question, int64_t begin,
                     struct attest_examination *first, struct forecast_end *ret)
{
    struct attest_question q = *question;
    struct moments m = {.begin = begin};
    struct attest_examination x;

    *ret = (struct forecast_end){.known = true, .at = FORECAST_NEVER};
    ask(&q, begin, first, ret);
    if (!first->ok)
        return;
    add_collateral(&m, &q);
    add_chain(&m, &q);
    if (first->facts.has_tcb)
        add(&m, first->facts.tcb.date + q.policy->tcb_grace_s);
    qsort(m.at, m.n, sizeof m.at[0], by_time);
    for (size_t i = 0; i < m.n && ret->at == FORECAST_NEVER; i++)
        ask(&q, m.at[i], &x, ret);
}

/* ---- all of them ---- */

static int64_t newest_date(const struct tcb_info *info)
{
    int64_t newest = 0;

    for (size_t i = 0; i < info->n_levels; i++)
        if (info->levels[i].verdict.date > newest)
            newest = info->levels[i].verdict.date;
    return newest;
}

static uint32_t number_of(const struct collateral *c)
{
    const collateral_object *o = c->part[COLLATERAL_TCB_INFO];

    return o ? collateral_number(o) : 0;
}

static void take_early(const struct attest_question *renewed, const struct collateral *early,
                       int64_t adoption_s, struct collateral_forecast *f)
{
    struct collateral both = *early; /* borrows */
    struct attest_question q = *renewed;
    struct attest_examination first;
    int64_t from;

    if (number_of(early) <= number_of(renewed->collateral))
        return; /* no event since */
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        if (!both.part[k]) {
            both.part[k] = renewed->collateral->part[k];
            both.problem[k] = renewed->collateral->problem[k];
        }
    from = newest_date(&early->part[COLLATERAL_TCB_INFO]->tcb_info) + adoption_s;
    f->has_early = true;
    f->early_number = number_of(early);
    f->early_from = from > f->now ? from : f->now;
    q.collateral = &both;
    find_end(&q, f->early_from, &first, &f->end[FORECAST_EARLY]);
    f->has_early_tcb = first.facts.has_tcb;
    f->early_status = first.facts.tcb.status;
}

void collateral_forecast(const struct attest_question *question, const struct collateral *early,
                         int64_t adoption_s, struct collateral_forecast *ret)
{
    struct attest_question q = *question;
    struct attest_policy patient = *question->policy;
    struct attest_examination first;

    *ret = (struct collateral_forecast){.now = question->now};
    find_end(&q, q.now, &first, &ret->end[FORECAST_HELD]);
    ret->has_platform = first.has_platform;
    ret->platform = (struct collateral_query){
        .tee = first.facts.tee, .ca = first.facts.ca, .root = first.facts.root};
    memcpy(ret->platform.fmspc, first.facts.pck.fmspc, sizeof ret->platform.fmspc);
    ret->has_tcb = first.facts.has_tcb;
    ret->status = first.facts.tcb.status;
    ret->evaluation_number = first.facts.tcb.tcb_evaluation_number;

    /* Objects that are issued again before they end never end. */
    patient.collateral_grace_s = UINT32_MAX;
    q.policy = &patient;
    find_end(&q, q.now, &first, &ret->end[FORECAST_RENEWED]);
    if (early)
        take_early(&q, early, adoption_s, ret);
}

const struct forecast_end *collateral_forecast_end(const struct collateral_forecast *f)
{
    const struct forecast_end *renewed = &f->end[FORECAST_RENEWED],
                              *early = &f->end[FORECAST_EARLY];

    return early->known && early->at < renewed->at ? early : renewed;
}

/* ---- metrics ---- */

static void put_name(struct buf *out, const char *name)
{
    for (; *name; name++) {
        const unsigned char c = (unsigned char)*name;

        buf_put_u8(out, isalnum(c) || strchr("._-/:", c) ? c : '_');
    }
}

void collateral_forecast_metric(enum forecast_case c, const char *evidence,
                                const struct collateral_query *platform, int64_t at,
                                struct buf *out)
{
    buf_printf(out, "teereg_collateral_accepted_until_seconds{case=\"%s\",evidence=\"",
               forecast_case_name(c));
    put_name(out, evidence);
    buf_put_u8(out, '"');
    if (platform) {
        buf_printf(out, ",tee=\"%s\",fmspc=\"", collateral_tee_word(platform->tee));
        hex_put(out, BYTES(platform->fmspc));
        buf_put_u8(out, '"');
        if (platform->root && platform->root->development)
            buf_put_str(out, ",root=\"development\"");
    }
    if (at == FORECAST_NEVER)
        buf_put_str(out, "} +Inf\n");
    else
        buf_printf(out, "} %" PRId64 "\n", at);
}

void collateral_forecast_metrics(const struct collateral_forecast *f, const char *const names[],
                                 size_t n, struct buf *out)
{
    buf_put_str(out,
                "# HELP teereg_collateral_accepted_until_seconds Unix time from which the evidence "
                "is refused.\n# TYPE teereg_collateral_accepted_until_seconds gauge\n");
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < FORECAST_CASES; c++)
            if (f[i].end[c].known)
                collateral_forecast_metric((enum forecast_case)c, names[i],
                                           f[i].has_platform ? &f[i].platform : NULL,
                                           f[i].end[c].at, out);
}
