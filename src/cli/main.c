/* main - the teereg command.  Room: cli. */
#include "cli/cli.h"
#include "crypto/secret.h"

int main(int argc, char *argv[])
{
    static const struct cli_noun *const nouns[] = {
        &cli_noun_kms,      &cli_noun_gov,   &cli_noun_secret,   &cli_noun_store,
        &cli_noun_evidence, &cli_noun_audit, &cli_noun_instance, NULL,
    };
    struct err e = {0};

    json_init();
    if (secret_memory_init(&e) != ERR_OK) {
        fprintf(stderr, "teereg: %s\n", e.msg);
        return CLI_FAILED;
    }
    return cli_main(nouns, argc, argv);
}
