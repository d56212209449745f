/* The hash of an instance's anchors, against vectors of a script that is not ours in C. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/json.h"
#include "instance/anchors.h"
#include "support/vectors.h"

static void the_hash_is_that_of_the_golden_vectors(void **state)
{
    size_t n;
    char *text = vector_read("tests/vectors/anchors.json", &n);
    AUTO(json) tree = NULL;
    const json *cases;
    struct err e;

    (void)state;
    assert_int_equal(json_parse((struct bytes){(uint8_t *)text, n}, 65536, &tree, &e), ERR_OK);
    assert_int_equal(json_get_array(tree, "cases", &cases, &e), ERR_OK);
    assert_int_equal(json_len(cases), 4);
    for (size_t i = 0; i < json_len(cases); i++) {
        const json *c = json_at(cases, i);
        struct instance_anchors a = {.n_endpoints = 1, .quorum = 1};
        struct hash32 expected, got;
        uint64_t min_delay;

        assert_int_equal(json_get_u64(c, "chain_id", UINT64_MAX, &a.chain_id, &e), ERR_OK);
        assert_int_equal(json_get_hex0x(c, "kms", a.kms.b, 20, &e), ERR_OK);
        assert_int_equal(json_get_hex0x(c, "app", a.app.b, 20, &e), ERR_OK);
        assert_int_equal(json_get_str(c, "view_mode", 32, &a.view_mode, &e), ERR_OK);
        assert_int_equal(json_get_str(c, "endpoint", 512, &a.endpoint[0], &e), ERR_OK);
        assert_int_equal(json_get_u64(c, "min_delay", UINT32_MAX, &min_delay, &e), ERR_OK);
        a.min_delay = (uint32_t)min_delay;
        assert_int_equal(json_get_hex(c, "hash", expected.b, 32, &e), ERR_OK);
#ifndef TEEREG_DEV_ROOTS
        if (strcmp(a.view_mode, "trusted") == 0) { /* the product has no such view */
            assert_int_equal(instance_anchors_hash(&a, &got, &e), ERR_INVALID);
            continue;
        }
#endif
        assert_int_equal(instance_anchors_hash(&a, &got, &e), ERR_OK);
        assert_memory_equal(got.b, expected.b, 32);
    }
    free(text);
}

static void an_unknown_view_has_no_hash(void **state)
{
    const struct instance_anchors a = {
        .view_mode = "hope", .endpoint = {"http://x"}, .n_endpoints = 1, .quorum = 1};
    struct hash32 h;
    struct err e;

    (void)state;
    assert_int_equal(instance_anchors_hash(&a, &h, &e), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_that_of_the_golden_vectors),
        cmocka_unit_test(an_unknown_view_has_no_hash),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
