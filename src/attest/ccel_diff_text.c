/* A comparison of two event logs, in words and as JSON. */
#include "attest/ccel_diff.h"

#include "attest/ccel_path.h"
#include "attest/ccel_text.h"

#define SHOWN_DIGEST 8

static void put_digests(const struct ccel_entry *old, const struct ccel_entry *new, struct buf *out)
{
    buf_put_str(out, " (digest ");
    ccel_put_hex(out, BYTES(old->digest), SHOWN_DIGEST);
    buf_put_str(out, " -> ");
    ccel_put_hex(out, BYTES(new->digest), SHOWN_DIGEST);
    buf_put_u8(out, ')');
}

static void put_changed(const struct ccel_entry *old, const struct ccel_entry *new, struct buf *out)
{
    struct buf was AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);
    struct buf is AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);
    bool image = ccel_type_is_image(new->type);

    ccel_describe(old, &was);
    ccel_describe(new, &is);
    buf_put(out, buf_bytes(&was));
    if (!bytes_eq(buf_bytes(&was), buf_bytes(&is))) {
        buf_put_str(out, " -> ");
        buf_put(out, buf_bytes(&is));
    } else if (image) {
        buf_put_str(out, ": other content under the same description");
    } else {
        buf_put_str(out, ": measured differently; the log does not say what is in it");
    }
    put_digests(old, new, out);
}

void ccel_change_text(const struct ccel_log *before, const struct ccel_log *after,
                      const struct ccel_change *change, struct buf *ret)
{
    const struct ccel_entry *old =
        change->before == CCEL_NOT_AN_EVENT ? NULL : &before->entry[change->before];
    const struct ccel_entry *new =
        change->after == CCEL_NOT_AN_EVENT ? NULL : &after->entry[change->after];

    if (old && new && change->kind == CCEL_CHANGED) {
        put_changed(old, new, ret);
        return;
    }
    if (old || new)
        ccel_describe(old ? old : new, ret);
    if (change->kind == CCEL_MOVED)
        buf_printf(ret, ": measured at another place (event %zu -> %zu)", change->before + 1,
                   change->after + 1);
    else
        buf_put_str(ret, old ? ": no longer measured" : ": not measured before");
}

/* ---- JSON ---- */

static enum err_code put_position(json *to, const char *member, size_t at, struct err *e)
{
    if (at == CCEL_NOT_AN_EVENT)
        return json_put_null(to, member, e);
    return json_put_u64(to, member, at + 1, e);
}

static enum err_code put_change(const struct ccel_log *before, const struct ccel_log *after,
                                const struct ccel_change *c, json *to, struct err *e)
{
    struct buf type AUTO_CALL(buf_done) = BUF(64);
    struct buf text AUTO_CALL(buf_done) = BUF(4 * CCEL_LINE_MAX);
    AUTO(json) node = NULL;

    ccel_put_type(&type, c->before != CCEL_NOT_AN_EVENT ? before->entry[c->before].type
                                                        : after->entry[c->after].type);
    ccel_change_text(before, after, c, &text);
    TRY(buf_check(&type, e));
    TRY(buf_check(&text, e));
    TRY(json_new_object(&node, e));
    TRY(json_put_str(node, "change", ccel_change_name(c->kind), e));
    TRY(put_position(node, "before", c->before, e));
    TRY(put_position(node, "after", c->after, e));
    TRY(json_put_str(node, "type", buf_cstr(&type), e));
    TRY(json_put_str(node, "explanation", buf_cstr(&text), e));
    return json_append(to, TAKE(node), e);
}

static enum err_code put_first(const struct ccel_diff *d, uint32_t index, json *to, struct err *e)
{
    AUTO(json) node = NULL;

    if (d->first_before[index] == CCEL_NOT_AN_EVENT && d->first_after[index] == CCEL_NOT_AN_EVENT)
        return json_put_null(to, "first_difference", e);
    TRY(json_new_object(&node, e));
    TRY(put_position(node, "before", d->first_before[index], e));
    TRY(put_position(node, "after", d->first_after[index], e));
    return json_put(to, "first_difference", TAKE(node), e);
}

struct both {
    const struct ccel_log *before, *after;
    struct ccel_replay old, new;
    struct ccel_diff diff;
};

static void both_done(struct both *b)
{
    ccel_diff_done(&b->diff);
}

static enum err_code put_register(const struct both *b, uint32_t index, json *to, bool *ret_same,
                                  struct err *e)
{
    AUTO(json) node = NULL;
    AUTO(json) changes = NULL;
    bool same = true;

    TRY(json_new_object(&node, e));
    TRY(json_new_array(&changes, e));
    for (size_t i = 0; i < b->diff.n; i++) {
        if (b->diff.change[i].index != index)
            continue;
        same = false;
        TRY(put_change(b->before, b->after, &b->diff.change[i], changes, e));
    }
    TRY(json_put_str(node, "register", ccel_register_name(index), e));
    TRY(json_put_bool(node, "same", same, e));
    if (index > 0) {
        TRY(json_put_hex(node, "before", BYTES(b->old.rtmr[index - 1]), e));
        TRY(json_put_hex(node, "after", BYTES(b->new.rtmr[index - 1]), e));
    }
    TRY(put_first(&b->diff, index, node, e));
    TRY(json_put(node, "changes", TAKE(changes), e));
    *ret_same = same;
    return json_append(to, TAKE(node), e);
}

enum err_code ccel_diff_listing(const struct ccel_log *before, const struct ccel_log *after,
                                json **ret, struct err *e)
{
    struct both b AUTO_CALL(both_done) = {.before = before, .after = after};
    AUTO(json) registers = NULL;
    AUTO(json) result = NULL;
    bool all = true;

    ccel_log_replay(before, &b.old);
    ccel_log_replay(after, &b.new);
    TRY(ccel_log_diff(before, after, &b.diff, e));
    TRY(json_new_object(&result, e));
    TRY(json_new_array(&registers, e));
    for (uint32_t index = 0; index <= CCEL_INDEX_MAX; index++) {
        bool same = false;

        TRY(put_register(&b, index, registers, &same, e));
        all = all && same;
    }
    TRY(json_put_bool(result, "same", all, e));
    TRY(json_put(result, "registers", TAKE(registers), e));
    *ret = TAKE(result);
    return ERR_OK;
}
