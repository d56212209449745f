/* sim_tcb - the two documents of the collateral that Intel signs, as text.  Room: sim, private. */
#pragma once
#include "sim_collateral.h"

/* Inner text of TDX TCB info, version 3, and of the TD QE identity, version 2, appended.  spec is
 * whole: days and evaluation_number are not 0, status is not NULL. */
MUST_CHECK enum err_code sim_tcb_info(const sim_platform *p, const struct sim_collateral_spec *spec,
                                      struct buf *ret, struct err *e);
MUST_CHECK enum err_code sim_qe_identity(const struct sim_collateral_spec *spec, struct buf *ret,
                                         struct err *e);
