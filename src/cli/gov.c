#include "cli/gather.h"
#include "cli/gov.h"
#include "cli/judge.h"
#include "cli/key.h"
#include "cli/node.h"
#include "cli/onchain_evidence.h"

/* clang-format off */
#define END   {.name = NULL}
#define SENDS {.name = NULL, .need = CLI_SENDS}
#define OPT_CONTRACT {"contract", "ADDRESS", "address of the KMS or application contract", NULL, CLI_REQUIRED}
#define OPT_KMS_URL {"kms-url", "URL", "the KMS, https://host:port", NULL, CLI_REQUIRED}
#define OPT_SUBJECTS \
    {"identity", "HASH", "an identity or principal", NULL, CLI_OPTIONAL}, \
    {"operator", "ADDRESS", "an operator", NULL, CLI_OPTIONAL}, \
    {"application", "ADDRESS", "an application (KMS contract)", NULL, CLI_OPTIONAL}
#define OPT_MACHINES \
    {"firmware", "MRTD", "firmware of scheme 1 (KMS contract); zeros: Azure by a proxy", NULL, CLI_OPTIONAL}, \
    {"paravisor", "MRTD", "paravisor of Azure's machines (KMS contract)", NULL, CLI_OPTIONAL}, \
    {"verifier", "ADDRESS", "a contract that judges evidence", NULL, CLI_OPTIONAL}, \
    {"curator", "ADDRESS", "who may propose; a guardian takes it away so, at once", NULL, CLI_OPTIONAL}

#define OPT_FROM_BLOCK {"from-block", "N", "where its events begin: the block it was deployed in", "0", CLI_OPTIONAL}

static const struct cli_option deploy_options[] = {
    {"scheme", "N", "of an application's identities: 2, or 1 for instances of version 1", "2", CLI_OPTIONAL},
    {"owner", "ADDRESS", "who will own it: a Safe, a timelock, ...; without: the sender", NULL, CLI_OPTIONAL},
    SENDS,
};
static const struct cli_option contract_options[] = {OPT_CONTRACT, SENDS};
static const struct cli_option app_allow_options[] = {CLI_OPT_KMS, CLI_OPT_APP, SENDS};
#define OPT_EVIDENCE \
    {"verifier", "ADDRESS", "an allowed verifier contract", NULL, CLI_REQUIRED}, \
    {"evidence", "FILE", "a quote, evidence in JSON or a certificate with it; made into what it takes", NULL, CLI_REQUIRED}, \
    CLI_OPT_ONCHAIN, \
    {"config-hash", "HASH", "the configuration of the machine, where identities have one", NULL, CLI_OPTIONAL}
static const struct cli_option propose_options[] = {
    OPT_CONTRACT, OPT_EVIDENCE,
    {"report-data", "HEX", "what the quote must be over, 128 hex digits; without: whatever it is over", NULL, CLI_OPTIONAL},
    {"policy-id", "N", "the contract's attestation policy that it is allowed under", "0", CLI_OPTIONAL},
    {"not-after", "TIME", "its last second, as 2026-11-23T20:40:01Z; without: no end", NULL, CLI_OPTIONAL},
    SENDS,
};
static const struct cli_option attest_options[] = {
    OPT_CONTRACT, OPT_EVIDENCE,
    {"purpose", "HASH", "the id of an onboarding request, or keccak256 of a name", NULL, CLI_REQUIRED},
    {"block", "N", "the block, of the last 256, that the quote is over", NULL, CLI_REQUIRED},
    SENDS,
};
static const struct cli_option report_data_options[] = {
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID, OPT_CONTRACT,
    {"purpose", "HASH", "the id of an onboarding request, or keccak256 of a name", NULL, CLI_REQUIRED},
    {"sender", "ADDRESS", "who will send `gov attest`", NULL, CLI_REQUIRED},
    {"block", "N", "one of the last 256; without: the newest final one", NULL, CLI_OPTIONAL},
    END,
};
static const struct cli_option verifier_options[] = {
    {"collateral", "ADDRESS", "of tdx: the collateral contract that it asks", NULL, CLI_OPTIONAL},
    {"verifier", "ADDRESS", "of automata: Automata's contract", NULL, CLI_OPTIONAL},
    {"statuses", "LIST", "of tdx: those accepted, like UpToDate,SWHardeningNeeded; of automata: bits", NULL, CLI_OPTIONAL},
    {"least-number", "N", "of tdx: the lowest TCB evaluation data number", "0", CLI_OPTIONAL},
    {"attributes-required", "HEX", "TDATTRIBUTES that must be set; tdx, automata: 10000000, azure: 0", NULL, CLI_OPTIONAL},
    {"attributes-allowed", "HEX", "TDATTRIBUTES that may be", "50000000", CLI_OPTIONAL},
    {"owner", "ADDRESS", "of azure: who admits keys; without: the sender", NULL, CLI_OPTIONAL},
    {"key-delay", "SECONDS", "of azure: how long each key waits", "86400", CLI_OPTIONAL},
    SENDS,
};
static const struct cli_option post_options[] = {
    {"contract", "ADDRESS", "the collateral contract", NULL, CLI_REQUIRED},
    CLI_OPT_ABOUT,
    {"bundle", "PATH", "a folder or file of collateral, asked first", NULL, CLI_MANY},
    {"url", "URL", "a PCS or PCCS; without, and without --bundle: Intel's", NULL, CLI_OPTIONAL},
    {"url-ca", "FILE", "certificates of a PCCS's own authority, in PEM", NULL, CLI_OPTIONAL},
    {"seconds", "N", "for all that has to be fetched", "30", CLI_OPTIONAL},
    {"part", "NAME", "only this: root-crl, pck-ca, pck-crl, tcb-info, qe-identity", NULL, CLI_MANY},
    SENDS,
};
static const struct cli_option key_add_options[] = {
    {"contract", "ADDRESS", "the verifier of Azure's tokens", NULL, CLI_REQUIRED},
    {"jwks", "FILE", "keys of the issuer's, as `evidence maa-keys` pins them", NULL, CLI_REQUIRED},
    {"issuer", "URL", "whose tokens it may sign; without: whom its certificate names", NULL, CLI_OPTIONAL},
    {"policy-hash", "HASH", "of the attestation policy of that issuer, hex", NULL, CLI_REQUIRED},
    {"until", "TIME", "its last second, at most 400 days after it begins", NULL, CLI_REQUIRED},
    SENDS,
};
static const struct cli_option key_remove_options[] = {
    {"contract", "ADDRESS", "the verifier of Azure's tokens", NULL, CLI_REQUIRED}, SENDS,
};
static const struct cli_option app_options[] = {CLI_OPT_APP, SENDS};
static const struct cli_option allow_options[] = {
    OPT_CONTRACT,
    {"measurements", "FILE", "a KMS image's measurements; with --config-hash", NULL, CLI_OPTIONAL},
    {"config-hash", "HASH", "the configuration that this KMS image must run with", NULL, CLI_OPTIONAL},
    OPT_SUBJECTS,
    OPT_MACHINES,
    {"policy-id", "N", "the contract's attestation policy that it is allowed under", "0", CLI_OPTIONAL},
    {"not-after", "TIME", "its last second, as 2026-11-23T20:40:01Z; without: no end", NULL, CLI_OPTIONAL},
    SENDS,
};
static const struct cli_option deny_options[] = {OPT_CONTRACT, OPT_SUBJECTS, OPT_MACHINES, SENDS};
static const struct cli_option policy_set_options[] = {
    OPT_CONTRACT,
    {"id", "N", "0: what is allowed without a policy of its own", "0", CLI_OPTIONAL},
    {"file", "POLICY.json", "the attestation policy", NULL, CLI_REQUIRED},
    {"hash-only", NULL, "do not store the policy onchain: every KMS has it in --policies", NULL, CLI_OPTIONAL},
    SENDS,
};
static const struct cli_option policy_clear_options[] = {
    OPT_CONTRACT, {"id", "N", "of the policy", "0", CLI_OPTIONAL}, SENDS,
};
static const struct cli_option set_config_options[] = {
    CLI_OPT_APP,
    {"measurements", "FILE", "measurements of the image that is allowed", NULL, CLI_OPTIONAL},
    {"identity", "HASH", "the identity itself, instead of measurements", NULL, CLI_OPTIONAL},
    {"template", "ID", "content id of its configuration template", NULL, CLI_REQUIRED},
    SENDS,
};
static const struct cli_option config_remove_options[] = {
    OPT_CONTRACT, {"identity", "HASH", "an identity or principal", NULL, CLI_REQUIRED}, SENDS,
};
static const struct cli_option rules_options[] = {
    OPT_CONTRACT,
    {"rtmr3", NULL, "RTMR3 is part of an identity", NULL, CLI_OPTIONAL},
    {"principal", NULL, "the list holds identities with their configuration (always, in a KMS contract)", NULL, CLI_OPTIONAL},
    {"pcr-mask", "N", "PCRs of an Azure identity, bit i for PCR i; 0: there is none", "0", CLI_OPTIONAL},
    SENDS,
};
static const struct cli_option renew_options[] = {
    OPT_CONTRACT, {"when-left", "SECONDS", "do nothing while more is left", "86400", CLI_OPTIONAL}, SENDS,
};
static const struct cli_option artifact_get_options[] = {
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID, OPT_CONTRACT, {"out", "FILE", "where it goes", NULL, CLI_REQUIRED}, END,
};
static const struct cli_option pki_options[] = {
    CLI_OPT_KMS, CLI_OPT_APP, OPT_KMS_URL, CLI_OPT_COLLATERAL, CLI_OPT_POLICY, SENDS,
};
static const struct cli_option pki_set_options[] = {
    OPT_CONTRACT,
    {"ca", "FILE", "the authority's certificate, DER (PEM for clients of version 1)", NULL, CLI_REQUIRED},
    {"pubkey", "FILE", "the key that secrets are sealed to, DER (PEM for version 1)", NULL, CLI_REQUIRED},
    {"attestation", "FILE", "of version 1: a quote beside them; nothing here reads it", NULL, CLI_OPTIONAL},
    SENDS,
};
static const struct cli_option root_options[] = {
    CLI_OPT_KMS, OPT_KMS_URL, CLI_OPT_COLLATERAL, CLI_OPT_POLICY, SENDS,
};
static const struct cli_option onboard_options[] = {
    OPT_CONTRACT,
    {"pubkey", "FILE", "the new node's key", NULL, CLI_REQUIRED},
    {"attestation", "FILE", "its evidence", NULL, CLI_REQUIRED},
    {"nonce", "N", "makes equal requests different; not 0", "1", CLI_OPTIONAL},
    SENDS,
};
static const struct cli_option show_options[] = {
    CLI_OPT_RPC,
    CLI_OPT_CHAIN_ID,
    {"kms", "ADDRESS", "address of the KMS contract, for `show kms`", NULL, CLI_OPTIONAL},
    {"app", "ADDRESS", "address of the contract, for `show app`", NULL, CLI_OPTIONAL},
    {"measurements", "FILE", "also: what it says about these measurements", NULL, CLI_OPTIONAL},
    {"config-hash", "HASH", "with --measurements: the configuration they run with", NULL, CLI_OPTIONAL},
    OPT_SUBJECTS,
    OPT_FROM_BLOCK,
    {"brief", NULL, "settings alone, without the lists that need its events", NULL, CLI_OPTIONAL},
    END,
};
static const struct cli_option history_options[] = {
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID, OPT_CONTRACT, OPT_FROM_BLOCK,
    {"to-block", "N", "where they end; without: the newest final block", NULL, CLI_OPTIONAL}, END,
};
static const struct cli_option export_options[] = {CLI_OPT_RPC, CLI_OPT_CHAIN_ID, OPT_CONTRACT, OPT_FROM_BLOCK, END};
static const struct cli_option diff_options[] = {CLI_OPT_RPC, CLI_OPT_CHAIN_ID, OPT_FROM_BLOCK, END};
static const struct cli_option apply_options[] = {
    OPT_FROM_BLOCK, {"dry-run", NULL, "only say what would be done", NULL, CLI_OPTIONAL}, SENDS,
};
static const struct cli_option sign_options[] = {
    CLI_OPT_CHAIN_ID, CLI_OPT_KEYS,
    {"max-fee", "GWEI", "what offers more for a unit of gas is not signed", "500", CLI_OPTIONAL}, END};
static const struct cli_option send_options[] = {
    CLI_OPT_RPC, CLI_OPT_CHAIN_ID, CLI_OPT_FINAL, CLI_OPT_WAIT, CLI_OPT_JOURNAL, END,
};

#define ON "--chain-id 1 --key-file owner.key --contract 0x..."

static const struct cli_verb verbs[] = {
    {"deploy", "deploy the KMS contract or an application's contract", "kms|app", 1, deploy_options,
     "teereg gov deploy kms --chain-id 31337 --key-file owner.key", gov_cmd_deploy},
    {"show", "what a contract says at the newest finalized block", "kms|app", 1, show_options,
     "teereg gov show app --chain-id 31337 --app 0x5FbDB2315678afecb367f032d93F642f64180aa3", gov_cmd_show},
    {"app allow", "let a KMS contract serve an application", NULL, 0, app_allow_options,
     "teereg gov app allow --chain-id 31337 --key-file owner.key --kms 0x... --app 0x...", gov_cmd_app_allow},
    {"allow", "allow a KMS image with its configuration, an identity or an operator; the delay must pass", NULL, 0,
     allow_options,
     "teereg gov allow --chain-id 31337 --key-file owner.key --contract 0x... \\\n"
     "      --measurements kms.json --config-hash $(teereg kms config-hash ...)", gov_cmd_allow},
    {"propose verified", "allow what a quote shows when a verifier onchain finds it genuine; the delay must pass", NULL, 0,
     propose_options,
     "teereg gov propose verified " ON " \\\n"
     "      --verifier 0x... --evidence quote.bin --report-data 00...", gov_cmd_verify_propose},
    {"attest", "show onchain that the sender runs an allowed machine, before it registers", NULL, 0, attest_options,
     "teereg gov attest " ON " \\\n"
     "      --verifier 0x... --evidence quote.bin --purpose 9f2c... --block 23000000", gov_cmd_attest},
    {"attest report-data", "what the quote of `gov attest` must be over, now", NULL, 0, report_data_options,
     "teereg gov attest report-data --chain-id 1 --contract 0x... --purpose 9f2c... --sender 0x...",
     gov_cmd_attest_report_data},
    {"verifier deploy", "deploy what judges evidence onchain, or the collateral contract that tdx asks",
     "collateral|tdx|azure|automata", 1, verifier_options,
     "teereg gov verifier deploy tdx --chain-id 1 --key-file owner.key --collateral 0x...", gov_cmd_verifier_deploy},
    {"collateral post", "tell the collateral contract what Intel signed; anybody may, and what is old stays out", NULL, 0,
     post_options,
     "teereg gov collateral post --chain-id 1 --key-file any.key --contract 0x... --for quote.bin",
     gov_cmd_collateral_post},
    {"maa-key add", "admit a key of Azure's attestation service, after the verifier's delay", "KID", 1, key_add_options,
     "teereg gov maa-key add J0pAPdfXXHqWWimgrH853wMIdh5/fLe1z6uSXYPXCa0= --jwks keys.json \\\n"
     "      --policy-hash 3c1d... --until 2027-11-23T00:00:00Z " ON, gov_cmd_maa_key_add},
    {"maa-key remove", "take a key of Azure's attestation service away, at once", "KID", 1, key_remove_options,
     "teereg gov maa-key remove J0pAPdfXXHqWWimgrH853wMIdh5/fLe1z6uSXYPXCa0= \\\n"
     "      " ON, gov_cmd_maa_key_remove},
    {"demands set", "which registrations need evidence: none, onboarding, names or all; less of it waits", "WHICH", 1,
     contract_options, "teereg gov demands set onboarding " ON, gov_cmd_demands_set},
    {"revoke", "take back an identity, operator or application, at once", NULL, 0, deny_options,
     "teereg gov revoke --chain-id 31337 --key-file owner.key --contract 0x... --identity 9f2c...", gov_cmd_revoke},
    {"freeze", "like revoke, but only the owner can allow it again", NULL, 0, deny_options,
     "teereg gov freeze " ON " --application 0x...", gov_cmd_freeze},
    {"pause", "let a contract grant nothing, at once", NULL, 0, contract_options,
     "teereg gov pause " ON, gov_cmd_pause},
    {"unpause", "end a pause; the delay must pass, then `settings apply`", NULL, 0, contract_options,
     "teereg gov unpause " ON, gov_cmd_unpause},
    {"set-config", "allow an image for an application and name its configuration template", NULL, 0, set_config_options,
     "teereg gov set-config --chain-id 31337 --key-file owner.key --app 0x... \\\n"
     "      --measurements image.json --template 5d41...", gov_cmd_set_config},
    {"config remove", "take an identity's configuration away and revoke it, at once", NULL, 0, config_remove_options,
     "teereg gov config remove " ON " --identity 9f2c...", gov_cmd_config_remove},
    {"artifact put", "store a small file onchain; its id is its SHA-256", "FILE", 1, app_options,
     "teereg gov artifact put template.json --chain-id 31337 --key-file owner.key --app 0x...", gov_cmd_artifact_put},
    {"artifact publish", "store a file as an event, at a fifth of the price; only logs have it", "FILE", 1, app_options,
     "teereg gov artifact publish template.json --chain-id 31337 --key-file owner.key --app 0x...",
     gov_cmd_artifact_publish},
    {"artifact get", "fetch a file that is onchain and check it against its id", "ID", 1, artifact_get_options,
     "teereg gov artifact get 5d41... --chain-id 1 --contract 0x... --out template.json", gov_cmd_artifact_get},
    {"backend add", "tell instances where contents are stored", "URI", 1, app_options,
     "teereg gov backend add onchain://0x... --chain-id 31337 --key-file owner.key --app 0x...", gov_cmd_backend_add},
    {"backend remove", "take back where contents are stored", "URI", 1, app_options,
     "teereg gov backend remove onchain://0x... --chain-id 31337 --key-file owner.key --app 0x...",
     gov_cmd_backend_remove},
    {"domain add", "register an instance's name, host or host:port; operators do", "NAME", 1, contract_options,
     "teereg gov domain add orders.example.org:443 " ON, gov_cmd_domain_add},
    {"domain renew", "tell that a name's instance lives, within a day of the last time; its operator does", "NAME", 1,
     renew_options, "teereg gov domain renew orders.example.org:443 --when-left 7200 " ON, gov_cmd_domain_renew},
    {"domain remove", "take an instance's name away; who registered it, or a guardian", "NAME", 1, contract_options,
     "teereg gov domain remove orders.example.org:443 " ON, gov_cmd_domain_remove},
    {"policy set", "demand an attestation policy of what is allowed under its number", NULL, 0, policy_set_options,
     "teereg gov policy set --chain-id 31337 --key-file owner.key --contract 0x... --id 3 \\\n"
     "      --file policy.json", gov_cmd_policy_set},
    {"policy clear", "take a policy's hash away; under a number but 0 nothing is released then", NULL, 0,
     policy_clear_options,
     "teereg gov policy clear --chain-id 31337 --key-file owner.key --contract 0x... --id 3", gov_cmd_policy_clear},
    {"pki publish", "publish an application's CA and key as its KMS proves them", NULL, 0, pki_options,
     "teereg gov pki publish --chain-id 31337 --key-file owner.key --kms 0x... --app 0x... \\\n"
     "      --kms-url https://127.0.0.1:8443", gov_cmd_pki_publish},
    {"pki set", "publish a CA and key from files", NULL, 0, pki_set_options,
     "teereg gov pki set " ON " --ca ca.der --pubkey key.der", gov_cmd_pki_set},
    {"pki apply", "bring a published PKI into force after the delay; anybody may", NULL, 0, contract_options,
     "teereg gov pki apply " ON, gov_cmd_pki_apply},
    {"pki cancel", "take back a published PKI that still waits", NULL, 0, contract_options,
     "teereg gov pki cancel " ON, gov_cmd_pki_cancel},
    {"root commit", "commit to the root key that a KMS proves to hold, once for ever", NULL, 0, root_options,
     "teereg gov root commit --chain-id 31337 --key-file owner.key --kms 0x... \\\n"
     "      --kms-url https://127.0.0.1:8443", gov_cmd_root_commit},
    {"onboard request", "ask for a KMS node to be given the root key; its operator does", NULL, 0, onboard_options,
     "teereg gov onboard request " ON " \\\n"
     "      --pubkey node.pub --attestation node.json", gov_cmd_onboard_request},
    {"onboard close", "end a request: it was served, or is not wanted", "ID", 1, contract_options,
     "teereg gov onboard close 77ab... " ON, gov_cmd_onboard_close},
    {"role grant", "give a role: curator, guardian, operator, metadata or instance", "ROLE ADDRESS", 2, contract_options,
     "teereg gov role grant guardian 0x... " ON, gov_cmd_role_grant},
    {"role revoke", "take a role away, at once", "ROLE ADDRESS", 2, contract_options,
     "teereg gov role revoke curator 0x... " ON, gov_cmd_role_revoke},
    {"role renounce", "give up a role of the sender's own; the address is the sender's", "ROLE ADDRESS", 2,
     contract_options, "teereg gov role renounce curator 0x... " ON, gov_cmd_role_renounce},
    {"owner transfer", "offer a contract to a new owner, who must accept", "ADDRESS", 1, contract_options,
     "teereg gov owner transfer 0x... " ON, gov_cmd_owner_transfer},
    {"owner accept", "take over a contract that was offered; the old owner loses every role", NULL, 0, contract_options,
     "teereg gov owner accept " ON, gov_cmd_owner_accept},
    {"delay set", "how long grants wait; less waits itself, then `settings apply`", "SECONDS", 1, contract_options,
     "teereg gov delay set 86400 " ON, gov_cmd_delay_set},
    {"operator-required", "whether a release needs an operator's word; `no` waits, then `settings apply`", "yes|no", 1,
     contract_options, "teereg gov operator-required yes " ON, gov_cmd_operator_required},
    {"rules set", "what an identity is made of; those allowed before match no quote any more", NULL, 0, rules_options,
     "teereg gov rules set " ON " --rtmr3", gov_cmd_rules_set},
    {"epoch raise", "new keys for an application; the old ones are given to nobody any more", NULL, 0, contract_options,
     "teereg gov epoch raise " ON, gov_cmd_epoch_raise},
    {"settings apply", "bring settings that have waited into force; anybody may", NULL, 0, contract_options,
     "teereg gov settings apply " ON, gov_cmd_settings_apply},
    {"settings cancel", "take back settings that still wait", NULL, 0, contract_options,
     "teereg gov settings cancel " ON, gov_cmd_settings_cancel},
    {"predecessor set", "name the contract that this one follows, once", "ADDRESS", 1, contract_options,
     "teereg gov predecessor set 0x... " ON, gov_cmd_predecessor_set},
    {"successor set", "name the contract that takes over after the delay", "ADDRESS", 1, contract_options,
     "teereg gov successor set 0x... " ON, gov_cmd_successor_set},
    {"successor cancel", "take back a successor that has not taken over", NULL, 0, contract_options,
     "teereg gov successor cancel " ON, gov_cmd_successor_cancel},
    {"history", "a contract's events as a log", NULL, 0, history_options,
     "teereg gov history --chain-id 1 --contract 0x... --from-block 23000000", gov_cmd_history},
    {"export", "a contract as a desired-state file", "kms|app", 1, export_options,
     "teereg gov export app --chain-id 1 --contract 0x... >app.json", gov_cmd_export},
    {"diff", "what lies between a contract and a desired-state file; 3 when anything does", "FILE", 1, diff_options,
     "teereg gov diff app.json --chain-id 1", gov_cmd_diff},
    {"apply", "do what lies between a contract and a desired-state file", "FILE", 1, apply_options,
     "teereg gov apply app.json --chain-id 1 --key-file owner.key --dry-run", gov_cmd_apply},
    {"sign", "sign transactions of --offline; says what each does; needs no node", "FILE", 1, sign_options,
     "teereg gov sign unsigned.json --chain-id 1 --key-file owner.json --json >signed.json", gov_cmd_sign},
    {"send", "send transactions that were signed elsewhere", "FILE", 1, send_options,
     "teereg gov send signed.json --chain-id 1 --final", gov_cmd_send},
    END,
};
/* clang-format on */

const struct cli_noun cli_noun_gov = {"gov", "deploy, read and change governance contracts", verbs};
