/* p256: keys, their encodings, signatures and key agreement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ecdsa.h>
#include <openssl/x509.h>
#include "crypto/digest.h"
#include "crypto/p256.h"
#include "support/json_vectors.h"

static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char half[] = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";

static enum err_code from_hex(const char *hex, EVP_PKEY **ret)
{
    JV_BYTES scalar = jv_unhex(hex);
    struct err e;

    return p256_from_scalar(scalar, ret, &e);
}

static void a_scalar_must_be_at_least_1_and_below_the_order(void **state)
{
    static const struct {
        const char *hex;
        enum err_code want;
    } cases[] = {
        {"0000000000000000000000000000000000000000000000000000000000000000", ERR_INVALID},
        {"0000000000000000000000000000000000000000000000000000000000000001", ERR_OK},
        {"0100000000000000000000000000000000000000000000000000000000000000", ERR_OK},
        {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", ERR_OK},
        {order, ERR_INVALID},
        {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552", ERR_INVALID},
        {"ffffffff00000001000000000000000000000000000000000000000000000000", ERR_INVALID},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", ERR_INVALID},
        {"01", ERR_INVALID},
        {"000000000000000000000000000000000000000000000000000000000000000001", ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(EVP_PKEY) key = NULL;

        assert_int_equal(from_hex(cases[i].hex, &key), cases[i].want);
        assert_true((key != NULL) == (cases[i].want == ERR_OK));
    }
}

static void the_keys_of_version_1_have_the_points_and_encodings_of_the_reference(void **state)
{
    json_t *root = jv_load("tests/vectors/reference/vectors.json");
    const json_t *v = jv_get(root, "kms_derivation");
    JV_BYTES spki = jv_hex(v, "app_spki_der");
    AUTO(EVP_PKEY) key = NULL;
    AUTO(secret) pem = NULL;
    struct buf public AUTO_CALL(buf_done) = BUF(512);
    uint8_t got[P256_SPKI_LEN];
    struct err e;

    (void)state;
    assert_int_equal(from_hex(jv_str(v, "app_scalar"), &key), ERR_OK);
    assert_int_equal(p256_spki(key, got, &e), ERR_OK);
    assert_memory_equal(got, spki.p, sizeof got);
    assert_int_equal(p256_private_pem(key, &pem, &e), ERR_OK);
    assert_true(secret_eq(secret_bytes(pem), bytes_of_str(jv_str(v, "app_privkey_pem"))));
    assert_int_equal(p256_public_pem(key, &public, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&public), bytes_of_str(jv_str(v, "app_pubkey_pem"))));
    json_decref(root);
}

static void private_and_public_pem_are_read_back(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(EVP_PKEY) again = NULL;
    AUTO(EVP_PKEY) public = NULL;
    AUTO(secret) pem = NULL;
    AUTO(secret) d1 = NULL;
    AUTO(secret) d2 = NULL;
    struct buf text AUTO_CALL(buf_done) = BUF(512);
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(p256_private_pem(key, &pem, &e), ERR_OK);
    assert_int_equal(pem->n, 227);
    assert_int_equal(p256_from_private_pem(secret_bytes(pem), &again, &e), ERR_OK);
    assert_int_equal(p256_scalar(key, &d1, &e), ERR_OK);
    assert_int_equal(p256_scalar(again, &d2, &e), ERR_OK);
    assert_true(secret_eq(secret_bytes(d1), secret_bytes(d2)));
    assert_int_equal(p256_public_pem(key, &text, &e), ERR_OK);
    assert_int_equal(p256_from_public_pem(buf_bytes(&text), &public, &e), ERR_OK);
    assert_int_equal(EVP_PKEY_eq(key, public), 1);
    assert_int_equal(p256_scalar(public, &d1, &e), ERR_INVALID);
}

static void a_private_pem_with_another_keys_public_part_is_refused(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(EVP_PKEY) back = NULL;
    AUTO(secret) pem = NULL;
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(p256_private_pem(key, &pem, &e), ERR_OK);
    /* The last line is base64 of the end of Y. */
    pem->p[pem->n - 40] = pem->p[pem->n - 40] == 'A' ? 'B' : 'A';
    assert_int_equal(p256_from_private_pem(secret_bytes(pem), &back, &e), ERR_INVALID);
    assert_string_equal(e.msg, "the private key's public key is another one");
}

static void a_point_must_be_uncompressed_and_on_the_curve(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(EVP_PKEY) out = NULL;
    uint8_t point[P256_POINT_LEN + 1];
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(p256_point(key, point, &e), ERR_OK);
    assert_int_equal(p256_from_point((struct bytes){point, 66}, &out, &e), ERR_INVALID);
    assert_int_equal(p256_from_point((struct bytes){point, 64}, &out, &e), ERR_INVALID);
    assert_int_equal(p256_from_point((struct bytes){point, 0}, &out, &e), ERR_INVALID);
    point[64] ^= 1;
    assert_int_equal(p256_from_point((struct bytes){point, 65}, &out, &e), ERR_INVALID);
    point[64] ^= 1;
    point[0] = (uint8_t)(2 | (point[64] & 1));
    assert_int_equal(p256_from_point((struct bytes){point, 33}, &out, &e), ERR_INVALID);
    point[0] = (uint8_t)(6 | (point[64] & 1)); /* the hybrid form */
    assert_int_equal(p256_from_point((struct bytes){point, 65}, &out, &e), ERR_INVALID);
    assert_int_equal(p256_from_point(bytes_of_str("\0"), &out, &e), ERR_INVALID);
    assert_null(out);
}

static void an_spki_is_that_of_p256_alone_with_nothing_after_it(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(EVP_PKEY) out = NULL;
    AUTO(EVP_PKEY) p384 = EVP_EC_gen("P-384");
    AUTO(EVP_PKEY) k256 = EVP_EC_gen("secp256k1");
    uint8_t spki[P256_SPKI_LEN + 1] = {0}, point[P256_POINT_LEN];
    uint8_t *der = NULL;
    int n;
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(p256_spki(key, spki, &e), ERR_OK);
    assert_int_equal(p256_from_spki((struct bytes){spki, 91}, &out, &e), ERR_OK);
    EVP_PKEY_free(TAKE(out));
    assert_int_equal(p256_from_spki((struct bytes){spki, 92}, &out, &e), ERR_INVALID);
    for (size_t i = 0; i < 27; i++) { /* any other header */
        spki[i] ^= 1;
        assert_int_equal(p256_from_spki((struct bytes){spki, 91}, &out, &e), ERR_INVALID);
        spki[i] ^= 1;
    }
    n = i2d_PUBKEY(k256, &der);
    assert_int_equal(p256_from_spki((struct bytes){der, (size_t)n}, &out, &e), ERR_INVALID);
    OPENSSL_free(der);
    assert_false(p256_is_key(p384));
    assert_false(p256_is_key(k256));
    assert_false(p256_is_key(NULL));
    assert_int_equal(p256_point(p384, point, &e), ERR_INVALID);
}

/* r and s of a DER signature, 32 bytes each. */
static void split(struct bytes der, uint8_t rs[static 64])
{
    const uint8_t *at = der.p;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.n);

    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32), 32);
    ECDSA_SIG_free(sig);
}

static bool above(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, 32) > 0;
}

static void deterministic_signatures_are_those_of_rfc_6979_with_the_lower_s(void **state)
{
    json_t *root = jv_load("tests/vectors/rfc/rfc6979-p256-sha256.json");
    JV_BYTES n = jv_unhex(order);
    JV_BYTES most = jv_unhex(half);
    AUTO(EVP_PKEY) key = NULL;
    const json_t *v;
    size_t i, flipped = 0;

    (void)state;
    assert_int_equal(from_hex(jv_str(root, "scalar"), &key), ERR_OK);
    json_array_foreach(jv_get(root, "vectors"), i, v)
    {
        JV_BYTES r = jv_hex(v, "r");
        JV_BYTES s = jv_hex(v, "s");
        struct buf sig AUTO_CALL(buf_done) = BUF(80);
        struct bytes msg = bytes_of_str(jv_str(v, "message"));
        uint8_t rs[64];
        struct err e;

        assert_int_equal(p256_sign_deterministic(key, msg, &sig, &e), ERR_OK);
        split(buf_bytes(&sig), rs);
        assert_memory_equal(rs, r.p, 32);
        if (above(s.p, most.p)) { /* n - s */
            unsigned borrow = 0;

            flipped++;
            for (size_t j = 32; j-- > 0;) {
                unsigned d = (unsigned)n.p[j] - s.p[j] - borrow;

                ((uint8_t *)s.p)[j] = (uint8_t)d;
                borrow = d >> 31;
            }
        }
        assert_memory_equal(rs + 32, s.p, 32);
        assert_int_equal(p256_verify(key, msg, buf_bytes(&sig), &e), ERR_OK);
    }
    assert_int_equal(i, 2);
    assert_int_equal(flipped, 1);
    json_decref(root);
}

static void deterministic_signatures_repeat_and_are_always_low(void **state)
{
    JV_BYTES most = jv_unhex(half);
    AUTO(EVP_PKEY) key = NULL;
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    for (uint8_t i = 0; i < 64; i++) {
        struct buf a AUTO_CALL(buf_done) = BUF(80);
        struct buf b AUTO_CALL(buf_done) = BUF(80);
        uint8_t rs[64];

        assert_int_equal(p256_sign_deterministic(key, (struct bytes){&i, 1}, &a, &e), ERR_OK);
        assert_int_equal(p256_sign_deterministic(key, (struct bytes){&i, 1}, &b, &e), ERR_OK);
        assert_true(bytes_eq(buf_bytes(&a), buf_bytes(&b)));
        split(buf_bytes(&a), rs);
        assert_false(above(rs + 32, most.p));
    }
}

static void a_signature_holds_for_its_message_and_key_alone(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(EVP_PKEY) other = NULL;
    struct buf sig AUTO_CALL(buf_done) = BUF(80);
    struct bytes msg = bytes_of_str("message");
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(p256_generate(&other, &e), ERR_OK);
    assert_int_equal(p256_sign(key, msg, &sig, &e), ERR_OK);
    assert_int_equal(p256_verify(key, msg, buf_bytes(&sig), &e), ERR_OK);
    assert_int_equal(p256_verify(key, bytes_of_str("massage"), buf_bytes(&sig), &e), ERR_VERIFY);
    assert_int_equal(p256_verify(other, msg, buf_bytes(&sig), &e), ERR_VERIFY);
    buf_put_u8(&sig, 0);
    assert_int_equal(p256_verify(key, msg, buf_bytes(&sig), &e), ERR_VERIFY);
    assert_int_equal(p256_verify(key, msg, (struct bytes){0}, &e), ERR_VERIFY);
}

static void the_fast_path_says_what_the_slow_one_says(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(p256_pub) pub = NULL;
    AUTO(p256_pub) none = NULL;
    struct buf sig AUTO_CALL(buf_done) = BUF(80);
    struct bytes msg = bytes_of_str("message");
    uint8_t point[P256_POINT_LEN], rs[64], zero[73] = {0};
    struct hash32 digest, wrong;
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(p256_point(key, point, &e), ERR_OK);
    assert_int_equal(p256_pub_new((struct bytes){point + 1, 64}, &pub, &e), ERR_OK);
    assert_int_equal(p256_sign(key, msg, &sig, &e), ERR_OK);
    split(buf_bytes(&sig), rs);
    sha256(msg, &digest);
    sha256(BYTES(rs), &wrong);
    assert_int_equal(p256_pub_verify_raw(pub, &digest, BYTES(rs), &e), ERR_OK);
    assert_int_equal(p256_pub_verify_der(pub, &digest, buf_bytes(&sig), &e), ERR_OK);
    assert_int_equal(p256_pub_verify_raw(pub, &wrong, BYTES(rs), &e), ERR_VERIFY);
    assert_int_equal(p256_pub_verify_der(pub, &wrong, buf_bytes(&sig), &e), ERR_VERIFY);
    assert_int_equal(p256_pub_verify_raw(pub, &digest, (struct bytes){zero, 64}, &e), ERR_VERIFY);
    assert_int_equal(p256_pub_verify_raw(pub, &digest, (struct bytes){rs, 63}, &e), ERR_INVALID);
    assert_int_equal(p256_pub_verify_der(pub, &digest, BYTES(zero), &e), ERR_INVALID);
    assert_int_equal(p256_pub_new((struct bytes){zero, 64}, &none, &e), ERR_INVALID);
    assert_int_equal(p256_pub_new((struct bytes){point, 65}, &none, &e), ERR_INVALID);
}

static void both_sides_of_an_exchange_get_the_same_32_bytes(void **state)
{
    json_t *root = jv_load("tests/vectors/reference/vectors.json");
    const json_t *v = json_array_get(jv_get(root, "ecies"), 1); /* a shared X of 31 bytes */
    JV_BYTES want = jv_hex(v, "shared_x_minimal_be");
    AUTO(EVP_PKEY) a = NULL;
    AUTO(EVP_PKEY) b = NULL;
    AUTO(EVP_PKEY) p384 = EVP_EC_gen("P-384");
    AUTO(secret) x = NULL;
    AUTO(secret) y = NULL;
    struct err e;

    (void)state;
    assert_int_equal(from_hex(jv_str(jv_get(root, "kms_derivation"), "app_scalar"), &a), ERR_OK);
    assert_int_equal(from_hex(jv_str(v, "ephemeral_scalar"), &b), ERR_OK);
    assert_int_equal(p256_ecdh(a, b, &x, &e), ERR_OK);
    assert_int_equal(p256_ecdh(b, a, &y, &e), ERR_OK);
    assert_true(secret_eq(secret_bytes(x), secret_bytes(y)));
    assert_int_equal(x->n, 32);
    assert_int_equal(x->p[0], 0);
    assert_memory_equal(x->p + 1, want.p, 31);
    secret_free(TAKE(x));
    assert_int_equal(p256_ecdh(a, p384, &x, &e), ERR_INVALID);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scalar_must_be_at_least_1_and_below_the_order),
        cmocka_unit_test(the_keys_of_version_1_have_the_points_and_encodings_of_the_reference),
        cmocka_unit_test(private_and_public_pem_are_read_back),
        cmocka_unit_test(a_private_pem_with_another_keys_public_part_is_refused),
        cmocka_unit_test(a_point_must_be_uncompressed_and_on_the_curve),
        cmocka_unit_test(an_spki_is_that_of_p256_alone_with_nothing_after_it),
        cmocka_unit_test(deterministic_signatures_are_those_of_rfc_6979_with_the_lower_s),
        cmocka_unit_test(deterministic_signatures_repeat_and_are_always_low),
        cmocka_unit_test(a_signature_holds_for_its_message_and_key_alone),
        cmocka_unit_test(the_fast_path_says_what_the_slow_one_says),
        cmocka_unit_test(both_sides_of_an_exchange_get_the_same_32_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
