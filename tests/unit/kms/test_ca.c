/* ca, apps: certificates of instances take their names from policy alone; keys are kept per app. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include "kms/apps.h"
#include "support/json_vectors.h"

#define NOW 1764000000

static kms_apps *apps_of(size_t max)
{
    json_t *v = jv_load("tests/vectors/kms/v2.json");
    JV_BYTES master = jv_hex(v, "master");
    JV_BYTES id = jv_hex(v, "root_id");
    struct hash32 root_id;
    AUTO(kms_root) root = NULL;
    kms_apps *a = NULL;
    struct err e = {0};

    memcpy(root_id.b, id.p, 32);
    assert_int_equal(kms_root_new(master, &root_id, &root, &e), ERR_OK);
    assert_int_equal(kms_apps_new(&root, max, &a, &e), ERR_OK);
    assert_null(root);
    json_decref(v);
    return a;
}

static const kms_app *get(kms_apps *a, uint8_t app, uint64_t epoch)
{
    struct addr id;
    const kms_app *x = NULL;
    struct err e = {0};

    memset(id.b, app, sizeof id.b);
    assert_int_equal(kms_apps_get(a, &id, epoch, &x, &e), ERR_OK);
    return x;
}

static void ca_key_and_pki_hash_are_those_of_the_vectors(void **state)
{
    AUTO(kms_apps) a = apps_of(0);
    json_t *all = jv_load("tests/vectors/kms/v2.json");
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(jv_get(all, "certificates"), i, v)
    {
        JV_BYTES app_id = jv_hex(v, "app_id");
        JV_BYTES ca = jv_hex(v, "ca_der");
        JV_BYTES spki = jv_hex(v, "spki");
        JV_BYTES pki_hash = jv_hex(v, "pki_hash");
        const kms_app *x = NULL;
        struct addr id;
        struct err e = {0};

        memcpy(id.b, app_id.p, 20);
        assert_int_equal(kms_apps_get(a, &id, strtoull(jv_str(v, "epoch"), NULL, 10), &x, &e),
                         ERR_OK);
        assert_true(bytes_eq(x->ca_der, ca));
        assert_true(bytes_eq(BYTES(x->encrypt_spki), spki));
        assert_memory_equal(x->pki_hash.b, pki_hash.p, 32);
        kms_app_put(x);
    }
    assert_true(i >= 9);
    json_decref(all);
}

static void an_entry_is_derived_once_and_shared(void **state)
{
    AUTO(kms_apps) a = apps_of(0);
    const kms_app *x = get(a, 1, 0), *y = get(a, 1, 0), *z = get(a, 1, 1);

    (void)state;
    assert_ptr_equal(x, y);
    assert_ptr_not_equal(x, z);
    kms_app_put(x);
    kms_app_put(y);
    kms_app_put(z);
}

static void an_entry_pushed_out_lives_on_for_who_holds_it(void **state)
{
    AUTO(kms_apps) a = apps_of(2);
    const kms_app *held = get(a, 1, 0), *again;
    uint8_t first = held->ca_der.p[0];

    (void)state;
    for (uint8_t i = 2; i < 6; i++)
        kms_app_put(get(a, i, 0));
    assert_int_equal(held->ca_der.p[0], first);
    again = get(a, 1, 0);
    assert_ptr_not_equal(again, held);
    assert_true(bytes_eq(again->ca_der, held->ca_der));
    kms_app_put(again);
    kms_app_put(held);
}

static void *get_many(void *arg)
{
    for (int i = 0; i < 200; i++) {
        const kms_app *x = get(arg, (uint8_t)(i % 5), 0);

        if (x->app_id.b[0] != i % 5)
            abort();
        kms_app_put(x);
    }
    return NULL;
}

static void threads_share_a_cache_that_is_too_small(void **state)
{
    AUTO(kms_apps) a = apps_of(3);
    pthread_t t[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, get_many, a), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
}

/* ---- instance certificates ---- */

static X509 *issued(const kms_app *x, EVP_PKEY *key, int64_t not_after, struct ca_issued *ret)
{
    const struct ca_policy policy = {.app = {{0xab}}, .now = NOW, .not_after = not_after};
    X509 *cert = NULL;
    struct err e = {0};

    assert_int_equal(ca_issue(x->ca_key, x->ca, key, &policy, ret, &e), ERR_OK);
    assert_int_equal(x509_parse(buf_bytes(&ret->der), &cert, &e), ERR_OK);
    return cert;
}

#define APP_NAME "ab00000000000000000000000000000000000000.app"

/* SR-36 */
static void the_names_are_of_the_application_and_nothing_else(void **state)
{
    AUTO(kms_apps) a = apps_of(0);
    const kms_app *x = get(a, 1, 0);
    struct ca_issued c AUTO_CALL(ca_issued_done) = {0};
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) cert = NULL;
    GENERAL_NAMES *names;
    char subject[256];
    struct err e = {0};

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    cert = issued(x, key, 0, &c);
    X509_NAME_oneline(X509_get_subject_name(cert), subject, sizeof subject);
    assert_string_equal(subject, "/CN=" APP_NAME);
    names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(names), 1);
    assert_int_equal(X509_check_host(cert, APP_NAME, 0, 0, NULL), 1);
    GENERAL_NAMES_free(names);
    assert_int_equal(X509_check_ca(cert), 0);
    assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_SERVER | XKU_SSL_CLIENT);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(cert), key), 1);
    assert_int_equal(x509_verify_leaf(cert, x->ca, NOW, &e), ERR_OK);
    kms_app_put(x);
}

static int64_t seconds_of(const ASN1_TIME *t)
{
    struct tm tm;

    assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
    return timegm(&tm);
}

/* SR-36 */
static void it_lives_for_a_day_and_is_backdated_by_five_minutes(void **state)
{
    AUTO(kms_apps) a = apps_of(0);
    const kms_app *x = get(a, 1, 0);
    struct ca_issued c AUTO_CALL(ca_issued_done) = {0};
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) cert = NULL;
    struct err e = {0};

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    cert = issued(x, key, 0, &c);
    assert_int_equal(seconds_of(X509_get0_notBefore(cert)), NOW - 300);
    assert_int_equal(seconds_of(X509_get0_notAfter(cert)), NOW + 86400);
    assert_int_equal(c.not_after, NOW + 86400);
    kms_app_put(x);
}

static void it_ends_with_the_permission(void **state)
{
    AUTO(kms_apps) a = apps_of(0);
    const kms_app *x = get(a, 1, 0);
    struct ca_issued c AUTO_CALL(ca_issued_done) = {0};
    struct ca_issued none = {0};
    const struct ca_policy ended = {.now = NOW, .not_after = NOW};
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) cert = NULL;
    struct err e = {0};

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    cert = issued(x, key, NOW + 100, &c);
    assert_int_equal(seconds_of(X509_get0_notAfter(cert)), NOW + 100);
    assert_int_equal(ca_issue(x->ca_key, x->ca, key, &ended, &none, &e), ERR_DENIED);
    assert_null(none.der.p);
    kms_app_put(x);
}

static void the_serial_is_the_certificates(void **state)
{
    AUTO(kms_apps) a = apps_of(0);
    const kms_app *x = get(a, 1, 0);
    struct ca_issued c AUTO_CALL(ca_issued_done) = {0};
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) cert = NULL;
    BIGNUM *bn;
    uint8_t raw[20];
    struct err e = {0};

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    cert = issued(x, key, 0, &c);
    bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    assert_int_equal(BN_bn2binpad(bn, raw, (int)c.serial_len), c.serial_len);
    assert_memory_equal(raw, c.serial, c.serial_len);
    BN_free(bn);
    kms_app_put(x);
}

static void a_leaf_of_one_application_does_not_verify_under_anothers_ca(void **state)
{
    AUTO(kms_apps) a = apps_of(0);
    const kms_app *x = get(a, 1, 0), *y = get(a, 2, 0), *z = get(a, 1, 1);
    struct ca_issued c AUTO_CALL(ca_issued_done) = {0};
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) cert = NULL;
    struct err e = {0};

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    cert = issued(x, key, 0, &c);
    assert_int_equal(x509_verify_leaf(cert, x->ca, NOW, &e), ERR_OK);
    assert_int_not_equal(x509_verify_leaf(cert, y->ca, NOW, &e), ERR_OK);
    assert_int_not_equal(x509_verify_leaf(cert, z->ca, NOW, &e), ERR_OK);
    kms_app_put(x);
    kms_app_put(y);
    kms_app_put(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ca_key_and_pki_hash_are_those_of_the_vectors),
        cmocka_unit_test(an_entry_is_derived_once_and_shared),
        cmocka_unit_test(an_entry_pushed_out_lives_on_for_who_holds_it),
        cmocka_unit_test(threads_share_a_cache_that_is_too_small),
        cmocka_unit_test(the_names_are_of_the_application_and_nothing_else),
        cmocka_unit_test(it_lives_for_a_day_and_is_backdated_by_five_minutes),
        cmocka_unit_test(it_ends_with_the_permission),
        cmocka_unit_test(the_serial_is_the_certificates),
        cmocka_unit_test(a_leaf_of_one_application_does_not_verify_under_anothers_ca),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
