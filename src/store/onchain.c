#include "store/onchain.h"

#include <stdio.h>
#include "base/codec.h"
#include "gov/registry.h"

struct onchain_store {
    struct store_chain chain;
    struct addr contract;
};

static enum err_code onchain_fetch(void *self, enum store_kind kind, const struct hash32 *id,
                                   struct buf *ret, struct err *e)
{
    const struct onchain_store *o = self;

    (void)kind;
    return gov_artifact(o->chain.view, &o->chain.at, &o->contract, id, ret, e);
}

static enum err_code onchain_put(void *self, enum store_kind kind, const struct hash32 *id,
                                 struct bytes data, struct err *e)
{
    const struct onchain_store *o = self;
    struct tx_receipt receipt;

    (void)kind;
    (void)id; /* the contract computes it */
    if (data.n > GOV_ARTIFACT_MAX)
        return err_set(e, ERR_TOO_LARGE,
                       "%zu bytes, expected at most %d onchain; larger content belongs in a file "
                       "store",
                       data.n, GOV_ARTIFACT_MAX);
    return gov_add_artifact(o->chain.writer, &o->contract, data, &receipt, e);
}

static const struct store_backend_ops reading_ops = {onchain_fetch, NULL, free};
static const struct store_backend_ops writing_ops = {onchain_fetch, onchain_put, free};

enum err_code store_onchain_backend(const struct store_chain *chain, const struct addr *contract,
                                    struct store_backend *ret, struct err *e)
{
    struct onchain_store *o = calloc(1, sizeof *o);
    char hex[HEX_LEN(20)];

    if (!o)
        return err_set(e, ERR_NOMEM, "out of memory for a storage backend");
    *o = (struct onchain_store){*chain, *contract};
    *ret = (struct store_backend){.ops = chain->writer ? &writing_ops : &reading_ops, .self = o};
    hex_encode(BYTES_OF(*contract), hex);
    snprintf(ret->name, sizeof ret->name, "onchain 0x%s", hex);
    return ERR_OK;
}
