/* ccel_text, ccel_path, ccel_listing: what people read is right, bounded, and harmless to a
 * terminal.
 */
#include "support/ccel_make.h"
#include "attest/ccel_listing.h"
#include "attest/ccel_path.h"
#include "attest/ccel_text.h"

static void says(const struct ccel_entry *ev, const char *want)
{
    struct buf text AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);

    ccel_describe(ev, &text);
    assert_string_equal(buf_cstr(&text), want);
}

static void data_says(uint32_t type, struct bytes data, const char *want)
{
    says(&(struct ccel_entry){.index = 1, .type = type, .data = data}, want);
}
#define DATA_SAYS(type, literal, want)                                                             \
    data_says(type, (struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1}, want)

/* ---- against another tool's description ---- */

static void contains(const char *text, const char *part)
{
    if (!strcasestr(text, part))
        fail_msg("found \"%s\", expected \"%s\" in it", text, part);
}

static void check_path(const char *text, const json *paths)
{
    for (size_t i = 0; i < json_len(paths); i++) {
        const char *node = json_str(json_at(paths, i));

        if (strncmp(node, "File(", 5) == 0) {
            char name[256];

            snprintf(name, sizeof name, "%.*s", (int)strlen(node) - 6, node + 5);
            contains(text, name);
        } else if (strncmp(node, "HD(", 3) == 0) {
            contains(text, node);
        }
    }
}

static void check_variable(const json *found, const json *want)
{
    const json *v = jget(found, "variable");
    char digits[33] = {0}, theirs[33] = {0};
    size_t n = 0;

    assert_string_equal(jtext(v, "name"), jtext(want, "unicode_name"));
    assert_int_equal(jnum(v, "value_bytes"), jnum(want, "variable_data_length"));
    for (const char *p = jtext(want, "variable_name"); *p; p++)
        if (*p != '-')
            theirs[n++] = *p;
    n = 0;
    for (const char *p = jtext(v, "guid"); *p; p++)
        if (*p != '-')
            digits[n++] = *p;
    /* They print the bytes in their order; the first three groups are little endian. */
    for (size_t i = 0; i < 8; i += 2)
        assert_memory_equal(digits + i, theirs + 6 - i, 2);
    assert_memory_equal(digits + 8, theirs + 10, 2);
    assert_memory_equal(digits + 12, theirs + 14, 2);
    assert_memory_equal(digits + 16, theirs + 16, 16);
}

static void check_details(const json *found, const json *want)
{
    const json *details = jget(want, "details");
    bool matches = false, ours = true;
    struct err e;

    assert_string_equal(jtext(found, "type"), jtext(want, "type_name"));
    need(json_get_bool(want, "digest_matches_event", &matches, &e), &e);
    need(json_get_bool(found, "digest_matches_event", &ours, &e), &e);
    assert_int_equal(ours, matches);
    if (json_has(details, "string"))
        contains(jtext(found, "description"), jtext(details, "string"));
    if (json_has(details, "device_paths"))
        check_path(jtext(found, "description"), jget(details, "device_paths"));
    if (json_has(details, "unicode_name"))
        check_variable(found, details);
}

static void compare_details(const char *log_name, const char *want_path)
{
    struct bytes text AUTO_CALL(dcap_free) = ccel_vector(log_name);
    AUTO(json) want = vector_json(want_path);
    AUTO(json) found = NULL;
    const json *theirs = jget(want, "uefi_event_logs"), *ours;
    struct err e;

    need(ccel_listing(text, &found, &e), &e);
    ours = jget(found, "events");
    assert_int_equal(json_len(ours), json_len(theirs));
    for (size_t i = 0; i < json_len(ours); i++)
        check_details(json_at(ours, i), json_at(theirs, i));
}

static void another_parser_reads_the_same_names_paths_and_strings(void **state)
{
    (void)state;
    compare_details("coco_grub.ccel.bin", DCAP CCEL_VECTORS "coco_grub.expected.json");
    compare_details("coco_ovmf.ccel.bin", DCAP CCEL_VECTORS "coco_ovmf.expected.json");
}

/* ---- descriptions ---- */

#define GUID   "\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c"
#define G_TEXT "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define U64(c) c "\0\0\0\0\0\0\0"
#define U32(c) c "\0\0\0"

static void variables_are_named_and_valued(void **state)
{
    (void)state;
    DATA_SAYS(EV_EFI_VARIABLE_DRIVER_CONFIG,
              GUID U64("\x02") U64("\x01") "P\0K\0"
                                           "\x01",
              "PK {" G_TEXT "} = 01");
    DATA_SAYS(EV_EFI_VARIABLE_DRIVER_CONFIG, GUID U64("\x02") U64("\0") "P\0K\0",
              "PK {" G_TEXT "} = (empty)");
    DATA_SAYS(EV_EFI_VARIABLE_BOOT,
              GUID U64("\x09") U64("\x04") "B\0o\0o\0t\0O\0r\0d\0e\0r\0"
                                           "\x01\x00\x0a\x00",
              "BootOrder {" G_TEXT "} = 0001,000A");
    DATA_SAYS(EV_EFI_VARIABLE_BOOT,
              GUID U64("\x08") U64("\x10") "B\0o\0o\0t\0"
                                           "0\0"
                                           "0\0"
                                           "0\0"
                                           "A\0" U32("\x01") "\x04\0"
                                                             "H\0i\0\0\0"
                                                             "\x7f\xff\x04\0",
              "Boot000A {" G_TEXT "} = \"Hi\" ");
    DATA_SAYS(EV_EFI_VARIABLE_BOOT,
              GUID U64("\x08") U64("\x02") "B\0o\0o\0t\0"
                                           "0\0"
                                           "0\0"
                                           "0\0"
                                           "A\0"
                                           "\xff\x01",
              "Boot000A {" G_TEXT "} = ff01");
    DATA_SAYS(EV_EFI_VARIABLE_AUTHORITY,
              GUID U64("\x01") U64("\x05") "x\0"
                                           "sbat,",
              "x {" G_TEXT "} = sbat,");
    DATA_SAYS(EV_EFI_VARIABLE_AUTHORITY, "no variable", "no variable");
}

static void events_are_described_by_their_type(void **state)
{
    (void)state;
    DATA_SAYS(EV_SEPARATOR, U32("\0"), "00000000");
    DATA_SAYS(EV_EFI_ACTION, "Exit Boot Services Invocation", "Exit Boot Services Invocation");
    DATA_SAYS(EV_IPL, "MokList\0garbage", "MokList");
    DATA_SAYS(0x0000000a, "k\0e\0r\0\0\0", "ker");
    DATA_SAYS(0x00001234, "\x01\x02", "0102");
    DATA_SAYS(0x00001234, "", "");
    DATA_SAYS(EV_EVENT_TAG, U32("\x07") U32("\x04") "abc\0", "tag 00000007: abc");
    DATA_SAYS(EV_EVENT_TAG, "abc", "abc");
    DATA_SAYS(EV_EFI_HANDOFF_TABLES2,
              "\x04"
              "Tdx\0" U64("\x02"),
              "Tdx, 2 tables");
    DATA_SAYS(EV_EFI_PLATFORM_FIRMWARE_BLOB2,
              "\x02"
              "Fv" U64("\x10") U64("\x20"),
              "Fv at 0x10, 32 bytes");
    DATA_SAYS(EV_EFI_PLATFORM_FIRMWARE_BLOB2, "\xff", "ff");
    DATA_SAYS(EV_EFI_BOOT_SERVICES_DRIVER, U64("\1") U64("\x09") U64("\0") U64("\0"),
              "image without a path, 9 bytes");
    DATA_SAYS(EV_EFI_BOOT_SERVICES_APPLICATION,
              U64("\1") U64("\x09") U64("\0") U64("\x0a") "\x04\x04\x06\0a\0"
                                                          "\x7f\xff\x04\0",
              "image a, 9 bytes");
    DATA_SAYS(EV_EFI_BOOT_SERVICES_APPLICATION, "short", "short");
    DATA_SAYS(EV_EFI_GPT_EVENT, "short", "short");
}

static void a_disk_is_listed_with_its_partitions(void **state)
{
    uint8_t data[92 + 8 + 128] = {[92] = 1, [100 + 56] = 'E', [100 + 58] = 'S'};

    (void)state;
    memcpy(data + 56, GUID, 16);
    data_says(EV_EFI_GPT_EVENT, BYTES(data), "disk " G_TEXT ", 1 partition: \"ES\"");
    data[92] = 2;
    data_says(EV_EFI_GPT_EVENT, BYTES(data),
              "00000000000000000000000000000000000000000000000000000"
              "00000000000...");
}

static void dstacks_events_and_labels_are_shown(void **state)
{
    struct ccel_entry ev = {.index = 4, .type = EV_DSTACK_RUNTIME, .name = bytes_of_str("app-id")};

    (void)state;
    says(&ev, "dstack event \"app-id\" = (empty)");
    ev.data = bytes_of_str("text");
    says(&ev, "dstack event \"app-id\" = text");
    ev.data = bytes_of_str("\x01\x02");
    says(&ev, "dstack event \"app-id\" = 0102");
    ev = (struct ccel_entry){
        .index = 1, .type = 10, .name = bytes_of_str("acpi-rsdp"), .no_data = true};
    says(&ev, "acpi-rsdp: (left out)");
}

static void nothing_that_steers_a_terminal_gets_through(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    ccel_put_utf8(&text,
                  bytes_of_str("a\x1b[31m\x7f\xc2\x9b\xe2\x80\xae\xc3\xa9\xff\xf0\x9f\x98\x80"
                               "\xe2\x82\xac"));
    assert_string_equal(buf_cstr(&text),
                        "a\\x1b[31m\\x7f\\x9b\\u{202e}\xc3\xa9\\xff\xf0\x9f\x98\x80"
                        "\xe2\x82\xac");
    buf_clear(&text);
    ccel_put_utf16(&text,
                   (struct bytes){(const uint8_t *)"\x1b\0\x3d\xd8\0\xde\x3d\xd8x\0\xac\x20", 12});
    assert_string_equal(buf_cstr(&text), "\\x1b\xf0\x9f\x98\x80\\u{d83d}x\xe2\x82\xac");
}

static void long_text_is_cut(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    uint8_t data[3 * CCEL_TEXT_MAX];

    (void)state;
    memset(data, 'x', sizeof data);
    ccel_put_utf8(&text, BYTES(data));
    assert_int_equal(text.n, CCEL_TEXT_MAX + 3);
    buf_clear(&text);
    for (size_t i = 1; i < sizeof data; i += 2)
        data[i] = 0;
    ccel_put_utf16(&text, BYTES(data));
    assert_int_equal(text.n, CCEL_TEXT_MAX / 2 + 3);
}

static void path_says(const char *bytes, size_t n, const char *want)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    ccel_put_path(&text, (struct bytes){(const uint8_t *)bytes, n});
    assert_string_equal(buf_cstr(&text), want);
}
#define PATH_SAYS(literal, want) path_says(literal, sizeof(literal) - 1, want)

static void every_node_of_a_path_has_its_text(void **state)
{
    (void)state;
    PATH_SAYS("\x02\x01\x0c\0\xd0\x41\x03\x0a" U32("\0") "\x01\x01\x06\0\x02\x1f\x7f\xff\x04\0",
              "PciRoot(0x0)/Pci(0x1f,0x2)");
    PATH_SAYS("\x02\x01\x0c\0\xd0\x41\x08\x0a" U32("\x01"), "PcieRoot(0x1)");
    PATH_SAYS("\x02\x01\x0c\0\xd0\x41\x01\x05" U32("\x01"), "Acpi(PNP0501,0x1)");
    PATH_SAYS("\x02\x01\x0c\0\x01\x02\x03\x04" U32("\x01"), "Acpi(0x04030201,0x1)");
    PATH_SAYS("\x01\x04\x14\0" GUID, "VenHw(" G_TEXT ")");
    PATH_SAYS("\x03\x02\x08\0\x01\0\x02\0", "Scsi(0x1,0x2)");
    PATH_SAYS("\x03\x05\x06\0\x01\x02", "USB(0x1,0x2)");
    PATH_SAYS("\x03\x0a\x14\0" GUID, "VenMsg(" G_TEXT ")");
    PATH_SAYS("\x03\x0b\x0a\0\x01\x02\x03\x04\x05\x06", "MAC(010203040506)");
    PATH_SAYS("\x03\x12\x0a\0\x01\0\x02\0\x03\0", "Sata(0x1,0x2,0x3)");
    PATH_SAYS("\x03\x17\x10\0" U32("\x01") U64("\x09"), "NVMe(0x1,0900000000000000)");
    PATH_SAYS("\x04\x03\x14\0" GUID, "VenMedia(" G_TEXT ")");
    PATH_SAYS("\x04\x06\x14\0" GUID, "FvFile(" G_TEXT ")");
    PATH_SAYS("\x04\x07\x14\0" GUID, "Fv(" G_TEXT ")");
    PATH_SAYS("\x04\x01\x2a\0" U32("\x0f") U64("\x10") U64("\x20") GUID "\x02\x02",
              "HD(15,GPT," G_TEXT ",0x10,0x20)");
    PATH_SAYS("\x04\x01\x2a\0" U32("\x01") U64("\x10") U64("\x20") GUID "\x01\x01",
              "HD(1,MBR,61dfe48b...,0x10,0x20)");
    PATH_SAYS("\x04\x04\x06\0a\0\x7f\x01\x04\0\x04\x04\x06\0b\0", "a,/b");
    PATH_SAYS("\x05\x09\x06\0\x01\x02", "Path(5,9,0102)");
    PATH_SAYS("\x01\x01\x05\0\x01", "Path(1,1,01)");
}

static void a_path_that_lies_is_cut(void **state)
{
    char many[4 * 40];

    (void)state;
    PATH_SAYS("", "");
    PATH_SAYS("\x04\x04\x03\0", "...");
    PATH_SAYS("\x04\x04\x06\0a\0\x04\x04\xff\xff", "a/...");
    for (size_t i = 0; i < 40; i++)
        memcpy(many + 4 * i, "\x05\x05\x04\0", 4);

    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    ccel_put_path(&text, BYTES(many));
    assert_string_equal(buf_cstr(&text) + text.n - 4, "/...");
}

/* ---- listings ---- */

static void the_listing_of_a_log_has_its_replay_and_its_findings(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = ccel_vector("gcp_cos113_DUPE_SEPARATOR.ccel.bin");
    AUTO(json) all = vector_json(DCAP CCEL_VECTORS "expected.json");
    AUTO(json) found = NULL;
    const json *want, *finding;
    struct err e;

    (void)state;
    need(ccel_listing(text, &found, &e), &e);
    want = jget(all, "gcp_cos113_DUPE_SEPARATOR.ccel.bin");
    assert_string_equal(jtext(found, "form"), "tcg");
    assert_int_equal(jnum(found, "end_offset"), 18101);
    assert_int_equal(json_len(jget(found, "events")), 43);
    assert_string_equal(jtext(found, "rtmr0"), json_str(json_at(jget(want, "rtmr"), 0)));
    assert_int_equal(jnum(jget(found, "extends"), "rtmr0"), 17);
    assert_int_equal(jnum(found, "mrtd_events"), 0);
    finding = json_at(jget(found, "findings"), 0);
    assert_string_equal(jtext(finding, "code"), "DUPLICATE_SEPARATOR");
    assert_int_equal(jnum(finding, "event"), 16);
}

static void the_listing_notes_what_belongs_to_no_event(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    AUTO(json) found = NULL;
    const json *finding;
    bool refuses = true;
    struct err e;

    (void)state;
    make_begin(&text);
    buf_put_u64le(&text, 0);
    buf_put_u8(&text, 1);
    need(ccel_listing(buf_bytes(&text), &found, &e), &e);
    finding = json_at(jget(found, "findings"), 0);
    assert_string_equal(jtext(finding, "code"), "NOT_PADDING");
    assert_true(json_is_null(jget(finding, "event")));
    need(json_get_bool(finding, "refuses", &refuses, &e), &e);
    assert_false(refuses);
}

static void the_lines_of_a_log_are_one_an_event(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = dstack_log();
    struct ccel_log log AUTO_CALL(ccel_log_done) = {0};
    struct buf lines AUTO_CALL(buf_done) = BUF(65536);
    AUTO(json) found = NULL;
    size_t n = 0;
    struct err e;

    (void)state;
    need(ccel_log_read(text, &log, &e), &e);
    ccel_log_lines(&log, &lines);
    for (const char *p = buf_cstr(&lines); *p; p++)
        n += *p == '\n';
    assert_int_equal(n, 28);
    assert_non_null(
        strstr(buf_cstr(&lines), "    8  RTMR0  EV_SEPARATOR  00000000  [digest matches]\n"));
    need(ccel_log_listing(&log, &found, &e), &e);
    assert_string_equal(jtext(found, "form"), "json");
}

static void a_type_without_a_name_is_its_number(void **state)
{
    struct buf text AUTO_CALL(buf_done) = BUF(64);

    (void)state;
    ccel_put_type(&text, 0x1234);
    assert_string_equal(buf_cstr(&text), "0x00001234");
    assert_string_equal(ccel_register_name(5), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_parser_reads_the_same_names_paths_and_strings),
        cmocka_unit_test(variables_are_named_and_valued),
        cmocka_unit_test(events_are_described_by_their_type),
        cmocka_unit_test(a_disk_is_listed_with_its_partitions),
        cmocka_unit_test(dstacks_events_and_labels_are_shown),
        cmocka_unit_test(nothing_that_steers_a_terminal_gets_through),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(every_node_of_a_path_has_its_text),
        cmocka_unit_test(a_path_that_lies_is_cut),
        cmocka_unit_test(the_listing_of_a_log_has_its_replay_and_its_findings),
        cmocka_unit_test(the_listing_notes_what_belongs_to_no_event),
        cmocka_unit_test(the_lines_of_a_log_are_one_an_event),
        cmocka_unit_test(a_type_without_a_name_is_its_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
