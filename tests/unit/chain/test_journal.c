/* journal: what is written is read, what is wrong is refused, one process at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "base/fs.h"
#include "base/json.h"
#include "chain/journal.h"

static const struct hash32 genesis = {{0x1a, 0x2b, 0x3c, 0x4d}}, call = {{7}};
static const struct addr who = {{0xca, 0xfe}};
static char dir[64];
static struct err e;

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/teereg-journal-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static journal *open_journal(void)
{
    journal *j = NULL;

    assert_int_equal(journal_new(dir, 31337, &genesis, &who, &j, &e), ERR_OK);
    return j;
}

static void what_is_saved_is_there_in_another_process(void **state)
{
    struct journal_entries *list;
    AUTO(journal) a = open_journal();
    AUTO(journal) b = open_journal();
    char path[160];
    struct stat st;

    (void)state;
    assert_int_equal(journal_take(a, &list, &e), ERR_OK);
    assert_true(list->n == 0);
    assert_int_equal(journal_add(list, 4, &call, bytes_of_str("four"), &e), ERR_OK);
    assert_int_equal(journal_add(list, 5, &call, bytes_of_str("five"), &e), ERR_OK);
    assert_int_equal(journal_add_raw(journal_find(list, 5), bytes_of_str("FIVE"), &e), ERR_OK);
    journal_find(list, 4)->told = true;
    assert_int_equal(journal_save(a, &e), ERR_OK);
    journal_give(a);
    assert_int_equal(journal_take(b, &list, &e), ERR_OK);
    assert_true(list->n == 2 && list->entry[0].told && !list->entry[1].told);
    assert_true(list->entry[1].n_raws == 2 && hash32_eq(&list->entry[1].call, &call));
    assert_true(bytes_eq(buf_bytes(&list->entry[1].raw[1]), bytes_of_str("FIVE")));
    journal_forget_told(list, 4);
    assert_true(list->n == 2);
    journal_forget_told(list, 6);
    assert_true(list->n == 1 && list->entry[0].nonce == 5);
    journal_remove(list, 5);
    assert_true(list->n == 0);
    snprintf(path, sizeof path, "%s/31337-1a2b3c4d-0xcafe%036d.json", dir, 0);
    assert_int_equal(stat(path, &st), 0);
    assert_true((st.st_mode & 0777) == 0600);
}

static void what_was_not_saved_is_not_there(void **state)
{
    struct journal_entries *list;
    AUTO(journal) a = open_journal();
    AUTO(journal) b = open_journal();

    (void)state;
    assert_int_equal(journal_take(a, &list, &e), ERR_OK);
    assert_int_equal(journal_add(list, 4, &call, bytes_of_str("four"), &e), ERR_OK);
    journal_give(a);
    assert_int_equal(journal_take(b, &list, &e), ERR_OK);
    assert_true(list->n == 0);
}

static void numbers_ascend_and_the_list_ends(void **state)
{
    struct journal_entries *list;
    AUTO(journal) j = NULL;

    (void)state;
    assert_int_equal(journal_new(NULL, 1, &genesis, &who, &j, &e), ERR_OK);
    assert_int_equal(journal_take(j, &list, &e), ERR_OK);
    for (uint64_t i = 0; i < JOURNAL_ENTRIES_MAX; i++)
        assert_int_equal(journal_add(list, i, &call, bytes_of_str("x"), &e), ERR_OK);
    assert_int_equal(journal_add(list, 1000, &call, bytes_of_str("x"), &e), ERR_BUSY);
    journal_remove(list, 63);
    assert_int_equal(journal_add(list, 62, &call, bytes_of_str("x"), &e), ERR_INTERNAL);
    for (size_t i = 1; i < JOURNAL_RAWS_MAX; i++)
        assert_int_equal(journal_add_raw(&list->entry[0], bytes_of_str("x"), &e), ERR_OK);
    assert_int_equal(journal_add_raw(&list->entry[0], bytes_of_str("x"), &e), ERR_BUSY);
}

#define CALL "\"call\":\"0700000000000000000000000000000000000000000000000000000000000000\""

static void a_file_that_is_no_journal_is_refused_and_left(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{\"teereg_journal\":2,\"entries\":[]}",
        "{\"teereg_journal\":1,\"entries\":[],\"more\":1}",
        "{\"teereg_journal\":1,\"entries\":[7]}",
        "{\"teereg_journal\":1,\"entries\":[{\"nonce\":1," CALL ",\"told\":true,\"raw\":[]}]}",
        "{\"teereg_journal\":1,\"entries\":[{\"nonce\":1," CALL
        ",\"told\":true,\"raw\":[\"00\"]}]}",
        "{\"teereg_journal\":1,\"entries\":[{\"nonce\":1," CALL ",\"told\":1,\"raw\":[\"0x00\"]}]}",
        "{\"teereg_journal\":1,\"entries\":[{\"nonce\":1," CALL
        ",\"told\":true,\"raw\":[\"0x00\"]},"
        "{\"nonce\":1," CALL ",\"told\":true,\"raw\":[\"0x00\"]}]}",
    };
    char path[160];

    (void)state;
    snprintf(path, sizeof path, "%s/31337-1a2b3c4d-0xcafe%036d.json", dir, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        AUTO(journal) j = open_journal();
        struct journal_entries *list;

        assert_int_equal(fs_write_atomic(path, bytes_of_str(wrong[i]), 0600, &e), ERR_OK);
        assert_int_equal(journal_take(j, &list, &e), ERR_INVALID);
        assert_true(fs_exists(path));
        /* The lock is free again. */
        assert_int_equal(
            fs_write_atomic(path, bytes_of_str("{\"teereg_journal\":1,\"entries\":[]}"), 0600, &e),
            ERR_OK);
        assert_int_equal(journal_take(j, &list, &e), ERR_OK);
    }
}

int main(void)
{
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_DIR(what_is_saved_is_there_in_another_process),
        IN_DIR(what_was_not_saved_is_not_there),
        IN_DIR(numbers_ascend_and_the_list_ends),
        IN_DIR(a_file_that_is_no_journal_is_refused_and_left),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
