/* policy - see policy.h. */
#include "gov/policy.h"
#include "base/clock.h"
#include "base/rd.h"

/* 9999-12-31T23:59:59Z, the last second that clock_format can write with four digits. */
#define LAST_SECOND 253402300799

enum err_code gov_policy_decode(const struct hash32 *word, struct gov_policy *ret, struct err *e)
{
    struct rd r = rd_of(BYTES_OF(*word));
    struct gov_policy p;
    struct bytes zeros = rd_take(&r, 9);
    uint8_t state;

    /* Low bit first in the word is last byte first here. */
    p.version = rd_u32be(&r);
    p.not_after = rd_u64be(&r);
    p.active_from = rd_u64be(&r);
    p.policy_id = rd_u16be(&r);
    state = rd_u8(&r);
    if (!rd_end(&r) || !bytes_all_zero(zeros))
        return err_set(e, ERR_INVALID, "policy word: bits where zeros must be");
    if (state > GOV_FROZEN)
        return err_set(e, ERR_INVALID, "policy word: state %u, expected 0 to %d", state,
                       GOV_FROZEN);
    p.state = (enum gov_state)state;
    *ret = p;
    return ERR_OK;
}

struct gov_time gov_time_of(uint64_t block_timestamp, int64_t clock_now)
{
    uint64_t here = clock_now > 0 ? (uint64_t)clock_now : 0;

    return (struct gov_time){.block = block_timestamp,
                             .now = here > block_timestamp ? here : block_timestamp};
}

enum gov_refusal gov_policy_active(const struct gov_policy *p, const struct gov_time *t)
{
    switch (p->state) {
    case GOV_NONE:
        return GOV_NEVER_SET;
    case GOV_REVOKED:
        return GOV_IS_REVOKED;
    case GOV_FROZEN:
        return GOV_IS_FROZEN;
    case GOV_ALLOWED:
        break;
    default:
        return GOV_NEVER_SET;
    }
    if (t->block < p->active_from)
        return GOV_NOT_YET;
    if (p->not_after != 0 && t->now > p->not_after)
        return GOV_EXPIRED;
    return GOV_ACTIVE;
}

const char *gov_refusal_name(enum gov_refusal r)
{
    switch (r) {
    case GOV_ACTIVE:
        return "active";
    case GOV_NEVER_SET:
        return "never-set";
    case GOV_IS_REVOKED:
        return "revoked";
    case GOV_IS_FROZEN:
        return "frozen";
    case GOV_NOT_YET:
        return "not-yet";
    case GOV_EXPIRED:
        return "expired";
    }
    return "unknown";
}

static void format_time(uint64_t t, char ret[static 21])
{
    clock_format(t < LAST_SECOND ? (int64_t)t : LAST_SECOND, ret);
}

enum err_code gov_policy_check(const struct gov_policy *p, const struct gov_time *t,
                               const char *subject, struct err *e)
{
    enum gov_refusal why = gov_policy_active(p, t);
    char when[21];

    switch (why) {
    case GOV_ACTIVE:
        return ERR_OK;
    case GOV_NEVER_SET:
        return err_set(e, ERR_DENIED, "%s: not allowed", subject);
    case GOV_NOT_YET:
        format_time(p->active_from, when);
        return err_set(e, ERR_DENIED, "%s: not active until %s", subject, when);
    case GOV_EXPIRED:
        format_time(p->not_after, when);
        return err_set(e, ERR_DENIED, "%s: expired at %s", subject, when);
    case GOV_IS_REVOKED:
    case GOV_IS_FROZEN:
        break;
    }
    return err_set(e, ERR_DENIED, "%s: %s", subject, gov_refusal_name(why));
}
