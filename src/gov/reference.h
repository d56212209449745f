/* reference - the decisive facts of the reference's own contracts, unmodified (layout 1).  Room:
 * gov.
 *
 * They were never written to be read by slots, and have no head that says what they are: whoever
 * reads them has pinned the code hash.  Slots of KMS.sol: _roles 0, _owner 1,
 * allowlistedIdentities 9, allowedApps 10; of OnchainRegistry.sol: _roles 0, _owner 1,
 * identityConfigMap 8.  Source: docs/COMPAT.md. */
#pragma once
#include "chain/view.h"

#define GOV_REFERENCE_APPS_MAX 256 /* a list that anybody may have made long */

enum gov_reference_kind { GOV_REFERENCE_KMS, GOV_REFERENCE_REGISTRY };

struct gov_reference_query {
    enum gov_reference_kind kind;
    const struct hash32 *identity; /* NULL: not asked, like the others */
    const struct addr *operator_;
    const struct addr *app; /* of a KMS contract alone */
};

struct gov_reference_facts {
    struct finalized_block at;
    struct hash32 code_hash;
    struct addr owner;
    bool identity_allowed; /* a KMS's list has it, or a registry has a template for it */
    struct hash32 config;  /* that template; zero: none */
    bool operator_;        /* holds ROLE_OPERATOR */
    bool app_allowed;
};

/* ERR_DENIED: a slot holds what no contract of the reference has there, or the list of
 * applications is longer than GOV_REFERENCE_APPS_MAX. */
MUST_CHECK enum err_code gov_reference_read(const struct chain_view *v,
                                            const struct finalized_block *at,
                                            const struct addr *contract,
                                            const struct gov_reference_query *query,
                                            struct gov_reference_facts *ret, struct err *e);
