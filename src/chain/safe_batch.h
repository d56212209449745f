/* safe_batch - transactions as a file for the Transaction Builder of a Safe.  Room: chain.
 *
 * Source: safe-global/safe-react-apps, apps/tx-builder: typings/models.ts (BatchFile, version 1.0),
 * lib/checksum.ts. */
#pragma once
#include "base/json.h"
#include "chain/tx.h"

/* {"version","chainId","createdAt","meta":{...,"checksum"},"transactions":[...]}; to be freed.
 * ERR_USAGE: one of them makes a contract, which a Safe cannot. */
MUST_CHECK enum err_code safe_batch_json(uint64_t chain_id, const struct addr *safe,
                                         const char *name, int64_t created,
                                         const struct eth_tx *const txs[], size_t n, json **ret,
                                         struct err *e);
/* keccak256 of the batch as checksum.ts writes it: each object's names, sorted, before its values;
 * the batch's own name is null; meta.checksum must not be there. */
MUST_CHECK enum err_code safe_batch_checksum(const json *batch, struct hash32 *ret, struct err *e);
