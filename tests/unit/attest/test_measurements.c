/* measurements: the event's bytes, the JSON, and the differences that a refusal names. */
#include "support/dcap.h"
#include "attest/identity.h"

static struct measurements some(enum tee_kind kind)
{
    struct measurements m = {0};

    for (size_t i = 0; i < 400; i++)
        ((uint8_t *)&m)[offsetof(struct measurements, td_attributes) + i] = (uint8_t)(i * 7 + 1);
    if (kind == TEE_AZURE_TDX) {
        memset(m.mrconfigid, 0, sizeof m.mrconfigid);
        memset(m.mrowner, 0, sizeof m.mrowner);
        memset(m.mrownerconfig, 0, sizeof m.mrownerconfig);
        memset(m.rtmr, 0, sizeof m.rtmr);
        for (size_t i = 0; i < sizeof m.pcr; i++)
            ((uint8_t *)m.pcr)[i] = (uint8_t)(i * 5 + 3);
    }
    m.kind = kind;
    return m;
}

static void a_tds_event_is_its_registers_in_order(void **state)
{
    struct measurements m = some(TEE_TDX), back;
    struct buf b AUTO_CALL(buf_done) = BUF(1024);
    uint8_t want[400];
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof want; i++)
        want[i] = (uint8_t)(i * 7 + 1);
    need(measurements_pack(&m, 0, &b, &e), &e);
    assert_int_equal(b.n, MEASUREMENTS_TDX_LEN);
    assert_memory_equal(b.p, want, sizeof want);
    need(measurements_unpack(TEE_TDX, buf_bytes(&b), &back, NULL, &e), &e);
    assert_memory_equal(&back, &m, sizeof m);
}

static void an_azure_event_holds_the_mask_and_its_pcrs(void **state)
{
    struct measurements m = some(TEE_AZURE_TDX), back;
    struct buf b AUTO_CALL(buf_done) = BUF(1024);
    uint32_t mask = 0;
    struct err e;

    (void)state;
    need(measurements_pack(&m, 1 << 4 | 1 << 9, &b, &e), &e);
    assert_int_equal(b.n, 8 + 8 + 48 + 4 + 2 * 32);
    assert_memory_equal(b.p + 64, ((const uint8_t[]){0, 0, 2, 0x10}), 4);
    assert_memory_equal(b.p + 68, m.pcr[4], 32);
    assert_memory_equal(b.p + 100, m.pcr[9], 32);
    need(measurements_unpack(TEE_AZURE_TDX, buf_bytes(&b), &back, &mask, &e), &e);
    assert_int_equal(mask, 1 << 4 | 1 << 9);
    assert_memory_equal(back.pcr[9], m.pcr[9], 32);
    assert_true(bytes_all_zero(BYTES(back.pcr[5])));
}

static void an_event_of_another_length_kind_or_mask_is_refused(void **state)
{
    static const uint8_t bytes[1024];
    uint8_t azure[8 + 8 + 48 + 4] = {0};
    struct measurements m;
    struct err e;

    (void)state;
    for (size_t n = 0; n < 500; n++)
        assert_int_equal(measurements_unpack(TEE_TDX, (struct bytes){bytes, n}, &m, NULL, &e),
                         n == MEASUREMENTS_TDX_LEN ? ERR_OK : ERR_INVALID);
    assert_int_equal(measurements_unpack(0, (struct bytes){bytes, 400}, &m, NULL, &e), ERR_INVALID);
    assert_int_equal(measurements_unpack(3, (struct bytes){bytes, 400}, &m, NULL, &e), ERR_INVALID);
    assert_int_equal(measurements_unpack(TEE_AZURE_TDX, BYTES(azure), &m, NULL, &e), ERR_INVALID);
    azure[64] = 1; /* PCR 24 */
    assert_int_equal(measurements_unpack(TEE_AZURE_TDX, BYTES(azure), &m, NULL, &e), ERR_INVALID);
}

static void an_azure_event_needs_a_mask(void **state)
{
    struct measurements m = some(TEE_AZURE_TDX);
    struct buf b AUTO_CALL(buf_done) = BUF(1024);
    struct err e;

    (void)state;
    assert_int_equal(measurements_pack(&m, 0, &b, &e), ERR_INVALID);
    assert_int_equal(measurements_pack(&m, 1u << 24, &b, &e), ERR_INVALID);
}

static void check_json_round_trip(enum tee_kind kind, size_t members)
{
    struct measurements m = some(kind), back;
    AUTO(json) j = NULL;
    struct err e;

    json_init();
    need(measurements_to_json(&m, &j, &e), &e);
    assert_int_equal(json_members(j), members);
    need(measurements_from_json(j, &back, &e), &e);
    assert_memory_equal(&back, &m, sizeof m);
}

static void json_round_trips(void **state)
{
    (void)state;
    check_json_round_trip(TEE_TDX, 11);
    check_json_round_trip(TEE_AZURE_TDX, 28);
}

static enum err_code parse(const char *text, struct measurements *ret, struct err *e)
{
    AUTO(json) j = NULL;

    json_init();
    need(json_parse(bytes_of_str(text), 1 << 16, &j, e), e);
    return measurements_from_json(j, ret, e);
}

#define H48                                                                                        \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"

static void a_short_file_means_an_ordinary_td(void **state)
{
    struct measurements m;
    struct err e;

    (void)state;
    need(parse("{\"type\":\"tdx\",\"xfam\":\"e702060000000000\",\"mrtd\":\"" H48
               "\",\"rtmr0\":\"" H48 "\",\"rtmr1\":\"" H48 "\",\"rtmr2\":\"" H48 "\"}",
               &m, &e),
         &e);
    assert_memory_equal(m.td_attributes, ((const uint8_t[]){0, 0, 0, 0x10, 0, 0, 0, 0}), 8);
    assert_true(bytes_all_zero(BYTES(m.mrowner)));
    assert_true(bytes_all_zero(BYTES(m.rtmr[3])));
}

static void a_file_with_a_foreign_or_missing_member_is_refused(void **state)
{
    struct measurements m;
    struct err e;

    (void)state;
    assert_int_equal(parse("{\"type\":\"tdx\",\"xfam\":\"e702060000000000\",\"mrtd\":\"" H48
                           "\",\"rtmr0\":\"" H48 "\",\"rtmr1\":\"" H48 "\"}",
                           &m, &e),
                     ERR_INVALID);
    assert_int_equal(parse("{\"type\":\"tdx\",\"pcr4\":\"00\"}", &m, &e), ERR_INVALID);
    assert_int_equal(parse("{\"type\":\"sgx\"}", &m, &e), ERR_INVALID);
    assert_int_equal(parse("{}", &m, &e), ERR_INVALID);
}

static void differences_are_named_with_found_and_expected(void **state)
{
    struct measurement_difference d[MEASUREMENT_FIELDS_MAX];
    struct measurements found = some(TEE_TDX), expected = found;
    const struct identity_rules rules = {0};

    (void)state;
    assert_int_equal(measurements_diff(&found, &expected, NULL, d), 0);
    expected.rtmr[1][47] ^= 1;
    expected.mrtd[0] ^= 1;
    expected.rtmr[3][0] ^= 1;
    assert_int_equal(measurements_diff(&found, &expected, NULL, d), 3);
    assert_string_equal(d[0].field, "mrtd");
    assert_true(bytes_eq(d[0].found, BYTES(found.mrtd)));
    assert_true(bytes_eq(d[0].expected, BYTES(expected.mrtd)));
    assert_string_equal(d[1].field, "rtmr1");
    assert_string_equal(d[2].field, "rtmr3");
    assert_int_equal(measurements_diff(&found, &expected, &rules, d), 2); /* RTMR3 does not count */
}

static void pcrs_outside_the_mask_are_no_difference(void **state)
{
    struct measurement_difference d[MEASUREMENT_FIELDS_MAX];
    struct measurements found = some(TEE_AZURE_TDX), expected = found;
    const struct identity_rules rules = {.pcr_mask = 1 << 23};

    (void)state;
    for (size_t i = 0; i < 24; i++)
        expected.pcr[i][0] ^= 1;
    assert_int_equal(measurements_diff(&found, &expected, NULL, d), 24);
    assert_int_equal(measurements_diff(&found, &expected, &rules, d), 1);
    assert_string_equal(d[0].field, "pcr23");
}

static void two_kinds_differ_in_their_type(void **state)
{
    struct measurement_difference d[MEASUREMENT_FIELDS_MAX];
    struct measurements tdx = some(TEE_TDX), azure = some(TEE_AZURE_TDX);

    (void)state;
    assert_int_equal(measurements_diff(&tdx, &azure, NULL, d), 1);
    assert_string_equal(d[0].field, "type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tds_event_is_its_registers_in_order),
        cmocka_unit_test(an_azure_event_holds_the_mask_and_its_pcrs),
        cmocka_unit_test(an_event_of_another_length_kind_or_mask_is_refused),
        cmocka_unit_test(an_azure_event_needs_a_mask),
        cmocka_unit_test(json_round_trips),
        cmocka_unit_test(a_short_file_means_an_ordinary_td),
        cmocka_unit_test(a_file_with_a_foreign_or_missing_member_is_refused),
        cmocka_unit_test(differences_are_named_with_found_and_expected),
        cmocka_unit_test(pcrs_outside_the_mask_are_no_difference),
        cmocka_unit_test(two_kinds_differ_in_their_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
