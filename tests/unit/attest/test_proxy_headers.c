/* proxy_headers: two headers become measurements, or nothing does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "attest/proxy_headers.h"
#include "base/codec.h"

static const struct addr vector_contract = {{0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                             0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                             0x11, 0x11, 0x11, 0x11, 0x11, 0x11}};

/* A JSON object of `"index":"byte repeated n times"`, put together piece by piece. */
static char text[8192];

static void begin(void)
{
    snprintf(text, sizeof text, "{");
}

static void member(const char *index, uint8_t byte, size_t n)
{
    size_t at = strlen(text);

    at += (size_t)snprintf(text + at, sizeof text - at, "%s\"%s\":\"", at > 1 ? "," : "", index);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%02x", byte);
    snprintf(text + at, sizeof text - at, "\"");
}

/* The vectors' PCRs are numbers of 32 bytes. */
static void number(const char *index, unsigned value)
{
    size_t at = strlen(text);

    snprintf(text + at, sizeof text - at, "%s\"%s\":\"%064x\"", at > 1 ? "," : "", index, value);
}

static const char *end(void)
{
    size_t at = strlen(text);

    snprintf(text + at, sizeof text - at, "}");
    return text;
}

static enum err_code read(const char *type, const char *measurement, struct measurements *ret)
{
    struct err e;

    return proxy_headers_read(bytes_of_str(type), bytes_of_str(measurement), ret, &e);
}

/* Refused, and nothing is written. */
static void assert_refused(const char *type, const char *measurement)
{
    struct measurements m, before;

    memset(&m, 0x77, sizeof m);
    before = m;
    assert_int_equal(read(type, measurement, &m), ERR_INVALID);
    assert_memory_equal(&m, &before, sizeof m);
}

static void tdx_but(const char *left_out)
{
    static const char *const indexes[] = {"0", "1", "2", "3", "4"};
    static const uint8_t bytes[] = {0x0d, 0xa0, 0xa1, 0xa2, 0xa3};

    begin();
    for (size_t i = 0; i < 5; i++)
        if (strcmp(indexes[i], left_out) != 0)
            member(indexes[i], bytes[i], 48);
}

static void azure_but(const char *left_out)
{
    static const char *const indexes[] = {"4", "9", "11"};
    static const unsigned values[] = {5, 10, 12};

    begin();
    for (size_t i = 0; i < 3; i++)
        if (strcmp(indexes[i], left_out) != 0)
            number(indexes[i], values[i]);
}

static void assert_identity(const struct measurements *m, const char *hex)
{
    struct hash32 id, want;
    struct err e;

    identity_v1(m, &vector_contract, &id);
    assert_int_equal(hash32_parse(bytes_of_str(hex), &want, &e), ERR_OK);
    assert_memory_equal(id.b, want.b, sizeof id.b);
}

static void the_headers_of_a_tdx_peer_give_the_references_identity(void **state)
{
    struct measurements m;

    (void)state;
    tdx_but("");
    assert_int_equal(read("qemu-tdx", end(), &m), ERR_OK);
    assert_int_equal(m.kind, TEE_TDX);
    assert_int_equal(m.mrtd[47], 0x0d);
    assert_int_equal(m.rtmr[3][0], 0xa3);
    assert_string_equal(proxy_headers_type(&m), "qemu-tdx");
    assert_identity(&m, "8c23e5883afea37dc066a79757b4fe5a2484500fc35d94d3b80684d05f604dac");
}

static void the_headers_of_an_azure_peer_give_the_references_identity(void **state)
{
    struct measurements m;

    (void)state;
    azure_but("");
    member("23", 0x23, 32);
    assert_int_equal(read("azure-tdx", end(), &m), ERR_OK);
    assert_int_equal(m.kind, TEE_AZURE_TDX);
    assert_int_equal(m.pcr[23][31], 0x23);
    assert_int_equal(m.pcr[0][0], 0);
    assert_string_equal(proxy_headers_type(&m), "azure-tdx");
    assert_identity(&m, "ef72e8f78ee6c373c172c32fdcdb93898c8442b9b8bffaf5f65d834dacc1c995");
}

static void another_type_is_refused(void **state)
{
    static const char *const types[] = {"",          "dcap-tdx",     "dummy",
                                        "QEMU-TDX",  "qemu-tdx ",    "qemu-tdx,azure-tdx",
                                        "azure-tdy", "azure-tdx-v2", "none"};

    (void)state;
    tdx_but("");
    end();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_refused(types[i], text);
}

static void the_command_lines_name_of_a_type_is_told_apart(void **state)
{
    struct measurements m;
    struct err e;

    (void)state;
    assert_int_equal(proxy_headers_read(bytes_of_str("dcap-tdx"), bytes_of_str("{}"), &m, &e),
                     ERR_INVALID);
    assert_non_null(strstr(e.msg, "qemu-tdx"));
}

static void a_tdx_peer_needs_all_five(void **state)
{
    static const char *const indexes[] = {"0", "1", "2", "3", "4"};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        tdx_but(indexes[i]);
        assert_refused("qemu-tdx", end());
    }
}

static void an_azure_peer_needs_pcrs_4_9_and_11(void **state)
{
    static const char *const indexes[] = {"4", "9", "11"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        azure_but(indexes[i]);
        assert_refused("azure-tdx", end());
    }
}

static void an_unknown_index_is_refused(void **state)
{
    static const char *const unknown[] = {"5", "7", "00", "01", "+1", "-1", "1 ", "", "mrtd", "24"};
    static const char *const pcrs[] = {"24", "04", "009", "-1", "4294967300", "pcr4", "0x4"};

    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        tdx_but("");
        member(unknown[i], 1, 48);
        assert_refused("qemu-tdx", end());
    }
    for (size_t i = 0; i < sizeof pcrs / sizeof *pcrs; i++) {
        azure_but("");
        member(pcrs[i], 1, 32);
        assert_refused("azure-tdx", end());
    }
}

static void an_index_sent_twice_is_refused(void **state)
{
    (void)state;
    tdx_but("");
    member("1", 0xa0, 48);
    assert_refused("qemu-tdx", end());
    azure_but("");
    number("4", 5);
    assert_refused("azure-tdx", end());
}

static void values_have_their_exact_length(void **state)
{
    static const size_t lengths[] = {0, 16, 32, 47, 49, 64};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        tdx_but("1");
        member("1", 1, lengths[i]);
        assert_refused("qemu-tdx", end());
        if (lengths[i] == 32)
            continue;
        azure_but("4");
        member("4", 1, lengths[i]);
        assert_refused("azure-tdx", end());
    }
}

static void values_are_lower_case_hex_strings(void **state)
{
    static const char *const to[] = {"A", "g", " ", "x"};

    (void)state;
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        tdx_but("");
        end();
        *strstr(text, "a0a0") = to[i][0];
        assert_refused("qemu-tdx", text);
    }
    assert_refused("azure-tdx", "{\"4\":5,\"9\":10,\"11\":12}");
    assert_refused("azure-tdx", "{\"4\":null,\"9\":null,\"11\":null}");
}

/* A list that allows "a firmware that an Azure proxy vouches for" must not let TDs in. */
static void an_mrtd_of_zeros_is_refused(void **state)
{
    (void)state;
    tdx_but("0");
    member("0", 0, 48);
    assert_refused("qemu-tdx", end());
}

static void measurements_of_one_kind_are_not_those_of_the_other(void **state)
{
    (void)state;
    tdx_but("");
    assert_refused("azure-tdx", end());
    azure_but("");
    assert_refused("qemu-tdx", end());
}

static void what_is_no_object_is_refused(void **state)
{
    static const char *const texts[] = {"", "[]", "null", "\"0\"", "{", "{}", "{} {}", "{}x"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_refused("qemu-tdx", texts[i]);
}

static void a_header_that_is_too_long_is_refused(void **state)
{
    struct measurements m;

    (void)state;
    tdx_but("");
    end();
    memset(text + strlen(text), ' ', PROXY_MEASUREMENT_MAX);
    text[PROXY_MEASUREMENT_MAX] = 0;
    assert_int_equal(read("qemu-tdx", text, &m), ERR_OK);
    text[PROXY_MEASUREMENT_MAX] = ' ';
    text[PROXY_MEASUREMENT_MAX + 1] = 0;
    assert_int_equal(read("qemu-tdx", text, &m), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headers_of_a_tdx_peer_give_the_references_identity),
        cmocka_unit_test(the_headers_of_an_azure_peer_give_the_references_identity),
        cmocka_unit_test(another_type_is_refused),
        cmocka_unit_test(the_command_lines_name_of_a_type_is_told_apart),
        cmocka_unit_test(a_tdx_peer_needs_all_five),
        cmocka_unit_test(an_azure_peer_needs_pcrs_4_9_and_11),
        cmocka_unit_test(an_unknown_index_is_refused),
        cmocka_unit_test(an_index_sent_twice_is_refused),
        cmocka_unit_test(values_have_their_exact_length),
        cmocka_unit_test(values_are_lower_case_hex_strings),
        cmocka_unit_test(an_mrtd_of_zeros_is_refused),
        cmocka_unit_test(measurements_of_one_kind_are_not_those_of_the_other),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(a_header_that_is_too_long_is_refused),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
