#include <errno.h>
#include <unistd.h>
#include "base/codec.h"
#include "base/fs.h"
#include "base/log.h"
#include "cli/admin.h"
#include "cli/cli.h"
#include "cli/quotes.h"
#include "cli/judge.h"
#include "cli/files.h"
#include "cli/node.h"
#include "cli/view.h"
#include "kms/decide.h"
#include "net/http_client.h"
#include "service/kms_service.h"

/* ---- the security configuration: the same options for its hash and for the service ---- */

#define SECURITY_OPTIONS                                                                           \
    CLI_OPT_KMS, CLI_OPT_RPC, CLI_OPT_CHAIN_ID, CLI_OPT_POLICY, CLI_OPT_MIN_DELAY,                 \
        {"max-block-age", "SECONDS", "the oldest finalized block to judge by", "3600",             \
         CLI_OPTIONAL},                                                                            \
        {"proxy-listen", "ADDRESS", "version 1, for a proxy: 127.0.0.1:8082 or unix:PATH", NULL,   \
         CLI_OPTIONAL},                                                                            \
    {                                                                                              \
        "metrics", "ADDRESS", "metrics also on this loopback port, 127.0.0.1:9100", NULL,          \
            CLI_OPTIONAL                                                                           \
    }

static enum err_code chain_of(const struct cli_nodes *nodes, struct kms_config *ret, struct err *e)
{
    ret->view_mode = KMS_VIEW_QUORUM;
#ifdef TEEREG_DEV_ROOTS
    if (strcmp(nodes->mode, "quorum") != 0)
        ret->view_mode = KMS_VIEW_TRUSTED;
#endif
    ret->quorum = nodes->k;
    for (size_t i = 0; i < nodes->n; i++)
        TRY(kms_config_add_endpoint(ret, nodes->url[i], nodes->ca_key, nodes->n_ca_keys, e));
    return ERR_OK;
}

static enum err_code security_of(const struct cli_args *a, const struct cli_nodes *nodes,
                                 struct kms_config *ret, struct err *e)
{
    uint64_t min_delay, max_age;

    kms_config_init(ret);
    TRY(cli_u64(a, "chain-id", UINT64_MAX, &ret->chain_id, e));
    TRY(cli_addr(a, "kms", &ret->kms, e));
    TRY(cli_u64(a, "min-delay", UINT32_MAX, &min_delay, e));
    TRY(cli_u64(a, "max-block-age", UINT32_MAX, &max_age, e));
    ret->min_delay = (uint32_t)min_delay;
    ret->max_block_age = (uint32_t)max_age;
    ret->listeners = cli_value(a, "metrics") ? KMS_LISTEN_METRICS_TCP : 0;
    TRY(cli_policy(a, &ret->policy, e));
    ret->compat = cli_value(a, "proxy-listen") ? KMS_PROXY_COMPAT : 0;
    return chain_of(nodes, ret, e);
}

static enum err_code config_hash(const struct cli_args *a, struct err *e)
{
    struct cli_nodes nodes AUTO_CALL(cli_nodes_done) = {0};
    struct kms_config c;
    struct hash32 h, policy;
    AUTO(json) result = NULL;

    TRY(cli_nodes_of(a, &nodes, e));
    TRY(security_of(a, &nodes, &c, e));
    TRY(kms_config_hash(&c, &h, e));
    TRY(kms_config_policy_hash(&c, &policy, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_hex(result, "config_hash", BYTES_OF(h), e));
    TRY(json_put_hex(result, "policy_hash", BYTES_OF(policy), e));
    TRY(json_put_str(result, "chain_view", kms_view_mode_name(c.view_mode), e));
    return cli_print(a, result, e);
}

/* ---- serve ---- */

/* What a service stands on; ended in the order of their need for each other. */
struct ground {
    rpc *rpc;
    struct chain_view view;
    quote_provider *quotes;
    kms_root *root;
};

static void ground_done(struct ground *g)
{
    chain_view_done(&g->view);
    if (g->rpc)
        rpc_free(g->rpc);
    if (g->quotes)
        quote_provider_free(g->quotes);
    if (g->root)
        kms_root_free(g->root);
}

#define BACKGROUND_FROM_MS 1000 /* shorter slots are looked up by the call that needs it */

static enum err_code open_view(const struct cli_args *a, const struct cli_nodes *nodes,
                               const struct kms_config *c, struct ground *g, struct err *e)
{
    const struct chain_counter version = gov_change_counter(&c->kms);
    struct cli_view_config config = {
        .chain_id = c->chain_id,
        .max_age_s = c->max_block_age,
        .state_path = cli_value(a, "chain-state"),
        .version = &version,
    };
#ifdef TEEREG_DEV_ROOTS
    uint64_t slot_ms;

    TRY(cli_u64(a, "slot-ms", 60000, &slot_ms, e));
    config.slot_ms = (unsigned)slot_ms;
    config.background = slot_ms >= BACKGROUND_FROM_MS;
#endif
    return cli_view_open(nodes, &config, &g->rpc, &g->view, e);
}

#ifdef TEEREG_DEV_ROOTS

#define ROOT_TEXT_MAX 256

static enum err_code read_root(const struct cli_args *a, struct buf *text, struct err *e)
{
    const char *path = cli_value(a, "root-key-file");
    uint64_t fd;

    if (path)
        return cli_read_private(path, "root key file", text, e);
    buf_reserve(text, ROOT_TEXT_MAX);
    TRY(cli_u64(a, "root-key-fd", 1024, &fd, e));
    TRY_IN(e, fs_read_fd((int)fd, text, e), "root key");
    return ERR_OK;
}

static enum err_code open_root(const struct cli_args *a, kms_root **ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done_wipe) = BUF(ROOT_TEXT_MAX);
    bool file = cli_value(a, "root-key-file"), fd = cli_value(a, "root-key-fd");

    if (!file && !fd)
        return ERR_OK; /* locked */
    if (file && fd)
        return err_set(e, ERR_USAGE, "--root-key-file and --root-key-fd: give one of them");
    TRY(read_root(a, &text, e));
    return kms_root_parse(buf_bytes(&text), ret, e);
}

#define NOTICE                                                                                     \
    "development build: quotes of simulated platforms, the word of one node and a root key in a "  \
    "file are accepted; nothing is protected here"

static enum err_code make_root(const struct cli_args *a, struct err *e)
{
    const char *out = cli_value(a, "out");
    AUTO(kms_root) root = NULL;
    AUTO(secret) text = NULL;
    AUTO(json) result = NULL;

    TRY(kms_root_generate(&root, e));
    TRY(kms_root_text(root, &text, e));
    TRY(fs_write_new(out, secret_bytes(text), 0600, e));
    TRY(json_new_object(&result, e));
    TRY(json_put_str(result, "out", out, e));
    TRY(json_put_hex(result, "root_id", BYTES_OF(*kms_root_id(root)), e));
    TRY(json_put_hex(result, "commitment", BYTES_OF(*kms_root_commitment(root)), e));
    return cli_print(a, result, e);
}

#else

/* A root comes by the ceremony or from another node: this one starts locked. */
static enum err_code open_root(const struct cli_args *a, kms_root **ret, struct err *e)
{
    (void)a;
    (void)ret;
    (void)e;
    return ERR_OK;
}

#define NOTICE NULL

#endif

static enum err_code open_ground(const struct cli_args *a, const struct cli_nodes *nodes,
                                 const struct kms_config *c, struct ground *g, struct err *e)
{
    TRY(open_root(a, &g->root, e));
    TRY(cli_quotes_open(a, &g->quotes, e));
    return open_view(a, nodes, c, g, e);
}

#define PROXY_TOKEN_FILE_MAX 1024

static enum err_code numbers_of(const struct cli_args *a, struct kms_service_config *c,
                                struct err *e)
{
    uint64_t rate, quote_rate, workers, drain;

    TRY(cli_u64(a, "rate", 1000000, &rate, e));
    TRY(cli_u64(a, "quote-rate", 1000000, &quote_rate, e));
    TRY(cli_u64(a, "workers", 1024, &workers, e));
    TRY(cli_u64(a, "drain-seconds", 3600, &drain, e));
    c->rate = (double)rate;
    c->rate_burst = (double)rate * 2;
    c->quote_rate = (double)quote_rate;
    c->workers = (unsigned)workers;
    c->drain_s = (unsigned)drain;
    return ERR_OK;
}

/* The token for the guarded listener, where there is one. */
static enum err_code open_token(const struct cli_args *a, secret **ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done_wipe) = BUF(PROXY_TOKEN_FILE_MAX);
    const char *path = cli_value(a, "proxy-token-file");

    if (!path != !cli_value(a, "proxy-listen"))
        return err_set(e, ERR_USAGE,
                       "--proxy-listen and --proxy-token-file: found one of them, expected both or "
                       "neither");
    if (!path)
        return ERR_OK;
    TRY(cli_read_private(path, "proxy token file", &text, e));
    TRY_IN(e, kms_proxy_token(buf_bytes(&text), ret, e), "%s", path);
    return ERR_OK;
}

static enum err_code serve(const struct cli_args *a, struct err *e)
{
    struct ground g AUTO_CALL(ground_done) = {0};
    struct cli_judge judge AUTO_CALL(cli_judge_done) = {0};
    struct cli_nodes nodes AUTO_CALL(cli_nodes_done) = {0};
    AUTO(secret) token = NULL;
    struct kms_service_config config = {
        .view = &g.view,
        .clock = &clock_system,
        .root = &g.root,
        .listen = cli_value(a, "listen"),
        .admin = cli_value(a, "admin"),
        .audit_path = cli_value(a, "audit"),
        .metrics = cli_value(a, "metrics"),
        .proxy_listen = cli_value(a, "proxy-listen"),
        .proxy_token = &token,
        .policies = cli_value(a, "policies"),
        .notice = NOTICE,
    };

    log_setup(a->json || cli_switch(a, "log-json") ? LOG_JSON : LOG_TEXT,
              cli_switch(a, "log-debug") ? LOG_DEBUG : LOG_INFO, "teereg-kms");
    kms_service_block_signals();
    TRY(numbers_of(a, &config, e));
    TRY(cli_nodes_of(a, &nodes, e));
    TRY(security_of(a, &nodes, &config.security, e));
    TRY(open_token(a, &token, e));
    TRY(open_ground(a, &nodes, &config.security, &g, e));
    config.quotes = g.quotes;
    TRY(cli_judge_open(a, &judge, e));
    config.collateral = judge.judge.source;
    config.store = judge.store;
    config.early = judge.early.get ? &judge.early : NULL;
    config.objects = judge.objects;
    return kms_service_run(&config, e);
}

/* ---- the admin socket ---- */

static enum err_code print_answer(const struct cli_args *a, const char *method, const char *path,
                                  struct err *e)
{
    AUTO(json) result = NULL;

    TRY(cli_admin_call(cli_value(a, "admin"), method, path, &result, e));
    return cli_print(a, result, e);
}

static enum err_code status(const struct cli_args *a, struct err *e)
{
    return print_answer(a, "GET", "/status", e);
}

static enum err_code drain(const struct cli_args *a, struct err *e)
{
    return print_answer(a, "POST", cli_switch(a, "undo") ? "/undrain" : "/drain", e);
}

/* ---- tables ---- */

#define OPT_ADMIN                                                                                  \
    {                                                                                              \
        "admin", "PATH", "the admin socket", CLI_ADMIN_SOCKET, CLI_OPTIONAL                        \
    }

static const struct cli_option config_options[] = {SECURITY_OPTIONS, {.name = NULL}};

static const struct cli_option serve_options[] = {
    SECURITY_OPTIONS,
    {"listen", "ADDRESS", "where instances connect", "0.0.0.0:8443", CLI_OPTIONAL},
    OPT_ADMIN,
    {"audit", "FILE", "the audit log", "/var/lib/teereg/audit.log", CLI_OPTIONAL},
    {"chain-state", "FILE", "what was final: no restart goes back behind it",
     "/var/lib/teereg/chain.json", CLI_OPTIONAL},
    CLI_OPT_QUOTES,
    CLI_OPT_COLLATERAL,
    {"policies", "FOLDER",
     "attestation policies (*.json, *.tlv) that contracts name; else from their artifacts", NULL,
     CLI_OPTIONAL},
    {"proxy-token-file", "FILE",
     "the token for " KMS_PROXY_HEADER_TOKEN ", hex or base64, mode 0600", NULL, CLI_OPTIONAL},
    {"rate", "N", "requests per second and address; 0: no limit", "200", CLI_OPTIONAL},
    {"quote-rate", "N", "requests that cost a quote, per second and address; 0: no limit", "10",
     CLI_OPTIONAL},
    {"workers", "N", "requests that are handled at once; 0: 32", "0", CLI_OPTIONAL},
    {"drain-seconds", "N", "from SIGTERM to the end, for load balancers to see it", "0",
     CLI_OPTIONAL},
    {"log-json", NULL, "one JSON object a line", NULL, CLI_OPTIONAL},
    {"log-debug", NULL, "every exchange too", NULL, CLI_OPTIONAL},
    CLI_OPT_QUOTES_DEV
#ifdef TEEREG_DEV_ROOTS
    {"root-key-file", "FILE", "the root key, of `teereg kms root-key` (development build)", NULL,
     CLI_OPTIONAL},
    {"root-key-fd", "N", "the same from a descriptor (development build)", NULL, CLI_OPTIONAL},
    {"slot-ms", "N", "least time between two looks at the chain (development build)", "1000",
     CLI_OPTIONAL},
#endif
    {.name = NULL},
};

static const struct cli_option status_options[] = {OPT_ADMIN, {.name = NULL}};

static const struct cli_option drain_options[] = {
    OPT_ADMIN, {"undo", NULL, "ready again", NULL, CLI_OPTIONAL}, {.name = NULL}};

#ifdef TEEREG_DEV_ROOTS
static const struct cli_option root_options[] = {
    {"out", "FILE", "a new file, mode 0600", NULL, CLI_REQUIRED}, {.name = NULL}};
#endif

static const struct cli_verb verbs[] = {
    {"serve", "run the key management service", NULL, 0, serve_options,
     "teereg kms serve --chain-id 1 --kms 0x... --rpc https://node.example:8545 \\\n"
     "      --listen 0.0.0.0:8443 --audit /var/lib/teereg/audit.log",
     serve},
    {"status", "what a running KMS says of itself", NULL, 0, status_options,
     "teereg kms status --admin /run/teereg/kms.sock", status},
    {"drain", "no longer ready: load balancers stop sending", NULL, 0, drain_options,
     "teereg kms drain; sleep 45; systemctl stop teereg-kms", drain},
    {"config-hash", "hash of a security configuration, for `teereg gov allow`", NULL, 0,
     config_options, "teereg kms config-hash --chain-id 1 --kms 0x... --rpc https://node.example",
     config_hash},
#ifdef TEEREG_DEV_ROOTS
    {"root-key", "make a root key in a file (development build)", NULL, 0, root_options,
     "teereg kms root-key --out root.key", make_root},
#endif
    {.name = NULL},
};

const struct cli_noun cli_noun_kms = {"kms", "the key management service", verbs};
