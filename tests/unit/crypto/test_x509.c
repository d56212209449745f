/* x509: the CA whose bytes are permanent (SR-35) and the leaves under it (SR-36). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/x509v3.h>
#include "crypto/pem.h"
#include "crypto/x509.h"
#include "crypto/x509_chain.h"
#include "support/json_vectors.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

static const char *const no_names[] = {NULL};

struct ca {
    EVP_PKEY *key;
    X509 *cert;
};

static struct ca make_ca(void)
{
    struct ca ca = {0};
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    struct err e;

    assert_int_equal(p256_generate(&ca.key, &e), ERR_OK);
    assert_int_equal(x509_ca(ca.key, "teereg-ca-test-0", &der, &e), ERR_OK);
    assert_int_equal(x509_parse(buf_bytes(&der), &ca.cert, &e), ERR_OK);
    return ca;
}

static void ca_done(struct ca *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->cert);
}
#define CA_IN_SCOPE __attribute__((cleanup(ca_done))) struct ca

static struct x509_leaf_spec leaf_spec(void)
{
    return (struct x509_leaf_spec){
        .common_name = "leaf",
        .dns_names = no_names,
        .not_before = NOW - 300,
        .not_after = NOW + DAY,
        .server_auth = true,
        .client_auth = true,
    };
}

static void the_ca_has_the_bytes_of_the_independent_script(void **state)
{
    json_t *root = jv_load("tests/vectors/x509/ca.json");
    const json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(jv_get(root, "vectors"), i, v)
    {
        JV_BYTES scalar = jv_hex(v, "scalar");
        JV_BYTES want = jv_hex(v, "der");
        AUTO(EVP_PKEY) key = NULL;
        struct buf got AUTO_CALL(buf_done) = BUF(4096);
        struct err e;

        assert_int_equal(p256_from_scalar(scalar, &key, &e), ERR_OK);
        assert_int_equal(x509_ca(key, jv_str(v, "common_name"), &got, &e), ERR_OK);
        assert_true(bytes_eq(buf_bytes(&got), want));
    }
    assert_int_equal(i, 27);
    json_decref(root);
}

static void the_ca_comes_out_the_same_each_time(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    struct err e;

    (void)state;
    for (int keys = 0; keys < 8; keys++) {
        struct buf first AUTO_CALL(buf_done) = BUF(4096);

        EVP_PKEY_free(TAKE(key));
        assert_int_equal(p256_generate(&key, &e), ERR_OK);
        assert_int_equal(x509_ca(key, "teereg-ca-test-0", &first, &e), ERR_OK);
        for (int times = 0; times < 3; times++) {
            struct buf again AUTO_CALL(buf_done) = BUF(4096);

            assert_int_equal(x509_ca(key, "teereg-ca-test-0", &again, &e), ERR_OK);
            assert_true(bytes_eq(buf_bytes(&first), buf_bytes(&again)));
        }
    }
}

static void openssl_reads_the_ca_as_a_ca_of_path_length_0(void **state)
{
    CA_IN_SCOPE ca = make_ca();

    (void)state;
    assert_int_equal(X509_check_ca(ca.cert), 1);
    assert_int_equal(X509_get_pathlen(ca.cert), 0);
    assert_int_equal(X509_get_key_usage(ca.cert), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(X509_verify(ca.cert, ca.key), 1);
    assert_int_equal(X509_get_version(ca.cert), X509_VERSION_3);
}

static void a_name_that_is_no_short_printable_ascii_makes_no_ca(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    struct buf out AUTO_CALL(buf_done) = BUF(4096);
    char name[82];
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(x509_ca(key, "", &out, &e), ERR_INVALID);
    assert_int_equal(x509_ca(key, "a\nb", &out, &e), ERR_INVALID);
    assert_int_equal(x509_ca(key, "\xc3\xa9", &out, &e), ERR_INVALID);
    memset(name, 'a', 81);
    name[81] = 0;
    assert_int_equal(x509_ca(key, name, &out, &e), ERR_INVALID);
    name[80] = 0;
    assert_int_equal(x509_ca(key, name, &out, &e), ERR_OK);
}

static X509 *issue(const struct ca *ca, const struct x509_leaf_spec *spec)
{
    AUTO(EVP_PKEY) key = NULL;
    X509 *leaf = NULL;
    struct err e;

    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(x509_issue(ca->key, ca->cert, key, spec, &leaf, &e), ERR_OK);
    return leaf;
}

static void a_leaf_verifies_under_its_ca_within_its_days(void **state)
{
    CA_IN_SCOPE ca = make_ca();
    CA_IN_SCOPE other = make_ca();
    struct x509_leaf_spec spec = leaf_spec();
    AUTO(X509) leaf = issue(&ca, &spec);
    struct err e;

    (void)state;
    assert_int_equal(x509_verify_leaf(leaf, ca.cert, NOW, &e), ERR_OK);
    assert_int_equal(x509_verify_leaf(leaf, ca.cert, NOW - 301, &e), ERR_VERIFY);
    assert_int_equal(x509_verify_leaf(leaf, ca.cert, NOW + DAY + 1, &e), ERR_VERIFY);
    assert_int_equal(x509_verify_leaf(leaf, other.cert, NOW, &e), ERR_VERIFY);
    assert_int_equal(x509_verify_leaf(ca.cert, ca.cert, NOW, &e), ERR_VERIFY);
}

static void a_leaf_is_no_ca_and_may_only_sign_digitally(void **state)
{
    CA_IN_SCOPE ca = make_ca();
    struct x509_leaf_spec spec = leaf_spec();
    AUTO(X509) leaf = issue(&ca, &spec);
    int critical = 0;

    (void)state;
    assert_int_equal(X509_check_ca(leaf), 0);
    assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER | XKU_SSL_CLIENT);
    BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(leaf, NID_basic_constraints, &critical, NULL);
    assert_non_null(bc);
    assert_int_equal(critical, 1);
    assert_int_equal(bc->ca, 0);
    BASIC_CONSTRAINTS_free(bc);
}

static void a_leaf_cannot_act_as_a_ca_for_another(void **state)
{
    CA_IN_SCOPE ca = make_ca();
    struct x509_leaf_spec spec = leaf_spec();
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) middle = NULL;
    AUTO(X509) below = NULL;
    struct err e;

    (void)state;
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(x509_issue(ca.key, ca.cert, key, &spec, &middle, &e), ERR_OK);
    assert_int_equal(x509_issue(key, middle, key, &spec, &below, &e), ERR_OK);
    assert_int_equal(x509_verify_leaf(below, ca.cert, NOW, &e), ERR_VERIFY);
    assert_int_equal(x509_verify_leaf(below, middle, NOW, &e), ERR_VERIFY);
}

static void names_are_those_of_the_specification(void **state)
{
    static const char *const dns[] = {"a.example", "*.b.example", NULL};
    static const char *const uris[] = {"teereg://app/1", NULL};
    CA_IN_SCOPE ca = make_ca();
    struct x509_leaf_spec spec = leaf_spec();

    (void)state;
    spec.dns_names = dns;
    spec.uris = uris;
    AUTO(X509) leaf = issue(&ca, &spec);
    GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(san), 3);
    assert_int_equal(sk_GENERAL_NAME_value(san, 2)->type, GEN_URI);
    GENERAL_NAMES_free(san);
    assert_int_equal(X509_check_host(leaf, "a.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(leaf, "x.b.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(leaf, "c.example", 0, 0, NULL), 0);
}

static void names_with_strange_characters_are_refused(void **state)
{
    static const char *const bad[] = {"", "a b", "a\nb", "a,DNS:b", "a*b", "\xff", "a/b"};
    CA_IN_SCOPE ca = make_ca();

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *names[] = {bad[i], NULL};
        struct x509_leaf_spec spec = leaf_spec();
        AUTO(X509) leaf = NULL;
        struct err e;

        spec.dns_names = names;
        assert_int_equal(x509_issue(ca.key, ca.cert, ca.key, &spec, &leaf, &e), ERR_INVALID);
        assert_null(leaf);
    }
}

static void a_uri_with_a_space_or_a_control_character_is_refused(void **state)
{
    static const char *const bad[] = {"teereg://a b", "teereg://a\n", "teereg://\x7f", ""};
    CA_IN_SCOPE ca = make_ca();

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *names[] = {bad[i], NULL};
        struct x509_leaf_spec spec = leaf_spec();
        AUTO(X509) leaf = NULL;
        struct err e;

        spec.uris = names;
        assert_int_equal(x509_issue(ca.key, ca.cert, ca.key, &spec, &leaf, &e), ERR_INVALID);
    }
}

static void a_validity_that_ends_before_it_begins_is_refused(void **state)
{
    CA_IN_SCOPE ca = make_ca();
    struct x509_leaf_spec spec = leaf_spec();
    AUTO(X509) leaf = NULL;
    struct err e;

    (void)state;
    spec.not_after = spec.not_before;
    assert_int_equal(x509_issue(ca.key, ca.cert, ca.key, &spec, &leaf, &e), ERR_INVALID);
    spec.not_before = -1;
    assert_int_equal(x509_issue(ca.key, ca.cert, ca.key, &spec, &leaf, &e), ERR_INVALID);
}

static void a_key_that_is_not_the_cas_signs_nothing(void **state)
{
    CA_IN_SCOPE ca = make_ca();
    CA_IN_SCOPE other = make_ca();
    struct x509_leaf_spec spec = leaf_spec();
    AUTO(X509) leaf = NULL;
    struct err e;

    (void)state;
    assert_int_equal(x509_issue(other.key, ca.cert, ca.key, &spec, &leaf, &e), ERR_INVALID);
}

static void certificates_are_for_p256_keys_alone(void **state)
{
    CA_IN_SCOPE ca = make_ca();
    AUTO(EVP_PKEY) p384 = EVP_EC_gen("P-384");
    struct x509_leaf_spec spec = leaf_spec();
    AUTO(X509) leaf = NULL;
    struct err e;

    (void)state;
    assert_int_equal(x509_issue(ca.key, ca.cert, p384, &spec, &leaf, &e), ERR_INVALID);
    assert_int_equal(x509_self_signed(p384, &spec, &leaf, &e), ERR_INVALID);
}

static void serials_are_positive_and_differ(void **state)
{
    CA_IN_SCOPE ca = make_ca();
    struct x509_leaf_spec spec = leaf_spec();
    AUTO(X509) a = issue(&ca, &spec);
    AUTO(X509) b = issue(&ca, &spec);

    (void)state;
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)), 0);
    for (int i = 0; i < 32; i++) {
        AUTO(X509) leaf = issue(&ca, &spec);

        assert_false(X509_get0_serialNumber(leaf)->type & V_ASN1_NEG);
        assert_true(ASN1_STRING_length(X509_get0_serialNumber(leaf)) <= 16);
    }
}

static void the_evidence_extension_comes_back_as_it_was_put_in(void **state)
{
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) c = NULL;
    AUTO(X509) again = NULL;
    struct x509_leaf_spec spec = leaf_spec();
    struct buf der AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    uint8_t evidence[16384], spki[P256_SPKI_LEN], want[P256_SPKI_LEN];
    struct bytes got;
    struct err e;

    (void)state;
    memset(evidence, 'e', sizeof evidence);
    spec.extension_oid = OID_TEEREG_EVIDENCE;
    spec.extension = BYTES(evidence);
    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    assert_int_equal(x509_self_signed(key, &spec, &c, &e), ERR_OK);
    assert_int_equal(x509_der(c, &der, &e), ERR_OK);
    assert_int_equal(x509_parse(buf_bytes(&der), &again, &e), ERR_OK);
    assert_int_equal(x509_extension(again, OID_TEEREG_EVIDENCE, &got, &e), ERR_OK);
    assert_true(bytes_eq(got, BYTES(evidence)));
    assert_int_equal(x509_extension(again, "1.2.3.4", &got, &e), ERR_NOT_FOUND);
    assert_int_equal(x509_spki(again, spki, &e), ERR_OK);
    assert_int_equal(p256_spki(key, want, &e), ERR_OK);
    assert_memory_equal(spki, want, sizeof spki);
}

static void an_extension_that_stands_twice_is_refused(void **state)
{
    CA_IN_SCOPE ca = make_ca();
    struct x509_leaf_spec spec = leaf_spec();
    struct bytes got;
    struct err e;

    (void)state;
    spec.extension_oid = OID_TEEREG_EVIDENCE;
    spec.extension = bytes_of_str("one");
    AUTO(X509) leaf = issue(&ca, &spec);
    X509_EXTENSION *more = X509_EXTENSION_dup(X509_get_ext(leaf, X509_get_ext_count(leaf) - 1));
    assert_int_equal(X509_add_ext(leaf, more, -1), 1);
    X509_EXTENSION_free(more);
    assert_int_equal(x509_extension(leaf, OID_TEEREG_EVIDENCE, &got, &e), ERR_INVALID);
}

static void a_certificate_is_exactly_one_der_value(void **state)
{
    json_t *root = jv_load("tests/vectors/x509/ca.json");
    JV_BYTES good = jv_hex(json_array_get(jv_get(root, "vectors"), 0), "der");
    uint8_t more[4096];
    AUTO(X509) c = NULL;
    struct err e;

    (void)state;
    memcpy(more, good.p, good.n);
    more[good.n] = 0;
    assert_int_equal(x509_parse((struct bytes){more, good.n + 1}, &c, &e), ERR_INVALID);
    assert_int_equal(x509_parse((struct bytes){0}, &c, &e), ERR_TOO_LARGE);
    for (size_t n = 1; n < good.n; n++)
        assert_int_equal(x509_parse((struct bytes){more, n}, &c, &e), ERR_INVALID);
    assert_null(c);
    json_decref(root);
}

/* 30 82 len -> 30 83 00 len: the same value in BER, once outside and once inside what is signed. */
static void lengths_that_are_not_the_shortest_are_refused(void **state)
{
    json_t *root = jv_load("tests/vectors/x509/ca.json");
    JV_BYTES good = jv_hex(json_array_get(jv_get(root, "vectors"), 0), "der");
    uint8_t ber[4096];
    AUTO(X509) c = NULL;
    struct err e;

    (void)state;
    assert_int_equal(good.p[1], 0x82);
    ber[0] = 0x30;
    ber[1] = 0x83;
    ber[2] = 0;
    memcpy(ber + 3, good.p + 2, good.n - 2);
    assert_int_equal(x509_parse((struct bytes){ber, good.n + 1}, &c, &e), ERR_INVALID);

    assert_int_equal(good.p[5], 0x82); /* the signed part */
    memcpy(ber, good.p, 5);
    ber[3] = (uint8_t)((good.n - 4 + 1) & 0xff);
    ber[2] = (uint8_t)((good.n - 4 + 1) >> 8);
    ber[5] = 0x83;
    ber[6] = 0;
    memcpy(ber + 7, good.p + 6, good.n - 6);
    assert_int_equal(x509_parse((struct bytes){ber, good.n + 1}, &c, &e), ERR_INVALID);
    assert_null(c);
    json_decref(root);
}

static void a_certificate_with_another_key_has_no_spki_for_us(void **state)
{
    AUTO(EVP_PKEY) p384 = EVP_EC_gen("P-384");
    AUTO(X509) c = X509_new();
    uint8_t spki[P256_SPKI_LEN];
    struct err e;

    (void)state;
    assert_int_equal(X509_set_pubkey(c, p384), 1);
    assert_int_equal(x509_spki(c, spki, &e), ERR_INVALID);
}

static void the_keys_of_authorities_are_listed_once_and_in_order(void **state)
{
    struct buf pem AUTO_CALL(buf_done) = BUF(16384);
    struct hash32 keys[3] = {0};
    size_t n = 0;
    struct err e;

    (void)state;
    assert_int_equal(x509_authority_keys(buf_bytes(&pem), keys, 3, &n, &e), ERR_INVALID);
    for (int i = 0; i < 3; i++) {
        struct buf der AUTO_CALL(buf_done) = BUF(4096);
        CA_IN_SCOPE ca = make_ca();

        assert_int_equal(x509_ca(ca.key, "teereg-ca-test-0", &der, &e), ERR_OK);
        pem_put(&pem, "CERTIFICATE", buf_bytes(&der));
        pem_put(&pem, "CERTIFICATE", buf_bytes(&der));
    }
    assert_int_equal(x509_authority_keys(buf_bytes(&pem), keys, 3, &n, &e), ERR_OK);
    assert_int_equal(n, 3);
    assert_true(memcmp(keys[0].b, keys[1].b, 32) < 0 && memcmp(keys[1].b, keys[2].b, 32) < 0);
    assert_int_equal(x509_authority_keys(buf_bytes(&pem), keys, 2, &n, &e), ERR_TOO_LARGE);
    pem_put(&pem, "CERTIFICATE", bytes_of_str("no certificate"));
    assert_int_not_equal(x509_authority_keys(buf_bytes(&pem), keys, 3, &n, &e), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ca_has_the_bytes_of_the_independent_script),
        cmocka_unit_test(the_ca_comes_out_the_same_each_time),
        cmocka_unit_test(openssl_reads_the_ca_as_a_ca_of_path_length_0),
        cmocka_unit_test(a_name_that_is_no_short_printable_ascii_makes_no_ca),
        cmocka_unit_test(a_leaf_verifies_under_its_ca_within_its_days),
        cmocka_unit_test(a_leaf_is_no_ca_and_may_only_sign_digitally),
        cmocka_unit_test(a_leaf_cannot_act_as_a_ca_for_another),
        cmocka_unit_test(names_are_those_of_the_specification),
        cmocka_unit_test(names_with_strange_characters_are_refused),
        cmocka_unit_test(a_uri_with_a_space_or_a_control_character_is_refused),
        cmocka_unit_test(a_validity_that_ends_before_it_begins_is_refused),
        cmocka_unit_test(a_key_that_is_not_the_cas_signs_nothing),
        cmocka_unit_test(certificates_are_for_p256_keys_alone),
        cmocka_unit_test(serials_are_positive_and_differ),
        cmocka_unit_test(the_evidence_extension_comes_back_as_it_was_put_in),
        cmocka_unit_test(an_extension_that_stands_twice_is_refused),
        cmocka_unit_test(a_certificate_is_exactly_one_der_value),
        cmocka_unit_test(lengths_that_are_not_the_shortest_are_refused),
        cmocka_unit_test(a_certificate_with_another_key_has_no_spki_for_us),
        cmocka_unit_test(the_keys_of_authorities_are_listed_once_and_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
