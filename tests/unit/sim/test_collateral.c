/* The simulated collateral is stable, complete, and right in OpenSSL's eyes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/codec.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/pem.h"
#include "sim_collateral.h"
#include "sim_root.h"

#define NOW 1790000000

static void make(const char *seed, enum sim_collateral_fault fault, struct buf *ret)
{
    const struct sim_collateral_spec spec = {.now = NOW, .fault = fault};
    AUTO(sim_platform) p = NULL;
    struct err e;

    *ret = BUF(SIM_COLLATERAL_MAX);
    assert_int_equal(sim_platform_new(seed, SIM_OK, &p, &e), ERR_OK);
    assert_int_equal(sim_collateral(p, &spec, ret, &e), ERR_OK);
}

static json *bundle_of(enum sim_collateral_fault fault)
{
    struct buf text AUTO_CALL(buf_done) = BUF(0);
    json *j = NULL;
    struct err e;

    make("default", fault, &text);
    assert_int_equal(json_parse(buf_bytes(&text), SIM_COLLATERAL_MAX, &j, &e), ERR_OK);
    return j;
}

static const char *member(const json *bundle, const char *name)
{
    const char *text = NULL;
    struct err e;

    assert_int_equal(json_get_str(bundle, name, SIM_COLLATERAL_MAX, &text, &e), ERR_OK);
    return text;
}

/* Certificate `index` of a chain; one of OpenSSL's. */
static X509 *certificate(const json *bundle, const char *chain, int index)
{
    struct bytes rest = bytes_of_str(member(bundle, chain));
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    const uint8_t *at;
    X509 *cert;
    struct err e;

    for (int i = 0; i <= index; i++) {
        buf_clear(&der);
        assert_int_equal(pem_next(&rest, "CERTIFICATE", &der, &e), ERR_OK);
    }
    at = der.p;
    cert = d2i_X509(NULL, &at, (long)der.n);
    assert_non_null(cert);
    return cert;
}

static X509_CRL *crl_of(const json *bundle, const char *name)
{
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    const uint8_t *at;
    X509_CRL *crl;
    struct err e;

    assert_int_equal(hex_decode_buf(bytes_of_str(member(bundle, name)), &der, &e), ERR_OK);
    at = der.p;
    crl = d2i_X509_CRL(NULL, &at, (long)der.n);
    assert_non_null(crl);
    assert_ptr_equal(at, der.p + der.n);
    return crl;
}

static bool list_is_signed(enum sim_collateral_fault fault, const char *name, int issuer)
{
    AUTO(json) bundle = bundle_of(fault);
    X509 *cert = certificate(bundle, "pck_crl_issuer_chain", issuer);
    X509_CRL *crl = crl_of(bundle, name);
    bool ok = X509_CRL_verify(crl, X509_get0_pubkey(cert)) == 1;

    ERR_clear_error();
    X509_CRL_free(crl);
    X509_free(cert);
    return ok;
}

/* Does the list revoke the certificate? */
static bool revokes(enum sim_collateral_fault fault, const char *list, const char *chain)
{
    AUTO(json) bundle = bundle_of(fault);
    X509 *cert = certificate(bundle, chain, 0);
    X509_CRL *crl = crl_of(bundle, list);
    X509_REVOKED *entry = NULL;
    bool found = X509_CRL_get0_by_cert(crl, &entry, cert) == 1;

    X509_CRL_free(crl);
    X509_free(cert);
    return found;
}

static bool leaf_is_revoked(enum sim_collateral_fault fault)
{
    AUTO(json) bundle = bundle_of(fault);
    AUTO(sim_platform) p = NULL;
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    X509_CRL *crl = crl_of(bundle, "pck_crl");
    X509_REVOKED *entry = NULL;
    struct bytes rest;
    const uint8_t *at;
    X509 *leaf;
    bool found;
    struct err e;

    assert_int_equal(sim_platform_new("default", SIM_OK, &p, &e), ERR_OK);
    rest = sim_platform_chain(p);
    assert_int_equal(pem_next(&rest, "CERTIFICATE", &der, &e), ERR_OK);
    at = der.p;
    leaf = d2i_X509(NULL, &at, (long)der.n);
    assert_non_null(leaf);
    found = X509_CRL_get0_by_cert(crl, &entry, leaf) == 1;
    X509_free(leaf);
    X509_CRL_free(crl);
    return found;
}

static bool document_is_signed(enum sim_collateral_fault fault, const char *name,
                               const char *signature)
{
    AUTO(json) bundle = bundle_of(fault);
    AUTO(p256_pub) key = NULL;
    AUTO(EVP_PKEY) signer = NULL;
    uint8_t point[P256_POINT_LEN], raw[64];
    struct hash32 h;
    struct err e;

    assert_int_equal(sim_key("", "tcb-signing", &signer, &e), ERR_OK);
    assert_int_equal(p256_point(signer, point, &e), ERR_OK);
    assert_int_equal(p256_pub_new((struct bytes){point + 1, 64}, &key, &e), ERR_OK);
    assert_int_equal(json_get_hex(bundle, signature, raw, sizeof raw, &e), ERR_OK);
    sha256(bytes_of_str(member(bundle, name)), &h);
    return p256_pub_verify_raw(key, &h, BYTES(raw), &e) == ERR_OK;
}

static void same_platform_and_time_give_the_same_bytes(void **state)
{
    struct buf a AUTO_CALL(buf_done) = BUF(0);
    struct buf b AUTO_CALL(buf_done) = BUF(0);

    (void)state;
    make("default", SIM_COLLATERAL_OK, &a);
    make("default", SIM_COLLATERAL_OK, &b);
    assert_string_equal(buf_cstr(&a), buf_cstr(&b));
}

static void one_bundle_serves_every_platform(void **state)
{
    struct buf a AUTO_CALL(buf_done) = BUF(0);
    struct buf b AUTO_CALL(buf_done) = BUF(0);

    (void)state;
    make("one", SIM_COLLATERAL_OK, &a);
    make("two", SIM_COLLATERAL_OK, &b);
    assert_string_equal(buf_cstr(&a), buf_cstr(&b));
}

static void every_fault_changes_the_bundle(void **state)
{
    struct buf right AUTO_CALL(buf_done) = BUF(0);

    (void)state;
    make("default", SIM_COLLATERAL_OK, &right);
    for (int f = SIM_COLLATERAL_OK + 1; f < SIM_COLLATERAL_FAULT_COUNT; f++) {
        struct buf wrong AUTO_CALL(buf_done) = BUF(0);

        make("default", (enum sim_collateral_fault)f, &wrong);
        assert_string_not_equal(buf_cstr(&right), buf_cstr(&wrong));
    }
}

static void bundle_has_exactly_its_members(void **state)
{
    static const char *const names[] = {"tcb_info",
                                        "tcb_info_signature",
                                        "tcb_info_issuer_chain",
                                        "qe_identity",
                                        "qe_identity_signature",
                                        "qe_identity_issuer_chain",
                                        "root_ca_crl",
                                        "pck_crl",
                                        "pck_crl_issuer_chain",
                                        NULL};
    AUTO(json) bundle = bundle_of(SIM_COLLATERAL_OK);
    struct err e;

    (void)state;
    assert_int_equal(json_only(bundle, names, &e), ERR_OK);
    for (size_t i = 0; names[i]; i++)
        assert_true(*member(bundle, names[i]) != 0);
}

static void documents_are_json(void **state)
{
    AUTO(json) bundle = bundle_of(SIM_COLLATERAL_OK);
    struct err e;

    (void)state;
    assert_int_equal(json_check(bytes_of_str(member(bundle, "tcb_info")), 65536, &e), ERR_OK);
    assert_int_equal(json_check(bytes_of_str(member(bundle, "qe_identity")), 65536, &e), ERR_OK);
}

static void duplicate_member_is_no_strict_json(void **state)
{
    AUTO(json) bundle = bundle_of(SIM_MEMBER_TWICE);
    struct err e;

    (void)state;
    assert_int_not_equal(json_check(bytes_of_str(member(bundle, "tcb_info")), 65536, &e), ERR_OK);
}

static void documents_are_signed_but_in_their_faults(void **state)
{
    (void)state;
    assert_true(document_is_signed(SIM_COLLATERAL_OK, "tcb_info", "tcb_info_signature"));
    assert_true(document_is_signed(SIM_COLLATERAL_OK, "qe_identity", "qe_identity_signature"));
    assert_false(document_is_signed(SIM_TCB_INFO_SIG, "tcb_info", "tcb_info_signature"));
    assert_false(document_is_signed(SIM_QE_IDENTITY_SIG, "qe_identity", "qe_identity_signature"));
}

static void root_certifies_the_signer(void **state)
{
    AUTO(json) bundle = bundle_of(SIM_COLLATERAL_OK);
    X509 *signer = certificate(bundle, "tcb_info_issuer_chain", 0);
    X509 *root = certificate(bundle, "pck_crl_issuer_chain", 1);

    (void)state;
    assert_int_equal(X509_verify(signer, X509_get0_pubkey(root)), 1);
    assert_int_equal(X509_check_issued(root, signer), X509_V_OK);
    X509_free(signer);
    X509_free(root);
}

static void root_does_not_certify_the_signer_of_the_fault(void **state)
{
    AUTO(json) bundle = bundle_of(SIM_SIGNER_ROOT);
    X509 *signer = certificate(bundle, "tcb_info_issuer_chain", 0);
    X509 *root = certificate(bundle, "pck_crl_issuer_chain", 1);

    (void)state;
    assert_int_not_equal(X509_verify(signer, X509_get0_pubkey(root)), 1);
    ERR_clear_error();
    X509_free(signer);
    X509_free(root);
}

static void lists_are_signed_but_in_their_faults(void **state)
{
    (void)state;
    assert_true(list_is_signed(SIM_COLLATERAL_OK, "pck_crl", 0));
    assert_true(list_is_signed(SIM_COLLATERAL_OK, "root_ca_crl", 1));
    assert_false(list_is_signed(SIM_PCK_CRL_SIG, "pck_crl", 0));
    assert_false(list_is_signed(SIM_ROOT_CRL_SIG, "root_ca_crl", 1));
}

static void lists_revoke_whom_the_fault_names(void **state)
{
    (void)state;
    assert_false(revokes(SIM_COLLATERAL_OK, "root_ca_crl", "tcb_info_issuer_chain"));
    assert_false(revokes(SIM_COLLATERAL_OK, "root_ca_crl", "pck_crl_issuer_chain"));
    assert_true(revokes(SIM_SIGNER_REVOKED, "root_ca_crl", "tcb_info_issuer_chain"));
    assert_true(revokes(SIM_CA_REVOKED, "root_ca_crl", "pck_crl_issuer_chain"));
    assert_false(leaf_is_revoked(SIM_COLLATERAL_OK));
    assert_true(leaf_is_revoked(SIM_LEAF_REVOKED));
}

static void fault_names_are_read_back(void **state)
{
    enum sim_collateral_fault f = SIM_COLLATERAL_OK;
    struct err e;

    (void)state;
    for (int i = 0; i < SIM_COLLATERAL_FAULT_COUNT; i++) {
        const char *name = sim_collateral_fault_name((enum sim_collateral_fault)i);

        assert_int_equal(sim_collateral_fault_parse(name, &f, &e), ERR_OK);
        assert_int_equal(f, i);
    }
}

static void unknown_fault_is_refused(void **state)
{
    enum sim_collateral_fault f = SIM_COLLATERAL_OK;
    struct err e;

    (void)state;
    assert_int_equal(sim_collateral_fault_parse("no such fault", &f, &e), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_platform_and_time_give_the_same_bytes),
        cmocka_unit_test(one_bundle_serves_every_platform),
        cmocka_unit_test(every_fault_changes_the_bundle),
        cmocka_unit_test(bundle_has_exactly_its_members),
        cmocka_unit_test(documents_are_json),
        cmocka_unit_test(duplicate_member_is_no_strict_json),
        cmocka_unit_test(documents_are_signed_but_in_their_faults),
        cmocka_unit_test(root_certifies_the_signer),
        cmocka_unit_test(root_does_not_certify_the_signer_of_the_fault),
        cmocka_unit_test(lists_are_signed_but_in_their_faults),
        cmocka_unit_test(lists_revoke_whom_the_fault_names),
        cmocka_unit_test(fault_names_are_read_back),
        cmocka_unit_test(unknown_fault_is_refused),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
