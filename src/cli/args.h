/* args - one command line, the environment and a config file become a struct cli_args.  Room: cli.
 */
#pragma once
#include "cli/cli.h"

/* argv: what follows the verb's words.  ERR_INVALID says what is wrong and what would be right.
 * getenv_ is getenv, or a test's own.  nouns: all there are, ends with NULL; a name in the config
 * file that no verb of theirs knows is refused, because a misspelt limit would be no limit. */
MUST_CHECK enum err_code args_read(const struct cli_verb *verb, int argc, char *const argv[],
                                   char *(*getenv_)(const char *name),
                                   const struct cli_noun *const nouns[], struct cli_args *ret,
                                   struct err *e);
void args_done(struct cli_args *a);

/* The verb whose words begin argv (the longest), and how many words it has; NULL: none. */
const struct cli_verb *args_verb(const struct cli_noun *noun, int argc, char *const argv[],
                                 int *ret_words);

void help_teereg(FILE *to, const struct cli_noun *const nouns[]);
void help_noun(FILE *to, const struct cli_noun *noun);
void help_verb(FILE *to, const struct cli_noun *noun, const struct cli_verb *verb);
