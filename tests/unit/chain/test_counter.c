/* counter: a number inside a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "chain/counter.h"

static void it_is_read_where_it_lies(void **state)
{
    const struct chain_counter c = {.shift = 4, .bits = 12};
    const struct hash32 word = {{[30] = 0xab, [31] = 0xcd}};

    (void)state;
    assert_int_equal(chain_counter_in(&c, &word), 0xabc);
}

static void the_other_bits_are_all_but_it(void **state)
{
    const struct chain_counter c = {.shift = 4, .bits = 12};
    const struct hash32 others = chain_counter_others(&c);

    (void)state;
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(others.b[i], 0xff);
    assert_int_equal(others.b[30], 0);
    assert_int_equal(others.b[31], 0x0f);
}

static void it_lies_within_its_word(void **state)
{
    (void)state;
    assert_true(chain_counter_is_sound(&(struct chain_counter){.shift = 192, .bits = 64}));
    assert_false(chain_counter_is_sound(&(struct chain_counter){.shift = 193, .bits = 64}));
    assert_false(chain_counter_is_sound(&(struct chain_counter){.shift = 0, .bits = 65}));
    assert_false(chain_counter_is_sound(&(struct chain_counter){.shift = 0xffffffff, .bits = 8}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_read_where_it_lies),
        cmocka_unit_test(the_other_bits_are_all_but_it),
        cmocka_unit_test(it_lies_within_its_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
