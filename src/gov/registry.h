/* registry - an application contract's facts, from slots of one finalized block.  Room: gov. */
#pragma once
#include "gov/kms.h"

struct gov_registry_query {
    const struct hash32 *identity; /* an identity, or a principal where the head's flag says so */
    const struct addr *operator_;
    const uint16_t *policy_id; /* hash of this policy; NULL: of the identity's own */
};

struct gov_registry_facts {
    struct finalized_block at;
    struct hash32 code_hash;
    struct gov_head head;
    struct gov_line line;
    struct hash32 pki_hash, backends_hash;
    struct gov_policy identity;  /* GOV_NONE when not asked */
    struct gov_policy operator_; /* the same */
    struct hash32 config;        /* template of the identity that holds at this block; zero: none */
    struct hash32 policy_hash;   /* of the identity's policy id (or of the one asked for) */
};

/* One read (two where the identity's policy id is not 0) at block `at`.  Refuses, like
 * gov_kms_read, what is not layout 2. */
MUST_CHECK enum err_code gov_registry_read(const struct chain_view *v,
                                           const struct finalized_block *at, const struct addr *app,
                                           const struct gov_registry_query *query,
                                           struct gov_registry_facts *ret, struct err *e);

/* First address of the application's line (app_id of docs/WIRE.md, "Keys"), at most 8 steps back.
 * Every step must be said by both contracts at `at`: predecessor(new) = old, and successor(old) =
 * new, in force.  ERR_VERIFY where they do not agree. */
MUST_CHECK enum err_code gov_lineage(const struct chain_view *v, const struct finalized_block *at,
                                     const struct addr *app, struct addr *ret_app_id,
                                     struct err *e);

/* The hash that policy `id` of this contract (of either kind) has at block `at`; zero: none. */
MUST_CHECK enum err_code gov_policy_hash(const struct chain_view *v,
                                         const struct finalized_block *at,
                                         const struct addr *contract, uint16_t id,
                                         struct hash32 *ret, struct err *e);

/* What this contract (of either kind) wants to be shown by evidence first: setDemands. */
enum gov_demand { GOV_DEMAND_ONBOARDING = 1, GOV_DEMAND_NAMES = 2 };
MUST_CHECK enum err_code gov_demands(const struct chain_view *v, const struct finalized_block *at,
                                     const struct addr *contract, struct gov_timed *ret,
                                     struct err *e);
/* "none", "onboarding", "names", "all"; NULL: there is no such word. */
const char *gov_demands_name(uint64_t demands);
/* ERR_INVALID: not one of these words. */
MUST_CHECK enum err_code gov_demands_named(const char *name, uint64_t *ret, struct err *e);

/* ---- bodies: fetched from anywhere, checked against the slot ---- */

#define GOV_PKI_MAX      32768
#define GOV_BACKENDS_MAX 32
#define GOV_ARTIFACT_MAX 24575

struct gov_pki {
    struct buf ca_der, spki_der;
};
void gov_pki_done(struct gov_pki *p);
/* keccak256(abi.encode(bytes caDer, bytes spkiDer)). */
MUST_CHECK enum err_code gov_pki_hash(struct bytes ca_der, struct bytes spki_der,
                                      struct hash32 *ret, struct err *e);
/* The application's CA and key as the contract publishes them; ERR_NOT_FOUND when pki_hash is zero,
 * ERR_VERIFY when the body is another. */
MUST_CHECK enum err_code gov_registry_pki(const struct chain_view *v,
                                          const struct finalized_block *at, const struct addr *app,
                                          const struct hash32 *pki_hash, struct gov_pki *ret,
                                          struct err *e);

struct gov_backends {
    size_t n;
    char *uri[GOV_BACKENDS_MAX];
};
void gov_backends_done(struct gov_backends *b);
MUST_CHECK enum err_code gov_registry_backends(const struct chain_view *v,
                                               const struct finalized_block *at,
                                               const struct addr *app,
                                               const struct hash32 *backends_hash,
                                               struct gov_backends *ret, struct err *e);

/* The names of instances, the same way: also those whose heartbeat is missing. */
MUST_CHECK enum err_code gov_domains(const struct chain_view *v, const struct finalized_block *at,
                                     const struct addr *contract, const struct hash32 *domains_hash,
                                     struct gov_backends *ret, struct err *e);

/* Who registered a name, and its last second without a heartbeat; zeros: nobody did. */
struct gov_registrar {
    struct addr who;
    uint64_t until;
};
MUST_CHECK enum err_code gov_registrars(const struct chain_view *v,
                                        const struct finalized_block *at,
                                        const struct addr *contract, const char *const *names,
                                        size_t n, struct gov_registrar *ret, struct err *e);

/* The artifact whose SHA-256 is `id`, checked: what the contract keeps, or else what it told in an
 * event (at most NODE_LOG_DATA bytes with its ABI), whose block is proved and asked for alone: who
 * answers for the logs can withhold it, no more.  ERR_NOT_FOUND: the contract has none of this id;
 * ERR_UPSTREAM: it told one that no node shows. */
MUST_CHECK enum err_code gov_artifact(const struct chain_view *v, const struct finalized_block *at,
                                      const struct addr *contract, const struct hash32 *id,
                                      struct buf *ret, struct err *e);
