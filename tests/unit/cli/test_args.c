/* The command line: what is taken, what is refused before anything runs, and who wins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "cli/args.h"

static enum err_code nothing(const struct cli_args *a, struct err *e)
{
    (void)a;
    (void)e;
    return ERR_OK;
}

static const struct cli_option options[] = {
    {"rpc", "URL", "the node", "http://127.0.0.1:8545", CLI_OPTIONAL},
    {"chain-id", "N", "the chain", NULL, CLI_REQUIRED},
    {"peer", "HOST", "a peer", NULL, CLI_MANY},
    {"dry-run", NULL, "send nothing", NULL, CLI_OPTIONAL},
    {.name = NULL},
};
static const struct cli_option other_options[] = {
    {"for-another-verb", "X", "a thing", NULL, CLI_OPTIONAL},
    {.name = NULL},
};
static const struct cli_verb verbs[] = {
    {"put", "stores", "FILE", 1, options, NULL, nothing},
    {"artifact put", "stores an artifact", "FILE", 1, other_options, NULL, nothing},
    {.name = NULL},
};
static const struct cli_noun noun = {"gov", "governance", verbs};
static const struct cli_noun *const nouns[] = {&noun, NULL};

static const char *env_chain_id, *env_dry_run, *env_config;

static char *env(const char *name)
{
    const char *v = strcmp(name, "TEEREG_CHAIN_ID") == 0  ? env_chain_id
                    : strcmp(name, "TEEREG_DRY_RUN") == 0 ? env_dry_run
                    : strcmp(name, "TEEREG_CONFIG") == 0  ? env_config
                                                          : NULL;

    return (char *)(uintptr_t)v;
}

static int reset(void **state)
{
    (void)state;
    env_chain_id = env_dry_run = env_config = NULL;
    return 0;
}

#define ARGV(...) ((char *[]){__VA_ARGS__, NULL})

static enum err_code parse(char *const argv[], struct cli_args *ret, struct err *e)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    return args_read(&verbs[0], argc, argv, env, nouns, ret, e);
}

static void refused(char *const argv[], const char *says)
{
    struct cli_args a AUTO_CALL(args_done) = {0};
    struct err e = {0};

    assert_int_not_equal(parse(argv, &a, &e), ERR_OK);
    if (!strstr(e.msg, says))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, says);
}

static void options_come_with_a_space_or_an_equals_sign(void **state)
{
    struct cli_args a AUTO_CALL(args_done) = {0};
    struct err e = {0};
    uint64_t n = 0;

    (void)state;
    assert_int_equal(parse(ARGV("--chain-id", "31337", "f.json", "--rpc=http://n"), &a, &e),
                     ERR_OK);
    assert_int_equal(cli_u64(&a, "chain-id", UINT64_MAX, &n, &e), ERR_OK);
    assert_int_equal(n, 31337);
    assert_string_equal(cli_value(&a, "rpc"), "http://n");
    assert_string_equal(a.positional[0], "f.json");
}

static void a_preset_stands_where_nothing_was_said(void **state)
{
    struct cli_args a AUTO_CALL(args_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(parse(ARGV("--chain-id", "1", "f"), &a, &e), ERR_OK);
    assert_string_equal(cli_value(&a, "rpc"), "http://127.0.0.1:8545");
    assert_null(cli_value(&a, "peer"));
    assert_false(cli_switch(&a, "dry-run"));
    assert_false(a.json);
}

static void an_option_may_be_repeated_only_where_it_says_so(void **state)
{
    struct cli_args a AUTO_CALL(args_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(parse(ARGV("--chain-id", "1", "f", "--peer", "a", "--peer", "b"), &a, &e),
                     ERR_OK);
    assert_string_equal(cli_value_at(&a, "peer", 1), "b");
    assert_null(cli_value_at(&a, "peer", 2));
    refused(ARGV("--chain-id", "1", "--chain-id", "1", "f"), "given twice");
}

static void what_is_unknown_or_incomplete_is_refused(void **state)
{
    (void)state;
    refused(ARGV("--chain-id", "1", "f", "--colour", "red"), "no option --colour");
    refused(ARGV("--chain", "1", "f"), "no option --chain;");
    refused(ARGV("-x", "f"), "two dashes");
    refused(ARGV("f", "--chain-id"), "needs a value");
    refused(ARGV("--chain-id", "1"), "FILE is missing");
    refused(ARGV("--chain-id", "1", "f", "g"), "one argument too many");
    refused(ARGV("--chain-id", "1", "f", "--dry-run=1"), "takes no value");
    refused(ARGV("f"), "--chain-id N is needed");
}

static void the_environment_speaks_where_the_command_line_is_silent(void **state)
{
    struct cli_args a AUTO_CALL(args_done) = {0}, b AUTO_CALL(args_done) = {0};
    struct err e = {0};

    (void)state;
    env_chain_id = "5";
    env_dry_run = "1";
    assert_int_equal(parse(ARGV("f"), &a, &e), ERR_OK);
    assert_string_equal(cli_value(&a, "chain-id"), "5");
    assert_true(cli_switch(&a, "dry-run"));
    assert_int_equal(parse(ARGV("f", "--chain-id", "6"), &b, &e), ERR_OK);
    assert_string_equal(cli_value(&b, "chain-id"), "6");
    env_dry_run = "yes";
    refused(ARGV("f"), "TEEREG_DRY_RUN");
}

static void the_config_file_speaks_last(void **state)
{
    struct cli_args a AUTO_CALL(args_done) = {0};
    char path[] = "/tmp/teereg-args-XXXXXX";
    const char text[] = "# a comment\nchain-id = 7\r\n rpc=http://file\nfor-another-verb = x\n"
                        "dry-run = 1\npeer = a\npeer = b\n";
    struct err e = {0};
    int fd;

    (void)state;
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    env_chain_id = "5";
    env_config = path;
    assert_int_equal(parse(ARGV("f"), &a, &e), ERR_OK);
    unlink(path);
    assert_string_equal(cli_value(&a, "chain-id"), "5");
    assert_string_equal(cli_value(&a, "rpc"), "http://file");
    assert_true(cli_switch(&a, "dry-run"));
    assert_string_equal(cli_value_at(&a, "peer", 1), "b");
}

static void a_misspelt_name_in_the_config_file_is_refused(void **state)
{
    char path[] = "/tmp/teereg-args-XXXXXX";
    const char text[] = "chain-id = 7\nchian-id = 8\n";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    env_config = path;
    refused(ARGV("f"), ":2: no command has an option \"chian-id\"");
    unlink(path);
}

static void numbers_are_decimal_and_bounded(void **state)
{
    struct cli_args a AUTO_CALL(args_done) = {0}, b AUTO_CALL(args_done) = {0};
    struct err e = {0};
    uint64_t n = 77;

    (void)state;
    assert_int_equal(parse(ARGV("f", "--chain-id", "0x10"), &a, &e), ERR_OK);
    assert_int_equal(cli_u64(&a, "chain-id", 100, &n, &e), ERR_USAGE);
    assert_int_equal(parse(ARGV("f", "--chain-id", "18446744073709551616"), &b, &e), ERR_OK);
    assert_int_equal(cli_u64(&b, "chain-id", UINT64_MAX, &n, &e), ERR_USAGE);
    assert_int_equal(n, 77);
}

static void an_option_that_a_verb_turns_out_to_need_is_named_with_its_variable(void **state)
{
    struct cli_args a AUTO_CALL(args_done) = {0};
    struct err e = {0};
    const struct cli_verb optional = {"put", "stores", "FILE", 1, options + 2, NULL, nothing};
    uint64_t n;

    (void)state;
    assert_int_equal(args_read(&optional, 1, ARGV("f"), env, nouns, &a, &e), ERR_OK);
    assert_int_equal(cli_u64(&a, "peer", 100, &n, &e), ERR_USAGE);
    assert_string_equal(e.msg, "--peer HOST is needed (a peer), or TEEREG_PEER in the environment");
}

static void after_two_dashes_everything_is_an_argument(void **state)
{
    struct cli_args a AUTO_CALL(args_done) = {0};
    struct err e = {0};

    (void)state;
    assert_int_equal(parse(ARGV("--chain-id", "1", "--", "--json"), &a, &e), ERR_OK);
    assert_string_equal(a.positional[0], "--json");
    assert_false(a.json);
}

static void the_longest_verb_wins(void **state)
{
    int words = 0;

    (void)state;
    assert_ptr_equal(args_verb(&noun, 3, ARGV("artifact", "put", "f"), &words), &verbs[1]);
    assert_int_equal(words, 2);
    assert_ptr_equal(args_verb(&noun, 1, ARGV("put"), &words), &verbs[0]);
    assert_null(args_verb(&noun, 1, ARGV("artifact"), &words));
    assert_null(args_verb(&noun, 0, ARGV("x"), &words));
}

static void each_kind_of_failure_has_its_exit_code(void **state)
{
    (void)state;
    assert_int_equal(cli_exit_of(ERR_OK), CLI_OK);
    assert_int_equal(cli_exit_of(ERR_DENIED), CLI_DENIED);
    assert_int_equal(cli_exit_of(ERR_VERIFY), CLI_VERIFY);
    assert_int_equal(cli_exit_of(ERR_NOT_FOUND), CLI_NOT_FOUND);
    assert_int_equal(cli_exit_of(ERR_TIMEOUT), CLI_UPSTREAM);
    assert_int_equal(cli_exit_of(ERR_INVALID), CLI_FAILED);
    assert_int_equal(cli_exit_of(ERR_USAGE), CLI_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(options_come_with_a_space_or_an_equals_sign, reset),
        cmocka_unit_test_setup(a_preset_stands_where_nothing_was_said, reset),
        cmocka_unit_test_setup(an_option_may_be_repeated_only_where_it_says_so, reset),
        cmocka_unit_test_setup(what_is_unknown_or_incomplete_is_refused, reset),
        cmocka_unit_test_setup(the_environment_speaks_where_the_command_line_is_silent, reset),
        cmocka_unit_test_setup(the_config_file_speaks_last, reset),
        cmocka_unit_test_setup(a_misspelt_name_in_the_config_file_is_refused, reset),
        cmocka_unit_test_setup(numbers_are_decimal_and_bounded, reset),
        cmocka_unit_test_setup(an_option_that_a_verb_turns_out_to_need_is_named_with_its_variable,
                               reset),
        cmocka_unit_test_setup(after_two_dashes_everything_is_an_argument, reset),
        cmocka_unit_test_setup(the_longest_verb_wins, reset),
        cmocka_unit_test(each_kind_of_failure_has_its_exit_code),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
