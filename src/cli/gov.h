/* gov - the verbs of `teereg gov`, by file.  Room: cli. */
#pragma once
#include "cli/cli.h"

/* gov_write.c: transactions. */
enum err_code gov_cmd_deploy(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_app_allow(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_allow(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_revoke(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_set_config(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_rules_set(const struct cli_args *a, struct err *e);
enum err_code gov_cmd_artifact_put(const struct cli_args *a, struct err *e);
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
