/* examine - every check about one quote, in one place.  Room: attest.
 *
 * All checks run as far as they can; the first in this order that fails decides, the rest is still
 * reported.  attest_verify (for releases) and `teereg evidence verify` (for people, under any root)
 * are both made of it, so that there is one opinion.  Order and names: docs/WIRE.md, "TDX quote".
 */
#pragma once
#include "attest/collateral.h"
#include "attest/identity.h"
#include "attest/policy.h"
#include "attest/report_data.h"

/* Verified chains and QE reports by content hash, bounded, least recently used first out; all
 * threads.  Only what was verified is kept, never a verdict about a quote, and everything that can
 * change (time, policy, report data, collateral) is judged at each use. */
typedef struct platform_cache platform_cache;
MUST_CHECK enum err_code platform_cache_new(size_t max_platforms, platform_cache **ret,
                                            struct err *e);
void platform_cache_free(platform_cache *c);
DEFINE_AUTO(platform_cache, platform_cache_free);
struct platform_cache_stats {
    uint64_t chain_hits, chain_misses, qe_hits, qe_misses;
};
void platform_cache_stats(platform_cache *c, struct platform_cache_stats *ret);

enum attest_check {
    CHECK_FORMAT,            /* A */
    CHECK_TCB_INFO,          /* B: signer, signature, form */
    CHECK_QE_IDENTITY,       /* B */
    CHECK_ROOT_CRL,          /* B */
    CHECK_PCK_CRL,           /* B */
    CHECK_FRESHNESS,         /* B: all four, and their signers, are of now */
    CHECK_SIGNERS,           /* B: no signer is revoked */
    CHECK_PCK_CHAIN,         /* C */
    CHECK_PCK_REVOCATION,    /* C: leaf and CA */
    CHECK_PCK_VALIDITY,      /* C */
    CHECK_PCK_EXTENSION,     /* D: the SGX extension of the leaf */
    CHECK_PLATFORM,          /* D: FMSPC and PCEID are those of the TCB info */
    CHECK_QE_SIGNATURE,      /* E */
    CHECK_QE_BINDING,        /* E */
    CHECK_QE_IS_INTELS,      /* F: QE identity */
    CHECK_QE_TCB,            /* F: a level of it */
    CHECK_QUOTE_SIGNATURE,   /* G */
    CHECK_TDX_MODULE,        /* H */
    CHECK_TCB_LEVEL,         /* I, J: a level; the merged status */
    CHECK_TD_ATTRIBUTES,     /* K */
    CHECK_TD_XFAM,           /* K */
    CHECK_TD_SEAM,           /* K: MRSIGNERSEAM, SEAMATTRIBUTES, MRSEAM */
    CHECK_TD_SERVICE,        /* K: MRSERVICETD */
    CHECK_TD_OWNER,          /* K: MRCONFIGID, MROWNER, MROWNERCONFIG */
    CHECK_REPORT_DATA,       /* L */
    CHECK_TCB_STATUS,        /* M: the merged status is accepted */
    CHECK_ADVISORIES,        /* M */
    CHECK_EVALUATION_NUMBER, /* M */
    CHECK_PLATFORM_ALLOWED,  /* M: FMSPC, PPID, platform instance */
    CHECK_EVENT_LOG,         /* N: it leads to the quote's RTMRs, and says what was measured */
    CHECKS,
};
/* "quote format", "TCB info", ... */
const char *attest_check_name(enum attest_check c);

struct attest_finding {
    bool judged; /* false: needs a result that an earlier check did not give, or was not asked */
    enum attest_fault fault;
    char detail[224]; /* when fault is not FAULT_NONE, or why not judged; else empty */
};

#define TCB_EVALUATION_ADVISORIES 64

/* The TCB as collateral sees it. */
struct tcb_evaluation {
    enum tcb_status platform, module, qe; /* components, at launch */
    enum tcb_status status;               /* merged; TD 1.5: of both evaluations */
    int64_t date;                         /* the earliest tcbDate of the levels met */
    uint32_t tcb_evaluation_number, qe_evaluation_number;
    size_t n_advisories;
    struct tcb_advisory advisories[TCB_EVALUATION_ADVISORIES]; /* union, ascending */
};

/* What is known of whoever made a quote; policies are judged on it. */
struct attest_facts {
    enum quote_tee tee;
    struct td_report td;       /* QUOTE_TEE_TDX */
    struct sgx_report enclave; /* QUOTE_TEE_SGX */
    struct pck_extension pck;
    enum pck_ca ca;
    const struct attest_root *root;
    struct measurements measurements;
    bool has_tcb; /* tcb counts: its objects are authentic and belong to this platform */
    struct tcb_evaluation tcb;
};

struct attest_question {
    struct bytes quote;
    enum quote_tee tee; /* that is expected: one is never taken for the other */
    const struct attest_roots *roots;
    const struct attest_policy *policy;
    const struct collateral *collateral; /* of the evidence or a source; NULL: none */
    const struct report_data *expected;  /* NULL: report data is not judged */
    int64_t now;                         /* unix seconds */
    platform_cache *cache;               /* NULL: everything is verified anew */
    /* Asked when `collateral` is NULL, once the platform is known; NULL: nobody. */
    const struct collateral_source *source;
    /* That came with the quote; empty: none, and none is judged.  Releases do not ask: they rest on
     * the registers alone, and a machine may extend them after its firmware's log (IMA does). */
    struct bytes event_log;
};

struct attest_examination {
    bool ok;                 /* every check that had to be judged was, and none failed */
    enum attest_check first; /* that failed, when not ok */
    enum attest_fault fault; /* of it */
    struct attest_finding check[CHECKS];
    bool has_quote;    /* parsed: the quote's part of facts counts */
    bool has_platform; /* chain and extension held: pck, ca and root count */
    struct attest_facts facts;
    uint16_t version; /* of the quote */
    size_t used;      /* bytes of the input that are the quote */
};
void attest_examine(const struct attest_question *question, struct attest_examination *ret);

/* Checks K and M alone, on facts that were established before: a second policy (a contract's)
 * judges the same evidence without verifying it again. */
MUST_CHECK enum err_code attest_policy_judge(const struct attest_policy *policy,
                                             const struct attest_facts *facts, int64_t now,
                                             enum attest_fault *fault, struct err *e);
