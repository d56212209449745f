/* fs: bounded reads, and writes that are whole, exact in their mode, or not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include "base/fs.h"

static char dir[64];

/* Two results at a time, so that a test can name two files. */
static const char *in_dir(const char *name)
{
    static char path[2][128];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static void plant(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    fchmod(fd, mode);
    close(fd);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static void holds(const char *path, const char *want)
{
    struct buf b AUTO_CALL(buf_done) = BUF(1000);
    struct err e = {0};

    assert_int_equal(fs_read(path, &b, &e), ERR_OK);
    assert_string_equal(buf_cstr(&b), want);
}

/* Names in the folder that are not . and .. */
static int entries(void)
{
    DIR *d = opendir(dir);
    int n = 0;

    while (d && readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/teereg-test-fs-XXXXXX");
    umask(022);
    return mkdtemp(dir) ? 0 : -1;
}

static void remove_all(const char *at)
{
    DIR *d = opendir(at);
    struct dirent *entry;

    while (d && (entry = readdir(d))) {
        char path[400];

        snprintf(path, sizeof path, "%s/%s", at, entry->d_name);
        if (entry->d_name[0] == '.' && strlen(entry->d_name) < 3)
            continue;
        if (unlink(path) != 0)
            remove_all(path);
    }
    if (d)
        closedir(d);
    rmdir(at);
}

static int remove_dir(void **state)
{
    (void)state;
    remove_all(dir);
    return 0;
}

static void a_written_file_has_its_mode_whatever_the_umask(void **state)
{
    static const mode_t masks[] = {0, 022, 077, 0777}, modes[] = {0600, 0640, 0644, 0400};
    struct err e = {0};

    (void)state;
    for (size_t m = 0; m < 4; m++) {
        for (size_t i = 0; i < 4; i++) {
            umask(masks[m]);
            assert_int_equal(fs_write_atomic(in_dir("f"), bytes_of_str("x"), modes[i], &e), ERR_OK);
            assert_int_equal(mode_of(in_dir("f")), modes[i]);
        }
    }
}

static void a_file_that_is_there_is_replaced_with_its_mode(void **state)
{
    struct err e = {0};

    (void)state;
    plant(in_dir("f"), "old and longer than new", 0666);
    assert_int_equal(fs_write_atomic(in_dir("f"), bytes_of_str("new"), 0600, &e), ERR_OK);
    assert_int_equal(mode_of(in_dir("f")), 0600);
    holds(in_dir("f"), "new");
}

static void an_open_reader_keeps_the_old_contents(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(100);
    struct err e = {0};
    int fd;

    (void)state;
    plant(in_dir("f"), "old", 0600);
    fd = open(in_dir("f"), O_RDONLY);
    assert_int_equal(fs_write_atomic(in_dir("f"), bytes_of_str("new"), 0600, &e), ERR_OK);
    assert_int_equal(fs_read_fd(fd, &b, &e), ERR_OK);
    assert_string_equal(buf_cstr(&b), "old");
    close(fd);
}

static void a_symbolic_link_is_replaced_not_followed(void **state)
{
    struct stat st;
    struct err e = {0};

    (void)state;
    plant(in_dir("target"), "keep", 0600);
    assert_int_equal(symlink("target", in_dir("f")), 0);
    assert_int_equal(fs_write_atomic(in_dir("f"), bytes_of_str("new"), 0600, &e), ERR_OK);
    assert_int_equal(lstat(in_dir("f"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
    holds(in_dir("target"), "keep");
}

static void nothing_else_is_left_beside_the_file(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(fs_write_atomic(in_dir("f"), bytes_of_str("x"), 0600, &e), ERR_OK);
    assert_int_equal(fs_write_new(in_dir("g"), bytes_of_str("x"), 0600, &e), ERR_OK);
    assert_int_equal(entries(), 2);
}

static void a_write_that_fails_leaves_the_old_file_and_no_other(void **state)
{
    struct rlimit old, small = {4, 4};
    struct err e = {0};
    enum err_code code;

    (void)state;
    plant(in_dir("f"), "old", 0600);
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    code = fs_write_atomic(in_dir("f"), bytes_of_str("longer than four"), 0600, &e);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(code, ERR_IO);
    holds(in_dir("f"), "old");
    assert_int_equal(entries(), 1);
}

static void a_folder_is_not_replaced(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(mkdir(in_dir("f"), 0700), 0);
    assert_int_equal(fs_write_atomic(in_dir("f"), bytes_of_str("x"), 0600, &e), ERR_IO);
    assert_int_equal(entries(), 1);
}

static void a_missing_folder_is_not_found(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(fs_write_atomic(in_dir("no/f"), bytes_of_str("x"), 0600, &e), ERR_NOT_FOUND);
}

static void a_path_that_names_no_file_is_refused(void **state)
{
    static const char *const wrong[] = {"", "/", "x/", ".", "..", "/tmp/.."};
    char longer[5000];
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(fs_write_atomic(wrong[i], bytes_of_str("x"), 0600, &e), ERR_INVALID);
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(fs_write_atomic(longer, bytes_of_str("x"), 0600, &e), ERR_INVALID);
    longer[256] = 0;
    assert_int_equal(fs_write_atomic(longer, bytes_of_str("x"), 0600, &e), ERR_INVALID);
}

static void a_new_file_has_exactly_its_mode(void **state)
{
    struct err e = {0};

    (void)state;
    umask(0777);
    assert_int_equal(fs_write_new(in_dir("f"), bytes_of_str("x"), 0640, &e), ERR_OK);
    assert_int_equal(mode_of(in_dir("f")), 0640);
    holds(in_dir("f"), "x");
}

static void a_new_file_does_not_replace_one(void **state)
{
    struct err e = {0};

    (void)state;
    plant(in_dir("f"), "old", 0600);
    assert_int_equal(fs_write_new(in_dir("f"), bytes_of_str("new"), 0600, &e), ERR_INVALID);
    holds(in_dir("f"), "old");
    assert_int_equal(entries(), 1);
}

static void a_new_file_does_not_follow_a_dangling_link(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(symlink("elsewhere", in_dir("f")), 0);
    assert_int_equal(fs_write_new(in_dir("f"), bytes_of_str("new"), 0600, &e), ERR_INVALID);
    assert_false(fs_exists(in_dir("elsewhere")));
}

static void a_read_is_bounded_by_its_buffer(void **state)
{
    struct buf small AUTO_CALL(buf_done) = BUF(4), exact AUTO_CALL(buf_done) = BUF(5);
    struct err e = {0};

    (void)state;
    plant(in_dir("f"), "12345", 0600);
    assert_int_equal(fs_read(in_dir("f"), &small, &e), ERR_TOO_LARGE);
    assert_int_equal(small.n, 0);
    assert_int_equal(fs_read(in_dir("f"), &exact, &e), ERR_OK);
    assert_int_equal(exact.n, 5);
}

static void a_read_appends(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(100);
    struct err e = {0};

    (void)state;
    plant(in_dir("f"), "b", 0600);
    buf_put_str(&b, "a");
    assert_int_equal(fs_read(in_dir("f"), &b, &e), ERR_OK);
    assert_string_equal(buf_cstr(&b), "ab");
}

static void a_file_whose_size_is_not_told_is_read_to_its_end(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(1 << 20);
    struct err e = {0};

    (void)state;
    assert_int_equal(fs_read("/proc/self/status", &b, &e), ERR_OK);
    assert_non_null(strstr(buf_cstr(&b), "Name:"));
}

static void a_pipe_is_read_to_its_end(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(100);
    struct err e = {0};
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "piped", 5), 5);
    close(ends[1]);
    assert_int_equal(fs_read_fd(ends[0], &b, &e), ERR_OK);
    assert_string_equal(buf_cstr(&b), "piped");
    close(ends[0]);
}

static void what_is_no_regular_file_is_not_read(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(100);
    struct err e = {0};

    (void)state;
    assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
    assert_int_equal(fs_read(in_dir("fifo"), &b, &e), ERR_IO);
    assert_int_equal(fs_read(dir, &b, &e), ERR_IO);
    assert_int_equal(fs_read("/dev/zero", &b, &e), ERR_IO);
    assert_int_equal(fs_read(in_dir("none"), &b, &e), ERR_NOT_FOUND);
    assert_int_equal(fs_read_fd(-1, &b, &e), ERR_IO);
}

static void an_empty_file_is_read_as_nothing(void **state)
{
    struct buf b AUTO_CALL(buf_done) = BUF(100);
    struct err e = {0};

    (void)state;
    assert_int_equal(fs_write_atomic(in_dir("f"), (struct bytes){0}, 0600, &e), ERR_OK);
    assert_int_equal(fs_read(in_dir("f"), &b, &e), ERR_OK);
    assert_int_equal(b.n, 0);
}

static void folders_are_made_with_their_mode(void **state)
{
    struct err e = {0};

    (void)state;
    umask(0777);
    assert_int_equal(fs_mkdirs(in_dir("a/b//c/"), 0750, &e), ERR_OK);
    assert_int_equal(mode_of(in_dir("a")), 0750);
    assert_int_equal(mode_of(in_dir("a/b/c")), 0750);
}

static void folders_that_are_there_keep_their_mode(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(mkdir(in_dir("a"), 0700), 0);
    assert_int_equal(fs_mkdirs(in_dir("a/b"), 0750, &e), ERR_OK);
    assert_int_equal(fs_mkdirs(in_dir("a/b"), 0750, &e), ERR_OK);
    assert_int_equal(mode_of(in_dir("a")), 0700);
}

static void a_file_in_the_way_of_a_folder_is_an_error(void **state)
{
    struct err e = {0};

    (void)state;
    plant(in_dir("f"), "x", 0600);
    assert_int_equal(fs_mkdirs(in_dir("f"), 0700, &e), ERR_IO);
    assert_int_equal(fs_mkdirs(in_dir("f/g"), 0700, &e), ERR_IO);
    assert_int_equal(fs_mkdirs("", 0700, &e), ERR_INVALID);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_written_file_has_its_mode_whatever_the_umask),
        IN_DIR(a_file_that_is_there_is_replaced_with_its_mode),
        IN_DIR(an_open_reader_keeps_the_old_contents),
        IN_DIR(a_symbolic_link_is_replaced_not_followed),
        IN_DIR(nothing_else_is_left_beside_the_file),
        IN_DIR(a_write_that_fails_leaves_the_old_file_and_no_other),
        IN_DIR(a_folder_is_not_replaced),
        IN_DIR(a_missing_folder_is_not_found),
        IN_DIR(a_path_that_names_no_file_is_refused),
        IN_DIR(a_new_file_has_exactly_its_mode),
        IN_DIR(a_new_file_does_not_replace_one),
        IN_DIR(a_new_file_does_not_follow_a_dangling_link),
        IN_DIR(a_read_is_bounded_by_its_buffer),
        IN_DIR(a_read_appends),
        IN_DIR(a_file_whose_size_is_not_told_is_read_to_its_end),
        IN_DIR(a_pipe_is_read_to_its_end),
        IN_DIR(what_is_no_regular_file_is_not_read),
        IN_DIR(an_empty_file_is_read_as_nothing),
        IN_DIR(folders_are_made_with_their_mode),
        IN_DIR(folders_that_are_there_keep_their_mode),
        IN_DIR(a_file_in_the_way_of_a_folder_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
