/* A comparison of two event logs, in words and as JSON. */
#include "attest/ccel_diff.h"

#include "attest/ccel_check.h"
#include "attest/ccel_path.h"
#include "attest/ccel_text.h"

#define SHOWN_DIGEST 8
#define SAME         SIZE_MAX

/* The two events of a change; NULL where there is none. */
struct sides {
    const struct ccel_entry *was, *is;
};

static struct sides sides_of(const struct ccel_log *before, const struct ccel_log *after,
                             const struct ccel_change *c)
{
    return (struct sides){
        .was = c->before == CCEL_NOT_AN_EVENT ? NULL : &before->entry[c->before],
        .is = c->after == CCEL_NOT_AN_EVENT ? NULL : &after->entry[c->after],
    };
}

/* Where the data of the two part, or SAME. */
static size_t first_difference(const struct sides *s)
{
    struct bytes a, b;
    size_t i = 0;

    if (!s->was || !s->is || bytes_eq(s->was->data, s->is->data))
        return SAME;
    a = s->was->data;
    b = s->is->data;
    while (i < a.n && i < b.n && a.p[i] == b.p[i])
        i++;
    return i;
}

static bool word_begins(struct bytes text, size_t at)
{
    return at == 0 || text.p[at - 1] == ' ';
}

static struct bytes without_space(struct bytes text)
{
    while (text.n > 0 && text.p[text.n - 1] == ' ')
        text.n--;
    return text;
}

/* The words between those that two texts have in common at their ends; false: they have none. */
static bool cut_words(struct bytes *a, struct bytes *b)
{
    size_t least = a->n < b->n ? a->n : b->n, begin = 0, end = 0;

    while (begin < least && a->p[begin] == b->p[begin])
        begin++;
    while (end < least - begin && a->p[a->n - 1 - end] == b->p[b->n - 1 - end])
        end++;
    while (!word_begins(*a, begin))
        begin--;
    while (end > 0 && !(word_begins(*a, a->n - end) && word_begins(*b, b->n - end)))
        end--;
    *a = without_space((struct bytes){a->p + begin, a->n - end - begin});
    *b = without_space((struct bytes){b->p + begin, b->n - end - begin});
    return begin > 0 || end > 0;
}

/* Variables, images and disks are shown as hex, numbers and lists, not as a text. */
static bool is_sentence(const struct ccel_entry *ev)
{
    return ev && !ccel_type_is_variable(ev->type) && !ccel_type_is_image(ev->type) &&
           ev->type != EV_EFI_GPT_EVENT;
}

/* The two descriptions, and the words in which they differ; borrowed from was and is. */
static bool differing_words(const struct sides *s, struct buf *was, struct buf *is,
                            struct bytes *ret_was, struct bytes *ret_is)
{
    if (!is_sentence(s->was) || !is_sentence(s->is))
        return false;
    ccel_describe(s->was, was);
    ccel_describe(s->is, is);
    *ret_was = buf_bytes(was);
    *ret_is = buf_bytes(is);
    return !bytes_eq(*ret_was, *ret_is) && cut_words(ret_was, ret_is);
}

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
    const size_t part = first_difference(&(struct sides){old, new});
    bool image = ccel_type_is_image(new->type);

    ccel_describe(old, &was);
    ccel_describe(new, &is);
    buf_put(out, buf_bytes(&was));
    if (!bytes_eq(buf_bytes(&was), buf_bytes(&is))) {
        buf_put_str(out, " -> ");
        buf_put(out, buf_bytes(&is));
    } else if (part != SAME && !image) {
        buf_printf(out, ": other data from byte %zu on, %zu -> %zu bytes", part, old->data.n,
                   new->data.n);
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
    const struct sides s = sides_of(before, after, change);
    const struct ccel_entry *old = s.was, *new = s.is;

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

static void put_digest_line(const char *indent, const char *word, const struct ccel_entry *ev,
                            struct buf *out)
{
    if (!ev)
        return;
    buf_printf(out, "%s%s ", indent, word);
    ccel_put_hex(out, BYTES(ev->digest), sizeof ev->digest);
    buf_printf(out, "  [digest %s]\n", ccel_digest_name(ccel_digest_check(ev)));
}

void ccel_change_details(const struct ccel_log *before, const struct ccel_log *after,
                         const struct ccel_change *change, const char *indent, struct buf *ret)
{
    struct buf was AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);
    struct buf is AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);
    const struct sides s = sides_of(before, after, change);
    struct bytes old, new;

    put_digest_line(indent, "was  ", s.was, ret);
    if (change->kind != CCEL_MOVED)
        put_digest_line(indent, "is   ", s.is, ret);
    if (differing_words(&s, &was, &is, &old, &new)) {
        buf_printf(ret, "%swords ", indent);
        buf_put(ret, old.n ? old : bytes_of_str("(nothing)"));
        buf_put_str(ret, " -> ");
        buf_put(ret, new.n ? new : bytes_of_str("(nothing)"));
        buf_put_u8(ret, '\n');
    }
    if (first_difference(&s) != SAME)
        buf_printf(ret, "%sdata  %zu -> %zu bytes, the same up to byte %zu\n", indent,
                   s.was->data.n, s.is->data.n, first_difference(&s));
}

/* ---- JSON ---- */

static enum err_code put_text(json *to, const char *member, struct bytes text, struct err *e)
{
    struct buf copy AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);

    buf_put(&copy, text);
    TRY(buf_check(&copy, e));
    return json_put_str(to, member, buf_cstr(&copy), e);
}

static enum err_code put_side(json *to, const char *member, const struct ccel_entry *ev,
                              struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);
    AUTO(json) node = NULL;

    if (!ev)
        return json_put_null(to, member, e);
    ccel_describe(ev, &text);
    TRY(buf_check(&text, e));
    TRY(json_new_object(&node, e));
    TRY(json_put_hex(node, "digest", BYTES(ev->digest), e));
    TRY(json_put_str(node, "digest_check", ccel_digest_name(ccel_digest_check(ev)), e));
    TRY(json_put_str(node, "description", buf_cstr(&text), e));
    TRY(json_put_u64(node, "data_bytes", ev->data.n, e));
    return json_put(to, member, TAKE(node), e);
}

static enum err_code put_words(json *to, const struct sides *s, struct err *e)
{
    struct buf was AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);
    struct buf is AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);
    AUTO(json) node = NULL;
    struct bytes old, new;

    if (!differing_words(s, &was, &is, &old, &new))
        return json_put_null(to, "words", e);
    TRY(json_new_object(&node, e));
    TRY(put_text(node, "was", old, e));
    TRY(put_text(node, "is", new, e));
    return json_put(to, "words", TAKE(node), e);
}

static enum err_code put_details(json *to, const struct sides *s, struct err *e)
{
    TRY(put_side(to, "was", s->was, e));
    TRY(put_side(to, "is", s->is, e));
    TRY(put_words(to, s, e));
    if (first_difference(s) == SAME)
        return json_put_null(to, "first_different_byte", e);
    return json_put_u64(to, "first_different_byte", first_difference(s), e);
}

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
    const struct sides s = sides_of(before, after, c);
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
    TRY(put_details(node, &s, e));
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
