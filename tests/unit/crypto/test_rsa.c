/* rsa: keys and signatures of attestation services and vTPMs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include "crypto/digest.h"
#include "crypto/rsa.h"

static const uint8_t f4[] = {1, 0, 1};
static EVP_PKEY *pair;
static uint8_t modulus[256];

static size_t numbers(const EVP_PKEY *key, uint8_t *ret)
{
    BIGNUM *n = NULL;
    int len;

    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1)
        abort();
    len = BN_bn2bin(n, ret);
    BN_free(n);
    return (size_t)len;
}

static int make_pair(void **state)
{
    (void)state;
    pair = EVP_RSA_gen(2048);
    return pair && numbers(pair, modulus) == sizeof modulus ? 0 : -1;
}

static int free_pair(void **state)
{
    (void)state;
    EVP_PKEY_free(pair);
    return 0;
}

static rsa_pub *key(void)
{
    rsa_pub *k = NULL;
    struct err e;

    assert_int_equal(rsa_pub_of_numbers(BYTES(modulus), BYTES(f4), &k, &e), ERR_OK);
    return k;
}

static void sign(const EVP_MD *md, const char *text, uint8_t ret[static 256])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = 256;

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, md, NULL, pair), 1);
    assert_int_equal(EVP_DigestSign(ctx, ret, &n, (const uint8_t *)text, strlen(text)), 1);
    EVP_MD_CTX_free(ctx);
}

static enum err_code verify(const char *text, struct bytes sig)
{
    AUTO(rsa_pub) k = key();
    struct hash32 digest;
    struct err e;

    sha256(bytes_of_str(text), &digest);
    return rsa_pub_verify(k, &digest, sig, &e);
}

static void a_signature_of_ours_holds(void **state)
{
    uint8_t sig[256];

    (void)state;
    sign(EVP_sha256(), "message", sig);
    assert_int_equal(verify("message", BYTES(sig)), ERR_OK);
}

static void it_holds_for_nothing_else(void **state)
{
    uint8_t sig[256];

    (void)state;
    sign(EVP_sha256(), "message", sig);
    assert_int_equal(verify("massage", BYTES(sig)), ERR_VERIFY);
}

static void a_flipped_bit_anywhere_is_noticed(void **state)
{
    uint8_t sig[256];

    (void)state;
    sign(EVP_sha256(), "message", sig);
    for (size_t i = 0; i < sizeof sig; i++) {
        sig[i] ^= 1;
        assert_int_equal(verify("message", BYTES(sig)), ERR_VERIFY);
        sig[i] ^= 1;
    }
}

static void a_signature_over_another_hash_does_not_hold(void **state)
{
    uint8_t sig[256];

    (void)state;
    sign(EVP_sha512(), "message", sig);
    assert_int_equal(verify("message", BYTES(sig)), ERR_VERIFY);
}

/* s + n verifies like s where nobody looks. */
static void a_signature_has_one_spelling(void **state)
{
    uint8_t sig[256], long_sig[257] = {0};
    BIGNUM *s, *n;

    (void)state;
    sign(EVP_sha256(), "message", sig);
    memcpy(long_sig + 1, sig, sizeof sig);
    assert_int_equal(verify("message", BYTES(long_sig)), ERR_VERIFY);
    assert_int_equal(verify("message", (struct bytes){sig, 255}), ERR_VERIFY);
    assert_int_equal(verify("message", (struct bytes){0}), ERR_VERIFY);
    assert_int_equal(verify("message", BYTES(modulus)), ERR_VERIFY);
    s = BN_bin2bn(sig, sizeof sig, NULL);
    n = BN_bin2bn(modulus, sizeof modulus, NULL);
    BN_add(s, s, n);
    if (BN_num_bytes(s) == sizeof sig) {
        BN_bn2bin(s, sig);
        assert_int_equal(verify("message", BYTES(sig)), ERR_VERIFY);
    }
    BN_free(s);
    BN_free(n);
}

static enum err_code key_of(unsigned bits)
{
    EVP_PKEY *p = EVP_RSA_gen(bits);
    uint8_t n[1024];
    AUTO(rsa_pub) k = NULL;
    enum err_code code;
    struct err e;

    code = rsa_pub_of_numbers((struct bytes){n, numbers(p, n)}, BYTES(f4), &k, &e);
    EVP_PKEY_free(p);
    return code;
}

static void weak_and_monstrous_keys_are_refused(void **state)
{
    uint8_t huge[513] = {0x80, [512] = 1};
    AUTO(rsa_pub) k = NULL;
    struct err e;

    (void)state;
    assert_int_equal(key_of(1024), ERR_VERIFY);
    assert_int_equal(rsa_pub_of_numbers(BYTES(huge), BYTES(f4), &k, &e), ERR_VERIFY);
}

static void only_65537_is_an_exponent(void **state)
{
    static const uint8_t three[] = {3}, zero_first[] = {0, 1, 0, 1},
                         large[] = {1, 0, 0, 0, 0, 0, 0, 0, 1};
    AUTO(rsa_pub) k = NULL;
    struct err e;

    (void)state;
    assert_int_equal(rsa_pub_of_numbers(BYTES(modulus), BYTES(three), &k, &e), ERR_VERIFY);
    assert_int_equal(rsa_pub_of_numbers(BYTES(modulus), BYTES(large), &k, &e), ERR_VERIFY);
    assert_int_equal(rsa_pub_of_numbers(BYTES(modulus), BYTES(zero_first), &k, &e), ERR_INVALID);
    assert_int_equal(rsa_pub_of_numbers(BYTES(modulus), (struct bytes){0}, &k, &e), ERR_INVALID);
}

static void a_modulus_has_no_leading_zero(void **state)
{
    uint8_t padded[257] = {0};
    AUTO(rsa_pub) k = NULL;
    struct err e;

    (void)state;
    memcpy(padded + 1, modulus, sizeof modulus);
    assert_int_equal(rsa_pub_of_numbers(BYTES(padded), BYTES(f4), &k, &e), ERR_INVALID);
    assert_int_equal(rsa_pub_of_numbers((struct bytes){0}, BYTES(f4), &k, &e), ERR_INVALID);
    assert_null(k);
}

static void what_is_no_certificate_has_no_key(void **state)
{
    AUTO(rsa_pub) k = NULL;
    struct err e;

    (void)state;
    assert_int_equal(rsa_pub_of_certificate(bytes_of_str("0"), &k, &e), ERR_INVALID);
}

static void keys_are_equal_when_their_moduli_are(void **state)
{
    AUTO(rsa_pub) a = key();
    AUTO(rsa_pub) b = key();
    AUTO(rsa_pub) c = NULL;
    EVP_PKEY *other = EVP_RSA_gen(2048);
    uint8_t n[256];
    struct err e;

    (void)state;
    assert_int_equal(rsa_pub_of_numbers((struct bytes){n, numbers(other, n)}, BYTES(f4), &c, &e),
                     ERR_OK);
    assert_true(rsa_pub_eq(a, b));
    assert_false(rsa_pub_eq(a, c));
    assert_true(bytes_eq(rsa_pub_modulus(a), BYTES(modulus)));
    EVP_PKEY_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_of_ours_holds),
        cmocka_unit_test(it_holds_for_nothing_else),
        cmocka_unit_test(a_flipped_bit_anywhere_is_noticed),
        cmocka_unit_test(a_signature_over_another_hash_does_not_hold),
        cmocka_unit_test(a_signature_has_one_spelling),
        cmocka_unit_test(weak_and_monstrous_keys_are_refused),
        cmocka_unit_test(only_65537_is_an_exponent),
        cmocka_unit_test(a_modulus_has_no_leading_zero),
        cmocka_unit_test(what_is_no_certificate_has_no_key),
        cmocka_unit_test(keys_are_equal_when_their_moduli_are),
    };

    return cmocka_run_group_tests(tests, make_pair, free_pair);
}
