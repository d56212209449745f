/* collateral_report - what can be seen of a store: metrics and JSON.  Room: attest. */
#pragma once
#include "attest/collateral_store.h"
#include "base/json.h"

/* Once per process, at start. */
void collateral_metrics_register(void);
/* For the store alone. */
void collateral_count_fetch(enum collateral_kind kind, bool good, uint64_t ns);
/* Gauges of each object that is held, appended in Prometheus' form:
 *   teereg_collateral_age_seconds{kind,tee,fmspc}, teereg_collateral_seconds_left{...} (negative
 *   once nextUpdate has passed), teereg_collateral_evaluation_number{...}
 * and counters of the store. */
void collateral_metrics_write(collateral_store *s, struct buf *out);

/* {"objects": [{"kind", "tee", "fmspc", "ca", "issued", "next_update", "evaluation_number",
 * "origin", "fetched", "refresh_in_seconds", "problem"}...], "alarms": [...], counters} */
MUST_CHECK enum err_code collateral_store_json(collateral_store *s, json **ret, struct err *e);
/* What somebody should look at, as a sentence: an object that is past its nextUpdate, or near it
 * and not to be refreshed.  False: nothing. */
bool collateral_alarm(const struct collateral_item *item, int64_t now, char *ret, size_t size);
/* "TCB info of TDX platforms 90c06f000000" */
void collateral_item_name(const struct collateral_item *item, char *ret, size_t size);
/* What an object says of itself; without origin. */
void collateral_item_of(const collateral_object *o, struct collateral_item *ret);
/* Its members as above, without those about fetching, into o; a time as text. */
MUST_CHECK enum err_code collateral_item_json(const struct collateral_item *x, json *o,
                                              struct err *e);
MUST_CHECK enum err_code collateral_time_json(json *o, const char *name, int64_t t, struct err *e);
/* "tdx" or "sgx", "platform" or "processor" */
const char *collateral_tee_word(enum quote_tee tee);
const char *collateral_ca_word(enum pck_ca ca);
