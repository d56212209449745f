/* main - the teereg command.  Room: cli. */
#include <malloc.h>
#include "cli/cli.h"
#include "crypto/secret.h"

/* Of malloc: workers mostly wait for the disk, and each would keep memory of its own. */
#define ARENAS 2

int main(int argc, char *argv[])
{
    static const struct cli_noun *const nouns[] = {
        &cli_noun_kms,
        &cli_noun_gov,
        &cli_noun_secret,
        &cli_noun_store,
        &cli_noun_evidence,
        &cli_noun_collateral,
        &cli_noun_chain,
        &cli_noun_audit,
        &cli_noun_instance,
        &cli_noun_explain,
        NULL,
    };
    struct err e = {0};

    mallopt(M_ARENA_MAX, ARENAS);
    json_init();
    if (secret_memory_init(&e) != ERR_OK) {
        fprintf(stderr, "teereg: %s\n", e.msg);
        return CLI_FAILED;
    }
    return cli_main(nouns, argc, argv);
}
