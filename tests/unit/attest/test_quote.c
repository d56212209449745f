/* quote: every field of every real quote, and every way in which a length can lie. */
#include "support/dcap.h"
#include "attest/quote.h"

static void check_td(const struct td_report *td, const json *body, enum quote_body type)
{
    ASSERT_HEX(td->tee_tcb_svn, body, "teeTcbSvn");
    ASSERT_HEX(td->mrseam, body, "mrSeam");
    ASSERT_HEX(td->mrsignerseam, body, "mrSignerSeam");
    ASSERT_HEX(td->seam_attributes, body, "seamAttributes");
    ASSERT_HEX(td->td_attributes, body, "tdAttributes");
    ASSERT_HEX(td->xfam, body, "xfam");
    ASSERT_HEX(td->mrtd, body, "mrTd");
    ASSERT_HEX(td->mrconfigid, body, "mrConfigId");
    ASSERT_HEX(td->mrowner, body, "mrOwner");
    ASSERT_HEX(td->mrownerconfig, body, "mrOwnerConfig");
    ASSERT_HEX(td->rtmr[0], body, "rtmr0");
    ASSERT_HEX(td->rtmr[1], body, "rtmr1");
    ASSERT_HEX(td->rtmr[2], body, "rtmr2");
    ASSERT_HEX(td->rtmr[3], body, "rtmr3");
    ASSERT_HEX(td->report_data, body, "reportData");
    if (type == QUOTE_BODY_TD15) {
        ASSERT_HEX(td->tee_tcb_svn2, body, "teeTcbSvn2");
        ASSERT_HEX(td->mrservicetd, body, "mrServiceTd");
    }
}

static void check_qe(const struct sgx_report *qe, const json *expected)
{
    uint8_t prod[2] = {(uint8_t)qe->isvprodid, (uint8_t)(qe->isvprodid >> 8)};
    uint8_t svn[2] = {(uint8_t)qe->isvsvn, (uint8_t)(qe->isvsvn >> 8)};

    ASSERT_HEX(qe->cpusvn, expected, "cpuSvn");
    ASSERT_HEX(qe->miscselect, expected, "miscSelect");
    ASSERT_HEX(qe->attributes, expected, "attributes");
    ASSERT_HEX(qe->mrenclave, expected, "mrEnclave");
    ASSERT_HEX(qe->mrsigner, expected, "mrSigner");
    ASSERT_HEX(prod, expected, "isvProdId");
    ASSERT_HEX(svn, expected, "isvSvn");
    ASSERT_HEX(qe->report_data, expected, "reportData");
}

static void check_real(const char *name, const json *want)
{
    struct bytes input AUTO_CALL(dcap_free) = dcap_file(name);
    struct quote q;
    struct err e;

    need(quote_parse(input, &q, NULL, &e), &e);
    assert_int_equal(input.n, jnum(want, "size"));
    assert_int_equal(q.version, jnum(want, "version"));
    assert_int_equal(q.body, q.version == 4 ? QUOTE_BODY_TD10 : jnum(want, "body_type"));
    ASSERT_HEX(q.user_data, want, "user_data");
    assert_int_equal(q.signed_part.n, jnum(want, "signed_len"));
    assert_hex(q.signature, want, "quote_sig");
    assert_hex(q.attestation_key, want, "att_key");
    assert_hex(q.qe_auth, want, "qe_auth");
    assert_int_equal(q.pck_pem.n, jnum(want, "inner_len"));
    assert_int_equal(input.n - q.used, jnum(want, "trailing"));
    check_td(&q.td, jget(want, "body"), q.body);
    check_qe(&q.qe, jget(want, "qe"));
}

static void every_field_of_every_real_quote_is_read(void **state)
{
    AUTO(json) all = vector_json(DCAP "quotes/expected.json");
    const char *name;
    const json *want;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; json_member(all, i, &name, &want); i++)
        if (strstr(name, "/tdx_")) {
            check_real(name, want);
            n++;
        }
    assert_int_equal(n, 31);
}

static enum attest_fault fault_of(struct bytes input)
{
    enum attest_fault fault = FAULT_NONE;
    struct quote q;
    struct err e;

    if (quote_parse(input, &q, &fault, &e) == ERR_OK)
        return FAULT_NONE;
    assert_memory_equal(e.msg, attest_fault_name(fault), strlen(attest_fault_name(fault)));
    return fault;
}

static void every_real_sgx_quote_is_refused_by_its_version(void **state)
{
    static const char *const names[] = {"00606a_automata", "00606a_oasis",    "00606a_occlum",
                                        "00606a_sdk",      "00906e_fortanix", "00a067_automata_sol",
                                        "00a067_phala",    "certtype3_oasis"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64];

        snprintf(path, sizeof path, "quotes/sgx_v3_%s.bin", names[i]);

        struct bytes q AUTO_CALL(dcap_free) = dcap_file(path);

        assert_int_equal(fault_of(q), FAULT_VERSION);
    }
}

static void a_quote_cut_anywhere_is_refused(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    struct quote whole;
    struct err e;

    (void)state;
    need(quote_parse(q, &whole, NULL, &e), &e);
    for (size_t n = 0; n < whole.used; n++)
        assert_int_not_equal(fault_of((struct bytes){q.p, n}), FAULT_NONE);
}

static void bytes_behind_a_quote_are_ignored(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    uint8_t longer[QUOTE_MAX];
    struct quote a, b;
    struct err e;

    (void)state;
    memset(longer, 0x5a, sizeof longer);
    memcpy(longer, q.p, q.n);
    need(quote_parse(q, &a, NULL, &e), &e);
    need(quote_parse(BYTES(longer), &b, NULL, &e), &e);
    assert_int_equal(a.used, b.used);
    assert_true(bytes_eq(a.pck_pem, b.pck_pem));
}

static void a_quote_over_32_kib_is_refused(void **state)
{
    static uint8_t big[QUOTE_MAX + 1];

    (void)state;
    assert_int_equal(fault_of(BYTES(big)), FAULT_PARSE_SIZE);
}

/* Where the length fields of this version 4 quote stand, and what any other value is called. */
static const struct {
    const char *name;
    size_t at, width;
    enum attest_fault fault;
} lengths[] = {
    {"signature data", 632, 4, FAULT_PARSE_LENGTH},
    {"certification data", 766, 4, FAULT_PARSE_LENGTH},
    {"QE authentication data", 1218, 2, FAULT_NONE}, /* shifts what follows: any of two faults */
    {"PCK chain", 1254, 4, FAULT_PARSE_LENGTH},
};

static void every_length_field_that_lies_is_refused(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v4_b0c06f_phala.bin");
    static const int64_t offs[] = {-1, 1, -134, 0x7fff, 0x7fffffff, -0x7fffffff};
    uint8_t copy[8192];

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t k = 0; k < sizeof offs / sizeof offs[0]; k++) {
            uint64_t v = 0;
            enum attest_fault f;

            memcpy(copy, q.p, q.n);
            for (size_t b = lengths[i].width; b > 0; b--)
                v = v << 8 | copy[lengths[i].at + b - 1];
            v += (uint64_t)offs[k];
            for (size_t b = 0; b < lengths[i].width; b++)
                copy[lengths[i].at + b] = (uint8_t)(v >> (8 * b));
            f = fault_of((struct bytes){copy, q.n});
            if (lengths[i].fault != FAULT_NONE)
                assert_int_equal(f, lengths[i].fault);
            else
                assert_true(f == FAULT_PARSE_LENGTH || f == FAULT_CERT_TYPE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_every_real_quote_is_read),
        cmocka_unit_test(every_real_sgx_quote_is_refused_by_its_version),
        cmocka_unit_test(a_quote_cut_anywhere_is_refused),
        cmocka_unit_test(bytes_behind_a_quote_are_ignored),
        cmocka_unit_test(a_quote_over_32_kib_is_refused),
        cmocka_unit_test(every_length_field_that_lies_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
