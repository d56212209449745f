#include <unistd.h>
#include "attest/event_log_file.h"
#include "attest/evidence.h"
#include "attest/rtmr.h"
#include "base/codec.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/judge.h"
#include "cli/node.h"
#include "cli/view.h"
#include "cli/quotes.h"
#include "instance/anchors.h"
#include "instance/provision.h"
#include "kms/msg.h"

/* Progress, on a terminal only. */
static void step(void *self, const char *what)
{
    (void)self;
    fprintf(stderr, "  ... %s\n", what);
}

/* The log is extra: only one that was asked for must be there. */
static enum err_code read_event_log(const struct cli_args *a, struct buf *ret, struct err *e)
{
    const char *path = cli_value(a, "event-log");
    struct err why;

    if (path)
        return event_log_read(path, ret, e);
    if (event_log_read(NULL, ret, &why) != ERR_OK) {
        buf_clear(ret);
        if (why.code != ERR_NOT_FOUND)
            fprintf(stderr, "warning: evidence goes without an event log: %s\n", why.msg);
    }
    return ERR_OK;
}

/* With what this program itself measured, without which the log would not lead to RTMR3. */
static void add_to_log(const struct hash32 *config_hash, struct buf *log)
{
    struct buf whole AUTO_CALL(buf_done) = BUF(EVIDENCE_LOG_MAX);
    struct err why;

    if (log->n == 0)
        return;
    if (rtmr3_log(buf_bytes(log), config_hash, &whole, &why) != ERR_OK) {
        fprintf(stderr, "warning: the event log goes without the event of RTMR3: %s\n", why.msg);
        return;
    }
    buf_clear(log);
    buf_put(log, buf_bytes(&whole));
}

/* Before anything is sent: an instance whose configuration is not the measured one stops here. */
static enum err_code measure_anchors(const struct cli_args *a, const struct hash32 *config_hash,
                                     struct err *e)
{
    const struct rtmr_files files = rtmr_sysfs(cli_value(a, "rtmr-folder"));

    if (!cli_switch(a, "extend-rtmr3"))
        return ERR_OK;
    return rtmr3_measure(&files, config_hash, e);
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

static enum err_code anchors_of(const struct cli_args *a, const struct cli_nodes *nodes,
                                struct provision_config *config, struct instance_anchors *ret,
                                struct err *e)
{
    uint64_t min_delay;

    TRY(cli_addr(a, "kms", &config->kms, e));
    TRY(cli_addr(a, "app", &config->app, e));
    TRY(cli_u64(a, "chain-id", UINT64_MAX, &config->chain_id, e));
    TRY(cli_u64(a, "min-delay", UINT32_MAX, &min_delay, e));
    config->min_delay = (uint32_t)min_delay;
    *ret = (struct instance_anchors){.chain_id = config->chain_id,
                                     .kms = config->kms,
                                     .app = config->app,
                                     .view_mode = nodes->mode,
                                     .n_endpoints = nodes->n,
                                     .n_ca_keys = nodes->n_ca_keys,
                                     .quorum = nodes->k,
                                     .min_delay = config->min_delay};
    memcpy(ret->endpoint, nodes->url, nodes->n * sizeof nodes->url[0]);
    memcpy(ret->ca_key, nodes->ca_key, nodes->n_ca_keys * sizeof nodes->ca_key[0]);
    return ERR_OK;
}

static enum err_code provision(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct cli_nodes nodes AUTO_CALL(cli_nodes_done) = {0};
    struct provisioned p AUTO_CALL(provisioned_done) = {0};
    struct buf event_log AUTO_CALL(buf_done) = BUF(EVIDENCE_LOG_MAX);
    AUTO(quote_provider) quotes = NULL;
    struct cli_judge judge AUTO_CALL(cli_judge_done) = {0};
    const struct provision_progress progress = {.step = step};
    struct provision_config config = {.kms_url = cli_value(a, "kms-url"),
                                      .clock = &clock_system,
                                      .attest = &judge.judge,
                                      .own_store_uri = cli_value(a, "store")};
    struct instance_anchors anchors;

    TRY(cli_judge_open(a, &judge, e));
    TRY(provision_may_write(cli_value(a, "out"), e));
    TRY(cli_nodes_of(a, &nodes, e));
    TRY(anchors_of(a, &nodes, &config, &anchors, e));
    TRY(instance_anchors_hash(&anchors, &config.config_hash, e));
    TRY(measure_anchors(a, &config.config_hash, e));
    TRY(read_event_log(a, &event_log, e));
    if (cli_switch(a, "extend-rtmr3"))
        add_to_log(&config.config_hash, &event_log);
    TRY(cli_quotes_open(a, &quotes, e));
    TRY(cli_node_open(a, NODE_READ, &node, e));
    config.view = &node.view;
    config.quotes = quotes;
    config.event_log = buf_bytes(&event_log);
    if (cli_switch(a, "send-collateral")) {
        config.collateral = cli_collateral_of;
        config.collateral_self = &judge;
    }
    TRY(provision_fetch(&config, isatty(STDERR_FILENO) ? &progress : NULL, &p, e));
    if (*p.kms.caveat)
        fprintf(stderr, "warning: %s\n", p.kms.caveat);
    TRY(provision_write(&p, cli_value(a, "out"), e));
    return print_result(a, &p, cli_value(a, "out"), e);
}

/* Why the KMS would refuse this machine: by its own words, which it seals to us. */
static enum err_code ask_why(const struct cli_args *a, struct err *e)
{
    struct cli_node node AUTO_CALL(cli_node_done) = {0};
    struct buf text AUTO_CALL(buf_done) = BUF(MSG_SECRETS_MAX);
    AUTO(quote_provider) quotes = NULL;
    struct cli_judge judge AUTO_CALL(cli_judge_done) = {0};
    struct provision_config config = {
        .kms_url = cli_value(a, "kms-url"), .clock = &clock_system, .attest = &judge.judge};
    struct cli_nodes nodes AUTO_CALL(cli_nodes_done) = {0};
    struct instance_anchors anchors;
    AUTO(json) result = NULL;
    const char *decision;

    TRY(cli_judge_open(a, &judge, e));
    TRY(cli_nodes_of(a, &nodes, e));
    TRY(anchors_of(a, &nodes, &config, &anchors, e));
    TRY(instance_anchors_hash(&anchors, &config.config_hash, e));
    TRY(cli_quotes_open(a, &quotes, e));
    TRY(cli_node_open(a, NODE_READ, &node, e));
    config.view = &node.view;
    config.quotes = quotes;
    if (cli_switch(a, "send-collateral")) {
        config.collateral = cli_collateral_of;
        config.collateral_self = &judge;
    }
    TRY(provision_ask_why(&config, &text, e));
    TRY_IN(e, json_parse(buf_bytes(&text), MSG_SECRETS_MAX, &result, e), "the KMS's answer");
    TRY(json_get_str(result, "decision", 32, &decision, e));
    TRY(cli_print(a, result, e));
    if (strcmp(decision, "released") != 0)
        return err_set(e, ERR_DENIED, "this KMS would refuse");
    return ERR_OK;
}

/* Whom it asks about what, and how both prove themselves. */
#define ASKING_OPTIONS                                                                             \
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID, CLI_OPT_KMS, CLI_OPT_APP,                                       \
        {"kms-url", "URL", "the KMS, https://host:port", NULL, CLI_REQUIRED}, CLI_OPT_MIN_DELAY,   \
        CLI_OPT_QUOTES, CLI_OPT_COLLATERAL,                                                        \
        {"send-collateral", NULL, "send this platform's along, for a KMS that fetches none", NULL, \
         CLI_OPTIONAL},                                                                            \
        CLI_OPT_POLICY

static const struct cli_option why_options[] = {
    ASKING_OPTIONS,
    CLI_OPT_QUOTES_DEV{.name = NULL},
};

static const struct cli_option provision_options[] = {
    ASKING_OPTIONS,
    {"out", "FOLDER", "own folder for key.pem, cert.pem, cacert.pem and config", NULL,
     CLI_REQUIRED},
    {"store", "URI", "the operator's own storage, asked first: file:///folder", NULL, CLI_OPTIONAL},
    {"extend-rtmr3", NULL, "say in RTMR3 which anchors this boot runs with, once", NULL,
     CLI_OPTIONAL},
    {"rtmr-folder", "FOLDER", "where the kernel shows the registers", RTMR_DIR, CLI_OPTIONAL},
    {"event-log", "FILE", "of the firmware, for the evidence; without it ACPI's, if there is one",
     NULL, CLI_OPTIONAL},
    CLI_OPT_QUOTES_DEV{.name = NULL},
};

static const struct cli_verb verbs[] = {
    {"provision", "get certificate, key, CA and configuration for this instance", NULL, 0,
     provision_options,
     "teereg instance provision --chain-id 31337 --kms 0x... --app 0x... \\\n"
     "      --kms-url https://10.0.0.2:8443 --out /run/teereg",
     provision},
    {"why", "ask the KMS why it would refuse this machine; it must prove itself, and gets no keys",
     NULL, 0, why_options,
     "teereg instance why --chain-id 31337 --kms 0x... --app 0x... --kms-url https://10.0.0.2:8443",
     ask_why},
    {.name = NULL},
};

const struct cli_noun cli_noun_instance = {"instance", "what runs inside the TEE at boot", verbs};
