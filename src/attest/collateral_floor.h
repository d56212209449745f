/* collateral_floor - the newest evaluation numbers that our own collateral has had.  Room: attest.
 *
 * Whoever sends collateral with its evidence chooses which: a month's worth of Intel's is in force
 * at any time, and the older is the kinder.  So peers' collateral below the number that this node
 * has seen from its own sources is refused.  A number never goes down while the process lives, and
 * with a state file not after that either.  Thread-safe. */
#pragma once
#include "attest/collateral.h"

#define COLLATERAL_FLOORS_MAX 1024

typedef struct collateral_floors collateral_floors;
/* path: a state file, read now when it is there; NULL: none.  ERR_INVALID: it is no such file. */
MUST_CHECK enum err_code collateral_floors_new(const char *path, const struct attest_roots *roots,
                                               collateral_floors **ret, struct err *e);
void collateral_floors_free(collateral_floors *f);
DEFINE_AUTO(collateral_floors, collateral_floors_free);

/* 0: nothing seen, or a kind that has no such numbers. */
uint32_t collateral_floor(collateral_floors *f, const struct collateral_query *q,
                          enum collateral_kind kind);
/* Raises it, and writes the state file when that changed something.  ERR_TOO_LARGE: as many
 * platforms are known as are kept; nothing is forgotten for a new one. */
MUST_CHECK enum err_code collateral_floor_raise(collateral_floors *f,
                                                const struct collateral_query *q,
                                                enum collateral_kind kind, uint32_t number,
                                                struct err *e);
/* ERR_OK, or why the state file could not be written the last time. */
MUST_CHECK enum err_code collateral_floors_saved(collateral_floors *f, struct err *e);
