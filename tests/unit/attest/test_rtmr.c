/* rtmr and event_log_file: one extend of RTMR3 and no other; what is read of this machine. */
#include "support/dcap.h"
#include "support/json_vectors.h"
#include <sys/stat.h>
#include <unistd.h>
#include "attest/ccel_check.h"
#include "attest/ccel_text.h"
#include "attest/event_log_file.h"
#include "attest/evidence.h"
#include "attest/rtmr.h"
#include "crypto/digest.h"

/* ---- a register that extends ---- */

struct fake {
    uint8_t rtmr3[RTMR_LEN];
    size_t length; /* of what is read; 0: 48 */
    unsigned writes;
    bool no_read, no_write, deaf; /* deaf: a write changes nothing */
};

static enum err_code fake_read(void *self, const char *name, struct buf *ret, struct err *e)
{
    const struct fake *f = self;
    uint8_t other[RTMR_LEN];

    if (f->no_read)
        return err_set(e, ERR_IO, "%s: no", name);
    memset(other, name[0] == 'm' ? 0xdd : name[4], sizeof other);
    buf_put(ret, (struct bytes){strncmp(name, "rtmr3", 5) == 0 ? f->rtmr3 : other,
                                f->length ? f->length : RTMR_LEN});
    return buf_check(ret, e);
}

static enum err_code fake_write(void *self, const char *name, struct bytes data, struct err *e)
{
    struct fake *f = self;
    uint8_t both[2 * RTMR_LEN];

    assert_string_equal(name, "rtmr3:sha384");
    assert_int_equal(data.n, RTMR_LEN);
    f->writes++;
    if (f->no_write)
        return err_set(e, ERR_IO, "%s: no", name);
    memcpy(both, f->rtmr3, RTMR_LEN);
    memcpy(both + RTMR_LEN, data.p, RTMR_LEN);
    if (!f->deaf)
        sha384(BYTES(both), f->rtmr3);
    return ERR_OK;
}

static const struct hash32 config = {{0x42}};

static enum err_code measure(struct fake *f, struct err *e)
{
    const struct rtmr_files files = {fake_read, fake_write, f};

    return rtmr3_measure(&files, &config, e);
}

/* ---- */

static void the_values_are_those_of_the_specification(void **state)
{
    json_t *root = jv_load("tests/vectors/rtmr3.json");
    const json_t *cases = jv_get(root, "cases");

    (void)state;
    assert_true(json_array_size(cases) >= 3);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        struct bytes hash = jv_unhex(jv_str(c, "config_hash"));
        struct bytes digest = jv_unhex(jv_str(c, "digest")), rtmr3 = jv_unhex(jv_str(c, "rtmr3"));
        uint8_t got[RTMR_LEN];
        struct hash32 h;

        memcpy(h.b, hash.p, 32);
        rtmr3_digest(&h, got);
        assert_true(bytes_eq(BYTES(got), digest));
        rtmr3_expected(&h, got);
        assert_true(bytes_eq(BYTES(got), rtmr3));
        free((void *)(uintptr_t)hash.p);
        free((void *)(uintptr_t)digest.p);
        free((void *)(uintptr_t)rtmr3.p);
    }
    json_decref(root);
}

static void a_zero_register_is_extended_once(void **state)
{
    struct fake f = {0};
    uint8_t expected[RTMR_LEN];
    struct err e;

    (void)state;
    need(measure(&f, &e), &e);
    rtmr3_expected(&config, expected);
    assert_memory_equal(f.rtmr3, expected, RTMR_LEN);
    assert_int_equal(f.writes, 1);
}

static void a_register_that_is_as_expected_is_left_alone(void **state)
{
    struct fake f = {0};
    struct err e;

    (void)state;
    rtmr3_expected(&config, f.rtmr3);
    need(measure(&f, &e), &e);
    assert_int_equal(f.writes, 0);
}

static void a_register_that_somebody_else_extended_stops_it(void **state)
{
    struct fake one_byte = {.rtmr3[47] = 1}, twice = {0}, other = {0};
    const struct hash32 another = {{0x43}};
    struct err e;

    (void)state;
    assert_int_equal(measure(&one_byte, &e), ERR_DENIED);
    assert_non_null(strstr(e.msg, "found 000000"));
    need(measure(&twice, &e), &e);
    fake_write(&twice, "rtmr3:sha384", BYTES(one_byte.rtmr3), &e);
    assert_int_equal(measure(&twice, &e), ERR_DENIED);
    rtmr3_expected(&another, other.rtmr3);
    assert_int_equal(measure(&other, &e), ERR_DENIED);
    assert_int_equal(one_byte.writes + other.writes, 0);
    assert_int_equal(twice.writes, 2); /* the second was ours here */
}

static void an_extend_that_did_not_happen_is_found_out(void **state)
{
    struct fake f = {.deaf = true};
    struct err e;

    (void)state;
    assert_int_equal(measure(&f, &e), ERR_IO);
    assert_non_null(strstr(e.msg, "not as expected after"));
}

static void registers_that_cannot_be_read_or_written_stop_it(void **state)
{
    struct fake unread = {.no_read = true}, unwritten = {.no_write = true}, cut = {.length = 47};
    struct err e;

    (void)state;
    assert_int_equal(measure(&unread, &e), ERR_IO);
    assert_int_equal(unread.writes, 0);
    assert_int_equal(measure(&unwritten, &e), ERR_IO);
    assert_int_equal(measure(&cut, &e), ERR_IO);
    assert_non_null(strstr(e.msg, "47 bytes, expected 48"));
    assert_int_equal(cut.writes, 0);
}

static void all_registers_are_read_by_their_names(void **state)
{
    struct fake f = {.rtmr3 = {9}};
    const struct rtmr_files files = {fake_read, fake_write, &f};
    struct rtmr_values v;
    struct err e;

    (void)state;
    need(rtmr_read(&files, &v, &e), &e);
    assert_int_equal(v.mrtd[0], 0xdd);
    assert_int_equal(v.rtmr[0][0], '0');
    assert_int_equal(v.rtmr[2][47], '2');
    assert_int_equal(v.rtmr[3][0], 9);
}

/* ---- files ---- */

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/teereg-rtmr-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const char *put_file(const char *name, struct bytes data)
{
    static char path[128];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data.p, 1, data.n, f), data.n);
    fclose(f);
    return path;
}

/* An ordinary file does not extend: that is found out, after our 48 bytes went into it. */
static void the_register_of_sysfs_is_written_in_place(void **state)
{
    const uint8_t zero[RTMR_LEN] = {0};
    const struct rtmr_files files = rtmr_sysfs(folder);
    struct buf got AUTO_CALL(buf_done) = BUF(64);
    uint8_t digest[RTMR_LEN];
    const char *path;
    struct err e;

    (void)state;
    path = put_file("rtmr3:sha384", BYTES(zero));
    assert_int_equal(rtmr3_measure(&files, &config, &e), ERR_IO);
    need(files.read(files.self, "rtmr3:sha384", &got, &e), &e);
    rtmr3_digest(&config, digest);
    assert_true(bytes_eq(buf_bytes(&got), BYTES(digest)));
    unlink(path);
}

static void a_kernel_without_registers_is_told_so(void **state)
{
    const struct rtmr_files files = rtmr_sysfs(folder);
    struct rtmr_values v;
    struct err e;

    (void)state;
    assert_int_equal(rtmr_read(&files, &v, &e), ERR_IO);
    assert_non_null(strstr(e.msg, "Linux 6.16"));
    assert_int_equal(files.write(files.self, "rtmr3:sha384", bytes_of_str("x"), &e), ERR_IO);
}

/* A log of n bytes with that much of `pad` behind it: how many bytes are left? */
static size_t log_of(size_t n, uint8_t pad, size_t padding, enum err_code expected)
{
    struct buf log AUTO_CALL(buf_done) = BUF((size_t)8 << 20);
    struct buf out AUTO_CALL(buf_done) = BUF(EVIDENCE_LOG_MAX);
    const char *path;
    struct err e;

    for (size_t i = 0; i < n; i++)
        buf_put_u8(&log, (uint8_t)(1 + i % 100));
    for (size_t i = 0; i < padding; i++)
        buf_put_u8(&log, pad);
    path = put_file("CCEL", buf_bytes(&log));
    assert_int_equal(event_log_read(path, &out, &e), expected);
    if (expected == ERR_OK)
        assert_memory_equal(out.p, log.p, out.n);
    unlink(path);
    return out.n;
}

static void the_padding_of_an_event_log_is_cut(void **state)
{
    (void)state;
    assert_int_equal(log_of(20000, 0xff, 200000, ERR_OK), 20000 + EVENT_LOG_PADDING);
    assert_int_equal(log_of(20000, 0, 200000, ERR_OK), 20000 + EVENT_LOG_PADDING);
    assert_int_equal(log_of(20000, 0xff, (size_t)1 << 20, ERR_OK), 20000 + EVENT_LOG_PADDING);
}

static void an_event_log_with_little_padding_is_read_whole(void **state)
{
    (void)state;
    assert_int_equal(log_of(11700, 0, 15, ERR_OK), 11715);
    assert_int_equal(log_of(0, 0, 0, ERR_OK), 0);
    assert_int_equal(log_of(EVIDENCE_LOG_MAX, 0, 0, ERR_OK), EVIDENCE_LOG_MAX);
}

static void an_event_log_past_its_bounds_is_refused(void **state)
{
    (void)state;
    log_of(EVIDENCE_LOG_MAX + 1, 0, 0, ERR_TOO_LARGE);
    log_of(100, 0xff, (size_t)5 << 20, ERR_TOO_LARGE);
}

static void a_machine_without_an_event_log_is_no_error_of_its_own(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(EVIDENCE_LOG_MAX);
    struct err e;

    (void)state;
    assert_int_equal(event_log_read("/nonexistent/CCEL", &out, &e), ERR_NOT_FOUND);
}

/* ---- the log tells of it ---- */

static void the_log_with_our_event_leads_to_rtmr3_and_nothing_else_changes(void **state)
{
    struct bytes log AUTO_CALL(dcap_free) = dcap_file("ccel/gcp_cos113.ccel.bin");
    struct buf whole AUTO_CALL(buf_done) = BUF(EVIDENCE_LOG_MAX);
    struct ccel_log before AUTO_CALL(ccel_log_done) = {0};
    struct ccel_log after AUTO_CALL(ccel_log_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(4096);
    const struct hash32 anchors = {{0xab, [31] = 0xcd}};
    struct ccel_replay was, is;
    uint8_t expected[RTMR_LEN];
    struct err e;

    (void)state;
    need(rtmr3_log(log, &anchors, &whole, &e), &e);
    need(ccel_log_read(log, &before, &e), &e);
    need(ccel_log_read(buf_bytes(&whole), &after, &e), &e);
    assert_int_equal(after.n, before.n + 1);
    assert_int_equal(whole.n, before.end_offset + 66 + RTMR3_TEXT_LEN);
    ccel_log_replay(&before, &was);
    ccel_log_replay(&after, &is);
    rtmr3_expected(&anchors, expected);
    assert_memory_equal(is.rtmr[3], expected, RTMR_LEN);
    assert_memory_equal(is.rtmr, was.rtmr, 3 * RTMR_LEN);
    need(ccel_verify(buf_bytes(&whole), is.rtmr, NULL, &e), &e);
    assert_int_equal(ccel_digest_check(&after.entry[before.n]), CCEL_DIGEST_MATCHES);
    ccel_describe(&after.entry[before.n], &text);
    assert_string_equal(buf_cstr(&text),
                        "teereg configuration "
                        "ab000000000000000000000000000000000000000000000000000000000000cd");
}

static void nothing_is_added_to_what_is_no_log_of_firmware(void **state)
{
    struct buf whole AUTO_CALL(buf_done) = BUF(EVIDENCE_LOG_MAX);
    const struct hash32 anchors = {{1}};
    struct err e;

    (void)state;
    assert_int_equal(rtmr3_log(bytes_of_str("[]"), &anchors, &whole, &e), ERR_INVALID);
    assert_int_equal(rtmr3_log(bytes_of_str("none"), &anchors, &whole, &e), ERR_INVALID);
    assert_int_equal(whole.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_values_are_those_of_the_specification),
        cmocka_unit_test(a_zero_register_is_extended_once),
        cmocka_unit_test(a_register_that_is_as_expected_is_left_alone),
        cmocka_unit_test(a_register_that_somebody_else_extended_stops_it),
        cmocka_unit_test(an_extend_that_did_not_happen_is_found_out),
        cmocka_unit_test(registers_that_cannot_be_read_or_written_stop_it),
        cmocka_unit_test(all_registers_are_read_by_their_names),
        cmocka_unit_test(the_register_of_sysfs_is_written_in_place),
        cmocka_unit_test(a_kernel_without_registers_is_told_so),
        cmocka_unit_test(the_padding_of_an_event_log_is_cut),
        cmocka_unit_test(an_event_log_with_little_padding_is_read_whole),
        cmocka_unit_test(an_event_log_past_its_bounds_is_refused),
        cmocka_unit_test(a_machine_without_an_event_log_is_no_error_of_its_own),
        cmocka_unit_test(the_log_with_our_event_leads_to_rtmr3_and_nothing_else_changes),
        cmocka_unit_test(nothing_is_added_to_what_is_no_log_of_firmware),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
