/* contract: the head word, waiting values, the line, slots, and the names of refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/abi.h"
#include "chain/rpc.h"
#include "crypto/digest.h"
#include "gov/contract.h"
#include "gov/contracts_gen.h"
#include "support/eth.h"
#include "support/json_vectors.h"

static uint64_t number(const json_t *obj, const char *member)
{
    return strtoull(jv_str(obj, member), NULL, 10);
}

static void heads_decode_to_what_the_vectors_say(void **state)
{
    json_t *root = jv_load("tests/vectors/gov-words.json");
    const json_t *list = jv_get(root, "head"), *v;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(list), 3);
    json_array_foreach((json_t *)list, i, v)
    {
        struct hash32 word = vector_hash(jv_str(v, "word"));
        struct gov_head h;
        struct err e;

        assert_int_equal(gov_head_decode(&word, &h, &e), ERR_OK);
        assert_int_equal(h.scheme, number(v, "scheme"));
        assert_int_equal(h.rtmr3, number(v, "rtmr3"));
        assert_int_equal(h.principal, number(v, "principal"));
        assert_int_equal(h.operator_required, number(v, "operator_required"));
        assert_int_equal(h.paused, number(v, "paused"));
        assert_int_equal(h.pcr_mask, number(v, "pcr_mask"));
        assert_true(h.epoch == number(v, "epoch"));
        assert_true(h.delay == number(v, "delay"));
        assert_true(h.version == number(v, "version"));
        assert_int_equal(h.layout, number(v, "layout"));
    }
    json_decref(root);
}

static void heads_that_no_contract_writes_are_refused(void **state)
{
    json_t *root = jv_load("tests/vectors/gov-words.json");
    const char *name;
    json_t *v;

    (void)state;
    json_object_foreach((json_t *)jv_get(root, "head_invalid"), name, v)
    {
        struct hash32 word = vector_hash(json_string_value(v));
        struct gov_head h;
        struct err e;

        if (gov_head_decode(&word, &h, &e) != ERR_INVALID)
            fail_msg("%s was read", name);
    }
    json_decref(root);
}

static void entries_of_mappings_lie_where_the_vectors_say(void **state)
{
    json_t *root = jv_load("tests/vectors/gov-words.json");
    const json_t *list = jv_get(root, "entry"), *v;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(list), 5);
    json_array_foreach((json_t *)list, i, v)
    {
        struct hash32 key = vector_hash(jv_str(v, "key")), expected = vector_hash(jv_str(v, "at"));
        struct hash32 found = gov_slot_entry(number(v, "slot"), &key, number(v, "offset"));

        assert_memory_equal(found.b, expected.b, 32);
    }
    json_decref(root);
}

/* Keys that differ in one place, in the same list and in others: none gets what another had. */
static void an_entry_is_the_same_whatever_was_asked_before(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 32 * 64; i++) {
            const uint64_t n = GOV_SLOT_POLICY_HASHES + i % 64;
            const struct hash32 at = gov_word_u64(n);
            struct hash32 key = {{0}}, expected, found;

            key.b[i / 64] = 7;
            KECCAK256_OF(&expected, BYTES_OF(key), BYTES_OF(at));
            found = gov_slot_entry(n, &key, 0);
            assert_memory_equal(found.b, expected.b, 32);
        }
}

static void an_address_and_its_word_are_the_same_key(void **state)
{
    struct addr a = vector_addr("0x5fbdb2315678afecb367f032d93f642f64180aa3"), back;
    struct hash32 word = gov_word_addr(&a), one = gov_slot_of_addr(13, &a, 0),
                  two = gov_slot_entry(13, &word, 0);
    struct err e;

    (void)state;
    assert_memory_equal(one.b, two.b, 32);
    assert_int_equal(gov_word_to_addr(&word, &back, &e), ERR_OK);
    assert_true(addr_eq(&a, &back));
}

static void a_word_over_160_bits_is_no_address(void **state)
{
    struct hash32 word = {.b = {[11] = 1}};
    struct addr a;
    struct err e;

    (void)state;
    assert_int_equal(gov_word_to_addr(&word, &a, &e), ERR_INVALID);
}

static void a_waiting_value_holds_from_its_second_on(void **state)
{
    struct gov_timed t = {.next_from = 100};

    (void)state;
    t.current.b[0] = 1;
    t.next.b[0] = 2;
    assert_int_equal(gov_timed_at(&t, 99).b[0], 1);
    assert_int_equal(gov_timed_at(&t, 100).b[0], 2);
    t.next_from = 0; /* nothing waits */
    assert_int_equal(gov_timed_at(&t, UINT64_MAX).b[0], 1);
}

static void a_contract_ends_when_its_successor_takes_over(void **state)
{
    struct gov_line l = {.successor_from = 100};

    (void)state;
    assert_false(gov_line_ended(&l, 100)); /* there is none */
    l.successor.b[0] = 1;
    assert_false(gov_line_ended(&l, 99));
    assert_true(gov_line_ended(&l, 100));
}

static enum err_code live(struct gov_head h, struct gov_line l, uint32_t min_delay)
{
    const struct gov_time t = {.block = 100, .now = 100};
    struct err e;

    return gov_contract_live(&h, &l, &t, min_delay, "application", &e);
}

static void a_contract_without_hindrance_grants(void **state)
{
    (void)state;
    assert_int_equal(live((struct gov_head){.delay = 10}, (struct gov_line){0}, 10), ERR_OK);
}

static void a_paused_contract_grants_nothing(void **state)
{
    (void)state;
    assert_int_equal(live((struct gov_head){.paused = true}, (struct gov_line){0}, 0), ERR_DENIED);
}

static void an_ended_contract_grants_nothing(void **state)
{
    (void)state;
    assert_int_equal(
        live((struct gov_head){0}, (struct gov_line){.successor = {{1}}, .successor_from = 100}, 0),
        ERR_DENIED);
}

static void a_contract_that_grants_too_quickly_is_refused(void **state)
{
    (void)state;
    assert_int_equal(live((struct gov_head){.delay = 9}, (struct gov_line){0}, 10), ERR_DENIED);
}

/* Some arguments for a list of types of errors: zero words, an empty string. */
static void revert_of(const char *signature, char *ret, size_t size)
{
    struct buf data AUTO_CALL(buf_done) = BUF(4096);
    struct abi_value values[8] = {0};
    const char *open = strchr(signature, '(');
    size_t n = open[1] == ')' ? 0 : 1;
    struct err e = {0};

    for (const char *p = open; *p; p++)
        n += *p == ',';
    if (abi_call(signature, values, n, &data, &e) != ERR_OK)
        fail_msg("%s: %s", signature, e.msg);
    rpc_revert_text(buf_bytes(&data), ret, size);
}

static void every_refusal_of_the_contracts_is_known_by_name(void **state)
{
#define NAME(signature) signature,
    static const char *const errors[] = {GOV_ERRORS(NAME)};

    (void)state;
    assert_true(sizeof errors / sizeof errors[0] > 20);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        size_t name = strcspn(errors[i], "(");
        char text[256];

        revert_of(errors[i], text, sizeof text);
        if (strncmp(text, errors[i], name + 1) != 0)
            fail_msg("%s: \"%s\"", errors[i], text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_decode_to_what_the_vectors_say),
        cmocka_unit_test(heads_that_no_contract_writes_are_refused),
        cmocka_unit_test(entries_of_mappings_lie_where_the_vectors_say),
        cmocka_unit_test(an_entry_is_the_same_whatever_was_asked_before),
        cmocka_unit_test(an_address_and_its_word_are_the_same_key),
        cmocka_unit_test(a_word_over_160_bits_is_no_address),
        cmocka_unit_test(a_waiting_value_holds_from_its_second_on),
        cmocka_unit_test(a_contract_ends_when_its_successor_takes_over),
        cmocka_unit_test(a_contract_without_hindrance_grants),
        cmocka_unit_test(a_paused_contract_grants_nothing),
        cmocka_unit_test(an_ended_contract_grants_nothing),
        cmocka_unit_test(a_contract_that_grants_too_quickly_is_refused),
        cmocka_unit_test(every_refusal_of_the_contracts_is_known_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
