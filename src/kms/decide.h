/* decide - what governance says about a request, from one finalized block.  Room: kms.
 *
 * Used by a release and by the public routes.  Every answer comes from slots read at one block; a
 * refusal has a precise reason here and a general one for the caller.
 *
 * Every answer is asked for again in each doubt about that block (chain/view.h), with the words and
 * the time of the newest blocks, and is the worst of them: what denies there refuses, a sooner end
 * is the end, and an attestation policy that is set there must accept besides the final one.  What
 * they grant counts for nothing. */
#pragma once
#include "attest/examine.h"
#include "attest/identity.h"
#include "base/clock.h"
#include "chain/view.h"
#include "gov/registry.h"
#include "kms/apps.h"
#include "kms/config.h"
#include "kms/policies.h"

/* Why not.  Names go into the audit log; they are permanent. */
enum kms_reason {
    KMS_GRANTED = 0,
    KMS_MALFORMED_REQUEST,
    KMS_LOCKED,
    KMS_CHALLENGE_FORGED,
    KMS_CHALLENGE_EXPIRED,
    KMS_CHALLENGE_SPENT,
    KMS_CHALLENGE_FULL,
    KMS_EVIDENCE_MALFORMED,
    KMS_PAYLOAD_MALFORMED,
    KMS_CSR_INVALID,
    KMS_QUOTE_INVALID,
    KMS_REPORT_DATA_MISMATCH,
    KMS_EVIDENCE_NOT_RELEASABLE,
    KMS_CHAIN_UNAVAILABLE,
    KMS_CHAIN_REFUSED,
    KMS_SELF_NOT_ALLOWED,
    KMS_ROOT_NOT_COMMITTED,
    KMS_CONTRACT_NOT_LIVE,
    KMS_APP_NOT_ALLOWED,
    KMS_APP_CODE,
    KMS_APP_NOT_LIVE,
    KMS_LINEAGE,
    KMS_FIRMWARE_NOT_ALLOWED,
    KMS_PARAVISOR_NOT_ALLOWED,
    KMS_IDENTITY_UNKNOWN_KIND,
    KMS_IDENTITY_NOT_ALLOWED,
    KMS_POLICY_UNKNOWN, /* demanded by a contract, and its body is nowhere */
    KMS_POLICY_REFUSED, /* the evidence does not pass it */
    KMS_OPERATOR_MISSING,
    KMS_OPERATOR_SIGNATURE,
    KMS_OPERATOR_NOT_ALLOWED,
    KMS_ISSUE_FAILED,
    KMS_AUDIT_FAILED,
    KMS_SEAL_FAILED,
    KMS_HEADERS_MALFORMED, /* the rest: version 1 alone (release_v1.h) */
    KMS_SCHEME_NOT_V1,
    KMS_OPERATOR_V1,
    KMS_POLICY_V1,
    KMS_QUOTE_FAILED,
    KMS_REASONS,
};
const char *kms_reason_name(enum kms_reason r); /* "challenge-spent", ... */
/* The code and sentence that a caller may see: nothing of who is allowed or why not (SR-66). */
enum err_code kms_reason_public(enum kms_reason r, const char **ret_text);

/* Notes why when rc is a failure; returns rc. */
MUST_CHECK enum err_code kms_because(enum kms_reason why, enum kms_reason *ret_why,
                                     enum err_code rc);
/* The same of a read: KMS_CHAIN_UNAVAILABLE where nobody answered, else `refused`. */
MUST_CHECK enum err_code kms_because_chain(enum err_code rc, enum kms_reason refused,
                                           enum kms_reason *ret_why);

/* What a KMS decides with. */
struct kms_authority {
    const struct kms_config *config;
    struct hash32 config_hash;
    const struct chain_view *view;
    const struct clock *clock;
    kms_apps *apps; /* NULL while locked */
    kms_policies *policies;
    /* principal(own identity, config_hash): the KMS contract must allow it at every release.  Zero
     * where the own quote is of a kind that has none; then nothing is released. */
    struct hash32 self;
    /* Who asks is no KMS and only wants to know (kms/explain.h): there is no root of its own, and
     * self may be zero for "no particular KMS".  A release has apps, and refuses without them. */
    bool outsider;
};

/* Whether this node may release anything at all now, at the newest finalized block: the KMS
 * contract is live, allows this principal, and has committed to this node's root.  ret_at is
 * written as soon as the block is known, also when the answer is no. */
MUST_CHECK enum err_code kms_decide_self(const struct kms_authority *a,
                                         struct finalized_block *ret_at, enum kms_reason *ret_why,
                                         struct err *e);

/* An attestation policy that a contract names by its hash: it must accept, besides the one of the
 * configuration. */
struct kms_demand {
    const char *of;       /* whose policy word names it: "identity", "operator", ... */
    struct addr contract; /* that knows it */
    uint16_t id;
    struct hash32 hash; /* zero: the contract has no such policy */
    bool doubt;         /* the newest blocks alone demand it */
};
/* Of identity, operator, application, firmware and paravisor, at the block and in each doubt. */
#define KMS_DEMANDS_MAX 32
struct kms_demands {
    size_t n;
    struct kms_demand list[KMS_DEMANDS_MAX];
};

/* The application as governance has it. */
struct kms_app_standing {
    struct finalized_block at;
    struct gov_time time;
    struct gov_kms_facts kms;
    struct gov_registry_facts registry; /* without identity and operator */
    struct addr app_id;
    uint64_t epoch;
    struct kms_demands demands; /* of application, firmware and paravisor */
};
/* Reads the KMS contract and the application at the newest finalized block, and checks: this KMS is
 * allowed, its root is the committed one, both contracts are live, the application is allowed with
 * its code and layout, its lineage.  mrtd: 48 bytes that are asked for on the lists of firmware
 * and of paravisors, or NULL. */
MUST_CHECK enum err_code kms_decide_app(const struct kms_authority *a, const struct addr *app,
                                        const uint8_t *mrtd, struct kms_app_standing *ret,
                                        enum kms_reason *ret_why, struct err *e);

/* The name under which the application's contract lists a workload, by its settings `head`: the
 * identity, or principal where it lists those.  One of scheme 1 does not cover MRTD, so the
 * firmware must be on the KMS contract's own list: `app` was asked for m->mrtd (SR-05). */
MUST_CHECK enum err_code kms_decide_name(const struct kms_authority *a,
                                         const struct addr *app_contract,
                                         const struct kms_app_standing *app,
                                         const struct gov_head *head, const struct measurements *m,
                                         const struct hash32 *config_hash, struct hash32 *ret,
                                         enum kms_reason *ret_why, struct err *e);

/* Who asks. */
struct kms_subject {
    struct hash32 name;                  /* by the settings at the block of the decision */
    const struct measurements *measured; /* for its name by others; NULL: not known */
    struct hash32 config_hash;
    const struct addr *operator_; /* who vouched; NULL: nobody */
};
struct kms_identity_standing {
    struct gov_policy identity;
    struct gov_policy operator_;
    int64_t not_after;          /* the earliest end of identity and operator; 0: none */
    struct kms_demands demands; /* those of the application, too */
};
/* At the block of `app`. */
MUST_CHECK enum err_code kms_decide_identity(const struct kms_authority *a,
                                             const struct addr *app_contract,
                                             const struct kms_app_standing *app,
                                             const struct kms_subject *who,
                                             struct kms_identity_standing *ret,
                                             enum kms_reason *ret_why, struct err *e);

/* Does the evidence pass every policy that is demanded?  At the time of `app`, so that one moment
 * counts for the whole release. */
MUST_CHECK enum err_code kms_decide_policies(const struct kms_authority *a,
                                             const struct kms_app_standing *app,
                                             const struct kms_identity_standing *permission,
                                             const struct attest_facts *facts,
                                             enum kms_reason *ret_why, struct err *e);
