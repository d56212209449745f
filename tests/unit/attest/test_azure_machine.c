/* azure_machine: every answer of the paravisor, the vTPM and the metadata service is looked at. */
#include "support/dcap.h"
#include "attest/azure_machine.h"
#include "attest/quote.h"
#include "crypto/digest.h"

/* ---- a machine of our own ---- */

struct fake {
    struct bytes quote;       /* of the metadata service */
    struct report_data mine;  /* the user data that it was given */
    struct bytes report_data; /* of the TDREPORT */
    unsigned late;            /* looks at the report before it shows them */
    unsigned pauses, max_pauses;
    uint32_t report_type;
    const char *user_data; /* the member of that name, instead of the usual one */
    const char *variable;  /* instead of all variable data */
    uint32_t more;         /* that the variable data claim beyond their end */
    size_t cut;            /* the HCL report ends here; 0: whole */
    const char *magic;
    enum { NOTHING, USER_DATA, HCL_REPORT, TDX_QUOTE, TPM_QUOTE, CERTIFICATES } fails;
    uint8_t nonce[64];
    size_t nonce_len;
};

static enum err_code step(const struct fake *f, int which, struct err *e)
{
    return (int)f->fails == which ? err_set(e, ERR_IO, "no") : ERR_OK;
}

static enum err_code set_user_data(void *self, const struct report_data *rd, struct err *e)
{
    struct fake *f = self;

    f->mine = *rd;
    return step(f, USER_DATA, e);
}

#define VARIABLE_MAX 1024

/* A key that has the form of one; its modulus is 0xd7 5d 75 ... */
static void put_variable(char ret[static VARIABLE_MAX], const char *user_data)
{
    char n[343] = {0};

    memset(n, '1', 342);
    n[341] = 'w';
    snprintf(
        ret, VARIABLE_MAX,
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\",\"e\":\"AQAB\","
        "\"n\":\"%s\"}]%s}",
        n, user_data);
}

static enum err_code hcl_report(void *self, struct buf *ret, struct err *e)
{
    struct fake *f = self;
    char variable[VARIABLE_MAX], hex[HEX_LEN(64)] = {0}, member[160];

    hex_encode(BYTES(f->mine.b), hex);
    if (f->late > 0) {
        f->late--;
        memset(hex, '0', 128);
    }
    snprintf(member, sizeof member, ",\"user-data\":\"%s\"", hex);
    put_variable(variable, f->user_data ? f->user_data : member);
    if (f->variable)
        snprintf(variable, sizeof variable, "%s", f->variable);
    buf_put(ret, (struct bytes){(const uint8_t *)(f->magic ? f->magic : "HCLA"), 4});
    buf_put_u32le(ret, 2);
    buf_put_u32le(ret, (uint32_t)strlen(variable) + 1236);
    buf_put_u32le(ret, 2);
    buf_put_zero(ret, 16);
    buf_put_zero(ret, 128);
    buf_put(ret, f->report_data);
    buf_put_zero(ret, 1216 - 32 - 128 - 64);
    buf_put_u32le(ret, (uint32_t)strlen(variable) + 20);
    buf_put_u32le(ret, 1);
    buf_put_u32le(ret, f->report_type);
    buf_put_u32le(ret, 1);
    buf_put_u32le(ret, (uint32_t)strlen(variable) + f->more);
    buf_put_str(ret, variable);
    buf_put_zero(ret, 100);
    if (f->cut)
        ret->n = f->cut;
    return step(f, HCL_REPORT, e);
}

static enum err_code tdx_quote(void *self, struct bytes tdreport, struct buf *ret, struct err *e)
{
    struct fake *f = self;

    assert_int_equal(tdreport.n, 1024);
    buf_put(ret, f->quote);
    buf_put_zero(ret, 77);
    return step(f, TDX_QUOTE, e);
}

static enum err_code tpm_quote(void *self, struct bytes qualifying, struct azure_evidence *ret,
                               struct err *e)
{
    struct fake *f = self;

    f->nonce_len = qualifying.n;
    memcpy(f->nonce, qualifying.p, qualifying.n);
    buf_put_str(&ret->tpms_attest, "attest");
    buf_put_str(&ret->tpm_signature, "signature");
    memset(ret->pcr, 7, sizeof ret->pcr);
    return step(f, TPM_QUOTE, e);
}

static enum err_code certificates(void *self, struct buf *ret, struct err *e)
{
    buf_put_str(ret, "certificates");
    return step(self, CERTIFICATES, e);
}

static bool pause_shortly(void *self)
{
    struct fake *f = self;

    return ++f->pauses <= f->max_pauses;
}

static struct bytes quote_file;
static struct quote parsed;

static int read_quote(void **state)
{
    struct err e;

    (void)state;
    quote_file = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    need(quote_parse(quote_file, &parsed, NULL, &e), &e);
    return 0;
}

static int free_quote(void **state)
{
    (void)state;
    dcap_free(&quote_file);
    return 0;
}

static struct fake good(void)
{
    return (struct fake){.quote = {quote_file.p, parsed.used},
                         .report_data = BYTES(parsed.td.report_data),
                         .max_pauses = 5,
                         .report_type = 4};
}

static enum err_code run(struct fake *f, struct azure_evidence *ret, struct err *e)
{
    const struct azure_machine m = {set_user_data, hcl_report,    tdx_quote, tpm_quote,
                                    certificates,  pause_shortly, f};
    struct report_data rd;

    memset(rd.b, 0xa7, sizeof rd.b);
    return azure_machine_evidence(&m, &rd, ret, e);
}

static void refused(struct fake f, enum err_code code, const char *words)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct err e;

    assert_int_equal(run(&f, &ev, &e), code);
    if (!strstr(e.msg, words))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, words);
    assert_int_equal(ev.tdx_quote.n, 0);
}

/* ---- */

static void all_parts_come_together(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct fake f = good();
    struct err e;

    (void)state;
    need(run(&f, &ev, &e), &e);
    assert_true(bytes_eq(buf_bytes(&ev.tdx_quote), f.quote)); /* without what pads it */
    assert_true(bytes_eq(buf_bytes(&ev.tpms_attest), bytes_of_str("attest")));
    assert_true(bytes_eq(buf_bytes(&ev.tpm_signature), bytes_of_str("signature")));
    assert_true(bytes_eq(buf_bytes(&ev.ak_chain), bytes_of_str("certificates")));
    assert_int_equal(ev.pcr[23][31], 7);
    assert_memory_equal(ev.hcl_report.p, "HCLA", 4);
}

static void the_vtpm_signs_the_hash_of_the_report_data(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct fake f = good();
    struct hash32 expected;
    struct err e;

    (void)state;
    need(run(&f, &ev, &e), &e);
    sha256(BYTES(f.mine.b), &expected);
    assert_int_equal(f.nonce_len, 32);
    assert_memory_equal(f.nonce, expected.b, 32);
    assert_int_equal(f.mine.b[63], 0xa7);
}

static void the_report_is_read_until_it_shows_our_data(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct fake f = good();
    struct err e;

    (void)state;
    f.late = 3;
    need(run(&f, &ev, &e), &e);
    assert_int_equal(f.pauses, 3);
}

static void a_report_that_never_shows_our_data_is_not_used(void **state)
{
    struct fake f = good();

    (void)state;
    f.late = 1000;
    refused(f, ERR_TIMEOUT, "does not show our user data");
}

static void user_data_in_capitals_are_the_same(void **state)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    char member[160] = ",\"user-data\":\"";
    struct fake f = good();
    struct err e;

    (void)state;
    for (int i = 0; i < 64; i++)
        strcat(member, "A7");
    strcat(member, "\"");
    f.user_data = member;
    need(run(&f, &ev, &e), &e);
}

static void user_data_that_are_missing_or_short_are_refused(void **state)
{
    static const char *const bad[] = {",\"user-data\":\"00\"", ",\"user-data\":7"};
    struct fake f = good();

    (void)state;
    f.user_data = "";
    refused(f, ERR_IO, "no user-data");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        f = good();
        f.user_data = bad[i];
        refused(f, ERR_INVALID, "HCL_RUNTIME: \"user-data\"");
    }
}

static void a_report_that_no_verifier_would_take_is_not_sent(void **state)
{
    static const char *const bad[] = {"", "[]", "{\"keys\":[]}"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fake f = good();

        f.variable = bad[i];
        refused(f, ERR_INVALID, "HCL_RUNTIME: ");
    }
}

static void what_is_no_hcl_report_is_refused(void **state)
{
    static const size_t cuts[] = {1, 4, 1235, 1236, 1300};
    struct fake f = good();

    (void)state;
    f.magic = "HCLB";
    refused(f, ERR_INVALID, "HCL_FORM: ");
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        f = good();
        f.cut = cuts[i];
        refused(f, ERR_INVALID, "HCL_FORM: ");
    }
    f = good();
    f.more = 101;
    refused(f, ERR_INVALID, "HCL_FORM: ");
    f.more = 0xffff0000;
    refused(f, ERR_INVALID, "HCL_FORM: ");
}

static void the_report_of_another_tee_is_refused(void **state)
{
    struct fake f = good();

    (void)state;
    f.report_type = 2;
    refused(f, ERR_INVALID, "HCL_TYPE: ");
}

static void a_quote_over_another_report_is_refused(void **state)
{
    uint8_t other[64];
    struct fake f = good();

    (void)state;
    memcpy(other, parsed.td.report_data, 64);
    other[0] ^= 1;
    f.report_data = BYTES(other);
    refused(f, ERR_UPSTREAM, "over another report");
}

static void what_is_no_quote_is_refused(void **state)
{
    struct fake f = good();

    (void)state;
    f.quote = bytes_of_str("nothing");
    refused(f, ERR_UPSTREAM, "metadata service");
}

static void an_error_of_any_step_is_the_end_and_names_the_step(void **state)
{
    static const struct {
        int step;
        const char *words;
    } cases[] = {
        {USER_DATA, "user data: no"},     {HCL_REPORT, "HCL report: no"},
        {TDX_QUOTE, "TDX quote: no"},     {TPM_QUOTE, "vTPM quote: no"},
        {CERTIFICATES, "vTPM's key: no"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake f = good();

        f.fails = cases[i].step;
        refused(f, ERR_IO, cases[i].words);
    }
}

static void a_certificate_ends_where_its_der_ends(void **state)
{
    static const uint8_t padded[] = {0x30, 0x03, 0x02, 0x01, 0x05, 0, 0, 0};
    struct bytes cut;
    struct err e;

    (void)state;
    need(azure_certificate_cut(BYTES(padded), &cut, &e), &e);
    assert_int_equal(cut.n, 5);
    assert_int_equal(azure_certificate_cut((struct bytes){padded, 4}, &cut, &e), ERR_INVALID);
    assert_int_equal(azure_certificate_cut((struct bytes){padded + 5, 3}, &cut, &e), ERR_INVALID);
    assert_int_equal(azure_certificate_cut((struct bytes){0}, &cut, &e), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_parts_come_together),
        cmocka_unit_test(the_vtpm_signs_the_hash_of_the_report_data),
        cmocka_unit_test(the_report_is_read_until_it_shows_our_data),
        cmocka_unit_test(a_report_that_never_shows_our_data_is_not_used),
        cmocka_unit_test(user_data_in_capitals_are_the_same),
        cmocka_unit_test(user_data_that_are_missing_or_short_are_refused),
        cmocka_unit_test(a_report_that_no_verifier_would_take_is_not_sent),
        cmocka_unit_test(what_is_no_hcl_report_is_refused),
        cmocka_unit_test(the_report_of_another_tee_is_refused),
        cmocka_unit_test(a_quote_over_another_report_is_refused),
        cmocka_unit_test(what_is_no_quote_is_refused),
        cmocka_unit_test(an_error_of_any_step_is_the_end_and_names_the_step),
        cmocka_unit_test(a_certificate_ends_where_its_der_ends),
    };

    return cmocka_run_group_tests(tests, read_quote, free_quote);
}
