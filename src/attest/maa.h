/* maa - tokens of Microsoft Azure Attestation about TDX machines, judged strictly.  Room: attest.
 *
 * A token says that its issuer evaluated a machine; it holds no PCR, so no identity ever comes from
 * it alone.  All checks run as far as they can; the first in this order that fails decides.  Source
 * of claims and order: docs/WIRE.md, "MAA tokens". */
#pragma once
#include "attest/examine.h"
#include "attest/hcl.h"
#include "attest/jwks.h"

#define MAA_LIFETIME_MAX_S (8 * 3600)

enum maa_check {
    MAA_FORM,    /* three segments, canonical base64url */
    MAA_HEADER,  /* a JSON object, without crit */
    MAA_ALG,     /* RS256 */
    MAA_KEY,     /* the kid names a usable key of the issuer's */
    MAA_ENCLAVE, /* which an enclave of the service holds; when asked */
    MAA_SIGNATURE,
    MAA_CLAIMS,      /* JSON; members of the kinds that are wanted */
    MAA_ISSUER,      /* iss is the instance that is trusted */
    MAA_TIME,        /* nbf <= now < exp, iat <= now */
    MAA_LIFETIME,    /* exp - iat: more than 0, at most 8 hours */
    MAA_VERSION,     /* x-ms-ver 1.0 */
    MAA_TYPE,        /* tdxvm, or azurevm on tdxvm */
    MAA_COMPLIANCE,  /* azure-compliant-cvm */
    MAA_DEBUG,       /* nothing is being debugged */
    MAA_TD,          /* module, attributes, XFAM, RTMRs, owner, paravisor: Azure's, and by policy */
    MAA_ANSWERS,     /* policy asks nothing that no token tells */
    MAA_STATUS,      /* attester_tcb_status is accepted */
    MAA_POLICY,      /* x-ms-policy-hash is the one pinned; when asked */
    MAA_REPORT_DATA, /* tdx_report_data is the one expected; when asked */
    MAA_RUNTIME,     /* ... and is the hash of the runtime data; when asked */
    MAA_NONCE,       /* when asked */
    MAA_AK,          /* HCLAkPub in x-ms-runtime; when there, or asked for one */
    MAA_CHECKS,
};
/* "token form", "algorithm", ... */
const char *maa_check_name(enum maa_check c);

struct maa_claims {
    char issuer[JWKS_ISSUER_MAX + 1];
    int64_t issued, not_before, expires;
    bool is_guest;          /* azurevm: what follows is of its x-ms-isolation-tee */
    enum tcb_status status; /* with has_status */
    struct td_report td;    /* of the tdx_ claims; report_data among them */
    struct hash32 policy_hash;
    rsa_pub *ak; /* HCLAkPub; NULL: none */
};

struct maa_question {
    struct bytes token;
    const struct jwks *keys;
    /* Keys are believed only when an enclave of the service proves them (attest/maa_key.h), judged
     * by this; NULL: whoever gave them pinned them. */
    const struct attest_question *admit;
    const char *issuer; /* exactly; NULL: the one that the keys' certificates name, or, when none
                           of them names any, whatever the token says (the keys were pinned) */
    /* Statuses and what is said of the TD.  SEPT_VE_DISABLE is demanded only when attributes are
     * stated otherwise than by default; MRSERVICETD, platforms and collateral are in no token. */
    const struct attest_policy *policy;
    const struct hash32 *policy_hash;   /* of the instance's policy; NULL: any */
    const struct report_data *expected; /* the TD's report data; NULL: not judged */
    bool has_runtime;                   /* judge it by: */
    struct bytes runtime;               /* the runtime data as they were sent */
    const char *nonce;                  /* as it was sent; NULL: not judged */
    const rsa_pub *ak;                  /* that HCLAkPub must be; NULL: any */
    int64_t now;
};

/* Begin with `struct maa_examination x AUTO_CALL(maa_examination_done) = {0};` */
struct maa_examination {
    bool ok;
    enum maa_check first;
    enum attest_fault fault;
    struct attest_finding check[MAA_CHECKS];
    /* claims counts; its td, its status do.  Only with ok are they anybody's word. */
    bool has_claims, has_td, has_status;
    struct maa_claims claims;
};
void maa_examination_done(struct maa_examination *x);
/* What ret held is freed. */
void maa_examine(const struct maa_question *question, struct maa_examination *ret);
