/* fees: what is offered, from what nodes say of the newest blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/fees.h"

static enum err_code estimate(const char *text, uint64_t limit, struct fees *ret, struct err *e)
{
    AUTO(json) j = NULL;

    assert_int_equal(json_parse_foreign(bytes_of_str(text), 4096, &j, e), ERR_OK);
    return fees_estimate(j, limit, ret, e);
}

static void is(const char *text, uint64_t max, uint64_t tip)
{
    struct fees f = {0};
    struct err e = {0};

    assert_int_equal(estimate(text, UINT64_MAX, &f, &e), ERR_OK);
    assert_true(f.max == max && f.tip == tip);
}

static void the_fee_is_twice_the_next_base_fee_and_the_middle_tip(void **state)
{
    (void)state;
    is("{\"baseFeePerGas\":[\"0x1\",\"0x3b9aca00\"],\"gasUsedRatio\":[0.1,1e-3,0],"
       "\"reward\":[[\"0x77359400\"],[\"0x3b9aca00\"],[\"0xb2d05e00\"]]}",
       4000000000, 2000000000);
}

static void blocks_that_paid_nothing_do_not_count(void **state)
{
    (void)state;
    is("{\"baseFeePerGas\":[\"0x0\"],\"reward\":[[\"0x0\"],[\"0x77359400\"],[\"0x0\"]]}",
       2000000000, 2000000000);
    is("{\"baseFeePerGas\":[\"0x0\"],\"reward\":[[\"0x0\"]]}", FEES_TIP_DEFAULT, FEES_TIP_DEFAULT);
    is("{\"baseFeePerGas\":[\"0x0\"]}", FEES_TIP_DEFAULT, FEES_TIP_DEFAULT);
    is("{\"baseFeePerGas\":[\"0x0\"],\"reward\":[[\"0x1\"]]}", FEES_TIP_MIN, FEES_TIP_MIN);
}

/* It would be paid, whatever the blocks really took. */
static void a_node_does_not_choose_the_tip(void **state)
{
    static const char history[] = "{\"baseFeePerGas\":[\"0x1\"],\"reward\":[[\"0x746a528800\"]]}";
    struct fees f;
    struct err e = {0};

    (void)state; /* it says 500 gwei */
    assert_int_equal(estimate(history, FEES_LIMIT, &f, &e), ERR_OK);
    assert_true(f.tip == FEES_TIP_MAX && f.max == FEES_TIP_MAX + 2);
    assert_int_equal(estimate(history, 2 * (uint64_t)FEES_LIMIT, &f, &e), ERR_OK);
    assert_true(f.tip == 2 * (uint64_t)FEES_TIP_MAX);
    assert_int_equal(estimate(history, FEES_TIP_MAX, &f, &e), ERR_DENIED);
}

static void more_than_the_limit_is_not_offered(void **state)
{
    static const char history[] = "{\"baseFeePerGas\":[\"0xa\"],\"reward\":[[\"0x3b9aca00\"]]}";
    struct fees f;
    struct err e = {0};

    (void)state;
    assert_int_equal(estimate(history, 1000000020, &f, &e), ERR_OK);
    assert_int_equal(estimate(history, 1000000019, &f, &e), ERR_DENIED);
    assert_int_equal(
        estimate("{\"baseFeePerGas\":[\"0xffffffffffffffff\"]}", UINT64_MAX - 1, &f, &e),
        ERR_DENIED);
}

static void what_no_node_should_say_is_refused(void **state)
{
    static const char *const wrong[] = {
        "null",
        "[]",
        "{}",
        "{\"baseFeePerGas\":[]}",
        "{\"baseFeePerGas\":[\"0x01\"]}",
        "{\"baseFeePerGas\":[\"0x1\"],\"reward\":7}",
        "{\"baseFeePerGas\":[\"0x1\"],\"reward\":[7]}",
        "{\"baseFeePerGas\":[\"0x1\"],\"reward\":[[]]}",
        "{\"baseFeePerGas\":[\"0x1\"],\"reward\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}",
    };
    struct fees f;
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(estimate(wrong[i], UINT64_MAX, &f, &e), ERR_UPSTREAM);
}

static void a_replacement_offers_an_eighth_more_of_both(void **state)
{
    const struct fees old = {800, 80}, low = {1, 1}, high = {2000, 100};
    struct fees f;
    struct err e = {0};

    (void)state;
    assert_int_equal(fees_bump(&old, &low, 901, &f, &e), ERR_OK);
    assert_true(f.max == 901 && f.tip == 91);
    assert_int_equal(fees_bump(&old, &low, 900, &f, &e), ERR_DENIED);
    assert_int_equal(fees_bump(&old, &high, UINT64_MAX, &f, &e), ERR_OK);
    assert_true(f.max == 2000 && f.tip == 100);
    assert_int_equal(fees_bump(&(struct fees){UINT64_MAX, 1}, &low, UINT64_MAX - 1, &f, &e),
                     ERR_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fee_is_twice_the_next_base_fee_and_the_middle_tip),
        cmocka_unit_test(blocks_that_paid_nothing_do_not_count),
        cmocka_unit_test(a_node_does_not_choose_the_tip),
        cmocka_unit_test(more_than_the_limit_is_not_offered),
        cmocka_unit_test(what_no_node_should_say_is_refused),
        cmocka_unit_test(a_replacement_offers_an_eighth_more_of_both),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
