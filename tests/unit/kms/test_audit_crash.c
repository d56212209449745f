/* audit: what was answered is on the disk, whatever happens to the process or the disk. */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "unit/kms/audit_support.h"

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

    sync_is_slow = true; /* on a fast disk nobody might have to wait */
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, add_many, a), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    sync_is_slow = false;
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

    assert_int_equal(audit_works(a, &e), ERR_OK);
    sync_fails = true;
    assert_int_equal(audit_append(a, "release", NULL, 0, &r, &e), ERR_IO);
    sync_fails = false;
    assert_int_equal(audit_works(a, &e), ERR_IO);
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
    struct worker w = {.to_parent = to_parent};
    pthread_t t[3];
    struct err e = {0};

    if (audit_open(p->path, &test_clock, &w.a, &e) != ERR_OK)
        _exit(1); /* not an assertion: the child must not go on as the test program */

    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, add_and_tell, &w);
    for (;;)
        pause();
}

static void check_after_kill(const struct place *p, int from_child, uint64_t seen)
{
    struct audit_receipt r, last = {0};
    struct err e = {0};

    if (!fs_exists(p->path)) /* killed before it was made */
        return;

    while (read(from_child, &r, sizeof r) == sizeof r)
        if (r.seq > last.seq)
            last = r;
    assert_true(verified(p).last_seq >= seen);
    if (last.seq && audit_find(p->path, &last, &e) != ERR_OK)
        fail_msg("an answered release is not on record: %s", e.msg);
}

static void after_kill_9_the_log_holds_and_no_answered_release_is_missing(void **state)
{
    struct place *p = *state;

    for (int round = 0; round < 25; round++) {
        struct audit_receipt first = {0};
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
        /* In every third round while it opens the log, else once it answers. */
        if (round % 3 && read(pipes[0], &first, sizeof first) != sizeof first)
            fail_msg("the log did not open");
        usleep((useconds_t)(500 + 977 * round));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        check_after_kill(p, pipes[0], first.seq);
        close(pipes[0]);
    }
    audit_close(opened(p));
    assert_true(verified(p).releases > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_torn_last_line_is_cut_and_said),
        IN_PLACE(a_log_torn_in_its_first_line_opens_anew),
        IN_PLACE(records_that_wait_together_share_a_sync),
        IN_PLACE(every_record_is_synced_before_it_is_said_to_be_written),
        IN_PLACE(a_failed_sync_is_a_failed_record_for_ever),
        IN_PLACE(after_a_failed_write_nothing_is_appended_any_more),
        IN_PLACE(after_kill_9_the_log_holds_and_no_answered_release_is_missing),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
