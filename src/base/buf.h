/* buf - owned bytes that grow up to a maximum; one failed put poisons the rest.  Room: base.
 *
 * The writer's twin of rd: puts return nothing, buf_check tells at the end whether all of them
 * fitted.  Always made with a maximum: `struct buf b AUTO_CALL(buf_done) = BUF(64 * 1024);`
 * Not for secrets (struct secret), except where buf_done_wipe is its cleanup and the maximum was
 * reserved at once with buf_reserve, so that growing leaves no copies. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"

struct buf {
    uint8_t *p;
    size_t n, cap, max;
    bool bad, no_memory;
};

#define BUF(maximum) ((struct buf){.max = (maximum)})

void buf_done(struct buf *b);      /* frees; b is empty and usable again */
void buf_done_wipe(struct buf *b); /* the same, and wipes what was held */

void buf_put(struct buf *b, struct bytes x);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16be(struct buf *b, uint16_t v);
void buf_put_u32be(struct buf *b, uint32_t v);
void buf_put_u64be(struct buf *b, uint64_t v);
void buf_put_u16le(struct buf *b, uint16_t v);
void buf_put_u32le(struct buf *b, uint32_t v);
void buf_put_u64le(struct buf *b, uint64_t v);
void buf_put_zero(struct buf *b, size_t n);
void buf_put_lp(struct buf *b, struct bytes x); /* u32be length, then x */
void buf_put_str(struct buf *b, const char *s); /* without its NUL */
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Room for n more bytes at once (poisons past the maximum); for reading into b->p + b->n. */
void buf_reserve(struct buf *b, size_t n);
/* Forget what is held, keep the memory; clears the poison. */
void buf_clear(struct buf *b);

static inline struct bytes buf_bytes(const struct buf *b)
{
    return (struct bytes){b->p, b->n};
}

/* ERR_TOO_LARGE (past the maximum) or ERR_NOMEM when any put failed. */
MUST_CHECK enum err_code buf_check(const struct buf *b, struct err *e);
/* A NUL-terminated view of the contents (NULL when poisoned); valid until the next put. */
const char *buf_cstr(struct buf *b);
