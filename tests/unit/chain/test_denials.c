/* denials: what the newest blocks have counts until a finalized block is as far. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "chain/denials.h"

static struct denials d;

static struct fact_key key(uint8_t slot)
{
    return (struct fact_key){.slot = {{slot}}};
}

static struct hash32 word(uint8_t b)
{
    return (struct hash32){{b}};
}

static void add(uint8_t slot, uint8_t w, uint64_t block)
{
    const struct fact_key k = key(slot);
    const struct hash32 h = word(w);

    denials_add(&d, &k, &h, block);
}

static uint8_t seen(uint8_t slot, unsigned doubt)
{
    const struct fact_key k = key(slot);
    struct hash32 h = {0};

    return denials_word(&d, &k, doubt, &h) ? h.b[0] : 0;
}

static void a_word_counts_until_it_is_final(void **state)
{
    (void)state;
    d = (struct denials){0};
    assert_int_equal(denials_doubts(&d), 0);
    add(1, 7, 100);
    assert_int_equal(denials_doubts(&d), 1);
    assert_int_equal(seen(1, 1), 7);
    assert_int_equal(seen(2, 1), 0);
    assert_int_equal(seen(1, 0), 0);
    denials_final(&d, 99);
    assert_int_equal(seen(1, 1), 7);
    denials_final(&d, 100);
    assert_int_equal(denials_doubts(&d), 0);
}

/* Newest blocks that change their mind do not make a denial unsaid. */
static void earlier_words_are_not_forgotten(void **state)
{
    (void)state;
    d = (struct denials){0};
    add(1, 7, 100);
    add(1, 8, 101);
    add(2, 9, 101);
    assert_int_equal(denials_doubts(&d), 2);
    assert_int_equal(seen(1, 1), 8);
    assert_int_equal(seen(1, 2), 7);
    assert_int_equal(seen(2, 1), 9);
    assert_int_equal(seen(2, 2), 9);
    add(1, 7, 102); /* again: the newest, and until block 102 */
    assert_int_equal(denials_doubts(&d), 2);
    assert_int_equal(seen(1, 1), 7);
    denials_final(&d, 101);
    assert_int_equal(denials_doubts(&d), 1);
    assert_int_equal(seen(1, 1), 7);
}

static void what_does_not_fit_denies(void **state)
{
    (void)state;
    d = (struct denials){0};
    for (uint8_t w = 1; w <= DENIALS_DEEP; w++)
        add(1, w, 100);
    assert_false(d.overflow);
    add(1, DENIALS_DEEP + 1, 100);
    assert_true(d.overflow);
    denials_final(&d, 99);
    assert_true(d.overflow);
    denials_final(&d, 100);
    assert_false(d.overflow);
    for (size_t i = 0; i <= DENIALS_MAX; i++) {
        const struct fact_key k = {.slot = {{(uint8_t)i, (uint8_t)(i >> 8)}}};
        const struct hash32 h = word(1);

        assert_int_equal(d.overflow, false);
        denials_add(&d, &k, &h, 1);
    }
    assert_true(d.overflow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_counts_until_it_is_final),
        cmocka_unit_test(earlier_words_are_not_forgotten),
        cmocka_unit_test(what_does_not_fit_denies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
