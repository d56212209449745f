/* history - events of the contracts as people read them.  Room: gov. */
#pragma once
#include "base/json.h"
#include "chain/node_logs.h"

/* {"block","time","transaction","event","arguments":{...}}: values as text, kinds, states, roles
 * and times by name.  An event that the contracts do not have, or that does not decode, is
 * "unknown" with its first topic. */
MUST_CHECK enum err_code gov_event_json(const struct node_log *log, json **ret, struct err *e);

/* "identity", "operator", ...; "allowed", "revoked", ...  NULL: there is none of this number. */
const char *gov_kind_name(uint64_t kind);
const char *gov_state_name(uint64_t state);
