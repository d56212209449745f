/* collateral_dir - collateral out of a folder of bundles, for machines that fetch nothing.
 * Room: attest.
 *
 * Every *.json of the folder is a bundle (attest/collateral.h).  Of several about one platform the
 * one whose TCB info was issued last is taken.  The folder is looked at again when what was found
 * is older than a minute, so that whoever keeps it up to date need not tell; what was found stays
 * in use while the folder cannot be read.  Any thread. */
#pragma once
#include "attest/collateral.h"
#include "base/clock.h"

#define COLLATERAL_DIR_FILES_MAX 256
#define COLLATERAL_DIR_AGAIN_S   60

typedef struct collateral_dir collateral_dir;
/* roots: of every answer; cache (shared, may be NULL) and clock are borrowed.  ERR_IO when the
 * folder cannot be read; an empty one is no error. */
MUST_CHECK enum err_code collateral_dir_new(const char *path, const struct attest_roots *roots,
                                            collateral_cache *cache, const struct clock *clock,
                                            collateral_dir **ret, struct err *e);
void collateral_dir_free(collateral_dir *d);
DEFINE_AUTO(collateral_dir, collateral_dir_free);
/* Valid as long as d. */
const struct collateral_source *collateral_dir_source(const collateral_dir *d);
