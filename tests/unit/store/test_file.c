/* file: the operator's folder, in the layout of version 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/codec.h"
#include "base/fs.h"
#include "store/store.h"

static char dir[64];

static const char *in_dir(const char *folder, const struct hash32 *id)
{
    static char path[256];
    char hex[HEX_LEN(32)];

    hex_encode(BYTES_OF(*id), hex);
    snprintf(path, sizeof path, "%s/s/%s/%s", dir, folder, hex);
    return path;
}

static store *opened(void)
{
    struct store_backend b = {0};
    struct err e = {0};
    char path[80];
    store *s = NULL;

    snprintf(path, sizeof path, "%s/s", dir);
    assert_int_equal(store_file_backend(path, &b, &e), ERR_OK);
    assert_int_equal(store_new(NULL, &clock_system, &s, &e), ERR_OK);
    assert_int_equal(store_add(s, &b, &e), ERR_OK);
    return s;
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/teereg-test-store-XXXXXX");
    umask(022);
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static void round_trip(struct bytes content)
{
    AUTO(store) s = opened();
    struct buf got AUTO_CALL(buf_done) = BUF(STORE_OBJECT_MAX);
    struct hash32 id;
    struct err e = {0};

    assert_int_equal(store_put(s, STORE_CONFIG, content, &id, &e), ERR_OK);
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
    assert_true(bytes_eq(buf_bytes(&got), content));
}

static void every_byte_value_survives(void **state)
{
    uint8_t all[256];

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    round_trip(BYTES(all));
}

static void nothing_survives_as_nothing(void **state)
{
    (void)state;
    round_trip((struct bytes){0});
}

static void a_mebibyte_survives(void **state)
{
    uint8_t *big = malloc(STORE_OBJECT_MAX);

    (void)state;
    for (size_t i = 0; i < STORE_OBJECT_MAX; i++)
        big[i] = (uint8_t)(i * 2654435761u >> 13);
    round_trip((struct bytes){big, STORE_OBJECT_MAX});
    free(big);
}

static void files_lie_where_version_1_put_them(void **state)
{
    AUTO(store) s = opened();
    struct hash32 config, secret;
    struct err e = {0};

    (void)state;
    assert_int_equal(store_put(s, STORE_CONFIG, bytes_of_str("c"), &config, &e), ERR_OK);
    assert_int_equal(store_put(s, STORE_SECRET, bytes_of_str("s"), &secret, &e), ERR_OK);
    assert_true(fs_exists(in_dir("configs", &config)));
    assert_true(fs_exists(in_dir("secrets", &secret)));
    assert_non_null(
        strstr(in_dir("configs", &config),
               "/configs/2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"));
}

static void files_are_not_for_the_world(void **state)
{
    AUTO(store) s = opened();
    struct hash32 id;
    struct stat st;
    struct err e = {0};
    char path[80];

    (void)state;
    umask(0);
    assert_int_equal(store_put(s, STORE_CONFIG, bytes_of_str("c"), &id, &e), ERR_OK);
    assert_int_equal(stat(in_dir("configs", &id), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    snprintf(path, sizeof path, "%s/s", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
}

static void content_is_found_in_the_other_folder_too(void **state)
{
    AUTO(store) s = opened();
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id;
    struct err e = {0};

    (void)state;
    assert_int_equal(store_put(s, STORE_SECRET, bytes_of_str("x"), &id, &e), ERR_OK);
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
    assert_int_equal(store_fetch(s, STORE_SECRET, &id, &got, &e), ERR_OK);
    assert_string_equal(buf_cstr(&got), "xx");
}

static void a_file_that_was_changed_is_refused(void **state)
{
    AUTO(store) s = opened();
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id;
    struct err e = {0};

    (void)state;
    assert_int_equal(store_put(s, STORE_CONFIG, bytes_of_str("honest"), &id, &e), ERR_OK);
    assert_int_equal(fs_write_atomic(in_dir("configs", &id), bytes_of_str("hOnest"), 0600, &e),
                     ERR_OK);
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_VERIFY);
    assert_int_equal(got.n, 0);
}

static void putting_again_mends_a_changed_file(void **state)
{
    AUTO(store) s = opened();
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id;
    struct err e = {0};

    (void)state;
    assert_int_equal(store_put(s, STORE_CONFIG, bytes_of_str("honest"), &id, &e), ERR_OK);
    assert_int_equal(fs_write_atomic(in_dir("configs", &id), bytes_of_str("x"), 0600, &e), ERR_OK);
    assert_int_equal(store_put(s, STORE_CONFIG, bytes_of_str("honest"), &id, &e), ERR_OK);
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_OK);
}

static void a_file_over_the_limit_is_not_read(void **state)
{
    struct buf big AUTO_CALL(buf_done) = BUF(STORE_OBJECT_MAX + 1);
    struct buf got AUTO_CALL(buf_done) = BUF(2 * STORE_OBJECT_MAX);
    AUTO(store) s = opened();
    struct hash32 id;
    struct err e = {0};

    (void)state;
    assert_int_equal(store_put(s, STORE_CONFIG, bytes_of_str("small"), &id, &e), ERR_OK);
    buf_put_zero(&big, big.max);
    store_id_of(buf_bytes(&big), &id);
    assert_int_equal(fs_write_atomic(in_dir("configs", &id), buf_bytes(&big), 0600, &e), ERR_OK);
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_TOO_LARGE);
}

static void nothing_is_made_before_the_first_put(void **state)
{
    AUTO(store) s = opened();
    struct buf got AUTO_CALL(buf_done) = BUF(100);
    struct hash32 id = {0};
    struct err e = {0};
    char path[80];

    (void)state;
    assert_int_equal(store_fetch(s, STORE_CONFIG, &id, &got, &e), ERR_NOT_FOUND);
    snprintf(path, sizeof path, "%s/s", dir);
    assert_false(fs_exists(path));
}

static void a_path_that_is_none_is_refused(void **state)
{
    struct store_backend b = {0};
    struct err e = {0};
    char path[PATH_MAX + 1];

    (void)state;
    assert_int_equal(store_file_backend("", &b, &e), ERR_INVALID);
    memset(path, 'a', PATH_MAX);
    path[PATH_MAX] = 0;
    assert_int_equal(store_file_backend(path, &b, &e), ERR_INVALID);
    assert_null(b.ops);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(every_byte_value_survives),
        IN_DIR(nothing_survives_as_nothing),
        IN_DIR(a_mebibyte_survives),
        IN_DIR(files_lie_where_version_1_put_them),
        IN_DIR(files_are_not_for_the_world),
        IN_DIR(content_is_found_in_the_other_folder_too),
        IN_DIR(a_file_that_was_changed_is_refused),
        IN_DIR(putting_again_mends_a_changed_file),
        IN_DIR(a_file_over_the_limit_is_not_read),
        IN_DIR(nothing_is_made_before_the_first_put),
        IN_DIR(a_path_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
