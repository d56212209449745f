#include "attest/tcb_info.h"

#include <ctype.h>
#include "base/clock.h"
#include "base/json.h"

#define DATE_LEN 20

/* The advisories of one object while it is read. */
struct pool {
    struct tcb_advisory *list;
    size_t n;
};

/* An array of n elements of that size, or NULL for n = 0; bounded by the callers. */
static enum err_code room(size_t n, size_t size, void *ret, struct err *e)
{
    void *p = n ? calloc(n, size) : NULL;

    if (n && !p)
        return err_set(e, ERR_NOMEM, "collateral");
    memcpy(ret, &p, sizeof p);
    return ERR_OK;
}

static enum err_code get_date(const json *obj, const char *member, int64_t *ret, struct err *e)
{
    const char *text;

    TRY(json_get_str(obj, member, DATE_LEN, &text, e));
    if (!clock_parse(text, ret))
        return err_set(e, ERR_INVALID, "\"%s\" is not a time like 2026-01-31T00:00:00Z", member);
    return ERR_OK;
}

static enum err_code get_number(const json *obj, const char *member, uint64_t least, uint64_t most,
                                uint64_t *ret, struct err *e)
{
    TRY(json_get_u64(obj, member, most, ret, e));
    if (*ret < least)
        return err_set(e, ERR_INVALID, "\"%s\" is %llu, expected at least %llu", member,
                       (unsigned long long)*ret, (unsigned long long)least);
    return ERR_OK;
}

static enum err_code expect_number(const json *obj, const char *member, uint64_t wanted,
                                   struct err *e)
{
    uint64_t found;

    return get_number(obj, member, wanted, wanted, &found, e);
}

/* ---- what all levels say ---- */

static enum err_code read_advisories(const json *level, struct pool *pool, struct tcb_verdict *v,
                                     struct err *e)
{
    const json *list;
    size_t n;

    v->first_advisory = (uint16_t)pool->n;
    if (!json_has(level, "advisoryIDs"))
        return ERR_OK;
    TRY(json_get_array(level, "advisoryIDs", &list, e));
    n = json_len(list);
    if (pool->n + n > TCB_ADVISORIES_MAX)
        return err_set(e, ERR_TOO_LARGE, "more than %d advisories", TCB_ADVISORIES_MAX);
    if (n > 0) {
        struct tcb_advisory *more = realloc(pool->list, (pool->n + n) * sizeof *more);

        if (!more)
            return err_set(e, ERR_NOMEM, "collateral");
        pool->list = more;
    }
    for (size_t i = 0; i < n; i++) {
        const char *id = json_str(json_at(list, i));
        size_t len = id ? strlen(id) : 0;

        if (len == 0)
            return err_set(e, ERR_INVALID, "\"advisoryIDs\" has one that is no name");
        if (len >= TCB_ADVISORY_LEN)
            return err_set(e, ERR_INVALID, "\"advisoryIDs\" has one of %zu characters, at most %d",
                           len, TCB_ADVISORY_LEN - 1);
        for (size_t k = 0; k < len; k++)
            if (!isalnum((unsigned char)id[k]) && id[k] != '-')
                return err_set(e, ERR_INVALID, "\"advisoryIDs\" has one that is no name");
        memcpy(pool->list[pool->n + i].id, id, len + 1);
    }
    pool->n += n;
    v->n_advisories = (uint16_t)n;
    return ERR_OK;
}

static enum err_code read_verdict(const json *level, struct pool *pool, struct tcb_verdict *ret,
                                  struct err *e)
{
    static const char *const members[] = {"tcb", "tcbDate", "tcbStatus", "advisoryIDs", NULL};
    const char *status;

    TRY(json_only(level, members, e));
    TRY(get_date(level, "tcbDate", &ret->date, e));
    TRY(json_get_str(level, "tcbStatus", 64, &status, e));
    TRY_IN(e, tcb_status_parse(bytes_of_str(status), &ret->status, e), "\"tcbStatus\"");
    if (ret->status == TCB_RELAUNCH_ADVISED ||
        ret->status == TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED)
        return err_set(e, ERR_INVALID, "\"tcbStatus\" of a level cannot be %s", status);
    return read_advisories(level, pool, ret, e);
}

/* ---- levels of the TDX module and of quoting enclaves: by ISVSVN alone ---- */

/* Of two alike, the worse comes first, and so decides. */
static int by_isvsvn_down(const void *a, const void *b)
{
    const struct isv_level *x = a, *y = b;
    int d = (x->isvsvn < y->isvsvn) - (x->isvsvn > y->isvsvn);

    return d ? d : (int)y->verdict.status - (int)x->verdict.status;
}

/* component: its own statuses are UpToDate, OutOfDate and Revoked alone. */
static enum err_code read_isv_levels(const json *obj, bool component, struct pool *pool,
                                     struct isv_level **ret, size_t *ret_n, struct err *e)
{
    static const char *const members[] = {"isvsvn", NULL};
    const json *list, *tcb;
    struct isv_level *levels;
    size_t n;

    TRY(json_get_array(obj, "tcbLevels", &list, e));
    n = json_len(list);
    if (n == 0 || n > TCB_LEVELS_MAX)
        return err_set(e, ERR_INVALID, "\"tcbLevels\" has %zu, expected 1 to %d", n,
                       TCB_LEVELS_MAX);
    TRY(room(n, sizeof *levels, &levels, e));
    *ret = levels; /* freed by the caller, also on failure */
    *ret_n = n;
    for (size_t i = 0; i < n; i++) {
        const json *level = json_at(list, i);
        uint64_t isvsvn;

        TRY(json_get_object(level, "tcb", &tcb, e));
        TRY(json_only(tcb, members, e));
        TRY(json_get_u64(tcb, "isvsvn", UINT16_MAX, &isvsvn, e));
        levels[i].isvsvn = (uint16_t)isvsvn;
        TRY(read_verdict(level, pool, &levels[i].verdict, e));
        if (component && levels[i].verdict.status != TCB_UP_TO_DATE &&
            levels[i].verdict.status != TCB_OUT_OF_DATE && levels[i].verdict.status != TCB_REVOKED)
            return err_set(e, ERR_INVALID, "a TDX module cannot be %s",
                           tcb_status_name(levels[i].verdict.status));
    }
    qsort(levels, n, sizeof *levels, by_isvsvn_down);
    return ERR_OK;
}

/* ---- TDX modules ---- */

static enum err_code read_module_signer(const json *obj, struct tdx_module *m, struct err *e)
{
    TRY(json_get_hex(obj, "mrsigner", m->mrsigner, sizeof m->mrsigner, e));
    TRY(json_get_hex(obj, "attributes", m->attributes, sizeof m->attributes, e));
    return json_get_hex(obj, "attributesMask", m->attributes_mask, sizeof m->attributes_mask, e);
}

/* "TDX_03": the version in hex, in either case. */
static enum err_code read_module_version(const json *obj, uint8_t *ret, struct err *e)
{
    const char *id;
    unsigned v = 0;

    TRY(json_get_str(obj, "id", 6, &id, e));
    if (strlen(id) != 6 || strncmp(id, "TDX_", 4) != 0 || !isxdigit((unsigned char)id[4]) ||
        !isxdigit((unsigned char)id[5]))
        return err_set(e, ERR_INVALID, "a TDX module with an id that is not like TDX_03");
    for (const char *p = id + 4; *p; p++)
        v = v * 16 + (unsigned)(*p <= '9' ? *p - '0' : (*p | 0x20) - 'a' + 10);
    if (v == 0)
        return err_set(e, ERR_INVALID, "a TDX module identity of version 0");
    *ret = (uint8_t)v;
    return ERR_OK;
}

static enum err_code read_module(const json *obj, struct pool *pool, struct tdx_module *m,
                                 struct err *e)
{
    static const char *const members[] = {"id",        "mrsigner", "attributes", "attributesMask",
                                          "tcbLevels", NULL};

    TRY(json_only(obj, members, e));
    TRY(read_module_version(obj, &m->version, e));
    TRY(read_module_signer(obj, m, e));
    return read_isv_levels(obj, true, pool, &m->levels, &m->n_levels, e);
}

static enum err_code read_modules(const json *obj, struct pool *pool, struct tcb_info *t,
                                  struct err *e)
{
    static const char *const first_members[] = {"mrsigner", "attributes", "attributesMask", NULL};
    const json *first, *list = NULL;
    size_t n = 0;

    TRY(json_get_object(obj, "tdxModule", &first, e));
    TRY(json_only(first, first_members, e));
    if (json_has(obj, "tdxModuleIdentities")) {
        TRY(json_get_array(obj, "tdxModuleIdentities", &list, e));
        n = json_len(list);
    }
    if (n + 1 > TCB_MODULES_MAX)
        return err_set(e, ERR_TOO_LARGE, "more than %d TDX modules", TCB_MODULES_MAX - 1);
    TRY(room(n + 1, sizeof *t->modules, &t->modules, e));
    t->n_modules = n + 1;
    TRY_IN(e, read_module_signer(first, &t->modules[0], e), "\"tdxModule\"");
    for (size_t i = 1; i <= n; i++) {
        TRY_IN(e, read_module(json_at(list, i - 1), pool, &t->modules[i], e),
               "\"tdxModuleIdentities\"");
        for (size_t k = 1; k < i; k++)
            if (t->modules[k].version == t->modules[i].version)
                return err_set(e, ERR_INVALID, "two TDX modules of version %u",
                               t->modules[i].version);
    }
    return ERR_OK;
}

/* ---- levels of the platform ---- */

static int by_level_down(const void *a, const void *b)
{
    const struct tcb_level *x = a, *y = b;
    int d = __builtin_memcmp(y->sgx, x->sgx, sizeof x->sgx);

    if (d == 0)
        d = (x->pcesvn < y->pcesvn) - (x->pcesvn > y->pcesvn);
    return d ? d : __builtin_memcmp(y->tdx, x->tdx, sizeof x->tdx);
}

static enum err_code read_components(const json *tcb, const char *member, uint8_t ret[static 16],
                                     struct err *e)
{
    static const char *const members[] = {"svn", "category", "type", NULL};
    const char *ignored;
    const json *list;
    uint64_t svn;

    TRY(json_get_array(tcb, member, &list, e));
    if (json_len(list) != 16)
        return err_set(e, ERR_INVALID, "\"%s\" has %zu components, expected 16", member,
                       json_len(list));
    for (size_t i = 0; i < 16; i++) {
        const json *c = json_at(list, i);

        TRY(json_only(c, members, e));
        TRY(json_get_u64(c, "svn", UINT8_MAX, &svn, e));
        if (json_has(c, "category"))
            TRY(json_get_str(c, "category", 256, &ignored, e));
        if (json_has(c, "type"))
            TRY(json_get_str(c, "type", 256, &ignored, e));
        ret[i] = (uint8_t)svn;
    }
    return ERR_OK;
}

static enum err_code read_level(const json *obj, struct tcb_info *t, struct pool *pool,
                                struct tcb_level *ret, struct err *e)
{
    static const char *const tdx_members[] = {"sgxtcbcomponents", "pcesvn", "tdxtcbcomponents",
                                              NULL};
    static const char *const sgx_members[] = {"sgxtcbcomponents", "pcesvn", NULL};
    const json *tcb;
    uint64_t pcesvn;

    TRY(json_get_object(obj, "tcb", &tcb, e));
    TRY(json_only(tcb, t->tee == QUOTE_TEE_TDX ? tdx_members : sgx_members, e));
    TRY(read_components(tcb, "sgxtcbcomponents", ret->sgx, e));
    if (t->tee == QUOTE_TEE_TDX)
        TRY(read_components(tcb, "tdxtcbcomponents", ret->tdx, e));
    TRY(json_get_u64(tcb, "pcesvn", UINT16_MAX, &pcesvn, e));
    ret->pcesvn = (uint16_t)pcesvn;
    return read_verdict(obj, pool, &ret->verdict, e);
}

static enum err_code read_levels(const json *obj, struct pool *pool, struct tcb_info *t,
                                 struct err *e)
{
    const json *list;

    TRY(json_get_array(obj, "tcbLevels", &list, e));
    t->n_levels = json_len(list);
    if (t->n_levels == 0 || t->n_levels > TCB_LEVELS_MAX)
        return err_set(e, ERR_INVALID, "\"tcbLevels\" has %zu, expected 1 to %d", t->n_levels,
                       TCB_LEVELS_MAX);
    TRY(room(t->n_levels, sizeof *t->levels, &t->levels, e));
    for (size_t i = 0; i < t->n_levels; i++)
        TRY_IN(e, read_level(json_at(list, i), t, pool, &t->levels[i], e), "TCB level %zu", i);
    qsort(t->levels, t->n_levels, sizeof *t->levels, by_level_down);
    for (size_t i = 1; i < t->n_levels; i++)
        if (by_level_down(&t->levels[i - 1], &t->levels[i]) == 0)
            return err_set(e, ERR_INVALID, "two TCB levels alike");
    return ERR_OK;
}

/* ---- the whole ---- */

static enum err_code read_dates(const json *obj, int64_t *ret_issue, int64_t *ret_next,
                                uint32_t *ret_evaluation, struct err *e)
{
    uint64_t n;

    TRY(get_date(obj, "issueDate", ret_issue, e));
    TRY(get_date(obj, "nextUpdate", ret_next, e));
    if (*ret_issue >= *ret_next)
        return err_set(e, ERR_INVALID, "\"nextUpdate\" is not later than \"issueDate\"");
    TRY(json_get_u64(obj, "tcbEvaluationDataNumber", UINT32_MAX, &n, e));
    *ret_evaluation = (uint32_t)n;
    return ERR_OK;
}

/* id is one of two words, of SGX and of TDX. */
static enum err_code read_tee(const json *obj, const char *sgx, const char *tdx,
                              enum quote_tee *ret, struct err *e)
{
    const char *id;

    TRY(json_get_str(obj, "id", 16, &id, e));
    if (strcmp(id, sgx) != 0 && strcmp(id, tdx) != 0)
        return err_set(e, ERR_INVALID, "\"id\" is neither %s nor %s", sgx, tdx);
    *ret = strcmp(id, tdx) == 0 ? QUOTE_TEE_TDX : QUOTE_TEE_SGX;
    return ERR_OK;
}

static enum err_code read_tcb_info(const json *obj, struct pool *pool, struct tcb_info *t,
                                   struct err *e)
{
    static const char *const tdx_members[] = {"id",        "version",
                                              "issueDate", "nextUpdate",
                                              "fmspc",     "pceId",
                                              "tcbType",   "tcbEvaluationDataNumber",
                                              "tdxModule", "tdxModuleIdentities",
                                              "tcbLevels", NULL};
    static const char *const sgx_members[] = {
        "id",        "version", "issueDate", "nextUpdate",
        "fmspc",     "pceId",   "tcbType",   "tcbEvaluationDataNumber",
        "tcbLevels", NULL};

    TRY(read_tee(obj, "SGX", "TDX", &t->tee, e));
    TRY(json_only(obj, t->tee == QUOTE_TEE_TDX ? tdx_members : sgx_members, e));
    TRY(expect_number(obj, "version", 3, e));
    TRY(expect_number(obj, "tcbType", 0, e));
    TRY(read_dates(obj, &t->issue_date, &t->next_update, &t->evaluation_number, e));
    TRY(json_get_hex(obj, "fmspc", t->fmspc, sizeof t->fmspc, e));
    TRY(json_get_hex(obj, "pceId", t->pceid, sizeof t->pceid, e));
    if (t->tee == QUOTE_TEE_TDX)
        TRY(read_modules(obj, pool, t, e));
    return read_levels(obj, pool, t, e);
}

void tcb_info_done(struct tcb_info *t)
{
    for (size_t i = 0; i < t->n_modules; i++)
        free(t->modules[i].levels);
    free(t->modules);
    free(t->levels);
    free(t->advisories);
    *t = (struct tcb_info){0};
}

enum err_code tcb_info_parse(struct bytes text, struct tcb_info *ret, struct err *e)
{
    struct tcb_info t AUTO_CALL(tcb_info_done) = {0};
    struct pool pool = {0};
    AUTO(json) obj = NULL;
    enum err_code rc;

    TRY(json_parse_foreign(text, TCB_TEXT_MAX, &obj, e));
    rc = read_tcb_info(obj, &pool, &t, e);
    t.advisories = pool.list;
    t.n_advisories = pool.n;
    TRY(rc);
    *ret = t;
    t = (struct tcb_info){0};
    return ERR_OK;
}

static enum err_code read_qe_identity(const json *obj, struct pool *pool, struct qe_identity *q,
                                      struct err *e)
{
    static const char *const members[] = {"id",         "version",        "issueDate",
                                          "nextUpdate", "miscselect",     "miscselectMask",
                                          "attributes", "attributesMask", "mrsigner",
                                          "isvprodid",  "tcbLevels",      "tcbEvaluationDataNumber",
                                          NULL};
    uint64_t prodid;

    TRY(read_tee(obj, "QE", "TD_QE", &q->tee, e));
    TRY(json_only(obj, members, e));
    TRY(expect_number(obj, "version", 2, e));
    TRY(read_dates(obj, &q->issue_date, &q->next_update, &q->evaluation_number, e));
    TRY(json_get_hex(obj, "miscselect", q->miscselect, sizeof q->miscselect, e));
    TRY(json_get_hex(obj, "miscselectMask", q->miscselect_mask, sizeof q->miscselect_mask, e));
    TRY(json_get_hex(obj, "attributes", q->attributes, sizeof q->attributes, e));
    TRY(json_get_hex(obj, "attributesMask", q->attributes_mask, sizeof q->attributes_mask, e));
    TRY(json_get_hex(obj, "mrsigner", q->mrsigner, sizeof q->mrsigner, e));
    TRY(json_get_u64(obj, "isvprodid", UINT16_MAX, &prodid, e));
    q->isvprodid = (uint16_t)prodid;
    return read_isv_levels(obj, false, pool, &q->levels, &q->n_levels, e);
}

void qe_identity_done(struct qe_identity *q)
{
    free(q->levels);
    free(q->advisories);
    *q = (struct qe_identity){0};
}

enum err_code qe_identity_parse(struct bytes text, struct qe_identity *ret, struct err *e)
{
    struct qe_identity q AUTO_CALL(qe_identity_done) = {0};
    struct pool pool = {0};
    AUTO(json) obj = NULL;
    enum err_code rc;

    TRY(json_parse_foreign(text, TCB_TEXT_MAX, &obj, e));
    rc = read_qe_identity(obj, &pool, &q, e);
    q.advisories = pool.list;
    q.n_advisories = pool.n;
    TRY(rc);
    *ret = q;
    q = (struct qe_identity){0};
    return ERR_OK;
}
