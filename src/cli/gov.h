/* gov - the verbs of `teereg gov`, by file.  Room: cli. */
#pragma once
#include "chain/abi.h"
#include "cli/cli.h"

/* gov_write.c, for the others: sends one call of the contract of --contract and prints what became
 * of it; a time like 2026-11-23T20:40:01Z (untouched where the option is not given). */
enum err_code gov_cli_call(const struct cli_args *a, const char *function,
                           const struct abi_value *values, size_t n, struct err *e);
enum err_code gov_cli_time(const struct cli_args *a, const char *name, uint64_t *ret,
                           struct err *e);

/* gov_write.c: transactions. */
enum err_code gov_cmd_deploy(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_app_allow(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_allow(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_revoke(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_freeze(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_set_config(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_artifact_put(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_artifact_publish(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_backend_add(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_backend_remove(const struct cli_args *a, struct err *e);

/* gov_policy.c: attestation policies of a contract. */
enum err_code gov_cmd_policy_set(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_policy_clear(const struct cli_args *a, struct err *e);

/* gov_kms.c: transactions that write down what a KMS proved. */
enum err_code gov_cmd_pki_publish(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_root_commit(const struct cli_args *a, struct err *e);

/* gov_show.c */
enum err_code gov_cmd_show(const struct cli_args *a, struct err *e);

/* gov_settings.c: roles, owner, settings, lineage. */
enum err_code gov_cmd_role_grant(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_role_revoke(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_role_renounce(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_owner_transfer(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_owner_accept(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_pause(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_unpause(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_delay_set(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_operator_required(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_rules_set(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_epoch_raise(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_settings_apply(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_settings_cancel(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_predecessor_set(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_successor_set(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_successor_cancel(const struct cli_args *a, struct err *e);

/* gov_directory.c: what others find in a contract. */
enum err_code gov_cmd_config_remove(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_domain_add(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_domain_renew(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_domain_remove(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_artifact_get(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_pki_set(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_pki_apply(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_pki_cancel(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_onboard_request(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_onboard_close(const struct cli_args *a, struct err *e);

/* gov_evidence.c: what verifiers judge onchain. */
enum err_code gov_cmd_demands_set(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_verify_propose(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_attest_report_data(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_attest(const struct cli_args *a, struct err *e);

/* gov_verifier.c: the contracts that judge it, what Intel says to them, keys of Azure's service. */
enum err_code gov_cmd_verifier_deploy(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_collateral_post(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_maa_key_add(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_maa_key_remove(const struct cli_args *a, struct err *e);

/* gov_signed.c: signed on one machine, sent from another. */
enum err_code gov_cmd_sign(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_send(const struct cli_args *a, struct err *e);

/* gov_history.c: events; gov_wanted.c: a contract as a file, and a file as a contract. */
enum err_code gov_cmd_history(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_export(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_diff(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_apply(const struct cli_args *a, struct err *e);
