/* write - transactions to the two contracts.  Room: gov.
 *
 * Every function builds calldata, sends it through a transactor and returns when it is in a block
 * and succeeded; ret_receipt may be NULL.  Who may call what is the contract's decision: a refusal
 * comes back as ERR_DENIED with the contract's reason. */
#pragma once
#include "attest/identity.h"
#include "chain/abi.h"
#include "chain/transactor.h"
#include "gov/contract.h"

enum gov_role {
    GOV_ROLE_OPERATOR,
    GOV_ROLE_METADATA,
    GOV_ROLE_CURATOR,
    GOV_ROLE_GUARDIAN,
    GOV_ROLE_INSTANCE,
    GOV_ROLES
};
/* "operator", ...; and keccak256("ROLE_OPERATOR"), ... */
const char *gov_role_name(enum gov_role role);
struct hash32 gov_role_hash(enum gov_role role);

enum gov_kind { /* of subject in freeze and revoke */
                GOV_KIND_IDENTITY = 1,
                GOV_KIND_OPERATOR = 2,
                GOV_KIND_APPLICATION = 3,
                GOV_KIND_FIRMWARE = 4,
                GOV_KIND_PARAVISOR = 5,
                GOV_KIND_VERIFIER = 6,
                GOV_KIND_CURATOR = 7,
};

/* Any function of the contracts, by its signature in contracts_gen.h.  Errors are
 * transactor_send's; a missing role is named. */
MUST_CHECK enum err_code gov_send(transactor *t, const struct addr *contract, const char *function,
                                  const struct abi_value *values, size_t n, struct tx_receipt *ret,
                                  struct err *e);

/* ---- deployment; receipt.contract is the address ---- */
/* Init code in hex, as the *_code_gen.h have it, then abi.encode of the arguments; what names the
 * contract for messages. */
MUST_CHECK enum err_code gov_deploy(transactor *t, const char *what, const char *code_hex,
                                    const char *types, const struct abi_value *args, size_t n,
                                    struct tx_receipt *ret, struct err *e);
/* owner NULL: the sender. */
MUST_CHECK enum err_code gov_deploy_kms(transactor *t, const struct addr *owner,
                                        struct tx_receipt *ret, struct err *e);
/* scheme: of identities, for the contract's whole life: 2, or 1 for instances of version 1.  A KMS
 * contract is of scheme 2. */
MUST_CHECK enum err_code gov_deploy_registry(transactor *t, const struct addr *owner,
                                             uint8_t scheme, struct tx_receipt *ret, struct err *e);
/* True of init code that deploys one of the two, with an owner and a scheme behind it. */
bool gov_init_code_is_ours(struct bytes init, bool *ret_kms);
/* "deploy the KMS contract (owner=0x..., scheme=2)", or that it is another contract, by its hash.
 */
void gov_init_code_text(struct bytes init, struct buf *out);
/* Is the code at this address, in the block of the receipt, what was compiled?  ERR_VERIFY. */
MUST_CHECK enum err_code gov_deployed_check(rpc *node, bool kms, const struct tx_receipt *r,
                                            struct hash32 *ret_code_hash, struct err *e);

/* ---- KMS contract ---- */
MUST_CHECK enum err_code gov_allow_application(transactor *t, const struct addr *kms,
                                               const struct addr *app, struct tx_receipt *ret,
                                               struct err *e);
/* The KMS with these measurements under this configuration. */
MUST_CHECK enum err_code gov_allow_kms(transactor *t, const struct addr *kms,
                                       const struct measurements *m,
                                       const struct hash32 *config_hash, struct tx_receipt *ret,
                                       struct err *e);
/* root_id and commitment, once. */
MUST_CHECK enum err_code gov_commit_root(transactor *t, const struct addr *kms,
                                         const struct hash32 *root_id,
                                         const struct hash32 *commitment, struct tx_receipt *ret,
                                         struct err *e);

/* ---- application contract ---- */
/* Allows the identity with these measurements and gives it the template `config` (SHA-256). */
MUST_CHECK enum err_code gov_set_config_measured(transactor *t, const struct addr *app,
                                                 const struct measurements *m,
                                                 const struct hash32 *config,
                                                 struct tx_receipt *ret, struct err *e);
MUST_CHECK enum err_code gov_set_config(transactor *t, const struct addr *app,
                                        const struct hash32 *identity, const struct hash32 *config,
                                        struct tx_receipt *ret, struct err *e);
MUST_CHECK enum err_code gov_add_backend(transactor *t, const struct addr *app, const char *uri,
                                         struct tx_receipt *ret, struct err *e);
MUST_CHECK enum err_code gov_remove_backend(transactor *t, const struct addr *app, const char *uri,
                                            struct tx_receipt *ret, struct err *e);
/* At most GOV_ARTIFACT_MAX bytes; its id is its SHA-256. */
MUST_CHECK enum err_code gov_add_artifact(transactor *t, const struct addr *contract,
                                          struct bytes data, struct tx_receipt *ret, struct err *e);
/* Owner alone; zero takes it away.  Waits the contract's delay. */
MUST_CHECK enum err_code gov_set_policy_hash(transactor *t, const struct addr *contract,
                                             uint16_t id, const struct hash32 *hash,
                                             struct tx_receipt *ret, struct err *e);
MUST_CHECK enum err_code gov_set_pki(transactor *t, const struct addr *contract,
                                     struct bytes ca_der, struct bytes spki_der,
                                     struct tx_receipt *ret, struct err *e);

/* ---- both ---- */
MUST_CHECK enum err_code gov_revoke(transactor *t, const struct addr *contract, enum gov_kind kind,
                                    const struct hash32 *subject, struct tx_receipt *ret,
                                    struct err *e);
MUST_CHECK enum err_code gov_freeze(transactor *t, const struct addr *contract, enum gov_kind kind,
                                    const struct hash32 *subject, struct tx_receipt *ret,
                                    struct err *e);
/* Allowed by name alone (an identity or principal whose bytes are known, an operator, ...), under
 * that policy of the contract, until not_after (0: no end). */
MUST_CHECK enum err_code gov_allow(transactor *t, const struct addr *contract, enum gov_kind kind,
                                   const struct hash32 *subject, uint16_t policy_id,
                                   uint64_t not_after, struct tx_receipt *ret, struct err *e);
MUST_CHECK enum err_code gov_grant_role(transactor *t, const struct addr *contract,
                                        enum gov_role role, const struct addr *who,
                                        struct tx_receipt *ret, struct err *e);
MUST_CHECK enum err_code gov_revoke_role(transactor *t, const struct addr *contract,
                                         enum gov_role role, const struct addr *who,
                                         struct tx_receipt *ret, struct err *e);
/* Settings.  What tightens holds at once; what loosens waits the contract's delay and is then
 * brought into force by gov_apply_settings. */
MUST_CHECK enum err_code gov_set_paused(transactor *t, const struct addr *contract, bool paused,
                                        struct tx_receipt *ret, struct err *e);
MUST_CHECK enum err_code gov_set_operator_required(transactor *t, const struct addr *contract,
                                                   bool required, struct tx_receipt *ret,
                                                   struct err *e);
MUST_CHECK enum err_code gov_set_delay(transactor *t, const struct addr *contract, uint32_t seconds,
                                       struct tx_receipt *ret, struct err *e);
MUST_CHECK enum err_code gov_apply_settings(transactor *t, const struct addr *contract,
                                            struct tx_receipt *ret, struct err *e);
/* The line of an application; both sides must be set, and the delay of the old one pass. */
MUST_CHECK enum err_code gov_set_predecessor(transactor *t, const struct addr *contract,
                                             const struct addr *old, struct tx_receipt *ret,
                                             struct err *e);
MUST_CHECK enum err_code gov_set_successor(transactor *t, const struct addr *contract,
                                           const struct addr *next, struct tx_receipt *ret,
                                           struct err *e);
