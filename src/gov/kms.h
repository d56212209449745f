/* kms - the KMS contract's facts, from slots of one finalized block.  Room: gov. */
#pragma once
#include "gov/contract.h"

/* What to ask besides the contract's own settings; NULL: not asked. */
struct gov_kms_query {
    const struct addr *app;         /* is this application allowed? */
    const struct hash32 *principal; /* is this KMS (identity and configuration) allowed? */
    const struct addr *operator_;   /* is this operator allowed? */
    const uint8_t *firmware_mrtd;   /* 48 bytes: is this firmware on the list? */
    const uint8_t *paravisor_mrtd;  /* 48 bytes: is this paravisor on the list? */
    const uint16_t *policy_id;      /* hash of this policy */
};

struct gov_kms_facts {
    struct finalized_block at;
    struct hash32 code_hash; /* of the KMS contract itself; pinned by configuration, not by us */
    struct gov_head head;
    struct gov_line line;
    struct hash32 root_id, commitment; /* zero until they are committed */
    struct hash32 pki_hash;
    /* What was asked for; GOV_NONE and zeros where it was not. */
    struct gov_policy app;
    struct hash32 app_code_hash; /* recorded when the application was allowed */
    uint16_t app_layout;         /* enum gov_layout */
    struct gov_policy principal;
    struct gov_policy operator_;
    struct gov_policy firmware;
    struct gov_policy paravisor;
    struct hash32 policy_hash;
};

/* One read at block `at`.  Errors of the view, and ERR_DENIED for a contract whose words are not
 * those of layout 2 (scheme 0: nothing there, or the reference's). */
MUST_CHECK enum err_code gov_kms_read(const struct chain_view *v, const struct finalized_block *at,
                                      const struct addr *kms, const struct gov_kms_query *query,
                                      struct gov_kms_facts *ret, struct err *e);

/* The operator's (or principal's, application's) word, checked as decisions need it, is
 * gov_policy_check; this one checks the recorded code and layout of an application:
 * ERR_DENIED for layout 1 by name, for an unknown layout, for another code hash. */
MUST_CHECK enum err_code gov_kms_app_code(const struct gov_kms_facts *kms,
                                          const struct hash32 *found_code_hash, struct err *e);
