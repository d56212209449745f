/* ccel: every field of every real log, and every way in which a record can lie. */
#include "support/ccel_make.h"
#include "attest/ccel_variable.h"
#include "attest/quote.h"

static void check_real(const char *name, const json *want)
{
    struct bytes text AUTO_CALL(dcap_free) = ccel_vector(name);
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct ccel_replay replay;
    bool extends_mrtd = true;
    size_t of_data = 0;
    struct err e;

    need(ccel_log_read(text, &log, &e), &e);
    assert_int_equal(log.form, CCEL_FORM_TCG);
    assert_int_equal(log.end_offset, jnum(want, "end_offset"));
    assert_int_equal(log.n, jnum(want, "events"));
    assert_int_equal(log.n_algs, 1);
    assert_int_equal(log.alg[0].id, 12);
    assert_int_equal(log.alg[0].size, jnum(jget(want, "algs"), "12"));
    assert_false(log.not_padding);
    for (size_t i = 0; i < log.n; i++)
        of_data += log.entry[i].type != EV_NO_ACTION && ccel_digest_is_of_data(&log.entry[i]);
    assert_int_equal(of_data, jnum(want, "digest_equals_sha384_of_event_data"));
    ccel_log_replay(&log, &replay);
    need(json_get_bool(want, "mrtd_index_extended", &extends_mrtd, &e), &e);
    assert_int_equal(replay.mrtd > 0, extends_mrtd);
    for (size_t i = 0; i < CCEL_RTMRS; i++) {
        char index[2] = {(char)('1' + i), 0};
        const json *extends = jget(want, "extends");

        assert_int_equal(replay.extends[i], json_has(extends, index) ? jnum(extends, index) : 0);
        char hex[97];

        hex_encode(BYTES(replay.rtmr[i]), hex);
        assert_string_equal(hex, json_str(json_at(jget(want, "rtmr"), i)));
    }
}

static void every_field_of_every_real_log_is_read_and_replayed(void **state)
{
    AUTO(json) all = vector_json(DCAP CCEL_VECTORS "expected.json");
    const char *name;
    const json *want;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; json_member(all, i, &name, &want); i++)
        if (!json_has(want, "error")) {
            check_real(name, want);
            n++;
        }
    assert_int_equal(n, 8);
}

/* The one that the other parser cannot read either: the ACPI table, not the log. */
static void a_table_is_no_log(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = ccel_vector("goeventlog_CCEL.ccel_table.bin");
    AUTO(json) all = vector_json(DCAP CCEL_VECTORS "expected.json");
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct err e;

    (void)state;
    assert_true(json_has(jget(all, "goeventlog_CCEL.ccel.bin"), "error"));
    assert_int_equal(ccel_log_read(text, &log, &e), ERR_INVALID);
}

static void quote_rtmrs(const char *name, struct td_report *ret)
{
    char path[128];
    struct err e;
    struct quote q;

    snprintf(path, sizeof path, "quotes/%s", name);
    struct bytes quote AUTO_CALL(dcap_free) = dcap_file(path);

    need(quote_parse(quote, &q, NULL, &e), &e);
    *ret = q.td;
}

static size_t check_quotes(const char *name, const json *quotes)
{
    struct bytes text AUTO_CALL(dcap_free) = ccel_vector(name);
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct ccel_replay replay;
    const char *quote;
    const json *want;
    struct err e;
    size_t i = 0;

    need(ccel_log_read(text, &log, &e), &e);
    ccel_log_replay(&log, &replay);
    for (; json_member(quotes, i, &quote, &want); i++) {
        struct td_report td;
        bool same[CCEL_RTMRS];

        quote_rtmrs(quote, &td);
        ccel_replay_matches(&replay, td.rtmr, same);
        for (size_t r = 0; r < CCEL_RTMRS; r++) {
            struct buf word AUTO_CALL(buf_done) = BUF(16);

            need(json_write(json_at(want, r), JSON_COMPACT, &word, &e), &e);
            assert_string_equal(buf_cstr(&word), same[r] ? "true" : "false");
        }
    }
    return i;
}

static void replays_match_the_quotes_they_belong_to_and_no_register_more(void **state)
{
    AUTO(json) all = vector_json(DCAP CCEL_VECTORS "expected.json");
    const char *name;
    const json *want;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; json_member(all, i, &name, &want); i++)
        if (!json_has(want, "error"))
            n += check_quotes(name, jget(want, "quotes"));
    assert_int_equal(n, 3);
}

/* ---- truncated log ---- */

static void a_log_truncated_anywhere_ends_at_a_record_or_is_refused(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = ccel_vector("coco_ovmf.ccel.bin");
    size_t whole = 0;

    (void)state;
    for (size_t n = 0; n < 2120; n++) {
        struct bytes cut = {malloc(n ? n : 1), n};
        struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
        struct err e = {0};

        memcpy((void *)(uintptr_t)cut.p, text.p, n);
        if (ccel_log_read(cut, &log, &e) == ERR_OK) {
            assert_int_equal(log.end_offset, n);
            assert_int_equal(log.n, whole++);
        } else {
            assert_int_equal(e.code, ERR_INVALID);
            assert_null(log.entry);
        }
        dcap_free(&cut);
    }
    assert_int_equal(whole, 20);
}

static void refused_with(const struct buf *text, const char *why)
{
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct err e = {0};

    assert_int_not_equal(ccel_log_read(buf_bytes(text), &log, &e), ERR_OK);
    if (!strstr(e.msg, why))
        fail_msg("found \"%s\", expected \"%s\"", e.msg, why);
}

static void a_truncated_record_is_named(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    make_begin(&text);
    make_text(&text, 1, EV_EFI_ACTION, "Exit Boot Services Invocation");
    text.n--;
    refused_with(&text, "truncated in the record at 65");
}

static void a_length_past_the_log_is_refused(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    make_begin(&text);
    make_text(&text, 1, EV_EFI_ACTION, "x");
    memset(text.p + text.n - 5, 0xff, 4);
    refused_with(&text, "truncated");
}

/* ---- digests ---- */

static void record_of(struct buf *out, const uint16_t *algs, uint32_t n)
{
    buf_put_u32le(out, 1);
    buf_put_u32le(out, EV_EFI_ACTION);
    buf_put_u32le(out, n);
    for (uint32_t i = 0; i < n; i++) {
        buf_put_u16le(out, algs[i]);
        buf_put_zero(out, algs[i] == 0x000b ? 32 : 48);
    }
    buf_put_u32le(out, 0);
}

static const struct ccel_alg two[] = {{0x000b, 32}, {CCEL_ALG_SHA384, 48}};

static void an_unknown_digest_algorithm_is_refused(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    make_header(&text, two, 2);
    record_of(&text, (const uint16_t[]){CCEL_ALG_SHA384, 0x7777}, 2);
    refused_with(&text, "unknown digest algorithm 0x7777");
}

static void a_known_algorithm_that_is_not_declared_is_refused(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    make_begin(&text);
    record_of(&text, (const uint16_t[]){0x000b}, 1);
    refused_with(&text, "unknown digest algorithm 0x000b");
}

static void two_digests_of_one_algorithm_are_refused(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    make_header(&text, two, 2);
    record_of(&text, (const uint16_t[]){CCEL_ALG_SHA384, CCEL_ALG_SHA384}, 2);
    refused_with(&text, "two digests of algorithm 0x000c");
}

static void a_record_without_sha384_is_refused(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    make_header(&text, two, 2);
    record_of(&text, (const uint16_t[]){0x000b}, 1);
    refused_with(&text, "no SHA-384 digest in the record");
}

static void a_record_without_or_with_too_many_digests_is_refused(void **state)
{
    struct buf none AUTO_CALL(buf_done) = BUF(4096);
    struct buf many AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    make_begin(&none);
    record_of(&none, NULL, 0);
    refused_with(&none, "0 digests at 65");
    make_begin(&many);
    record_of(&many, (const uint16_t[]){CCEL_ALG_SHA384, CCEL_ALG_SHA384}, 2);
    refused_with(&many, "2 digests at 65, the log declares 1");
}

static void several_algorithms_are_read_and_sha384_is_taken(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct err e;

    (void)state;
    make_header(&text, two, 2);
    record_of(&text, (const uint16_t[]){0x000b, CCEL_ALG_SHA384}, 2);
    text.p[text.n - 5] = 0xab; /* the last byte of the second digest */
    need(ccel_log_read(buf_bytes(&text), &log, &e), &e);
    assert_int_equal(log.n_algs, 2);
    assert_int_equal(log.entry[0].digest[47], 0xab);
}

/* ---- the first record ---- */

static void a_first_record_that_lies_is_refused(void **state)
{
    static const struct ccel_alg unknown = {0x0099, 48}, wrong_size = {CCEL_ALG_SHA384, 32};
    static const struct ccel_alg twice[] = {{CCEL_ALG_SHA384, 48}, {CCEL_ALG_SHA384, 48}};
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    make_header(&text, &unknown, 1);
    refused_with(&text, "algorithm 0x0099 of 48 bytes is not known");
    buf_clear(&text);
    make_header(&text, &wrong_size, 1);
    refused_with(&text, "algorithm 0x000c of 32 bytes is not known");
    buf_clear(&text);
    make_header(&text, twice, 2);
    refused_with(&text, "declared twice");
    buf_clear(&text);
    make_header(&text, two, 1);
    refused_with(&text, "no SHA-384 digests");
    buf_clear(&text);
    make_header(&text, NULL, 0);
    refused_with(&text, "0 digest algorithms");
}

static void a_first_record_of_another_kind_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
        const char *why;
    } cases[] = {
        {0, 9, "the first record is none that begins one"},
        {4, 4, "the first record is none that begins one"},
        {8, 1, "the first record is none that begins one"},
        {28, 255, "cut short in its first record"},
        {46, '2', "does not begin with \"Spec ID Event03\""},
        {53, 1, "specification version 1"},
        {56, 6, "6 digest algorithms"},
        {64, 1, "do not fit it"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf text AUTO_CALL(buf_done) = BUF(4096);

        make_begin(&text);
        text.p[cases[i].at] = cases[i].byte;
        refused_with(&text, cases[i].why);
    }
}

static void a_register_that_does_not_exist_is_refused(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    make_begin(&text);
    make_text(&text, 5, EV_EFI_ACTION, "x");
    refused_with(&text, "register 5 at 65");
}

static void more_than_256_kib_are_refused(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(CCEL_MAX + 1);

    (void)state;
    make_begin(&text);
    buf_put_zero(&text, CCEL_MAX + 1 - text.n);
    refused_with(&text, "the most is 262144");
}

/* ---- where it ends ---- */

static void ends_well(struct bytes padding, bool is_padding)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct err e;

    make_begin(&text);
    make_text(&text, 1, EV_EFI_ACTION, "x");
    size_t end = text.n;

    buf_put(&text, padding);
    need(ccel_log_read(buf_bytes(&text), &log, &e), &e);
    assert_int_equal(log.n, 1);
    assert_int_equal(log.end_offset, end);
    assert_int_equal(log.not_padding, !is_padding);
}

static void a_log_ends_at_ff_at_zeros_or_with_the_bytes(void **state)
{
    static const uint8_t zeros[40], ones[2] = {0xff, 0xff};
    static const uint8_t index[8] = {0xff, 0xff, 0xff, 0xff, 4, 0, 0, 0};

    (void)state;
    ends_well((struct bytes){0}, true);
    ends_well(BYTES(zeros), true);
    ends_well((struct bytes){zeros, 3}, true);
    ends_well(BYTES(ones), true);
    ends_well(BYTES(index), false);
}

static void what_is_too_short_for_a_record_and_no_padding_is_refused(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    make_begin(&text);
    buf_put_u32le(&text, 1);
    refused_with(&text, "truncated");
}

/* ---- the ACPI table, variables ---- */

static void the_acpi_tables_are_read(void **state)
{
    struct bytes cos AUTO_CALL(dcap_free) = ccel_vector("gcp_cos113.ccel_table.bin");
    struct bytes other AUTO_CALL(dcap_free) = ccel_vector("goeventlog_CCEL.ccel_table.bin");
    struct ccel_table t;
    struct err e;

    (void)state;
    need(ccel_table_parse(cos, &t, &e), &e);
    assert_int_equal(t.cc_type, CCEL_TYPE_TDX);
    assert_int_equal(t.cc_subtype, 0);
    assert_int_equal(t.log_length, 262144);
    assert_int_equal(t.log_address, 0xbedbf000);
    need(ccel_table_parse(other, &t, &e), &e);
    assert_int_equal(t.log_length, 65536);
}

static void an_acpi_table_that_lies_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t more; /* added there, and taken from the checksum */
        bool checksum;
        const char *why;
    } cases[] = {
        {0, 1, true, "not a CCEL"},
        {4, 1, true, "length field"},
        {36, 1, true, "platform type 3"},
        {50, 1, false, "checksum"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes table AUTO_CALL(dcap_free) = ccel_vector("gcp_cos113.ccel_table.bin");
        uint8_t *p = (uint8_t *)(uintptr_t)table.p;
        struct ccel_table t;
        struct err e;

        p[cases[i].at] = (uint8_t)(p[cases[i].at] + cases[i].more);
        if (cases[i].checksum)
            p[9] = (uint8_t)(p[9] - cases[i].more);
        assert_int_equal(ccel_table_parse(table, &t, &e), ERR_INVALID);
        assert_non_null(strstr(e.msg, cases[i].why));
        table.n--;
        assert_int_equal(ccel_table_parse(table, &t, &e), ERR_INVALID);
        assert_non_null(strstr(e.msg, "55 bytes"));
    }
}

static void a_variable_whose_lengths_lie_is_refused(void **state)
{
    uint8_t data[36] = {0};
    struct ccel_variable v;
    struct err e;

    (void)state;
    data[16] = 1; /* one character */
    data[24] = 2; /* two bytes */
    need(ccel_variable_parse(BYTES(data), &v, &e), &e);
    assert_int_equal(v.name.n, 2);
    assert_int_equal(v.value.n, 2);
    data[24] = 1;
    assert_int_equal(ccel_variable_parse(BYTES(data), &v, &e), ERR_INVALID);
    memset(data + 16, 0xff, 16);
    assert_int_equal(ccel_variable_parse(BYTES(data), &v, &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, "a name of"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_every_real_log_is_read_and_replayed),
        cmocka_unit_test(a_table_is_no_log),
        cmocka_unit_test(replays_match_the_quotes_they_belong_to_and_no_register_more),
        cmocka_unit_test(a_log_truncated_anywhere_ends_at_a_record_or_is_refused),
        cmocka_unit_test(a_truncated_record_is_named),
        cmocka_unit_test(a_length_past_the_log_is_refused),
        cmocka_unit_test(an_unknown_digest_algorithm_is_refused),
        cmocka_unit_test(a_known_algorithm_that_is_not_declared_is_refused),
        cmocka_unit_test(two_digests_of_one_algorithm_are_refused),
        cmocka_unit_test(a_record_without_sha384_is_refused),
        cmocka_unit_test(a_record_without_or_with_too_many_digests_is_refused),
        cmocka_unit_test(several_algorithms_are_read_and_sha384_is_taken),
        cmocka_unit_test(a_first_record_that_lies_is_refused),
        cmocka_unit_test(a_first_record_of_another_kind_is_refused),
        cmocka_unit_test(a_register_that_does_not_exist_is_refused),
        cmocka_unit_test(more_than_256_kib_are_refused),
        cmocka_unit_test(a_log_ends_at_ff_at_zeros_or_with_the_bytes),
        cmocka_unit_test(what_is_too_short_for_a_record_and_no_padding_is_refused),
        cmocka_unit_test(the_acpi_tables_are_read),
        cmocka_unit_test(an_acpi_table_that_lies_is_refused),
        cmocka_unit_test(a_variable_whose_lengths_lie_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
