#include "cli/args.h"

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static int usage(const char *what, const char *where)
{
    fprintf(stderr, "teereg%s%s: %s\n`teereg%s%s --help` tells more\n", *where ? " " : "", where,
            what, *where ? " " : "", where);
    return CLI_USAGE;
}

/* A word that is none of ours, and those that are. */
static int unknown_noun(const char *word, const struct cli_noun *const nouns[])
{
    fprintf(stderr, "teereg: no such noun: %.40s; there are", word);
    for (const char *comma = ""; *nouns; nouns++, comma = ",")
        fprintf(stderr, "%s %s", comma, (*nouns)->name);
    fputs("\n`teereg --help` tells more\n", stderr);
    return CLI_USAGE;
}

static int unknown_verb(const char *word, const struct cli_noun *noun)
{
    const char *comma = "";

    fprintf(stderr, "teereg %s: no such verb: %.40s; there are", noun->name, word);
    for (const struct cli_verb *v = noun->verbs; v->name; v++, comma = ",")
        fprintf(stderr, "%s %s", comma, v->name);
    fprintf(stderr, "\n`teereg %s --help` tells more\n", noun->name);
    return CLI_USAGE;
}

static int run_verb(const struct cli_noun *const nouns[], const struct cli_noun *noun,
                    const struct cli_verb *verb, int argc, char *const argv[])
{
    struct cli_args args AUTO_CALL(args_done) = {0};
    struct err e = {0};
    char where[64];
    enum err_code code;

    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_verb(stdout, noun, verb);
            return CLI_OK;
        }
    }
    snprintf(where, sizeof where, "%s%s%s", noun->name, *verb->name ? " " : "", verb->name);
    if (args_read(verb, argc, argv, getenv, nouns, &args, &e) != ERR_OK)
        return usage(e.msg, where);
    code = verb->run(&args, &e);
    if (code == ERR_USAGE)
        return usage(e.msg, where);
    if (code != ERR_OK)
        fprintf(stderr, "teereg %s: %s\n", where, e.msg);
    return (int)cli_exit_of(code);
}

int cli_main(const struct cli_noun *const nouns[], int argc, char *const argv[])
{
    if (argc < 2) {
        help_teereg(stderr, nouns);
        return CLI_USAGE;
    }
    if (is_help(argv[1])) {
        help_teereg(stdout, nouns);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("teereg " TEEREG_VERSION);
        return CLI_OK;
    }
    for (size_t i = 0; nouns[i]; i++) {
        const struct cli_noun *noun = nouns[i];
        const struct cli_verb *verb;
        int words;

        if (strcmp(noun->name, argv[1]) != 0)
            continue;
        if (!*noun->verbs[0].name)
            return run_verb(nouns, noun, &noun->verbs[0], argc - 2, argv + 2);
        if (argc > 2 && is_help(argv[2])) {
            help_noun(stdout, noun);
            return CLI_OK;
        }
        verb = args_verb(noun, argc - 2, argv + 2, &words);
        if (verb)
            return run_verb(nouns, noun, verb, argc - 2 - words, argv + 2 + words);
        if (argc == 2) {
            help_noun(stderr, noun);
            return CLI_USAGE;
        }
        return unknown_verb(argv[2], noun);
    }
    return unknown_noun(argv[1], nouns);
}
