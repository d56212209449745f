/* template - configuration templates: references resolved, literally and by type.  Room: instance.
 *
 * A template is JSON text with references: __CONFIG_REF_ or __SECRET_REF_ and exactly 64 hex digits
 * (either case), the SHA-256 of stored content.  Where one stands decides what it becomes:
 *
 *   "k": "__CONFIG_REF_h"       the whole string: replaced, quotes and all, by the content, which
 *                               must be one JSON value in itself; the same for a bare reference
 *   "k": "http://__SECRET_REF_h@db"   within a string: the content as text, escaped for JSON
 *
 * A value stands apart: what it replaces has no other token beside it, so that "1" before "2" is
 * never twelve.  Nothing in a content has a meaning of its own ($, quotes, backslashes), but for
 * references within *config* contents, which are resolved in turn.  A secret is never looked into.
 * The result is JSON or there is none.  Source: docs/WIRE.md, "Configuration templates"; SR-42,
 * SR-43, SR-44. */
#pragma once
#include "base/buf.h"
#include "crypto/secret.h"

#define TEMPLATE_CONTENT_MAX (1024 * 1024) /* one config content, and the template itself */
#define TEMPLATE_RESULT_MAX  (4 * 1024 * 1024)
#define TEMPLATE_FETCH_MAX   256  /* different contents */
#define TEMPLATE_DEPTH_MAX   8    /* config in config in ... */
#define TEMPLATE_USES_MAX    4096 /* references resolved, the same one again counted again */

/* Where contents come from.  Both have already checked SHA-256(stored bytes) = id. */
struct template_source {
    enum err_code (*config)(void *self, const struct hash32 *id, struct buf *ret, struct err *e);
    enum err_code (*secret)(void *self, const struct hash32 *id, secret **ret, struct err *e);
    void *self;
};

/* Appends the resolved configuration to ret.  ret holds secrets afterwards: its memory is reserved
 * at once and its cleanup is buf_done_wipe; on failure it is wiped and empty.
 * ERR_INVALID names line and column in the template; errors of the source name the reference. */
MUST_CHECK enum err_code template_resolve(struct bytes text, const struct template_source *source,
                                          struct buf *ret, struct err *e);

enum template_kind { TEMPLATE_CONFIG, TEMPLATE_SECRET };

/* Tells every reference of text, in order, for tools that look a template over; nothing is fetched.
 * Stops with the callback's error. */
MUST_CHECK enum err_code template_each(struct bytes text,
                                       enum err_code (*seen)(void *self, enum template_kind kind,
                                                             const struct hash32 *id,
                                                             struct err *e),
                                       void *self, struct err *e);
