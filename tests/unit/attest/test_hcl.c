/* hcl: a real report, and reports that are almost one. */
#include "support/dcap.h"
#include "attest/hcl.h"

static struct bytes sample;

static int read_sample(void **state)
{
    (void)state;
    json_init();
    sample = dcap_file("azure/kinvolk.hcl-report-tdx.bin");
    return 0;
}

static int free_sample(void **state)
{
    (void)state;
    dcap_free(&sample);
    return 0;
}

static enum attest_fault parse(struct bytes report)
{
    enum attest_fault fault = FAULT_NONE;
    struct hcl_report hcl;
    struct err e;

    (void)!hcl_parse(report, &hcl, &fault, &e);
    return fault;
}

static enum attest_fault parse_with(size_t at, uint8_t value)
{
    uint8_t copy[4096];

    memcpy(copy, sample.p, sample.n);
    copy[at] = value;
    return parse((struct bytes){copy, sample.n});
}

static void a_real_one_is_read(void **state)
{
    struct hcl_runtime runtime AUTO_CALL(hcl_runtime_done) = {0};
    struct hcl_report hcl;
    struct err e;

    (void)state;
    need(hcl_parse(sample, &hcl, NULL, &e), &e);
    assert_int_equal(hcl.tdreport.n, 1024);
    assert_int_equal(hcl.variable.n, 1202);
    need(hcl_runtime_parse(hcl.variable, &runtime, NULL, &e), &e);
    assert_int_equal(rsa_pub_modulus(runtime.ak).n, 256);
    assert_true(runtime.tpm_enabled);
    assert_false(runtime.secure_boot);
    assert_string_equal(runtime.vm_id, "D270E56B-F668-4990-A5BC-9B624576841D");
}

static void zeros_behind_it_may_be_missing(void **state)
{
    (void)state;
    assert_int_equal(parse((struct bytes){sample.p, 1236 + 1202}), FAULT_NONE);
}

static void it_is_refused_cut_at_every_length(void **state)
{
    (void)state;
    for (size_t n = 0; n < 1236 + 1202; n++)
        if (parse((struct bytes){sample.p, n}) != FAULT_HCL_FORM)
            fail_msg("%zu bytes", n);
}

static void every_field_has_its_value(void **state)
{
    (void)state;
    assert_int_equal(parse_with(0, 'h'), FAULT_HCL_FORM); /* magic */
    assert_int_equal(parse_with(4, 3), FAULT_HCL_FORM);   /* version */
    assert_int_equal(parse_with(4, 0), FAULT_HCL_FORM);
    assert_int_equal(parse_with(8, 0), FAULT_HCL_FORM);    /* size */
    assert_int_equal(parse_with(12, 1), FAULT_HCL_FORM);   /* request */
    assert_int_equal(parse_with(16, 1), FAULT_HCL_FORM);   /* status */
    assert_int_equal(parse_with(1216, 0), FAULT_HCL_FORM); /* data size */
    assert_int_equal(parse_with(1220, 2), FAULT_HCL_FORM); /* data version */
    assert_int_equal(parse_with(1224, 2), FAULT_HCL_TYPE); /* SEV-SNP */
    assert_int_equal(parse_with(1224, 5), FAULT_HCL_TYPE);
    assert_int_equal(parse_with(1228, 2), FAULT_HCL_FORM); /* SHA-384 */
    assert_int_equal(parse_with(1232, 0), FAULT_HCL_FORM); /* variable size */
    assert_int_equal(parse_with(1235, 0xff), FAULT_HCL_FORM);
}

static void bytes_behind_it_are_zero(void **state)
{
    (void)state;
    assert_int_equal(parse_with(sample.n - 1, 1), FAULT_HCL_FORM);
    assert_int_equal(parse_with(1236 + 1202, 1), FAULT_HCL_FORM);
}

static void it_has_a_bound(void **state)
{
    struct buf longer AUTO_CALL(buf_done) = BUF(16384);

    (void)state;
    buf_put(&longer, sample);
    buf_put_zero(&longer, HCL_REPORT_MAX + 1 - sample.n);
    assert_int_equal(parse(buf_bytes(&longer)), FAULT_HCL_FORM);
}

static void runtime_data_of_another_shape_are_refused(void **state)
{
    static const char *const all[] = {
        "",
        "[]",
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":[7]}",
        "{\"keys\":[{}]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\"}]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"]}]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\",\"encrypt\"],\"kty\":\"RSA\"}]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"EC\"}]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\",\"e\":\"AQAB\","
        "\"n\":\"AQAB\"}]}",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[{\"kid\":\"1\"},{\"kid\":\"2\"},{\"kid\":\"3\"},{\"kid\":\"4\"},{\"kid\":\"5\"},"
        "{\"kid\":\"6\"},{\"kid\":\"7\"},{\"kid\":\"8\"},{\"kid\":\"9\"},{\"kid\":\"a\"},{\"kid\":"
        "\"b\"},{\"kid\":\"c\"},{\"kid\":\"d\"},{\"kid\":\"e\"},{\"kid\":\"f\"},{\"kid\":\"g\"},"
        "{\"kid\":\"h\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct hcl_runtime runtime AUTO_CALL(hcl_runtime_done) = {0};
        enum attest_fault fault = FAULT_NONE;
        struct err e;

        assert_int_not_equal(hcl_runtime_parse(bytes_of_str(all[i]), &runtime, &fault, &e), ERR_OK);
        if (fault != FAULT_HCL_RUNTIME)
            fail_msg("%s", all[i]);
        assert_null(runtime.ak);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_one_is_read),
        cmocka_unit_test(zeros_behind_it_may_be_missing),
        cmocka_unit_test(it_is_refused_cut_at_every_length),
        cmocka_unit_test(every_field_has_its_value),
        cmocka_unit_test(bytes_behind_it_are_zero),
        cmocka_unit_test(it_has_a_bound),
        cmocka_unit_test(runtime_data_of_another_shape_are_refused),
    };

    return cmocka_run_group_tests(tests, read_sample, free_sample);
}
