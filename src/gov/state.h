/* state - all that one contract says, read at one finalized block.  Room: gov.
 *
 * A contract's mappings have no list of their keys: those come from its events (chain/node_logs.h),
 * and every word is then read from its slot through the chain view.  So a node cannot make anything
 * look allowed that is not; it can hide that a key exists. */
#pragma once
#include "chain/rpc.h"
#include "gov/registry.h"
#include "gov/write.h"

#define GOV_STATE_SUBJECTS 512
#define GOV_STATE_MEMBERS  64
#define GOV_STATE_POLICIES 64
#define GOV_STATE_NAMES    GOV_BACKENDS_MAX
#define GOV_STATE_REQUESTS 64

struct gov_subject {
    enum gov_kind kind;
    struct hash32 subject; /* address, identity, or keccak256(MRTD) */
    struct gov_policy policy;
    struct gov_timed config; /* of an identity: its template */
};
struct gov_member {
    enum gov_role role; /* not operators, who are subjects */
    struct addr who;
};
struct gov_numbered {
    uint16_t id;
    struct gov_timed hash;
};
struct gov_request {
    struct hash32 id;
    uint64_t expiry;
    bool closed;
};

struct gov_contract {
    struct addr contract;
    bool kms;
    struct finalized_block at;
    struct hash32 code_hash;
    struct gov_head head;
    struct gov_line line;
    struct gov_pending pending;
    struct addr owner, pending_owner;
    struct hash32 pki_hash, pending_pki;
    uint64_t pending_pki_from;
    struct gov_timed demands;
    struct hash32 root_id, commitment; /* of a KMS contract */
    struct gov_backends backends, domains;
    struct gov_registrar registrars[GOV_STATE_NAMES]; /* of the domains */
    size_t n_subjects, n_members, n_policies, n_requests, n_artifacts;
    struct gov_subject subjects[GOV_STATE_SUBJECTS]; /* in the order in which they appeared */
    struct gov_member members[GOV_STATE_MEMBERS];
    struct gov_numbered policies[GOV_STATE_POLICIES];
    struct gov_request requests[GOV_STATE_REQUESTS];
    uint64_t events, from_block;
};
typedef struct gov_contract gov_contract;
void gov_contract_free(gov_contract *s);
DEFINE_AUTO(gov_contract, gov_contract_free);

/* from_block: where the contract's events begin.  ERR_DENIED: not layout 2.  ERR_TOO_LARGE: more
 * than the bounds above. */
MUST_CHECK enum err_code gov_contract_read(const struct chain_view *v, rpc *node,
                                           const struct finalized_block *at,
                                           const struct addr *contract, bool kms,
                                           uint64_t from_block, gov_contract **ret, struct err *e);
/* {"owner", "pending_settings", "roles", "identities", ...}, put into ret. */
MUST_CHECK enum err_code gov_contract_put(const gov_contract *s, const struct gov_time *t,
                                          json *ret, struct err *e);
/* The same as a desired-state file (gov/wanted.h): what is there is what is wanted. */
MUST_CHECK enum err_code gov_contract_wanted(const gov_contract *s, uint64_t chain_id, json **ret,
                                             struct err *e);
