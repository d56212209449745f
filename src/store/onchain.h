/* onchain - artifacts of a contract as a storage backend.  Room: store. */
#pragma once
#include "gov/write.h"
#include "store/backend.h"

/* Where onchain content is read and written; what it points to outlives the backend. */
struct store_chain {
    const struct chain_view *view;
    struct finalized_block at; /* reads are at this block */
    transactor *writer;        /* NULL: read-only */
};

/* Artifacts of `contract`, at most GOV_ARTIFACT_MAX bytes each.  A put is an addArtifact
 * transaction of the writer; ERR_DENIED names the role it lacks. */
MUST_CHECK enum err_code store_onchain_backend(const struct store_chain *chain,
                                               const struct addr *contract,
                                               struct store_backend *ret, struct err *e);
