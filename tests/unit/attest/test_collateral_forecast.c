/* collateral_forecast: the first moment at which the verifier will refuse, and why; of simulated
 * platforms, and of a real one whose future is known by now. */
#include "support/dcap.h"
#include "attest/collateral_forecast.h"
#include "sim_quote.h"
#include "support/sim_source.h"

#define NOW     1795500000 /* 2026-11-24 */
#define DAY     86400
#define EVENT   1786492800 /* 2026-08-12, the newest tcbDate of the simulated early data */
#define ADOPTED (EVENT + FORECAST_ADOPTION_S)
#define LEVEL   1770768000 /* 2026-02-11, tcbDate of what simulated platforms meet */

/* A platform, its collateral of today and the early one, and a policy. */
struct stage {
    struct buf quote;
    struct collateral standard, early;
    struct attest_policy policy;
    struct collateral_forecast f;
};

static int setup(void **state)
{
    struct stage *st = calloc(1, sizeof *st);
    const struct sim_collateral_spec standard = {.now = NOW}, early = {.now = NOW, .early = true};
    const struct report_data rd = {{0}};
    AUTO(sim_platform) p = NULL;
    struct td_report td;
    struct err e;

    sim_td_of_image("an image", &td);
    st->quote = BUF(SIM_QUOTE_MAX);
    need(sim_platform_new("a machine", SIM_OK, &p, &e), &e);
    need(sim_quote(p, SIM_V4, &td, &rd, &st->quote, &e), &e);
    sim_source_make(&standard, &st->standard);
    sim_source_make(&early, &st->early);
    st->policy = attest_policy_default;
    *state = st;
    return 0;
}

static int teardown(void **state)
{
    struct stage *st = *state;

    collateral_done(&st->standard);
    collateral_done(&st->early);
    buf_done(&st->quote);
    free(st);
    return 0;
}

static void foresee(struct stage *st, const struct collateral *early)
{
    const struct attest_question q = {
        .quote = buf_bytes(&st->quote),
        .tee = QUOTE_TEE_TDX,
        .roots = attest_roots(),
        .policy = &st->policy,
        .collateral = &st->standard,
        .now = NOW,
    };

    collateral_forecast(&q, early, FORECAST_ADOPTION_S, &st->f);
}

static void assert_end(const struct stage *st, enum forecast_case c, int64_t at,
                       enum attest_fault fault)
{
    const struct forecast_end *x = &st->f.end[c];

    assert_true(x->known);
    if (x->fault != fault || x->at != at)
        fail_msg("%s ends at %lld by %s, expected %lld by %s", forecast_case_name(c),
                 (long long)x->at, attest_fault_name(x->fault), (long long)at,
                 attest_fault_name(fault));
}

static int64_t first_next_update(const struct stage *st)
{
    int64_t first = INT64_MAX;

    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        if (st->standard.part[k]->next_update < first)
            first = st->standard.part[k]->next_update;
    return first;
}

static void what_is_not_renewed_ends_with_the_first_object(void **state)
{
    struct stage *st = *state;

    foresee(st, NULL);
    assert_end(st, FORECAST_HELD, first_next_update(st), FAULT_COLLATERAL_EXPIRED);
    assert_true(st->f.has_platform && st->f.has_tcb);
    assert_int_equal(st->f.status, TCB_UP_TO_DATE);
    assert_int_equal(st->f.evaluation_number, SIM_EVALUATION);
}

static void the_policys_grace_is_added(void **state)
{
    struct stage *st = *state;

    st->policy.collateral_grace_s = 3 * DAY;
    foresee(st, NULL);
    assert_end(st, FORECAST_HELD, first_next_update(st) + 3 * DAY, FAULT_COLLATERAL_EXPIRED);
}

static void renewed_collateral_is_good_until_a_certificate_ends(void **state)
{
    struct stage *st = *state;
    const struct forecast_end *x = &st->f.end[FORECAST_RENEWED];

    foresee(st, NULL);
    assert_true(x->known && x->at > first_next_update(st) + 300 * DAY);
    assert_true(x->fault == FAULT_PCK_EXPIRED || x->fault == FAULT_COLLATERAL_EXPIRED);
    assert_non_null(strstr(x->detail, "certificate"));
    assert_ptr_equal(collateral_forecast_end(&st->f), x);
}

static void the_early_data_counts_from_a_year_after_its_event(void **state)
{
    struct stage *st = *state;

    foresee(st, &st->early);
    assert_true(st->f.has_early && st->f.has_early_tcb);
    assert_int_equal(st->f.early_from, ADOPTED);
    assert_int_equal(st->f.early_status, TCB_OUT_OF_DATE);
    assert_int_equal(st->f.early_number, SIM_EVALUATION + 1);
    assert_end(st, FORECAST_EARLY, ADOPTED, FAULT_TCB_STATUS);
    assert_int_equal(st->f.end[FORECAST_EARLY].check, CHECK_TCB_STATUS);
    assert_ptr_equal(collateral_forecast_end(&st->f), &st->f.end[FORECAST_EARLY]);
}

static void a_policy_that_accepts_the_coming_status_is_not_ended_by_it(void **state)
{
    struct stage *st = *state;

    st->policy.statuses |= TCB_STATUS_BIT(TCB_OUT_OF_DATE);
    foresee(st, &st->early);
    assert_true(st->f.end[FORECAST_EARLY].at > ADOPTED);
    assert_true(st->f.end[FORECAST_EARLY].fault != FAULT_TCB_STATUS);
}

static void the_policys_grace_after_tcb_date_puts_it_off(void **state)
{
    struct stage *st = *state;

    st->policy.tcb_grace_s = 600 * DAY;
    foresee(st, &st->early);
    assert_end(st, FORECAST_EARLY, LEVEL + 600 * DAY + 1, FAULT_TCB_STATUS);
}

static void data_that_is_not_newer_foretells_nothing(void **state)
{
    struct stage *st = *state;

    foresee(st, &st->standard);
    assert_false(st->f.has_early);
    assert_false(st->f.end[FORECAST_EARLY].known);
}

static void early_data_without_lists_takes_the_standard_ones(void **state)
{
    struct stage *st = *state;
    struct collateral some = st->early;

    some.part[COLLATERAL_ROOT_CRL] = NULL;
    some.part[COLLATERAL_PCK_CRL] = NULL;
    foresee(st, &some);
    assert_end(st, FORECAST_EARLY, ADOPTED, FAULT_TCB_STATUS);
}

static void what_is_refused_already_ends_now(void **state)
{
    struct stage *st = *state;

    st->policy.min_evaluation_number = SIM_EVALUATION + 1;
    foresee(st, &st->early);
    assert_end(st, FORECAST_HELD, NOW, FAULT_EVALUATION_NUMBER);
    assert_end(st, FORECAST_RENEWED, NOW, FAULT_EVALUATION_NUMBER);
}

static void a_missing_part_is_refused_now_and_later(void **state)
{
    struct stage *st = *state;

    collateral_object_unref(TAKE(st->standard.part[COLLATERAL_PCK_CRL]));
    foresee(st, NULL);
    assert_end(st, FORECAST_HELD, NOW, FAULT_COLLATERAL_MISSING);
    assert_end(st, FORECAST_RENEWED, NOW, FAULT_COLLATERAL_MISSING);
}

static void metrics_name_evidence_and_platform(void **state)
{
    struct stage *st = *state;
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    const char *const names[] = {"a \"b\"\n"};

    foresee(st, &st->early);
    collateral_forecast_metrics(&st->f, names, 1, &text);
    assert_non_null(
        strstr(buf_cstr(&text), "# TYPE teereg_collateral_accepted_until_seconds gauge\n"));
    assert_non_null(
        strstr(buf_cstr(&text),
               "teereg_collateral_accepted_until_seconds{case=\"early\",evidence=\"a__b__\","
               "tee=\"tdx\",fmspc=\"53494d000000\",root=\"development\"} 1818028800\n"));
}

static void what_has_no_end_is_infinite(void **state)
{
    struct stage *st = *state;
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    const char *const names[] = {"own"};

    st->f = (struct collateral_forecast){0};
    st->f.end[FORECAST_HELD] = (struct forecast_end){.known = true, .at = FORECAST_NEVER};
    collateral_forecast_metrics(&st->f, names, 1, &text);
    assert_non_null(strstr(buf_cstr(&text), "{case=\"held\",evidence=\"own\"} +Inf\n"));
    assert_null(strstr(buf_cstr(&text), "renewed"));
}

/* ---- what did happen ---- */

static void load(const char *name, struct collateral *ret)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    struct bytes text = dcap_file(name);
    struct err e;

    need(collateral_bundle_decode(text, &b, &e), &e);
    dcap_free(&text);
    collateral_of_bundle(&b, attest_roots(), NULL, ret);
}

/* UpToDate by evaluation 17 in June 2025; OutOfDate by evaluation 20, whose event was 2025-08-12
 * and which was served as standard on 2026-08-13, the day that the estimate names.  (One day is
 * added here: the object is of 10:45 on that day, and none is believed before it was issued.) */
static void a_real_platform_was_refused_when_it_was_foreseen(void **state)
{
    struct stage *st = *state;
    struct bytes quote = dcap_file("quotes/tdx_v4_b0c06f_phala.bin");
    struct collateral june AUTO_CALL(collateral_done) = {0};
    struct collateral august AUTO_CALL(collateral_done) = {0};
    struct attest_question q = {.quote = quote,
                                .tee = QUOTE_TEE_TDX,
                                .roots = attest_roots(),
                                .policy = &attest_policy_default,
                                .collateral = &june,
                                .now = 1750800000};

    load("collateral/phala_b0c06f_2025-06.json", &june);
    load("collateral/near_b0c06f_2026-08.json", &august);
    collateral_forecast(&q, &august, FORECAST_ADOPTION_S + DAY, &st->f);
    dcap_free(&quote);
    assert_int_equal(st->f.status, TCB_UP_TO_DATE);
    assert_end(st, FORECAST_EARLY, EVENT + 2 * DAY, FAULT_TCB_STATUS);
    assert_int_equal(st->f.early_status, TCB_OUT_OF_DATE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_not_renewed_ends_with_the_first_object),
        T(the_policys_grace_is_added),
        T(renewed_collateral_is_good_until_a_certificate_ends),
        T(the_early_data_counts_from_a_year_after_its_event),
        T(a_policy_that_accepts_the_coming_status_is_not_ended_by_it),
        T(the_policys_grace_after_tcb_date_puts_it_off),
        T(data_that_is_not_newer_foretells_nothing),
        T(early_data_without_lists_takes_the_standard_ones),
        T(what_is_refused_already_ends_now),
        T(a_missing_part_is_refused_now_and_later),
        T(metrics_name_evidence_and_platform),
        T(what_has_no_end_is_infinite),
        T(a_real_platform_was_refused_when_it_was_foreseen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
