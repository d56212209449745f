#include <unistd.h>
#include "base/codec.h"
#include "base/fs.h"
#include "cli/files.h"
#include "cli/node.h"
#include "crypto/digest.h"
#include "crypto/ecies.h"
#include "gov/registry.h"

/* The application's key as governance publishes it, so that nobody can put another in its place. */
static enum err_code key_from_contract(const struct cli_args *a, EVP_PKEY **ret, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct gov_pki pki AUTO_CALL(gov_pki_done) = {0};
    const struct gov_registry_query query = {0};
    struct gov_registry_facts facts;
    struct addr app;

    TRY(cli_addr(a, "app", &app, e));
    TRY(cli_node_open(a, NODE_READ, &node, e));
    TRY(gov_registry_read(&node.view, &node.at, &app, &query, &facts, e));
    TRY_IN(e, gov_registry_pki(&node.view, &node.at, &app, &facts.pki_hash, &pki, e),
           "the application's key (`teereg gov pki publish` publishes it)");
    return p256_from_spki(buf_bytes(&pki.spki_der), ret, e);
}

static enum err_code key_from_file(const char *path, EVP_PKEY **ret, struct err *e)
{
    struct buf pem AUTO_CALL(buf_done) = BUF(4096);

    TRY_IN(e, fs_read(path, &pem, e), "--pubkey");
    TRY_IN(e, p256_from_public_pem(buf_bytes(&pem), ret, e), "--pubkey %s", path);
    return ERR_OK;
}

/* --text: a whole-value reference needs JSON, and a password as it is typed is not. */
static enum err_code read_plaintext(const struct cli_args *a, struct buf *ret, struct err *e)
{
    struct buf raw AUTO_CALL(buf_done_wipe) = BUF(SECRET_MAX);

    buf_reserve(&raw, SECRET_MAX);
    TRY(cli_read(a->positional[0], &raw, e));
    if (cli_switch(a, "text")) {
        cli_warn_text(buf_bytes(&raw));
        return cli_quote(buf_bytes(&raw), ret, e);
    }
    cli_warn_json(buf_bytes(&raw));
    buf_put(ret, buf_bytes(&raw));
    TRY_IN(e, buf_check(ret, e), "a secret has at most %d bytes", SECRET_MAX);
    return ERR_OK;
}

static enum err_code seal(const struct cli_args *a, struct err *e)
{
    struct buf plain AUTO_CALL(buf_done_wipe) = BUF(SECRET_MAX);
    struct buf sealed AUTO_CALL(buf_done) = BUF(SECRET_MAX + ECIES_OVERHEAD);
    const char *pubkey = cli_value(a, "pubkey"), *out = cli_value(a, "out");
    char reference[96], hex[HEX_LEN(32)];
    AUTO(EVP_PKEY) key = NULL;
    AUTO(json) result = NULL;
    struct hash32 id;

    if (!pubkey && !cli_value(a, "app"))
        return err_set(e, ERR_USAGE, "--app ADDRESS or --pubkey FILE is needed");
    buf_reserve(&plain, SECRET_MAX);
    TRY(read_plaintext(a, &plain, e));
    TRY(pubkey ? key_from_file(pubkey, &key, e) : key_from_contract(a, &key, e));
    TRY(ecies_seal(key, buf_bytes(&plain), &sealed, e));
    sha256(buf_bytes(&sealed), &id);
    TRY(fs_write_atomic(out, buf_bytes(&sealed), 0644, e));
    hex_encode(BYTES_OF(id), hex);
    snprintf(reference, sizeof reference, "__SECRET_REF_%s", hex);
    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "id", hex, e));
    TRY(json_put_str(result, "reference", reference, e));
    TRY(json_put_str(result, "file", out, e));
    TRY(json_put_u64(result, "bytes", sealed.n, e));
    return cli_print(a, result, e);
}

static const struct cli_option seal_options[] = {
    CLI_OPT_RPC,
    {"chain-id", "N", "the chain that must be there; with --app", NULL, CLI_OPTIONAL},
    {"app", "ADDRESS", "seal to this application's published key", NULL, CLI_OPTIONAL},
    {"pubkey", "FILE", "seal to this public key (PEM) instead, and ask no chain", NULL,
     CLI_OPTIONAL},
    {"out", "FILE", "where the sealed bytes go", NULL, CLI_REQUIRED},
    {"text", NULL, "the secret is text: seal it as a JSON string", NULL, CLI_OPTIONAL},
    {.name = NULL},
};

static const struct cli_verb verbs[] = {
    {"seal", "encrypt a secret so that only the application can read it; - is standard input",
     "FILE", 1, seal_options,
     "teereg secret seal password.txt --text --chain-id 31337 --app 0x... --out password.sealed",
     seal},
    {.name = NULL},
};

const struct cli_noun cli_noun_secret = {"secret", "encrypt secrets to an application", verbs};
