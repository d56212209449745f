/* quorum_state - see quorum_state.h. */
#include "chain/quorum_state.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fs.h"

#define NUMBER_MAX INT64_MAX /* of the JSON that is written */

static enum err_code read_block(const json *root, struct quorum_state *s, struct err *e)
{
    static const char *const members[] = {"number", "hash", "timestamp", NULL};
    struct finalized_block *b = &s->block;
    const json *node;

    if (!json_has(root, "block"))
        return ERR_OK;
    TRY(json_get_object(root, "block", &node, e));
    TRY(json_only(node, members, e));
    TRY(json_get_u64(node, "number", NUMBER_MAX, &b->ref.number, e));
    TRY(json_get_hex0x(node, "hash", b->ref.hash.b, sizeof b->ref.hash.b, e));
    TRY(json_get_u64(node, "timestamp", NUMBER_MAX, &b->timestamp, e));
    s->has_block = true;
    return ERR_OK;
}

static enum err_code copy_text(const json *node, const char *member, char *ret, size_t size,
                               struct err *e)
{
    const char *text;

    TRY(json_get_str(node, member, size - 1, &text, e));
    memcpy(ret, text, strlen(text) + 1);
    return ERR_OK;
}

static enum err_code read_conflict(const json *node, struct quorum_conflict *c, struct err *e)
{
    static const char *const members[] = {"at",   "endpoint", "what", "block",
                                          "said", "agreed",   NULL};
    uint64_t at;

    if (!json_is_object(node))
        return err_set(e, ERR_INVALID, "a conflict that is no object");
    TRY(json_only(node, members, e));
    TRY(json_get_u64(node, "at", NUMBER_MAX, &at, e));
    c->at = (int64_t)at;
    TRY(copy_text(node, "endpoint", c->endpoint, sizeof c->endpoint, e));
    TRY(copy_text(node, "what", c->what, sizeof c->what, e));
    TRY(json_get_u64(node, "block", NUMBER_MAX, &c->block, e));
    TRY(json_get_hex0x(node, "said", c->said.b, sizeof c->said.b, e));
    return json_get_hex0x(node, "agreed", c->agreed.b, sizeof c->agreed.b, e);
}

enum err_code quorum_state_decode(struct bytes text, struct quorum_state *ret, struct err *e)
{
    static const char *const members[] = {"chain_id", "block", "version", "conflicts", NULL};
    struct quorum_state s = {0};
    AUTO(json) root = NULL;
    const json *list;

    TRY(json_parse(text, QUORUM_STATE_MAX, &root, e));
    if (!json_is_object(root))
        return err_set(e, ERR_INVALID, "not an object");
    TRY(json_only(root, members, e));
    TRY(json_get_u64(root, "chain_id", NUMBER_MAX, &s.chain_id, e));
    TRY(read_block(root, &s, e));
    TRY(json_get_u64(root, "version", NUMBER_MAX, &s.version, e));
    TRY(json_get_array(root, "conflicts", &list, e));
    if (json_len(list) > CONFLICTS_MAX)
        return err_set(e, ERR_TOO_LARGE, "%zu conflicts, at most %d", json_len(list),
                       CONFLICTS_MAX);
    for (size_t i = 0; i < json_len(list); i++)
        TRY(read_conflict(json_at(list, i), &s.conflict[i], e));
    s.n_conflicts = json_len(list);
    *ret = s;
    return ERR_OK;
}

static enum err_code put_block(json *root, const struct finalized_block *b, struct err *e)
{
    AUTO(json) node = NULL;

    TRY(json_new_object(&node, e));
    TRY(json_put_u64(node, "number", b->ref.number, e));
    TRY(json_put_hex0x(node, "hash", BYTES_OF(b->ref.hash), e));
    TRY(json_put_u64(node, "timestamp", b->timestamp, e));
    return json_put(root, "block", TAKE(node), e);
}

static enum err_code put_conflict(json *list, const struct quorum_conflict *c, struct err *e)
{
    AUTO(json) node = NULL;

    TRY(json_new_object(&node, e));
    TRY(json_put_u64(node, "at", c->at > 0 ? (uint64_t)c->at : 0, e));
    TRY(json_put_str(node, "endpoint", c->endpoint, e));
    TRY(json_put_str(node, "what", c->what, e));
    TRY(json_put_u64(node, "block", c->block, e));
    TRY(json_put_hex0x(node, "said", BYTES_OF(c->said), e));
    TRY(json_put_hex0x(node, "agreed", BYTES_OF(c->agreed), e));
    return json_append(list, TAKE(node), e);
}

enum err_code quorum_state_encode(const struct quorum_state *s, struct buf *ret, struct err *e)
{
    AUTO(json) root = NULL;
    AUTO(json) list = NULL;

    TRY(json_new_object(&root, e));
    TRY(json_put_u64(root, "chain_id", s->chain_id, e));
    if (s->has_block)
        TRY(put_block(root, &s->block, e));
    TRY(json_put_u64(root, "version", s->version, e));
    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < s->n_conflicts; i++)
        TRY(put_conflict(list, &s->conflict[i], e));
    TRY(json_put(root, "conflicts", TAKE(list), e));
    TRY(json_write(root, JSON_PRETTY, ret, e));
    buf_put_u8(ret, '\n');
    return buf_check(ret, e);
}

enum err_code quorum_state_read(const char *path, uint64_t chain_id, struct quorum_state *ret,
                                struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(QUORUM_STATE_MAX);
    struct quorum_state s = {.chain_id = chain_id};
    enum err_code code = fs_read(path, &text, e);

    if (code != ERR_OK && code != ERR_NOT_FOUND)
        return err_wrap(e, "chain state");
    if (code == ERR_NOT_FOUND)
        *e = (struct err){0};
    if (code == ERR_OK && quorum_state_decode(buf_bytes(&text), &s, e) != ERR_OK) {
        e->code = ERR_VERIFY;
        return err_wrap(e, "chain state %s is damaged", path);
    }
    if (s.chain_id != chain_id)
        return err_set(e, ERR_VERIFY, "chain state %s is of chain %llu, expected %llu", path,
                       (unsigned long long)s.chain_id, (unsigned long long)chain_id);
    *ret = s;
    return ERR_OK;
}

enum err_code quorum_state_open(const char *path, struct quorum_state_file *ret, struct err *e)
{
    char lock[PATH_MAX];
    int n;

    *ret = (struct quorum_state_file){.lock = -1};
    if (!path)
        return ERR_OK;
    n = snprintf(lock, sizeof lock, "%s.lock", path);
    if (n < 0 || (size_t)n >= sizeof lock)
        return err_set(e, ERR_INVALID, "chain state: its path is too long");
    TRY_IN(e, fs_lock(lock, 0, &ret->lock, e), "chain state");
    ret->path = strdup(path);
    return ret->path ? ERR_OK : err_set(e, ERR_NOMEM, "chain state");
}

void quorum_state_close(struct quorum_state_file *f)
{
    free(f->path);
    fd_close(&f->lock);
    *f = (struct quorum_state_file){.lock = -1};
}

enum err_code quorum_state_write(const char *path, const struct quorum_state *s, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(QUORUM_STATE_MAX);

    TRY(quorum_state_encode(s, &text, e));
    TRY_IN(e, fs_write_atomic(path, buf_bytes(&text), 0600, e), "chain state");
    return ERR_OK;
}
