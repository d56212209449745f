/* collateral_origin - where a store's collateral comes from: a folder, or a PCS.  Room: attest. */
#pragma once
#include "attest/pcs.h"

struct collateral_origin {
    /* One object for such a platform, not verified.  Begins with an empty ret; ERR_NOT_FOUND: it
     * has none, ask the next one.  May block for ms.  Any thread. */
    enum err_code (*get)(void *self, enum collateral_kind kind, const struct collateral_query *q,
                         unsigned ms, struct collateral_text *ret, struct err *e);
    void (*done)(void *self); /* NULL: nothing to free */
    unsigned refresh_s;       /* what it has is looked for again so often; 0: as the store says */
    void *self;
    const char *name; /* for messages; lives as long as self */
};
static inline void collateral_origin_done(struct collateral_origin *o)
{
    if (o->done)
        o->done(o->self);
    *o = (struct collateral_origin){0};
}

/* Standard or early collateral of a PCS or PCCS.  Connections are kept between calls. */
MUST_CHECK enum err_code collateral_origin_pcs(const struct pcs_config *config,
                                               enum pcs_update update,
                                               struct collateral_origin *ret, struct err *e);

/* A folder: each *.json in it is a bundle, and it and each folder in it may hold the parts of one
 * as a PCS serves them (collateral_parts.h).  Of several objects for a platform the newest.  Read
 * anew at each call, at most 256 files, and looked at again every minute: whoever keeps it up to
 * date need not tell.  Not for early collateral: what comes from here sets floors. ERR_NOT_FOUND
 * when there is no such folder. */
MUST_CHECK enum err_code collateral_origin_dir(const char *path, struct collateral_origin *ret,
                                               struct err *e);
/* The same, or one file, which is a bundle whatever its name. */
MUST_CHECK enum err_code collateral_origin_path(const char *path, struct collateral_origin *ret,
                                                struct err *e);

/* What is in a folder, or the file that path is: each bundle, nothing verified, and what could not
 * be read. */
struct collateral_visitor {
    void (*bundle)(void *self, const char *path, struct collateral_bundle *b); /* may take parts */
    void (*problem)(void *self, const struct err *problem);                    /* names the file */
    void *self;
};
MUST_CHECK enum err_code collateral_walk(const char *path, const struct collateral_visitor *v,
                                         struct err *e);
