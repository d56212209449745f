/* verify - is this quote genuine, as policy wants it, and made for this purpose?  Room: attest.
 *
 * The steps, in this order, the first that fails decides: parse; PCK chain to a compiled-in root
 * (unless the platform is known, see platform_cache); validity now; QE report by the PCK key; QE
 * report holds the attestation key; quote by the attestation key; policy about the TD; report data.
 * Not yet: revocation lists, QE identity, TCB level and module (enum attest_collateral says so).
 * Without them a quote proves little - whoever owns some genuine platform, however old and broken,
 * can make one - so attest_may_release() says no in the product. */
#pragma once
#include "attest/evidence.h"
#include "attest/identity.h"
#include "attest/pck.h"
#include "attest/quote.h"
#include "attest/report_data.h"

/* What must hold for a TD.  Bits count as in the little endian number of the field. */
struct attest_policy {
    uint64_t attributes_required; /* TDATTRIBUTES that must be 1 */
    uint64_t attributes_allowed;  /* TDATTRIBUTES that may be 1; bits outside TD_ATTRIBUTES_KNOWN
                                     (DEBUG and all of byte 0 among them) never may */
    uint64_t xfam_required;
    uint64_t xfam_allowed; /* bits outside XFAM_KNOWN never may be 1 */
    bool service_td;       /* MRSERVICETD may be other than zero */
};

#define TD_SEPT_VE_DISABLE  ((uint64_t)1 << 28)
#define TD_PKS              ((uint64_t)1 << 30)
#define TD_KL               ((uint64_t)1 << 31)
#define TD_PERFMON          ((uint64_t)1 << 63)
#define TD_ATTRIBUTES_KNOWN (TD_SEPT_VE_DISABLE | TD_PKS | TD_KL | TD_PERFMON)
#define XFAM_FIXED          ((uint64_t)0x3)
#define XFAM_KNOWN          ((uint64_t)0x6dbe7)

/* SEPT_VE_DISABLE required, PKS allowed; XFAM_FIXED required, XFAM_KNOWN allowed; no service TD. */
extern const struct attest_policy attest_policy_default;

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

enum attest_collateral {
    COLLATERAL_NOT_EVALUATED,
};
/* "not evaluated" */
const char *attest_collateral_name(enum attest_collateral c);

struct attest_judge {
    const struct attest_policy *policy;
    platform_cache *cache; /* NULL: every chain is verified anew */
};

/* A quote that passed.  Made by attest_verify* alone; freed with verified_quote_free. */
typedef struct verified_quote verified_quote;

/* now: unix seconds. */
MUST_CHECK enum err_code attest_verify(const struct attest_judge *judge, struct bytes quote,
                                       const struct report_data *expected, int64_t now,
                                       verified_quote **ret, enum attest_fault *fault,
                                       struct err *e);
/* The same for evidence off the wire: binding->payload is replaced by the evidence's own payload,
 * whose contents the caller has to judge. */
MUST_CHECK enum err_code attest_verify_evidence(const struct attest_judge *judge,
                                                const struct evidence *ev,
                                                const struct report_binding *binding, int64_t now,
                                                verified_quote **ret, enum attest_fault *fault,
                                                struct err *e);
void verified_quote_free(verified_quote *q);
DEFINE_AUTO(verified_quote, verified_quote_free);

const struct td_report *verified_quote_td(const verified_quote *q);
const struct pck_extension *verified_quote_pck(const verified_quote *q);
const struct measurements *verified_quote_measurements(const verified_quote *q);
const struct attest_root *verified_quote_root(const verified_quote *q);
enum attest_collateral verified_quote_collateral(const verified_quote *q);

/* May anything be given away on the strength of this quote?  In the product not while its
 * collateral is not evaluated, and never for a development root. */
bool attest_may_release(const verified_quote *q);
/* What must be said aloud with every result that rests on this quote; NULL: nothing.  For example
 * "collateral: not evaluated; root: ...; a development build accepts this". */
const char *attest_caveat(const verified_quote *q);
/* ERR_DENIED, with the reason, when attest_may_release says no. */
MUST_CHECK enum err_code attest_release_check(const verified_quote *q, struct err *e);
