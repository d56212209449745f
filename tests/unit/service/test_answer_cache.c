/* answer_cache: kept for a while, bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "service/answer_cache.h"

static struct hash32 key(uint8_t n)
{
    return (struct hash32){{n, 1}};
}

static answer_cache *cache_of(size_t max)
{
    answer_cache *c = NULL;
    struct err e;

    assert_int_equal(answer_cache_new(max, 100, &c, &e), ERR_OK);
    return c;
}

static bool has(answer_cache *c, uint8_t n, uint64_t now, const char *want)
{
    struct buf got AUTO_CALL(buf_done) = BUF(64);
    struct hash32 k = key(n);

    if (!answer_cache_get(c, &k, now, &got))
        return false;
    assert_true(bytes_eq(buf_bytes(&got), bytes_of_str(want)));
    return true;
}

static void put(answer_cache *c, uint8_t n, uint64_t now, const char *text)
{
    struct hash32 k = key(n);

    answer_cache_put(c, &k, now, bytes_of_str(text));
}

static void an_answer_is_found_under_its_key_until_it_is_old(void **state)
{
    AUTO(answer_cache) c = cache_of(4);

    (void)state;
    assert_false(has(c, 1, 1000, ""));
    put(c, 1, 1000, "one");
    assert_true(has(c, 1, 1099, "one"));
    assert_false(has(c, 1, 1100, "one"));
    assert_false(has(c, 2, 1000, "one"));
}

static void a_newer_answer_takes_the_place_of_the_old_one(void **state)
{
    AUTO(answer_cache) c = cache_of(4);

    (void)state;
    put(c, 1, 1000, "one");
    put(c, 1, 1090, "two");
    assert_true(has(c, 1, 1150, "two"));
}

static void the_oldest_leaves_when_it_is_full(void **state)
{
    AUTO(answer_cache) c = cache_of(2);

    (void)state;
    put(c, 1, 1000, "one");
    put(c, 2, 1001, "two");
    put(c, 3, 1002, "three");
    assert_false(has(c, 1, 1003, "one"));
    assert_true(has(c, 2, 1003, "two"));
    assert_true(has(c, 3, 1003, "three"));
}

static void an_answer_that_does_not_fit_is_not_given(void **state)
{
    AUTO(answer_cache) c = cache_of(2);
    struct buf small AUTO_CALL(buf_done) = BUF(2);
    struct hash32 k = key(1);

    (void)state;
    put(c, 1, 1000, "one");
    assert_false(answer_cache_get(c, &k, 1000, &small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_found_under_its_key_until_it_is_old),
        cmocka_unit_test(a_newer_answer_takes_the_place_of_the_old_one),
        cmocka_unit_test(the_oldest_leaves_when_it_is_full),
        cmocka_unit_test(an_answer_that_does_not_fit_is_not_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
