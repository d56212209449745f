/* timelock - calls that an OpenZeppelin TimelockController makes on behalf of its owner.  Room:
 * gov.
 *
 * A contract whose owner is a timelock obeys no key: every call is scheduled in the timelock, waits
 * there, and is executed by it.  As a tx_route this turns each call of a transactor into the one
 * that schedules, executes or cancels it.
 * Source: OpenZeppelin Contracts 5, governance/TimelockController.sol. */
#pragma once
#include "chain/transactor.h"

enum gov_timelock_step { GOV_TIMELOCK_SCHEDULE, GOV_TIMELOCK_EXECUTE, GOV_TIMELOCK_CANCEL };

struct gov_timelock {
    struct addr at;
    enum gov_timelock_step step;
    uint64_t delay;     /* of schedule, seconds; not less than the timelock's own */
    struct hash32 salt; /* the same for all steps of a call; another one to do it once more */
};
/* For transactor_config; t is borrowed. */
struct tx_route gov_timelock_route(const struct gov_timelock *t);
/* The name that the timelock gives the call: its hash. */
MUST_CHECK enum err_code gov_timelock_id(const struct gov_timelock *t, const struct addr *to,
                                         struct bytes data, struct hash32 *ret, struct err *e);
/* What one node says the shortest delay is: a larger one only waits longer, a smaller one reverts.
 */
MUST_CHECK enum err_code gov_timelock_min_delay(rpc *node, const struct addr *timelock,
                                                uint64_t *ret, struct err *e);
