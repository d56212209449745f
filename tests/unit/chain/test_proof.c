/* proof: answers of real nodes, and the same with anything in them changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "chain/header.h"
#include "chain/proof.h"
#include "support/eth.h"

#define ROOT_54   "6da8f636cdc85dbe8c1b5299e5db22f462c041febaf3b78cac1040152ee30b3b"
#define ROOT_USDC "77b08a7d7026b6d7e3097d293561e8dcfd70a738a2d8936058b3d18b0f97b3ff"
#define ROOT_KMS  "11573136701deff1651ce4204478c8772b0beb797e4e2b8c2e1c12ef412affa1"

static const struct {
    const char *file, *root, *code_hash;
    size_t slots;
    const char *word;
} answers[] = {
    {"account", ROOT_54, "a3216dd3ef46a63d518ef54e482cecac68a077f70fca0e5fb900be63f41d54a2", 0, ""},
    {"storage", ROOT_54, "a3216dd3ef46a63d518ef54e482cecac68a077f70fca0e5fb900be63f41d54a2", 1,
     "0000000000000000000000000000000000000000000000000000000000000038"},
    {"mainnet-usdc-22432097", ROOT_USDC,
     "d80d4b7c890cb9d6a4893e6b52bc34b56b25335cb13716e0d1d31383e6b41505", 1,
     "00000000000000000000000043506849d7c04f9138d1a2050bbf3a0c054402dd"},
    {"reference-kms", ROOT_KMS, "7b4e5d5f56daf0635550a25f26a07e334bd2c9055793360a446c939b12e395ae",
     1, "0000000000000000000000000000000000000000000000000000000000000001"},
};
#define ANSWERS (sizeof answers / sizeof answers[0])

static char *read_answer(size_t i)
{
    char path[128];

    snprintf(path, sizeof path, "tests/vectors/eth/proofs/%s.json", answers[i].file);
    return vector_read(path, NULL);
}

static enum err_code check(const char *text, const char *root, struct mpt_account *ret,
                           struct proved_slot *slots, size_t max, size_t *ret_n)
{
    const struct hash32 state_root = vector_hash(root);
    AUTO(json) answer = NULL;
    struct err e = {0};
    struct addr at;

    if (json_parse(bytes_of_str(text), 1 << 20, &answer, &e) != ERR_OK)
        return ERR_INVALID;
    return proof_check(answer, &state_root, &at, ret, slots, max, ret_n, &e);
}

static void real_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ANSWERS; i++) {
        AUTO(heap_str) text = read_answer(i);
        struct proved_slot slots[4];
        struct mpt_account a;
        struct hash32 code = vector_hash(answers[i].code_hash);
        size_t n;

        assert_int_equal(check(text, answers[i].root, &a, slots, 4, &n), ERR_OK);
        assert_int_equal(n, answers[i].slots);
        assert_true(a.exists && hash32_eq(&a.code_hash, &code));
        if (n > 0) {
            struct hash32 word = vector_hash(answers[i].word);

            assert_true(slots[0].present && hash32_eq(&slots[0].word, &word));
        }
    }
}

/* The state root comes from a header whose hash is right. */
static void under_the_root_of_its_block(void **state)
{
    AUTO(json) block = vector_json("tests/vectors/eth/headers/latest.json");
    AUTO(json) answer = vector_json("tests/vectors/eth/proofs/storage.json");
    struct proved_slot slots[1];
    struct block_header h;
    struct mpt_account a;
    struct addr at;
    struct err e = {0};
    size_t n;

    (void)state;
    assert_int_equal(header_parse(block, &h, &e), ERR_OK);
    assert_int_equal(proof_check(answer, &h.state_root, &at, &a, slots, 1, &n, &e), ERR_OK);
    h.state_root.b[31] ^= 1;
    assert_int_equal(proof_check(answer, &h.state_root, &at, &a, slots, 1, &n, &e), ERR_VERIFY);
}

/* Every digit of an answer, changed. */
static void every_digit_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ANSWERS; i++) {
        AUTO(heap_str) text = read_answer(i);
        size_t n = strlen(text), step = n > 4000 ? 7 : 1;

        for (size_t k = 1; k < n; k += step) {
            struct proved_slot slots[4];
            struct mpt_account a;
            char was = text[k];
            size_t found;

            if (!strchr("0123456789abcdef", was) || strchr("xX", text[k + 1]))
                continue;
            text[k] = was == '7' ? '8' : '7';
            if (check(text, answers[i].root, &a, slots, 4, &found) == ERR_OK)
                fail_msg("%s: digit at %zu does not count", answers[i].file, k);
            text[k] = was;
        }
    }
}

static enum err_code changed(size_t i, const char *from, const char *to)
{
    AUTO(heap_str) text = read_answer(i);
    char big[65536], *at = strstr(text, from);
    struct proved_slot slots[4];
    struct mpt_account a;
    size_t n;

    assert_non_null(at);
    snprintf(big, sizeof big, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return check(big, answers[i].root, &a, slots, 4, &n);
}

static void odd_answers(void **state)
{
    AUTO(heap_str) text = read_answer(1);
    struct proved_slot slots[1];
    struct mpt_account a;
    size_t n;

    (void)state;
    /* The same numbers in the other spelling. */
    assert_int_equal(changed(1, "\"key\":\"0x0\"", "\"key\":\"0x00\""), ERR_OK);
    assert_int_equal(changed(1, "\"value\":\"0x38\"", "\"value\":\"0x0038\""), ERR_OK);
    /* What is claimed and what is proved. */
    assert_int_equal(changed(1, "\"value\":\"0x38\"", "\"value\":\"0x39\""), ERR_VERIFY);
    assert_int_equal(changed(1, "\"nonce\":\"0x0\"", "\"nonce\":\"0x1\""), ERR_VERIFY);
    assert_int_equal(changed(1, "\"balance\":\"0x76\"", "\"balance\":\"0x77\""), ERR_VERIFY);
    assert_int_equal(changed(1, "\"key\":\"0x0\"", "\"key\":\"0x1\""), ERR_VERIFY);
    /* What is no answer. */
    assert_int_equal(changed(1, "\"value\":\"0x38\"", "\"value\":\"38\""), ERR_INVALID);
    assert_int_equal(changed(1, "\"value\":\"0x38\"", "\"value\":\"0x\""), ERR_INVALID);
    assert_int_equal(changed(1, "\"value\":\"0x38\"", "\"value\":56"), ERR_INVALID);
    assert_int_equal(changed(1, "\"accountProof\"", "\"accountproof\""), ERR_INVALID);
    assert_int_equal(changed(1, "\"storageProof\"", "\"slots\""), ERR_INVALID);
    assert_int_equal(changed(1, "\"accountProof\":[", "\"accountProof\":[\"0x\","), ERR_INVALID);
    assert_int_equal(changed(1, "\"accountProof\":[", "\"accountProof\":[7,"), ERR_INVALID);
    assert_int_equal(check("[]", ROOT_54, &a, slots, 1, &n), ERR_INVALID);
    assert_int_equal(check("{}", ROOT_54, &a, slots, 1, &n), ERR_INVALID);
    assert_int_equal(check(text, ROOT_54, &a, slots, 0, &n), ERR_TOO_LARGE);
}

static void more_nodes_than_may_be(void **state)
{
    AUTO(json) answer = vector_json("tests/vectors/eth/proofs/account.json");
    const struct hash32 root = vector_hash(ROOT_54);
    const json *list;
    struct mpt_account a;
    struct addr at;
    struct err e = {0};
    size_t n;

    (void)state;
    list = vector_get(answer, "accountProof");
    AUTO(json) many = NULL;
    assert_int_equal(json_new_array(&many, &e), ERR_OK);
    for (size_t i = 0; i < MPT_NODES_MAX + 1; i++)
        assert_int_equal(json_append_str(many, json_str(json_at(list, 0)), &e), ERR_OK);
    assert_int_equal(json_put(answer, "accountProof", TAKE(many), &e), ERR_OK);
    assert_int_equal(proof_check(answer, &root, &at, &a, NULL, 0, &n, &e), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_answers),           cmocka_unit_test(under_the_root_of_its_block),
        cmocka_unit_test(every_digit_counts),     cmocka_unit_test(odd_answers),
        cmocka_unit_test(more_nodes_than_may_be),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
