#include <unistd.h>
#include "base/codec.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/judge.h"
#include "cli/node.h"
#include "instance/anchors.h"
#include "instance/provision.h"

/* Progress, on a terminal only. */
static void step(void *self, const char *what)
{
    (void)self;
    fprintf(stderr, "  ... %s\n", what);
}

static enum err_code open_provider(const struct cli_args *a, quote_provider **ret, struct err *e)
{
#ifdef TEEREG_DEV_ROOTS
    if (cli_value(a, "attester"))
        return provider_remote(cli_value(a, "attester"), ret, e);
#endif
    return provider_configfs(cli_value(a, "tsm-report"), ret, e);
}

static enum err_code print_result(const struct cli_args *a, const struct provisioned *p,
                                  const char *out, struct err *e)
{
    AUTO(json) result = NULL;

    TRY(json_new_object(&result, e));
    TRY(json_put_hex(result, "identity", BYTES_OF(p->identity), e));
    TRY(json_put_hex(result, "template", BYTES_OF(p->template_), e));
    TRY(json_put_u64(result, "epoch", p->epoch, e));
    TRY(json_put_u64(result, "block", p->at.ref.number, e));
    TRY(json_put_hex(result, "kms_principal", BYTES_OF(p->kms.principal), e));
    TRY(json_put_hex(result, "receipt_node", buf_bytes(&p->receipt_node), e));
    TRY(json_put_u64(result, "receipt_seq", p->receipt_seq, e));
    TRY(json_put_hex(result, "receipt_head", BYTES_OF(p->receipt_head), e));
    TRY(json_put_str(result, "out", out, e));
    return cli_print(a, result, e);
}

static enum err_code provision(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct provisioned p AUTO_CALL(provisioned_done) = {0};
    AUTO(quote_provider) quotes = NULL;
    struct cli_judge judge AUTO_CALL(cli_judge_done) = {0};
    const struct provision_progress progress = {.step = step};
    struct provision_config config = {.kms_url = cli_value(a, "kms-url"),
                                      .clock = &clock_system,
                                      .attest = &judge.judge,
                                      .own_store_uri = cli_value(a, "store")};
    uint64_t min_delay;

    TRY(cli_judge_open(a, &judge, e));
    TRY(cli_addr(a, "kms", &config.kms, e));
    TRY(cli_addr(a, "app", &config.app, e));
    TRY(cli_u64(a, "min-delay", UINT32_MAX, &min_delay, e));
    TRY(provision_may_write(cli_value(a, "out"), e));
    TRY(open_provider(a, &quotes, e));
    TRY(cli_node_open(a, NODE_READ, &node, e));

    const struct instance_anchors anchors = {.chain_id = node.chain_id,
                                             .kms = config.kms,
                                             .app = config.app,
                                             .view_mode = chain_view_mode(&node.view),
                                             .endpoint = cli_value(a, "rpc"),
                                             .min_delay = (uint32_t)min_delay};

    TRY(instance_anchors_hash(&anchors, &config.config_hash, e));
    config.chain_id = node.chain_id;
    config.view = &node.view;
    config.quotes = quotes;
    config.min_delay = (uint32_t)min_delay;
    TRY(provision_fetch(&config, isatty(STDERR_FILENO) ? &progress : NULL, &p, e));
    if (*p.kms.caveat)
        fprintf(stderr, "warning: %s\n", p.kms.caveat);
    TRY(provision_write(&p, cli_value(a, "out"), e));
    return print_result(a, &p, cli_value(a, "out"), e);
}

static const struct cli_option provision_options[] = {
    CLI_OPT_RPC,
    CLI_OPT_CHAIN_ID,
    CLI_OPT_KMS,
    CLI_OPT_APP,
    {"kms-url", "URL", "the KMS, https://host:port", NULL, CLI_REQUIRED},
    {"out", "FOLDER", "own folder for key.pem, cert.pem, cacert.pem and config", NULL,
     CLI_REQUIRED},
    {"store", "URI", "the operator's own storage, asked first: file:///folder", NULL, CLI_OPTIONAL},
    {"min-delay", "SECONDS", "refuse contracts with a shorter delay", "0", CLI_OPTIONAL},
    CLI_OPT_COLLATERAL_DIR,
    CLI_OPT_POLICY,
    {"tsm-report", "FOLDER", "where the kernel makes quotes", PROVIDER_CONFIGFS_DIR, CLI_OPTIONAL},
#ifdef TEEREG_DEV_ROOTS
    {"attester", "URL", "a simulated platform (development build)", NULL, CLI_OPTIONAL},
#endif
    {.name = NULL},
};

static const struct cli_verb verbs[] = {
    {"provision", "get certificate, key, CA and configuration for this instance", NULL, 0,
     provision_options,
     "teereg instance provision --chain-id 31337 --kms 0x... --app 0x... \\\n"
     "      --kms-url https://10.0.0.2:8443 --out /run/teereg",
     provision},
    {.name = NULL},
};

const struct cli_noun cli_noun_instance = {"instance", "what runs inside the TEE at boot", verbs};
