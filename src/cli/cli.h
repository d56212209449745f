/* cli - what every noun of the command line shares: options, help, exit codes, output.  Room: cli.
 *
 * A noun is a table of verbs, a verb a table of options and a function; parsing, `--help`, the
 * environment and the config file are done here, so that all nouns behave alike:
 *
 *   --rpc URL on the command line, else TEEREG_RPC, else `rpc = URL` in the file of --config
 *
 * Unknown options, options given twice, missing values and missing required options are refused
 * before anything runs.  Secrets are never values of options: an option names a file or a
 * descriptor. */
#pragma once
#include <stdio.h>
#include "base/buf.h"
#include "base/json.h"

/* Exit codes, in every `--help` and in teereg(1). */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,    /* anything that has no code of its own */
    CLI_USAGE = 2,     /* the command line or configuration is wrong; nothing was done */
    CLI_DENIED = 3,    /* policy says no */
    CLI_NOT_FOUND = 4, /* what was asked for does not exist */
    CLI_VERIFY = 5,    /* a signature, hash or proof does not hold */
    CLI_UPSTREAM = 6,  /* a node, KMS or storage is unreachable, slow or wrong */
};
enum cli_exit cli_exit_of(enum err_code code);

struct cli_option {
    const char *name;   /* without the dashes */
    const char *value;  /* what the value is called in the help: "URL"; NULL: a switch */
    const char *help;   /* one line */
    const char *preset; /* the default; NULL: none */
    enum {
        CLI_OPTIONAL,
        CLI_REQUIRED,
        CLI_MANY,  /* may be repeated */
        CLI_SENDS, /* of a table's end: the options of cli/writer.h follow */
    } need;
};

#define CLI_OPTIONS_MAX    56
#define CLI_VALUES_MAX     64 /* given on one command line */
#define CLI_POSITIONAL_MAX 4

/* A parsed command line; borrows argv, the environment and the text of the config file. */
struct cli_args {
    const struct cli_verb *verb;
    struct {
        const struct cli_option *option;
        const char *value;
    } given[CLI_VALUES_MAX];
    size_t n_given;
    const char *positional[CLI_POSITIONAL_MAX];
    size_t n_positional;
    bool json;         /* --json, which every verb takes */
    struct buf config; /* the file of --config */
};

struct cli_verb {
    const char *name;    /* "show", "artifact put"; "": the noun's only one, which needs no word */
    const char *summary; /* one line */
    const char *positional; /* "FILE", "kms|app"; NULL: none; all of them are required */
    unsigned n_positional;
    const struct cli_option *options; /* ends with a NULL name; NULL: none */
    const char *example;              /* whole command lines */
    enum err_code (*run)(const struct cli_args *args, struct err *e);
};

struct cli_noun {
    const char *name, *summary;
    const struct cli_verb *verbs; /* ends with a NULL name */
};

/* Options that several verbs have; a table entry each. */
#define CLI_OPT_RPC                                                                                \
    {"rpc", "URL", "JSON-RPC endpoint of an Ethereum node", "http://127.0.0.1:8545", CLI_MANY},    \
        {"quorum", "K", "so many of the nodes must agree; without it a majority", NULL,            \
         CLI_OPTIONAL},                                                                            \
    {                                                                                              \
        "rpc-ca", "FILE", "authorities of the nodes' certificates, PEM; else the system's", NULL,  \
            CLI_OPTIONAL                                                                           \
    }
#define CLI_OPT_CHAIN_ID                                                                           \
    {                                                                                              \
        "chain-id", "N", "the chain that must be there", NULL, CLI_REQUIRED                        \
    }
#define CLI_OPT_KMS                                                                                \
    {                                                                                              \
        "kms", "ADDRESS", "address of the KMS contract", NULL, CLI_REQUIRED                        \
    }
#define CLI_OPT_APP                                                                                \
    {                                                                                              \
        "app", "ADDRESS", "address of the application's contract", NULL, CLI_REQUIRED              \
    }
#define CLI_OPT_MIN_DELAY                                                                          \
    {                                                                                              \
        "min-delay", "SECONDS", "refuse contracts with a shorter delay", "0", CLI_OPTIONAL         \
    }

/* Value of an option, its preset, or NULL. */
const char *cli_value(const struct cli_args *a, const char *name);
bool cli_switch(const struct cli_args *a, const char *name);
/* The i-th value of a CLI_MANY option; NULL past the end. */
const char *cli_value_at(const struct cli_args *a, const char *name, size_t i);
/* Typed values; ERR_USAGE names the option, also one that is not given and has no preset. */
MUST_CHECK enum err_code cli_u64(const struct cli_args *a, const char *name, uint64_t max,
                                 uint64_t *ret, struct err *e);
MUST_CHECK enum err_code cli_addr(const struct cli_args *a, const char *name, struct addr *ret,
                                  struct err *e);
MUST_CHECK enum err_code cli_hash32(const struct cli_args *a, const char *name, struct hash32 *ret,
                                    struct err *e);

/* Option i of a verb, its own first; NULL past the end. */
const struct cli_option *cli_option_at(const struct cli_verb *verb, size_t i);

/* Results: with --json the tree as one document, else lines "  name   value" of its members in
 * order (objects within are indented). */
MUST_CHECK enum err_code cli_print(const struct cli_args *a, const json *result, struct err *e);

/* The name of an option as it stands in the environment: TEEREG_CHAIN_ID of "chain-id". */
void cli_env_name(const char *option, char *ret, size_t size);

/* Parses and runs; the return value is the process's.  err is where messages go. */
int cli_main(const struct cli_noun *const nouns[], int argc, char *const argv[]);

/* The nouns, one file each. */
extern const struct cli_noun cli_noun_audit, cli_noun_chain, cli_noun_collateral, cli_noun_evidence,
    cli_noun_explain, cli_noun_gov, cli_noun_instance, cli_noun_kms, cli_noun_secret,
    cli_noun_store;
