/* Measurements as bytes, as JSON, and compared: one table of fields behind all three. */
#include "attest/identity.h"

#include "base/rd.h"

struct field {
    const char *name;
    size_t offset, len;
};

#define FIELD(name, member)                                                                        \
    {                                                                                              \
        name, offsetof(struct measurements, member), sizeof(((struct measurements *)0)->member)    \
    }

/* In wire order; the first three are all that Azure's kind has of them. */
static const struct field tdx_fields[] = {
    FIELD("td_attributes", td_attributes),
    FIELD("xfam", xfam),
    FIELD("mrtd", mrtd),
    FIELD("mrconfigid", mrconfigid),
    FIELD("mrowner", mrowner),
    FIELD("mrownerconfig", mrownerconfig),
    FIELD("rtmr0", rtmr[0]),
    FIELD("rtmr1", rtmr[1]),
    FIELD("rtmr2", rtmr[2]),
    FIELD("rtmr3", rtmr[3]),
};
#define N_TDX    (sizeof tdx_fields / sizeof tdx_fields[0])
#define N_COMMON 3
#define N_PCR    24
#define RTMR3    9

static const char *const pcr_names[N_PCR] = {
    "pcr0",  "pcr1",  "pcr2",  "pcr3",  "pcr4",  "pcr5",  "pcr6",  "pcr7",
    "pcr8",  "pcr9",  "pcr10", "pcr11", "pcr12", "pcr13", "pcr14", "pcr15",
    "pcr16", "pcr17", "pcr18", "pcr19", "pcr20", "pcr21", "pcr22", "pcr23",
};

static const char *const kind_names[] = {[TEE_TDX] = "tdx", [TEE_AZURE_TDX] = "azure-tdx"};

/* Field i of a kind; false past the last. */
static bool field_at(enum tee_kind kind, size_t i, struct field *ret)
{
    if (kind == TEE_TDX || i < N_COMMON) {
        if (i < N_TDX)
            *ret = tdx_fields[i];
        return i < N_TDX;
    }
    i -= N_COMMON;
    if (i >= N_PCR)
        return false;
    *ret = (struct field){pcr_names[i], offsetof(struct measurements, pcr) + 32 * i, 32};
    return true;
}

static struct bytes value_of(const struct measurements *m, const struct field *f)
{
    return (struct bytes){(const uint8_t *)m + f->offset, f->len};
}

/* ---- bytes ---- */

static bool is_packed(enum tee_kind kind, size_t i, uint32_t mask)
{
    return kind == TEE_TDX || i < N_COMMON || (mask & (uint32_t)1 << (i - N_COMMON));
}

enum err_code measurements_pack(const struct measurements *m, uint32_t pcr_mask, struct buf *ret,
                                struct err *e)
{
    struct field f;

    if (m->kind == TEE_AZURE_TDX && (pcr_mask == 0 || pcr_mask >> N_PCR))
        return err_set(e, ERR_INVALID, "PCR mask 0x%08x, expected some of bits 0 to 23", pcr_mask);
    for (size_t i = 0; field_at(m->kind, i, &f); i++) {
        if (m->kind == TEE_AZURE_TDX && i == N_COMMON)
            buf_put_u32be(ret, pcr_mask);
        if (is_packed(m->kind, i, pcr_mask))
            buf_put(ret, value_of(m, &f));
    }
    return buf_check(ret, e);
}

enum err_code measurements_unpack(uint8_t kind, struct bytes packed, struct measurements *ret,
                                  uint32_t *ret_mask, struct err *e)
{
    struct measurements m = {.kind = (enum tee_kind)kind};
    struct rd r = rd_of(packed);
    uint32_t mask = 0;
    struct field f;

    if (kind != TEE_TDX && kind != TEE_AZURE_TDX)
        return err_set(e, ERR_INVALID, "measurements of kind %u, expected 1 (tdx) or 2 (azure-tdx)",
                       kind);
    for (size_t i = 0; field_at(m.kind, i, &f); i++) {
        if (kind == TEE_AZURE_TDX && i == N_COMMON) {
            mask = rd_u32be(&r);
            if (rd_ok(&r) && (mask == 0 || mask >> N_PCR))
                return err_set(e, ERR_INVALID, "PCR mask 0x%08x", mask);
        }
        if (is_packed(m.kind, i, mask))
            rd_copy(&r, (uint8_t *)&m + f.offset, f.len);
    }
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID, "measurements of %zu bytes do not fit their kind", packed.n);
    *ret = m;
    if (ret_mask)
        *ret_mask = mask;
    return ERR_OK;
}

/* ---- JSON ---- */

enum err_code measurements_to_json(const struct measurements *m, json **ret, struct err *e)
{
    AUTO(json) j = NULL;
    struct field f;

    TRY(json_new_object(&j, e));
    TRY(json_put_str(j, "type", kind_names[m->kind], e));
    for (size_t i = 0; field_at(m->kind, i, &f); i++)
        TRY(json_put_hex(j, f.name, value_of(m, &f), e));
    *ret = TAKE(j);
    return ERR_OK;
}

static enum err_code kind_of(const json *obj, enum tee_kind *ret, struct err *e)
{
    const char *type;

    TRY(json_get_str(obj, "type", 32, &type, e));
    if (strcmp(type, kind_names[TEE_TDX]) == 0)
        *ret = TEE_TDX;
    else if (strcmp(type, kind_names[TEE_AZURE_TDX]) == 0)
        *ret = TEE_AZURE_TDX;
    else
        return err_set(e, ERR_INVALID, "measurements of type \"%s\", expected tdx or azure-tdx",
                       type);
    return ERR_OK;
}

/* What an ordinary TD has, where a file about one does not say. */
static bool has_default(const char *name)
{
    static const char *const names[] = {"td_attributes", "mrconfigid", "mrowner", "mrownerconfig",
                                        "rtmr3"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

enum err_code measurements_from_json(const json *obj, struct measurements *ret, struct err *e)
{
    struct measurements m = {.td_attributes = {[3] = 0x10}}; /* SEPT_VE_DISABLE */
    struct field fields[N_COMMON + N_PCR + 1];
    const char *names[2 + N_COMMON + N_PCR] = {"type"};
    size_t n = 0;

    TRY(kind_of(obj, &m.kind, e));
    while (field_at(m.kind, n, &fields[n])) {
        names[n + 1] = fields[n].name;
        n++;
    }
    TRY(json_only(obj, names, e));
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &fields[i];

        if (m.kind == TEE_TDX && has_default(f->name) && !json_has(obj, f->name))
            continue;
        TRY(json_get_hex(obj, f->name, (uint8_t *)&m + f->offset, f->len, e));
    }
    *ret = m;
    return ERR_OK;
}

/* ---- comparing ---- */

static bool counts(enum tee_kind kind, size_t i, const struct identity_rules *rules)
{
    if (!rules)
        return true;
    if (kind == TEE_TDX)
        return i != RTMR3 || rules->rtmr3;
    return is_packed(kind, i, rules->pcr_mask);
}

size_t measurements_diff(const struct measurements *found, const struct measurements *expected,
                         const struct identity_rules *rules,
                         struct measurement_difference ret[static MEASUREMENT_FIELDS_MAX])
{
    struct field f;
    size_t n = 0;

    if (found->kind != expected->kind) {
        ret[0] = (struct measurement_difference){.field = "type"};
        return 1;
    }
    for (size_t i = 0; field_at(found->kind, i, &f); i++) {
        struct bytes a = value_of(found, &f), b = value_of(expected, &f);

        if (counts(found->kind, i, rules) && !bytes_eq(a, b))
            ret[n++] = (struct measurement_difference){f.name, a, b};
    }
    return n;
}
