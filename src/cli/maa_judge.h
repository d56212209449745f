/* maa_judge - what commands judge tokens of Azure's attestation service with, and its keys.  Room:
 * cli. */
#pragma once
#include "attest/jwks.h"
#include "cli/cli.h"
#include "cli/judge.h"

/* clang-format off */
#define CLI_OPT_MAA_KEYS \
    {"enclave-proof", NULL, \
     "believe only keys that an enclave of the service proves (--collateral for SGX)", NULL, \
     CLI_OPTIONAL}
/* clang-format on */

/* Begin with {0}; admit points into *ret of cli_maa_judge_read, which must not move. */
struct cli_maa_judge {
    struct jwks keys; /* of --jwks */
    bool has_keys;
    struct collateral collateral; /* about the enclaves of keys */
    bool has_collateral;
    struct cli_root root;
    struct attest_roots roots;
    struct attest_policy policy;
    struct hash32 policy_hash;
    bool has_policy_hash;
    int64_t now;
    const struct attest_question *admit; /* with --enclave-proof; else NULL */
    struct attest_question question;
};
void cli_maa_judge_done(struct cli_maa_judge *j);
/* --jwks, --issuer, --policy, --accept-status, --policy-hash, --enclave-proof with --collateral and
 * --root, --at: those that a verb has. */
MUST_CHECK enum err_code cli_maa_judge_read(const struct cli_args *a, struct cli_maa_judge *ret,
                                            struct err *e);
