/* wanted - a desired-state file, and what has to be called until a contract is as it says.  Room:
 * gov.
 *
 * JSON: {"teereg_state":1, "chain_id", "contract", "kind":"kms"|"app"} and any of these, of which
 * each that is there is managed whole and each that is not is left alone:
 *   "owner":     address
 *   "settings":  {"paused","operator_required","delay","rtmr3","principal","pcr_mask"}, any of them
 *                (the last three together)
 *   "demands":   "none", "onboarding", "names" or "all": what is shown by evidence first
 *   "roles":     {"curator":[address...],"guardian","metadata","instance"}, any of them
 *   "operators", "applications", "verifiers": [{"address","policy","not_after"}...]
 *   "identities": [{"identity","template","policy","not_after"}...]
 *   "firmware", "paravisors": [{"mrtd_keccak256","policy","not_after"}...]
 *   "policies":  [{"id","hash"}...]
 *   "backends", "domains": [text...], in this order
 * `policy` without is 0, `not_after` (2026-11-23T20:40:01Z) without is no end, `template` without
 * is whichever it has.  What waits for its delay counts as being there, so that a second run
 * changes nothing; but an offer of ownership to another than "owner" is taken back.  The owner has
 * the roles curator, guardian and metadata, listed or not. */
#pragma once
#include "gov/state.h"

#define GOV_WANTED_TEXT_MAX ((size_t)1024 * 1024)

struct gov_wanted_subject {
    enum gov_kind kind;
    struct hash32 subject;
    uint16_t policy_id;
    uint64_t not_after;
    bool has_template;
    struct hash32 template_;
};

enum gov_setting { /* bits of gov_wanted.settings */
                   GOV_SET_PAUSED = 1,
                   GOV_SET_OPERATOR_REQUIRED = 2,
                   GOV_SET_DELAY = 4,
                   GOV_SET_RULES = 8,
};

struct gov_wanted {
    uint64_t chain_id;
    struct addr contract;
    bool kms;
    bool has_owner, has_demands, has_policies, has_backends, has_domains;
    uint64_t demands;
    struct addr owner;
    unsigned settings;     /* which are given: enum gov_setting */
    struct gov_pending to; /* their values */
    unsigned roles;        /* bit i: of enum gov_role i */
    unsigned kinds;        /* bit i: of enum gov_kind i */
    size_t n_members, n_subjects, n_policies;
    struct gov_member members[GOV_STATE_MEMBERS];
    struct gov_wanted_subject subjects[GOV_STATE_SUBJECTS];
    struct {
        uint16_t id;
        struct hash32 hash;
    } policies[GOV_STATE_POLICIES];
    struct gov_backends backends, domains;
};
typedef struct gov_wanted gov_wanted;
void gov_wanted_free(gov_wanted *w);
DEFINE_AUTO(gov_wanted, gov_wanted_free);
/* ERR_INVALID names the member that is wrong, an unknown one too. */
MUST_CHECK enum err_code gov_wanted_parse(struct bytes text, gov_wanted **ret, struct err *e);

/* One call, or what nobody can call yet. */
struct gov_action {
    bool waits;           /* it was asked for and must wait: nothing to call */
    const char *function; /* signature in contracts_gen.h */
    size_t n;
    struct abi_value values[4];
    char text[320]; /* "revoke operator 0x...", one line */
};
#define GOV_ACTIONS_MAX 1024
typedef struct gov_actions gov_actions;
void gov_actions_free(gov_actions *a);
DEFINE_AUTO(gov_actions, gov_actions_free);
/* What denies comes first, then what grants.  The result borrows from w and c.  ERR_INVALID: the
 * file is about another contract, or another kind of one. */
MUST_CHECK enum err_code gov_wanted_diff(const gov_wanted *w, const gov_contract *c,
                                         gov_actions **ret, struct err *e);
const struct gov_action *gov_action_at(const gov_actions *a, size_t i); /* NULL past the end */
