/* kms - see kms.h. */
#include "gov/kms.h"
#include "gov/read.h"
#include "base/rd.h"
#include "crypto/digest.h"

#define MRTD_LEN 48

static struct hash32 of_mrtd(uint64_t list, const uint8_t *mrtd)
{
    struct hash32 key;

    keccak256((struct bytes){mrtd, MRTD_LEN}, &key);
    return gov_slot_entry(list, &key, 0);
}

static struct hash32 of_policy_id(uint16_t id)
{
    return gov_word_u64(id);
}

static void ask(const struct gov_kms_query *q, struct gov_read *r)
{
    gov_read_add_common(r);
    gov_read_add(r, gov_slot(GOV_KMS_SLOT_ROOT_ID));
    gov_read_add(r, gov_slot(GOV_KMS_SLOT_COMMITMENT));
    if (q->app) {
        struct hash32 key = gov_word_addr(q->app);

        gov_read_add3(r, GOV_KMS_SLOT_APPLICATIONS, &key);
    }
    if (q->principal)
        gov_read_add(r, gov_slot_entry(GOV_SLOT_IDENTITIES, q->principal, 0));
    if (q->operator_)
        gov_read_add(r, gov_slot_of_addr(GOV_SLOT_OPERATORS, q->operator_, 0));
    if (q->firmware_mrtd)
        gov_read_add(r, of_mrtd(GOV_KMS_SLOT_FIRMWARE, q->firmware_mrtd));
    if (q->paravisor_mrtd)
        gov_read_add(r, of_mrtd(GOV_KMS_SLOT_PARAVISORS, q->paravisor_mrtd));
    if (q->policy_id) {
        struct hash32 key = of_policy_id(*q->policy_id);

        gov_read_add3(r, GOV_SLOT_POLICY_HASHES, &key);
    }
}

/* policy word, code hash, layout id */
static enum err_code take_app(struct gov_read *r, struct gov_kms_facts *f, struct err *e)
{
    struct hash32 layout;
    struct rd rest;

    TRY(gov_read_policy(r, "application", &f->app, e));
    f->app_code_hash = gov_read_take(r);
    layout = gov_read_take(r);
    if (!bytes_all_zero((struct bytes){layout.b, 30}))
        return err_set(e, ERR_INVALID, "layout id of the application: more than 16 bits");
    rest = rd_of((struct bytes){layout.b + 30, 2});
    f->app_layout = rd_u16be(&rest);
    return ERR_OK;
}

static enum err_code take(const struct gov_kms_query *q, struct gov_read *r,
                          struct gov_kms_facts *f, struct err *e)
{
    struct gov_timed policy;

    f->root_id = gov_read_take(r);
    f->commitment = gov_read_take(r);
    if (q->app)
        TRY(take_app(r, f, e));
    if (q->principal)
        TRY(gov_read_policy(r, "principal", &f->principal, e));
    if (q->operator_)
        TRY(gov_read_policy(r, "operator", &f->operator_, e));
    if (q->firmware_mrtd)
        TRY(gov_read_policy(r, "firmware", &f->firmware, e));
    if (q->paravisor_mrtd)
        TRY(gov_read_policy(r, "paravisor", &f->paravisor, e));
    if (q->policy_id) {
        TRY_IN(e, gov_read_timed(r, &policy, e), "policy hash");
        f->policy_hash = gov_timed_at(&policy, f->at.timestamp);
    }
    return ERR_OK;
}

enum err_code gov_kms_read(const struct chain_view *v, const struct finalized_block *at,
                           const struct addr *kms, const struct gov_kms_query *query,
                           struct gov_kms_facts *ret, struct err *e)
{
    struct gov_kms_facts f = {.at = *at};
    struct gov_read r = {.n = 0};
    struct gov_common common;

    ask(query, &r);
    TRY_IN(e, chain_view_read(v, at, kms, r.slot, r.n, r.value, &f.code_hash, e), "KMS contract");
    TRY(gov_read_common(&r, "KMS contract", &common, e));
    f.head = common.head;
    f.line = common.line;
    f.pki_hash = common.pki_hash;
    if (take(query, &r, &f, e) != ERR_OK) {
        e->code = ERR_DENIED;
        return err_wrap(e, "KMS contract");
    }
    *ret = f;
    return ERR_OK;
}

enum err_code gov_kms_app_code(const struct gov_kms_facts *kms,
                               const struct hash32 *found_code_hash, struct err *e)
{
    if (kms->app_layout == GOV_LAYOUT_REFERENCE)
        return err_set(e, ERR_DENIED,
                       "application: its contract is the reference's (storage layout 1), which "
                       "this version does not read");
    if (kms->app_layout != GOV_LAYOUT_TEEREG)
        return err_set(e, ERR_DENIED, "application: storage layout %u, expected %d",
                       kms->app_layout, GOV_LAYOUT_TEEREG);
    if (!hash32_eq(&kms->app_code_hash, found_code_hash))
        return err_set(e, ERR_DENIED,
                       "application: its contract has other code than when it was allowed");
    return ERR_OK;
}
