/* The throw-away root is the one that development builds know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/x509v3.h>

#include "base/codec.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/x509.h"
#include "sim_root.h"
#include "support/vectors.h"

static json *golden;

static int load(void **state)
{
    size_t n;
    char *text = vector_read("tests/vectors/sim/root.json", &n);
    struct err e;

    (void)state;
    json_init();
    if (json_parse((struct bytes){(uint8_t *)text, n}, n, &golden, &e) != ERR_OK)
        return -1;
    free(text);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    json_free(golden);
    return 0;
}

static void assert_golden(const char *member, struct bytes found)
{
    struct buf hex AUTO_CALL(buf_done) = BUF(8192);
    const char *expected = NULL;
    struct err e;

    assert_int_equal(json_get_str(golden, member, 4096, &expected, &e), ERR_OK);
    hex_put(&hex, found);
    assert_string_equal(buf_cstr(&hex), expected);
}

static void certificate_is_the_golden_vector(void **state)
{
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    struct err e;

    (void)state;
    assert_int_equal(sim_root_certificate(&der, &e), ERR_OK);
    assert_golden("certificate", buf_bytes(&der));
}

static void header_names_the_certificates_hash(void **state)
{
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    char hex[HEX_LEN(32)];
    struct hash32 h;
    struct err e;

    (void)state;
    assert_int_equal(sim_root_certificate(&der, &e), ERR_OK);
    sha256(buf_bytes(&der), &h);
    hex_encode(BYTES_OF(h), hex);
    assert_string_equal(hex, SIM_ROOT_SHA256);
}

static void key_is_the_golden_scalar(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(secret) scalar = NULL;
    uint8_t spki[P256_SPKI_LEN];
    struct err e;

    (void)state;
    assert_int_equal(sim_root_key(&key, &e), ERR_OK);
    assert_int_equal(p256_scalar(key, &scalar, &e), ERR_OK);
    assert_golden("scalar", secret_bytes(scalar));
    assert_int_equal(p256_spki(key, spki, &e), ERR_OK);
    assert_golden("spki", BYTES(spki));
}

static void certificate_is_a_ca_that_signed_itself(void **state)
{
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    AUTO(X509) cert = NULL;
    AUTO(EVP_PKEY) key = NULL;
    struct err e;

    (void)state;
    assert_int_equal(sim_root_certificate(&der, &e), ERR_OK);
    assert_int_equal(x509_parse(buf_bytes(&der), &cert, &e), ERR_OK);
    assert_int_equal(sim_root_key(&key, &e), ERR_OK);
    assert_int_equal(X509_verify(cert, key), 1);
    assert_int_equal(X509_check_ca(cert), 1);
}

static void certificate_says_that_it_is_simulated(void **state)
{
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    AUTO(X509) cert = NULL;
    char name[256];
    struct err e;

    (void)state;
    assert_int_equal(sim_root_certificate(&der, &e), ERR_OK);
    assert_int_equal(x509_parse(buf_bytes(&der), &cert, &e), ERR_OK);
    X509_NAME_oneline(X509_get_subject_name(cert), name, sizeof name);
    assert_non_null(strstr(name, "SIMULATED"));
}

static void other_seed_and_other_purpose_are_other_keys(void **state)
{
    AUTO(EVP_PKEY) a = NULL;
    AUTO(EVP_PKEY) b = NULL;
    AUTO(EVP_PKEY) c = NULL;
    AUTO(EVP_PKEY) again = NULL;
    struct err e;

    (void)state;
    assert_int_equal(sim_key("one", "pck", &a, &e), ERR_OK);
    assert_int_equal(sim_key("two", "pck", &b, &e), ERR_OK);
    assert_int_equal(sim_key("one", "attestation", &c, &e), ERR_OK);
    assert_int_equal(sim_key("one", "pck", &again, &e), ERR_OK);
    assert_int_equal(EVP_PKEY_eq(a, again), 1);
    assert_int_equal(EVP_PKEY_eq(a, b), 0);
    assert_int_equal(EVP_PKEY_eq(a, c), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_is_the_golden_vector),
        cmocka_unit_test(header_names_the_certificates_hash),
        cmocka_unit_test(key_is_the_golden_scalar),
        cmocka_unit_test(certificate_is_a_ca_that_signed_itself),
        cmocka_unit_test(certificate_says_that_it_is_simulated),
        cmocka_unit_test(other_seed_and_other_purpose_are_other_keys),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
