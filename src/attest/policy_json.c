/* A policy as people write it. */
#include "attest/policy.h"

#include "base/codec.h"

#define POLICY_TEXT_MAX 65536
#define DAY_S           86400

static uint64_t little(const uint8_t b[static 8])
{
    uint64_t v = 0;

    for (size_t i = 8; i > 0; i--)
        v = v << 8 | b[i - 1];
    return v;
}

static void put_little(uint64_t v, uint8_t ret[static 8])
{
    for (size_t i = 0; i < 8; i++)
        ret[i] = (uint8_t)(v >> (8 * i));
}

/* ---- reading ---- */

static enum err_code get_bits(const json *obj, const char *member, uint64_t *ret, struct err *e)
{
    uint8_t b[8];

    if (!json_has(obj, member))
        return ERR_OK;
    TRY(json_get_hex(obj, member, b, sizeof b, e));
    *ret = little(b);
    return ERR_OK;
}

/* exact: "td_attributes"; it stands for both bounds. */
static enum err_code get_range(const json *obj, const char *exact, const char *required,
                               const char *allowed, uint64_t *ret_required, uint64_t *ret_allowed,
                               struct err *e)
{
    if (json_has(obj, exact) && (json_has(obj, required) || json_has(obj, allowed)))
        return err_set(e, ERR_INVALID,
                       "\"%s\" stands for \"%s\" and \"%s\": give one or the others", exact,
                       required, allowed);
    TRY(get_bits(obj, exact, ret_required, e));
    if (json_has(obj, exact))
        *ret_allowed = *ret_required;
    TRY(get_bits(obj, required, ret_required, e));
    return get_bits(obj, allowed, ret_allowed, e);
}

static enum err_code get_entries(const json *list, const char *member, size_t size, uint8_t *first,
                                 size_t *ret_n, struct err *e)
{
    size_t n = json_len(list);

    if (n > POLICY_LIST_MAX)
        return err_set(e, ERR_TOO_LARGE, "\"%s\" has %zu entries, at most %d", member, n,
                       POLICY_LIST_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *hex = json_str(json_at(list, i));

        if (!hex)
            return err_set(e, ERR_INVALID, "\"%s\" has an entry that is no text", member);
        TRY_IN(e, hex_decode_0x(bytes_of_str(hex), first + i * size, size, e), "\"%s\"", member);
    }
    *ret_n = n;
    return ERR_OK;
}

static enum err_code get_list(const json *obj, const char *member, size_t size, uint8_t *first,
                              size_t *ret_n, struct err *e)
{
    const json *list;

    if (!json_has(obj, member))
        return ERR_OK;
    TRY(json_get_array(obj, member, &list, e));
    return get_entries(list, member, size, first, ret_n, e);
}

static enum err_code get_rule(const json *obj, const char *member, struct policy_mr *ret,
                              struct err *e)
{
    const json *node;
    const char *word;

    if (!json_has(obj, member))
        return ERR_OK;
    TRY(json_get(obj, member, &node, e));
    word = json_str(node);
    if (word && strcmp(word, "any") == 0) {
        ret->rule = POLICY_ANY;
    } else if (word && strcmp(word, "zero") == 0) {
        ret->rule = POLICY_ZERO;
    } else if (json_is_array(node)) {
        ret->rule = POLICY_LISTED;
        return get_entries(node, member, 48, ret->listed[0].b, &ret->n, e);
    } else {
        return err_set(e, ERR_INVALID, "\"%s\": expected \"any\", \"zero\" or a list", member);
    }
    return ERR_OK;
}

static enum err_code get_statuses(const json *obj, tcb_status_set *ret, struct err *e)
{
    const json *list;
    enum tcb_status s;

    if (!json_has(obj, "statuses"))
        return ERR_OK;
    TRY(json_get_array(obj, "statuses", &list, e));
    *ret = 0;
    for (size_t i = 0; i < json_len(list); i++) {
        const char *name = json_str(json_at(list, i));

        TRY_IN(e, tcb_status_parse(bytes_of_str(name ? name : ""), &s, e), "\"statuses\"");
        if (s == TCB_REVOKED)
            return err_set(e, ERR_INVALID, "\"statuses\": Revoked is never acceptable");
        *ret |= TCB_STATUS_BIT(s);
    }
    return ERR_OK;
}

static enum err_code get_advisories(const json *obj, struct attest_policy *p, struct err *e)
{
    const json *list;

    if (!json_has(obj, "denied_advisories"))
        return ERR_OK;
    TRY(json_get_array(obj, "denied_advisories", &list, e));
    if (json_len(list) > POLICY_LIST_MAX)
        return err_set(e, ERR_TOO_LARGE, "\"denied_advisories\" has at most %d entries",
                       POLICY_LIST_MAX);
    for (size_t i = 0; i < json_len(list); i++) {
        const char *id = json_str(json_at(list, i));
        size_t n = id ? strlen(id) : 0;

        if (n == 0 || n >= POLICY_ADVISORY_LEN)
            return err_set(e, ERR_INVALID,
                           "\"denied_advisories\": expected names like INTEL-SA-00837, of at most "
                           "%d characters",
                           POLICY_ADVISORY_LEN - 1);
        memcpy(p->denied_advisories[i].id, id, n);
    }
    p->n_denied_advisories = json_len(list);
    return ERR_OK;
}

static enum err_code get_u32(const json *obj, const char *member, uint64_t max, uint32_t scale,
                             uint32_t *ret, struct err *e)
{
    uint64_t v;

    if (!json_has(obj, member))
        return ERR_OK;
    TRY(json_get_u64(obj, member, max / scale, &v, e));
    *ret = (uint32_t)(v * scale);
    return ERR_OK;
}

enum err_code attest_policy_from_json(const json *obj, struct attest_policy *ret, struct err *e)
{
    static const char *const members[] = {"statuses",
                                          "tcb_grace_days",
                                          "collateral_grace_seconds",
                                          "min_evaluation_number",
                                          "denied_advisories",
                                          "td_attributes",
                                          "td_attributes_required",
                                          "td_attributes_allowed",
                                          "xfam",
                                          "xfam_required",
                                          "xfam_allowed",
                                          "mrseam",
                                          "service_td",
                                          "mrservicetd",
                                          "mrconfigid",
                                          "mrowner",
                                          "mrownerconfig",
                                          "fmspc",
                                          "ppid",
                                          "platform_instance",
                                          "paravisor",
                                          NULL};
    struct attest_policy p = attest_policy_default;

    TRY(json_only(obj, members, e));
    TRY(get_statuses(obj, &p.statuses, e));
    TRY(get_u32(obj, "tcb_grace_days", UINT32_MAX, DAY_S, &p.tcb_grace_s, e));
    TRY(get_u32(obj, "collateral_grace_seconds", UINT32_MAX, 1, &p.collateral_grace_s, e));
    TRY(get_u32(obj, "min_evaluation_number", UINT32_MAX, 1, &p.min_evaluation_number, e));
    TRY(get_advisories(obj, &p, e));
    TRY(get_range(obj, "td_attributes", "td_attributes_required", "td_attributes_allowed",
                  &p.attributes_required, &p.attributes_allowed, e));
    TRY(get_range(obj, "xfam", "xfam_required", "xfam_allowed", &p.xfam_required, &p.xfam_allowed,
                  e));
    if (json_has(obj, "service_td"))
        TRY(json_get_bool(obj, "service_td", &p.service_td, e));
    TRY(get_list(obj, "mrseam", 48, p.mrseam[0].b, &p.n_mrseam, e));
    TRY(get_list(obj, "mrservicetd", 48, p.mrservicetd[0].b, &p.n_mrservicetd, e));
    TRY(get_rule(obj, "mrconfigid", &p.mrconfigid, e));
    TRY(get_rule(obj, "mrowner", &p.mrowner, e));
    TRY(get_rule(obj, "mrownerconfig", &p.mrownerconfig, e));
    TRY(get_list(obj, "fmspc", 6, p.fmspc[0].b, &p.n_fmspc, e));
    TRY(get_list(obj, "ppid", 16, p.ppid[0].b, &p.n_ppid, e));
    TRY(get_list(obj, "platform_instance", 16, p.instance[0].b, &p.n_instance, e));
    TRY(get_list(obj, "paravisor", 48, p.paravisor[0].b, &p.n_paravisor, e));
    attest_policy_sort(&p);
    *ret = p;
    return ERR_OK;
}

enum err_code attest_policy_decode_json(struct bytes text, struct attest_policy *ret, struct err *e)
{
    AUTO(json) obj = NULL;

    TRY_IN(e, json_parse(text, POLICY_TEXT_MAX, &obj, e), "attestation policy");
    TRY_IN(e, attest_policy_from_json(obj, ret, e), "attestation policy");
    return ERR_OK;
}

/* ---- writing ---- */

static enum err_code put_bits(json *obj, const char *member, uint64_t v, struct err *e)
{
    uint8_t b[8];

    put_little(v, b);
    return json_put_hex(obj, member, BYTES(b), e);
}

static enum err_code put_list(json *obj, const char *member, const uint8_t *first, size_t size,
                              size_t n, struct err *e)
{
    AUTO(json) list = NULL;
    char hex[HEX_LEN(48)];

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < n; i++) {
        hex_encode((struct bytes){first + i * size, size}, hex);
        TRY(json_append_str(list, hex, e));
    }
    return json_put(obj, member, TAKE(list), e);
}

static enum err_code put_rule(json *obj, const char *member, const struct policy_mr *m,
                              struct err *e)
{
    if (m->rule != POLICY_LISTED)
        return json_put_str(obj, member, m->rule == POLICY_ANY ? "any" : "zero", e);
    return put_list(obj, member, m->listed[0].b, 48, m->n, e);
}

static enum err_code put_names(json *obj, const struct attest_policy *p, struct err *e)
{
    AUTO(json) statuses = NULL;
    AUTO(json) advisories = NULL;

    TRY(json_new_array(&statuses, e));
    for (int s = 0; s < TCB_STATUS_COUNT; s++)
        if (p->statuses & TCB_STATUS_BIT(s))
            TRY(json_append_str(statuses, tcb_status_name((enum tcb_status)s), e));
    TRY(json_put(obj, "statuses", TAKE(statuses), e));
    TRY(json_new_array(&advisories, e));
    for (size_t i = 0; i < p->n_denied_advisories; i++)
        TRY(json_append_str(advisories, p->denied_advisories[i].id, e));
    return json_put(obj, "denied_advisories", TAKE(advisories), e);
}

enum err_code attest_policy_to_json(const struct attest_policy *p, json **ret, struct err *e)
{
    AUTO(json) obj = NULL;

    TRY(json_new_object(&obj, e));
    TRY(put_names(obj, p, e));
    TRY(json_put_u64(obj, "tcb_grace_days", p->tcb_grace_s / DAY_S, e));
    TRY(json_put_u64(obj, "collateral_grace_seconds", p->collateral_grace_s, e));
    TRY(json_put_u64(obj, "min_evaluation_number", p->min_evaluation_number, e));
    TRY(put_bits(obj, "td_attributes_required", p->attributes_required, e));
    TRY(put_bits(obj, "td_attributes_allowed", p->attributes_allowed, e));
    TRY(put_bits(obj, "xfam_required", p->xfam_required, e));
    TRY(put_bits(obj, "xfam_allowed", p->xfam_allowed, e));
    TRY(put_list(obj, "mrseam", p->mrseam[0].b, 48, p->n_mrseam, e));
    TRY(json_put_bool(obj, "service_td", p->service_td, e));
    TRY(put_list(obj, "mrservicetd", p->mrservicetd[0].b, 48, p->n_mrservicetd, e));
    TRY(put_rule(obj, "mrconfigid", &p->mrconfigid, e));
    TRY(put_rule(obj, "mrowner", &p->mrowner, e));
    TRY(put_rule(obj, "mrownerconfig", &p->mrownerconfig, e));
    TRY(put_list(obj, "fmspc", p->fmspc[0].b, 6, p->n_fmspc, e));
    TRY(put_list(obj, "ppid", p->ppid[0].b, 16, p->n_ppid, e));
    TRY(put_list(obj, "platform_instance", p->instance[0].b, 16, p->n_instance, e));
    TRY(put_list(obj, "paravisor", p->paravisor[0].b, 48, p->n_paravisor, e));
    *ret = TAKE(obj);
    return ERR_OK;
}
