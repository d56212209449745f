#include "attest/ccel_diff.h"

#include "attest/ccel_text.h"

#define CELLS_MAX (4 * 1024 * 1024)

static const char *const change_names[] = {
    [CCEL_REMOVED] = "removed",
    [CCEL_ADDED] = "added",
    [CCEL_CHANGED] = "changed",
    [CCEL_MOVED] = "moved",
};

const char *ccel_change_name(enum ccel_change_kind k)
{
    return change_names[k];
}

void ccel_diff_done(struct ccel_diff *d)
{
    free(d->change);
    *d = (struct ccel_diff){0};
}

/* The events of one register in one log, by position. */
struct side {
    const struct ccel_log *log;
    size_t *at; /* owned */
    size_t n;
};

static void side_done(struct side *s)
{
    free(s->at);
}

static enum err_code side_of(const struct ccel_log *log, uint32_t index, struct side *ret,
                             struct err *e)
{
    ret->log = log;
    ret->at = calloc(log->n + 1, sizeof *ret->at);
    if (!ret->at)
        return err_set(e, ERR_NOMEM, "out of memory to compare event logs");
    for (size_t i = 0; i < log->n; i++)
        if (log->entry[i].index == index && log->entry[i].type != EV_NO_ACTION)
            ret->at[ret->n++] = i;
    return ERR_OK;
}

static const struct ccel_entry *entry_of(const struct side *s, size_t i)
{
    return &s->log->entry[s->at[i]];
}

static bool same_event(const struct ccel_entry *a, const struct ccel_entry *b)
{
    return a->type == b->type && bytes_eq(BYTES(a->digest), BYTES(b->digest));
}

/* ---- alignment ---- */

typedef uint16_t cell; /* a length: at most CCEL_EVENTS_MAX */
DEFINE_AUTO(cell, free);

struct work {
    struct side a, b;
    uint32_t index;
    struct ccel_diff *out; /* has room for all events of both logs */
};

static void add(struct work *w, enum ccel_change_kind kind, size_t before, size_t after)
{
    w->out->change[w->out->n++] = (struct ccel_change){kind, w->index, before, after};
}

static bool same_subject(const struct ccel_entry *a, const struct ccel_entry *b)
{
    struct buf x AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);
    struct buf y AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);
    struct err ignored;

    if (a->type != b->type)
        return false;
    ccel_subject(a, &x);
    ccel_subject(b, &y);
    return buf_check(&x, &ignored) == ERR_OK && buf_check(&y, &ignored) == ERR_OK &&
           bytes_eq(buf_bytes(&x), buf_bytes(&y));
}

/* Between two events that agree: a[i0, i1) became b[j0, j1).  Pairs keep their order; how far ahead
 * a partner is looked for is bounded. */
static void gap(struct work *w, size_t i0, size_t i1, size_t j0, size_t j1)
{
    const size_t ahead = 16;

    for (size_t i = i0; i < i1; i++) {
        size_t j = j0;

        while (j < j1 && j < j0 + ahead && !same_subject(entry_of(&w->a, i), entry_of(&w->b, j)))
            j++;
        if (j < j1 && j < j0 + ahead) {
            while (j0 < j)
                add(w, CCEL_ADDED, CCEL_NOT_AN_EVENT, w->b.at[j0++]);
            add(w, CCEL_CHANGED, w->a.at[i], w->b.at[j0++]);
        } else {
            add(w, CCEL_REMOVED, w->a.at[i], CCEL_NOT_AN_EVENT);
        }
    }
    while (j0 < j1)
        add(w, CCEL_ADDED, CCEL_NOT_AN_EVENT, w->b.at[j0++]);
}

/* Longest common subsequence of a[i0, i1) and b[j0, j1), whose ends are already trimmed. */
static enum err_code align(struct work *w, size_t i0, size_t i1, size_t j0, size_t j1,
                           struct err *e)
{
    size_t n = i1 - i0, m = j1 - j0, i = 0, j = 0, gi = i0, gj = j0;
    AUTO(cell) len = NULL;

    if (n == 0 || m == 0 || (n + 1) * (m + 1) > CELLS_MAX) {
        gap(w, i0, i1, j0, j1);
        return ERR_OK;
    }
    len = calloc((n + 1) * (m + 1), sizeof *len);
    if (!len)
        return err_set(e, ERR_NOMEM, "out of memory to compare event logs");
#define LEN(x, y) len[(x) * (m + 1) + (y)]
    for (i = n; i-- > 0;)
        for (j = m; j-- > 0;)
            if (same_event(entry_of(&w->a, i0 + i), entry_of(&w->b, j0 + j)))
                LEN(i, j) = (uint16_t)(LEN(i + 1, j + 1) + 1);
            else
                LEN(i, j) = LEN(i + 1, j) > LEN(i, j + 1) ? LEN(i + 1, j) : LEN(i, j + 1);
    for (i = 0, j = 0; i < n && j < m;) {
        if (same_event(entry_of(&w->a, i0 + i), entry_of(&w->b, j0 + j))) {
            gap(w, gi, i0 + i, gj, j0 + j);
            gi = i0 + ++i;
            gj = j0 + ++j;
        } else if (LEN(i + 1, j) >= LEN(i, j + 1)) {
            i++;
        } else {
            j++;
        }
    }
#undef LEN
    gap(w, gi, i1, gj, j1);
    return ERR_OK;
}

/* What left one place and came to another. */
static void find_moves(struct work *w, size_t from)
{
    struct ccel_diff *d = w->out;

    for (size_t i = from; i < d->n; i++) {
        struct ccel_change *gone = &d->change[i];

        for (size_t j = from; gone->kind == CCEL_REMOVED && j < d->n; j++) {
            struct ccel_change *came = &d->change[j];

            if (came->kind != CCEL_ADDED ||
                !same_event(&w->a.log->entry[gone->before], &w->b.log->entry[came->after]))
                continue;
            *gone = (struct ccel_change){CCEL_MOVED, w->index, gone->before, came->after};
            memmove(came, came + 1, (d->n - j - 1) * sizeof *came);
            d->n--;
            if (j < i)
                i--;
            break;
        }
    }
}

static enum err_code diff_register(struct work *w, struct err *e)
{
    size_t from = w->out->n, start = 0, na = w->a.n, nb = w->b.n;

    while (start < na && start < nb && same_event(entry_of(&w->a, start), entry_of(&w->b, start)))
        start++;
    w->out->first_before[w->index] = start < na ? w->a.at[start] : CCEL_NOT_AN_EVENT;
    w->out->first_after[w->index] = start < nb ? w->b.at[start] : CCEL_NOT_AN_EVENT;
    while (na > start && nb > start &&
           same_event(entry_of(&w->a, na - 1), entry_of(&w->b, nb - 1))) {
        na--;
        nb--;
    }
    TRY(align(w, start, na, start, nb, e));
    find_moves(w, from);
    return ERR_OK;
}

enum err_code ccel_log_diff(const struct ccel_log *before, const struct ccel_log *after,
                            struct ccel_diff *ret, struct err *e)
{
    struct ccel_diff d AUTO_CALL(ccel_diff_done) = {0};

    d.change = calloc(before->n + after->n + 1, sizeof *d.change);
    if (!d.change)
        return err_set(e, ERR_NOMEM, "out of memory to compare event logs");
    for (uint32_t index = 0; index <= CCEL_INDEX_MAX; index++) {
        struct side a AUTO_CALL(side_done) = {0};
        struct side b AUTO_CALL(side_done) = {0};
        struct work w = {.index = index, .out = &d};

        TRY(side_of(before, index, &a, e));
        TRY(side_of(after, index, &b, e));
        w.a = a;
        w.b = b;
        TRY(diff_register(&w, e));
    }
    *ret = d;
    d = (struct ccel_diff){0};
    return ERR_OK;
}
