/* azure_evidence: one spelling, bounds, and nothing missing. */
#include "support/dcap.h"
#include "attest/azure_evidence.h"

static void put_str(struct buf *b, const char *text)
{
    b->max = 40000;
    buf_put_str(b, text);
}

static void make(struct azure_evidence *ev)
{
    memset(ev, 0, sizeof *ev);
    put_str(&ev->tdx_quote, "quote");
    put_str(&ev->hcl_report, "HCLA report");
    put_str(&ev->tpms_attest, "attest");
    put_str(&ev->tpm_signature, "signature");
    put_str(&ev->ak_chain, "certificates");
    for (size_t i = 0; i < AZURE_PCRS; i++)
        memset(ev->pcr[i], (int)i + 1, 32);
}

static struct buf encoded(const struct azure_evidence *ev)
{
    struct buf out = BUF(AZURE_EVIDENCE_MAX);
    struct err e;

    need(azure_evidence_encode(ev, &out, &e), &e);
    return out;
}

static void what_is_written_is_read_again(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done),
        got AUTO_CALL(azure_evidence_done) = {0};
    struct buf text AUTO_CALL(buf_done) = {0};
    struct err e;

    (void)state;
    make(&ev);
    text = encoded(&ev);
    need(azure_evidence_decode(buf_bytes(&text), &got, &e), &e);
    assert_true(bytes_eq(buf_bytes(&got.tdx_quote), bytes_of_str("quote")));
    assert_true(bytes_eq(buf_bytes(&got.hcl_report), bytes_of_str("HCLA report")));
    assert_true(bytes_eq(buf_bytes(&got.tpms_attest), bytes_of_str("attest")));
    assert_true(bytes_eq(buf_bytes(&got.tpm_signature), bytes_of_str("signature")));
    assert_true(bytes_eq(buf_bytes(&got.ak_chain), bytes_of_str("certificates")));
    assert_memory_equal(got.pcr, ev.pcr, sizeof ev.pcr);
}

static void the_layout_is_that_of_the_header(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done);
    struct buf text AUTO_CALL(buf_done) = {0};

    (void)state;
    make(&ev);
    text = encoded(&ev);
    assert_int_equal(text.n, 2 + 5 * 4 + 5 + 11 + 6 + 9 + 768 + 12);
    assert_memory_equal(text.p, "\0\1\0\0\0\5quote\0\0\0\013HCLA report\0\0\0\6attest\0\0\0\11sign",
                        44);
    assert_memory_equal(text.p + text.n - 16, "\0\0\0\014certificates", 16);
}

static void zeros_behind_the_hcl_report_are_left_out(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done), padded AUTO_CALL(azure_evidence_done);
    struct buf a AUTO_CALL(buf_done) = {0}, b AUTO_CALL(buf_done) = {0};

    (void)state;
    make(&ev);
    make(&padded);
    buf_put_zero(&padded.hcl_report, 2000);
    a = encoded(&ev);
    b = encoded(&padded);
    assert_true(bytes_eq(buf_bytes(&a), buf_bytes(&b)));
}

static void a_machine_without_certificates_of_its_key_can_be_told(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done),
        got AUTO_CALL(azure_evidence_done) = {0};
    struct buf text AUTO_CALL(buf_done) = {0};
    struct err e;

    (void)state;
    make(&ev);
    buf_clear(&ev.ak_chain);
    text = encoded(&ev);
    need(azure_evidence_decode(buf_bytes(&text), &got, &e), &e);
    assert_int_equal(got.ak_chain.n, 0);
}

static void every_cut_and_every_byte_more_is_refused(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done),
        got AUTO_CALL(azure_evidence_done) = {0};
    struct buf text AUTO_CALL(buf_done) = {0};
    struct err e;

    (void)state;
    make(&ev);
    text = encoded(&ev);
    for (size_t n = 0; n < text.n; n++)
        assert_int_equal(azure_evidence_decode((struct bytes){text.p, n}, &got, &e), ERR_INVALID);
    buf_put_u8(&text, 0);
    assert_int_equal(azure_evidence_decode(buf_bytes(&text), &got, &e), ERR_INVALID);
    assert_int_equal(got.tdx_quote.n, 0);
}

static void another_version_is_refused(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done),
        got AUTO_CALL(azure_evidence_done) = {0};
    struct buf text AUTO_CALL(buf_done) = {0};
    struct err e;

    (void)state;
    make(&ev);
    text = encoded(&ev);
    text.p[1] = 2;
    assert_int_equal(azure_evidence_decode(buf_bytes(&text), &got, &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, "version 2, expected 1"));
}

static struct buf *part_of(struct azure_evidence *ev, unsigned i)
{
    struct buf *const parts[] = {&ev->tdx_quote, &ev->hcl_report, &ev->tpms_attest,
                                 &ev->tpm_signature, &ev->ak_chain};

    return parts[i];
}

static void a_missing_part_is_refused_both_ways(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct azure_evidence ev AUTO_CALL(azure_evidence_done),
            got AUTO_CALL(azure_evidence_done) = {0};
        struct buf text AUTO_CALL(buf_done) = BUF(4096);
        struct err e;

        make(&ev);
        buf_clear(part_of(&ev, i));
        assert_int_equal(azure_evidence_encode(&ev, &text, &e), ERR_INVALID);
        assert_int_equal(text.n, 0);
        buf_put_u16be(&text, 1);
        for (unsigned k = 0; k < 5; k++) {
            if (k == 4)
                buf_put(&text, BYTES(ev.pcr));
            buf_put_lp(&text, buf_bytes(part_of(&ev, k)));
        }
        assert_int_equal(azure_evidence_decode(buf_bytes(&text), &got, &e), ERR_INVALID);
        assert_non_null(strstr(e.msg, "empty part"));
    }
}

static void zeros_at_the_end_of_the_report_have_no_second_spelling(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done),
        got AUTO_CALL(azure_evidence_done) = {0};
    struct buf text AUTO_CALL(buf_done) = {0};
    struct err e;

    (void)state;
    make(&ev);
    text = encoded(&ev);
    text.p[2 + 4 + 5 + 4 + 10] = 0;
    assert_int_equal(azure_evidence_decode(buf_bytes(&text), &got, &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, "zeros behind"));
}

static void every_part_has_a_bound(void **state)
{
    static const size_t max[] = {AZURE_QUOTE_MAX, AZURE_HCL_MAX, AZURE_ATTEST_MAX,
                                 AZURE_SIGNATURE_MAX, AZURE_CHAIN_MAX};

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        struct azure_evidence ev AUTO_CALL(azure_evidence_done),
            got AUTO_CALL(azure_evidence_done) = {0};
        struct buf text AUTO_CALL(buf_done) = BUF(2 * AZURE_EVIDENCE_MAX);
        struct buf *part;
        struct err e;

        make(&ev);
        part = part_of(&ev, i);
        while (part->n < max[i])
            buf_put_u8(part, 0x55);
        need(azure_evidence_encode(&ev, &text, &e), &e);
        need(azure_evidence_decode(buf_bytes(&text), &got, &e), &e);
        buf_put_u8(part, 0x55);
        assert_int_equal(azure_evidence_encode(&ev, &text, &e), ERR_TOO_LARGE);
        buf_clear(&text);
        buf_put_u16be(&text, 1);
        for (unsigned k = 0; k < 5; k++) {
            if (k == 4)
                buf_put(&text, BYTES(ev.pcr));
            buf_put_lp(&text, buf_bytes(part_of(&ev, k)));
        }
        assert_int_equal(azure_evidence_decode(buf_bytes(&text), &got, &e), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(the_layout_is_that_of_the_header),
        cmocka_unit_test(zeros_behind_the_hcl_report_are_left_out),
        cmocka_unit_test(a_machine_without_certificates_of_its_key_can_be_told),
        cmocka_unit_test(every_cut_and_every_byte_more_is_refused),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(a_missing_part_is_refused_both_ways),
        cmocka_unit_test(zeros_at_the_end_of_the_report_have_no_second_spelling),
        cmocka_unit_test(every_part_has_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
