/* fuzz: any word as a policy, as a head and as settings that wait; what is accepted packs to the
 * same word again. */
#include <stdlib.h>
#include "gov/contract.h"

/* v into the `bits` from the `first` bit on. */
static void put(struct hash32 *w, unsigned first, unsigned bits, uint64_t v)
{
    for (unsigned i = 0; i < bits / 8; i++)
        w->b[31 - first / 8 - i] = (uint8_t)(v >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hash32 word, again = {0};
    struct gov_pending waits;
    struct gov_policy p;
    struct gov_head h;
    struct err e;

    if (size != sizeof word.b)
        return 0;
    memcpy(word.b, data, size);
    if (gov_policy_decode(&word, &p, &e) == ERR_OK) {
        put(&again, 0, 8, p.state);
        put(&again, 8, 16, p.policy_id);
        put(&again, 24, 64, p.active_from);
        put(&again, 88, 64, p.not_after);
        put(&again, 152, 32, p.version);
        if (!hash32_eq(&again, &word))
            abort();
    }
    again = (struct hash32){0};
    if (gov_head_decode(&word, &h, &e) == ERR_OK) {
        put(&again, 0, 8, h.scheme);
        put(&again, 8, 8, h.rtmr3);
        put(&again, 16, 8, h.principal);
        put(&again, 24, 8, h.operator_required);
        put(&again, 32, 8, h.paused);
        put(&again, 40, 32, h.pcr_mask);
        put(&again, 72, 64, h.epoch);
        put(&again, 136, 32, h.delay);
        put(&again, 168, 64, h.version);
        put(&again, 232, 16, h.layout);
        if (!hash32_eq(&again, &word))
            abort();
    }
    again = (struct hash32){0};
    if (gov_pending_decode(&word, &waits, &e) == ERR_OK) {
        put(&again, 0, 8, waits.rtmr3);
        put(&again, 8, 8, waits.principal);
        put(&again, 16, 8, waits.operator_required);
        put(&again, 24, 8, waits.paused);
        put(&again, 32, 32, waits.pcr_mask);
        put(&again, 64, 32, waits.delay);
        put(&again, 96, 64, waits.from);
        if (!hash32_eq(&again, &word))
            abort();
    }
    return 0;
}
