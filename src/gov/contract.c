/* contract - see contract.h. */
#include "gov/contract.h"
#include "base/rd.h"
#include "crypto/digest.h"

static enum err_code read_flag(struct rd *r, const char *name, bool *ret, struct err *e)
{
    uint8_t v = rd_u8(r);

    if (v > 1)
        return err_set(e, ERR_INVALID, "head word: %s is %u, expected 0 or 1", name, v);
    *ret = v == 1;
    return ERR_OK;
}

enum err_code gov_head_decode(const struct hash32 *word, struct gov_head *ret, struct err *e)
{
    struct rd r = rd_of(BYTES_OF(*word));
    struct bytes zeros = rd_take(&r, 1);
    struct gov_head h;

    /* Low bit first in the word is last byte first here. */
    h.layout = rd_u16be(&r);
    h.version = rd_u64be(&r);
    h.delay = rd_u32be(&r);
    h.epoch = rd_u64be(&r);
    h.pcr_mask = rd_u32be(&r);
    TRY(read_flag(&r, "paused", &h.paused, e));
    TRY(read_flag(&r, "operatorRequired", &h.operator_required, e));
    TRY(read_flag(&r, "principal", &h.principal, e));
    TRY(read_flag(&r, "rtmr3", &h.rtmr3, e));
    h.scheme = rd_u8(&r);
    if (!rd_end(&r) || !bytes_all_zero(zeros))
        return err_set(e, ERR_INVALID, "head word: bits where zeros must be");
    if (h.pcr_mask >> 24)
        return err_set(e, ERR_INVALID, "head word: PCR mask 0x%x, expected 24 bits", h.pcr_mask);
    *ret = h;
    return ERR_OK;
}

enum err_code gov_pending_decode(const struct hash32 *word, struct gov_pending *ret, struct err *e)
{
    struct rd r = rd_of(BYTES_OF(*word));
    struct bytes zeros = rd_take(&r, 12);
    struct gov_pending p = {.from = rd_u64be(&r)};
    uint8_t flags[4];

    p.delay = rd_u32be(&r);
    p.pcr_mask = rd_u32be(&r);
    rd_copy(&r, flags, sizeof flags);
    if (!rd_end(&r) || !bytes_all_zero(zeros) || (flags[0] | flags[1] | flags[2] | flags[3]) > 1)
        return err_set(e, ERR_INVALID, "pending settings: bits where zeros must be");
    p.paused = flags[0];
    p.operator_required = flags[1];
    p.principal = flags[2];
    p.rtmr3 = flags[3];
    *ret = p;
    return ERR_OK;
}

struct hash32 gov_timed_at(const struct gov_timed *t, uint64_t block_timestamp)
{
    return t->next_from != 0 && block_timestamp >= t->next_from ? t->next : t->current;
}

bool gov_line_ended(const struct gov_line *l, uint64_t block_timestamp)
{
    return !addr_is_zero(&l->successor) && block_timestamp >= l->successor_from;
}

enum err_code gov_contract_live(const struct gov_head *h, const struct gov_line *l,
                                const struct gov_time *t, uint32_t min_delay, const char *name,
                                struct err *e)
{
    if (h->paused)
        return err_set(e, ERR_DENIED, "%s: paused", name);
    if (gov_line_ended(l, t->block))
        return err_set(e, ERR_DENIED, "%s: its successor took over", name);
    if (h->delay < min_delay)
        return err_set(e, ERR_DENIED, "%s: grants wait %u s, expected at least %u s", name,
                       h->delay, min_delay);
    return ERR_OK;
}

struct hash32 gov_word_u64(uint64_t v)
{
    struct hash32 w = {0};

    for (size_t i = 0; i < 8; i++)
        w.b[31 - i] = (uint8_t)(v >> (8 * i));
    return w;
}

struct hash32 gov_word_addr(const struct addr *a)
{
    struct hash32 w = {0};

    memcpy(w.b + 12, a->b, sizeof a->b);
    return w;
}

enum err_code gov_word_to_u64(const struct hash32 *w, uint64_t *ret, struct err *e)
{
    struct rd low = rd_of((struct bytes){w->b + 24, 8});

    if (!bytes_all_zero((struct bytes){w->b, 24}))
        return err_set(e, ERR_INVALID, "expected a number in a word");
    *ret = rd_u64be(&low);
    return ERR_OK;
}

enum err_code gov_word_to_addr(const struct hash32 *w, struct addr *ret, struct err *e)
{
    if (!bytes_all_zero((struct bytes){w->b, 12}))
        return err_set(e, ERR_INVALID, "expected an address in a word");
    memcpy(ret->b, w->b + 12, sizeof ret->b);
    return ERR_OK;
}

struct hash32 gov_slot(uint64_t n)
{
    return gov_word_u64(n);
}

struct chain_counter gov_change_counter(const struct addr *contract)
{
    /* contracts/LAYOUT.md, "Head" */
    return (struct chain_counter){
        .contract = *contract, .slot = gov_slot(GOV_SLOT_HEAD), .shift = 168, .bits = 64};
}

struct hash32 gov_slot_after(const struct hash32 *first, uint64_t offset)
{
    struct hash32 slot = *first;
    unsigned carry = 0;

    for (size_t i = 0; i < 32; i++) {
        unsigned sum = slot.b[31 - i] + carry + (i < 8 ? (uint8_t)(offset >> (8 * i)) : 0u);

        slot.b[31 - i] = (uint8_t)sum;
        carry = sum >> 8;
    }
    return slot;
}

/* Every decision asks for the same few entries, in each doubt again, and hashing them was most of
 * what it cost: so a thread remembers some. */
#define ENTRIES_KEPT 32

struct hash32 gov_slot_entry(uint64_t n, const struct hash32 *key, uint64_t offset)
{
    static _Thread_local struct {
        bool full;
        uint64_t n;
        struct hash32 key, first;
    } kept[ENTRIES_KEPT], *k;
    const struct hash32 at = gov_word_u64(n);

    k = &kept[(n ^ key->b[30] ^ key->b[31]) % ENTRIES_KEPT];
    if (!k->full || k->n != n || !hash32_eq(&k->key, key)) {
        KECCAK256_OF(&k->first, BYTES_OF(*key), BYTES_OF(at));
        k->full = true;
        k->n = n;
        k->key = *key;
    }
    return gov_slot_after(&k->first, offset);
}

struct hash32 gov_slot_of_addr(uint64_t n, const struct addr *key, uint64_t offset)
{
    struct hash32 word = gov_word_addr(key);

    return gov_slot_entry(n, &word, offset);
}
