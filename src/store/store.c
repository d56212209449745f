#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include "base/codec.h"
#include "crypto/digest.h"

struct store {
    struct store_limits limits;
    const struct clock *clock;
    uint64_t started_ns;
    size_t total, count; /* fetched so far */
    size_t n;
    struct store_backend backends[STORE_BACKENDS_MAX];
};

static struct store_limits with_defaults(const struct store_limits *asked)
{
    struct store_limits l = asked ? *asked : (struct store_limits){0};

    l.object_max = l.object_max ? l.object_max : STORE_OBJECT_MAX;
    l.total_max = l.total_max ? l.total_max : 16 * STORE_OBJECT_MAX;
    l.count_max = l.count_max ? l.count_max : 1024;
    l.total_ms = l.total_ms ? l.total_ms : 120000;
    return l;
}

enum err_code store_new(const struct store_limits *limits, const struct clock *clock, store **ret,
                        struct err *e)
{
    store *s = calloc(1, sizeof *s);

    if (!s)
        return err_set(e, ERR_NOMEM, "out of memory for a store");
    s->limits = with_defaults(limits);
    s->clock = clock;
    s->started_ns = clock_ns(clock);
    *ret = s;
    return ERR_OK;
}

void store_free(store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        store_backend_done(&s->backends[i]);
    free(s);
}

enum err_code store_add(store *s, struct store_backend *b, struct err *e)
{
    if (s->n == STORE_BACKENDS_MAX) {
        store_backend_done(b);
        return err_set(e, ERR_TOO_LARGE, "more than %d storage backends", STORE_BACKENDS_MAX);
    }
    s->backends[s->n++] = *b;
    *b = (struct store_backend){0};
    return ERR_OK;
}

void store_id_of(struct bytes content, struct hash32 *ret)
{
    sha256(content, ret);
}

/* What each backend said, for the one message that a caller sees. */
struct story {
    char text[400];
    bool lied, too_large, failed;
};

static void story_add(struct story *s, const struct store_backend *b, enum err_code code,
                      const char *msg)
{
    size_t n = strlen(s->text);

    s->lied |= code == ERR_VERIFY;
    s->too_large |= code == ERR_TOO_LARGE;
    s->failed |= code != ERR_NOT_FOUND;
    snprintf(s->text + n, sizeof s->text - n, "%s%s: %s", n ? "; " : "", b->name,
             code == ERR_NOT_FOUND ? "not there" : msg);
}

static enum err_code story_tell(const struct story *s, const struct hash32 *id, struct err *e)
{
    enum err_code code = s->lied        ? ERR_VERIFY
                         : s->too_large ? ERR_TOO_LARGE
                         : s->failed    ? ERR_UPSTREAM
                                        : ERR_NOT_FOUND;
    char hex[HEX_LEN(32)];

    hex_encode(BYTES_OF(*id), hex);
    return err_set(e, code, "no storage gives content %s (%s)", hex, s->text);
}

static enum err_code check_time(const store *s, struct err *e)
{
    uint64_t passed_ms = (clock_ns(s->clock) - s->started_ns) / 1000000u;

    if (passed_ms >= s->limits.total_ms)
        return err_set(e, ERR_TIMEOUT, "fetching content took %llu ms, expected at most %u",
                       (unsigned long long)passed_ms, s->limits.total_ms);
    return ERR_OK;
}

/* THE check of content addressing: whatever the backend, and whatever it checked itself. */
static enum err_code check_content(struct bytes content, const struct hash32 *id, struct err *e)
{
    struct hash32 found;
    char hex[HEX_LEN(32)];

    store_id_of(content, &found);
    if (hash32_eq(&found, id))
        return ERR_OK;
    hex_encode(BYTES_OF(found), hex);
    return err_set(e, ERR_VERIFY, "gave other content, with SHA-256 %.16s...", hex);
}

static enum err_code fetch_from(const struct store_backend *b, enum store_kind kind,
                                const struct hash32 *id, struct buf *ret, struct err *e)
{
    TRY(b->ops->fetch(b->self, kind, id, ret, e));
    TRY(buf_check(ret, e));
    return check_content(buf_bytes(ret), id, e);
}

static enum err_code deliver(store *s, const struct buf *content, struct buf *ret, struct err *e)
{
    if (content->n > ret->max - ret->n)
        return err_set(e, ERR_TOO_LARGE, "content of %zu bytes, expected at most %zu", content->n,
                       ret->max - ret->n);
    buf_put(ret, buf_bytes(content));
    TRY(buf_check(ret, e));
    s->total += content->n;
    return ERR_OK;
}

enum err_code store_fetch(store *s, enum store_kind kind, const struct hash32 *id, struct buf *ret,
                          struct err *e)
{
    size_t left = s->limits.total_max - s->total;
    size_t room = left < s->limits.object_max ? left : s->limits.object_max;
    struct story story = {0};

    if (s->n == 0)
        return err_set(e, ERR_NOT_FOUND,
                       "no storage is configured: name a folder with --store, or have the owner "
                       "add one with `teereg gov backend add`");
    if (s->count == s->limits.count_max)
        return err_set(e, ERR_TOO_LARGE, "more than %zu objects of content", s->limits.count_max);
    s->count++;
    for (size_t i = 0; i < s->n; i++) {
        struct buf content AUTO_CALL(buf_done) = BUF(room);

        TRY(check_time(s, e));
        if (fetch_from(&s->backends[i], kind, id, &content, e) == ERR_OK)
            return deliver(s, &content, ret, e);
        story_add(&story, &s->backends[i], e->code, e->msg);
    }
    return story_tell(&story, id, e);
}

enum err_code store_put(store *s, enum store_kind kind, struct bytes content, struct hash32 *ret_id,
                        struct err *e)
{
    struct story story = {0};
    struct hash32 id;
    size_t put = 0;

    if (content.n > s->limits.object_max)
        return err_set(e, ERR_TOO_LARGE, "content of %zu bytes, expected at most %zu", content.n,
                       s->limits.object_max);
    store_id_of(content, &id);
    for (size_t i = 0; i < s->n; i++) {
        const struct store_backend *b = &s->backends[i];

        if (!b->ops->put)
            story_add(&story, b, ERR_DENIED, "read-only");
        else if (b->ops->put(b->self, kind, &id, content, e) != ERR_OK)
            story_add(&story, b, e->code, e->msg);
        else
            put++;
    }
    if (put == 0)
        return err_set(e, s->n ? ERR_UPSTREAM : ERR_NOT_FOUND, "no storage takes the content (%s)",
                       s->n ? story.text : "none is configured");
    *ret_id = id;
    return ERR_OK;
}
