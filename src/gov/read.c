/* read - slots of one contract, asked for at once and taken apart in order; see read.h. */
#include "gov/read.h"
#include "base/rd.h"

void gov_read_add(struct gov_read *r, struct hash32 slot)
{
    if (r->n < CHAIN_SLOTS_MAX)
        r->slot[r->n++] = slot;
}

void gov_read_add3(struct gov_read *r, uint64_t n, const struct hash32 *key)
{
    const struct hash32 first = gov_slot_entry(n, key, 0);

    for (uint64_t i = 0; i < 3; i++)
        gov_read_add(r, gov_slot_after(&first, i));
}

struct hash32 gov_read_take(struct gov_read *r)
{
    return r->taken < r->n ? r->value[r->taken++] : (struct hash32){0};
}

enum err_code gov_read_policy(struct gov_read *r, const char *subject, struct gov_policy *ret,
                              struct err *e)
{
    struct hash32 word = gov_read_take(r);

    TRY_IN(e, gov_policy_decode(&word, ret, e), "%s", subject);
    return ERR_OK;
}

enum err_code gov_read_timed(struct gov_read *r, struct gov_timed *ret, struct err *e)
{
    struct gov_timed t = {.current = gov_read_take(r), .next = gov_read_take(r)};
    struct hash32 word = gov_read_take(r);
    struct rd rest = rd_of((struct bytes){word.b + 24, 8});

    if (!bytes_all_zero((struct bytes){word.b, 24}))
        return err_set(e, ERR_INVALID, "expected a time in the word after a waiting value");
    t.next_from = rd_u64be(&rest);
    *ret = t;
    return ERR_OK;
}

void gov_read_add_common(struct gov_read *r)
{
    gov_read_add(r, gov_slot(GOV_SLOT_HEAD));
    gov_read_add(r, gov_slot(GOV_SLOT_PREDECESSOR));
    gov_read_add(r, gov_slot(GOV_SLOT_SUCCESSOR));
    gov_read_add(r, gov_slot(GOV_SLOT_PKI_HASH));
}

/* u64 from, address at; low bit first. */
static enum err_code decode_successor(const struct hash32 *word, struct gov_line *ret,
                                      struct err *e)
{
    struct rd r = rd_of(BYTES_OF(*word));

    if (!bytes_all_zero(rd_take(&r, 4)))
        return err_set(e, ERR_INVALID, "successor: bits where zeros must be");
    ret->successor_from = rd_u64be(&r);
    rd_copy(&r, ret->successor.b, sizeof ret->successor.b);
    return ERR_OK;
}

static enum err_code decode_common(struct gov_read *r, struct gov_common *ret, struct err *e)
{
    struct hash32 head = gov_read_take(r), before = gov_read_take(r), after = gov_read_take(r);

    TRY(gov_head_decode(&head, &ret->head, e));
    if (ret->head.layout != GOV_LAYOUT_TEEREG)
        return err_set(e, ERR_INVALID, "storage layout %u, expected %d%s", ret->head.layout,
                       GOV_LAYOUT_TEEREG,
                       ret->head.layout == 0 ? " (the reference's contracts say none)" : "");
    if (ret->head.scheme != 1 && ret->head.scheme != 2)
        return err_set(e, ERR_INVALID, "identity scheme %u, expected 1 or 2", ret->head.scheme);
    TRY_IN(e, gov_word_to_addr(&before, &ret->line.predecessor, e), "predecessor");
    TRY(decode_successor(&after, &ret->line, e));
    ret->pki_hash = gov_read_take(r);
    return ERR_OK;
}

enum err_code gov_read_common(struct gov_read *r, const char *name, struct gov_common *ret,
                              struct err *e)
{
    struct gov_common c = {0};

    if (decode_common(r, &c, e) != ERR_OK) {
        e->code = ERR_DENIED;
        return err_wrap(e, "%s", name);
    }
    *ret = c;
    return ERR_OK;
}
