/* K and M: what policy says about a TD and its platform. */
#include <stdio.h>
#include "attest/steps.h"
#include "base/clock.h"
#include "base/codec.h"

/* ---- K ---- */

static uint64_t little(const uint8_t b[static 8])
{
    uint64_t v = 0;

    for (size_t i = 8; i > 0; i--)
        v = v << 8 | b[i - 1];
    return v;
}

#define TD_DEBUG ((uint64_t)1)

static bool listed(const uint8_t *entry, const void *first, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++)
        if (__builtin_memcmp(entry, (const uint8_t *)first + i * size, size) == 0)
            return true;
    return false;
}

enum err_code step_td_attributes(const struct attest_policy *policy,
                                 const struct attest_facts *facts, int64_t now,
                                 enum attest_fault *fault, struct err *e)
{
    uint64_t found = little(facts->td.td_attributes);
    uint64_t allowed = policy->attributes_allowed & TD_ATTRIBUTES_KNOWN;

    (void)now;
    /* A TD that can migrate is only as good as the service TD that moves it: one that is listed. */
    if (!policy->service_td || policy->n_mrservicetd == 0 ||
        bytes_all_zero(BYTES(facts->td.mrservicetd)))
        allowed &= ~TD_MIGRATABLE;
    if (found & TD_DEBUG)
        return attest_fail(fault, e, FAULT_TD_DEBUG,
                           "a DEBUG TD: its host reads its memory (attributes 0x%016llx)",
                           (unsigned long long)found);
    if ((found & policy->attributes_required) != policy->attributes_required || found & ~allowed)
        return attest_fail(fault, e, FAULT_TD_ATTRIBUTES,
                           "attributes 0x%016llx, expected 0x%016llx set and none but 0x%016llx",
                           (unsigned long long)found,
                           (unsigned long long)policy->attributes_required,
                           (unsigned long long)allowed);
    return ERR_OK;
}

enum err_code step_td_xfam(const struct attest_policy *policy, const struct attest_facts *facts,
                           int64_t now, enum attest_fault *fault, struct err *e)
{
    uint64_t found = little(facts->td.xfam), allowed = policy->xfam_allowed & XFAM_KNOWN;
    uint64_t required = policy->xfam_required | XFAM_FIXED;

    (void)now;
    if ((found & required) != required || found & ~allowed)
        return attest_fail(fault, e, FAULT_TD_XFAM,
                           "XFAM 0x%016llx, expected 0x%016llx set and none but 0x%016llx",
                           (unsigned long long)found, (unsigned long long)required,
                           (unsigned long long)allowed);
    return ERR_OK;
}

enum err_code step_td_seam(const struct attest_policy *policy, const struct attest_facts *facts,
                           int64_t now, enum attest_fault *fault, struct err *e)
{
    const struct td_report *td = &facts->td;
    char hex[HEX_LEN(48)];

    (void)now;
    if (!bytes_all_zero(BYTES(td->mrsignerseam)))
        return attest_fail(fault, e, FAULT_TD_MRSIGNERSEAM,
                           "MRSIGNERSEAM is not zero: the TDX module is not Intel's");
    if (!bytes_all_zero(BYTES(td->seam_attributes)))
        return attest_fail(fault, e, FAULT_TD_SEAM_ATTRIBUTES,
                           "SEAMATTRIBUTES is not zero: the TDX module is no production one");
    hex_encode(BYTES(td->mrseam), hex);
    if (policy->n_mrseam > 0 && !listed(td->mrseam, policy->mrseam, policy->n_mrseam, 48))
        return attest_fail(fault, e, FAULT_TD_MRSEAM,
                           "MRSEAM %s is none of the %zu TDX modules that policy lists", hex,
                           policy->n_mrseam);
    return ERR_OK;
}

enum err_code step_td_service(const struct attest_policy *policy, const struct attest_facts *facts,
                              int64_t now, enum attest_fault *fault, struct err *e)
{
    const uint8_t *found = facts->td.mrservicetd;
    char hex[HEX_LEN(48)];

    (void)now;
    if (bytes_all_zero(BYTES(facts->td.mrservicetd)))
        return ERR_OK;
    hex_encode(BYTES(facts->td.mrservicetd), hex);
    if (!policy->service_td)
        return attest_fail(fault, e, FAULT_TD_SERVICE,
                           "MRSERVICETD %s, expected zero: another TD can change this one", hex);
    if (policy->n_mrservicetd > 0 && !listed(found, policy->mrservicetd, policy->n_mrservicetd, 48))
        return attest_fail(fault, e, FAULT_TD_SERVICE,
                           "MRSERVICETD %s is not among those that policy lists", hex);
    return ERR_OK;
}

static enum err_code check_mr(const char *name, const uint8_t found[static 48],
                              const struct policy_mr *m, enum attest_fault *fault, struct err *e)
{
    struct bytes b = {found, 48};
    char hex[HEX_LEN(48)];

    if (m->rule == POLICY_ANY || (m->rule == POLICY_ZERO && bytes_all_zero(b)) ||
        (m->rule == POLICY_LISTED && listed(found, m->listed, m->n, 48)))
        return ERR_OK;
    hex_encode(b, hex);
    return attest_fail(fault, e, FAULT_TD_OWNER, "%s %s, expected %s", name, hex,
                       m->rule == POLICY_ZERO ? "zero" : "one that policy lists");
}

enum err_code step_td_owner(const struct attest_policy *policy, const struct attest_facts *facts,
                            int64_t now, enum attest_fault *fault, struct err *e)
{
    (void)now;
    TRY(check_mr("MRCONFIGID", facts->td.mrconfigid, &policy->mrconfigid, fault, e));
    TRY(check_mr("MROWNER", facts->td.mrowner, &policy->mrowner, fault, e));
    return check_mr("MROWNERCONFIG", facts->td.mrownerconfig, &policy->mrownerconfig, fault, e);
}

/* ---- M ---- */

static bool out_of_date(enum tcb_status s)
{
    return s == TCB_OUT_OF_DATE || s == TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

enum err_code step_tcb_status(const struct attest_policy *policy, const struct attest_facts *facts,
                              int64_t now, enum attest_fault *fault, struct err *e)
{
    const struct tcb_evaluation *t = &facts->tcb;
    char since[21];

    if (t->status == TCB_REVOKED)
        return attest_fail(fault, e, FAULT_TCB_REVOKED, "the platform's TCB is Revoked");
    if (policy->statuses & TCB_STATUS_BIT(t->status))
        return ERR_OK;
    if (out_of_date(t->status) && policy->tcb_grace_s > 0 &&
        now <= t->date + (int64_t)policy->tcb_grace_s)
        return ERR_OK;
    clock_format(t->date, since);
    return attest_fail(fault, e, FAULT_TCB_STATUS,
                       "the TCB is %s (tcbDate %s; platform %s, TDX module %s, QE %s), which "
                       "policy does not accept",
                       tcb_status_name(t->status), since, tcb_status_name(t->platform),
                       tcb_status_name(t->module), tcb_status_name(t->qe));
}

enum err_code step_advisories(const struct attest_policy *policy, const struct attest_facts *facts,
                              int64_t now, enum attest_fault *fault, struct err *e)
{
    const struct tcb_evaluation *t = &facts->tcb;

    (void)now;
    for (size_t i = 0; i < t->n_advisories; i++)
        for (size_t k = 0; k < policy->n_denied_advisories; k++)
            if (strcmp(t->advisories[i].id, policy->denied_advisories[k].id) == 0)
                return attest_fail(fault, e, FAULT_ADVISORY,
                                   "%s concerns this platform, and policy denies it",
                                   t->advisories[i].id);
    return ERR_OK;
}

enum err_code step_evaluation_number(const struct attest_policy *policy,
                                     const struct attest_facts *facts, int64_t now,
                                     enum attest_fault *fault, struct err *e)
{
    const struct tcb_evaluation *t = &facts->tcb;

    (void)now;
    if (t->tcb_evaluation_number < policy->min_evaluation_number ||
        t->qe_evaluation_number < policy->min_evaluation_number)
        return attest_fail(fault, e, FAULT_EVALUATION_NUMBER,
                           "TCB info of evaluation %u and QE identity of %u, expected at least %u",
                           t->tcb_evaluation_number, t->qe_evaluation_number,
                           policy->min_evaluation_number);
    return ERR_OK;
}

enum err_code step_platform_allowed(const struct attest_policy *policy,
                                    const struct attest_facts *facts, int64_t now,
                                    enum attest_fault *fault, struct err *e)
{
    const struct pck_extension *x = &facts->pck;
    char hex[HEX_LEN(16)];

    (void)now;
    hex_encode(BYTES(x->fmspc), hex);
    if (policy->n_fmspc > 0 && !listed(x->fmspc, policy->fmspc, policy->n_fmspc, sizeof x->fmspc))
        return attest_fail(fault, e, FAULT_PLATFORM_DENIED,
                           "FMSPC %s is not among those that policy lists", hex);
    hex_encode(BYTES(x->ppid), hex);
    if (policy->n_ppid > 0 && !listed(x->ppid, policy->ppid, policy->n_ppid, sizeof x->ppid))
        return attest_fail(fault, e, FAULT_PLATFORM_DENIED,
                           "PPID %s is not among those that policy lists", hex);
    hex_encode(BYTES(x->platform_instance_id), hex);
    if (policy->n_instance > 0 &&
        (!x->has_instance || !listed(x->platform_instance_id, policy->instance, policy->n_instance,
                                     sizeof x->platform_instance_id)))
        return attest_fail(fault, e, FAULT_PLATFORM_DENIED,
                           "platform instance %s is not among those that policy lists",
                           x->has_instance ? hex : "(none)");
    return ERR_OK;
}

enum err_code step_paravisor(const struct attest_policy *policy, const struct attest_facts *facts,
                             int64_t now, enum attest_fault *fault, struct err *e)
{
    const uint8_t *mrtd = facts->measurements.mrtd;
    char hex[HEX_LEN(48)];

    (void)now;
    hex_encode(BYTES(facts->measurements.mrtd), hex);
    if (policy->n_paravisor > 0 &&
        !listed(mrtd, policy->paravisor, policy->n_paravisor, sizeof facts->measurements.mrtd))
        return attest_fail(fault, e, FAULT_PARAVISOR,
                           "MRTD %s is not among the paravisors that policy lists", hex);
    return ERR_OK;
}

enum err_code attest_policy_judge(const struct attest_policy *policy,
                                  const struct attest_facts *facts, int64_t now,
                                  enum attest_fault *fault, struct err *e)
{
    static policy_step *const td[] = {step_td_attributes, step_td_xfam, step_td_seam,
                                      step_td_service, step_td_owner};
    static policy_step *const platform[] = {step_tcb_status, step_advisories,
                                            step_evaluation_number, step_platform_allowed};

    if (!facts->has_tcb)
        return attest_fail(fault, e, FAULT_COLLATERAL_MISSING, "the TCB was not evaluated");
    for (size_t i = 0; i < sizeof td / sizeof td[0] && facts->tee == QUOTE_TEE_TDX; i++)
        TRY(td[i](policy, facts, now, fault, e));
    if (facts->measurements.kind == TEE_AZURE_TDX)
        TRY(step_paravisor(policy, facts, now, fault, e));
    for (size_t i = 0; i < sizeof platform / sizeof platform[0]; i++)
        TRY(platform[i](policy, facts, now, fault, e));
    return ERR_OK;
}
