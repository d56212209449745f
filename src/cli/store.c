#include "base/codec.h"
#include "base/fs.h"
#include "cli/files.h"
#include "cli/key.h"
#include "cli/node.h"
#include "crypto/ecies.h"
#include "gov/registry.h"
#include "store/factory.h"
#include "store/store.h"

static bool is_onchain(const char *uri)
{
    return strncmp(uri, "onchain:", 8) == 0;
}

/* One backend from --store; onchain ones need the node. */
static enum err_code open_store(const struct cli_args *a, unsigned use, struct cli_node *node,
                                struct store_chain *chain, store **ret, struct err *e)
{
    struct store_backend backend AUTO_CALL(store_backend_done) = {0};
    const char *uri = cli_value(a, "store");
    AUTO(store) s = NULL;

    if (is_onchain(uri)) {
        TRY(cli_node_open(a, use, node, e));
        *chain = (struct store_chain){.view = &node->view, .at = node->at, .writer = node->writer};
    }
    TRY_IN(
        e,
        store_backend_open(uri, STORE_FROM_OPERATOR, is_onchain(uri) ? chain : NULL, &backend, e),
        "--store");
    TRY(store_new(NULL, &clock_system, &s, e));
    TRY(store_add(s, &backend, e));
    *ret = TAKE(s);
    return ERR_OK;
}

static enum err_code kind_of(const struct cli_args *a, enum store_kind *ret, struct err *e)
{
    const char *kind = cli_value(a, "kind");

    if (strcmp(kind, "config") != 0 && strcmp(kind, "secret") != 0)
        return err_set(e, ERR_USAGE, "--kind: found \"%.40s\", expected config or secret", kind);
    *ret = strcmp(kind, "config") == 0 ? STORE_CONFIG : STORE_SECRET;
    return ERR_OK;
}

/* References may stand bare: such a template is JSON only when it is resolved. */
static bool has_reference(struct bytes content)
{
    return content.n > 0 && memmem(content.p, content.n, "_REF_", 5) != NULL;
}

/* Storage is public: a secret that is not sealed must not get there by a slip. */
static enum err_code check_kind(enum store_kind kind, struct bytes content, struct err *e)
{
    const bool sealed = ecies_is_envelope(content);

    if (kind == STORE_SECRET && !sealed)
        return err_set(e, ERR_DENIED,
                       "this is not sealed, and everybody can read what is stored: `teereg secret "
                       "seal` seals it");
    if (kind == STORE_CONFIG && sealed)
        return err_set(e, ERR_USAGE, "this is a sealed secret: store it with --kind secret");
    return ERR_OK;
}

static enum err_code put(const struct cli_args *a, struct err *e)
{
    struct buf content AUTO_CALL(buf_done) = BUF(STORE_OBJECT_MAX);
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct store_chain chain;
    char reference[96], hex[HEX_LEN(32)];
    AUTO(json) result = NULL;
    AUTO(store) s = NULL;
    enum store_kind kind;
    struct hash32 id;

    TRY(kind_of(a, &kind, e));
    if (cli_switch(a, "text")) {
        struct buf raw AUTO_CALL(buf_done) = BUF(STORE_OBJECT_MAX);

        TRY(cli_read(a->positional[0], &raw, e));
        cli_warn_text(buf_bytes(&raw));
        TRY(cli_quote(buf_bytes(&raw), &content, e));
    } else {
        TRY(cli_read(a->positional[0], &content, e));
        if (kind == STORE_CONFIG && !has_reference(buf_bytes(&content)))
            cli_warn_json(buf_bytes(&content));
    }
    TRY(check_kind(kind, buf_bytes(&content), e));
    TRY(open_store(a, NODE_READ | NODE_WRITE, &node, &chain, &s, e));
    TRY(store_put(s, kind, buf_bytes(&content), &id, e));
    hex_encode(BYTES_OF(id), hex);
    snprintf(reference, sizeof reference, "__%s_REF_%s", kind == STORE_CONFIG ? "CONFIG" : "SECRET",
             hex);
    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "id", hex, e));
    TRY(json_put_str(result, "reference", reference, e));
    TRY(json_put_u64(result, "bytes", content.n, e));
    return cli_print(a, result, e);
}

static enum err_code get(const struct cli_args *a, struct err *e)
{
    struct buf content AUTO_CALL(buf_done) = BUF(STORE_OBJECT_MAX);
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    const char *out = cli_value(a, "out");
    struct store_chain chain;
    AUTO(json) result = NULL;
    AUTO(store) s = NULL;
    enum store_kind kind;
    struct hash32 id;

    TRY(kind_of(a, &kind, e));
    TRY_IN(e, hash32_parse(bytes_of_str(a->positional[0]), &id, e), "ID");
    TRY(open_store(a, NODE_READ, &node, &chain, &s, e));
    TRY(store_fetch(s, kind, &id, &content, e));
    if (!out) {
        if (a->json)
            return err_set(e, ERR_USAGE, "--json needs --out, because the content is raw bytes");
        if (fwrite(content.p, 1, content.n, stdout) != content.n || fflush(stdout) != 0)
            return err_set(e, ERR_IO, "the output could not be written");
        return ERR_OK;
    }
    TRY(fs_write_atomic(out, buf_bytes(&content), 0644, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex(result, "id", BYTES_OF(id), e));
    TRY(json_put_str(result, "file", out, e));
    TRY(json_put_u64(result, "bytes", content.n, e));
    return cli_print(a, result, e);
}

#define OPT_STORE                                                                                  \
    {                                                                                              \
        "store", "URI", "file:///folder or onchain://0x<contract>", NULL, CLI_REQUIRED             \
    }
#define OPT_KIND                                                                                   \
    {                                                                                              \
        "kind", "KIND", "what it is for: config or secret", "config", CLI_OPTIONAL                 \
    }
#define OPT_CHAIN_ID                                                                               \
    {                                                                                              \
        "chain-id", "N", "the chain that must be there; for onchain", NULL, CLI_OPTIONAL           \
    }

static const struct cli_option put_options[] = {
    OPT_STORE,
    OPT_KIND,
    {"text", NULL, "the content is text: store it as a JSON string", NULL, CLI_OPTIONAL},
    CLI_OPT_RPC,
    OPT_CHAIN_ID,
    CLI_OPT_KEYS,
    CLI_OPT_JOURNAL,
    {.name = NULL},
};
static const struct cli_option get_options[] = {
    OPT_STORE,
    OPT_KIND,
    {"out", "FILE", "where the content goes; standard output without it", NULL, CLI_OPTIONAL},
    CLI_OPT_RPC,
    OPT_CHAIN_ID,
    {.name = NULL},
};

static const struct cli_verb verbs[] = {
    {"put", "store content; its id is its SHA-256", "FILE", 1, put_options,
     "teereg store put password.sealed --kind secret --store file:///srv/teereg", put},
    {"get", "fetch content and check it against its id", "ID", 1, get_options,
     "teereg store get 5d41... --store file:///srv/teereg --out template.json", get},
    {.name = NULL},
};

const struct cli_noun cli_noun_store = {"store", "content by its hash, in a folder or onchain",
                                        verbs};
