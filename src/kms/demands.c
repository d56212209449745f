/* demands - see demands.h. */
#include "kms/demands.h"

static bool has_hash(const struct kms_demands *d, const struct hash32 *hash)
{
    for (size_t i = 0; i < d->n; i++)
        if (hash32_eq(&d->list[i].hash, hash))
            return true;
    return false;
}

static enum err_code put(struct kms_demands *d, const struct kms_demand *one, struct err *e)
{
    if (one->doubt && has_hash(d, &one->hash))
        return ERR_OK;
    if (d->n == KMS_DEMANDS_MAX)
        return err_set(e, ERR_DENIED, "over %d attestation policies are named", KMS_DEMANDS_MAX);
    d->list[d->n++] = *one;
    return ERR_OK;
}

enum err_code demands_add(const struct kms_authority *a, const struct finalized_block *at,
                          const struct demand_word *word, struct kms_demands *d, struct err *e)
{
    struct kms_demand one = {.of = word->of,
                             .contract = *word->contract,
                             .id = word->id,
                             .hash = *word->known,
                             .doubt = at->doubt > 0};

    if (word->id != word->known_id)
        TRY(gov_policy_hash(a->view, at, word->contract, word->id, &one.hash, e));
    if (hash32_is_zero(&one.hash) && one.id == 0)
        return ERR_OK;
    return put(d, &one, e);
}

enum err_code demands_add_all(const struct kms_demands *more, struct kms_demands *d, struct err *e)
{
    for (size_t i = 0; i < more->n; i++)
        TRY(put(d, &more->list[i], e));
    return ERR_OK;
}

enum err_code demands_check(const struct kms_demands *d, struct err *e)
{
    for (size_t i = 0; i < d->n; i++)
        if (hash32_is_zero(&d->list[i].hash))
            return err_set(e, ERR_DENIED,
                           "%sthe %s is allowed under policy %u, which the contract does not "
                           "have: `teereg gov policy set --id %u`",
                           d->list[i].doubt ? CHAIN_DOUBT ": " : "", d->list[i].of, d->list[i].id,
                           d->list[i].id);
    return ERR_OK;
}

/* The one configured here is known by its hash too. */
static enum err_code find_policy(const struct kms_authority *a, const struct finalized_block *final,
                                 const struct kms_demand *d, struct attest_policy *ret,
                                 struct err *e)
{
    /* What is new there came with a body that is as new. */
    const struct finalized_block at = d->doubt ? chain_view_doubt(final, 1) : *final;
    struct hash32 ours;

    TRY(kms_config_policy_hash(a->config, &ours, e));
    if (!hash32_eq(&ours, &d->hash))
        return kms_policies_get(a->policies, a->view, &at, &d->contract, &d->hash, ret, e);
    *ret = a->config->policy;
    return ERR_OK;
}

enum err_code kms_decide_policies(const struct kms_authority *a, const struct kms_app_standing *app,
                                  const struct kms_identity_standing *permission,
                                  const struct attest_facts *facts, enum kms_reason *ret_why,
                                  struct err *e)
{
    for (size_t i = 0; i < permission->demands.n; i++) {
        const struct kms_demand *d = &permission->demands.list[i];
        enum attest_fault fault = FAULT_NONE;
        struct attest_policy policy;
        enum err_code rc = find_policy(a, &app->at, d, &policy, e);

        if (rc == ERR_OK)
            rc =
                kms_because(KMS_POLICY_REFUSED, ret_why,
                            attest_policy_judge(&policy, facts, (int64_t)app->time.now, &fault, e));
        else
            rc = kms_because_chain(rc, KMS_POLICY_UNKNOWN, ret_why);
        TRY_IN(e, rc, "%spolicy %u of the %s", d->doubt ? CHAIN_DOUBT ": " : "", d->id, d->of);
    }
    return ERR_OK;
}
