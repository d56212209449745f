/* collateral_store: who is fetched when, what replaces what, and what is refused.  Intel's own
 * objects of three months, a clock that the tests turn, origins that the tests play. */
#include "support/dcap.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#include "attest/collateral_report.h"
#include "attest/collateral_store.h"

#define JANUARY  "tinfoil_90c06f_2026-01.json"  /* evaluation number 18 */
#define FEBRUARY "phala_90c06f_2026-02.json"    /* 18 */
#define JUNE     "flashbots_azure_2026-06.json" /* 19 */
#define IN_JUNE  1781500000                     /* 2026-06-15 */
#define DAY      86400

/* ---- a clock and an origin ---- */

static _Atomic int64_t unix_s;
static _Atomic uint64_t ns;

static int64_t fake_unix(void *self)
{
    (void)self;
    return unix_s;
}
static uint64_t fake_ns(void *self)
{
    (void)self;
    return ns;
}
static const struct clock fake_clock = {fake_unix, fake_ns, NULL};

static void pass(int64_t seconds)
{
    unix_s += seconds;
    ns += (uint64_t)seconds * 1000000000u;
}

struct origin {
    struct collateral_bundle bundle;
    atomic_int asked[COLLATERAL_KINDS];
    atomic_bool down, slow, release;
    unsigned asked_ms;
};

static enum err_code play(void *self, enum collateral_kind kind, const struct collateral_query *q,
                          unsigned ms, struct collateral_text *ret, struct err *e)
{
    struct origin *o = self;
    const struct collateral_text *t = &o->bundle.text[kind];

    (void)q;
    o->asked_ms = ms;
    atomic_fetch_add(&o->asked[kind], 1);
    while (o->slow && !o->release)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    if (o->down)
        return err_set(e, ERR_UPSTREAM, "the origin is down");
    if (!t->body.n)
        return err_set(e, ERR_NOT_FOUND, "it has none");
    *ret = (struct collateral_text){BUF(TCB_TEXT_MAX), BUF(64), BUF(COLLATERAL_CHAIN_MAX)};
    buf_put(&ret->body, buf_bytes(&t->body));
    buf_put(&ret->signature, buf_bytes(&t->signature));
    buf_put(&ret->issuer_chain, buf_bytes(&t->issuer_chain));
    return ERR_OK;
}

static void load(struct origin *o, const char *name)
{
    char path[128];
    struct err e;

    snprintf(path, sizeof path, "collateral/%s", name);
    struct bytes text = dcap_file(path);

    need(collateral_bundle_decode(text, &o->bundle, &e), &e);
    dcap_free(&text);
}

static struct collateral_query query(void)
{
    return (struct collateral_query){.tee = QUOTE_TEE_TDX,
                                     .fmspc = {0x90, 0xc0, 0x6f},
                                     .ca = PCK_CA_PLATFORM,
                                     .root = &attest_roots()->list[0]};
}

static int total(const struct origin *o)
{
    int n = 0;

    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        n += o->asked[k];
    return n;
}

/* ---- a store on one or two of them ---- */

struct stage {
    struct origin a, b;
    collateral_store *store;
};

static void open_store(struct stage *st, const char *state, unsigned newcomers, size_t objects)
{
    const struct collateral_store_config config = {.clock = &fake_clock,
                                                   .get_ms = 500,
                                                   .state_file = state,
                                                   .newcomers = newcomers,
                                                   .max_objects = objects};
    struct collateral_origin a = {.get = play, .self = &st->a, .name = "first"};
    struct collateral_origin b = {.get = play, .self = &st->b, .name = "second"};
    struct err e;

    need(collateral_store_new(&config, &st->store, &e), &e);
    need(collateral_store_add(st->store, &a, &e), &e);
    need(collateral_store_add(st->store, &b, &e), &e);
}

static int setup(void **state)
{
    struct stage *st = calloc(1, sizeof *st);

    json_init();
    unix_s = IN_JUNE;
    ns = 1;
    load(&st->a, JUNE);
    open_store(st, NULL, 0, 0);
    *state = st;
    return 0;
}

static int teardown(void **state)
{
    struct stage *st = *state;

    if (st->store)
        collateral_store_free(st->store);
    collateral_bundle_done(&st->a.bundle);
    collateral_bundle_done(&st->b.bundle);
    free(st);
    return 0;
}

/* How many of the four it has. */
static int ask(struct stage *st, const struct collateral_query *q, struct collateral *ret)
{
    const struct collateral_source *source = collateral_store_source(st->store);
    int n = 0;

    source->get(source->self, q, unix_s, ret);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        n += ret->part[k] != NULL;
    return n;
}

static int ask_once(struct stage *st)
{
    struct collateral c AUTO_CALL(collateral_done) = {0};
    const struct collateral_query q = query();

    return ask(st, &q, &c);
}

static uint32_t floor_now(struct stage *st, enum collateral_kind kind)
{
    const struct collateral_source *source = collateral_store_source(st->store);
    const struct collateral_query q = query();

    return source->floor(source->self, &q, kind);
}

static void refresh_all(struct stage *st)
{
    while (collateral_store_refresh_one(st->store))
        ;
}

static struct collateral_item item(struct stage *st, enum collateral_kind kind)
{
    struct collateral_item list[16];
    size_t n = collateral_store_items(st->store, list, 16);

    for (size_t i = 0; i < n; i++)
        if (list[i].kind == kind)
            return list[i];
    fail_msg("no %s", collateral_kind_name(kind));
    return list[0];
}

/* ---- getting ---- */

static void what_is_held_is_not_fetched_again(void **state)
{
    struct stage *st = *state;

    assert_int_equal(ask_once(st), 4);
    assert_int_equal(ask_once(st), 4);
    assert_int_equal(total(&st->a), 4);
}

static void another_platform_costs_one_object(void **state)
{
    struct stage *st = *state;
    struct collateral c AUTO_CALL(collateral_done) = {0};
    struct collateral_query q = query();

    assert_int_equal(ask_once(st), 4);
    q.fmspc[0] = 0xb0;
    assert_int_equal(ask(st, &q, &c), 3); /* the origin's is for another platform */
    assert_int_equal(total(&st->a), 5);
    assert_non_null(strstr(c.problem[COLLATERAL_TCB_INFO].detail, "another platform"));
}

static void the_second_origin_is_asked_for_what_the_first_has_not(void **state)
{
    struct stage *st = *state;

    buf_done(&st->a.bundle.text[COLLATERAL_PCK_CRL].body);
    load(&st->b, JUNE);
    assert_int_equal(ask_once(st), 4);
    assert_int_equal(total(&st->b), 1);
}

static void the_second_origin_is_asked_when_the_firsts_has_ended(void **state)
{
    struct stage *st = *state;

    load(&st->a, FEBRUARY);
    load(&st->b, JUNE);
    assert_int_equal(ask_once(st), 4);
    assert_int_equal(item(st, COLLATERAL_TCB_INFO).evaluation_number, 19);
    assert_string_equal(item(st, COLLATERAL_TCB_INFO).origin, "second");
}

static void an_object_that_does_not_verify_is_not_taken(void **state)
{
    struct stage *st = *state;
    struct collateral c AUTO_CALL(collateral_done) = {0};
    const struct collateral_query q = query();

    st->a.bundle.text[COLLATERAL_TCB_INFO].signature.p[3] ^= 1;
    assert_int_equal(ask(st, &q, &c), 3);
    assert_int_equal(c.problem[COLLATERAL_TCB_INFO].fault, FAULT_TCB_INFO_SIG);
}

static void what_was_not_to_be_had_is_not_asked_for_again_at_once(void **state)
{
    struct stage *st = *state;

    st->a.down = true;
    assert_int_equal(ask_once(st), 0);
    assert_int_equal(ask_once(st), 0);
    assert_int_equal(total(&st->a), 4);
    pass(COLLATERAL_RETRY_S);
    st->a.down = false;
    assert_int_equal(ask_once(st), 4);
}

static void an_ended_object_is_handed_out_while_there_is_no_other(void **state)
{
    struct stage *st = *state;

    assert_int_equal(ask_once(st), 4);
    pass(60 * DAY);
    st->a.down = true;
    assert_int_equal(ask_once(st), 4); /* the verifier judges its time */
    assert_int_equal(st->a.asked[COLLATERAL_TCB_INFO], 2);
}

/* ---- many at once ---- */

static void *ask_in_thread(void *self)
{
    return (void *)(intptr_t)ask_once(self);
}

static void many_who_need_the_same_object_wait_for_one_fetch(void **state)
{
    struct stage *st = *state;
    pthread_t threads[8];
    void *got;

    st->a.slow = true;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_in_thread, st), 0);
    while (total(&st->a) == 0)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    nanosleep(&(struct timespec){0, 50000000}, NULL);
    st->a.release = true;
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], &got);
        assert_int_equal((intptr_t)got, 4);
    }
    assert_int_equal(st->a.asked[COLLATERAL_TCB_INFO], 1);
    assert_int_equal(total(&st->a), 4);
}

static void who_waits_for_anothers_fetch_gives_up_at_the_deadline(void **state)
{
    struct stage *st = *state;
    pthread_t thread;

    st->a.slow = true;
    assert_int_equal(pthread_create(&thread, NULL, ask_in_thread, st), 0);
    while (total(&st->a) == 0)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    assert_int_equal(ask_once(st), 0);
    st->a.release = true;
    pthread_join(thread, NULL);
}

static void a_fetch_is_given_what_is_left_of_the_deadline(void **state)
{
    struct stage *st = *state;

    assert_int_equal(ask_once(st), 4);
    assert_true(st->a.asked_ms > 0 && st->a.asked_ms <= 500);
}

static void looking_at_the_store_does_not_wait_for_a_fetch(void **state)
{
    struct stage *st = *state;
    struct collateral_item list[16];
    pthread_t thread;

    st->a.slow = true;
    assert_int_equal(pthread_create(&thread, NULL, ask_in_thread, st), 0);
    while (total(&st->a) == 0)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    assert_true(collateral_store_items(st->store, list, 16) > 0);
    assert_false(atomic_load(&st->a.release));
    st->a.release = true;
    pthread_join(thread, NULL);
}

/* ---- bounds ---- */

static void unknown_platforms_are_looked_up_at_a_bounded_rate(void **state)
{
    struct stage *st = *state;
    struct collateral_query q = query();

    collateral_store_free(TAKE(st->store));
    open_store(st, NULL, 4, 0);
    for (uint8_t i = 0; i < 40; i++) {
        struct collateral c AUTO_CALL(collateral_done) = {0};

        q.fmspc[5] = i;
        (void)ask(st, &q, &c);
        if (i == 39)
            assert_non_null(strstr(c.problem[COLLATERAL_TCB_INFO].detail, "try again in"));
    }
    assert_int_equal(st->a.asked[COLLATERAL_TCB_INFO], 4);
}

static void a_flood_of_platforms_drops_neither_our_own_nor_what_all_share(void **state)
{
    struct stage *st = *state;
    struct collateral_query q = query();

    collateral_store_free(TAKE(st->store));
    open_store(st, NULL, 1000, 8);
    collateral_store_pin(st->store, &q);
    assert_int_equal(ask_once(st), 4);
    for (uint8_t i = 1; i < 100; i++) {
        struct collateral c AUTO_CALL(collateral_done) = {0};

        q.fmspc[5] = i;
        (void)ask(st, &q, &c);
    }
    assert_int_equal(ask_once(st), 4);
    assert_int_equal(st->a.asked[COLLATERAL_TCB_INFO], 100);
    assert_int_equal(st->a.asked[COLLATERAL_ROOT_CRL], 1);
}

static void the_list_of_another_ca_is_not_taken(void **state)
{
    struct stage *st = *state;
    struct collateral c AUTO_CALL(collateral_done) = {0};
    struct collateral_query q = query();

    q.ca = PCK_CA_PROCESSOR;
    assert_int_equal(ask(st, &q, &c), 3);
    assert_null(c.part[COLLATERAL_PCK_CRL]);
    assert_non_null(strstr(c.problem[COLLATERAL_PCK_CRL].detail, "by another CA"));
}

/* ---- refreshing ---- */

static void objects_are_fetched_anew_once_a_day_and_not_all_at_one_moment(void **state)
{
    struct stage *st = *state;
    struct collateral_item list[4];

    assert_int_equal(ask_once(st), 4);
    assert_int_equal(collateral_store_items(st->store, list, 4), 4);
    for (size_t i = 0; i < 4; i++)
        assert_in_range(list[i].refresh_in, DAY * 3 / 4 - 1, DAY);
    assert_false(list[0].refresh_in == list[1].refresh_in &&
                 list[1].refresh_in == list[2].refresh_in &&
                 list[2].refresh_in == list[3].refresh_in);
    refresh_all(st);
    assert_int_equal(total(&st->a), 4);
    pass(DAY);
    refresh_all(st);
    assert_int_equal(total(&st->a), 8);
}

/* JUNE is of the first days of that month and good for 30. */
static void what_ends_soon_is_fetched_anew_before_it_ends(void **state)
{
    struct stage *st = *state;

    assert_int_equal(ask_once(st), 4);
    unix_s = item(st, COLLATERAL_TCB_INFO).next_update - 8 * 3600;
    pass(DAY / 24 / 60);
    ns += (uint64_t)DAY * 1000000000u;
    refresh_all(st);
    assert_in_range(item(st, COLLATERAL_TCB_INFO).refresh_in, 8 * 3600 / 2 * 3 / 4 - 60,
                    8 * 3600 / 2);
}

static void a_refresh_that_fails_leaves_the_object_and_is_tried_ever_more_rarely(void **state)
{
    struct stage *st = *state;

    assert_int_equal(ask_once(st), 4);
    pass(DAY);
    st->a.down = true;
    refresh_all(st);
    assert_in_range(item(st, COLLATERAL_TCB_INFO).refresh_in, 44, 60);
    for (int i = 0; i < 12; i++) {
        pass(3600);
        refresh_all(st);
    }
    assert_in_range(item(st, COLLATERAL_TCB_INFO).refresh_in, 2699, 3600);
    assert_true(item(st, COLLATERAL_TCB_INFO).held);
    assert_string_equal(item(st, COLLATERAL_TCB_INFO).problem, "the origin is down");
    assert_int_equal(ask_once(st), 4);
}

static void a_newer_object_replaces_the_one_that_is_held(void **state)
{
    struct stage *st = *state;

    load(&st->a, FEBRUARY);
    assert_int_equal(ask_once(st), 4);
    pass(DAY);
    load(&st->a, JUNE);
    refresh_all(st);
    assert_int_equal(item(st, COLLATERAL_TCB_INFO).evaluation_number, 19);
}

static void an_older_object_does_not_replace_the_one_that_is_held(void **state)
{
    struct stage *st = *state;
    int64_t issued;

    load(&st->a, FEBRUARY); /* the same evaluation number as January's */
    assert_int_equal(ask_once(st), 4);
    issued = item(st, COLLATERAL_TCB_INFO).issued;
    pass(DAY);
    load(&st->a, JANUARY);
    refresh_all(st);
    assert_int_equal(item(st, COLLATERAL_TCB_INFO).issued, issued);
    assert_non_null(strstr(item(st, COLLATERAL_TCB_INFO).problem, "it is not replaced"));
}

static void the_thread_fetches_what_is_due_and_ends_when_told(void **state)
{
    struct stage *st = *state;
    struct err e;

    assert_int_equal(ask_once(st), 4);
    pass(DAY);
    need(collateral_store_start(st->store, &e), &e);
    for (int i = 0; i < 2000 && total(&st->a) < 8; i++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    assert_int_equal(total(&st->a), 8);
    collateral_store_stop(st->store);
    collateral_store_stop(st->store);
}

/* ---- floors ---- */

static void the_floor_is_the_newest_number_of_our_own(void **state)
{
    struct stage *st = *state;

    assert_int_equal(floor_now(st, COLLATERAL_TCB_INFO), 0);
    assert_int_equal(ask_once(st), 4);
    assert_int_equal(floor_now(st, COLLATERAL_TCB_INFO), 19);
    assert_int_equal(floor_now(st, COLLATERAL_QE_IDENTITY), 19);
    assert_int_equal(floor_now(st, COLLATERAL_ROOT_CRL), 0);
}

static void the_floor_outlives_the_process_and_refuses_what_is_below_it(void **state)
{
    struct stage *st = *state;
    struct collateral c AUTO_CALL(collateral_done) = {0};
    const struct collateral_query q = query();
    char path[] = "/tmp/teereg-floor-XXXXXX";

    close(mkstemp(path));
    unlink(path);
    collateral_store_free(TAKE(st->store));
    open_store(st, path, 0, 0);
    assert_int_equal(ask_once(st), 4);
    collateral_store_free(TAKE(st->store));
    load(&st->a, FEBRUARY);
    open_store(st, path, 0, 0);
    unlink(path);
    assert_int_equal(floor_now(st, COLLATERAL_TCB_INFO), 19);
    assert_int_equal(ask(st, &q, &c), 2); /* the CRLs */
    assert_non_null(strstr(c.problem[COLLATERAL_TCB_INFO].detail, "19 was seen before"));
    assert_int_equal(floor_now(st, COLLATERAL_TCB_INFO), 19);
}

static void a_damaged_file_of_floors_stops_the_start(void **state)
{
    char path[] = "/tmp/teereg-floor-XXXXXX";
    const struct collateral_store_config config = {.clock = &fake_clock, .state_file = path};
    collateral_store *s = NULL;
    struct err e;
    int fd = mkstemp(path);

    (void)state;
    assert_int_equal(write(fd, "{}", 2), 2);
    close(fd);
    assert_int_equal(collateral_store_new(&config, &s, &e), ERR_INVALID);
    unlink(path);
}

/* ---- what is said ---- */

static void metrics_tell_age_time_left_and_number_of_each_object(void **state)
{
    struct stage *st = *state;
    struct buf out AUTO_CALL(buf_done) = BUF(1 << 16);

    assert_int_equal(ask_once(st), 4);
    collateral_metrics_write(st->store, &out);
    assert_non_null(strstr(buf_cstr(&out), "teereg_collateral_evaluation_number{kind=\"tcb_info\","
                                           "tee=\"tdx\",fmspc=\"90c06f000000\"} 19\n"));
    assert_non_null(strstr(buf_cstr(&out), "teereg_collateral_age_seconds{kind=\"root_crl\"} "));
    assert_non_null(strstr(buf_cstr(&out), "teereg_collateral_misses_total 4\n"));
}

static void an_object_that_has_ended_is_an_alarm_and_one_in_force_is_none(void **state)
{
    struct stage *st = *state;
    struct collateral_item x;
    char text[700];

    assert_int_equal(ask_once(st), 4);
    x = item(st, COLLATERAL_TCB_INFO);
    assert_false(collateral_alarm(&x, unix_s, text, sizeof text));
    assert_true(collateral_alarm(&x, x.next_update, text, sizeof text));
    assert_non_null(strstr(text, "TCB info of tdx platforms 90c06f000000 has ended at 2026-07-08"));
    x.failures = 3;
    assert_true(collateral_alarm(&x, x.next_update - DAY, text, sizeof text));
}

static void what_is_held_can_be_sent_along(void **state)
{
    struct stage *st = *state;
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    const struct collateral_query q = query();
    struct err e;

    assert_int_equal(ask_once(st), 4);
    need(collateral_store_bundle(st->store, &q, &b, &e), &e);
    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        assert_true(bytes_eq(buf_bytes(&b.text[k].body), buf_bytes(&st->a.bundle.text[k].body)));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_held_is_not_fetched_again),
        T(another_platform_costs_one_object),
        T(the_second_origin_is_asked_for_what_the_first_has_not),
        T(the_second_origin_is_asked_when_the_firsts_has_ended),
        T(an_object_that_does_not_verify_is_not_taken),
        T(what_was_not_to_be_had_is_not_asked_for_again_at_once),
        T(an_ended_object_is_handed_out_while_there_is_no_other),
        T(many_who_need_the_same_object_wait_for_one_fetch),
        T(who_waits_for_anothers_fetch_gives_up_at_the_deadline),
        T(a_fetch_is_given_what_is_left_of_the_deadline),
        T(looking_at_the_store_does_not_wait_for_a_fetch),
        T(unknown_platforms_are_looked_up_at_a_bounded_rate),
        T(a_flood_of_platforms_drops_neither_our_own_nor_what_all_share),
        T(objects_are_fetched_anew_once_a_day_and_not_all_at_one_moment),
        T(the_list_of_another_ca_is_not_taken),
        T(what_ends_soon_is_fetched_anew_before_it_ends),
        T(a_refresh_that_fails_leaves_the_object_and_is_tried_ever_more_rarely),
        T(a_newer_object_replaces_the_one_that_is_held),
        T(an_older_object_does_not_replace_the_one_that_is_held),
        T(the_thread_fetches_what_is_due_and_ends_when_told),
        T(the_floor_is_the_newest_number_of_our_own),
        T(the_floor_outlives_the_process_and_refuses_what_is_below_it),
        T(a_damaged_file_of_floors_stops_the_start),
        T(metrics_tell_age_time_left_and_number_of_each_object),
        T(an_object_that_has_ended_is_an_alarm_and_one_in_force_is_none),
        T(what_is_held_can_be_sent_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
