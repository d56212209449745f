#include "attest/tcb.h"

#include <stdio.h>
#include "base/codec.h"

#define SGX_ATTRIBUTES_DEBUG 0x02 /* of the first byte */

static bool masked_eq(struct bytes found, const uint8_t *wanted, const uint8_t *mask)
{
    for (size_t i = 0; i < found.n; i++)
        if ((found.p[i] & mask[i]) != wanted[i])
            return false;
    return true;
}

enum err_code tcb_qe_identity(const struct sgx_report *qe, const struct qe_identity *id,
                              enum attest_fault *fault, struct err *e)
{
    char hex[HEX_LEN(32)];

    if (!masked_eq(BYTES(qe->miscselect), id->miscselect, id->miscselect_mask))
        return attest_fail(fault, e, FAULT_QE_IDENTITY_MISCSELECT,
                           "MISCSELECT of the quoting enclave is not Intel's");
    hex_encode(BYTES(qe->attributes), hex);
    /* DEBUG whatever the mask leaves out: its host reads the enclave's keys. */
    if (!masked_eq(BYTES(qe->attributes), id->attributes, id->attributes_mask) ||
        qe->attributes[0] & SGX_ATTRIBUTES_DEBUG)
        return attest_fail(fault, e, FAULT_QE_IDENTITY_ATTRIBUTES,
                           "ATTRIBUTES %s of the quoting enclave are not Intel's (DEBUG is bit 1)",
                           hex);
    hex_encode(BYTES(qe->mrsigner), hex);
    if (!bytes_eq(BYTES(qe->mrsigner), BYTES(id->mrsigner)))
        return attest_fail(fault, e, FAULT_QE_IDENTITY_MRSIGNER,
                           "MRSIGNER %s: the quoting enclave is not Intel's", hex);
    if (qe->isvprodid != id->isvprodid)
        return attest_fail(fault, e, FAULT_QE_IDENTITY_ISVPRODID,
                           "ISVPRODID %u: another enclave of Intel's, expected %u", qe->isvprodid,
                           id->isvprodid);
    return ERR_OK;
}

static const struct tcb_verdict *isv_level(const struct isv_level *levels, size_t n, unsigned svn)
{
    for (size_t i = 0; i < n; i++)
        if (svn >= levels[i].isvsvn)
            return &levels[i].verdict;
    return NULL;
}

enum err_code tcb_qe_level(const struct sgx_report *qe, const struct qe_identity *id,
                           const struct tcb_verdict **ret, enum attest_fault *fault, struct err *e)
{
    const struct tcb_verdict *v = isv_level(id->levels, id->n_levels, qe->isvsvn);

    if (!v)
        return attest_fail(fault, e, FAULT_QE_NOT_SUPPORTED,
                           "ISVSVN %u of the quoting enclave is older than every level "
                           "(the oldest is %u)",
                           qe->isvsvn, id->levels[id->n_levels - 1].isvsvn);
    *ret = v;
    return ERR_OK;
}

enum err_code tcb_module(const struct td_report *td, const uint8_t tee_tcb_svn[static 16],
                         const struct tcb_info *info, const struct tcb_verdict **ret,
                         enum attest_fault *fault, struct err *e)
{
    const uint8_t version = tee_tcb_svn[1];
    const struct tdx_module *m = NULL;
    const struct tcb_verdict *v;

    for (size_t i = 0; i < info->n_modules; i++)
        if (info->modules[i].version == version)
            m = &info->modules[i];
    if (!m)
        return attest_fail(fault, e, FAULT_TDX_MODULE_MISMATCH,
                           "the TCB info knows no TDX module of version %u", version);
    if (!bytes_eq(BYTES(td->mrsignerseam), BYTES(m->mrsigner)))
        return attest_fail(fault, e, FAULT_TDX_MODULE_MISMATCH,
                           "MRSIGNERSEAM is not that of Intel's TDX module");
    if (!masked_eq(BYTES(td->seam_attributes), m->attributes, m->attributes_mask) ||
        !bytes_all_zero(BYTES(td->seam_attributes)))
        return attest_fail(fault, e, FAULT_TDX_MODULE_MISMATCH,
                           "SEAMATTRIBUTES are not those of Intel's TDX module");
    if (version == 0) {
        *ret = NULL;
        return ERR_OK;
    }
    v = isv_level(m->levels, m->n_levels, tee_tcb_svn[0]);
    if (!v)
        return attest_fail(fault, e, FAULT_TCB_NOT_SUPPORTED,
                           "TDX module SVN %u of version %u is older than every level",
                           tee_tcb_svn[0], version);
    *ret = v;
    return ERR_OK;
}

static bool reaches(const struct pck_tcb *pck, const uint8_t *tee_tcb_svn,
                    const struct tcb_level *level)
{
    for (size_t i = 0; i < 16; i++)
        if (pck->comp[i] < level->sgx[i])
            return false;
    if (pck->pcesvn < level->pcesvn)
        return false;
    if (!tee_tcb_svn)
        return true;
    /* With a module version the first two are the module's own affair (tcb_module). */
    for (size_t i = tee_tcb_svn[1] > 0 ? 2 : 0; i < 16; i++)
        if (tee_tcb_svn[i] < level->tdx[i])
            return false;
    return true;
}

enum err_code tcb_platform(const struct pck_tcb *pck, const uint8_t *tee_tcb_svn,
                           const struct tcb_info *info, const struct tcb_verdict **ret,
                           enum attest_fault *fault, struct err *e)
{
    for (size_t i = 0; i < info->n_levels; i++)
        if (reaches(pck, tee_tcb_svn, &info->levels[i])) {
            *ret = &info->levels[i].verdict;
            return ERR_OK;
        }
    return attest_fail(fault, e, FAULT_TCB_NOT_SUPPORTED,
                       "the platform is older than every level of the TCB info");
}

/* ---- J ---- */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct tcb_advisory *)a)->id, ((const struct tcb_advisory *)b)->id);
}

static enum err_code add_advisories(struct tcb_evaluation *t, const struct tcb_verdict *v,
                                    const struct tcb_advisory *list, enum attest_fault *fault,
                                    struct err *e)
{
    for (size_t i = 0; i < v->n_advisories; i++) {
        const struct tcb_advisory *a = &list[v->first_advisory + i];
        bool there = false;

        for (size_t k = 0; k < t->n_advisories && !there; k++)
            there = strcmp(t->advisories[k].id, a->id) == 0;
        if (there)
            continue;
        if (t->n_advisories == TCB_EVALUATION_ADVISORIES)
            return attest_fail(fault, e, FAULT_TCB_NOT_SUPPORTED,
                               "more than %d advisories concern this platform",
                               TCB_EVALUATION_ADVISORIES);
        t->advisories[t->n_advisories++] = *a;
    }
    return ERR_OK;
}

static enum err_code add_verdict(struct tcb_evaluation *t, const struct tcb_verdict *v,
                                 const struct tcb_advisory *list, enum attest_fault *fault,
                                 struct err *e)
{
    if (v->date < t->date)
        t->date = v->date;
    return add_advisories(t, v, list, fault, e);
}

/* One evaluation; its parts go into *t. */
static enum err_code evaluate_once(const struct td_report *td, const uint8_t *svn,
                                   const struct pck_tcb *pck, const struct tcb_info *info,
                                   const struct tcb_verdict *qe, struct tcb_evaluation *t,
                                   enum tcb_status *ret, enum attest_fault *fault, struct err *e)
{
    const struct tcb_verdict *platform, *module = NULL;

    if (td)
        TRY(tcb_module(td, svn, info, &module, fault, e));
    TRY(tcb_platform(pck, svn, info, &platform, fault, e));
    t->platform = platform->status;
    t->module = module ? module->status : TCB_UP_TO_DATE;
    *ret = tcb_status_merge(tcb_status_merge(platform->status, t->module), qe->status);
    TRY(add_verdict(t, platform, info->advisories, fault, e));
    return module ? add_verdict(t, module, info->advisories, fault, e) : ERR_OK;
}

enum err_code tcb_evaluate(const struct td_report *td, bool td15, const struct pck_tcb *pck,
                           const struct tcb_info *info, const struct tcb_verdict *qe,
                           const struct qe_identity *id, struct tcb_evaluation *ret,
                           enum attest_fault *fault, struct err *e)
{
    struct tcb_evaluation t, ignored;
    enum tcb_status current;

    t.n_advisories = 0;
    t.date = INT64_MAX;
    t.qe = qe->status;
    t.tcb_evaluation_number = info->evaluation_number;
    t.qe_evaluation_number = id->evaluation_number;
    TRY(evaluate_once(td, td ? td->tee_tcb_svn : NULL, pck, info, qe, &t, &t.status, fault, e));
    TRY(add_verdict(&t, qe, id->advisories, fault, e));
    if (td15) {
        ignored.n_advisories = 0;
        ignored.date = INT64_MAX;
        /* What runs now and is known to nobody is refused like what ran at the launch. */
        TRY(evaluate_once(td, td->tee_tcb_svn2, pck, info, qe, &ignored, &current, fault, e));
        t.status = tcb_status_relaunch(t.status, current);
    }
    qsort(t.advisories, t.n_advisories, sizeof t.advisories[0], by_id);
    *ret = t;
    return ERR_OK;
}
