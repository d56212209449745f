/* tpm: what a real vTPM signed, and bytes that are almost that. */
#include "support/dcap.h"
#include "attest/azure_json.h"
#include "attest/tpm.h"

static struct azure_evidence sample;

static int read_sample(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = dcap_file("azure/b1780922561.evidence.json");
    struct err e;

    (void)state;
    json_init();
    return azure_json_decode(text, &sample, &e) == ERR_OK ? 0 : -1;
}

static int free_sample(void **state)
{
    (void)state;
    azure_evidence_done(&sample);
    return 0;
}

static enum attest_fault parse(struct bytes attest)
{
    enum attest_fault fault = FAULT_NONE;
    struct tpm_quote q;
    struct err e;

    (void)!tpm_quote_parse(attest, &q, &fault, &e);
    return fault;
}

static void a_real_one_is_read(void **state)
{
    struct tpm_quote q;
    struct err e;

    (void)state;
    need(tpm_quote_parse(buf_bytes(&sample.tpms_attest), &q, NULL, &e), &e);
    assert_int_equal(q.extra_data.n, 32);
    assert_int_equal(q.firmware_version, 0x2020031200120003);
    assert_true(q.safe);
    need(tpm_check_selection(&q, NULL, &e), &e);
    need(tpm_check_pcrs(&q, (const uint8_t(*)[32])sample.pcr, NULL, &e), &e);
}

static void it_is_refused_cut_at_every_length(void **state)
{
    (void)state;
    for (size_t n = 0; n < sample.tpms_attest.n; n++)
        if (parse((struct bytes){sample.tpms_attest.p, n}) != FAULT_TPM_FORM)
            fail_msg("%zu bytes", n);
}

static void nothing_may_stand_behind_it(void **state)
{
    struct buf longer AUTO_CALL(buf_done) = BUF(1024);

    (void)state;
    buf_put(&longer, buf_bytes(&sample.tpms_attest));
    buf_put_u8(&longer, 0);
    assert_int_equal(parse(buf_bytes(&longer)), FAULT_TPM_FORM);
}

/* With the byte at this place as another. */
static enum attest_fault parse_with(size_t at, uint8_t value)
{
    uint8_t copy[1024];

    memcpy(copy, sample.tpms_attest.p, sample.tpms_attest.n);
    copy[at] = value;
    return parse((struct bytes){copy, sample.tpms_attest.n});
}

static void fields_have_their_bounds(void **state)
{
    const size_t clock_safe = 6 + 2 + 34 + 2 + 32 + 16, banks = clock_safe + 1 + 8;

    (void)state;
    assert_int_equal(parse_with(6, 0x7f), FAULT_TPM_FORM);             /* signer of 32546 bytes */
    assert_int_equal(parse_with(clock_safe, 2), FAULT_TPM_FORM);       /* neither yes nor no */
    assert_int_equal(parse_with(banks, 0xff), FAULT_TPM_FORM);         /* very many banks */
    assert_int_equal(parse_with(banks + 4 + 2, 0xff), FAULT_TPM_FORM); /* a bitmap of 255 bytes */
    assert_int_equal(parse_with(clock_safe, 0), FAULT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_one_is_read),
        cmocka_unit_test(it_is_refused_cut_at_every_length),
        cmocka_unit_test(nothing_may_stand_behind_it),
        cmocka_unit_test(fields_have_their_bounds),
    };

    return cmocka_run_group_tests(tests, read_sample, free_sample);
}
