/* audit: nothing is changed, dropped or forgotten unseen, and what was answered is on the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fs.h"
#include "base/json.h"
#include "kms/audit.h"
#include "kms/audit_line.h"
#include "support/json_vectors.h"

static _Atomic int64_t now = 1795514400;

static int64_t test_now(void *self)
{
    (void)self;
    return now;
}

static uint64_t test_ns(void *self)
{
    (void)self;
    return (uint64_t)now * 1000000000;
}

static const struct clock test_clock = {.unix_now = test_now, .monotonic_ns = test_ns};

/* The disk, as the log sees it: counted, and failing when told to. */
static atomic_uint syncs_done;
static atomic_bool sync_fails;

int fdatasync(int fd)
{
    atomic_fetch_add(&syncs_done, 1);
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    return fsync(fd);
}

/* ---- one log in its own folder ---- */

struct place {
    char dir[64], path[96];
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    snprintf(p->dir, sizeof p->dir, "/tmp/teereg-audit-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/audit.jsonl", p->dir);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    unlink(p->path);
    rmdir(p->dir);
    free(p);
    return 0;
}

static audit *opened(const struct place *p)
{
    audit *a = NULL;
    struct err e = {0};

    assert_int_equal(audit_open(p->path, &test_clock, &a, &e), ERR_OK);
    return a;
}

static struct audit_receipt add(audit *a, uint64_t n)
{
    const struct audit_field f = {.name = "n", .kind = AUDIT_U64, .u64 = n};
    struct audit_receipt r;
    struct err e = {0};

    assert_int_equal(audit_append(a, "release", &f, 1, &r, &e), ERR_OK);
    return r;
}

static struct audit_report verified(const struct place *p)
{
    struct audit_report r;
    struct err e = {0};

    if (audit_verify(p->path, &r, &e) != ERR_OK)
        fail_msg("%s", e.msg);
    return r;
}

static void read_log(const struct place *p, struct buf *b)
{
    struct err e = {0};

    b->max = 1 << 24;
    assert_int_equal(fs_read(p->path, b, &e), ERR_OK);
}

static void write_log(const struct place *p, struct bytes b)
{
    int fd = open(p->path, O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, b.p, b.n), (ssize_t)b.n);
    close(fd);
}

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

/* ---- torn ends ---- */

static void a_torn_last_line_is_cut_and_said(void **state)
{
    struct place *p = *state;
    audit *a = opened(p);
    struct buf log AUTO_CALL(buf_done) = BUF(0);
    struct audit_report before;
    struct audit_receipt r = add(a, 1);
    struct err e = {0};

    audit_close(a);
    before = verified(p);
    read_log(p, &log);
    log.n -= 10;
    write_log(p, buf_bytes(&log));
    assert_true(verified(p).torn_bytes > 0);
    assert_int_equal(verified(p).records, before.records - 1);
    audit_close(opened(p));
    assert_int_equal(verified(p).torn, 1);
    assert_int_equal(verified(p).torn_bytes, 0);
    assert_int_equal(audit_find(p->path, &r, &e), ERR_OK);
}

static void a_log_torn_in_its_first_line_opens_anew(void **state)
{
    struct place *p = *state;

    audit_close(opened(p));
    write_log(p, bytes_of_str("{\"seq\":1,"));
    audit_close(opened(p));
    assert_int_equal(verified(p).gaps, 1);
    assert_int_equal(verified(p).torn, 1);
}

/* ---- many at once ---- */

#define THREADS  8
#define PER_EACH 50

static void *add_many(void *arg)
{
    audit *a = arg;

    for (int i = 0; i < PER_EACH; i++)
        (void)add(a, (uint64_t)i);
    return NULL;
}

static void records_that_wait_together_share_a_sync(void **state)
{
    audit *a = opened(*state);
    pthread_t t[THREADS];
    uint64_t syncs = audit_syncs(a);
    struct audit_receipt head;

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, add_many, a), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    syncs = audit_syncs(a) - syncs;
    audit_head(a, &head);
    assert_int_equal(head.seq, 2 + THREADS * PER_EACH);
    assert_true(syncs < THREADS * PER_EACH);
    audit_close(a);
    assert_int_equal(verified(*state).releases, THREADS * PER_EACH);
}

/* ---- a disk that fails ---- */

static void every_record_is_synced_before_it_is_said_to_be_written(void **state)
{
    audit *a = opened(*state);

    for (uint64_t i = 0; i < 10; i++) {
        unsigned before = syncs_done;

        (void)add(a, i);
        assert_true(syncs_done > before);
    }
    audit_close(a);
}

static void a_failed_sync_is_a_failed_record_for_ever(void **state)
{
    audit *a = opened(*state);
    struct audit_receipt r = {0};
    struct err e = {0};

    sync_fails = true;
    assert_int_equal(audit_append(a, "release", NULL, 0, &r, &e), ERR_IO);
    sync_fails = false;
    assert_int_equal(audit_append(a, "release", NULL, 0, &r, &e), ERR_IO);
    assert_int_equal(r.seq, 0);
    audit_close(a);
}

static void after_a_failed_write_nothing_is_appended_any_more(void **state)
{
    struct place *p = *state;
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) { /* a file size limit is a full disk */
        audit *a = NULL;
        struct rlimit lim = {0};
        struct audit_receipt r;
        struct err e = {0};
        int bad = 0;

        signal(SIGXFSZ, SIG_IGN);
        if (audit_open(p->path, &test_clock, &a, &e) != ERR_OK)
            _exit(2);
        getrlimit(RLIMIT_FSIZE, &lim);
        lim.rlim_cur = 1000;
        setrlimit(RLIMIT_FSIZE, &lim);
        for (int i = 0; i < 20 && audit_append(a, "release", NULL, 0, &r, &e) == ERR_OK; i++)
            ;
        bad |= e.code != ERR_IO;
        lim.rlim_cur = lim.rlim_max;
        setrlimit(RLIMIT_FSIZE, &lim);
        /* The disk is well again, but what is on it is not known: still nothing. */
        bad |= audit_append(a, "release", NULL, 0, &r, &e) != ERR_IO;
        audit_close(a);
        _exit(bad);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    audit_close(opened(p)); /* and a new start finds a good log */
    assert_int_equal(verified(p).gaps, 1);
}

/* ---- power lost at any time ---- */

struct worker {
    audit *a;
    int to_parent;
};

static void *add_and_tell(void *arg)
{
    struct worker *w = arg;

    for (uint64_t i = 0;; i++) {
        struct audit_receipt r = add(w->a, i);

        if (write(w->to_parent, &r, sizeof r) != sizeof r) /* as a released answer */
            return NULL;
    }
}

static void run_until_killed(const struct place *p, int to_parent)
{
    struct worker w = {.a = opened(p), .to_parent = to_parent};
    pthread_t t[3];

    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, add_and_tell, &w);
    for (;;)
        pause();
}

static void check_after_kill(const struct place *p, int from_child)
{
    struct audit_receipt r, last = {0};
    struct err e = {0};

    while (read(from_child, &r, sizeof r) == sizeof r)
        if (r.seq > last.seq)
            last = r;
    (void)verified(p);
    if (last.seq && audit_find(p->path, &last, &e) != ERR_OK)
        fail_msg("an answered release is not on record: %s", e.msg);
}

static void after_kill_9_the_log_holds_and_no_answered_release_is_missing(void **state)
{
    struct place *p = *state;

    for (int round = 0; round < 25; round++) {
        int pipes[2];
        pid_t child;

        assert_int_equal(pipe(pipes), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(pipes[0]);
            run_until_killed(p, pipes[1]);
        }
        close(pipes[1]);
        usleep((useconds_t)(3000 + 1777 * round));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        check_after_kill(p, pipes[0]);
        close(pipes[0]);
    }
    audit_close(opened(p));
    assert_true(verified(p).releases > 0);
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

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

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
        IN_PLACE(a_log_written_anew_does_not_hold_the_receipts),
        IN_PLACE(a_line_longer_than_any_record_is_refused),
        IN_PLACE(a_torn_last_line_is_cut_and_said),
        IN_PLACE(a_log_torn_in_its_first_line_opens_anew),
        IN_PLACE(records_that_wait_together_share_a_sync),
        IN_PLACE(every_record_is_synced_before_it_is_said_to_be_written),
        IN_PLACE(a_failed_sync_is_a_failed_record_for_ever),
        IN_PLACE(after_a_failed_write_nothing_is_appended_any_more),
        IN_PLACE(after_kill_9_the_log_holds_and_no_answered_release_is_missing),
        IN_PLACE(refusals_are_counted_and_written_together),
        IN_PLACE(refusals_that_wait_are_written_when_the_log_is_closed),
        IN_PLACE(more_reasons_than_there_are_do_not_grow_the_table),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
