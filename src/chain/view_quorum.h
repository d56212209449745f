/* view_quorum - the chain view that k of n nodes must agree on.  Room: chain.
 *
 * k endpoints agree on each finalized block (2k > n); its header's hash is computed here, and every
 * fact is proved from its state root.  What k endpoints prove at their newest blocks is kept as a
 * doubt until it is final (chain/denials.h).  A thread looks each slot time, and reads what was of
 * use at the blocks before, so that a decision needs no round trip.  What was final stays so,
 * across restarts too (chain/quorum_state.h): when too few are left that could confirm it, the view
 * hands out nothing any more.  Source: docs/ARCHITECTURE.md, "The chain view". */
#pragma once
#include "chain/counter.h"
#include "chain/endpoints.h"

struct view_quorum_config {
    const struct endpoint_config *endpoints;
    size_t n;
    unsigned k; /* 2k > n */
    uint64_t chain_id;
    const struct clock *clock;
    const char *state_path;              /* NULL: nothing is remembered across restarts */
    const struct chain_counter *version; /* NULL: none is watched */
    /* A counter that contracts have in that slot (which contract it names does not matter) and that
     * decides nothing: words that differ in it alone are in no doubt.  NULL: there is none. */
    const struct chain_counter *raised;
    uint64_t max_age_s;          /* of the finalized block; 0: 3600 */
    uint64_t max_ahead_s;        /* its timestamp before our clock; 0: 60 */
    unsigned slot_ms;            /* between two looks; 0: 12 000 */
    unsigned deadline_ms;        /* of one question; 0: 5 000 */
    struct chain_health *report; /* NULL, or how the first look went, also when it failed */
};
/* Asks at once.  ERR_VERIFY: another chain ("chain id: found X at HOST, expected Y"), or a history
 * that is not the one remembered; ERR_UPSTREAM, ERR_TIMEOUT: fewer than k agree. */
MUST_CHECK enum err_code view_quorum_new(const struct view_quorum_config *config,
                                         struct chain_view *ret, struct err *e);
