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

    denials_add(&d, &k, &h, NULL, block);
}

static uint8_t seen(uint8_t slot, unsigned doubt)
{
    const struct fact_key k = key(slot);
    struct hash32 h = {0};
    struct err e;

    assert_int_equal(denials_word(&d, &k, doubt, &h, &e), ERR_OK);
    return h.b[0];
}

static bool unknown(const struct fact_key *k)
{
    struct hash32 h = {0};
    struct err e;

    return denials_word(&d, k, 1, &h, &e) == ERR_UPSTREAM;
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

static void a_word_that_changes_too_often_is_unknown_until_it_is_final(void **state)
{
    const struct fact_key k = key(1);

    (void)state;
    d = (struct denials){0};
    for (uint8_t w = 1; w <= DENIALS_DEEP; w++)
        add(1, w, 100);
    assert_false(unknown(&k));
    add(1, DENIALS_DEEP + 1, 101);
    assert_true(unknown(&k));
    denials_final(&d, 100);
    assert_true(unknown(&k));
    assert_int_equal(denials_doubts(&d), 1); /* so that it is asked for */
    denials_final(&d, 101);
    assert_false(unknown(&k));
    assert_int_equal(denials_doubts(&d), 0);
}

static struct fact_key of_contract(uint8_t contract, size_t slot)
{
    return (struct fact_key){.contract = {{contract}},
                             .slot = {{(uint8_t)slot, (uint8_t)(slot >> 8)}}};
}

static void change(uint8_t contract, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct fact_key k = of_contract(contract, i);
        const struct hash32 h = word(1);

        denials_add(&d, &k, &h, NULL, 7);
    }
}

/* Its owner hurts those who rest on it, and nobody else. */
static void a_contract_that_changes_too_much_is_unknown_alone(void **state)
{
    const struct fact_key mine = of_contract(1, 0), theirs = of_contract(2, 0),
                          untouched = of_contract(1, 5000);

    (void)state;
    d = (struct denials){0};
    change(2, 1);
    change(1, DENIALS_OF_ONE);
    assert_false(unknown(&mine));
    change(1, DENIALS_OF_ONE + 1);
    assert_true(unknown(&mine) && unknown(&untouched));
    assert_false(unknown(&theirs));
    assert_int_equal(d.full_until, 0);
    denials_final(&d, 6);
    assert_true(unknown(&mine));
    denials_final(&d, 7);
    assert_false(unknown(&mine) || unknown(&untouched));
}

static void what_does_not_fit_denies(void **state)
{
    (void)state;
    d = (struct denials){0};
    for (uint8_t contract = 0; contract < DENIALS_KEYS / DENIALS_OF_ONE; contract++)
        change(contract, DENIALS_OF_ONE);
    assert_int_equal(d.full_until, 0);
    change(200, 1);
    assert_int_equal(d.full_until, 7);
    denials_final(&d, 6);
    assert_int_equal(d.full_until, 7);
    denials_final(&d, 7);
    assert_int_equal(d.full_until, 0);
    assert_int_equal(denials_doubts(&d), 0);
}

/* A counter that every change raises is no reason to decide again. */
static void bits_that_do_not_count_make_no_word(void **state)
{
    const struct fact_key k = key(1);
    const struct hash32 counts = {{0xf0}}, all[] = {word(0x11), word(0x12), word(0x23), word(0x14)};

    (void)state;
    d = (struct denials){0};
    assert_true(denials_same(&all[0], &all[1], &counts));
    assert_false(denials_same(&all[0], &all[1], NULL));
    assert_false(denials_same(&all[1], &all[2], &counts));
    for (size_t i = 0; i < 4; i++)
        denials_add(&d, &k, &all[i], &counts, 100 + i);
    assert_int_equal(denials_doubts(&d), 2);
    assert_int_equal(seen(1, 1), 0x14);
    assert_int_equal(seen(1, 2), 0x23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_counts_until_it_is_final),
        cmocka_unit_test(earlier_words_are_not_forgotten),
        cmocka_unit_test(a_word_that_changes_too_often_is_unknown_until_it_is_final),
        cmocka_unit_test(a_contract_that_changes_too_much_is_unknown_alone),
        cmocka_unit_test(what_does_not_fit_denies),
        cmocka_unit_test(bits_that_do_not_count_make_no_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
