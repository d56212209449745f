/* backend - one place where content may lie: a struct of functions.  Room: store.
 *
 * A backend is believed in nothing: what it gives is hashed again by store/store.h, whatever the
 * backend checked itself.  Content is public or already encrypted.  One thread at a time.
 * Source: docs/WIRE.md, "Storage". */
#pragma once
#include "base/buf.h"

/* What content is for; only the file layout of version 1 tells them apart. */
enum store_kind { STORE_CONFIG, STORE_SECRET };

struct store_backend_ops {
    /* The bytes under id, appended to ret and bounded by its maximum.  ERR_NOT_FOUND: it is not
     * here; ERR_TOO_LARGE, ERR_IO, ERR_UPSTREAM, ERR_TIMEOUT, ERR_VERIFY as they are. */
    enum err_code (*fetch)(void *self, enum store_kind kind, const struct hash32 *id,
                           struct buf *ret, struct err *e);
    /* Keeps data under id (its SHA-256, computed by the caller); what is there already is fine.
     * NULL: this backend is read-only. */
    enum err_code (*put)(void *self, enum store_kind kind, const struct hash32 *id,
                         struct bytes data, struct err *e);
    void (*free)(void *self);
};

#define STORE_NAME_MAX 96

struct store_backend {
    const struct store_backend_ops *ops;
    void *self;
    char name[STORE_NAME_MAX]; /* for messages and logs: "file /srv/x", "onchain 0x..." */
};

static inline void store_backend_done(struct store_backend *b)
{
    if (b->ops)
        b->ops->free(b->self);
    *b = (struct store_backend){0};
}

/* A folder of the operator's own: <dir>/configs/<hex64> and <dir>/secrets/<hex64>, the layout of
 * version 1; reads look in both.  Nothing is made before the first put: folders of mode 0750, files
 * of mode 0640, each written atomically. */
MUST_CHECK enum err_code store_file_backend(const char *dir, struct store_backend *ret,
                                            struct err *e);
