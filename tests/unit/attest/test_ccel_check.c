/* ccel_check, ccel_json: what a digest proves of a description, findings, dstack's logs. */
#include "support/ccel_make.h"
#include "attest/ccel_variable.h"
#include "attest/quote.h"

static struct ccel_entry entry(uint32_t type, struct bytes data, struct bytes digested)
{
    struct ccel_entry ev = {.index = 1, .type = type, .data = data};

    sha384(digested, ev.digest);
    return ev;
}

static struct ccel_entry good(uint32_t type, const char *text)
{
    return entry(type, bytes_of_str(text), bytes_of_str(text));
}

static struct ccel_entry bad(uint32_t type, const char *text)
{
    return entry(type, bytes_of_str(text), bytes_of_str("something else"));
}

static void is(struct ccel_entry ev, enum ccel_digest want)
{
    assert_string_equal(ccel_digest_name(ccel_digest_check(&ev)), ccel_digest_name(want));
}

static void types_that_define_it_must_have_the_digest_of_their_data(void **state)
{
    static const uint32_t types[] = {EV_EFI_VARIABLE_DRIVER_CONFIG, EV_EFI_VARIABLE_BOOT2,
                                     EV_EFI_VARIABLE_AUTHORITY, EV_EFI_ACTION, EV_SEPARATOR};

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        is(good(types[i], "text"), CCEL_DIGEST_MATCHES);
        is(bad(types[i], "text"), CCEL_DIGEST_DIFFERS);
    }
}

static void an_image_is_never_proved_by_its_description(void **state)
{
    static const uint32_t types[] = {
        EV_EFI_BOOT_SERVICES_APPLICATION, EV_EFI_BOOT_SERVICES_DRIVER,
        EV_EFI_RUNTIME_SERVICES_DRIVER,   EV_EFI_PLATFORM_FIRMWARE_BLOB,
        EV_EFI_PLATFORM_FIRMWARE_BLOB2,   EV_EFI_HANDOFF_TABLES,
        EV_EFI_HANDOFF_TABLES2,
    };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        is(good(types[i], "path"), CCEL_DIGEST_UNDEFINED);
        is(bad(types[i], "path"), CCEL_DIGEST_UNDEFINED);
    }
}

static void other_types_match_when_they_do_and_never_differ(void **state)
{
    (void)state;
    is(good(EV_EVENT_TAG, "x"), CCEL_DIGEST_MATCHES);
    is(bad(EV_EVENT_TAG, "x"), CCEL_DIGEST_UNDEFINED);
    is(bad(0x12345678, "x"), CCEL_DIGEST_UNDEFINED);
    is(good(EV_NO_ACTION, "x"), CCEL_DIGEST_UNDEFINED);
}

static void a_boot_variable_may_be_proved_by_its_value_alone(void **state)
{
    uint8_t data[36] = {[16] = 1, [24] = 2, [32] = 'B', [34] = 7, [35] = 8};
    struct bytes value = {data + 34, 2};

    (void)state;
    is(entry(EV_EFI_VARIABLE_BOOT, BYTES(data), value), CCEL_DIGEST_PART);
    is(entry(EV_EFI_VARIABLE_BOOT, BYTES(data), BYTES(data)), CCEL_DIGEST_MATCHES);
    is(bad(EV_EFI_VARIABLE_BOOT, "no variable"), CCEL_DIGEST_DIFFERS);
    is(entry(EV_EFI_VARIABLE_BOOT2, BYTES(data), value), CCEL_DIGEST_DIFFERS);
    is(entry(EV_EFI_VARIABLE_DRIVER_CONFIG, BYTES(data), value), CCEL_DIGEST_DIFFERS);
}

static void what_a_bootloader_ran_is_proved_behind_its_prefix(void **state)
{
    struct bytes line = BYTES("kernel_cmdline: ro quiet");

    (void)state;
    is(entry(EV_IPL, line, bytes_of_str("ro quiet")), CCEL_DIGEST_PART);
    is(entry(EV_IPL, line, BYTES("ro quiet")), CCEL_DIGEST_PART);
    is(entry(EV_IPL, line, bytes_of_str("rw quiet")), CCEL_DIGEST_UNDEFINED);
}

/* ---- against another tool's opinion ---- */

static void check_variable(const struct ccel_entry *ev, const json *details)
{
    struct buf value AUTO_CALL(buf_done) = BUF(65536);
    struct ccel_variable v;
    struct err e;

    if (!json_has(details, "variable_data"))
        return;
    need(ccel_variable_parse(ev->data, &v, &e), &e);
    need(json_get_b64(details, "variable_data", &value, &e), &e);
    assert_true(bytes_eq(v.value, buf_bytes(&value)));
    assert_int_equal(v.value.n, jnum(details, "variable_data_length"));
    assert_int_equal(v.name.n, 2 * jnum(details, "unicode_name_length"));
}

static void check_opinion(const struct ccel_entry *ev, const json *want)
{
    struct buf data AUTO_CALL(buf_done) = BUF(65536);
    bool matches = false;
    char hex[97];
    struct err e;

    assert_int_equal(ev->index, jnum(want, "index"));
    assert_string_equal(ccel_type_name(ev->type), jtext(want, "type_name"));
    hex_encode(BYTES(ev->digest), hex);
    assert_string_equal(hex, jtext(json_at(jget(want, "digests"), 0), "digest"));
    need(json_get_b64(want, "event", &data, &e), &e);
    assert_true(bytes_eq(ev->data, buf_bytes(&data)));
    check_variable(ev, jget(want, "details"));
    need(json_get_bool(want, "digest_matches_event", &matches, &e), &e);
    assert_int_equal(ccel_digest_is_of_data(ev), matches);
    /* Ours says what theirs says, but tells "differs" from "not defined". */
    assert_int_equal(ccel_digest_check(ev) == CCEL_DIGEST_MATCHES,
                     matches && !ccel_type_is_image(ev->type));
    assert_int_not_equal(ccel_digest_check(ev), CCEL_DIGEST_DIFFERS);
}

static void compare_opinions(const char *log_name, const char *want_path)
{
    struct bytes text AUTO_CALL(dcap_free) = ccel_vector(log_name);
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    AUTO(json) want = vector_json(want_path);
    const json *list = jget(want, "uefi_event_logs");
    struct err e;

    need(ccel_log_read(text, &log, &e), &e);
    assert_int_equal(log.n, json_len(list));
    for (size_t i = 0; i < log.n; i++)
        check_opinion(&log.entry[i], json_at(list, i));
}

static void another_parser_finds_the_same_events_and_digests(void **state)
{
    (void)state;
    compare_opinions("coco_grub.ccel.bin", DCAP CCEL_VECTORS "coco_grub.expected.json");
    compare_opinions("coco_ovmf.ccel.bin", DCAP CCEL_VECTORS "coco_ovmf.expected.json");
}

/* ---- findings ---- */

static size_t findings_of(struct bytes text, struct ccel_finding ret[static 8])
{
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct err e;

    need(ccel_log_read(text, &log, &e), &e);
    return ccel_log_findings(&log, ret, 8);
}

static void a_duplicate_separator_is_found(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = ccel_vector("gcp_cos113_DUPE_SEPARATOR.ccel.bin");
    struct bytes right AUTO_CALL(dcap_free) = ccel_vector("gcp_cos113.ccel.bin");
    struct ccel_finding f[8];

    (void)state;
    assert_int_equal(findings_of(right, f), 0);
    assert_int_equal(findings_of(text, f), 1);
    assert_int_equal(f[0].fault, CCEL_DUPLICATE_SEPARATOR);
    assert_int_equal(f[0].event, 15);
}

/* Does the log hold against the registers that it gives itself? */
static enum attest_fault verify_itself(struct bytes text, struct err *e)
{
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    enum attest_fault fault = FAULT_INTERNAL;
    struct ccel_replay replay;

    need(ccel_log_read(text, &log, e), e);
    ccel_log_replay(&log, &replay);
    if (ccel_log_verify(&log, replay.rtmr, &fault, e) == ERR_OK)
        return FAULT_NONE;
    assert_memory_equal(e->msg, attest_fault_name(fault), strlen(attest_fault_name(fault)));
    return fault;
}

static void every_real_log_holds_against_its_own_registers(void **state)
{
    static const char *const names[] = {"ccapi.ccel.bin",
                                        "coco_alibaba_aael.ccel.bin",
                                        "coco_gcp.ccel.bin",
                                        "coco_grub.ccel.bin",
                                        "coco_ovmf.ccel.bin",
                                        "gcp_cos113.ccel.bin",
                                        "goeventlog_event_log.ccel.bin"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct bytes text AUTO_CALL(dcap_free) = ccel_vector(names[i]);
        struct err e;

        assert_int_equal(verify_itself(text, &e), FAULT_NONE);
    }
}

/* PCRs 1 and 7 are RTMR0, 2 to 6 are RTMR1: OVMF measures a separator for each of them. */
static void the_separators_of_several_pcrs_in_one_register_are_remarks_alone(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    struct ccel_finding f[8];
    struct err e;

    (void)state;
    make_begin(&text);
    for (uint32_t i = 0; i < 7; i++)
        make_event(&text, i < 2 ? 1 : 2, EV_SEPARATOR, BYTES(((const uint8_t[]){0, 0, 0, 0})));
    assert_int_equal(findings_of(buf_bytes(&text), f), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(ccel_fault_name(f[i].fault), "DUPLICATE_SEPARATOR");
        assert_false(ccel_fault_refuses(f[i].fault));
    }
    assert_int_equal(verify_itself(buf_bytes(&text), &e), FAULT_NONE);
}

/* Forged: one of its separators was moved to another register. */
static void a_log_whose_duplicate_separator_is_forged_gives_other_registers(void **state)
{
    struct bytes quote AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v4_00806f05_gcp_cos113.bin");
    struct bytes text AUTO_CALL(dcap_free) = ccel_vector("gcp_cos113_DUPE_SEPARATOR.ccel.bin");
    enum attest_fault fault;
    struct quote q;
    struct err e;

    (void)state;
    need(quote_parse(quote, &q, NULL, &e), &e);
    assert_int_equal(ccel_verify(text, q.td.rtmr, &fault, &e), ERR_VERIFY);
    assert_int_equal(fault, FAULT_RTMR_MISMATCH);
    assert_string_equal(
        e.msg, "RTMR_MISMATCH: the event log gives RTMR0 RTMR1 of another machine or boot; "
               "DUPLICATE_SEPARATOR: event 16 (RTMR0): not the first EV_SEPARATOR there");
}

static void what_is_no_log_is_refused_by_its_form(void **state)
{
    static const uint8_t zeros[4][48];
    static const char *const texts[] = {"", "nothing of the kind", "[", "{}"};
    enum attest_fault fault;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fault = FAULT_NONE;
        assert_int_equal(ccel_verify(bytes_of_str(texts[i]), zeros, &fault, &e), ERR_INVALID);
        assert_int_equal(fault, FAULT_EVENT_LOG);
    }
}

static void a_description_with_another_digest_does_not_hold(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    uint8_t digest[48] = {1};
    struct err e;

    (void)state;
    make_begin(&text);
    make_record(&text, 2, EV_EFI_ACTION, digest, bytes_of_str("Exit Boot Services Invocation"));
    assert_int_equal(verify_itself(buf_bytes(&text), &e), FAULT_EVENT_DIGEST);
    assert_string_equal(e.msg,
                        "DIGEST_MISMATCH: event 1 (RTMR1): the digest is not of the data that is "
                        "shown");
}

static void a_separator_that_tells_of_an_error_does_not_hold(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    struct err e;

    (void)state;
    make_begin(&text);
    make_event(&text, 1, EV_SEPARATOR, BYTES(((const uint8_t[]){0xff, 0xff, 0xff, 0xff})));
    assert_int_equal(verify_itself(buf_bytes(&text), &e), FAULT_NONE);
    make_event(&text, 2, EV_SEPARATOR, BYTES(((const uint8_t[]){1, 0, 0, 0})));
    assert_int_equal(verify_itself(buf_bytes(&text), &e), FAULT_BAD_SEPARATOR);
    assert_string_equal(attest_fault_name(FAULT_BAD_SEPARATOR), "BAD_SEPARATOR");
}

static void events_of_mrtd_and_bytes_behind_the_end_are_only_noted(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    struct ccel_finding f[8];
    struct err e;

    (void)state;
    make_begin(&text);
    make_text(&text, 0, EV_EFI_ACTION, "x");
    make_text(&text, 0, EV_NO_ACTION, "StartupLocality");
    buf_put_u64le(&text, 0);
    buf_put_u8(&text, 7);
    assert_int_equal(findings_of(buf_bytes(&text), f), 2);
    assert_int_equal(f[0].fault, CCEL_MRTD_EVENT);
    assert_int_equal(f[0].event, 0);
    assert_int_equal(f[1].fault, CCEL_NOT_PADDING);
    assert_int_equal(f[1].event, CCEL_NOT_AN_EVENT);
    assert_false(ccel_fault_refuses(f[1].fault));
    assert_int_equal(verify_itself(buf_bytes(&text), &e), FAULT_NONE);
}

static void a_refusal_behind_any_number_of_remarks_is_found(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    uint8_t digest[48] = {1};
    struct err e;

    (void)state;
    make_begin(&text);
    for (size_t i = 0; i < 300; i++)
        make_text(&text, 0, EV_EFI_ACTION, "x");
    assert_int_equal(verify_itself(buf_bytes(&text), &e), FAULT_NONE);
    make_record(&text, 2, EV_EFI_ACTION, digest, bytes_of_str("x"));
    assert_int_equal(verify_itself(buf_bytes(&text), &e), FAULT_EVENT_DIGEST);
}

static void the_log_of_another_machine_is_refused_with_its_registers(void **state)
{
    struct bytes quote AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v4_00806f05_gcp_cos113.bin");
    struct bytes right AUTO_CALL(dcap_free) = ccel_vector("gcp_cos113.ccel.bin");
    struct bytes wrong AUTO_CALL(dcap_free) = ccel_vector("coco_gcp.ccel.bin");
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct ccel_log other AUTO_CALL(ccel_log_done) = {0};
    struct quote q;
    struct err e;

    (void)state;
    need(quote_parse(quote, &q, NULL, &e), &e);
    need(ccel_log_read(right, &log, &e), &e);
    need(ccel_log_verify(&log, q.td.rtmr, NULL, &e), &e);
    need(ccel_log_read(wrong, &other, &e), &e);
    assert_int_equal(ccel_log_verify(&other, q.td.rtmr, NULL, &e), ERR_VERIFY);
    assert_string_equal(e.msg, "RTMR_MISMATCH: the event log gives RTMR0 RTMR1 RTMR2 of another "
                               "machine or boot");
}

static void one_register_that_differs_is_enough(void **state)
{
    struct ccel_replay replay = {0};
    uint8_t rtmr[CCEL_RTMRS][48] = {0};
    bool same[CCEL_RTMRS];

    (void)state;
    assert_true(ccel_replay_matches(&replay, rtmr, same));
    for (size_t i = 0; i < CCEL_RTMRS; i++) {
        rtmr[i][47] = 1;
        assert_false(ccel_replay_matches(&replay, rtmr, same));
        assert_false(same[i]);
        assert_true(same[(i + 1) % CCEL_RTMRS]);
        rtmr[i][47] = 0;
    }
}

/* ---- the JSON form ---- */

static void dstacks_log_replays_to_all_four_registers_of_its_quote(void **state)
{
    struct bytes quote AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_dstack_verifier.bin");
    struct bytes text AUTO_CALL(dcap_free) = dstack_log();
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct quote q;
    struct err e;

    (void)state;
    need(quote_parse(quote, &q, NULL, &e), &e);
    need(ccel_log_read(text, &log, &e), &e);
    assert_int_equal(log.form, CCEL_FORM_JSON);
    assert_int_equal(log.n, 28);
    need(ccel_log_verify(&log, q.td.rtmr, NULL, &e), &e);
    for (size_t i = 0; i < log.n; i++)
        if (log.entry[i].index == 4)
            is(log.entry[i], CCEL_DIGEST_MATCHES);
}

#define EVENT(digest, name, payload, more)                                                         \
    "[{\"imr\":3,\"event_type\":134217729,\"digest\":\"" digest "\",\"event\":\"" name             \
    "\",\"event_payload\":\"" payload "\"" more "}]"

static void read_json(const char *text, struct ccel_log *ret)
{
    struct err e;

    need(ccel_log_read(bytes_of_str(text), ret, &e), &e);
}

static void assert_digest_of(const struct ccel_entry *ev, const void *preimage, size_t n)
{
    uint8_t digest[48];

    sha384((struct bytes){preimage, n}, digest);
    assert_memory_equal(ev->digest, digest, 48);
    is(*ev, CCEL_DIGEST_MATCHES);
}

static void a_digest_that_was_left_out_is_computed(void **state)
{
    static const char v1[] = "\x01\x00\x00\x08:app-id:\xab\xcd";
    static const char v2[] =
        "{\"name\":\"a\\n\\\"\\u0001\xc3\xa9\",\"payload\":\"abcd\",\"type\":134217729}";
    struct ccel_log one AUTO_CALL(ccel_log_done) = {0};
    struct ccel_log other AUTO_CALL(ccel_log_done) = {0};

    (void)state;
    read_json(EVENT("", "app-id", "abcd", ""), &one);
    assert_digest_of(&one.entry[0], v1, sizeof v1 - 1);
    read_json(" \r\n\t" EVENT("", "a\\n\\\"\\u0001\xc3\xa9", "abcd", ",\"version\":\"v2\""),
              &other);
    assert_true(other.entry[0].v2);
    assert_digest_of(&other.entry[0], v2, sizeof v2 - 1);
}

static void versions_are_read_as_they_have_been_written(void **state)
{
    static const struct {
        const char *text;
        bool v2;
    } cases[] = {
        {EVENT("", "x", "", ",\"version\":1"), false},
        {EVENT("", "x", "", ",\"version\":2"), true},
        {EVENT("", "x", "", ",\"version\":\"v1\",\"preimage\":null"), false},
        {EVENT("", "x", "", ",\"version\":\"V2\""), true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ccel_log log AUTO_CALL(ccel_log_done) = {0};

        read_json(cases[i].text, &log);
        assert_int_equal(log.entry[0].v2, cases[i].v2);
    }
}

static void a_name_with_a_colon_is_ambiguous_under_version_1_alone(void **state)
{
    struct ccel_log old AUTO_CALL(ccel_log_done) = {0};
    struct ccel_log new AUTO_CALL(ccel_log_done) = {0};
    struct ccel_finding f[8];

    (void)state;
    read_json(EVENT("", "a:b", "", ""), &old);
    assert_int_equal(ccel_log_findings(&old, f, 8), 1);
    assert_int_equal(f[0].fault, CCEL_AMBIGUOUS_NAME);
    assert_true(ccel_fault_refuses(f[0].fault));
    read_json(EVENT("", "a:b", "", ",\"version\":2"), &new);
    assert_int_equal(ccel_log_findings(&new, f, 8), 0);
}

static void a_dstack_event_with_another_digest_differs(void **state)
{
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    struct err e;

    (void)state;
    buf_put_str(&text, "[{\"imr\":3,\"event_type\":134217729,\"digest\":\"");
    for (size_t i = 0; i < 48; i++)
        buf_put_str(&text, "5a");
    buf_put_str(&text, "\",\"event\":\"x\",\"event_payload\":\"\"}]");
    need(ccel_log_read(buf_bytes(&text), &log, &e), &e);
    is(log.entry[0], CCEL_DIGEST_DIFFERS);
}

static void data_that_was_left_out_is_not_judged(void **state)
{
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    struct ccel_finding f[8];
    struct err e;

    (void)state;
    buf_put_str(&text, "[{\"imr\":0,\"event_type\":4,\"digest\":\"");
    for (size_t i = 0; i < 48; i++)
        buf_put_str(&text, "5a");
    buf_put_str(&text, "\",\"event\":\"\",\"event_payload\":\"\"}]");
    need(ccel_log_read(buf_bytes(&text), &log, &e), &e);
    is(log.entry[0], CCEL_DIGEST_UNDEFINED);
    assert_int_equal(ccel_log_findings(&log, f, 8), 0);
}

static void json_that_is_no_log_is_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"[1]", "event 1"},
        {"[{}]", "imr"},
        {"[", "event log"},
        {"[{\"imr\":4,\"event_type\":4,\"digest\":\"\",\"event\":\"\",\"event_payload\":\"\"}]",
         "imr"},
        {"[{\"imr\":1,\"event_type\":4,\"digest\":\"\",\"event\":\"\",\"event_payload\":\"\"}]",
         "nothing to compute it from"},
        {EVENT("00", "x", "", ""), "digest"},
        {EVENT("", "x", "abc", ""), "event_payload"},
        {EVENT("", "x", "", ",\"version\":3"), "version"},
        {EVENT("", "x", "", ",\"version\":0"), "version"},
        {EVENT("", "x", "", ",\"version\":\"three\""), "version"},
        {EVENT("", "x", "", ",\"colour\":1"), "colour"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
        struct err e = {0};

        assert_int_equal(ccel_log_read(bytes_of_str(cases[i].text), &log, &e), ERR_INVALID);
        if (!strstr(e.msg, cases[i].why))
            fail_msg("found \"%s\", expected \"%s\"", e.msg, cases[i].why);
        assert_null(log.entry);
    }
}

static void an_object_is_no_array_of_events(void **state)
{
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct err e;

    (void)state;
    assert_int_equal(ccel_log_from_json(bytes_of_str("{}"), &log, &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, "no array of events"));
}

static void more_than_4096_events_are_refused(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct err e;

    (void)state;
    buf_put_str(&text, "[0");
    for (size_t i = 0; i < 4096; i++)
        buf_put_str(&text, ",0");
    buf_put_str(&text, "]");
    assert_int_equal(ccel_log_read(buf_bytes(&text), &log, &e), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_that_define_it_must_have_the_digest_of_their_data),
        cmocka_unit_test(an_image_is_never_proved_by_its_description),
        cmocka_unit_test(other_types_match_when_they_do_and_never_differ),
        cmocka_unit_test(a_boot_variable_may_be_proved_by_its_value_alone),
        cmocka_unit_test(what_a_bootloader_ran_is_proved_behind_its_prefix),
        cmocka_unit_test(another_parser_finds_the_same_events_and_digests),
        cmocka_unit_test(a_duplicate_separator_is_found),
        cmocka_unit_test(every_real_log_holds_against_its_own_registers),
        cmocka_unit_test(the_separators_of_several_pcrs_in_one_register_are_remarks_alone),
        cmocka_unit_test(a_log_whose_duplicate_separator_is_forged_gives_other_registers),
        cmocka_unit_test(what_is_no_log_is_refused_by_its_form),
        cmocka_unit_test(a_description_with_another_digest_does_not_hold),
        cmocka_unit_test(a_separator_that_tells_of_an_error_does_not_hold),
        cmocka_unit_test(events_of_mrtd_and_bytes_behind_the_end_are_only_noted),
        cmocka_unit_test(a_refusal_behind_any_number_of_remarks_is_found),
        cmocka_unit_test(the_log_of_another_machine_is_refused_with_its_registers),
        cmocka_unit_test(one_register_that_differs_is_enough),
        cmocka_unit_test(dstacks_log_replays_to_all_four_registers_of_its_quote),
        cmocka_unit_test(a_digest_that_was_left_out_is_computed),
        cmocka_unit_test(versions_are_read_as_they_have_been_written),
        cmocka_unit_test(a_name_with_a_colon_is_ambiguous_under_version_1_alone),
        cmocka_unit_test(a_dstack_event_with_another_digest_differs),
        cmocka_unit_test(data_that_was_left_out_is_not_judged),
        cmocka_unit_test(json_that_is_no_log_is_refused),
        cmocka_unit_test(an_object_is_no_array_of_events),
        cmocka_unit_test(more_than_4096_events_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
