/* csr: what a certificate request may be, and what of it counts: its key alone (SR-36). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include "crypto/x509.h"
#include "support/json_vectors.h"

#define NOW INT64_C(1800000000)

static EVP_PKEY *fresh(void)
{
    EVP_PKEY *key = NULL;
    struct err e;

    assert_int_equal(p256_generate(&key, &e), ERR_OK);
    return key;
}

/* A request made by OpenSSL with whatever key, digest and names a malicious peer likes. */
static X509_REQ *request(EVP_PKEY *key, EVP_PKEY *signer, const EVP_MD *md, const char *san)
{
    X509_REQ *req = X509_REQ_new();
    X509_NAME *name = X509_NAME_new();

    assert_true(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)"evil", -1, -1, 0));
    assert_true(X509_REQ_set_subject_name(req, name));
    assert_true(X509_REQ_set_pubkey(req, key));
    X509_NAME_free(name);
    if (san) {
        STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

        sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san));
        sk_X509_EXTENSION_push(
            list, X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE"));
        assert_int_equal(X509_REQ_add_extensions(req, list), 1);
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    }
    assert_true(X509_REQ_sign(req, signer, md) > 0);
    return req;
}

static enum err_code parse_key(X509_REQ *req, EVP_PKEY **ret)
{
    uint8_t *der = NULL;
    int n = i2d_X509_REQ(req, &der);
    struct err e;
    enum err_code code;

    assert_true(n > 0);
    code = csr_parse((struct bytes){der, (size_t)n}, ret, &e);
    OPENSSL_free(der);
    assert_true((*ret != NULL) == (code == ERR_OK));
    return code;
}

static enum err_code parse(X509_REQ *req)
{
    AUTO(EVP_PKEY) key = NULL;

    return parse_key(req, &key);
}

static void a_request_made_here_is_read_back_with_its_key(void **state)
{
    AUTO(EVP_PKEY) key = fresh();
    AUTO(EVP_PKEY) got = NULL;
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    struct err e;

    (void)state;
    assert_int_equal(csr_make(key, "1111.app", &der, &e), ERR_OK);
    assert_int_equal(csr_parse(buf_bytes(&der), &got, &e), ERR_OK);
    assert_int_equal(EVP_PKEY_eq(key, got), 1);
}

/* The vector signs with a key of its own choice; what matters is that all of it is understood. */
static void the_request_of_the_reference_with_an_operator_extension_is_read(void **state)
{
    json_t *root = jv_load("tests/vectors/reference/vectors.json");
    JV_BYTES der = jv_hex(jv_get(root, "csr_with_operator_ext"), "csr_der_example");
    AUTO(EVP_PKEY) req = NULL;
    struct err e;

    (void)state;
    assert_int_equal(csr_parse(der, &req, &e), ERR_OK);
    json_decref(root);
}

static void a_request_signed_by_another_key_is_refused(void **state)
{
    AUTO(EVP_PKEY) key = fresh();
    AUTO(EVP_PKEY) other = fresh();
    AUTO(X509_REQ) req = request(key, other, EVP_sha256(), NULL);

    (void)state;
    assert_int_equal(parse(req), ERR_VERIFY);
}

static void one_changed_byte_anywhere_is_refused(void **state)
{
    AUTO(EVP_PKEY) key = fresh();
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    struct err e;

    (void)state;
    assert_int_equal(csr_make(key, "1111.app", &der, &e), ERR_OK);
    for (size_t i = 0; i < der.n; i++) {
        AUTO(EVP_PKEY) req = NULL;

        der.p[i] ^= 1;
        assert_int_not_equal(csr_parse(buf_bytes(&der), &req, &e), ERR_OK);
        der.p[i] ^= 1;
    }
}

static void other_curves_and_rsa_are_refused(void **state)
{
    AUTO(EVP_PKEY) p384 = EVP_EC_gen("P-384");
    AUTO(EVP_PKEY) k256 = EVP_EC_gen("secp256k1");
    AUTO(EVP_PKEY) rsa = EVP_RSA_gen(2048);
    AUTO(EVP_PKEY) edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    AUTO(X509_REQ) a = request(p384, p384, EVP_sha256(), NULL);
    AUTO(X509_REQ) b = request(k256, k256, EVP_sha256(), NULL);
    AUTO(X509_REQ) c = request(rsa, rsa, EVP_sha256(), NULL);
    AUTO(X509_REQ) d = request(edwards, edwards, NULL, NULL);

    (void)state;
    assert_int_equal(parse(a), ERR_INVALID);
    assert_int_equal(parse(b), ERR_INVALID);
    assert_int_equal(parse(c), ERR_INVALID);
    assert_int_equal(parse(d), ERR_INVALID);
}

/* The parameters written out in full say the same curve, and could say another. */
static void a_curve_given_by_its_parameters_is_refused(void **state)
{
    AUTO(EVP_PKEY) key = fresh();

    (void)state;
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), 1);
    AUTO(X509_REQ) req = request(key, key, EVP_sha256(), NULL);
    assert_int_equal(parse(req), ERR_INVALID);
}

static void other_digests_are_refused(void **state)
{
    AUTO(EVP_PKEY) key = fresh();
    AUTO(X509_REQ) a = request(key, key, EVP_sha1(), NULL);
    AUTO(X509_REQ) b = request(key, key, EVP_sha384(), NULL);

    (void)state;
    assert_int_equal(parse(a), ERR_INVALID);
    assert_int_equal(parse(b), ERR_INVALID);
}

static void another_version_is_refused(void **state)
{
    AUTO(EVP_PKEY) key = fresh();
    AUTO(X509_REQ) req = request(key, key, EVP_sha256(), NULL);

    (void)state;
    assert_int_equal(X509_REQ_set_version(req, 1), 1);
    assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    assert_int_equal(parse(req), ERR_INVALID);
}

static void bytes_after_the_request_and_cut_requests_are_refused(void **state)
{
    AUTO(EVP_PKEY) key = fresh();
    AUTO(EVP_PKEY) req = NULL;
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    struct err e;

    (void)state;
    assert_int_equal(csr_make(key, "1111.app", &der, &e), ERR_OK);
    for (size_t n = 1; n < der.n; n++)
        assert_int_equal(csr_parse((struct bytes){der.p, n}, &req, &e), ERR_INVALID);
    assert_int_equal(csr_parse((struct bytes){der.p, 0}, &req, &e), ERR_TOO_LARGE);
    buf_put_u8(&der, 0);
    assert_int_equal(csr_parse(buf_bytes(&der), &req, &e), ERR_INVALID);
}

static void a_request_in_ber_is_refused(void **state)
{
    AUTO(EVP_PKEY) key = fresh();
    AUTO(EVP_PKEY) req = NULL;
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    struct buf ber AUTO_CALL(buf_done) = BUF(4096);
    struct err e;

    (void)state;
    assert_int_equal(csr_make(key, "1111.app", &der, &e), ERR_OK);
    assert_int_equal(der.p[1], 0x81);
    buf_put(&ber, (struct bytes){(const uint8_t *)"\x30\x82\x00", 3});
    buf_put(&ber, (struct bytes){der.p + 2, der.n - 2});
    assert_int_equal(csr_parse(buf_bytes(&ber), &req, &e), ERR_INVALID);
}

static void a_request_that_is_too_long_is_refused(void **state)
{
    static uint8_t big[X509_DER_MAX + 1];
    AUTO(EVP_PKEY) req = NULL;
    struct err e;

    (void)state;
    assert_int_equal(csr_parse(BYTES(big), &req, &e), ERR_TOO_LARGE);
}

/* A leaf takes the key of a request and nothing else: no name, no CA:TRUE. */
static void names_and_constraints_that_a_request_asks_for_are_ignored(void **state)
{
    AUTO(EVP_PKEY) key = fresh();
    AUTO(EVP_PKEY) subject = NULL;
    AUTO(EVP_PKEY) ca_key = fresh();
    AUTO(X509) ca = NULL;
    AUTO(X509) leaf = NULL;
    AUTO(X509_REQ) req =
        request(key, key, EVP_sha256(), "DNS:other.app,IP:1.2.3.4,email:root@example.org");
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    const char *const names[] = {"right.app", NULL};
    struct x509_leaf_spec spec = {.common_name = "right.app",
                                  .dns_names = names,
                                  .not_before = NOW,
                                  .not_after = NOW + 3600,
                                  .client_auth = true};
    char cn[64];
    struct err e;

    (void)state;
    assert_int_equal(parse_key(req, &subject), ERR_OK);
    assert_int_equal(x509_ca(ca_key, "teereg-ca-test-0", &der, &e), ERR_OK);
    assert_int_equal(x509_parse(buf_bytes(&der), &ca, &e), ERR_OK);
    assert_int_equal(x509_issue(ca_key, ca, subject, &spec, &leaf, &e), ERR_OK);
    assert_int_equal(X509_check_host(leaf, "right.app", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(leaf, "other.app", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(leaf, "1.2.3.4", 0), 0);
    assert_int_equal(X509_check_ca(leaf), 0);
    assert_int_equal(
        X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, cn, sizeof cn), 9);
    assert_string_equal(cn, "right.app");
    assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(leaf)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_made_here_is_read_back_with_its_key),
        cmocka_unit_test(the_request_of_the_reference_with_an_operator_extension_is_read),
        cmocka_unit_test(a_request_signed_by_another_key_is_refused),
        cmocka_unit_test(one_changed_byte_anywhere_is_refused),
        cmocka_unit_test(other_curves_and_rsa_are_refused),
        cmocka_unit_test(a_curve_given_by_its_parameters_is_refused),
        cmocka_unit_test(other_digests_are_refused),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(bytes_after_the_request_and_cut_requests_are_refused),
        cmocka_unit_test(a_request_in_ber_is_refused),
        cmocka_unit_test(a_request_that_is_too_long_is_refused),
        cmocka_unit_test(names_and_constraints_that_a_request_asks_for_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
