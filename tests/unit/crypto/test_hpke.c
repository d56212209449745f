/* hpke: RFC 9180 base mode against vectors that others made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "crypto/hpke.h"
#include "support/json_vectors.h"

static EVP_PKEY *key_of(const json_t *v, const char *member)
{
    JV_BYTES scalar = jv_hex(v, member);
    EVP_PKEY *key = NULL;
    struct err e;

    assert_int_equal(p256_from_scalar(scalar, &key, &e), ERR_OK);
    return key;
}

static void every_vector_opens_to_its_plaintext(void **state)
{
    json_t *root = jv_load("tests/vectors/hpke/base-p256-aes256gcm.json");
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(jv_get(root, "vectors"), i, v)
    {
        AUTO(EVP_PKEY) key = key_of(v, "skRm");
        AUTO(secret) plain = NULL;
        JV_BYTES enc = jv_hex(v, "enc");
        JV_BYTES info = jv_hex(v, "info");
        JV_BYTES aad = jv_hex(v, "aad");
        JV_BYTES ct = jv_hex(v, "ct_seq0");
        JV_BYTES want = jv_hex(v, "pt");
        struct err e;

        assert_int_equal(hpke_open(key, enc, info, aad, ct, &plain, &e), ERR_OK);
        assert_true(secret_eq(secret_bytes(plain), want));
    }
    assert_int_equal(i, 6);
    json_decref(root);
}

/* Whatever is changed, it does not open: the second message of a context, one bit of anything. */
static void a_changed_vector_does_not_open(void **state)
{
    json_t *root = jv_load("tests/vectors/hpke/base-p256-aes256gcm.json");
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(jv_get(root, "vectors"), i, v)
    {
        AUTO(EVP_PKEY) key = key_of(v, "skRm");
        AUTO(secret) plain = NULL;
        JV_BYTES enc = jv_hex(v, "enc");
        JV_BYTES info = jv_hex(v, "info");
        JV_BYTES aad = jv_hex(v, "aad");
        JV_BYTES ct = jv_hex(v, "ct_seq0");
        JV_BYTES next = jv_hex(v, "ct_seq1");
        uint8_t *changed = (uint8_t *)ct.p;
        struct err e;

        assert_int_equal(hpke_open(key, enc, info, aad, next, &plain, &e), ERR_VERIFY);
        assert_int_equal(hpke_open(key, enc, bytes_of_str("other"), aad, ct, &plain, &e),
                         ERR_VERIFY);
        assert_int_equal(hpke_open(key, enc, info, bytes_of_str("other"), ct, &plain, &e),
                         ERR_VERIFY);
        changed[ct.n - 1] ^= 1;
        assert_int_equal(hpke_open(key, enc, info, aad, ct, &plain, &e), ERR_VERIFY);
        assert_null(plain);
    }
    json_decref(root);
}

static void derive_key_pair_gives_the_keys_of_both_files(void **state)
{
    json_t *ours = jv_load("tests/vectors/hpke/base-p256-aes256gcm.json");
    json_t *rfc = jv_load("tests/vectors/hpke/rfc9180-p256.json");
    const json_t *v;
    size_t i, seen = 0;

    (void)state;
    for (int file = 0; file < 2; file++) {
        json_array_foreach(file ? rfc : jv_get(ours, "vectors"), i, v)
        {
            AUTO(EVP_PKEY) key = NULL;
            AUTO(secret) scalar = NULL;
            JV_BYTES ikm = jv_hex(v, "ikmR");
            JV_BYTES want = jv_hex(v, "skRm");
            JV_BYTES want_point = jv_hex(v, "pkRm");
            uint8_t point[P256_POINT_LEN];
            struct err e;

            assert_int_equal(hpke_derive_key(ikm, &key, &e), ERR_OK);
            assert_int_equal(p256_scalar(key, &scalar, &e), ERR_OK);
            assert_true(secret_eq(secret_bytes(scalar), want));
            assert_int_equal(p256_point(key, point, &e), ERR_OK);
            assert_memory_equal(point, want_point.p, sizeof point);
            seen++;
        }
    }
    assert_int_equal(seen, 10);
    json_decref(ours);
    json_decref(rfc);
}

static void encapsulation_with_a_fixed_ikm_gives_the_enc_of_rfc_9180(void **state)
{
    json_t *rfc = jv_load("tests/vectors/hpke/rfc9180-p256.json");
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(rfc, i, v)
    {
        AUTO(EVP_PKEY) key = key_of(v, "skRm");
        AUTO(secret) plain = NULL;
        JV_BYTES point = jv_hex(v, "pkRm");
        JV_BYTES ikm = jv_hex(v, "ikmE");
        JV_BYTES info = jv_hex(v, "info");
        JV_BYTES want = jv_hex(v, "enc");
        struct buf ct AUTO_CALL(buf_done) = BUF(64);
        uint8_t enc[HPKE_ENC_LEN];
        struct err e;

        assert_int_equal(hpke_seal_with_ikm(point, ikm, info, bytes_of_str("aad"),
                                            bytes_of_str("plain"), enc, &ct, &e),
                         ERR_OK);
        assert_memory_equal(enc, want.p, sizeof enc);
        assert_int_equal(
            hpke_open(key, BYTES(enc), info, bytes_of_str("aad"), buf_bytes(&ct), &plain, &e),
            ERR_OK);
        assert_true(secret_eq(secret_bytes(plain), bytes_of_str("plain")));
    }
    assert_true(i >= 4);
    json_decref(rfc);
}

static void what_is_sealed_twice_differs_and_opens_only_for_its_key(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(EVP_PKEY) other = NULL;
    AUTO(secret) plain = NULL;
    struct buf a AUTO_CALL(buf_done) = BUF(64);
    struct buf b AUTO_CALL(buf_done) = BUF(64);
    uint8_t point[P256_POINT_LEN], enc_a[HPKE_ENC_LEN], enc_b[HPKE_ENC_LEN];
    struct bytes info = bytes_of_str("i"), aad = {0}, msg = bytes_of_str("message");
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(p256_generate(&other, &e), ERR_OK);
    assert_int_equal(p256_point(key, point, &e), ERR_OK);
    assert_int_equal(hpke_seal(BYTES(point), info, aad, msg, enc_a, &a, &e), ERR_OK);
    assert_int_equal(hpke_seal(BYTES(point), info, aad, msg, enc_b, &b, &e), ERR_OK);
    assert_int_equal(a.n, msg.n + HPKE_TAG_LEN);
    assert_false(bytes_eq(buf_bytes(&a), buf_bytes(&b)));
    assert_int_equal(hpke_open(other, BYTES(enc_a), info, aad, buf_bytes(&a), &plain, &e),
                     ERR_VERIFY);
    assert_int_equal(hpke_open(key, BYTES(enc_b), info, aad, buf_bytes(&a), &plain, &e),
                     ERR_VERIFY);
    assert_int_equal(hpke_open(key, BYTES(enc_a), info, aad, buf_bytes(&a), &plain, &e), ERR_OK);
}

static void a_point_that_is_not_on_the_curve_is_refused(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(secret) plain = NULL;
    struct buf ct AUTO_CALL(buf_done) = BUF(64);
    uint8_t point[P256_POINT_LEN] = {4, [64] = 1}, enc[HPKE_ENC_LEN];
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(
        hpke_open(key, BYTES(point), (struct bytes){0}, (struct bytes){0}, BYTES(enc), &plain, &e),
        ERR_INVALID);
    assert_int_equal(hpke_open(key, (struct bytes){point, 64}, (struct bytes){0}, (struct bytes){0},
                               BYTES(enc), &plain, &e),
                     ERR_INVALID);
    assert_int_equal(hpke_seal(BYTES(point), (struct bytes){0}, (struct bytes){0},
                               bytes_of_str("m"), enc, &ct, &e),
                     ERR_INVALID);
    assert_int_equal(ct.n, 0);
}

static void a_ciphertext_shorter_than_its_tag_is_refused(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(secret) plain = NULL;
    uint8_t point[P256_POINT_LEN], ct[HPKE_TAG_LEN - 1] = {0};
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(p256_point(key, point, &e), ERR_OK);
    assert_int_equal(
        hpke_open(key, BYTES(point), (struct bytes){0}, (struct bytes){0}, BYTES(ct), &plain, &e),
        ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_opens_to_its_plaintext),
        cmocka_unit_test(a_changed_vector_does_not_open),
        cmocka_unit_test(derive_key_pair_gives_the_keys_of_both_files),
        cmocka_unit_test(encapsulation_with_a_fixed_ikm_gives_the_enc_of_rfc_9180),
        cmocka_unit_test(what_is_sealed_twice_differs_and_opens_only_for_its_key),
        cmocka_unit_test(a_point_that_is_not_on_the_curve_is_refused),
        cmocka_unit_test(a_ciphertext_shorter_than_its_tag_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
