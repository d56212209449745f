/* verify - is this quote genuine, as policy wants it, and made for this purpose?  Room: attest.
 *
 * A quote that passed every check of attest/examine.h under a compiled-in root has a type of its
 * own, which this file alone makes.  Missing collateral refuses, in every build. */
#pragma once
#include "attest/azure_evidence.h"
#include "attest/evidence.h"
#include "attest/examine.h"

struct attest_judge {
    const struct attest_policy *policy;
    platform_cache *cache;                  /* NULL: every chain is verified anew */
    collateral_cache *objects;              /* NULL: every collateral object is verified anew */
    const struct collateral_source *source; /* for evidence without collateral; NULL: none */
};

/* Evidence that passed.  Made by attest_verify* alone; freed with verified_quote_free. */
typedef struct verified_quote verified_quote;

/* now: unix seconds.  collateral: what came with the quote; NULL: the judge's source is asked. */
MUST_CHECK enum err_code attest_verify(const struct attest_judge *judge, struct bytes quote,
                                       const struct collateral *collateral,
                                       const struct report_data *expected, int64_t now,
                                       verified_quote **ret, enum attest_fault *fault,
                                       struct err *e);
/* The same for what a machine of Azure shows; expected: its user data. */
MUST_CHECK enum err_code attest_verify_azure(const struct attest_judge *judge,
                                             const struct azure_evidence *ev,
                                             const struct collateral *collateral,
                                             const struct report_data *expected, int64_t now,
                                             verified_quote **ret, enum attest_fault *fault,
                                             struct err *e);
/* Either for evidence off the wire: binding->payload is replaced by the evidence's own payload,
 * whose contents the caller has to judge. */
MUST_CHECK enum err_code attest_verify_evidence(const struct attest_judge *judge,
                                                const struct evidence *ev,
                                                const struct report_binding *binding, int64_t now,
                                                verified_quote **ret, enum attest_fault *fault,
                                                struct err *e);
void verified_quote_free(verified_quote *q);
DEFINE_AUTO(verified_quote, verified_quote_free);

const struct attest_facts *verified_quote_facts(const verified_quote *q);
const struct measurements *verified_quote_measurements(const verified_quote *q);

/* What must be said aloud with every result that rests on this quote; NULL: nothing.  For example
 * "root: throw-away root of development builds". */
const char *attest_caveat(const verified_quote *q);
/* ERR_DENIED for a development root in the product, whose table has none: nothing may be given away
 * on the strength of such a quote. */
MUST_CHECK enum err_code attest_release_check(const verified_quote *q, struct err *e);
/* The same, for a root in a build of this kind. */
bool attest_root_releases(const struct attest_root *root, bool development_build);
