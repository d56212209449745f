/* ccel_diff: what changed between two boots. */
#include "support/ccel_make.h"
#include "attest/ccel_diff.h"

struct pair {
    struct buf old_text, new_text;
    struct ccel_log before, after;
    struct ccel_diff diff;
};

static void pair_done(struct pair *p)
{
    ccel_diff_done(&p->diff);
    ccel_log_done(&p->before);
    ccel_log_done(&p->after);
    buf_done(&p->old_text);
    buf_done(&p->new_text);
}

static void pair_begin(struct pair *p)
{
    p->old_text = p->new_text = BUF(CCEL_MAX);
    make_begin(&p->old_text);
    make_begin(&p->new_text);
}

static void compare(struct pair *p)
{
    struct err e;

    need(ccel_log_read(buf_bytes(&p->old_text), &p->before, &e), &e);
    need(ccel_log_read(buf_bytes(&p->new_text), &p->after, &e), &e);
    need(ccel_log_diff(&p->before, &p->after, &p->diff, &e), &e);
}

static void change_is(const struct pair *p, size_t i, enum ccel_change_kind kind, size_t before,
                      size_t after)
{
    const struct ccel_change *c = &p->diff.change[i];

    assert_true(i < p->diff.n);
    assert_string_equal(ccel_change_name(c->kind), ccel_change_name(kind));
    assert_int_equal(c->before, before);
    assert_int_equal(c->after, after);
}

static void change_says(const struct pair *p, size_t i, const char *want)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);

    ccel_change_text(&p->before, &p->after, &p->diff.change[i], &text);
    assert_string_equal(buf_cstr(&text), want);
}

static void details_are(const struct pair *p, size_t i, const char *want)
{
    struct buf text AUTO_CALL(buf_done) = BUF(65536);

    ccel_change_details(&p->before, &p->after, &p->diff.change[i], "  ", &text);
    assert_string_equal(buf_cstr(&text), want);
}

static void a_log_is_the_same_as_itself(void **state)
{
    struct bytes text AUTO_CALL(dcap_free) = ccel_vector("ccapi.ccel.bin");
    struct pair p AUTO_CALL(pair_done) = {0};

    (void)state;
    p.old_text = p.new_text = BUF(CCEL_MAX);
    buf_put(&p.old_text, text);
    buf_put(&p.new_text, text);
    compare(&p);
    assert_int_equal(p.diff.n, 0);
    for (size_t i = 0; i <= CCEL_INDEX_MAX; i++) {
        assert_int_equal(p.diff.first_before[i], CCEL_NOT_AN_EVENT);
        assert_int_equal(p.diff.first_after[i], CCEL_NOT_AN_EVENT);
    }
}

static void an_event_between_two_others_is_added(void **state)
{
    struct pair p AUTO_CALL(pair_done) = {0};

    (void)state;
    pair_begin(&p);
    make_text(&p.old_text, 1, EV_IPL, "a");
    make_text(&p.old_text, 1, EV_IPL, "c");
    make_text(&p.new_text, 1, EV_IPL, "a");
    make_text(&p.new_text, 1, EV_IPL, "b");
    make_text(&p.new_text, 1, EV_IPL, "c");
    compare(&p);
    assert_int_equal(p.diff.n, 1);
    change_is(&p, 0, CCEL_ADDED, CCEL_NOT_AN_EVENT, 1);
    assert_int_equal(p.diff.first_before[1], 1);
    assert_int_equal(p.diff.first_after[1], 1);
    change_says(&p, 0, "b: not measured before");
    details_are(&p, 0,
                "  is    98a906182cdcfb1eb4eb47117600f68958e2ddd140248b47984f4bde6587"
                "b89c8215c3da895a336e94ad1aca39015c40  [digest matches]\n");
}

static void an_event_at_the_end_is_removed(void **state)
{
    struct pair p AUTO_CALL(pair_done) = {0};

    (void)state;
    pair_begin(&p);
    make_text(&p.old_text, 2, EV_EFI_ACTION, "a");
    make_text(&p.old_text, 2, EV_EFI_ACTION, "b");
    make_text(&p.new_text, 2, EV_EFI_ACTION, "a");
    compare(&p);
    assert_int_equal(p.diff.n, 1);
    change_is(&p, 0, CCEL_REMOVED, 1, CCEL_NOT_AN_EVENT);
    assert_int_equal(p.diff.first_before[2], 1);
    assert_int_equal(p.diff.first_after[2], CCEL_NOT_AN_EVENT);
    change_says(&p, 0, "b: no longer measured");
}

static void another_command_line_is_a_change_with_both_texts(void **state)
{
    struct pair p AUTO_CALL(pair_done) = {0};

    (void)state;
    pair_begin(&p);
    make_text(&p.old_text, 3, EV_IPL, "kernel_cmdline: ro");
    make_text(&p.new_text, 3, EV_IPL, "grub_cmd: new");
    make_text(&p.new_text, 3, EV_IPL, "kernel_cmdline: rw");
    compare(&p);
    assert_int_equal(p.diff.n, 2);
    change_is(&p, 0, CCEL_ADDED, CCEL_NOT_AN_EVENT, 0);
    change_is(&p, 1, CCEL_CHANGED, 0, 1);
    change_says(&p, 1,
                "kernel_cmdline: ro -> kernel_cmdline: rw (digest a7fe3d3ec1cbace2... -> "
                "1fe39db033f416eb...)");
}

#define DIGEST_OF_1 "01" ZEROS_47
#define DIGEST_OF_2 "02" ZEROS_47
#define ZEROS_47                                                                                   \
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "00"

static void the_words_and_bytes_that_differ_are_named(void **state)
{
    struct pair p AUTO_CALL(pair_done) = {0};
    uint8_t one[48] = {1}, two[48] = {2};

    (void)state;
    pair_begin(&p);
    make_record(&p.old_text, 3, EV_IPL, one,
                bytes_of_str("kernel_cmdline: root=a ro quiet splash"));
    make_record(&p.new_text, 3, EV_IPL, two, bytes_of_str("kernel_cmdline: root=a rw splash"));
    compare(&p);
    assert_int_equal(p.diff.n, 1);
    details_are(&p, 0,
                "  was   " DIGEST_OF_1 "  [digest not defined]\n"
                "  is    " DIGEST_OF_2 "  [digest not defined]\n"
                "  words ro quiet -> rw\n"
                "  data  38 -> 32 bytes, the same up to byte 24\n");
}

static void a_word_more_is_nothing_that_became_something(void **state)
{
    struct pair p AUTO_CALL(pair_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    pair_begin(&p);
    make_text(&p.old_text, 3, EV_IPL, "kernel_cmdline: ro");
    make_text(&p.new_text, 3, EV_IPL, "kernel_cmdline: debug ro");
    compare(&p);
    ccel_change_details(&p.before, &p.after, &p.diff.change[0], "", &text);
    assert_non_null(strstr(buf_cstr(&text), "\nwords (nothing) -> debug\n"));
}

static void data_behind_what_is_shown_is_said_to_differ(void **state)
{
    struct pair p AUTO_CALL(pair_done) = {0};
    uint8_t old[200] = {[16] = 2, [24] = 164, [32] = 'd', [34] = 'b', [36] = 7}, new[200];
    struct buf text AUTO_CALL(buf_done) = BUF(4096);

    (void)state;
    memcpy(new, old, sizeof new);
    new[150] = 9;
    pair_begin(&p);
    make_event(&p.old_text, 1, EV_EFI_VARIABLE_DRIVER_CONFIG, BYTES(old));
    make_event(&p.new_text, 1, EV_EFI_VARIABLE_DRIVER_CONFIG, BYTES(new));
    compare(&p);
    assert_int_equal(p.diff.n, 1);
    ccel_change_text(&p.before, &p.after, &p.diff.change[0], &text);
    assert_non_null(
        strstr(buf_cstr(&text), ": other data from byte 150 on, 200 -> 200 bytes (digest"));
}

static void other_content_under_one_description_is_a_change(void **state)
{
    static const uint8_t path[] = "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0"
                                  "\x04\x04\x06\0k";
    struct pair p AUTO_CALL(pair_done) = {0};
    uint8_t one[48] = {1}, two[48] = {2};

    (void)state;
    pair_begin(&p);
    make_record(&p.old_text, 2, EV_EFI_BOOT_SERVICES_APPLICATION, one, BYTES(path));
    make_record(&p.new_text, 2, EV_EFI_BOOT_SERVICES_APPLICATION, two, BYTES(path));
    make_record(&p.old_text, 3, 10, one, bytes_of_str("ACPI DATA"));
    make_record(&p.new_text, 3, 10, two, bytes_of_str("ACPI DATA"));
    compare(&p);
    assert_int_equal(p.diff.n, 2);
    change_is(&p, 0, CCEL_CHANGED, 0, 0);
    change_says(&p, 0,
                "image k, 2 bytes: other content under the same description (digest "
                "0100000000000000... -> 0200000000000000...)");
    change_says(&p, 1,
                "ACPI DATA: measured differently; the log does not say what is in it (digest "
                "0100000000000000... -> 0200000000000000...)");
}

static void an_event_that_moved_is_one_change(void **state)
{
    struct pair p AUTO_CALL(pair_done) = {0};

    (void)state;
    pair_begin(&p);
    for (const char *c = "abcd"; *c; c++)
        make_event(&p.old_text, 1, EV_EFI_ACTION, (struct bytes){(const uint8_t *)c, 1});
    for (const char *c = "bcda"; *c; c++)
        make_event(&p.new_text, 1, EV_EFI_ACTION, (struct bytes){(const uint8_t *)c, 1});
    compare(&p);
    assert_int_equal(p.diff.n, 1);
    change_is(&p, 0, CCEL_MOVED, 0, 3);
    change_says(&p, 0, "a: measured at another place (event 1 -> 4)");
    ccel_diff_done(&p.diff);

    struct err e;

    need(ccel_log_diff(&p.after, &p.before, &p.diff, &e), &e);
    assert_int_equal(p.diff.n, 1);
    assert_int_equal(p.diff.change[0].kind, CCEL_MOVED);
}

static void events_that_extend_nothing_are_left_out(void **state)
{
    struct pair p AUTO_CALL(pair_done) = {0};

    (void)state;
    pair_begin(&p);
    make_text(&p.old_text, 1, EV_NO_ACTION, "a");
    make_text(&p.new_text, 1, EV_NO_ACTION, "b");
    compare(&p);
    assert_int_equal(p.diff.n, 0);
}

static void registers_too_large_to_align_are_still_compared(void **state)
{
    struct pair p AUTO_CALL(pair_done) = {0};

    (void)state;
    pair_begin(&p);
    for (uint16_t i = 0; i < 2100; i++) {
        uint16_t other = (uint16_t)(i + 5000);

        make_event(&p.old_text, 1, EV_EFI_ACTION,
                   BYTES_OF(((struct addr){{(uint8_t)i, (uint8_t)(i >> 8)}})));
        make_event(&p.new_text, 1, EV_EFI_ACTION,
                   BYTES_OF(((struct addr){{(uint8_t)other, (uint8_t)(other >> 8)}})));
    }
    compare(&p);
    /* Same type and nothing that tells subjects apart: each is the other, changed. */
    assert_int_equal(p.diff.n, 2100);
}

static void the_listing_names_registers_values_and_changes(void **state)
{
    struct bytes a AUTO_CALL(dcap_free) = ccel_vector("gcp_cos113.ccel.bin");
    struct bytes b AUTO_CALL(dcap_free) = ccel_vector("gcp_cos113_DUPE_SEPARATOR.ccel.bin");
    struct pair p AUTO_CALL(pair_done) = {0};
    const json *registers, *r, *change;
    AUTO(json) list = NULL;
    bool same = true;
    struct err e;

    (void)state;
    p.old_text = p.new_text = BUF(CCEL_MAX);
    buf_put(&p.old_text, a);
    buf_put(&p.new_text, b);
    compare(&p);
    need(ccel_diff_listing(&p.before, &p.after, &list, &e), &e);
    need(json_get_bool(list, "same", &same, &e), &e);
    assert_false(same);
    registers = jget(list, "registers");
    assert_int_equal(json_len(registers), 5);
    r = json_at(registers, 2);
    assert_string_equal(jtext(r, "register"), "RTMR1");
    assert_int_equal(jnum(jget(r, "first_difference"), "before"), 16);
    assert_int_equal(jnum(jget(r, "first_difference"), "after"), 17);
    change = json_at(jget(r, "changes"), 0);
    assert_string_equal(jtext(change, "change"), "removed");
    assert_string_equal(jtext(change, "type"), "EV_SEPARATOR");
    assert_true(json_is_null(jget(change, "after")));
    assert_true(json_is_null(jget(change, "is")));
    assert_true(json_is_null(jget(change, "words")));
    assert_true(json_is_null(jget(change, "first_different_byte")));
    assert_string_equal(jtext(jget(change, "was"), "description"), "00000000");
    assert_string_equal(jtext(jget(change, "was"), "digest_check"), "matches");
    assert_string_equal(
        jtext(jget(change, "was"), "digest"),
        "394341b7182cd227c5c6b07ef8000cdfd86136c4292b8e576573ad7ed9ae41019f5818b4b971"
        "c9effc60e1ad9f1289f0");
    assert_int_equal(jnum(jget(change, "was"), "data_bytes"), 4);
    r = json_at(registers, 3);
    need(json_get_bool(r, "same", &same, &e), &e);
    assert_true(same);
    assert_true(json_is_null(jget(r, "first_difference")));
    assert_string_equal(jtext(r, "before"), jtext(r, "after"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_is_the_same_as_itself),
        cmocka_unit_test(an_event_between_two_others_is_added),
        cmocka_unit_test(an_event_at_the_end_is_removed),
        cmocka_unit_test(another_command_line_is_a_change_with_both_texts),
        cmocka_unit_test(the_words_and_bytes_that_differ_are_named),
        cmocka_unit_test(a_word_more_is_nothing_that_became_something),
        cmocka_unit_test(data_behind_what_is_shown_is_said_to_differ),
        cmocka_unit_test(other_content_under_one_description_is_a_change),
        cmocka_unit_test(an_event_that_moved_is_one_change),
        cmocka_unit_test(events_that_extend_nothing_are_left_out),
        cmocka_unit_test(registers_too_large_to_align_are_still_compared),
        cmocka_unit_test(the_listing_names_registers_values_and_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
