/* reference - see reference.h. */
#include "gov/reference.h"
#include "crypto/digest.h"
#include "gov/contract.h"

enum slot {
    SLOT_ROLES = 0,
    SLOT_OWNER = 1,
    SLOT_REGISTRY_CONFIGS = 8,
    SLOT_KMS_IDENTITIES = 9,
    SLOT_KMS_APPS = 10,
};

static const char role_operator[] = "ROLE_OPERATOR";

/* hasRole: _roles[role].hasRole[account]. */
static struct hash32 role_slot(const struct addr *account)
{
    struct hash32 role, data, word = gov_word_addr(account), slot;

    keccak256(bytes_of_str(role_operator), &role);
    data = gov_slot_entry(SLOT_ROLES, &role, 0);
    KECCAK256_OF(&slot, BYTES_OF(word), BYTES_OF(data));
    return slot;
}

static enum err_code bool_of(const struct hash32 *word, const char *what, bool *ret, struct err *e)
{
    if (!bytes_all_zero((struct bytes){word->b, 31}) || word->b[31] > 1)
        return err_set(e, ERR_DENIED, "%s: a word that is neither yes nor no", what);
    *ret = word->b[31];
    return ERR_OK;
}

/* The array of applications: its length in its slot, its members from that slot's hash on. */
static enum err_code find_app(const struct chain_view *v, const struct finalized_block *at,
                              const struct addr *contract, const struct hash32 *length,
                              const struct addr *app, bool *ret, struct err *e)
{
    const struct hash32 own = gov_word_u64(SLOT_KMS_APPS), wanted = gov_word_addr(app);
    struct hash32 slots[CHAIN_SLOTS_MAX], words[CHAIN_SLOTS_MAX], first;
    size_t n = (size_t)length->b[30] << 8 | length->b[31];

    if (!bytes_all_zero((struct bytes){length->b, 30}) || n > GOV_REFERENCE_APPS_MAX)
        return err_set(e, ERR_DENIED, "applications: a list of over %d", GOV_REFERENCE_APPS_MAX);
    keccak256(BYTES_OF(own), &first);
    for (size_t done = 0; done < n;) {
        size_t some = n - done < CHAIN_SLOTS_MAX ? n - done : CHAIN_SLOTS_MAX;

        for (size_t i = 0; i < some; i++) {
            unsigned carry = (unsigned)(done + i);

            slots[i] = first;
            for (size_t k = 32; k-- > 0 && carry;) {
                carry += slots[i].b[k];
                slots[i].b[k] = (uint8_t)carry;
                carry >>= 8;
            }
        }
        TRY(chain_view_read(v, at, contract, slots, some, words, NULL, e));
        for (size_t i = 0; i < some; i++)
            if (hash32_eq(&words[i], &wanted)) {
                *ret = true;
                return ERR_OK;
            }
        done += some;
    }
    *ret = false;
    return ERR_OK;
}

enum err_code gov_reference_read(const struct chain_view *v, const struct finalized_block *at,
                                 const struct addr *contract,
                                 const struct gov_reference_query *query,
                                 struct gov_reference_facts *ret, struct err *e)
{
    const bool kms = query->kind == GOV_REFERENCE_KMS;
    struct gov_reference_facts f = {.at = *at};
    struct hash32 slots[4] = {gov_word_u64(SLOT_OWNER)}, words[4];

    if (query->identity)
        slots[1] =
            gov_slot_entry(kms ? SLOT_KMS_IDENTITIES : SLOT_REGISTRY_CONFIGS, query->identity, 0);
    if (query->operator_)
        slots[2] = role_slot(query->operator_);
    if (query->app && kms)
        slots[3] = gov_word_u64(SLOT_KMS_APPS);
    TRY(chain_view_read(v, at, contract, slots, 4, words, &f.code_hash, e));
    if (gov_word_to_addr(&words[0], &f.owner, e) != ERR_OK) {
        e->code = ERR_DENIED;
        return err_wrap(e, "owner");
    }
    if (query->identity && kms)
        TRY(bool_of(&words[1], "identity", &f.identity_allowed, e));
    if (query->identity && !kms) {
        f.config = words[1];
        f.identity_allowed = !hash32_is_zero(&f.config);
    }
    if (query->operator_)
        TRY(bool_of(&words[2], "operator", &f.operator_, e));
    if (query->app && kms)
        TRY(find_app(v, at, contract, &words[3], query->app, &f.app_allowed, e));
    *ret = f;
    return ERR_OK;
}
