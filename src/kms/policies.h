/* policies - bodies of the attestation policies that contracts name by their hash.  Room: kms.
 *
 * A body comes by any way and counts only when it has the hash (docs/WIRE.md, "Contract state that
 * decisions need"): from a folder of this node, or from the artifacts of the contract that demands
 * it.  What was found once stays, for a hash never names anything else.  Any thread. */
#pragma once
#include "attest/policy.h"
#include "base/clock.h"
#include "gov/registry.h"

#define KMS_POLICIES_FILES_MAX 256 /* of the folder; further ones are not read */
#define KMS_POLICIES_AGAIN_S   60

typedef struct kms_policies kms_policies;
/* folder: its *.json are policies as text, its *.tlv their encoding, under any name; read now, and
 * again, at most once in a minute, when a hash is not known.  NULL: none.  The clock is borrowed.
 * A folder that cannot be read, and a file that is no policy, is an error now; later it is passed
 * over. */
MUST_CHECK enum err_code kms_policies_new(const char *folder, const struct clock *clock,
                                          kms_policies **ret, struct err *e);
void kms_policies_free(kms_policies *p);
DEFINE_AUTO(kms_policies, kms_policies_free);
/* ERR_NOT_FOUND: it is nowhere; else the error of the chain, or what is wrong with the body. */
MUST_CHECK enum err_code kms_policies_get(kms_policies *p, const struct chain_view *v,
                                          const struct finalized_block *at,
                                          const struct addr *contract, const struct hash32 *hash,
                                          struct attest_policy *ret, struct err *e);
