#include "cli/args.h"
#include "cli/writer.h"

static void exit_codes(FILE *to)
{
    fputs("\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 denied by policy, 4 not found,\n"
          "5 verification failed, 6 a node, KMS or storage is unreachable or answers wrongly.\n",
          to);
}

void help_teereg(FILE *to, const struct cli_noun *const nouns[])
{
    fputs("teereg " TEEREG_VERSION " - decides which software in a TEE gets an application's "
          "secrets\n\nusage: teereg NOUN VERB [OPTION...]\n\n",
          to);
    for (; *nouns; nouns++)
        fprintf(to, "  %-11s %s\n", (*nouns)->name, (*nouns)->summary);
    fputs("\n`teereg NOUN --help` lists a noun's verbs, `teereg NOUN VERB --help` its options.\n",
          to);
    exit_codes(to);
}

void help_noun(FILE *to, const struct cli_noun *noun)
{
    fprintf(to, "teereg %s - %s\n\n", noun->name, noun->summary);
    for (const struct cli_verb *v = noun->verbs; v->name; v++)
        fprintf(to, "  %-15s %s\n", v->name, v->summary);
    fprintf(to, "\n`teereg %s VERB --help` lists the options of one.\n", noun->name);
}

/* Up to the table's end, which is returned. */
static const struct cli_option *put_options(FILE *to, const struct cli_option *o)
{
    for (; o->name; o++) {
        char left[64];

        snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        fprintf(to, "  %-28s %s%s%s%s%s\n", left, o->help, o->preset ? " [" : "",
                o->preset ? o->preset : "", o->preset ? "]" : "",
                o->need == CLI_REQUIRED ? " (required)"
                : o->need == CLI_MANY   ? " (may be repeated)"
                                        : "");
    }
    return o;
}

void help_verb(FILE *to, const struct cli_noun *noun, const struct cli_verb *verb)
{
    fprintf(to, "usage: teereg %s%s%s%s%s [OPTION...]\n\n%s\n\n", noun->name,
            *verb->name ? " " : "", verb->name, verb->positional ? " " : "",
            verb->positional ? verb->positional : "", verb->summary);
    if (verb->options && put_options(to, verb->options)->need == CLI_SENDS) {
        fputs("\nOf every command that sends a transaction:\n", to);
        (void)put_options(to, cli_write_options);
        fputs("\nOf every command:\n", to);
    }
    fprintf(to, "  %-28s %s\n  %-28s %s\n  %-28s %s\n", "--json", "machine-readable output",
            "--config FILE", "options as lines `name = value`", "--help", "this text");
    fputs("\nEach option may also stand in the environment: --chain-id is TEEREG_CHAIN_ID.\n", to);
    if (verb->example)
        fprintf(to, "\nExample:\n  %s\n", verb->example);
    exit_codes(to);
}
