/* The files of a provisioned instance: all at once, exact modes, nobody else's touched (SR-57). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/fs.h"
#include "instance/provision.h"

static char root[64];

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/teereg-write-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static const char *in_root(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", root, name);
    return p;
}

static struct provisioned example(const char *config)
{
    struct provisioned p = {.certificate_pem = BUF(64), .ca_pem = BUF(64), .config = BUF(64)};
    struct err e;

    buf_put_str(&p.certificate_pem, "certificate");
    buf_put_str(&p.ca_pem, "authority");
    buf_put_str(&p.config, config);
    assert_int_equal(secret_copy(bytes_of_str("key"), &p.key_pem, &e), ERR_OK);
    return p;
}

static void holds(const char *name, mode_t mode, const char *text)
{
    struct buf b AUTO_CALL(buf_done) = BUF(1024);
    struct stat st;
    struct err e;

    assert_int_equal(stat(in_root(name), &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
    assert_int_equal(fs_read(in_root(name), &b, &e), ERR_OK);
    assert_string_equal(buf_cstr(&b), text);
}

static unsigned entries(const char *path)
{
    DIR *d = opendir(path);
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void a_new_folder_holds_four_files_with_exact_modes_whatever_the_umask(void **state)
{
    struct provisioned p AUTO_CALL(provisioned_done) = example("{}");
    struct err e;
    mode_t before = umask(0077);

    (void)state;
    assert_int_equal(provision_write(&p, in_root("i"), &e), ERR_OK);
    umask(before);
    holds("i/key.pem", 0600, "key");
    holds("i/cert.pem", 0644, "certificate");
    holds("i/cacert.pem", 0644, "authority");
    holds("i/config", 0600, "{}");
    assert_int_equal(entries(root), 1);
}

static void a_second_time_replaces_all_of_them_and_leaves_nothing_behind(void **state)
{
    struct provisioned first AUTO_CALL(provisioned_done) = example("1");
    struct provisioned second AUTO_CALL(provisioned_done) = example("2");
    struct err e;

    (void)state;
    assert_int_equal(provision_write(&first, in_root("i/"), &e), ERR_OK);
    assert_int_equal(provision_write(&second, in_root("i"), &e), ERR_OK);
    holds("i/config", 0600, "2");
    assert_int_equal(entries(in_root("i")), 4);
    assert_int_equal(entries(root), 1);
}

static void a_folder_with_somebody_elses_file_is_left_alone(void **state)
{
    struct provisioned p AUTO_CALL(provisioned_done) = example("1");
    struct err e = {0};

    (void)state;
    assert_int_equal(mkdir(in_root("home"), 0755), 0);
    assert_int_equal(fs_write_new(in_root("home/letter"), bytes_of_str("dear"), 0644, &e), ERR_OK);
    assert_int_equal(provision_write(&p, in_root("home"), &e), ERR_INVALID);
    assert_non_null(strstr(e.msg, "letter"));
    assert_int_equal(entries(in_root("home")), 1);
    assert_int_equal(entries(root), 1);
}

static void what_only_looks_like_our_folder_is_left_alone(void **state)
{
    struct provisioned p AUTO_CALL(provisioned_done) = example("1");
    struct err e = {0};

    (void)state;
    assert_int_equal(provision_write(&p, in_root("i"), &e), ERR_OK);
    assert_int_equal(symlink("i", in_root("link")), 0);
    assert_int_equal(provision_write(&p, in_root("link"), &e), ERR_INVALID);
    assert_int_equal(provision_write(&p, in_root("link/"), &e), ERR_INVALID);
    assert_int_equal(provision_may_write(in_root("link"), &e), ERR_INVALID);
    assert_int_equal(provision_write(&p, in_root("i/config"), &e), ERR_INVALID);
    assert_int_equal(mkdir(in_root("other"), 0755), 0);
    assert_int_equal(mkdir(in_root("other/config"), 0755), 0);
    assert_int_equal(provision_write(&p, in_root("other"), &e), ERR_INVALID);
    assert_int_equal(provision_may_write(in_root("i"), &e), ERR_OK);
    assert_int_equal(provision_may_write(in_root("not there yet"), &e), ERR_OK);
    assert_int_equal(provision_may_write("", &e), ERR_INVALID);
    assert_int_equal(provision_may_write(in_root("nowhere/i"), &e), ERR_IO);
    assert_non_null(strstr(e.msg, "nowhere/i: "));
    holds("i/config", 0600, "1");
    assert_int_equal(entries(root), 3);
}

static void a_failure_in_the_middle_leaves_the_old_files(void **state)
{
    struct provisioned first AUTO_CALL(provisioned_done) = example("1");
    struct provisioned second AUTO_CALL(provisioned_done) = example("2");
    struct rlimit before, few;
    struct err e;

    (void)state;
    assert_int_equal(provision_write(&first, in_root("i"), &e), ERR_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    few = before;
    few.rlim_cur = 5; /* the disk is full in the middle of the second file */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
    assert_int_not_equal(provision_write(&second, in_root("i"), &e), ERR_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    holds("i/config", 0600, "1");
    assert_int_equal(entries(in_root("i")), 4);
    assert_int_equal(entries(root), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_new_folder_holds_four_files_with_exact_modes_whatever_the_umask, make_root,
            remove_root),
        cmocka_unit_test_setup_teardown(
            a_second_time_replaces_all_of_them_and_leaves_nothing_behind, make_root, remove_root),
        cmocka_unit_test_setup_teardown(a_folder_with_somebody_elses_file_is_left_alone, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(what_only_looks_like_our_folder_is_left_alone, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(a_failure_in_the_middle_leaves_the_old_files, make_root,
                                        remove_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
