/* audit: nothing is changed, dropped or forgotten unseen. */
#include <sys/stat.h>
#include "base/codec.h"
#include "crypto/digest.h"
#include "unit/kms/audit_support.h"

/* ---- lines ---- */

static void a_line_is_that_of_the_vectors(void **state)
{
    json_t *all = jv_load("tests/vectors/kms/v2.json");
    const json_t *v = jv_get(all, "audit_line");
    JV_BYTES node = jv_hex(v, "node");
    JV_BYTES prev = jv_hex(v, "prev");
    JV_BYTES app = jv_hex(v, "app");
    JV_BYTES identity = jv_hex(v, "identity");
    JV_BYTES hash = jv_hex(v, "hash");
    const struct audit_field fields[] = {
        {.name = "app", .kind = AUDIT_HEX0X, .bytes = app},
        {.name = "epoch", .kind = AUDIT_U64, .u64 = 3},
        {.name = "identity", .kind = AUDIT_HEX, .bytes = identity},
        {.name = "note", .kind = AUDIT_STR, .str = "a \"quoted\" word"},
        {.name = "gap", .kind = AUDIT_BOOL, .u64 = 1},
    };
    struct buf line AUTO_CALL(buf_done) = BUF(AUDIT_LINE_MAX);
    struct hash32 prev_hash, found;
    struct audit_line back;
    struct err e = {0};

    (void)state;
    memcpy(prev_hash.b, prev.p, 32);
    assert_int_equal(audit_line_encode(7, json_integer_value(jv_get(v, "time")), node.p, &prev_hash,
                                       "release", fields, 5, &line, &found, &e),
                     ERR_OK);
    assert_string_equal(buf_cstr(&line), jv_str(v, "line"));
    assert_memory_equal(found.b, hash.p, 32);
    assert_int_equal(audit_line_decode((struct bytes){line.p, line.n - 1}, &back, &e), ERR_OK);
    assert_int_equal(back.seq, 7);
    assert_true(back.gap);
    assert_string_equal(back.event, "release");
    assert_true(hash32_eq(&back.prev, &prev_hash));
    json_decref(all);
}

static void any_changed_byte_of_a_line_is_seen(void **state)
{
    json_t *all = jv_load("tests/vectors/kms/v2.json");
    const char *line = jv_str(jv_get(all, "audit_line"), "line");
    size_t n = strlen(line) - 1;
    struct audit_line l;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        char *changed = strdup(line);
        struct err e = {0};

        changed[i] ^= 1;
        assert_int_not_equal(audit_line_decode((struct bytes){(uint8_t *)changed, n}, &l, &e),
                             ERR_OK);
        free(changed);
    }
    json_decref(all);
}

static void events_and_records_past_the_bounds_are_not_written(void **state)
{
    audit *a = opened(*state);
    struct audit_report before, after;
    struct audit_receipt r;
    struct audit_field big = {.name = "x", .kind = AUDIT_STR};
    char *text = calloc(1, AUDIT_LINE_MAX);
    struct err e = {0};

    memset(text, 'a', AUDIT_LINE_MAX - 1);
    big.str = text;
    before = verified(*state);
    assert_int_equal(audit_append(a, "", NULL, 0, &r, &e), ERR_INVALID);
    assert_int_equal(audit_append(a, "Release", NULL, 0, &r, &e), ERR_INVALID);
    assert_int_equal(audit_append(a, "a\"b", NULL, 0, &r, &e), ERR_INVALID);
    assert_int_equal(audit_append(a, "release", &big, 1, &r, &e), ERR_TOO_LARGE);
    after = verified(*state);
    assert_int_equal(after.records, before.records);
    (void)add(a, 1); /* and the log goes on */
    assert_int_equal(verified(*state).records, before.records + 1);
    free(text);
    audit_close(a);
}

/* ---- a log's life ---- */

static void a_new_log_opens_with_a_marked_gap(void **state)
{
    audit_close(opened(*state));
    assert_int_equal(verified(*state).gaps, 1);
    assert_int_equal(verified(*state).records, 3); /* opened, started, stopped */
}

static void a_log_goes_on_where_it_stopped(void **state)
{
    audit *a = opened(*state);
    struct audit_receipt first = add(a, 1), second;
    struct err e = {0};

    audit_close(a);
    a = opened(*state);
    second = add(a, 2);
    audit_close(a);
    assert_memory_equal(first.node, second.node, AUDIT_NODE_LEN);
    assert_true(second.seq > first.seq);
    assert_int_equal(verified(*state).gaps, 1);
    assert_int_equal(verified(*state).releases, 2);
    assert_int_equal(audit_find(((struct place *)*state)->path, &first, &e), ERR_OK);
    assert_int_equal(audit_find(((struct place *)*state)->path, &second, &e), ERR_OK);
}

static void a_log_that_went_missing_shows_as_another_node_with_a_gap(void **state)
{
    struct place *p = *state;
    audit *a = opened(p);
    struct audit_receipt r = add(a, 1);
    struct err e = {0};

    audit_close(a);
    assert_int_equal(unlink(p->path), 0);
    audit_close(opened(p));
    assert_int_equal(verified(p).gaps, 1);
    assert_int_equal(audit_find(p->path, &r, &e), ERR_NOT_FOUND);
}

static void the_file_is_for_its_owner_alone(void **state)
{
    struct place *p = *state;
    struct stat st;
    int fd = open(p->path, O_CREAT | O_WRONLY, 0644);

    close(fd);
    audit_close(opened(p));
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void two_writers_are_refused(void **state)
{
    struct place *p = *state;
    audit *a = opened(p), *b = NULL;
    struct err e = {0};

    assert_int_equal(audit_open(p->path, &test_clock, &b, &e), ERR_BUSY);
    assert_null(b);
    audit_close(a);
}

static void places_that_cannot_be_written_are_refused(void **state)
{
    audit *a = NULL;
    struct audit_report r;
    char link[128];
    struct place *p = *state;
    struct err e = {0};

    assert_int_equal(audit_open("/nonexistent/audit", &test_clock, &a, &e), ERR_IO);
    assert_int_equal(audit_open(p->dir, &test_clock, &a, &e), ERR_IO);
    snprintf(link, sizeof link, "%s/link", p->dir);
    assert_int_equal(symlink(p->path, link), 0);
    assert_int_equal(audit_open(link, &test_clock, &a, &e), ERR_IO);
    unlink(link);
    assert_int_equal(mkfifo(link, 0600), 0); /* reading it would never end */
    assert_int_equal(audit_open(link, &test_clock, &a, &e), ERR_INVALID);
    unlink(link);
    assert_int_equal(audit_verify(p->path, &r, &e), ERR_NOT_FOUND);
    assert_int_equal(audit_verify(p->dir, &r, &e), ERR_IO);
}

/* ---- tampering ---- */

/* SR-67: each line taken out, doubled, swapped with its neighbour, or changed in any byte. */
static void a_line_removed_doubled_or_moved_is_found(void **state)
{
    struct place *p = *state;
    audit *a = opened(p);
    struct buf good AUTO_CALL(buf_done) = BUF(0);
    size_t start[16], n = 0;

    for (uint64_t i = 0; i < 5; i++)
        (void)add(a, i);
    audit_close(a);
    read_log(p, &good);
    start[n++] = 0;
    for (size_t i = 0; i < good.n; i++)
        if (good.p[i] == '\n')
            start[n++] = i + 1;
    assert_int_equal(n - 1, 8);
    for (size_t i = 0; i + 1 < n; i++) {
        struct bytes before = {good.p, start[i]};
        struct bytes line = {good.p + start[i], start[i + 1] - start[i]};
        struct bytes after = {good.p + start[i + 1], good.n - start[i + 1]};

        for (int how = 0; how < 3; how++) {
            struct buf bad AUTO_CALL(buf_done) = BUF(1 << 20);
            struct audit_report r;
            audit *none = NULL;
            struct err e = {0};

            if (how == 0 && after.n == 0)
                continue; /* cutting the end off is what receipts are for */
            buf_put(&bad, before);
            if (how == 1)
                buf_put(&bad, line);
            if (how == 2) {
                if (i + 2 >= n)
                    continue;
                buf_put(&bad, (struct bytes){after.p, start[i + 2] - start[i + 1]});
                buf_put(&bad, line);
                after.p += start[i + 2] - start[i + 1];
                after.n -= start[i + 2] - start[i + 1];
            } else if (how == 1) {
                buf_put(&bad, line);
            }
            buf_put(&bad, after);
            write_log(p, buf_bytes(&bad));
            assert_int_equal(audit_verify(p->path, &r, &e), ERR_VERIFY);
            assert_int_equal(audit_open(p->path, &test_clock, &none, &e), ERR_VERIFY);
            assert_null(none);
        }
    }
    write_log(p, buf_bytes(&good));
    (void)verified(p);
}

static void a_changed_byte_anywhere_is_found(void **state)
{
    struct place *p = *state;
    audit *a = opened(p);
    struct buf log AUTO_CALL(buf_done) = BUF(0);

    (void)add(a, 1);
    audit_close(a);
    read_log(p, &log);
    for (size_t i = 0; i + 1 < log.n; i++) { /* the last LF gone is a torn line, no change */
        struct audit_report r;
        struct err e = {0};

        log.p[i] ^= 0x04;
        write_log(p, buf_bytes(&log));
        assert_int_equal(audit_verify(p->path, &r, &e), ERR_VERIFY);
        log.p[i] ^= 0x04;
    }
}

/* Each record alone is whole; together they are no log. */
static void records_that_do_not_follow_each_other_are_found(void **state)
{
    struct place *p = *state;
    const uint8_t node[AUDIT_NODE_LEN] = {1}, other[AUDIT_NODE_LEN] = {2};
    const struct {
        uint64_t seq[2];
        const uint8_t *node;
        bool unchained;
        enum err_code expected;
    } cases[] = {{{1, 2}, node, false, ERR_OK},      {{1, 3}, node, false, ERR_VERIFY},
                 {{1, 1}, node, false, ERR_VERIFY},  {{2, 3}, node, false, ERR_VERIFY},
                 {{1, 2}, other, false, ERR_VERIFY}, {{1, 2}, node, true, ERR_VERIFY}};

    audit_close(opened(p));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf log AUTO_CALL(buf_done) = BUF(4096);
        struct hash32 head = {0};
        struct audit_report r;
        struct err e = {0};

        assert_int_equal(audit_line_encode(cases[i].seq[0], now, node, &head, "opened", NULL, 0,
                                           &log, &head, &e),
                         ERR_OK);
        if (cases[i].unchained)
            head.b[0] ^= 1;
        assert_int_equal(audit_line_encode(cases[i].seq[1], now, cases[i].node, &head, "started",
                                           NULL, 0, &log, &head, &e),
                         ERR_OK);
        write_log(p, buf_bytes(&log));
        assert_int_equal(audit_verify(p->path, &r, &e), cases[i].expected);
    }
}

/* Whoever rewrites the whole log makes one that holds; the receipts do not. */
static void a_log_written_anew_does_not_hold_the_receipts(void **state)
{
    struct place *p = *state;
    audit *a = opened(p);
    struct audit_receipt r = add(a, 1);
    struct err e = {0};

    audit_close(a);
    assert_int_equal(audit_find(p->path, &r, &e), ERR_OK);
    r.head.b[0] ^= 1;
    assert_int_equal(audit_find(p->path, &r, &e), ERR_VERIFY);
}

/* Anybody can hash a line; the disk is the host's. */
static void a_line_with_a_right_hash_that_is_no_record_is_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "{\"seq\":",
        "{\"seq\":000",
        "{\"seq\":0001,\"time\":\"",
        "{\"seq\":99999999999999999999999999,\"time\":\"",
        "1111111111111111111111111111111111111111",
        "{\"seq\":1,\"time\":\"2026-11-24T12:00:00Z\",\"node\":\"zz",
    };
    static const char domain[] = "teereg-audit-v2";

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct buf line AUTO_CALL(buf_done) = BUF(4096);
        struct audit_line l;
        struct hash32 hash;
        struct err e = {0};

        SHA256_OF(&hash, BYTES(domain), bytes_of_str(bodies[i]));
        buf_put_str(&line, bodies[i]);
        buf_put_str(&line, ",\"hash\":\"");
        hex_put(&line, BYTES_OF(hash));
        buf_put_str(&line, "\"}");
        assert_int_equal(audit_line_decode(buf_bytes(&line), &l, &e), ERR_INVALID);
    }
}

static void a_line_longer_than_any_record_is_refused(void **state)
{
    struct place *p = *state;
    struct audit_report r;
    uint8_t *big = malloc(200000);
    struct err e = {0};

    audit_close(opened(p));
    memset(big, 'a', 200000);
    write_log(p, (struct bytes){big, 200000});
    assert_int_equal(audit_verify(p->path, &r, &e), ERR_VERIFY);
    free(big);
}

/* ---- refusals ---- */

static void refusals_are_counted_and_written_together(void **state)
{
    struct place *p = *state;
    audit *a = opened(p);
    struct buf log AUTO_CALL(buf_done) = BUF(0);
    uint64_t before = verified(p).records;
    struct err e = {0};

    for (int i = 0; i < 1000; i++)
        audit_refused(a, i % 4 ? "challenge-forged" : "quote-invalid");
    assert_int_equal(verified(p).records, before);
    assert_int_equal(audit_flush_refused(a, &e), ERR_OK); /* too soon */
    assert_int_equal(verified(p).records, before);
    now += AUDIT_REFUSED_EVERY_S;
    assert_int_equal(audit_flush_refused(a, &e), ERR_OK);
    assert_int_equal(verified(p).records, before + 1);
    assert_int_equal(audit_flush_refused(a, &e), ERR_OK);
    now += AUDIT_REFUSED_EVERY_S;
    assert_int_equal(audit_flush_refused(a, &e), ERR_OK); /* nothing new */
    assert_int_equal(verified(p).records, before + 1);
    read_log(p, &log);
    assert_non_null(strstr(buf_cstr(&log), "\"event\":\"refused\",\"quote-invalid\":250,"
                                           "\"challenge-forged\":750"));
    audit_close(a);
}

static void refusals_that_wait_are_written_when_the_log_is_closed(void **state)
{
    struct place *p = *state;
    audit *a = opened(p);
    struct buf log AUTO_CALL(buf_done) = BUF(0);

    audit_refused(a, "locked");
    audit_close(a);
    read_log(p, &log);
    assert_non_null(strstr(buf_cstr(&log), "\"event\":\"refused\",\"locked\":1"));
}

static void more_reasons_than_there_are_do_not_grow_the_table(void **state)
{
    struct place *p = *state;
    audit *a = opened(p);
    static char names[100][8];

    for (int i = 0; i < 100; i++) {
        snprintf(names[i], sizeof names[i], "r-%d", i);
        audit_refused(a, names[i]);
    }
    audit_close(a);
    (void)verified(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_that_of_the_vectors),
        cmocka_unit_test(any_changed_byte_of_a_line_is_seen),
        IN_PLACE(events_and_records_past_the_bounds_are_not_written),
        IN_PLACE(a_new_log_opens_with_a_marked_gap),
        IN_PLACE(a_log_goes_on_where_it_stopped),
        IN_PLACE(a_log_that_went_missing_shows_as_another_node_with_a_gap),
        IN_PLACE(the_file_is_for_its_owner_alone),
        IN_PLACE(two_writers_are_refused),
        IN_PLACE(places_that_cannot_be_written_are_refused),
        IN_PLACE(a_line_removed_doubled_or_moved_is_found),
        IN_PLACE(a_changed_byte_anywhere_is_found),
        IN_PLACE(records_that_do_not_follow_each_other_are_found),
        IN_PLACE(a_log_written_anew_does_not_hold_the_receipts),
        IN_PLACE(a_line_with_a_right_hash_that_is_no_record_is_refused),
        IN_PLACE(a_line_longer_than_any_record_is_refused),
        IN_PLACE(refusals_are_counted_and_written_together),
        IN_PLACE(refusals_that_wait_are_written_when_the_log_is_closed),
        IN_PLACE(more_reasons_than_there_are_do_not_grow_the_table),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
