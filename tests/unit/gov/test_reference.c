/* reference: the slots that a node proved of the reference's own KMS contract, and what its words
 * mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "crypto/digest.h"
#include "chain/proof.h"
#include "gov/contract.h"
#include "gov/reference.h"
#include "support/eth.h"
#include "support/fake_view.h"

static const struct addr contract = {{0x5f, 0xbd}}, app = {{1}}, somebody = {{2}};
static struct fake_view chain;
static const struct chain_view_ops ops = {.finalized = fake_finalized, .read = fake_read};
static const struct chain_view view = {.ops = &ops, .self = &chain, .mode = "fake"};

static struct hash32 one(void)
{
    return gov_word_u64(1);
}

static enum err_code ask(enum gov_reference_kind kind, const struct hash32 *identity,
                         const struct addr *operator_, const struct addr *of_app,
                         struct gov_reference_facts *ret)
{
    const struct gov_reference_query query = {kind, identity, operator_, of_app};
    struct err e = {0};

    return gov_reference_read(&view, &chain.newest, &contract, &query, ret, &e);
}

static int begin(void **state)
{
    (void)state;
    fake_view_done(&chain);
    fake_view_code(&chain, &contract, 7);
    return 0;
}

/* A node proved allowlistedIdentities[keccak256("hello")] of the contract that its authors
 * compiled: its slot and its word go into the view as they were proved. */
static void the_proved_slot_is_the_one_that_is_read(void **state)
{
    AUTO(json) answer = vector_json("tests/vectors/eth/proofs/reference-kms.json");
    const struct hash32 root =
        vector_hash("11573136701deff1651ce4204478c8772b0beb797e4e2b8c2e1c12ef412affa1");
    struct proved_slot slot;
    struct mpt_account account;
    struct gov_reference_facts f;
    struct hash32 hello, other = {{1}};
    struct addr at;
    struct err e = {0};
    size_t n;

    (void)state;
    keccak256(bytes_of_str("hello"), &hello);
    assert_int_equal(proof_check(answer, &root, &at, &account, &slot, 1, &n, &e), ERR_OK);
    fake_view_set(&chain, &contract, slot.slot, slot.word);
    assert_int_equal(ask(GOV_REFERENCE_KMS, &hello, NULL, NULL, &f), ERR_OK);
    assert_true(f.identity_allowed);
    assert_int_equal(ask(GOV_REFERENCE_KMS, &other, NULL, NULL, &f), ERR_OK);
    assert_false(f.identity_allowed);
}

/* keccak256(account . keccak256(role . 0)), the role as the reference's contracts say it. */
static void an_operator_holds_the_role(void **state)
{
    const uint8_t role[] = {0xaa, 0x3e, 0xdb, 0x77};
    struct hash32 word = gov_word_addr(&somebody), zero = {0}, data, slot, computed;
    struct gov_reference_facts f;

    (void)state;
    keccak256(bytes_of_str("ROLE_OPERATOR"), &computed);
    assert_memory_equal(computed.b, role, sizeof role);
    KECCAK256_OF(&data, BYTES_OF(computed), BYTES_OF(zero));
    KECCAK256_OF(&slot, BYTES_OF(word), BYTES_OF(data));
    fake_view_set(&chain, &contract, slot, one());
    assert_int_equal(ask(GOV_REFERENCE_REGISTRY, NULL, &somebody, NULL, &f), ERR_OK);
    assert_true(f.operator_);
    assert_int_equal(ask(GOV_REFERENCE_REGISTRY, NULL, &app, NULL, &f), ERR_OK);
    assert_false(f.operator_);
    fake_view_set(&chain, &contract, slot, gov_word_u64(2));
    assert_int_equal(ask(GOV_REFERENCE_REGISTRY, NULL, &somebody, NULL, &f), ERR_DENIED);
}

static void a_registry_has_templates(void **state)
{
    const struct hash32 identity = {{3}}, template_ = {{4}};
    struct gov_reference_facts f;

    (void)state;
    fake_view_set(&chain, &contract, gov_slot_entry(8, &identity, 0), template_);
    assert_int_equal(ask(GOV_REFERENCE_REGISTRY, &identity, NULL, NULL, &f), ERR_OK);
    assert_true(f.identity_allowed && hash32_eq(&f.config, &template_));
}

static void applications_are_in_a_list_of_bounded_length(void **state)
{
    const struct hash32 own = gov_word_u64(10);
    struct gov_reference_facts f;
    struct hash32 at;

    (void)state;
    assert_int_equal(ask(GOV_REFERENCE_KMS, NULL, NULL, &app, &f), ERR_OK);
    assert_false(f.app_allowed);
    keccak256(BYTES_OF(own), &at);
    at.b[31] = (uint8_t)(at.b[31] + 70); /* beyond one read; 0xa8 + 70 does not carry */
    fake_view_set(&chain, &contract, own, gov_word_u64(71));
    fake_view_set(&chain, &contract, at, gov_word_addr(&app));
    assert_int_equal(ask(GOV_REFERENCE_KMS, NULL, NULL, &app, &f), ERR_OK);
    assert_true(f.app_allowed);
    fake_view_set(&chain, &contract, own, gov_word_u64(70)); /* the last one was taken out */
    assert_int_equal(ask(GOV_REFERENCE_KMS, NULL, NULL, &app, &f), ERR_OK);
    assert_false(f.app_allowed);
    fake_view_set(&chain, &contract, own, gov_word_u64(GOV_REFERENCE_APPS_MAX + 1));
    assert_int_equal(ask(GOV_REFERENCE_KMS, NULL, NULL, &app, &f), ERR_DENIED);
    fake_view_set(&chain, &contract, own, (struct hash32){{1}});
    assert_int_equal(ask(GOV_REFERENCE_KMS, NULL, NULL, &app, &f), ERR_DENIED);
}

static void the_owner_is_an_address(void **state)
{
    struct gov_reference_facts f;

    (void)state;
    fake_view_set(&chain, &contract, gov_word_u64(1), gov_word_addr(&somebody));
    assert_int_equal(ask(GOV_REFERENCE_KMS, NULL, NULL, NULL, &f), ERR_OK);
    assert_true(addr_eq(&f.owner, &somebody));
    fake_view_set(&chain, &contract, gov_word_u64(1), (struct hash32){{1}});
    assert_int_equal(ask(GOV_REFERENCE_KMS, NULL, NULL, NULL, &f), ERR_DENIED);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_proved_slot_is_the_one_that_is_read),
        TEST(an_operator_holds_the_role),
        TEST(a_registry_has_templates),
        TEST(applications_are_in_a_list_of_bounded_length),
        TEST(the_owner_is_an_address),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
