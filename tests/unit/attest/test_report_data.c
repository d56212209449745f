/* report_data: permanent bytes, and that nothing passes for something else. */
#include "support/dcap.h"
#include "attest/report_data.h"

#define VECTORS "tests/vectors/report-data/vectors.json"

static struct buf hex_of(const json *obj, const char *member)
{
    struct buf b = BUF(1 << 20);
    struct err e;

    need(hex_decode_buf(bytes_of_str(jtext(obj, member)), &b, &e), &e);
    return b;
}

static void hex_into(const json *obj, const char *member, uint8_t *ret, size_t n)
{
    struct err e;

    need(hex_decode(bytes_of_str(jtext(obj, member)), ret, n, &e), &e);
}

static void every_golden_vector_of_version_2_holds(void **state)
{
    AUTO(json) all = vector_json(VECTORS);
    const json *cases = jget(all, "report_data");

    (void)state;
    assert_true(json_len(cases) >= REPORT_PURPOSES);
    for (size_t i = 0; i < json_len(cases); i++) {
        const json *c = json_at(cases, i);
        struct buf spki AUTO_CALL(buf_done) = hex_of(c, "spki");
        struct buf payload AUTO_CALL(buf_done) = hex_of(c, "payload");
        struct report_binding b = {.spki = buf_bytes(&spki), .payload = buf_bytes(&payload)};
        struct report_data rd;
        struct err e;

        need(report_purpose_parse(bytes_of_str(jtext(c, "purpose")), &b.purpose, &e), &e);
        assert_string_equal(report_purpose_name(b.purpose), jtext(c, "purpose"));
        b.chain_id = strtoull(jtext(c, "chain_id"), NULL, 10);
        hex_into(c, "kms", b.kms.b, sizeof b.kms.b);
        hex_into(c, "app", b.app.b, sizeof b.app.b);
        hex_into(c, "nonce", b.nonce.b, sizeof b.nonce.b);
        report_data_v2(&b, &rd);
        ASSERT_HEX(rd.b, c, "report_data");
    }
}

static void report_data_of_version_1_is_the_references(void **state)
{
    AUTO(json) all = vector_json("tests/vectors/reference/vectors.json");
    const json *pki = jget(jget(all, "report_data"), "pki");
    const json *secrets = jget(jget(all, "report_data"), "app_secrets");
    const json *derived = jget(all, "kms_derivation");
    struct bytes pub = bytes_of_str(jtext(derived, "app_pubkey_pem"));
    struct bytes priv = bytes_of_str(jtext(derived, "app_privkey_pem"));
    struct addr app, sender;
    struct report_data rd;

    (void)state;
    hex_into(pki, "addr", app.b, sizeof app.b);
    report_data_v1_pki(&app, bytes_of_str(jtext(pki, "ca")), pub, &rd);
    ASSERT_HEX(rd.b, pki, "report_data");
    hex_into(secrets, "addr", app.b, sizeof app.b);
    hex_into(secrets, "operator", sender.b, sizeof sender.b);
    report_data_v1_secrets(&app, &sender, bytes_of_str(jtext(secrets, "tls_cert")), priv, &rd);
    ASSERT_HEX(rd.b, secrets, "report_data");
}

static void the_claim_k_is_written_and_read_as_its_vectors(void **state)
{
    AUTO(json) all = vector_json(VECTORS);
    const json *cases = jget(all, "k");

    (void)state;
    for (size_t i = 0; i < json_len(cases); i++) {
        const json *c = json_at(cases, i);
        struct buf written AUTO_CALL(buf_done) = BUF(1024);
        struct kms_claim k = {.block = strtoull(jtext(c, "block"), NULL, 10)}, back;
        struct bytes rest;
        struct err e;

        hex_into(c, "config_hash", k.config_hash.b, 32);
        hex_into(c, "block_hash", k.block_hash.b, 32);
        hex_into(c, "root_id", k.root_id.b, 32);
        hex_into(c, "commitment", k.commitment.b, 32);
        kms_claim_put(&written, &k);
        assert_int_equal(written.n, KMS_CLAIM_LEN);
        assert_hex(buf_bytes(&written), c, "k");
        buf_put_str(&written, "rest");
        need(kms_claim_parse(buf_bytes(&written), &back, &rest, &e), &e);
        assert_memory_equal(&back, &k, sizeof k);
        assert_true(bytes_eq(rest, bytes_of_str("rest")));
    }
}

static void a_claim_that_is_cut_is_refused(void **state)
{
    const uint8_t payload[KMS_CLAIM_LEN] = {0};
    struct kms_claim k;
    struct bytes rest;
    struct err e;

    (void)state;
    for (size_t n = 0; n < sizeof payload; n++)
        assert_int_equal(kms_claim_parse((struct bytes){payload, n}, &k, &rest, &e), ERR_INVALID);
    assert_int_equal(kms_claim_parse(BYTES(payload), &k, &rest, &e), ERR_OK);
    assert_int_equal(rest.n, 0);
}

static void an_unknown_purpose_is_refused(void **state)
{
    enum report_purpose p;
    struct err e;

    (void)state;
    assert_int_equal(report_purpose_parse(bytes_of_str("kms-tl"), &p, &e), ERR_INVALID);
    assert_int_equal(report_purpose_parse(bytes_of_str("kms-tls "), &p, &e), ERR_INVALID);
    assert_int_equal(report_purpose_parse(bytes_of_str(""), &p, &e), ERR_INVALID);
    assert_string_equal(report_purpose_name(REPORT_PURPOSES), "unknown");
}

/* SR-06: a report made for one purpose is no other's, whatever else is equal. */
static void no_purpose_passes_for_another(void **state)
{
    static const uint8_t spki[91] = {1}, payload[200] = {2};
    struct report_binding b = {.chain_id = 31337, .spki = BYTES(spki), .payload = BYTES(payload)};
    struct report_data of[REPORT_PURPOSES];

    (void)state;
    for (enum report_purpose p = 0; p < REPORT_PURPOSES; p++) {
        b.purpose = p;
        report_data_v2(&b, &of[p]);
    }
    for (size_t from = 0; from < REPORT_PURPOSES; from++)
        for (size_t to = 0; to < REPORT_PURPOSES; to++)
            assert_int_equal(memcmp(&of[from], &of[to], sizeof of[from]) == 0, from == to);
}

static void every_part_of_a_binding_counts(void **state)
{
    uint8_t spki[91] = {1}, payload[64] = {2};
    struct report_binding b = {REPORT_PKI, 31337, {{3}}, {{4}}, BYTES(spki), {{5}}, BYTES(payload)};
    struct {
        uint8_t *p;
        size_t n;
    } parts[] = {
        {(uint8_t *)&b.chain_id, sizeof b.chain_id},
        {b.kms.b, sizeof b.kms.b},
        {b.app.b, sizeof b.app.b},
        {spki, sizeof spki},
        {b.nonce.b, sizeof b.nonce.b},
        {payload, sizeof payload},
    };
    struct report_data before, after;

    (void)state;
    report_data_v2(&b, &before);
    assert_true(bytes_all_zero((struct bytes){before.b + 32, 32}));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t bit = 0; bit < 8 * parts[i].n; bit++) {
            parts[i].p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            report_data_v2(&b, &after);
            assert_memory_not_equal(&before, &after, sizeof before);
            parts[i].p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    report_data_v2(&b, &after);
    assert_memory_equal(&before, &after, sizeof before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_golden_vector_of_version_2_holds),
        cmocka_unit_test(report_data_of_version_1_is_the_references),
        cmocka_unit_test(the_claim_k_is_written_and_read_as_its_vectors),
        cmocka_unit_test(a_claim_that_is_cut_is_refused),
        cmocka_unit_test(an_unknown_purpose_is_refused),
        cmocka_unit_test(no_purpose_passes_for_another),
        cmocka_unit_test(every_part_of_a_binding_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
