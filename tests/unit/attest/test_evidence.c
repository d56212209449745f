/* evidence: permanent text, strict reading, and the certificate that carries it. */
#include "support/dcap.h"
#include "attest/evidence.h"
#include "crypto/x509.h"

static struct buf hex_of(const json *obj, const char *member)
{
    struct buf b = BUF(1 << 20);
    struct err e;

    need(hex_decode_buf(bytes_of_str(jtext(obj, member)), &b, &e), &e);
    return b;
}

static void evidence_is_written_and_read_as_its_vectors(void **state)
{
    AUTO(json) all = vector_json("tests/vectors/report-data/vectors.json");
    const json *cases = jget(all, "evidence");

    (void)state;
    assert_int_equal(json_len(cases), 3);
    for (size_t i = 0; i < json_len(cases); i++) {
        const json *c = json_at(cases, i);
        struct evidence ev AUTO_CALL(evidence_done) = {0};
        struct buf text AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);
        struct err e;

        need(evidence_decode(bytes_of_str(jtext(c, "json")), &ev, &e), &e);
        assert_string_equal(ev.type, jtext(c, "type"));
        assert_hex(buf_bytes(&ev.quote), c, "quote");
        assert_hex(buf_bytes(&ev.payload), c, "payload");
        assert_hex(buf_bytes(&ev.event_log), c, "event_log");
        assert_hex(buf_bytes(&ev.collateral), c, "collateral");
        need(evidence_encode(&ev, &text, &e), &e);
        assert_string_equal(buf_cstr(&text), jtext(c, "json"));
    }
}

static void evidence_made_from_parts_is_the_same(void **state)
{
    AUTO(json) all = vector_json("tests/vectors/report-data/vectors.json");
    const json *c = json_at(jget(all, "evidence"), 0);
    struct buf quote AUTO_CALL(buf_done) = hex_of(c, "quote");
    struct buf payload AUTO_CALL(buf_done) = hex_of(c, "payload");
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);
    struct err e;

    (void)state;
    need(evidence_set(&ev, EVIDENCE_TYPE_TDX, buf_bytes(&quote), buf_bytes(&payload), &e), &e);
    need(evidence_encode(&ev, &text, &e), &e);
    assert_string_equal(buf_cstr(&text), jtext(c, "json"));
}

static void evidence_with_a_flaw_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"type\":\"tdx-dcap\",\"quote\":\"AA==\"}",
        "{\"type\":\"tdx-dcap\",\"payload\":\"AA==\"}",
        "{\"quote\":\"AA==\",\"payload\":\"AA==\"}",
        "{\"type\":\"tdx-dcap\",\"quote\":\"\",\"payload\":\"AA==\"}",
        "{\"type\":\"tdx-dcap\",\"quote\":\"AA\",\"payload\":\"AA==\"}",
        "{\"type\":\"tdx-dcap\",\"quote\":\"AB==\",\"payload\":\"AA==\"}",
        "{\"type\":\"tdx-dcap\",\"quote\":\"AA==\\n\",\"payload\":\"AA==\"}",
        "{\"type\":\"tdx-dcap\",\"quote\":\"AA==\",\"payload\":null}",
        "{\"type\":\"tdx-dcap\",\"quote\":1,\"payload\":\"\"}",
        "{\"type\":\"TDX\",\"quote\":\"AA==\",\"payload\":\"AA==\"}",
        "{\"type\":\"\",\"quote\":\"AA==\",\"payload\":\"AA==\"}",
        "{\"type\":\"a-name-that-is-much-too-long-for-us\",\"quote\":\"AA==\",\"payload\":\"\"}",
        "{\"type\":\"tdx-dcap\",\"type\":\"tdx-dcap\",\"quote\":\"AA==\",\"payload\":\"AA==\"}",
        "{\"type\":\"tdx-dcap\",\"quote\":\"AA==\",\"payload\":\"AA==\",\"more\":\"\"}",
        "{\"type\":\"tdx-dcap\",\"quote\":\"AA==\",\"payload\":\"AA==\"} ,",
    };
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct err e;

    (void)state;
    json_init();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (evidence_decode(bytes_of_str(bad[i]), &ev, &e) == ERR_OK)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(ev.quote.n, 0);
}

static void make(struct evidence *ret, size_t quote_len)
{
    static uint8_t zeros[EVIDENCE_QUOTE_MAX];
    struct err e;

    need(evidence_set(ret, EVIDENCE_TYPE_TDX, (struct bytes){zeros, quote_len},
                      bytes_of_str("payload"), &e),
         &e);
}

static void a_certificates_evidence_has_neither_log_nor_collateral(void **state)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0}, back AUTO_CALL(evidence_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(EVIDENCE_EXTENSION_MAX);
    struct buf whole AUTO_CALL(buf_done) = BUF(EVIDENCE_JSON_MAX);
    struct err e;

    (void)state;
    json_init();
    make(&ev, 5000);
    buf_put_str(&ev.event_log, "log");
    buf_put_str(&ev.collateral, "collateral");
    need(evidence_extension_encode(&ev, &text, &e), &e);
    need(evidence_extension_decode(buf_bytes(&text), &back, &e), &e);
    assert_true(bytes_eq(buf_bytes(&back.quote), buf_bytes(&ev.quote)));
    assert_int_equal(back.event_log.n, 0);
    need(evidence_encode(&ev, &whole, &e), &e);
    assert_int_equal(evidence_extension_decode(buf_bytes(&whole), &back, &e), ERR_INVALID);
}

static void evidence_over_16_kib_does_not_go_into_a_certificate(void **state)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(1 << 20);
    struct buf most AUTO_CALL(buf_done) = BUF(1 << 20);
    struct err e;

    (void)state;
    json_init();
    make(&ev, 12240);
    need(evidence_extension_encode(&ev, &text, &e), &e);
    assert_true(text.n <= EVIDENCE_EXTENSION_MAX);
    make(&ev, 12300);
    assert_int_equal(evidence_extension_encode(&ev, &text, &e), ERR_TOO_LARGE);
    need(evidence_encode(&ev, &most, &e), &e);
    assert_int_not_equal(evidence_extension_decode(buf_bytes(&most), &ev, &e), ERR_OK);
}

static void certificate(struct bytes extension, struct buf *ret)
{
    struct x509_leaf_spec spec = {
        .common_name = "kms",
        .not_before = 1790000000,
        .not_after = 1790003600,
        .server_auth = true,
        .extension_oid = extension.p ? OID_TEEREG_EVIDENCE : NULL,
        .extension = extension,
    };
    AUTO(EVP_PKEY) key = NULL;
    AUTO(X509) cert = NULL;
    struct err e;

    need(p256_generate(&key, &e), &e);
    need(x509_self_signed(key, &spec, &cert, &e), &e);
    need(x509_der(cert, ret, &e), &e);
}

static void evidence_travels_in_a_certificate(void **state)
{
    struct evidence ev AUTO_CALL(evidence_done) = {0}, back AUTO_CALL(evidence_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(EVIDENCE_EXTENSION_MAX);
    struct buf with AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    struct buf without AUTO_CALL(buf_done) = BUF(X509_DER_MAX);
    struct err e;

    (void)state;
    json_init();
    make(&ev, 5006);
    need(evidence_extension_encode(&ev, &text, &e), &e);
    certificate(buf_bytes(&text), &with);
    need(evidence_of_certificate(buf_bytes(&with), &back, &e), &e);
    assert_true(bytes_eq(buf_bytes(&back.quote), buf_bytes(&ev.quote)));
    assert_true(bytes_eq(buf_bytes(&back.payload), bytes_of_str("payload")));
    certificate((struct bytes){0}, &without);
    assert_int_equal(evidence_of_certificate(buf_bytes(&without), &back, &e), ERR_VERIFY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_is_written_and_read_as_its_vectors),
        cmocka_unit_test(evidence_made_from_parts_is_the_same),
        cmocka_unit_test(evidence_with_a_flaw_is_refused),
        cmocka_unit_test(a_certificates_evidence_has_neither_log_nor_collateral),
        cmocka_unit_test(evidence_over_16_kib_does_not_go_into_a_certificate),
        cmocka_unit_test(evidence_travels_in_a_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
