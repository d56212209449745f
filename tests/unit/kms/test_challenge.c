/* challenge: nobody else makes one, each is good once, for one purpose, for a minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include "kms/challenge.h"
#include "support/json_vectors.h"

static _Atomic int64_t now = 1764000000;

static int64_t test_now(void *self)
{
    (void)self;
    return now;
}

static uint64_t test_ns(void *self)
{
    (void)self;
    return (uint64_t)now * 1000000000;
}

static const struct clock test_clock = {.unix_now = test_now, .monotonic_ns = test_ns};
static const uint8_t key[32] = {1, 2, 3};
static const struct addr app = {{0x11}}, other_app = {{0x22}};
#define PURPOSE "secrets-request"

static challenges *fresh(size_t max)
{
    challenges *c = NULL;
    struct err e = {0};

    now = 1764000000;
    assert_int_equal(challenges_new(BYTES(key), &test_clock, max, &c, &e), ERR_OK);
    return c;
}

static struct hash32 made(challenges *c)
{
    struct hash32 nonce;
    uint32_t expires;
    struct err e = {0};

    assert_int_equal(challenge_make(c, PURPOSE, &app, &nonce, &expires, &e), ERR_OK);
    assert_int_equal(expires, now + CHALLENGE_LIFETIME_S);
    return nonce;
}

static enum err_code check(challenges *c, const struct hash32 *nonce)
{
    struct err e = {0};

    return challenge_check(c, nonce, PURPOSE, &app, &e);
}

static enum err_code spend(challenges *c, const struct hash32 *nonce)
{
    struct err e = {0};

    return challenge_spend(c, nonce, &e);
}

static void nonces_are_those_of_the_vectors(void **state)
{
    json_t *all = jv_load("tests/vectors/kms/v2.json");
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(jv_get(all, "challenges"), i, v)
    {
        JV_BYTES k = jv_hex(v, "key");
        JV_BYTES a = jv_hex(v, "app");
        JV_BYTES random = jv_hex(v, "random");
        JV_BYTES expected = jv_hex(v, "nonce");
        struct hash32 nonce;
        struct addr to;
        struct err e = {0};

        memcpy(to.b, a.p, sizeof to.b);
        assert_int_equal(challenge_make_with(k, jv_str(v, "purpose"), &to, random.p,
                                             (uint32_t)json_integer_value(jv_get(v, "expiry")),
                                             &nonce, &e),
                         ERR_OK);
        assert_memory_equal(nonce.b, expected.p, 32);
    }
    assert_true(i >= 6);
    json_decref(all);
}

static void a_fresh_challenge_checks_and_is_spent_once(void **state)
{
    AUTO(challenges) c = fresh(0);
    struct hash32 n = made(c);

    (void)state;
    assert_int_equal(check(c, &n), ERR_OK);
    assert_int_equal(check(c, &n), ERR_OK);
    assert_int_equal(spend(c, &n), ERR_OK);
    assert_int_equal(spend(c, &n), ERR_DENIED);
}

static void any_changed_bit_is_refused(void **state)
{
    AUTO(challenges) c = fresh(0);
    struct hash32 n = made(c);

    (void)state;
    for (size_t bit = 0; bit < 256; bit++) {
        struct hash32 forged = n;

        forged.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(check(c, &forged), ERR_VERIFY);
    }
}

static void it_is_for_one_purpose_and_one_application(void **state)
{
    AUTO(challenges) c = fresh(0);
    struct hash32 n = made(c);
    struct err e = {0};

    (void)state;
    assert_int_equal(challenge_check(c, &n, "explain", &app, &e), ERR_VERIFY);
    assert_int_equal(challenge_check(c, &n, PURPOSE, &other_app, &e), ERR_VERIFY);
}

static void a_node_with_another_key_refuses_it(void **state)
{
    static const uint8_t other_key[32] = {9};
    AUTO(challenges) c = fresh(0);
    AUTO(challenges) other = NULL;
    struct hash32 n = made(c);
    struct err e = {0};

    (void)state;
    assert_int_equal(challenges_new(BYTES(other_key), &test_clock, 0, &other, &e), ERR_OK);
    assert_int_equal(check(other, &n), ERR_VERIFY);
}

static void a_node_with_the_same_key_accepts_it(void **state)
{
    AUTO(challenges) c = fresh(0);
    AUTO(challenges) twin = fresh(0);
    struct hash32 n = made(c);

    (void)state;
    assert_int_equal(check(twin, &n), ERR_OK);
    assert_int_equal(spend(twin, &n), ERR_OK);
}

static void it_expires_after_a_minute(void **state)
{
    AUTO(challenges) c = fresh(0);
    struct hash32 n = made(c);

    (void)state;
    now += CHALLENGE_LIFETIME_S;
    assert_int_equal(check(c, &n), ERR_OK);
    now += 1;
    assert_int_equal(check(c, &n), ERR_TIMEOUT);
    assert_int_equal(spend(c, &n), ERR_DENIED);
}

static void a_right_mac_over_an_expiry_far_ahead_is_refused(void **state)
{
    static const uint8_t random[12] = {4};
    AUTO(challenges) c = fresh(0);
    struct hash32 n;
    struct err e = {0};

    (void)state;
    assert_int_equal(
        challenge_make_with(BYTES(key), PURPOSE, &app, random, (uint32_t)now + 86400, &n, &e),
        ERR_OK);
    assert_int_equal(check(c, &n), ERR_TIMEOUT);
}

/* A spent one is forgotten once it expired; turning the clock back must not bring it to life. */
static void a_clock_turned_back_does_not_revive_a_spent_one(void **state)
{
    AUTO(challenges) c = fresh(0);
    struct hash32 n = made(c);

    (void)state;
    assert_int_equal(spend(c, &n), ERR_OK);
    now += 1000;
    for (int i = 0; i < 2000; i++) { /* so many that every shard forgets */
        struct hash32 other = made(c);

        assert_int_equal(spend(c, &other), ERR_OK);
    }
    now -= 1000;
    assert_int_not_equal(check(c, &n), ERR_OK);
    assert_int_equal(spend(c, &n), ERR_DENIED);
}

static void when_too_many_are_remembered_new_ones_must_wait(void **state)
{
    AUTO(challenges) c = fresh(64);
    struct hash32 kept = made(c);
    unsigned busy = 0, spent = 0;

    (void)state;
    assert_int_equal(spend(c, &kept), ERR_OK);
    for (int i = 0; i < 1000; i++) {
        struct hash32 n = made(c);
        enum err_code rc = spend(c, &n);

        assert_true(rc == ERR_OK || rc == ERR_BUSY);
        busy += rc == ERR_BUSY;
        spent += rc == ERR_OK;
    }
    assert_true(spent <= 64 && busy >= 936);
    assert_int_equal(spend(c, &kept), ERR_DENIED); /* nothing was forgotten early */
    now += CHALLENGE_LIFETIME_S + 1;
    kept = made(c);
    assert_int_equal(spend(c, &kept), ERR_OK); /* room again */
}

static void thousands_are_remembered_each(void **state)
{
    enum { MANY = 20000 };
    AUTO(challenges) c = fresh(0);
    struct hash32 *n = calloc(MANY, sizeof *n);

    (void)state;
    assert_non_null(n);
    for (int i = 0; i < MANY; i++) {
        n[i] = made(c);
        assert_int_equal(spend(c, &n[i]), ERR_OK);
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(spend(c, &n[i]), ERR_DENIED);
    free(n);
}

struct race {
    challenges *c;
    struct hash32 *nonces;
    size_t n;
    atomic_size_t won;
};

static void *spend_all(void *arg)
{
    struct race *r = arg;

    for (size_t i = 0; i < r->n; i++)
        if (spend(r->c, &r->nonces[i]) == ERR_OK)
            atomic_fetch_add(&r->won, 1);
    return NULL;
}

static void of_threads_that_spend_the_same_one_exactly_one_wins(void **state)
{
    enum { THREADS = 4, NONCES = 2000 };
    AUTO(challenges) c = fresh(0);
    struct race r = {.c = c, .nonces = calloc(NONCES, sizeof(struct hash32)), .n = NONCES};
    pthread_t t[THREADS];

    (void)state;
    for (size_t i = 0; i < NONCES; i++)
        r.nonces[i] = made(c);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, spend_all, &r), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(r.won, NONCES);
    free(r.nonces);
}

static void wrong_arguments_are_refused(void **state)
{
    AUTO(challenges) c = fresh(0);
    challenges *none = NULL;
    struct hash32 n;
    uint32_t expires;
    char longer[CHALLENGE_PURPOSE_MAX + 2];
    struct err e = {0};

    (void)state;
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(challenge_make(c, "", &app, &n, &expires, &e), ERR_INVALID);
    assert_int_equal(challenge_make(c, longer, &app, &n, &expires, &e), ERR_INVALID);
    assert_int_equal(challenges_new((struct bytes){key, 31}, &test_clock, 0, &none, &e),
                     ERR_INVALID);
    now = (int64_t)1 << 40; /* the year 36812: an expiry has no room for it */
    assert_int_equal(challenge_make(c, PURPOSE, &app, &n, &expires, &e), ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonces_are_those_of_the_vectors),
        cmocka_unit_test(a_fresh_challenge_checks_and_is_spent_once),
        cmocka_unit_test(any_changed_bit_is_refused),
        cmocka_unit_test(it_is_for_one_purpose_and_one_application),
        cmocka_unit_test(a_node_with_another_key_refuses_it),
        cmocka_unit_test(a_node_with_the_same_key_accepts_it),
        cmocka_unit_test(it_expires_after_a_minute),
        cmocka_unit_test(a_right_mac_over_an_expiry_far_ahead_is_refused),
        cmocka_unit_test(a_clock_turned_back_does_not_revive_a_spent_one),
        cmocka_unit_test(when_too_many_are_remembered_new_ones_must_wait),
        cmocka_unit_test(thousands_are_remembered_each),
        cmocka_unit_test(of_threads_that_spend_the_same_one_exactly_one_wins),
        cmocka_unit_test(wrong_arguments_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
