/* The canonical encoding of a policy: what configurations and contracts hold the hash of. */
#include "attest/policy.h"

#include "base/rd.h"
#include "crypto/digest.h"

static const char domain[] = "teereg-policy-v2"; /* hashed with its NUL */

const struct attest_policy attest_policy_default = {
    .attributes_required = TD_SEPT_VE_DISABLE,
    .attributes_allowed = TD_SEPT_VE_DISABLE | TD_PKS,
    .xfam_required = XFAM_FIXED,
    .xfam_allowed = XFAM_KNOWN,
    .statuses = TCB_STATUS_BIT(TCB_UP_TO_DATE),
};

bool attest_policy_has_tag(unsigned tag)
{
    return tag == POLICY_TAG_TD || tag == POLICY_TAG_COLLATERAL_GRACE ||
           (tag >= POLICY_TAG_STATUSES && tag <= POLICY_TAG_LAST);
}

/* A list of entries of one size, as a field of the struct. */
struct list {
    size_t *n;
    uint8_t *first;
    size_t size;
    bool text;              /* NUL-padded names, each written as lp */
    enum policy_rule *rule; /* a u8 before the entries; NULL: none */
};

static bool list_of(struct attest_policy *p, unsigned tag, struct list *ret)
{
    switch (tag) {
    case POLICY_TAG_DENIED_ADVISORIES:
        *ret = (struct list){&p->n_denied_advisories, (uint8_t *)p->denied_advisories[0].id,
                             POLICY_ADVISORY_LEN, true, NULL};
        return true;
    case POLICY_TAG_MRSEAM:
        *ret = (struct list){&p->n_mrseam, p->mrseam[0].b, 48, false, NULL};
        return true;
    case POLICY_TAG_MRSERVICETD:
        *ret = (struct list){&p->n_mrservicetd, p->mrservicetd[0].b, 48, false, NULL};
        return true;
    case POLICY_TAG_MRCONFIGID:
        *ret = (struct list){&p->mrconfigid.n, p->mrconfigid.listed[0].b, 48, false,
                             &p->mrconfigid.rule};
        return true;
    case POLICY_TAG_MROWNER:
        *ret = (struct list){&p->mrowner.n, p->mrowner.listed[0].b, 48, false, &p->mrowner.rule};
        return true;
    case POLICY_TAG_MROWNERCONFIG:
        *ret = (struct list){&p->mrownerconfig.n, p->mrownerconfig.listed[0].b, 48, false,
                             &p->mrownerconfig.rule};
        return true;
    case POLICY_TAG_FMSPC:
        *ret = (struct list){&p->n_fmspc, p->fmspc[0].b, 6, false, NULL};
        return true;
    case POLICY_TAG_PPID:
        *ret = (struct list){&p->n_ppid, p->ppid[0].b, 16, false, NULL};
        return true;
    case POLICY_TAG_INSTANCE:
        *ret = (struct list){&p->n_instance, p->instance[0].b, 16, false, NULL};
        return true;
    case POLICY_TAG_PARAVISOR:
        *ret = (struct list){&p->n_paravisor, p->paravisor[0].b, 48, false, NULL};
        return true;
    default:
        return false;
    }
}

static void put_field(struct buf *out, unsigned tag, const struct buf *value)
{
    buf_put_u16be(out, (uint16_t)tag);
    buf_put_lp(out, buf_bytes(value));
    out->bad |= value->bad;
}

static void put_u32(struct buf *out, unsigned tag, uint32_t v)
{
    struct buf value AUTO_CALL(buf_done) = BUF(4);

    if (v == 0)
        return;
    buf_put_u32be(&value, v);
    put_field(out, tag, &value);
}

static void put_td(struct buf *out, const struct attest_policy *p)
{
    const struct attest_policy *d = &attest_policy_default;
    struct buf value AUTO_CALL(buf_done) = BUF(64);

    if (p->attributes_required == d->attributes_required &&
        p->attributes_allowed == d->attributes_allowed && p->xfam_required == d->xfam_required &&
        p->xfam_allowed == d->xfam_allowed && p->service_td == d->service_td)
        return;
    buf_put_u64be(&value, p->attributes_required);
    buf_put_u64be(&value, p->attributes_allowed);
    buf_put_u64be(&value, p->xfam_required);
    buf_put_u64be(&value, p->xfam_allowed);
    buf_put_u8(&value, p->service_td);
    put_field(out, POLICY_TAG_TD, &value);
}

static void put_statuses(struct buf *out, const struct attest_policy *p)
{
    struct buf value AUTO_CALL(buf_done) = BUF(2);

    if (p->statuses == attest_policy_default.statuses)
        return;
    buf_put_u16be(&value, p->statuses);
    put_field(out, POLICY_TAG_STATUSES, &value);
}

static void put_list(struct buf *out, unsigned tag, const struct list *l)
{
    struct buf value AUTO_CALL(buf_done) = BUF(POLICY_TLVS_MAX);

    if (*l->n == 0 && (!l->rule || *l->rule == POLICY_ANY))
        return;
    if (l->rule)
        buf_put_u8(&value, (uint8_t)*l->rule);
    for (size_t i = 0; i < *l->n; i++) {
        const uint8_t *entry = l->first + i * l->size;

        if (l->text)
            buf_put_lp(&value, bytes_of_str((const char *)entry));
        else
            buf_put(&value, (struct bytes){entry, l->size});
    }
    put_field(out, tag, &value);
}

void attest_policy_put(const struct attest_policy *p, unsigned from, unsigned to, struct buf *ret)
{
    struct attest_policy copy = *p; /* list_of points into what it is given */
    struct list l;

    for (unsigned tag = from; tag <= to; tag++) {
        if (tag == POLICY_TAG_TD)
            put_td(ret, p);
        else if (tag == POLICY_TAG_COLLATERAL_GRACE)
            put_u32(ret, tag, p->collateral_grace_s);
        else if (tag == POLICY_TAG_STATUSES)
            put_statuses(ret, p);
        else if (tag == POLICY_TAG_TCB_GRACE)
            put_u32(ret, tag, p->tcb_grace_s);
        else if (tag == POLICY_TAG_MIN_EVALUATION)
            put_u32(ret, tag, p->min_evaluation_number);
        else if (list_of(&copy, tag, &l))
            put_list(ret, tag, &l);
    }
}

static enum err_code read_td(struct rd *r, struct attest_policy *p, struct err *e)
{
    uint8_t service_td;

    p->attributes_required = rd_u64be(r);
    p->attributes_allowed = rd_u64be(r);
    p->xfam_required = rd_u64be(r);
    p->xfam_allowed = rd_u64be(r);
    service_td = rd_u8(r);
    p->service_td = service_td != 0;
    if (service_td > 1)
        return err_set(e, ERR_INVALID, "a switch of %u: 0 and 1 are possible", service_td);
    return ERR_OK;
}

static enum err_code read_entry(struct rd *r, const struct list *l, uint8_t *to, struct err *e)
{
    struct bytes name;

    if (!l->text) {
        rd_copy(r, to, l->size);
        return ERR_OK;
    }
    name = rd_lp(r, l->size - 1);
    if (rd_ok(r) && (name.n == 0 || memchr(name.p, 0, name.n)))
        return err_set(e, ERR_INVALID, "a name of a policy is empty or has a NUL");
    if (rd_ok(r))
        memcpy(to, name.p, name.n);
    return ERR_OK;
}

/* Ascending, so that one policy has one encoding. */
static enum err_code read_list(struct rd *r, const struct list *l, struct err *e)
{
    if (l->rule) {
        uint8_t rule = rd_u8(r);

        if (rule > POLICY_LISTED)
            return err_set(e, ERR_INVALID, "a rule of %u", rule);
        *l->rule = (enum policy_rule)rule;
        if (rule != POLICY_LISTED && r->left > 0)
            return err_set(e, ERR_INVALID, "a list where the rule has none");
    }
    for (*l->n = 0; rd_ok(r) && r->left > 0; ++*l->n) {
        uint8_t *at = l->first + *l->n * l->size;

        if (*l->n == POLICY_LIST_MAX)
            return err_set(e, ERR_TOO_LARGE, "a list of a policy has at most %d entries",
                           POLICY_LIST_MAX);
        TRY(read_entry(r, l, at, e));
        if (rd_ok(r) && *l->n > 0 && __builtin_memcmp(at - l->size, at, l->size) >= 0)
            return err_set(e, ERR_INVALID, "a list of a policy is not ascending");
    }
    return ERR_OK;
}

enum err_code attest_policy_read(struct attest_policy *p, unsigned tag, struct bytes value,
                                 struct err *e)
{
    struct rd r = rd_of(value);
    struct list l;

    if (tag == POLICY_TAG_TD) {
        TRY(read_td(&r, p, e));
    } else if (tag == POLICY_TAG_COLLATERAL_GRACE) {
        p->collateral_grace_s = rd_u32be(&r);
    } else if (tag == POLICY_TAG_STATUSES) {
        p->statuses = rd_u16be(&r);
        if (p->statuses & ~TCB_STATUS_ANY)
            return err_set(e, ERR_INVALID, "a policy that accepts what is never accepted: 0x%x",
                           p->statuses);
    } else if (tag == POLICY_TAG_TCB_GRACE) {
        p->tcb_grace_s = rd_u32be(&r);
    } else if (tag == POLICY_TAG_MIN_EVALUATION) {
        p->min_evaluation_number = rd_u32be(&r);
    } else if (list_of(p, tag, &l)) {
        TRY(read_list(&r, &l, e));
    } else {
        return err_set(e, ERR_INVALID,
                       "a policy field with tag %u, which this version does not know", tag);
    }
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID, "the field with tag %u has a wrong length", tag);
    return ERR_OK;
}

enum err_code attest_policy_encode(const struct attest_policy *p, struct buf *ret, struct err *e)
{
    attest_policy_put(p, POLICY_TAG_TD, POLICY_TAG_LAST, ret);
    return buf_check(ret, e);
}

enum err_code attest_policy_decode(struct bytes tlvs, struct attest_policy *ret, struct err *e)
{
    struct buf again AUTO_CALL(buf_done) = BUF(POLICY_TLVS_MAX);
    struct attest_policy p = attest_policy_default;
    struct rd r = rd_of(tlvs);
    unsigned last = 0;

    while (rd_ok(&r) && r.left > 0) {
        unsigned tag = rd_u16be(&r);
        struct bytes value = rd_lp(&r, POLICY_TLVS_MAX);

        if (!rd_ok(&r))
            break;
        if (tag <= last)
            return err_set(e, ERR_INVALID, "tag %u after tag %u: tags ascend", tag, last);
        last = tag;
        TRY(attest_policy_read(&p, tag, value, e));
    }
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID, "the policy ends within a field");
    TRY(attest_policy_encode(&p, &again, e));
    if (!bytes_eq(buf_bytes(&again), tlvs))
        return err_set(e, ERR_INVALID, "a field is written out though it has its default");
    *ret = p;
    return ERR_OK;
}

enum err_code attest_policy_hash(const struct attest_policy *p, struct hash32 *ret, struct err *e)
{
    struct buf body AUTO_CALL(buf_done) = BUF(POLICY_BODY_MAX);

    TRY(attest_policy_body(p, &body, e));
    sha256(buf_bytes(&body), ret);
    return ERR_OK;
}

enum err_code attest_policy_body(const struct attest_policy *p, struct buf *ret, struct err *e)
{
    buf_put(ret, BYTES(domain));
    return attest_policy_encode(p, ret, e);
}

enum err_code attest_policy_body_decode(struct bytes body, struct attest_policy *ret, struct err *e)
{
    struct rd r = rd_of(body);

    if (!bytes_eq(rd_take(&r, sizeof domain), BYTES(domain)))
        return err_set(e, ERR_INVALID, "no attestation policy: expected \"%s\" in front", domain);
    return attest_policy_decode(rd_take(&r, r.left), ret, e);
}

static int by_bytes(const void *a, const void *b, void *size)
{
    return __builtin_memcmp(a, b, *(const size_t *)size);
}

void attest_policy_sort(struct attest_policy *p)
{
    struct list l;

    for (unsigned tag = POLICY_TAG_TD; tag <= POLICY_TAG_LAST; tag++)
        if (list_of(p, tag, &l)) {
            size_t kept = 0;

            qsort_r(l.first, *l.n, l.size, by_bytes, &l.size);
            for (size_t i = 0; i < *l.n; i++) {
                uint8_t *entry = l.first + i * l.size;

                if (kept > 0 && by_bytes(l.first + (kept - 1) * l.size, entry, &l.size) == 0)
                    continue;
                memmove(l.first + kept++ * l.size, entry, l.size);
            }
            *l.n = kept;
        }
}
