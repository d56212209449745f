/* log: one line per event, nothing in it that acts on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include "base/json.h"
#include "base/log.h"

static FILE *caught;
static int real_stderr;

static void catch_stderr(void)
{
    caught = tmpfile();
    assert_non_null(caught);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(caught), STDERR_FILENO);
}

/* What was written since catch_stderr, NUL-terminated. */
static const char *caught_text(void)
{
    static char text[1 << 20];
    size_t n;

    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(caught);
    n = fread(text, 1, sizeof text - 1, caught);
    text[n] = 0;
    fclose(caught);
    return text;
}

static void a_json_line_has_time_level_service_message_and_fields(void **state)
{
    AUTO(json) j = NULL;
    const char *text, *s;
    struct err e = {0};
    uint64_t n;

    (void)state;
    log_setup(LOG_JSON, LOG_INFO, "kms-1");
    catch_stderr();
    log_info("released", LOG_HEX("app", bytes_of_str("\x01\xff")), LOG_U64("block", 7),
             LOG_STR("who", "me \"too\""));
    text = caught_text();
    assert_int_equal(json_parse(bytes_of_str(text), 65536, &j, &e), ERR_OK);
    assert_int_equal(json_members(j), 7);
    assert_int_equal(json_get_str(j, "time", 20, &s, &e), ERR_OK);
    assert_int_equal(strlen(s), 20);
    assert_int_equal(json_get_str(j, "level", 10, &s, &e), ERR_OK);
    assert_string_equal(s, "info");
    assert_int_equal(json_get_str(j, "service", 10, &s, &e), ERR_OK);
    assert_string_equal(s, "kms-1");
    assert_int_equal(json_get_str(j, "msg", 10, &s, &e), ERR_OK);
    assert_string_equal(s, "released");
    assert_int_equal(json_get_str(j, "app", 10, &s, &e), ERR_OK);
    assert_string_equal(s, "01ff");
    assert_int_equal(json_get_u64(j, "block", 10, &n, &e), ERR_OK);
    assert_int_equal(json_get_str(j, "who", 10, &s, &e), ERR_OK);
    assert_string_equal(s, "me \"too\"");
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void a_text_line_quotes_what_is_not_one_word(void **state)
{
    const char *text;

    (void)state;
    log_setup(LOG_TEXT, LOG_INFO, "x");
    catch_stderr();
    log_warn("slow node", LOG_STR("url", "https://h"), LOG_STR("why", "timed out"),
             LOG_U64("ms", 5000), LOG_HEX("id", bytes_of_str("\x0a")), LOG_STR("none", NULL));
    text = caught_text();
    assert_string_equal(text + 20, " warn  slow node url=https://h why=\"timed out\" ms=5000 id=0a "
                                   "none=\"\"\n");
}

static void no_control_character_reaches_the_terminal(void **state)
{
    static const char evil[] = "a\x1b[2J\nlevel=error\r\x7f\xc2\x9b\xe2\x80\xae\xff";
    const char *text;

    (void)state;
    for (int form = LOG_TEXT; form <= LOG_JSON; form++) {
        log_setup(form, LOG_INFO, "x");
        catch_stderr();
        log_error(evil, LOG_STR("k", evil));
        text = caught_text();
        for (const char *c = text; c[1]; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        assert_null(strstr(text, "\xc2\x9b"));
        assert_null(strstr(text, "\xe2\x80\xae"));
        assert_null(strstr(text, "\xff"));
    }
}

static void values_are_cut_at_a_kibibyte(void **state)
{
    static char big[4096];
    const char *text;

    (void)state;
    memset(big, 'a', sizeof big - 1);
    log_setup(LOG_TEXT, LOG_INFO, "x");
    catch_stderr();
    log_info("m", LOG_STR("s", big), LOG_HEX("h", bytes_of_str(big)));
    text = caught_text();
    assert_int_equal(strlen(text), strlen("2026-11-23T20:40:01Z info  m s= h=\n") + 2 * 1024);
}

static void lines_below_the_least_level_are_not_written(void **state)
{
    (void)state;
    log_setup(LOG_TEXT, LOG_WARN, "x");
    catch_stderr();
    log_debug("no");
    log_info("no");
    log_warn("yes");
    assert_string_equal(caught_text() + 20, " warn  yes\n");
}

static void a_line_past_all_bounds_is_replaced_by_a_note(void **state)
{
    static char big[1025];
    struct log_field fields[101] = {0};

    (void)state;
    memset(big, 1, sizeof big - 1); /* each becomes six characters */
    for (int i = 0; i < 100; i++)
        fields[i] = LOG_STR("k", big);
    log_setup(LOG_TEXT, LOG_INFO, "x");
    catch_stderr();
    log_write(LOG_INFO, "m", fields);
    assert_string_equal(caught_text(), "a log line was too long\n");
}

static void logging_does_not_change_errno(void **state)
{
    (void)state;
    log_setup(LOG_TEXT, LOG_INFO, "x");
    catch_stderr();
    close(STDERR_FILENO);
    errno = ENOSPC;
    log_info("to nowhere");
    assert_int_equal(errno, ENOSPC);
    caught_text();
}

static void *write_many(void *self)
{
    (void)self;
    for (int i = 0; i < 200; i++)
        log_info("line", LOG_STR("a", "0123456789"), LOG_STR("b", "0123456789"));
    return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
    pthread_t threads[4];
    const char *at;
    int lines = 0;

    (void)state;
    log_setup(LOG_TEXT, LOG_INFO, "x");
    catch_stderr();
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, write_many, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (at = caught_text(); *at; at = strchr(at, '\n') + 1, lines++)
        assert_memory_equal(at + 20, " info  line a=0123456789 b=0123456789\n", 38);
    assert_int_equal(lines, 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_json_line_has_time_level_service_message_and_fields),
        cmocka_unit_test(a_text_line_quotes_what_is_not_one_word),
        cmocka_unit_test(no_control_character_reaches_the_terminal),
        cmocka_unit_test(values_are_cut_at_a_kibibyte),
        cmocka_unit_test(lines_below_the_least_level_are_not_written),
        cmocka_unit_test(a_line_past_all_bounds_is_replaced_by_a_note),
        cmocka_unit_test(logging_does_not_change_errno),
        cmocka_unit_test(lines_of_several_threads_do_not_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
