#include "cli/gov.h"
#include "cli/judge.h"
#include "cli/node.h"

static const struct cli_option deploy_options[] = {
    CLI_OPT_RPC,
    CLI_OPT_CHAIN_ID,
    CLI_OPT_KEY_FILE,
    CLI_OPT_FINAL,
    {"scheme", "N", "of an application's identities: 2, or 1 for instances of version 1", "2",
     CLI_OPTIONAL},
    {.name = NULL},
};
static const struct cli_option app_allow_options[] = {
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID, CLI_OPT_KEY_FILE, CLI_OPT_FINAL,
    CLI_OPT_KMS, CLI_OPT_APP,      {.name = NULL},
};
#define OPT_CONTRACT                                                                               \
    {                                                                                              \
        "contract", "ADDRESS", "address of the KMS or application contract", NULL, CLI_REQUIRED    \
    }
#define OPT_SUBJECTS                                                                               \
    {"identity", "HASH", "an identity or principal", NULL, CLI_OPTIONAL},                          \
        {"operator", "ADDRESS", "an operator", NULL, CLI_OPTIONAL},                                \
    {                                                                                              \
        "application", "ADDRESS", "an application (KMS contract)", NULL, CLI_OPTIONAL              \
    }
#define OPT_FIRMWARE                                                                               \
    {                                                                                              \
        "firmware", "MRTD", "firmware of scheme 1 (KMS contract); zeros: Azure by a proxy", NULL,  \
            CLI_OPTIONAL                                                                           \
    }
#define OPT_PARAVISOR                                                                              \
    {                                                                                              \
        "paravisor", "MRTD", "a paravisor of Azure machines (KMS contract)", NULL, CLI_OPTIONAL    \
    }
static const struct cli_option allow_options[] = {
    CLI_OPT_RPC,
    CLI_OPT_CHAIN_ID,
    CLI_OPT_KEY_FILE,
    CLI_OPT_FINAL,
    OPT_CONTRACT,
    {"measurements", "FILE", "a KMS image's measurements; with --config-hash", NULL, CLI_OPTIONAL},
    {"config-hash", "HASH", "the configuration that this KMS image must run with", NULL,
     CLI_OPTIONAL},
    OPT_SUBJECTS,
    OPT_FIRMWARE,
    OPT_PARAVISOR,
    {"policy-id", "N", "the contract's attestation policy that it is allowed under", "0",
     CLI_OPTIONAL},
    {.name = NULL},
};
static const struct cli_option policy_set_options[] = {
    CLI_OPT_RPC,
    CLI_OPT_CHAIN_ID,
    CLI_OPT_KEY_FILE,
    CLI_OPT_FINAL,
    OPT_CONTRACT,
    {"id", "N", "0: what is allowed without a policy of its own", "0", CLI_OPTIONAL},
    {"file", "POLICY.json", "the attestation policy", NULL, CLI_REQUIRED},
    {"hash-only", NULL, "do not store the policy onchain: every KMS has it in --policies", NULL,
     CLI_OPTIONAL},
    {.name = NULL},
};
static const struct cli_option policy_clear_options[] = {
    CLI_OPT_RPC,    CLI_OPT_CHAIN_ID, CLI_OPT_KEY_FILE,
    CLI_OPT_FINAL,  OPT_CONTRACT,     {"id", "N", "of the policy", "0", CLI_OPTIONAL},
    {.name = NULL},
};
static const struct cli_option revoke_options[] = {
    CLI_OPT_RPC,  CLI_OPT_CHAIN_ID, CLI_OPT_KEY_FILE, CLI_OPT_FINAL,  OPT_CONTRACT,
    OPT_SUBJECTS, OPT_FIRMWARE,     OPT_PARAVISOR,    {.name = NULL},
};
static const struct cli_option rules_options[] = {
    CLI_OPT_RPC,
    CLI_OPT_CHAIN_ID,
    CLI_OPT_KEY_FILE,
    CLI_OPT_FINAL,
    OPT_CONTRACT,
    {"pcr-mask", "N", "PCRs of an Azure identity, bit i is PCR i; 0: none is allowed", "0",
     CLI_OPTIONAL},
    {"rtmr3", NULL, "RTMR3 of a TDX machine counts too", NULL, CLI_OPTIONAL},
    {"principal", NULL, "images are allowed with their configuration (a KMS contract's always are)",
     NULL, CLI_OPTIONAL},
    {.name = NULL},
};
static const struct cli_option set_config_options[] = {
    CLI_OPT_RPC,
    CLI_OPT_CHAIN_ID,
    CLI_OPT_KEY_FILE,
    CLI_OPT_FINAL,
    CLI_OPT_APP,
    {"measurements", "FILE", "measurements of the image that is allowed", NULL, CLI_OPTIONAL},
    {"identity", "HASH", "the identity itself, instead of measurements", NULL, CLI_OPTIONAL},
    {"template", "ID", "content id of its configuration template", NULL, CLI_REQUIRED},
    {.name = NULL},
};
static const struct cli_option app_write_options[] = {
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID, CLI_OPT_KEY_FILE, CLI_OPT_FINAL, CLI_OPT_APP, {.name = NULL},
};
#define OPT_KMS_URL                                                                                \
    {                                                                                              \
        "kms-url", "URL", "the KMS, https://host:port", NULL, CLI_REQUIRED                         \
    }
static const struct cli_option pki_options[] = {
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID, CLI_OPT_KEY_FILE,   CLI_OPT_FINAL,  CLI_OPT_KMS,
    CLI_OPT_APP, OPT_KMS_URL,      CLI_OPT_COLLATERAL, CLI_OPT_POLICY, {.name = NULL},
};
static const struct cli_option root_options[] = {
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID,   CLI_OPT_KEY_FILE, CLI_OPT_FINAL,  CLI_OPT_KMS,
    OPT_KMS_URL, CLI_OPT_COLLATERAL, CLI_OPT_POLICY,   {.name = NULL},
};
static const struct cli_option show_options[] = {
    CLI_OPT_RPC,
    CLI_OPT_CHAIN_ID,
    {"kms", "ADDRESS", "address of the KMS contract, for `show kms`", NULL, CLI_OPTIONAL},
    {"app", "ADDRESS", "address of the contract, for `show app`", NULL, CLI_OPTIONAL},
    {"measurements", "FILE", "also: what it says about these measurements", NULL, CLI_OPTIONAL},
    {"config-hash", "HASH", "with --measurements: the configuration they run with", NULL,
     CLI_OPTIONAL},
    OPT_SUBJECTS,
    {.name = NULL},
};

static const struct cli_verb verbs[] = {
    {"deploy", "deploy the KMS contract or an application's contract; the sender owns it",
     "kms|app", 1, deploy_options, "teereg gov deploy kms --chain-id 31337 --key-file owner.key",
     gov_cmd_deploy},
    {"show", "what a contract says at the newest finalized block", "kms|app", 1, show_options,
     "teereg gov show app --chain-id 31337 --app 0x5FbDB2315678afecb367f032d93F642f64180aa3",
     gov_cmd_show},
    {"app allow", "let a KMS contract serve an application", NULL, 0, app_allow_options,
     "teereg gov app allow --chain-id 31337 --key-file owner.key --kms 0x... --app 0x...",
     gov_cmd_app_allow},
    {"allow", "allow a KMS image with its configuration, an identity, an operator, a paravisor",
     NULL, 0, allow_options,
     "teereg gov allow --chain-id 31337 --key-file owner.key --contract 0x... \\\n"
     "      --measurements kms.json --config-hash $(teereg kms config-hash ...)",
     gov_cmd_allow},
    {"revoke", "take back an identity, operator or application, at once", NULL, 0, revoke_options,
     "teereg gov revoke --chain-id 31337 --key-file owner.key --contract 0x... --identity 9f2c...",
     gov_cmd_revoke},
    {"set-config", "allow an image for an application and name its configuration template", NULL, 0,
     set_config_options,
     "teereg gov set-config --chain-id 31337 --key-file owner.key --app 0x... \\\n"
     "      --measurements image.json --template 5d41...",
     gov_cmd_set_config},
    {"rules set", "say what identities are made of; what was allowed under others ends", NULL, 0,
     rules_options,
     "teereg gov rules set --chain-id 31337 --key-file owner.key --contract 0x... --pcr-mask 2576",
     gov_cmd_rules_set},
    {"artifact put", "store a small file onchain; its id is its SHA-256", "FILE", 1,
     app_write_options,
     "teereg gov artifact put template.json --chain-id 31337 --key-file owner.key --app 0x...",
     gov_cmd_artifact_put},
    {"backend add", "tell instances where contents are stored", "URI", 1, app_write_options,
     "teereg gov backend add onchain://0x... --chain-id 31337 --key-file owner.key --app 0x...",
     gov_cmd_backend_add},
    {"backend remove", "take back where contents are stored", "URI", 1, app_write_options,
     "teereg gov backend remove onchain://0x... --chain-id 31337 --key-file owner.key --app 0x...",
     gov_cmd_backend_remove},
    {"policy set", "demand an attestation policy of what is allowed under its number", NULL, 0,
     policy_set_options,
     "teereg gov policy set --chain-id 31337 --key-file owner.key --contract 0x... --id 3 \\\n"
     "      --file policy.json",
     gov_cmd_policy_set},
    {"policy clear", "take a policy's hash away; under a number but 0 nothing is released then",
     NULL, 0, policy_clear_options,
     "teereg gov policy clear --chain-id 31337 --key-file owner.key --contract 0x... --id 3",
     gov_cmd_policy_clear},
    {"pki publish", "publish an application's CA and key as its KMS proves them", NULL, 0,
     pki_options,
     "teereg gov pki publish --chain-id 31337 --key-file owner.key --kms 0x... --app 0x... \\\n"
     "      --kms-url https://127.0.0.1:8443",
     gov_cmd_pki_publish},
    {"root commit", "commit to the root key that a KMS proves to hold, once for ever", NULL, 0,
     root_options,
     "teereg gov root commit --chain-id 31337 --key-file owner.key --kms 0x... \\\n"
     "      --kms-url https://127.0.0.1:8443",
     gov_cmd_root_commit},
    {.name = NULL},
};

const struct cli_noun cli_noun_gov = {"gov", "deploy, read and change governance contracts", verbs};
